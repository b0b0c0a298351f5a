"""The command: what it writes, what it says, and its exit code."""

from __future__ import annotations

import subprocess
import sys

import pytest
from prompt_or_tune.decision.record import RecordError

from autograde import cli


@pytest.fixture
def autograde(repository, monkeypatch, capsys):
    """Run the command on the tiny repository; return exit code, stdout, stderr."""
    monkeypatch.setattr("prompt_or_tune.facts.recorded_facts", lambda: {"sheep": "7"})

    def run(*arguments: str) -> tuple[object, str, str]:
        with pytest.raises(SystemExit) as left:
            cli.main([*arguments, "--root", str(repository.root)])
        out, err = capsys.readouterr()
        return left.value.code, out, err

    return run


def test_build_writes_source_and_release_and_says_so(autograde, repository):
    code, out, err = autograde("build")
    assert code == 0
    assert out.splitlines() == [
        "written: build/source/01_tiny/01_tiny.ipynb",
        "written: course/01_tiny/01_tiny.ipynb",
    ]
    assert "01_tiny: built" in err
    assert (repository.root / "course" / "01_tiny" / "01_tiny.ipynb").is_file()


def test_a_second_build_finds_nothing_to_do(autograde):
    autograde("build")
    assert autograde("build")[1] == "Everything is up to date.\n"


def test_check_writes_nothing_and_fails_where_something_differs(autograde, repository):
    code, out, _ = autograde("build", "--check")
    assert (code, out) == (1, "differs: course/01_tiny/01_tiny.ipynb\n")
    assert not (repository.root / "course").exists()


def test_check_is_content_after_a_build_also_without_build_folder(autograde, repository):
    autograde("build")
    (repository.root / "build" / "source" / "01_tiny" / "01_tiny.ipynb").unlink()
    assert autograde("build", "--check")[0] == 0


def test_a_notebook_whose_source_is_gone_is_listed(autograde, repository):
    autograde("build")
    repository.file.rename(repository.file.with_name("02_tiny.py"))
    text = repository.file.with_name("02_tiny.py").read_text()
    repository.file.with_name("02_tiny.py").write_text(text.replace("01_tiny", "02_tiny"))
    autograde("build")
    code, out, _ = autograde("build", "--check")
    assert (code, out) == (1, "no source any more: course/01_tiny/01_tiny.ipynb\n")


@pytest.mark.parametrize("name", ["01", "01_tiny"])
def test_one_notebook_can_be_named(autograde, name):
    assert "course/01_tiny/01_tiny.ipynb" in autograde("build", name)[1]


def test_an_unknown_name_gets_those_that_there_are(autograde):
    code, _, err = autograde("build", "09")
    assert (code, err) == (1, "autograde: There is no notebook 09; there are: 01_tiny.\n")


def test_other_files_of_the_folder_are_no_notebooks(autograde, repository):
    repository.file.with_name("conftest.py").write_text("no percent format")
    assert autograde("build")[0] == 0


def test_a_fault_is_one_line_and_that_notebook_is_not_written(autograde, repository):
    repository.change(', "points": 2', "")
    code, out, err = autograde("build")
    assert (code, out) == (1, "")
    fault = f"{repository.file}:25: the grade cell double_test needs points."
    assert err == f"autograde: {fault}\n"
    assert not (repository.root / "course").exists()


def test_every_faulty_file_is_told_and_the_others_are_built(autograde, repository):
    for name in ("00_first", "02_last"):
        repository.file.with_name(f"{name}.py").write_text("print()\n")
    code, out, err = autograde("build")
    assert code == 1
    assert "written: course/01_tiny/01_tiny.ipynb" in out
    assert "00_first.py:1: " in err
    assert "02_last.py:1: " in err


def test_facts_that_are_not_recorded_are_one_line_too(autograde, monkeypatch):
    def fail() -> None:
        raise RecordError("No results are recorded.")

    monkeypatch.setattr("prompt_or_tune.facts.recorded_facts", fail)
    code, _, err = autograde("build")
    assert (code, err) == (1, "autograde: No results are recorded.\n")


# ── Without the extra ───────────────────────────────────────────────────────────────────

WITHOUT = """
import sys
for name in ("nbgrader", "jupytext", "papermill", "nbformat", "nbconvert"):
    sys.modules[name] = None  # importing it raises ImportError

import importlib.util
find = importlib.util.find_spec
importlib.util.find_spec = lambda name: None if sys.modules.get(name, 0) is None else find(name)

from autograde.cli import main
main({arguments})
"""  # noqa: E501


def run_without_extra(*arguments: str) -> subprocess.CompletedProcess[str]:
    code = WITHOUT.format(arguments=list(arguments))
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True)


def test_without_the_extra_one_sentence_says_what_to_install():
    done = run_without_extra("build")
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("autograde: this needs nbgrader, jupytext, papermill, which")
    assert "'.[grade]'" in line


def test_without_the_extra_help_still_works():
    done = run_without_extra("--help")
    assert done.returncode == 0
    assert "build" in done.stdout
