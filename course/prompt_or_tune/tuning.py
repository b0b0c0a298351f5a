"""Stage 4: LoRA fine-tuning, as a stream of steps and epochs to watch, or to stop.

`tune` returns a `Tuning`: iterate over it to see every step and epoch, or call
`finish()`. What happens in a step stands in `lora_trainer`.
"""

from __future__ import annotations

import inspect
import itertools
import math
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from prompt_or_tune import moved
from prompt_or_tune.lora_trainer import LoraTrainer, make_batches
from prompt_or_tune.model_sources import name_portably
from prompt_or_tune.models import LanguageModel
from prompt_or_tune.pairs import EncodedPair, encode
from prompt_or_tune.records import (
    EpochRecord,
    Pair,
    StepRecord,
    TuningSettings,
)
from prompt_or_tune.trace import observe

if TYPE_CHECKING:
    from prompt_or_tune.adapters import Adapter
else:
    __getattr__ = moved.forward(__name__)

SMALL_MODEL = 20_000_000  # parameters; below, LoRA needs a far higher learning rate


class TuningError(Exception):
    """Say in one sentence why a tuning run can't go on, and what to do."""


@dataclass(frozen=True)
class TuningRun:
    """A finished (or stopped) tuning run: the adapter and one record per whole epoch."""

    adapter: Adapter
    trace: tuple[EpochRecord, ...]
    settings: TuningSettings
    model_name: str


def default_settings(model: LanguageModel) -> TuningSettings:
    """Return settings for a model: a tiny one needs a higher learning rate."""
    tiny = model.count_parameters() < SMALL_MODEL
    return TuningSettings(learning_rate=3e-3 if tiny else 2e-4)


Encode = Callable[[Pair, LanguageModel], EncodedPair]


def tune(
    model: LanguageModel,
    pairs: Sequence[Pair],
    settings: TuningSettings | None = None,
    held_out: Sequence[Pair] = (),
    *,
    encode: Encode = encode,
) -> Tuning:
    """Prepare a LoRA run on the pairs; it starts when the result is iterated.

    After each epoch the `held_out` prompts are answered, and the exactly right answers
    counted. Another `encode` gives other labels: so notebook 3 shows what a wrong mask
    does. Raises TuningError: no pairs, or an adapter is attached already; PairsError: a
    pair that can't be encoded.
    """
    return Tuning(model, pairs, settings or default_settings(model), held_out, encode)


class Tuning:
    """A tuning run in progress: an iterable of StepRecord and EpochRecord.

    Iterate it once. `stop()`, or leaving the loop, ends the run; whole epochs finished
    until then are kept in `run`, and the model is left without an adapter.
    """

    def __init__(
        self,
        model: LanguageModel,
        pairs: Sequence[Pair],
        settings: TuningSettings,
        held_out: Sequence[Pair],
        encode: Encode = encode,
    ) -> None:
        _check_start(model, pairs, settings)
        self.model = model
        self.settings = settings
        self.held_out = tuple(held_out)
        self._encoded = [encode(pair, model) for pair in pairs]
        self._trace: list[EpochRecord] = []
        self._adapter: Adapter | None = None
        self._stopped = False
        self._events = self._train()

    def __iter__(self) -> Iterator[StepRecord | EpochRecord]:
        """Yield a StepRecord after each step and an EpochRecord after each epoch."""
        try:
            yield from self._events
        finally:  # also when the caller leaves the loop
            self.stop()

    def stop(self) -> None:
        """End the run after the current step; finished epochs are kept."""
        self._stopped = True
        if inspect.getgeneratorstate(self._events) != inspect.GEN_RUNNING:
            self._events.close()

    def finish(self) -> TuningRun:
        """Run what is left and return the run."""
        for _ in self:
            pass
        return self.run

    @property
    def run(self) -> TuningRun:
        """Return the run up to its last whole epoch.

        Raises TuningError as long as no epoch is finished.
        """
        if self._adapter is None:
            raise TuningError(
                "No epoch has finished, so there is no adapter to keep: let the run go "
                "on until the end of its first epoch."
            )
        name = name_portably(self.model.name)
        return TuningRun(self._adapter, tuple(self._trace), self.settings, name)

    @property
    def steps(self) -> int:
        """Return how many optimiser steps the whole run takes."""
        return self.settings.count_steps(len(self._encoded))

    def _train(self) -> Generator[StepRecord | EpochRecord, None, None]:
        try:
            trainer = LoraTrainer(self.model, self.settings, self.steps)
            for epoch in itertools.count(1):
                yield from self._train_epoch(trainer, epoch)
                if self._stopped or trainer.step == self.steps:
                    return
        finally:
            self.model.detach()

    def _train_epoch(
        self, trainer: LoraTrainer, epoch: int
    ) -> Iterator[StepRecord | EpochRecord]:
        totals = _EpochTotals()
        batches = make_batches(self._encoded, self.settings, epoch)
        for batch in batches[: self.steps - trainer.step]:
            step, hits, labels = trainer.take_step(batch, epoch)
            _check_loss(step, self.settings)
            totals.add(step, hits, labels)
            yield step
            if self._stopped:
                return
        adapter = trainer.snapshot()
        record = totals.make_record(epoch, self._measure_accuracy())
        final = trainer.step == self.steps
        observation = observe([*self._trace, record], final=final)
        self._adapter = adapter
        self._trace.append(replace(record, observation=observation))
        yield self._trace[-1]

    def _measure_accuracy(self) -> float | None:
        return measure_accuracy(self.model, self.held_out) if self.held_out else None


def measure_accuracy(model: LanguageModel, pairs: Sequence[Pair]) -> float:
    """Return the share of prompts whose greedy answer is exactly the pair's response."""
    wanted = [pair.response.strip() for pair in pairs]
    # A right answer needs no more tokens than the longest response and its end.
    budget = 1 + max(len(model.encode_text(text)) for text in wanted)
    answers = model.generate([pair.prompt for pair in pairs], max_new_tokens=budget)
    hits = sum(got == text for got, text in zip(answers, wanted, strict=True))
    return hits / len(wanted)


def _check_start(
    model: LanguageModel, pairs: Sequence[Pair], settings: TuningSettings
) -> None:
    if not pairs:
        raise TuningError("There are no pairs to train on.")
    if model.has_adapter:
        raise TuningError(
            "The model has an adapter attached: call model.detach() before tuning."
        )
    for name in ("epochs", "batch_size", "rank", "alpha", "learning_rate"):
        if not getattr(settings, name) > 0:
            raise TuningError(f"{name} must be above 0, not {getattr(settings, name)}.")
    if settings.max_steps is not None and settings.max_steps < 1:
        raise TuningError(f"max_steps must be at least 1, not {settings.max_steps}.")


def _check_loss(step: StepRecord, settings: TuningSettings) -> None:
    if not math.isfinite(step.loss):
        raise TuningError(
            f"The loss became {step.loss} at step {step.step} of {step.steps}: lower the "
            f"learning rate (it is {settings.learning_rate:g})."
        )


class _EpochTotals:
    """Sums over an epoch's steps."""

    def __init__(self) -> None:
        self.loss = 0.0
        self.hits = 0
        self.labels = 0
        self.seconds = 0.0

    def add(self, record: StepRecord, hits: int, labels: int) -> None:
        self.loss += record.loss * labels
        self.hits += hits
        self.labels += labels
        self.seconds += record.seconds

    def make_record(self, epoch: int, accuracy: float | None) -> EpochRecord:
        return EpochRecord(
            epoch=epoch,
            loss=self.loss / self.labels,
            token_accuracy=self.hits / self.labels,
            accuracy=accuracy,
            seconds=self.seconds,
            observation="",
        )
