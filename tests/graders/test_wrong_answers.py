"""Every grader is proven: by the solution, the stub, the blank, and named wrong answers.

One task alone: `pytest tests/graders -k clean_samples`.
"""

from __future__ import annotations

from importlib import import_module

import pytest
from prompt_or_tune.checks import CheckFailed
from prompt_or_tune.checks.registry import list_graded_tasks

from tests.graders.conftest import Notes
from tests.graders.grading import Outcome, find_cells, grade, list_graded
from tests.graders.wrong_answers import (
    WrongAnswer,
    list_tasks_with_wrong_answers,
    read_wrong_answers,
)

TASKS = list(dict.fromkeys([*list_graded(), *list_tasks_with_wrong_answers()]))
# An error of this kind says that the answer can't run, not that it is wrong.
SLIPS = ("raised NameError", "raised ImportError", "raised ModuleNotFoundError")


def least_wrong_answers(task: str) -> int:
    return 3 if task.startswith("question_") else 4


def list_wrong_answers() -> list[tuple[str, WrongAnswer]]:
    found = []
    for task in list_tasks_with_wrong_answers():
        try:
            found += [(task, answer) for answer in read_wrong_answers(task)]
        except ValueError:
            continue  # the test of the files says what is wrong with it
    return found


def test_tasks_answer_cells_and_files_of_wrong_answers_are_the_same_tasks():
    registered = {task.id for task in list_graded_tasks()}
    assert set(list_graded()) == registered, "answer cells ≠ tasks in checks/"
    assert set(list_tasks_with_wrong_answers()) == registered, "files ≠ tasks in checks/"


@pytest.mark.parametrize("task", TASKS)
def test_the_file_of_wrong_answers_is_as_agreed(task):
    answers = read_wrong_answers(task)
    least = least_wrong_answers(task)
    assert len(answers) >= least, f"{len(answers)} wrong answers, at least {least} wanted"
    assert len({answer.source for answer in answers}) == len(answers), "two are the same"


@pytest.mark.parametrize("task", TASKS)
def test_the_solution_gets_all_points(task, table: Notes):
    cells = find_cells(task)
    outcome = grade(cells, cells.solution)
    table.set_points(task, "points", cells.points)
    table.set_points(task, "solution", outcome.points)
    assert outcome.points == cells.points, outcome.explain()
    visible = grade(cells, cells.solution, hidden=False)
    assert visible.error is None, f"the visible check alone: {visible.explain()}"


@pytest.mark.parametrize("task", TASKS)
def test_the_stub_gets_nothing_and_a_sentence(task, table: Notes):
    cells = find_cells(task)
    outcome = grade(cells, cells.stub)
    table.set_points(task, "stub", outcome.points)
    assert outcome.points == 0, f"{outcome.explain()}, for the stub:\n{cells.stub}"
    assert_says_what_is_wrong(grade(cells, cells.stub, hidden=False))


@pytest.mark.parametrize("task", TASKS)
def test_an_empty_answer_cell_gets_nothing(task, table: Notes):
    outcome = grade(find_cells(task), "")
    table.set_points(task, "blank", outcome.points)
    assert outcome.points == 0, outcome.explain()


@pytest.mark.parametrize(
    ("task", "answer"),
    list_wrong_answers(),
    ids=[f"{task}-{answer.name}" for task, answer in list_wrong_answers()],
)
def test_a_wrong_answer_loses_points(task, answer: WrongAnswer, table: Notes):
    cells = find_cells(task)
    visible = grade(cells, answer.source, hidden=False)
    # What the visible part raises, the whole cell raises.
    outcome = visible if visible.error else grade(cells, answer.source)
    table.set_caught(task, answer.name, describe(visible, outcome, cells.points))
    assert outcome.points < cells.points, (
        f"it gets full points: {answer.mistake} Add a hidden case that tells it from "
        "the solution."
    )
    if outcome.error is not None:
        assert_says_what_is_wrong(outcome)
    if answer.hidden_only:
        assert visible.error is None, (
            "it is marked hidden_only, and the visible check catches it: "
            + visible.explain()
        )
    else:
        assert visible.error is not None, (
            f"the visible check lets it pass: {answer.mistake} Add a visible case, or "
            "mark it hidden_only=true where only a hidden test can see it."
        )
        assert_says_what_is_wrong(visible)


PACKAGE = "prompt_or_tune"
PARTS = (
    "adapters decision models pairs prediction prompts samples scoring statistics tuning"
)
LIBRARY = [PACKAGE, *(f"{PACKAGE}.{part}" for part in PARTS.split())]


def list_namesakes() -> list[tuple[str, str]]:
    """Return the tasks whose name a function of the library has, each with its module."""
    modules = {name: import_module(name) for name in LIBRARY}
    return [(t, name) for t in TASKS for name, m in modules.items() if hasattr(m, t)]


@pytest.mark.parametrize(("task", "module"), list_namesakes())
def test_the_librarys_function_of_the_same_name_is_no_answer(task, module):
    cells = find_cells(task)
    outcome = grade(cells, f"from {module} import {task}")
    assert outcome.points == 0, "re-exporting the library's function is an answer"


def describe(visible: Outcome, outcome: Outcome, points: float) -> str:
    if visible.error is not None:
        return "visible check"
    if outcome.error is not None:
        return "hidden tests"
    return f"{outcome.points:g} of {points:g}" if outcome.points < points else "NOTHING"


def assert_says_what_is_wrong(outcome: Outcome) -> None:
    """Demand a message for the learner, and not an accident in answer or grade cell."""
    assert isinstance(outcome.error, CheckFailed), (
        "a CheckFailed with a sentence is wanted (use `call`, `expect_equal`, "
        f"`expect_close`), and this is {outcome.explain()}"
    )
    slips = [slip for slip in SLIPS if slip in str(outcome.error)]
    assert not slips, f"the answer can't run as it stands: {outcome.error}"
