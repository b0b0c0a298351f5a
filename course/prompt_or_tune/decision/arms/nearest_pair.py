"""The nearest pair: the answer to the most similar request."""

from __future__ import annotations

from collections.abc import Sequence

from prompt_or_tune.decision.arms.arm import Rival
from prompt_or_tune.decision.queries import Query
from prompt_or_tune.scoring import split_words


class NearestPair(Rival):
    """Answer with the answer of the training pair whose prompt is most like the query.

    Likeness is the share of common words (Jaccard); ties are broken by that of common
    runs of three letters, then by the order of the pairs.
    """

    name = "nearest pair"
    place = 120
    title = "nearest pair"

    def answer(self, training: Sequence[Query], queries: Sequence[Query]) -> list[str]:
        """Return the answer of the most similar pair for each query."""
        known = [_list_features(query.bare) for query in training]
        answers = []
        for query in queries:
            wanted = _list_features(query.bare)
            likeness = [tuple(map(_measure_overlap, wanted, each)) for each in known]
            answers.append(training[likeness.index(max(likeness))].answer)
        return answers


NEAREST = NearestPair()


def _list_features(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return a text's words and its runs of three letters."""
    words = split_words(text)
    line = " ".join(words)
    return frozenset(words), frozenset(line[i : i + 3] for i in range(len(line) - 2))


def _measure_overlap(one: frozenset[str], other: frozenset[str]) -> float:
    common = len(one & other)
    return common / max(len(one) + len(other) - common, 1)
