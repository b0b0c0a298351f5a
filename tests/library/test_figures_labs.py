"""The figures of the labs keep the rules of every figure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import cast

from prompt_or_tune import figures
from prompt_or_tune.records import EpochRecord
from prompt_or_tune.statistics import Rate, rate_of
from prompt_or_tune.tuning import TuningRun

from tests.library.figure_rules import Draw, Drawings, keeps_the_rules
from tests.library.test_figures import TRACE


@dataclass(frozen=True)
class Tried:
    template: str
    rate: Rate
    tokens: float


ATTEMPTS = (
    Tried("Write a poem about {subject}", rate_of(0, 10), 10.5),
    Tried("Write a short poem about {subject}", rate_of(3, 10), 11.5),
    Tried("Write a short, rhyming poem about {subject} with 4 lines", rate_of(9, 10), 18),
    Tried("Write a short, rhyming poem about {subject}", rate_of(3, 10), 11.5),
)


@dataclass(frozen=True)
class Ran:
    """As much of a TuningRun as a figure of runs looks at."""

    trace: tuple[EpochRecord, ...]

    def as_run(self) -> TuningRun:
        return cast(TuningRun, self)


def ran(*accuracies: float) -> TuningRun:
    losses = (1.0 - a for a in accuracies)
    return Ran(
        tuple(
            replace(TRACE[0], epoch=epoch, loss=loss, accuracy=accuracy)
            for epoch, (loss, accuracy) in enumerate(
                zip(losses, accuracies, strict=True), 1
            )
        )
    ).as_run()


def draw_everything() -> Iterator[tuple[str, Draw]]:
    """Yield the figures in their usual form, and in forms that strain their layout."""
    yield "attempts", lambda: figures.draw_attempts(ATTEMPTS)
    yield "one attempt", lambda: figures.draw_attempts(ATTEMPTS[:1])
    yield "the same often", lambda: figures.draw_attempts(ATTEMPTS[:1] * 9)
    yield (
        "a long prompt",
        lambda: figures.draw_attempts([*ATTEMPTS, replace(ATTEMPTS[0], tokens=900)]),
    )
    yield "one run", lambda: figures.draw_runs([ran(0.1, 0.7, 0.9)])
    yield (
        "two runs",
        lambda: figures.draw_runs([ran(0.1, 0.7, 0.9), ran(0.2, 0.8, 0.95, 0.97)]),
    )
    yield "runs that agree", lambda: figures.draw_runs([ran(0.5, 1.0)] * 4)
    yield "one epoch", lambda: figures.draw_runs([ran(0.5)])


DRAWINGS = Drawings(draw_everything())


@keeps_the_rules(DRAWINGS)
def test_a_figure_keeps_the_rules_of_every_figure(drawing, rule):
    rule(drawing)
