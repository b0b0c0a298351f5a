"""Reading learning curves: summary, crossover, a prompt's worth."""

import itertools
import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prompt_or_tune.decision.curves import (
    CurveRow,
    crossover,
    prompt_worth,
    prompt_worth_by_seed,
    select_points,
    summarise_curve,
)
from prompt_or_tune.decision.results import CurvePoint


def worth(curve_with, curve_without) -> Any:
    """Return a prompt's worth; the tests say whether there is one."""
    return prompt_worth(curve_with, curve_without)


def curve(*points):
    return [CurveRow(n, mean, mean, mean, 5) for n, mean in points]


POINT = CurvePoint("voice", "new subjects", "LoRA", "equal steps", 8, 0, 20, 100)


class TestSummary:
    def test_each_size_gets_its_mean_and_its_extreme_seeds(self):
        points = [replace(POINT, seed=s, successes=k) for s, k in enumerate((10, 20, 60))]
        points.append(replace(POINT, n=4, successes=5))
        small, large = summarise_curve(points)
        assert small == CurveRow(4, 0.05, 0.05, 0.05, 1)
        assert (large.n, large.low, large.high, large.seeds) == (8, 0.1, 0.6, 3)
        assert large.mean == pytest.approx(0.3)

    def test_points_of_two_curves_are_not_mixed(self):
        with pytest.raises(ValueError, match="several curves"):
            summarise_curve([POINT, replace(POINT, test="new combinations")])

    def test_a_curve_is_selected_by_name(self):
        other = replace(POINT, schedule="5 epochs")
        assert select_points([POINT, other], schedule="5 epochs") == (other,)
        assert select_points([POINT, other], task="voice", arm="LoRA") == (POINT, other)


class TestCrossover:
    def test_it_is_interpolated_in_the_logarithm(self):
        assert crossover(curve((10, 0.0), (1000, 1.0)), 0.5) == pytest.approx(100)

    def test_a_curve_that_never_reaches_the_bar_has_none(self):
        assert crossover(curve((10, 0.0), (1000, 0.4)), 0.5) is None

    def test_a_curve_that_starts_above_crosses_at_most_at_its_start(self):
        assert crossover(curve((8, 0.9), (1000, 1.0)), 0.5) == 8

    def test_it_is_the_last_crossing_after_which_the_curve_stays_above(self):
        wobbly = curve((10, 0.6), (100, 0.4), (1000, 0.6))
        assert crossover(wobbly, 0.5) == pytest.approx(math.sqrt(100 * 1000))

    def test_a_curve_that_falls_below_at_its_end_has_none(self):
        assert crossover(curve((10, 0.9), (100, 0.1)), 0.5) is None

    def test_order_of_rows_does_not_matter(self):
        rows = curve((1000, 1.0), (10, 0.0))
        assert crossover(rows, 0.5) == pytest.approx(100)

    def test_an_empty_curve_is_refused(self):
        with pytest.raises(ValueError, match="empty"):
            crossover([], 0.5)


class TestPromptWorth:
    def test_a_curve_shifted_by_pairs_is_worth_the_shift(self):
        with_prompt = curve((0, 0.0), (100, 1.0))
        without = curve((50, 0.0), (150, 1.0))
        found = worth(with_prompt, without)
        assert found.pairs == pytest.approx(50)
        assert (found.low, found.high) == (0.0, 1.0)

    def test_a_harmful_prompt_has_negative_worth(self):
        with_prompt = curve((50, 0.0), (150, 1.0))
        assert worth(with_prompt, curve((0, 0.0), (100, 1.0))).pairs < 0

    def test_only_the_window_that_both_cover_counts(self):
        found = worth(curve((8, 0.5), (100, 0.9)), curve((8, 0.1), (100, 0.7)))
        assert (found.low, found.high) == (0.5, 0.7)

    def test_without_a_shared_window_it_has_no_worth(self):
        assert worth(curve((8, 0.8), (9, 0.9)), curve((8, 0.1), (9, 0.2))) is None

    @given(st.lists(st.floats(0, 1), min_size=2, max_size=8))
    def test_no_prompt_is_worth_nothing(self, means):
        same = curve(*((2**i, mean) for i, mean in enumerate(means, 3)))
        found = worth(same, same)
        assert found is None or found.pairs == pytest.approx(0, abs=1e-6)

    def test_the_area_is_that_of_a_fine_sum(self):
        with_prompt = curve((8, 0.1), (64, 0.6), (500, 0.9))
        without = curve((8, 0.0), (64, 0.2), (500, 0.8))
        found = worth(with_prompt, without)

        def size_at(rows, accuracy):
            for one, two in itertools.pairwise(rows):
                if one.mean <= accuracy <= two.mean:
                    share = (accuracy - one.mean) / (two.mean - one.mean)
                    return one.n + share * (two.n - one.n)
            raise AssertionError(accuracy)

        steps = 20_000
        height = found.high - found.low
        levels = [found.low + height * (i + 0.5) / steps for i in range(steps)]
        area = sum(size_at(without, y) - size_at(with_prompt, y) for y in levels)
        assert found.pairs == pytest.approx(area / steps, rel=1e-4)

    def test_each_seed_has_its_own_worth(self):
        def points(arm, *successes):
            return [
                replace(POINT, arm=arm, n=n, seed=seed, successes=right)
                for seed, rights in enumerate(successes)
                for n, right in zip((8, 108), rights, strict=True)
            ]

        without = points("LoRA", (0, 100), (0, 100), (0, 1))
        with_prompt = points("LoRA + engineered", (50, 100), (0, 100), (90, 100))
        found = prompt_worth_by_seed(with_prompt, without)
        # The first starts half-way up; the third shares no window with its fellow.
        assert [worth.pairs for worth in found] == pytest.approx([25, 0])
