"""Run cells in a student's kernel, and see what came of them."""

from __future__ import annotations

import asyncio
import os
import textwrap
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Empty
from typing import Any

from autograde.sandbox import PreloadedParent, StudentKernel
from autograde.submission_records import Limits

SMALL = Limits(
    cpu_seconds=20,
    notebook_seconds=60,
    memory_mb=300,
    processes=40,
    file_mb=8,
    scratch_mb=16,
)
PRELOAD = ["autograde.sandbox.kernel_app"]
PATIENCE = 30.0


@dataclass(frozen=True)
class Ran:
    """What a cell printed, and the name of the error that ended it, if one did.

    `lost` says that the kernel ended meanwhile, or sent what is no message.
    """

    text: str
    error: str = ""
    lost: bool = False


async def run_cell(
    kernel: StudentKernel,
    source: str,
    seconds: float = PATIENCE,
    printed: asyncio.Event | None = None,
) -> Ran:
    """Run a cell and return what came of it; raise `TimeoutError` if it takes longer.

    `printed` is set once the cell has printed something.
    """
    request = kernel.client.execute(textwrap.dedent(source))
    text, error = "", ""
    async with asyncio.timeout(seconds):
        while True:
            try:
                message: Any = await kernel.client.get_iopub_msg(timeout=0.2)
            except Empty:
                if not await kernel.is_alive():
                    return Ran(text, error, lost=True)
                continue
            except (ValueError, TypeError, KeyError, AttributeError):
                return Ran(text, error, lost=True)
            content = message["content"]
            if not isinstance(content, dict):
                return Ran(text, error, lost=True)
            if message["parent_header"].get("msg_id") != request:
                continue
            text += content.get("text", "")
            if printed is not None and text:
                printed.set()
            error = content.get("ename", error)
            if content.get("execution_state") == "idle":
                return Ran(text, error)


async def wait_for(holds: Callable[[], bool], seconds: float = PATIENCE) -> None:
    """Return once something holds; raise `TimeoutError` if it takes too long."""
    async with asyncio.timeout(seconds):
        while not holds():
            await asyncio.sleep(0.02)


def run_in_kernel(
    parent: PreloadedParent,
    use: Callable[[StudentKernel], Awaitable[Any]],
    files: dict[str, bytes] | None = None,
) -> Any:
    """Return what `use` makes of a fresh kernel, which is killed afterwards."""

    async def run() -> Any:
        kernel = await StudentKernel.start(parent, files or {})
        try:
            return await use(kernel)
        finally:
            kernel.kill()

    return asyncio.run(run())


def run_cells(parent: PreloadedParent, *sources: str) -> Ran:
    """Run cells in a fresh kernel and return what came of the last one."""

    async def run(kernel: StudentKernel) -> Ran:
        for source in sources:
            ran = await run_cell(kernel, source)
        return ran

    result: Ran = run_in_kernel(parent, run)
    return result


@contextmanager
def small_parent(**changes: Any) -> Iterator[PreloadedParent]:
    """Offer a sandboxed parent whose limits are reached within seconds."""
    limits = Limits(**{**vars(SMALL), **changes})
    with PreloadedParent(sandboxed=True, preload=PRELOAD, limits=limits) as parent:
        yield parent


def find_processes(mark: str) -> list[int]:
    """Return the processes of this machine whose command line holds a mark."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            try:
                words = (folder / "cmdline").read_bytes()
            except OSError:
                continue  # it ended meanwhile
            if mark.encode() in words:
                found.append(int(folder.name))
    return found
