"""The pipeline behind the tour: a function per stage, each yielding what it found.

`take_tour` strings them together; a caller draws or prints what it yields.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from prompt_or_tune.decision.arms.arm import Arm
from prompt_or_tune.decision.arms.bare import BARE
from prompt_or_tune.decision.arms.engineered import ENGINEERED
from prompt_or_tune.decision.arms.few_shot import FEW_SHOT
from prompt_or_tune.decision.arms.lora import LORA, LoRA
from prompt_or_tune.decision.arms.reading_notes import READ_NOTES
from prompt_or_tune.decision.asking import ArmSettings
from prompt_or_tune.decision.measurer import MeasureArm, Measurer, ReportProgress
from prompt_or_tune.decision.queries import TaskData, choose_some
from prompt_or_tune.decision.results import (
    ArmResult,
    RecordError,
    Results,
    load_results,
)
from prompt_or_tune.decision.store import Store
from prompt_or_tune.decision.tasks.brief import BRIEF, ask_for_poem, make_brief_data
from prompt_or_tune.decision.tasks.fact import FACT, TODAY
from prompt_or_tune.decision.tasks.task import Task
from prompt_or_tune.decision.tasks.voice import VOICE
from prompt_or_tune.decision.verdict import Verdict, judge_all
from prompt_or_tune.pairs import Leak, find_leaks, make_pairs
from prompt_or_tune.prompts import improve
from prompt_or_tune.records import EpochRecord, Pair, Prompt, Sample, StepRecord
from prompt_or_tune.samples import (
    CleaningReport,
    RawSample,
    clean,
    load_raw,
    load_samples,
)
from prompt_or_tune.stages import STAGES

if TYPE_CHECKING:
    from prompt_or_tune.models import LanguageModel
    from prompt_or_tune.prediction import PredictionTrace
    from prompt_or_tune.tuning import Tuning, TuningRun

# How many of the tour's own queries choose knobs; few, because a tour is short.
DEVELOPMENT = 64
FEW_SHOT_EXAMPLES = 8
# 48 words of a day are learned by heart in about as many steps.
FACT_STEPS = 120
LARGEST_TEST = 200


class TourError(Exception):
    """The tour cannot be taken as asked; the message is one sentence for the reader."""


@dataclass(frozen=True)
class TourSettings:
    """How long a tour is: `pairs` of the 1000, `epochs`, and `test_size` queries a test.

    `model` is Seedling, a folder or a hub id.
    """

    pairs: int = 1000
    epochs: int = 5
    test_size: int = LARGEST_TEST
    seed: int = 0
    model: str = "seedling"

    def __post_init__(self) -> None:
        for name, value, most in (
            ("pairs", self.pairs, 1000),
            ("epochs", self.epochs, 100),
            ("test size", self.test_size, LARGEST_TEST),
        ):
            if not 1 <= value <= most:
                raise TourError(f"The {name} must be 1 to {most}, not {value}.")


# ── What each stage found ──────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class InputStage:
    """Stage 1: what came in, what was dropped, and the samples that are used."""

    raw: tuple[RawSample, ...]
    report: CleaningReport
    samples: tuple[Sample, ...]


@dataclass(frozen=True)
class PromptStage:
    """Stage 2: an improved prompt for each sample."""

    samples: tuple[Sample, ...]
    prompts: tuple[Prompt, ...]


@dataclass(frozen=True)
class PairStage:
    """Stage 3: a pair for each sample, pairs held out, and leaks into the test."""

    samples: tuple[Sample, ...]
    pairs: tuple[Pair, ...]
    held_out: tuple[Pair, ...]
    test: tuple[Pair, ...]
    leaks: tuple[Leak, ...]


@dataclass(frozen=True)
class ModelLoaded:
    """Between the stages: the model that is asked and tuned, in words."""

    model: LanguageModel
    description: str


@dataclass(frozen=True)
class TuningStage:
    """Stage 4: the finished run and its steps; `adapter_parameters` were trained."""

    run: TuningRun
    steps: tuple[StepRecord, ...]
    adapter_parameters: int


@dataclass(frozen=True)
class PredictionStage:
    """Stage 5: prompts that training has not seen, through both models."""

    traces: tuple[PredictionTrace, ...]


@dataclass(frozen=True)
class DecisionStage:
    """The three tasks: measured now on a few queries, beside the recorded results.

    `verdicts` are computed from the recorded answers; both are empty where no results
    are recorded.
    """

    live: tuple[ArmResult, ...]
    recorded: Results | None
    verdicts: tuple[Verdict, ...]


@dataclass(frozen=True)
class Tour:
    """Everything that a tour found, and the seconds that each part took."""

    settings: TourSettings
    model: str
    input: InputStage
    prompts: PromptStage
    pairs: PairStage
    tuning: TuningStage
    prediction: PredictionStage
    decision: DecisionStage
    seconds: tuple[tuple[str, float], ...]


TourEvent = (
    InputStage
    | PromptStage
    | PairStage
    | ModelLoaded
    | StepRecord
    | EpochRecord
    | TuningStage
    | PredictionStage
    | DecisionStage
    | Tour
)


def take_tour(
    settings: TourSettings, on_progress: ReportProgress | None = None
) -> Iterator[TourEvent]:
    """Go through the five stages and the decision, yielding what each found; a Tour last.

    `on_progress(what, done, total)` is called inside the long parts. Raises TourError,
    ModelError or TuningError.
    """
    report = on_progress or (lambda *_: None)
    clock = _Clock()
    found = collect_samples(settings)
    yield found
    improved = engineer_prompts(found.samples)
    yield improved
    prepared = prepare_pairs(found.samples, settings)
    clock.stop("stages 1 to 3")
    yield prepared
    report("loading the model", 0, 1)
    model = _load(settings.model)
    clock.stop("loading the model")
    yield ModelLoaded(model, model.describe())
    tuned = yield from tune_on_pairs(start_tuning(model, prepared, settings))
    clock.stop("stage 4, with an evaluation after each epoch")
    yield tuned
    report("predicting", 0, 1)
    predicted = predict_unseen(model, tuned.run)
    clock.stop("stage 5")
    yield predicted
    decided = compare_arms(model, prepared, tuned.run, settings, report)
    clock.stop("the decision")
    yield decided
    yield Tour(
        settings,
        model.describe(),
        found,
        improved,
        prepared,
        tuned,
        predicted,
        decided,
        tuple(clock.laps),
    )


# Seconds on two cores without a GPU, for 1000 pairs, 5 epochs, 200 queries a test.
_SECONDS_TO_START = 12.0
_SECONDS_TO_PREPARE = 1.0
_SECONDS_TO_TUNE = 16.0
_SECONDS_TO_EVALUATE = 5.0
_SECONDS_TO_COMPARE = 25.0
_SECONDS_TO_DRAW = 8.0


def estimate_seconds(settings: TourSettings) -> tuple[tuple[str, float], ...]:
    """Return about how many seconds each part takes with Seedling on two cores."""
    passes = settings.epochs / 5
    data, tests = settings.pairs / 1000, settings.test_size / LARGEST_TEST
    tuning = _SECONDS_TO_TUNE * passes * data + _SECONDS_TO_EVALUATE * passes * tests
    # The day's words are learned by heart, however short the tour is.
    comparing = _SECONDS_TO_COMPARE * (0.3 + 0.7 * tests)
    return (
        ("stages 1 to 3 (input, prompts, pairs)", _SECONDS_TO_PREPARE),
        ("loading the model", _SECONDS_TO_START),
        ("stage 4 (fine-tuning, with an evaluation after each epoch)", tuning),
        ("stage 5 (prediction)", 1.0),
        ("the decision (three tasks, measured on a few queries)", comparing),
        ("figures and page", _SECONDS_TO_DRAW),
    )


class _Clock:
    """Seconds of each part, what the caller does with its results included."""

    def __init__(self) -> None:
        self.laps: list[tuple[str, float]] = []
        self._started = time.perf_counter()

    def stop(self, name: str) -> None:
        now = time.perf_counter()
        self.laps.append((name, now - self._started))
        self._started = now


def _load(name: str) -> LanguageModel:
    from prompt_or_tune.models import load_model

    return load_model(name)


# ── Stages 1 to 3 ──────────────────────────────────────────────────────────────────────


def collect_samples(settings: TourSettings) -> InputStage:
    """Stage 1: read the raw requests, clean them, keep as many as the tour is long."""
    raw = load_raw()
    report = clean(raw)
    samples = report.samples
    if settings.pairs < len(samples):
        samples = tuple(choose_some(samples, settings.pairs, settings.seed))
    return InputStage(tuple(raw), report, samples)


def engineer_prompts(samples: Sequence[Sample]) -> PromptStage:
    """Stage 2: say in each prompt what was meant."""
    return PromptStage(tuple(samples), tuple(map(improve, samples)))


def prepare_pairs(samples: Sequence[Sample], settings: TourSettings) -> PairStage:
    """Stage 3: join samples and answers, and look for leaks into the test."""
    pairs = make_pairs(samples)
    test = make_pairs(load_samples("test"))
    held_out = make_pairs(load_samples("development")[: settings.test_size])
    leaks = find_leaks(pairs, test)
    return PairStage(
        tuple(samples), tuple(pairs), tuple(held_out), tuple(test), tuple(leaks)
    )


def find_example(samples: Sequence[Sample]) -> int:
    """Return the place of the sample to show: stage 1's own example, else the first."""
    texts = [sample.text for sample in samples]
    return texts.index(STAGES[0].example) if STAGES[0].example in texts else 0


# ── Stages 4 and 5 ─────────────────────────────────────────────────────────────────────


def start_tuning(
    model: LanguageModel, prepared: PairStage, settings: TourSettings
) -> Tuning:
    """Return the LoRA run of stage 4, not yet started."""
    from prompt_or_tune.tuning import default_settings, tune

    chosen = replace(default_settings(model), epochs=settings.epochs, seed=settings.seed)
    return tune(model, prepared.pairs, chosen, prepared.held_out)


def tune_on_pairs(
    tuning: Tuning,
) -> Generator[StepRecord | EpochRecord, None, TuningStage]:
    """Stage 4: train, yielding every step and epoch; return what came of it."""
    steps: list[StepRecord] = []
    for record in tuning:
        if isinstance(record, StepRecord):
            steps.append(record)
        yield record
    run = tuning.run
    return TuningStage(run, tuple(steps), run.adapter.count_parameters())


def predict_unseen(model: LanguageModel, run: TuningRun) -> PredictionStage:
    """Stage 5: follow two prompts through the base and the fine-tuned model.

    One is a combination that training has not seen, one a subject.
    """
    from prompt_or_tune.prediction import trace_prediction

    first = [make_pairs(load_samples(split)[:1])[0] for split in ("test", "new_subjects")]
    traces = [trace_prediction(pair.prompt, model, run.adapter) for pair in first]
    return PredictionStage(tuple(traces))


# ── The decision ───────────────────────────────────────────────────────────────────────


def compare_arms(
    model: LanguageModel,
    prepared: PairStage,
    run: TuningRun,
    settings: TourSettings,
    on_progress: ReportProgress | None = None,
) -> DecisionStage:
    """Measure the cheap arms of the three tasks now, and read the recorded results."""
    measurer = Measurer(model, Store(), on_progress)
    measurer.measure(plan_live_arms(prepared, run, settings))
    recorded = read_recorded()
    verdicts = judge_all(recorded) if recorded else ()
    return DecisionStage(measurer.store.records.arms, recorded, verdicts)


def read_recorded() -> Results | None:
    """Return the shipped results; None where they have not been measured yet."""
    try:
        return load_results()
    except RecordError:
        return None


def plan_live_arms(
    prepared: PairStage, run: TuningRun | None, settings: TourSettings
) -> list[MeasureArm]:
    """Return what is measured now: the cheap arms of each task, on a few queries.

    With the tour's own `run`, LoRA is not trained again on the house voice.
    """
    examples = min(FEW_SHOT_EXAMPLES, len(prepared.pairs))
    how = ArmSettings(few_shot_counts=(examples,), seed=settings.seed)
    memorise = replace(how, steps=FACT_STEPS)
    prompts = (BARE, ENGINEERED)
    voice = (*prompts, FEW_SHOT, LoRA(run), VOICE.rivals[0])
    fact = (*prompts, LORA, READ_NOTES)
    return [
        *_measure_live(BRIEF, _build_short_brief(settings), prompts, how),
        *_measure_live(VOICE, _build_short_voice(prepared, settings), voice, how),
        *_measure_live(FACT, _build_short_fact(settings), fact, memorise),
    ]


def _measure_live(
    task: Task, data: TaskData, arms: Sequence[Arm], settings: ArmSettings
) -> Iterator[MeasureArm]:
    for arm in arms:
        what = f"{task.title}: {task.title_of(arm.name)}"
        yield MeasureArm(data, arm, settings, what)


def _build_short_brief(settings: TourSettings) -> TaskData:
    """Return the brief without its training poems: distilling 1000 takes too long."""
    queries = [ask_for_poem(sample) for sample in load_samples("test")]
    # One wording: with a single development query there is nothing to choose by.
    asked = [replace(query, engineered=query.engineered[:1]) for query in queries]
    data = make_brief_data((), asked[:1], asked)
    return data.limited(test=settings.test_size)


def _build_short_voice(prepared: PairStage, settings: TourSettings) -> TaskData:
    """Return the house voice with the tour's own pairs."""
    voice = VOICE.build(None, settings.seed)
    chosen = {pair.sample_id for pair in prepared.pairs}
    own = tuple(query for query in voice.training if query.id in chosen)
    return replace(voice, training=own).limited(DEVELOPMENT, settings.test_size)


def _build_short_fact(settings: TourSettings) -> TaskData:
    """Return the changing fact, asked for today's words alone."""
    fact = FACT.build(None, settings.seed)
    today = tuple(test for test in fact.tests if test.name == TODAY)
    return replace(fact, tests=today).limited(DEVELOPMENT, settings.test_size)
