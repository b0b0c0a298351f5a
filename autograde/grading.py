"""Grade one notebook: put the answers into the instructor's copy, execute it, score it.

Student cells run in a sandboxed kernel. Grade cells run *apart*, in a trusted process
that reaches the answers through proxies, or *together* with them, as nbgrader has it.
Scores are nbgrader's own, from what the cells show.
"""

from __future__ import annotations

import asyncio
import math
import re
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib import metadata
from queue import Empty
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbgrader.preprocessors import Execute, LimitOutput
from nbgrader.utils import determine_grade, is_grade, is_solution
from zmq import ZMQError

from autograde.apart.answers import make_expression, make_refusal, read_reply
from autograde.apart.grade_process import CellRun, GradeProcess
from autograde.errors import NoSandboxError
from autograde.nbgrader_settings import DEMONSTRATION
from autograde.records import (
    CellResult,
    Limits,
    Mode,
    Outcome,
    Repair,
    Result,
    hash_bytes,
)
from autograde.sandbox import PreloadedParent, StudentKernel, find_fault
from autograde.submissions.reading import NotANotebook, read_notebook
from autograde.submissions.repairing import fill, repair

HIDDEN = "### BEGIN HIDDEN TESTS"  # nbgrader's own mark
GRACE = 2.0
"""Seconds that a kernel has to answer an interrupt."""

CUT_OFF = "its kernel can't be reached any more; it may have sent too large a message"
NO_MESSAGE = "its kernel sent what is no message ({})"

SEED_LINES = """\
import random as _r, sys as _s
_r.seed({seed})
if "numpy" in _s.modules: _s.modules["numpy"].random.seed({seed})
if "torch" in _s.modules: _s.modules["torch"].manual_seed({seed})
del _r, _s
"""

# What every notebook needs beside its own imports, in either process.
ASKED = ("autograde.sandbox.kernel", "autograde.apart.answers")
ASKING = (
    "autograde.apart.grade_process",
    "autograde.apart.grade_shell",
    "autograde.apart.proxies",
)

VERSIONED = ("prompt-or-tune", "nbgrader", "ipykernel", "torch")


@dataclass(frozen=True)
class Job:
    """One notebook to grade: all that a worker needs, on whatever machine it is.

    `submitted` is the copy in submitted/, `original` what it was made of, if that is
    known. `released` and `source` are nbgrader's release and the instructor's notebook;
    `files` are what lies beside the release, by relative path.
    """

    student: str
    assignment: str
    notebook: str
    submitted: bytes
    released: bytes
    source: bytes
    original: bytes | None = None
    files: Mapping[str, bytes] = field(default_factory=dict)
    mode: Mode = "apart"
    seed: int = 0
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True)
class Parents:
    """The two preloaded processes of a worker; of the trusted one grade cells are run."""

    student: PreloadedParent
    trusted: PreloadedParent

    def close(self) -> None:
        """End both."""
        self.student.close()
        self.trusted.close()


class GradingStopped(Exception):  # noqa: N818  # no fault of the grader
    """A submission that ends early; the message is the reason, in words."""


async def grade(job: Job, parents: Parents) -> Result:
    """Grade one notebook; whatever the submission does is told in the result.

    Raises `AutogradeError` when this machine or the instructor's notebook is at fault.
    """
    started = time.monotonic()
    released = nbformat.reads(job.released.decode(), as_version=4)
    source = nbformat.reads(job.source.decode(), as_version=4)
    blank = Result(
        student=job.student,
        assignment=job.assignment,
        notebook_name=job.notebook,
        submission_sha256=hash_bytes(job.submitted),
        release_sha256=hash_bytes(job.released),
        tests_sha256=hash_bytes(job.source),
        mode=job.mode,
        cells=(),
        notebook="",
        graded_at=datetime.now(UTC).isoformat(timespec="seconds"),
        versions={name: metadata.version(name) for name in VERSIONED},
    )
    try:
        # Of the original, so that what was repaired is known here too.
        submitted = read_notebook(job.original or job.submitted)
    except NotANotebook as fault:
        notebook = fill(source, released, released)
        cells = tuple(_score(cell, None) for cell in notebook.cells if is_grade(cell))
        return replace(
            blank,
            cells=cells,
            notebook=nbformat.writes(notebook),
            trouble=str(fault),
            needs_look=(f"It is no notebook: {fault}",),
        )
    repaired = repair(submitted, released)
    notebook = fill(source, released, repaired.notebook)
    run = _NotebookRun(notebook, job, parents)
    try:
        await run.execute()
    finally:
        await run.close()
    cells = tuple(
        _score(cell, run.done.get(index))
        for index, cell in enumerate(notebook.cells)
        if is_grade(cell)
    )
    return replace(
        blank,
        cells=cells,
        notebook=nbformat.writes(notebook),
        repairs=repaired.repairs,
        doubts=repaired.doubts,
        trouble=run.trouble,
        needs_look=tuple(_list_reasons(run, repaired.doubts, cells)),
        seconds=round(time.monotonic() - started, 3),
        own_seconds=round(run.own_seconds, 3),
        peak_memory_mb=round(run.peak_memory_mb, 1),
    )


def _list_reasons(
    run: _NotebookRun, doubts: Sequence[Repair], cells: Sequence[CellResult]
) -> list[str]:
    reasons = [f"Grading ended early: {run.trouble}."] if run.trouble else run.stopped
    reasons = [*dict.fromkeys(reasons), *(doubt.said for doubt in doubts)]
    return reasons + [f"{cell.grade_id}: {cell.note}." for cell in cells if cell.note]


# --- Execution --------------------------------------------------------------------------


@dataclass(frozen=True)
class _Done:
    """How a cell's execution went; `line` is where in its source it failed.

    `is_stopped` tells that no answer came, or not in time.
    """

    seconds: float
    error: str = ""
    line: int | None = None
    is_stopped: bool = False


class _NotebookRun:
    """The execution of one notebook: outputs go into its cells, trouble ends it."""

    def __init__(self, notebook: NotebookNode, job: Job, parents: Parents) -> None:
        self.notebook = notebook
        self.job = job
        self.parents = parents
        self.done: dict[int, _Done] = {}
        self.trouble = ""
        self.own_seconds = 0.0
        self.peak_memory_mb = 0.0
        self.stopped: list[str] = []
        self._kernel: StudentKernel | None = None
        self._grader: GradeProcess | None = None
        self._deadline = time.monotonic() + job.limits.notebook_seconds

    async def execute(self) -> None:
        job, parents = self.job, self.parents
        try:
            if job.mode == "apart":  # it gets ready while the kernel does
                self._grader = GradeProcess.start(
                    parents.trusted, files=job.files, seed=job.seed
                )
            self._kernel = await StudentKernel.start(parents.student, job.files)
            client = _KernelDriver(self.notebook, self._kernel, self.job.limits)
            self.stopped = client.stopped
            await client.run_silently(SEED_LINES.format(seed=self.job.seed))
            for index, cell in enumerate(self.notebook.cells):
                if _is_executed(cell):
                    await self._execute_cell(client, index, cell)
        except GradingStopped as stop:
            self.trouble = self._find_reason(str(stop))

    async def close(self) -> None:
        if self._kernel is not None:
            self._kernel.kill()
            self.peak_memory_mb = self._kernel.peak_memory_mb
        if self._grader is not None:
            self._grader.close()

    def _find_reason(self, seen: str) -> str:
        """Prefer what the watcher knows to what was seen of it from outside."""
        broken = self._kernel.broken_limit if self._kernel is not None else ""
        return f"it used {broken}" if broken else seen

    async def _execute_cell(
        self, client: _KernelDriver, index: int, cell: NotebookNode
    ) -> None:
        seconds = self._seconds_left()
        started = time.monotonic()
        if self._grader and is_grade(cell) and not is_solution(cell):
            run = await self._run_apart(client, cell, seconds)
            cell.outputs, cell.execution_count = run.outputs, None
            self.done[index] = _Done(run.seconds, run.error, run.line, run.is_stopped)
            if client.lost:
                raise GradingStopped(client.lost)
            return
        try:
            await client.execute(cell, index, seconds)
        finally:
            spent = time.monotonic() - started
            self.own_seconds += spent
        self.done[index] = _Done(spent, *_find_error(cell))

    async def _run_apart(
        self, client: _KernelDriver, cell: NotebookNode, seconds: float
    ) -> CellRun:
        assert self._grader is not None

        async def ask(request: str) -> str:
            started = time.monotonic()
            try:
                return await client.ask(request, self._seconds_left())
            finally:
                self.own_seconds += time.monotonic() - started

        # An answer that takes too long is stopped first; then there is time to say so.
        return await self._grader.run(cell.source, ask, seconds=seconds + 2 * GRACE)

    def _seconds_left(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            limit = self.job.limits.notebook_seconds
            raise GradingStopped(f"the whole notebook took more than {limit:g} seconds")
        return min(left, self.job.limits.cell_seconds)


def _is_executed(cell: NotebookNode) -> bool:
    """Say whether a cell is run: code, and no mere demonstration."""
    if cell.cell_type != "code":
        return False
    cell.outputs = []
    return DEMONSTRATION not in cell.metadata.get("tags", []) and bool(
        cell.source.strip()
    )


def _find_error(cell: NotebookNode) -> tuple[str, int | None]:
    """Return the last error that a cell shows, and the line of the cell it points to."""
    errors = [output for output in cell.outputs if output.output_type == "error"]
    if not errors:
        return "", None
    trace = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(errors[-1].traceback))
    lines = re.findall(r"Cell In\[\d+\], line (\d+)", trace)
    error = f"{errors[-1].ename}: {errors[-1].evalue}"
    return error, int(lines[0]) if lines else None


class _KernelDriver(NotebookClient):
    """nbclient's way of executing cells, in a kernel whose word is not to be trusted."""

    def __init__(
        self, notebook: NotebookNode, kernel: StudentKernel, limits: Limits
    ) -> None:
        super().__init__(
            notebook,
            allow_errors=True,
            store_widget_state=False,
            raise_on_iopub_timeout=True,
            iopub_timeout=GRACE,
            error_on_timeout={
                "ename": "CellTimeoutError",
                "evalue": "",
                "traceback": ["CellTimeoutError: it took too long, and was interrupted."],
            },
        )
        self.kc = kernel.client
        self.kc.allow_stdin = False  # input() fails at once: nobody is there to type
        self.kernel = kernel
        self.lost = ""
        """Why the kernel can't be asked any more; empty while it can."""
        self.stopped: list[str] = []
        """What took too long, and could be interrupted."""
        self._output_mb = limits.output_mb
        self._output_left = int(limits.output_mb * 2**20)

    async def execute(  # type: ignore[override]  # nbclient's runs a whole notebook
        self, cell: NotebookNode, index: int, seconds: float
    ) -> None:
        """Execute a cell; raise `GradingStopped` where the kernel does not survive it."""
        self.timeout_func = lambda _: math.ceil(seconds)
        try:
            await self.async_execute_cell(cell, index)
        except CellTimeoutError:
            self._lose(f"a cell took more than {seconds:.0f} seconds, and did not stop")
        except DeadKernelError:
            self._lose("its kernel died")
        except ZMQError:
            self._lose(CUT_OFF)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            # A kernel of honest code sends no malformed message.
            self._lose(NO_MESSAGE.format(type(error).__name__))
        if self.lost:
            raise GradingStopped(self.lost)

    async def run_silently(self, source: str) -> None:
        """Run what belongs to no cell."""
        await self._request(source, {}, GRACE * 5)

    async def ask(self, request: str, seconds: float) -> str:
        """Hand a request of the grade cell to the answers; return what they reply.

        When there is nobody to reply, or no reply in time, that is the reply.
        """
        try:
            expressions = {"reply": make_expression(request)}
            content = await self._request("", expressions, seconds)
            return read_reply(content, "reply")
        except (GradingStopped, TimeoutError) as stop:
            return make_refusal(f"{stop}.")

    async def _request(
        self, source: str, expressions: Mapping[str, str], seconds: float
    ) -> dict[str, Any]:
        if self.lost:
            raise GradingStopped(self.lost)
        try:
            sent = self.kernel.client.execute(
                source,
                silent=True,
                store_history=False,
                user_expressions=dict(expressions),
            )
        except ZMQError:
            self._lose(CUT_OFF)
            raise GradingStopped(self.lost) from None
        reply = await self._await_reply(sent, seconds)
        if reply is None and not self.lost:
            await self.kernel.interrupt()
            if await self._await_reply(sent, GRACE) is None and not self.lost:
                self._lose(f"a call took more than {seconds:.0f} seconds")
            else:
                raise TimeoutError(f"it took more than {seconds:.0f} seconds")
        if reply is None:
            raise GradingStopped(self.lost)
        content = reply.get("content")
        return content if isinstance(content, dict) else {}

    async def _await_reply(self, sent: str, seconds: float) -> dict[str, Any] | None:
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            try:
                reply = await self.kernel.client.get_shell_msg(timeout=min(left, 0.5))
            except Empty:
                if not await self.kernel.is_alive():
                    self._lose("its kernel died")
                    return None
                continue
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                self._lose(NO_MESSAGE.format(type(error).__name__))
                return None
            if reply["parent_header"].get("msg_id") == sent:
                return reply
        return None

    def _lose(self, reason: str) -> None:
        self.lost = self.lost or reason
        self.kernel.stop()

    # What nbclient asks a kernel manager and the client, this kernel answers itself.

    async def _async_check_alive(self) -> None:
        if not await self.kernel.is_alive():
            raise DeadKernelError("Kernel died")

    async def _async_handle_timeout(
        self, timeout: float, cell: NotebookNode | None = None
    ) -> dict[str, Any] | None:
        self.stopped.append(f"A cell was stopped after {timeout:g} seconds.")
        await self.kernel.interrupt()
        return {"content": {**self.error_on_timeout, "status": "error"}}

    def process_message(
        self, msg: dict[str, Any], cell: NotebookNode, cell_index: int
    ) -> NotebookNode | None:
        self._output_left -= len(str(msg["content"]))
        if self._output_left < 0:
            self._lose(f"it put out more than {self._output_mb:g} MB")
            if msg["msg_type"] != "status":
                return None
        return super().process_message(msg, cell, cell_index)

    def on_cell_executed(self, **told: Any) -> None:
        """Show an error that only the kernel's reply tells of, as nbgrader does."""
        Execute.on_cell_executed(self, **told)

    def handle_comm_msg(self, *_: Any) -> None:
        """Ignore widgets: nobody moves them here."""


# --- Scores -----------------------------------------------------------------------------


def _score(cell: NotebookNode, done: _Done | None) -> CellResult:
    """Return what a grade cell is worth, by nbgrader's rules for what it shows."""
    most = float(cell.metadata.nbgrader.points)
    blank = CellResult(cell.metadata.nbgrader.grade_id, "not run", 0.0, most)
    if cell.cell_type != "code" or is_solution(cell):
        points, _ = determine_grade(cell)
        return replace(blank, outcome="manual", points=points)
    if done is None:
        return blank
    _forgive_stderr(cell)
    LimitOutput().preprocess_cell(cell, {}, 0)
    points, note = _find_points(cell, most)
    outcome: Outcome = (
        "passed" if points == most else "partial" if points > 0 else "failed"
    )
    message, case = _divide(cell.source, done)
    if done.is_stopped:
        message, case = done.error.partition(": ")[2], ""
        note = f"it was stopped: {message.rstrip('.')}"
    return replace(
        blank,
        outcome=outcome,
        points=points,
        message=message,
        hidden_case=case,
        note=note,
        seconds=round(done.seconds, 3),
    )


def _forgive_stderr(cell: NotebookNode) -> None:
    """Show what was written to stderr as text; to nbgrader a warning is a failure."""
    for output in cell.outputs:
        if output.output_type == "stream":
            output.name = "stdout"


def _find_points(cell: NotebookNode, most: float) -> tuple[float, str]:
    """Return nbgrader's points, clipped to 0 and the maximum, and what was clipped."""
    shown = next((o for o in cell.outputs if o.output_type == "execute_result"), None)
    failed = any(o.output_type == "error" for o in cell.outputs)
    if shown is not None and not failed:
        text = str(shown.get("data", {}).get("text/plain", ""))
        value = _read_number(text)
        if value is None:
            return most, f"it shows {text[:60]!r}, which is no number of points"
        points = min(max(value, 0.0), most) if value == value else 0.0
        # So that nbgrader, and who reads the notebook, see the same number.
        shown["data"]["text/plain"] = repr(points)
        is_clipped = points != value
        said = f"partial credit of {value:g} was clipped to {points:g}"
        return points, said if is_clipped else ""
    points, _ = determine_grade(cell)
    return float(points or 0.0), ""


def _read_number(text: str) -> float | None:
    """Return the number that a text shows, also as NumPy and torch show theirs.

    A complex number is no number of points: NaN. None for any other text, which to
    nbgrader means all points.
    """
    wrapped = re.fullmatch(r"[\w.]+\(([^(),]+)(?:,[^()]*)?\)", text)
    number = wrapped[1] if wrapped else text
    with suppress(ValueError):
        return float(number)
    with suppress(ValueError):
        complex(number)
        return math.nan
    return None


def _divide(source: str, done: _Done) -> tuple[str, str]:
    """Return what the student may read of a failure, and the hidden case's name."""
    if not done.error:
        return "", ""
    name, _, text = done.error.partition(": ")
    said = text if name in ("CheckFailed", "AssertionError") and text else done.error
    before, mark, _ = source.partition(HIDDEN)
    is_visible = not mark or (done.line is not None and done.line <= before.count("\n"))
    if is_visible:
        return said, ""
    case = re.match(r"Case: (?:hidden: )?(.+?)\.?(?:\n|$)", said)
    return "", case[1] if case else "a hidden test"


def make_parents(preload: Sequence[str], limits: Limits, *, trust: bool) -> Parents:
    """Start the two preloaded processes of a worker.

    Raises `NoSandboxError` when none can be made here and nobody said `trust`.
    """
    fault = None if trust else find_fault()
    if fault:
        raise NoSandboxError(fault)

    def start(sandboxed: bool, needed: Sequence[str]) -> PreloadedParent:
        return PreloadedParent(
            sandboxed=sandboxed, preload=[*needed, *preload], limits=limits
        )

    with ThreadPoolExecutor(2) as pool:  # both spend seconds on importing
        student = pool.submit(start, not trust, ASKED)
        trusted = pool.submit(start, False, ASKING)
        return Parents(student.result(), trusted.result())


def run(job: Job, parents: Parents) -> Result:
    """Grade one notebook from a thread that has no event loop of its own."""
    return asyncio.run(grade(job, parents))
