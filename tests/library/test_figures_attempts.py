"""What the history of a prompt says, and that it keeps the rules of every figure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from prompt_or_tune import figures
from prompt_or_tune.figures import Drawing
from prompt_or_tune.statistics import Rate, rate_of

from tests.library.figure_rules import Draw, Drawings, keeps_the_rules


@dataclass(frozen=True)
class Tried:
    """A template that was tried, as the figure wants to know of it."""

    template: str
    rate: Rate
    tokens: float


def tried(successes: int, tokens: float) -> Tried:
    return Tried(f"Write {successes} about {{subject}}", rate_of(successes, 10), tokens)


HISTORY = [tried(0, 7.7), tried(10, 13.7), tried(10, 15.7), tried(1, 8.7), tried(0, 20.7)]


def draw_everything() -> Iterator[tuple[str, Draw]]:
    """Yield the figure in its usual form, and in forms that strain its layout."""
    yield "history", lambda: figures.draw_attempts(HISTORY)
    yield "first", lambda: figures.draw_attempts(HISTORY[:1])
    yield "the same again", lambda: figures.draw_attempts([HISTORY[1]] * 4)
    yield "a long prompt", lambda: figures.draw_attempts([*HISTORY, tried(9, 412.3)])


DRAWINGS = Drawings(draw_everything())


@keeps_the_rules(DRAWINGS)
def test_a_figure_keeps_the_rules_of_every_figure(
    drawing: Drawing, rule: Callable[[Drawing], None]
) -> None:
    rule(drawing)


def test_the_best_attempt_is_the_cheapest_of_those_that_pass_most() -> None:
    assert DRAWINGS["history"].title.startswith("Best of 5: attempt 2 passes 10 of 10")


def test_no_attempt_is_refused() -> None:
    with pytest.raises(ValueError, match="no attempt"):
        figures.draw_attempts([])
