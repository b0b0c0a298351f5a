"""Mangle notebooks as editors, clouds and people do, at random but for a seed or a draw.

`Mangled` keeps the right answers beside the notebook, so that whoever mangles knows what
must come out again. Each operation leaves every answer at least one mark that survives.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random

from hypothesis import strategies as st
from nbformat import NotebookNode, from_dict
from nbformat.v4 import new_code_cell, new_markdown_cell

from autograde.submissions.similarity import find_names, tidy

OPERATIONS = (
    "move",
    "split",
    "split and lose marks",
    "duplicate",
    "draft above",
    "retype",
    "change kind",
    "lose nbgrader",
    "lose ids",
    "delete fixed",
    "edit fixed",
    "own cell",
    "outputs",
    "colab",
    "blank cell",
)
"""What can be done to a notebook; each names a step of `Mangled.apply`."""


def answer(released: NotebookNode, answers: Mapping[str, str]) -> NotebookNode:
    """Return a released notebook with answers, by grade id, typed into it."""
    notebook = from_dict(released)
    for cell in notebook.cells:
        marks = cell.metadata.get("nbgrader", {})
        if marks.get("solution") and marks["grade_id"] in answers:
            cell.source = answers[marks["grade_id"]]
    return notebook


@dataclass
class Mangled:
    """A notebook on its way through editors; `steps` tells what was done to it."""

    notebook: NotebookNode
    steps: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        for cell in self.cells:  # nobody but this module looks at it
            marks = cell.metadata.get("nbgrader", {})
            if marks.get("solution"):
                cell.metadata["task"] = marks["grade_id"]

    def apply(self, operation: str, random: Random) -> None:
        """Do one of `OPERATIONS` somewhere, if there is a place where it can be done."""
        places = [i for i, _ in enumerate(self.cells) if self._can(operation, i)]
        if not places:
            return
        index = random.choice(places)
        cell = self.cells[index]
        self.steps.append(f"{operation} at {index} ({cell.get('id', 'no id')})")
        getattr(self, "_" + operation.replace(" ", "_"))(index, cell, random)

    @property
    def cells(self) -> list[NotebookNode]:
        cells: list[NotebookNode] = self.notebook.cells
        return cells

    def _can(self, operation: str, index: int) -> bool:
        """Return whether an answer that this is done to still says what it is."""
        cell = self.cells[index]
        marks = cell.metadata.get("nbgrader", {})
        is_answer = bool(marks.get("solution"))
        is_whole_code = is_answer and cell.cell_type == "code" and not _is_part(cell)
        if operation in ("split", "split and lose marks", "draft above"):
            tasks = [each.metadata.get("task") for each in self.cells]
            is_only = tasks.count(cell.metadata.get("task")) == 1
            return is_whole_code and is_only and "\n" in cell.source
        if operation in ("retype", "change kind"):
            return is_whole_code
        if operation == "lose nbgrader":
            return bool(marks) and not _is_part(cell) and cell.cell_type == "code"
        if operation in ("delete fixed", "edit fixed"):
            return bool(marks) and not is_answer
        if operation == "duplicate":
            return bool(marks)
        if operation in ("move", "lose ids"):
            return not _is_part(cell)
        if operation in ("own cell", "blank cell"):
            return not self._is_within_split(index)
        return True

    # What is done

    def _move(self, index: int, cell: NotebookNode, random: Random) -> None:
        self.cells.pop(index)
        places = [
            place
            for place in range(len(self.cells) + 1)
            if not self._is_within_split(place)
        ]
        self.cells.insert(random.choice(places), cell)

    def _split(self, index: int, cell: NotebookNode, random: Random) -> None:
        """Split as JupyterLab does: both parts keep the metadata, and get new ids."""
        first, second = _cut(cell, random)
        for number, part in enumerate((first, second)):
            part.metadata["part"] = True
            part["id"] = f"{cell.get('id', 'x')[:40]}-{number}-{random.randrange(10**6)}"
        self.cells[index : index + 1] = [first, second]

    def _split_and_lose_marks(
        self, index: int, cell: NotebookNode, random: Random
    ) -> None:
        """Split so that only the first part is still marked; the second is a fragment."""
        lines = cell.source.split("\n")
        places = [
            place
            for place in range(1, len(lines))
            if find_names("\n".join(lines[place:])) is None
        ]
        if not places:
            return
        place = random.choice(places)
        second = new_code_cell("\n".join(lines[place:]))
        cell.source = "\n".join(lines[:place])
        cell.metadata["part"] = second.metadata["part"] = True
        self.cells.insert(index + 1, second)

    def _duplicate(self, index: int, cell: NotebookNode, random: Random) -> None:
        copy = from_dict(cell)
        copy["id"] = f"copy-{random.randrange(10**6)}"
        self.cells.insert(index + 1, copy)

    def _draft_above(self, index: int, cell: NotebookNode, random: Random) -> None:
        """Leave an earlier version above, with the same marks: the last one counts."""
        if self._is_within_split(index):
            return
        draft = from_dict(cell)
        draft["id"] = f"draft-{random.randrange(10**6)}"
        draft.source += f"\nprint('draft', {random.randrange(9)})"
        # Their order must stay, and neither may be better marked than the other.
        draft.metadata["part"] = cell.metadata["part"] = True
        self.cells.insert(index, draft)

    def _retype(self, index: int, cell: NotebookNode, random: Random) -> None:
        """Paste the text into a new cell: nothing of the old one is left but the text."""
        metadata = {"task": cell.metadata["task"]}
        self.cells[index] = new_code_cell(cell.source, metadata=metadata)

    def _change_kind(self, index: int, cell: NotebookNode, random: Random) -> None:
        cell.cell_type = random.choice(("markdown", "raw"))
        cell.pop("outputs", None)
        cell.pop("execution_count", None)

    def _lose_nbgrader(self, index: int, cell: NotebookNode, random: Random) -> None:
        del cell.metadata["nbgrader"]

    def _lose_ids(self, index: int, cell: NotebookNode, random: Random) -> None:
        cell.pop("id", None)
        cell.metadata.pop("id", None)

    def _delete_fixed(self, index: int, cell: NotebookNode, random: Random) -> None:
        del self.cells[index]

    def _edit_fixed(self, index: int, cell: NotebookNode, random: Random) -> None:
        cell.source = random.choice(("", "pass", "# assert True", cell.source + "\n1"))

    def _own_cell(self, index: int, cell: NotebookNode, random: Random) -> None:
        number = random.randrange(10**6)
        own = random.choice(
            (
                new_code_cell(f"scratch_{number} = {number}"),
                new_code_cell(f"!echo {number}"),
                new_markdown_cell(f"Note {number}."),
            )
        )
        self.cells.insert(index, own)

    def _outputs(self, index: int, cell: NotebookNode, random: Random) -> None:
        if cell.cell_type == "code":
            cell["outputs"] = [{"output_type": "stream", "name": "stderr", "text": "!"}]
            cell["execution_count"] = random.randrange(100)

    def _colab(self, index: int, cell: NotebookNode, random: Random) -> None:
        """Note who ran it, as Colab does, and keep the id in the metadata alone."""
        cell.metadata["executionInfo"] = {"user": {"displayName": "Ada Lovelace"}}
        if "id" in cell:
            cell.metadata["id"] = cell.pop("id")
        self.notebook.metadata["widgets"] = {"application/x": {"no": "state"}}
        self.notebook.nbformat_minor = 0

    def _blank_cell(self, index: int, cell: NotebookNode, random: Random) -> None:
        self.cells.insert(index, new_code_cell(random.choice(("", "\n", "  "))))

    def _is_within_split(self, place: int) -> bool:
        """Return whether a place lies between two parts of one answer."""
        around = self.cells[max(place - 1, 0) : place + 1]
        return len(around) == 2 and all(map(_is_part, around))


def _is_part(cell: NotebookNode) -> bool:
    return bool(cell.metadata.get("part"))


def _cut(cell: NotebookNode, random: Random) -> tuple[NotebookNode, NotebookNode]:
    lines = cell.source.split("\n")
    place = random.randrange(1, len(lines))
    first, second = from_dict(cell), from_dict(cell)
    first.source = "\n".join(lines[:place])
    second.source = "\n".join(lines[place:])
    return first, second


def mangle(notebook: NotebookNode, *, seed: int, steps: int = 6) -> Mangled:
    """Return a copy of a notebook after some random operations."""
    random = Random(seed)
    mangled = Mangled(from_dict(notebook))
    for _ in range(steps):
        mangled.apply(random.choice(OPERATIONS), random)
    return mangled


def manglings(notebook: NotebookNode, most: int = 8) -> st.SearchStrategy[Mangled]:
    """Return a hypothesis strategy of mangled copies of a notebook."""

    def build(operations: list[str], random: Random) -> Mangled:
        mangled = Mangled(from_dict(notebook))
        for operation in operations:
            mangled.apply(operation, random)
        return mangled

    operations = st.lists(st.sampled_from(OPERATIONS), max_size=most)
    return st.builds(build, operations, st.randoms(use_true_random=False))


def means_the_same(a: str, b: str) -> bool:
    """Return whether two cells are the same code, or text that differs in blank lines."""
    try:
        return ast.dump(ast.parse(a)) == ast.dump(ast.parse(b))
    except SyntaxError:
        lines_a, lines_b = (
            [line for line in tidy(text).split("\n") if line.strip()] for text in (a, b)
        )
        return lines_a == lines_b
