"""nbgrader's own commands and buttons on a class: useful, and never unprotected."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import nbgrader as nbgrader_package
import pytest
from nbconvert.exporters import HTMLExporter
from nbgrader.apps.api import NbGraderAPI
from nbgrader.server_extensions.formgrader import handlers
from traitlets.config import Config

from autograde import routing
from autograde.class_creation import create_class
from autograde.classroom import Classroom
from autograde.gradebook.result_table import read_results
from autograde.gradebook.result_writer import record_result
from autograde.sandbox import find_fault
from tests.autograde.sandboxes import needs_sandbox
from tests.autograde.small_class import make_class, make_result, submit

pytestmark = pytest.mark.slow  # nbgrader takes seconds to start


@pytest.fixture
def classroom(tmp_path: Path) -> Classroom:
    """Ada is graded; Zoë's notebook leaves a file when somebody executes it."""
    classroom = make_class(tmp_path)
    submit(classroom, "ada")
    record_result(classroom, make_result(classroom, "ada"))
    submit(classroom, "zoe", f"open({str(tmp_path / 'executed')!r}, 'w')")
    return classroom


@pytest.fixture
def formgrader(classroom: Classroom) -> NbGraderAPI:
    """What is behind Formgrader's lists and buttons."""
    config = Config()
    routing.configure(config, classroom.root)
    return NbGraderAPI(config=config)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """What our own command was asked for, instead of doing it."""
    asked: list[tuple[str, ...]] = []
    monkeypatch.setattr(routing, "run_own", lambda _, *words: asked.append(words))
    return asked


Nbgrader = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def nbgrader(classroom: Classroom) -> Nbgrader:
    """Run a command of nbgrader's in the class folder, as an instructor does."""

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "nbgrader", *words],
            cwd=classroom.root,
            env={**os.environ, "PYTHONPATH": str(Path(routing.__file__).parents[1])},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def was_executed(classroom: Classroom) -> bool:
    return (classroom.root.parent / "executed").exists()


def test_formgrader_lists_who_is_graded_and_who_is_not(formgrader: NbGraderAPI):
    submissions = {each["student"]: each for each in formgrader.get_submissions("sums")}

    assert submissions["ada"]["autograded"]
    assert submissions["ada"]["score"] == 3
    assert not submissions["zoe"]["autograded"]
    assert submissions["zoe"]["first_name"] == "Zoë"
    assert formgrader.get_assignment("sums")["num_submissions"] == 2


def test_formgraders_button_grades_with_our_command_and_touches_nothing(
    classroom: Classroom, formgrader: NbGraderAPI, asked: list[tuple[str, ...]]
):
    before = classroom.autograded("ada", "sums", "sums").read_bytes()

    for student in ("ada", "zoe"):
        assert formgrader.autograde("sums", student)["success"]

    root = str(classroom.root)
    common = ("grade", "--class", root, "--assignment", "sums", "--student")
    assert asked == [(*common, "ada", "--again"), (*common, "zoe", "--again")]
    assert classroom.autograded("ada", "sums", "sums").read_bytes() == before
    assert not was_executed(classroom)


def test_the_button_tells_when_our_command_fails(
    formgrader: NbGraderAPI, monkeypatch: pytest.MonkeyPatch
):
    def fail(*_: Any, **__: Any) -> Any:
        return subprocess.CompletedProcess((), 1, "", "autograde: no sandbox here")

    monkeypatch.setattr(subprocess, "run", fail)
    done = formgrader.autograde("sums", "zoe")

    assert not done["success"]
    assert "no sandbox here" in done["error"]


def test_nbgraders_feedback_is_ours(
    classroom: Classroom, formgrader: NbGraderAPI, asked: list[tuple[str, ...]]
):
    assert formgrader.generate_feedback("sums")["success"]
    assert asked[0][:3] == ("feedback", "--class", str(classroom.root))
    assert not classroom.feedback("ada", "sums", "sums").exists()


@needs_sandbox
def test_the_command_grades_in_the_sandbox(classroom: Classroom, nbgrader: Nbgrader):
    nothing = nbgrader("autograde", "sums", "--student", "ada")
    assert nothing.returncode == 0, nothing.stderr
    assert "Nothing to grade" in nothing.stderr

    done = nbgrader("autograde", "sums", "--student", "zoe")

    if find_fault():
        assert done.returncode == 1
    else:
        assert done.returncode == 0, done.stderr
        assert [each.student for each in read_results(classroom)] == ["ada", "zoe"]
    assert not was_executed(classroom)


def test_nothing_of_a_student_is_validated(classroom: Classroom, nbgrader: Nbgrader):
    refused = nbgrader("validate", "submitted/zoe/sums/sums.ipynb")
    assert refused.returncode == 1
    assert "`autograde grade` runs it in a sandbox" in refused.stderr
    assert not was_executed(classroom)


def test_an_instructor_can_validate_and_release_his_own(nbgrader: Nbgrader):
    validated = nbgrader("validate", "source/sums/sums.ipynb")
    assert "Success" in validated.stdout
    assert nbgrader("generate_assignment", "sums", "--force").returncode == 0


def test_nbgraders_export_works_on_the_class(classroom: Classroom, nbgrader: Nbgrader):
    assert nbgrader("export", "--to", "stock.csv").returncode == 0
    rows = (classroom.root / "stock.csv").read_text().splitlines()
    assert len(rows) == 1 + 3
    assert any(row.endswith("ada@example.org,3.0,0.0,3.0,8.0") for row in rows)


def test_formgraders_page_runs_no_script_of_a_student(classroom: Classroom):
    config = Config()
    routing.configure(config, classroom.root)
    config.HTMLExporter.template_name = "formgrade"
    config.HTMLExporter.extra_template_basedirs = [handlers.template_path]
    path = classroom.autograded("ada", "sums", "sums")
    notebook = nbformat.read(path, as_version=4)
    script = "<script>steal()</script><b onclick='steal()'>b</b>"
    notebook.cells[0].source = script
    notebook.cells[1].outputs = [
        nbformat.v4.new_output("display_data", {kind: script})
        for kind in ("text/html", "text/markdown", "image/svg+xml")
    ]
    words = "assignment_id notebook_id submission_id base_url student last_name"
    resources: dict[str, Any] = dict.fromkeys(words.split(), "x")
    resources |= {"first_name": "x", "notebook_path": "x", "index": 0, "total": 1}

    page, _ = HTMLExporter(config=config).from_notebook_node(notebook, resources)

    assert page.count("steal()") >= 3, "it is shown as text"
    assert "<script>steal" not in page
    assert "onclick='steal" not in page
    assert 'onclick="steal' not in page


def test_nbgraders_example_becomes_a_class_with_its_autotests_written_out(
    tmp_path: Path,
):
    example = Path(nbgrader_package.__file__).parent / "docs" / "source" / "user_guide"

    classroom = create_class(tmp_path / "class", sources=example / "source")

    assert classroom.assignments() == ("ps1", "ps1_autotest")
    assert classroom.mode("ps1") == "together"
    tests = classroom.source("ps1_autotest", "problem1").read_text()
    assert "### HASHED AUTOTEST" not in tests
    assert "hashlib" in tests
