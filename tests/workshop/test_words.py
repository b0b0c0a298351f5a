"""The words of Seedling's grammar: enough for every subject, and no contradiction."""

from __future__ import annotations

from collections import Counter

import pytest
from prompt_or_tune.lexicon import (
    DAILY_WORDS,
    KINDS,
    RHYME_FAMILIES,
    SETTINGS,
    SUBJECTS,
)

from solutions.workshop.seedling.words import GRAMMAR, HOUSE_VOICE


@pytest.mark.parametrize("table", [GRAMMAR.adjectives, GRAMMAR.habits, GRAMMAR.verbs])
def test_every_kind_has_its_words(table: dict[str, tuple[str, ...]]) -> None:
    assert set(table) == set(KINDS)


def test_adjectives_and_verbs_tell_the_kinds_apart() -> None:
    for table in (GRAMMAR.adjectives, GRAMMAR.verbs):
        counts = Counter(word for words in table.values() for word in words)
        shared = [word for word, count in counts.items() if count > 1]
        assert len(shared) <= 2, shared


def test_every_subject_brings_something() -> None:
    assert set(GRAMMAR.gifts) == {subject.word for subject in SUBJECTS}


def test_every_ending_ends_in_its_rhyming_word() -> None:
    for word, phrases in GRAMMAR.endings.items():
        assert all(phrase.endswith(word) for phrase in phrases)


def test_every_ending_rhymes_with_something() -> None:
    rhyming = {word for family in RHYME_FAMILIES.values() for word in family}
    assert set(GRAMMAR.endings) <= rhyming


def test_no_ending_holds_a_daily_word() -> None:
    phrases = [phrase for ending in GRAMMAR.endings.values() for phrase in ending]
    assert not {word for phrase in phrases for word in phrase.split()} & set(DAILY_WORDS)


def test_the_house_voice_has_a_word_for_every_kind_and_every_setting() -> None:
    assert set(HOUSE_VOICE.first) == set(KINDS)
    assert set(HOUSE_VOICE.second) == {"", *SETTINGS}
