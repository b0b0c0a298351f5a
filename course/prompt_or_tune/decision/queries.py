"""The questions of a task and its data: what every arm is given, and is judged by."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from prompt_or_tune.records import Pair
from prompt_or_tune.scoring import Rule

T = TypeVar("T")


@dataclass(frozen=True)
class Query:
    """One question of a task, in every form in which an arm may ask it.

    `engineered` holds one prompt per wording that the engineered arm may choose from;
    `answer` is the wanted answer (for training, and for exact tasks); `rule` decides;
    `form` decides whether at least the shape of the answer is right.
    """

    id: str
    subject: str
    setting: str
    bare: str
    engineered: tuple[str, ...]
    rule: Rule
    answer: str = ""
    form: Rule | None = None

    def as_pair(self, wording: int | None = None) -> Pair:
        """Return the training pair: the bare prompt, or the engineered wording's."""
        prompt = self.bare if wording is None else self.engineered[wording]
        return Pair(prompt, self.answer, self.id)


@dataclass(frozen=True)
class Test:
    """A named set of queries that is answered once."""

    __test__ = False  # not a test of pytest's

    name: str
    queries: tuple[Query, ...]


@dataclass(frozen=True)
class TaskData:
    """A task's queries and how they are judged; every arm sees the same training queries.

    `glossaries` are texts that the glossary arm may choose from. `max_new_tokens` is the
    longest answer. `labelled`: a person must write the training answers; `tunes_on_bare`:
    LoRA trains on bare prompts, however it is asked.
    """

    name: str
    training: tuple[Query, ...]
    development: tuple[Query, ...]
    tests: tuple[Test, ...]
    max_new_tokens: int
    glossaries: tuple[str, ...] = ()
    labelled: bool = True
    tunes_on_bare: bool = False

    @property
    def queries(self) -> tuple[Query, ...]:
        """Return the queries of all tests, test after test."""
        return tuple(query for test in self.tests for query in test.queries)

    @property
    def pairs(self) -> list[Pair]:
        """Return the training pairs with their bare prompts."""
        return [query.as_pair() for query in self.training]

    def count_labels(self, pairs: int) -> int:
        """Return how many labels an arm pays for that needs so many pairs."""
        return pairs if self.labelled else 0

    def limited(
        self, development: int | None = None, test: int | None = None
    ) -> TaskData:
        """Return the data with at most so many queries each, for a quick look.

        Queries are taken evenly over the whole set, so that subjects stay mixed.
        """
        return replace(
            self,
            development=_thin_out(self.development, development),
            tests=tuple(Test(t.name, _thin_out(t.queries, test)) for t in self.tests),
        )


def choose_some(items: Sequence[T], n: int, seed: int) -> list[T]:
    """Return n items by chance; with the same seed, fewer items are part of more."""
    shuffled = list(items)
    random.Random(f"choose {seed}").shuffle(shuffled)
    return shuffled[:n]


def _thin_out(queries: tuple[Query, ...], limit: int | None) -> tuple[Query, ...]:
    if limit is None or limit >= len(queries):
        return queries
    return tuple(queries[i * len(queries) // limit] for i in range(limit))
