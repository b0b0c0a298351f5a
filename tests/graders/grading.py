"""Grade one task as nbgrader does, without executing its notebook.

Three cells are run: the notebook's imports, an answer, the grade cell. The grade cell
gets nothing but the names that the answer defined, so it must import what it uses.
"""

from __future__ import annotations

import ast
import contextlib
import io
import linecache
import os
import signal
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any, TextIO

import nbformat
from nbgrader.preprocessors import ClearHiddenTests, ClearSolutions
from nbgrader.utils import determine_grade
from prompt_or_tune.notebook import SEED, set_seeds
from prompt_or_tune.quiet import quieten_libraries

from autograde.nbgrader_settings import load_settings
from solutions.workshop.builder import METADATA
from solutions.workshop.percent import Cell, find_files, read_percent

ROOT = Path(__file__).parents[2]
SOLUTIONS = ROOT / "solutions"
SECONDS = 60  # no answer takes that long: one that does hangs


@dataclass(frozen=True)
class TaskCells:
    """The three cells of a task, and the two that nbgrader makes of them."""

    task: str
    file: str
    points: float
    imports: str
    solution: str
    stub: str
    grade: str
    visible: str


@dataclass(frozen=True)
class Outcome:
    """The points that an answer got, and the error that took them away, if any."""

    points: float
    error: BaseException | None = None

    def explain(self) -> str:
        """Return the points and the error in words."""
        if self.error is None:
            return f"{self.points:g} points, no error"
        text = str(self.error) or "no message"
        return f"{self.points:g} points, {type(self.error).__name__}: {text}"


def list_graded() -> list[str]:
    """Return the ids of all tasks in the solutions, in order; faulty files give none.

    Read from the marks alone: that a file can be read at all is tested elsewhere.
    """
    tasks: list[str] = []
    for file in find_files(SOLUTIONS):
        with contextlib.suppress(Exception):
            cells = read_percent(file)
            tasks += [c.grade_id for c in cells if c.is_solution and not c.is_graded]
    return tasks


@cache
def find_cells(task: str) -> TaskCells:
    """Return the cells of a task, wherever in the solutions it stands.

    Raises `LookupError` when no notebook has it, `SourceError` for a file at fault that
    holds it.
    """
    for file in find_files(SOLUTIONS):
        if f'"grade_id": "{task}"' in file.read_text(encoding="utf-8"):
            return _take(task, file.stem, read_percent(file))
    raise LookupError(f"no file of solutions/ has an answer cell with grade_id {task!r}")


def _take(task: str, file: str, cells: tuple[Cell, ...]) -> TaskCells:
    special = [c.text for c in cells if set(c.tags) & {"setup", "imports"}]
    imports = "\n".join(ln for text in special for ln in text.split("\n") if _imports(ln))
    answer = next(cell for cell in cells if cell.grade_id == task)
    grade = next(cell for cell in cells if cell.grade_id == f"{task}_test")
    assert grade.points is not None
    return TaskCells(
        task=task,
        file=file,
        points=grade.points,
        imports=imports,
        solution=answer.text,
        stub=_clear(ClearSolutions, answer),
        grade=grade.text,
        visible=_clear(ClearHiddenTests, grade),
    )


def _imports(line: str) -> bool:
    return line.startswith(("import ", "from "))


def _clear(preprocessor: type, cell: Cell) -> str:
    """Return what nbgrader itself leaves of a cell in the release."""
    marks = {"grade": cell.is_graded, "solution": cell.is_solution, "locked": False}
    notebook = nbformat.v4.new_notebook(
        cells=[_as_nbgrader_cell(cell.text, cell.grade_id, marks)],
        metadata=METADATA,
    )
    cleared, _ = preprocessor(config=load_settings())(notebook, {})
    return cleared.cells[0].source


def _as_nbgrader_cell(source: str, grade_id: str, marks: dict[str, Any]) -> Any:
    cell = nbformat.v4.new_code_cell(source)
    cell.metadata["nbgrader"] = {
        "schema_version": 3,
        "grade_id": grade_id,
        "task": False,
        **marks,
    }
    return cell


# ── Running ────────────────────────────────────────────────────────────────────────────


def grade(cells: TaskCells, answer: str, *, hidden: bool = True) -> Outcome:
    """Run imports, answer and grade cell; return the points that nbgrader would give.

    Without `hidden` only the visible part of the grade cell runs. As in a notebook, an
    answer cell that raises doesn't stop the grade cell.
    """
    names: dict[str, Any] = {"__name__": "__main__"}
    errors: list[BaseException] = []
    with _as_graded():
        _run(cells.imports, names, "imports", errors)
        if errors:
            return Outcome(0, errors[0])
        imported = dict(names)
        _run(answer, names, "answer", errors)
        own = {k: v for k, v in names.items() if imported.get(k, _run) is not v}
        own["__name__"] = "__main__"
        test = cells.grade if hidden else cells.visible
        errors.clear()
        outputs = _run(test, own, "grade", errors)
    marks = {"grade": True, "solution": False, "locked": True, "points": cells.points}
    cell = _as_nbgrader_cell(test, f"{cells.task}_test", marks)
    cell.outputs = outputs
    points, _ = determine_grade(cell)
    return Outcome(points or 0, errors[0] if errors else None)


def _run(
    source: str, names: dict[str, Any], label: str, errors: list[BaseException]
) -> list[Any]:
    """Run a cell as IPython does; return its outputs, and note what it raised."""
    stderr = io.StringIO()
    outputs: list[Any] = []
    try:
        with (
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(stderr),
        ):
            value = _evaluate(source, names, f"<{label}>")
        if value is not None:
            shown = {"text/plain": repr(value)}
            outputs.append(nbformat.v4.new_output("execute_result", data=shown))
    except (Exception, SystemExit) as error:
        errors.append(error)
        outputs.append(nbformat.v4.new_output("error", ename="", evalue="", traceback=[]))
    if stderr.getvalue():
        said = nbformat.v4.new_output("stream", name="stderr", text=stderr.getvalue())
        outputs.insert(0, said)
        if not errors:
            errors.append(RuntimeError(f"stderr means 0 points: {stderr.getvalue()}"))
    return outputs


def _evaluate(source: str, names: dict[str, Any], name: str) -> Any:
    """Run statements; return the value of the last one where it is shown."""
    linecache.cache[name] = (len(source), None, source.splitlines(True), name)
    tree = ast.parse(source, name)
    last = tree.body[-1] if tree.body else None
    is_shown = isinstance(last, ast.Expr) and not source.rstrip().endswith(";")
    if not is_shown:
        exec(compile(tree, name, "exec"), names)
        return None
    assert isinstance(last, ast.Expr)
    tree.body.pop()
    exec(compile(tree, name, "exec"), names)
    return eval(compile(ast.Expression(last.value), name, "eval"), names)


@contextlib.contextmanager
def _as_graded() -> Iterator[None]:
    """Give the block a graded notebook's marker, seeds, warnings and time limit."""
    set_seeds(SEED)
    before = os.environ.get("NBGRADER_EXECUTION")
    os.environ["NBGRADER_EXECUTION"] = "autograde"
    with warnings.catch_warnings(), _time_limit(SECONDS):
        _let_warnings_be_written()
        try:
            yield
        finally:
            os.environ.pop("NBGRADER_EXECUTION")
            if before is not None:
                os.environ["NBGRADER_EXECUTION"] = before


def _let_warnings_be_written() -> None:
    """Send warnings to stderr, as a notebook does: pytest would keep them to itself."""

    def write(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        text = warnings.formatwarning(message, category, filename, lineno, line)
        print(text, file=sys.stderr)

    warnings.showwarning = write
    warnings.resetwarnings()
    warnings.simplefilter("default")
    quieten_libraries()


@contextlib.contextmanager
def _time_limit(seconds: int) -> Iterator[None]:
    def stop(number: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"the answer took more than {seconds} seconds")

    previous = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, previous)
