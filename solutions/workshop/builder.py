"""Build the notebooks: percent text → nbgrader's source → what a learner gets.

Both notebooks are functions of the text, the recorded facts and the version: two builds
are the same to the byte. Solutions and hidden tests are taken out by nbgrader's own
preprocessors, with the settings of nbgrader_config.py, so that an instructor who runs
`nbgrader generate_assignment` releases the same cells.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import jinja2
import nbformat
from nbformat import NotebookNode
from nbgrader.preprocessors import (
    CheckCellMetadata,
    ClearHiddenTests,
    ClearOutput,
    ClearSolutions,
    ComputeChecksums,
    LockCells,
)
from prompt_or_tune.checks.registry import list_graded_tasks, list_graded_tasks_of
from prompt_or_tune.files import write_atomically
from prompt_or_tune.syllabus import NOTEBOOKS, Notebook

from autograde.nbgrader_settings import DEMONSTRATION, load_settings
from solutions.workshop.errors import SourceError, WorkshopError
from solutions.workshop.markers import fill_markers
from solutions.workshop.percent import SPECIAL_TAGS, Cell, find_files, read_percent

SOLUTIONS = Path("solutions")
SOURCE = Path("build/source")
COURSE = Path("course")
PAGE = COURSE / "README.md"

COLAB_LINES = """\
import sys
if "google.colab" in sys.modules:  # elsewhere `make lab` has installed the course
    %pip install --quiet --no-deps "prompt-or-tune @ git+{repository}@v{version}"

"""
BADGE = (
    "[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]"
    "(https://colab.research.google.com/github/{path}/blob/v{version}/{file})"
)
METADATA = {
    "kernelspec": {
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
        "name": "python3",
    },
    "language_info": {"name": "python"},
}

# nbgrader's own order, less what needs a database.
RELEASING = (
    LockCells,
    ClearSolutions,
    ClearOutput,
    CheckCellMetadata,
    ComputeChecksums,
    ClearHiddenTests,
    ComputeChecksums,
    CheckCellMetadata,
)


@dataclass(frozen=True)
class Project:
    """What the notebooks say about where they come from.

    `repository` is the one setting that every badge and setup cell uses: pyproject.toml's
    `[project.urls] Repository`.
    """

    root: Path
    repository: str
    version: str

    @property
    def path_on_github(self) -> str:
        """Return `owner/name`; raise `WorkshopError` for an address elsewhere."""
        match = re.fullmatch(
            r"https://github\.com/([\w.-]+/[\w.-]+?)(\.git)?/?", self.repository
        )
        if not match:
            raise WorkshopError(
                f"Colab opens notebooks from GitHub, and {self.repository} is not there; "
                "the address is [project.urls] Repository in pyproject.toml."
            )
        return match[1]


@dataclass(frozen=True)
class BuiltFile:
    """A file as the build wants it; `path` is relative to the repository."""

    path: Path
    content: str

    def is_current(self, root: Path) -> bool:
        """Return whether the file on the disk is the same to the byte."""
        file = root / self.path
        return file.is_file() and file.read_bytes() == self.content.encode()


def read_project(root: Path) -> Project:
    """Return the settings of a repository.

    Raises `WorkshopError` when its pyproject.toml names no address or no version.
    """
    try:
        project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
        return Project(root, project["urls"]["Repository"], project["version"])
    except (OSError, KeyError, tomllib.TOMLDecodeError) as error:
        raise WorkshopError(
            f"{root} is not the course's repository: its pyproject.toml must hold the "
            f"version and [project.urls] Repository ({error})."
        ) from None


def find_sources(project: Project, names: Sequence[str]) -> list[Path]:
    """Return the percent files with these names; all where none is named.

    A name may be shortened to its start (`04`). An unknown one raises `WorkshopError`.
    """
    files = find_files(project.root / SOLUTIONS)
    for name in names:
        if not any(file.stem.startswith(name) for file in files):
            known = ", ".join(file.stem for file in files) or "none"
            raise WorkshopError(f"There is no notebook {name}; there are: {known}.")
    return [f for f in files if not names or any(map(f.stem.startswith, names))]


def build(
    file: Path, project: Project, facts: Mapping[str, str]
) -> tuple[BuiltFile, ...]:
    """Return nbgrader's source and the released notebook of a percent file.

    Raises `SourceError` for the first fault in the file.
    """
    source = make_source(file, project, facts)
    name = Path(file.stem, f"{file.stem}.ipynb")
    return (
        BuiltFile(SOURCE / name, _as_text(source)),
        BuiltFile(COURSE / name, _as_text(make_release(source))),
    )


def write(built: Iterable[BuiltFile], root: Path) -> list[Path]:
    """Write what differs from what is there; return it."""
    changed = [file for file in built if not file.is_current(root)]
    return [write_atomically(root / file.path, file.content) for file in changed]


def find_leftovers(project: Project) -> list[Path]:
    """Return released notebooks that no percent file makes any more."""
    names = {file.stem for file in find_files(project.root / SOLUTIONS)}
    released = sorted((project.root / COURSE).glob("*/*.ipynb"))
    return [p.relative_to(project.root) for p in released if p.stem not in names]


def _as_text(notebook: NotebookNode) -> str:
    nbformat.validate(notebook)
    return nbformat.writes(notebook) + "\n"


# --- The learner's page -----------------------------------------------------------------


def build_page(project: Project) -> BuiltFile:
    """Return course/README.md with the table of the notebooks and their tasks filled in.

    Raises `MarkerError` when the page has lost its markers.
    """
    text = (project.root / PAGE).read_text(encoding="utf-8")
    return BuiltFile(PAGE, fill_markers(text, "notebooks", tabulate_notebooks()))


def tabulate_notebooks() -> str:
    """Return the notebooks with their minutes, tasks and points as a Markdown table."""
    head = "| notebook | minutes | difficulty | tasks | points |"
    return "\n".join([head, "|---|---:|---|---:|---:|", *map(_state_row, NOTEBOOKS)])


def _state_row(notebook: Notebook) -> str:
    tasks = list_graded_tasks_of(notebook)
    cells = (
        f"[{notebook.heading}]({notebook.name}/{notebook.name}.ipynb)",
        str(notebook.minutes),
        notebook.stars,
        str(len(tasks) or "–"),
        str(sum(task.points for task in tasks) or "–"),
    )
    return f"| {' | '.join(cells)} |"


# --- nbgrader's source ------------------------------------------------------------------


def make_source(file: Path, project: Project, facts: Mapping[str, str]) -> NotebookNode:
    """Return the instructor's notebook: solutions, hidden tests, all marks filled in."""
    badge = BADGE.format(
        path=project.path_on_github,
        version=project.version,
        file=(COURSE / file.stem / f"{file.stem}.ipynb").as_posix(),
    )
    known = {**facts, **describe_tasks(), "badge": badge}
    cells = [_fill_cell(file, cell, known) for cell in read_percent(file)]
    notebook = nbformat.v4.new_notebook(metadata=METADATA)
    for cell, cell_id in zip(cells, make_ids(cells), strict=True):
        if cell.kind == "markdown":
            notebook.cells.append(nbformat.v4.new_markdown_cell(cell.text, id=cell_id))
        else:
            text = add_colab_lines(cell, project)
            notebook.cells.append(nbformat.v4.new_code_cell(text, id=cell_id))
        notebook.cells[-1].metadata = _make_metadata(cell)
    notebook.nbformat_minor = 5
    return notebook


def describe_tasks() -> dict[str, str]:
    """Return title, points and minutes of each task, by the name of its placeholder."""
    return {f"task_{task.id}": task.describe() for task in list_graded_tasks()}


def _fill_cell(file: Path, cell: Cell, known: Mapping[str, str]) -> Cell:
    if cell.kind != "markdown":
        return cell
    return replace(cell, text=fill_in(file, cell, known))


def fill_in(file: Path, cell: Cell, known: Mapping[str, str]) -> str:
    """Return the text of a Markdown cell with its `{{ facts }}` filled in.

    Raises `SourceError` with the line of an unknown fact or of a malformed placeholder.
    """
    try:
        return _jinja().from_string(cell.text).render(known)
    except jinja2.TemplateSyntaxError as error:
        fault = f"a malformed placeholder: {error.message}"
        raise SourceError(file, cell.line + error.lineno, fault) from None
    except jinja2.UndefinedError:
        for offset, text in enumerate(cell.text.split("\n"), 1):
            for name in re.findall(r"\{\{-?\s*(\w+)", text):
                if name not in known:
                    fault = f"{{{{ {name} }}}} is no recorded fact."
                    raise SourceError(file, cell.line + offset, fault) from None
        raise


@lru_cache(maxsize=1)
def _jinja() -> jinja2.Environment:
    return jinja2.Environment(
        undefined=jinja2.StrictUndefined, keep_trailing_newline=True
    )


def add_colab_lines(cell: Cell, project: Project) -> str:
    """Return the text of a code cell; the setup cell installs the course on Colab."""
    if "setup" not in cell.tags:
        return cell.text
    repository = project.repository.rstrip("/")
    lines = COLAB_LINES.format(repository=repository, version=project.version)
    return lines + cell.text


def make_ids(cells: Iterable[Cell]) -> list[str]:
    """Return an id for each cell that stays when other cells come and go.

    A graded cell is called by its grade_id, a special one by its tag, any other by the
    heading above it and its place below that.
    """
    ids: list[str] = []
    section, place = "start", 0
    for cell in cells:
        heading = _find_heading(cell)
        if heading:
            section, place = heading, 0
        special = [tag for tag in SPECIAL_TAGS if tag in cell.tags]
        if cell.grade_id or special or heading:
            wanted = cell.grade_id or "".join(special) or heading
        else:
            place += 1
            wanted = f"{section}-{place}"
        ids.append(_make_unique(wanted, ids))
    return ids


def _find_heading(cell: Cell) -> str:
    if cell.kind != "markdown":
        return ""
    match = re.search(r"^#+ +(.+)$", cell.text, re.MULTILINE)
    words = re.findall(r"[a-z0-9]+", match[1].lower()) if match else []
    return "-".join(words)[:48].strip("-")


def _make_unique(wanted: str, taken: Sequence[str]) -> str:
    number, name = 1, wanted
    while name in taken:
        number += 1
        name = f"{wanted}-again{number}"
    return name


def _make_metadata(cell: Cell) -> NotebookNode:
    metadata: dict[str, Any] = {}
    tags = [*cell.tags, *([DEMONSTRATION] if cell.is_demonstration else [])]
    if tags:
        metadata["tags"] = list(dict.fromkeys(tags))
    if cell.jupyter:
        metadata["jupyter"] = cell.jupyter
    if cell.grade_id:
        metadata["nbgrader"] = {
            "schema_version": 3,
            "grade_id": cell.grade_id,
            "grade": cell.is_graded,
            "solution": cell.is_solution,
            "locked": cell.is_graded and not cell.is_solution,
            "task": False,
            "cell_type": cell.kind,
            **({"points": cell.points} if cell.is_graded else {}),
        }
    return nbformat.from_dict(metadata)


# --- The release ------------------------------------------------------------------------


def make_release(source: NotebookNode) -> NotebookNode:
    """Return the learner's notebook: stubs for solutions, no hidden test, no output."""
    notebook = nbformat.from_dict(source)  # a copy: the preprocessors change in place
    settings = load_settings()
    resources: dict[str, Any] = {}
    for preprocessor in RELEASING:
        notebook, resources = preprocessor(config=settings)(notebook, resources)
    notebook.metadata.pop("widgets", None)
    return notebook
