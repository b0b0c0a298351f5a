"""Data classes as JSON's types, to be printed or kept, and back."""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal


def as_json(value: Any) -> Any:
    """Return a value made of data classes as JSON's types, for other programs to read.

    A data class becomes an object with its fields in order, a tuple an array, a path a
    text. A number that is not finite becomes null: NaN is no JSON, and many readers of
    JSON stop at it.
    """
    value = _open(value)
    if isinstance(value, Mapping):
        return {name: as_json(item) for name, item in value.items()}
    if isinstance(value, tuple | list):
        return [as_json(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return str(value) if isinstance(value, Path) else value


def encode(value: Any) -> Any:
    """Return a value made of data classes as JSON's types, compact, for `decode` to read.

    A tuple of right and wrong answers becomes a string of 0 and 1; floats keep six
    digits.
    """
    value = _open(value)
    if isinstance(value, dict):
        return {name: encode(item) for name, item in value.items()}
    if isinstance(value, tuple):
        if value and all(isinstance(item, bool) for item in value):
            return "".join("1" if item else "0" for item in value)
        return [encode(item) for item in value]
    if isinstance(value, float):
        return float(f"{value:.6g}")
    return value


def _open(value: Any) -> Any:
    """Return the fields of a data class by name; anything else as it is."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
    return value


def decode(kind: Any, data: Any) -> Any:
    """Return what `encode` made as a value of its type.

    `kind` is a data class, a tuple, or a plain type. Raises KeyError, TypeError or
    ValueError where the data does not fit.
    """
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        hints = _hints(kind)
        required = [f for f in dataclasses.fields(kind) if f.name in data or _needed(f)]
        return kind(**{f.name: decode(hints[f.name], data[f.name]) for f in required})
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin is tuple:
        if inner[0] is bool:
            return tuple(flag == "1" for flag in data)
        return tuple(decode(inner[0], item) for item in data)
    if origin in (typing.Union, types.UnionType):
        if data is None:
            return None
        return decode(next(k for k in inner if k is not type(None)), data)
    if origin is Literal:
        return data
    if kind is float and isinstance(data, int):
        return float(data)
    if not isinstance(data, kind):
        raise TypeError(f"{data!r} is no {kind.__name__}")
    return data


@cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _needed(field: dataclasses.Field[Any]) -> bool:
    missing = dataclasses.MISSING
    return field.default is missing and field.default_factory is missing
