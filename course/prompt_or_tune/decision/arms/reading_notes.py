"""Reading the notes: three lines of code that find the answer in the prompt."""

from __future__ import annotations

import re
from collections.abc import Sequence

from prompt_or_tune.decision.arms.arm import Rival
from prompt_or_tune.decision.queries import Query


class ReadingNotes(Rival):
    """Answer with what the notes in the engineered prompt say of the subject."""

    name = "reading the notes"
    place = 140
    title = "reading the notes"

    def answer(self, training: Sequence[Query], queries: Sequence[Query]) -> list[str]:
        """Return the noted word of each query's subject, blank where none is noted."""
        answers = []
        for query in queries:
            note = re.compile(rf"The word for {re.escape(query.subject)} is (\w+)\.")
            found = note.search(query.engineered[0]) if query.engineered else None
            answers.append(found[1] if found else "")
        return answers


READ_NOTES = ReadingNotes()
