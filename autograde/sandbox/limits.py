"""Bound what one process may use; what all of them use together, `watcher` bounds."""

from __future__ import annotations

import resource
import sys

import psutil  # type: ignore[import-untyped]

from autograde.submission_records import Limits

MB = 2**20
OPEN_FILES = 256


def apply_limits(limits: Limits, *, count_processes: bool) -> None:
    """Put the limits on this process and all that come from it, for good.

    Memory is counted from what is mapped now, which is the preloaded libraries. The
    number of processes belongs to a user: it is left alone where this user also has
    processes of another purpose.
    """
    wanted = {
        "RLIMIT_CORE": 1,  # not 0: that still starts a program which collects dumps
        "RLIMIT_CPU": max(1, round(limits.cpu_seconds)),
        "RLIMIT_FSIZE": limits.file_mb * MB,
        "RLIMIT_NOFILE": OPEN_FILES,
        "RLIMIT_MSGQUEUE": 0,
    }
    if count_processes:
        wanted["RLIMIT_NPROC"] = limits.processes
    if sys.platform == "linux":
        mapped = psutil.Process().memory_info()
        wanted["RLIMIT_DATA"] = mapped.data + limits.memory_mb * MB
        # Threads reserve far more than they use, and that counts here.
        wanted["RLIMIT_AS"] = mapped.vms + 2 * limits.memory_mb * MB
    for name, most in wanted.items():
        if (number := getattr(resource, name, None)) is not None:
            _, hard = resource.getrlimit(number)
            if hard != resource.RLIM_INFINITY:
                most = min(most, hard)
            resource.setrlimit(number, (most, most))
