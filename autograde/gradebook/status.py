"""How a class stands: what is submitted, what is graded, and whether that is current.

A grade belongs to the bytes that lie in submitted/ and to today's tests, or it is not
current.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Any, Literal

from autograde.classroom import Classroom
from autograde.errors import AutogradeError
from autograde.gradebook.result_table import read_records
from autograde.submission_records import Submission, hash_bytes

State = Literal["missing", "collected", "stale", "graded", "failed", "needs a look"]
"""Of a student's notebook: "collected" is not graded yet, "stale" was graded by tests
that have changed since, "failed" ended early."""


@dataclass(frozen=True)
class NotebookStatus:
    """How a student's notebook stands; `why` says in sentences what is to be known."""

    submission: Submission
    state: State
    why: tuple[str, ...] = ()

    @property
    def is_current(self) -> bool:
        """Return whether its grade is of the newest submission and of today's tests."""
        return self.state in ("graded", "failed", "needs a look")


def read_statuses(classroom: Classroom) -> list[NotebookStatus]:
    """Return how each notebook of each student stands, in the order of the roster."""
    with classroom.gradebook() as gradebook:
        records = read_records(gradebook)
    pairs = [(a, n) for a in classroom.assignments() for n in classroom.notebooks(a)]
    tests = {pair: hash_bytes(classroom.source(*pair).read_bytes()) for pair in pairs}
    students = [student.id for student in classroom.roster()]
    submitted = (classroom.root / "submitted").glob("*/*/*.ipynb")
    students += sorted({path.parts[-3] for path in submitted} - set(students))
    return [
        _find_status(
            classroom, where, records.get(where), tests[where.assignment, where.notebook]
        )
        for student in students
        for where in (Submission(student, *pair) for pair in pairs)
    ]


def _find_status(
    classroom: Classroom, where: Submission, known: Mapping[str, Any] | None, tests: str
) -> NotebookStatus:
    path = classroom.submitted(*astuple(where))
    if not path.exists():
        return NotebookStatus(where, "missing")
    if known is None or known["submission_sha256"] != hash_bytes(path.read_bytes()):
        return NotebookStatus(where, "collected", ("It is not graded yet.",))
    if known["tests_sha256"] != tests:
        why = "Its tests have changed since it was graded."
        return NotebookStatus(where, "stale", (why,))
    looks = tuple(known["needs_look"])
    if known["trouble"]:
        return NotebookStatus(where, "failed", looks or (known["trouble"],))
    return NotebookStatus(where, "needs a look" if looks else "graded", looks)


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
        for each in read_statuses(classroom)
        if each.state != "missing"
        and (again or not each.is_current)
        and (not assignments or each.submission.assignment in assignments)
        and (not students or each.submission.student in students)
    ]
