"""What checks accept as equal, and what they say when it isn't."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from prompt_or_tune.checks import run_scenario
from prompt_or_tune.checks.comparing import (
    LONGEST,
    CheckFailed,
    call,
    expect_close,
    expect_equal,
    shorten,
)
from prompt_or_tune.checks.fine_tuning import draw_adapted_network


@dataclass(frozen=True)
class Point:
    x: float
    label: object


@dataclass(frozen=True)
class Place:
    x: float
    label: object


class EqualToEverything:
    """What a learner could return instead of an answer."""

    def __eq__(self, other: object) -> bool:
        return True

    def __ne__(self, other: object) -> bool:
        return False

    def __hash__(self) -> int:
        return hash("a")

    def __float__(self) -> float:
        return 1.0

    def __len__(self) -> int:
        return 1


class Word(str):
    """A text that says that it equals every text."""

    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        return True


def message_of(got: object, wanted: object, **options: str) -> str:
    with pytest.raises(CheckFailed) as caught:
        expect_equal(got, wanted, case="an empty row", **options)
    return str(caught.value)


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda parts: st.lists(parts) | st.dictionaries(st.text(), parts) | st.tuples(parts),
)


@given(PLAIN)
def test_whatever_is_plain_data_equals_itself(value):
    expect_equal(value, value, case="itself")
    expect_close(value, value, case="itself")


@pytest.mark.parametrize(
    ("got", "wanted"),
    [
        (True, 1),
        (1, True),
        (1, 1.0),
        ((1, 2), [1, 2]),
        ([1, 2], (1, 2)),
        ({1: "a"}, {True: "a"}),
        ({True}, {1}),
        (frozenset({1}), {1}),
        ("a", b"a"),
        (Place(1.0, "a"), Point(1.0, "a")),
        (Point(1, "a"), Point(1.0, "a")),
        (Point(1.0, ["a"]), Point(1.0, ("a",))),
        ([[1], [2.0]], [[1], [2]]),
        (torch.tensor([1.0]), [1.0]),
        (torch.tensor([1]), torch.tensor([1.0])),
        (torch.tensor([[1.0]]), torch.tensor([1.0])),
        (torch.tensor(1.0), 1.0),
        (0, None),
        ([], ()),
        ({}, set()),
    ],
)
def test_types_must_be_exact(got, wanted):
    message_of(got, wanted)
    with pytest.raises(CheckFailed):
        expect_close(got, wanted, case="a type")


@pytest.mark.parametrize(
    "wanted",
    ["a", 1, 1.0, True, None, [1], (1,), {"a": 1}, {"a"}, Point(1.0, "a"),
     torch.ones(1)],
    ids=str,
)  # fmt: skip
def test_an_object_equal_to_everything_equals_nothing(wanted):
    message_of(EqualToEverything(), wanted)
    with pytest.raises(CheckFailed):
        expect_close(EqualToEverything(), wanted, case="a pretender")


@pytest.mark.parametrize(
    ("got", "wanted"),
    [
        ([EqualToEverything()], ["a"]),
        ((1, EqualToEverything()), (1, "a")),
        ({"a": EqualToEverything()}, {"a": 1}),
        ({EqualToEverything(): 1}, {"a": 1}),
        ({EqualToEverything()}, {"a"}),
        ({(1, EqualToEverything())}, {(1, "a")}),
        ({Point(1.0, EqualToEverything())}, {Point(1.0, "a")}),
        (Point(1.0, EqualToEverything()), Point(1.0, "a")),
        (Word("b"), "a"),
        ([Word("b")], ["a"]),
    ],
)
def test_nor_does_one_that_hides_inside(got, wanted):
    message_of(got, wanted)


def test_a_tensor_equals_one_with_the_same_type_shape_and_numbers():
    expect_equal(torch.eye(3), torch.eye(3), case="identity")
    expect_equal(torch.tensor([float("nan")]), torch.tensor([float("nan")]), case="NaN")
    text = message_of(torch.eye(2), torch.zeros(2, 2))
    assert "at [0, 0]: got    1.0" in text
    assert "at [0, 0]: wanted 0.0" in text


def test_a_trained_tensor_that_needs_gradients_can_be_compared():
    expect_close(torch.ones(2, requires_grad=True), torch.ones(2), case="a parameter")


def test_close_floats_are_close_and_others_are_not():
    expect_close([0.1 + 0.2], [0.3], case="a sum")
    expect_close(torch.tensor([1e6 + 0.5]), torch.tensor([1e6]), case="large")
    expect_close({"a": (1.0, 0.1 + 0.2)}, {"a": (1.0, 0.3)}, case="nested")
    expect_close(float("inf"), float("inf"), case="endless")
    with pytest.raises(CheckFailed):
        expect_close(0.301, 0.3, case="near")
    with pytest.raises(CheckFailed):
        expect_close(float("nan"), 0.3, case="no number")
    with pytest.raises(CheckFailed):
        expect_close(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 2.1]), case="near")
    expect_close(0.301, 0.3, case="near", tolerance=0.01)


def test_whole_numbers_are_never_only_close():
    with pytest.raises(CheckFailed):
        expect_close(1_000_000, 1_000_001, case="counts", tolerance=0.1)


def test_a_message_has_the_case_both_values_and_the_usual_cause():
    text = message_of([1, 2], [1, 3], cause="the last row is left out")
    assert text == (
        "Case: an empty row.\n"
        "  at [1]: got    2\n"
        "  at [1]: wanted 3\n"
        "  Usual cause: the last row is left out"
    )


def test_a_message_names_the_types_where_they_differ():
    text = message_of(True, 1)
    assert "True (bool)" in text
    assert "1 (int)" in text


def test_a_message_says_that_nothing_is_returned_yet():
    assert "nothing is returned yet; wanted [1]" in message_of(None, [1])
    with pytest.raises(CheckFailed, match="nothing is returned yet"):
        expect_close(None, 0.5, case="a stub")


def test_none_can_be_what_is_wanted():
    expect_equal(None, None, case="no advice")
    assert "got    0 (int)" in message_of(0, None)


def test_a_message_counts_the_items_of_lists_of_other_lengths():
    assert "2 items: [1, 2]" in message_of([1, 2], [1])


def test_a_message_leads_to_the_place_inside():
    assert ".label[0]" in message_of(Point(1.0, ["a"]), Point(1.0, ["b"]))
    assert "['rows'][2]" in message_of({"rows": [1, 2, 3]}, {"rows": [1, 2, 4]})


def test_long_values_are_cut():
    assert len(shorten("x" * 10_000)) < LONGEST + 10
    assert len(message_of(list(range(10_000)), [1])) < 3 * LONGEST
    assert len(shorten(torch.zeros(100, 100))) < 100


def test_a_value_that_cannot_be_shown_is_named_by_its_type():
    class Silent:
        def __repr__(self) -> str:
            raise RuntimeError("no")

    assert shorten(Silent()) == "<Silent whose repr raises RuntimeError>"


def test_an_answer_is_called_with_what_the_case_gives():
    assert call(lambda a, b=1: (a, b), 3, case="three", b=4) == (3, 4)


def test_an_error_of_the_learners_own_names_case_error_and_line():
    source = "def count(row):\n    row = dict(row)\n    return row['text']\n"
    answer = define(source, "count")
    with pytest.raises(CheckFailed) as caught:
        call(answer, {}, case="an empty row")
    assert str(caught.value) == (
        "Case: an empty row.\n"
        "  Your code raised KeyError: 'text'\n"
        "  in line 3 of its cell: return row['text']"
    )


def test_an_error_in_a_scenario_names_the_learners_line_and_not_the_scenarios():
    answer = define("def count(model):\n    return model.layers[99]\n", "count")
    network = draw_adapted_network(seed=1, vocabulary=3, width=2, shapes=[], rank=1)
    with pytest.raises(CheckFailed) as caught:
        call(run_scenario, "count_trainable", answer, case="a network", **network)
    assert str(caught.value).endswith(
        "\n  in line 2 of its cell: return model.layers[99]"
    )


def test_an_error_of_another_process_brings_its_line():
    def elsewhere():
        error = KeyError("text")
        error.place_in_cell = "\n  in line 3 of its cell: return row['text']"  # type: ignore[attr-defined]
        raise error

    with pytest.raises(CheckFailed, match="'text'\n  in line 3 of its cell: return row"):
        call(elsewhere, case="an empty row")


def test_what_is_no_function_is_named():
    with pytest.raises(CheckFailed, match="A function is wanted, and None is none"):
        call(None, 1, case="no answer")  # type: ignore[arg-type]


def test_a_notebook_shows_the_message_and_no_traceback():
    with pytest.raises(CheckFailed) as caught:
        expect_equal(1, 2, case="one")
    assert caught.value._render_traceback_() == [f"✗ Not yet. {caught.value}"]


def test_an_interactive_shell_prints_the_message_and_no_traceback(capsys):
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell()
    shell.run_cell(
        "from prompt_or_tune.checks.comparing import expect_equal\n"
        "expect_equal([1], [2], case='one item', cause='it is off by one')"
    )
    printed = capsys.readouterr().out.strip().splitlines()
    assert printed == [
        "✗ Not yet. Case: one item.",
        "  at [0]: got    1",
        "  at [0]: wanted 2",
        "  Usual cause: it is off by one",
    ]


def define(source: str, name: str):
    """Return a function as a notebook's cell defines it: its lines can be looked up."""
    import linecache

    linecache.cache["<cell>"] = (len(source), None, source.splitlines(True), "<cell>")
    names: dict = {}
    exec(compile(source, "<cell>", "exec"), names)
    return names[name]
