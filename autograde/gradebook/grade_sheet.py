"""The grades of a class as they are now: of each student, notebook and graded cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from nbgrader import api
from nbgrader.api import Gradebook
from sqlalchemy import Select, select

from autograde.classroom import Classroom, Student
from autograde.gradebook.result_writer import apply_settings
from autograde.gradebook.status import NotebookStatus, State, read_statuses
from autograde.submission_records import Submission


@dataclass(frozen=True)
class CellGrade:
    """What a student has for a graded cell; `points` is None until somebody gave some."""

    name: str
    points: float | None
    max_points: float
    waits: bool


@dataclass(frozen=True)
class NotebookGrade:
    """What a student has for a notebook: `points` is None without a current grade."""

    status: NotebookStatus
    cells: tuple[CellGrade, ...]
    penalty: float
    is_due: bool
    submitted_at: datetime | None = None

    @property
    def submission(self) -> Submission:
        """Return whose notebook it is."""
        return self.status.submission

    @property
    def state(self) -> State:
        """Return how the notebook stands."""
        return self.status.state

    @property
    def raw(self) -> float | None:
        """Return the points before a penalty."""
        if self.state == "collected":
            return None
        if self.state == "missing" and not any(cell.points for cell in self.cells):
            return 0.0 if self.is_due else None
        return sum(cell.points or 0.0 for cell in self.cells)

    @property
    def points(self) -> float | None:
        """Return the points that count, after a penalty."""
        return None if self.raw is None else max(0.0, self.raw - self.penalty)

    @property
    def remarks(self) -> tuple[str, ...]:
        """Return in words what the number does not say."""
        said = {
            "missing": "not submitted",
            "collected": "not graded yet",
            "stale": "graded by tests that have changed since",
            "failed": "needs a look",
            "needs a look": "needs a look",
        }
        remarks = [said[self.state]] if self.state in said else []
        if self.points is not None and self.penalty:
            remarks.append(f"{format_number(self.penalty)} points off for being late")
        waiting = sum(cell.waits for cell in self.cells)
        if self.points is not None and self.state != "missing" and waiting:
            remarks.append(f"{waiting} to be graded by hand")
        return tuple(remarks)


@dataclass(frozen=True)
class GradeSheet:
    """All that is exported; `grades` are of a student's notebooks, by student id."""

    assignments: tuple[str, ...]
    max_points: Mapping[str, float]
    students: tuple[Student, ...]
    grades: Mapping[str, Sequence[NotebookGrade]]
    due: Mapping[str, datetime | None] = field(default_factory=dict)

    def of(self, student: Student, assignment: str) -> list[NotebookGrade]:
        """Return a student's grades of one assignment's notebooks."""
        grades = self.grades[student.id]
        return [each for each in grades if each.submission.assignment == assignment]

    def points(self, student: Student, assignment: str) -> float | None:
        """Return the points of an assignment, None where a part has no current grade."""
        points = [each.points for each in self.of(student, assignment)]
        return None if None in points else sum(p or 0.0 for p in points)


# ── Reading ─────────────────────────────────────────────────────────────────────────────


def read_sheet(classroom: Classroom) -> GradeSheet:
    """Return all grades of a class as they are now."""
    apply_settings(classroom)
    statuses = read_statuses(classroom)
    with classroom.gradebook() as gradebook:
        due = {each.name: _utc(each.duedate) for each in gradebook.assignments}
        reader = _GradeReader(classroom, gradebook, statuses, due)
    grades: dict[str, list[NotebookGrade]] = {}
    for status in statuses:
        grades.setdefault(status.submission.student, []).append(reader.read(status))
    roster = classroom.roster()
    return GradeSheet(
        assignments=classroom.assignments(),
        max_points={name: reader.sum_maxima(name) for name in classroom.assignments()},
        students=tuple(roster.find(student) for student in grades),
        grades=grades,
        due=due,
    )


class _GradeReader:
    """What the gradebook holds, read at once, and put together notebook by notebook."""

    def __init__(
        self,
        classroom: Classroom,
        gradebook: Gradebook,
        statuses: Sequence[NotebookStatus],
        due: Mapping[str, datetime | None],
    ) -> None:
        self._late_policy = classroom.settings.late
        self._cells = _read_cells(gradebook)
        self._maxima = _read_maxima(gradebook)
        self._late = _read_late(gradebook)
        self._due = due
        submitted = (each for each in statuses if each.state != "missing")
        self._submitted = {each.submission.assignment for each in submitted}
        self._now = datetime.now(UTC)

    def read(self, status: NotebookStatus) -> NotebookGrade:
        where = status.submission
        maxima = self._maxima[where.assignment, where.notebook]
        blank = [CellGrade(name, None, most, False) for name, most in maxima.items()]
        penalty, submitted_at = self._late.get(where, (0.0, None))
        date = self._late_policy.find_due(where.student, where.assignment)
        date = date or self._due.get(where.assignment)
        return NotebookGrade(
            status,
            tuple(self._cells.get(where, blank)),
            penalty,
            is_due=date < self._now if date else where.assignment in self._submitted,
            submitted_at=submitted_at,
        )

    def sum_maxima(self, assignment: str) -> float:
        """Return the points that an assignment can give."""
        pairs = (pair for pair in self._maxima if pair[0] == assignment)
        return sum(sum(self._maxima[pair].values()) for pair in pairs)


def select_by_notebook(*columns: Any) -> Select[Any]:
    """Return a query for student, assignment and notebook, then these columns.

    It is of the notebooks submitted; what belongs to their cells is to be joined.
    """
    key = api.SubmittedAssignment.student_id, api.Assignment.name, api.Notebook.name
    return (
        select(*key, *columns)
        .select_from(api.SubmittedNotebook)
        .join(api.SubmittedAssignment)
        .join(api.Notebook, api.SubmittedNotebook.notebook_id == api.Notebook.id)
        .join(api.Assignment, api.Notebook.assignment_id == api.Assignment.id)
    )


def _read_cells(gradebook: Gradebook) -> dict[Submission, list[CellGrade]]:
    maxima = {
        each.id: each.max_score
        for kind in (api.GradeCell, api.TaskCell)
        for each in gradebook.db.execute(select(kind.id, kind.max_score))
    }
    grade, cell = api.Grade, api.BaseCell
    points = grade.auto_score, grade.manual_score, grade.extra_credit
    query = (
        select_by_notebook(cell.name, cell.id, *points, grade.needs_manual_grade)
        .join(grade, grade.notebook_id == api.SubmittedNotebook.id)
        .join(cell, grade.cell_id == cell.id)
    )
    found: dict[Submission, list[CellGrade]] = {}
    for *key, name, number, auto, manual, extra, waits in gradebook.db.execute(query):
        given = auto if manual is None else manual
        total = None if given is None else given + (extra or 0.0)
        graded = CellGrade(name, total, maxima[number], waits)
        found.setdefault(Submission(*key), []).append(graded)
    return {key: sorted(cells, key=lambda c: c.name) for key, cells in found.items()}


def _read_maxima(gradebook: Gradebook) -> dict[tuple[str, str], dict[str, float]]:
    """Return the maximum of each graded cell, by assignment and notebook."""
    return {
        (assignment.name, notebook.name): {
            cell.name: cell.max_score
            for cell in (*notebook.grade_cells, *notebook.task_cells)
        }
        for assignment in gradebook.assignments
        for notebook in assignment.notebooks
    }


def _read_late(gradebook: Gradebook) -> dict[Submission, tuple[float, datetime | None]]:
    """Return what each notebook lost by being late, and when it was submitted."""
    query = select_by_notebook(
        api.SubmittedNotebook.late_submission_penalty, api.SubmittedAssignment.timestamp
    )
    return {
        Submission(*names): (penalty or 0.0, _utc(timestamp))
        for *names, penalty, timestamp in gradebook.db.execute(query)
    }


def _utc(naive: datetime | None) -> datetime | None:
    return naive.replace(tzinfo=UTC) if naive else None


def format_number(value: float) -> str:
    """Return points as tables show them: four places at most, and no idle zeros."""
    return f"{round(value, 4):g}" if abs(value) < 10_000 else str(round(value, 4))
