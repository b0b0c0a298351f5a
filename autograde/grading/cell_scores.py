"""Score a graded cell, by nbgrader's own rules for what it shows."""

from __future__ import annotations

import math
import re
from contextlib import suppress
from dataclasses import replace

from nbformat import NotebookNode
from nbgrader.preprocessors import LimitOutput
from nbgrader.utils import determine_grade, is_solution

from autograde.apart.grade_process import CellRun
from autograde.submission_records import CellResult, Outcome

HIDDEN = "### BEGIN HIDDEN TESTS"  # nbgrader's own mark


def score_cell(cell: NotebookNode, run: CellRun | None) -> CellResult:
    """Return what a grade cell is worth; None for `run` is a cell that never ran."""
    most = float(cell.metadata.nbgrader.points)
    blank = CellResult(cell.metadata.nbgrader.grade_id, "not run", 0.0, most)
    if cell.cell_type != "code" or is_solution(cell):
        points, _ = determine_grade(cell)
        return replace(blank, outcome="manual", points=points)
    if run is None:
        return blank
    _forgive_stderr(cell)
    LimitOutput().preprocess_cell(cell, {}, 0)
    points, note = _find_points(cell, most)
    outcome: Outcome = (
        "passed" if points == most else "partial" if points > 0 else "failed"
    )
    message, case = _divide(cell.source, run)
    if run.is_stopped:
        message, case = run.error.partition(": ")[2], ""
        note = f"it was stopped: {message.rstrip('.')}"
    return replace(
        blank,
        outcome=outcome,
        points=points,
        message=message,
        hidden_case=case,
        note=note,
        seconds=round(run.seconds, 3),
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


def _divide(source: str, run: CellRun) -> tuple[str, str]:
    """Return what the student may read of a failure, and the hidden case's name."""
    if not run.error:
        return "", ""
    name, _, text = run.error.partition(": ")
    said = text if name in ("CheckFailed", "AssertionError") and text else run.error
    before, mark, _ = source.partition(HIDDEN)
    is_visible = not mark or (run.line is not None and run.line <= before.count("\n"))
    if is_visible:
        return said, ""
    case = re.match(r"Case: (?:hidden: )?(.+?)\.?(?:\n|$)", said)
    return "", case[1] if case else "a hidden test"
