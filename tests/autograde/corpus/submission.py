"""What a submission of the corpus is: a notebook, the score that is right, and why."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from tests.autograde.corpus.assignments import SOLUTION_MARK, find_solutions

Kind = Literal["honest", "mangled", "broken", "hog", "hostile"]
Points = Mapping[str, float | None]


@dataclass(frozen=True)
class World:
    """What stands around a submission: its assignments, and what it must not reach.

    `outside` is a folder of the host that everybody may write to, with the file
    `victim.txt`; `port`, `socket` and `abstract` are listeners on the host (TCP, a path,
    an abstract name). `secret` stands in the grader's environment and in
    `outside/secret.txt`.
    """

    sources: Mapping[str, NotebookNode]
    releases: Mapping[str, NotebookNode]
    classroom: Path
    repository: Path
    outside: Path
    port: int
    socket: Path
    abstract: str
    secret: str

    def release(self, assignment: str) -> NotebookNode:
        """Return a fresh copy of what students were given."""
        return nbformat.from_dict(self.releases[assignment])

    def solutions(self, assignment: str) -> dict[str, str]:
        """Return right answers by grade id, without the instructor's mark."""
        answers = find_solutions(self.sources[assignment])
        return {k: v.replace(f"  # {SOLUTION_MARK}", "") for k, v in answers.items()}

    def fill_in(self, code: str) -> str:
        """Return code with the words @LIKE_THIS@ replaced by what they stand for."""
        for word, value in {
            "@CLASS@": self.classroom,
            "@REPOSITORY@": self.repository,
            "@OUTSIDE@": self.outside,
            "@PORT@": self.port,
            "@SOCKET@": self.socket,
            "@ABSTRACT@": self.abstract,
        }.items():
            code = code.replace(word, str(value))
        return code


Build = Callable[[World], bytes]


@dataclass(frozen=True)
class Submission:
    """One student's hand-in.

    `points` are those of the cells that are not worth 0; None for a file that no student
    can be graded for ("not placed"). `earlier` are versions handed in before, the oldest
    first. `file_name` is what it is called, the assignment's own by default. `look` says
    whether it must be marked for a human (None: either will do).
    """

    name: str
    kind: Kind
    assignment: str
    build: Build
    points: Points | None
    why: str
    earlier: Sequence[Build] = ()
    file_name: str = ""
    look: bool | None = None

    @property
    def total(self) -> float:
        """Return the sum of the points that are right."""
        return sum((value or 0.0 for value in (self.points or {}).values()), 0.0)

    def __post_init__(self) -> None:
        if not self.file_name:
            object.__setattr__(self, "file_name", f"{self.assignment}.ipynb")


def as_bytes(notebook: NotebookNode) -> bytes:
    """Return a notebook's file, however odd the notebook is: nothing is put right."""
    content = json.loads(json.dumps(notebook))
    for cell in content["cells"]:
        cell["source"] = cell["source"].splitlines(keepends=True)
    return json.dumps(content, indent=1).encode()


def answer(
    world: World,
    assignment: str,
    answers: Mapping[str, str],
    *,
    first: str = "",
    last: str = "",
) -> NotebookNode:
    """Return the release with these answers, and with own cells at its start and end."""
    notebook = world.release(assignment)
    for cell in notebook.cells:
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
        if grade_id in answers:
            cell.source = world.fill_in(answers[grade_id]).strip("\n")
    for position, source in ((0, first), (len(notebook.cells), last)):
        if source:
            own = new_code_cell(world.fill_in(source).strip("\n"), id=f"own-{position}")
            notebook.cells.insert(position, own)
    return notebook


def solve(world: World, assignment: str, **answers: str) -> NotebookNode:
    """Return the release with all tasks solved, but for the answers that are given."""
    return answer(world, assignment, {**world.solutions(assignment), **answers})
