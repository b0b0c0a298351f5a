"""Graders killed at random instants, two at once, a full disk, a folder to read only.

Nothing graded is lost, and no grade is of another version than the newest, unless it says
so.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

import nbformat
import pytest

from autograde.class_creation import create_class
from autograde.classroom import Classroom
from autograde.classroom.lock import lock_class
from autograde.gradebook.result_table import read_results
from autograde.gradebook.status import read_statuses
from autograde.grading.dask_workers import connect
from solutions.workshop.builder import make_release
from tests.autograde.corpus.assignments import find_solutions, make_sources
from tests.autograde.corpus.classes import ROOT as REPOSITORY
from tests.autograde.corpus.classes import run_command, start_command, write_sources
from tests.autograde.corpus.mangled import WRONG
from tests.autograde.corpus.submission import as_bytes
from tests.autograde.sandboxes import needs_sandbox
from tests.autograde.short_runs import start_collector, start_grader

pytestmark = [
    pytest.mark.slow,
    needs_sandbox,
]

KILLS = 52
STUDENTS = tuple(f"student{number}" for number in range(6))
RIGHT_POINTS, WRONG_POINTS = 8.0, 6.0
PATIENCE = 60.0


@dataclass(frozen=True)
class School:
    """A class of six with one small assignment, and what the six hand in."""

    root: Path
    handed_in: Path

    @property
    def classroom(self) -> Classroom:
        return Classroom.open(self.root)

    def hand_in(self, student: str, version: int) -> Path:
        """Write a version, later than all before; odd ones have a wrong answer."""
        source = make_sources()["small"]
        notebook = make_release(source)
        answers = find_solutions(source)
        if version % 2:
            answers["double"] = WRONG
        for cell in notebook.cells:
            grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
            cell.source = answers.get(grade_id, cell.source)
        notebook.cells[0].source += f"\n\nVersion {version}"
        path = self.handed_in / student / "small" / "small.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(as_bytes(notebook))
        os.utime(path, (1_770_000_000 + 60 * version,) * 2)
        return path

    def find_deserved(self, student: str) -> float:
        """Return the points that what lies in submitted/ deserves."""
        text = self.classroom.submitted(student, "small", "small").read_text()
        return RIGHT_POINTS if "number + number" in text else WRONG_POINTS

    def find_current(self) -> dict[str, float]:
        """Return the points of what is graded and current, by student."""
        statuses = read_statuses(self.classroom)  # first: a grader may be at work
        points = {each.student: each.points for each in read_results(self.classroom)}
        return {
            each.submission.student: points[each.submission.student]
            for each in statuses
            if each.is_current
        }

    def check(self) -> dict[str, float]:
        """Return what is current; fail unless all tables say what submitted/ deserves."""
        with sqlite3.connect(self.root / "gradebook.db") as database:
            assert database.execute("pragma integrity_check").fetchall() == [("ok",)]
        current, scores = self.find_current(), self.read_scores()
        assert current == {student: self.find_deserved(student) for student in current}
        assert {student: scores[student] for student in current} == current
        stale = {s: score for s, score in scores.items() if score and s not in current}
        assert stale == {}
        return current

    def read_scores(self) -> dict[str, float]:
        """Return the sum of the automatic scores in nbgrader's own tables."""
        with self.classroom.gradebook() as book:
            return {
                each.student_id: sum(
                    grade.auto_score or 0.0
                    for notebook in each.notebooks
                    for grade in notebook.grades
                )
                for each in book.assignment_submissions("small")
            }


@pytest.fixture(scope="module")
def fresh(tmp_path_factory) -> Path:
    """A class that every test copies."""
    root = tmp_path_factory.mktemp("fresh")
    write_sources({"small": make_sources()["small"]}, root / "sources")
    rows = [f"{name},Pat,{name.capitalize()}," for name in STUDENTS]
    lines = ["student_id,first_name,last_name,email", *rows]
    (root / "roster.csv").write_text("\n".join(lines) + "\n")
    create_class(root / "class", sources=root / "sources", roster=root / "roster.csv")
    return root / "class"


@pytest.fixture
def school(fresh, tmp_path) -> School:
    shutil.copytree(fresh, tmp_path / "class")
    school = School(tmp_path / "class", tmp_path / "handed in")
    for number, student in enumerate(STUDENTS):
        school.hand_in(student, number)
    finish(start_collector(school.root, [school.handed_in]))
    return school


@pytest.fixture(scope="module")
def workers() -> Iterator[str]:
    """Offer the address of a scheduler whose workers outlive the graders."""
    with connect(2, "") as client:
        yield client.scheduler_info()["address"]


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, "it takes too long"
        time.sleep(0.05)


# ── Kills ───────────────────────────────────────────────────────────────────────────────


def test_a_kill_at_any_instant_loses_nothing_and_leaves_nothing_stale(school, workers):
    """Kill graders and collectors while students hand in ever newer versions."""
    draw = random.Random(8)
    started = time.monotonic()
    finish(start_grader(school.root, workers))
    seconds = time.monotonic() - started
    killed, version = 0, len(STUDENTS)
    replaced: set[str] = set()  # whose newer versions may not be taken in yet
    current = school.check()
    for _ in range(4 * KILLS):
        if killed >= KILLS:
            break
        for student in draw.sample(STUDENTS, 3):
            school.hand_in(student, version + draw.randrange(2))
            replaced.add(student)
        version += 2
        collector = start_collector(school.root, [school.handed_in])
        killed += kill(collector, draw.uniform(0, 0.6))
        before, current = current, school.check()
        assert set(before) - set(current) <= replaced
        replaced = set() if collector.exitcode == 0 else replaced
        grader = start_grader(school.root, workers)
        killed += kill(grader, draw.uniform(0, 0.7 * seconds))
        before, current = current, school.check()
        assert set(before) <= set(current)
    assert killed >= KILLS
    finish(start_collector(school.root, [school.handed_in]))
    finish(start_grader(school.root, workers))
    assert set(school.check()) == set(STUDENTS)


def kill(process: BaseProcess, seconds: float) -> bool:
    """Kill a process after some time; return whether it was still at it."""
    process.join(seconds)
    is_killed = process.is_alive()
    process.kill()
    process.join(PATIENCE)
    return is_killed


def finish(process: BaseProcess) -> None:
    """Wait for a process that should succeed."""
    process.join(PATIENCE)
    assert process.exitcode == 0


@pytest.mark.parametrize("graded", [0, 1, 3])
def test_a_killed_command_leaves_no_process_and_the_next_one_finishes(school, graded):
    mark = f"{os.getpid()}-{graded}"
    command = start_command("grade", "--class", school.root, AUTOGRADE_TEST_MARK=mark)
    wait_until(lambda: (school.root / ".grading.json").exists())
    wait_until(lambda: len(school.find_current()) >= graded)
    command.kill()
    command.communicate()
    wait_until(lambda: not find_processes(f"AUTOGRADE_TEST_MARK={mark}"))
    school.check()
    run_command("grade", "--class", school.root)
    assert set(school.check()) == set(STUDENTS)


def find_processes(variable: str) -> list[str]:
    """Return the processes that have a variable of the environment."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if variable.encode() in path.read_bytes().split(b"\0"):
                found.append(path.parent.name)
        except OSError:  # not ours, or gone
            continue
    return found


def test_ctrl_c_stops_it_and_the_next_command_goes_on(school):
    command = start_command("grade", "--class", school.root)
    wait_until(lambda: bool(school.find_current()) or command.poll() is not None)
    command.send_signal(signal.SIGINT)
    said, _ = command.communicate(timeout=PATIENCE)
    assert command.returncode in (130, 0), said
    school.check()
    run_command("grade", "--class", school.root)
    assert set(school.find_current()) == set(STUDENTS)


# ── Two at once ─────────────────────────────────────────────────────────────────────────


def test_of_two_graders_the_second_says_who_is_at_it_and_leaves(school):
    with lock_class(school.classroom):
        command = start_command("grade", "--class", school.root)
        _, said = command.communicate(timeout=PATIENCE)
    assert command.returncode == 1
    assert f"by process {os.getpid()}" in said
    assert "Traceback" not in said
    school.check()


def test_four_graders_at_once_grade_everything_once(school, workers):
    graders = [start_grader(school.root, workers) for _ in range(4)]
    for grader in graders:
        grader.join(PATIENCE)
    assert 0 in {grader.exitcode for grader in graders}
    assert {grader.exitcode for grader in graders} <= {0, 1}
    assert set(school.check()) == set(STUDENTS)


# ── Disks ───────────────────────────────────────────────────────────────────────────────


def test_a_full_disk_is_said_and_leaves_the_gradebook_whole(school, workers):
    size = (school.root / "gradebook.db").stat().st_size
    ended = []
    for most in (8_000, 30_000, size, size + 4_096):
        grader = start_grader(school.root, workers, most)
        grader.join(PATIENCE)
        ended.append(grader.exitcode)
        school.check()
    assert set(ended) <= {0, 1}
    assert 1 in ended
    finish(start_grader(school.root, workers))
    assert set(school.check()) == set(STUDENTS)


@pytest.mark.parametrize("command", ["grade", "collect"])
def test_a_folder_that_can_only_be_read_is_said(school, command):
    more = [school.handed_in] if command == "collect" else []
    done = subprocess.run(
        [
            "bwrap", "--dev-bind", "/", "/", "--ro-bind", school.root, school.root,
            sys.executable, "-m", "autograde", command, "--class", school.root, *more,
        ],
        cwd=REPOSITORY, capture_output=True, text=True, timeout=PATIENCE,
    )  # fmt: skip
    assert done.returncode == 1
    assert "can't be written to" in done.stderr
    assert "Traceback" not in done.stderr


def test_what_is_graded_can_be_opened(school, workers):
    finish(start_grader(school.root, workers))
    for student in STUDENTS:
        path = school.classroom.autograded(student, "small", "small")
        nbformat.validate(nbformat.read(path, as_version=4))
