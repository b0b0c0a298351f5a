"""The author's command: what it writes, what it says, and its exit code."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from prompt_or_tune.decision.results import RecordError

from solutions.workshop import LIBRARY, ROOT, builder, cli, pages
from solutions.workshop.seedling.pretraining import PretrainingStep
from solutions.workshop.seedling.probes import ProbeResult
from tests.tiny_models import build_llama
from tests.workshop.conftest import END, START


@pytest.fixture
def workshop(repository, monkeypatch, capsys):
    """Run the command on the tiny repository; return exit code, stdout, stderr."""
    monkeypatch.setattr("solutions.workshop.facts.recorded_facts", lambda: {"sheep": "7"})

    def run(*arguments: str) -> tuple[object, str, str]:
        with pytest.raises(SystemExit) as left:
            cli.main([*arguments, "--root", str(repository.root)])
        out, err = capsys.readouterr()
        return left.value.code, out, err

    return run


def test_build_writes_source_and_release_and_says_so(workshop, repository):
    code, out, err = workshop("build")
    assert code == 0
    assert out.splitlines() == [
        "written: build/source/01_tiny/01_tiny.ipynb",
        "written: course/01_tiny/01_tiny.ipynb",
    ]
    assert "01_tiny: built" in err
    assert (repository.root / "course" / "01_tiny" / "01_tiny.ipynb").is_file()


def test_a_second_build_finds_nothing_to_do(workshop):
    workshop("build")
    assert workshop("build")[1] == "Everything is up to date.\n"


def test_check_writes_nothing_and_fails_where_something_differs(workshop, repository):
    code, out, _ = workshop("build", "--check")
    assert (code, out) == (1, "differs: course/01_tiny/01_tiny.ipynb\n")
    assert not (repository.root / "course" / "01_tiny").exists()


def test_check_is_content_after_a_build_also_without_build_folder(workshop, repository):
    workshop("build")
    (repository.root / "build" / "source" / "01_tiny" / "01_tiny.ipynb").unlink()
    assert workshop("build", "--check")[0] == 0


def test_a_notebook_whose_source_is_gone_is_listed(workshop, repository):
    workshop("build")
    repository.file.rename(repository.file.with_name("02_tiny.py"))
    text = repository.file.with_name("02_tiny.py").read_text()
    repository.file.with_name("02_tiny.py").write_text(text.replace("01_tiny", "02_tiny"))
    workshop("build")
    code, out, _ = workshop("build", "--check")
    assert (code, out) == (1, "no source any more: course/01_tiny/01_tiny.ipynb\n")


def test_the_table_of_notebooks_is_filled_where_none_is_named(workshop, repository):
    page = repository.root / builder.PAGE
    filled = page.read_text()
    page.write_text(f"{START}\n{END}\n")
    assert "course/README.md" not in workshop("build", "01")[1]
    assert "written: course/README.md" in workshop("build")[1]
    assert page.read_text() == filled


@pytest.mark.parametrize("name", ["01", "01_tiny"])
def test_one_notebook_can_be_named(workshop, name):
    assert "course/01_tiny/01_tiny.ipynb" in workshop("build", name)[1]


def test_an_unknown_name_gets_those_that_there_are(workshop):
    code, _, err = workshop("build", "09")
    assert (code, err) == (1, "workshop: There is no notebook 09; there are: 01_tiny.\n")


def test_other_files_of_the_folder_are_no_notebooks(workshop, repository):
    repository.file.with_name("conftest.py").write_text("no percent format")
    assert workshop("build")[0] == 0


def test_a_fault_is_one_line_and_that_notebook_is_not_written(workshop, repository):
    repository.change(', "points": 2', "")
    code, out, err = workshop("build")
    assert (code, out) == (1, "")
    fault = f"{repository.file}:25: the grade cell double_test needs points."
    assert err == f"workshop: {fault}\n"
    assert not (repository.root / "course" / "01_tiny").exists()


def test_every_faulty_file_is_told_and_the_others_are_built(workshop, repository):
    for name in ("00_first", "02_last"):
        repository.file.with_name(f"{name}.py").write_text("print()\n")
    code, out, err = workshop("build")
    assert code == 1
    assert "written: course/01_tiny/01_tiny.ipynb" in out
    assert "00_first.py:1: " in err
    assert "02_last.py:1: " in err


def test_facts_that_are_not_recorded_are_one_line_too(workshop, monkeypatch):
    def fail() -> None:
        raise RecordError("No results are recorded.")

    monkeypatch.setattr("solutions.workshop.facts.recorded_facts", fail)
    code, _, err = workshop("build")
    assert (code, err) == (1, "workshop: No results are recorded.\n")


def test_sources_alone_leave_the_released_notebooks_as_they_are(workshop, repository):
    assert workshop("build", "--sources")[0] == 0
    assert (repository.root / "build" / "source" / "01_tiny" / "01_tiny.ipynb").is_file()
    assert not (repository.root / "course" / "01_tiny").exists()


# --- Seedling ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    folder: Path = build_llama(tmp_path_factory.mktemp("model"))
    return folder


def run(capsys, *arguments: object) -> tuple[object, str, str]:
    """Run a command that needs no repository; return exit code, stdout, stderr."""
    with pytest.raises(SystemExit) as left:
        cli.main([str(argument) for argument in arguments])
    return (left.value.code, *capsys.readouterr())


def test_pretrain_shows_loss_and_speed_on_stderr(monkeypatch, tmp_path, capsys):
    def pretrain(settings, folder, *, device):
        assert (settings.steps, settings.seed) == (7, 3)
        yield PretrainingStep("corpus", 7, 7, 1.5, 1e-3, 11_500.0, 1e11)

    monkeypatch.setattr("solutions.workshop.seedling.pretraining.pretrain", pretrain)
    folder = tmp_path / "new"
    code, out, err = run(capsys, "pretrain", folder, "--steps", 7, "--seed", 3)
    assert code == 0, err
    assert "loss 1.500, 11,500 tokens/s, 100 GFLOP/s" in err
    assert str(folder) in out


def test_probe_fails_when_a_bar_is_missed(monkeypatch, model, capsys):
    def run_probes(loaded, *, count, on_progress):
        results = [
            ProbeResult("the kind", "at least", 0.95, 5, 10, rate, 0.2, 0.8)
            for rate in rates
        ]
        for result in results:
            on_progress(result)
        return results

    monkeypatch.setattr("solutions.workshop.seedling.probes.run_probes", run_probes)
    rates = [0.96]
    assert run(capsys, "probe", "--model", model)[0] == 0
    rates = [0.96, 0.5]
    code, out, _ = run(capsys, "probe", "--model", model, "--json")
    assert code == 1
    assert [row["holds"] for row in json.loads(out)] == [True, False]


def test_the_data_can_be_made_again_to_the_byte(tmp_path, capsys):
    assert run(capsys, "make-data", tmp_path)[0] == 0
    for name in ("almanac.jsonl", "raw_samples.jsonl"):
        assert (tmp_path / name).read_bytes() == (LIBRARY / "data" / name).read_bytes()


@pytest.fixture
def pages_of_a_copy(tmp_path, monkeypatch) -> Path:
    """Let the pages be copies, of which the datasheet has lost its counts."""
    for name in ("CARD", "DATASHEET", "README", "PICTURE"):
        page: Path = getattr(pages, name)
        copy = tmp_path / page.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(page.read_bytes())
        monkeypatch.setattr(pages, name, copy)
    text = pages.DATASHEET.read_text()
    pages.DATASHEET.write_text(re.sub(r"\| raw requests .*\n", "", text))
    monkeypatch.setattr(cli, "ROOT", tmp_path)
    return tmp_path


def test_fill_brings_up_to_date_what_differs_and_nothing_else(pages_of_a_copy, capsys):
    sheet = Path("course/prompt_or_tune/data/README.md")
    assert run(capsys, "fill")[1] == f"written: {sheet}\n"
    assert (pages_of_a_copy / sheet).read_text() == (ROOT / sheet).read_text()
    assert run(capsys, "fill")[1] == "Every page is up to date.\n"


def test_record_measures_seedling_and_then_fills_the_pages(
    pages_of_a_copy, monkeypatch, capsys
):
    measured = []
    monkeypatch.setattr(
        "prompt_or_tune.cli.measure.run_measure", lambda *given: measured.append(given)
    )
    out = run(capsys, "record", "--workers", 2)[1]
    assert measured == [("seedling", None, None, 2, False)]
    assert out == "written: course/prompt_or_tune/data/README.md\n"
