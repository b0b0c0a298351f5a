"""The engineered prompt: what was meant, said aloud."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prompt_or_tune.decision.arms.arm import PromptingArm
from prompt_or_tune.decision.asking import ArmSettings, Way
from prompt_or_tune.decision.queries import Query, TaskData

if TYPE_CHECKING:
    from prompt_or_tune.models import LanguageModel


class Engineered(PromptingArm):
    """Ask in the wording that does best on development data."""

    name = "engineered"
    place = 20
    needs_wordings = True
    title = "engineered prompt"

    def list_ways(
        self, model: LanguageModel, data: TaskData, settings: ArmSettings
    ) -> list[Way]:
        """Return a way for each wording."""
        all_wordings = range(len(data.development[0].engineered))
        return [_ask_in(index) for index in settings.wordings or all_wordings]


ENGINEERED = Engineered()


def _ask_in(wording: int) -> Way:
    def write_prompt(query: Query) -> str:
        return query.engineered[wording]

    return Way(write_prompt, f"wording {wording + 1}", wording=wording)
