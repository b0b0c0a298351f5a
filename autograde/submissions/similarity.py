"""Say what a cell's text is like: what it binds, whether it is whole, what it resembles.

Student code is parsed here, and never run.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections import Counter
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import islice

LONGEST_PARSED = 50_000  # characters; hardly an honest cell is longer
MOST_TOKENS = 800

_MARK_LINE = re.compile(r"#\s*answer:\s*(\S+)")


def tidy(text: str) -> str:
    """Return a text without the blank space that editors add and drop."""
    return "\n".join(line.rstrip() for line in text.split("\n")).strip("\n")


def is_same(a: str, b: str) -> bool:
    """Return whether two cells say the same."""
    return tidy(a) == tidy(b)


@lru_cache(maxsize=128)
def find_names(text: str) -> frozenset[str] | None:
    """Return the names that a cell binds at its top level; None if it is no Python.

    Magics and shell lines are no fault. A cell that begins with an indented line is a
    fragment, and so none.
    """
    body = _parse(text)
    if body is None:
        return None
    return frozenset(name for statement in body for name in _list_bound(statement))


def extract(text: str, names: AbstractSet[str]) -> str:
    """Return those statements of a cell that bind some of these names."""
    lines = text.strip("\n").split("\n")
    found: list[str] = []
    for statement in _parse(text) or []:
        if names & set(_list_bound(statement)):
            decorators = getattr(statement, "decorator_list", [])
            start = min(node.lineno for node in (statement, *decorators))
            found += lines[start - 1 : statement.end_lineno]
    return "\n".join(found)


def bind(names: AbstractSet[str], text: str) -> set[str]:
    """Return which of these names a text binds, even if it is a fragment."""
    if not names:
        return set()
    either = "|".join(map(re.escape, sorted(names)))
    binds = rf"^(?:(?:async\s+def|def|class)\s+({either})\b|({either})\s*(?::.*)?=)"
    return {a or b for a, b in re.findall(binds, text, re.MULTILINE)}


def remove(text: str, part: str) -> str:
    """Return a text without a part, if that is whole lines of it."""
    part = tidy(part)
    padded = f"\n{tidy(text)}\n"
    if not part.strip() or f"\n{part}\n" not in padded:
        return text
    return padded.replace(f"\n{part}\n", "\n").strip("\n")


def _parse(text: str) -> list[ast.stmt] | None:
    stripped = text.strip("\n")
    if len(text) > LONGEST_PARSED or stripped[:1] in (" ", "\t"):
        return None
    if stripped.startswith("%%"):  # all of it is something else's
        return []
    with warnings.catch_warnings():  # of a student's odd escapes and comparisons
        warnings.simplefilter("ignore")
        for source in (stripped, _drop_magics(stripped)):
            try:
                return ast.parse(source).body
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                continue
    return None


def _drop_magics(text: str) -> str:
    """Return a cell with each magic and each shell line replaced by a line of Python.

    IPython's own transformers take hours for a cell that is made for that.
    """
    text = re.sub(r"^([ \t]*)(?:[%!?].*|[\w.]+\?\??)$", r"\1pass", text, flags=re.M)
    return re.sub(r"^([ \t]*\w[\w, ]*=) *[%!].*$", r"\1 None", text, flags=re.M)


def _list_bound(statement: ast.stmt) -> list[str]:
    """Return the names that a statement defines or assigns, not those it imports."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [statement.name]
    targets: list[ast.expr] = []
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, ast.AnnAssign):
        targets = [statement.target]
    inner = (node for target in targets for node in ast.walk(target))
    return [
        node.id
        for node in inner
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    ]


class Marks:
    """What in a cell's text says which answer it is, when its metadata are gone.

    These are a comment `# answer: <grade_id>`, the names that the released stub binds,
    and the stub's comments; each only where no other released cell has it too.
    """

    def __init__(self, grade_id: str, stub: str, others: Iterable[str]) -> None:
        others = list(others)
        taken = frozenset().union(*(find_names(other) or () for other in others))
        lines = {line.strip() for other in others for line in other.split("\n")}
        self.grade_id = grade_id
        self.comments = {c for c in _list_comments(stub) if c not in lines}
        self.names = (find_names(stub) or frozenset()) - taken

    def are_in(self, text: str) -> bool:
        """Return whether a text carries one of them."""
        if any(found == self.grade_id for found in _MARK_LINE.findall(text)):
            return True
        if bind(self.names, text):
            return True
        return any(line.strip() in self.comments for line in text.split("\n"))


def _list_comments(stub: str) -> list[str]:
    lines = (line.strip() for line in stub.split("\n"))
    return [line for line in lines if line.startswith("#") and len(line) > 8]


def cover(released: str, text: str) -> float:
    """Return the share of a released cell that is found again in a text, 0 to 1.

    Counted are tokens, in runs of three or more: an answer is longer than its stub, and
    what it adds says nothing against it.
    """
    wanted, got = _tokenise(released), _tokenise(text)
    if not wanted:
        return float(not got)
    most = sum((Counter(wanted) & Counter(got)).values()) / len(wanted)
    if most < 0.5:  # no order of them can be like it
        return most / 2
    blocks = SequenceMatcher(None, wanted, got, autojunk=False).get_matching_blocks()
    shortest = min(3, len(wanted))
    return sum(b.size for b in blocks if b.size >= shortest) / len(wanted)


def is_version(released: str, text: str, share: float) -> bool:
    """Return whether two texts have so much in common, seen from either."""
    return cover(released, text) >= share and cover(text, released) >= share


def _tokenise(text: str) -> list[str]:
    found = re.finditer(r"\w+|[^\w\s]", text)
    return [match[0] for match in islice(found, MOST_TOKENS)]
