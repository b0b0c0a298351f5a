"""What this machine has and what is missing: the report to paste into a bug report."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

GIB = 1024**3

# What the package cannot run without, then what only parts of the course need.
REQUIRED = ("torch", "transformers", "peft", "tokenizers", "safetensors", "matplotlib")
REQUIRED_BY_COMMAND = ("typer", "rich")
OPTIONAL = (
    ("ipywidgets", "the notebooks' widgets"),
    ("jupyterlab", "`make lab`"),
    ("nbgrader", "grading"),
    ("accelerate", "transformers.Trainer, which only a benchmark compares with"),
)
SHIPPED = (
    ("Seedling's weights", "seedling/weights/model.safetensors"),
    ("Seedling's tokenizer", "seedling/weights/tokenizer.json"),
    ("the recorded results", "results.json"),
)
LEAST_MEMORY = 2 * GIB
LEAST_DISK = 1 * GIB


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    `advice` is empty when all is well; otherwise it says what to do about it.
    """

    group: str
    name: str
    value: str
    advice: str = ""

    @property
    def well(self) -> bool:
        """Say whether nothing needs doing."""
        return not self.advice


def examine() -> tuple[Finding, ...]:
    """Look at versions, machine, folders and shipped files; change nothing, call nobody.

    Paths are given relative to the home folder ("~"), so that a report can be pasted in
    public.
    """
    return (
        *_examine_versions(),
        *_examine_machine(),
        *_examine_folders(),
        *_examine_shipped_files(),
    )


def _examine_versions() -> Iterator[Finding]:
    yield Finding(
        "versions", "prompt-or-tune", _version("prompt-or-tune") or "from source"
    )
    yield Finding("versions", "python", platform.python_version())
    for package in (*REQUIRED, *REQUIRED_BY_COMMAND):
        version = _version(package)
        advice = "" if version else f"install it: pip install {package}"
        yield Finding("versions", package, version or "missing", advice)
    for package, purpose in OPTIONAL:
        version = _version(package)
        yield Finding("versions", package, version or f"not installed ({purpose})")


def _version(package: str) -> str | None:
    # Asked of the metadata: importing torch to ask for its version takes seconds.
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _examine_machine() -> Iterator[Finding]:
    yield Finding("machine", "system", f"{platform.system()} {platform.release()}")
    yield Finding("machine", "processor", platform.machine() or "unknown")
    yield Finding("machine", "cores", _count_cores())
    yield _examine_memory()
    yield _examine_device()


def _count_cores() -> str:
    """Return the cores of the machine, and how many of them this process may use."""
    total = os.cpu_count() or 1
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else total
    return str(total) if usable == total else f"{total}, {usable} of them usable"


def _examine_memory() -> Finding:
    available, total = measure_memory()
    if total is None:
        return Finding("machine", "memory", "unknown")
    value = f"{total / GIB:.1f} GiB"
    if available is not None:
        value += f", {available / GIB:.1f} GiB of it free"
    advice = ""
    if available is not None and available < LEAST_MEMORY:
        advice = f"close something: about {LEAST_MEMORY // GIB} GiB free are needed"
    return Finding("machine", "memory", value, advice)


def measure_memory() -> tuple[int | None, int | None]:
    """Return the available and the total memory in bytes, `None` where unknown.

    A container's own limit counts where it is lower than the machine's memory.
    """
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return None, None
    available = _read_available_memory()
    limit = _read_container_limit()
    if limit is not None and limit < total:
        total = limit
        available = min(available, limit) if available is not None else None
    return available, total


def _read_available_memory() -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    for line in lines:
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return None


def _read_container_limit() -> int | None:
    try:
        text = Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii").strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None


def _examine_device() -> Finding:
    try:
        import torch
    except Exception as error:  # a broken install raises almost anything
        first_line = (str(error) or type(error).__name__).splitlines()[0]
        advice = f"reinstall torch: it cannot be imported ({first_line})"
        return Finding("machine", "device", "unknown", advice)
    threads = f"{torch.get_num_threads()} threads"
    if not torch.cuda.is_available():
        return Finding("machine", "device", f"CPU, {threads} (no CUDA GPU was found)")
    properties = torch.cuda.get_device_properties(0)
    memory = f"{properties.total_memory / GIB:.0f} GiB"
    capability = f"compute capability {properties.major}.{properties.minor}"
    return Finding("machine", "device", f"{properties.name}, {memory}, {capability}")


def _examine_folders() -> Iterator[Finding]:
    for name, folder in _list_folders():
        yield _examine_folder(name, folder)


def _list_folders() -> Iterator[tuple[str, Path]]:
    yield "working folder", Path.cwd()
    yield "temporary folder", Path(tempfile.gettempdir())
    hub = os.environ.get("HF_HOME") or Path.home() / ".cache" / "huggingface"
    yield "model cache", Path(hub)


def _examine_folder(name: str, folder: Path) -> Finding:
    shown = abbreviate(folder)
    present = next(f for f in (folder, *folder.parents) if f.exists())
    if not is_writable(present):
        advice = f"make {shown} writable, or run from a folder that is"
        return Finding("folders", name, f"{shown}: not writable", advice)
    free = shutil.disk_usage(present).free
    advice = (
        "" if free >= LEAST_DISK else f"free some space: under 1 GiB is left on {shown}"
    )
    return Finding("folders", name, f"{shown}: {free / GIB:.1f} GiB free", advice)


def is_writable(folder: Path) -> bool:
    """Say whether a file can be made in the folder, by making one and removing it.

    `os.access` answers from the permission bits alone, and is wrong on read-only mounts
    and for root.
    """
    try:
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"x")
            probe.flush()
    except OSError:
        return False
    return True


def abbreviate(path: Path) -> str:
    """Return the path with the home folder written as "~"."""
    home = Path.home()
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)


def _examine_shipped_files() -> Iterator[Finding]:
    package = Path(__file__).parent
    for name, relative in SHIPPED:
        file = package / relative
        if file.is_file():
            yield Finding(
                "shipped", name, f"{relative}, {file.stat().st_size / 1e6:.1f} MB"
            )
        else:
            advice = "reinstall the package: this file belongs to it"
            yield Finding("shipped", name, f"{relative}: missing", advice)
