"""What every arm is: a name, a family, and a way to be made ready to answer.

An arm that prompts says how it asks (`PromptingArm`), an arm that tunes what it trains
(`TunedArm`), a rival how a few lines of code answer (`Rival`). Nobody who uses an arm
needs to know which of them it is.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Literal

from prompt_or_tune.decision.asking import (
    Answers,
    ArmSettings,
    NoRoomError,
    Way,
    ask,
    fits,
    judge,
    score,
)
from prompt_or_tune.decision.queries import Query, TaskData

if TYPE_CHECKING:
    from prompt_or_tune.models import LanguageModel
    from prompt_or_tune.tuning import TuningRun

Family = Literal["base", "prompted", "tuned", "both", "rival"]
"""What stands behind an answer; each has one colour in every figure."""


@dataclass(frozen=True)
class ReadyArm:
    """An arm whose knobs are chosen, and which is trained if it trains: it can answer.

    `knobs` says what was chosen on development data; `labels` counts the labelled pairs
    that were needed, `training_tokens` each token once per time it was read.
    """

    answer: Callable[[Sequence[Query]], Answers]
    knobs: str = ""
    labels: int = 0
    run: TuningRun | None = None
    training_tokens: int = 0
    training_flops: float = 0.0

    @property
    def training_seconds(self) -> float:
        """Return the seconds of training, without evaluations."""
        return sum(record.seconds for record in self.run.trace) if self.run else 0.0

    @property
    def learning_rate(self) -> float | None:
        """Return the learning rate that was chosen, None for arms that do not train."""
        return self.run.settings.learning_rate if self.run else None

    @property
    def loss(self) -> float | None:
        """Return the mean loss of the last pass in nats, None for arms without one."""
        return self.run.trace[-1].loss if self.run else None


class Arm(ABC):
    """One way of answering a task's queries; `title` is what a sentence calls it.

    `name` is what recorded results call it; tables show arms by `place`, smallest first.
    An arm that `needs_room` shows more than the question: where that does not fit, it is
    left out and the others still compare. One that `needs_wordings` or
    `needs_glossary` competes only in tasks that have them, one that `fills_context`
    where that is affordable.
    """

    name: str
    title: str
    place: int
    family: Family
    needs_room: bool = False
    needs_wordings: bool = False
    needs_glossary: bool = False
    fills_context: bool = False

    def __repr__(self) -> str:
        return f"<arm {self.name}>"

    @property
    def has_model(self) -> bool:
        """Return whether a language model answers; a rival has none."""
        return self.family != "rival"

    @property
    def trains(self) -> bool:
        """Return whether the arm changes the model's weights."""
        return self.family in ("tuned", "both")

    @property
    def only_prompts(self) -> bool:
        """Return whether the arm asks the base model, bare or with any prompt."""
        return self.family in ("base", "prompted")

    @abstractmethod
    def prepare(
        self, model: LanguageModel, data: TaskData, settings: ArmSettings
    ) -> ReadyArm:
        """Choose knobs on development data, train if the arm trains.

        Raises NoRoomError when no prompt of the arm fits into what the model reads.
        """

    def settle(
        self, model: LanguageModel, data: TaskData, settings: ArmSettings
    ) -> ArmSettings:
        """Return settings that leave the arm no choice but what these data choose.

        For a learning curve: knobs are chosen once, with all pairs.
        """
        return settings


class PromptingArm(Arm):
    """An arm that asks the base model."""

    family: Family = "prompted"

    @abstractmethod
    def list_ways(
        self, model: LanguageModel, data: TaskData, settings: ArmSettings
    ) -> list[Way]:
        """Return the ways of asking that the arm may choose from, cheapest first."""

    def prepare(
        self, model: LanguageModel, data: TaskData, settings: ArmSettings
    ) -> ReadyArm:
        """Choose the way of asking on development data."""
        way = self.choose_way(model, data, settings)
        answer = partial(ask, model, data, way, batch_size=settings.batch_size)
        return ReadyArm(answer, way.knobs, way.labels)

    def choose_way(
        self, model: LanguageModel, data: TaskData, settings: ArmSettings
    ) -> Way:
        """Return the best way on development data, the first among equals."""
        ways = [w for w in self.list_ways(model, data, settings) if fits(model, data, w)]
        if not ways:
            raise NoRoomError(
                f'No prompt of the arm "{self.name}" fits into the '
                f"{model.context_length} tokens that {model.name} reads: allow fewer "
                "examples, or take another model."
            )
        if len(ways) == 1:
            return ways[0]

        def score_way(way: Way) -> tuple[float, float]:
            asked = ask(model, data, way, data.development, settings.batch_size)
            return score(asked)

        # max() takes the first of equals, and ways stand cheapest first.
        return max(ways, key=score_way)

    def settle(
        self, model: LanguageModel, data: TaskData, settings: ArmSettings
    ) -> ArmSettings:
        """Return settings with the wording and the number of examples of the best way."""
        way = self.choose_way(model, data, settings)
        if way.wording is not None:
            settings = replace(settings, wordings=(way.wording,))
        if way.shots is not None:
            settings = replace(settings, few_shot_counts=(way.shots,))
        return settings


class Rival(Arm):
    """The strongest simple thing that could be done instead: a program, no model.

    Rivals stand in every table, and are never chosen as the winner.
    """

    family: Family = "rival"

    @abstractmethod
    def answer(self, training: Sequence[Query], queries: Sequence[Query]) -> list[str]:
        """Return the answers, given the same training pairs as every arm."""

    def prepare(
        self, model: LanguageModel, data: TaskData, settings: ArmSettings
    ) -> ReadyArm:
        """Take all training pairs, and answer without the model."""
        labels = data.count_labels(len(data.training))
        return ReadyArm(partial(self._answer, data.training), labels=labels)

    def _answer(self, training: Sequence[Query], queries: Sequence[Query]) -> Answers:
        started = time.perf_counter()
        texts = tuple(self.answer(training, queries))
        seconds = time.perf_counter() - started
        prompts = tuple(query.bare for query in queries)
        return Answers(prompts, texts, *judge(queries, texts), seconds)
