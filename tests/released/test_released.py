"""What people made with an earlier release still opens, runs, counts and is updated.

A folder per release, written by `record.py`. A name that is missing here has moved: it
needs a row in `prompt_or_tune/moved.py`.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import tarfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from IPython.core.interactiveshell import InteractiveShell
from prompt_or_tune.checks.registry import find_graded_task
from prompt_or_tune.delivery import checksum, deliver
from prompt_or_tune.widgets.progress import read_passed

ROOT = Path(__file__).parents[2]
RELEASES = sorted(path.parent for path in Path(__file__).parent.glob("*/imports.json"))
NOTEBOOKS = (
    "00_tour 01_input_data 02_prompt_engineering 03_training_pairs 04_fine_tuning "
    "05_prediction 06_decision 07_quiz"
).split()

every_release = pytest.mark.parametrize("release", RELEASES, ids=lambda path: path.name)


def list_imports() -> Iterator[tuple[str, str]]:
    for release in RELEASES:
        text = (release / "imports.json").read_text(encoding="utf-8")
        for module, names in json.loads(text).items():
            yield from ((module, name) for name in names)


@pytest.fixture
def files(release: Path, tmp_path: Path) -> Path:
    """Return a folder with what a learner has of a release."""
    with tarfile.open(release / "files.tar.xz") as archive:
        archive.extractall(tmp_path / "files", filter="data")
    return tmp_path / "files"


def read_code(files: Path, name: str) -> list[Any]:
    notebook = nbformat.read(files / name / f"{name}.ipynb", as_version=4)
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


# --- Imports ----------------------------------------------------------------------------


@pytest.mark.parametrize(("module", "name"), sorted(set(list_imports())))
def test_what_a_release_imports_is_still_found(module, name):
    there = importlib.import_module(module)
    with contextlib.suppress(ModuleNotFoundError):
        importlib.import_module(f"{module}.{name}")
    assert hasattr(there, name), f"add a row for {module}:{name} to moved.py"


@pytest.mark.parametrize("name", NOTEBOOKS)
@every_release
def test_the_first_cells_of_a_released_notebook_run(files, name):
    shell, said = InteractiveShell(), io.StringIO()
    for cell in read_code(files, name):
        if set(cell.metadata.get("tags", ())) & {"setup", "parameters", "imports"}:
            with contextlib.redirect_stdout(said), warnings.catch_warnings():
                shell.run_cell(cell.source).raise_error()
    assert "Prompt or Tune?" in said.getvalue()


# --- Points and progress ----------------------------------------------------------------


@pytest.mark.parametrize("name", NOTEBOOKS)
@every_release
def test_a_task_of_a_release_is_still_there_and_worth_as_much(files, name):
    for cell in read_code(files, name):
        marks = cell.metadata.get("nbgrader", {})
        if marks.get("grade"):
            task = find_graded_task(marks.grade_id.removesuffix("_test"))
            assert task.points == marks.points


@every_release
def test_the_progress_of_a_release_is_still_read(files, monkeypatch):
    monkeypatch.setenv("PROMPT_OR_TUNE_DATA", str(files / "progress"))
    passed = {file.stem for file in (files / "progress" / "passed").iterdir()}
    assert passed
    assert read_passed(sorted(passed)) == passed


# --- Updates ----------------------------------------------------------------------------


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """Return a checkout's course of today, as the version after every release."""
    course = tmp_path / "checkout" / "course"
    for name in NOTEBOOKS:
        place = course / name / f"{name}.ipynb"
        place.parent.mkdir(parents=True)
        place.write_bytes((ROOT / "course" / name / f"{name}.ipynb").read_bytes())
    set_version(course, "99.0.0")
    return course


def set_version(course: Path, version: str) -> None:
    text = f'[project]\nversion = "{version}"\n'
    (course.parent / "pyproject.toml").write_text(text)


@every_release
def test_a_released_copy_is_updated_where_it_was_left_and_beside_where_not(
    files, release, course, tmp_path
):
    work = tmp_path / "work"
    set_version(files, release.name)
    deliver(files, work)
    mine = work / "01_input_data" / "01_input_data.ipynb"
    mine.write_text(mine.read_text().replace("# your code here", "return rows"))
    before = mine.read_bytes()

    done = deliver(course, work)

    assert {path.stem for path in done.updated} == set(NOTEBOOKS) - {"01_input_data"}
    assert [path.name for path in done.beside] == ["01_input_data (99.0.0).ipynb"]
    assert mine.read_bytes() == before
    for name in done.updated:
        assert checksum(work / name) == checksum(course / name)
