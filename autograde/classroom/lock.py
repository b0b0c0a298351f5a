"""One grader, or one collector, at a time on a class."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import filelock
from prompt_or_tune.files import write_atomically

from autograde.classroom.folder import Classroom
from autograde.errors import AutogradeError

LOCK = ".grading.lock"
HOLDER = ".grading.json"


@contextmanager
def lock_class(classroom: Classroom) -> Iterator[None]:
    """Hold a class: nobody else collects for it or grades it meanwhile.

    The system lets go when the process ends, however it does. Raises `AutogradeError`
    that says who holds it, or that the folder can't be written to.
    """
    lock = filelock.FileLock(classroom.root / LOCK, timeout=0)
    holder = classroom.root / HOLDER
    try:
        lock.acquire()
        write_atomically(holder, json.dumps(_describe_process()))
    except filelock.Timeout:
        raise AutogradeError(
            f"{classroom.root} is being graded or collected for already{_read(holder)}. "
            "Wait until that is done, or stop it; nothing graded is lost."
        ) from None
    except OSError as error:
        lock.release()
        raise AutogradeError(
            f"{classroom.root} can't be written to ({error}); nothing was changed."
        ) from None
    try:
        yield
    finally:
        with suppress(OSError):  # it only says who; the lock is what holds
            holder.unlink()
        lock.release()


def _describe_process() -> dict[str, str]:
    return {
        "process": str(os.getpid()),
        "machine": socket.gethostname(),
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _read(holder: Path) -> str:
    try:
        said = json.loads(holder.read_text())
        return " by process {process} on {machine}, since {since}".format(**said)
    except (OSError, ValueError, KeyError):  # it is just starting, or just done
        return ""
