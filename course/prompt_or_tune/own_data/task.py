"""The task that is made of the reader's own pairs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from prompt_or_tune.decision.arms.arm import Arm
from prompt_or_tune.decision.arms.engineered import ENGINEERED
from prompt_or_tune.decision.arms.engineered_few_shot import ENGINEERED_FEW_SHOT
from prompt_or_tune.decision.arms.look_up import LOOK_UP
from prompt_or_tune.decision.arms.lora import LORA_ENGINEERED
from prompt_or_tune.decision.arms.majority import MAJORITY
from prompt_or_tune.decision.arms.nearest_pair import NEAREST
from prompt_or_tune.decision.queries import TaskData
from prompt_or_tune.decision.tasks.task import Task
from prompt_or_tune.own_data.reading import DataError

if TYPE_CHECKING:
    from prompt_or_tune.models import LanguageModel


FEWEST_NEW_TOKENS = 32


class OwnTask(Task):
    """What the reader asks; nothing was expected of it beforehand.

    `has_wordings` says whether templates were given; `path` is where the pairs come from.
    Prompts as long as a hub model's context would take a CPU minutes each, so no arm
    fills it.
    """

    name = "own data"
    test = "test"

    title = "Your data"
    rivals = (LOOK_UP, NEAREST, MAJORITY)
    decisive = (test,)
    titles: ClassVar[Mapping[Arm, str]] = {
        ENGINEERED: "template",
        ENGINEERED_FEW_SHOT: "template + few-shot",
        LORA_ENGINEERED: "LoRA + template",
        LOOK_UP: "look-up table",
    }
    affords_full_context = False

    def __init__(
        self, data: TaskData, path: Path, wanted: str, *, has_wordings: bool
    ) -> None:
        self.data = data
        self.path = path
        self.wanted = wanted
        self.has_wordings = has_wordings

    def build(self, model: LanguageModel | None, seed: int) -> TaskData:
        """Return the reader's data with a budget of new tokens for this model.

        Raises DataError for a prompt that leaves the model no room for an answer.
        """
        if model is None:
            raise ValueError("How long answers may be is counted by a model: pass it.")
        budget = self.data.max_new_tokens or _choose_budget(model, self.data)
        data = replace(self.data, max_new_tokens=budget)
        self._check_lengths(model, data)
        return data

    def _check_lengths(self, model: LanguageModel, data: TaskData) -> None:
        room = model.context_length - data.max_new_tokens
        for query in (*data.training, *data.development, *data.queries):
            prompts = (query.bare, *query.engineered)
            longest = max(model.count_tokens(prompt) for prompt in prompts)
            if longest > room:
                raise DataError(
                    f"{self.path}, {query.id}: the prompt takes {longest} "
                    f"tokens, and {model.name} reads {model.context_length}, "
                    f"{data.max_new_tokens} of them kept for the answer; "
                    "shorten it, or lower --max-new-tokens."
                )


def _choose_budget(model: LanguageModel, data: TaskData) -> int:
    queries = (*data.training, *data.development, *data.queries)
    longest = max(len(model.encode_text(query.answer)) for query in queries)
    return max(FEWEST_NEW_TOKENS, 2 * longest)
