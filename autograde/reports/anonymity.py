"""Take the names of students out of texts that are shown to others."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Iterable

from autograde.classroom import Roster, Student


class NameHider:
    """Take the names of a class's students out of texts.

    Of a text's own author every part of the name is hidden, of all others ids, addresses
    and whole names: somebody may be called Max, and `max` is no student.
    """

    def __init__(self, roster: Roster) -> None:
        self._roster = roster
        names = {name for student in roster for name in _list_names(student)}
        self._whole = _match_words(filter(_is_name, names))

    def __call__(self, text: str, student: str) -> str:
        """Return the text with every name that was found in it replaced by NAME."""
        names = _list_names(self._roster.find(student))
        own = {name.partition("@")[0] for name in names}  # the rest is a school's name
        parts = {part for name in own for part in re.split(r"[\s,._-]+", name)}
        pattern = _match_words(filter(_is_name, names | parts))
        text = re.sub(r"[\w.+-]+@[\w-]+\.[\w.]+", "NAME", text)
        return self._whole.sub("NAME", pattern.sub("NAME", text))


def _list_names(student: Student) -> set[str]:
    first, last = student.first_name, student.last_name
    names = {*student.aliases, student.email, f"{first} {last}", f"{last}, {first}"}
    return {name.strip(" ,") for name in names}


def _match_words(words: Iterable[str]) -> re.Pattern[str]:
    """Return a pattern for whole words; the underscores of a name in code divide it."""
    wanted = sorted(set(words), key=lambda word: (-len(word), word))
    alternatives = "|".join(re.escape(word) for word in wanted) or r"(?!)"
    return re.compile(rf"(?<![^\W_])(?:{alternatives})(?![^\W_])", re.IGNORECASE)


def _is_name(word: str) -> bool:
    """Say whether a word can only be a name: no number of few digits, no word of code."""
    if len(word) < 2 or (word.isdigit() and len(word) < 5):
        return False
    return not keyword.iskeyword(word.lower()) and not hasattr(builtins, word.lower())
