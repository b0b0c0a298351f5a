"""Write a graded notebook into the gradebook: all of it in one transaction.

Scores are kept in nbgrader's tables, and the whole record in one of ours beside them, in
the same database.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, astuple
from typing import Any

from nbgrader import api
from prompt_or_tune.files import write_atomically
from sqlalchemy import Index, delete, insert, select
from sqlalchemy.orm import Session, selectinload

from autograde.classroom import Classroom
from autograde.errors import AutogradeError
from autograde.gradebook.nbgrader_rows import (
    find_submission,
    reset_scores,
    write_penalty,
    write_scores,
    write_student,
)
from autograde.gradebook.result_table import RESULTS
from autograde.submission_records import Result, Submission, hash_bytes

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


def record_result(classroom: Classroom, result: Result) -> None:
    """Write all that is known of a graded notebook: all of it or, after a fault, nothing.

    Nothing is written of a version that has been replaced meanwhile. What a human gave
    (points, extra credit, comments) stays, and is marked to be looked at again, as
    nbgrader does it. Raises `AutogradeError` when the disk is full, the database can't be
    written to, or the notebook is not in the gradebook.
    """
    where = result.submission
    submitted = classroom.submitted(*astuple(where))
    if (
        not submitted.exists()
        or hash_bytes(submitted.read_bytes()) != result.submission_sha256
    ):
        return
    with _transaction(classroom) as session:
        result = write_scores(session, classroom, result)
        session.execute(delete(RESULTS).where(*_of(where)))
        session.execute(
            insert(RESULTS).values(
                **asdict(where),
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
        submission = find_submission(session, student, assignment)
        if submission is not None:
            submission.timestamp = None  # to Formgrader: not autograded
            for each in submission.notebooks:
                if notebook in (None, each.name):
                    reset_scores(each)
        conditions = [RESULTS.c.student == student, RESULTS.c.assignment == assignment]
        if notebook is not None:
            conditions.append(RESULTS.c.notebook == notebook)
        session.execute(delete(RESULTS).where(*conditions))
    names = classroom.notebooks(assignment) if notebook is None else [notebook]
    for name in names:
        classroom.autograded(student, assignment, name).unlink(missing_ok=True)
        classroom.feedback(student, assignment, name).unlink(missing_ok=True)


@contextmanager
def _transaction(classroom: Classroom) -> Iterator[Session]:
    """Yield a session that is committed at the end, or rolled back after a fault."""
    with classroom.gradebook() as gradebook:
        RESULTS.metadata.create_all(gradebook.engine)
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
        RESULTS.c.student == where.student,
        RESULTS.c.assignment == where.assignment,
        RESULTS.c.notebook == where.notebook,
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


def apply_settings(classroom: Classroom) -> None:
    """Bring names, dates and penalties in the gradebook up to roster and class.toml."""
    with _transaction(classroom) as session:
        for index in INDEXES:
            index.create(session.connection(), checkfirst=True)
        rows = {row.id: row for row in session.scalars(select(api.Student))}
        for student in classroom.roster():
            write_student(session, student, rows.get(student.id))
        query = select(api.SubmittedAssignment).options(
            selectinload(api.SubmittedAssignment.notebooks),
            selectinload(api.SubmittedAssignment.assignment),
        )
        for submission in session.scalars(query):
            for notebook in submission.notebooks:
                write_penalty(session, classroom, submission, notebook)
