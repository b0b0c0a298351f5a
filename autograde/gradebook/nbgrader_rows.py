"""What is written into nbgrader's own tables: scores, comments, names, penalties.

Nothing is committed here: whoever calls holds the transaction.
"""

from __future__ import annotations

import json
from dataclasses import astuple, replace
from math import isfinite
from typing import Any

from nbgrader import api
from nbgrader.utils import parse_utc
from sqlalchemy import select
from sqlalchemy.orm import Session

from autograde.classroom import Classroom, Student
from autograde.errors import AutogradeError
from autograde.submission_records import CellResult, Result


def write_scores(session: Session, classroom: Classroom, result: Result) -> Result:
    """Write what a notebook earned; return the result with what was clipped noted.

    Raises `AutogradeError` for a notebook that the gradebook does not know.
    """
    if session.get(api.Student, result.student) is None:
        write_student(session, classroom.roster().find(result.student), None)
    submission = find_submission(session, result.student, result.assignment)
    if submission is None:
        submission = _make_submission(session, result)
    _write_time(classroom, submission, result)
    notebook = _find_notebook(classroom, submission, result)
    cells = {cell.grade_id: cell for cell in result.cells}
    clipped = []
    for grade in notebook.grades:
        cell = cells.get(grade.cell.name)
        if cell is not None:
            cells[cell.grade_id] = _clip(cell, grade.cell.max_score)
            clipped += [cells[cell.grade_id].note] * (cells[cell.grade_id] != cell)
        _write_grade(grade, cells.get(grade.cell.name))
    _write_comments(session, notebook, result.notebook)
    session.flush()
    write_penalty(session, classroom, submission, notebook)
    looks = tuple(f"A score was out of bounds: {note}" for note in clipped)
    return replace(
        result,
        cells=tuple(cells[cell.grade_id] for cell in result.cells),
        needs_look=result.needs_look + looks,
    )


def _write_time(classroom: Classroom, submission: Any, result: Result) -> None:
    submitted = classroom.submitted(*astuple(result.submission))
    timestamp = submitted.with_name("timestamp.txt")
    if timestamp.exists():
        submission.timestamp = parse_utc(timestamp.read_text().strip())


def _find_notebook(classroom: Classroom, submission: Any, result: Result) -> Any:
    """Return a result's notebook; grade those that did not come with it with zero."""
    notebook = None
    for each in submission.notebooks:
        names = result.student, result.assignment, each.name
        if each.name == result.notebook_name:
            notebook = each
        elif not classroom.submitted(*names).exists():
            _give_zero(each)
    if notebook is None:
        raise AutogradeError(
            f"the gradebook has no notebook {result.notebook_name} in "
            f"{result.assignment}; `nbgrader generate_assignment` puts it there."
        )
    return notebook


def _find_assignment(session: Session, name: str) -> Any:
    query = select(api.Assignment).where(api.Assignment.name == name)
    found = session.scalars(query).one_or_none()
    if found is None:
        raise AutogradeError(
            f"the gradebook has no assignment {name}; run `autograde init` again, or "
            f"`nbgrader generate_assignment {name}`."
        )
    return found


def find_submission(session: Session, student: str, assignment: str) -> Any:
    """Return what a student submitted of an assignment, None if nothing is noted."""
    query = (
        select(api.SubmittedAssignment)
        .join(api.Assignment)
        .where(
            api.Assignment.name == assignment,
            api.SubmittedAssignment.student_id == student,
        )
    )
    return session.scalars(query).one_or_none()


def _make_submission(session: Session, result: Result) -> Any:
    """Do as `Gradebook.add_submission`, which would commit at once."""
    assignment = _find_assignment(session, result.assignment)
    submission = api.SubmittedAssignment(
        assignment_id=assignment.id, student_id=result.student
    )
    for notebook in assignment.notebooks:
        graded = (*notebook.grade_cells, *notebook.task_cells)
        answered = (*notebook.solution_cells, *notebook.task_cells)
        submission.notebooks.append(
            api.SubmittedNotebook(
                notebook_id=notebook.id,
                grades=[api.Grade(cell_id=cell.id) for cell in graded],
                comments=[api.Comment(cell_id=cell.id) for cell in answered],
            )
        )
    session.add(submission)
    session.flush()
    return submission


def write_student(session: Session, known: Student, row: Any) -> None:
    """Note who somebody is; what the roster does not say stays as it is.

    `row` is the student's in the gradebook, None for somebody new.
    """
    if row is None:
        row = api.Student(id=known.id)
        session.add(row)
    row.first_name = known.first_name or row.first_name
    row.last_name = known.last_name or row.last_name
    row.email = known.email or row.email
    row.lms_user_id = known.canvas_id or row.lms_user_id


def _clip(cell: CellResult, most: float) -> CellResult:
    """Return a cell's result with points between 0 and what the gradebook allows."""
    if cell.points is None or 0 <= cell.points <= most:
        return cell
    points = min(max(cell.points, 0.0), most) if isfinite(cell.points) else 0.0
    said = f"{cell.grade_id}: {cell.points:g} of {most:g} points became {points:g}."
    return replace(cell, points=points, note=f"{cell.note} {said}".strip())


def _write_grade(grade: Any, cell: CellResult | None) -> None:
    grade.auto_score = None if cell is None else cell.points
    grade.needs_manual_grade = grade.manual_score is not None or grade.auto_score is None


def _write_comments(session: Session, notebook: Any, executed: str) -> None:
    """Note which answers are still as they were released, as nbgrader does."""
    written = {}
    if executed:
        for cell in json.loads(executed)["cells"]:
            marks = cell["metadata"].get("nbgrader", {})
            written[marks.get("grade_id")] = "".join(cell["source"])
    query = select(api.SourceCell).where(
        api.SourceCell.notebook_id == notebook.notebook_id
    )
    released = {cell.name: cell.source for cell in session.scalars(query)}
    for comment in notebook.comments:
        name = comment.cell.name
        is_blank = name in written and written[name] == released.get(name)
        is_task = isinstance(comment.cell, api.TaskCell)
        comment.auto_comment = "No response." if is_blank and not is_task else None


def write_penalty(
    session: Session, classroom: Classroom, submission: Any, notebook: Any
) -> None:
    """Set an assignment's and a student's date, and what a notebook loses by being late.

    Where class.toml names no date, one that was set in Formgrader stays.
    """
    late = classroom.settings.late
    assignment, student = submission.assignment.name, submission.student_id
    if assignment in late.due:
        submission.assignment.duedate = parse_utc(late.due[assignment])
    due = late.find_due(student, assignment)
    if due is not None and submission.assignment.duedate is not None:
        extra = parse_utc(due) - submission.assignment.duedate
        submission.extension = extra or None
    notebook.late_submission_penalty = None
    if submission.total_seconds_late > 0:
        score, most = session.execute(
            select(api.SubmittedNotebook.score, api.SubmittedNotebook.max_score).where(
                api.SubmittedNotebook.id == notebook.id
            )
        ).one()
        notebook.late_submission_penalty = late.find_penalty(
            submission.total_seconds_late, points=score, max_points=most
        )


def _give_zero(notebook: Any) -> None:
    """Grade a notebook that was not submitted with its assignment, as nbgrader does."""
    for grade in notebook.grades:
        grade.auto_score, grade.needs_manual_grade = 0.0, False


def reset_scores(notebook: Any) -> None:
    """Take back all that was not given by a human."""
    for grade in notebook.grades:
        grade.auto_score, grade.needs_manual_grade = None, True
    for comment in notebook.comments:
        comment.auto_comment = None
    notebook.late_submission_penalty = None
