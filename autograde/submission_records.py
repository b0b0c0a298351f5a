"""What is known of a submission on its way: received, repaired, graded, recorded.

Frozen and plain, so that they travel between processes and into the gradebook as JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from typing import Any, Literal

from nbformat import NotebookNode

Mode = Literal["apart", "together"]
Outcome = Literal["passed", "partial", "failed", "not run", "manual"]
"""Of a graded cell. "not run" is what came after a crash or a limit."""


def hash_bytes(data: bytes) -> str:
    """Return the SHA-256 of bytes, in hexadecimal."""
    return sha256(data).hexdigest()


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
class Limits:
    """What one submission may use; sizes in MB of 2**20 bytes, times in seconds."""

    cell_seconds: float = 120.0
    notebook_seconds: float = 600.0
    cpu_seconds: float = 600.0
    memory_mb: int = 2048
    processes: int = 64
    file_mb: int = 64
    scratch_mb: int = 128
    output_mb: float = 4.0


@dataclass(frozen=True)
class Received:
    """One version of a notebook that came in; a line of received/received.jsonl.

    `submitted_at` is ISO 8601 with a time zone. `repaired_sha256` is of the copy that was
    put into submitted/, empty for a version that was never the newest.
    """

    sha256: str
    name: str
    student: str
    assignment: str
    notebook: str
    submitted_at: str
    repaired_sha256: str = ""

    @property
    def submission(self) -> Submission:
        """Return whose notebook it is."""
        return Submission(self.student, self.assignment, self.notebook)


@dataclass(frozen=True)
class Repair:
    """Something that was put right, or that a human must decide; `said` is a sentence.

    `kind` is one of a few words (moved, split, duplicated, deleted, retyped, edited test,
    lost marks, own cell, …); `grade_id` is empty when it concerns the whole notebook.
    """

    kind: str
    grade_id: str
    said: str


@dataclass(frozen=True)
class Repaired:
    """A clean copy of the released notebook with a student's answers in it."""

    notebook: NotebookNode
    repairs: tuple[Repair, ...] = ()
    doubts: tuple[Repair, ...] = ()


@dataclass(frozen=True)
class CellResult:
    """What became of one graded cell.

    `points` is None for a cell that only a human grades. `message` is what the check said
    of a failure that the student may read in full; a hidden test gives only its `case`.
    `note` is for the instructor, such as partial credit that was clipped.
    """

    grade_id: str
    outcome: Outcome
    points: float | None
    max_points: float
    message: str = ""
    hidden_case: str = ""
    note: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class Result:
    """What became of one submitted notebook; `notebook` is the executed one, as JSON.

    `trouble` is empty, or says why grading ended early (a crash, a limit) or could not
    begin. `needs_look` lists in sentences why a human should look.
    """

    student: str
    assignment: str
    notebook_name: str
    submission_sha256: str
    release_sha256: str
    tests_sha256: str
    mode: Mode
    cells: tuple[CellResult, ...]
    notebook: str
    repairs: tuple[Repair, ...] = ()
    doubts: tuple[Repair, ...] = ()
    trouble: str = ""
    needs_look: tuple[str, ...] = ()
    graded_at: str = ""
    seconds: float = 0.0
    own_seconds: float = 0.0
    peak_memory_mb: float = 0.0
    versions: Mapping[str, str] = field(default_factory=dict)

    @property
    def submission(self) -> Submission:
        """Return whose notebook it is."""
        return Submission(self.student, self.assignment, self.notebook_name)

    @property
    def points(self) -> float:
        """Return the points of the cells that are graded by machine."""
        return sum(cell.points or 0.0 for cell in self.cells)

    def to_record(self) -> dict[str, Any]:
        """Return all but the notebook as plain data: what the gradebook keeps."""
        record = asdict(self)
        del record["notebook"]
        return record

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Result:
        """Return the result that `to_record` wrote; its notebook is empty.

        Raises `TypeError` for another shape.
        """
        parts = {
            "cells": tuple(CellResult(**cell) for cell in record["cells"]),
            "repairs": tuple(Repair(**each) for each in record["repairs"]),
            "doubts": tuple(Repair(**each) for each in record["doubts"]),
            "needs_look": tuple(record["needs_look"]),
        }
        return cls(**{**record, **parts, "notebook": ""})
