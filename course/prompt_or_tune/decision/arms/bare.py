"""The bare prompt: the question as it came."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prompt_or_tune.decision.arms.arm import PromptingArm
from prompt_or_tune.decision.asking import ArmSettings, Way
from prompt_or_tune.decision.queries import TaskData

if TYPE_CHECKING:
    from prompt_or_tune.models import LanguageModel


class Bare(PromptingArm):
    """Ask the question as it came; there is nothing to choose."""

    name = "bare"
    place = 10
    family = "base"
    title = "bare prompt"

    def list_ways(
        self, model: LanguageModel, data: TaskData, settings: ArmSettings
    ) -> list[Way]:
        """Return the one way there is."""
        return [Way(lambda query: query.bare)]


BARE = Bare()
