"""Grade a class: what has no current grade goes to Dask's workers, and comes back.

Workers only compute. This one process reads submissions and writes results, each in one
transaction, so it may be stopped at any time and run again.
"""

from __future__ import annotations

import ast
import importlib.util
import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import dask
import nbformat
from distributed import Client, Future, LocalCluster, as_completed

from autograde import grading
from autograde.classroom import Classroom
from autograde.errors import AutogradeError, NoSandboxError
from autograde.gradebook.recording import (
    Submission,
    find_pending,
    forget_grade,
    holding,
    record,
)
from autograde.grading import Job
from autograde.records import Limits, Received, Result
from autograde.sandbox import is_visible_inside
from autograde.submissions.collecting import find_newest, read_original

Key = tuple[str, str, str]
"""Student, assignment, notebook."""
SCHEDULER_SECONDS = 20.0
# Dask's own would keep 60 kB of each notebook in memory.
SHORT_LOGS = {
    "distributed.admin.log-length": 10,
    "distributed.admin.low-level-log-length": 10,
}
WAITING = 2
"""Jobs per worker that lie ready: enough to keep it busy, and few to hold in memory."""


@dataclass
class Graded:
    """What a run of the grader did; `failed` are (name, reason) of the grader's own."""

    total: int = 0
    done: int = 0
    trouble: list[tuple[str, str]] = field(default_factory=list)
    needs_look: list[tuple[str, str]] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    seconds: float = 0.0
    interrupted: bool = False

    def note(self, result: Result) -> None:
        """Count a result."""
        self.done += 1
        name = Submission(result.student, result.assignment, result.notebook_name).name
        if result.trouble:
            self.trouble.append((name, result.trouble))
        elif result.needs_look:
            self.needs_look.append((name, result.needs_look[0]))


OnProgress = Callable[[Graded], None]


def grade(
    classroom: Classroom,
    *,
    assignments: Sequence[str] = (),
    students: Sequence[str] = (),
    again: bool = False,
    workers: int | None = None,
    scheduler: str = "",
    trust: bool = False,
    on_progress: OnProgress = lambda graded: None,
) -> Graded:
    """Grade what has no current grade, or `again` everything; return what was done.

    `workers` processes on this machine (default: its cores), or those of the Dask
    `scheduler` at an address. Ctrl-C stops it: the result says so, and nothing that was
    graded is lost. Raises `AutogradeError` when no sandbox can be made, when another
    grader holds the class, or when it can't be written to.
    """
    started = time.monotonic()
    graded = Graded()
    if not trust and is_visible_inside(classroom.root):
        raise AutogradeError(
            f"students' code could read {classroom.root} from within the sandbox, which "
            "shows it the system's folders; move the class elsewhere, such as your home."
        )
    with holding(classroom):
        pending = find_pending(classroom, assignments, students, again=again)
        graded.total = len(pending)
        on_progress(graded)
        try:
            if pending:
                _grade_all(
                    classroom, pending, graded, workers, scheduler, trust, on_progress
                )
        except KeyboardInterrupt:
            graded.interrupted = True
    graded.seconds = time.monotonic() - started
    return graded


def _grade_all(
    classroom: Classroom,
    pending: Sequence[Submission],
    graded: Graded,
    workers: int | None,
    scheduler: str,
    trust: bool,
    on_progress: OnProgress,
) -> None:
    """Keep the workers busy, and write down what each gives back as soon as it does."""
    waiting = iter(pending)
    preload = find_imports(classroom, {each.assignment for each in pending})
    received = find_newest(classroom.read_manifest())
    with connect(workers, scheduler) as client:

        def submit(submission: Submission) -> Future:
            job = make_job(classroom, submission, received)
            # Once more after a fault of ours: memory may have been short for a moment.
            future = client.submit(
                grade_on_worker, job, preload, trust, pure=False, retries=1
            )
            submissions[future.key] = submission
            return future

        submissions: dict[Any, Submission] = {}
        size = WAITING * max(1, sum(client.nthreads().values()))
        running = as_completed(
            [submit(each) for each in islice(waiting, size)], loop=client.loop
        )
        for future in running:
            submission = submissions.pop(future.key)
            fault = future.exception()
            if isinstance(fault, NoSandboxError):
                raise fault
            if fault is None:
                result = future.result()
                record(classroom, result)
                graded.note(result)
            else:
                forget_grade(classroom, submission.student, submission.assignment)
                graded.failed.append(
                    (submission.name, f"{type(fault).__name__}: {fault}")
                )
            for each in islice(waiting, 1):
                running.add(submit(each))
            on_progress(graded)


def make_job(
    classroom: Classroom, submission: Submission, received: Mapping[Key, Received]
) -> Job:
    """Read what a worker needs to grade a submitted notebook.

    `received` has the newest version of each that came in through `collect`.
    """
    assignment, notebook = submission.assignment, submission.notebook
    key = (submission.student, assignment, notebook)
    version = received.get(key)
    released = classroom.release(assignment, notebook)
    files = {
        path.relative_to(released.parent).as_posix(): path.read_bytes()
        for path in sorted(released.parent.rglob("*"))
        if path.is_file() and path.suffix != ".ipynb"
    }
    return Job(
        student=submission.student,
        assignment=assignment,
        notebook=notebook,
        submitted=classroom.submitted(*key).read_bytes(),
        original=read_original(classroom, version) if version else None,
        released=released.read_bytes(),
        source=classroom.source(assignment, notebook).read_bytes(),
        files=files,
        mode=classroom.mode(assignment),
        seed=classroom.settings.seed,
        limits=classroom.limits(assignment),
    )


def grade_on_worker(job: Job, preload: tuple[str, ...], trust: bool) -> Result:
    """Grade a job in a Dask worker, with the preloaded processes that it keeps."""
    return grading.run(job, _find_parents(preload, job.limits, trust))


_kept: dict[tuple[tuple[str, ...], Limits, bool], grading.Parents] = {}


def _find_parents(
    preload: tuple[str, ...], limits: Limits, trust: bool
) -> grading.Parents:
    """Return this worker's preloaded processes; start them when the limits are new."""
    key = (preload, limits, trust)
    if key not in _kept:
        for parents in _kept.values():
            parents.close()
        _kept.clear()
        _kept[key] = grading.make_parents(preload, limits, trust=trust)
    return _kept[key]


@contextmanager
def connect(workers: int | None, scheduler: str) -> Iterator[Client]:
    """Yield a client of the scheduler at an address, or of workers on this machine.

    Raises `AutogradeError` when nobody answers at the address.
    """
    if scheduler:
        try:
            client = Client(scheduler, timeout=SCHEDULER_SECONDS, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            raise AutogradeError(
                f"no Dask scheduler answers at {scheduler} ({error}); start one with "
                "`dask scheduler`, and workers with `dask worker ADDRESS --nthreads 1`."
            ) from None
        with client:
            yield client
        return
    # One core for each worker: more threads would only stand in each other's way.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with (
        dask.config.set(SHORT_LOGS),
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
        yield client


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
