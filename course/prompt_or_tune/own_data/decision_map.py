"""The map of who wins where on the reader's own data, and what arms elsewhere cost."""

from __future__ import annotations

from prompt_or_tune.decision.arms import has_model
from prompt_or_tune.decision.curves import select_points, summarise_curve
from prompt_or_tune.decision.results import ArmResult
from prompt_or_tune.decision.winner_map import DecisionMap, MapArm, decision_map
from prompt_or_tune.own_data.deciding import OwnDecision


def map_own(decision: OwnDecision) -> DecisionMap:
    """Return the map over pairs and queries; LoRA follows its curve there."""
    pairs = len(decision.prepared.splits.train)
    arms = [
        _as_map_arm(decision, result)
        for result in decision.results
        if has_model(result.arm) and _can_be_mapped(decision, result)
    ]
    axis = sorted({max(1, round(pairs ** (i / 24))) for i in range(25)})
    return decision_map(arms, decision.recommendation.prices, pairs=axis)


def _can_be_mapped(decision: OwnDecision, result: ArmResult) -> bool:
    """Return whether a price per query, if it has one, can be put in prompt tokens."""
    price = find_price(decision, result)
    return not price or decision.recommendation.prices.input > 0


def _as_map_arm(decision: OwnDecision, result: ArmResult) -> MapArm:
    pairs = len(decision.prepared.splits.train)
    accuracy: tuple[tuple[int, float], ...] = ((pairs, result.rate.rate),)
    tokens: tuple[tuple[int, float], ...] = ((pairs, float(result.training_tokens)),)
    needs = result.labels
    curve = select_points(decision.curve, arm=result.arm)
    if curve:
        accuracy = tuple((row.n, row.mean) for row in summarise_curve(curve))
        tokens = tuple((p.n, float(p.training_tokens)) for p in curve)
        needs = curve[0].n
    prompt_tokens, response_tokens = _count_tokens(decision, result)
    return MapArm(
        arm=result.arm,
        accuracy=accuracy,
        prompt_tokens=prompt_tokens,
        response_tokens=response_tokens,
        cached_tokens=result.cached_tokens,
        training_tokens=tokens,
        needs_pairs=needs,
        labels="all" if result.costs.tuned else result.labels,
        tuned=result.costs.tuned,
    )


def _count_tokens(decision: OwnDecision, result: ArmResult) -> tuple[float, float]:
    """Return the tokens of a query's prompt and answer, as the map is to count them."""
    price = find_price(decision, result)
    if price is None:
        return result.prompt_tokens, result.response_tokens
    # The map knows tokens only: as many prompt tokens as cost the same.
    per_million = decision.recommendation.prices.input
    return (price / per_million * 1e6 if price else 0.0), 0.0


def find_price(decision: OwnDecision, result: ArmResult) -> float | None:
    """Return what a query costs where somebody else answers; None for the others."""
    elsewhere = decision.prepared.elsewhere
    return next((arm.price for arm in elsewhere if arm.name == result.arm), None)
