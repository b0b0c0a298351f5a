"""Many-shot: as many worked examples as the model's context holds."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from prompt_or_tune.decision.arms.arm import PromptingArm
from prompt_or_tune.decision.arms.few_shot import show_examples
from prompt_or_tune.decision.asking import ArmSettings, Way, fits
from prompt_or_tune.decision.queries import TaskData, choose_some

if TYPE_CHECKING:
    from prompt_or_tune.models import LanguageModel


class ManyShot(PromptingArm):
    """Show as many pairs as leave room for the longest question and its answer.

    Agarwal et al. (2024), *Many-shot in-context learning*: what a few examples do not
    show, hundreds may. How many there can be, the context decides.
    """

    name = "many-shot"
    place = 50
    needs_room = True
    fills_context = True
    title = "many-shot"

    def list_ways(
        self, model: LanguageModel, data: TaskData, settings: ArmSettings
    ) -> list[Way]:
        """Return the way with the most examples that fit; none where not one fits."""
        examples = choose_some(data.pairs, len(data.training), settings.seed)
        sizes = range(1, len(examples) + 1)
        # More examples never make a prompt shorter, so the first that does not fit can
        # be found by halving.
        most = bisect_left(
            sizes,
            True,
            key=lambda k: not fits(model, data, show_examples(data, examples[:k])),
        )
        return [show_examples(data, examples[:most])] if most else []


MANY_SHOT = ManyShot()
