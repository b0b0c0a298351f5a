"""Rates, their intervals, and paired tests of `prompt_or_tune.statistics`."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prompt_or_tune.statistics import (
    Interval,
    holm,
    mcnemar_exact,
    pass_rate,
    wilson_interval,
)
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint


class TestRates:
    @given(st.integers(1, 3000), st.data(), st.sampled_from([0.8, 0.9, 0.95, 0.99]))
    def test_wilson_agrees_with_statsmodels(self, n, data, confidence):
        successes = data.draw(st.integers(0, n))
        low, high = proportion_confint(successes, n, 1 - confidence, method="wilson")
        ours = wilson_interval(successes, n, confidence)
        assert ours.low == pytest.approx(low, abs=1e-9)
        assert ours.high == pytest.approx(high, abs=1e-9)

    @given(st.integers(1, 1000), st.data())
    def test_the_interval_holds_the_rate(self, n, data):
        successes = data.draw(st.integers(0, n))
        rate = pass_rate([True] * successes + [False] * (n - successes))
        assert 0 <= rate.low <= rate.rate <= rate.high <= 1
        assert rate.n == n

    def test_the_published_widths(self):
        for n, points in ((1000, 2.2), (200, 4.9)):
            interval = wilson_interval(round(0.85 * n), n)
            assert (interval.high - interval.low) / 2 * 100 == pytest.approx(
                points, abs=0.06
            )

    def test_nothing_answered_is_no_rate(self):
        with pytest.raises(ValueError, match="no answers"):
            pass_rate([])
        assert wilson_interval(0, 0) == Interval(0, 1)

    @pytest.mark.parametrize(("successes", "n"), [(-1, 3), (4, 3)])
    def test_impossible_counts_are_refused(self, successes, n):
        with pytest.raises(ValueError, match="not a proportion"):
            wilson_interval(successes, n)


class TestPairedTests:
    @given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=300))
    def test_mcnemar_agrees_with_statsmodels(self, answers):
        a, b = [x for x, _ in answers], [y for _, y in answers]
        table = [
            [sum(x and y for x, y in answers), sum(x and not y for x, y in answers)],
            [
                sum(y and not x for x, y in answers),
                sum(not x and not y for x, y in answers),
            ],
        ]
        p = mcnemar_exact(a, b)
        assert p == mcnemar_exact(b, a)
        if table[0][1] + table[1][0]:
            assert p == pytest.approx(mcnemar(table, exact=True).pvalue)
        else:
            assert p == 1

    def test_the_cautionary_tale(self):
        """A course's 85 % → 100 % on 20 items: three differ, p = 0.25."""
        assert mcnemar_exact([False] * 3 + [True] * 17, [True] * 20) == 0.25

    def test_mcnemar_stays_exact_for_many_questions(self):
        a, b = [True] * 3000, [True] * 1400 + [False] * 1600
        p = mcnemar_exact(a, b)
        assert math.isclose(p, 2 * 0.5**1600, rel_tol=1e-9) or p == 0
        one = [True] * 1030 + [False] * 970
        other = [False] * 1030 + [True] * 970
        assert mcnemar_exact(one, other) == pytest.approx(
            stats.binomtest(970, 2000).pvalue
        )

    def test_answers_must_be_paired(self):
        with pytest.raises(ValueError, match="differ in number: 1 and 2"):
            mcnemar_exact([True], [True, False])

    @pytest.mark.parametrize(
        "p_values",
        [[0.01, 0.04, 0.03], [0.5], [0.02, 0.02, 0.02], [0.9, 0.001, 0.6, 0.04, 0.012]],
    )
    def test_holm_agrees_with_statsmodels(self, p_values):
        expected = multipletests(p_values, method="holm")[1]
        assert holm(p_values) == pytest.approx(list(expected))

    @given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
    def test_holm_rejects_what_its_step_down_procedure_rejects(self, p_values):
        ranked = sorted(p_values)
        rejected = list(
            itertools.takewhile(
                lambda p: (len(ranked) - ranked.index(p)) * p < 0.05, ranked
            )
        )
        adjusted = holm(p_values)
        assert sum(p < 0.05 for p in adjusted) == len(rejected)
        assert all(one >= p for one, p in zip(adjusted, p_values, strict=True))

    def test_holm_of_nothing_is_nothing(self):
        assert holm([]) == []
