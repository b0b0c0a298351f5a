"""Judge a template for prompts by what Seedling answers, and count its points."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from prompt_or_tune.checks.comparing import CheckFailed, shorten
from prompt_or_tune.checks.registry import Remark
from prompt_or_tune.lexicon import SUBJECTS
from prompt_or_tune.prompts import Template, TemplateError
from prompt_or_tune.records import Sample
from prompt_or_tune.scoring import BriefResult, poem_brief, rates_by_rule

if TYPE_CHECKING:
    from prompt_or_tune.models import LanguageModel

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


def check_improve_prompt(template: object) -> Remark:
    """Try the template on six subjects; fail below the bar of the first point.

    Returns how many points the rate would give, and which rules fail.
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
    return Remark(title, note, is_good=points == len(_BARS))


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
