"""The majority: always the commonest answer."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mode

from prompt_or_tune.decision.arms.arm import Rival
from prompt_or_tune.decision.queries import Query


class Majority(Rival):
    """Answer with the commonest training answer, whatever is asked."""

    name = "majority"
    place = 130
    title = "majority"

    def answer(self, training: Sequence[Query], queries: Sequence[Query]) -> list[str]:
        """Return the commonest answer, the first seen among equals, for every query."""
        return [mode(query.answer for query in training)] * len(queries)


MAJORITY = Majority()
