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
from prompt_or_tune.decision.curve_jobs import SEEDS, Curve, CurveJob
from prompt_or_tune.decision.curves import sort_points
from prompt_or_tune.decision.measurer import (
    MeasureArm,
    MeasureCurves,
    Measurer,
    ReportProgress,
    Work,
    measure_arm,
)
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

if TYPE_CHECKING:
    from prompt_or_tune.models import LanguageModel
    from prompt_or_tune.tuning import TuningRun

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
        needed = [*self.tasks, *self.curves]
        if self.default_seeds:
            needed.append(VOICE.name)
        return {
            name: build_task(name, model).limited(self.development, self.test)
            for name in dict.fromkeys(needed)
        }

    def list_work(self, data: Mapping[str, TaskData], adapter_folder: Path) -> list[Work]:
        """Return what is to be done: default runs, then arms, then curves.

        The first default run's adapter is saved in `adapter_folder`.
        """
        work: list[Work] = [
            MeasureDefaultRun(data[VOICE.name], seed, None if index else adapter_folder)
            for index, seed in enumerate(self.default_seeds)
        ]
        for task in map(find_task, self.tasks):
            for arm in task.contestants:
                what = f"{task.name}: {task.title_of(arm.name)}"
                work.append(MeasureArm(data[task.name], arm, self.settings, what))
        for name, curves in self.curves.items():
            name_job = partial(_name_job, name)
            work.append(MeasureCurves(data[name], curves, self.settings, name_job))
        return work


def _name_job(task: str, job: CurveJob) -> str:
    return f"{task}: {job.arm.name}, {job.n} pairs, seed {job.seed}"


def measure(
    model: LanguageModel,
    output: str | os.PathLike[str] = RESULTS_FILE,
    *,
    adapter_folder: str | os.PathLike[str] = ADAPTER_FOLDER,
    plan: MeasurePlan | None = None,
    workers: int = 1,
    keep: bool = False,
    on_progress: ReportProgress | None = None,
) -> Results:
    """Measure everything that is recorded; save results and the default run's adapter.

    What is finished is kept beside `output` after every step; a second call with the same
    model and plan goes on from there. `workers` processes share the learning curves;
    what is timed runs alone. With `keep`, what `output` holds already is not measured
    again. Raises OSError where the files can't be written, RecordError where those that
    are to be kept can't be read or are another model's.
    """
    plan = plan or MeasurePlan()
    if on_progress is not None:
        on_progress("the tasks' data", 0, 0)
    data = plan.build_data(model)
    work = plan.list_work(data, Path(adapter_folder))
    made_with = describe_making(model)
    store = Store(Path(output), (plan, made_with))
    if keep:
        store.keep(load_results(output), made_with)
    Measurer(model, store, on_progress, workers).measure(work)
    found = store.records
    arms = [
        result
        for name in data
        for arm in find_task(name).contestants
        for result in store.find_arm(name, arm.name)
    ]
    results = Results(
        made_with, tuple(arms), sort_points(found.curves), found.default_runs
    )
    save_results(results, output)
    store.remove()
    return load_results(output)  # rounded, as everybody else reads it


@dataclass(frozen=True)
class MeasureDefaultRun(Work):
    """Tune with default settings on all pairs of a task, and answer its tests."""

    data: TaskData
    seed: int
    adapter_folder: Path | None

    def count(self) -> int:
        """Return 1: a run is one piece of work."""
        return 1

    def do(self, measurer: Measurer) -> None:
        """Train and answer, unless the run is stored."""
        measurer.report(f"{self.data.name}: default run, seed {self.seed}")
        known = {run.seed for run in measurer.store.records.default_runs}
        if self.seed not in known:
            run, seconds = self._tune(measurer.model)
            if self.adapter_folder is not None:
                run.adapter.save(self.adapter_folder)
            results = measure_arm(measurer.model, self.data, LoRA(run), ArmSettings())
            answers = tuple(TestAnswers(r.test, r.correct) for r in results)
            record = DefaultRun(self.seed, run.trace, answers, seconds)
            measurer.store.add(default_runs=(record,))
        measurer.finish()

    def _tune(self, model: LanguageModel) -> tuple[TuningRun, float]:
        """Return the run, and its seconds with the evaluation after each epoch."""
        from prompt_or_tune.tuning import default_settings, tune

        held_out = self.data.limited(development=HELD_OUT).development
        settings = replace(default_settings(model), seed=self.seed)
        started = time.perf_counter()
        pairs = [query.as_pair() for query in held_out]
        run = tune(model, self.data.pairs, settings, pairs).finish()
        return run, time.perf_counter() - started
