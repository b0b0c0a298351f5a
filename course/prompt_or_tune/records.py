"""The records that move between the five stages, named as the field names them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prompt_or_tune import moved

if not TYPE_CHECKING:
    __getattr__ = moved.forward(__name__)


@dataclass(frozen=True)
class Sample:
    """One clean request: what somebody asked for, and about what.

    `subject` is a noun phrase of the lexicon ("spring", "the fox"); `setting` is an
    adverbial phrase ("at dawn"), empty when the request names none.
    """

    id: str
    text: str
    subject: str
    setting: str

    @property
    def combination(self) -> tuple[str, str]:
        """Return the subject–setting combination, the unit that splits never share."""
        return self.subject, self.setting


@dataclass(frozen=True)
class Prompt:
    """The text that is sent to a model for one sample."""

    text: str
    sample_id: str


@dataclass(frozen=True)
class Pair:
    """One training example: a prompt and the response that was wanted."""

    prompt: str
    response: str
    sample_id: str = ""


@dataclass(frozen=True)
class StepRecord:
    """One optimiser step of a tuning run.

    `loss` is the mean cross-entropy in nats over the response tokens of the batch,
    `tokens` counts the batch's real tokens (no padding), `seconds` the step's duration.
    """

    step: int
    steps: int
    epoch: int
    loss: float
    learning_rate: float
    tokens: int
    seconds: float


@dataclass(frozen=True)
class EpochRecord:
    """One epoch of a tuning run: a row of the training trace.

    `loss` is the mean over the epoch's response tokens in nats; `token_accuracy` is the
    share of those tokens whose top prediction was right (what trainers print);
    `accuracy` is the share of held-out prompts whose generated answer was exactly right,
    `None` when no held-out pairs were given; `seconds` counts training only.
    """

    epoch: int
    loss: float
    token_accuracy: float
    accuracy: float | None
    seconds: float
    observation: str


@dataclass(frozen=True)
class TuningSettings:
    """The knobs of a tuning run; the defaults are Seedling's.

    `learning_rate` rises linearly over the first `warmup_share` of the steps (without
    that, one run in four stayed on a plateau), then falls linearly to 0. `rank` and
    `alpha` are LoRA's r and α. With `max_steps` the run takes exactly that many optimiser
    steps, in as many passes over the pairs as that needs, and `epochs` is not looked at.
    """

    epochs: int = 5
    batch_size: int = 16
    learning_rate: float = 3e-3
    rank: int = 16
    alpha: int = 32
    warmup_share: float = 0.1
    seed: int = 0
    max_steps: int | None = None

    def count_steps(self, pairs: int) -> int:
        """Return the optimiser steps of a run over this many pairs."""
        if self.max_steps is not None:
            return self.max_steps
        return self.epochs * math.ceil(pairs / self.batch_size)

    def learning_rate_at(self, step: int, steps: int) -> float:
        """Return the learning rate of a step, counted from 0, in a run of so many."""
        warmup = max(1, round(self.warmup_share * steps))
        rising = min(1.0, (step + 1) / warmup)
        return self.learning_rate * rising * (1 - step / steps)


@dataclass(frozen=True)
class TokenProbability:
    """A candidate for the next token and the probability that the model gives it."""

    token: str
    token_id: int
    probability: float


@dataclass(frozen=True)
class Prediction:
    """What one model makes of one prompt.

    `tokens` are the prompt's tokens as text; `top_tokens` are the likeliest first tokens
    of the answer, most probable first; `text` is the generated answer.
    """

    prompt: str
    text: str
    tokens: tuple[str, ...]
    top_tokens: tuple[TokenProbability, ...]
