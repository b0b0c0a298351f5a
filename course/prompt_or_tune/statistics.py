"""Rates with their intervals, and paired tests: what a number of answers can show."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

ALPHA = 0.05
"""Level of significance of every comparison of arms."""


@dataclass(frozen=True)
class Interval:
    """A confidence interval of a proportion, 0 to 1."""

    low: float
    high: float


@dataclass(frozen=True)
class Rate:
    """A share of successes with its interval (95 % Wilson unless made otherwise)."""

    successes: int
    n: int
    rate: float
    low: float
    high: float

    @property
    def interval(self) -> Interval:
        """Return the interval alone."""
        return Interval(self.low, self.high)

    def __str__(self) -> str:
        return f"{self.rate:.1%} [{self.low:.1%}, {self.high:.1%}] of {self.n}"


def wilson_interval(successes: int, n: int, confidence: float = 0.95) -> Interval:
    """Return the Wilson score interval of a proportion.

    Wilson (1927), JASA 22:209–212, without continuity correction: the proportions p for
    which |p̂ − p| ≤ z·√(p(1 − p)/n). With n = 0 nothing is known: 0 to 1.
    """
    if not 0 <= successes <= n:
        raise ValueError(f"{successes} successes of {n} is not a proportion.")
    if not 0 < confidence < 1:
        raise ValueError(f"The confidence {confidence} must lie between 0 and 1.")
    if n == 0:
        return Interval(0.0, 1.0)
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share = successes / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    # At the ends the formula gives 0 and 1 exactly, floating point nearly.
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    high = 1.0 if successes == n else min(1.0, centre + half)
    return Interval(low, high)


def pass_rate(passed: Iterable[bool]) -> Rate:
    """Return the share of answers that passed, with its Wilson interval.

    Raises ValueError when there is no answer to rate.
    """
    results = list(passed)
    return rate_of(sum(map(bool, results)), len(results))


def rate_of(successes: int, n: int) -> Rate:
    """Return a share of successes with its Wilson interval.

    Raises ValueError when there is nothing to rate, or the share is impossible.
    """
    if n == 0:
        raise ValueError("There are no answers to rate.")
    interval = wilson_interval(successes, n)
    return Rate(successes, n, successes / n, interval.low, interval.high)


def mcnemar_exact(a: Sequence[bool], b: Sequence[bool]) -> float:
    """Return the two-sided exact McNemar p-value of two arms on the same questions.

    Among the questions that only one arm got right, either arm is as likely under the
    hypothesis of no difference: twice the smaller binomial tail at 1/2, at most 1.
    McNemar (1947), Psychometrika 12:153–157, with the exact binomial in place of χ².
    """
    if len(a) != len(b):
        raise ValueError(f"Paired answers differ in number: {len(a)} and {len(b)}.")
    only_a = sum(bool(x) and not y for x, y in zip(a, b, strict=True))
    only_b = sum(bool(y) and not x for x, y in zip(a, b, strict=True))
    n = only_a + only_b
    tail = sum(math.comb(n, i) for i in range(min(only_a, only_b) + 1))
    return min(1.0, 2 * tail / 2**n)


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values adjusted for being several, in the given order.

    Holm (1979), Scand. J. Statist. 6:65–70: the smallest of m is multiplied by m, the
    next by m − 1, …; never smaller than the one before, at most 1.
    """
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    adjusted = [0.0] * len(p_values)
    largest = 0.0
    for rank, index in enumerate(order):
        largest = max(largest, (len(p_values) - rank) * p_values[index])
        adjusted[index] = min(1.0, largest)
    return adjusted
