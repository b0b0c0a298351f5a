"""Where stock nbgrader is right, we say the same: scores, manual flags, exported grades.

Both grade the same files, ours by our commands and stock by its own API, in one test. The
example course that comes inside nbgrader runs *together*, our course *apart*.
"""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import nbgrader
import pytest

from solutions.workshop import builder
from solutions.workshop.facts import recorded_facts
from solutions.workshop.percent import find_files
from tests.autograde.corpus.assignments import find_solutions
from tests.autograde.corpus.classes import run_command, set_mode
from tests.autograde.sandboxes import needs_sandbox
from tests.autograde.stock import COURSE_ID, Scores, StockClass, export_csv, read_scores
from tests.graders.wrong_answers import read_wrong_answers

pytestmark = [
    pytest.mark.slow,
    needs_sandbox,
]

ROOT = Path(__file__).parents[2]
EXAMPLE = Path(nbgrader.__file__).parent / "docs" / "source" / "user_guide"
JOBS = 2


@dataclass(frozen=True)
class Both:
    """The same submissions graded by stock nbgrader and by us."""

    stock: Path
    ours: Path

    @property
    def our_course(self) -> str:
        """Return what init called the course."""
        return str(tomllib.loads((self.ours / "class.toml").read_text())["course_id"])

    def read(self) -> tuple[Scores, Scores]:
        """Return the scores of stock nbgrader, and ours."""
        theirs = read_scores(self.stock, COURSE_ID)
        return theirs, read_scores(self.ours, self.our_course)


def grade_both(
    root: Path, sources: Path, handed_in: Path, *, mode: str, students: Mapping[str, str]
) -> Both:
    """Grade what lies in `handed_in`/<student>/<assignment>/ twice."""
    both = Both(root / "stock", root / "ours")
    roster = root / "roster.csv"
    rows = [f"{name},Pat,{last},{name}@example.org" for name, last in students.items()]
    roster.write_text("\n".join(["student_id,first_name,last_name,email", *rows]) + "\n")
    run_command("init", both.ours, "--sources", sources, "--roster", roster)
    for assignment in (path.name for path in sources.iterdir()):
        set_mode(both.ours, assignment, mode)
    run_command("collect", "--class", both.ours, handed_in)
    run_command("grade", "--class", both.ours)
    both.stock.mkdir()
    stock = StockClass(both.stock)
    stock.release(sources)
    shutil.copytree(handed_in, both.stock / "submitted")
    stock.add_students((name, "Pat", last, f"{name}@example.org")
                       for name, last in students.items())  # fmt: skip
    submitted = sorted((both.stock / "submitted").glob("*/*"))
    stock.grade([(path.parent.name, path.name) for path in submitted], JOBS)
    return both


# ── The example course ──────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def example(tmp_path_factory) -> Both:
    root = tmp_path_factory.mktemp("example")
    shutil.copytree(EXAMPLE / "source" / "ps1", root / "sources" / "ps1")
    for student in ("bitdiddle", "hacker"):
        folder = root / "handed in" / student / "ps1"
        folder.mkdir(parents=True)
        for path in (EXAMPLE / "submitted" / student / "ps1").glob("*.ipynb"):
            shutil.copy(path, folder)
    students = {"bitdiddle": "Bitdiddle", "hacker": "Hacker"}
    return grade_both(
        root, root / "sources", root / "handed in", mode="together", students=students
    )


def test_the_example_course_has_the_same_scores_and_manual_flags(example):
    stock, ours = example.read()
    assert ours == stock
    assert len(ours) > 10


def test_the_example_course_is_scored_as_nbgrader_says(example):
    _, ours = example.read()
    totals = {
        student: sum(
            score or 0 for (who, *_), (score, *_) in ours.items() if who == student
        )
        for student in ("bitdiddle", "hacker")
    }
    assert totals == {"bitdiddle": 1.5, "hacker": 3.0}


def test_the_example_course_is_exported_the_same(example, tmp_path):
    stock = export_csv(example.stock, COURSE_ID, tmp_path / "stock.csv")
    ours = export_csv(example.ours, example.our_course, tmp_path / "ours.csv")
    assert ours == stock


# ── Our course ──────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def course(tmp_path_factory) -> Both:
    """Hand in each graded notebook solved, untouched, and wrong in every task."""
    root = tmp_path_factory.mktemp("course")
    project = builder.read_project(ROOT)
    students = {"solved": "Ada", "untouched": "Bo", "wrong": "Cy"}
    for file in find_files(ROOT / "solutions"):
        source = builder.make_source(file, project, recorded_facts())
        solutions = find_solutions(source)
        if not solutions:
            continue
        write(source, root / "sources" / file.stem)
        answers = {"solved": solutions, "untouched": {}, "wrong": find_wrong(solutions)}
        for student in students:
            notebook = builder.make_release(source)
            put_in(notebook, answers[student])
            write(notebook, root / "handed in" / student / file.stem)
    return grade_both(
        root, root / "sources", root / "handed in", mode="apart", students=students
    )


def find_wrong(tasks: Mapping[str, str]) -> dict[str, str]:
    """Return a wrong answer to each task: the first that only hidden tests can tell."""
    wrong = {task: read_wrong_answers(task) for task in tasks}
    return {
        task: next((each for each in found if each.hidden_only), found[0]).source
        for task, found in wrong.items()
    }


def put_in(notebook: Any, answers: Mapping[str, str]) -> None:
    """Put answers into their cells."""
    for cell in notebook.cells:
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
        cell.source = answers.get(grade_id, cell.source)


def write(notebook: Any, folder: Path) -> None:
    """Write an assignment's notebook into its folder."""
    folder.mkdir(parents=True)
    nbformat.write(notebook, folder / f"{folder.name}.ipynb")


def test_our_course_has_the_same_scores_and_manual_flags(course):
    stock, ours = course.read()
    assert ours == stock


def test_solved_gets_all_and_the_others_nothing(course):
    _, ours = course.read()
    assert {
        (student, score == most) for (student, *_), (score, most, _) in ours.items()
    } == {("solved", True), ("untouched", False), ("wrong", False)}


def test_our_course_is_exported_the_same(course, tmp_path):
    stock = export_csv(course.stock, COURSE_ID, tmp_path / "stock.csv")
    ours = export_csv(course.ours, course.our_course, tmp_path / "ours.csv")
    assert ours == stock
