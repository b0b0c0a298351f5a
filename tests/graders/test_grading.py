"""The runner of single tasks gives the points that nbgrader gives."""

from __future__ import annotations

import pytest

from tests.graders.grading import TaskCells, grade
from tests.graders.table import Table
from tests.graders.wrong_answers import read_wrong_answers


def make_cells(*, imports: str = "", test: str, visible: str = "") -> TaskCells:
    return TaskCells("double", "00_test", 3, imports, "", "", test, visible)


def test_a_grade_cell_without_an_error_gives_all_points():
    outcome = grade(make_cells(test="assert double(2) == 4"), "double = lambda x: 2 * x")
    assert (outcome.points, outcome.error) == (3, None)


def test_a_grade_cell_that_raises_gives_nothing_and_the_error():
    outcome = grade(make_cells(test="assert double(2) == 4"), "double = lambda x: x")
    assert outcome.points == 0
    assert isinstance(outcome.error, AssertionError)


def test_a_number_in_the_last_line_is_the_points():
    assert grade(make_cells(test="1.5"), "").points == 1.5
    assert grade(make_cells(test="0"), "").points == 0
    assert grade(make_cells(test="1.5;"), "").points == 3
    assert grade(make_cells(test="print(1)"), "").points == 3


def test_more_points_than_there_are_is_an_error():
    with pytest.raises(ValueError, match="greater than maximum"):
        grade(make_cells(test="4"), "")


def test_a_word_on_stderr_costs_all_points_as_in_nbgrader():
    test = "import sys; print('warning', file=sys.stderr)"
    assert grade(make_cells(test=test), "").points == 0


def test_so_does_a_warning(monkeypatch):
    outcome = grade(make_cells(test="import warnings; warnings.warn('old')"), "")
    assert outcome.points == 0
    assert "old" in outcome.explain()


def test_a_grade_cell_gets_the_names_of_the_answer_and_no_others():
    cells = make_cells(imports="import math", test="double(math.pi)")
    outcome = grade(cells, "def double(x):\n    return 2 * x * math.cos(0)")
    assert isinstance(outcome.error, NameError)
    assert "math" in str(outcome.error)


def test_an_answer_may_lean_on_the_imports():
    cells = make_cells(imports="import math", test="assert double(2) == 4")
    assert grade(cells, "def double(x):\n    return 2 * x * math.cos(0)").points == 3


def test_an_answer_cell_that_raises_leaves_the_grade_cell_to_say_so():
    outcome = grade(make_cells(test="double(2)"), "1 / 0")
    assert isinstance(outcome.error, NameError)


def test_the_visible_part_alone_can_be_run():
    cells = make_cells(test="assert double(2) == 4", visible="double(2)")
    assert grade(cells, "double = abs", hidden=False).error is None
    assert grade(cells, "double = abs").error is not None


def test_grading_is_marked_as_grading_and_the_mark_is_taken_back(monkeypatch):
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)
    test = "import os; assert os.environ['NBGRADER_EXECUTION'] == 'autograde'"
    assert grade(make_cells(test=test), "").error is None
    assert grade(make_cells(test="assert 'NBGRADER_EXECUTION' not in {}"), "").points == 3


def test_the_table_has_a_row_per_wrong_answer_and_says_the_task_once():
    table = Table()
    table.set_points("double", "points", 3)
    table.set_points("double", "solution", 3)
    table.set_caught("double", "adds_two", "visible check")
    table.set_caught("double", "returns_zero", "hidden tests")
    header, first, second = table.format()
    assert header.split()[:3] == ["task", "points", "solution"]
    assert first.split() == ["double", "3", "3", "adds_two", "visible", "check"]
    assert second.split() == ["returns_zero", "hidden", "tests"]


def test_a_file_of_wrong_answers_is_read_cell_by_cell(tmp_path, monkeypatch):
    monkeypatch.setattr("tests.graders.wrong_answers.FOLDER", tmp_path)
    (tmp_path / "double.py").write_text(
        "# %% adds_two\n# Adds two instead.\ndouble = 1\n"
        "# %% knows_the_cases hidden_only=true\n# Knows the visible cases.\ndouble = 2\n"
    )
    first, second = read_wrong_answers("double")
    assert (first.name, first.mistake, first.hidden_only) == (
        "adds_two",
        "Adds two instead.",
        False,
    )
    assert second.hidden_only
    assert "double = 2" in second.source


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("# %% Adds two\n# Adds two.\n", "line 1: wanted `# %% a_lower_case_name`"),
        ("# %% adds_two\ndouble = 1\n", "a sentence that says the mistake"),
        ("# %% a\n# One.\n# %% a\n# Two.\n", "line 3: a stands here twice"),
    ],
)
def test_a_file_that_is_not_as_agreed_is_refused_with_the_line(
    tmp_path, monkeypatch, text, fault
):
    monkeypatch.setattr("tests.graders.wrong_answers.FOLDER", tmp_path)
    (tmp_path / "double.py").write_text(text)
    with pytest.raises(ValueError, match=r"double\.py") as caught:
        read_wrong_answers("double")
    assert fault in str(caught.value)
