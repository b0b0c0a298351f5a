"""Notebook 5: from logits to likely tokens, and two models on the same questions."""

from __future__ import annotations

from typing import Any

from prompt_or_tune.checks.comparing import Answer, call, expect_close, expect_equal
from prompt_or_tune.checks.registry import GradedTask
from prompt_or_tune.statistics import mcnemar_exact

# ── top_tokens ─────────────────────────────────────────────────────────────────────────


def check_top_tokens(answer: Answer) -> None:
    """Check two tokens of four, and a request for more tokens than there are."""
    import torch  # takes seconds, and listing the tasks doesn't need it

    words = ["warm", "bright", "cold", "grey"]
    case = "the 2 likeliest of 4 tokens, with odds of 1 : 3 : 12 : 4"
    logits = torch.tensor([1.0, 3.0, 12.0, 4.0]).log()
    got = call(answer, logits, words, 2, case=case)
    expect_close(
        got,
        [("cold", 0.6), ("grey", 0.2)],
        case=case,
        cause="softmax over the whole vocabulary first, then pick, the likeliest first",
        tolerance=1e-5,
    )
    case = "5 asked for, only 2 tokens in the vocabulary"
    got = call(answer, torch.tensor([4.0, 1.0]).log(), ["a", "b"], 5, case=case)
    expect_close(
        got,
        [("a", 0.8), ("b", 0.2)],
        case=case,
        cause="topk refuses more than there are: ask for min(k, len(tokens))",
        tolerance=1e-5,
    )


# ── compare_models ─────────────────────────────────────────────────────────────────────


def check_compare_models(answer: Answer) -> None:
    """Check twelve questions that tuning wins, and six that decide nothing."""
    wanted = [f"answer {number}" for number in range(12)]
    wrong = ["something else"] * 12
    _check_comparison(
        answer,
        (wanted, [*wanted[:2], *wrong[2:]], [*wanted[:11], *wrong[11:]]),
        case="12 questions: base right in 2, tuned in 11",
        cause="compare question by question; only those count that one model got right",
    )
    _check_comparison(
        answer,
        (wanted[:6], [*wanted[:3], *wrong[3:6]], [*wrong[:3], *wanted[3:6]]),
        case="6 questions: each model right in 3, never in the same",
        cause="equal totals can hide that the two agree on nothing",
    )


def _check_comparison(
    answer: Answer,
    arguments: tuple[list[str], list[str], list[str]],
    *,
    case: str,
    cause: str,
) -> None:
    got = call(answer, *arguments, case=case)
    expect_equal(got, pair_up(list(zip(*arguments, strict=True))), case=case, cause=cause)


def pair_up(rows: list[tuple[str, str, str]]) -> dict[str, Any]:
    """Return the four counts and the verdict; a row is (wanted, base's, tuned's)."""
    base = [first == wanted for wanted, first, _ in rows]
    tuned = [second == wanted for wanted, _, second in rows]
    both = sum(a and b for a, b in zip(base, tuned, strict=True))
    only_base, only_tuned = sum(base) - both, sum(tuned) - both
    better = "tuned" if only_tuned > only_base else "base"
    certain = mcnemar_exact(base, tuned) < 0.05
    return {
        "both": both,
        "only base": only_base,
        "only tuned": only_tuned,
        "neither": len(rows) - both - only_base - only_tuned,
        "verdict": better if certain else "undecided",
    }


# ── The tasks ──────────────────────────────────────────────────────────────────────────

TASKS: tuple[GradedTask, ...] = (
    GradedTask(
        id="top_tokens",
        title="The likeliest tokens",
        points=2,
        minutes=4,
        check=check_top_tokens,
        hints=(
            "Two steps, in this order: turn all logits into probabilities, then take the "
            "k largest. The other order makes every list sum to 1.",
            "probabilities = logits.softmax(-1); best = probabilities.topk(min(k, "
            "len(tokens))); its .indices and .values, each with .tolist(), belong "
            "together pair by pair.",
        ),
    ),
    GradedTask(
        id="compare_models",
        title="Two models, the same questions",
        points=2,
        minutes=5,
        check=check_compare_models,
        hints=(
            "First two lists of True and False, one per model. Then look at both lists "
            "at once, question by question: zip goes through them together.",
            "base_right = [b == w for b, w in zip(base, wanted)], the same for tuned; "
            "mcnemar_exact(base_right, tuned_right) < 0.05 decides whether there is a "
            "verdict, the two “only” counts decide which.",
        ),
    ),
)
