"""What an arm costs: FLOPs, money, the break-even, and the map of who wins where.

Sources: 2N per token forward and 6N in training are Kaplan et al. (2020), *Scaling laws
for neural language models*, section 2.1; with LoRA the frozen weights need no gradient of
their own (2N less), the adapter does.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

# ── FLOPs ──────────────────────────────────────────────────────────────────────────────

FORWARD_PASSES = 2
"""FLOPs per parameter and token in a forward pass: one multiplication, one addition."""
LORA_PASSES = 4
"""The same in LoRA training, forward and the gradient of activations; without N_lora."""
FULL_PASSES = 6
"""The same in full training: forward, gradient of activations, gradient of weights."""


def forward_flops_per_token(parameters: int) -> float:
    """Return the FLOPs of one token's forward pass, 2N."""
    return float(FORWARD_PASSES * parameters)


def lora_flops_per_token(parameters: int, adapter_parameters: int) -> float:
    """Return the FLOPs of training an adapter on one token, 4N + 6·N_lora."""
    return float(LORA_PASSES * parameters + FULL_PASSES * adapter_parameters)


def full_flops_per_token(parameters: int) -> float:
    """Return the FLOPs of training all weights on one token, 6N."""
    return float(FULL_PASSES * parameters)


def break_even_queries(
    pairs: int,
    tokens_per_pair: float,
    epochs: float,
    tokens_saved: float,
    *,
    passes: int = LORA_PASSES,
    prefix_cached: bool = False,
) -> float:
    """Return after how many queries training has paid for itself in FLOPs.

    Q* = c·n·l·E / (2·ΔP): training n pairs of l tokens for E epochs at c·N FLOPs per
    token, against 2·N FLOPs for each of the ΔP prompt tokens that a query then saves.
    N cancels; `passes` is c. With the shared prefix cached, or no token saved, nothing
    is saved per query: infinity.
    """
    _check_not_negative(pairs=pairs, tokens_per_pair=tokens_per_pair, epochs=epochs)
    training = passes * pairs * tokens_per_pair * epochs
    saved_per_query = 0.0 if prefix_cached else FORWARD_PASSES * tokens_saved
    return _divide_costs(training, saved_per_query)


# ── Prices ─────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Prices:
    """What is charged, in one currency; every price is an input, none is a vendor's.

    Per million tokens: of the prompt (`input`), of the answer (`output`), of a prompt's
    prefix that is cached (`cached_input`, used with `prefix_caching`), of training
    (`training`, each token once per epoch). `tuned_multiplier` is what a tuned model's
    tokens cost relative to the base's, `tuned_fixed` what having one costs besides, once;
    `label` is what one labelled pair costs.
    """

    input: float = 0.10
    output: float = 0.40
    cached_input: float = 0.01
    training: float = 0.40
    tuned_multiplier: float = 1.0
    tuned_fixed: float = 0.0
    label: float = 0.10
    prefix_caching: bool = False
    currency: str = "$"

    def __post_init__(self) -> None:
        _check_not_negative(
            input=self.input,
            output=self.output,
            cached_input=self.cached_input,
            training=self.training,
            tuned_multiplier=self.tuned_multiplier,
            tuned_fixed=self.tuned_fixed,
            label=self.label,
        )

    @classmethod
    def in_flops(
        cls, parameters: int, adapter_parameters: int = 0, *, prefix_caching: bool = False
    ) -> Prices:
        """Return the arithmetic itself as prices: own hardware, labels for nothing."""
        forward = forward_flops_per_token(parameters) * 1e6
        return cls(
            input=forward,
            output=forward,
            cached_input=0.0,
            training=lora_flops_per_token(parameters, adapter_parameters) * 1e6,
            label=0.0,
            prefix_caching=prefix_caching,
            currency="FLOP ",
        )


@dataclass(frozen=True)
class ArmCosts:
    """What one arm uses, in tokens and labels; prices turn it into money.

    `prompt_tokens` and `response_tokens` are means per query; `cached_tokens` is the part
    of the prompt that all queries share at its start; `training_tokens` counts each token
    once per epoch; `labels` the labelled pairs that the arm needs. `query_price` replaces
    the token prices where somebody else answers for a fee.
    """

    arm: str
    prompt_tokens: float
    response_tokens: float
    cached_tokens: float = 0.0
    training_tokens: float = 0.0
    labels: int = 0
    tuned: bool = False
    query_price: float | None = None


def cost_per_query(costs: ArmCosts, prices: Prices) -> float:
    """Return what one query costs, in the currency of the prices."""
    if costs.query_price is not None:
        return costs.query_price
    cached = costs.cached_tokens if prices.prefix_caching else 0.0
    charged = (
        (costs.prompt_tokens - cached) * prices.input
        + cached * prices.cached_input
        + costs.response_tokens * prices.output
    )
    return charged * (prices.tuned_multiplier if costs.tuned else 1.0) / 1e6


def cost_up_front(costs: ArmCosts, prices: Prices) -> float:
    """Return what must be paid before the first query: labels, training, fees."""
    training = costs.training_tokens * prices.training / 1e6
    fees = prices.tuned_fixed if costs.tuned else 0.0
    return costs.labels * prices.label + training + fees


def total_cost(costs: ArmCosts, prices: Prices, queries: float) -> float:
    """Return the cost of an arm over so many queries, with what is paid up front."""
    return cost_up_front(costs, prices) + queries * cost_per_query(costs, prices)


def break_even_between(
    cheap_start: ArmCosts, cheap_run: ArmCosts, prices: Prices
) -> float:
    """Return the number of queries from which `cheap_run` costs less in all.

    0 where it is cheaper from the start, infinity where it never is ("never": a tuned
    model's surcharge can eat all that shorter prompts save).
    """
    extra = cost_up_front(cheap_run, prices) - cost_up_front(cheap_start, prices)
    saved = cost_per_query(cheap_start, prices) - cost_per_query(cheap_run, prices)
    return _divide_costs(max(extra, 0.0), saved)


# ── The decision map ───────────────────────────────────────────────────────────────────


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
    _check_not_negative(margin=margin)
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


def _divide_costs(up_front: float, saved_per_query: float) -> float:
    if up_front <= 0:
        return 0.0 if saved_per_query >= 0 else math.inf
    return up_front / saved_per_query if saved_per_query > 0 else math.inf


def _check_not_negative(**values: float) -> None:
    for name, value in values.items():
        if not value >= 0:
            raise ValueError(f"{name} is {value}; it must be 0 or more.")
