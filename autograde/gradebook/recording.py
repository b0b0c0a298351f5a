"""The gradebook: what is written of a graded notebook, in one transaction.

Scores are kept in nbgrader's tables, and the whole record in one of ours beside them, in
the same database.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple, replace
from math import isfinite
from typing import Any

from nbgrader import api
from nbgrader.utils import parse_utc
from prompt_or_tune.files import write_atomically
from sqlalchemy import Index, delete, insert, select
from sqlalchemy.orm import Session, selectinload

from autograde.classroom import Classroom, Student
from autograde.classroom.holding import holding
from autograde.errors import AutogradeError
from autograde.gradebook.standing import RECORDS, Submission, find_pending, read_records
from autograde.records import CellResult, Result, hash_bytes

INDEXES = tuple(
    # nbgrader has none, and looks through all grades of the class for those of one.
    Index(f"autograde_{table.__tablename__}_{name}", table.__table__.c[name])
    for table, name in (
        (api.Grade, "notebook_id"),
        (api.Comment, "notebook_id"),
        (api.SubmittedNotebook, "assignment_id"),
    )
)
TEXTS = ("text/plain", "text/html", "text/markdown", "text/latex", "image/svg+xml")
IMAGES = ("image/png", "image/jpeg")
BASE64 = re.compile(r"[A-Za-z0-9+/=\s]*")

__all__ = [
    "Submission",
    "apply_settings",
    "find_pending",
    "forget_grade",
    "holding",
    "read_records",
    "record",
]


def record(classroom: Classroom, result: Result) -> None:
    """Write all that is known of a graded notebook: all of it or, after a fault, nothing.

    Nothing is written of a version that has been replaced meanwhile. What a human gave
    (points, extra credit, comments) stays, and is marked to be looked at again, as
    nbgrader does it. Raises `AutogradeError` when the disk is full, the database can't be
    written to, or the notebook is not in the gradebook.
    """
    where = Submission(result.student, result.assignment, result.notebook_name)
    submitted = classroom.submitted(*astuple(where))
    if (
        not submitted.exists()
        or hash_bytes(submitted.read_bytes()) != result.submission_sha256
    ):
        return
    with _transaction(classroom) as session:
        result = _write_scores(session, classroom, result)
        session.execute(delete(RECORDS).where(*_of(where)))
        session.execute(
            insert(RECORDS).values(
                student=where.student,
                assignment=where.assignment,
                notebook=where.notebook,
                submission_sha256=result.submission_sha256,
                tests_sha256=result.tests_sha256,
                record=json.dumps(result.to_record()),
            )
        )
        session.flush()  # whatever the database has against it, it says now
        _write_files(classroom, where, result.notebook)


def forget_grade(
    classroom: Classroom, student: str, assignment: str, notebook: str | None = None
) -> None:
    """Take back what the grader gave for a notebook, or for all of an assignment.

    To be called before a newer version is put in place, and when grading failed.
    A human's points and comments stay.
    """
    with _transaction(classroom) as session:
        submission = _find_submission(session, student, assignment)
        if submission is not None:
            submission.timestamp = None  # to Formgrader: not autograded
            for each in submission.notebooks:
                if notebook in (None, each.name):
                    _reset(each)
        conditions = [RECORDS.c.student == student, RECORDS.c.assignment == assignment]
        if notebook is not None:
            conditions.append(RECORDS.c.notebook == notebook)
        session.execute(delete(RECORDS).where(*conditions))
    names = classroom.notebooks(assignment) if notebook is None else [notebook]
    for name in names:
        classroom.autograded(student, assignment, name).unlink(missing_ok=True)
        classroom.feedback(student, assignment, name).unlink(missing_ok=True)


@contextmanager
def _transaction(classroom: Classroom) -> Iterator[Session]:
    """Yield a session that is committed at the end, or rolled back after a fault."""
    with classroom.gradebook() as gradebook:
        RECORDS.metadata.create_all(gradebook.engine)
        session: Session = gradebook.db()
        try:
            yield session
            session.commit()
        except OSError as error:
            session.rollback()
            raise AutogradeError(
                f"{classroom.root} can't be written to ({error}); nothing was changed."
            ) from None
        except BaseException:
            session.rollback()
            raise


def _of(where: Submission) -> tuple[Any, ...]:
    return (
        RECORDS.c.student == where.student,
        RECORDS.c.assignment == where.assignment,
        RECORDS.c.notebook == where.notebook,
    )


def _write_files(classroom: Classroom, where: Submission, notebook: str) -> None:
    """Put the executed notebook where nbgrader looks for it.

    Before the commit: a kill in between leaves a notebook that is not graded yet.
    """
    target = classroom.autograded(*astuple(where))
    submitted = classroom.submitted(*astuple(where))
    notebook = notebook or submitted.read_text(encoding="utf-8")
    write_atomically(target, json.dumps(_clean(json.loads(notebook)), indent=1))
    timestamp = submitted.with_name("timestamp.txt")
    if timestamp.exists():
        write_atomically(target.with_name("timestamp.txt"), timestamp.read_bytes())


def _clean(notebook: dict[str, Any]) -> dict[str, Any]:
    """Keep of what cells show what can be shown safely, and can't stop who shows it.

    It appears in the browser of an instructor who is logged in to Formgrader.
    """
    for cell in notebook["cells"]:
        for output in cell.get("outputs", ()):
            data = output.get("data", {})
            for kind, value in list(data.items()):
                text = "".join(value) if isinstance(value, str | list) else "?"
                is_image = kind in IMAGES and BASE64.fullmatch(text)
                if not is_image and kind not in TEXTS:
                    del data[kind]
            if "metadata" in output:
                output["metadata"] = {}
        if "outputs" in cell:
            cell["outputs"] = [o for o in cell["outputs"] if o.get("data", True)]
    return notebook


def _write_scores(session: Session, classroom: Classroom, result: Result) -> Result:
    """Write into nbgrader's tables; return the result with what was clipped noted."""
    assignment = _find_assignment(session, result.assignment)
    if session.get(api.Student, result.student) is None:
        _write_student(session, classroom.roster().find(result.student))
    submission = _find_submission(session, result.student, result.assignment)
    if submission is None:
        submission = _make_submission(session, assignment, result.student)
    names = (result.student, result.assignment, result.notebook_name)
    timestamp = classroom.submitted(*names).with_name("timestamp.txt")
    if timestamp.exists():
        submission.timestamp = parse_utc(timestamp.read_text().strip())
    notebook = None
    for each in submission.notebooks:
        if each.name == result.notebook_name:
            notebook = each
        elif not classroom.submitted(*names[:2], each.name).exists():
            _give_zero(each)
    if notebook is None:
        raise AutogradeError(
            f"the gradebook has no notebook {result.notebook_name} in "
            f"{result.assignment}; `nbgrader generate_assignment` puts it there."
        )
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
    _write_penalty(session, classroom, submission, notebook)
    looks = tuple(f"A score was out of bounds: {note}" for note in clipped)
    return replace(
        result,
        cells=tuple(cells[cell.grade_id] for cell in result.cells),
        needs_look=result.needs_look + looks,
    )


def _find_assignment(session: Session, name: str) -> Any:
    query = select(api.Assignment).where(api.Assignment.name == name)
    found = session.scalars(query).one_or_none()
    if found is None:
        raise AutogradeError(
            f"the gradebook has no assignment {name}; run `autograde init` again, or "
            f"`nbgrader generate_assignment {name}`."
        )
    return found


def _find_submission(session: Session, student: str, assignment: str) -> Any:
    query = (
        select(api.SubmittedAssignment)
        .join(api.Assignment)
        .where(
            api.Assignment.name == assignment,
            api.SubmittedAssignment.student_id == student,
        )
    )
    return session.scalars(query).one_or_none()


def _make_submission(session: Session, assignment: Any, student: str) -> Any:
    """Do as `Gradebook.add_submission`, which would commit at once."""
    submission = api.SubmittedAssignment(assignment_id=assignment.id, student_id=student)
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


def _write_student(session: Session, known: Student) -> None:
    """Note who somebody is; what the roster does not say stays as it is."""
    student = session.get(api.Student, known.id)
    if student is None:
        student = api.Student(id=known.id)
        session.add(student)
    student.first_name = known.first_name or student.first_name
    student.last_name = known.last_name or student.last_name
    student.email = known.email or student.email
    student.lms_user_id = known.canvas_id or student.lms_user_id


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


def _write_penalty(
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


def _reset(notebook: Any) -> None:
    for grade in notebook.grades:
        grade.auto_score, grade.needs_manual_grade = None, True
    for comment in notebook.comments:
        comment.auto_comment = None
    notebook.late_submission_penalty = None


def apply_settings(classroom: Classroom) -> None:
    """Bring names, dates and penalties in the gradebook up to roster and class.toml."""
    with _transaction(classroom) as session:
        for index in INDEXES:
            index.create(session.connection(), checkfirst=True)
        known = session.scalars(select(api.Student)).all()  # all at once, not one by one
        for student in classroom.roster():
            _write_student(session, student)
        query = select(api.SubmittedAssignment).options(
            selectinload(api.SubmittedAssignment.notebooks),
            selectinload(api.SubmittedAssignment.assignment),
        )
        for submission in session.scalars(query):
            for notebook in submission.notebooks:
                _write_penalty(session, classroom, submission, notebook)
        del known
