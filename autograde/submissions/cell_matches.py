"""Which cell of a submission is which of the released notebook."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from nbformat import NotebookNode

from autograde.nbgrader_settings import DEMONSTRATION
from autograde.submission_records import Repair
from autograde.submissions.similarity import find_names, is_same, is_version, tidy

MOST_COMPARED = 60  # cells compared with one released cell


def get_marks(cell: NotebookNode) -> dict[str, Any]:
    """Return what nbgrader noted at a cell, nothing where it is damaged."""
    marks = cell.metadata.get("nbgrader")
    return marks if isinstance(marks, dict) else {}


def get_grade_id(cell: NotebookNode) -> str:
    """Return a cell's grade id, empty where it has none."""
    return str(get_marks(cell).get("grade_id") or "")


def is_answer_cell(cell: NotebookNode) -> bool:
    """Return whether a student is to write in a cell."""
    return bool(get_marks(cell).get("solution"))


@dataclass
class IncomingCell:
    """A cell that came in; `claimed` is the place of the released cell that it is."""

    index: int
    kind: str
    source: str
    grade_id: str
    ids: frozenset[str]
    attachments: Any = None
    claimed: int | None = None

    @classmethod
    def of(cls, index: int, cell: NotebookNode) -> IncomingCell:
        ids = {str(cell.get("id") or ""), str(cell.metadata.get("id") or "")} - {""}
        return cls(
            index=index,
            kind=cell.cell_type,
            source=cell.source,
            grade_id=get_grade_id(cell),
            ids=frozenset(ids),
            attachments=cell.get("attachments"),
        )


@dataclass
class ReleasedCell:
    """A released cell, the cells that are versions of it, and the answer made of them.

    `is_fixed` are tests and what is locked; `is_shown` is text and demonstrations.
    """

    index: int
    cell: NotebookNode
    grade_id: str
    is_answer: bool
    is_fixed: bool
    is_shown: bool
    names: frozenset[str] = frozenset()
    found: list[IncomingCell] = field(default_factory=list)
    answer: str | None = None
    main: IncomingCell | None = None

    @classmethod
    def of(cls, index: int, cell: NotebookNode) -> ReleasedCell:
        marks, is_answer = get_marks(cell), is_answer_cell(cell)
        is_code = cell.cell_type == "code"
        names = find_names(cell.source) if is_answer and is_code else None
        return cls(
            index=index,
            cell=cell,
            grade_id=get_grade_id(cell),
            is_answer=is_answer,
            is_fixed=not is_answer and any(map(marks.get, ("grade", "locked", "task"))),
            is_shown=not is_code or DEMONSTRATION in cell.metadata.get("tags", ()),
            names=names or frozenset(),
        )

    @property
    def source(self) -> str:
        return str(self.cell.source)

    @property
    def is_code(self) -> bool:
        return bool(self.cell.cell_type == "code")

    def claim(self, came: IncomingCell) -> None:
        came.claimed = self.index
        self.found.append(came)

    def is_whole(self, text: str) -> bool:
        """Return whether a text is Python and defines what the stub defines."""
        names = find_names(text)
        return names is not None and self.names <= names


class CellMatches:
    """The cells of a submission and of the release, and what is told of them.

    Each incoming cell is claimed by a released one, or nobody's: a cell of the student's
    own.
    """

    def __init__(self, submitted: NotebookNode, released: NotebookNode) -> None:
        self.incoming = [IncomingCell.of(*pair) for pair in enumerate(submitted.cells)]
        self.released = [ReleasedCell.of(*pair) for pair in enumerate(released.cells)]
        self.answers = [wanted for wanted in self.released if wanted.is_answer]
        self.repairs: list[Repair] = []
        self.doubts: list[Repair] = []

    def tell(self, kind: str, wanted: ReleasedCell | None, said: str) -> None:
        self.repairs.append(Repair(kind, wanted.grade_id if wanted else "", said))

    def doubt(self, kind: str, wanted: ReleasedCell | None, said: str) -> None:
        self.doubts.append(Repair(kind, wanted.grade_id if wanted else "", said))

    def claim_by_ids(self) -> None:
        by_grade_id = {w.grade_id: w for w in self.released if w.grade_id}
        by_id = {str(w.cell.id): w for w in self.released}
        for came in self.incoming:
            known = sorted(came.ids & by_id.keys())
            if came.grade_id in by_grade_id:
                by_grade_id[came.grade_id].claim(came)
            elif known and not came.grade_id:
                by_id[known[0]].claim(came)

    def claim_by_text(self) -> None:
        """Claim exact copies: first for cells that are missing, then superfluous ones."""
        missing: dict[str, list[ReleasedCell]] = {}
        useless: dict[str, ReleasedCell] = {}
        for wanted in self.released:
            if not wanted.found:
                missing.setdefault(tidy(wanted.source), []).append(wanted)
            if wanted.is_fixed or wanted.is_shown or wanted.is_answer:
                useless[tidy(wanted.source)] = wanted
        for came in self.list_free():
            text = tidy(came.source)
            if missing.get(text):
                missing[text].pop(0).claim(came)
            elif text in useless:  # nothing that a student wrote
                came.claimed = useless[text].index

    def list_free(self) -> list[IncomingCell]:
        """Return the cells that nothing has been made of yet, blank ones left out."""
        return [c for c in self.incoming if c.claimed is None and c.source.strip()]

    def claim_changed(self) -> None:
        """Find changed versions of released cells that have no id left."""
        for wanted in self.released:
            if wanted.found or wanted.is_answer:
                continue
            free = [c for c in self.list_free() if (c.kind == "code") == wanted.is_code]
            for came in free[:MOST_COMPARED]:
                if is_version(wanted.source, came.source, 0.8):
                    wanted.claim(came)
                    break

    def check(self) -> None:
        """Tell what was done to tests, and what does not belong here."""
        for wanted in self.released:
            if not wanted.is_fixed:
                continue
            if not wanted.found:
                self.tell("deleted", wanted, "This cell was missing; it is back.")
            elif not any(is_same(c.source, wanted.source) for c in wanted.found):
                said = "This cell was changed; it is as released."
                self.tell("edited test", wanted, said)
        known = {wanted.grade_id for wanted in self.released}
        strange = sorted({c.grade_id for c in self.incoming if c.grade_id} - known)
        if strange:
            some = ", ".join(strange[:3])
            said = f"It has tasks of another notebook, or of an older version: {some}."
            self.doubt("strange tasks", None, said)
        if self.answers and not any(wanted.main for wanted in self.answers):
            said = "None of its answers were found: is it another notebook?"
            self.doubt("nothing found", None, said)


def find_added(wanted: ReleasedCell, came: IncomingCell) -> str:
    """Return what a student added to a released cell that is no answer, to keep it.

    A changed value follows the released one. Of a changed test only definitions are kept,
    of a changed text what was added to it; of a changed demonstration nothing, unless it
    was written over.
    """
    if is_same(came.source, wanted.source) or "BEGIN HIDDEN TESTS" in came.source:
        return ""  # the latter when the instructor's own notebook came in
    released = {line.strip() for line in wanted.source.split("\n")}
    lines = [line for line in came.source.split("\n") if line.strip() not in released]
    added = tidy("\n".join(lines))
    if came.kind != "code":
        return added if came.kind == wanted.cell.cell_type else came.source
    if wanted.is_fixed and wanted.is_code:
        return added if find_names(added) else ""
    is_useless = wanted.is_shown and is_version(wanted.source, came.source, 0.5)
    return "" if is_useless else came.source
