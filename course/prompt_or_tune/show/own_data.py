"""The decision on the reader's own data: tables, sentences, sections, and its page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from prompt_or_tune.decision.arms import has_model
from prompt_or_tune.decision.arms.lora import LORA
from prompt_or_tune.decision.curves import summarise_curve
from prompt_or_tune.decision.recommendation import format_money
from prompt_or_tune.decision.results import ArmResult
from prompt_or_tune.own_data.deciding import OwnDecision
from prompt_or_tune.own_data.reading import SPLITS
from prompt_or_tune.own_data.splitting import OwnSplits
from prompt_or_tune.show.cells import format_p, format_yes
from prompt_or_tune.show.document import Block, Document, Figure, Listing, Section, Table
from prompt_or_tune.wording import shorten

EXAMPLES_SHOWN = 3
LONGEST_SHOWN = 160
NO_FLIP = (
    "None of the changes looked at (fewer or more queries, caching, prices of labels and "
    "of tuned models) leads to another arm."
)


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
    name = decision.prepared.task.title_of(result.arm)
    rate, prices = result.rate, decision.recommendation.prices
    shown = (f"{rate.rate:.1%}", f"{rate.low:.0%}–{rate.high:.0%}")
    if not has_model(result.arm):
        return name, *shown, "–", "–", "–"
    compared = decision.recommendation.comparison_of(name)
    tokens = f"{result.prompt_tokens + result.response_tokens:.0f}"
    is_best = compared.rate.rate == max(
        c.rate.rate for c in decision.recommendation.comparisons
    )
    p = "best" if is_best else format_p(compared.p_value)
    return name, *shown, p, tokens, format_money(compared.total_cost, prices)


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
    noise = (
        decision.result_of(LORA.name).rate.high - decision.result_of(LORA.name).rate.low
    ) / 2
    outlook = (
        "it still climbs, so more pairs would probably help"
        if gain > noise
        else "more pairs of this kind may change little"
    )
    return f"LoRA: {points}; {outlook}."


# ── The terminal ───────────────────────────────────────────────────────────────────────


def list_sections(decision: OwnDecision, page: Path) -> tuple[Section, ...]:
    """Return what a terminal shows of a decision; the rest is on its page, a file."""
    found = decision.recommendation
    data = (describe_splits(decision), *list_notices(decision))
    flips = tabulate_flips(decision)
    return (
        Section("The data", data),
        Section("The arms", (tabulate_arms(decision),)),
        Section(f"Use: {found.arm}", found.reasons),
        Section(
            "Where it would flip",
            (*((flips, "") if flips else (NO_FLIP,)), describe_curve(decision)),
        ),
        *_compose_cautions(decision),
        Section("The whole evidence", (f"Open {page}.",)),
    )


# ── The page ───────────────────────────────────────────────────────────────────────────


def compose_page(decision: OwnDecision, figures: Mapping[str, Figure]) -> Document:
    """Return the page: the decision first, then the evidence, then how it was made."""
    found, prepared = decision.recommendation, decision.prepared
    return Document(
        title=f"Use {found.arm}",
        lead=tuple(found.reasons),
        sections=(
            *_compose_cautions(decision),
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


def _compose_cautions(decision: OwnDecision) -> Sequence[Section]:
    if not decision.cautions:
        return ()
    return (Section("Before you believe it", decision.cautions),)


def _list_flip_blocks(
    decision: OwnDecision, figures: Mapping[str, Figure]
) -> list[Block]:
    table = tabulate_flips(decision)
    blocks: list[Block] = [table] if table else [NO_FLIP]
    names = ("learning-curve", "break-even", "decision-map")
    return (
        blocks
        + [describe_curve(decision)]
        + [figures[name] for name in names if name in figures]
    )


def _list_examples(decision: OwnDecision) -> list[Block]:
    task = decision.prepared.task
    rows = [
        (
            task.title_of(result.arm),
            shorten(e.prompt, LONGEST_SHOWN),
            shorten(e.answer, LONGEST_SHOWN),
            format_yes(e.correct),
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
