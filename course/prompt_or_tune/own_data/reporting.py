"""Put a decision into words, tables, figures and JSON."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from prompt_or_tune.decision import (
    LORA,
    RIVALS,
    ArmCosts,
    ArmResult,
    DecisionMap,
    MapArm,
    decision_map,
    find_crossover,
    summarise_curve,
    total_cost,
)
from prompt_or_tune.decision.recommendation import format_money
from prompt_or_tune.figures import (
    Drawing,
    draw_arms,
    draw_break_even,
    draw_decision_map,
    draw_learning_curve,
)
from prompt_or_tune.own_data.deciding import OwnDecision
from prompt_or_tune.own_data.preparing import TEST
from prompt_or_tune.own_data.reading import SPLITS
from prompt_or_tune.own_data.splitting import OwnSplits
from prompt_or_tune.report import Block, Listing, Report, Section, Table

EXAMPLES_SHOWN = 3
NO_FLIP = (
    "None of the changes looked at (fewer or more queries, caching, prices of labels and "
    "of tuned models) leads to another arm."
)


def as_json(decision: OwnDecision) -> dict[str, Any]:
    """Return the decision and its evidence as JSON's types; unknown numbers are null."""
    prepared, found = decision.prepared, decision.recommendation
    return {
        "file": str(prepared.file.path),
        "model": decision.model,
        "rule": prepared.settings.rule.describe(),
        "splits": count_splits(prepared.splits),
        "decision": found.arm,
        "queries": found.queries,
        "currency": found.prices.currency,
        "reasons": list(found.reasons),
        "flips": [{"when": flip.when, "arm": flip.arm} for flip in found.flips],
        "cautions": list(decision.cautions),
        "notices": list_notices(decision),
        "arms": [_arm_as_json(decision, result) for result in decision.results],
        "curve": [
            {"pairs": p.n, "successes": p.successes, "of": p.of} for p in decision.curve
        ],
    }


def _arm_as_json(decision: OwnDecision, result: ArmResult) -> dict[str, Any]:
    rate = result.rate
    row = {
        "arm": decision.prepared.task.spec.title_of(result.arm),
        "without_model": result.arm in RIVALS,
        "successes": rate.successes,
        "of": rate.n,
        "rate": rate.rate,
        "low": rate.low,
        "high": rate.high,
        "prompt_tokens": result.prompt_tokens,
        "response_tokens": result.response_tokens,
        "seconds_per_query": _known(result.seconds_per_query),
        "flops_per_query": _known(result.flops_per_query),
        "training_seconds": result.training_seconds,
        "training_tokens": result.training_tokens,
        "labels": result.labels,
        "chosen_on_development": result.knobs,
    }
    if result.arm in RIVALS:
        return row
    compared = decision.recommendation.comparison_of(str(row["arm"]))
    return row | {
        "p_value": compared.p_value,
        "as_good_as_the_best": compared.as_good,
        "cost_per_query": compared.query_cost,
        "cost_in_all": compared.total_cost,
    }


def _known(value: float) -> float | None:
    # NaN is no JSON, and many readers of JSON stop at it.
    return None if math.isnan(value) else value


def count_splits(splits: OwnSplits) -> dict[str, int]:
    """Return the number of pairs of each split."""
    return {name: len(splits[name]) for name in SPLITS}


def list_notices(decision: OwnDecision) -> list[str]:
    """Return what was noticed while the data were read and split."""
    return [*decision.prepared.file.notices, *decision.prepared.splits.notices]


def describe_splits(decision: OwnDecision) -> str:
    """Return in a sentence how many pairs there are, and what each is for."""
    counts = count_splits(decision.prepared.splits)
    return (
        f"{len(decision.prepared.file.pairs)} pairs: {counts['train']} to learn from, "
        f"{counts['development']} on which every arm's knobs were chosen, "
        f"{counts['test']} to test, used once."
    )


def tabulate_arms(decision: OwnDecision) -> Table:
    """Return the table of arms: rate, interval, test against the best, tokens, cost."""
    found = decision.recommendation
    rows = [_arm_as_cells(decision, result) for result in decision.results]
    chosen = [index for index, row in enumerate(rows) if row[0] == found.arm]
    return Table(
        f"Right answers among {decision.results[0].rate.n} test prompts. p: exact "
        "McNemar against the best arm, adjusted by Holm; ≥ 0.05 counts as equally good. "
        f"Tokens: a query, prompt and answer. Cost: {found.queries:,} queries, and what "
        "is paid before the first.",
        ("arm", "right", "95 % interval", "p", "tokens", "cost"),
        tuple(rows),
        tuple(chosen),
    )


def _arm_as_cells(decision: OwnDecision, result: ArmResult) -> tuple[str, ...]:
    name = decision.prepared.task.spec.title_of(result.arm)
    rate, prices = result.rate, decision.recommendation.prices
    shown = (f"{rate.rate:.1%}", f"{rate.low:.0%}–{rate.high:.0%}")
    if result.arm in RIVALS:
        return name, *shown, "–", "–", "–"
    compared = decision.recommendation.comparison_of(name)
    tokens = f"{result.prompt_tokens + result.response_tokens:.0f}"
    is_best = compared.rate.rate == max(
        c.rate.rate for c in decision.recommendation.comparisons
    )
    p = "best" if is_best else format_p(compared.p_value)
    return name, *shown, p, tokens, format_money(compared.total_cost, prices)


def format_p(p: float) -> str:
    """Return a p-value as people print it."""
    return "<0.001" if p < 0.001 else f"{p:.3f}" if p < 0.1 else f"{p:.2f}"


def tabulate_flips(decision: OwnDecision) -> Table | None:
    """Return what would change the decision, and to what; None if nothing looked at."""
    flips = decision.recommendation.flips
    if not flips:
        return None
    rows = tuple((flip.when, flip.arm) for flip in flips)
    return Table("What would change the decision.", ("circumstance", "then use"), rows)


def describe_curve(decision: OwnDecision) -> str:
    """Return in a sentence how LoRA grew with the pairs, and whether more would help."""
    rows = summarise_curve(decision.curve)
    points = ", ".join(f"{row.mean:.1%} with {row.n} pairs" for row in rows)
    if len(rows) < 2:
        return f"LoRA: {points}."
    gain = rows[-1].mean - rows[-2].mean
    # Half the width of the last point's interval: less than that may be chance.
    noise = (decision.result_of(LORA).rate.high - decision.result_of(LORA).rate.low) / 2
    outlook = (
        "it still climbs, so more pairs would probably help"
        if gain > noise
        else "more pairs of this kind may change little"
    )
    return f"LoRA: {points}; {outlook}."


# ── The page ───────────────────────────────────────────────────────────────────────────


def draw_figures(decision: OwnDecision) -> dict[str, Drawing]:
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
        replace(result.costs, query_price=_find_price(decision, result))
        for result in decision.results
        if result.arm not in RIVALS and spec.title_of(result.arm) in good
    ]
    return [each for each in costs if total_cost(each, found.prices, 1) > 0]


def _find_price(decision: OwnDecision, result: ArmResult) -> float | None:
    """Return what a query costs where somebody else answers; None for the others."""
    elsewhere = decision.prepared.settings.elsewhere
    return next((arm.price for arm in elsewhere if arm.name == result.arm), None)


def _draw_curve(decision: OwnDecision) -> Drawing:
    spec = decision.prepared.task.spec
    crossing = find_crossover(spec, decision.results, decision.curve, TEST)
    levels = [r for r in decision.results if r.arm not in RIVALS and not r.costs.tuned]
    return draw_learning_curve(decision.curve, levels, crossing)


def map_own(decision: OwnDecision) -> DecisionMap:
    """Return the map over pairs and queries; LoRA follows its curve there."""
    pairs = len(decision.prepared.splits.train)
    arms = [
        _as_map_arm(decision, result)
        for result in decision.results
        if result.arm not in RIVALS and _can_be_mapped(decision, result)
    ]
    axis = sorted({max(1, round(pairs ** (i / 24))) for i in range(25)})
    return decision_map(arms, decision.recommendation.prices, pairs=axis)


def _can_be_mapped(decision: OwnDecision, result: ArmResult) -> bool:
    """Return whether a price per query, if it has one, can be put in prompt tokens."""
    price = _find_price(decision, result)
    return not price or decision.recommendation.prices.input > 0


def _as_map_arm(decision: OwnDecision, result: ArmResult) -> MapArm:
    pairs = len(decision.prepared.splits.train)
    accuracy: tuple[tuple[int, float], ...] = ((pairs, result.rate.rate),)
    tokens: tuple[tuple[int, float], ...] = ((pairs, float(result.training_tokens)),)
    needs = result.labels
    if result.arm == LORA and decision.curve:
        accuracy = tuple((row.n, row.mean) for row in summarise_curve(decision.curve))
        tokens = tuple((p.n, float(p.training_tokens)) for p in decision.curve)
        needs = decision.curve[0].n
    prompt_tokens, response_tokens = result.prompt_tokens, result.response_tokens
    price, per_million = (
        _find_price(decision, result),
        decision.recommendation.prices.input,
    )
    if price is not None:
        # The map knows tokens only: as many prompt tokens as cost the same.
        prompt_tokens = price / per_million * 1e6 if price else 0.0
        response_tokens = 0.0
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


def write_page(decision: OwnDecision, figures: dict[str, Drawing]) -> Report:
    """Return the report: the decision first, then the evidence, then how it was made."""
    found, prepared = decision.recommendation, decision.prepared
    return Report(
        title=f"Use {found.arm}",
        lead=tuple(found.reasons),
        sections=(
            *_write_cautions(decision),
            Section("The arms", (figures["arms"], tabulate_arms(decision))),
            Section("Where it would flip", tuple(_list_flip_blocks(decision, figures))),
            Section("What the arms answered", tuple(_list_examples(decision))),
            Section("How it was measured", tuple(_describe_method(decision))),
        ),
        colophon=(
            f"Made by `prompt-or-tune decide` from {prepared.file.path.name}.",
            f"Model: {decision.model}.",
        ),
    )


def _write_cautions(decision: OwnDecision) -> Sequence[Section]:
    if not decision.cautions:
        return ()
    return (Section("Before you believe it", decision.cautions),)


def _list_flip_blocks(decision: OwnDecision, figures: dict[str, Drawing]) -> list[Block]:
    table = tabulate_flips(decision)
    blocks: list[Block] = [table] if table else [NO_FLIP]
    names = ("learning-curve", "break-even", "decision-map")
    return (
        blocks
        + [describe_curve(decision)]
        + [figures[name] for name in names if name in figures]
    )


def _list_examples(decision: OwnDecision) -> list[Block]:
    spec = decision.prepared.task.spec
    rows = [
        (
            spec.title_of(result.arm),
            _shorten(e.prompt),
            _shorten(e.answer),
            _mark(e.correct),
        )
        for result in decision.results
        for e in result.examples[:EXAMPLES_SHOWN]
    ]
    columns = ("arm", "prompt", "answer", "right")
    return [Table("The first answers of each arm.", columns, tuple(rows))]


def _describe_method(decision: OwnDecision) -> list[Block]:
    prepared = decision.prepared
    return [
        describe_splits(decision),
        f"Right means: {prepared.settings.rule.describe()}. An answer that has not ended "
        "within the tokens that it is given counts as wrong.",
        "The recommended arm is the cheapest among those not significantly below the "
        "best (exact McNemar on the same prompts, adjusted by Holm); intervals are "
        "Wilson's.",
        *list_notices(decision),
        *[Listing(template) for template in prepared.settings.templates],
    ]


def _mark(correct: bool) -> str:
    return "yes" if correct else "no"


def _shorten(text: str, length: int = 160) -> str:
    text = " ".join(text.split())
    return text if len(text) <= length else text[: length - 1] + "…"
