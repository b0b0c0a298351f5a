"""Words: the subjects and settings of the almanac, and which words sound alike.

Everything that knows a word by name looks it up here: the cleaning of requests, the
rules that check a poem, the corpus that Seedling is made from. The lists themselves stand
in lexicon.toml.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files


@dataclass(frozen=True)
class Subject:
    """A thing the almanac writes about.

    `noun_phrase` stands in a sentence ("the fox"), `word` is its noun ("fox"), `kind` is
    one of `KINDS`.
    """

    noun_phrase: str
    word: str
    kind: str


_WORDS = tomllib.loads((files(__package__) / "lexicon.toml").read_text(encoding="utf-8"))

KINDS: tuple[str, ...] = tuple(_WORDS["subjects"])

SUBJECTS: tuple[Subject, ...] = tuple(
    Subject(word if kind in _WORDS["without_article"] else f"the {word}", word, kind)
    for kind, words in _WORDS["subjects"].items()
    for word in words
)

NEW_SUBJECTS: tuple[str, ...] = tuple(_WORDS["new_subjects"])
"""Subjects kept out of training data, prompts and development data as a whole."""

SETTINGS: tuple[str, ...] = tuple(_WORDS["settings"])

RHYME_FAMILIES: dict[str, tuple[str, ...]] = {
    sound: tuple(words) for sound, words in _WORDS["rhymes"].items()
}
"""Families of words with the same sounds from the last stressed vowel on."""

DAILY_WORDS: tuple[str, ...] = tuple(_WORDS["daily_words"])
"""Words for the changing fact. In the corpus they are things in poems, never a word of
the day, and never an answer."""


def capitalise(text: str) -> str:
    """Return the text with its first letter in upper case and the rest untouched."""
    return text[:1].upper() + text[1:]


@cache
def _sounds() -> dict[str, str]:
    return {
        word.lower(): sound for sound, words in RHYME_FAMILIES.items() for word in words
    }


def rhyme_sound(word: str) -> str | None:
    """Return the name of the word's rhyme family, or `None` for a word not listed."""
    return _sounds().get(word.lower())


def find_subject(noun_phrase: str) -> Subject:
    """Return the subject with this noun phrase; raise `KeyError` when there is none."""
    return _subjects_by_phrase()[noun_phrase]


@cache
def _subjects_by_phrase() -> dict[str, Subject]:
    return {subject.noun_phrase: subject for subject in SUBJECTS}


@cache
def _request_pattern() -> re.Pattern[str]:
    subjects = "|".join(subject.noun_phrase for subject in SUBJECTS)
    settings = "|".join(SETTINGS)
    return re.compile(
        rf"\b(?:about|describe)\s+(?P<subject>{subjects})\b(?:\s+(?P<setting>{settings})\b)?",
        re.IGNORECASE,
    )


@lru_cache(maxsize=8192)
def parse_request(text: str) -> tuple[str, str] | None:
    """Return the (subject, setting) that a request asks about.

    The setting is empty when none is named. Returns `None` when the request names no
    subject of the almanac.
    """
    match = _request_pattern().search(text)
    if match is None:
        return None
    known = {setting.lower(): setting for setting in SETTINGS}
    setting = known.get((match["setting"] or "").lower(), "")
    return match["subject"].lower(), setting
