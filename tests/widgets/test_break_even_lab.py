"""BreakEvenLab: data, prompts and prices in, and the number of queries that pays out."""

from __future__ import annotations

import math

import pytest
from prompt_or_tune.decision.costs import break_even_queries, total_cost
from prompt_or_tune.widgets import BreakEvenLab
from prompt_or_tune.widgets.break_even_lab import BreakEvenInputs, compute_break_even

from tests.widgets.lab_shown import all_widgets, find, shown_text


def test_at_the_break_even_both_ways_cost_the_same():
    found = compute_break_even(BreakEvenInputs(pairs=200))
    prompted, tuned = found.inputs.arms
    prices = found.inputs.prices
    assert total_cost(prompted, prices, found.queries) == pytest.approx(
        total_cost(tuned, prices, found.queries)
    )


def test_in_arithmetic_alone_it_is_the_formula_of_the_course():
    found = compute_break_even(
        BreakEvenInputs(pairs=100, tokens_per_pair=20, epochs=3, tokens_saved=60)
    )
    assert found.flop_queries == break_even_queries(100, 20, 3, 60)


def test_more_pairs_make_it_later_and_more_tokens_saved_make_it_sooner():
    middle = compute_break_even(BreakEvenInputs()).queries
    assert compute_break_even(BreakEvenInputs(pairs=2000)).queries > middle
    assert compute_break_even(BreakEvenInputs(tokens_saved=500)).queries < middle


def test_prefix_caching_makes_it_later():
    uncached = compute_break_even(BreakEvenInputs())
    cached = compute_break_even(BreakEvenInputs(prefix_caching=True))
    assert cached.queries > uncached.queries
    assert cached.flop_queries == math.inf


@pytest.mark.parametrize(
    "situation",
    [
        BreakEvenInputs(tokens_saved=0),
        BreakEvenInputs(tuned_multiplier=100),
        BreakEvenInputs(prefix_caching=True, cached_price=0),
    ],
)
def test_never_is_said_plainly(situation):
    found = compute_break_even(situation)
    assert found.queries == math.inf
    assert found.sentence().startswith("Tuning never pays for itself here")


def test_nothing_to_pay_up_front_is_cheaper_from_the_first_query():
    free = compute_break_even(BreakEvenInputs(label_price=0, training_price=0))
    assert free.queries == 0
    assert "from the first query" in free.sentence()


def test_a_changed_field_changes_sentence_and_figure():
    lab = BreakEvenLab()
    before = shown_text(lab)
    find(lab, "Pairs").value = 50
    after = shown_text(lab)
    assert lab.inputs.pairs == 50
    assert before != after
    assert compute_break_even(lab.inputs).sentence() in after


def test_the_plain_call_sets_the_fields_and_keeps_the_others():
    lab = BreakEvenLab()
    lab.compute(pairs=50)
    found = lab.compute(prefix_caching=True)
    assert find(lab, "Pairs").value == 50
    assert found.inputs == BreakEvenInputs(pairs=50, prefix_caching=True) == lab.inputs


def test_the_decision_map_is_drawn_at_the_prices_shown():
    lab = BreakEvenLab()
    find(lab, "Figure").value = "map"
    dear = shown_text(lab)
    find(lab, "$ per labelled pair").value = 0.0
    assert "labelled pair $0." in shown_text(lab)
    assert dear != shown_text(lab)


@pytest.mark.parametrize("value", [-1.0, math.nan, math.inf])
def test_an_impossible_price_is_answered_with_a_sentence(value):
    lab = BreakEvenLab()
    find(lab, "$ per 1M prompt").value = value
    assert "input price is" in shown_text(lab)
    assert "choose 0 or more" in shown_text(lab)
    with pytest.raises(ValueError, match="choose 0 or more"):
        BreakEvenLab().compute(input_price=value)


def test_prices_that_are_all_zero_have_an_answer_and_no_figure():
    lab = BreakEvenLab()
    names = ("input_price", "output_price", "training_price", "label_price")
    lab.compute(**dict.fromkeys(names, 0.0))
    assert "⚠" in shown_text(lab)


def test_an_input_that_there_is_not_is_refused():
    with pytest.raises(TypeError):
        BreakEvenLab().compute(queries=3)


def test_the_result_shows_itself_in_a_cell():
    shown = BreakEvenLab().compute(pairs=100)._repr_html_()
    assert "<img" in shown
    assert "paid for itself" in shown


def test_every_control_has_a_label():
    for widget in all_widgets(BreakEvenLab()):
        if hasattr(widget, "disabled") and not hasattr(widget, "children"):
            assert widget.description
