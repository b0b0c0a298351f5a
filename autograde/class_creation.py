"""A new class: its folder, with all that grading needs."""

from __future__ import annotations

import json
import shutil
from importlib import resources
from pathlib import Path

from prompt_or_tune.files import write_atomically

from autograde import ROOT
from autograde.classroom.folder import EXPLANATIONS, FOLDERS, SETTINGS, Classroom
from autograde.errors import AutogradeError


def create_class(
    root: Path, *, sources: Path | None = None, roster: Path | None = None
) -> Classroom:
    """Make a class folder, or complete one; never overwrite a file.

    `sources` holds a folder of nbgrader's source notebooks for each assignment (default:
    this course's, as `make course` makes them); one without a graded cell is left
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
        hint = "; `make course` makes them." if own else "."
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

    from autograde.gradebook.result_writer import apply_settings

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
    return (
        resources.files("autograde.classroom")
        .joinpath("class_files", name)
        .read_text("utf-8")
    )


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
