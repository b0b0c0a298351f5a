"""The measurer: lets arms answer a task's tests, and stores what each of them gave.

One code path for `measure`, `decide`, the tour and the notebooks: each arm is made ready
(knobs chosen on development data, trained if it trains), answers every test once, and is
stored before the next one begins.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from prompt_or_tune.decision.arms.arm import Arm, ReadyArm
from prompt_or_tune.decision.arms.lora import LORA
from prompt_or_tune.decision.asking import Answers, ArmSettings, NoRoomError
from prompt_or_tune.decision.curve_jobs import (
    SEEDS,
    SIZES,
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
    Schedule,
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
    """Measures arms and curves one after the other; what is stored is not done again.

    `total` is how many arms and points its caller will ask for. `notices` say what was
    left out, and why.
    """

    def __init__(
        self,
        model: LanguageModel,
        store: Store,
        on_progress: ReportProgress | None,
        total: int,
    ) -> None:
        self.model = model
        self.store = store
        self.notices: list[str] = []
        self.total = total
        self._done = 0
        self._on_progress = on_progress

    def report(self, what: str) -> None:
        """Tell what is done next."""
        if self._on_progress is not None:
            self._on_progress(what, self._done, self.total)

    def finish(self, count: int = 1) -> None:
        """Count pieces of work as done."""
        self._done += count

    def measure_arm(
        self, data: TaskData, arm: Arm, settings: ArmSettings, what: str
    ) -> tuple[ArmResult, ...]:
        """Return one result per test of the task, measured or stored.

        An arm of whose examples none fit is left out, with a notice.
        """
        self.report(what)
        results = self.store.find_arm(data.name, arm.name)
        if not results:
            try:
                results = measure_arm(self.model, data, arm, settings)
            except NoRoomError as error:
                if not arm.needs_room:
                    raise
                self.notices.append(f"{arm.name} was left out. {error}")
            self.store.add(arms=results)
        self.finish()
        return results

    def measure_curves(
        self,
        data: TaskData,
        curves: Sequence[Curve],
        settings: ArmSettings,
        name_job: Callable[[CurveJob], str],
        workers: int = 1,
    ) -> tuple[CurvePoint, ...]:
        """Return the points of some curves of one task, measured or stored."""
        known = {
            (point.arm, point.schedule, point.n, point.seed)
            for point in self.store.records.curves
            if point.task == data.name
        }
        left: list[CurveJob] = []
        for curve in curves:
            keys = [job.key for job in plan_jobs(data, curve, settings)]
            self.finish(len(known.intersection(keys)))
            if not known.issuperset(keys):
                settled = curve.arm.settle(self.model, data, settings)
                jobs = plan_jobs(data, curve, settled)
                left += [job for job in jobs if job.key not in known]

        def tell(job: CurveJob) -> None:
            self.report(name_job(job))

        for points in run_jobs(self.model, data, left, workers, tell):
            self.store.add(curves=points)
            self.finish()
        return sort_points(p for p in self.store.records.curves if p.task == data.name)


def measure_arm(
    model: LanguageModel, data: TaskData, arm: Arm, settings: ArmSettings
) -> tuple[ArmResult, ...]:
    """Measure one arm or rival: one result per test of the task.

    Development data choose its knobs; the tests are answered once. Raises NoRoomError
    where no prompt of the arm fits into what the model reads.
    """
    ready = arm.prepare(model, data, settings)
    return tuple(_answer_test(data, arm, ready, test) for test in data.tests)


def measure_arms(
    model: LanguageModel,
    data: TaskData,
    arms: Sequence[Arm],
    settings: ArmSettings | None = None,
) -> tuple[ArmResult, ...]:
    """Measure some arms of a task: one result per arm and test.

    An arm with a finished run, `LoRA(run)`, is not trained again.
    """
    measurer = Measurer(model, Store(), None, len(arms))
    found = [
        measurer.measure_arm(data, arm, settings or ArmSettings(), arm.title)
        for arm in arms
    ]
    return tuple(result for results in found for result in results)


def learning_curve(
    model: LanguageModel,
    data: TaskData,
    arm: Arm = LORA,
    *,
    sizes: Sequence[int] = SIZES,
    seeds: Sequence[int] = SEEDS,
    schedule: Schedule = "equal steps",
    workers: int = 1,
    settings: ArmSettings | None = None,
) -> tuple[CurvePoint, ...]:
    """Measure an arm with n pairs for every size and seed, on all tests of the task.

    Sizes beyond the pairs that there are, are left out. With several `workers`, each is a
    process with one thread of its own.
    """
    curve = Curve(arm, tuple(sizes), tuple(seeds), schedule)
    measurer = Measurer(model, Store(), None, len(sizes) * len(seeds))
    return measurer.measure_curves(
        data, [curve], settings or ArmSettings(), lambda job: arm.title, workers
    )


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
