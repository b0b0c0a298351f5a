"""Watch what a sandbox uses, from outside, and end it when that is too much."""

from __future__ import annotations

import contextlib
import os
import threading
import time

import psutil  # type: ignore[import-untyped]

from autograde.records import Limits
from autograde.sandbox.launching import Child
from autograde.sandbox.limits import MB

PAUSE = 0.2
MOST_UNREAD_MB = 512
"""By how much this process may grow meanwhile. Messages that come in faster than they
are read pile up here, where none of the sandbox's limits counts them."""

FAIR_CORES, FAIR_PROCESSES = 1.2, 6
"""What computes with more than that goes last, so that others are not starved of time."""
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
        self._started = self._measured = time.monotonic()
        self._size_at_start = psutil.Process().memory_info().rss / MB
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop watching; the last numbers stay."""
        self._enough.set()
        if self._thread is not threading.current_thread():
            self._thread.join()

    def _watch(self) -> None:
        while not self._enough.wait(PAUSE) and self._child.is_alive():
            self._measure()
            if broken := self._find_broken_limit():
                self.broken_limit = broken
                self._child.stop()
                return
        if self._child.has_run_out_of_memory():
            self.broken_limit = f"more than {self._limits.memory_mb} MB of memory"

    def _measure(self) -> None:
        memory = cpu = 0.0
        now = time.monotonic()
        with contextlib.suppress(psutil.Error):
            first = psutil.Process(self._child.pid)
            self._processes = [first, *first.children(recursive=True)]
        for process in self._processes:
            with contextlib.suppress(psutil.Error):
                times = process.cpu_times()
                cpu += times.user + times.system
                cpu += times.children_user + times.children_system
                memory += _measure_memory(process)
        cores = (cpu - self.cpu_seconds) / (now - self._measured)
        if cores > FAIR_CORES or len(self._processes) > FAIR_PROCESSES:
            _put_last(self._processes)
        self._measured = now
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


def _put_last(processes: list[psutil.Process]) -> None:
    """Let every thread compute only when nobody else wants to; what it starts, too."""
    for process in processes:
        with contextlib.suppress(psutil.Error, OSError):
            for thread in process.threads():
                os.setpriority(os.PRIO_PROCESS, thread.id, LAST)


def _measure_memory(process: psutil.Process) -> float:
    """Return the memory of a process in MB; what it shares counts by its share."""
    try:
        memory = process.memory_full_info()
    except psutil.AccessDenied:
        memory = process.memory_info()
    size: int = getattr(memory, "pss", memory.rss)
    return size / MB
