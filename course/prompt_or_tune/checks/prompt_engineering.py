"""Notebook 2: a template, a few-shot prompt, an interval and a paired test."""

from __future__ import annotations

from prompt_or_tune.checks.comparing import Answer, call, expect_close, expect_equal
from prompt_or_tune.checks.prompt_template import (
    VISIBLE_SUBJECTS,
    check_improve_prompt,
    grade_template,
)
from prompt_or_tune.checks.registry import GradedTask
from prompt_or_tune.records import Pair

__all__ = ["INTERVAL_TOLERANCE", "TASKS", "VISIBLE_SUBJECTS", "grade_template"]

# ── few_shot_prompt ────────────────────────────────────────────────────────────────────

_EXAMPLES = [
    Pair("Describe the owl", "The owl is silver and plain"),
    Pair("Describe rain at noon", "Rain is grey and still"),
    Pair("Describe the pike", "The pike is cool and plain"),
]


def check_few_shot_prompt(answer: Answer) -> None:
    """Check the form, a request that is among the pairs, and no example at all."""
    _check_few_shot(
        answer,
        ("Describe the moth", _EXAMPLES, 2),
        "Request: Describe the owl\nAnswer: The owl is silver and plain\n\n"
        "Request: Describe rain at noon\nAnswer: Rain is grey and still\n\n"
        "Request: Describe the moth\nAnswer:",
        case="two examples before a new request",
        cause="a blank line stands between blocks, and the last line is a bare “Answer:”",
    )
    _check_few_shot(
        answer,
        ("Describe the owl", _EXAMPLES, 2),
        "Request: Describe rain at noon\nAnswer: Rain is grey and still\n\n"
        "Request: Describe the pike\nAnswer: The pike is cool and plain\n\n"
        "Request: Describe the owl\nAnswer:",
        case="the request is itself among the pairs",
        cause="leave its own pair out first, then take k: the prompt held the answer, or "
        "had an example too few",
    )
    _check_few_shot(
        answer,
        ("Describe the moth", _EXAMPLES, 0),
        "Request: Describe the moth\nAnswer:",
        case="no examples (k = 0)",
        cause="with k = 0 only the request stays, in the same form",
    )


def _check_few_shot(
    answer: Answer,
    arguments: tuple[str, list[Pair], int],
    wanted: str,
    *,
    case: str,
    cause: str,
) -> None:
    request, pairs, k = arguments
    got = call(answer, request, list(pairs), k, case=case)
    expect_equal(got, wanted, case=case, cause=cause)


# ── wilson_interval ────────────────────────────────────────────────────────────────────

INTERVAL_TOLERANCE = 1e-4
"""How far an end may be off: 1.96 for the exact z moves it by less than a tenth of it."""


def check_wilson_interval(answer: Answer) -> None:
    """Check an interval in the middle, one at the end of the scale, one of nothing."""
    _check_interval(
        answer,
        [True] * 17 + [False] * 3,
        (0.639581, 0.947631),
        case="17 of 20 passed",
        cause="z²/4n² is missing under the root, or 1 + z²/n below; z is 1.96",
    )
    _check_interval(
        answer,
        [True] * 10,
        (0.722467, 1.0),
        case="10 of 10 passed",
        cause="the textbook p ± z·√(p(1 − p)/n) says 1 to 1 here: certainty from ten",
    )
    _check_interval(
        answer,
        [],
        (0.0, 1.0),
        case="no answers at all",
        cause="with nothing measured every rate is possible: 0 to 1",
    )


def _check_interval(
    answer: Answer,
    passed: list[bool],
    wanted: tuple[float, float],
    *,
    case: str,
    cause: str,
) -> None:
    got = call(answer, list(passed), case=case)
    expect_close(got, wanted, case=case, cause=cause, tolerance=INTERVAL_TOLERANCE)


# ── paired_test ────────────────────────────────────────────────────────────────────────


def check_paired_test(answer: Answer) -> None:
    """Check three wins without a loss, losses that lead, and a draw."""
    both, neither = (True, True), (False, False)
    won, lost = (False, True), (True, False)
    _check_test(
        answer,
        [both] * 15 + [won] * 3 + [neither] * 2,
        0.25,
        case="the new prompt won 3 times, lost never, 17 agreed",
        cause="0.125 is one-sided: prompts may also get worse, so both tails count",
    )
    _check_test(
        answer,
        [both, lost, neither, lost, won, lost, lost, lost, both],
        0.21875,
        case="won once, lost 5 times, 3 agreed",
        cause="take the smaller of the two counts; prompts that agree say nothing",
    )
    _check_test(
        answer,
        [won, lost, won, lost, both],
        1.0,
        case="won twice, lost twice",
        cause="doubled, the tail is more than 1 here, and a probability is at most 1",
    )


def _check_test(
    answer: Answer,
    outcomes: list[tuple[bool, bool]],
    wanted: float,
    *,
    case: str,
    cause: str,
) -> None:
    got = call(answer, list(outcomes), case=case)
    expect_close(got, wanted, case=case, cause=cause)


# ── The tasks ──────────────────────────────────────────────────────────────────────────

TASKS: tuple[GradedTask, ...] = (
    GradedTask(
        id="improve_prompt",
        title="Say what was meant",
        points=3,
        minutes=4,
        check=check_improve_prompt,
        hints=(
            "PromptLab shows which rules fail. Add one wish per failing rule, in the "
            "words that you would use to a person, and look again.",
            "Two rules fail for the bare prompt: the number of lines and the rhyme. Say "
            "both, with `{subject}` where the subject belongs; short lines follow.",
        ),
    ),
    GradedTask(
        id="few_shot_prompt",
        title="Write a few-shot prompt",
        points=2,
        minutes=4,
        check=check_few_shot_prompt,
        hints=(
            "First decide which pairs may be shown, then cut the list to `k`, then write "
            "the blocks and join them.",
            'Every example is `f"Request: {pair.prompt}\\nAnswer: {pair.response}"`; the '
            'last block ends in a bare `Answer:`; `"\\n\\n".join(blocks)` does the rest.',
        ),
    ),
    GradedTask(
        id="wilson_interval",
        title="How sure is a pass rate?",
        points=2,
        minutes=4,
        check=check_wilson_interval,
        hints=(
            "`sum(passed)` counts the passes. Compute the middle and the half-width on "
            "lines of their own, as in the formula, and give back a tuple.",
            "With p = passes / n: middle = (p + z²/2n) / (1 + z²/n), half = "
            "z·√(p(1 − p)/n + z²/4n²) / (1 + z²/n). An empty list comes first.",
        ),
    ),
    GradedTask(
        id="paired_test",
        title="Test on the same prompts",
        points=2,
        minutes=4,
        check=check_paired_test,
        hints=(
            "Only the prompts on which the two differ are coins. Count both kinds; how "
            "probable is a count as small as the smaller one?",
            "`math.comb(n, i) / 2**n` is the chance of i heads in n tosses. Sum i from 0 "
            "to the smaller count, double it, and cap it at 1.",
        ),
    ),
)
