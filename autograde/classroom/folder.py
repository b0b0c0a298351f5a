"""A class: its folder, its settings, who is in it, and where everything lies."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograde.classroom.roster import Roster, read_roster
from autograde.classroom.settings import Settings, read_settings
from autograde.errors import AutogradeError
from autograde.submission_records import Limits, Mode, Received

SETTINGS = "class.toml"
FOLDERS = ("source", "release", "received", "submitted", "autograded", "feedback")
EXPLANATIONS = "quiz.toml"
"""Beside a source notebook: what feedback says of a quiz. Never released."""


@dataclass(frozen=True)
class Classroom:
    """The folder of a class; `open` reads the settings of one that `init` made."""

    root: Path
    settings: Settings

    @classmethod
    def open(cls, root: Path) -> Classroom:
        """Return the class of a folder; raise `AutogradeError` where there is none."""
        root = root.absolute()
        if not (root / SETTINGS).is_file():
            raise AutogradeError(
                f"{root} is no class folder, for it has no {SETTINGS}; "
                f"`autograde init {root}` makes one."
            )
        return cls(root, read_settings(root / SETTINGS))

    def assignments(self) -> tuple[str, ...]:
        """Return the names of what is graded, in order."""
        notebooks = (self.root / "source").glob("*/*.ipynb")
        return tuple(sorted({path.parent.name for path in notebooks}))

    def notebooks(self, assignment: str) -> tuple[str, ...]:
        """Return the names of an assignment's notebooks, in order."""
        folder = self.root / "source" / check_name(assignment)
        return tuple(sorted(path.stem for path in folder.glob("*.ipynb")))

    def roster(self) -> Roster:
        """Return who is in the class; raise `AutogradeError` for a faulty roster.csv."""
        return read_roster(self.root / "roster.csv")

    def mode(self, assignment: str) -> Mode:
        """Return where an assignment's tests run."""
        return self.settings.modes.get(assignment, self.settings.mode)

    def limits(self, assignment: str) -> Limits:
        """Return what a submission of an assignment may use."""
        return self.settings.limits_of.get(assignment, self.settings.limits)

    # Where files lie. A name that leads out of the folder raises `AutogradeError`.

    def source(self, assignment: str, notebook: str) -> Path:
        """Return the instructor's notebook, with what AUTOTEST lines stand for."""
        complete = self._find("source_with_tests", assignment, f"{notebook}.ipynb")
        if complete.exists():
            return complete
        return self._find("source", assignment, f"{notebook}.ipynb")

    def release(self, assignment: str, notebook: str) -> Path:
        """Return the notebook as students get it."""
        return self._find("release", assignment, f"{notebook}.ipynb")

    def submitted(self, student: str, assignment: str, notebook: str) -> Path:
        """Return the repaired copy of a student's newest version."""
        return self._find("submitted", student, assignment, f"{notebook}.ipynb")

    def autograded(self, student: str, assignment: str, notebook: str) -> Path:
        """Return the executed notebook."""
        return self._find("autograded", student, assignment, f"{notebook}.ipynb")

    def feedback(self, student: str, assignment: str, notebook: str) -> Path:
        """Return the page that a student gets back."""
        return self._find("feedback", student, assignment, f"{notebook}.html")

    def received(self, sha256: str) -> Path:
        """Return the file that holds the bytes of a version as it came in."""
        return self._find("received", f"{sha256}.ipynb")

    @property
    def manifest(self) -> Path:
        """Return the list of all versions received: a JSON object on each line."""
        return self.root / "received" / "received.jsonl"

    def read_manifest(self) -> list[Received]:
        """Return all versions received, oldest first; half a line counts as none."""
        if not self.manifest.exists():
            return []
        versions = []
        for line in self.manifest.read_text(encoding="utf-8").splitlines():
            with suppress(ValueError):  # half a line: it was being written
                versions.append(Received(**json.loads(line)))
        return versions

    def _find(self, *names: str) -> Path:
        return self.root.joinpath(*map(check_name, names))

    # The gradebook.

    @property
    def gradebook_url(self) -> str:
        """Return the URL of the database that nbgrader keeps the grades in."""
        return self.settings.gradebook or f"sqlite:///{self.root / 'gradebook.db'}"

    @contextmanager
    def gradebook(self) -> Iterator[Any]:
        """Yield nbgrader's `Gradebook` of this class.

        Raises `AutogradeError` when the database can't be opened, read or written to.
        """
        from nbgrader.api import Gradebook
        from sqlalchemy.engine import make_url
        from sqlalchemy.exc import ArgumentError, DatabaseError

        def explain(error: Exception) -> AutogradeError:
            said = getattr(error, "orig", None) or error
            return AutogradeError(
                f"the gradebook {url} can't be used: {said}. Nothing was changed; mend "
                "that (a full disk? a folder that is not yours?), and run it again."
            )

        url = self.gradebook_url
        try:
            address = make_url(url)
            url = repr(address)  # without the password
            if address.drivername.startswith("sqlite"):
                # Seconds to wait for who writes; Formgrader writes too.
                address = address.update_query_dict({"timeout": "60"})
            with _own_commands():
                gradebook = Gradebook(address, self.settings.course_id)
        except (ArgumentError, DatabaseError, ImportError) as error:
            raise explain(error) from None
        try:
            with gradebook:
                yield gradebook
        except DatabaseError as error:
            raise explain(error) from None


def check_name(name: str) -> str:
    """Return a name that is one part of a path; raise `AutogradeError` for another."""
    if name in ("", ".", "..") or any(char in name for char in "/\\\0"):
        raise AutogradeError(f"{name!r} can't be the name of a file or folder.")
    return name


@contextmanager
def _own_commands() -> Iterator[None]:
    """Let nbgrader find `alembic`, also where nobody has activated the environment."""
    before = os.environ.get("PATH", os.defpath)
    os.environ["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), before))
    try:
        yield
    finally:
        os.environ["PATH"] = before
