"""The look-up table: what the pairs say of the very same subject."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mode

from prompt_or_tune.decision.arms.arm import Rival
from prompt_or_tune.decision.queries import Query


class LookUp(Rival):
    """Answer with what the pairs say of the subject, else with the commonest answer.

    A task that can put an answer together from slots brings a table of its own.
    """

    name = "look-up"
    place = 110
    title = "look-up"

    def answer(self, training: Sequence[Query], queries: Sequence[Query]) -> list[str]:
        """Return the known answer of each query's subject."""
        table = {query.subject: query.answer for query in training}
        fallback = mode(table.values())
        return [table.get(query.subject, fallback) for query in queries]


LOOK_UP = LookUp()
