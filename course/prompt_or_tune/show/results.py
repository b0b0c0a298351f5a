"""Tables of the recorded results and their verdicts, as notebook 6 shows them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from prompt_or_tune.decision.arms import has_model
from prompt_or_tune.decision.costs import (
    ArmCosts,
    Prices,
    break_even_between,
    cost_per_query,
)
from prompt_or_tune.decision.recommendation import Comparison, format_money
from prompt_or_tune.decision.results import ArmResult, Results
from prompt_or_tune.decision.tasks import find_task, list_tasks
from prompt_or_tune.decision.verdict import Verdict
from prompt_or_tune.show.cells import format_yes
from prompt_or_tune.show.document import Table
from prompt_or_tune.statistics import Rate


def tabulate_hypotheses() -> Table:
    """Return what each task wants, and what was expected of it beforehand."""
    return Table(
        "The tasks, and what was expected of them.",
        ("task", "what is wanted", "hypothesis, written before measuring"),
        tuple((task.title, task.wanted, task.hypothesis) for task in list_tasks()),
    )


def tabulate_claims(verdicts: Iterable[Verdict]) -> Table:
    """Return every claim of every hypothesis, whether it held, and the evidence."""
    rows = tuple(
        (verdict.title, claim.text, format_yes(claim.held), claim.evidence)
        for verdict in verdicts
        for claim in verdict.claims
    )
    failed = tuple(index for index, row in enumerate(rows) if row[2] == "no")
    caption = f"{len(rows) - len(failed)} of {len(rows)} claims held."
    return Table(caption, ("task", "claim", "held", "evidence"), rows, failed)


def tabulate_recommendations(verdicts: Iterable[Verdict]) -> Table:
    """Return for each task which arm to use, why, and what would change that."""
    return Table(
        "What to use, as measured.",
        ("task", "use", "because", "what would change it"),
        tuple(
            (
                verdict.title,
                verdict.winner,
                " ".join(verdict.recommendation.reasons),
                _state_flips(verdict),
            )
            for verdict in verdicts
        ),
    )


def _state_flips(verdict: Verdict) -> str:
    title_of = find_task(verdict.task).title_of
    flips = [f"{flip.when}: {title_of(flip.arm)}" for flip in verdict.flips]
    return "; ".join(flips) or "none of the changes looked at"


def tabulate_query_costs(arms: Iterable[ArmResult], prices: Prices) -> Table:
    """Return what one query costs in tokens, FLOPs, seconds and money, for each arm."""
    return Table(
        "One query, in tokens, millions of FLOPs, milliseconds and money.",
        ("arm", "prompt tokens", "answer tokens", "MFLOPs", "ms",
         f"{prices.currency} per million queries"),
        tuple(
            (
                arm.arm,
                f"{arm.prompt_tokens:.0f}",
                f"{arm.response_tokens:.0f}",
                f"{arm.flops_per_query / 1e6:.0f}",
                f"{arm.seconds_per_query * 1000:.1f}",
                f"{1e6 * cost_per_query(arm.costs, prices):.2f}",
            )
            for arm in arms
            if has_model(arm.arm)
        ),
    )  # fmt: skip


def tabulate_break_evens(
    duels: Mapping[str, tuple[ArmCosts, ArmCosts]], situations: Mapping[str, Prices]
) -> Table:
    """Return from how many queries on the second arm of each duel costs less in all.

    One row per situation, one column per duel; "never" where it never does.
    """
    return Table(
        "Queries from which on it costs less in all, labels and training included.",
        ("prices", *duels),
        tuple(
            (name, *(_state_break_even(*duel, prices) for duel in duels.values()))
            for name, prices in situations.items()
        ),
    )


def _state_break_even(cheap_start: ArmCosts, cheap_run: ArmCosts, prices: Prices) -> str:
    queries = break_even_between(cheap_start, cheap_run, prices)
    return "never" if math.isinf(queries) else f"{queries:,.0f}"


def tabulate_rates(
    results: Results, tests: Iterable[tuple[str, str]], arms: Sequence[str]
) -> Table:
    """Return the rates of some arms, a row per (task, test)."""
    rows = []
    for task, test in tests:
        rates = [_state_rate(results.arm(task, test, arm).rate) for arm in arms]
        rows.append((find_task(task).title, test, *rates))
    return Table(
        "Share of right answers, with its 95 % interval.",
        ("task", "test", *arms),
        tuple(rows),
    )


def _state_rate(rate: Rate) -> str:
    return f"{rate.rate:.2f} ({rate.low:.2f} to {rate.high:.2f})"


def tabulate_comparisons(
    rows: Sequence[Comparison], costs: Sequence[ArmCosts], prices: Prices
) -> Table:
    """Return each candidate beside the best: as good or not, its cost, its labels."""
    return Table(
        "p: significance of being below the best, adjusted; 0.05 or more is as good.",
        ("arm", "right", "p", "as good", "cost in all", "labels needed"),
        tuple(
            (
                row.arm,
                _state_rate(row.rate),
                f"{row.p_value:.3f}",
                format_yes(row.as_good),
                format_money(row.total_cost, prices),
                str(each.labels),
            )
            for row, each in zip(rows, costs, strict=True)
        ),
    )
