"""What every task is: a question, its data, its rivals, and what was expected of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from prompt_or_tune.decision.arms import list_arms, title_of
from prompt_or_tune.decision.arms.arm import Arm, Rival
from prompt_or_tune.decision.claims import Claim, ResultTable
from prompt_or_tune.decision.queries import TaskData

if TYPE_CHECKING:
    from prompt_or_tune.models import LanguageModel

NEW_COMBINATIONS = "new combinations"
"""The test of known subjects in settings in which they were never seen."""


class Task(ABC):
    """What is asked, which arms compete, and what was expected before measuring.

    `decisive` tests decide on the winner, others only inform. `foils` names, per test,
    the arms whose intervals must not overlap the winner's. `titles` renames arms where
    their own title would mislead. Arms that need several wordings, a glossary or prompts
    as long as the context compete only where the task has or affords them. Tables show
    tasks by `place`.
    """

    place = 0

    name: str
    title: str
    wanted: str
    hypothesis: str = ""
    expected_winner: Arm | None = None
    rivals: tuple[Rival, ...]
    decisive: tuple[str, ...]
    foils: ClassVar[Mapping[str, tuple[Arm, ...]]] = {}
    titles: ClassVar[Mapping[Arm, str]] = {}
    has_wordings: bool = True
    has_glossary: bool = False
    affords_full_context: bool = True

    @abstractmethod
    def build(self, model: LanguageModel | None, seed: int) -> TaskData:
        """Return the task's queries; raise ValueError where they need a model."""

    def list_claims(self, table: ResultTable) -> list[Claim]:
        """Return the hypothesis claim by claim, the winner apart."""
        return []

    @property
    def arms(self) -> tuple[Arm, ...]:
        """Return the arms in which a model answers, in the order of the tables."""
        return tuple(arm for arm in list_arms() if arm.has_model and self._has_what(arm))

    @property
    def contestants(self) -> tuple[Arm, ...]:
        """Return all that is measured: the arms, then the rivals without a model."""
        return (*self.arms, *self.rivals)

    def _has_what(self, arm: Arm) -> bool:
        """Return whether the task has what an arm needs."""
        return (
            (self.has_wordings or not arm.needs_wordings)
            and (self.has_glossary or not arm.needs_glossary)
            and (self.affords_full_context or not arm.fills_context)
        )

    def title_of(self, name: str) -> str:
        """Return what an arm of this name is called in this task."""
        return self.own_titles.get(name) or title_of(name)

    @property
    def own_titles(self) -> dict[str, str]:
        """Return the titles that arms have in this task alone, by the arms' names."""
        own = {rival.name: rival.title for rival in self.rivals}
        own |= {arm.name: title for arm, title in self.titles.items()}
        return {name: title for name, title in own.items() if title != title_of(name)}
