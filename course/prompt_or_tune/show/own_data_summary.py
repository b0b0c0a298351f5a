"""A decision on the reader's own data as `--json` prints it, for other programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from prompt_or_tune.decision.arms import has_model
from prompt_or_tune.decision.recommendation import Flip
from prompt_or_tune.decision.results import ArmResult
from prompt_or_tune.own_data.deciding import OwnDecision
from prompt_or_tune.show.own_data import count_splits, list_notices


@dataclass(frozen=True)
class ShownRival:
    """What answers without a model: its rate with the 95 % interval, what it uses.

    Tokens are means per query; seconds and FLOPs are null where they are not known.
    """

    arm: str
    without_model: bool
    successes: int
    of: int
    rate: float
    low: float
    high: float
    prompt_tokens: float
    response_tokens: float
    seconds_per_query: float
    flops_per_query: float
    training_seconds: float
    training_tokens: float
    labels: int
    chosen_on_development: str


@dataclass(frozen=True)
class ShownArm(ShownRival):
    """An arm that can be chosen: also how it compares with the best, and its costs."""

    p_value: float
    as_good_as_the_best: bool
    cost_per_query: float
    cost_in_all: float


@dataclass(frozen=True)
class ShownPoint:
    """How many test prompts LoRA got right with fewer pairs."""

    pairs: int
    successes: int
    of: int


@dataclass(frozen=True)
class DecisionSummary:
    """A whole decision: what was read, what is decided, and the evidence."""

    file: Path
    model: str
    rule: str
    splits: Mapping[str, int]
    decision: str
    queries: int
    currency: str
    reasons: tuple[str, ...]
    flips: tuple[Flip, ...]
    cautions: tuple[str, ...]
    notices: tuple[str, ...]
    arms: tuple[ShownRival, ...]
    curve: tuple[ShownPoint, ...]


def summarise_decision(decision: OwnDecision) -> DecisionSummary:
    """Return what `decide --json` prints."""
    prepared, found = decision.prepared, decision.recommendation
    return DecisionSummary(
        file=prepared.file.path,
        model=decision.model,
        rule=prepared.settings.rule.describe(),
        splits=count_splits(prepared.splits),
        decision=found.arm,
        queries=found.queries,
        currency=found.prices.currency,
        reasons=found.reasons,
        flips=found.flips,
        cautions=decision.cautions,
        notices=tuple(list_notices(decision)),
        arms=tuple(_show_arm(decision, result) for result in decision.results),
        curve=tuple(ShownPoint(p.n, p.successes, p.of) for p in decision.curve),
    )


def _show_arm(decision: OwnDecision, result: ArmResult) -> ShownRival:
    name = decision.prepared.task.title_of(result.arm)
    rival = _show_rival(name, result)
    if rival.without_model:
        return rival
    compared = decision.recommendation.comparison_of(name)
    return ShownArm(
        **vars(rival),
        p_value=compared.p_value,
        as_good_as_the_best=compared.as_good,
        cost_per_query=compared.query_cost,
        cost_in_all=compared.total_cost,
    )


def _show_rival(name: str, result: ArmResult) -> ShownRival:
    rate = result.rate
    return ShownRival(
        arm=name,
        without_model=not has_model(result.arm),
        successes=rate.successes,
        of=rate.n,
        rate=rate.rate,
        low=rate.low,
        high=rate.high,
        prompt_tokens=result.prompt_tokens,
        response_tokens=result.response_tokens,
        seconds_per_query=result.seconds_per_query,
        flops_per_query=result.flops_per_query,
        training_seconds=result.training_seconds,
        training_tokens=result.training_tokens,
        labels=result.labels,
        chosen_on_development=result.knobs,
    )
