"""The records that move between the five stages, named as the field names them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prompt_or_tune.adapters import Adapter
    from prompt_or_tune.tuning import TuningSettings


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
class TuningRun:
    """A finished (or stopped) tuning run: the adapter and one record per whole epoch."""

    adapter: Adapter
    trace: tuple[EpochRecord, ...]
    settings: TuningSettings
    model_name: str


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
