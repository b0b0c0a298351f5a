"""The two preloaded processes of a worker, from which each notebook's own are forked."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from autograde.errors import NoSandboxError
from autograde.sandbox import PreloadedParent, find_fault
from autograde.submission_records import Limits

# What every notebook needs beside its own imports, in either process.
STUDENT_IMPORTS = ("autograde.sandbox.kernel_app", "autograde.apart.answers")
TRUSTED_IMPORTS = (
    "autograde.apart.grade_process",
    "autograde.apart.grade_shell",
    "autograde.apart.proxies",
)


@dataclass(frozen=True)
class Parents:
    """Students' kernels are forked from one, processes for grade cells from the other."""

    student: PreloadedParent
    trusted: PreloadedParent

    def close(self) -> None:
        """End both."""
        self.student.close()
        self.trusted.close()


def start_parents(preload: Sequence[str], limits: Limits, *, trust: bool) -> Parents:
    """Start the two preloaded processes of a worker.

    Raises `NoSandboxError` when none can be made here and nobody said `trust`.
    """
    fault = None if trust else find_fault()
    if fault:
        raise NoSandboxError(fault)

    def start(sandboxed: bool, needed: Sequence[str]) -> PreloadedParent:
        return PreloadedParent(
            sandboxed=sandboxed, preload=[*needed, *preload], limits=limits
        )

    with ThreadPoolExecutor(2) as pool:  # both spend seconds on importing
        student = pool.submit(start, not trust, STUDENT_IMPORTS)
        trusted = pool.submit(start, False, TRUSTED_IMPORTS)
        return Parents(student.result(), trusted.result())
