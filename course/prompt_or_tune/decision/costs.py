"""What an arm costs: FLOPs, money, and the break-even.

Sources: 2N per token forward and 6N in training are Kaplan et al. (2020), *Scaling laws
for neural language models*, section 2.1; with LoRA the frozen weights need no gradient of
their own (2N less), the adapter does.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

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


def break_even_queries(
    pairs: int,
    tokens_per_pair: float,
    epochs: float,
    tokens_saved: float,
    *,
    prefix_cached: bool = False,
) -> float:
    """Return after how many queries training has paid for itself in FLOPs.

    Q* = 4·n·l·E / (2·ΔP): training n pairs of l tokens for E epochs at 4N FLOPs per
    token, against 2·N FLOPs for each of the ΔP prompt tokens that a query then saves.
    N cancels. With the shared prefix cached, or no token saved, nothing
    is saved per query: infinity.
    """
    check_not_negative(pairs=pairs, tokens_per_pair=tokens_per_pair, epochs=epochs)
    training = LORA_PASSES * pairs * tokens_per_pair * epochs
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
        check_not_negative(
            input=self.input,
            output=self.output,
            cached_input=self.cached_input,
            training=self.training,
            tuned_multiplier=self.tuned_multiplier,
            tuned_fixed=self.tuned_fixed,
            label=self.label,
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


def _divide_costs(up_front: float, saved_per_query: float) -> float:
    if up_front <= 0:
        return 0.0 if saved_per_query >= 0 else math.inf
    return up_front / saved_per_query if saved_per_query > 0 else math.inf


def check_not_negative(**values: float) -> None:
    """Raise ValueError, naming it, for a value below 0."""
    for name, value in values.items():
        if not value >= 0:
            raise ValueError(f"{name} is {value}; it must be 0 or more.")
