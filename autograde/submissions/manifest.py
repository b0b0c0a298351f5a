"""The list of all versions received: which counts, and what it was."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, astuple
from datetime import datetime

from autograde.classroom import Classroom
from autograde.submission_records import Received, Submission, hash_bytes
from autograde.submissions.placement import read_file_name


def find_newest(versions: Iterable[Received]) -> dict[Submission, Received]:
    """Return the version that counts of each student's notebook.

    It is the one sent last; of equal times that of the highest attempt, then the one
    received last.
    """
    newest: dict[Submission, Received] = {}
    for version in versions:
        known = newest.get(version.submission)
        if known is None or find_age(version) >= find_age(known):
            newest[version.submission] = version
    return newest


def find_age(version: Received) -> tuple[datetime, int]:
    """Return what orders versions: when it was sent, and which attempt it says it is."""
    name = version.name.rpartition("/")[2]
    return datetime.fromisoformat(version.submitted_at), read_file_name(name).attempt


def read_original(classroom: Classroom, version: Received) -> bytes | None:
    """Return the bytes from which the copy in submitted/ was repaired.

    None when that is not so: when the copy was changed by hand since, it is as whoever
    changed it wants it.
    """
    submitted = classroom.submitted(*astuple(version.submission))
    original = classroom.received(version.sha256)
    if not submitted.exists() or not original.exists():
        return None
    is_ours = hash_bytes(submitted.read_bytes()) == version.repaired_sha256
    return original.read_bytes() if is_ours else None


def append_version(classroom: Classroom, version: Received) -> None:
    """Append a line to the manifest; half a line of a killed run ends before it."""
    path = classroom.manifest
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as file:
        file.seek(0, os.SEEK_END)
        if file.tell():
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                file.write(b"\n")
        file.write(json.dumps(asdict(version)).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
