"""The decision map: who wins, over the number of pairs and the number of queries."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from prompt_or_tune.decision.arms import find_arm
from prompt_or_tune.decision.costs import (
    ArmCosts,
    Prices,
    check_not_negative,
    total_cost,
)
from prompt_or_tune.decision.curves import select_points, summarise_curve
from prompt_or_tune.decision.results import ArmResult, Results


@dataclass(frozen=True)
class MapArm:
    """An arm as the map sees it: accuracy and training grow with the number of pairs.

    `accuracy` and `training_tokens` are measured points (n, value), by growing n, one
    point for what does not depend on n. An arm needs at least `needs_pairs` pairs, and
    pays for `labels` of them: "all", or the number that stands in its prompt.
    """

    arm: str
    accuracy: tuple[tuple[int, float], ...]
    prompt_tokens: float
    response_tokens: float
    cached_tokens: float = 0.0
    training_tokens: tuple[tuple[int, float], ...] = ((1, 0.0),)
    needs_pairs: int = 0
    labels: int | Literal["all"] = 0
    tuned: bool = False

    def accuracy_at(self, pairs: int) -> float:
        """Return the accuracy with so many pairs, interpolated in log n."""
        return interpolate_log(self.accuracy, pairs)

    def costs_at(self, pairs: int) -> ArmCosts:
        """Return what the arm uses when there are so many pairs."""
        labels = pairs if self.labels == "all" else self.labels
        return ArmCosts(
            self.arm,
            self.prompt_tokens,
            self.response_tokens,
            self.cached_tokens,
            interpolate_log(self.training_tokens, pairs),
            labels,
            self.tuned,
        )


@dataclass(frozen=True)
class DecisionMap:
    """The winning arm over number of pairs × number of queries.

    `winners[row][column]` is the arm for `queries[row]` and `pairs[column]`; `margin` is
    how much less accuracy still counts as equally good.
    """

    pairs: tuple[int, ...]
    queries: tuple[int, ...]
    winners: tuple[tuple[str, ...], ...]
    prices: Prices
    margin: float

    @property
    def arms(self) -> tuple[str, ...]:
        """Return the arms that win somewhere, in the order of their first cell."""
        return tuple(dict.fromkeys(arm for row in self.winners for arm in row))

    def winner_at(self, pairs: int, queries: int) -> str:
        """Return the winner of a cell of the grid; raise ValueError off the grid."""
        return self.winners[self.queries.index(queries)][self.pairs.index(pairs)]

    def share(self, arm: str) -> float:
        """Return the share of the grid that an arm wins."""
        cells = [winner for row in self.winners for winner in row]
        return cells.count(arm) / len(cells)


DEFAULT_PAIRS_AXIS = tuple(round(8 * 1000 ** (i / 24) / 8 ** (i / 24)) for i in range(25))
"""8 to 1000 pairs in 25 equal steps of the logarithm."""
DEFAULT_QUERIES_AXIS = tuple(round(10 ** (1 + i / 4)) for i in range(25))
"""10 to 10 million queries, four steps per decade."""


def decision_map(
    arms: Sequence[MapArm],
    prices: Prices,
    *,
    pairs: Sequence[int] = DEFAULT_PAIRS_AXIS,
    queries: Sequence[int] = DEFAULT_QUERIES_AXIS,
    margin: float = 0.02,
) -> DecisionMap:
    """Return the winner of each cell: the cheapest arm that is about as good as the best.

    Arms within `margin` of the best accuracy at that number of pairs count as equally
    good; among them the lowest total cost wins, and at equal cost the earlier arm.
    """
    if not arms or not pairs or not queries:
        raise ValueError("A decision map needs arms, numbers of pairs and of queries.")
    check_not_negative(margin=margin)
    winners = tuple(
        tuple(_win_cell(arms, prices, n, volume, margin) for n in pairs)
        for volume in queries
    )
    return DecisionMap(tuple(pairs), tuple(queries), winners, prices, margin)


def _win_cell(
    arms: Sequence[MapArm], prices: Prices, pairs: int, queries: int, margin: float
) -> str:
    able = [arm for arm in arms if arm.needs_pairs <= pairs]
    if not able:
        raise ValueError(f"No arm can be used with {pairs} pairs; add the bare prompt.")
    best = max(arm.accuracy_at(pairs) for arm in able)
    good = [arm for arm in able if arm.accuracy_at(pairs) >= best - margin]
    return min(good, key=lambda a: total_cost(a.costs_at(pairs), prices, queries)).arm


def interpolate_log(points: Sequence[tuple[int, float]], n: float) -> float:
    """Return the value at n, linear in log n between points, flat beyond the ends."""
    if n <= points[0][0]:
        return points[0][1]
    for (n0, value0), (n1, value1) in itertools.pairwise(points):
        if n <= n1:
            share = math.log(n / n0) / math.log(n1 / n0)
            return value0 + share * (value1 - value0)
    return points[-1][1]


# ── From results to the map ────────────────────────────────────────────────────────────


def map_arms(results: Results, task: str, test: str) -> tuple[MapArm, ...]:
    """Return a task's arms as the decision map sees them, on one test.

    Where a learning curve was recorded, accuracy and training follow it (the mean over
    seeds, equal steps); elsewhere the one measured accuracy stands for every n from the
    arm's own number of labels on.
    """
    return tuple(
        _map_arm(results, result)
        for result in results.of_task(task, test)
        if find_arm(result.arm).has_model
    )


def _map_arm(results: Results, result: ArmResult) -> MapArm:
    schedule = "equal steps" if result.costs.tuned else "none"
    points = select_points(
        results.curves,
        task=result.task,
        arm=result.arm,
        test=result.test,
        schedule=schedule,
    )
    accuracy = tuple((row.n, row.mean) for row in summarise_curve(points))
    tokens = {p.n: float(p.training_tokens) for p in points}
    full = max(result.labels, 1)
    return MapArm(
        arm=result.arm,
        accuracy=accuracy or ((full, result.rate.rate),),
        prompt_tokens=result.prompt_tokens,
        response_tokens=result.response_tokens,
        cached_tokens=result.cached_tokens,
        training_tokens=tuple(sorted(tokens.items()))
        or ((full, float(result.training_tokens)),),
        needs_pairs=accuracy[0][0] if accuracy else result.labels,
        labels="all" if accuracy and result.labels else result.labels,
        tuned=result.costs.tuned,
    )
