"""Notebook 6: what a query costs, when tuning pays, and which arm to use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from prompt_or_tune.checks.comparing import (
    Answer,
    CheckFailed,
    call,
    expect_close,
    expect_equal,
)
from prompt_or_tune.checks.registry import GradedTask
from prompt_or_tune.decision.costs import Prices
from prompt_or_tune.decision.recommendation import Candidate, candidate, winner

# ── cost_per_query ─────────────────────────────────────────────────────────────────────

SMALLEST_PRICE = 1e-12
"""How far a cost may be off: a query costs about a hundred-thousandth of a dollar."""


def check_cost_per_query(answer: Answer) -> None:
    """Check a price: plain, with the cache off, with it on."""
    prices = Prices(input=2.0, output=8.0, cached_input=0.5)
    _check_cost(
        answer,
        (100, 25, 0, prices),
        0.0004,
        case="100 prompt and 25 answer tokens, at $2 and $8 per million",
        cause="the answer's tokens are charged too, and prices are per million tokens",
    )
    _check_cost(
        answer,
        (100, 25, 60, prices),
        0.0004,
        case="the same, 60 tokens shared, but prefix_caching is False",
        cause="the cached price holds only where prices.prefix_caching is True",
    )
    cached = Prices(input=2.0, output=8.0, cached_input=0.5, prefix_caching=True)
    _check_cost(
        answer,
        (100, 25, 60, cached),
        0.00031,
        case="the same with prefix_caching: 60 of the 100 tokens at $0.50",
        cause="cached tokens are part of the prompt: charge the other 40 at full price",
    )


def _check_cost(
    answer: Answer,
    arguments: tuple[int, int, int, Prices],
    wanted: float,
    *,
    case: str,
    cause: str,
) -> None:
    got = call(answer, *arguments, case=case)
    expect_close(got, wanted, case=case, cause=cause, tolerance=SMALLEST_PRICE)


# ── break_even_queries ─────────────────────────────────────────────────────────────────


def check_break_even_queries(answer: Answer) -> None:
    """Check the break-even: a whole number, one rounded up, one with a cache, "never"."""
    _check_break_even(
        answer,
        (1000, 60, 5, 20, 8, 0),
        50_000,
        case="1000 pairs of 60 tokens, 5 epochs, a prompt of 20 tokens or of 8",
        cause="training reads n·l·E tokens at 4N each; a query saves 2N per token",
    )
    _check_break_even(
        answer,
        (100, 14, 5, 160, 8, 0),
        93,
        case="100 pairs of 14 tokens, 5 epochs, a prompt of 160 tokens or of 8",
        cause="part of a query saves nothing: round up to a whole number (an int)",
    )
    _check_break_even(
        answer,
        (100, 14, 5, 160, 8, 151),
        14_000,
        case="the same, 151 of the 160 tokens served from a cache",
        cause="cached tokens are not computed, so leaving them out saves nothing",
    )
    _check_break_even(
        answer,
        (100, 14, 5, 160, 8, 152),
        "never",
        case="the same with 152 tokens cached: 8 tokens computed, or 8",
        cause='nothing is saved per query, so the answer is the text "never"',
    )


def _check_break_even(
    answer: Answer,
    arguments: tuple[int, int, int, int, int, int],
    wanted: int | str,
    *,
    case: str,
    cause: str,
) -> None:
    expect_equal(call(answer, *arguments, case=case), wanted, case=case, cause=cause)


# ── recommend ──────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Situation:
    """What is known when somebody has to choose: arms, pairs at hand, queries, prices."""

    measured: tuple[Candidate, ...]
    pairs: int
    queries: int
    prices: Prices

    @property
    def right_arm(self) -> str:
        """Return the winner among the arms that can be used with these pairs."""
        usable = [each for each in self.measured if each.costs.labels <= self.pairs]
        return winner(usable, queries=self.queries, prices=self.prices)

    def ask(self, answer: Answer, case: str) -> Any:
        """Return what an answer recommends here."""
        return call(
            answer, self.measured, self.pairs, self.queries, self.prices, case=case
        )

    def agrees_with(self, answer: Answer) -> bool:
        """Return whether an answer recommends the right arm; an error is no agreement."""
        try:
            got = self.ask(answer, "one of many")
            expect_equal(got, self.right_arm, case="one of many")
        except CheckFailed:
            return False
        return True


def make_arms(
    bare: float, prompt: float, examples: float, tuned: float, *, of: int = 400
) -> tuple[Candidate, ...]:
    """Return four arms with these accuracies, with the costs of the house voice or so.

    Tuning needs 200 labelled pairs, the examples in the prompt 8.
    """
    return (
        candidate("bare", bare, of, prompt_tokens=8, response_tokens=20),
        candidate("prompt", prompt, of, prompt_tokens=20, response_tokens=10),
        candidate(
            "examples", examples, of,
            prompt_tokens=160, response_tokens=8, cached_tokens=150, labels=8,
        ),
        candidate(
            "tuned", tuned, of,
            prompt_tokens=8, response_tokens=7, training_tokens=70_000, labels=200,
            tuned=True,
        ),
    )  # fmt: skip


VISIBLE_SITUATIONS = (
    (
        "tuning is far better than the rest, 200 pairs at hand",
        Situation(make_arms(0.01, 0.10, 0.30, 0.98), 200, 1_000_000, Prices()),
        "an arm that is significantly worse is no choice, however cheap it is",
    ),
    (
        "the prompt is as good as tuning, 10,000 queries",
        Situation(make_arms(0.01, 0.975, 0.97, 0.98), 200, 10_000, Prices()),
        "among arms that are as good as the best, the lowest total cost wins",
    ),
    (
        "the examples are as good as tuning, ten million queries",
        Situation(make_arms(0.01, 0.20, 0.97, 0.96), 200, 10_000_000, Prices()),
        "the total has two parts: what is paid once, and what every query costs",
    ),
    (
        "tuning would be best, but there are only 50 pairs",
        Situation(make_arms(0.01, 0.60, 0.55, 0.98), 50, 10_000, Prices()),
        "leave out arms that need more labelled pairs than there are, then compare",
    ),
)


def check_recommend(answer: Answer) -> None:
    """Check four situations: accuracy decides, cost, volume, and the pairs at hand."""
    for case, situation, cause in VISIBLE_SITUATIONS:
        got = situation.ask(answer, case)
        expect_equal(got, situation.right_arm, case=case, cause=cause)


# ── The tasks ──────────────────────────────────────────────────────────────────────────

TASKS: tuple[GradedTask, ...] = (
    GradedTask(
        id="cost_per_query",
        title="The price of a query",
        points=2,
        minutes=4,
        check=check_cost_per_query,
        hints=(
            "Three kinds of tokens, three prices: the fresh part of the prompt, its "
            "cached part, and the answer. What is cached when caching is off?",
            "cached = cached_tokens if prices.prefix_caching else 0; then add "
            "(prompt_tokens - cached) * prices.input, cached * prices.cached_input and "
            "answer_tokens * prices.output, and divide by a million.",
        ),
    ),
    GradedTask(
        id="break_even_queries",
        title="When tuning has paid for itself",
        points=2,
        minutes=4,
        check=check_break_even_queries,
        hints=(
            "Both sides have a factor N, the model's parameters: leave it out. Training "
            "costs 4 per token it reads; a query saves 2 per token that need not be "
            "computed any more. And if it saves none?",
            "saved = long_prompt - cached_tokens - short_prompt; if saved <= 0 return "
            '"never"; otherwise math.ceil(4 * pairs * pair_tokens * epochs / '
            "(2 * saved)).",
        ),
    ),
    GradedTask(
        id="recommend",
        title="Your rule",
        points=4,
        minutes=6,
        check=check_recommend,
        hints=(
            "Three questions, in this order. Which arms can be used with these pairs "
            "(each.costs.labels)? Which of those are as good as the best "
            "(compare_with_best, row.as_good)? Which of those costs least in all?",
            "usable = [each for each in measured if each.costs.labels <= pairs]; rows = "
            "compare_with_best(usable, queries=queries, prices=prices); keep the rows "
            "that are as_good; return the arm of the one with the lowest total_cost.",
        ),
    ),
)
