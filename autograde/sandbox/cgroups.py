"""Bound memory and processes with control groups (cgroup v2), where some are lent to us.

The kernel then counts also what no process maps: files in memory, pipes, sockets. A
service manager lends a part of the tree with `systemd-run --user --pty -p Delegate=yes
-p DelegateSubgroup=grader autograde grade`; without that, limits per process and the
watcher do what they can.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from pathlib import Path

from autograde.sandbox.limits import MB
from autograde.submission_records import Limits

NEEDED = {"memory", "pids"}
EMPTY_SECONDS = 2.0
CGROUPS = Path("/sys/fs/cgroup")
OWN_GROUP = Path("/proc/self/cgroup")


@dataclass(frozen=True)
class ControlGroup:
    """The group of one child."""

    folder: Path

    @classmethod
    def make(cls, tree: Path, name: str, limits: Limits) -> ControlGroup:
        """Return a new group below a tree that is lent; raise `OSError` if refused."""
        folder = tree / name
        folder.mkdir()
        # Its scratch folder is memory too.
        most = (limits.memory_mb + limits.scratch_mb) * MB
        (folder / "memory.max").write_text(str(most))
        (folder / "memory.oom.group").write_text("1")
        (folder / "pids.max").write_text(str(limits.processes + 1))  # and process 1
        with contextlib.suppress(OSError):  # absent where there is no swap
            (folder / "memory.swap.max").write_text("0")
        return cls(folder)

    def add(self, pid: int) -> None:
        """Put a process into the group, with all that it forks from now on."""
        (self.folder / "cgroup.procs").write_text(str(pid))

    def has_run_out_of_memory(self) -> bool:
        """Return whether the kernel killed the group for its memory."""
        with contextlib.suppress(OSError):
            for line in (self.folder / "memory.events").read_text().splitlines():
                name, _, count = line.partition(" ")
                if name == "oom_kill":
                    return int(count) > 0
        return False

    def remove(self) -> None:
        """Kill what is in the group and remove it."""
        with contextlib.suppress(OSError):
            (self.folder / "cgroup.kill").write_text("1")
        deadline = time.monotonic() + EMPTY_SECONDS
        while time.monotonic() < deadline:
            try:
                self.folder.rmdir()
            except FileNotFoundError:
                return
            except OSError:  # the last processes are still going
                time.sleep(0.005)


def find_tree(root: Path, own: Path) -> Path | None:
    """Return a folder below `root` where groups can be made, or None.

    `own` says which group this process is in; the folder is the one above that: a group
    that divides its memory may hold no process itself.
    """
    with contextlib.suppress(OSError):
        for line in own.read_text().splitlines():
            if line.startswith("0::/") and len(line) > len("0::/"):
                tree = (root / line.removeprefix("0::/")).parent
                if tree != root and tree.is_relative_to(root) and _is_lent(tree):
                    return tree
    return None


def _is_lent(tree: Path) -> bool:
    """Return whether we may divide a group's memory and processes; switch that on."""
    if not (tree / "cgroup.controllers").is_file():
        return False
    if not set((tree / "cgroup.controllers").read_text().split()) >= NEEDED:
        return False
    switch = tree / "cgroup.subtree_control"
    if not set(switch.read_text().split()) >= NEEDED:
        switch.write_text(" ".join(f"+{name}" for name in sorted(NEEDED)))
    return True
