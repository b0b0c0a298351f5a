"""Notebook 7: three questions; only the hidden tests know which letter is right."""

from __future__ import annotations

from functools import partial
from typing import Any

from prompt_or_tune.checks.comparing import CheckFailed, shorten
from prompt_or_tune.checks.registry import GradedTask

LETTERS = ("A", "B", "C", "D")


def check_question(answer: Any, *, name: str) -> None:
    """Check that an answer is one of the four letters, and nothing more."""
    if answer is None or answer is ...:
        raise CheckFailed(
            f'No letter is chosen yet: write {name} = "A", "B", "C" or "D".'
        )
    if type(answer) is not str:
        raise CheckFailed(
            f"The answer is one letter in quotes, and {shorten(answer)} is a "
            f"{type(answer).__name__}: write {name} = "
            '"A", "B", "C" or "D".'
        )
    if answer not in LETTERS:
        raise CheckFailed(
            f"The answer is one capital letter, A, B, C or D, and nothing else; got "
            f"{shorten(answer)}."
        )


NOTE = (
    "Your answer is one of the four letters. Whether it is the right one, the card above "
    "says at home, and the feedback on your notebook in a class."
)

TASKS: tuple[GradedTask, ...] = (
    GradedTask(
        id="question_1",
        title="When to tune",
        points=1,
        minutes=2,
        check=partial(check_question, name="question_1"),
        hints=(
            "Say for each option which of the two it describes: changing the model, or "
            "changing the question?",
            "Look at the house voice in the figure, and ask what its winner had that the "
            "prompts had not, and when it was paid for.",
        ),
        note=NOTE,
    ),
    GradedTask(
        id="question_2",
        title="Read a trace",
        points=1,
        minutes=2,
        check=partial(check_question, name="question_2"),
        hints=(
            "Read the shape before the numbers: which way do loss and accuracy go, and "
            "do they agree?",
            "Then compare the first step with the last. What would noise look like, and "
            "what in a training trace could tell about prompts?",
        ),
        note=NOTE,
    ),
    GradedTask(
        id="question_3",
        title="Where the weights change",
        points=1,
        minutes=1,
        check=partial(check_question, name="question_3"),
        hints=(
            "Ask of each stage what it gives to the next: a text, data, or a model?",
            "A weight moves only where a loss is computed and an optimiser takes a step.",
        ),
        note=NOTE,
    ),
)
