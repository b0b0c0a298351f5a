"""Ask a language model the queries of a task, and judge what it answers."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prompt_or_tune.decision.costs import forward_flops_per_token
from prompt_or_tune.decision.queries import Query, TaskData

if TYPE_CHECKING:
    from prompt_or_tune.models import LanguageModel
    from prompt_or_tune.tuning import TuningRun

EQUAL_STEPS = 315
"""Optimiser steps of every tuned arm and of every point of a learning curve: those of
1000 pairs in batches of 16, five times over. Fewer pairs are then seen more often."""


@dataclass(frozen=True)
class ArmSettings:
    """What the arms may choose from on development data, and how they are run.

    Candidates are tried in the order given and a later one must be better, so that ties
    go to the cheaper. `wordings` are the indices of engineered wordings, empty for all.
    LoRA tries `learning_rates`, or without any the model's default times each of
    `rate_factors`; `steps` is its number of optimiser steps, `None` for five epochs.
    """

    few_shot_counts: tuple[int, ...] = (1, 2, 4, 8)
    wordings: tuple[int, ...] = ()
    learning_rates: tuple[float, ...] = ()
    rate_factors: tuple[float, ...] = (1.0,)
    steps: int | None = EQUAL_STEPS
    batch_size: int = 64
    seed: int = 0


@dataclass(frozen=True)
class Way:
    """One way in which an arm may ask: how it writes a prompt, and what that needs.

    `knobs` says in words what distinguishes it; `wording` and `shots` say it to programs.
    """

    write_prompt: Callable[[Query], str]
    knobs: str = ""
    labels: int = 0
    wording: int | None = None
    shots: int | None = None


@dataclass(frozen=True)
class Answers:
    """Answers to some queries, judged, with what they took.

    `right` has one entry per query, `form` one where a form is judged. Tokens and FLOPs
    are means per query; `cached_tokens` is how many tokens all prompts begin with;
    `seconds` is what all answers took together.
    """

    prompts: tuple[str, ...]
    texts: tuple[str, ...]
    right: tuple[bool, ...]
    form: tuple[bool, ...]
    seconds: float
    prompt_tokens: float = 0.0
    cached_tokens: float = 0.0
    response_tokens: float = 0.0
    flops: float = 0.0


class NoRoomError(ValueError):
    """Say in one sentence that no prompt of an arm fits into what the model reads."""


def ask(
    model: LanguageModel,
    data: TaskData,
    way: Way,
    queries: Sequence[Query],
    batch_size: int,
) -> Answers:
    """Let the model answer; an answer that it does not end by itself is wrong."""
    prompts = tuple(way.write_prompt(query) for query in queries)
    started = time.perf_counter()
    answers = model.generate_detailed(
        prompts, max_new_tokens=data.max_new_tokens, batch_size=batch_size
    )
    seconds = time.perf_counter() - started
    texts = tuple(answer.text for answer in answers)
    right, form = judge(queries, texts)
    encoded = [model.encode_prompt(prompt) for prompt in prompts]
    prompt_tokens = sum(map(len, encoded)) / len(encoded)
    response_tokens = sum(answer.tokens for answer in answers) / len(answers)
    per_token = forward_flops_per_token(model.count_parameters())
    return Answers(
        prompts=prompts,
        texts=texts,
        right=tuple(ok and a.ended for ok, a in zip(right, answers, strict=True)),
        form=form,
        seconds=seconds,
        prompt_tokens=prompt_tokens,
        cached_tokens=float(_count_shared_start(encoded)) if len(encoded) > 1 else 0.0,
        response_tokens=response_tokens,
        flops=per_token * (prompt_tokens + response_tokens),
    )


def judge(
    queries: Sequence[Query], answers: Sequence[str]
) -> tuple[tuple[bool, ...], tuple[bool, ...]]:
    """Return which answers are right, and which at least have the right form."""
    pairs = list(zip(queries, answers, strict=True))
    right = tuple(query.rule.check(answer) for query, answer in pairs)
    form = tuple(query.form.check(answer) for query, answer in pairs if query.form)
    return right, form


def score(answers: Answers) -> tuple[float, float]:
    """Return the shares of right answers and, to break ties, of right forms."""
    count = len(answers.right)
    return sum(answers.right) / count, sum(answers.form) / count


def fits(model: LanguageModel, data: TaskData, way: Way) -> bool:
    """Return whether a way's prompts leave the model room to answer.

    The tests' prompts are only measured here: nothing is learned from them.
    """
    room = model.context_length - data.max_new_tokens
    prompts = [way.write_prompt(q) for q in (*data.development, *data.queries)]
    # The longest in characters are about the longest in tokens, and counting all is slow.
    longest = sorted(prompts, key=len)[-20:]
    return all(model.count_tokens(prompt) <= room for prompt in longest)


@contextmanager
def attached(model: LanguageModel, run: TuningRun | None) -> Iterator[None]:
    """Answer with a run's adapter inside the block; without a run, with the base."""
    if run is None:
        yield
        return
    model.attach(run.adapter)
    try:
        yield
    finally:
        model.detach()


def _count_shared_start(rows: Sequence[Sequence[int]]) -> int:
    """Return how many items all rows begin with."""
    columns = zip(*rows, strict=False)
    same = itertools.takewhile(lambda column: len(set(column)) == 1, columns)
    return sum(1 for _ in same)
