"""Data classes become JSON for others to read, or compact JSON that is read back."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest
from prompt_or_tune.serialisation import as_json, decode, encode


@dataclass(frozen=True)
class Lap:
    name: str
    seconds: float = 0.0


@dataclass(frozen=True)
class Race:
    laps: tuple[Lap, ...]
    finished: tuple[bool, ...]
    kind: Literal["short", "long"]
    record: float | None = None


RACE = Race((Lap("first", 1.23456789), Lap("second")), (True, False), "short")


def test_what_is_encoded_reads_back_with_six_digits() -> None:
    encoded = json.loads(json.dumps(encode(RACE)))
    assert encoded["finished"] == "10"
    expected = Race((Lap("first", 1.23457), Lap("second")), (True, False), "short")
    assert decode(Race, encoded) == expected


def test_a_field_with_a_default_may_be_missing_in_a_file_and_others_may_not() -> None:
    assert decode(Lap, {"name": "first"}) == Lap("first")
    with pytest.raises(KeyError):
        decode(Lap, {"seconds": 1.0})


def test_a_value_of_another_type_is_refused() -> None:
    with pytest.raises(TypeError, match="3 is no str"):
        decode(Lap, {"name": 3})


def test_for_others_every_digit_stays_and_what_is_not_known_is_null() -> None:
    shown = as_json(Race((Lap("first", 1.23456789),), (True,), "long", math.nan))
    assert shown == {
        "laps": [{"name": "first", "seconds": 1.23456789}],
        "finished": [True],
        "kind": "long",
        "record": None,
    }


def test_fields_stand_in_order_and_paths_are_texts() -> None:
    @dataclass(frozen=True)
    class Found:
        where: Path
        counts: Mapping[str, int]

    shown = as_json(Found(Path("a/b"), {"z": 1, "a": 2}))
    assert json.dumps(shown) == '{"where": "a/b", "counts": {"z": 1, "a": 2}}'
