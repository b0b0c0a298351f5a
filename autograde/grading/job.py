"""What a worker is given to grade one notebook."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from autograde.submission_records import Limits, Mode


@dataclass(frozen=True)
class Job:
    """One notebook to grade: all that a worker needs, on whatever machine it is.

    `submitted` is the copy in submitted/, `original` what it was made of, if that is
    known. `released` and `source` are nbgrader's release and the instructor's notebook;
    `files` are what lies beside the release, by relative path.
    """

    student: str
    assignment: str
    notebook: str
    submitted: bytes
    released: bytes
    source: bytes
    original: bytes | None = None
    files: Mapping[str, bytes] = field(default_factory=dict)
    mode: Mode = "apart"
    seed: int = 0
    limits: Limits = field(default_factory=Limits)
