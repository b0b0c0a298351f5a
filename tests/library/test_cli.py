"""The command: what it prints where, with which exit code, and how it fails."""

from __future__ import annotations

import errno
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from prompt_or_tune.cli import main
from prompt_or_tune.cli.output import OutputError, require_writable, write_all
from prompt_or_tune.decision.results import load_results

from tests.tiny_models import build_llama

# A random model answers in letters that no font has.
pytestmark = pytest.mark.filterwarnings("ignore:Glyph")

# Importing torch takes seconds, and these tests are not about the device.
RUN = (
    "from prompt_or_tune import cli, doctor\n"
    "doctor._examine_device = lambda: doctor.Finding('machine', 'device', 'any')\n"
    "cli.main()"
)


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str

    @property
    def error(self) -> str:
        """Return the one line that was said on stderr, behind the command's name."""
        lines = self.err.strip().splitlines()
        said = [line for line in lines if line.startswith("prompt-or-tune: ")]
        assert said == lines[-1:], self.err
        return said[0].removeprefix("prompt-or-tune: ")


def run(*arguments: object) -> Outcome:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as left:
        main([str(argument) for argument in arguments])
    return Outcome(int(left.value.code or 0), out.getvalue(), err.getvalue())


def run_apart(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own, for what concerns a whole process."""
    command = [sys.executable, "-c", RUN, *arguments]
    options = {"stdout": subprocess.PIPE} | options
    return subprocess.run(command, stderr=subprocess.PIPE, text=True, **options)  # type: ignore[call-overload]


def write_tickets(path: Path, count: int = 72) -> Path:
    """Write support tickets with one of three labels: a domain that is not ours."""
    labels = {"refund": "billing", "password": "login", "parcel": "delivery"}
    rows = [
        {"prompt": f"Ticket {n}: lost {word}, order {n * 37}", "response": label}
        for n in range(count // 3)
        for word, label in labels.items()
    ]
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return path


def read_rows(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    # As much context as Seedling's, so that prompts with examples fit.
    folder = tmp_path_factory.mktemp("model")
    built: Path = build_llama(folder, max_position_embeddings=512)
    return built


@pytest.fixture
def tickets(tmp_path) -> Path:
    return write_tickets(tmp_path / "tickets.jsonl")


# What keeps a decision short enough for a test.
QUICK = ("--steps", 4, "--sizes", 12, "--shots", 1, "--learning-rates", 5e-3)


class TestStarting:
    def test_help_needs_neither_torch_nor_matplotlib(self):
        look = (
            "import sys, prompt_or_tune\n"
            "own = [name for name in sys.modules if name.startswith('prompt_or')]\n"
            "from prompt_or_tune.cli import main\n"
            "try:\n    main(['--help'])\nexcept SystemExit as left:\n"
            "    assert left.code == 0\n"
            "heavy = {'torch', 'transformers', 'matplotlib'} & set(sys.modules)\n"
            "assert not heavy, heavy\n"
            "assert set(own) <= {'prompt_or_tune', 'prompt_or_tune.moved'}, own"
        )
        done = subprocess.run(
            [sys.executable, "-c", look], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        assert "decide" in done.stdout

    @pytest.mark.parametrize(
        "command", ["tour", "decide", "measure", "pretrain", "probe", "doctor"]
    )
    def test_every_command_explains_itself(self, command):
        outcome = run(command, "--help")
        assert outcome.code == 0
        assert "Usage: prompt-or-tune" in outcome.out

    def test_an_unknown_command_or_option_is_wrong_usage(self):
        assert run("tuor").code == 2
        assert run("tour", "--pears", 3).code == 2


class TestErrors:
    def test_what_nobody_foresaw_keeps_its_traceback(self, monkeypatch):
        monkeypatch.setattr("prompt_or_tune.doctor.examine", lambda: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            main(["doctor"])

    def test_ctrl_c_ends_in_one_line_and_130(self, monkeypatch):
        def press() -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr("prompt_or_tune.doctor.examine", press)
        outcome = run("doctor")
        assert outcome.code == 130
        assert outcome.error.startswith("stopped")

    @pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
    def test_what_the_machine_refuses_is_one_line(self, monkeypatch, number):
        def refuse() -> None:
            raise OSError(number, os.strerror(number), "some/file")

        monkeypatch.setattr("prompt_or_tune.doctor.examine", refuse)
        outcome = run("doctor")
        assert outcome.code == 1
        assert outcome.error.startswith("some/file can't be written")
        assert os.strerror(number) in outcome.error

    def test_a_disk_that_torch_finds_full_is_one_line(self, monkeypatch):
        def refuse() -> None:
            raise RuntimeError("PytorchStreamWriter failed writing file data/0\nmore")

        monkeypatch.setattr("prompt_or_tune.doctor.examine", refuse)
        assert "the disk is full" in run("doctor").error

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
    def test_a_full_disk_under_stdout_is_one_line(self):
        with open("/dev/full", "w") as full:
            done = run_apart("doctor", "--json", stdout=full)
        assert done.returncode == 1
        assert done.stderr.splitlines() == [
            "prompt-or-tune: can't write: No space left on device; make room, or choose "
            "another folder."
        ]

    def test_a_reader_of_the_output_may_leave_early(self):
        source, sink = os.pipe()
        os.close(source)
        done = run_apart("doctor", "--json", stdout=sink)
        os.close(sink)
        assert done.stderr == ""


class TestOutput:
    def test_files_are_written_together_or_not_at_all(self, tmp_path, monkeypatch):
        folder = tmp_path / "report"
        write_all(folder, {"page.html": "old"})
        synced = iter([None, OSError(errno.ENOSPC, "No space left on device")])

        def sync(handle: int) -> None:
            problem = next(synced)
            if problem is not None:
                raise problem

        monkeypatch.setattr("prompt_or_tune.files.os.fsync", sync)
        with pytest.raises(OutputError, match="No space left on device"):
            write_all(folder, {"figure.png": b"new", "page.html": "new"})
        assert [path.name for path in folder.iterdir()] == ["page.html"]
        assert (folder / "page.html").read_text() == "old"

    def test_a_folder_that_cannot_be_written_is_found_before_the_work(self, tmp_path):
        (tmp_path / "file").write_text("x")
        with pytest.raises(OutputError, match="is a file"):
            require_writable(tmp_path / "file" / "report")
        if Path("/proc/self").exists():
            with pytest.raises(OutputError, match="cannot be written"):
                require_writable(Path("/proc/report"))

    def test_looking_makes_no_folder(self, tmp_path):
        require_writable(tmp_path / "a" / "b")
        assert list(tmp_path.iterdir()) == []


class TestDoctor:
    def test_json_is_all_that_is_on_stdout(self):
        outcome = run("doctor", "--json")
        found = json.loads(outcome.out)
        assert found["versions"]["torch"]
        assert outcome.code == (1 if found["problems"] else 0)

    def test_a_problem_is_told_with_its_remedy(self, monkeypatch):
        monkeypatch.setattr("prompt_or_tune.doctor.SHIPPED", (("the map", "map.json"),))
        outcome = run("doctor")
        assert outcome.code == 1
        assert "1 thing needs mending" in outcome.out
        assert "→ reinstall the package" in outcome.out


class TestDecideRefusing:
    @pytest.mark.parametrize(
        ("options", "sentence"),
        [
            ((), r"which model\? .* Seedling, the course's own, knows an almanac"),
            (("--rule", "fuzzy"), 'no rule "fuzzy"'),
            (("--rule", "numeric"), "line 1: .* holds no number"),
            (("--template", "Label it"), "has no {prompt}"),
            (("--shots", "two"), '--shots is "two"'),
            (("--sizes", "0"), "every number must be above 0"),
            (("--input-price", "-1"), "--input-price is -1"),
            (("--answers", "api"), '--answers is "api"; write NAME=VALUE'),
            (("--answers", "api=a.jsonl"), "Give --price api=AMOUNT"),
            (("--price", "api=1"), 'names "api", for which there are no --answers'),
            (("--answers", "a=b", "--price", "a=much"), "--price a is"),
        ],
    )
    def test_options_that_make_no_sense_are_one_line(self, tickets, options, sentence):
        outcome = run("decide", tickets, *options)
        assert outcome.code == 1
        assert re.search(sentence, outcome.error)
        assert outcome.out == ""

    @pytest.mark.parametrize(
        "content", [b"", b"no json", b'{"prompt": "a"}', b"\xff\xfe"]
    )
    def test_bad_files_are_one_line_and_leave_nothing(self, tmp_path, content):
        file, output = tmp_path / "bad.jsonl", tmp_path / "report"
        file.write_bytes(content)
        outcome = run("decide", file, "--model", "m", "--output", output)
        assert outcome.code == 1
        assert str(file) in outcome.error
        assert not output.exists()

    def test_a_missing_file_too_few_pairs_and_a_missing_model(self, tmp_path):
        assert "does not exist" in run("decide", tmp_path / "no.jsonl").error
        few = write_tickets(tmp_path / "few.jsonl", 30)
        assert "holds 30 different pairs" in run("decide", few, "--model", "m").error
        many = write_tickets(tmp_path / "many.jsonl")
        error = run("decide", many, "--model", tmp_path / "nowhere").error
        assert "There is no folder" in error

    def test_answers_that_lack_test_prompts_are_refused(self, tickets, tmp_path):
        (tmp_path / "api.jsonl").write_text('{"prompt": "x", "response": "y"}')
        options = ("--answers", f"api={tmp_path / 'api.jsonl'}", "--price", "api=0.01")
        error = run("decide", tickets, "--model", "m", *options).error
        assert "lacks answers to 18 of the 18 test prompts" in error
        assert "--save-split" in error

    def test_a_folder_that_cannot_be_written_is_refused_first(self, tickets):
        outcome = run("decide", tickets, "--model", "m", "--output", tickets / "report")
        assert "is a file" in outcome.error

    def test_a_prompt_too_long_for_the_model_is_named(self, tickets, model):
        rows = read_rows(tickets)
        rows[4]["prompt"] += " and more" * 100
        tickets.write_text("\n".join(map(json.dumps, rows)))
        error = run("decide", tickets, "--model", model).error
        assert "line 5: the prompt takes" in error


def test_the_split_can_be_saved_and_used_again(tickets, tmp_path):
    saved = tmp_path / "split.jsonl"
    outcome = run("decide", tickets, "--save-split", saved, "--seed", 3)
    assert outcome.code == 0
    assert outcome.out == ""
    rows = read_rows(saved)
    assert [row["prompt"] for row in rows] == [
        row["prompt"] for row in read_rows(tickets)
    ]
    counts = {
        name: [row["split"] for row in rows].count(name) for name in ("train", "test")
    }
    assert counts == {"train": 43, "test": 18}
    assert "which model?" in run("decide", saved).error


# Support tickets, a local model folder, and an API that knows every answer.


@pytest.fixture(scope="module")
def deciding(tmp_path_factory, model) -> tuple[object, ...]:
    folder = tmp_path_factory.mktemp("decide")
    tickets = write_tickets(folder / "tickets.jsonl")
    (folder / "api.jsonl").write_text(tickets.read_text())
    api = ("--answers", f"api={folder / 'api.jsonl'}", "--price", "api=0.002")
    template = ("--template", "Label this: {prompt}")
    output = ("--output", folder / "report")
    return ("decide", tickets, "--model", model, *QUICK, *api, *template, *output)


@pytest.fixture(scope="module")
def decided(deciding) -> Outcome:
    return run(*deciding, "--json")


@pytest.mark.slow
class TestDecide:
    @pytest.fixture
    def found(self, decided) -> Any:
        assert decided.code == 0, decided.err
        return json.loads(decided.out)

    def test_every_arm_and_rival_is_measured_on_the_same_rows(self, found):
        assert [arm["arm"] for arm in found["arms"]] == [
            *("bare prompt", "template", "few-shot", "template + few-shot"),
            *("retrieved few-shot", "LoRA", "LoRA + template", "api"),
            *("look-up table", "nearest pair", "majority"),
        ]
        assert {arm["of"] for arm in found["arms"]} == {18}
        assert found["splits"] == {"train": 43, "development": 11, "test": 18}

    def test_the_arm_that_is_right_wins_and_its_price_counts(self, found):
        assert found["decision"] == "api"
        api = next(arm for arm in found["arms"] if arm["arm"] == "api")
        assert api["rate"] == 1.0
        assert api["low"] == pytest.approx(0.824, abs=0.001)
        assert api["cost_in_all"] == pytest.approx(10_000 * 0.002)
        bare = next(arm for arm in found["arms"] if arm["arm"] == "bare prompt")
        assert bare["p_value"] < 0.05
        assert not bare["as_good_as_the_best"]

    def test_what_speaks_against_the_decision_is_said(self, found):
        cautions = " ".join(found["cautions"])
        assert "The test has 18 rows" in cautions
        assert "nearest pair does about as well" in cautions

    def test_the_curve_holds_the_sizes_asked_for_and_all(self, found):
        assert [point["pairs"] for point in found["curve"]] == [12, 43]

    def test_the_page_stands_alone_and_holds_the_evidence(self, found, deciding):
        folder = deciding[-1]
        page = (folder / "decision.html").read_text(encoding="utf-8")
        assert "<h1>Use api</h1>" in page
        assert "Label this: {prompt}" in page
        # A picture's letters may spell anything.
        text = re.sub(r"base64,[^\"]*", "", page)
        assert "http" not in text.replace("http://www.w3.org", "")
        written = {Path(path).name for path in found["files"]}
        assert written == {path.name for path in folder.iterdir()}
        assert {"arms.png", "learning-curve.png", "decision-map.png"} <= written

    def test_progress_is_on_stderr(self, decided):
        assert "… retrieved few-shot" in decided.err

    def test_for_people_it_prints_table_decision_and_flips(self, deciding, monkeypatch):
        monkeypatch.setenv("COLUMNS", "60")
        monkeypatch.setenv("NO_COLOR", "1")
        outcome = run(*deciding)
        assert outcome.code == 0, outcome.err
        assert "Use: api" in outcome.out
        assert "Where it would flip" in outcome.out
        assert "Before you believe it" in outcome.out
        assert max(map(len, outcome.out.splitlines())) <= 60
        assert "\x1b" not in outcome.out


@pytest.mark.slow
def test_a_stopped_decision_goes_on_where_it_was(tickets, model, tmp_path, monkeypatch):
    from prompt_or_tune.decision import measurer

    measured, measure_arm = [], measurer.measure_arm

    def stop_at_lora(loaded, data, arm, settings):
        if arm.trains:
            raise KeyboardInterrupt
        return measure_arm(loaded, data, arm, settings)

    def watch(loaded, data, arm, settings):
        measured.append(arm.name)
        return measure_arm(loaded, data, arm, settings)

    command = ("decide", tickets, "--model", model, *QUICK, "--output", tmp_path / "page")
    monkeypatch.setattr(measurer, "measure_arm", stop_at_lora)
    assert run(*command).code == 130
    assert (tmp_path / "page" / "decision.html.partial").exists()
    monkeypatch.setattr(measurer, "measure_arm", watch)
    assert run(*command).code == 0
    assert measured[0] == "LoRA"
    assert not (tmp_path / "page" / "decision.html.partial").exists()


@pytest.fixture(scope="module")
def touring(tmp_path_factory, model) -> Iterator[tuple[object, ...]]:
    sizes = ("--pairs", 20, "--epochs", 2, "--test-size", 4)
    output = tmp_path_factory.mktemp("tour") / "page"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("prompt_or_tune.tour.pipeline.FACT_STEPS", 3)
        yield ("tour", *sizes, "--model", model, "--output", output)


@pytest.fixture(scope="module")
def toured(touring) -> Outcome:
    return run(*touring, "--json")


@pytest.mark.slow
class TestTour:
    """A short tour with a local model folder."""

    @pytest.fixture
    def found(self, toured) -> Any:
        assert toured.code == 0, toured.err
        return json.loads(toured.out)

    def test_the_counts_are_those_of_the_data(self, found):
        stages = found["stages"]
        assert stages["raw_samples"] - sum(stages["dropped"].values()) == 1000
        assert stages["samples"] == stages["improved_prompts"] == 20
        assert stages["training_pairs"] == 20
        assert stages["leaks"] == 0

    def test_the_trace_stands_beside_the_reference(self, found):
        assert [record["epoch"] for record in found["trace"]] == [1, 2]
        assert found["trace"][0]["accuracy"] is not None
        reference = [(r["loss"], r["accuracy"]) for r in found["reference_trace"]]
        assert reference[0] == (0.45, 0.60)
        assert reference[-1] == (0.17, 0.89)

    def test_predictions_have_two_layers(self, found):
        for trace in found["predictions"]:
            assert len(trace["tokens"]) == len(trace["token_ids"])
            assert len(trace["base"]["top_tokens"]) == 5
            assert len(trace["tuned"]["top_tokens"]) == 5

    def test_three_tasks_are_measured_now(self, found):
        assert {arm["task"] for arm in found["measured_now"]} == {
            "brief",
            "voice",
            "fact",
        }
        assert {arm["of"] for arm in found["measured_now"]} == {4}

    def test_the_page_and_figures_are_written(self, found, touring):
        names = {path.name for path in touring[-1].iterdir()}
        assert {Path(path).name for path in found["files"]} == names
        assert {"tour.html", "training-trace.png", "prediction-1.png"} <= names

    def test_how_long_each_part_takes_is_said_beforehand(self, toured):
        assert toured.err.startswith("The tour takes about ")
        assert "stage 4 (fine-tuning" in toured.err

    def test_for_people_it_prints_every_stage(self, touring, monkeypatch):
        monkeypatch.setenv("COLUMNS", "60")
        outcome = run(*touring)
        assert outcome.code == 0, outcome.err
        for heading in (
            "1 Input data",
            "2 Prompt engineering",
            "3 Fine-tuning preparation",
            "4 Model fine-tuning",
            "5 Model prediction",
            "The decision: the house voice",
            "What to do next",
        ):
            assert heading in outcome.out
        assert max(map(len, outcome.out.splitlines())) <= 60


class TestTourRefusing:
    @pytest.mark.parametrize(
        ("options", "sentence"),
        [
            (("--pairs", 1001), "The pairs must be 1 to 1000, not 1001"),
            (("--epochs", 0), "The epochs must be 1 to 100, not 0"),
            (("--test-size", 0), "The test size must be 1 to 200, not 0"),
        ],
    )
    def test_sizes_outside_the_data_are_one_line(self, options, sentence):
        outcome = run("tour", *options)
        assert outcome.code == 1
        assert sentence in outcome.error

    def test_ctrl_c_leaves_nothing(self, tmp_path, monkeypatch):
        def press(*_: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr("prompt_or_tune.tour.pipeline.clean", press)
        outcome = run("tour", "--output", tmp_path / "page")
        assert outcome.code == 130
        assert not (tmp_path / "page").exists()


class TestMeasuring:
    def test_measure_passes_its_options_on_and_tells_the_verdicts(
        self, monkeypatch, tmp_path, model
    ):
        seen: dict[str, object] = {}

        def measure(loaded, output, **options):
            seen.update(options, model=loaded.name, output=output)
            return load_results()

        monkeypatch.setattr("prompt_or_tune.cli.measure.measure", measure)
        results, adapter = tmp_path / "results.json", tmp_path / "adapter"
        outcome = run(
            *("measure", "--workers", 2, "--model", model),
            *("--results", results, "--adapter", adapter),
        )
        assert outcome.code == 0, outcome.err
        assert seen["workers"] == 2
        assert (seen["output"], seen["adapter_folder"]) == (results, adapter)
        assert "The house voice: " in outcome.out

    @pytest.mark.parametrize("command", ["pretrain", "probe"])
    def test_a_command_that_moved_says_where_it_is(self, command):
        outcome = run(command, "folder", "--count", 3)
        assert outcome.code == 1
        assert f"`python -m solutions.workshop {command}`" in outcome.error
