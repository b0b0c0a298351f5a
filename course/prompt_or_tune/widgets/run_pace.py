"""How long a LoRA run takes here: measured on a few steps, or taken from a whole run."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from prompt_or_tune.figures.training import draw_training_trace
from prompt_or_tune.models import LanguageModel
from prompt_or_tune.records import EpochRecord, Pair, StepRecord, TuningSettings
from prompt_or_tune.trace import REFERENCE_TRACE
from prompt_or_tune.tuning import default_settings, measure_accuracy, tune

_STEPS = 4  # the first one warms up and is not counted
_PROMPTS = 64  # one batch of answers


@dataclass(frozen=True)
class Pace:
    """Seconds per optimiser step, and per epoch besides (evaluation and picture).

    `source` says in words where the figures come from.
    """

    step: float
    epoch: float
    source: str

    def seconds(self, steps: int, epochs: int) -> float:
        """Return about how long so many steps and epochs take."""
        return self.step * steps + self.epoch * epochs


def measure_pace(
    model: LanguageModel, pairs: Sequence[Pair], held_out: Sequence[Pair]
) -> Pace:
    """Time a few steps, one batch of answers and one picture: about a second."""
    settings = replace(default_settings(model), max_steps=_STEPS)
    few = pairs[: _STEPS * settings.batch_size]
    seconds = []
    for event in tune(model, few, settings):
        if isinstance(event, StepRecord):
            seconds.append(event.seconds)
    started = time.perf_counter()
    if held_out:
        measure_accuracy(model, held_out[:_PROMPTS])
    batches = math.ceil(len(held_out) / _PROMPTS)
    evaluation = (time.perf_counter() - started) * batches
    started = time.perf_counter()
    draw_training_trace(REFERENCE_TRACE).render()
    picture = time.perf_counter() - started
    counted = seconds[1:] or seconds
    step = sum(counted) / len(counted)
    return Pace(step, evaluation + picture, f"measured on {len(counted)} steps just now")


class Stopwatch:
    """Keeps apart what a run's steps and what its epochs' ends have taken."""

    def __init__(self, settings: TuningSettings) -> None:
        self.settings = settings
        self.started = self._last = time.perf_counter()
        self._step_seconds: list[float] = []
        self._epoch_seconds: list[float] = []

    def lap(self, event: StepRecord | EpochRecord) -> None:
        """Charge the time since the last lap to a step or to the end of an epoch."""
        now = time.perf_counter()
        ended = isinstance(event, EpochRecord)
        (self._epoch_seconds if ended else self._step_seconds).append(now - self._last)
        self._last = now

    @property
    def seconds(self) -> float:
        """Return the seconds since the start."""
        return time.perf_counter() - self.started

    def pace(self) -> Pace | None:
        """Return the run's pace; None before an epoch has ended."""
        if not self._epoch_seconds:
            return None
        step = sum(self._step_seconds) / len(self._step_seconds)
        epoch = sum(self._epoch_seconds) / len(self._epoch_seconds)
        return Pace(step, epoch, "taken from the last run here")
