"""Record what the course shows: arms, curves and default runs of its own tasks."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from prompt_or_tune.decision.arms.lora import LORA, LORA_ENGINEERED, LoRA
from prompt_or_tune.decision.arms.retrieved_few_shot import RETRIEVED
from prompt_or_tune.decision.asking import ArmSettings
from prompt_or_tune.decision.curve_jobs import SEEDS, Curve, CurveJob, plan_jobs
from prompt_or_tune.decision.curves import sort_points
from prompt_or_tune.decision.measurer import Measurer, ReportProgress, measure_arm
from prompt_or_tune.decision.provenance import describe_making
from prompt_or_tune.decision.queries import TaskData
from prompt_or_tune.decision.results import (
    RESULTS_FILE,
    DefaultRun,
    Results,
    TestAnswers,
    load_results,
    save_results,
)
from prompt_or_tune.decision.store import Store
from prompt_or_tune.decision.tasks import build_task, find_task, list_tasks
from prompt_or_tune.decision.tasks.brief import BRIEF
from prompt_or_tune.decision.tasks.voice import VOICE
from prompt_or_tune.records import TuningRun

if TYPE_CHECKING:
    from prompt_or_tune.models import LanguageModel

ADAPTER_FOLDER = Path(__file__).parent.parent / "adapter"
HELD_OUT = 200
"""Development pairs whose exact match a default run measures after each epoch."""


Curves = Mapping[str, tuple[Curve, ...]]
"""The learning curves to record, by task."""

DEFAULT_CURVES: Curves = {
    VOICE.name: (
        Curve(LORA),
        Curve(LORA, schedule="5 epochs"),
        Curve(LORA_ENGINEERED, (8, 32, 64, 125, 500)),
        Curve(RETRIEVED, (32, 250, 1000)),
        Curve(VOICE.rivals[0]),
    ),
    BRIEF.name: (Curve(LORA, (16, 125, 500)),),
}


@dataclass(frozen=True)
class MeasurePlan:
    """What `measure` records; the default takes about half an hour on two cores.

    `development` and `test` limit the queries, for a trial of the machinery.
    """

    tasks: tuple[str, ...] = tuple(task.name for task in list_tasks())
    settings: ArmSettings = ArmSettings(rate_factors=(1.0, 0.5, 2.0))  # noqa: RUF009
    curves: Curves = field(default_factory=lambda: DEFAULT_CURVES)
    default_seeds: tuple[int, ...] = SEEDS
    development: int | None = None
    test: int | None = None

    def build_data(self, model: LanguageModel) -> dict[str, TaskData]:
        """Return the data of every task that is needed."""
        needed = [
            *self.tasks,
            *self.curves,
            *([VOICE.name] if self.default_seeds else []),
        ]
        return {
            name: build_task(name, model).limited(self.development, self.test)
            for name in dict.fromkeys(needed)
        }


def measure(
    model: LanguageModel,
    output: str | os.PathLike[str] = RESULTS_FILE,
    *,
    adapter_folder: str | os.PathLike[str] = ADAPTER_FOLDER,
    plan: MeasurePlan | None = None,
    workers: int = 1,
    on_progress: ReportProgress | None = None,
) -> Results:
    """Measure everything that is recorded; save results and the default run's adapter.

    What is finished is kept beside `output` after every step; a second call with the same
    model and plan goes on from there. `workers` processes share the learning curves;
    what is timed runs alone. Raises OSError where the files can't be written.
    """
    plan, made_with = plan or MeasurePlan(), describe_making(model)
    store = Store(Path(output), (plan, made_with))
    measurer = Measurer(model, store, on_progress, 0)
    measurer.report("the tasks' data")
    data = plan.build_data(model)
    measurer.total = _count_work(plan, data)
    _measure_default_runs(measurer, plan, data, Path(adapter_folder))
    for task in map(find_task, plan.tasks):
        for arm in task.contestants:
            what = f"{task.name}: {task.title_of(arm.name)}"
            measurer.measure_arm(data[task.name], arm, plan.settings, what)
    # A curve shows what data do, at one learning rate: the model's default.
    settings = replace(plan.settings, rate_factors=(1.0,))
    for name, curves in plan.curves.items():
        measurer.measure_curves(
            data[name], curves, settings, partial(_name_job, name), workers
        )
    measurer.report("done")
    found = store.records
    results = Results(
        made_with, found.arms, sort_points(found.curves), found.default_runs
    )
    save_results(results, output)
    store.remove()
    return load_results(output)  # rounded, as everybody else reads it


def _count_work(plan: MeasurePlan, data: Mapping[str, TaskData]) -> int:
    jobs = [
        job
        for name, curves in plan.curves.items()
        for curve in curves
        for job in plan_jobs(data[name], curve, plan.settings)
    ]
    arms = [arm for name in plan.tasks for arm in find_task(name).contestants]
    return len(plan.default_seeds) + len(arms) + len(jobs)


def _name_job(task: str, job: CurveJob) -> str:
    return f"{task}: {job.arm.name}, {job.n} pairs, seed {job.seed}"


def _measure_default_runs(
    measurer: Measurer,
    plan: MeasurePlan,
    data: Mapping[str, TaskData],
    adapter_folder: Path,
) -> None:
    known = {run.seed for run in measurer.store.records.default_runs}
    for seed in plan.default_seeds:
        measurer.report(f"voice: default run, seed {seed}")
        if seed not in known:
            record, run = measure_default_run(measurer.model, data[VOICE.name], seed)
            if seed == plan.default_seeds[0]:
                run.adapter.save(adapter_folder)
            measurer.store.add(default_runs=(record,))
        measurer.finish()


def measure_default_run(
    model: LanguageModel, data: TaskData, seed: int
) -> tuple[DefaultRun, TuningRun]:
    """Tune with default settings on all pairs of a task, and answer its tests."""
    from prompt_or_tune.tuning import default_settings, tune

    held_out = [q.as_pair() for q in data.limited(development=HELD_OUT).development]
    settings = replace(default_settings(model), seed=seed)
    started = time.perf_counter()
    run = tune(model, data.pairs, settings, held_out).finish()
    seconds = time.perf_counter() - started
    results = measure_arm(model, data, LoRA(run), ArmSettings())
    answers = tuple(TestAnswers(result.test, result.correct) for result in results)
    return DefaultRun(seed, run.trace, answers, seconds), run
