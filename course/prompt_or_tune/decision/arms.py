"""Let every arm of a task answer the same queries, and note what it cost."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Protocol, TypeVar

from prompt_or_tune.decision.costs import (
    ArmCosts,
    forward_flops_per_token,
    lora_flops_per_token,
)
from prompt_or_tune.decision.rivals import answer_as_rival
from prompt_or_tune.decision.tasks import (
    BARE,
    ENGINEERED,
    FEW_SHOT,
    GLOSSARY,
    LORA_ENGINEERED,
    RETRIEVED,
    RIVALS,
    TUNED_ARMS,
    Query,
    Task,
    Test,
)
from prompt_or_tune.prompts import few_shot, retrieved_few_shot
from prompt_or_tune.records import Pair, TuningRun
from prompt_or_tune.scoring import Brief, rates_by_rule
from prompt_or_tune.statistics import Rate, pass_rate, rate_of

if TYPE_CHECKING:
    from prompt_or_tune.models import Answer, LanguageModel
    from prompt_or_tune.records import TuningSettings

T = TypeVar("T")

EQUAL_STEPS = 315
"""Optimiser steps of every tuned arm and of every point of a learning curve: those of
1000 pairs in batches of 16, five times over. Fewer pairs are then seen more often."""


@dataclass(frozen=True)
class Answered:
    """One query of a test with an arm's answer, for people to look at."""

    prompt: str
    answer: str
    correct: bool


@dataclass(frozen=True)
class RuleCount:
    """How many answers satisfied one rule of a brief."""

    name: str
    successes: int
    of: int

    @property
    def rate(self) -> Rate:
        """Return the share with its Wilson interval."""
        return rate_of(self.successes, self.of)


@dataclass(frozen=True)
class ArmResult:
    """What one arm got right on one test, and what it cost.

    `correct` and `form` hold one entry per query of the test, in its order (`form` is
    empty where the task judges no form). Tokens are means per query; `cached_tokens` is
    the part of the prompt that all queries begin with. `seconds_per_query` is timed in
    batches of 32 or more where there are as many queries. `training_flops`,
    `training_tokens` (each token once per epoch) and `training_seconds` are 0 for arms
    that do not train. `labels` is the number of labelled pairs that the arm needs.
    `knobs` says what was chosen on development data; `rules` counts each rule alone
    where the task's judge is a brief.
    """

    task: str
    test: str
    arm: str
    correct: tuple[bool, ...]
    prompt_tokens: float
    response_tokens: float
    flops_per_query: float
    seconds_per_query: float
    cached_tokens: float = 0.0
    training_flops: float = 0.0
    training_tokens: int = 0
    training_seconds: float = 0.0
    labels: int = 0
    knobs: str = ""
    form: tuple[bool, ...] = ()
    rules: tuple[RuleCount, ...] = ()
    examples: tuple[Answered, ...] = ()

    @property
    def rate(self) -> Rate:
        """Return the share of right answers with its Wilson interval."""
        return pass_rate(self.correct)

    @property
    def form_rate(self) -> Rate | None:
        """Return the share of answers of the right form, None where it is not judged."""
        return pass_rate(self.form) if self.form else None

    @property
    def costs(self) -> ArmCosts:
        """Return the arm's use of tokens and labels, to be priced."""
        return ArmCosts(
            self.arm,
            self.prompt_tokens,
            self.response_tokens,
            self.cached_tokens,
            self.training_tokens,
            self.labels,
            self.arm in TUNED_ARMS,
        )


@dataclass(frozen=True)
class ArmSettings:
    """What the arms may choose from on development data, and how they are run.

    Candidates are tried in the order given and a later one must be better, so that ties
    go to the cheaper. Without `learning_rates`, LoRA trains at the model's default;
    `steps` is its number of optimiser steps, `None` for five epochs.
    """

    few_shot_counts: tuple[int, ...] = (1, 2, 4, 8)
    learning_rates: tuple[float, ...] = ()
    steps: int | None = EQUAL_STEPS
    batch_size: int = 64
    seed: int = 0
    examples: int = 3


class ReportProgress(Protocol):
    """Called before each piece of work: what it is, how many are done, of how many."""

    def __call__(self, what: str, done: int, total: int) -> None:
        """Take note of the progress."""


def measure_arms(
    model: LanguageModel,
    task: Task,
    *,
    arms: Sequence[str] | None = None,
    settings: ArmSettings | None = None,
    tuned: Mapping[str, TuningRun] | None = None,
    on_progress: ReportProgress | None = None,
) -> tuple[ArmResult, ...]:
    """Measure arms and rivals of a task: one result per arm and test.

    All of the task's by default. `tuned` gives finished runs on all training pairs for
    "LoRA" or "LoRA + engineered", which are then not trained again. Development data
    choose each arm's knobs; the tests are answered once.
    """
    chosen = tuple(arms) if arms is not None else task.spec.arms + task.spec.rivals
    results: list[ArmResult] = []
    for done, arm in enumerate(chosen):
        if on_progress is not None:
            on_progress(task.spec.title_of(arm), done, len(chosen))
        run = (tuned or {}).get(arm)
        results += measure_arm(model, task, arm, settings=settings, tuned=run)
    if on_progress is not None:
        on_progress("done", len(chosen), len(chosen))
    return tuple(results)


def measure_arm(
    model: LanguageModel,
    task: Task,
    arm: str,
    *,
    settings: ArmSettings | None = None,
    tuned: TuningRun | None = None,
) -> tuple[ArmResult, ...]:
    """Measure one arm or rival: one result per test of the task."""
    settings = settings or ArmSettings()
    if arm in RIVALS:
        return tuple(_measure_rival(task, arm, test, settings) for test in task.tests)
    if arm in TUNED_ARMS:
        plan = choose_tuned_plan(model, task, arm, settings, tuned)
    else:
        plan = choose_plan(model, task, arm, settings)
    with attached(model, plan.run):
        return tuple(
            _measure_test(model, task, arm, plan, test, settings) for test in task.tests
        )


# ── Plans: an arm with its knobs ───────────────────────────────────────────────────────


@dataclass(frozen=True)
class Plan:
    """How an arm asks: how it writes a query's prompt, what it needs, what it trained."""

    knobs: str
    write_prompt: Callable[[Query], str]
    labels: int = 0
    wording: int | None = None
    shots: int | None = None
    run: TuningRun | None = None
    training_tokens: int = 0

    @property
    def training_seconds(self) -> float:
        """Return the seconds of training, without evaluations."""
        return sum(record.seconds for record in self.run.trace) if self.run else 0.0


def choose_plan(
    model: LanguageModel, task: Task, arm: str, settings: ArmSettings
) -> Plan:
    """Return a prompting arm's best plan on development data, the first among equals.

    Raises ValueError when no plan's prompts fit into what the model reads.
    """
    plans = [p for p in list_plans(task, arm, settings) if _fits(model, task, p)]
    if not plans:
        raise ValueError(
            f'No prompt of the arm "{arm}" fits into the {model.context_length} tokens '
            f"that {model.name} reads: allow fewer examples, or take another model."
        )
    if len(plans) == 1:
        return plans[0]
    # max() takes the first of equals, and plans stand cheapest first.
    return max(plans, key=lambda p: score_on_development(model, task, p, settings))


def list_plans(task: Task, arm: str, settings: ArmSettings) -> list[Plan]:
    """Return the plans that a prompting arm may choose from, cheapest first."""
    pairs = [query.as_pair() for query in task.training]
    counts = [k for k in settings.few_shot_counts if k <= len(pairs)]
    if arm == BARE:
        return [plan_asking(None)]
    if arm == ENGINEERED:
        wordings = len(task.development[0].engineered)
        return [plan_asking(index) for index in range(wordings)]
    if arm == FEW_SHOT:
        shuffled = choose_some(pairs, max(counts, default=0), settings.seed)
        return [_plan_few_shot(task, shuffled[:k]) for k in counts]
    if arm == RETRIEVED:
        return [_plan_retrieved(task, pairs, k) for k in counts]
    if arm == GLOSSARY and task.glossaries:
        return [_plan_glossary(task, index) for index in range(len(task.glossaries))]
    raise ValueError(f'There is no arm "{arm}" in the task "{task.spec.name}".')


def choose_some(items: Sequence[T], n: int, seed: int) -> list[T]:
    """Return n items by chance; with the same seed, fewer items are part of more."""
    shuffled = list(items)
    random.Random(f"choose {seed}").shuffle(shuffled)
    return shuffled[:n]


def score_on_development(
    model: LanguageModel, task: Task, plan: Plan, settings: ArmSettings
) -> tuple[float, float]:
    """Return the shares of right answers and, to break ties, of right forms."""
    asked = ask(model, task, plan, task.development, settings)
    count = len(task.development)
    return sum(asked.right) / count, sum(asked.form) / count


@dataclass(frozen=True)
class Asked:
    """The answers to some queries, judged; `seconds` is what all of them took."""

    prompts: tuple[str, ...]
    answers: tuple[Answer, ...]
    right: tuple[bool, ...]
    form: tuple[bool, ...]
    seconds: float


def ask(
    model: LanguageModel,
    task: Task,
    plan: Plan,
    queries: Sequence[Query],
    settings: ArmSettings,
) -> Asked:
    """Let the model answer as the plan asks; an answer that does not end is wrong."""
    prompts = [plan.write_prompt(query) for query in queries]
    started = time.perf_counter()
    answers = model.generate_detailed(
        prompts,
        max_new_tokens=task.spec.max_new_tokens,
        batch_size=settings.batch_size,
    )
    seconds = time.perf_counter() - started
    right, form = judge_answers(queries, [answer.text for answer in answers])
    right = tuple(ok and a.ended for ok, a in zip(right, answers, strict=True))
    return Asked(tuple(prompts), tuple(answers), right, form, seconds)


def judge_answers(
    queries: Sequence[Query], answers: Sequence[str]
) -> tuple[tuple[bool, ...], tuple[bool, ...]]:
    """Return which answers are right, and which at least have the right form."""
    pairs = list(zip(queries, answers, strict=True))
    right = tuple(query.rule.check(answer) for query, answer in pairs)
    form = tuple(query.form.check(answer) for query, answer in pairs if query.form)
    return right, form


def plan_asking(wording: int | None) -> Plan:
    """Return the plan that asks the bare question, or in one of the wordings."""
    if wording is None:
        return Plan("", lambda query: query.bare)
    return Plan(
        f"wording {wording + 1}", lambda query: query.engineered[wording], wording=wording
    )


def _plan_few_shot(task: Task, examples: Sequence[Pair]) -> Plan:
    k = len(examples)
    return Plan(
        f"k = {k}", lambda q: few_shot(examples, q.bare), _labels(task, k), shots=k
    )


def _plan_retrieved(task: Task, pairs: Sequence[Pair], k: int) -> Plan:
    @cache
    def write_prompt(query: Query) -> str:
        # The pair of the very same question would be its answer, not an example of it.
        others = [pair for pair in pairs if pair.sample_id != query.id]
        return retrieved_few_shot(others, query.bare, k)

    return Plan(f"k = {k}", write_prompt, _labels(task, len(pairs)), shots=k)


def _plan_glossary(task: Task, index: int) -> Plan:
    text = task.glossaries[index]
    return Plan(
        f"form {index + 1} of {len(task.glossaries)}",
        lambda query: f"{text}\n\n{query.bare}",
        _labels(task, len(task.training)),
    )


def _labels(task: Task, pairs: int) -> int:
    return pairs if task.spec.labelled else 0


def _fits(model: LanguageModel, task: Task, plan: Plan) -> bool:
    """Return whether the plan's prompts leave the model room to answer.

    The tests' prompts are only measured here: nothing is learned from them.
    """
    room = model.context_length - task.spec.max_new_tokens
    prompts = [plan.write_prompt(q) for q in (*task.development, *task.queries)]
    # The longest in characters are about the longest in tokens, and counting all is slow.
    longest = sorted(prompts, key=len)[-20:]
    return all(model.count_tokens(prompt) <= room for prompt in longest)


# ── Tuned arms ─────────────────────────────────────────────────────────────────────────


def choose_tuned_plan(
    model: LanguageModel,
    task: Task,
    arm: str,
    settings: ArmSettings,
    run: TuningRun | None = None,
) -> Plan:
    """Return a tuned arm's plan: its run is given, or the best on development data."""
    asking = choose_asking(model, task, arm, settings)
    if run is not None:
        return add_run(model, task, asking, run)
    plans = [
        tune_plan(model, task, asking, tuning)
        for tuning in list_tuning_settings(model, settings)
    ]
    if len(plans) == 1:
        return plans[0]

    def score(plan: Plan) -> tuple[float, float]:
        with attached(model, plan.run):
            return score_on_development(model, task, plan, settings)

    return max(plans, key=score)


def choose_asking(
    model: LanguageModel, task: Task, arm: str, settings: ArmSettings
) -> Plan:
    """Return how a tuned arm asks: bare, or in the best wording of the base model."""
    prompted = ENGINEERED if arm == LORA_ENGINEERED else BARE
    return choose_plan(model, task, prompted, settings)


def list_tuning_settings(
    model: LanguageModel, settings: ArmSettings
) -> list[TuningSettings]:
    """Return the settings that a tuned arm may choose from; the default comes first."""
    from prompt_or_tune.tuning import default_settings

    default = replace(
        default_settings(model), seed=settings.seed, max_steps=settings.steps
    )
    rates = [default.learning_rate, *settings.learning_rates]
    return [replace(default, learning_rate=rate) for rate in dict.fromkeys(rates)]


def tune_plan(
    model: LanguageModel,
    task: Task,
    asking: Plan,
    tuning: TuningSettings,
    queries: Sequence[Query] | None = None,
) -> Plan:
    """Return the plan with a run on the training pairs, phrased as the arm asks."""
    from prompt_or_tune.tuning import tune

    chosen = task.training if queries is None else queries
    pairs = write_training_pairs(task, asking, chosen)
    return add_run(model, task, asking, tune(model, pairs, tuning).finish(), chosen)


def write_training_pairs(
    task: Task, asking: Plan, queries: Sequence[Query]
) -> list[Pair]:
    """Return the pairs that a tuned arm trains on, phrased as it will ask."""
    wording = None if task.spec.tunes_on_bare else asking.wording
    return [query.as_pair(wording) for query in queries]


def add_run(
    model: LanguageModel,
    task: Task,
    asking: Plan,
    run: TuningRun,
    queries: Sequence[Query] | None = None,
) -> Plan:
    """Return the plan with a finished run, its price in labels and tokens counted."""
    chosen = task.training if queries is None else queries
    pairs = write_training_pairs(task, asking, chosen)
    knobs = [asking.knobs, f"learning rate {run.settings.learning_rate:g}"]
    return replace(
        asking,
        knobs=", ".join(filter(None, knobs)),
        labels=_labels(task, len(pairs)),
        run=run,
        training_tokens=count_training_tokens(model, pairs, run.settings),
    )


def count_training_tokens(
    model: LanguageModel, pairs: Sequence[Pair], settings: TuningSettings
) -> int:
    """Return the real tokens that a run reads, each once per time that it is seen.

    Of an unfinished last pass the mean length is taken: which pairs it saw is chance.
    """
    from prompt_or_tune.pairs import encode

    tokens = sum(len(encode(pair, model).input_ids) for pair in pairs)
    batches = -(-len(pairs) // settings.batch_size)
    passes, rest = divmod(settings.count_steps(len(pairs)), batches)
    seen = passes * len(pairs) + min(rest * settings.batch_size, len(pairs))
    return round(tokens * seen / len(pairs))


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


# ── Measuring ──────────────────────────────────────────────────────────────────────────


def _measure_test(
    model: LanguageModel,
    task: Task,
    arm: str,
    plan: Plan,
    test: Test,
    settings: ArmSettings,
) -> ArmResult:
    asked = ask(model, task, plan, test.queries, settings)
    parameters = model.count_parameters()
    prompt_tokens, cached = _count_prompt_tokens(model, asked.prompts)
    response_tokens = sum(a.tokens for a in asked.answers) / len(asked.answers)
    per_token = forward_flops_per_token(parameters)
    texts = [answer.text for answer in asked.answers]
    return ArmResult(
        task=task.spec.name,
        test=test.name,
        arm=arm,
        correct=asked.right,
        prompt_tokens=prompt_tokens,
        response_tokens=response_tokens,
        flops_per_query=per_token * (prompt_tokens + response_tokens),
        seconds_per_query=asked.seconds / len(asked.prompts),
        cached_tokens=cached,
        training_flops=_count_training_flops(parameters, plan),
        training_tokens=plan.training_tokens,
        training_seconds=plan.training_seconds,
        labels=plan.labels,
        knobs=plan.knobs,
        form=asked.form,
        rules=_count_rules(test.queries, texts),
        examples=_show_examples(asked.prompts, texts, asked.right, settings),
    )


def _count_rules(
    queries: Sequence[Query], answers: Sequence[str]
) -> tuple[RuleCount, ...]:
    """Return how many answers satisfy each rule of the queries' briefs."""
    results = [
        query.rule.judge(answer)
        for query, answer in zip(queries, answers, strict=True)
        if isinstance(query.rule, Brief)
    ]
    if not results:
        return ()
    rates = rates_by_rule(results).items()
    return tuple(RuleCount(name, rate.successes, rate.n) for name, rate in rates)


def _show_examples(
    prompts: Sequence[str],
    answers: Sequence[str],
    right: Sequence[bool],
    settings: ArmSettings,
) -> tuple[Answered, ...]:
    """Return a few queries with their answers, spread over the test."""
    count = min(settings.examples, len(prompts))
    shown = [i * len(prompts) // count for i in range(count)]
    return tuple(Answered(prompts[i], answers[i], right[i]) for i in shown)


def _count_training_flops(parameters: int, plan: Plan) -> float:
    if plan.run is None:
        return 0.0
    adapter = plan.run.adapter.count_parameters()
    return plan.training_tokens * lora_flops_per_token(parameters, adapter)


def _count_prompt_tokens(
    model: LanguageModel, prompts: Sequence[str]
) -> tuple[float, float]:
    """Return the mean tokens per prompt, and how many all prompts begin with."""
    encoded = [model.encode_prompt(prompt) for prompt in prompts]
    mean = sum(map(len, encoded)) / len(encoded)
    return mean, float(_count_shared_start(encoded)) if len(encoded) > 1 else 0.0


def _count_shared_start(rows: Sequence[Sequence[int]]) -> int:
    """Return how many items all rows begin with."""
    columns = zip(*rows, strict=False)
    same = itertools.takewhile(lambda column: len(set(column)) == 1, columns)
    return sum(1 for _ in same)


def _measure_rival(
    task: Task, rival: str, test: Test, settings: ArmSettings
) -> ArmResult:
    started = time.perf_counter()
    answers = answer_as_rival(rival, task.spec, task.training, test.queries)
    seconds = time.perf_counter() - started
    right, form = judge_answers(test.queries, answers)
    prompts = [query.bare for query in test.queries]
    return ArmResult(
        task=task.spec.name,
        test=test.name,
        arm=rival,
        correct=right,
        prompt_tokens=0.0,
        response_tokens=0.0,
        flops_per_query=0.0,
        seconds_per_query=seconds / len(answers),
        labels=_labels(task, len(task.training)),
        form=form,
        rules=_count_rules(test.queries, answers),
        examples=_show_examples(prompts, answers, right, settings),
    )
