"""nbgrader's own commands and buttons on a class: none runs a student's code unprotected.

A class's nbgrader_config.py calls `configure`, and so does what we ask nbgrader to do.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from copy import deepcopy
from logging import Logger
from pathlib import Path
from typing import Any

from nbconvert.exporters import NotebookExporter
from nbgrader.apps.api import NbGraderAPI
from nbgrader.converters.base import NbGraderException
from nbgrader.converters.generate_source_with_tests import GenerateSourceWithTests
from nbgrader.coursedir import CourseDirectory
from nbgrader.utils import capture_log, temp_attrs
from traitlets.config import Config

from autograde.classroom import EXPLANATIONS, Classroom
from autograde.errors import AutogradeError
from autograde.nbgrader_settings import load_settings

# Where students' notebooks lie: nothing there is executed by nbgrader.
OFF_LIMITS = ("received", "submitted", "autograded", "feedback")


def configure(config: Config, root: Path) -> None:
    """Set nbgrader up for a class: the course's settings, the gradebook, the routing."""
    classroom = Classroom.open(root)
    config.merge(deepcopy(load_settings()))  # merge shares what it takes over
    config.CourseDirectory.root = str(classroom.root)
    config.CourseDirectory.course_id = classroom.settings.course_id
    config.CourseDirectory.db_url = classroom.gradebook_url
    config.CourseDirectory.ignore = [
        *CourseDirectory.ignore.default_args[0],
        EXPLANATIONS,
    ]
    config.Autograde.exporter_class = "autograde.routing.GradingExporter"
    config.GenerateFeedback.exporter_class = "autograde.routing.FeedbackExporter"
    config.Execute.on_notebook_start = Refusal(classroom.root)
    # What a student's cell shows must not run in the instructor's browser.
    config.HTMLExporter.sanitize_html = True
    # Formgrader's template would let Markdown run scripts.
    renderer = "autograde.safe_markdown.render_markdown"
    config.HTMLExporter.filters = {"markdown2html": renderer}


class _RoutedExporter(NotebookExporter):
    """What a command or a button of nbgrader's converts with: a command of ours.

    nbgrader makes its exporter after it has found the submissions, and before it touches
    one. Ours deals with them, and none is left for nbgrader to convert.
    """

    command: str

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        converter = self.parent
        if not getattr(converter, "assignments", None):
            return
        students = sorted({Path(folder).parent.name for folder in converter.assignments})
        run_own(
            converter.log,
            *(self.command, "--class", converter.coursedir.root),
            *("--assignment", converter.coursedir.assignment_id),
            *(part for student in students for part in ("--student", student)),
            *(["--again"] if converter.force and self.command == "grade" else []),
        )
        converter.assignments = {}


class GradingExporter(_RoutedExporter):
    """Grades in the sandbox, for `nbgrader autograde` and Formgrader's button."""

    command = "grade"


class FeedbackExporter(_RoutedExporter):
    """Writes feedback that prints no hidden test, as nbgrader's own does."""

    command = "feedback"


def run_own(log: Logger, *arguments: str) -> None:
    """Run `autograde` with arguments; raise nbgrader's exception when it fails."""
    command = [sys.executable, "-m", "autograde", *arguments]
    log.info("Running autograde %s", " ".join(arguments))
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    for line in (done.stdout + done.stderr).splitlines():
        log.info(line)
    if done.returncode:
        raise NbGraderException(f"autograde {arguments[0]} failed: {done.stderr.strip()}")


class Refusal(str):
    """What nbgrader calls before it executes a notebook; a text, so that JSON takes it.

    `nbgrader validate` changes to the notebook's folder first: there it is seen whose
    notebook it is. An instructor's may be executed.
    """

    __slots__ = ()

    def __call__(self, **_: Any) -> None:
        here = Path.cwd()
        if any(here.is_relative_to(Path(self, folder)) for folder in OFF_LIMITS):
            raise AutogradeError(
                f"{here} holds what students sent, and nbgrader would run it "
                "unprotected; `autograde grade` runs it in a sandbox."
            )


def generate_assignments(classroom: Classroom, names: Iterable[str]) -> None:
    """Let nbgrader release assignments; raise `AutogradeError` with what it says."""
    config = Config()
    configure(config, classroom.root)
    api = NbGraderAPI(config=config)
    for name in names:
        steps = [lambda name=name: api.generate_assignment(name, force=True)]
        sources = (classroom.root / "source" / name).glob("*.ipynb")
        if any("AUTOTEST" in path.read_text(encoding="utf-8") for path in sources):
            steps.append(lambda name=name: _generate_tests(api, name))
        for step in steps:
            done = step()
            if not done["success"]:
                raise AutogradeError(f"nbgrader could not release {name}: {_find(done)}")


def _generate_tests(api: NbGraderAPI, name: str) -> Any:
    """Write out the tests that nbgrader makes of what the instructor's cells show."""
    with temp_attrs(api.coursedir, assignment_id=name):
        converter = GenerateSourceWithTests(coursedir=api.coursedir, parent=api)
        converter.force = True
        return capture_log(converter)


def _find(done: Mapping[str, Any]) -> str:
    """Return the last error that nbgrader logged, without the way there."""
    said = f"{done.get('log', '')}\n{done['error']}"
    errors = re.findall(r"^\s*(\w[\w.]*(?:Error|Exception): .*)$", said, re.MULTILINE)
    return errors[0] if errors else said.strip()
