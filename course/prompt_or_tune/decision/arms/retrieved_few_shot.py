"""Retrieved few-shot: the pairs most like the question, as its worked examples."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from prompt_or_tune.decision.arms.arm import PromptingArm
from prompt_or_tune.decision.arms.few_shot import count_examples
from prompt_or_tune.decision.asking import ArmSettings, Way
from prompt_or_tune.decision.queries import Query, TaskData
from prompt_or_tune.prompts import retrieved_few_shot

if TYPE_CHECKING:
    from prompt_or_tune.models import LanguageModel


class RetrievedFewShot(PromptingArm):
    """Show the pairs nearest to each question; it needs all of them to search in."""

    name = "retrieved few-shot"
    place = 60
    needs_room = True
    title = "retrieved few-shot"

    def list_ways(
        self, model: LanguageModel, data: TaskData, settings: ArmSettings
    ) -> list[Way]:
        """Return a way for each number of examples."""
        return [_show_nearest(data, k) for k in count_examples(data, settings)]


RETRIEVED = RetrievedFewShot()


def _show_nearest(data: TaskData, k: int) -> Way:
    pairs = data.pairs

    @cache
    def write_prompt(query: Query) -> str:
        # The pair of the very same question would be its answer, not an example of it.
        others = [pair for pair in pairs if pair.sample_id != query.id]
        return retrieved_few_shot(others, query.bare, k)

    return Way(write_prompt, f"k = {k}", data.count_labels(len(pairs)), shots=k)
