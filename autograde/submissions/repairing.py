"""Put a student's answers back into a clean copy of the released notebook.

The release is the truth: its cells, in its order, with its metadata and its tests. Of
what came back only answers and cells of the student's own are taken. An answer is found
by its grade id, else by its cell's id, else by a mark in its text, else by its likeness
to the released stub. Where that leaves a choice, one is made and told as a doubt.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import permutations
from typing import Any

from nbformat import NotebookNode, from_dict

from autograde.nbgrader_settings import DEMONSTRATION
from autograde.records import Repair, Repaired
from autograde.submissions.likeness import (
    Marks,
    bind,
    cover,
    extract,
    find_names,
    is_same,
    is_version,
    remove,
    tidy,
)

ALIKE = 0.6  # share of a released cell that makes another cell a version of it
CLEARER = 0.15  # by so much the best likeness must lead
MOST_PARTS = 12  # of one answer; more are no accident
MOST_COMPARED = 60  # cells compared with one released cell
MOST_ROUNDS = 4


def repair(submitted: NotebookNode, released: NotebookNode) -> Repaired:
    """Return the released notebook with the answers of a submitted one in it.

    Cells of the student's own stay where they were; their ids begin with `own-`. The same
    notebooks give the same result, and a repaired one needs no repair.
    """
    clean = _clean(released)
    done = _Repairing(submitted, clean).run()
    repairs, doubts = list(done.repairs), list(done.doubts)
    for _ in range(MOST_ROUNDS if repairs else 0):
        # Cells that were apart may now stand together, and be parts of one answer.
        again = _Repairing(done.notebook, clean).run()
        if again.notebook == done.notebook:
            break
        repairs += again.repairs
        doubts += again.doubts
        done = again
    return Repaired(
        done.notebook, tuple(dict.fromkeys(repairs)), tuple(dict.fromkeys(doubts))
    )


def fill(
    source: NotebookNode, released: NotebookNode, repaired: NotebookNode
) -> NotebookNode:
    """Return what is executed: a repaired notebook with the instructor's grade cells.

    Only those are taken from the source, with their hidden tests and points; a solution
    never is. Where a grade cell could hold one, the released text stays.
    """
    secret = {_get_grade_id(cell): cell for cell in source.cells if _get_grade_id(cell)}
    filled = _clean(repaired)
    for cell in filled.cells:
        original = secret.get(_get_grade_id(cell))
        if original is None or not original.metadata.nbgrader.get("grade"):
            continue
        cell.metadata.nbgrader["points"] = original.metadata.nbgrader.get("points", 0)
        if _is_answer(cell) or _is_answer(original):
            continue
        if "BEGIN SOLUTION" not in original.source and "AUTOTEST" not in original.source:
            cell.source = original.source
    return filled


def _clean(notebook: NotebookNode) -> NotebookNode:
    """Return a copy in format 4.5: every cell has an id (older releases have none)."""
    copy = from_dict(notebook)
    copy.nbformat, copy.nbformat_minor = 4, 5
    copy.metadata.pop("widgets", None)
    taken: set[str] = set()
    for index, cell in enumerate(copy.cells):
        cell.id = _make_unique(str(cell.get("id") or f"cell-{index}"), taken)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return copy


def _make_unique(wanted: str, taken: set[str]) -> str:
    name, number = wanted, 1
    while name in taken:
        number += 1
        name = f"{wanted[:56]}-{number}"
    taken.add(name)
    return name


def _get_marks(cell: NotebookNode) -> dict[str, Any]:
    marks = cell.metadata.get("nbgrader")
    return marks if isinstance(marks, dict) else {}


def _get_grade_id(cell: NotebookNode) -> str:
    return str(_get_marks(cell).get("grade_id") or "")


def _is_answer(cell: NotebookNode) -> bool:
    return bool(_get_marks(cell).get("solution"))


# --- One repair -------------------------------------------------------------------------


@dataclass
class _Came:
    """A cell that came in; `claimed` is the place of the released cell that it is."""

    index: int
    kind: str
    source: str
    grade_id: str
    ids: frozenset[str]
    attachments: Any = None
    claimed: int | None = None

    @classmethod
    def of(cls, index: int, cell: NotebookNode) -> _Came:
        ids = {str(cell.get("id") or ""), str(cell.metadata.get("id") or "")} - {""}
        return cls(
            index=index,
            kind=cell.cell_type,
            source=cell.source,
            grade_id=_get_grade_id(cell),
            ids=frozenset(ids),
            attachments=cell.get("attachments"),
        )


@dataclass
class _Wanted:
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
    found: list[_Came] = field(default_factory=list)
    answer: str | None = None
    main: _Came | None = None

    @classmethod
    def of(cls, index: int, cell: NotebookNode) -> _Wanted:
        marks, is_answer = _get_marks(cell), _is_answer(cell)
        is_code = cell.cell_type == "code"
        names = find_names(cell.source) if is_answer and is_code else None
        return cls(
            index=index,
            cell=cell,
            grade_id=_get_grade_id(cell),
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

    def claim(self, came: _Came) -> None:
        came.claimed = self.index
        self.found.append(came)

    def is_whole(self, text: str) -> bool:
        """Return whether a text is Python and defines what the stub defines."""
        names = find_names(text)
        return names is not None and self.names <= names


_Places = dict[int, list[tuple[_Came, str]]]
"""What of a student's own stands beside which released cell."""


class _Repairing:
    """The work on one submission, in the order of `run`."""

    def __init__(self, submitted: NotebookNode, released: NotebookNode) -> None:
        self.released = released
        self.came = [_Came.of(*pair) for pair in enumerate(submitted.cells)]
        self.wanted = [_Wanted.of(*pair) for pair in enumerate(released.cells)]
        self.answers = [wanted for wanted in self.wanted if wanted.is_answer]
        self.marks: dict[int, Marks] = {}
        self.repairs: list[Repair] = []
        self.doubts: list[Repair] = []

    def run(self) -> Repaired:
        self.claim_by_ids()
        self.claim_by_text()
        code = [w for w in self.wanted if w.is_code]
        for wanted in self.answers:
            others = (other.source for other in code if other is not wanted)
            stub = wanted.source if wanted.is_code else ""
            self.marks[wanted.index] = Marks(wanted.grade_id, stub, others)
        for wanted in self.answers:
            self.find_answer(wanted)
        for wanted in self.answers:
            if wanted.answer is None:
                self.search_answer(wanted)
        self.claim_changed()
        self.check()
        return Repaired(self.assemble(), tuple(self.repairs), tuple(self.doubts))

    def tell(self, kind: str, wanted: _Wanted | None, said: str) -> None:
        self.repairs.append(Repair(kind, wanted.grade_id if wanted else "", said))

    def doubt(self, kind: str, wanted: _Wanted | None, said: str) -> None:
        self.doubts.append(Repair(kind, wanted.grade_id if wanted else "", said))

    # Which cell is which

    def claim_by_ids(self) -> None:
        by_grade_id = {w.grade_id: w for w in self.wanted if w.grade_id}
        by_id = {str(w.cell.id): w for w in self.wanted}
        for came in self.came:
            known = sorted(came.ids & by_id.keys())
            if came.grade_id in by_grade_id:
                by_grade_id[came.grade_id].claim(came)
            elif known and not came.grade_id:
                by_id[known[0]].claim(came)

    def claim_by_text(self) -> None:
        """Claim exact copies: first for cells that are missing, then superfluous ones."""
        missing: dict[str, list[_Wanted]] = {}
        useless: dict[str, _Wanted] = {}
        for wanted in self.wanted:
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

    def list_free(self) -> list[_Came]:
        """Return the cells that nothing has been made of yet, blank ones left out."""
        return [c for c in self.came if c.claimed is None and c.source.strip()]

    # Answers

    def find_answer(self, wanted: _Wanted) -> None:
        """Settle an answer from the cells that carry its id, else from its marks."""
        marked = [came for came in self.came if self.is_marked(wanted, came)]
        filled = [
            came
            for came in wanted.found
            if came.source.strip() and not is_same(came.source, wanted.source)
        ]
        if filled:
            self.settle(wanted, filled)
            self.check_rivals(wanted, marked)
        elif marked:
            for came in marked:
                if came.claimed is not None:  # merged with a released cell
                    came.source = remove(came.source, self.wanted[came.claimed].source)
            self.settle(wanted, marked)
            said = "Its cell was recognised by its text alone."
            self.tell("lost marks", wanted, said)

    def is_marked(self, wanted: _Wanted, came: _Came) -> bool:
        if came.claimed is not None:
            other = self.wanted[came.claimed]
            if other.is_answer or is_same(came.source, other.source):
                return False
        return self.marks[wanted.index].are_in(came.source)

    def check_rivals(self, wanted: _Wanted, marked: list[_Came]) -> None:
        """Doubt when a cell below the tests answers otherwise than the marked one."""
        tests = [c.index for w in self.wanted[wanted.index + 1 :][:1] for c in w.found]
        rivals = [c for c in marked if c.claimed is None and tests]
        if any(came.index > tests[-1] for came in rivals):
            said = "A cell that was added below the tests answers it too."
            self.doubt("another version", wanted, said)

    def settle(self, wanted: _Wanted, parts: list[_Came]) -> None:
        """Make one answer of the cells that could be it."""
        if len(parts) > MOST_PARTS:
            self.doubt("duplicated", wanted, f"{len(parts)} cells claim to be it.")
        last = {tidy(part.source): part for part in parts}
        versions = self.group(wanted, list(last.values())[-MOST_PARTS:])
        chosen = versions[-1]
        if len(versions) > 1:
            said = f"There were {len(versions)} versions of it; the last one counts."
            self.tell("duplicated", wanted, said)
            if any(_is_of_either(wanted, part) for part in last.values()):
                said = "Its versions stood in several cells: is the right one taken?"
                self.doubt("duplicated", wanted, said)
        if len(chosen) == 1 and wanted.is_code:
            chosen = self.add_neighbours(wanted, chosen[0])
        text = _arrange(wanted, chosen)
        if len(chosen) > 1:
            self.tell("split", wanted, f"It stood in {len(chosen)} cells, now in one.")
            if wanted.is_code and not wanted.is_whole(text):
                said = "Its parts do not fit together; they are joined in their order."
                self.doubt("split", wanted, said)
        self.set_answer(wanted, text, chosen[0], [*parts, *chosen])

    def group(self, wanted: _Wanted, parts: list[_Came]) -> list[list[_Came]]:
        """Return the versions of an answer, each with its parts.

        What defines a name again is another version. Of text that defines nothing,
        versions resemble each other, and parts don't.
        """
        groups: list[list[_Came]] = []
        for part in sorted(parts, key=lambda came: came.index):
            if not groups:
                is_new = True
            elif wanted.names:
                defined = bind(wanted.names, _join(groups[-1]))
                is_new = bool(defined & bind(wanted.names, part.source))
            else:
                is_new = cover(groups[-1][-1].source, part.source) >= ALIKE
            if is_new:
                groups.append([part])
            else:
                groups[-1].append(part)
        return groups

    def add_neighbours(self, wanted: _Wanted, base: _Came) -> list[_Came]:
        """Return a cell with the cells around it that a split has cut off from it."""
        cells = [c for c in self.came if c is base or c.source.strip()]
        place = cells.index(base)
        best = [base]
        for back in range(3):
            for ahead in range(MOST_PARTS):
                run = cells[max(place - back, 0) : place + ahead + 1]
                others = [came for came in run if came is not base]
                is_free = all(came.claimed is None for came in others)
                if len(run) != back + ahead + 1 or not is_free:
                    break
                is_cut = not wanted.is_whole(_join(best)) or not _stands_alone(run[-1])
                if others and is_cut and wanted.is_whole(_join(run)):
                    best = run
            if wanted.is_whole(_join(best)):
                break
        return best

    def search_answer(self, wanted: _Wanted) -> None:
        """Look for an answer of which no filled cell carries a mark."""
        own = [c for c in self.list_own_beside(wanted) if c.kind == wanted.cell.cell_type]
        if wanted.found:
            main = wanted.found[-1]
            self.set_answer(wanted, main.source, main, wanted.found)
            above = self.wanted[max(wanted.index - 1, 0)]
            own += [c for c in above.found if _find_own(above, c) and not above.is_answer]
            if own and not wanted.names:
                said = "It is not filled in; is what was added beside it the answer?"
                self.doubt("not filled in", wanted, said)
        elif not self.take_from_merged(wanted):
            self.take_likely(wanted, own)

    def take_likely(self, wanted: _Wanted, own: list[_Came]) -> None:
        free = [c for c in self.list_free() if (c.kind == "code") == wanted.is_code]
        alike = [(cover(wanted.source, c.source), c) for c in free[:MOST_COMPARED]]
        alike.sort(key=lambda pair: -pair[0])
        shares = [share for share, _ in alike if share >= ALIKE] + [0.0, 0.0]
        if shares[0] - shares[1] >= CLEARER:
            self.settle(wanted, [alike[0][1]])
            said = "Its cell was recognised by its likeness to the released one."
            self.tell("lost marks", wanted, said)
        elif shares[0] or (len(own) == 1 and not wanted.names):
            self.settle(wanted, [alike[0][1] if shares[0] else own[0]])
            said = "Its cell can't be recognised for certain; is this the answer?"
            self.doubt("lost marks", wanted, said)
        else:
            said = "Its cell was missing; it counts as not answered."
            self.tell("deleted", wanted, said)
            if own:
                said = "It was not found; is what was added beside it the answer?"
                self.doubt("deleted", wanted, said)

    def list_own_beside(self, wanted: _Wanted) -> list[_Came]:
        """Return the student's own cells that stand where the answer should."""
        place = wanted.index
        before = [c.index for w in self.wanted[: place + 1] for c in w.found]
        after = [c.index for w in self.wanted[place + 1 :] for c in w.found]
        start, end = max(before, default=-1), min(after, default=len(self.came))
        return [c for c in self.list_free() if start < c.index < end]

    def take_from_merged(self, wanted: _Wanted) -> bool:
        """Copy an answer out of another answer's cell, if it was merged into that."""
        for other in self.answers:
            if not other.answer or not self.marks[wanted.index].are_in(other.answer):
                continue
            text = extract(other.answer, wanted.names)
            if text and wanted.is_whole(text):
                wanted.answer = text
                said = f"It stood in the cell of {other.grade_id}, and was copied."
                self.tell("merged", wanted, said)
                return True
        return False

    def set_answer(
        self, wanted: _Wanted, text: str, main: _Came, used: Iterable[_Came]
    ) -> None:
        # A merged cell keeps the first one's marks, and the tests below come along.
        for other in self.wanted:
            if other.is_fixed and other.is_code and not other.found:
                text = remove(text, other.source)
        if main.kind != wanted.cell.cell_type:
            said = f"Its cell was of the kind {main.kind}; it is {wanted.cell.cell_type}."
            self.tell("retyped", wanted, said)
        wanted.answer, wanted.main = text, main
        for came in used:
            came.claimed = wanted.index

    # All other cells

    def claim_changed(self) -> None:
        """Find changed versions of released cells that have no id left."""
        for wanted in self.wanted:
            if wanted.found or wanted.is_answer:
                continue
            free = [c for c in self.list_free() if (c.kind == "code") == wanted.is_code]
            for came in free[:MOST_COMPARED]:
                if is_version(wanted.source, came.source, 0.8):
                    wanted.claim(came)
                    break

    def check(self) -> None:
        """Tell what was done to tests, and what does not belong here."""
        for wanted in self.wanted:
            if not wanted.is_fixed:
                continue
            if not wanted.found:
                self.tell("deleted", wanted, "This cell was missing; it is back.")
            elif not any(is_same(c.source, wanted.source) for c in wanted.found):
                said = "This cell was changed; it is as released."
                self.tell("edited test", wanted, said)
        known = {wanted.grade_id for wanted in self.wanted}
        strange = sorted({c.grade_id for c in self.came if c.grade_id} - known)
        if strange:
            some = ", ".join(strange[:3])
            said = f"It has tasks of another notebook, or of an older version: {some}."
            self.doubt("strange tasks", None, said)
        if self.answers and not any(wanted.main for wanted in self.answers):
            said = "None of its answers were found: is it another notebook?"
            self.doubt("nothing found", None, said)

    # The clean copy

    def assemble(self) -> NotebookNode:
        notebook = from_dict(self.released)
        taken = {str(cell.id) for cell in notebook.cells}
        before, after = self.place_own_cells()
        cells = [_make_own(*own, taken) for own in after.get(-1, [])]
        for wanted in self.wanted:
            cells += [_make_own(*own, taken) for own in before.get(wanted.index, [])]
            cells.append(_make_cell(wanted))
            cells += [_make_own(*own, taken) for own in after.get(wanted.index, [])]
        notebook.cells = cells
        return notebook

    def place_own_cells(self) -> tuple[_Places, _Places]:
        """Return what of a student's own goes before and after each released cell."""
        before: _Places = {}
        after: _Places = {}
        for wanted in self.wanted:
            for came in [] if wanted.is_answer else wanted.found:
                text = _find_own(wanted, came) if came.claimed == wanted.index else ""
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
            elif self.wanted[index].grade_id:
                said = "This cell was moved; it is back in its place."
                self.tell("moved", self.wanted[index], said)
        own = sum(len(each) for side in (before, after) for each in side.values())
        if own:
            said = (
                "One added cell is kept." if own == 1 else f"{own} added cells are kept."
            )
            self.tell("own cell", None, said)
        return before, after

    def list_places(self) -> list[tuple[_Came, int | None]]:
        """Return the cells that count, in their order, each with its released place."""
        mains = ((w.index, [w.main] if w.main else w.found[:1]) for w in self.wanted)
        first = {came.index: index for index, found in mains for came in found}
        return [
            (came, first.get(came.index))
            for came in self.came
            if came.index in first or (came.claimed is None and came.source.strip())
        ]


def _join(parts: Sequence[_Came]) -> str:
    return "\n".join(part.source for part in parts)


def _arrange(wanted: _Wanted, parts: Sequence[_Came]) -> str:
    """Return the parts of an answer as one text, in the order in which they fit."""
    texts = [part.source for part in parts]
    if len(parts) == 1 or not wanted.is_code:
        return "\n\n".join(texts)
    for order in permutations(texts) if len(texts) <= 4 else [texts]:
        for glue in ("\n", ""):  # a cell may be split within a line
            if wanted.is_whole(glue.join(order)):
                return glue.join(order)
    return "\n".join(texts)


def _is_of_either(wanted: _Wanted, part: _Came) -> bool:
    """Return whether a part could belong to the version before it or after it."""
    is_bare = bool(wanted.names) and not bind(wanted.names, part.source)
    return is_bare and _stands_alone(part)


def _stands_alone(came: _Came) -> bool:
    return find_names(came.source) is not None


def _find_own(wanted: _Wanted, came: _Came) -> str:
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
    places: Sequence[tuple[_Came, int | None]], number: int, steady: set[int]
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


def _make_cell(wanted: _Wanted) -> NotebookNode:
    cell = from_dict(wanted.cell)
    if wanted.answer is not None:
        cell.source = wanted.answer
        if wanted.main is not None and wanted.main.attachments and not wanted.is_code:
            cell.attachments = from_dict(wanted.main.attachments)
    return cell


def _make_own(came: _Came, text: str, taken: set[str]) -> NotebookNode:
    digest = sha256(text.encode("utf-8", "replace")).hexdigest()[:12]
    cell: dict[str, Any] = {
        "cell_type": came.kind,
        "id": _make_unique(f"own-{digest}", taken),
        "metadata": {},
        "source": text,
    }
    if came.kind == "code":
        cell |= {"outputs": [], "execution_count": None}
    elif came.attachments:
        cell["attachments"] = came.attachments
    return from_dict(cell)
