"""A process that was forked for one notebook, as the host holds it."""

from __future__ import annotations

import contextlib
import multiprocessing.connection
import os
import select
import shutil
import signal
import socket
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]

from autograde.sandbox.cgroups import ControlGroup

CHILD_SECONDS = 30.0
"""Until a child has set itself apart: milliseconds, but on a machine that is busy."""


class Child:
    """A process that a preloaded parent forked, and all that came from it.

    `connection` is for children that are trusted: what it receives may be a pickle. `pid`
    is the number, here, of process 1 of the child's namespaces, or of the process itself
    where it has none; `sockets` are paths of listening sockets that the child holds.
    """

    def __init__(
        self,
        channel: socket.socket,
        handles: Sequence[int],
        worker: int,
        folder: Path,
        sockets: Sequence[Path],
        group: ControlGroup | None = None,
    ) -> None:
        self.connection: Any = multiprocessing.connection.Connection(channel.detach())
        self.sockets = tuple(sockets)
        self._handles = list(handles)
        self._folder = folder
        self._group = group
        self._dead = False
        self._lock = threading.Lock()
        self.pid = read_pid(handles[0]) if handles else worker
        self._sandboxed = len(handles) > 1 and read_pid(handles[1]) != self.pid

    def is_alive(self) -> bool:
        """Return whether the process that does the job still runs."""
        with self._lock:
            if self._dead:
                return False
            if self._handles:
                return not _has_ended(self._handles[-1], 0)
            with contextlib.suppress(psutil.Error):
                return psutil.Process(self.pid).status() != psutil.STATUS_ZOMBIE
            return False

    def interrupt(self) -> None:
        """Send SIGINT to the process that does the job; nothing if it has ended."""
        with self._lock, contextlib.suppress(ProcessLookupError):
            if self._handles:
                signal.pidfd_send_signal(self._handles[-1], signal.SIGINT)
            elif not self._dead:
                os.kill(self.pid, signal.SIGINT)

    def has_run_out_of_memory(self) -> bool:
        """Return whether the kernel killed it for memory, where control groups count."""
        return self._group is not None and self._group.has_run_out_of_memory()

    def stop(self) -> None:
        """Kill everything inside; `kill` clears away what is left of it here."""
        with self._lock:
            if self._dead:
                return
            if not self._sandboxed:
                kill_tree(self.pid)
            with contextlib.suppress(ProcessLookupError):
                if self._handles:
                    signal.pidfd_send_signal(self._handles[0], signal.SIGKILL)

    def kill(self) -> None:
        """Kill everything inside, wait until it is gone, remove its folder."""
        self.stop()
        with self._lock:
            if self._dead:
                return
            self._dead = True
            if self._handles:
                _has_ended(self._handles[0], CHILD_SECONDS)
            for handle in self._handles:
                os.close(handle)
            self._handles = []
            if self._group is not None:
                self._group.remove()
            self.connection.close()
            shutil.rmtree(self._folder, ignore_errors=True)


def read_pid(handle: int) -> int:
    """Return the number that a process has here, from its handle."""
    for line in Path(f"/proc/self/fdinfo/{handle}").read_text().splitlines():
        name, _, value = line.partition(":")
        if name == "Pid" and int(value) > 0:
            return int(value)
    raise ProcessLookupError("it has ended")


def _has_ended(handle: int, seconds: float) -> bool:
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    return bool(poll.poll(seconds * 1000))


def kill_tree(pid: int) -> None:
    """Kill a process and what it started; what left it before, nobody can find."""
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        for each in [*process.children(recursive=True), process]:
            with contextlib.suppress(psutil.Error):
                each.kill()
