"""The points of a learning curve: one job each, on one process or on several."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from prompt_or_tune.decision.arms.arm import Arm, ReadyArm
from prompt_or_tune.decision.asking import EQUAL_STEPS, ArmSettings
from prompt_or_tune.decision.queries import TaskData, Test, choose_some
from prompt_or_tune.decision.results import CurvePoint, Schedule

if TYPE_CHECKING:
    from prompt_or_tune.models import LanguageModel

SIZES = (8, 16, 32, 64, 125, 250, 500, 1000)
"""Numbers of pairs: each about twice the one before."""
SEEDS = (0, 1, 2, 3, 4)


@dataclass(frozen=True)
class Curve:
    """A learning curve to measure: an arm with n pairs for every size and seed."""

    arm: Arm
    sizes: tuple[int, ...] = SIZES
    seeds: tuple[int, ...] = SEEDS
    schedule: Schedule = "equal steps"


@dataclass(frozen=True)
class CurveJob:
    """One point to measure: an arm with n of the pairs, chosen and tuned by a seed.

    `settings` leave the arm the choice that it has with so many pairs.
    """

    arm: Arm
    n: int
    seed: int
    schedule: Schedule
    settings: ArmSettings

    @property
    def key(self) -> tuple[str, str, int, int]:
        """Return what distinguishes the job's points from others of its task."""
        return self.arm.name, self.schedule, self.n, self.seed


def plan_jobs(data: TaskData, curve: Curve, settings: ArmSettings) -> list[CurveJob]:
    """Return the jobs of a curve, the largest first: they take longest.

    Sizes beyond the pairs that there are, are left out.
    """
    schedule = curve.schedule if curve.arm.trains else "none"
    steps = None if schedule == "5 epochs" else settings.steps or EQUAL_STEPS
    able = [n for n in sorted(curve.sizes, reverse=True) if n <= len(data.training)]
    return [
        CurveJob(curve.arm, n, seed, schedule, replace(settings, seed=seed, steps=steps))
        for n in able
        for seed in curve.seeds
    ]


def run_jobs(
    model: LanguageModel,
    data: TaskData,
    jobs: Sequence[CurveJob],
    workers: int,
    on_job: Callable[[CurveJob], None],
) -> Iterator[tuple[CurvePoint, ...]]:
    """Yield each job's points, one per test, as they are finished.

    With several `workers`, each is a process with one thread of its own. `on_job` is
    called before a job begins or, where several run at once, when one is finished.
    """
    if workers <= 1 or len(jobs) <= 1:
        for job in jobs:
            on_job(job)
            yield run_job(model, data, job)
        return
    context = multiprocessing.get_context("spawn")  # torch's threads don't survive fork
    others = set(multiprocessing.active_children())
    with ProcessPoolExecutor(
        min(workers, len(jobs)),
        mp_context=context,
        initializer=_start_worker,
        initargs=(model.name, str(model.device), data),
    ) as pool:
        futures = {pool.submit(_run_in_worker, job): job for job in jobs}
        try:
            for future in as_completed(futures):
                on_job(futures[future])
                yield future.result()
        except BaseException:  # an error, an interrupt, or the caller has left the loop
            pool.shutdown(wait=False, cancel_futures=True)
            for worker in set(multiprocessing.active_children()) - others:
                worker.terminate()  # else leaving would wait for the jobs under way
            raise


def run_job(
    model: LanguageModel, data: TaskData, job: CurveJob
) -> tuple[CurvePoint, ...]:
    """Measure one point of a curve on every test of the task."""
    fewer = replace(data, training=tuple(choose_some(data.training, job.n, job.seed)))
    ready = job.arm.prepare(model, fewer, job.settings)
    return tuple(_answer_test(fewer, job, ready, test) for test in data.tests)


def _answer_test(
    data: TaskData, job: CurveJob, ready: ReadyArm, test: Test
) -> CurvePoint:
    right = ready.answer(test.queries).right
    return CurvePoint(
        task=data.name,
        test=test.name,
        arm=job.arm.name,
        schedule=job.schedule,
        n=job.n,
        seed=job.seed,
        successes=sum(right),
        of=len(right),
        loss=ready.loss,
        training_tokens=ready.training_tokens,
        seconds=ready.training_seconds,
    )


# A worker is a process of its own: it loads the model once and keeps it here.
_worker: tuple[LanguageModel, TaskData] | None = None


def _start_worker(name: str, device: str, data: TaskData) -> None:
    import torch

    from prompt_or_tune.models import load_model

    global _worker
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent is told, and ends us
    torch.set_num_threads(1)  # more threads than cores slow every worker down
    _worker = load_model(name, device=device), data


def _run_in_worker(job: CurveJob) -> tuple[CurvePoint, ...]:
    if _worker is None:
        raise RuntimeError("The worker was not started by run_jobs.")
    return run_job(*_worker, job)
