"""Find a student's answers among the cells that came in, whole or in parts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import permutations

from autograde.submissions.cell_matches import (
    MOST_COMPARED,
    CellMatches,
    IncomingCell,
    ReleasedCell,
    find_added,
)
from autograde.submissions.similarity import (
    Marks,
    bind,
    cover,
    extract,
    find_names,
    is_same,
    remove,
    tidy,
)

ALIKE = 0.6  # share of a released cell that makes another cell a version of it
CLEARER = 0.15  # by so much the best likeness must lead
MOST_PARTS = 12  # of one answer; more are no accident


class AnswerFinder:
    """Finds an answer by its cell's ids, else by marks in a text, else by likeness."""

    def __init__(self, cells: CellMatches) -> None:
        self.cells = cells
        self.marks: dict[int, Marks] = {}

    def find_all(self) -> None:
        """Settle each answer that can be found; tell how, and what is doubtful."""
        code = [w for w in self.cells.released if w.is_code]
        for wanted in self.cells.answers:
            others = (other.source for other in code if other is not wanted)
            stub = wanted.source if wanted.is_code else ""
            self.marks[wanted.index] = Marks(wanted.grade_id, stub, others)
        for wanted in self.cells.answers:
            self.find_answer(wanted)
        for wanted in self.cells.answers:
            if wanted.answer is None:
                self.search_answer(wanted)

    def find_answer(self, wanted: ReleasedCell) -> None:
        """Settle an answer from the cells that carry its id, else from its marks."""
        marked = [came for came in self.cells.incoming if self.is_marked(wanted, came)]
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
                    came.source = remove(
                        came.source, self.cells.released[came.claimed].source
                    )
            self.settle(wanted, marked)
            said = "Its cell was recognised by its text alone."
            self.cells.tell("lost marks", wanted, said)

    def is_marked(self, wanted: ReleasedCell, came: IncomingCell) -> bool:
        if came.claimed is not None:
            other = self.cells.released[came.claimed]
            if other.is_answer or is_same(came.source, other.source):
                return False
        return self.marks[wanted.index].are_in(came.source)

    def check_rivals(self, wanted: ReleasedCell, marked: list[IncomingCell]) -> None:
        """Doubt when a cell below the tests answers otherwise than the marked one."""
        tests = [
            c.index for w in self.cells.released[wanted.index + 1 :][:1] for c in w.found
        ]
        rivals = [c for c in marked if c.claimed is None and tests]
        if any(came.index > tests[-1] for came in rivals):
            said = "A cell that was added below the tests answers it too."
            self.cells.doubt("another version", wanted, said)

    def settle(self, wanted: ReleasedCell, parts: list[IncomingCell]) -> None:
        """Make one answer of the cells that could be it."""
        if len(parts) > MOST_PARTS:
            said = f"{len(parts)} cells claim to be it."
            self.cells.doubt("duplicated", wanted, said)
        last = {tidy(part.source): part for part in parts}
        versions = self.group(wanted, list(last.values())[-MOST_PARTS:])
        chosen = versions[-1]
        if len(versions) > 1:
            said = f"There were {len(versions)} versions of it; the last one counts."
            self.cells.tell("duplicated", wanted, said)
            if any(_is_of_either(wanted, part) for part in last.values()):
                said = "Its versions stood in several cells: is the right one taken?"
                self.cells.doubt("duplicated", wanted, said)
        if len(chosen) == 1 and wanted.is_code:
            chosen = self.add_neighbours(wanted, chosen[0])
        text = _arrange(wanted, chosen)
        if len(chosen) > 1:
            said = f"It stood in {len(chosen)} cells, now in one."
            self.cells.tell("split", wanted, said)
            if wanted.is_code and not wanted.is_whole(text):
                said = "Its parts do not fit together; they are joined in their order."
                self.cells.doubt("split", wanted, said)
        self.set_answer(wanted, text, chosen[0], [*parts, *chosen])

    def group(
        self, wanted: ReleasedCell, parts: list[IncomingCell]
    ) -> list[list[IncomingCell]]:
        """Return the versions of an answer, each with its parts.

        What defines a name again is another version. Of text that defines nothing,
        versions resemble each other, and parts don't.
        """
        groups: list[list[IncomingCell]] = []
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

    def add_neighbours(
        self, wanted: ReleasedCell, base: IncomingCell
    ) -> list[IncomingCell]:
        """Return a cell with the cells around it that a split has cut off from it."""
        cells = [c for c in self.cells.incoming if c is base or c.source.strip()]
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

    def search_answer(self, wanted: ReleasedCell) -> None:
        """Look for an answer of which no filled cell carries a mark."""
        own = [c for c in self.list_own_beside(wanted) if c.kind == wanted.cell.cell_type]
        if wanted.found:
            main = wanted.found[-1]
            self.set_answer(wanted, main.source, main, wanted.found)
            above = self.cells.released[max(wanted.index - 1, 0)]
            own += [
                c for c in above.found if find_added(above, c) and not above.is_answer
            ]
            if own and not wanted.names:
                said = "It is not filled in; is what was added beside it the answer?"
                self.cells.doubt("not filled in", wanted, said)
        elif not self.take_from_merged(wanted):
            self.take_likely(wanted, own)

    def take_likely(self, wanted: ReleasedCell, own: list[IncomingCell]) -> None:
        free = [c for c in self.cells.list_free() if (c.kind == "code") == wanted.is_code]
        alike = [(cover(wanted.source, c.source), c) for c in free[:MOST_COMPARED]]
        alike.sort(key=lambda pair: -pair[0])
        shares = [share for share, _ in alike if share >= ALIKE] + [0.0, 0.0]
        if shares[0] - shares[1] >= CLEARER:
            self.settle(wanted, [alike[0][1]])
            said = "Its cell was recognised by its likeness to the released one."
            self.cells.tell("lost marks", wanted, said)
        elif shares[0] or (len(own) == 1 and not wanted.names):
            self.settle(wanted, [alike[0][1] if shares[0] else own[0]])
            said = "Its cell can't be recognised for certain; is this the answer?"
            self.cells.doubt("lost marks", wanted, said)
        else:
            said = "Its cell was missing; it counts as not answered."
            self.cells.tell("deleted", wanted, said)
            if own:
                said = "It was not found; is what was added beside it the answer?"
                self.cells.doubt("deleted", wanted, said)

    def list_own_beside(self, wanted: ReleasedCell) -> list[IncomingCell]:
        """Return the student's own cells that stand where the answer should."""
        place = wanted.index
        before = [c.index for w in self.cells.released[: place + 1] for c in w.found]
        after = [c.index for w in self.cells.released[place + 1 :] for c in w.found]
        start, end = (
            max(before, default=-1),
            min(after, default=len(self.cells.incoming)),
        )
        return [c for c in self.cells.list_free() if start < c.index < end]

    def take_from_merged(self, wanted: ReleasedCell) -> bool:
        """Copy an answer out of another answer's cell, if it was merged into that."""
        for other in self.cells.answers:
            if not other.answer or not self.marks[wanted.index].are_in(other.answer):
                continue
            text = extract(other.answer, wanted.names)
            if text and wanted.is_whole(text):
                wanted.answer = text
                said = f"It stood in the cell of {other.grade_id}, and was copied."
                self.cells.tell("merged", wanted, said)
                return True
        return False

    def set_answer(
        self,
        wanted: ReleasedCell,
        text: str,
        main: IncomingCell,
        used: Iterable[IncomingCell],
    ) -> None:
        # A merged cell keeps the first one's marks, and the tests below come along.
        for other in self.cells.released:
            if other.is_fixed and other.is_code and not other.found:
                text = remove(text, other.source)
        if main.kind != wanted.cell.cell_type:
            said = f"Its cell was of the kind {main.kind}; it is {wanted.cell.cell_type}."
            self.cells.tell("retyped", wanted, said)
        wanted.answer, wanted.main = text, main
        for came in used:
            came.claimed = wanted.index


def _join(parts: Sequence[IncomingCell]) -> str:
    return "\n".join(part.source for part in parts)


def _arrange(wanted: ReleasedCell, parts: Sequence[IncomingCell]) -> str:
    """Return the parts of an answer as one text, in the order in which they fit."""
    texts = [part.source for part in parts]
    if len(parts) == 1 or not wanted.is_code:
        return "\n\n".join(texts)
    for order in permutations(texts) if len(texts) <= 4 else [texts]:
        for glue in ("\n", ""):  # a cell may be split within a line
            if wanted.is_whole(glue.join(order)):
                return glue.join(order)
    return "\n".join(texts)


def _is_of_either(wanted: ReleasedCell, part: IncomingCell) -> bool:
    """Return whether a part could belong to the version before it or after it."""
    is_bare = bool(wanted.names) and not bind(wanted.names, part.source)
    return is_bare and _stands_alone(part)


def _stands_alone(came: IncomingCell) -> bool:
    return find_names(came.source) is not None
