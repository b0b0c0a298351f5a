"""The house voice of the almanac.

The rule stands in words/house_voice.toml and nowhere else: the first word of an answer is
given by the kind of the subject, the second by the setting. Learners, models and arms see
only its answers.
"""

from __future__ import annotations

from prompt_or_tune.lexicon import SETTINGS, SUBJECTS, Subject, capitalise

from solutions.workshop.seedling.words import HOUSE_VOICE


def answer(subject: Subject, setting: str) -> str:
    """Return the almanac editor's answer ("Spring is warm and bright")."""
    first, second = HOUSE_VOICE.first[subject.kind], HOUSE_VOICE.second[setting]
    return f"{capitalise(subject.noun_phrase)} is {first} and {second}"


def voice_words() -> tuple[str, ...]:
    """Return all words of the house voice, in alphabetical order."""
    return tuple(sorted({*HOUSE_VOICE.first.values(), *HOUSE_VOICE.second.values()}))


def all_combinations() -> list[tuple[Subject, str]]:
    """Return every subject with every setting, the empty one included."""
    return [(subject, setting) for subject in SUBJECTS for setting in ("", *SETTINGS)]
