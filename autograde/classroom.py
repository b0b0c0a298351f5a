"""A class: its folder, its settings, who is in it, and where everything lies."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from prompt_or_tune.files import write_atomically

from autograde.errors import AutogradeError
from autograde.records import Limits, Mode, Received
from autograde.roster import Roster, Student, read_roster
from autograde.settings import Settings, read_settings

__all__ = ["Classroom", "Roster", "Settings", "Student", "init"]

ROOT = Path(__file__).parent.parent
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


# --- A new class ------------------------------------------------------------------------


def init(
    root: Path, *, sources: Path | None = None, roster: Path | None = None
) -> Classroom:
    """Make a class folder, or complete one; never overwrite a file.

    `sources` holds a folder of nbgrader's source notebooks for each assignment (default:
    this course's, as `autograde build` makes them); one without a graded cell is left
    out. Raises `AutogradeError` when there are none, when the folder lies in this
    repository, or when a roster is given that differs from the one that is there.
    """
    root = root.absolute()
    own = sources is None
    sources = ROOT / "build" / "source" if sources is None else sources.absolute()
    if (ROOT / "pyproject.toml").exists() and root.is_relative_to(ROOT):
        raise AutogradeError(
            f"{root} lies in the course's repository; a class has personal data, so its "
            "folder must lie elsewhere."
        )
    assignments = find_assignments(sources)
    if not assignments:
        hint = "; `autograde build` makes them." if own else "."
        raise AutogradeError(f"{sources} has no folders with graded notebooks{hint}")
    try:
        _write_files(root, sources, assignments, roster)
        if own and (ROOT / "solutions" / EXPLANATIONS).exists():
            explained = root / "source" / "07_quiz" / EXPLANATIONS
            _copy(ROOT / "solutions" / EXPLANATIONS, explained)
    except OSError as error:
        raise AutogradeError(f"{root} can't be made a class folder: {error}.") from None
    classroom = Classroom.open(root)
    classroom.roster()  # say now what is wrong with it
    _release(classroom)

    from autograde.recording import apply_settings

    apply_settings(classroom)
    return classroom


def find_assignments(sources: Path) -> list[str]:
    """Return the folders that have a notebook with a cell that is graded."""
    graded = '"grade": true', '"task": true'
    return sorted(
        {
            path.parent.name
            for path in sources.glob("*/*.ipynb")
            if any(mark in _read_compactly(path) for mark in graded)
        }
    )


def _read_compactly(path: Path) -> str:
    try:
        return json.dumps(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise AutogradeError(f"{path} is no notebook: {error}.") from None


def _write_files(
    root: Path, sources: Path, assignments: list[str], roster: Path | None
) -> None:
    for folder in FOLDERS:
        (root / folder).mkdir(parents=True, exist_ok=True)
    for name in assignments:
        for path in sorted((sources / name).rglob("*")):
            if path.is_file() and ".ipynb_checkpoints" not in path.parts:
                _copy(path, root / "source" / path.relative_to(sources))
    autotests = sources.parent / "autotests.yml"
    if autotests.exists():
        _copy(autotests, root / autotests.name)
    texts = [
        path.read_text(encoding="utf-8")
        for name in assignments
        for path in (sources / name).glob("*.ipynb")
    ]
    # Tests that use this course's checks were written to run apart; no others were.
    mode = "apart" if all("prompt_or_tune" in text for text in texts) else "together"
    template = _read_template(SETTINGS)
    course_id = "".join(c if c.isalnum() or c in "_-" else "_" for c in root.name)
    _write_new(
        root / SETTINGS,
        template.replace("{course_id}", course_id).replace("{mode}", mode),
    )
    _write_new(root / "nbgrader_config.py", _read_template("nbgrader_config.py"))
    given = roster.read_bytes() if roster else None
    _write_new(root / "roster.csv", given or _read_template("roster.csv"))
    if given and (root / "roster.csv").read_bytes() != given:
        raise AutogradeError(
            f"{root / 'roster.csv'} is there already, and differs from {roster}; change "
            "the one in the class folder, or remove it first."
        )


def _read_template(name: str) -> str:
    return resources.files("autograde").joinpath("class_files", name).read_text("utf-8")


def _write_new(path: Path, content: str | bytes) -> None:
    if not path.exists():
        write_atomically(path, content)


def _copy(path: Path, target: Path) -> None:
    if not target.exists():
        write_atomically(target, path.read_bytes())
        shutil.copymode(path, target)


def _release(classroom: Classroom) -> None:
    """Let nbgrader make what is not released yet, and note it in the gradebook."""
    from nbgrader.api import Gradebook, MissingEntry

    def is_noted(gradebook: Gradebook, assignment: str, notebook: str) -> bool:
        try:
            return bool(gradebook.find_notebook(notebook, assignment).source_cells)
        except MissingEntry:
            return False

    with classroom.gradebook() as gradebook:
        missing = [
            assignment
            for assignment in classroom.assignments()
            for notebook in classroom.notebooks(assignment)
            if not classroom.release(assignment, notebook).exists()
            or not is_noted(gradebook, assignment, notebook)
        ]
    if missing:
        from autograde.routing import generate_assignments

        generate_assignments(classroom, dict.fromkeys(missing))
