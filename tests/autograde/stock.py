"""Stock nbgrader on a class of its own: what ours is compared with."""

from __future__ import annotations

import csv
import multiprocessing
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

from autograde.nbgrader_settings import load_settings

# nbgrader calls `alembic`, which nobody finds unless the environment is activated.
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

COURSE_ID = "compared"
Job = tuple[Path, str, str]
Scores = dict[tuple[str, str, str, str], tuple[float | None, float, bool]]


@dataclass(frozen=True)
class StockClass:
    """A class folder as nbgrader lays it out, graded by nbgrader's own commands.

    Its settings are the course's (seconds for a cell, cells to skip).
    """

    root: Path

    @property
    def config(self) -> Config:
        """Return the settings."""
        config: Config = load_settings().copy()
        config.CourseDirectory.root = str(self.root)
        config.CourseDirectory.course_id = COURSE_ID
        return config

    @property
    def api(self) -> NbGraderAPI:
        """Return what calls nbgrader's commands."""
        return NbGraderAPI(CourseDirectory(config=self.config), config=self.config)

    def release(self, sources: Path) -> None:
        """Take in source notebooks, and release each assignment."""
        shutil.copytree(sources, self.root / "source")
        for folder in sorted((self.root / "source").iterdir()):
            done = self.api.generate_assignment(folder.name)
            assert done["success"], done.get("log")

    def add_students(self, students: Iterable[tuple[str, str, str, str]]) -> None:
        """Add students: id, first name, last name, address."""
        with Gradebook(find_database(self.root), COURSE_ID) as book:
            for student, first, last, email in students:
                names = {"first_name": first, "last_name": last, "email": email}
                book.update_or_create_student(student, **names)

    def grade(self, jobs: Sequence[tuple[str, str]], processes: int) -> float:
        """Grade (student, assignment) pairs in warm processes; return the seconds.

        Only the grading counts: each process has imported nbgrader before.
        """
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(processes, mp_context=context) as pool:
            list(pool.map(_wait, range(processes)))
            started = time.perf_counter()
            work = [(self.root, *job) for job in jobs]
            failed = [fault for fault in pool.map(_grade, work) if fault]
            seconds = time.perf_counter() - started
        assert not failed, failed
        return seconds


def _wait(_: int) -> None:
    """Take long enough that every process is started and has imported nbgrader."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    time.sleep(1)


def _grade(job: Job) -> str:
    root, student, assignment = job
    done = StockClass(root).api.autograde(assignment, student)
    return "" if done["success"] else str(done.get("error") or done.get("log"))


def find_database(root: Path) -> str:
    """Return the URL of a class's gradebook."""
    return f"sqlite:///{root}/gradebook.db"


def read_scores(root: Path, course_id: str) -> Scores:
    """Return (automatic score, maximum, wants a human) of each graded cell.

    The key is student, assignment, notebook, cell.
    """
    with Gradebook(find_database(root), course_id) as book:
        return {
            (submission.student_id, assignment.name, notebook.name, grade.cell.name): (
                grade.auto_score,
                grade.max_score,
                bool(grade.needs_manual_grade),
            )
            for assignment in book.assignments
            for submission in assignment.submissions
            for notebook in submission.notebooks
            for grade in notebook.grades
        }


def export_csv(root: Path, course_id: str, to: Path) -> list[dict[str, str]]:
    """Return what `nbgrader export` writes, as rows; times of the day are left out."""
    command = [
        sys.executable, "-m", "nbgrader", "export", f"--to={to}",
        f"--CourseDirectory.root={root}", f"--CourseDirectory.course_id={course_id}",
    ]  # fmt: skip
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with to.open(newline="") as file:
        rows = [{k: v for k, v in row.items() if k != "timestamp"}
                for row in csv.DictReader(file)]  # fmt: skip
    return sorted(rows, key=lambda row: (row["assignment"], row["student_id"]))
