"""What results are asked: one arm beside another, n*, and claims that can fail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from prompt_or_tune.decision.arms import family_of
from prompt_or_tune.decision.arms.arm import Arm
from prompt_or_tune.decision.arms.lora import LORA
from prompt_or_tune.decision.curves import crossover, select_points, summarise_curve
from prompt_or_tune.decision.results import ArmResult, CurvePoint
from prompt_or_tune.statistics import ALPHA, mcnemar_exact


@dataclass(frozen=True)
class Claim:
    """One part of a hypothesis, whether it held, and the numbers that say so."""

    text: str
    held: bool
    evidence: str


class ResultTable:
    """The results of one task, by test and arm, with its learning curves."""

    def __init__(
        self,
        task: str,
        results: Sequence[ArmResult],
        curves: Sequence[CurvePoint] = (),
    ) -> None:
        self.task = task
        self.curves = curves
        self._table = {(r.test, r.arm): r for r in results if r.task == task}

    def of(self, test: str, arm: Arm) -> ArmResult:
        """Return one result; raise ValueError where it was not measured."""
        if not self.has(test, arm):
            raise ValueError(
                f'The task "{self.task}" has no result of "{arm.name}" on "{test}": '
                "measure it, or leave the task out."
            )
        return self._table[test, arm.name]

    def has(self, test: str, arm: Arm) -> bool:
        """Return whether an arm was measured on a test."""
        return (test, arm.name) in self._table

    def on(self, test: str) -> list[ArmResult]:
        """Return the results of all arms on a test."""
        return [r for r in self._table.values() if r.test == test]

    def is_as_good(self, test: str, arm: Arm, other: Arm) -> bool:
        """Return whether an arm is not significantly below another (exact McNemar)."""
        one, two = self.of(test, arm).correct, self.of(test, other).correct
        return sum(one) >= sum(two) or mcnemar_exact(one, two) >= ALPHA

    def is_separated(self, test: str, arm: Arm, other: Arm) -> bool:
        """Return whether an arm's interval lies wholly below another's."""
        return self.of(test, arm).rate.high < self.of(test, other).rate.low

    def find_best_prompt(self, test: str) -> ArmResult | None:
        """Return the best of the arms that only prompt, None where none was measured."""
        prompted = [r for r in self.on(test) if family_of(r.arm) in ("base", "prompted")]
        return max(prompted, key=lambda r: r.rate.rate, default=None)


@dataclass(frozen=True)
class Crossover:
    """Where tuning overtakes prompting on one test: n*, `None` if it never does.

    `bar` is the upper end of the best prompting arm's interval.
    """

    test: str
    best_prompt: str
    bar: float
    pairs: float | None

    def describe(self) -> str:
        """Return n* in words."""
        if self.pairs is None:
            return "n* is not within the pairs that there are"
        return f"n* is about {self.pairs:.0f} pairs"


def find_crossover(table: ResultTable, test: str) -> Crossover | None:
    """Return n* of LoRA against the best prompting arm; None without a curve to read."""
    points = select_points(
        table.curves, task=table.task, arm=LORA.name, test=test, schedule="equal steps"
    )
    best = table.find_best_prompt(test)
    if not points or best is None:
        return None
    bar = best.rate.high
    return Crossover(test, best.arm, bar, crossover(summarise_curve(points), bar))
