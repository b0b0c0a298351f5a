"""The figures of a decision on the reader's own data, by the name of their file."""

from __future__ import annotations

from dataclasses import replace

from prompt_or_tune.decision.arms import has_model
from prompt_or_tune.decision.claims import ResultTable, find_crossover
from prompt_or_tune.decision.costs import ArmCosts, total_cost
from prompt_or_tune.figures.arms import draw_arms
from prompt_or_tune.figures.costs import draw_break_even
from prompt_or_tune.figures.curves import draw_learning_curve
from prompt_or_tune.figures.drawing import Drawing
from prompt_or_tune.figures.maps import draw_decision_map
from prompt_or_tune.own_data.deciding import OwnDecision
from prompt_or_tune.own_data.decision_map import find_price, map_own


def draw_decision(decision: OwnDecision) -> dict[str, Drawing]:
    """Return the figures by the name of their file, without its ending."""
    task = decision.prepared.task
    chosen = next(
        r.arm
        for r in decision.results
        if task.title_of(r.arm) == decision.recommendation.arm
    )
    figures = {"arms": draw_arms(decision.results, task=task, winner=chosen)}
    if len(decision.curve) > 1:
        figures["learning-curve"] = _draw_curve(decision)
    costs = _list_costs_of_good(decision)
    if len(costs) > 1:
        prices = decision.recommendation.prices
        figures["break-even"] = draw_break_even(costs, prices, name=task.title_of)
    figures["decision-map"] = draw_decision_map(map_own(decision), name=task.title_of)
    return figures


def _list_costs_of_good(decision: OwnDecision) -> list[ArmCosts]:
    """Return the costs of the arms that are as good as the best, where they cost."""
    task, found = decision.prepared.task, decision.recommendation
    good = {c.arm for c in found.comparisons if c.as_good}
    costs = [
        replace(result.costs, query_price=find_price(decision, result))
        for result in decision.results
        if has_model(result.arm) and task.title_of(result.arm) in good
    ]
    return [each for each in costs if total_cost(each, found.prices, 1) > 0]


def _draw_curve(decision: OwnDecision) -> Drawing:
    task = decision.prepared.task
    table = ResultTable(task.name, decision.results, decision.curve)
    crossing = find_crossover(table, task.test)
    levels = [r for r in decision.results if has_model(r.arm) and not r.costs.tuned]
    return draw_learning_curve(decision.curve, levels, crossing, task=task)
