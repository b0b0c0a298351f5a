"""A class of three with one small assignment, and results of it, for tests."""

from __future__ import annotations

import atexit
import json
import shutil
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from autograde.class_creation import create_class
from autograde.classroom import Classroom
from autograde.submission_records import CellResult, Result, hash_bytes

ROSTER = """\
student_id,first_name,last_name,email,canvas_id,section
ada,Ada,Lovelace,ada@example.org,4711,A
grace,Grace,"Hopper, Rear Admiral",grace@example.org,4712,A
zoe,Zoë,=1+2,zoe@example.org,4713,B
"""


def make_source(assignment: str = "sums") -> nbformat.NotebookNode:
    """Return an instructor's notebook: 3 points by machine, 5 by hand."""
    cells = [
        new_markdown_cell("# Sums", id="title"),
        _mark(
            new_code_cell(
                "def double(x):\n    ### BEGIN SOLUTION\n    return 2 * x\n"
                "    ### END SOLUTION"
            ),
            "double",
            solution=True,
        ),
        _mark(
            new_code_cell(
                "assert double(1) == 2\n### BEGIN HIDDEN TESTS\n"
                "assert double(21) == 42\n### END HIDDEN TESTS"
            ),
            "double_test",
            points=3,
        ),
        _mark(
            new_markdown_cell(
                "### BEGIN SOLUTION\nBecause.\n### END SOLUTION\nYour words."
            ),
            "why",
            points=5,
            solution=True,
        ),
    ]
    return new_notebook(cells=cells, metadata={"kernelspec": KERNEL})


KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}


def _mark(
    cell: Any, grade_id: str, *, points: int | None = None, solution: bool = False
) -> Any:
    cell.id = grade_id.replace("_", "-")
    cell.metadata.nbgrader = {
        "schema_version": 3,
        "grade_id": grade_id,
        "grade": points is not None,
        "solution": solution,
        "locked": points is not None and not solution,
        "task": False,
        **({} if points is None else {"points": points}),
    }
    return cell


@cache
def _make_once(assignments: tuple[str, ...]) -> Path:
    """Make a class that each test copies: nbgrader takes a second to release one."""
    folder = Path(mkdtemp(prefix="small-class-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for name in assignments:
        path = folder / "sources" / name / f"{name}.ipynb"
        path.parent.mkdir(parents=True)
        nbformat.write(make_source(name), path)
    (folder / "roster.csv").write_text(ROSTER)
    create_class(
        folder / "class", sources=folder / "sources", roster=folder / "roster.csv"
    )
    return folder / "class"


def make_class(folder: Path, *assignments: str, settings: str = "") -> Classroom:
    """Return a new class in a folder; `settings` are what its class.toml says."""
    root = folder / "class"
    shutil.copytree(_make_once(assignments or ("sums",)), root)
    if settings:
        (root / "class.toml").write_text(f'course_id = "class"\n{settings}')
    return Classroom.open(root)


def submit(
    classroom: Classroom,
    student: str,
    answer: str = "def double(x):\n    return 2 * x",
    *,
    words: str = "",
    assignment: str = "sums",
    when: str = "2026-03-01 10:00:00.000000 UTC",
) -> bytes:
    """Put a submission in place, as collecting does; return its bytes."""
    notebook = nbformat.read(classroom.release(assignment, assignment), as_version=4)
    for cell in notebook.cells:
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
        if grade_id == "double":
            cell.source = answer
        if grade_id == "why" and words:
            cell.source = words
    data = nbformat.writes(notebook).encode()
    path = classroom.submitted(student, assignment, assignment)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    path.with_name("timestamp.txt").write_text(when)
    return data


def make_result(
    classroom: Classroom,
    student: str,
    points: float = 3.0,
    *,
    assignment: str = "sums",
    words: bool = False,
    **changes: Any,
) -> Result:
    """Return what grading a student's submission gives."""
    data = classroom.submitted(student, assignment, assignment).read_bytes()
    outcome = "passed" if points == 3 else "failed"
    result = Result(
        student=student,
        assignment=assignment,
        notebook_name=assignment,
        submission_sha256=hash_bytes(data),
        release_sha256=hash_bytes(b"release"),
        tests_sha256=hash_bytes(classroom.source(assignment, assignment).read_bytes()),
        mode="apart",
        cells=(
            CellResult("double_test", outcome, points, 3.0),  # type: ignore[arg-type]
            CellResult("why", "manual", None if words else 0.0, 5.0),
        ),
        notebook=json.dumps(json.loads(data)),
    )
    return replace(result, **changes)
