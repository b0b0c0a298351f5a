"""Watch what a sandbox uses, from outside, and end it when that is too much."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from autograde.sandbox.child import Child
from autograde.sandbox.limits import MB
from autograde.submission_records import Limits

PAUSE = 0.2
MOST_UNREAD_MB = 512
"""By how much this process may grow meanwhile. Messages that come in faster than they
are read pile up here, where none of the sandbox's limits counts them."""

MOST_RUNNABLE = 3
"""Threads that compute at once. Whoever has more goes last from then on: a machine that
is full of them would starve its other submissions of time."""
LAST = 19


class Watcher:
    """A thread that stops a child which goes beyond its limits.

    `broken_limit` is empty, or says which limit it was, as in "It used …". Memory and
    CPU time are of all processes inside together.
    """

    def __init__(self, child: Child, limits: Limits) -> None:
        self.broken_limit = ""
        self.peak_memory_mb = 0.0
        self.cpu_seconds = 0.0
        self._child = child
        self._limits = limits
        self._processes: list[psutil.Process] = []
        self._started = time.monotonic()
        self._size_at_start = psutil.Process().memory_info().rss / MB
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Measure once more and stop watching; the last numbers stay."""
        self._enough.set()
        if self._thread is not threading.current_thread():
            self._thread.join()

    def _watch(self) -> None:
        try:
            self._watch_until_asked()
        except Exception:  # unwatched, nothing may run on
            self.broken_limit = "more than can be watched"
            self._child.stop()
            raise

    def _watch_until_asked(self) -> None:
        asked_to_end = False
        while self._child.is_alive():
            self._measure()
            if broken := self._find_broken_limit():
                self.broken_limit = broken
                self._child.stop()
                return
            if asked_to_end:
                return
            asked_to_end = self._enough.wait(PAUSE)
        if self._child.has_run_out_of_memory():
            self.broken_limit = f"more than {self._limits.memory_mb} MB of memory"

    def _measure(self) -> None:
        memory = cpu = 0.0
        with contextlib.suppress(psutil.Error):
            first = psutil.Process(self._child.pid)
            self._processes = [first, *first.children(recursive=True)]
        for process in self._processes:
            with contextlib.suppress(psutil.Error):
                times = process.cpu_times()
                cpu += times.user + times.system
                cpu += times.children_user + times.children_system
                memory += _measure_memory(process)
        _put_last_if_many(self._processes)
        self.cpu_seconds = max(self.cpu_seconds, cpu)
        self.peak_memory_mb = max(self.peak_memory_mb, memory)

    def _find_broken_limit(self) -> str:
        limits = self._limits
        if self.peak_memory_mb > limits.memory_mb:
            return f"more than {limits.memory_mb} MB of memory"
        if self.cpu_seconds > limits.cpu_seconds:
            return f"more than {limits.cpu_seconds:g} s of computing time"
        if time.monotonic() - self._started > limits.notebook_seconds:
            return f"more than {limits.notebook_seconds:g} s"
        size = psutil.Process().memory_info().rss / MB
        if size - self._size_at_start > MOST_UNREAD_MB:
            return "more messages than can be read"
        return ""


def _put_last_if_many(processes: list[psutil.Process]) -> None:
    """Let threads compute only when nobody else wants to, if there are many of them."""
    threads, runnable = [], 0
    for process in processes:
        for folder in Path(f"/proc/{process.pid}/task").glob("*"):
            with contextlib.suppress(OSError):  # it ended meanwhile
                words = (folder / "stat").read_text().rpartition(")")[2].split()
                threads.append(int(folder.name))
                runnable += words[0] == "R"
    if runnable > MOST_RUNNABLE:
        for thread in threads:
            with contextlib.suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, thread, LAST)


def _measure_memory(process: psutil.Process) -> float:
    """Return the memory of a process in MB; what it shares counts by its share."""
    try:
        memory = process.memory_full_info()
    except psutil.AccessDenied:
        memory = process.memory_info()
    size: int = getattr(memory, "pss", memory.rss)
    return size / MB
