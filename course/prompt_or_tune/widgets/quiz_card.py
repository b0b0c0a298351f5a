"""A question with its options; where the solutions are at home, each explains itself."""

from __future__ import annotations

import html
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import ipywidgets

from prompt_or_tune.widgets.cards import Mood, dress, paragraph, text_widget
from prompt_or_tune.widgets.edition import find_solutions

FILE = "quiz.toml"
# The explanation of the right option says that it is right.
MARKS: dict[Mood, str] = {"good": "✓", "bad": "✗ Not this one.", "plain": ""}


class QuizError(ValueError):
    """Say in one sentence what is wrong with a question or with the file of answers."""


@dataclass(frozen=True)
class Key:
    """What explains a question: the letter that is right, a sentence for each letter."""

    right: str
    explanations: Mapping[str, str]


def read_key(question_id: str, letters: list[str]) -> Key | None:
    """Return the key of a question; `None` where the solutions aren't at home.

    The file is `solutions/quiz.toml`: a table per question with `right = "A"`, and in
    it a table `explanations` with a sentence for each letter. Raises QuizError when
    something of it is missing or too much.
    """
    folder = find_solutions()
    if folder is None or not (folder / FILE).is_file():
        return None
    try:
        content = tomllib.loads((folder / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise QuizError(f"{FILE} can't be read: {error}") from error
    entry = content.get(question_id)
    if not isinstance(entry, dict):
        raise QuizError(f"{FILE} has no table [{question_id}].")
    right, explanations = entry.get("right"), entry.get("explanations")
    if right not in letters:
        raise QuizError(f"{FILE}, [{question_id}]: right must be one of {letters}.")
    if not isinstance(explanations, dict) or sorted(explanations) != sorted(letters):
        raise QuizError(
            f"{FILE}, [{question_id}.explanations]: one for each of {letters}."
        )
    return Key(right, explanations)


class QuizCard(ipywidgets.VBox):
    """A question with options to choose from; choosing one explains it.

    `options` maps letters to texts. The plain call is `choose("A")`: it selects the
    option and returns what the card says. The card records nothing: the answer that
    counts is the one in the cell below it.
    """

    def __init__(
        self, question_id: str, question: str, options: Mapping[str, str]
    ) -> None:
        if len(options) < 2:
            raise QuizError("A question needs at least two options.")
        self.question_id, self.question = question_id, question
        self.options = dict(options)
        self._explanation = text_widget()
        self._choices = ipywidgets.RadioButtons(
            options=[(f"{letter}  {text}", letter) for letter, text in options.items()],
            value=None,
            layout=ipywidgets.Layout(width="100%", height="auto"),
        )
        self._choices.observe(self._answer, names="value")
        asked = f'<div style="font-weight:600">{html.escape(question)}</div>'
        super().__init__([text_widget(asked), self._choices, self._explanation])
        dress(self)

    def choose(self, letter: str) -> str:
        """Choose an option and return what the card says about it.

        Raises QuizError for a letter that the question doesn't have.
        """
        if letter not in self.options:
            letters = ", ".join(self.options)
            raise QuizError(f"{letter!r} is no option: choose one of {letters}.")
        self._choices.value = letter
        return self._explain(letter)[1]

    def _answer(self, change: Any) -> None:
        if change["new"] is None:
            return
        mood, sentence = self._explain(change["new"])
        self._explanation.value = paragraph(f"{MARKS[mood]} {sentence}".strip())

    def _explain(self, letter: str) -> tuple[Mood, str]:
        try:
            key = read_key(self.question_id, list(self.options))
        except QuizError as error:
            return "plain", str(error)
        if key is None:
            return "plain", (
                f"You chose {letter}. Write it into the cell below; the explanation "
                "comes with the feedback on your notebook."
            )
        mood: Mood = "good" if letter == key.right else "bad"
        return mood, key.explanations[letter]

    def __repr__(self) -> str:
        lines = [self.question]
        lines += [f"  {letter}  {text}" for letter, text in self.options.items()]
        return "\n".join(lines)
