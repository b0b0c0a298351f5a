"""All that can be known about the reader's data before a model is loaded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from prompt_or_tune.decision.arms import list_arms
from prompt_or_tune.decision.costs import Prices
from prompt_or_tune.decision.queries import Query, TaskData, Test
from prompt_or_tune.own_data.answers import AnsweredElsewhere
from prompt_or_tune.own_data.judging import RuleChoice, make_rules
from prompt_or_tune.own_data.reading import (
    DataError,
    OwnFile,
    OwnPair,
    normalise_prompt,
    read_answers,
    read_own_pairs,
)
from prompt_or_tune.own_data.splitting import OwnSplits, split_pairs
from prompt_or_tune.own_data.task import OwnTask
from prompt_or_tune.pairs import Leak, find_leaks
from prompt_or_tune.records import Pair
from prompt_or_tune.scoring import Rule
from prompt_or_tune.wording import shorten

PROMPT_SLOT = "{prompt}"
# Who has the pairs has paid for their labels.
LABELS_ARE_THERE = Prices(label=0.0)


@dataclass(frozen=True)
class Elsewhere:
    """An arm that was answered elsewhere: its name, its answers, its price per query."""

    name: str
    path: Path
    price: float


@dataclass(frozen=True)
class DecideSettings:
    """What is compared, and at which prices.

    `templates` are prompts with the place `{prompt}`; the best on development data is
    used. `sizes` are numbers of training pairs for the learning curve, empty for a
    quarter and a half of all. `learning_rates` are tried beside the model's default.
    `steps` is LoRA's number of optimiser steps, `None` for five epochs and at least
    100. `max_new_tokens` is the longest answer, `None` for twice the longest response.
    """

    rule: RuleChoice = field(default_factory=RuleChoice)
    templates: tuple[str, ...] = ()
    shots: tuple[int, ...] = (1, 2, 4, 8)
    sizes: tuple[int, ...] = ()
    learning_rates: tuple[float, ...] = ()
    steps: int | None = None
    max_new_tokens: int | None = None
    batch_size: int = 64
    seed: int = 0
    queries: int = 10_000
    prices: Prices = LABELS_ARE_THERE
    elsewhere: tuple[Elsewhere, ...] = ()


@dataclass(frozen=True)
class Prepared:
    """All that can be known, and refused, before a model is loaded.

    `elsewhere` are the arms that were answered elsewhere.
    """

    file: OwnFile
    splits: OwnSplits
    task: OwnTask
    leaks: tuple[Leak, ...]
    elsewhere: tuple[AnsweredElsewhere, ...]
    settings: DecideSettings


def prepare(path: Path, settings: DecideSettings) -> Prepared:
    """Read, check and split the reader's pairs, and the answers given elsewhere.

    Raises DataError for whatever is wrong with them.
    """
    _check_settings(settings)
    file = read_own_pairs(path)
    splits = split_pairs(file, settings.seed)
    elsewhere = tuple(_read_arm(arm, splits.test) for arm in settings.elsewhere)
    as_pairs = [
        [Pair(p.prompt, p.response) for p in part] for part in (splits.train, splits.test)
    ]
    return Prepared(
        file,
        splits,
        build_own_task(file, splits, settings),
        tuple(find_leaks(*as_pairs)),
        elsewhere,
        settings,
    )


def build_own_task(file: OwnFile, splits: OwnSplits, settings: DecideSettings) -> OwnTask:
    """Return the reader's pairs as a task like the course's own."""
    # All rows in the file's order, so that the first one at fault is the one named.
    rules = make_rules(file.pairs, settings.rule, file.path)
    by_line = {p.line: rule for p, rule in zip(file.pairs, rules, strict=True)}

    def ask(pairs: Sequence[OwnPair]) -> tuple[Query, ...]:
        return tuple(_make_query(p, by_line[p.line], settings) for p in pairs)

    data = TaskData(
        name=OwnTask.name,
        training=ask(splits.train),
        development=ask(splits.development),
        tests=(Test(OwnTask.test, ask(splits.test)),),
        max_new_tokens=settings.max_new_tokens or 0,
    )
    wanted = settings.rule.describe()
    return OwnTask(data, file.path, wanted, has_wordings=bool(settings.templates))


def _make_query(pair: OwnPair, rule: Rule, settings: DecideSettings) -> Query:
    filled = (t.replace(PROMPT_SLOT, pair.prompt) for t in settings.templates)
    return Query(
        id=f"line {pair.line}",
        # What the look-up table looks up: the whole prompt, as nearly as can be.
        subject=normalise_prompt(pair.prompt),
        setting="",
        bare=pair.prompt,
        engineered=tuple(filled),
        rule=rule,
        answer=pair.response.strip(),
    )


def _check_settings(settings: DecideSettings) -> None:
    for template in settings.templates:
        if PROMPT_SLOT not in template:
            raise DataError(
                f'The template "{template}" has no {PROMPT_SLOT}: write where the prompt '
                "goes."
            )
    names = [arm.name for arm in list_arms()] + list(OwnTask.titles.values())
    for arm in settings.elsewhere:
        if arm.name in names:
            raise DataError(
                f'Another arm is called "{arm.name}"; rename it in --answers.'
            )
        names.append(arm.name)
    for count in (*settings.shots, *settings.sizes, settings.queries):
        if count < 1:
            raise DataError(f"{count} is not a number of examples, pairs or queries.")


def _read_arm(arm: Elsewhere, test: Sequence[OwnPair]) -> AnsweredElsewhere:
    """Return the arm with its answers to the test prompts."""
    answers = read_answers(arm.path)
    missing = [pair for pair in test if pair.prompt.strip() not in answers]
    if missing:
        line, prompt = missing[0].line, shorten(missing[0].prompt)
        raise DataError(
            f"{arm.path} lacks answers to {len(missing)} of the {len(test)} test prompts "
            f'(the first: line {line} of the pairs, "{prompt}"); --save-split writes '
            "which rows are the test."
        )
    return AnsweredElsewhere(arm.name, answers, arm.price)
