"""The list of notebooks, the registry of tasks and the notebooks' text agree."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from prompt_or_tune.checks.registry import (
    GradedTask,
    list_graded_tasks,
    list_graded_tasks_of,
)
from prompt_or_tune.syllabus import NOTEBOOKS, Notebook
from prompt_or_tune.widgets.edition import read_solution, split_cells

ROOT = Path(__file__).parents[2]

each_notebook = pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda n: n.name)
each_task = pytest.mark.parametrize("task", list_graded_tasks(), ids=lambda t: t.id)


def text_of(notebook: Notebook) -> str:
    return (ROOT / "solutions" / f"{notebook.name}.py").read_text(encoding="utf-8")


def test_every_notebook_of_the_list_is_there_and_no_other():
    files = {p.stem for p in (ROOT / "solutions").glob("[0-9][0-9]_*.py")}
    assert files == {notebook.name for notebook in NOTEBOOKS}


@each_notebook
def test_a_notebook_starts_with_its_title_minutes_and_difficulty(notebook):
    head = split_cells(text_of(notebook))[0][1]
    assert head.startswith(f"# # {notebook.heading}\n")
    assert f"**{notebook.minutes} minutes · difficulty {notebook.stars}" in head


@each_notebook
def test_tasks_leave_time_for_the_rest_of_the_notebook(notebook):
    assert (
        sum(task.minutes for task in list_graded_tasks_of(notebook))
        < notebook.minutes + 1
    )


@each_notebook
def test_every_answer_cell_of_a_notebook_has_its_task_and_the_other_way_round(notebook):
    answers = re.findall(r'"solution": true, "grade_id": "(\w+)"', text_of(notebook))
    assert answers == [task.id for task in list_graded_tasks_of(notebook)]


def test_a_task_is_described_as_in_its_heading():
    task = GradedTask("double", "Double it", 1, 3, lambda answer: None, ("a", "b"))
    assert task.describe() == "double it (1 point, 3 minutes)"


def test_no_two_tasks_share_an_id():
    ids = [task.id for task in list_graded_tasks()]
    assert len(set(ids)) == len(ids)


@each_task
def test_hints_are_two_and_neither_is_the_solution(task: GradedTask):
    first, second = task.hints
    assert 20 <= len(first) <= 500
    assert 20 <= len(second) <= 500
    assert first != second
    solution = read_solution(task.id)
    assert solution is not None
    lines = [line.strip() for line in solution.splitlines()]
    statements = [ln for ln in lines if len(ln) > 30 and not ln.startswith(("def", '"'))]
    given_away = [ln for ln in statements if ln in first or ln in second]
    assert len(given_away) <= len(statements) / 2


@each_task
def test_a_solution_at_home_shows_no_marks_of_the_builder(task: GradedTask):
    solution = read_solution(task.id)
    assert solution
    assert "###" not in solution
