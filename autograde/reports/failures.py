"""Sort what the checks said, and show one answer of each kind without its author."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice

from prompt_or_tune.checks.comparing import NOTHING_YET
from prompt_or_tune.wording import shorten, shorten_lines

from autograde.submission_records import CellResult, Result

LONGEST_NAME = 140
LONGEST_EXAMPLE = 900
"""Characters of an answer that are shown."""
Key = tuple[str, str, str]
"""An assignment, a notebook, and the grade id of a cell."""
TRIED = 8
"""Answers that are read in search of one that shows nobody's name."""


@dataclass(frozen=True)
class Failure:
    """A way to fail a graded cell, and the notebooks that failed in it."""

    name: str
    results: tuple[Result, ...]

    @property
    def count(self) -> int:
        """Return the number of notebooks."""
        return len(self.results)


def sort_failures(results: Iterable[Result]) -> dict[Key, list[Failure]]:
    """Return the failures of each graded cell, the commonest first."""
    found: dict[Key, dict[str, list[tuple[str, Result]]]] = {}
    for result in results:
        for cell in result.cells:
            if cell.outcome in ("failed", "partial"):
                key = result.assignment, result.notebook_name, cell.grade_id
                kinds = found.setdefault(key, {})
                name = name_failure(cell)
                # The name of a case is the instructor's; anything else may quote.
                is_case = bool(cell.hidden_case) or cell.message.startswith("Case: ")
                kind = shorten(name, LONGEST_NAME) if is_case else blur(name)
                kinds.setdefault(kind, []).append((name, result))
    return {
        key: sorted(
            (_make_failure(kind, named) for kind, named in kinds.items()),
            key=lambda failure: (-failure.count, failure.name),
        )
        for key, kinds in found.items()
    }


def _make_failure(kind: str, named: list[tuple[str, Result]]) -> Failure:
    """Call a failure by words that several notebooks share: so they are nobody's own."""
    ((name, count),) = Counter(name for name, _ in named).most_common(1)
    shown = shorten(name, LONGEST_NAME) if count > 1 else kind
    return Failure(shown, tuple(r for _, r in named))


def name_failure(cell: CellResult) -> str:
    """Return in a line what failed: the case, and what kind of fault."""
    if cell.hidden_case:
        return f"hidden test: {cell.hidden_case}"
    first, _, rest = cell.message.strip().partition("\n")
    if not first:
        return "some of the points" if cell.outcome == "partial" else "no word of why"
    if not first.startswith("Case: "):
        return first
    raised = re.search(r"Your code raised (\w+)", rest)
    if raised:
        what = f"raised {raised[1]}"
    else:
        what = NOTHING_YET if NOTHING_YET in rest else "another value than wanted"
    return f"{first.removeprefix('Case: ').rstrip('.')}: {what}"


def blur(sentence: str) -> str:
    """Return a sentence without its numbers and quoted words, for counting its like."""
    sentence = re.sub(r"'[^']*'|\"[^\"]*\"|“[^”]*”|`[^`]*`", "…", sentence)
    return shorten(re.sub(r"-?\b\d+(?:[.,]\d+)*\b", "…", sentence), LONGEST_NAME)


@dataclass(frozen=True)
class Example:
    """An answer, shortened and without names, and what the check said of it."""

    answer: str
    said: str


def find_example(
    failures: Iterable[Failure],
    grade_id: str,
    read_answer: Callable[[str, str, str, str], str],
    stub: str,
    hide: Callable[[str, str], str],
) -> Example | None:
    """Return an answer to the commonest failure, or None when none can be read.

    `read_answer(student, assignment, notebook, grade_id)` returns an answer's source; one
    that is still the released `stub` is passed over. `hide(text, student)` returns the
    text without names.
    """
    blank = make_plain(stub)
    for failure in failures:
        # In the order of the hashes: neither the roster's, nor another each time.
        order = sorted(failure.results, key=lambda result: result.submission_sha256)
        found: list[tuple[bool, int, Example]] = []
        for result in islice(order, TRIED):
            where = result.student, result.assignment, result.notebook_name
            plain = make_plain(read_answer(*where, grade_id))
            if plain in ("", blank):
                continue
            answer = hide(plain, result.student)
            cell = next(c for c in result.cells if c.grade_id == grade_id)
            said = hide(cell.message, result.student) or failure.name
            example = Example(shorten_lines(answer, LONGEST_EXAMPLE), said)
            found.append((answer != plain, len(answer), example))
        if found:
            return min(found, key=lambda each: (*each[:2], each[2].answer))[2]
    return None


def make_plain(source: str) -> str:
    """Return an answer without comments and docstrings, in one and the same layout.

    What Python can't read keeps its layout and loses what looks like a comment.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        lines = (re.sub(r"(^|\s)#.*$", "", line).rstrip() for line in source.split("\n"))
        return "\n".join(line for line in lines if line).strip()
    for node in ast.walk(tree):
        if isinstance(
            node, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
        ) and ast.get_docstring(node, clean=False):
            node.body = node.body[1:] or [ast.Pass()]
    try:
        return ast.unparse(tree)
    except (RecursionError, ValueError):
        return ""
