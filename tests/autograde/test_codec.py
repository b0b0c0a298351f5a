"""Plain data arrives between answers and grade cells as it was, and nothing else does."""

from __future__ import annotations

import collections
import enum
import json
import math
import typing
from dataclasses import FrozenInstanceError, dataclass, fields

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from prompt_or_tune.checks.comparing import CheckFailed, expect_equal
from prompt_or_tune.checks.decision import make_arms
from prompt_or_tune.decision.costs import Prices
from prompt_or_tune.prompts import Template, TemplateError
from prompt_or_tune.records import EpochRecord, Pair

from autograde.apart import codec
from autograde.apart.codec import BadMessage, TooMuchData
from autograde.apart.foreign import Foreign, ForeignError


def describe(value: object) -> dict[str, list[str]]:
    return {"foreign": [type(value).__name__, repr(value)]}


def send(value: object) -> object:
    """Return what arrives of a value."""
    text = codec.write_message({"value": codec.encode(value, describe)})
    return codec.decode(codec.read_message(text)["value"])


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.complex_numbers()
    | st.text(st.characters())  # halves of letters among them
    | st.binary()
)
KEYS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.binary(),
    lambda parts: st.tuples(parts, parts) | st.frozensets(parts),
    max_leaves=5,
)
PLAIN = st.recursive(
    SCALARS,
    lambda parts: (
        st.lists(parts)
        | st.lists(parts).map(tuple)
        | st.dictionaries(KEYS, parts)
        | st.sets(KEYS)
        | st.frozensets(KEYS)
        | st.builds(Pair, parts, parts, parts)
    ),
)


# ── What arrives ────────────────────────────────────────────────────────────────────────


@pytest.mark.slow
@given(PLAIN)
def test_plain_data_arrives_as_it_was(value):
    arrived = send(value)
    assert type(arrived) is type(value)
    assert repr_of(arrived) == repr_of(value)
    if not any(isinstance(part, complex) for part in flatten(value)):  # no NaN inside
        expect_equal(arrived, value, case="sent")


def repr_of(value: object) -> object:
    """Return a text that two values share that are the same: sets have no order."""
    if isinstance(value, set | frozenset):
        return type(value).__name__, sorted(str(repr_of(item)) for item in value)
    if isinstance(value, list | tuple):
        return type(value).__name__, [repr_of(item) for item in value]
    if isinstance(value, dict):
        return [(repr_of(k), repr_of(v)) for k, v in value.items()]
    if isinstance(value, Pair):
        return [repr_of(getattr(value, field.name)) for field in fields(value)]
    return repr(value)


def flatten(value: object) -> list[object]:
    if isinstance(value, Pair):
        value = [getattr(value, field.name) for field in fields(value)]
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return [part for item in value for part in flatten(item)]
    return [value]


@pytest.mark.parametrize(
    "value",
    [
        -0.0,
        5e-324,
        10**4000,
        "\ud83d\ude00",  # two halves, which are not the letter that they would make
        {True: 1},
        {(1, "a"): {None}},
        {Pair("a", "b"): 1},
        {frozenset({Pair("a", "b")})},
        [...],
        make_arms(0.1, 0.2, 0.3, 0.4),
        EpochRecord(1, float("nan"), 0.5, None, 1.0, ""),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_looks_alike_stays_apart(value):
    arrived = send(value)
    assert repr(arrived) == repr(value)
    expect_equal(arrived, value, case="sent")


@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 3), (2, 3)])
@pytest.mark.parametrize("name", sorted(codec.NUMBERS | {"bfloat16"}))
def test_tensors_arrive_with_their_kind_and_shape(name, shape):
    dtype = getattr(torch, name)
    tensor = torch.arange(math.prod(shape)).reshape(shape).to(dtype)
    arrived = send(tensor)
    assert isinstance(arrived, torch.Tensor)
    expect_equal(arrived, tensor, case=name)


def test_a_tensor_arrives_without_its_gradient_and_in_rows():
    tensor = torch.randn(3, 4, requires_grad=True).T
    arrived = send(tensor)
    assert isinstance(arrived, torch.Tensor)
    assert not arrived.requires_grad
    expect_equal(arrived, tensor, case="turned")
    arrived += 1  # nothing is shared


@pytest.mark.parametrize("name", sorted(codec.NUMBERS))
def test_arrays_and_their_numbers_arrive_with_their_kind(name):
    array = np.arange(6).reshape(2, 3).astype(name)
    arrived = send(array)
    assert type(arrived) is np.ndarray
    assert arrived.dtype == array.dtype
    assert np.array_equal(arrived, array)
    number = send(array[1, 0])
    assert type(number) is type(array[1, 0])
    assert number == array[1, 0]


def test_an_array_of_another_machines_order_arrives_as_numbers_of_this_one():
    arrived = send(np.array([1, 2], dtype=">i4"))
    assert isinstance(arrived, np.ndarray)
    assert arrived.tolist() == [1, 2]


def test_a_record_of_the_library_arrives_as_one():
    prices = Prices(input=3.0, prefix_caching=True)
    arrived = send(prices)
    assert type(arrived) is Prices
    assert arrived == prices
    with pytest.raises(FrozenInstanceError):
        arrived.input = 1.0  # type: ignore[misc]


def test_filling_a_record_runs_none_of_its_code():
    with pytest.raises(TemplateError):
        Template("{")
    message = {"record": ["prompt_or_tune.prompts:Template", [["text", "{"]]]}
    names = [field.name for field in fields(Template)]
    if names != ["text"]:
        message["record"][1] = [[name, "{"] for name in names]
    assert type(codec.decode(message)) is Template


# ── What does not ───────────────────────────────────────────────────────────────────────


class Number(int):
    pass


class Point(typing.NamedTuple):
    x: int


class Colour(enum.IntEnum):
    RED = 1


@dataclass(frozen=True)
class Own:
    x: int = 1


@pytest.mark.parametrize(
    "value",
    [
        Number(1),
        Point(1),
        Colour.RED,
        Own(),
        collections.Counter("aa"),
        collections.OrderedDict(a=1),
        collections.defaultdict(list),
        torch.nn.Parameter(torch.ones(1)),
        torch.eye(2).to_sparse(),
        torch.empty(1, device="meta"),
        np.array(["a"]),
        np.array([{}], dtype=object),
        np.ma.array([1]),
        np.str_("a"),
        object(),
        len,
        Own,
        math,
        range(3),
        bytearray(b"a"),
        10**5000,
        {Number(1): 1},
        {Number(1)},
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_no_plain_data_is_foreign(value):
    named = codec.encode(value, lambda other: {"foreign": [type(other).__name__, "text"]})
    arrived = codec.decode(named)
    assert isinstance(arrived, Foreign)
    assert type(arrived).__name__ == type(value).__name__
    assert repr(arrived) == "text"


class Everything:
    """What a student could return instead of an answer."""

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return "'A'"


@pytest.mark.parametrize("wanted", ["A", 1, None, [1], (1,), {"a": 1}, {1}, True])
def test_an_object_that_equals_everything_arrives_as_what_it_is(wanted):
    arrived = send(Everything())
    with pytest.raises(CheckFailed, match=r"'A' \(Everything\)"):
        expect_equal(arrived, wanted, case="a pretender")
    for ask in (lambda: arrived == wanted, lambda: wanted == arrived):
        with pytest.raises(ForeignError, match="no plain data"):
            ask()


@pytest.mark.parametrize(
    "ask",
    [
        bool,
        len,
        iter,
        hash,
        str,
        int,
        float,
        list,
        abs,
        "{}".format,
        sorted,
        math.isnan,
        lambda value: value + 1,
        lambda value: 1 + value,
        lambda value: value < 1,
        lambda value: value != 1,
        lambda value: value in [1],
        lambda value: 1 in value,
        lambda value: value[0],
        lambda value: value(),
        lambda value: value.anything,
        lambda value: setattr(value, "_text", "'B'"),
        lambda value: np.array(value) == np.array(1),
        lambda value: torch.tensor(value),
    ],
)
def test_nothing_can_be_done_with_a_foreign_value(ask):
    with pytest.raises((TypeError, AttributeError, RuntimeError)):
        ask(send(Everything()))


def test_a_foreign_value_hides_what_it_holds():
    assert not hasattr(send(Everything()), "_text")
    assert not isinstance(send(Number(1)), int)
    assert not callable(send(len))


def test_a_list_that_holds_itself_is_cut():
    endless: list[object] = []
    endless.append(endless)
    arrived = send(endless)
    for _ in range(codec.DEEPEST):
        assert isinstance(arrived, list)
        (arrived,) = arrived
    assert isinstance(arrived, Foreign)


# ── Limits ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.slow
def test_more_than_a_message_holds_is_refused_by_who_sends_it():
    twice: list[object] = [0]
    for _ in range(50):  # 2 to the 50th, by name
        twice = [twice, twice]
    for value in (twice, "x" * codec.LARGEST, b"x" * codec.LARGEST, torch.zeros(2**22)):
        with pytest.raises(TooMuchData):
            send(value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "nonsense",
        '{"value": NaN}',
        '{"value": ' + "9" * 5000 + "}",
        '{"value": ' + "[" * 100_000,
        '{"value": ' + "[" * 5000 + "]" * 5000 + "}",
        '{"value": [' + "[]," * codec.MOST_PARTS + "0]}",
        '{"value": "' + "x" * codec.LARGEST + '"}',
    ],
    ids=lambda text: text[:14] + "…",
)
def test_a_text_that_no_honest_process_writes_is_refused(text):
    with pytest.raises(BadMessage):
        codec.decode(codec.read_message(text)["value"])


PAIR = "prompt_or_tune.records:Pair"


@pytest.mark.parametrize(
    "node",
    [
        {},
        {"tuple": [], "list": []},
        {"pickle": "gASV"},
        {"__class__": "x"},
        {"init__": []},
        {"tuple": 3},
        {"tuple": {"tuple": []}},
        {"set": [[]]},
        {"set": [1, 1]},
        {"set": [{"foreign": ["a", "b"]}]},
        {"dict": [[1]]},
        {"dict": [[1, 2], [1, 3]]},
        {"dict": [[{"dict": []}, 2]]},
        {"dict": {"a": 1}},
        {"float": "1.0"},
        {"float": 1},
        {"float": ["nan"]},
        {"complex": [1, 2]},
        {"complex": [1.0]},
        {"bytes": "a"},
        {"bytes": "é"},
        {"bytes": 5},
        {"str": "a"},
        {"str": [0x110000]},
        {"str": [-1]},
        {"str": [True, "a"]},
        {"record": PAIR},
        {"record": [PAIR, {}]},
        {"record": [PAIR, [["prompt", "a"]]]},
        {"record": [PAIR, [["prompt", 1], ["response", 1], ["__class__", 1]]]},
        {"record": [[PAIR], []]},
        {"tensor": ["float32", [2], "AAAA"]},
        {"tensor": ["float32", [-1], "AAAAAA=="]},
        {"tensor": ["float32", [True], "AAAAAA=="]},
        {"tensor": ["float32", [0, 2**62], ""]},
        {"tensor": ["float32", [0, 2**30, 2**30], ""]},
        {"tensor": ["float32", [1] * 17, "AAAAAA=="]},
        {"tensor": ["load", [1], "AAAAAA=="]},
        {"tensor": ["bool", [1], "Ag=="]},
        {"tensor": [["float32"], [1], "AAAAAA=="]},
        {"array": ["object", [1], "AAAAAAAAAAA="]},
        {"array": ["bfloat16", [1], "AAA="]},
        {"array": ["bool", [1], "Ag=="]},
        {"number": ["float32", [1], "AAAAAA=="]},
        {"foreign": ["a"]},
        {"foreign": ["a", 1]},
        {"foreign": [["a"], "b"]},
        {"function": ["f", "text"]},
        {"answer": "f"},
    ],
    ids=str,
)
def test_a_damaged_value_is_refused(node):
    with pytest.raises(BadMessage):
        codec.decode(node)


@pytest.mark.parametrize(
    "name",
    [
        "builtins:object",
        "os:system",
        "prompt_or_tune.files:write_atomically",
        "prompt_or_tune.records:annotations",
        "prompt_or_tune.checks.decision:dataclass",
        "prompt_or_tune.checks.decision:Prices",  # of another module
        "prompt_or_tune.models:LanguageModel",  # can change
        "prompt_or_tune_of_mine:Pair",
        "prompt_or_tune.not_there:Pair",
        "autograde.submission_records:Limits",
        ":",
        "",
    ],
)
def test_only_the_librarys_own_frozen_data_classes_are_made(name):
    assert isinstance(codec.decode({"record": [name, []]}), Foreign)


def test_reading_imports_nothing():
    import sys

    missing = "prompt_or_tune.not_imported_by_any_test"
    codec.decode({"record": [f"{missing}:Pair", []]})
    assert missing not in sys.modules


def test_keys_chosen_to_be_slow_are_refused():
    prime = 2**61 - 1  # hash(k · prime) is 0 for every k
    alike = [prime * k for k in range(1, 1000)]
    for node in ({"set": alike}, {"frozenset": alike}, {"dict": [[k, 1] for k in alike]}):
        with pytest.raises(BadMessage, match="alike"):
            codec.decode(node)
    tuples: list[object] = [-1, -2]  # these two have the same hash
    for _ in range(9):
        tuples = [{"tuple": [head, tail]} for head in (-1, -2) for tail in tuples]
    with pytest.raises(BadMessage, match="alike"):
        codec.decode({"set": tuples})


def test_types_without_end_are_refused():
    many = [{"foreign": [f"Type{i}", ""]} for i in range(codec.MOST_FOREIGN_TYPES + 1)]
    with pytest.raises(BadMessage, match="without end"):
        codec.decode(many)


@pytest.mark.parametrize("name", ["", "a b", "a\0b", "\ud800", "x" * 1000, "<lambda>"])
def test_a_type_without_a_proper_name_is_an_object(name):
    assert type(codec.decode({"foreign": [name, "text"]})).__name__ == "object"


KINDS = [
    name.removeprefix("_read_") for name in vars(codec._Decoder) if name[:6] == "_read_"
]
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just(PAIR),
    lambda parts: (
        st.lists(parts, max_size=4)
        | st.dictionaries(st.sampled_from(KINDS) | st.text(), parts, max_size=2)
        | st.tuples(st.sampled_from(KINDS), parts).map(lambda pair: {pair[0]: pair[1]})
    ),
)


@given(ANYTHING)
def test_whatever_is_sent_gives_plain_data_or_is_refused(node):
    try:
        value = codec.decode(json.loads(json.dumps(node)))
    except BadMessage:
        return
    codec.encode(value, describe)  # plain, or foreign: nothing else can be written
