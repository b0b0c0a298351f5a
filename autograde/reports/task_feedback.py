"""What feedback says of each task: points, why some are missing, the answer itself.

Hidden tests are named, and neither their source nor their values are told. A student's
output is shown as text, and only that of cells which ran before any hidden test: what ran
later may have kept what the tests handed it.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from markupsafe import Markup
from nbconvert.filters import ansi2html
from nbformat import NotebookNode
from nbgrader.utils import is_grade
from prompt_or_tune.wording import shorten_lines
from pygments import highlight  # type: ignore[import-untyped]
from pygments.formatters import HtmlFormatter  # type: ignore[import-untyped]
from pygments.lexers import PythonLexer  # type: ignore[import-untyped]

from autograde.grading.cell_scores import HIDDEN
from autograde.reports.quiz_explanations import (
    Option,
    explain,
    find_choice,
    read_questions,
)
from autograde.reports.task_cells import TaskCells, name_task
from autograde.submission_records import CellResult, Result

HIDDEN_FAILED = "What you can see of the test passes, and a hidden case fails"
HIDDEN_MEANS = (
    "Hidden cases try your answer on other values: look for what your code takes for "
    "granted."
)
LONGEST_OUTPUT = 4000
LONGEST_ANSWER = 20_000
"""Characters that are shown of an output, and of an answer."""


@dataclass(frozen=True)
class TestFeedback:
    """A graded cell on the page; `points` is None while a human is awaited."""

    name: str
    points: float | None
    max_points: float
    sentence: str = ""
    said: str = ""


@dataclass(frozen=True)
class ShownAnswer:
    """A cell of the student's on the page, with what it put out."""

    code: Markup
    text: str
    output: Markup


@dataclass(frozen=True)
class TaskFeedback:
    """A task on the page."""

    title: str
    tests: tuple[TestFeedback, ...]
    answers: tuple[ShownAnswer, ...]
    comments: tuple[str, ...]
    question: str = ""
    options: tuple[Option, ...] = ()

    @property
    def is_explained(self) -> bool:
        """Return whether the chosen option says all that there is to say."""
        return any(option.is_chosen for option in self.options)

    @property
    def points(self) -> float | None:
        """Return the points of all its cells, None while a human is awaited."""
        points = [test.points for test in self.tests]
        return None if None in points else sum(p or 0.0 for p in points)

    @property
    def max_points(self) -> float:
        """Return what its cells can give."""
        return sum(test.max_points for test in self.tests)

    @property
    def mood(self) -> str:
        """Return good, partial, bad or waits."""
        if self.points is None:
            return "waits"
        if self.points >= self.max_points:
            return "good"
        return "partial" if self.points > 0 else "bad"


def explain_choice(
    task: TaskFeedback, cells: TaskCells, source: NotebookNode, tables: Mapping[str, Any]
) -> TaskFeedback:
    """Return a task with its options explained, if it is a question of a quiz."""
    for cell in cells.answers:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        if name in tables:
            code = (c.source for c in source.cells if c.cell_type == "code")
            question = read_questions(code).get(name)
            options = explain(tables[name], question, find_choice(cell.source, name))
            text = question.text if question else ""
            return replace(task, question=text, options=options)
    return task


class TaskWriter:
    """Turns the tasks of one notebook into what the page says of them."""

    def __init__(
        self,
        result: Result,
        comments: Mapping[str, str],
        notebook: NotebookNode,
        source: NotebookNode,
    ) -> None:
        self.cells = {cell.grade_id: cell for cell in result.cells}
        self.comments = comments
        # Apart, no student's code has ever seen a test that it could repeat.
        apart = result.mode == "apart"
        self.hidden_lines = frozenset() if apart else _list_hidden_lines(source)
        self.ended_early = bool(result.trouble)
        self.shown = _list_shown(result, notebook)

    def write_task(self, task: TaskCells) -> TaskFeedback:
        names = [c.metadata.get("nbgrader", {}).get("grade_id") for c in task.answers]
        comments = [self.comments.get(name, "") for name in dict.fromkeys(
            [*names, *task.graded])]  # fmt: skip
        return TaskFeedback(
            title=task.title,
            tests=tuple(self.write_test(g) for g in task.graded if g in self.cells),
            answers=tuple(self.write_answer(cell) for cell in task.answers),
            comments=tuple(comment for comment in comments if comment),
        )

    def write_test(self, grade_id: str) -> TestFeedback:
        cell = self.cells[grade_id]
        if cell.points is None:
            sentence, said = "Your instructor has yet to read this answer.", ""
        elif cell.points >= cell.max_points:
            sentence, said = "", ""
        else:
            sentence, said = self._explain(cell)
        return TestFeedback(
            name_task(grade_id), cell.points, cell.max_points, sentence, said
        )

    def _explain(self, cell: CellResult) -> tuple[str, str]:
        """Return a sentence on a cell without all its points, and the check's words."""
        if cell.outcome == "manual":
            return "", ""
        if cell.outcome == "not run":
            why = (
                "grading had ended before it" if self.ended_early else "it could not run"
            )
            return f"This was not tested: {why}.", ""
        if cell.hidden_case:
            return f"{HIDDEN_FAILED}: {cell.hidden_case}. {HIDDEN_MEANS}", ""
        if not cell.message:
            what = "gave some of the points" if cell.outcome == "partial" else "failed"
            return f"The test {what}, and says no more.", ""
        if any(line in cell.message for line in self.hidden_lines):
            return "The test failed; what it said repeats a hidden test.", ""
        return "The test failed, and says:", cell.message

    def write_answer(self, cell: NotebookNode) -> ShownAnswer:
        source = shorten_lines(cell.source, LONGEST_ANSWER)
        if cell.cell_type != "code":
            return ShownAnswer(Markup(), source, Markup())
        code = Markup(highlight(source, PythonLexer(), HtmlFormatter(nowrap=True)))
        outputs = cell.get("outputs", [])
        if id(cell) in self.shown:
            return ShownAnswer(code, "", Markup("\n").join(map(_show_output, outputs)))
        return ShownAnswer(code, "", Markup("\n").join(_name_errors(outputs)))


def _list_shown(result: Result, notebook: NotebookNode) -> set[int]:
    """Return the cells, by identity, that ran before any hidden test."""
    shown: set[int] = set()
    for cell in notebook.cells:
        if is_grade(cell) and (HIDDEN in cell.source or result.mode == "together"):
            break
        shown.add(id(cell))
    return shown


def _show_output(output: Mapping[str, Any]) -> Markup:
    """Return what a cell printed or raised; what it displays may change later."""
    if output["output_type"] == "stream":
        text = str(output["text"])
    elif output["output_type"] == "error":
        text = "\n".join(map(str, output["traceback"]))
    else:
        return Markup()
    # ansi2html escapes all but the colours.
    return Markup(ansi2html(shorten_lines(text, LONGEST_OUTPUT)))


def _name_errors(outputs: Sequence[Mapping[str, Any]]) -> Iterator[Markup]:
    for output in outputs:
        if output["output_type"] == "error":
            kind = getattr(builtins, str(output["ename"]), None)
            known = isinstance(kind, type) and issubclass(kind, BaseException)
            name = output["ename"] if known else "an error"
            yield Markup("This cell raised {}.").format(name)


def _list_hidden_lines(source: NotebookNode) -> frozenset[str]:
    """Return the lines of hidden tests that are long enough to tell anything."""
    found: set[str] = set()
    for cell in source.cells:
        _, mark, hidden = cell.source.partition(HIDDEN)
        if mark:
            found.update(map(str.strip, hidden.split("\n")))
    return frozenset(line for line in found if len(line) > 5)
