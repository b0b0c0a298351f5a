"""Grades for other systems: tables for people, Canvas, Moodle, and as nbgrader has them.

A notebook whose newest version is not graded has no points in any of them, and says so.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from nbgrader import api
from nbgrader.api import Gradebook
from prompt_or_tune.files import write_atomically
from sqlalchemy import select

from autograde.classroom import Classroom, Student
from autograde.errors import AutogradeError
from autograde.gradebook.recording import apply_settings
from autograde.gradebook.standing import Standing, State, find_standings

Format = Literal["csv", "canvas", "moodle", "nbgrader"]
Row = Sequence[object]


@dataclass(frozen=True)
class Task:
    """What a student has for a graded cell; `points` is None until somebody gave some."""

    name: str
    points: float | None
    max_points: float
    waits: bool


@dataclass(frozen=True)
class Line:
    """What a student has for a notebook: `points` is None without a current grade."""

    standing: Standing
    tasks: tuple[Task, ...]
    penalty: float
    is_due: bool
    submitted_at: datetime | None = None

    @property
    def state(self) -> State:
        """Return how the notebook stands."""
        return self.standing.state

    @property
    def raw(self) -> float | None:
        """Return the points before a penalty."""
        if self.state == "collected":
            return None
        if self.state == "missing" and not any(task.points for task in self.tasks):
            return 0.0 if self.is_due else None
        return sum(task.points or 0.0 for task in self.tasks)

    @property
    def points(self) -> float | None:
        """Return the points that count, after a penalty."""
        return None if self.raw is None else max(0.0, self.raw - self.penalty)

    @property
    def remarks(self) -> tuple[str, ...]:
        """Return in words what the number does not say."""
        said = {
            "missing": "not submitted",
            "collected": "not graded yet",
            "stale": "graded by tests that have changed since",
            "failed": "needs a look",
            "needs a look": "needs a look",
        }
        remarks = [said[self.state]] if self.state in said else []
        if self.points is not None and self.penalty:
            remarks.append(f"{_number(self.penalty)} points off for being late")
        waiting = sum(task.waits for task in self.tasks)
        if self.points is not None and self.state != "missing" and waiting:
            remarks.append(f"{waiting} to be graded by hand")
        return tuple(remarks)


@dataclass(frozen=True)
class Sheet:
    """All that is exported: a line for each notebook of each student, by student."""

    assignments: tuple[str, ...]
    max_points: Mapping[str, float]
    students: tuple[Student, ...]
    lines: Mapping[str, Sequence[Line]]
    due: Mapping[str, datetime | None] = field(default_factory=dict)

    def of(self, student: Student, assignment: str) -> list[Line]:
        """Return a student's lines of one assignment."""
        lines = self.lines[student.id]
        return [x for x in lines if x.standing.submission.assignment == assignment]

    def points(self, student: Student, assignment: str) -> float | None:
        """Return the points of an assignment, None where a part has no current grade."""
        points = [line.points for line in self.of(student, assignment)]
        return None if None in points else sum(p or 0.0 for p in points)


def export(classroom: Classroom, kind: Format, target: Path) -> list[Path]:
    """Write the grades of a class; return the files.

    "csv" writes totals, and beside them a second file with a line for each task;
    "canvas" what Canvas imports, "moodle" what Moodle's import of grades takes, and
    "nbgrader" what `nbgrader export` writes. Raises `AutogradeError` for another format,
    and when a file can't be written.
    """
    makers: dict[Format, Mapping[str, Callable[[Sheet], Iterable[Row]]]] = {
        "csv": {"": make_totals, "-tasks": make_tasks},
        "canvas": {"": make_canvas},
        "moodle": {"": make_moodle},
        "nbgrader": {"": make_nbgrader},
    }
    if kind not in makers:
        raise AutogradeError(
            f"there is no format {kind}; there are: {', '.join(makers)}."
        )
    sheet = read_sheet(classroom)
    try:
        return [
            write_atomically(target.with_stem(target.stem + suffix), to_csv(make(sheet)))
            for suffix, make in makers[kind].items()
        ]
    except OSError as error:
        raise AutogradeError(f"{target} can't be written: {error}.") from None


# --- Reading ----------------------------------------------------------------------------


def read_sheet(classroom: Classroom) -> Sheet:
    """Return all grades of a class as they are now."""
    apply_settings(classroom)
    standings = find_standings(classroom)
    with classroom.gradebook() as gradebook:
        tasks = _read_tasks(gradebook)
        most = _read_maxima(gradebook)
        late = _read_late(gradebook)
        due = {each.name: _utc(each.duedate) for each in gradebook.assignments}
    submitted = {
        each.submission.assignment for each in standings if each.state != "missing"
    }
    lines: dict[str, list[Line]] = {}
    now = datetime.now(UTC)
    for standing in standings:
        where = standing.submission
        date = classroom.settings.late.find_due(where.student, where.assignment)
        date = date or due.get(where.assignment)
        key = (where.student, where.assignment, where.notebook)
        blank = [Task(n, None, points, False) for n, points in most[key[1:]].items()]
        penalty, submitted_at = late.get(key, (0.0, None))
        lines.setdefault(where.student, []).append(
            Line(
                standing,
                tuple(tasks.get(key, blank)),
                penalty,
                is_due=date < now if date else where.assignment in submitted,
                submitted_at=submitted_at,
            )
        )
    roster = classroom.roster()
    return Sheet(
        assignments=classroom.assignments(),
        max_points={
            name: sum(sum(most[pair].values()) for pair in most if pair[0] == name)
            for name in classroom.assignments()
        },
        students=tuple(roster.find(student) for student in lines),
        lines=lines,
        due=due,
    )


def _read_tasks(gradebook: Gradebook) -> dict[tuple[str, str, str], list[Task]]:
    tables = {
        each.id: each.max_score
        for kind in (api.GradeCell, api.TaskCell)
        for each in gradebook.db.execute(select(kind.id, kind.max_score))
    }
    grade = api.Grade
    query = (
        select(
            api.SubmittedAssignment.student_id,
            api.Assignment.name,
            api.Notebook.name,
            api.BaseCell.name,
            api.BaseCell.id,
            grade.auto_score,
            grade.manual_score,
            grade.extra_credit,
            grade.needs_manual_grade,
        )
        .select_from(grade)
        .join(api.SubmittedNotebook, grade.notebook_id == api.SubmittedNotebook.id)
        .join(api.SubmittedAssignment)
        .join(api.Notebook, api.SubmittedNotebook.notebook_id == api.Notebook.id)
        .join(api.Assignment, api.Notebook.assignment_id == api.Assignment.id)
        .join(api.BaseCell, grade.cell_id == api.BaseCell.id)
    )
    found: dict[tuple[str, str, str], list[Task]] = {}
    for *key, name, cell, auto, manual, extra, waits in gradebook.db.execute(query):
        given = auto if manual is None else manual
        points = None if given is None else given + (extra or 0.0)
        task = Task(name, points, tables[cell], waits)
        found.setdefault((key[0], key[1], key[2]), []).append(task)
    return {key: sorted(tasks, key=lambda t: t.name) for key, tasks in found.items()}


def _read_maxima(gradebook: Gradebook) -> dict[tuple[str, str], dict[str, float]]:
    """Return the maximum of each graded cell, by assignment and notebook."""
    return {
        (assignment.name, notebook.name): {
            cell.name: cell.max_score
            for cell in (*notebook.grade_cells, *notebook.task_cells)
        }
        for assignment in gradebook.assignments
        for notebook in assignment.notebooks
    }


def _read_late(
    gradebook: Gradebook,
) -> dict[tuple[str, str, str], tuple[float, datetime | None]]:
    query = (
        select(
            api.SubmittedAssignment.student_id,
            api.Assignment.name,
            api.Notebook.name,
            api.SubmittedNotebook.late_submission_penalty,
            api.SubmittedAssignment.timestamp,
        )
        .select_from(api.SubmittedNotebook)
        .join(api.SubmittedAssignment)
        .join(api.Notebook, api.SubmittedNotebook.notebook_id == api.Notebook.id)
        .join(api.Assignment, api.Notebook.assignment_id == api.Assignment.id)
    )
    return {
        (student, assignment, notebook): (penalty or 0.0, _utc(timestamp))
        for student, assignment, notebook, penalty, timestamp in gradebook.db.execute(
            query
        )
    }


def _utc(naive: datetime | None) -> datetime | None:
    return naive.replace(tzinfo=UTC) if naive else None


# --- Tables -----------------------------------------------------------------------------


def make_totals(sheet: Sheet) -> Iterable[Row]:
    """Yield a row for each student: points of each assignment, totals, remarks."""
    names = sheet.assignments
    yield (
        *("student_id", "last_name", "first_name", "email"),
        *names,
        *("points", "max_points", "late_penalty", "remarks"),
    )
    for student in sheet.students:
        points = [sheet.points(student, name) for name in names]
        remarks = [
            f"{line.standing.submission.notebook}: {remark}"
            for line in sheet.lines[student.id]
            for remark in line.remarks
        ]
        yield (
            *(student.id, student.last_name, student.first_name, student.email),
            *points,
            sum(p or 0.0 for p in points),
            sum(sheet.max_points.values()),
            sum(x.penalty for x in sheet.lines[student.id] if x.points is not None),
            "; ".join(remarks),
        )


def make_tasks(sheet: Sheet) -> Iterable[Row]:
    """Yield a row for each graded cell of each student."""
    yield (
        *("student_id", "assignment", "notebook", "task", "points", "max_points"),
        *("to_grade_by_hand", "state"),
    )
    for student in sheet.students:
        for line in sheet.lines[student.id]:
            where = line.standing.submission
            for task in line.tasks:
                yield (
                    *(student.id, where.assignment, where.notebook, task.name),
                    None if line.raw is None else task.points,
                    task.max_points,
                    "yes" if task.waits and line.raw is not None else "",
                    line.state,
                )


def make_canvas(sheet: Sheet) -> Iterable[Row]:
    """Yield what Canvas imports; it knows students by any of the three ids."""
    head = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
    yield (*head, *sheet.assignments)
    most = [sheet.max_points[name] for name in sheet.assignments]
    yield ("    Points Possible", "", "", "", "", *most)
    for student in sheet.students:
        name = ", ".join(filter(None, (student.last_name, student.first_name)))
        ids = (student.canvas_id, student.sis_id, student.login)
        login = student.login if any(ids) else student.id
        yield (
            *(name or student.id, student.canvas_id, student.sis_id, login),
            student.section,
            *(sheet.points(student, name) for name in sheet.assignments),
        )


def make_moodle(sheet: Sheet) -> Iterable[Row]:
    """Yield what Moodle's import of grades takes; one chooses there by which id."""
    head = ("Username", "ID number", "First name", "Last name", "Email address")
    yield (*head, *sheet.assignments)
    for student in sheet.students:
        yield (
            *(student.login or student.id, student.sis_id, student.first_name),
            *(student.last_name, student.email),
            *(sheet.points(student, name) for name in sheet.assignments),
        )


def make_nbgrader(sheet: Sheet) -> Iterable[Row]:
    """Yield the columns of `nbgrader export`; a missing submission has 0, as there."""
    yield (
        *("assignment", "duedate", "timestamp", "student_id", "last_name"),
        *("first_name", "email", "raw_score", "late_submission_penalty", "score"),
        "max_score",
    )
    for name in sheet.assignments:
        for student in sorted(sheet.students, key=lambda s: (s.last_name, s.first_name)):
            lines = sheet.of(student, name)
            missing = all(line.state == "missing" for line in lines)
            is_graded = not any(line.state == "collected" for line in lines)
            raw = sum(line.raw or 0.0 for line in lines if not missing)
            penalty = sum(line.penalty for line in lines)
            times = [line.submitted_at for line in lines if line.submitted_at]
            yield (
                *(name, _as_nbgrader(sheet.due.get(name))),
                _as_nbgrader(max(times) if times and not missing else None),
                *(student.id, student.last_name, student.first_name, student.email),
                str(float(raw)) if is_graded else "",
                str(float(penalty)) if is_graded else "",
                str(max(0.0, float(raw) - penalty)) if is_graded else "",
                str(float(sheet.max_points[name])),
            )


def _as_nbgrader(date: datetime | None) -> str:
    return str(date.replace(tzinfo=None)) if date else ""


def to_csv(rows: Iterable[Row]) -> str:
    """Return rows as CSV that no spreadsheet takes for formulas."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(
        [_write_cell(value) for value in row] for row in rows
    )
    return text.getvalue()


def _write_cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float | int):
        return _number(value)
    text = str(value)
    return "'" + text if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _number(value: float) -> str:
    return f"{round(value, 4):g}" if abs(value) < 10_000 else str(round(value, 4))
