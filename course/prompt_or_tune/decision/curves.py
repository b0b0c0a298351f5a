"""Learning curves: accuracy against number of pairs, the crossover, a prompt's worth."""

from __future__ import annotations

import itertools
import multiprocessing
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from prompt_or_tune.decision.arms import (
    EQUAL_STEPS,
    ArmSettings,
    ask,
    attached,
    choose_plan,
    choose_some,
    judge_answers,
    list_tuning_settings,
    plan_asking,
    tune_plan,
)
from prompt_or_tune.decision.rivals import answer_as_rival
from prompt_or_tune.decision.tasks import (
    ENGINEERED,
    LORA,
    LORA_ENGINEERED,
    RETRIEVED,
    RIVALS,
    TUNED_ARMS,
    Query,
    Task,
    Test,
)

if TYPE_CHECKING:
    from prompt_or_tune.decision.arms import Plan
    from prompt_or_tune.models import LanguageModel

SIZES = (8, 16, 32, 64, 125, 250, 500, 1000)
"""Numbers of pairs: each about twice the one before."""
SEEDS = (0, 1, 2, 3, 4)

Schedule = Literal["equal steps", "5 epochs", "none"]
"""How long a run trains: as many steps for every n, or five times through the pairs;
"none" for arms that do not train."""


@dataclass(frozen=True)
class CurveJob:
    """One point to measure: an arm with n of the pairs, chosen and tuned by a seed.

    `wording` is the engineered wording that the arm asks in (None: the bare prompt),
    `shots` the number of examples that it shows (None: chosen at this n).
    """

    arm: str
    n: int
    seed: int
    schedule: Schedule = "equal steps"
    wording: int | None = None
    shots: int | None = None


@dataclass(frozen=True)
class CurvePoint:
    """What an arm with n pairs got right on one test, for one seed.

    `training_tokens` counts each token once per time it was read; `seconds` is training
    alone; `loss` the mean of the last pass in nats, `None` for arms that do not train.
    """

    task: str
    test: str
    arm: str
    schedule: Schedule
    n: int
    seed: int
    successes: int
    of: int
    loss: float | None = None
    training_tokens: int = 0
    seconds: float = 0.0

    @property
    def accuracy(self) -> float:
        """Return the share of right answers."""
        return self.successes / self.of


@dataclass(frozen=True)
class CurveRow:
    """A curve at n: the mean over seeds, and the worst and best of them."""

    n: int
    mean: float
    low: float
    high: float
    seeds: int


# ── Measuring ──────────────────────────────────────────────────────────────────────────


def learning_curve(
    model: LanguageModel,
    task: Task,
    arm: str = LORA,
    *,
    sizes: Sequence[int] = SIZES,
    seeds: Sequence[int] = SEEDS,
    schedule: Schedule = "equal steps",
    workers: int = 1,
    settings: ArmSettings | None = None,
    on_point: Callable[[CurvePoint], None] | None = None,
) -> tuple[CurvePoint, ...]:
    """Measure an arm with n pairs for every size and seed, on all tests of the task.

    Sizes beyond the pairs that there are, are left out. With several `workers`, each is a
    process with one thread of its own. `on_point` is called as points come in.
    """
    settings = settings or ArmSettings()
    jobs = plan_jobs(task, arm, sizes=sizes, seeds=seeds, schedule=schedule)
    jobs = choose_job_knobs(model, task, jobs, settings)
    points: list[CurvePoint] = []
    for _, measured in run_jobs(model, task, jobs, workers=workers, settings=settings):
        for point in measured:
            points.append(point)
            if on_point is not None:
                on_point(point)
    return sort_points(points)


def plan_jobs(
    task: Task,
    arm: str,
    *,
    sizes: Sequence[int] = SIZES,
    seeds: Sequence[int] = SEEDS,
    schedule: Schedule = "equal steps",
) -> list[CurveJob]:
    """Return the jobs of a curve, the largest first: they take longest."""
    schedule = schedule if arm in TUNED_ARMS else "none"
    able = [n for n in sorted(sizes, reverse=True) if n <= len(task.training)]
    return [CurveJob(arm, n, seed, schedule) for n in able for seed in seeds]


def choose_job_knobs(
    model: LanguageModel, task: Task, jobs: Sequence[CurveJob], settings: ArmSettings
) -> list[CurveJob]:
    """Return the jobs with the knobs that development data choose with all pairs."""
    arms = {job.arm for job in jobs}
    wording = shots = None
    if LORA_ENGINEERED in arms:
        wording = choose_plan(model, task, ENGINEERED, settings).wording
    if RETRIEVED in arms:
        shots = choose_plan(model, task, RETRIEVED, settings).shots
    return [_set_knobs(job, wording, shots) for job in jobs]


def _set_knobs(job: CurveJob, wording: int | None, shots: int | None) -> CurveJob:
    if job.arm == LORA_ENGINEERED:
        return replace(job, wording=wording)
    return replace(job, shots=shots) if job.arm == RETRIEVED else job


def run_jobs(
    model: LanguageModel,
    task: Task,
    jobs: Sequence[CurveJob],
    *,
    workers: int = 1,
    settings: ArmSettings | None = None,
) -> Iterator[tuple[CurveJob, tuple[CurvePoint, ...]]]:
    """Yield each job with its points, one per test, as they are finished."""
    settings = settings or ArmSettings()
    if workers <= 1 or len(jobs) <= 1:
        for job in jobs:
            yield job, run_job(model, task, job, settings)
        return
    context = multiprocessing.get_context("spawn")  # torch's threads don't survive fork
    others = set(multiprocessing.active_children())
    with ProcessPoolExecutor(
        min(workers, len(jobs)),
        mp_context=context,
        initializer=_start_worker,
        initargs=(model.name, str(model.device), task, settings),
    ) as pool:
        futures = {pool.submit(_run_in_worker, job): job for job in jobs}
        try:
            for future in as_completed(futures):
                yield futures[future], future.result()
        except BaseException:  # an error, an interrupt, or the caller has left the loop
            pool.shutdown(wait=False, cancel_futures=True)
            for worker in set(multiprocessing.active_children()) - others:
                worker.terminate()  # else leaving would wait for the jobs under way
            raise


def run_job(
    model: LanguageModel, task: Task, job: CurveJob, settings: ArmSettings
) -> tuple[CurvePoint, ...]:
    """Measure one point of a curve on every test of the task."""
    queries = choose_some(task.training, job.n, job.seed)
    own = _settings_of(job, settings)
    if job.arm in RIVALS:
        return _answer_as_rival(task, job, queries)
    if job.arm not in TUNED_ARMS:
        fewer = replace(task, training=tuple(queries))
        plan = choose_plan(model, fewer, job.arm, own)
    else:
        tuning = list_tuning_settings(model, own)[0]
        plan = tune_plan(model, task, plan_asking(job.wording), tuning, queries)
    with attached(model, plan.run):
        return tuple(
            _make_point(
                task,
                job,
                test,
                ask(model, task, plan, test.queries, settings).right,
                plan,
            )
            for test in task.tests
        )


def _settings_of(job: CurveJob, settings: ArmSettings) -> ArmSettings:
    if job.shots is not None:
        settings = replace(settings, few_shot_counts=(job.shots,))
    if job.schedule == "5 epochs":
        return replace(settings, seed=job.seed, steps=None)
    return replace(settings, seed=job.seed, steps=settings.steps or EQUAL_STEPS)


def _answer_as_rival(
    task: Task, job: CurveJob, queries: Sequence[Query]
) -> tuple[CurvePoint, ...]:
    points = []
    for test in task.tests:
        answers = answer_as_rival(job.arm, task.spec, queries, test.queries)
        right, _ = judge_answers(test.queries, answers)
        points.append(_make_point(task, job, test, right))
    return tuple(points)


def _make_point(
    task: Task,
    job: CurveJob,
    test: Test,
    right: Sequence[bool],
    plan: Plan | None = None,
) -> CurvePoint:
    trace = plan.run.trace if plan is not None and plan.run is not None else ()
    return CurvePoint(
        task=task.spec.name,
        test=test.name,
        arm=job.arm,
        schedule=job.schedule,
        n=job.n,
        seed=job.seed,
        successes=sum(right),
        of=len(right),
        loss=trace[-1].loss if trace else None,
        training_tokens=plan.training_tokens if plan is not None else 0,
        seconds=plan.training_seconds if plan is not None else 0.0,
    )


# A worker is a process of its own: it loads the model once and keeps it here.
_worker: tuple[LanguageModel, Task, ArmSettings] | None = None


def _start_worker(name: str, device: str, task: Task, settings: ArmSettings) -> None:
    import torch

    from prompt_or_tune.models import load_model

    global _worker
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent is told, and ends us
    torch.set_num_threads(1)  # more threads than cores slow every worker down
    _worker = load_model(name, device=device), task, settings


def _run_in_worker(job: CurveJob) -> tuple[CurvePoint, ...]:
    if _worker is None:
        raise RuntimeError("The worker was not started by run_jobs.")
    model, task, settings = _worker
    return run_job(model, task, job, settings)


# ── Reading curves ─────────────────────────────────────────────────────────────────────


def sort_points(points: Iterable[CurvePoint]) -> tuple[CurvePoint, ...]:
    """Return points by task, arm, schedule, test, n and seed."""
    return tuple(
        sorted(points, key=lambda p: (p.task, p.arm, p.schedule, p.test, p.n, p.seed))
    )


def select_points(
    points: Iterable[CurvePoint],
    *,
    task: str | None = None,
    arm: str | None = None,
    test: str | None = None,
    schedule: str | None = None,
) -> tuple[CurvePoint, ...]:
    """Return the points of one curve; what is left open is not looked at."""
    wanted = {"task": task, "arm": arm, "test": test, "schedule": schedule}
    given = {name: value for name, value in wanted.items() if value is not None}
    return tuple(
        p for p in points if all(getattr(p, name) == v for name, v in given.items())
    )


def summarise_curve(points: Iterable[CurvePoint]) -> tuple[CurveRow, ...]:
    """Return the mean, worst and best seed for each n, by growing n.

    The points must be of one curve (`select_points`); raises ValueError if not.
    """
    points = list(points)
    if len({(p.task, p.arm, p.test, p.schedule) for p in points}) > 1:
        raise ValueError("These points are of several curves: use select_points first.")
    by_size: dict[int, list[float]] = {}
    for point in points:
        by_size.setdefault(point.n, []).append(point.accuracy)
    return tuple(
        CurveRow(n, sum(values) / len(values), min(values), max(values), len(values))
        for n, values in sorted(by_size.items())
    )


def crossover(curve: Sequence[CurveRow], bar: float) -> float | None:
    """Return n*, the number of pairs from which the curve's mean stays at or above a bar.

    Between the last measured n below the bar and the next, n* is interpolated linearly
    in log n. If no n is below the bar, the smallest measured n is returned ("at most");
    if the largest is, `None`: never within what was measured.
    """
    if not curve:
        raise ValueError("An empty curve crosses nothing.")
    rows = sorted(curve, key=lambda row: row.n)
    below = [index for index, row in enumerate(rows) if row.mean < bar]
    if not below:
        return float(rows[0].n)
    if below[-1] == len(rows) - 1:
        return None
    before, after = rows[below[-1]], rows[below[-1] + 1]
    share = (bar - before.mean) / (after.mean - before.mean)
    return before.n * (after.n / before.n) ** share


@dataclass(frozen=True)
class PromptWorth:
    """What a prompt is worth in pairs: mean horizontal distance of two learning curves.

    `low` and `high` bound the window of accuracies that both curves cover.
    """

    pairs: float
    low: float
    high: float


def prompt_worth(
    curve_with: Sequence[CurveRow], curve_without: Sequence[CurveRow]
) -> PromptWorth | None:
    """Return how many pairs a prompt is worth in tuning, None where no window is shared.

    Le Scao & Rush (2021), *How many data points is a prompt worth?*: the area between the
    learning curves with and without the prompt, over the accuracies that both cover,
    divided by that window's height. A curve is made to rise first (the best mean so far),
    and is linear in n between measured sizes, so that each accuracy has one n.
    """
    rising_with, rising_without = _make_rising(curve_with), _make_rising(curve_without)
    low = max(rising_with[0][1], rising_without[0][1])
    high = min(rising_with[-1][1], rising_without[-1][1])
    if high <= low:
        return None
    area = _area_left_of(rising_without, low, high) - _area_left_of(
        rising_with, low, high
    )
    return PromptWorth(area / (high - low), low, high)


def prompt_worth_by_seed(
    points_with: Iterable[CurvePoint], points_without: Iterable[CurvePoint]
) -> tuple[PromptWorth, ...]:
    """Return a prompt's worth for each seed of which both curves have points.

    Seeds whose curves share no window are left out.
    """
    with_prompt, without = _split_by_seed(points_with), _split_by_seed(points_without)
    found = [
        prompt_worth(summarise_curve(with_prompt[seed]), summarise_curve(without[seed]))
        for seed in sorted(with_prompt.keys() & without.keys())
    ]
    return tuple(worth for worth in found if worth is not None)


def _split_by_seed(points: Iterable[CurvePoint]) -> dict[int, list[CurvePoint]]:
    by_seed: dict[int, list[CurvePoint]] = {}
    for point in points:
        by_seed.setdefault(point.seed, []).append(point)
    return by_seed


def _make_rising(curve: Sequence[CurveRow]) -> list[tuple[int, float]]:
    rows = sorted(curve, key=lambda row: row.n)
    best = itertools.accumulate((row.mean for row in rows), max)
    return [(row.n, value) for row, value in zip(rows, best, strict=True)]


def _area_left_of(points: Sequence[tuple[int, float]], low: float, high: float) -> float:
    """Integrate n over the accuracies from low to high; exact for a broken line."""
    area = 0.0
    for (n0, y0), (n1, y1) in itertools.pairwise(points):
        bottom, top = max(low, y0), min(high, y1)
        if top > bottom:  # level stretches have no height
            middle = (bottom + top) / 2
            area += (top - bottom) * (n0 + (n1 - n0) * (middle - y0) / (y1 - y0))
    return area
