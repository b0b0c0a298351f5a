"""Progress is kept per task: never lost, never half-written, and not under graders."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from prompt_or_tune.widgets.progress import (
    find_data_folder,
    read_passed,
    read_progress,
    record_pass,
)
from prompt_or_tune.widgets.progress_card import draw_progress, show_progress

from tests.tiny_course import DOUBLE, HALVE


def test_what_was_passed_is_read_again(progress_folder):
    assert read_passed(["double", "halve"]) == set()
    assert record_pass("double") == ""
    assert read_passed(["double", "halve"]) == {"double"}


def test_progress_lies_in_the_users_data_folder_unless_told_otherwise(monkeypatch):
    monkeypatch.delenv("PROMPT_OR_TUNE_DATA")
    assert find_data_folder().name == "prompt-or-tune"
    monkeypatch.setenv("PROMPT_OR_TUNE_DATA", "~/course-data")
    assert find_data_folder() == Path.home() / "course-data"


@pytest.mark.parametrize(
    ("variable", "value"),
    [("NBGRADER_EXECUTION", "autograde"), ("NBGRADER_EXECUTION", "validate"),
     ("CI", "true"), ("CI", "1")],
)  # fmt: skip
def test_nothing_is_written_under_graders_and_in_ci(
    progress_folder, monkeypatch, variable, value
):
    monkeypatch.setenv(variable, value)
    assert record_pass("double") == ""
    assert not progress_folder.exists()


def test_ci_set_to_nothing_or_false_is_no_ci(progress_folder, monkeypatch):
    for i, value in enumerate(("", "false", "0")):
        monkeypatch.setenv("CI", value)
        record_pass(f"task_{i}")
    assert len(list(progress_folder.iterdir())) == 3


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b'{"task": "halve"}', b"[]", b"null", b"\xff\xfe", b'{"task": "dou'],
)
def test_a_damaged_file_is_set_aside_and_the_task_can_be_passed_again(
    progress_folder, content
):
    progress_folder.mkdir(parents=True)
    (progress_folder / "double.json").write_bytes(content)
    assert read_passed(["double"]) == set()
    (aside,) = progress_folder.iterdir()
    assert aside.name.startswith("double.json.damaged-")
    assert aside.read_bytes() == content
    record_pass("double")
    assert read_passed(["double"]) == {"double"}


def test_two_damaged_files_within_a_second_are_both_kept(progress_folder):
    progress_folder.mkdir(parents=True)
    for content in ("first", "second"):
        (progress_folder / "double.json").write_text(content)
        read_passed(["double"])
    kept = {file.read_text() for file in progress_folder.iterdir()}
    assert kept == {"first", "second"}


def test_a_damaged_file_costs_no_other_task(progress_folder):
    record_pass("halve")
    (progress_folder / "double.json").write_text("{")
    assert read_passed(["double", "halve"]) == {"halve"}


@pytest.mark.slow
def test_kernels_that_write_at_once_lose_nothing(progress_folder):
    program = (
        "import sys; from prompt_or_tune.widgets.progress import record_pass\n"
        "for i in range(20): record_pass(f'{sys.argv[1]}_{i}')"
    )
    kernels = [
        subprocess.Popen([sys.executable, "-c", program, name]) for name in ("a", "b")
    ]
    assert [kernel.wait(timeout=60) for kernel in kernels] == [0, 0]
    names = [f"{kernel}_{i}" for kernel in ("a", "b") for i in range(20)]
    assert read_passed(names) == set(names)


def test_the_first_pass_stays_as_it_was(progress_folder):
    record_pass("double")
    before = (progress_folder / "double.json").read_bytes()
    record_pass("double")
    assert (progress_folder / "double.json").read_bytes() == before


def test_the_card_has_every_notebook_with_tasks_and_points(make_course, progress_folder):
    make_course(first=(DOUBLE, HALVE), second=())
    record_pass("halve")
    card = draw_progress(read_progress())
    assert repr(card).startswith("Your progress: 3 of 5 points")
    assert "0 · first: 1 of 2 tasks, 3 of 5 points" in repr(card)
    assert "1 · second: no tasks" in repr(card)
    assert "1 of 2 tasks, 3 of 5 points" in card._repr_html_()


def test_a_notebook_whose_tasks_cannot_be_read_hides_no_other(
    make_course, progress_folder
):
    make_course(broken=None, second=(HALVE,))
    text = repr(draw_progress(read_progress()))
    assert "0 · broken: its tasks can't be read" in text
    assert "1 · second: 0 of 1 tasks" in text


def test_progress_is_shown_as_text_where_there_is_no_notebook(
    make_course, progress_folder, capsys
):
    make_course(first=(DOUBLE,))
    show_progress()
    assert "Your progress: 0 of 2 points" in capsys.readouterr().out
