"""Write the instructor's page: how a class did, what it did not get, whom to see."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from pathlib import Path
from statistics import mean, median

import nbformat
from prompt_or_tune.show import Block, Document, Listing, Section, Table
from prompt_or_tune.show.html import write_document
from prompt_or_tune.wording import count

from autograde.classroom import Classroom, Roster
from autograde.classroom.late_policy import DAY
from autograde.gradebook.grade_sheet import GradeSheet, NotebookGrade, read_sheet
from autograde.reports.anonymity import NameHider
from autograde.reports.class_figures import (
    TaskCounts,
    draw_points,
    draw_repairs,
    draw_tasks,
    draw_times,
    format_seconds,
)
from autograde.reports.failures import (
    Failure,
    Key,
    blur,
    find_example,
    sort_failures,
)
from autograde.reports.task_cells import list_cells, list_tasks, name_task
from autograde.submission_records import CellResult, Result, Submission

FILE = "report.html"
MOST_FAILURES = 4
MOST_TASKS = 40
MOST_ROWS = 400
"""Of a list of people; the rest is counted."""


def write_class_report(classroom: Classroom, results: Sequence[Result]) -> Path:
    """Write the page of a class; return where it stands: report.html in its folder.

    Results that do not belong to the newest submission are left out. The page names
    students where a human must look; its examples of answers name nobody.
    """
    report = make_report(classroom, results, read_sheet(classroom))
    return write_document(report, classroom.root / FILE)


@dataclass(frozen=True)
class GradedNotebook:
    """A notebook's result, beside what the gradebook has for it now."""

    result: Result
    grade: NotebookGrade

    @property
    def name(self) -> str:
        """Return assignment and notebook, for people."""
        return _name_notebook(self.result.submission)

    @cached_property
    def cells(self) -> tuple[CellResult, ...]:
        """Return its graded cells with the points that they have now, None if awaited."""
        return list_cells(self.result, self.grade)

    @property
    def share(self) -> float | None:
        """Return the share of the points that are given, before any penalty."""
        given = [cell for cell in self.cells if cell.points is not None]
        most = sum(cell.max_points for cell in given)
        return sum(cell.points or 0.0 for cell in given) / most if most else None

    @property
    def waits(self) -> bool:
        """Return whether a human has yet to give points."""
        return any(cell.points is None for cell in self.cells)

    @cached_property
    def reasons(self) -> list[str]:
        """Return in sentences why a human should look at it."""
        reasons = list(self.result.needs_look)
        known = " ".join(reasons)
        reasons += [d.said for d in self.result.doubts if d.said not in known]
        if self.result.trouble and self.result.trouble not in known:
            reasons.insert(0, self.result.trouble)
        return [r if r.endswith((".", "!", "?")) else f"{r}." for r in reasons]


def make_report(
    classroom: Classroom, results: Sequence[Result], sheet: GradeSheet
) -> Document:
    """Return the page as text, tables and figures."""
    grades = [each for of in sheet.grades.values() for each in of]
    known = {result.submission: result for result in results}
    graded = [
        GradedNotebook(known[grade.submission], grade)
        for grade in grades
        if grade.submission in known and grade.state not in ("missing", "collected")
    ]
    graded.sort(key=lambda each: (each.name, each.result.student))
    roster = classroom.roster()
    sections = [Section("Points", describe_points(graded, grades))]
    if graded:
        read_answer = make_reader(classroom)
        sections += [
            Section("Who needs a look", list_looks(graded, roster)),
            Section("Tasks", (draw_tasks(count_tasks(graded)),)),
            Section("What failed", show_failures(graded, read_answer, NameHider(roster))),
            Section("What was put right", describe_repairs(graded)),
            Section("Late", describe_lateness(classroom, sheet, graded)),
            Section("Time", describe_times([each.result for each in graded])),
        ]
    return Document(
        f"{classroom.settings.course_id}: how the class did",
        sum_up(graded, [grade.state for grade in grades], len(sheet.students)),
        tuple(sections),
        (
            "This page names students. The answers shown as examples name nobody, as far "
            "as a machine can tell: read one before you show it in class.",
            f"Written {datetime.now(UTC):%Y-%m-%d %H:%M} UTC by `autograde report`.",
        ),
    )


def sum_up(
    graded: Sequence[GradedNotebook], states: Sequence[str], students: int
) -> tuple[str, ...]:
    """Return the page's first sentences: how many, how well, what is left to do."""
    counts = Counter(states)
    first = (
        f"{len(graded)} of {len(states)} notebooks of {count(students, 'student')} are "
        f"graded; {counts['missing']} were not handed in"
    )
    first += f", {counts['collected']} wait to be graded." if counts["collected"] else "."
    shares = [each.share for each in graded if each.share is not None]
    if shares:
        first += f" The typical notebook has {median(shares):.0%} of its points."
    if not graded:
        return first, "Run `autograde grade`."
    looks = sum(bool(each.reasons) for each in graded)
    waiting = sum(each.waits for each in graded)
    todo = [
        f"{count(number, 'notebook')} {what}"
        for number, what in (
            (looks, "to look at"),
            (waiting, "to give points by hand"),
            (counts["stale"], "to grade again, for tests have changed since"),
        )
        if number
    ]
    return first, f"Left to do: {', '.join(todo) or 'nothing'}."


# ── Points and tasks ────────────────────────────────────────────────────────────────────


def describe_points(
    graded: Sequence[GradedNotebook], grades: Sequence[NotebookGrade]
) -> tuple[Block, ...]:
    """Return how the points of each notebook are spread, and what is still missing."""
    shares: dict[str, list[float]] = defaultdict(list)
    for each in graded:
        if each.share is not None:
            shares[each.name].append(each.share)
    states: dict[str, Counter[str]] = defaultdict(Counter)
    for grade in grades:
        states[_name_notebook(grade.submission)][grade.state] += 1
    found = Counter(each.name for each in graded)
    looks = Counter(each.name for each in graded if each.reasons)
    waiting = Counter(each.name for each in graded if each.waits)
    rows = tuple(
        (
            name,
            str(found[name]),
            str(counts["missing"]),
            str(counts["collected"]),
            f"{mean(shares[name]):.0%}" if shares[name] else "–",
            f"{median(shares[name]):.0%}" if shares[name] else "–",
            str(looks[name]),
            str(waiting[name]),
        )
        for name, counts in states.items()
    )
    columns = ("notebook", "graded", "missing", "not graded", "mean", "median",
               "to check", "by hand")  # fmt: skip
    caption = "Shares are of the points given so far, before any penalty for lateness."
    table = Table(caption, columns, rows)
    return (draw_points(shares), table) if any(shares.values()) else (table,)


def count_tasks(graded: Sequence[GradedNotebook]) -> list[TaskCounts]:
    """Return for each graded cell how many have all its points, some, none."""
    counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for each in graded:
        for cell in each.cells:
            counts[each.name, cell.grade_id][_sort(cell)] += 1
    return [
        TaskCounts(notebook, name_task(grade_id), **found)
        for (notebook, grade_id), found in counts.items()
    ]


def _sort(cell: CellResult) -> str:
    if cell.points is None:
        return "by_hand"
    if cell.points >= cell.max_points:
        return "full"
    if cell.points > 0:
        return "part"
    return "not_run" if cell.outcome == "not run" else "none"


# ── People ──────────────────────────────────────────────────────────────────────────────


def list_looks(graded: Sequence[GradedNotebook], roster: Roster) -> tuple[Block, ...]:
    """Return which notebooks a human should look at, and why."""
    looks = [each for each in graded if each.reasons]
    if not looks:
        return ("Nobody: every notebook was read, run and scored without a doubt.",)
    rows = tuple(
        (
            f"{roster.find(each.result.student).name} ({each.result.student})",
            each.name,
            " ".join(each.reasons),
        )
        for each in looks[:MOST_ROWS]
    )
    table = Table("To look at, one by one.", ("student", "notebook", "why"), rows)
    kinds = Counter(blur(reason) for each in looks for reason in set(each.reasons))
    left = len(looks) - len(rows)
    more = (f"And {left} more, which `autograde status` lists.",) if left else ()
    if len(kinds) > len(looks) / 2:
        return (table, *more)
    reasons = tuple((kind, str(count)) for kind, count in kinds.most_common())
    return (Table("Why, and how often.", ("why", "notebooks"), reasons), table, *more)


def describe_lateness(
    classroom: Classroom, sheet: GradeSheet, graded: Sequence[GradedNotebook]
) -> tuple[Block, ...]:
    """Return how many came in late, by how much, and what it cost them."""
    late: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for each in graded:
        names = each.result.student, each.result.assignment
        due = classroom.settings.late.find_due(*names) or sheet.due.get(names[1])
        at = each.grade.submitted_at
        if due is not None and at is not None and at > due:
            days = (at - due).total_seconds() / DAY
            late[each.name].append((days, each.grade.penalty))
    if not late:
        return ("Nobody was late, or no due date is set in class.toml.",)
    found = Counter(each.name for each in graded)
    rows = tuple(
        (
            name,
            str(len(known)),
            f"{len(known) / found[name]:.0%}",
            _days(median(days for days, _ in known)),
            _days(max(days for days, _ in known)),
            _number(sum(penalty for _, penalty in known)),
        )
        for name, known in sorted(late.items())
    )
    columns = ("notebook", "late", "share", "by (median)", "latest", "points off, in all")
    return (Table("Counted from the due date, extensions included.", columns, rows),)


# ── Failures and repairs ────────────────────────────────────────────────────────────────

Reader = Callable[[str, str, str, str], str]
"""Reads an answer: of a student (nobody: the released one), assignment, notebook and
grade id. Empty where there is none."""


def make_reader(classroom: Classroom) -> Reader:
    """Return what reads the answers of a class, each notebook once."""

    @lru_cache(maxsize=64)
    def read(path: Path) -> dict[str, str]:
        try:
            notebook = nbformat.v4.reads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return {
            grade_id: "\n\n".join(cell.source for cell in task.answers)
            for task in list_tasks(notebook)
            for grade_id in task.graded
        }

    def read_answer(student: str, assignment: str, notebook: str, grade_id: str) -> str:
        path = (
            classroom.autograded(student, assignment, notebook)
            if student
            else classroom.release(assignment, notebook)
        )
        return read(path).get(grade_id, "")

    return read_answer


def show_failures(
    graded: Sequence[GradedNotebook], read_answer: Reader, hide: NameHider
) -> tuple[Block, ...]:
    """Return the commonest failures of each task, the hardest task first."""
    failures = sort_failures(each.result for each in graded)
    total = Counter(
        (each.result.assignment, each.result.notebook_name, cell.grade_id)
        for each in graded
        for cell in each.result.cells
    )
    shares = {
        key: sum(failure.count for failure in found) / total[key]
        for key, found in failures.items()
    }
    blocks: list[Block] = []
    for key in sorted(failures, key=lambda key: (-shares[key], key))[:MOST_TASKS]:
        blocks.append(_tabulate_failures(key, failures[key], total[key]))
        example = find_example(
            failures[key], key[2], read_answer, read_answer("", *key), hide
        )
        if example:
            said = "\n".join(f"│ {line}" for line in example.said.split("\n"))
            blocks.append(Listing(f"{example.answer}\n\n{said}"))
    if not blocks:
        return ("Every test that was run has passed.",)
    note = (
        "The hardest tasks first. Below each table stands an answer that failed, in the "
        "commonest way that is more than a blank, and what the check said of it."
    )
    return (note, *blocks)


def _tabulate_failures(key: Key, failures: Sequence[Failure], graded: int) -> Table:
    failed = sum(failure.count for failure in failures)
    shown = failures[:MOST_FAILURES]
    rows = [(f.name, str(f.count), f"{f.count / graded:.0%}") for f in shown]
    rest = failed - sum(failure.count for failure in shown)
    if rest:
        ways = count(len(failures) - len(shown), "other way")
        rows.append((f"in {ways}", str(rest), f"{rest / graded:.0%}"))
    name = "/".join(dict.fromkeys(key[:2]))
    caption = f"“{name_task(key[2])}” in {name}: {failed} of {graded} failed."
    return Table(caption, ("what failed", "notebooks", "share"), tuple(rows))


def describe_repairs(graded: Sequence[GradedNotebook]) -> tuple[Block, ...]:
    """Return what collecting put right, by kind, with an example of each."""
    kinds: Counter[str] = Counter()
    examples: dict[str, str] = {}
    for each in graded:
        kinds.update({repair.kind for repair in each.result.repairs})
        for repair in each.result.repairs:
            examples.setdefault(repair.kind, repair.said)
    if not kinds:
        return ("Nothing: every notebook came in as it was released.",)
    repaired = sum(bool(each.result.repairs) for each in graded)
    rows = tuple((kind, examples[kind]) for kind, _ in kinds.most_common())
    return (
        draw_repairs(kinds, repaired, len(graded)),
        Table("What that means, by an example of each.", ("kind", "example"), rows),
    )


def describe_times(results: Sequence[Result]) -> tuple[Block, ...]:
    """Return how long grading took, and for what."""
    seconds: dict[str, list[float]] = defaultdict(list)
    for result in results:
        if result.seconds:
            seconds[_name_notebook(result.submission)].append(result.seconds)
    if not seconds:
        return ("No times are known.",)
    above = median(max(0.0, r.seconds - r.own_seconds) for r in results if r.seconds)
    total = format_seconds(sum(result.seconds for result in results))
    memory = max(result.peak_memory_mb for result in results)
    return (
        draw_times(seconds),
        f"In all {total} of one core. Of a notebook's time, {above:.1f} s (median) are "
        f"the grader's own. The notebook that took most memory took {memory:,.0f} MB.",
    )


# ── Words ───────────────────────────────────────────────────────────────────────────────


def _name_notebook(submission: Submission) -> str:
    """Return assignment and notebook, for people."""
    return "/".join(dict.fromkeys((submission.assignment, submission.notebook)))


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _days(days: float) -> str:
    return f"{days:.1f} days" if days >= 1 else f"{days * 24:.1f} h"
