"""FLOPs, prices, the break-even and the decision map."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prompt_or_tune.decision.costs import (
    ArmCosts,
    Prices,
    break_even_between,
    break_even_queries,
    cost_per_query,
    cost_up_front,
    forward_flops_per_token,
    lora_flops_per_token,
    total_cost,
)
from prompt_or_tune.decision.winner_map import MapArm, decision_map

PROMPTED = ArmCosts("few-shot", prompt_tokens=300, response_tokens=10, cached_tokens=280)
TUNED = ArmCosts(
    "LoRA", prompt_tokens=20, response_tokens=10, training_tokens=300_000, tuned=True
)
FREE_LABELS = Prices(label=0.0)


def test_flops_per_token():
    assert forward_flops_per_token(1_000_000) == 2e6
    assert lora_flops_per_token(1_000_000, 50_000) == 4.3e6


def price_flops(parameters):
    """Return the arithmetic itself as prices: own hardware, labels for nothing."""
    forward = forward_flops_per_token(parameters) * 1e6
    training = lora_flops_per_token(parameters, 0) * 1e6
    return Prices(input=forward, output=forward, training=training, label=0.0)


class TestBreakEvenInFlops:
    @pytest.mark.parametrize(
        ("saved", "queries"), [(12, 50_000), (60, 10_000), (240, 2_500), (1000, 600)]
    )
    def test_the_published_figures(self, saved, queries):
        assert break_even_queries(1000, 60, 5, saved) == queries

    def test_with_a_cached_prefix_it_never_comes(self):
        assert break_even_queries(1000, 60, 5, 1000, prefix_cached=True) == math.inf

    @pytest.mark.parametrize("saved", [0, -10])
    def test_with_no_token_saved_it_never_comes(self, saved):
        assert break_even_queries(1000, 60, 5, saved) == math.inf

    def test_training_on_nothing_is_paid_at_once(self):
        assert break_even_queries(0, 60, 5, 10) == 0

    def test_negative_sizes_are_refused(self):
        with pytest.raises(ValueError, match="pairs is -1"):
            break_even_queries(-1, 60, 5, 10)

    def test_the_formula_is_what_the_arithmetic_costs(self):
        """The priced break-even, with FLOPs as prices, gives the formula's number."""
        found = break_even_between(PROMPTED, TUNED, price_flops(1_000_000))
        assert found == pytest.approx(break_even_queries(1000, 60, 5, 280))

    def test_prefix_caching_moves_it_far_away(self):
        cached = replace(price_flops(1_000_000), cached_input=0, prefix_caching=True)
        bare = replace(PROMPTED, prompt_tokens=300, cached_tokens=280)
        assert break_even_between(bare, TUNED, cached) == math.inf


class TestPrices:
    def test_a_query_is_charged_by_the_token(self):
        prices = Prices(input=1.0, output=2.0)
        assert cost_per_query(PROMPTED, prices) == pytest.approx((300 + 2 * 10) / 1e6)

    def test_cached_tokens_have_their_own_price_where_there_is_caching(self):
        prices = Prices(input=1.0, output=2.0, cached_input=0.1, prefix_caching=True)
        expected = (20 + 0.1 * 280 + 2 * 10) / 1e6
        assert cost_per_query(PROMPTED, prices) == pytest.approx(expected)

    def test_the_surcharge_is_for_tuned_models_only(self):
        plain, dear = Prices(), Prices(tuned_multiplier=3.0)
        assert cost_per_query(PROMPTED, dear) == cost_per_query(PROMPTED, plain)
        assert cost_per_query(TUNED, dear) == pytest.approx(
            3 * cost_per_query(TUNED, plain)
        )

    def test_a_fee_per_query_replaces_the_token_prices(self):
        assert cost_per_query(replace(PROMPTED, query_price=0.25), Prices()) == 0.25

    def test_up_front_are_labels_training_and_fees(self):
        prices = Prices(label=0.5, training=2.0, tuned_fixed=7.0)
        assert cost_up_front(replace(TUNED, labels=10), prices) == pytest.approx(
            10 * 0.5 + 0.3 * 2.0 + 7.0
        )
        assert cost_up_front(replace(PROMPTED, labels=10), prices) == 5.0

    def test_a_surcharge_can_make_the_answer_never(self):
        dear = Prices(tuned_multiplier=10.0)
        assert break_even_between(PROMPTED, TUNED, dear) == math.inf

    def test_what_is_cheaper_from_the_start_breaks_even_at_once(self):
        untrained = replace(TUNED, training_tokens=0)
        assert break_even_between(PROMPTED, untrained, FREE_LABELS) == 0

    @given(st.floats(1, 1e6), st.floats(0.01, 10), st.floats(0.01, 10))
    def test_at_the_break_even_both_cost_the_same(self, tokens, price, training):
        prices = Prices(input=price, output=price, training=training, label=0)
        tuned = replace(TUNED, training_tokens=tokens)
        queries = break_even_between(PROMPTED, tuned, prices)
        assert total_cost(PROMPTED, prices, queries) == pytest.approx(
            total_cost(tuned, prices, queries)
        )

    @pytest.mark.parametrize("price", [-0.1, math.nan])
    def test_impossible_prices_are_refused(self, price):
        with pytest.raises(ValueError, match="must be 0 or more"):
            Prices(input=price)


PROMPT_ARM = MapArm("engineered", ((1, 0.5),), prompt_tokens=300, response_tokens=10)
LORA_ARM = MapArm(
    "LoRA",
    accuracy=((10, 0.0), (1000, 1.0)),
    prompt_tokens=20,
    response_tokens=10,
    training_tokens=((10, 3e5), (1000, 3e5)),
    needs_pairs=10,
    labels="all",
    tuned=True,
)


class TestDecisionMap:
    def draw(self, prices=FREE_LABELS, arms=(PROMPT_ARM, LORA_ARM), **options):
        return decision_map(
            arms, prices, pairs=(1, 10, 100, 1000), queries=(10, 10**6), **options
        )

    def test_an_arm_wins_where_it_is_better(self):
        grid = self.draw()
        assert grid.winner_at(10, 10) == "engineered"
        assert grid.winner_at(1000, 10) == "LoRA"

    def test_accuracy_is_interpolated_in_the_logarithm(self):
        assert LORA_ARM.accuracy_at(100) == pytest.approx(0.5)
        assert LORA_ARM.accuracy_at(5) == 0.0
        assert LORA_ARM.accuracy_at(10**6) == 1.0

    def test_among_equals_the_number_of_queries_decides(self):
        grid = self.draw()
        assert grid.winner_at(100, 10) == "engineered"
        assert grid.winner_at(100, 10**6) == "LoRA"

    def test_prices_move_the_border(self):
        grid = self.draw(Prices(label=0, tuned_multiplier=20))
        assert grid.winner_at(100, 10**6) == "engineered"

    def test_caching_moves_the_border(self):
        cached = replace(PROMPT_ARM, cached_tokens=290)
        without = self.draw(arms=(cached, LORA_ARM))
        within = self.draw(
            Prices(label=0, cached_input=0.0, prefix_caching=True),
            arms=(cached, LORA_ARM),
        )
        assert without.winner_at(100, 10**6) == "LoRA"
        assert within.winner_at(100, 10**6) == "engineered"

    def test_labels_are_paid_for_every_pair(self):
        assert LORA_ARM.costs_at(100).labels == 100
        grid = self.draw(Prices(label=10.0))
        assert grid.winner_at(100, 10**6) == "engineered"
        assert grid.winner_at(1000, 10**6) == "LoRA"  # nothing else is as good

    def test_without_enough_pairs_an_arm_cannot_be_used(self):
        assert self.draw(margin=1.0).winner_at(1, 10**6) == "engineered"
        with pytest.raises(ValueError, match="with 1 pairs"):
            self.draw(arms=(LORA_ARM,))

    def test_the_grid_is_whole_and_its_shares_sum_to_one(self):
        grid = self.draw()
        assert len(grid.winners) == 2
        assert all(len(row) == 4 for row in grid.winners)
        assert sum(grid.share(arm) for arm in grid.arms) == pytest.approx(1)

    def test_the_default_axes_rise(self):
        grid = decision_map([PROMPT_ARM], Prices())
        for axis in (grid.pairs, grid.queries):
            assert list(axis) == sorted(set(axis))
        assert (grid.pairs[0], grid.pairs[-1]) == (8, 1000)

    def test_nothing_to_compare_is_refused(self):
        with pytest.raises(ValueError, match="needs arms"):
            decision_map([], Prices())
