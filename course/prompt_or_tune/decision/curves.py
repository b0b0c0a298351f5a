"""Read learning curves: accuracy against number of pairs, n*, and a prompt's worth."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from prompt_or_tune.decision.results import CurvePoint


@dataclass(frozen=True)
class CurveRow:
    """A curve at n: the mean over seeds, and the worst and best of them."""

    n: int
    mean: float
    low: float
    high: float
    seeds: int


def sort_points(points: Iterable[CurvePoint]) -> tuple[CurvePoint, ...]:
    """Return points by task, arm, schedule, test, n and seed."""
    return tuple(
        sorted(points, key=lambda p: (p.task, p.arm, p.schedule, p.test, p.n, p.seed))
    )


def select_points(
    points: Iterable[CurvePoint],
    *,
    task: str | None = None,
    arm: str | None = None,
    test: str | None = None,
    schedule: str | None = None,
) -> tuple[CurvePoint, ...]:
    """Return the points of one curve; what is left open is not looked at."""
    wanted = {"task": task, "arm": arm, "test": test, "schedule": schedule}
    given = {name: value for name, value in wanted.items() if value is not None}
    return tuple(
        p for p in points if all(getattr(p, name) == v for name, v in given.items())
    )


def summarise_curve(points: Iterable[CurvePoint]) -> tuple[CurveRow, ...]:
    """Return the mean, worst and best seed for each n, by growing n.

    The points must be of one curve (`select_points`); raises ValueError if not.
    """
    points = list(points)
    if len({(p.task, p.arm, p.test, p.schedule) for p in points}) > 1:
        raise ValueError("These points are of several curves: use select_points first.")
    by_size: dict[int, list[float]] = {}
    for point in points:
        by_size.setdefault(point.n, []).append(point.accuracy)
    return tuple(
        CurveRow(n, sum(values) / len(values), min(values), max(values), len(values))
        for n, values in sorted(by_size.items())
    )


def crossover(curve: Sequence[CurveRow], bar: float) -> float | None:
    """Return n*, the number of pairs from which the curve's mean stays at or above a bar.

    Between the last measured n below the bar and the next, n* is interpolated linearly
    in log n. If no n is below the bar, the smallest measured n is returned ("at most");
    if the largest is, `None`: never within what was measured.
    """
    if not curve:
        raise ValueError("An empty curve crosses nothing.")
    rows = sorted(curve, key=lambda row: row.n)
    below = [index for index, row in enumerate(rows) if row.mean < bar]
    if not below:
        return float(rows[0].n)
    if below[-1] == len(rows) - 1:
        return None
    before, after = rows[below[-1]], rows[below[-1] + 1]
    share = (bar - before.mean) / (after.mean - before.mean)
    return before.n * (after.n / before.n) ** share


@dataclass(frozen=True)
class PromptWorth:
    """What a prompt is worth in pairs: mean horizontal distance of two learning curves.

    `low` and `high` bound the window of accuracies that both curves cover.
    """

    pairs: float
    low: float
    high: float


def prompt_worth(
    curve_with: Sequence[CurveRow], curve_without: Sequence[CurveRow]
) -> PromptWorth | None:
    """Return how many pairs a prompt is worth in tuning, None where no window is shared.

    Le Scao & Rush (2021), *How many data points is a prompt worth?*: the area between the
    learning curves with and without the prompt, over the accuracies that both cover,
    divided by that window's height. A curve is made to rise first (the best mean so far),
    and is linear in n between measured sizes, so that each accuracy has one n.
    """
    rising_with, rising_without = _make_rising(curve_with), _make_rising(curve_without)
    low = max(rising_with[0][1], rising_without[0][1])
    high = min(rising_with[-1][1], rising_without[-1][1])
    if high <= low:
        return None
    area = _area_left_of(rising_without, low, high) - _area_left_of(
        rising_with, low, high
    )
    return PromptWorth(area / (high - low), low, high)


def prompt_worth_by_seed(
    points_with: Iterable[CurvePoint], points_without: Iterable[CurvePoint]
) -> tuple[PromptWorth, ...]:
    """Return a prompt's worth for each seed of which both curves have points.

    Seeds whose curves share no window are left out.
    """
    with_prompt, without = _split_by_seed(points_with), _split_by_seed(points_without)
    found = [
        prompt_worth(summarise_curve(with_prompt[seed]), summarise_curve(without[seed]))
        for seed in sorted(with_prompt.keys() & without.keys())
    ]
    return tuple(worth for worth in found if worth is not None)


def _split_by_seed(points: Iterable[CurvePoint]) -> dict[int, list[CurvePoint]]:
    by_seed: dict[int, list[CurvePoint]] = {}
    for point in points:
        by_seed.setdefault(point.seed, []).append(point)
    return by_seed


def _make_rising(curve: Sequence[CurveRow]) -> list[tuple[int, float]]:
    rows = sorted(curve, key=lambda row: row.n)
    best = itertools.accumulate((row.mean for row in rows), max)
    return [(row.n, value) for row, value in zip(rows, best, strict=True)]


def _area_left_of(points: Sequence[tuple[int, float]], low: float, high: float) -> float:
    """Integrate n over the accuracies from low to high; exact for a broken line."""
    area = 0.0
    for (n0, y0), (n1, y1) in itertools.pairwise(points):
        bottom, top = max(low, y0), min(high, y1)
        if top > bottom:  # level stretches have no height
            middle = (bottom + top) / 2
            area += (top - bottom) * (n0 + (n1 - n0) * (middle - y0) / (y1 - y0))
    return area
