"""Split the reader's pairs so that no answer leaks from training into the test."""

from __future__ import annotations

import json
import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from prompt_or_tune.own_data.reading import (
    SPLITS,
    DataError,
    OwnFile,
    OwnPair,
    SplitName,
    normalise_prompt,
)
from prompt_or_tune.scoring import normalise
from prompt_or_tune.wording import count

# The smallest comparison that says anything: with fewer test rows even a clear winner
# (six against none) stays within the noise.
FEWEST = {"train": 16, "development": 6, "test": 12}
SHARES = {"train": 0.6, "development": 0.15, "test": 0.25}
FEWEST_PAIRS = 48
# More would cost generation time and hardly narrow the intervals (n = 400: ±5 points).
MOST_TEST = 400
MOST_DEVELOPMENT = 200
WIDE_INTERVALS_BELOW = 100
MOST_WORDINGS = 5


@dataclass(frozen=True)
class OwnSplits:
    """The pairs by what they are for.

    `train` may be learned from, `development` chooses every arm's knobs, `test` is used
    once. `notices` says how they were made.
    """

    train: tuple[OwnPair, ...]
    development: tuple[OwnPair, ...]
    test: tuple[OwnPair, ...]
    notices: tuple[str, ...] = ()

    def __getitem__(self, name: SplitName) -> tuple[OwnPair, ...]:
        pairs: tuple[OwnPair, ...] = getattr(self, name)
        return pairs


def split_pairs(file: OwnFile, seed: int = 0) -> OwnSplits:
    """Return the splits that the file names, or make them: 60, 15 and 25 % of the pairs.

    Rows that are wordings of one question stay together (`group_pairs`). Raises DataError
    when a split would be too small, or when the file's own splits share a prompt.
    """
    named = bool(file.pairs[0].split)
    splits = _take_named(file) if named else _make_splits(file, seed)
    _require_enough(file, splits)
    return splits


def _take_named(file: OwnFile) -> OwnSplits:
    by_name: dict[str, list[OwnPair]] = defaultdict(list)
    for pair in file.pairs:
        by_name[pair.split].append(pair)
    _refuse_shared_prompts(file, by_name)
    return OwnSplits(
        tuple(by_name["train"]),
        tuple(by_name["development"]),
        tuple(by_name["test"]),
        ("The file's own splits were used.",),
    )


def _refuse_shared_prompts(file: OwnFile, by_name: dict[str, list[OwnPair]]) -> None:
    crossings = ("train", "test"), ("development", "test"), ("train", "development")
    for seen_in, asked_in in crossings:
        seen = {normalise_prompt(p.prompt): p.line for p in by_name[seen_in]}
        for pair in by_name[asked_in]:
            line = seen.get(normalise_prompt(pair.prompt))
            if line is not None:
                raise DataError(
                    f"{file.path}, line {pair.line}: this {asked_in} prompt also stands "
                    f"in line {line}, a {seen_in} row; what is tested must not be "
                    "learned: move or remove one."
                )


def _make_splits(file: OwnFile, seed: int) -> OwnSplits:
    pairs = file.pairs
    if len(pairs) < FEWEST_PAIRS:
        raise DataError(
            f"{file.path} holds {count(len(pairs), 'different pair')}, and a comparison "
            f"needs at least {FEWEST_PAIRS}; collect more."
        )
    groups = group_pairs(pairs)
    random.Random(seed).shuffle(groups)
    wanted = {
        "test": min(MOST_TEST, round(SHARES["test"] * len(pairs))),
        "development": min(MOST_DEVELOPMENT, round(SHARES["development"] * len(pairs))),
    }
    filled: dict[str, list[OwnPair]] = {"train": [], "development": [], "test": []}
    for group in groups:
        filled[_choose_split(group, filled, wanted)].extend(group)
    notices = [f'Split with seed {seed}; give every row a "split" to choose yourself.']
    grouped = len(pairs) - len(groups)
    if grouped:
        notices.append(
            f"{count(grouped, 'row')} kept beside another wording of the same."
        )
    for rows in filled.values():
        rows.sort(key=lambda pair: pair.line)
    return OwnSplits(
        tuple(filled["train"]),
        tuple(filled["development"]),
        tuple(filled["test"]),
        tuple(notices),
    )


def _choose_split(
    group: Sequence[OwnPair], filled: dict[str, list[OwnPair]], wanted: dict[str, int]
) -> str:
    # A group larger than the room that is left goes to training, where size is no harm.
    for name, size in wanted.items():
        if len(filled[name]) + len(group) <= size:
            return name
    return "train"


def group_pairs(pairs: Sequence[OwnPair]) -> list[list[OwnPair]]:
    """Return the pairs in groups that no split may cut.

    Rows with the same prompt up to case, spacing and punctuation belong together. So do
    rows with the same response, where most responses are their own: then two rows with
    one response are two wordings of one question. Where responses recur, they are labels,
    and say nothing about the question.
    """
    groups = _Groups(len(pairs))
    groups.join_equal([normalise_prompt(pair.prompt) for pair in pairs])
    responses = [normalise(pair.response) or pair.response for pair in pairs]
    uses = Counter(responses)
    if 2 * len(uses) > len(responses):
        groups.join_equal(
            # Also among responses of their own, "unknown" may recur, and is a label.
            [text if uses[text] <= MOST_WORDINGS else "" for text in responses]
        )
    return groups.collect(pairs)


class _Groups:
    """Disjoint sets over row indices (union–find)."""

    def __init__(self, size: int) -> None:
        self._parent = list(range(size))

    def join_equal(self, keys: Sequence[str]) -> None:
        """Join the rows whose keys are equal; an empty key joins nothing."""
        first: dict[str, int] = {}
        for index, key in enumerate(keys):
            if not key:
                continue
            self._parent[self._find(index)] = self._find(first.setdefault(key, index))

    def _find(self, index: int) -> int:
        while self._parent[index] != index:
            self._parent[index] = self._parent[self._parent[index]]
            index = self._parent[index]
        return index

    def collect(self, pairs: Sequence[OwnPair]) -> list[list[OwnPair]]:
        members: dict[int, list[OwnPair]] = defaultdict(list)
        for index, pair in enumerate(pairs):
            members[self._find(index)].append(pair)
        return list(members.values())


def _require_enough(file: OwnFile, splits: OwnSplits) -> None:
    for name, fewest in FEWEST.items():
        found = len(splits[name])  # type: ignore[index]
        if found < fewest:
            raise DataError(
                f"{file.path} gives {count(found, 'pair')} for {name}, and at least "
                f"{fewest} are needed; collect more, or move some."
            )


def write_split(splits: OwnSplits) -> str:
    """Return the pairs as JSON Lines with their `split`, in the file's order."""
    named = [replace(pair, split=name) for name in SPLITS for pair in splits[name]]
    lines = []
    for pair in sorted(named, key=lambda pair: pair.line):
        row = {"prompt": pair.prompt, "response": pair.response, "split": pair.split}
        if pair.pattern:
            row["pattern"] = pair.pattern
        lines.append(json.dumps(row, ensure_ascii=False) + "\n")
    return "".join(lines)
