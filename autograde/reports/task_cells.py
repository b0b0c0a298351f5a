"""Find the tasks of a notebook: which answers stand before which graded cells."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from nbformat import NotebookNode
from nbgrader.utils import is_grade, is_solution, is_task
from prompt_or_tune.lexicon import capitalise

from autograde.gradebook.grade_sheet import NotebookGrade
from autograde.submission_records import CellResult, Result


@dataclass
class TaskCells:
    """A task: the cells of its answer, and the grade ids that give its points."""

    title: str
    answers: list[NotebookNode] = field(default_factory=list)
    graded: list[str] = field(default_factory=list)
    is_open: bool = False
    """Whether the answer is whatever cells a student wrote below it (nbgrader's task)."""


def list_tasks(notebook: NotebookNode) -> list[TaskCells]:
    """Return the tasks in order; one is called by the heading above it, or its grade id.

    An answer begins a task once the task before it has a graded cell.
    """
    tasks: list[TaskCells] = []
    heading = ""
    for cell in notebook.cells:
        heading = _find_heading(cell) or heading
        if not (is_solution(cell) or is_grade(cell) or is_task(cell)):
            if tasks and tasks[-1].is_open:
                tasks[-1].answers.append(cell)
            continue
        grade_id = str(cell.metadata.nbgrader.grade_id)
        if not tasks or is_task(cell) or (is_solution(cell) and tasks[-1].graded):
            tasks.append(TaskCells(heading or name_task(grade_id), is_open=is_task(cell)))
            heading = ""
        if is_solution(cell):
            tasks[-1].answers.append(cell)
        if is_grade(cell) or is_task(cell):
            tasks[-1].graded.append(grade_id)
    return tasks


def list_cells(result: Result, grade: NotebookGrade) -> tuple[CellResult, ...]:
    """Return the graded cells of a result, with the points that the gradebook has now.

    Points by hand go before points by machine. What a human alone grades (nbgrader's
    tasks) is of no result, and follows at the end.
    """
    now = {cell.name: cell for cell in grade.cells}
    known = [
        replace(cell, points=now[cell.grade_id].points) if cell.grade_id in now else cell
        for cell in result.cells
    ]
    names = {cell.grade_id for cell in known}
    by_hand = [
        CellResult(cell.name, "manual", cell.points, cell.max_points)
        for cell in grade.cells
        if cell.name not in names
    ]
    return (*known, *by_hand)


def name_task(grade_id: str) -> str:
    """Return what people call the task of a grade id: its words, without `_test`."""
    return grade_id.removesuffix("_test").replace("_", " ").replace("-", " ").strip()


def _find_heading(cell: NotebookNode) -> str:
    """Return a cell's last heading, less what it says of points and minutes."""
    if cell.cell_type != "markdown" or cell.metadata.get("nbgrader", {}).get("solution"):
        return ""
    headings = re.findall(r"^#{1,6} +(.+?) *#*$", cell.source, re.MULTILINE)
    if not headings:
        return ""
    said = re.sub(r"^Task: *| *\([^()]*(?:point|minute)[^()]*\)$", "", headings[-1])
    return capitalise(said[:120])
