"""The words of Seedling's grammar: enough for every subject, and no contradiction."""

from __future__ import annotations

from collections import Counter

import pytest
from prompt_or_tune.lexicon import KINDS, SUBJECTS

from solutions.workshop.seedling.grammar import ADJECTIVES, ENDINGS, GIFTS, HABITS, VERBS


@pytest.mark.parametrize("table", [ADJECTIVES, HABITS, VERBS])
def test_every_kind_has_its_words(table: dict[str, tuple[str, ...]]) -> None:
    assert set(table) == set(KINDS)


def test_adjectives_and_verbs_tell_the_kinds_apart() -> None:
    for table in (ADJECTIVES, VERBS):
        counts = Counter(word for words in table.values() for word in words)
        shared = [word for word, count in counts.items() if count > 1]
        assert len(shared) <= 2, shared


def test_every_subject_brings_something() -> None:
    assert set(GIFTS) == {subject.word for subject in SUBJECTS}


def test_every_ending_ends_in_its_rhyming_word() -> None:
    for word, phrases in ENDINGS.items():
        assert all(phrase.endswith(word) for phrase in phrases)
