"""An instructor's evening: init, collect, grade, feedback, export, report, as typed."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import zipfile

import nbformat
import pytest

from autograde.classroom import Classroom
from autograde.gradebook.result_table import read_results
from tests.autograde.sandboxes import needs_sandbox
from tests.autograde.students import draw_students, write_roster, write_zips

pytestmark = [pytest.mark.slow, needs_sandbox]

STUDENTS = draw_students(4)
TASKS = 21


def autograde(*arguments: object) -> str:
    """Run a command; return what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", "autograde", *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def evening(tmp_path_factory):
    """The folder of a class after all that an instructor does, and what each said."""
    folder = tmp_path_factory.mktemp("evening")
    roster = write_roster(STUDENTS, folder / "roster.csv")
    root = folder / "class"
    said = {"init": autograde("init", root, "--roster", roster)}
    classroom = Classroom.open(root)
    zips = folder / "zips"
    write_zips(classroom, STUDENTS, zips)
    set_short_limits(root)
    for command, *arguments in (
        ["collect", zips],
        ["status"],
        ["grade"],
        ["feedback"],
        ["export", folder / "grades.csv"],
        ["export", folder / "canvas.csv", "--format", "canvas"],
        ["report"],
    ):
        said[command] = autograde(command, "--class", root, *arguments)
    said["as json"] = autograde("status", "--class", root, "--json")
    return folder, said


def set_short_limits(root):
    settings = root / "class.toml"
    text = settings.read_text().replace("# cell_seconds = 120", "cell_seconds = 20")
    settings.write_text(text)


def count_handed_in(folder) -> int:
    files = sorted((folder / "zips").iterdir())
    return sum(len(zipfile.ZipFile(file).namelist()) for file in files)


def test_every_notebook_is_placed_but_what_is_none(evening):
    folder, said = evening
    placed = count_handed_in(folder) - 1
    assert f"{placed} new" in said["collect"]
    assert "it is a PDF" in said["collect"]


def test_before_grading_everything_waits_and_after_it_nothing(evening):
    _, said = evening
    assert "collected" in said["status"]
    states = {each["state"] for each in json.loads(said["as json"])}
    assert states <= {"graded", "needs a look", "missing", "failed"}


def test_each_task_has_the_points_that_its_answer_deserves(evening):
    folder, _ = evening
    classroom = Classroom.open(folder / "class")
    for result in read_results(classroom):
        submitted = nbformat.reads(
            classroom.submitted(
                result.student, result.assignment, result.notebook_name
            ).read_text(),
            as_version=4,
        )
        source = nbformat.read(
            classroom.source(result.assignment, result.notebook_name), as_version=4
        )
        answers, solutions = (
            {
                cell.metadata.nbgrader.grade_id: cell.source
                for cell in notebook.cells
                if cell.metadata.get("nbgrader", {}).get("solution")
            }
            for notebook in (submitted, source)
        )
        for cell in result.cells:
            task = cell.grade_id.removesuffix("_test")
            is_right = answers[task].strip() == solutions[task].strip()
            name = (result.student, task, result.trouble, cell)
            if not result.trouble:
                assert (cell.points == cell.max_points) == is_right, name


def test_each_graded_notebook_has_a_page_and_no_hidden_test_is_on_it(evening):
    folder, _ = evening
    classroom = Classroom.open(folder / "class")
    for result in read_results(classroom):
        page = classroom.feedback(
            result.student, result.assignment, result.notebook_name
        ).read_text()
        assert "HIDDEN TESTS" not in page
        assert "by_reference" not in page


def test_the_exported_tables_hold_each_student_and_each_task(evening):
    folder, _ = evening
    with (folder / "grades.csv").open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.reader(file))
    assert len(rows) == 1 + len(STUDENTS)
    with (folder / "grades-tasks.csv").open(newline="", encoding="utf-8-sig") as file:
        tasks = list(csv.DictReader(file))
    assert len(tasks) == TASKS * len(STUDENTS)
    assert "Points Possible" in (folder / "canvas.csv").read_text(encoding="utf-8-sig")


def test_the_report_draws_each_notebook(evening):
    folder, said = evening
    page = (folder / "class" / "report.html").read_text()
    assert "report.html" in said["report"]
    assert all(name in page for name in Classroom.open(folder / "class").assignments())
