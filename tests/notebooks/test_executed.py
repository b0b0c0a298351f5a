"""Every notebook at full size with Seedling: with solutions, and as it is released."""

from __future__ import annotations

from pathlib import Path

import pytest
from nbgrader.utils import determine_grade, is_grade

from solutions.workshop.percent import find_files

pytestmark = [pytest.mark.slow, pytest.mark.alone]  # it counts the minutes

ROOT = Path(__file__).parents[2]
NAMES = [file.stem for file in find_files(ROOT / "solutions")]
MOST_SECONDS = 6 * 60

every_notebook = pytest.mark.parametrize("name", NAMES)


@pytest.fixture(scope="module")
def solved(built, execute):
    return execute(built / "build" / "source")


@pytest.fixture(scope="module")
def untouched(built, execute):
    return execute(built / "course", to_the_end=True)


def code_of(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def errors_in(cell):
    return [out for out in cell.outputs if out.output_type == "error"]


# --- With solutions ---------------------------------------------------------------------


@every_notebook
def test_every_cell_of_a_solution_notebook_runs(solved, name):
    assert solved.executions[name].fault == ""
    assert all(cell.execution_count for cell in code_of(solved.read(name)))


@every_notebook
def test_its_grade_cells_give_all_points(solved, name):
    grades = {
        cell.metadata.nbgrader.grade_id: determine_grade(cell)
        for cell in code_of(solved.read(name))
        if is_grade(cell)
    }
    assert {task: got for task, (got, most) in grades.items() if got != most} == {}


@every_notebook
def test_no_cell_prints_warnings_or_progress_bars(solved, name):
    noise = [
        (cell.id, out.text[:300])
        for cell in code_of(solved.read(name))
        for out in cell.outputs
        if out.output_type == "stream" and out.name == "stderr"
    ]
    assert noise == []


@every_notebook
def test_every_figure_has_words_for_those_who_cannot_see_it(solved, name):
    bare = [
        cell.id
        for cell in code_of(solved.read(name))
        for out in cell.outputs
        if "image/png" in out.get("data", {})
        and "alt=" not in out.data.get("text/html", "")
    ]
    assert bare == []


def test_all_solution_notebooks_together_take_six_minutes_at_most(solved):
    assert solved.seconds <= MOST_SECONDS


# --- As released ------------------------------------------------------------------------


@every_notebook
def test_a_released_notebook_fails_nowhere_but_at_its_tasks(untouched, name):
    failed = [c for c in code_of(untouched.read(name)) if errors_in(c)]
    assert [cell.id for cell in failed if not is_grade(cell)] == []


@every_notebook
def test_each_task_of_a_released_notebook_says_one_sentence_and_gives_no_points(
    untouched, name
):
    for cell in code_of(untouched.read(name)):
        if not is_grade(cell):
            continue
        (error,) = errors_in(cell)
        assert error.ename == "CheckFailed", cell.id
        assert not any("Traceback" in line for line in error.traceback), cell.id
        assert determine_grade(cell)[0] == 0, cell.id
