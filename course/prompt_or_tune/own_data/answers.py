"""An arm that was answered elsewhere: its answers come from a file."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from prompt_or_tune.decision.arms.arm import Arm, Family, ReadyArm
from prompt_or_tune.decision.asking import Answers, ArmSettings, judge
from prompt_or_tune.decision.queries import Query, TaskData

if TYPE_CHECKING:
    from prompt_or_tune.models import LanguageModel


class AnsweredElsewhere(Arm):
    """Answers by prompt, given by a model that is not here, at `price` per query."""

    family: Family = "prompted"

    def __init__(self, name: str, answers: Mapping[str, str], price: float) -> None:
        self.name = self.title = name
        self.answers = answers
        self.price = price

    def prepare(
        self, model: LanguageModel, data: TaskData, settings: ArmSettings
    ) -> ReadyArm:
        """Return the arm as it was answered; the model only counts its tokens."""
        return ReadyArm(partial(self._look_up, model), knobs="answered elsewhere")

    def _look_up(self, model: LanguageModel, queries: Sequence[Query]) -> Answers:
        prompts = tuple(query.bare for query in queries)
        texts = tuple(self.answers[prompt.strip()] for prompt in prompts)
        return Answers(
            prompts,
            texts,
            *judge(queries, texts),
            seconds=math.nan,
            prompt_tokens=sum(map(model.count_tokens, prompts)) / len(prompts),
            response_tokens=sum(len(model.encode_text(t)) for t in texts) / len(texts),
            flops=math.nan,
        )
