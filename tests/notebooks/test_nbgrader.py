"""Stock nbgrader with what we build: release, grade, validate, and its formgrader."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from nbgrader.utils import is_grade, is_solution
from nbgrader.validator import Validator
from traitlets.config import Config

from autograde.nbgrader_settings import load_settings
from solutions.workshop.percent import find_files, read_percent
from tests.jupyter_server import DIRECT, run_server

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
FILES = find_files(ROOT / "solutions")
NAMES = [file.stem for file in FILES]
GRADED = [file.stem for file in FILES if any(c.is_graded for c in read_percent(file))]
STUDENTS = ("solved", "untouched")
JOBS = 2

every_notebook = pytest.mark.parametrize("name", NAMES)
every_graded_notebook = pytest.mark.parametrize("name", GRADED)


@dataclass(frozen=True)
class Class:
    """A class folder as nbgrader lays it out, with our settings."""

    root: Path

    @property
    def config(self) -> Config:
        config: Config = load_settings().copy()
        config.CourseDirectory.root = str(self.root)
        config.CourseDirectory.course_id = "prompt-or-tune"
        return config

    @property
    def api(self) -> NbGraderAPI:
        return NbGraderAPI(CourseDirectory(config=self.config), config=self.config)

    def submission(self, student: str, name: str) -> Path:
        return self.root / "submitted" / student / name / f"{name}.ipynb"


@pytest.fixture(scope="module")
def school(built, tmp_path_factory) -> Class:
    """A class whose assignments nbgrader made itself from our source notebooks."""
    school = Class(tmp_path_factory.mktemp("class"))
    shutil.copytree(built / "build" / "source", school.root / "source")
    for name in NAMES:
        done = school.api.generate_assignment(name)
        assert done["success"], done.get("log")
    return school


@pytest.fixture(scope="module")
def results(school) -> dict[tuple[str, str], Result]:
    """Hand in every notebook solved and untouched; grade and validate each."""
    for name in GRADED:
        for student in STUDENTS:
            submission = school.submission(student, name)
            submission.parent.mkdir(parents=True)
            released = school.root / "release" / name / f"{name}.ipynb"
            notebook = nbformat.read(released, as_version=4)
            if student == "solved":
                put_solutions_in(notebook, school.root / "source" / name / released.name)
            nbformat.write(notebook, submission)
    jobs = [(school, student, name) for name in GRADED for student in STUDENTS]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(JOBS, mp_context=context) as pool:
        done = pool.map(grade, jobs)
        return {job[1:]: result for job, result in zip(jobs, done, strict=True)}


@dataclass(frozen=True)
class Result:
    """What nbgrader made of one submission: its log, points, and what `validate` says."""

    log: str
    score: float
    most: float
    failed: int
    changed: bool


def grade(job: tuple[Class, str, str]) -> Result:
    """Autograde and validate one submission, in a process of its own."""
    school, student, name = job
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    done = school.api.autograde(name, student)
    assert done["success"], done.get("error") or done.get("log")
    with Gradebook(f"sqlite:///{school.root}/gradebook.db", "prompt-or-tune") as book:
        graded = book.find_submission_notebook(name, name, student)
        score, most = graded.score, graded.max_score
    said = Validator(config=school.config).validate(str(school.submission(student, name)))
    log = done.get("log") or ""
    return Result(log, score, most, len(said.get("failed", [])), "changed" in said)


def put_solutions_in(notebook: Any, source: Path) -> None:
    answers = {
        cell.metadata.nbgrader.grade_id: cell.source
        for cell in nbformat.read(source, as_version=4).cells
        if is_solution(cell)
    }
    for cell in notebook.cells:
        if is_solution(cell):
            cell.source = answers[cell.metadata.nbgrader.grade_id]


# --- Release ----------------------------------------------------------------------------


@every_notebook
def test_nbgrader_releases_the_cells_that_we_release(school, built, name):
    theirs = nbformat.read(school.root / "release" / name / f"{name}.ipynb", as_version=4)
    ours = nbformat.read(built / "course" / name / f"{name}.ipynb", as_version=4)
    assert theirs.cells == ours.cells


# --- Grading ----------------------------------------------------------------------------


@every_graded_notebook
def test_solutions_get_all_points_and_validate_finds_no_fault(results, name):
    result = results["solved", name]
    assert result.score == result.most > 0, result.log
    assert result.failed == 0
    assert not result.changed


@every_graded_notebook
def test_an_untouched_notebook_gets_none_and_validate_says_so(results, name, built):
    result = results["untouched", name]
    released = nbformat.read(built / "course" / name / f"{name}.ipynb", as_version=4)
    assert result.score == 0, result.log
    assert result.failed == sum(is_grade(cell) for cell in released.cells)
    assert not result.changed


# --- Formgrader -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def formgrader(school):
    """Return a function that asks a Jupyter server with nbgrader's formgrader."""
    home = school.root / "home"
    home.mkdir()
    (home / "nbgrader_config.py").write_text(
        "c = get_config()\n"
        f"c.CourseDirectory.root = {str(school.root)!r}\n"
        "c.CourseDirectory.course_id = 'prompt-or-tune'\n"
    )
    extensions = {"nbgrader.server_extensions.formgrader": True}
    command = [
        sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root",
        "--IdentityProvider.token=", f"--ServerApp.jpserver_extensions={extensions}",
        f"--ServerApp.root_dir={school.root}",
    ]  # fmt: skip
    own = {name: str(home) for name in ("HOME", "JUPYTER_CONFIG_DIR")}
    with run_server(command, {**os.environ, **own}, home) as url:

        def ask(path: str) -> str:
            with DIRECT.open(f"{url}formgrader{path}", timeout=30) as answer:
                return str(answer.read().decode())

        yield ask


def test_formgrader_opens_and_lists_every_notebook_that_we_build(formgrader):
    assert "nbgrader" in formgrader("")
    listed = {a["name"]: a for a in json.loads(formgrader("/api/assignments"))}
    assert set(listed) == set(NAMES)
    points = {
        file.stem: sum(cell.points or 0 for cell in read_percent(file)) for file in FILES
    }
    assert {name: listed[name]["max_score"] for name in NAMES} == points


@every_notebook
def test_formgrader_lists_the_notebook_of_each_assignment(formgrader, name):
    (notebook,) = json.loads(formgrader(f"/api/notebooks/{name}"))
    assert notebook["name"] == name
