"""Write what a student gets back: points, what failed and why, what was put right.

Hidden tests are named, and neither their source nor their values are printed. Nothing of
a student's is taken for HTML. A student's output is shown as text, and only that of cells
which ran before any hidden test: what ran later may have kept what the tests handed it.
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import nbformat
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from nbconvert.filters import ansi2html
from nbformat import NotebookNode
from nbgrader import api
from nbgrader.utils import is_grade
from prompt_or_tune.files import write_atomically
from prompt_or_tune.wording import shorten_lines
from pygments import highlight  # type: ignore[import-untyped]
from pygments.formatters import HtmlFormatter  # type: ignore[import-untyped]
from pygments.lexers import PythonLexer  # type: ignore[import-untyped]
from sqlalchemy import select

from autograde.classroom import Classroom, Student
from autograde.classroom.late import DAY
from autograde.gradebook.exporting import Line, read_sheet
from autograde.gradebook.standing import Submission
from autograde.grading import HIDDEN
from autograde.pages.quiz import (
    Option,
    explain,
    find_choice,
    read_explanations,
    read_questions,
)
from autograde.pages.task_cells import TaskCells, list_cells, list_tasks, name_task
from autograde.records import CellResult, Result

HIDDEN_FAILED = "What you can see of the test passes, and a hidden case fails"
HIDDEN_MEANS = (
    "Hidden cases try your answer on other values: look for what your code takes for "
    "granted."
)
LONGEST_OUTPUT = 4000
LONGEST_ANSWER = 20_000
"""Characters that are shown of an output, and of an answer."""


@dataclass
class Feedback:
    """What was written; `left_out` are (student and notebook, reason)."""

    written: list[Path] = field(default_factory=list)
    unchanged: int = 0
    left_out: list[tuple[str, str]] = field(default_factory=list)


def write_feedback(
    classroom: Classroom,
    records: Sequence[Result],
    on_page: Callable[[Feedback], None] = lambda feedback: None,
) -> Feedback:
    """Write a page for each graded notebook into feedback/; return what was written.

    A page that is there already and would be the same is left alone; a record that does
    not belong to the newest submission gets none. Raises `AutogradeError` for a faulty
    quiz.toml, and `OSError` when a page can't be written.
    """
    sheet = read_sheet(classroom)
    lines = {x.standing.submission: x for lines in sheet.lines.values() for x in lines}
    comments = _read_comments(classroom)
    roster = classroom.roster()
    feedback = Feedback()
    for result in records:
        where = Submission(result.student, result.assignment, result.notebook_name)
        line = lines.get(where)
        if line is None or line.state in ("missing", "collected"):
            feedback.left_out.append((where.name, "its newest version is not graded yet"))
        else:
            student = roster.find(result.student)
            due = classroom.settings.late.find_due(where.student, where.assignment)
            due = due or sheet.due.get(where.assignment)
            said = comments.get(where, {})
            page = make_page(classroom, result, line, student, said, due)
            path = classroom.feedback(where.student, where.assignment, where.notebook)
            if path.is_file() and path.read_bytes() == page.encode():
                feedback.unchanged += 1
            else:
                feedback.written.append(write_atomically(path, page))
        on_page(feedback)
    return feedback


def _read_comments(classroom: Classroom) -> dict[Submission, dict[str, str]]:
    """Return what humans have said of each answer; nbgrader's "No response." is none."""
    query = (
        select(
            api.SubmittedAssignment.student_id,
            api.Assignment.name,
            api.Notebook.name,
            api.BaseCell.name,
            api.Comment.manual_comment,
        )
        .select_from(api.Comment)
        .join(api.SubmittedNotebook, api.Comment.notebook_id == api.SubmittedNotebook.id)
        .join(api.SubmittedAssignment)
        .join(api.Notebook, api.SubmittedNotebook.notebook_id == api.Notebook.id)
        .join(api.Assignment, api.Notebook.assignment_id == api.Assignment.id)
        .join(api.BaseCell, api.Comment.cell_id == api.BaseCell.id)
    )
    found: dict[Submission, dict[str, str]] = {}
    with classroom.gradebook() as gradebook:
        for *names, cell, text in gradebook.db.execute(query):
            if text:
                found.setdefault(Submission(*names), {})[cell] = text
    return found


# ── What a page says ───────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Test:
    """A graded cell on the page; `points` is None while a human is awaited."""

    name: str
    points: float | None
    max_points: float
    sentence: str = ""
    said: str = ""


@dataclass(frozen=True)
class Answer:
    """A cell of the student's on the page, with what it put out."""

    code: Markup
    text: str
    output: Markup


@dataclass(frozen=True)
class Task:
    """A task on the page."""

    title: str
    tests: tuple[Test, ...]
    answers: tuple[Answer, ...]
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


def make_page(
    classroom: Classroom,
    result: Result,
    line: Line,
    student: Student,
    comments: Mapping[str, str],
    due: datetime | None = None,
) -> str:
    """Return the page of one notebook as HTML that stands alone."""
    where = result.assignment, result.notebook_name
    notebook = _read(classroom.autograded(result.student, *where))
    source = _read(classroom.source(*where))
    result = replace(result, cells=list_cells(result, line))
    writer = _Writer(result, comments, notebook, source)
    tables = read_explanations(classroom.source(*where).parent)
    tasks = [
        _explain_choice(writer.write_task(cells), cells, source, tables)
        for cells in list_tasks(notebook)
    ]
    zone = ZoneInfo(classroom.settings.timezone)
    points = sum(cell.points or 0.0 for cell in result.cells)
    return _page().render(
        title=_find_title(source) or result.notebook_name,
        course=classroom.settings.course_id,
        student=student,
        result=result,
        tasks=tasks,
        points=points,
        max_points=sum(cell.max_points for cell in result.cells),
        waits=any(cell.points is None for cell in result.cells),
        penalty=line.penalty,
        total=max(0.0, points - line.penalty),
        is_stale=line.state == "stale",
        submitted_at=_say_time(line.submitted_at, zone),
        graded_at=_say_time(_parse_time(result.graded_at), zone),
        days_late=_count_days(line.submitted_at, due),
    )


def _explain_choice(
    task: Task, cells: TaskCells, source: NotebookNode, tables: Mapping[str, Any]
) -> Task:
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


class _Writer:
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

    def write_task(self, task: TaskCells) -> Task:
        names = [c.metadata.get("nbgrader", {}).get("grade_id") for c in task.answers]
        comments = [self.comments.get(name, "") for name in dict.fromkeys(
            [*names, *task.graded])]  # fmt: skip
        return Task(
            title=task.title,
            tests=tuple(self.write_test(g) for g in task.graded if g in self.cells),
            answers=tuple(self.write_answer(cell) for cell in task.answers),
            comments=tuple(comment for comment in comments if comment),
        )

    def write_test(self, grade_id: str) -> Test:
        cell = self.cells[grade_id]
        if cell.points is None:
            sentence, said = "Your instructor has yet to read this answer.", ""
        elif cell.points >= cell.max_points:
            sentence, said = "", ""
        else:
            sentence, said = self._explain(cell)
        return Test(name_task(grade_id), cell.points, cell.max_points, sentence, said)

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

    def write_answer(self, cell: NotebookNode) -> Answer:
        source = shorten_lines(cell.source, LONGEST_ANSWER)
        if cell.cell_type != "code":
            return Answer(Markup(), source, Markup())
        code = Markup(highlight(source, PythonLexer(), HtmlFormatter(nowrap=True)))
        outputs = cell.get("outputs", [])
        if id(cell) in self.shown:
            return Answer(code, "", Markup("\n").join(map(_show_output, outputs)))
        return Answer(code, "", Markup("\n").join(_name_errors(outputs)))


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


# ── How it is said ─────────────────────────────────────────────────────────────────────


@lru_cache(maxsize=1)
def _page() -> Any:
    environment = Environment(
        loader=PackageLoader("autograde.pages", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = lambda value: f"{value:.2f}".rstrip("0").rstrip(".")
    environment.globals["highlighting"] = Markup(
        HtmlFormatter(style="default").get_style_defs(".code")
        + "\n@media (prefers-color-scheme: dark) {\n"
        + HtmlFormatter(style="github-dark").get_style_defs(".code")
        + "\n}"
    )
    return environment.get_template("feedback.html.j2")


def _read(path: Path) -> NotebookNode:
    """Return a notebook of our own writing; one without cells where there is none."""
    if not path.is_file():
        return nbformat.v4.new_notebook()
    return nbformat.v4.reads(path.read_text(encoding="utf-8"))


def _find_title(notebook: NotebookNode) -> str:
    text = "\n".join(c.source for c in notebook.cells if c.cell_type == "markdown")
    found = re.search(r"^# +(.+)$", text, re.MULTILINE)
    return found[1].strip() if found else ""


def _parse_time(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _say_time(moment: datetime | None, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M %Z}" if moment else ""


def _count_days(moment: datetime | None, due: datetime | None) -> str:
    if moment is None or due is None or moment <= due:
        return ""
    days = (moment - due).total_seconds() / DAY
    return f"{days:.1f} days" if days >= 1 else f"{days * 24:.1f} hours"
