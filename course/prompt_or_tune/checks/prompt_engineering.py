"""Notebook 2: a template, a few-shot prompt, an interval and a paired test."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from IPython.display import display

from prompt_or_tune.checks.comparing import (
    CheckFailed,
    call,
    expect_close,
    expect_equal,
    shorten,
)
from prompt_or_tune.checks.tasks import Task
from prompt_or_tune.lexicon import SUBJECTS
from prompt_or_tune.prompts import Template, TemplateError
from prompt_or_tune.records import Pair, Sample
from prompt_or_tune.scoring import BriefResult, poem_brief, rates_by_rule
from prompt_or_tune.widgets.cards import Card, paragraph

if TYPE_CHECKING:
    from prompt_or_tune.models import LanguageModel

Answer = Callable[..., Any]

# ── improve_prompt ─────────────────────────────────────────────────────────────────────

VISIBLE_SUBJECTS = ("spring", "the fox", "the oak", "the rose", "the moth", "the lake")
TOKEN_LIMIT = 30
"""Tokens that the longest prompt may have, chat template included."""
LONGEST_TEMPLATE = 2000  # characters; counting the tokens of millions takes minutes
LONGEST_POEM = 80  # new tokens; four lines have about forty

_BARS = (
    "the brief, bare prompt",
    "the brief in wordings never seen",
    "the brief, engineered prompt",
)
"""The recorded probes whose bars are worth 1, 2 and 3 points."""


def check_improve_prompt(template: object) -> None:
    """Try the template on six subjects; fail below the bar of the first point.

    Above it, a card says how many points the rate would give, and which rules fail.
    """
    results = judge_template(template, VISIBLE_SUBJECTS)
    report, points = _state_rules(results), count_points(results)
    if points == 0:
        raise CheckFailed(
            f"Case: six subjects, from {VISIBLE_SUBJECTS[0]} to {VISIBLE_SUBJECTS[-1]}.\n"
            f"  Rules that held: {report}.\n"
            "  Usual cause: the prompt does not say what was meant; each rule that fails "
            "is a wish that nobody told the model."
        )
    note = f"Rules that held: {report}. The hidden tests ask about the other subjects."
    title = f"On these six subjects: {points} of {len(_BARS)} points"
    display(Card(title, paragraph(note), note, "good" if points == len(_BARS) else "bad"))


def grade_template(template: object, subjects: Sequence[str]) -> int:
    """Return the points of a template by its pass rate on these subjects, 0 to 3.

    Raises CheckFailed for what is no template, costs too much, or names a subject.
    """
    return count_points(judge_template(template, subjects))


def judge_template(template: object, subjects: Sequence[str]) -> list[BriefResult]:
    """Return what the brief says of Seedling's answer for each subject.

    Raises CheckFailed for what is no template, costs too much, or names a subject.
    """
    filled = _read_template(template)
    samples = [
        Sample(subject, f"Write a poem about {subject}", subject, "")
        for subject in subjects
    ]
    prompts = [filled.fill(sample).text for sample in samples]
    model = _load_seedling()
    _refuse_long(max(map(model.count_tokens, prompts)))
    answers = model.generate(prompts, max_new_tokens=LONGEST_POEM)
    return [
        poem_brief(subject).judge(answer)
        for subject, answer in zip(subjects, answers, strict=True)
    ]


def count_points(results: Sequence[BriefResult]) -> int:
    """Return 3, 2, 1 or 0 points for the share of answers that pass every rule.

    The bars are those that the recorded probes set themselves: for the engineered
    prompt, for wordings never seen, and (to be exceeded) for the bare prompt.
    """
    rate = sum(result.passed for result in results) / len(results)
    lowest, middle, highest = find_bars()
    return sum((rate > lowest, rate >= middle, rate >= highest))


@cache
def find_bars() -> tuple[float, ...]:
    """Return the bars of the recorded probes that are worth 1, 2 and 3 points."""
    recorded = files("prompt_or_tune") / "seedling" / "weights" / "probes.json"
    text = recorded.read_text(encoding="utf-8")
    bars = {probe["name"]: probe["bar"] for probe in json.loads(text)}
    found = [bars.get(name) for name in _BARS]
    return tuple(bar for bar in found if bar is not None)


@cache
def _load_seedling() -> LanguageModel:
    from prompt_or_tune.models import load_model  # seconds, that other tasks don't need

    return load_model(device="cpu")  # the reference: the same answers everywhere


def _read_template(template: object) -> Template:
    case = "the template itself"
    if type(template) is not str:
        wanted = 'a text is wanted, such as "Write a poem about {subject}"'
        got = "it is still None" if template is None else f"got {shorten(template)}"
        raise CheckFailed(f"Case: {case}.\n  {wanted}; {got}")
    if len(template) > LONGEST_TEMPLATE:
        raise CheckFailed(
            f"Case: the price.\n  It has {len(template)} characters; a prompt of "
            f"{TOKEN_LIMIT} tokens has fewer than {LONGEST_TEMPLATE}."
        )
    try:
        read = Template(template)
    except TemplateError as error:
        raise CheckFailed(f"Case: {case}.\n  {error}") from error
    if "{topic" in template or "{request" in template or "{subject}" not in template:
        raise CheckFailed(
            f"Case: {case}.\n  Its one place is {{subject}}, written so; got {template!r}"
        )
    if named := _find_subject_word(template):
        raise CheckFailed(
            f"Case: {case}.\n  It names “{named}”, a subject of the almanac: one "
            "template must serve all subjects.\n"
            "  Usual cause: an example was typed where {subject} belongs."
        )
    return read


def _find_subject_word(template: str) -> str:
    """Return the first almanac subject that a template names, "" if none."""
    words = "|".join(subject.word for subject in SUBJECTS)
    found = re.search(rf"\b({words})(?:s|es)?\b", template, flags=re.IGNORECASE)
    return found[0] if found else ""


def _refuse_long(tokens: int) -> None:
    if tokens > TOKEN_LIMIT:
        raise CheckFailed(
            f"Case: the price.\n  The longest prompt has {tokens} tokens; at most "
            f"{TOKEN_LIMIT} are wanted.\n"
            "  Usual cause: politeness and explanations; say each rule once."
        )


def _state_rules(results: Sequence[BriefResult]) -> str:
    return ", ".join(
        f"{name} {rate.successes} of {rate.n}"
        for name, rate in rates_by_rule(results).items()
    )


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


TASKS: tuple[Task, ...] = (
    Task(
        "improve_prompt",
        "Say what was meant",
        3,
        4,
        check_improve_prompt,
        (
            "PromptLab shows which rules fail. Add one wish per failing rule, in the "
            "words that you would use to a person, and look again.",
            "Two rules fail for the bare prompt: the number of lines and the rhyme. Say "
            "both, with `{subject}` where the subject belongs; short lines follow.",
        ),
    ),
    Task(
        "few_shot_prompt",
        "Write a few-shot prompt",
        2,
        4,
        check_few_shot_prompt,
        (
            "First decide which pairs may be shown, then cut the list to `k`, then write "
            "the blocks and join them.",
            'Every example is `f"Request: {pair.prompt}\\nAnswer: {pair.response}"`; the '
            'last block ends in a bare `Answer:`; `"\\n\\n".join(blocks)` does the rest.',
        ),
    ),
    Task(
        "wilson_interval",
        "How sure is a pass rate?",
        2,
        4,
        check_wilson_interval,
        (
            "`sum(passed)` counts the passes. Compute the middle and the half-width on "
            "lines of their own, as in the formula, and give back a tuple.",
            "With p = passes / n: middle = (p + z²/2n) / (1 + z²/n), half = "
            "z·√(p(1 − p)/n + z²/4n²) / (1 + z²/n). An empty list comes first.",
        ),
    ),
    Task(
        "paired_test",
        "Test on the same prompts",
        2,
        4,
        check_paired_test,
        (
            "Only the prompts on which the two differ are coins. Count both kinds; how "
            "probable is a count as small as the smaller one?",
            "`math.comb(n, i) / 2**n` is the chance of i heads in n tosses. Sum i from 0 "
            "to the smaller count, double it, and cap it at 1.",
        ),
    ),
)
