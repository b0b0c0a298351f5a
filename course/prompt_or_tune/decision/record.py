"""The recorded results: made by `measure`, kept in one file, read by everything else.

The file is JSON made from the data classes. `measure` saves what it has after every
step beside the file, and goes on from there when it is started again.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import time
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prompt_or_tune.decision.arms import (
    ArmResult,
    ArmSettings,
    ask,
    attached,
    measure_arm,
    plan_asking,
)
from prompt_or_tune.decision.costs import MapArm, Prices
from prompt_or_tune.decision.curves import (
    SEEDS,
    SIZES,
    CurveJob,
    CurvePoint,
    PromptWorth,
    Schedule,
    choose_job_knobs,
    plan_jobs,
    prompt_worth_by_seed,
    run_jobs,
    select_points,
    sort_points,
    summarise_curve,
)
from prompt_or_tune.decision.recommendation import DEFAULT_QUERIES
from prompt_or_tune.decision.tasks import (
    LOOK_UP,
    LORA,
    LORA_ENGINEERED,
    RETRIEVED,
    TASK_SPECS,
    TUNED_ARMS,
    VOICE,
    Task,
    build_task,
    find_spec,
)
from prompt_or_tune.decision.verdicts import Verdict, judge_task
from prompt_or_tune.files import write_atomically
from prompt_or_tune.records import EpochRecord, TuningRun
from prompt_or_tune.serialisation import decode, encode
from prompt_or_tune.statistics import Rate, pass_rate

if TYPE_CHECKING:
    from prompt_or_tune.decision.arms import ReportProgress
    from prompt_or_tune.models import LanguageModel

RESULTS_FILE = Path(__file__).parent.parent / "results.json"
ADAPTER_FOLDER = Path(__file__).parent.parent / "adapter"
HELD_OUT = 200
"""Development pairs whose exact match a default run measures after each epoch."""


class RecordError(Exception):
    """Say in one sentence what is wrong with recorded results, and what to do."""


@dataclass(frozen=True)
class DefaultRun:
    """A tuning run of the house voice with default settings: 1000 pairs, 5 epochs.

    `answers` says for each test which answers were right; `seconds` is the wall clock
    with the evaluations after each epoch, the trace's seconds are training alone.
    """

    seed: int
    trace: tuple[EpochRecord, ...]
    answers: tuple[TestAnswers, ...]
    seconds: float

    @property
    def final_loss(self) -> float:
        """Return the mean loss of the last epoch, in nats."""
        return self.trace[-1].loss

    @property
    def training_seconds(self) -> float:
        """Return the seconds of training, without evaluations."""
        return sum(record.seconds for record in self.trace)

    def rate_on(self, test: str) -> Rate:
        """Return the share of right answers on a test; raise KeyError if not measured."""
        return pass_rate({a.test: a.correct for a in self.answers}[test])


@dataclass(frozen=True)
class TestAnswers:
    """Which answers of one test were right, in the test's order."""

    __test__ = False  # not a test of pytest's

    test: str
    correct: tuple[bool, ...]


@dataclass(frozen=True)
class MadeWith:
    """What the results were made with, so that others can make them again."""

    model: str
    parameters: int
    weights: str
    python: str
    torch: str
    transformers: str
    peft: str
    cores: int


@dataclass(frozen=True)
class Results:
    """Everything that `measure` recorded."""

    made_with: MadeWith
    arms: tuple[ArmResult, ...] = ()
    curves: tuple[CurvePoint, ...] = ()
    default_runs: tuple[DefaultRun, ...] = ()

    def arm(self, task: str, test: str, arm: str) -> ArmResult:
        """Return one result; raise RecordError where it was not measured."""
        for result in self.arms:
            if (result.task, result.test, result.arm) == (task, test, arm):
                return result
        raise RecordError(f'"{arm}" was not measured on "{test}" of the task "{task}".')

    def of_task(self, task: str, test: str | None = None) -> tuple[ArmResult, ...]:
        """Return the results of a task, of one test or of all."""
        return tuple(r for r in self.arms if r.task == task and test in (None, r.test))

    def judge(
        self,
        task: str,
        *,
        queries: int = DEFAULT_QUERIES,
        prices: Prices | None = None,
    ) -> Verdict:
        """Return a task's verdict, computed from the recorded answers."""
        spec = find_spec(task)
        return judge_task(spec, self.arms, self.curves, queries=queries, prices=prices)

    def prompt_worth(self, task: str, test: str) -> tuple[PromptWorth, ...]:
        """Return what the engineered prompt is worth in pairs, for each seed."""
        curve_with, curve_without = (
            select_points(
                self.curves, task=task, test=test, arm=arm, schedule="equal steps"
            )
            for arm in (LORA_ENGINEERED, LORA)
        )
        return prompt_worth_by_seed(curve_with, curve_without)


# ── The file ───────────────────────────────────────────────────────────────────────────


def load_results(path: str | os.PathLike[str] = RESULTS_FILE) -> Results:
    """Load recorded results.

    Raises RecordError: no such file, not JSON, not what `measure` writes.
    """
    path = Path(path)
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return decode(Results, data)
    except FileNotFoundError as error:
        raise RecordError(
            f"{path} is not there: `prompt-or-tune measure` makes it."
        ) from error
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise RecordError(
            f"{path} can't be read as recorded results ({error}): "
            "`prompt-or-tune measure` makes it anew."
        ) from error


def save_results(results: Results, path: str | os.PathLike[str] = RESULTS_FILE) -> None:
    """Save results, whole or not at all; raise OSError where that can't be done."""
    write_atomically(Path(path), _format_json(encode(results)))


def _format_json(data: dict[str, Any]) -> str:
    """Return JSON with one line per record, so that a diff shows what has changed."""
    parts = []
    for name, value in data.items():
        text = json.dumps(value)
        if isinstance(value, list) and value:
            text = "[\n  " + ",\n  ".join(map(json.dumps, value)) + "\n ]"
        parts.append(f" {json.dumps(name)}: {text}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


# ── Measuring ──────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class CurvePlan:
    """A learning curve to record."""

    task: str
    arm: str
    sizes: tuple[int, ...]
    schedule: Schedule = "equal steps"
    seeds: tuple[int, ...] = SEEDS


DEFAULT_CURVES: tuple[CurvePlan, ...] = (
    CurvePlan(VOICE.name, LORA, SIZES),
    CurvePlan(VOICE.name, LORA, SIZES, "5 epochs"),
    CurvePlan(VOICE.name, LORA_ENGINEERED, (8, 32, 64, 125, 500)),
    CurvePlan(VOICE.name, RETRIEVED, (32, 250, 1000)),
    CurvePlan(VOICE.name, LOOK_UP, SIZES),
    CurvePlan("brief", LORA, (16, 125, 500)),
)


@dataclass(frozen=True)
class MeasurePlan:
    """What `measure` records; the default takes about half an hour on two cores.

    `development` and `test` limit the queries, for a trial of the machinery.
    """

    tasks: tuple[str, ...] = tuple(spec.name for spec in TASK_SPECS)
    arms: ArmSettings = ArmSettings(learning_rates=(1.5e-3, 6e-3))  # noqa: RUF009
    curves: tuple[CurvePlan, ...] = DEFAULT_CURVES
    default_seeds: tuple[int, ...] = SEEDS
    development: int | None = None
    test: int | None = None


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
    measurement = _Measurement(model, plan or MeasurePlan(), Path(output), on_progress)
    measured = measurement.run(Path(adapter_folder), workers)
    results = decode(Results, encode(measured))  # rounded, as everybody else will read it
    save_results(results, output)
    measurement.store.remove()
    return results


def measure_default_run(
    model: LanguageModel, task: Task, seed: int, batch_size: int = 64
) -> tuple[DefaultRun, TuningRun]:
    """Tune with default settings on all pairs of a task, and answer its tests."""
    from prompt_or_tune.tuning import default_settings, tune

    pairs = [query.as_pair() for query in task.training]
    held_out = [q.as_pair() for q in task.limited(development=HELD_OUT).development]
    settings = replace(default_settings(model), seed=seed)
    started = time.perf_counter()
    run = tune(model, pairs, settings, held_out).finish()
    seconds = time.perf_counter() - started
    asking, how = plan_asking(None), ArmSettings(batch_size=batch_size)
    with attached(model, run):
        answers = tuple(
            TestAnswers(test.name, ask(model, task, asking, test.queries, how).right)
            for test in task.tests
        )
    return DefaultRun(seed, run.trace, answers, seconds), run


def hash_weights(model: LanguageModel) -> str:
    """Return a short hash of the base model's weights: results belong to a model."""
    digest = hashlib.sha256()
    for name, tensor in sorted(model.network.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.detach().float().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]


def describe_making(model: LanguageModel) -> MadeWith:
    """Return what results of this model, here and now, are made with."""
    return MadeWith(
        model=model.describe(),
        parameters=model.count_parameters(),
        weights=hash_weights(model),
        python=platform.python_version(),
        torch=version("torch"),
        transformers=version("transformers"),
        peft=version("peft"),
        cores=os.cpu_count() or 1,
    )


class _Store:
    """Results so far, saved beside the output after every step."""

    def __init__(self, output: Path, plan: MeasurePlan, made_with: MadeWith) -> None:
        self.path = output.with_name(output.name + ".partial")
        self.key = hashlib.sha256(repr((plan, made_with)).encode()).hexdigest()
        self.results = self._read() or Results(made_with)

    def _read(self) -> Results | None:
        """Return what an earlier call with the same plan and model left, else None."""
        try:
            data = json.loads(self.path.read_text(encoding="utf-8"))
            return decode(Results, data["results"]) if data["key"] == self.key else None
        except (OSError, ValueError, TypeError, KeyError):
            return None  # nothing there, or nothing of use: begin anew

    def add(self, **new: tuple[Any, ...]) -> None:
        """Add finished results and save."""
        grown = {name: getattr(self.results, name) + more for name, more in new.items()}
        self.results = replace(self.results, **grown)
        content = {"key": self.key, "results": encode(self.results)}
        write_atomically(self.path, json.dumps(content))

    def remove(self) -> None:
        """Remove the file: the results are complete and saved."""
        self.path.unlink(missing_ok=True)


class _Measurement:
    """One run of `measure`: default runs, then arms, then curves."""

    def __init__(
        self,
        model: LanguageModel,
        plan: MeasurePlan,
        output: Path,
        on_progress: ReportProgress | None,
    ) -> None:
        self.model = model
        self.plan = plan
        self.store = _Store(output, plan, describe_making(model))
        self.on_progress = on_progress
        self.done = 0
        self.total = 0

    def run(self, adapter_folder: Path, workers: int) -> Results:
        self._report("the tasks' data")
        self.tasks = {name: self._build(name) for name in self._list_tasks()}
        jobs = [job for curve in self.plan.curves for job in self._list_jobs(curve)]
        arms = [(task, arm) for task in self.plan.tasks for arm in _list_arms(task)]
        self.total = len(self.plan.default_seeds) + len(arms) + len(jobs)
        self._measure_default_runs(adapter_folder)
        for task, arm in arms:
            self._measure_arm(task, arm)
        for name in self.tasks:
            self._measure_curves(name, workers)
        self._report("done")
        results = self.store.results
        return replace(results, curves=sort_points(results.curves))

    def _list_tasks(self) -> list[str]:
        needed = [*self.plan.tasks, *(curve.task for curve in self.plan.curves)]
        if self.plan.default_seeds:
            needed.append(VOICE.name)
        return list(dict.fromkeys(needed))

    def _build(self, name: str) -> Task:
        task = build_task(name, self.model)
        return task.limited(self.plan.development, self.plan.test)

    def _report(self, what: str) -> None:
        if self.on_progress is not None:
            self.on_progress(what, self.done, self.total)

    def _measure_default_runs(self, adapter_folder: Path) -> None:
        known = {run.seed for run in self.store.results.default_runs}
        for seed in self.plan.default_seeds:
            self._report(f"voice: default run, seed {seed}")
            if seed not in known:
                task = self.tasks[VOICE.name]
                record, run = measure_default_run(self.model, task, seed)
                if seed == self.plan.default_seeds[0]:
                    run.adapter.save(adapter_folder)
                self.store.add(default_runs=(record,))
            self.done += 1

    def _measure_arm(self, task: str, arm: str) -> None:
        self._report(f"{task}: {find_spec(task).title_of(arm)}")
        known = {(result.task, result.arm) for result in self.store.results.arms}
        if (task, arm) not in known:
            found = measure_arm(
                self.model, self.tasks[task], arm, settings=self.plan.arms
            )
            self.store.add(arms=found)
        self.done += 1

    def _list_jobs(self, curve: CurvePlan) -> list[CurveJob]:
        return plan_jobs(
            self.tasks[curve.task],
            curve.arm,
            sizes=curve.sizes,
            seeds=curve.seeds,
            schedule=curve.schedule,
        )

    def _measure_curves(self, name: str, workers: int) -> None:
        curves = [curve for curve in self.plan.curves if curve.task == name]
        jobs = [job for curve in curves for job in self._list_jobs(curve)]
        known = {
            (p.arm, p.schedule, p.n, p.seed)
            for p in self.store.results.curves
            if p.task == name
        }
        left = [j for j in jobs if (j.arm, j.schedule, j.n, j.seed) not in known]
        self.done += len(jobs) - len(left)
        self._report(f"{name}: learning curves")
        task, settings = self.tasks[name], self.plan.arms
        chosen = choose_job_knobs(self.model, task, left, settings)
        for job, points in run_jobs(
            self.model, task, chosen, workers=workers, settings=settings
        ):
            self.store.add(curves=points)
            self.done += 1
            self._report(f"{name}: {job.arm}, {job.n} pairs, seed {job.seed}")


def _list_arms(task: str) -> tuple[str, ...]:
    spec = find_spec(task)
    return spec.arms + spec.rivals


# ── From results to the map ────────────────────────────────────────────────────────────


def map_arms(results: Results, task: str, test: str) -> tuple[MapArm, ...]:
    """Return a task's arms as the decision map sees them, on one test.

    Where a learning curve was recorded, accuracy and training follow it (the mean over
    seeds, equal steps); elsewhere the one measured accuracy stands for every n from the
    arm's own number of labels on.
    """
    spec = find_spec(task)
    return tuple(
        _map_arm(results, result)
        for result in results.of_task(task, test)
        if result.arm in spec.arms
    )


def _map_arm(results: Results, result: ArmResult) -> MapArm:
    schedule = "equal steps" if result.arm in TUNED_ARMS else "none"
    points = select_points(
        results.curves,
        task=result.task,
        arm=result.arm,
        test=result.test,
        schedule=schedule,
    )
    accuracy = tuple((row.n, row.mean) for row in summarise_curve(points))
    tokens = {p.n: float(p.training_tokens) for p in points}
    full = max(result.labels, 1)
    return MapArm(
        arm=result.arm,
        accuracy=accuracy or ((full, result.rate.rate),),
        prompt_tokens=result.prompt_tokens,
        response_tokens=result.response_tokens,
        cached_tokens=result.cached_tokens,
        training_tokens=tuple(sorted(tokens.items()))
        or ((full, float(result.training_tokens)),),
        needs_pairs=accuracy[0][0] if accuracy else result.labels,
        labels="all" if accuracy and result.labels else result.labels,
        tuned=result.arm in TUNED_ARMS,
    )
