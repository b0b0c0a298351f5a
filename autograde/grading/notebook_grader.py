"""Grade one notebook: put the answers into the instructor's copy, execute it, score it.

Student cells run in a sandboxed kernel. Grade cells run *apart*, in a trusted process
that reaches the answers through proxies, or *together* with them, as nbgrader has it.
Scores are nbgrader's own, from what the cells show.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib import metadata

import nbformat
from nbformat import NotebookNode
from nbgrader.utils import is_grade

from autograde.grading.cell_scores import score_cell
from autograde.grading.job import Job
from autograde.grading.notebook_run import NotebookRun
from autograde.grading.parents import Parents
from autograde.submission_records import CellResult, Repair, Result, hash_bytes
from autograde.submissions.notebook_reader import NotANotebook, read_notebook
from autograde.submissions.repair import fill_in_tests, repair_notebook

VERSIONED = ("prompt-or-tune", "nbgrader", "ipykernel", "torch")


def grade_notebook(job: Job, parents: Parents) -> Result:
    """Grade one notebook; whatever the submission does is told in the result.

    To be called from a thread that has no event loop of its own. Raises `AutogradeError`
    when this machine or the instructor's notebook is at fault.
    """
    return asyncio.run(_grade(job, parents))


async def _grade(job: Job, parents: Parents) -> Result:
    started = time.monotonic()
    blank = _make_blank(job)
    released = nbformat.reads(job.released.decode(), as_version=4)
    source = nbformat.reads(job.source.decode(), as_version=4)
    try:
        # Of the original, so that what was repaired is known here too.
        submitted = read_notebook(job.original or job.submitted)
    except NotANotebook as fault:
        notebook = fill_in_tests(source, released, released)
        return _refuse(blank, notebook, str(fault))
    repaired = repair_notebook(submitted, released)
    notebook = fill_in_tests(source, released, repaired.notebook)
    run = NotebookRun(notebook, job, parents)
    try:
        await run.execute()
    finally:
        await run.close()
    cells = tuple(
        score_cell(cell, run.done.get(index))
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


def _make_blank(job: Job) -> Result:
    """Return what is known of a result beforehand: what it is for, and made with."""
    return Result(
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


def _refuse(blank: Result, notebook: NotebookNode, fault: str) -> Result:
    """Return the result of a file that is no notebook; nothing of it was run."""
    return replace(
        blank,
        cells=tuple(score_cell(c, None) for c in notebook.cells if is_grade(c)),
        notebook=nbformat.writes(notebook),
        trouble=fault,
        needs_look=(f"It is no notebook: {fault}",),
    )


def _list_reasons(
    run: NotebookRun, doubts: Sequence[Repair], cells: Sequence[CellResult]
) -> list[str]:
    reasons = [f"Grading ended early: {run.trouble}."] if run.trouble else run.stopped
    reasons = [*dict.fromkeys(reasons), *(doubt.said for doubt in doubts)]
    return reasons + [f"{cell.grade_id}: {cell.note}." for cell in cells if cell.note]
