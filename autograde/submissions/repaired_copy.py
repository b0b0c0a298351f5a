"""Put answers and a student's own cells into a clean copy of the released notebook."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from nbformat import NotebookNode, from_dict

from autograde.submissions.cell_matches import (
    CellMatches,
    IncomingCell,
    ReleasedCell,
    find_added,
)

_Places = dict[int, list[tuple[IncomingCell, str]]]
"""What of a student's own stands beside which released cell."""


def make_clean(notebook: NotebookNode) -> NotebookNode:
    """Return a copy in format 4.5: every cell has an id (older releases have none)."""
    copy = from_dict(notebook)
    copy.nbformat, copy.nbformat_minor = 4, 5
    copy.metadata.pop("widgets", None)
    taken: set[str] = set()
    for index, cell in enumerate(copy.cells):
        cell.id = make_unique(str(cell.get("id") or f"cell-{index}"), taken)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return copy


def make_unique(wanted: str, taken: set[str]) -> str:
    """Return a name like the wanted one that is not taken yet; take it."""
    name, number = wanted, 1
    while name in taken:
        number += 1
        name = f"{wanted[:56]}-{number}"
    taken.add(name)
    return name


class CopyAssembler:
    """Makes the repaired notebook of a released one and of what was found for it."""

    def __init__(self, released: NotebookNode, cells: CellMatches) -> None:
        self.notebook = released
        self.cells = cells

    def assemble(self) -> NotebookNode:
        notebook = from_dict(self.notebook)
        taken = {str(cell.id) for cell in notebook.cells}
        before, after = self.place_own_cells()
        cells = [_make_own(*own, taken) for own in after.get(-1, [])]
        for wanted in self.cells.released:
            cells += [_make_own(*own, taken) for own in before.get(wanted.index, [])]
            cells.append(_make_cell(wanted))
            cells += [_make_own(*own, taken) for own in after.get(wanted.index, [])]
        notebook.cells = cells
        return notebook

    def place_own_cells(self) -> tuple[_Places, _Places]:
        """Return what of a student's own goes before and after each released cell."""
        before: _Places = {}
        after: _Places = {}
        for wanted in self.cells.released:
            for came in [] if wanted.is_answer else wanted.found:
                text = find_added(wanted, came) if came.claimed == wanted.index else ""
                if text:
                    side = before if wanted.is_fixed else after
                    side.setdefault(wanted.index, []).append((came, text))
        places = self.list_places()
        steady = _find_steady([index for _, index in places])
        anchor = -1
        for number, (came, index) in enumerate(places):
            if index is None:
                place = min([anchor, *_find_moved_beside(places, number, steady)])
                after.setdefault(place, []).append((came, came.source))
            elif number in steady:
                anchor = index
            elif self.cells.released[index].grade_id:
                said = "This cell was moved; it is back in its place."
                self.cells.tell("moved", self.cells.released[index], said)
        own = sum(len(each) for side in (before, after) for each in side.values())
        if own:
            said = (
                "One added cell is kept." if own == 1 else f"{own} added cells are kept."
            )
            self.cells.tell("own cell", None, said)
        return before, after

    def list_places(self) -> list[tuple[IncomingCell, int | None]]:
        """Return the cells that count, in their order, each with its released place."""
        mains = (
            (w.index, [w.main] if w.main else w.found[:1]) for w in self.cells.released
        )
        first = {came.index: index for index, found in mains for came in found}
        return [
            (came, first.get(came.index))
            for came in self.cells.incoming
            if came.index in first or (came.claimed is None and came.source.strip())
        ]


def _find_steady(places: Sequence[int | None]) -> set[int]:
    """Return where the cells stand that were not moved: a longest rising sequence."""
    lowest: list[int] = []  # the lowest end of a rising sequence, by its length
    ends: list[int] = []
    previous: dict[int, int | None] = {}
    for number, place in enumerate(places):
        if place is None:
            continue
        length = bisect_left(lowest, place)
        previous[number] = ends[length - 1] if length else None
        lowest[length : length + 1] = [place]
        ends[length : length + 1] = [number]
    steady: set[int] = set()
    current = ends[-1] if ends else None
    while current is not None:
        steady.add(current)
        current = previous[current]
    return steady


def _find_moved_beside(
    places: Sequence[tuple[IncomingCell, int | None]], number: int, steady: set[int]
) -> list[int]:
    """Return where a cell must stand to go with the moved cells next to it."""
    found: list[int] = []
    for step, offset in ((-1, 0), (1, -1)):
        near = number + step
        while 0 <= near < len(places) and places[near][1] is None:
            near += step
        index = places[near][1] if 0 <= near < len(places) else None
        if index is not None and near not in steady:
            found.append(index + offset)
    return found


def _make_cell(wanted: ReleasedCell) -> NotebookNode:
    cell = from_dict(wanted.cell)
    if wanted.answer is not None:
        cell.source = wanted.answer
        if wanted.main is not None and wanted.main.attachments and not wanted.is_code:
            cell.attachments = from_dict(wanted.main.attachments)
    return cell


def _make_own(came: IncomingCell, text: str, taken: set[str]) -> NotebookNode:
    digest = sha256(text.encode("utf-8", "replace")).hexdigest()[:12]
    cell: dict[str, Any] = {
        "cell_type": came.kind,
        "id": make_unique(f"own-{digest}", taken),
        "metadata": {},
        "source": text,
    }
    if came.kind == "code":
        cell |= {"outputs": [], "execution_count": None}
    elif came.attachments:
        cell["attachments"] = came.attachments
    return from_dict(cell)
