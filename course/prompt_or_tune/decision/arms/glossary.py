"""The glossary: everything that the pairs could teach, written into the prompt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prompt_or_tune.decision.arms.arm import PromptingArm
from prompt_or_tune.decision.asking import ArmSettings, Way
from prompt_or_tune.decision.queries import TaskData

if TYPE_CHECKING:
    from prompt_or_tune.models import LanguageModel


class Glossary(PromptingArm):
    """Put all words before the question, in the form that does best."""

    name = "glossary"
    place = 70
    needs_glossary = True
    needs_room = True
    title = "glossary"

    def list_ways(
        self, model: LanguageModel, data: TaskData, settings: ArmSettings
    ) -> list[Way]:
        """Return a way for each form; raise ValueError where the task has no glossary."""
        if not data.glossaries:
            raise ValueError(
                f'There is no arm "glossary" in the task "{data.name}": '
                "it has no glossary."
            )
        return [_put_before(data, index) for index in range(len(data.glossaries))]


GLOSSARY = Glossary()


def _put_before(data: TaskData, index: int) -> Way:
    text = data.glossaries[index]
    return Way(
        lambda query: f"{text}\n\n{query.bare}",
        f"form {index + 1} of {len(data.glossaries)}",
        data.count_labels(len(data.training)),
    )
