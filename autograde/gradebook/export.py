"""Grades for other systems: tables for people, Canvas, Moodle, and as nbgrader has them.

A notebook whose newest version is not graded has no points in any of them, and says so.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from prompt_or_tune.files import write_atomically

from autograde.classroom import Classroom
from autograde.errors import AutogradeError
from autograde.gradebook.grade_sheet import GradeSheet, format_number, read_sheet

Format = Literal["csv", "canvas", "moodle", "nbgrader"]
Row = Sequence[object]


def export_grades(classroom: Classroom, kind: Format, target: Path) -> list[Path]:
    """Write the grades of a class; return the files.

    "csv" writes totals, and beside them a second file with a line for each task;
    "canvas" what Canvas imports, "moodle" what Moodle's import of grades takes, and
    "nbgrader" what `nbgrader export` writes. Raises `AutogradeError` for another format,
    and when a file can't be written.
    """
    makers: dict[Format, Mapping[str, Callable[[GradeSheet], Iterable[Row]]]] = {
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


# ── Tables ──────────────────────────────────────────────────────────────────────────────


def make_totals(sheet: GradeSheet) -> Iterable[Row]:
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
            f"{grade.submission.notebook}: {remark}"
            for grade in sheet.grades[student.id]
            for remark in grade.remarks
        ]
        yield (
            *(student.id, student.last_name, student.first_name, student.email),
            *points,
            sum(p or 0.0 for p in points),
            sum(sheet.max_points.values()),
            sum(x.penalty for x in sheet.grades[student.id] if x.points is not None),
            "; ".join(remarks),
        )


def make_tasks(sheet: GradeSheet) -> Iterable[Row]:
    """Yield a row for each graded cell of each student."""
    yield (
        *("student_id", "assignment", "notebook", "task", "points", "max_points"),
        *("to_grade_by_hand", "state"),
    )
    for student in sheet.students:
        for grade in sheet.grades[student.id]:
            where = grade.submission
            for cell in grade.cells:
                yield (
                    *(student.id, where.assignment, where.notebook, cell.name),
                    None if grade.raw is None else cell.points,
                    cell.max_points,
                    "yes" if cell.waits and grade.raw is not None else "",
                    grade.state,
                )


def make_canvas(sheet: GradeSheet) -> Iterable[Row]:
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


def make_moodle(sheet: GradeSheet) -> Iterable[Row]:
    """Yield what Moodle's import of grades takes; one chooses there by which id."""
    head = ("Username", "ID number", "First name", "Last name", "Email address")
    yield (*head, *sheet.assignments)
    for student in sheet.students:
        yield (
            *(student.login or student.id, student.sis_id, student.first_name),
            *(student.last_name, student.email),
            *(sheet.points(student, name) for name in sheet.assignments),
        )


def make_nbgrader(sheet: GradeSheet) -> Iterable[Row]:
    """Yield the columns of `nbgrader export`; a missing submission has 0, as there."""
    yield (
        *("assignment", "duedate", "timestamp", "student_id", "last_name"),
        *("first_name", "email", "raw_score", "late_submission_penalty", "score"),
        "max_score",
    )
    for name in sheet.assignments:
        for student in sorted(sheet.students, key=lambda s: (s.last_name, s.first_name)):
            grades = sheet.of(student, name)
            missing = all(grade.state == "missing" for grade in grades)
            is_graded = not any(grade.state == "collected" for grade in grades)
            raw = sum(grade.raw or 0.0 for grade in grades if not missing)
            penalty = sum(grade.penalty for grade in grades)
            times = [grade.submitted_at for grade in grades if grade.submitted_at]
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
        return format_number(value)
    text = str(value)
    return "'" + text if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
