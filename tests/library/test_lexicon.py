"""The words of the almanac: enough of them, and consistent with one another."""

from __future__ import annotations

from collections import Counter

import pytest
from prompt_or_tune.lexicon import (
    DAILY_WORDS,
    KINDS,
    NEW_SUBJECTS,
    RHYME_FAMILIES,
    SETTINGS,
    SUBJECTS,
    parse_request,
    rhyme_sound,
)


def test_there_are_enough_subjects_kinds_and_settings() -> None:
    assert len(SUBJECTS) >= 54
    assert len(KINDS) >= 8
    assert len(SETTINGS) >= 30
    assert len(NEW_SUBJECTS) == 6


def test_every_kind_keeps_subjects_for_training_when_the_new_ones_are_left_out() -> None:
    left = Counter(s.kind for s in SUBJECTS if s.noun_phrase not in NEW_SUBJECTS)
    assert min(left[kind] for kind in KINDS) >= 4


def test_no_word_rhymes_in_two_ways() -> None:
    words = [word.lower() for family in RHYME_FAMILIES.values() for word in family]
    assert len(words) == len(set(words))
    assert rhyme_sound("Night") == rhyme_sound("light") == "ight"
    assert rhyme_sound("lantern") is None


def test_no_subject_is_a_setting_or_a_word_of_the_day() -> None:
    subjects = {subject.word for subject in SUBJECTS}
    in_settings = {word for setting in SETTINGS for word in setting.split()}
    assert not subjects & in_settings
    assert not subjects & set(DAILY_WORDS)


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("Write a poem about spring", ("spring", "")),
        ("Please describe the Fox AT DAWN!", ("the fox", "at dawn")),
        ("Describe the foxglove", None),
        ("Write a poem about quarterly earnings", None),
    ],
)
def test_a_request_says_what_it_is_about(
    text: str, topic: tuple[str, str] | None
) -> None:
    assert parse_request(text) == topic
