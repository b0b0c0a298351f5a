"""Dask's workers, of this machine or a scheduler's; each has its preloaded parents."""

from __future__ import annotations

import ast
import importlib.util
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory

import dask
import nbformat
from distributed import Client, LocalCluster, Worker, WorkerPlugin

from autograde.classroom import Classroom
from autograde.errors import AutogradeError
from autograde.grading.job import Job
from autograde.grading.notebook_grader import grade_notebook
from autograde.grading.parents import Parents, start_parents
from autograde.submission_records import Limits, Result

SCHEDULER_SECONDS = 20.0
# Dask's own would keep 60 kB of each notebook in memory.
SHORT_LOGS = {
    "distributed.admin.log-length": 10,
    "distributed.admin.low-level-log-length": 10,
}


@contextmanager
def connect(workers: int | None, scheduler: str) -> Iterator[Client]:
    """Yield a client of the scheduler at an address, or of workers on this machine.

    Raises `AutogradeError` when nobody answers at the address.
    """
    if scheduler:
        with _connect_to(scheduler) as client:
            yield client
        return
    # One core for each worker: more threads would only stand in each other's way.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with (
        TemporaryDirectory(prefix="autograde-", ignore_cleanup_errors=True) as scratch,
        dask.config.set({**SHORT_LOGS, "temporary-directory": scratch}),
        LocalCluster(
            n_workers=workers or os.cpu_count() or 1,
            threads_per_worker=1,
            memory_limit=0,  # the sandbox bounds memory; Dask would end the worker
            dashboard_address="127.0.0.1:0",  # of this machine only, any free port
            worker_dashboard_address="127.0.0.1:0",
            silence_logs=logging.CRITICAL,
        ) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        client.register_plugin(ParentsCloser())
        yield client


def _connect_to(scheduler: str) -> Client:
    try:
        return Client(scheduler, timeout=SCHEDULER_SECONDS, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise AutogradeError(
            f"no Dask scheduler answers at {scheduler} ({error}); start one with "
            "`dask scheduler`, and workers with `dask worker ADDRESS --nthreads 1`."
        ) from None


# ── In a worker ─────────────────────────────────────────────────────────────────────────


def grade_on_worker(job: Job, preload: tuple[str, ...], trust: bool) -> Result:
    """Grade a job in a Dask worker, with the preloaded processes that it keeps."""
    return grade_notebook(job, _find_parents(preload, job.limits, trust))


_kept: dict[tuple[tuple[str, ...], Limits, bool], Parents] = {}


def _find_parents(preload: tuple[str, ...], limits: Limits, trust: bool) -> Parents:
    """Return this worker's preloaded processes; start them when the limits are new."""
    key = (preload, limits, trust)
    if key not in _kept:
        _close_parents()
        _kept[key] = start_parents(preload, limits, trust=trust)
    return _kept[key]


def _close_parents() -> None:
    for parents in _kept.values():
        parents.close()
    _kept.clear()


class ParentsCloser(WorkerPlugin):
    """Ends a worker's preloaded processes with it, and clears their folders away."""

    def teardown(self, worker: Worker) -> None:
        """Do so; Dask calls it when a worker closes."""
        _close_parents()


# ── What they import once, and not for each notebook ────────────────────────────────────


def find_imports(classroom: Classroom, assignments: set[str]) -> tuple[str, ...]:
    """Return the modules that the instructor's notebooks import, in order.

    A worker imports them once, and not for each notebook.
    """
    found: set[str] = set()
    for assignment in sorted(assignments):
        for notebook in classroom.notebooks(assignment):
            source = nbformat.read(classroom.source(assignment, notebook), as_version=4)
            for cell in source.cells:
                if cell.cell_type == "code":
                    found.update(_list_imports(cell.source))
    return tuple(sorted(name for name in found if _is_there(name)))


def _list_imports(text: str) -> Iterator[str]:
    try:
        tree = ast.parse(text)
    except SyntaxError:  # magics: what they import is imported when they run
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def _is_there(name: str) -> bool:
    return importlib.util.find_spec(name.partition(".")[0]) is not None
