"""How much memory there is: the machine's, or the share that a container has of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import psutil  # type: ignore[import-untyped]

CONTROL_GROUP = Path("/sys/fs/cgroup")  # of this container, seen from its inside


@dataclass(frozen=True)
class Memory:
    """Bytes of memory: all there is, and what can be had of it without swapping."""

    total: float
    available: float


def measure_memory() -> Memory:
    """Measure the machine's memory; a container's limit counts where it is lower."""
    machine = psutil.virtual_memory()
    container = _measure_container(CONTROL_GROUP)
    return Memory(
        min(machine.total, container.total), min(machine.available, container.available)
    )


def _measure_container(root: Path) -> Memory:
    """Return the limit on this container's memory and what it leaves (cgroup v2, v1).

    psutil reads the machine's numbers only, and inside a container those mislead. Files
    that the kernel keeps at hand count as used there, but it gives them back.
    """
    for limit, used, kept in (
        ("memory.max", "memory.current", "inactive_file"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes",
         "total_inactive_file"),
    ):  # fmt: skip
        try:
            total = float((root / limit).read_text())
            taken = float((root / used).read_text())
            statistics = (root / limit).with_name("memory.stat").read_text()
        except (OSError, ValueError):  # no such file, or "max": no limit
            continue
        counts = dict(line.split() for line in statistics.splitlines())
        return Memory(total, total - taken + float(counts.get(kept, 0)))
    return Memory(math.inf, math.inf)
