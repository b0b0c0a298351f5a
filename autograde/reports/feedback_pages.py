"""Write what a student gets back: points, what failed and why, what was put right.

Hidden tests are named, and neither their source nor their values are printed. Nothing of
a student's is taken for HTML.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import nbformat
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from nbformat import NotebookNode
from nbgrader import api
from prompt_or_tune.files import write_atomically
from pygments.formatters import HtmlFormatter  # type: ignore[import-untyped]

from autograde.classroom import Classroom, Student
from autograde.classroom.late_policy import DAY
from autograde.gradebook.grade_sheet import (
    NotebookGrade,
    read_sheet,
    select_by_notebook,
)
from autograde.reports.quiz_explanations import read_explanations
from autograde.reports.task_cells import list_cells, list_tasks
from autograde.reports.task_feedback import TaskWriter, explain_choice
from autograde.submission_records import Result, Submission


@dataclass
class FeedbackRun:
    """What was written; `left_out` are (student and notebook, reason)."""

    written: list[Path] = field(default_factory=list)
    unchanged: int = 0
    left_out: list[tuple[str, str]] = field(default_factory=list)


def write_feedback(
    classroom: Classroom,
    results: Sequence[Result],
    on_progress: Callable[[int, int], None] | None = None,
) -> FeedbackRun:
    """Write a page for each graded notebook into feedback/; return what was written.

    A page that is there already and would be the same is left alone; a result that does
    not belong to the newest submission gets none. `on_progress` is told how many of how
    many are done. Raises `AutogradeError` for a faulty quiz.toml, and `OSError` when a
    page can't be written.
    """
    sheet = read_sheet(classroom)
    grades = {each.submission: each for of in sheet.grades.values() for each in of}
    comments = _read_comments(classroom)
    roster = classroom.roster()
    done = FeedbackRun()
    for number, result in enumerate(results, 1):
        where = result.submission
        grade = grades.get(where)
        if grade is None or grade.state in ("missing", "collected"):
            done.left_out.append((where.name, "its newest version is not graded yet"))
        else:
            student = roster.find(where.student)
            due = classroom.settings.late.find_due(where.student, where.assignment)
            due = due or sheet.due.get(where.assignment)
            said = comments.get(where, {})
            page = make_page(classroom, result, grade, student, said, due)
            path = classroom.feedback(*astuple(where))
            if path.is_file() and path.read_bytes() == page.encode():
                done.unchanged += 1
            else:
                done.written.append(write_atomically(path, page))
        if on_progress is not None:
            on_progress(number, len(results))
    return done


def _read_comments(classroom: Classroom) -> dict[Submission, dict[str, str]]:
    """Return what humans have said of each answer; nbgrader's "No response." is none."""
    cell, comment = api.BaseCell, api.Comment
    query = (
        select_by_notebook(cell.name, comment.manual_comment)
        .join(comment, comment.notebook_id == api.SubmittedNotebook.id)
        .join(cell, comment.cell_id == cell.id)
    )
    found: dict[Submission, dict[str, str]] = {}
    with classroom.gradebook() as gradebook:
        for *names, answer, text in gradebook.db.execute(query):
            if text:
                found.setdefault(Submission(*names), {})[answer] = text
    return found


# ── The page ────────────────────────────────────────────────────────────────────────────


def make_page(
    classroom: Classroom,
    result: Result,
    grade: NotebookGrade,
    student: Student,
    comments: Mapping[str, str],
    due: datetime | None,
) -> str:
    """Return the page of one notebook as HTML that stands alone."""
    _, *where = astuple(result.submission)
    notebook = _read(classroom.autograded(*astuple(result.submission)))
    source = _read(classroom.source(*where))
    result = replace(result, cells=list_cells(result, grade))
    writer = TaskWriter(result, comments, notebook, source)
    tables = read_explanations(classroom.source(*where).parent)
    tasks = [
        explain_choice(writer.write_task(cells), cells, source, tables)
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
        penalty=grade.penalty,
        total=max(0.0, points - grade.penalty),
        is_stale=grade.state == "stale",
        submitted_at=_say_time(grade.submitted_at, zone),
        graded_at=_say_time(_parse_time(result.graded_at), zone),
        days_late=_count_days(grade.submitted_at, due),
    )


@lru_cache(maxsize=1)
def _page() -> Any:
    environment = Environment(
        loader=PackageLoader("autograde.reports", "templates"),
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
