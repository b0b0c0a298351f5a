"""Execute one notebook: cells in a student's kernel, grade cells apart or with them."""

from __future__ import annotations

import re
import time

from nbformat import NotebookNode
from nbgrader.utils import is_grade, is_solution

from autograde.apart.grade_process import CellRun, GradeProcess
from autograde.grading.job import Job
from autograde.grading.kernel_driver import GRACE, GradingStopped, KernelDriver
from autograde.grading.parents import Parents
from autograde.nbgrader_settings import DEMONSTRATION
from autograde.sandbox import StudentKernel

SEED_LINES = """\
import random as _r, sys as _s
_r.seed({seed})
if "numpy" in _s.modules: _s.modules["numpy"].random.seed({seed})
if "torch" in _s.modules: _s.modules["torch"].manual_seed({seed})
del _r, _s
"""


class NotebookRun:
    """The execution of one notebook: outputs go into its cells, trouble ends it."""

    def __init__(self, notebook: NotebookNode, job: Job, parents: Parents) -> None:
        self.notebook = notebook
        self.job = job
        self.parents = parents
        self.done: dict[int, CellRun] = {}
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
                self._grader = GradeProcess(parents.trusted, job.files, job.seed)
            self._kernel = await StudentKernel.start(parents.student, job.files)
            client = KernelDriver(self.notebook, self._kernel, self.job.limits)
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
        self, client: KernelDriver, index: int, cell: NotebookNode
    ) -> None:
        seconds = self._seconds_left()
        started = time.monotonic()
        if self._grader and is_grade(cell) and not is_solution(cell):
            run = await self._run_apart(client, cell, seconds)
            cell.outputs, cell.execution_count = run.outputs, None
            self.done[index] = run
            if client.lost:
                raise GradingStopped(client.lost)
            return
        try:
            await client.execute(cell, index, seconds)
        finally:
            spent = time.monotonic() - started
            self.own_seconds += spent
        self.done[index] = CellRun(cell.outputs, *_find_error(cell), spent)

    async def _run_apart(
        self, client: KernelDriver, cell: NotebookNode, seconds: float
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
