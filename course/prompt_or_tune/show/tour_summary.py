"""A tour as `--json` prints it, for other programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prompt_or_tune.decision.results import ArmResult
from prompt_or_tune.decision.verdict import Verdict
from prompt_or_tune.records import EpochRecord, Prediction
from prompt_or_tune.tour.pipeline import Tour, TourSettings, find_example
from prompt_or_tune.trace import REFERENCE_TRACE

if TYPE_CHECKING:
    from prompt_or_tune.prediction import PredictionTrace


@dataclass(frozen=True)
class StageCounts:
    """How many samples, prompts and pairs stages 1 to 3 made, and leaks they found.

    `dropped` counts the raw samples that cleaning dropped, by the reason.
    """

    raw_samples: int
    dropped: Mapping[str, int]
    samples: int
    improved_prompts: int
    training_pairs: int
    leaks: int


@dataclass(frozen=True)
class ShownPair:
    """A training pair."""

    prompt: str
    response: str


@dataclass(frozen=True)
class Examples:
    """One sample on its way through stages 1 to 3."""

    sample: str
    improved_prompt: str
    pair: ShownPair


@dataclass(frozen=True)
class ShownToken:
    """A candidate for the first token of an answer, with its probability."""

    token: str
    id: int
    probability: float


@dataclass(frozen=True)
class ShownAnswer:
    """What one model answers, and its likeliest first tokens."""

    text: str
    top_tokens: tuple[ShownToken, ...]


@dataclass(frozen=True)
class ShownPrediction:
    """A prompt, formatted and in tokens, with the answers of both models."""

    prompt: str
    formatted: str
    tokens: tuple[str, ...]
    token_ids: tuple[int, ...]
    base: ShownAnswer
    tuned: ShownAnswer


@dataclass(frozen=True)
class MeasuredArm:
    """An arm on one test, measured on the tour: its rate with the 95 % interval."""

    task: str
    test: str
    arm: str
    successes: int
    of: int
    rate: float
    low: float
    high: float
    tokens_per_query: float


@dataclass(frozen=True)
class RecordedVerdict:
    """What the recorded results say of a task."""

    task: str
    winner: str
    expected_winner: str
    hypothesis_held: bool
    sentence: str


@dataclass(frozen=True)
class TourSummary:
    """A whole tour; `seconds` says how long each part took."""

    settings: TourSettings
    model: str
    stages: StageCounts
    examples: Examples
    trace: tuple[EpochRecord, ...]
    reference_trace: tuple[EpochRecord, ...]
    adapter_parameters: int
    predictions: tuple[ShownPrediction, ...]
    measured_now: tuple[MeasuredArm, ...]
    recorded: tuple[RecordedVerdict, ...]
    seconds: Mapping[str, float]


def summarise_tour(tour: Tour) -> TourSummary:
    """Return what `tour --json` prints."""
    return TourSummary(
        settings=tour.settings,
        model=tour.model,
        stages=_count_stages(tour),
        examples=_show_examples(tour),
        trace=tuple(tour.tuning.run.trace),
        reference_trace=REFERENCE_TRACE,
        adapter_parameters=tour.tuning.adapter_parameters,
        predictions=tuple(map(_show_prediction, tour.prediction.traces)),
        measured_now=tuple(map(_show_result, tour.decision.live)),
        recorded=tuple(map(_show_verdict, tour.decision.verdicts)),
        seconds={name: round(seconds, 2) for name, seconds in tour.seconds},
    )


def _count_stages(tour: Tour) -> StageCounts:
    return StageCounts(
        raw_samples=len(tour.input.raw),
        dropped=tour.input.report.count_reasons(),
        samples=len(tour.input.samples),
        improved_prompts=len(tour.prompts.prompts),
        training_pairs=len(tour.pairs.pairs),
        leaks=len(tour.pairs.leaks),
    )


def _show_examples(tour: Tour) -> Examples:
    shown = find_example(tour.input.samples)
    pair = tour.pairs.pairs[shown]
    return Examples(
        sample=tour.input.samples[shown].text,
        improved_prompt=tour.prompts.prompts[shown].text,
        pair=ShownPair(pair.prompt, pair.response),
    )


def _show_prediction(trace: PredictionTrace) -> ShownPrediction:
    return ShownPrediction(
        prompt=trace.prompt,
        formatted=trace.formatted,
        tokens=trace.tokens,
        token_ids=trace.token_ids,
        base=_show_answer(trace.base),
        tuned=_show_answer(trace.tuned),
    )


def _show_answer(prediction: Prediction) -> ShownAnswer:
    tokens = (
        ShownToken(t.token, t.token_id, t.probability) for t in prediction.top_tokens
    )
    return ShownAnswer(prediction.text, tuple(tokens))


def _show_result(result: ArmResult) -> MeasuredArm:
    rate = result.rate
    return MeasuredArm(
        task=result.task,
        test=result.test,
        arm=result.arm,
        successes=rate.successes,
        of=rate.n,
        rate=rate.rate,
        low=rate.low,
        high=rate.high,
        tokens_per_query=result.prompt_tokens + result.response_tokens,
    )


def _show_verdict(verdict: Verdict) -> RecordedVerdict:
    return RecordedVerdict(
        task=verdict.task,
        winner=verdict.winner,
        expected_winner=verdict.expected_winner,
        hypothesis_held=verdict.held,
        sentence=verdict.sentence,
    )
