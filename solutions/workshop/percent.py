"""Read a notebook from percent-format text, and say where what is wrong with it.

The text is the only thing that an author edits. Whatever would become a broken notebook,
a task that can't be graded, or a solution in the learner's hands is refused here, with
the file and the line. jupytext reads the cells; it does not tell their lines, and takes
anything for a cell: lines and checks are ours.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import jupytext
from prompt_or_tune.checks.registry import TaskError, find_graded_task

from solutions.workshop.errors import SourceError

FILE_NAME = re.compile(r"\d\d_[a-z0-9_]+")
SPECIAL_TAGS = ("setup", "parameters", "imports")

_HEADER = re.compile(r"# %%($|\s)")
_FORMAT = {
    "extension": ".py",
    "format_name": "percent",
    # Else a comment such as "# more of them" becomes the shell command `more of them`.
    "comment_magics": False,
}
_OPTIONS = {"tags", "nbgrader", "jupyter"}
_NBGRADER_OPTIONS = {"grade_id", "grade", "solution", "points"}
_ADDED_BY_JUPYTEXT = {"lines_to_next_cell", "lines_to_end_of_cell_marker"}


@dataclass(frozen=True)
class Cell:
    """One cell as its author wrote it.

    `line` is the line of the cell's `# %%` in the file. A graded cell has a `grade_id`;
    `points` is set where tests give points; what the header doesn't say, the task of
    that name in the library's `checks` does.
    """

    kind: Literal["code", "markdown"]
    text: str
    line: int
    tags: tuple[str, ...] = ()
    grade_id: str = ""
    is_solution: bool = False
    points: float | None = None
    jupyter: dict[str, Any] | None = None

    @property
    def is_graded(self) -> bool:
        """Return whether the cell carries points."""
        return self.points is not None

    @property
    def is_demonstration(self) -> bool:
        """Return whether the cell only shows something: graders may skip it."""
        special = set(self.tags) & set(SPECIAL_TAGS)
        return self.kind == "code" and not self.grade_id and not special


def find_files(folder: Path) -> list[Path]:
    """Return the percent files of a folder in order: those named like `01_input_data`."""
    return sorted(p for p in folder.glob("*.py") if FILE_NAME.fullmatch(p.stem))


def read_percent(file: Path) -> tuple[Cell, ...]:
    """Return the cells of a percent file.

    Raises `SourceError` at the first fault, `OSError` when the file can't be read.
    """
    text = file.read_text(encoding="utf-8")
    lines = []
    for number, line in enumerate(text.split("\n"), 1):
        if _HEADER.match(line):
            lines.append(number)
            if re.search(r"\btags=(?!\[)", line):
                raise SourceError(file, number, 'tags are a list: tags=["setup"].')
    read = jupytext.reads(text, fmt=_FORMAT).cells
    if len(lines) != len(read):
        raise SourceError(file, 1, "the file must start with a `# %%` line.")
    cells = tuple(_make_cell(file, *pair) for pair in zip(read, lines, strict=True))
    _check_notebook(file, cells)
    return cells


def _make_cell(file: Path, read: Any, line: int) -> Cell:
    options = {k: v for k, v in read.metadata.items() if k not in _ADDED_BY_JUPYTEXT}
    marks = dict(options.get("nbgrader", {}))
    _check_options(file, line, options, marks)
    if marks.get("grade") and "points" not in marks:
        marks["points"] = _look_up_points(marks["grade_id"])
    cell = Cell(
        kind=read.cell_type,
        text=read.source,
        line=line,
        tags=tuple(options.get("tags", ())),
        grade_id=marks.get("grade_id", ""),
        is_solution=bool(marks.get("solution")),
        points=marks.get("points"),
        jupyter=options.get("jupyter"),
    )
    if marks.get("grade") and not cell.points:
        raise SourceError(file, line, f"the grade cell {cell.grade_id} needs points.")
    if cell.is_graded and not marks.get("grade"):
        raise SourceError(file, line, "only a cell with `grade` can have points.")
    _check_cell(file, cell)
    return cell


def _look_up_points(grade_id: str) -> int | None:
    """Return what the course's own task of a grade cell is worth, None if it has none."""
    try:
        return find_graded_task(grade_id.removesuffix("_test")).points
    except TaskError:
        return None


# --- What a cell must be ----------------------------------------------------------------


def _check_options(file: Path, line: int, options: Any, marks: dict[str, Any]) -> None:
    unknown = (set(options) - _OPTIONS) | (set(marks) - _NBGRADER_OPTIONS)
    if unknown:
        raise SourceError(file, line, f"unknown in a header: {_list(unknown)}.")
    if marks and not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", str(marks.get("grade_id", ""))):
        raise SourceError(file, line, "an nbgrader cell needs a grade_id of letters.")
    if marks and not (marks.get("grade") or marks.get("solution")):
        raise SourceError(file, line, "an nbgrader cell is a solution, a grade, or both.")


def _check_cell(file: Path, cell: Cell) -> None:
    solution = _check_markers(file, cell, "SOLUTION")
    hidden = _check_markers(file, cell, "HIDDEN TESTS")
    if cell.kind == "markdown" and cell.grade_id:
        raise SourceError(file, cell.line, "only code cells are graded.")
    if cell.is_solution and not solution:
        raise SourceError(
            file,
            cell.line,
            f"the solution cell {cell.grade_id} has no ### BEGIN SOLUTION: all of it "
            "would be taken away.",
        )
    if solution and not cell.is_solution:
        raise SourceError(file, cell.line, "a solution outside a solution cell.")
    if hidden and not cell.is_graded:
        raise SourceError(file, cell.line, "hidden tests outside a grade cell.")
    if cell.kind == "code":
        _check_python(file, cell)


def _check_markers(file: Path, cell: Cell, kind: str) -> bool:
    """Return whether a cell has a region of that kind; each BEGIN needs its END."""
    is_open = False
    found = False
    for offset, text in enumerate(cell.text.split("\n"), 1):
        for word in ("BEGIN", "END"):
            if f"{word} {kind}" not in text:
                continue
            if text.strip() != f"### {word} {kind}":
                fault = f"`### {word} {kind}` must stand on a line of its own."
                raise SourceError(file, cell.line + offset, fault)
            if (word == "BEGIN") == is_open:
                fault = f"### {word} {kind} without its other half."
                raise SourceError(file, cell.line + offset, fault)
            is_open = not is_open
            found = True
    if is_open:
        raise SourceError(file, cell.line, f"### BEGIN {kind} without ### END {kind}.")
    return found


def _check_python(file: Path, cell: Cell) -> None:
    try:
        ast.parse(cell.text)
    except SyntaxError as error:
        line = cell.line + (error.lineno or 1)
        raise SourceError(file, line, f"not Python: {error.msg}.") from None


# --- What a notebook must be ------------------------------------------------------------


def _check_notebook(file: Path, cells: tuple[Cell, ...]) -> None:
    seen: dict[str, int] = {}
    for cell in cells:
        if cell.grade_id in seen:
            fault = f"grade_id {cell.grade_id} stands at line {seen[cell.grade_id]} too."
            raise SourceError(file, cell.line, fault)
        if cell.grade_id:
            seen[cell.grade_id] = cell.line
    for tag in SPECIAL_TAGS:
        tagged = [cell for cell in cells if tag in cell.tags]
        if len(tagged) > 1:
            raise SourceError(file, tagged[1].line, f"a second cell tagged {tag}.")
    _check_set_up(file, [cell for cell in cells if cell.kind == "code"])
    _check_tasks(file, cells)


def _check_set_up(file: Path, code: list[Cell]) -> None:
    if not code or "setup" not in code[0].tags:
        line = code[0].line if code else 1
        raise SourceError(file, line, "the first code cell must be tagged setup.")
    if f'set_up("{file.stem}")' not in code[0].text:
        fault = f'the setup cell must call set_up("{file.stem}").'
        raise SourceError(file, code[0].line, fault)


def _check_tasks(file: Path, cells: Iterable[Cell]) -> None:
    """Demand that each answer `x` is followed by its tests, `x_test`, and vice versa."""
    answers: dict[str, int] = {}
    for cell in cells:
        if cell.is_solution and not cell.is_graded:
            answers[cell.grade_id] = cell.line
        elif cell.is_graded and not cell.is_solution:
            task = cell.grade_id.removesuffix("_test")
            if answers.pop(task, None) is None or not cell.grade_id.endswith("_test"):
                fault = f"{cell.grade_id} follows no answer cell {task}."
                raise SourceError(file, cell.line, fault)
    for task, line in answers.items():
        raise SourceError(file, line, f"the answer {task} has no grade cell {task}_test.")


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
