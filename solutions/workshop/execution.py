"""Execute notebooks, each in a kernel of its own, and keep what they show.

Papermill writes each notebook as far as it came, also where a cell fails; the page beside
it is for people without Jupyter.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import nbformat
import papermill
from nbconvert import HTMLExporter
from papermill.exceptions import PapermillExecutionError
from prompt_or_tune.files import write_atomically

KERNEL = "python3"
QUIET_KERNEL = ["--log-level=ERROR"]  # else each warns that this machine can read it
CELL_TIMEOUT = 300
"""Seconds. No cell of the course takes a tenth of it on a quiet machine."""


@dataclass(frozen=True)
class Execution:
    """What became of one notebook; `fault` is empty when every cell ran."""

    name: str
    seconds: float
    fault: str = ""


def execute(source: Path, target: Path, *, to_the_end: bool = False) -> Execution:
    """Execute a notebook into another file; the target's folder is where it runs.

    A failing cell is told in the result. It stops the notebook, unless that is to go on
    to the end all the same; of several, the last is told.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    fault = ""
    try:
        papermill.execute_notebook(
            source,
            target,
            kernel_name=KERNEL,
            cwd=target.parent,
            progress_bar=False,
            execution_timeout=CELL_TIMEOUT,
            allow_errors=to_the_end,
            extra_arguments=QUIET_KERNEL,
        )
    except PapermillExecutionError as error:
        fault = f"cell {error.cell_index}: {error.ename}: {error.evalue}"
    return Execution(source.stem, time.monotonic() - started, fault)


def execute_all(
    sources: Sequence[Path], folder: Path, jobs: int, *, to_the_end: bool = False
) -> Iterator[Execution]:
    """Execute notebooks into a folder, `jobs` at a time; yield each as it is done.

    The progress that they record goes into that folder too, and is not the user's own.
    """
    # A fresh interpreter for each worker: nothing of a test or of Jupyter is inherited.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        jobs, mp_context=context, initializer=_prepare_worker, initargs=(folder, jobs)
    ) as pool:
        running = [
            pool.submit(
                execute, source, folder / source.stem / source.name, to_the_end=to_the_end
            )
            for source in sources
        ]
        for done in as_completed(running):
            yield done.result()


def _prepare_worker(folder: Path, jobs: int) -> None:
    """Set what kernels inherit: a place for progress, and their share of the cores."""
    os.environ["PROMPT_OR_TUNE_DATA"] = str(folder / "progress")
    threads = max(1, (os.cpu_count() or 1) // jobs)
    os.environ.setdefault("OMP_NUM_THREADS", str(threads))


def write_page(notebook: Path) -> Path:
    """Write an executed notebook as one HTML page beside it; return the page."""
    page, _ = HTMLExporter().from_notebook_node(nbformat.read(notebook, as_version=4))
    return write_atomically(notebook.with_suffix(".html"), page)
