"""Grade a class: what has no current grade goes to Dask's workers, and comes back.

Workers only compute. This one process reads submissions and writes results, each in one
transaction, so it may be stopped at any time and run again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, field
from itertools import islice
from typing import Any

from distributed import Client, Future, as_completed

from autograde.classroom import Classroom
from autograde.classroom.lock import lock_class
from autograde.errors import AutogradeError, NoSandboxError
from autograde.gradebook.result_writer import forget_grade, record_result
from autograde.gradebook.status import find_pending
from autograde.grading.dask_workers import connect, find_imports, grade_on_worker
from autograde.grading.job import Job
from autograde.sandbox import is_visible_inside
from autograde.submission_records import Received, Result, Submission
from autograde.submissions.manifest import find_newest, read_original

WAITING = 2
"""Jobs per worker that lie ready: enough to keep it busy, and few to hold in memory."""


@dataclass
class GradingRun:
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
        name = result.submission.name
        if result.trouble:
            self.trouble.append((name, result.trouble))
        elif result.needs_look:
            self.needs_look.append((name, result.needs_look[0]))


OnProgress = Callable[[GradingRun], None]


def grade_class(
    classroom: Classroom,
    *,
    assignments: Sequence[str] = (),
    students: Sequence[str] = (),
    again: bool = False,
    workers: int | None = None,
    scheduler: str = "",
    trust: bool = False,
    on_progress: OnProgress = lambda run: None,
) -> GradingRun:
    """Grade what has no current grade, or `again` everything; return what was done.

    `workers` processes on this machine (default: its cores), or those of the Dask
    `scheduler` at an address. Ctrl-C stops it: the result says so, and nothing that was
    graded is lost. Raises `AutogradeError` when no sandbox can be made, when another
    grader holds the class, or when it can't be written to.
    """
    started = time.monotonic()
    run = GradingRun()
    if not trust and is_visible_inside(classroom.root):
        raise AutogradeError(
            f"students' code could read {classroom.root} from within the sandbox, which "
            "shows it the system's folders; move the class elsewhere, such as your home."
        )
    with lock_class(classroom):
        pending = find_pending(classroom, assignments, students, again=again)
        run.total = len(pending)
        on_progress(run)
        try:
            if pending:
                preload = find_imports(classroom, {each.assignment for each in pending})
                with connect(workers, scheduler) as client:
                    dispatcher = _Dispatcher(classroom, client, preload, trust, run)
                    dispatcher.grade_all(pending, on_progress)
        except KeyboardInterrupt:
            run.interrupted = True
    run.seconds = time.monotonic() - started
    return run


class _Dispatcher:
    """Keeps the workers busy, and writes down what each gives back as soon as it does."""

    def __init__(
        self,
        classroom: Classroom,
        client: Client,
        preload: tuple[str, ...],
        trust: bool,
        run: GradingRun,
    ) -> None:
        self.classroom = classroom
        self.client = client
        self.preload = preload
        self.trust = trust
        self.run = run
        self._received = find_newest(classroom.read_manifest())
        self._submitted: dict[Any, Submission] = {}

    def grade_all(self, pending: Sequence[Submission], on_progress: OnProgress) -> None:
        """Grade these; raise `NoSandboxError` where a worker can make no sandbox."""
        waiting = iter(pending)
        size = WAITING * max(1, sum(self.client.nthreads().values()))
        running = as_completed(
            [self._submit(each) for each in islice(waiting, size)], loop=self.client.loop
        )
        for future in running:
            self._settle(future)
            for each in islice(waiting, 1):
                running.add(self._submit(each))
            on_progress(self.run)

    def _submit(self, submission: Submission) -> Future:
        job = make_job(self.classroom, submission, self._received.get(submission))
        # Once more after a fault of ours: memory may have been short for a moment.
        future = self.client.submit(
            grade_on_worker, job, self.preload, self.trust, pure=False, retries=1
        )
        self._submitted[future.key] = submission
        return future

    def _settle(self, future: Future) -> None:
        submission = self._submitted.pop(future.key)
        fault = future.exception()
        if isinstance(fault, NoSandboxError):
            raise fault
        if fault is None:
            result = future.result()
            record_result(self.classroom, result)
            self.run.note(result)
        else:
            forget_grade(self.classroom, submission.student, submission.assignment)
            reason = f"{type(fault).__name__}: {fault}"
            self.run.failed.append((submission.name, reason))


def make_job(
    classroom: Classroom, submission: Submission, version: Received | None
) -> Job:
    """Read what a worker needs to grade a submitted notebook.

    `version` is the newest that came in through `collect`, if any did.
    """
    assignment, notebook = submission.assignment, submission.notebook
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
        submitted=classroom.submitted(*astuple(submission)).read_bytes(),
        original=read_original(classroom, version) if version else None,
        released=released.read_bytes(),
        source=classroom.source(assignment, notebook).read_bytes(),
        files=files,
        mode=classroom.mode(assignment),
        seed=classroom.settings.seed,
        limits=classroom.limits(assignment),
    )
