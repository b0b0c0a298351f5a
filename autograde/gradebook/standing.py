"""How a class stands: what is submitted, what is graded, and whether that is current.

A grade belongs to the bytes that lie in submitted/ and to today's tests, or it is not
current.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from nbgrader.api import Gradebook
from sqlalchemy import Column, MetaData, String, Table, Text, select
from sqlalchemy.dialects.mysql import MEDIUMTEXT

from autograde.classroom import Classroom
from autograde.errors import AutogradeError
from autograde.records import Result, hash_bytes, result_from_record

RECORDS = Table(
    "autograde_record",
    MetaData(),
    Column("student", String(128), primary_key=True),
    Column("assignment", String(128), primary_key=True),
    Column("notebook", String(128), primary_key=True),
    Column("submission_sha256", String(64), nullable=False),
    Column("tests_sha256", String(64), nullable=False),
    # A plain TEXT of MySQL ends after 64 kB.
    Column(
        "record", Text().with_variant(MEDIUMTEXT(), "mysql", "mariadb"), nullable=False
    ),
)

State = Literal["missing", "collected", "stale", "graded", "failed", "needs a look"]
"""Of a student's notebook: "collected" is not graded yet, "stale" was graded by tests
that have changed since, "failed" ended early."""


@dataclass(frozen=True)
class Submission:
    """A student's notebook, submitted or not."""

    student: str
    assignment: str
    notebook: str

    @property
    def name(self) -> str:
        """Return student, assignment and notebook, for people."""
        parts = (self.student, self.assignment, self.notebook)
        return "/".join(dict.fromkeys(parts))


@dataclass(frozen=True)
class Standing:
    """How a student's notebook stands; `why` says in sentences what is to be known."""

    submission: Submission
    state: State
    why: tuple[str, ...] = ()

    @property
    def is_current(self) -> bool:
        """Return whether its grade is of the newest submission and of today's tests."""
        return self.state in ("graded", "failed", "needs a look")


def read_records(classroom: Classroom) -> list[Result]:
    """Return what is recorded of all graded notebooks; `notebook` is empty in each."""
    with classroom.gradebook() as gradebook:
        return [result_from_record(each) for each in _read_all(gradebook).values()]


def _read_all(gradebook: Gradebook) -> dict[Submission, Mapping[str, Any]]:
    RECORDS.metadata.create_all(gradebook.engine)
    key = RECORDS.c.student, RECORDS.c.assignment, RECORDS.c.notebook
    with gradebook.engine.connect() as connection:
        rows = connection.execute(select(*key, RECORDS.c.record).order_by(*key))
        return {Submission(*names): json.loads(text) for *names, text in rows}


def find_standings(classroom: Classroom) -> list[Standing]:
    """Return how each notebook of each student stands, in the order of the roster."""
    with classroom.gradebook() as gradebook:
        records = _read_all(gradebook)
    pairs = [(a, n) for a in classroom.assignments() for n in classroom.notebooks(a)]
    tests = {pair: hash_bytes(classroom.source(*pair).read_bytes()) for pair in pairs}
    students = [student.id for student in classroom.roster()]
    submitted = (classroom.root / "submitted").glob("*/*/*.ipynb")
    students += sorted({path.parts[-3] for path in submitted} - set(students))
    return [
        _find_standing(
            classroom, where, records.get(where), tests[where.assignment, where.notebook]
        )
        for student in students
        for where in (Submission(student, *pair) for pair in pairs)
    ]


def _find_standing(
    classroom: Classroom, where: Submission, known: Mapping[str, Any] | None, tests: str
) -> Standing:
    path = classroom.submitted(where.student, where.assignment, where.notebook)
    if not path.exists():
        return Standing(where, "missing")
    if known is None or known["submission_sha256"] != hash_bytes(path.read_bytes()):
        return Standing(where, "collected", ("It is not graded yet.",))
    if known["tests_sha256"] != tests:
        return Standing(where, "stale", ("Its tests have changed since it was graded.",))
    if known["trouble"]:
        return Standing(
            where, "failed", tuple(known["needs_look"]) or (known["trouble"],)
        )
    if known["needs_look"]:
        return Standing(where, "needs a look", tuple(known["needs_look"]))
    return Standing(where, "graded")


def find_pending(
    classroom: Classroom,
    assignments: Sequence[str] = (),
    students: Sequence[str] = (),
    *,
    again: bool = False,
) -> list[Submission]:
    """Return what is submitted and has no current grade, or `again` all of it.

    Only of these assignments and students, where any are named; raises `AutogradeError`
    for an assignment that the class does not have.
    """
    for name in assignments:
        if name not in classroom.assignments():
            known = ", ".join(classroom.assignments())
            raise AutogradeError(f"there is no assignment {name}; there are: {known}.")
    return [
        each.submission
        for each in find_standings(classroom)
        if each.state != "missing"
        and (again or not each.is_current)
        and (not assignments or each.submission.assignment in assignments)
        and (not students or each.submission.student in students)
    ]
