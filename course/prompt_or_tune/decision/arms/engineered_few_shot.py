"""Engineered and few-shot: worked examples, all asked in the engineered wording."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from prompt_or_tune.decision.arms.arm import PromptingArm
from prompt_or_tune.decision.arms.engineered import ENGINEERED
from prompt_or_tune.decision.arms.few_shot import count_examples
from prompt_or_tune.decision.asking import ArmSettings, Way
from prompt_or_tune.decision.queries import Query, TaskData, choose_some
from prompt_or_tune.prompts import few_shot

if TYPE_CHECKING:
    from prompt_or_tune.models import LanguageModel


class EngineeredFewShot(PromptingArm):
    """Show a few pairs, question and examples in the engineered prompt's best wording."""

    name = "engineered + few-shot"
    place = 40
    needs_room = True
    needs_wordings = True
    title = "engineered + few-shot"

    def list_ways(
        self, model: LanguageModel, data: TaskData, settings: ArmSettings
    ) -> list[Way]:
        """Return a way for each number of examples, all in the one wording."""
        wording = ENGINEERED.choose_way(model, data, settings).wording or 0
        counts = count_examples(data, settings)
        examples = choose_some(data.training, max(counts), settings.seed)
        return [_show_in(wording, data, examples[:k]) for k in counts]


ENGINEERED_FEW_SHOT = EngineeredFewShot()


def _show_in(wording: int, data: TaskData, examples: Sequence[Query]) -> Way:
    k = len(examples)
    shown = [example.as_pair(wording) for example in examples]
    return Way(
        lambda query: few_shot(shown, query.engineered[wording]),
        f"wording {wording + 1}, k = {k}",
        data.count_labels(k),
        wording=wording,
        shots=k,
    )
