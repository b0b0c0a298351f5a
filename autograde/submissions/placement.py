"""Find out whose a notebook is, and of which assignment, from what it is called.

Whoever stands outermost is the student: the name that an LMS gave a file or a folder goes
before anything that a student could write inside it. Where two people fit, nobody does.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from nbformat import NotebookNode

from autograde.classroom.roster import Roster, Student
from autograde.errors import AutogradeError
from autograde.submission_records import Submission
from autograde.submissions.similarity import Marks, tidy

_CANVAS = re.compile(r"(?P<name>.+?)(?:_LATE)?_(?P<number>\d+)_\d+_(?P<file>.+)", re.I)
_MOODLE = re.compile(
    r"(?P<name>.+?)_(?P<number>\d+)_assignsubmission_[a-z]+(?:_(?P<file>.*))?", re.I
)
_COPY = re.compile(
    r"^(copy of|kopie von|copi[ae] de|c[oó]pia de|kopia av|kopie van|копия)\s+",
    re.I,
)
_COUNT = re.compile(
    r"(?:\s*\((?P<browser>\d+)\)|-copy(?P<jupyter>\d*)|-(?P<canvas>\d{1,2})"
    r"|\s+(?:-\s+)?(?:copy|kopie|copi[ae])(?:\s+\d+)?)$",
    re.I,
)
_MOMENT = re.compile(r"(\d{4})-(\d\d)-(\d\d)[-_T ](\d\d)[-_:.](\d\d)[-_:.](\d\d)")
_SUFFIX = re.compile(r"\.(ipynb|zip)(\.(json|txt))*$", re.I)

Notebook = tuple[str, str]
"""An assignment's name, and a notebook's."""


class NotPlaced(AutogradeError):  # noqa: N818  # a reason, for a list
    """A file whose student or assignment can't be known; the message says why."""


@dataclass(frozen=True)
class FileName:
    """What a file's name says once its decorations are taken off.

    `attempt` counts what browsers and Canvas number, `moment` is a time in the name.
    """

    stem: str
    attempt: int = 0
    moment: datetime | None = None


def read_file_name(name: str) -> FileName:
    """Return what a file is called without "Copy of", " (1)", "-2" and the like."""
    for pattern in (_MOODLE, _CANVAS):
        match = pattern.fullmatch(name)
        name = match["file"] or "" if match else name
    moment = None
    if found := _MOMENT.search(name):
        year, month, day, hour, minute, second = map(int, found.groups())
        try:
            moment = datetime(year, month, day, hour, minute, second)
        except ValueError:
            moment = None  # numbers that are no time
        name = name.replace(found[0], " ")
    stem, attempt = _SUFFIX.sub("", name).strip(), 0
    while match := _COUNT.search(stem):
        numbers = match["browser"], match["jupyter"], match["canvas"]
        attempt += int(next((number for number in numbers if number), 1))
        stem = stem[: match.start()].strip()
    while match := _COPY.match(stem):
        stem = stem[match.end() :].strip()
    return FileName(stem, attempt, moment)


def squeeze(text: str) -> str:
    """Return letters and digits alone, small and without accents."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in plain if char.isalnum())


def is_from_lms(parts: Iterable[str]) -> bool:
    """Return whether some name is such as Canvas or Moodle give."""
    return any(each.fullmatch(part) for part in parts for each in (_MOODLE, _CANVAS))


class Placer:
    """Places the notebooks of one class.

    `released` holds each notebook as students got it, by assignment and name.
    """

    def __init__(self, roster: Roster, released: Mapping[Notebook, NotebookNode]) -> None:
        self._students: dict[str, set[str]] = {}
        self._by_number: dict[str, Student] = {}
        for student in roster:
            for key in _list_keys(student):
                self._students.setdefault(key, set()).add(student.id)
            if student.canvas_id:
                self._by_number[student.canvas_id] = student
        self._canvas = {s.id: s.canvas_id for s in roster if s.canvas_id}
        self._contents = {key: _Contents(each) for key, each in released.items()}

    def place(self, parts: Sequence[str], notebook: NotebookNode) -> Submission:
        """Return where a notebook belongs; `parts` are the names that lead to it.

        Raises `NotPlaced`.
        """
        student = self.find_student(parts)
        return Submission(student, *self._find_notebook(parts, notebook))

    def find_student(self, parts: Sequence[str]) -> str:
        """Return the id of the student that the outermost telling name means."""
        for part in parts:
            for system, pattern in (("Moodle", _MOODLE), ("Canvas", _CANVAS)):
                match = pattern.fullmatch(part)
                if match and not self._is_notebook_name(match["name"]):
                    return self._find_listed(system, match["name"], match["number"])
            found = self._students.get(squeeze(_SUFFIX.sub("", part)), set())
            if not found and (part is parts[-1] or part.lower().endswith(".zip")):
                found = self._find_words(part)
            if found:
                return _choose(found, part)
        raise NotPlaced("no name of a student of the roster is in its name")

    def _find_listed(self, system: str, name: str, number: str) -> str:
        if system == "Canvas" and number in self._by_number:
            return self._by_number[number].id
        found = self._students.get(squeeze(name), set())
        if not found:
            raise NotPlaced(
                f"{system}'s student “{name}” ({number}) is not in the roster"
            )
        student = _choose(found, name)
        if system == "Canvas" and self._canvas.get(student, number) != number:
            raise NotPlaced(
                f"Canvas's student “{name}” has the number {number} there and "
                f"{self._canvas[student]} in the roster"
            )
        return student

    def _find_words(self, part: str) -> set[str]:
        """Return whom the words of a file's name mean; longer names go first."""
        text = read_file_name(part).stem
        for name in sorted({n for key in self._contents for n in key}, key=len)[::-1]:
            text = re.sub(
                rf"(?<![^\W_]){re.escape(name)}(?![^\W_])", "|", text, flags=re.I
            )
        words = [squeeze(word) for word in re.findall(r"[^\W_]+|\|", text)]
        taken: set[int] = set()
        found: set[str] = set()
        for length in range(min(6, len(words)), 0, -1):
            for start in range(len(words) - length + 1):
                span = set(range(start, start + length))
                key = "".join(words[start : start + length])
                is_short = len(key) < (3 if key.isdigit() else 2)
                if not is_short and key in self._students and not span & taken:
                    taken |= span
                    found |= self._students[key]
        return found

    # Which notebook

    def _is_notebook_name(self, name: str) -> bool:
        return any(squeeze(name) in map(squeeze, key) for key in self._contents)

    def _find_notebook(self, parts: Sequence[str], notebook: NotebookNode) -> Notebook:
        named = self._find_named(parts)
        scores = {key: self._contents[key].count_in(notebook) for key in named}
        if len(named) == 1 and scores[named[0]]:
            return named[0]
        scores = {key: each.count_in(notebook) for key, each in self._contents.items()}
        among = named if any(scores[key] for key in named) else list(scores)
        best = max((scores[key] for key in among), default=0)
        likely = [key for key in among if scores[key] == best]
        if len(named) == 1 and (best < 2 or len(likely) > 1):
            return named[0]
        if len(named) == 1:
            raise NotPlaced(
                f"it is called {named[0][1]} and has the tasks of {likely[0][1]}; rename "
                "it if it is that"
            )
        if best == 0 or len(likely) > 1:
            raise NotPlaced(
                "neither its name nor its tasks say which notebook of the class it is"
            )
        return likely[0]

    def _find_named(self, parts: Sequence[str]) -> list[Notebook]:
        """Return the notebooks that have this file's name, the longest name's alone."""
        stem = squeeze(read_file_name(parts[-1]).stem)
        padded = _list_words(parts[-1])
        lengths = {
            key: len(key[1])
            for key in self._contents
            if squeeze(key[1]) == stem or _list_words(key[1]) in padded
        }
        longest = max(lengths.values(), default=0)
        named = [key for key, length in lengths.items() if length == longest]
        if len(named) > 1:
            around = "/".join(parts).casefold()
            inside = [key for key in named if key[0].casefold() in around]
            named = inside or named
        return named


class _Contents:
    """What of a released notebook is found again in nobody else's."""

    def __init__(self, released: NotebookNode) -> None:
        cells = [cell for cell in released.cells if cell.source.strip()]
        marks = [cell.metadata.get("nbgrader", {}) for cell in cells]
        self.grade_ids = {each["grade_id"] for each in marks if each.get("grade_id")}
        self.texts = {tidy(cell.source) for cell in cells if len(cell.source) > 24}
        code = [cell.source for cell in cells if cell.cell_type == "code"]
        self.marks = [
            Marks(
                each["grade_id"], cell.source, (c for c in code if c is not cell.source)
            )
            for cell, each in zip(cells, marks, strict=True)
            if each.get("solution") and cell.cell_type == "code"
        ]

    def count_in(self, notebook: NotebookNode) -> int:
        """Return how many cells of a notebook are recognisably this one's."""
        return sum(self._has(cell) for cell in notebook.cells)

    def _has(self, cell: NotebookNode) -> bool:
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
        if grade_id in self.grade_ids or tidy(cell.source) in self.texts:
            return True
        return any(marks.are_in(cell.source) for marks in self.marks)


def _list_words(name: str) -> str:
    """Return the words of a name between underscores, one before and one behind."""
    return "_" + "_".join(re.findall(r"[^\W_]+", name.casefold())) + "_"


def _list_keys(student: Student) -> Iterable[str]:
    first, last = student.first_name, student.last_name
    words = [*student.aliases, student.email, student.email.partition("@")[0]]
    if first and last:
        words += [first + last, last + first]
    return {squeeze(word) for word in words} - {""}


def _choose(found: set[str], name: str) -> str:
    if len(found) > 1:
        raise NotPlaced(f"“{name}” may be each of {', '.join(sorted(found))}")
    return next(iter(found))
