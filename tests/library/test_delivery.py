"""A learner's own copy of the course: added to, updated, and never overwritten."""

from __future__ import annotations

from pathlib import Path

import pytest
from prompt_or_tune.delivery import Delivery, deliver, main


@pytest.fixture
def course(tmp_path):
    course = tmp_path / "checkout" / "course"
    write(course / "01_a" / "01_a.ipynb", "first")
    release(course, "0.1.0")
    return course


@pytest.fixture
def work(tmp_path):
    return tmp_path / "my work"


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def release(course: Path, version: str) -> None:
    write(course.parent / "pyproject.toml", f'[project]\nversion = "{version}"\n')


def files_in(work: Path) -> dict[str, str]:
    visible = [p for p in work.rglob("*.*") if p.is_file() and p.name[0] != "."]
    return {p.relative_to(work).as_posix(): p.read_text() for p in visible}


NOTEBOOK = "01_a/01_a.ipynb"


def test_the_first_delivery_copies_all_but_the_library_and_what_is_hidden(course, work):
    write(course / "prompt_or_tune" / "cli.py", "")
    write(course / ".ipynb_checkpoints" / "x.ipynb", "")
    write(course / "README.md", "read me")
    done = deliver(course, work)
    assert done == Delivery(added=(Path(NOTEBOOK), Path("README.md")))
    assert files_in(work) == {NOTEBOOK: "first", "README.md": "read me"}


def test_a_second_delivery_of_the_same_does_nothing(course, work):
    deliver(course, work)
    write(work / NOTEBOOK, "mine")
    assert deliver(course, work) == Delivery()
    assert files_in(work) == {NOTEBOOK: "mine"}


def test_what_the_learner_left_alone_is_updated_in_its_place(course, work):
    deliver(course, work)
    write(course / NOTEBOOK, "second")
    assert deliver(course, work) == Delivery(updated=(Path(NOTEBOOK),))
    assert files_in(work) == {NOTEBOOK: "second"}


def test_what_the_learner_changed_gets_the_update_beside_it_once(course, work):
    deliver(course, work)
    write(work / NOTEBOOK, "mine")
    write(course / NOTEBOOK, "second")
    release(course, "0.2.0")
    beside = "01_a/01_a (0.2.0).ipynb"
    assert deliver(course, work) == Delivery(beside=(Path(beside),))
    assert files_in(work) == {NOTEBOOK: "mine", beside: "second"}
    write(work / beside, "mine too")
    assert deliver(course, work) == Delivery()
    assert files_in(work) == {NOTEBOOK: "mine", beside: "mine too"}


def test_a_second_update_of_one_version_takes_a_name_of_its_own(course, work):
    deliver(course, work)
    write(work / NOTEBOOK, "mine")
    write(course / NOTEBOOK, "second")
    deliver(course, work)
    write(course / NOTEBOOK, "third")
    deliver(course, work)
    assert files_in(work) == {
        NOTEBOOK: "mine",
        "01_a/01_a (0.1.0).ipynb": "second",
        "01_a/01_a (0.1.0, 2).ipynb": "third",
    }


@pytest.mark.parametrize("record", [None, "", "[", '["a"]', '{"01_a/01_a.ipynb": 1}'])
def test_without_a_record_that_can_be_read_a_file_counts_as_the_learners(
    course, work, record
):
    write(work / NOTEBOOK, "mine")
    if record is not None:
        write(work / ".delivered.json", record)
    deliver(course, work)
    assert files_in(work) == {NOTEBOOK: "mine", "01_a/01_a (0.1.0).ipynb": "first"}
    assert deliver(course, work) == Delivery()


def test_a_file_that_the_learner_threw_away_comes_back(course, work):
    deliver(course, work)
    (work / NOTEBOOK).unlink()
    assert deliver(course, work).added == (Path(NOTEBOOK),)


def test_the_learners_own_files_stay(course, work):
    write(work / "01_a" / "notes.md", "mine")
    deliver(course, work)
    assert files_in(work)["01_a/notes.md"] == "mine"


def test_the_command_names_what_lies_beside(course, work, capsys):
    deliver(course, work)
    write(work / NOTEBOOK, "mine")
    write(course / NOTEBOOK, "second")
    assert main([str(course), str(work)]) == 0
    assert "01_a (0.1.0).ipynb" in capsys.readouterr().out


def test_the_command_says_why_a_folder_cannot_be_written(course, tmp_path, capsys):
    write(tmp_path / "file", "")
    assert main([str(course), str(tmp_path / "file")]) == 1
    assert "file" in capsys.readouterr().err
