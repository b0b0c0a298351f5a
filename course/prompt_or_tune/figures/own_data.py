"""The figures of a decision on the reader's own data, by the name of their file."""

from __future__ import annotations

from dataclasses import replace

from prompt_or_tune.decision import RIVALS, ArmCosts, find_crossover, total_cost
from prompt_or_tune.figures.arms import draw_arms
from prompt_or_tune.figures.costs import draw_break_even
from prompt_or_tune.figures.curves import draw_learning_curve
from prompt_or_tune.figures.drawing import Drawing
from prompt_or_tune.figures.maps import draw_decision_map
from prompt_or_tune.own_data.deciding import OwnDecision
from prompt_or_tune.own_data.decision_map import find_price, map_own
from prompt_or_tune.own_data.preparing import TEST


def draw_decision(decision: OwnDecision) -> dict[str, Drawing]:
    """Return the figures by the name of their file, without its ending."""
    spec = decision.prepared.task.spec
    chosen = next(
        r.arm
        for r in decision.results
        if spec.title_of(r.arm) == decision.recommendation.arm
    )
    figures = {"arms": draw_arms(decision.results, spec=spec, winner=chosen)}
    if len(decision.curve) > 1:
        figures["learning-curve"] = _draw_curve(decision)
    costs = _list_costs_of_good(decision)
    if len(costs) > 1:
        prices = decision.recommendation.prices
        figures["break-even"] = draw_break_even(costs, prices, name=spec.title_of)
    figures["decision-map"] = draw_decision_map(map_own(decision), name=spec.title_of)
    return figures


def _list_costs_of_good(decision: OwnDecision) -> list[ArmCosts]:
    """Return the costs of the arms that are as good as the best, where they cost."""
    spec, found = decision.prepared.task.spec, decision.recommendation
    good = {c.arm for c in found.comparisons if c.as_good}
    costs = [
        replace(result.costs, query_price=find_price(decision, result))
        for result in decision.results
        if result.arm not in RIVALS and spec.title_of(result.arm) in good
    ]
    return [each for each in costs if total_cost(each, found.prices, 1) > 0]


def _draw_curve(decision: OwnDecision) -> Drawing:
    spec = decision.prepared.task.spec
    crossing = find_crossover(spec, decision.results, decision.curve, TEST)
    levels = [r for r in decision.results if r.arm not in RIVALS and not r.costs.tuned]
    return draw_learning_curve(decision.curve, levels, crossing)
