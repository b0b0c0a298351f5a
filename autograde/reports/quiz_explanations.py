"""Explain the questions of a quiz after grading, from the quiz.toml beside its source."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from autograde.classroom import EXPLANATIONS
from autograde.errors import AutogradeError

CARD = "QuizCard"


@dataclass(frozen=True)
class Option:
    """An option of a question, with what is to be said of it."""

    letter: str
    text: str
    explanation: str
    is_right: bool
    is_chosen: bool


@dataclass(frozen=True)
class Question:
    """A question as its notebook asks it: `options` maps letters to texts."""

    text: str
    options: Mapping[str, str]


def read_explanations(folder: Path) -> Mapping[str, Mapping[str, object]]:
    """Return a table per question from the quiz.toml of a folder; none without the file.

    A table has `right`, a letter, and `explanations`, a sentence for each letter. Raises
    `AutogradeError` for a file that says anything else.
    """
    path = folder / EXPLANATIONS
    if not path.is_file():
        return {}
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise AutogradeError(f"{path} can't be read: {error}.") from None
    for name, table in tables.items():
        said = table.get("explanations") if isinstance(table, dict) else None
        if not isinstance(said, dict) or table.get("right") not in said:
            raise AutogradeError(
                f"{path}, [{name}]: it must hold right, a letter, and explanations, a "
                "table with a sentence for each letter."
            )
    return tables


def read_questions(sources: Iterable[str]) -> dict[str, Question]:
    """Return the questions that code cells ask with a `QuizCard`, by their ids."""
    found: dict[str, Question] = {}
    for source in sources:
        if CARD in source:
            found.update(_find_questions(source))
    return found


def _find_questions(source: str) -> Iterator[tuple[str, Question]]:
    for node in _walk(source):
        if isinstance(node, ast.Call) and _name_function(node.func) == CARD:
            try:
                name, text, options = map(ast.literal_eval, node.args)
            except ValueError:  # something that is not written out
                continue
            yield str(name), Question(str(text), dict(options))


def _name_function(node: ast.expr) -> str:
    """Return the name that a function is called by, whatever module stands before it."""
    return getattr(node, "attr", "") or getattr(node, "id", "")


def find_choice(source: str, name: str) -> str:
    """Return the text that an answer gives a variable last; empty if it is none."""
    choice = ""
    for node in _walk(source):
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Constant):
            continue
        if any(getattr(target, "id", "") == name for target in node.targets):
            choice = str(node.value.value)
    return choice


def _walk(source: str) -> Iterator[ast.AST]:
    try:
        yield from ast.walk(ast.parse(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return


def explain(
    table: Mapping[str, object], question: Question | None, choice: str
) -> tuple[Option, ...]:
    """Return the options of a question in order, each with its explanation."""
    explanations = table["explanations"]
    assert isinstance(explanations, Mapping)
    texts = question.options if question else {}
    return tuple(
        Option(
            letter,
            texts.get(letter, ""),
            str(said),
            is_right=letter == table["right"],
            is_chosen=letter == choice,
        )
        for letter, said in explanations.items()
    )
