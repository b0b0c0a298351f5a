"""Stage 1: input data. Collect raw requests, look at them, clean them, split them."""

from __future__ import annotations

import html
import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from random import Random
from typing import Literal

from prompt_or_tune.lexicon import parse_request
from prompt_or_tune.records import Sample
from prompt_or_tune.scoring import normalise

SplitName = Literal["train", "development", "test", "new_subjects"]
SPLITS: tuple[SplitName, ...] = ("train", "development", "test", "new_subjects")

LONGEST_REQUEST = 120
"""Characters; whatever is longer is a pasted text and no request."""


@dataclass(frozen=True)
class RawSample:
    """One request as it came in: untouched, possibly no request at all."""

    id: str
    text: str


@dataclass(frozen=True)
class Dropped:
    """A raw sample that was left out, and the reason: one of `REASONS`."""

    raw: RawSample
    reason: str


REASONS: tuple[str, ...] = (
    "blank",
    "over-long",
    "another language",
    "no subject of the almanac",
    "duplicate",
)
"""Why a raw sample is dropped, in the order in which it is looked at."""


@dataclass(frozen=True)
class CleaningReport:
    """What cleaning made of the raw samples: those kept, those dropped, those mended."""

    samples: tuple[Sample, ...]
    dropped: tuple[Dropped, ...]
    mended: int

    def count_reasons(self) -> dict[str, int]:
        """Return how many were dropped for each reason, in the order of `REASONS`."""
        counts = Counter(dropped.reason for dropped in self.dropped)
        return {reason: counts[reason] for reason in REASONS}


@dataclass(frozen=True)
class AlmanacEntry:
    """One answer of the almanac's editor: subject, setting, text, and its split."""

    subject: str
    setting: str
    text: str
    split: SplitName


def _read_rows(name: str) -> list[dict[str, str]]:
    text = (files("prompt_or_tune") / "data" / name).read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def load_raw() -> list[RawSample]:
    """Return the raw requests as they came in, in order."""
    return [RawSample(**row) for row in _read_rows("raw_samples.jsonl")]


def strip_markup(text: str) -> str:
    """Return the text without tags and entities, white space folded to single spaces."""
    without_tags = re.sub(r"<[^<>]*>", " ", html.unescape(text))
    return " ".join(without_tags.split())


_FOREIGN_WORDS = frozenset(
    """écris écrivez poème sur le la les des une décris schreibe ein eine gedicht über
    beschreibe der das die escribe un una poema sobre el describe el los scrivi una
    poesia sulla descrivi schrijf een gedicht over beschrijf""".split()
) - {"describe", "die", "over", "sur", "la"}


def is_foreign(text: str) -> bool:
    """Return whether a request is in another language.

    Function words of five neighbouring languages are counted; two of them, or any letter
    outside Latin script, decide.
    """
    if any(character.isalpha() and ord(character) > 0x24F for character in text):
        return True
    return sum(word in _FOREIGN_WORDS for word in normalise(text).split()) >= 2


def clean(raw: Iterable[RawSample]) -> CleaningReport:
    """Return the samples that are left when faults are mended or dropped.

    Markup and spacing are mended. Dropped are blanks, over-long texts, other languages,
    requests about nothing in the almanac, and repetitions of an earlier request (up to
    case, spacing and punctuation). Samples keep the order and the ids of the raw file.
    """
    samples: list[Sample] = []
    dropped: list[Dropped] = []
    seen: set[str] = set()
    mended = 0
    for row in raw:
        text = strip_markup(row.text)
        topic = parse_request(text)
        if not text:
            reason = "blank"
        elif len(text) > LONGEST_REQUEST:
            reason = "over-long"
        elif is_foreign(text):
            reason = "another language"
        elif topic is None:
            reason = "no subject of the almanac"
        elif normalise(text) in seen:
            reason = "duplicate"
        else:
            seen.add(normalise(text))
            mended += text != row.text
            samples.append(Sample(row.id, text, *topic))
            continue
        dropped.append(Dropped(row, reason))
    return CleaningReport(tuple(samples), tuple(dropped), mended)


@cache
def _entries() -> tuple[AlmanacEntry, ...]:
    return tuple(AlmanacEntry(**row) for row in _read_rows("almanac.jsonl"))  # type: ignore[arg-type]


def almanac() -> dict[tuple[str, str], str]:
    """Return the almanac editor's answers by (subject, setting)."""
    return {(entry.subject, entry.setting): entry.text for entry in _entries()}


@cache
def load_samples(split: SplitName = "train") -> tuple[Sample, ...]:
    """Return the clean samples of a split.

    "train" holds the 1000 that cleaning leaves of the raw file; "development" and "test"
    ask about other combinations of the same subjects, "new_subjects" about subjects that
    stand nowhere else. Requests for poems and for descriptions alternate there. Raises
    `ValueError` for any other name.
    """
    if split not in SPLITS:
        raise ValueError(
            f"there is no split {split!r}: choose one of {', '.join(SPLITS)}"
        )
    if split == "train":
        return clean(load_raw()).samples
    chosen = [entry for entry in _entries() if entry.split == split]
    return tuple(
        Sample(
            f"{split}-{number:04d}",
            _bare_request(number, f"{entry.subject} {entry.setting}".strip()),
            entry.subject,
            entry.setting,
        )
        for number, entry in enumerate(chosen, start=1)
    )


def _bare_request(number: int, topic: str) -> str:
    return f"Write a poem about {topic}" if number % 2 else f"Describe {topic}"


def split(
    samples: Sequence[Sample], shares: Sequence[float], seed: int = 0
) -> list[list[Sample]]:
    """Return the samples dealt into parts whose sizes are near `shares` of the whole.

    All samples of one subject–setting combination go to the same part, so that no part
    holds a near-copy of what another is tested on. Raises `ValueError` when the shares
    are not positive or sum to more than 1.
    """
    if not shares or min(shares) <= 0 or sum(shares) > 1 + 1e-9:
        raise ValueError(f"shares must be positive and sum to at most 1, not {shares}")
    groups: dict[tuple[str, str], list[Sample]] = {}
    for sample in samples:
        groups.setdefault(sample.combination, []).append(sample)
    order = sorted(groups)
    Random(seed).shuffle(order)
    parts: list[list[Sample]] = [[] for _ in shares]
    part, wanted = 0, shares[0] * len(samples)
    dealt = 0
    for combination in order:
        while part < len(shares) and dealt >= round(wanted):
            part += 1
            wanted += shares[part] * len(samples) if part < len(shares) else 0
        if part == len(shares):
            break
        parts[part].extend(groups[combination])
        dealt += len(groups[combination])
    return parts
