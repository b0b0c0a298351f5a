"""The words that Seedling and its data are made from: lists in the TOML files beside it.

The files say what each list is for. One that is missing or unknown is an error at once.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, TypeVar, get_type_hints

Words = tuple[str, ...]
ByKind = dict[str, Words]
Lists = TypeVar("Lists")


@dataclass(frozen=True)
class Grammar:
    """The English of the almanac; `gifts` is by subject, `endings` by rhyming word."""

    openers: Words
    observations: Words
    sentences: Words
    verbs: ByKind
    adjectives: ByKind
    habits: ByKind
    gifts: dict[str, Words]
    endings: dict[str, Words]


@dataclass(frozen=True)
class Phrases:
    """How one thing is asked of a poem: before the noun, after it, or as a sentence."""

    before: Words
    after: Words
    sentences: Words


@dataclass(frozen=True)
class Requests:
    """The many ways in which people ask for a poem or a description."""

    verbs: Words
    nouns: Words
    topics: Words
    topic_sentences: Words
    short: Phrases
    rhyme: Phrases
    lines: Phrases
    word: Phrases
    start: Phrases
    limit: Phrases
    poem_notes: Words
    quatrain_notes: Words
    between_notes: Words
    descriptions: Words
    one_sentence: Words
    greetings: Words
    thanks: Words
    small_talk: Words
    people: Words
    things: Words
    roles: Words
    role_adjectives: Words


@dataclass(frozen=True)
class Lessons:
    """What the other lessons of the corpus ask, and what styles and words are made of."""

    rhyme_questions: Words
    repeat_requests: Words
    kind_questions: Words
    relatives_requests: Words
    gift_questions: Words
    style_requests: Words
    style_words: Words
    style_starts: Words
    style_joints: Words
    style_ends: Words
    onsets: Words
    codas: Words


@dataclass(frozen=True)
class HeldOut:
    """What no document has, for the probes to ask."""

    styles: Words
    briefs: Words
    briefs_with_typos: Words


@dataclass(frozen=True)
class Inbox:
    """The raw requests as they come in, and the faults among them."""

    poem_requests: Words
    description_requests: Words
    foreign_requests: Words
    off_topic_requests: Words
    pasted_text: str
    blanks: Words
    punctuation: Words
    tags: Words


@dataclass(frozen=True)
class HouseVoice:
    """The almanac's rule: the first word by kind, the second by setting."""

    first: dict[str, str]
    second: dict[str, str]


def _read(name: str, lists: type[Lists]) -> Lists:
    """Return a file's lists; raise `TypeError` when they are not those of the class."""
    text = (files(__package__) / f"{name}.toml").read_text(encoding="utf-8")
    kinds = get_type_hints(lists)
    return lists(
        **{
            name: Phrases(**value) if kinds.get(name) is Phrases else value
            for name, value in _freeze(tomllib.loads(text)).items()
        }
    )


def _freeze(value: Any) -> Any:
    """Return the value with tuples in place of lists."""
    if isinstance(value, dict):
        return {key: _freeze(item) for key, item in value.items()}
    return tuple(value) if isinstance(value, list) else value


GRAMMAR = _read("grammar", Grammar)
REQUESTS = _read("requests", Requests)
LESSON_WORDS = _read("lessons", Lessons)
HELD_OUT = _read("held_out", HeldOut)
INBOX = _read("inbox", Inbox)
HOUSE_VOICE = _read("house_voice", HouseVoice)
