"""Few-shot: the same few worked examples before every question."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from prompt_or_tune.decision.arms.arm import PromptingArm
from prompt_or_tune.decision.asking import ArmSettings, Way
from prompt_or_tune.decision.queries import TaskData, choose_some
from prompt_or_tune.prompts import few_shot
from prompt_or_tune.records import Pair

if TYPE_CHECKING:
    from prompt_or_tune.models import LanguageModel


class FewShot(PromptingArm):
    """Show a few pairs, chosen by chance; how many is chosen on development data."""

    name = "few-shot"
    place = 30
    needs_room = True
    title = "few-shot"

    def list_ways(
        self, model: LanguageModel, data: TaskData, settings: ArmSettings
    ) -> list[Way]:
        """Return a way for each number of examples."""
        counts = count_examples(data, settings)
        examples = choose_some(data.pairs, max(counts), settings.seed)
        return [show_examples(data, examples[:k]) for k in counts]


FEW_SHOT = FewShot()


def count_examples(data: TaskData, settings: ArmSettings) -> list[int]:
    """Return the numbers of examples to try; all pairs where there are fewer."""
    pairs = len(data.training)
    return [k for k in settings.few_shot_counts if k <= pairs] or [pairs]


def show_examples(data: TaskData, examples: Sequence[Pair]) -> Way:
    """Return the way that shows these examples before the bare question."""
    k = len(examples)
    return Way(
        lambda query: few_shot(examples, query.bare),
        f"k = {k}",
        data.count_labels(k),
        shots=k,
    )
