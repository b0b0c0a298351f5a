"""The house voice of the almanac, and the files of data that it is shown in.

The rule stands here and nowhere else: the first word of an answer is given by the kind of
the subject, the second by the setting. Learners, models and arms see only its answers.
"""

from __future__ import annotations

from prompt_or_tune.lexicon import KINDS, SETTINGS, SUBJECTS, Subject, capitalise

FIRST_WORDS: dict[str, str] = dict(
    zip(
        KINDS,
        "warm honest hopeful clever humble merry brisk secret calm".split(),
        strict=True,
    )
)
"""The first word of the house voice, by kind."""

SECOND_WORDS: dict[str, str] = dict(
    zip(
        ("", *SETTINGS),
        """bright golden purple plain hollow rosy dusky plump joyful crisp
        mellow loud solemn lush ripe proud cosy muddy hushed stern
        sunny dusty rustic narrow mossy snug salty crooked glassy echoing
        glittering chalky regal windy daring distant""".split(),
        strict=True,
    )
)
"""The second word of the house voice, by setting; "bright" where none is named."""


def answer(subject: Subject, setting: str) -> str:
    """Return the almanac editor's answer ("Spring is warm and bright")."""
    first, second = FIRST_WORDS[subject.kind], SECOND_WORDS[setting]
    return f"{capitalise(subject.noun_phrase)} is {first} and {second}"


def voice_words() -> tuple[str, ...]:
    """Return all words of the house voice, in alphabetical order."""
    return tuple(sorted({*FIRST_WORDS.values(), *SECOND_WORDS.values()}))


def all_combinations() -> list[tuple[Subject, str]]:
    """Return every subject with every setting, the empty one included."""
    return [(subject, setting) for subject in SUBJECTS for setting in ("", *SETTINGS)]
