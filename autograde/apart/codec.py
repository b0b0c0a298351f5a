"""Plain data as JSON text and back, with exact types, and never by running anything.

What JSON has goes as it is. Anything else is an object of one key that names its kind,
such as `{"tuple": [1, 2]}`. Both sides use the same code, and the reader takes every text
for hostile: it bounds size and depth, and makes nothing but what is listed here.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import importlib
import json
import math
import sys
from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from typing import Any, NoReturn

from autograde.apart.foreign import Foreign, name_foreign

LARGEST = 8 * 2**20
"""Characters of a message."""
MOST_PARTS = 1_000_000
"""Values in a message, whatever their size."""
DEEPEST = 60
LONGEST_NAME = 100
LONGEST_TEXT = 10_000
"""Characters of what a value or an error says of itself."""
MOST_FOREIGN_TYPES = 200
MOST_ALIKE = 50
"""Keys with one hash: more of them are meant to make a dictionary slow."""

NUMBERS = frozenset(
    "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 "
    "float16 float32 float64 complex64 complex128".split()
)
"""Kinds of numbers in arrays; tensors have one more."""
RECORDS = "prompt_or_tune"
"""The package whose frozen data classes are data."""

Otherwise = Callable[[object], Any]
"""What to write for a value that is no plain data, or an error to raise."""


class BadMessage(ValueError):  # noqa: N818  # what it is, not what went wrong here
    """A text that no honest process writes."""


class TooMuchData(ValueError):  # noqa: N818  # a student reads this name
    """More than a message may hold."""


def write_message(message: dict[str, Any]) -> str:
    """Return a message as one line of ASCII; raise `TooMuchData` above the limits."""
    text = json.dumps(message, allow_nan=False, separators=(",", ":"))
    if _is_too_much(text):
        raise TooMuchData(
            f"that is more data than can be graded: at most {LARGEST >> 20} MB and "
            f"{MOST_PARTS:,} values"
        )
    return text


def read_message(text: str) -> dict[str, Any]:
    """Return a message as plain JSON; raise `BadMessage` for anything else."""
    if _is_too_much(text):
        raise BadMessage("the message is too large")
    try:
        message = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise BadMessage(f"the message is no JSON: {type(error).__name__}") from None
    if type(message) is not dict:
        raise BadMessage("the message is no object")
    return message


def _is_too_much(text: str) -> bool:
    """Say so before anything is read: a list costs three characters and 60 bytes."""
    return len(text) > LARGEST or sum(map(text.count, "[{,")) > MOST_PARTS


def _refuse_constant(name: str) -> NoReturn:
    raise BadMessage(f"{name} is no number in JSON")


# ── Writing ─────────────────────────────────────────────────────────────────────────────


def encode(value: object, otherwise: Otherwise) -> Any:
    """Return a value as JSON, the kinds of its parts exact.

    A value of another kind, a subclass of a known one among them, becomes what
    `otherwise` makes of it. Raises `TooMuchData`, and whatever `otherwise` raises.
    """
    return _Encoder(otherwise).encode(value, 0)


class _Encoder:
    def __init__(self, otherwise: Otherwise) -> None:
        self.otherwise = otherwise
        self.parts = 0

    def encode(self, value: Any, depth: int) -> Any:
        self.parts += 1
        if self.parts > MOST_PARTS:
            raise TooMuchData(f"there are more than {MOST_PARTS:,} values in it")
        kind = type(value)
        if value is None or kind is bool:
            return value
        if value is ...:  # what stands where an answer is not written yet
            return {"ellipsis": None}
        if kind in (int, float, complex, str, bytes):
            return self._encode_scalar(kind, value)
        if depth < DEEPEST:
            if kind in (list, tuple):
                items = [self.encode(item, depth + 1) for item in value]
                return items if kind is list else {"tuple": items}
            if kind is dict and all(map(_is_key, value)):
                return {"dict": [self._encode_pair(p, depth + 1) for p in value.items()]}
            if kind in (set, frozenset) and all(map(_is_key, value)):
                return {kind.__name__: [self.encode(item, depth + 1) for item in value]}
            if dataclasses.is_dataclass(kind) and _is_record(value):
                fields = [
                    [f.name, self.encode(getattr(value, f.name), depth + 1)]
                    for f in dataclasses.fields(kind)
                ]
                return {"record": [_name_record(kind), fields]}
        return _encode_numbers(value) or self.otherwise(value)

    def _encode_pair(self, pair: tuple[Any, Any], depth: int) -> list[Any]:
        return [self.encode(part, depth) for part in pair]

    def _encode_scalar(self, kind: type, value: Any) -> Any:
        if kind is int:
            # Python itself refuses to write longer ones.
            return value if value.bit_length() < 14_000 else self.otherwise(value)
        if kind is float:
            return value if math.isfinite(value) else {"float": repr(value)}
        if kind is complex:
            return {"complex": self._encode_pair((value.real, value.imag), 0)}
        if kind is bytes:
            return {"bytes": _pack(value)}
        try:
            value.encode()
        except UnicodeEncodeError:  # halves of letters, which JSON would join
            return {"str": list(map(ord, value))}
        return value


def _is_key(value: object) -> bool:
    """Say whether a value can be looked up in a dictionary without running its code."""
    kind = type(value)
    if kind in (tuple, frozenset):
        return all(map(_is_key, value))  # type: ignore[call-overload]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _is_record(value) and all(
            _is_key(getattr(value, field.name)) for field in dataclasses.fields(value)
        )
    return value is None or kind in (bool, int, float, complex, str, bytes)


def _name_record(kind: type) -> str:
    return f"{kind.__module__}:{kind.__qualname__}"


def _is_record(value: object) -> bool:
    """Say whether a value is of one of the library's data classes, and whole."""
    kind: Any = type(value)
    return find_record(_name_record(kind)) is kind and all(
        hasattr(value, field.name) for field in dataclasses.fields(kind)
    )


def _encode_numbers(value: Any) -> dict[str, Any] | None:
    """Return a tensor, an array or one of its numbers; nothing for any other value."""
    torch, numpy = sys.modules.get("torch"), sys.modules.get("numpy")
    kind = type(value)
    if torch and kind is torch.Tensor:
        dtype = str(value.dtype).removeprefix("torch.")
        is_here = value.layout is torch.strided and value.device.type != "meta"
        if is_here and dtype in NUMBERS | {"bfloat16"}:
            flat = value.detach().cpu().resolve_conj().resolve_neg().reshape(-1)
            data = flat.contiguous().view(torch.uint8).numpy().tobytes()
            return {"tensor": [dtype, list(value.shape), _pack(data)]}
    if numpy and (kind is numpy.ndarray or isinstance(value, numpy.generic)):
        dtype, name = value.dtype.name, "array" if kind is numpy.ndarray else "number"
        if dtype in NUMBERS and kind in (numpy.ndarray, numpy.dtype(dtype).type):
            data = _pack(value.astype(dtype).tobytes())
            return {name: [dtype, list(value.shape), data]}
    return None


def _pack(data: bytes) -> str:
    if len(data) > LARGEST:
        raise TooMuchData(f"that is more than {LARGEST >> 20} MB of data")
    return base64.b64encode(data).decode("ascii")


# ── Reading ─────────────────────────────────────────────────────────────────────────────

Special = Callable[[Any], object]


def decode(message: Any, *, special: dict[str, Special] | None = None) -> Any:
    """Return the value that `encode` wrote; raise `BadMessage` for anything else.

    A value that is no plain data comes as a `Foreign`. `special` says what is made of
    further kinds.
    """
    return _Decoder(special or {}).decode(message, 0)


class _Decoder:
    def __init__(self, special: dict[str, Special]) -> None:
        self.special = special
        self.foreign: dict[str, type[Foreign]] = {}

    def decode(self, node: Any, depth: int) -> Any:
        _demand(depth <= DEEPEST + 1, "too deep")
        if type(node) is list:
            return [self.decode(item, depth + 1) for item in node]
        if type(node) is not dict:
            return node  # a plain value of JSON
        _demand(len(node) == 1, "an object has one key, its kind")
        ((kind, content),) = node.items()
        if kind in self.special:
            return self.special[kind](content)
        read = getattr(self, f"_read_{kind}", None) if kind.isidentifier() else None
        _demand(read is not None, "an unknown kind")
        return read(content, depth + 1)  # type: ignore[misc]

    def _read_tuple(self, content: Any, depth: int) -> tuple[Any, ...]:
        return tuple(self._items(content, depth))

    def _read_set(self, content: Any, depth: int) -> set[Any]:
        return set(self._keys(self._items(content, depth)))

    def _read_frozenset(self, content: Any, depth: int) -> frozenset[Any]:
        return frozenset(self._keys(self._items(content, depth)))

    def _read_dict(self, content: Any, depth: int) -> dict[Any, Any]:
        _demand(type(content) is list and all(map(_is_pair, content)), "pairs")
        keys = self._keys(self._items([key for key, _ in content], depth))
        values = self._items([value for _, value in content], depth)
        return dict(zip(keys, values, strict=True))

    def _items(self, content: Any, depth: int) -> list[Any]:
        _demand(type(content) is list, "a list of items")
        return [self.decode(item, depth) for item in content]

    def _keys(self, items: list[Any]) -> list[Hashable]:
        _demand(all(map(_is_key, items)), "keys must be plain")
        alike = Counter(map(hash, items)).most_common(1)
        _demand(not alike or alike[0][1] <= MOST_ALIKE, "keys chosen to be alike")
        _demand(len(set(items)) == len(items), "a key that comes twice")
        return items

    def _read_ellipsis(self, content: Any, depth: int) -> Any:
        return ...

    def _read_float(self, content: Any, depth: int) -> float:
        _demand(content in ("nan", "inf", "-inf"), "a float")
        return float(content)

    def _read_complex(self, content: Any, depth: int) -> complex:
        parts = self._items(content, depth)
        _demand(len(parts) == 2 and all(type(p) is float for p in parts), "two floats")
        return complex(*parts)

    def _read_bytes(self, content: Any, depth: int) -> bytes:
        return _unpack(content)

    def _read_str(self, content: Any, depth: int) -> str:
        _demand(type(content) is list, "letters")
        _demand(all(type(n) is int and 0 <= n < 0x110000 for n in content), "letters")
        return "".join(map(chr, content))

    def _read_record(self, content: Any, depth: int) -> Any:
        """Fill a data class of the library without running any of its code."""
        _demand(_is_pair(content) and type(content[0]) is str, "a record")
        name, fields = content
        _demand(type(fields) is list and all(map(_is_pair, fields)), "fields")
        kind = find_record(name)
        if kind is None:
            return self._read_foreign([name.rpartition(":")[2], f"<{name}>"], depth)
        wanted = [field.name for field in dataclasses.fields(kind)]
        _demand([field for field, _ in fields] == wanted, "other fields than it has")
        record: Any = object.__new__(kind)
        for field, value in fields:
            object.__setattr__(record, field, self.decode(value, depth))
        return record

    def _read_tensor(self, content: Any, depth: int) -> Any:
        import torch

        dtype, shape, data = _check_numbers(content, NUMBERS | {"bfloat16"})
        kind = getattr(torch, dtype)
        _demand_size(shape, kind.itemsize, data)
        if not data:
            return torch.empty(shape, dtype=kind)
        return torch.frombuffer(bytearray(data), dtype=kind).reshape(shape)

    def _read_array(self, content: Any, depth: int) -> Any:
        import numpy

        dtype, shape, data = _check_numbers(content, NUMBERS)
        kind = numpy.dtype(dtype)
        _demand_size(shape, kind.itemsize, data)
        return numpy.frombuffer(bytearray(data), kind).reshape(shape)

    def _read_number(self, content: Any, depth: int) -> Any:
        array = self._read_array(content, depth)
        _demand(array.shape == (), "one number")
        return array[()]

    def _read_foreign(self, content: Any, depth: int) -> Foreign:
        name, text = read_foreign(content)
        if name not in self.foreign:
            _demand(len(self.foreign) < MOST_FOREIGN_TYPES, "types without end")
            self.foreign[name] = name_foreign(name)
        return self.foreign[name](text)


def read_foreign(content: Any) -> tuple[str, str]:
    """Return the type's name and the text of a value that is no plain data."""
    _demand(_is_pair(content) and all(type(c) is str for c in content), "two texts")
    name, text = content
    is_name = name.isidentifier() and len(name) <= LONGEST_NAME
    return name if is_name else "object", text[:LONGEST_TEXT]


def find_record(name: str) -> Any:
    """Return the library's frozen data class `module:Name`; `None` for any other name.

    Nothing is imported for it: what nobody here has imported, nobody here expects.
    """
    module_name, _, class_name = name.partition(":")
    if module_name.partition(".")[0] != RECORDS:
        return None
    found = vars(sys.modules.get(module_name, object)).get(class_name)
    if not isinstance(found, type) or not dataclasses.is_dataclass(found):
        return None
    is_its_own = _name_record(found) == name
    is_frozen = found.__dataclass_params__.frozen  # type: ignore[attr-defined]
    return found if is_its_own and is_frozen else None


def import_records(message: Any) -> None:
    """Import the library's modules whose records are in a message that is trusted."""
    waiting = [message]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            waiting += node.values()
            if "record" in node:
                importlib.import_module(node["record"][0].partition(":")[0])
        elif isinstance(node, list):
            waiting += node


def _check_numbers(content: Any, kinds: frozenset[str]) -> tuple[str, list[int], bytes]:
    _demand(type(content) is list and len(content) == 3, "kind, shape and data")
    dtype, shape, packed = content
    _demand(type(dtype) is str and dtype in kinds, "an unknown kind of numbers")
    _demand(type(shape) is list and len(shape) <= 16, "a shape")
    _demand(all(type(size) is int and 0 <= size < 2**31 for size in shape), "a shape")
    data = _unpack(packed)
    _demand(dtype != "bool" or data.strip(b"\0\1") == b"", "a bool is 0 or 1")
    return dtype, shape, data


def _demand_size(shape: Iterable[int], item_size: int, data: bytes) -> None:
    sizes = list(shape)
    _demand(math.prod(size or 1 for size in sizes) < 2**31, "a shape")
    _demand(math.prod(sizes) * item_size == len(data), "data of another size")


def _unpack(content: Any) -> bytes:
    _demand(type(content) is str, "packed data")
    try:
        return base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError):
        raise BadMessage("packed data is damaged") from None


def _is_pair(content: Any) -> bool:
    return type(content) is list and len(content) == 2


def _demand(condition: bool, what: str) -> None:
    if not condition:
        raise BadMessage(f"in a message: {what}")
