"""The measurer: lets arms answer a task's tests, and stores what each of them gave.

One code path for `measure`, `decide`, the tour and the notebooks: each arm is made ready
(knobs chosen on development data, trained if it trains), answers every test once, and is
stored before the next one begins.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from prompt_or_tune.decision.arms.arm import Arm, ReadyArm
from prompt_or_tune.decision.arms.lora import LORA
from prompt_or_tune.decision.asking import Answers, ArmSettings, NoRoomError
from prompt_or_tune.decision.curve_jobs import (
    Curve,
    CurveJob,
    plan_jobs,
    run_jobs,
)
from prompt_or_tune.decision.curves import sort_points
from prompt_or_tune.decision.queries import Query, TaskData, Test
from prompt_or_tune.decision.results import (
    Answered,
    ArmResult,
    CurvePoint,
    RuleCount,
)
from prompt_or_tune.decision.store import Store
from prompt_or_tune.scoring import Brief, rates_by_rule

if TYPE_CHECKING:
    from prompt_or_tune.models import LanguageModel

EXAMPLES_SHOWN = 3
"""Answers of each test that are kept to look at."""


class ReportProgress(Protocol):
    """Called before each piece of work: what it is, how many are done, of how many."""

    def __call__(self, what: str, done: int, total: int) -> None:
        """Take note of the progress."""


class Measurer:
    """Does one piece of work after the other; what is stored is not done again.

    `notices` say what was left out, and why. `workers` processes share learning curves.
    """

    def __init__(
        self,
        model: LanguageModel,
        store: Store,
        on_progress: ReportProgress | None,
        workers: int = 1,
    ) -> None:
        self.model = model
        self.store = store
        self.workers = workers
        self.notices: list[str] = []
        self._on_progress = on_progress
        self._done = 0
        self._total = 0

    def measure(self, plan: Sequence[Work]) -> None:
        """Do all work of a plan, in its order."""
        self._done, self._total = 0, sum(work.count() for work in plan)
        for work in plan:
            work.do(self)
        self.report("done")

    def report(self, what: str) -> None:
        """Tell what is done next."""
        if self._on_progress is not None:
            self._on_progress(what, self._done, self._total)

    def finish(self, pieces: int = 1) -> None:
        """Count pieces of work as done."""
        self._done += pieces


class Work(ABC):
    """A part of a plan: how many pieces it has, and how they are done."""

    @abstractmethod
    def count(self) -> int:
        """Return how many arms, points or runs the work has."""

    @abstractmethod
    def do(self, measurer: Measurer) -> None:
        """Do what is not stored yet, and store it."""


@dataclass(frozen=True)
class MeasureArm(Work):
    """Let an arm answer all tests of a task; `what` names it to who waits.

    An arm of whose examples none fit is left out, with a notice.
    """

    data: TaskData
    arm: Arm
    settings: ArmSettings
    what: str

    def count(self) -> int:
        """Return 1: an arm is one piece of work."""
        return 1

    def do(self, measurer: Measurer) -> None:
        """Measure the arm, unless its results are stored."""
        measurer.report(self.what)
        store = measurer.store
        if not store.find_arm(self.data.name, self.arm.name):
            try:
                found = measure_arm(measurer.model, self.data, self.arm, self.settings)
                store.add(arms=found)
            except NoRoomError as error:
                if not self.arm.needs_room:
                    raise
                measurer.notices.append(f"{self.arm.name} was left out. {error}")
        measurer.finish()


@dataclass(frozen=True)
class MeasureCurves(Work):
    """Measure learning curves of a task's arms; `name_job` names a point to who waits.

    LoRA learns at the model's default rate or, with `at_chosen_rate`, at the one that it
    chose when it was measured with all pairs.
    """

    data: TaskData
    curves: tuple[Curve, ...]
    settings: ArmSettings
    name_job: Callable[[CurveJob], str]
    at_chosen_rate: bool = False

    def count(self) -> int:
        """Return the number of points, a test apart."""
        return sum(len(self._plan(curve, self.settings)) for curve in self.curves)

    def do(self, measurer: Measurer) -> None:
        """Measure all points that are not stored."""
        known = measurer.store.find_points(self.data.name)
        left: list[CurveJob] = []
        for curve in self.curves:
            keys = [job.key for job in self._plan(curve, self.settings)]
            measurer.finish(len(known.intersection(keys)))
            if not known.issuperset(keys):
                settings = self._settle(measurer, curve)
                jobs = self._plan(curve, settings)
                left += [job for job in jobs if job.key not in known]

        def tell(job: CurveJob) -> None:
            measurer.report(self.name_job(job))

        for points in run_jobs(measurer.model, self.data, left, measurer.workers, tell):
            measurer.store.add(curves=points)
            measurer.finish()

    def _plan(self, curve: Curve, settings: ArmSettings) -> list[CurveJob]:
        return plan_jobs(self.data, curve, settings)

    def _settle(self, measurer: Measurer, curve: Curve) -> ArmSettings:
        """Return settings that leave the curve's arm no choice."""
        settings = replace(self.settings, learning_rates=(), rate_factors=(1.0,))
        if self.at_chosen_rate:
            whole = measurer.store.find_arm(self.data.name, curve.arm.name)
            rates = {result.learning_rate for result in whole} - {None}
            settings = replace(settings, learning_rates=tuple(filter(None, rates)))
        return curve.arm.settle(measurer.model, self.data, settings)


def measure_arm(
    model: LanguageModel, data: TaskData, arm: Arm, settings: ArmSettings
) -> tuple[ArmResult, ...]:
    """Measure one arm or rival: one result per test of the task.

    Development data choose its knobs; the tests are answered once. Raises NoRoomError
    where no prompt of the arm fits into what the model reads.
    """
    ready = arm.prepare(model, data, settings)
    return tuple(_answer_test(data, arm, ready, test) for test in data.tests)


def learning_curve(
    model: LanguageModel,
    data: TaskData,
    arm: Arm = LORA,
    *,
    sizes: Sequence[int],
    seeds: Sequence[int],
) -> tuple[CurvePoint, ...]:
    """Measure an arm with n pairs for every size and seed, on all tests of the task.

    Every point takes as many optimiser steps. Sizes beyond the pairs that there are, are
    left out.
    """
    measurer = Measurer(model, Store(), None)
    curve = Curve(arm, tuple(sizes), tuple(seeds))
    measurer.measure(
        [MeasureCurves(data, (curve,), ArmSettings(), lambda job: job.arm.title)]
    )
    return sort_points(measurer.store.records.curves)


def _answer_test(data: TaskData, arm: Arm, ready: ReadyArm, test: Test) -> ArmResult:
    answers = ready.answer(test.queries)
    return ArmResult(
        task=data.name,
        test=test.name,
        arm=arm.name,
        correct=answers.right,
        prompt_tokens=answers.prompt_tokens,
        response_tokens=answers.response_tokens,
        flops_per_query=answers.flops,
        seconds_per_query=answers.seconds / len(answers.texts),
        cached_tokens=answers.cached_tokens,
        training_flops=ready.training_flops,
        training_tokens=ready.training_tokens,
        training_seconds=ready.training_seconds,
        labels=ready.labels,
        knobs=ready.knobs,
        learning_rate=ready.learning_rate,
        loss=ready.loss,
        form=answers.form,
        rules=_count_rules(test.queries, answers.texts),
        examples=_show_examples(answers),
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


def _show_examples(answers: Answers) -> tuple[Answered, ...]:
    """Return a few queries with their answers, spread over the test."""
    of = len(answers.prompts)
    count = min(EXAMPLES_SHOWN, of)
    shown = [i * of // count for i in range(count)]
    return tuple(
        Answered(answers.prompts[i], answers.texts[i], answers.right[i]) for i in shown
    )
