"""The winner, its foils, the recommendation and where it flips."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prompt_or_tune.decision.costs import ArmCosts, Prices
from prompt_or_tune.decision.recommendation import (
    Candidate,
    candidate,
    compare_with_best,
    fisher_exact,
    format_queries,
    recommend,
    winner,
)
from prompt_or_tune.statistics import mcnemar_exact
from scipy import stats

BARE = candidate("bare", 0.10, 400, prompt_tokens=10)
ENGINEERED = candidate("engineered", 0.92, 400, prompt_tokens=20)
FEW_SHOT = candidate("few-shot", 0.93, 400, prompt_tokens=300, labels=4)
LORA = candidate(
    "LoRA", 0.95, 400, prompt_tokens=10, labels=100, training_tokens=3e5, tuned=True
)


def measured(name, *tests, prompt_tokens=10.0, labels=0):
    """Return a candidate whose answers are given as strings of 0 and 1, one per test."""
    answers = tuple(tuple(flag == "1" for flag in test) for test in tests)
    return Candidate(ArmCosts(name, prompt_tokens, 5.0, labels=labels), answers)


class TestWinner:
    def test_the_cheapest_of_the_best_wins_not_the_best(self):
        assert winner([BARE, ENGINEERED, FEW_SHOT, LORA]) == "engineered"

    def test_what_is_significantly_worse_never_wins_however_cheap(self):
        clearly = candidate("LoRA", 0.99, 400, prompt_tokens=10, labels=100_000)
        assert winner([BARE, clearly]) == "LoRA"

    def test_the_number_of_queries_decides_among_equals(self):
        prices = Prices(label=0.10)
        assert winner([ENGINEERED, LORA], queries=1000, prices=prices) == "engineered"
        assert winner([ENGINEERED, LORA], queries=10**9, prices=prices) == "LoRA"

    def test_measured_answers_are_compared_in_pairs(self):
        good = measured("good", "1" * 95 + "0" * 5, prompt_tokens=100)
        # Always wrong where the other is wrong, and nine times more: that is no chance.
        worse = measured("worse", "1" * 86 + "0" * 14)
        # As often wrong, but elsewhere: that may be chance.
        other = measured("other", "0" * 14 + "1" * 86)
        assert winner([good, worse]) == "good"
        rows = {row.arm: row for row in compare_with_best([good, worse])}
        assert rows["worse"].p_value == pytest.approx(2 / 2**9)
        assert winner([good, other]) == "other"

    def test_an_arm_must_be_good_on_every_test(self):
        table = measured("table", "1" * 50, "0" * 50)
        tuned = measured("tuned", "1" * 50, "1" * 48 + "00", prompt_tokens=50)
        assert winner([table, tuned]) == "tuned"

    def test_where_no_arm_is_best_everywhere_the_best_on_average_stays(self):
        one = measured("one", "1" * 50, "0" * 50)
        other = measured("other", "0" * 50, "1" * 49 + "0")
        assert winner([one, other]) == "one"
        rows = {row.arm: row for row in compare_with_best([one, other])}
        assert rows["one"].as_good
        assert not rows["other"].as_good

    def test_to_be_above_the_best_on_one_test_is_no_fault(self):
        best = measured("best", "1" * 40 + "0" * 10, "1" * 50, prompt_tokens=99)
        arm = measured("arm", "1" * 50, "1" * 40 + "0" * 10)
        assert compare_with_best([best, arm])[1].p_value == pytest.approx(4 / 2**10)
        assert winner([best, measured("arm", "1" * 50, "1" * 49 + "0")]) == "arm"

    def test_holm_adjusts_for_all_comparisons(self):
        best = measured("best", "1" * 40)
        arms = [measured(f"arm {i}", "0" * 7 + "1" * 33) for i in range(5)]
        alone = mcnemar_exact(arms[0].answers[0], best.answers[0])
        assert alone < 0.05
        rows = compare_with_best([best, *arms])
        assert all(row.p_value == pytest.approx(5 * alone) for row in rows[1:])
        assert all(row.as_good for row in rows)

    def test_a_single_arm_wins(self):
        assert winner([BARE]) == "bare"

    def test_arms_of_one_name_are_refused(self):
        with pytest.raises(ValueError, match="different names"):
            winner([BARE, BARE])

    def test_nothing_to_compare_is_refused(self):
        with pytest.raises(ValueError, match="no arms"):
            winner([])

    def test_a_candidate_without_evidence_is_refused(self):
        with pytest.raises(ValueError, match="neither answers nor a rate"):
            Candidate(ArmCosts("bare", 10, 10))

    def test_arms_measured_on_different_tests_are_refused(self):
        with pytest.raises(ValueError, match="same tests"):
            winner([measured("one", "11"), measured("two", "11", "11")])


class TestRecommendation:
    def test_it_works_on_plain_numbers_and_says_why(self):
        found = recommend([BARE, ENGINEERED, FEW_SHOT, LORA], queries=10_000)
        text = " ".join(found.reasons)
        assert found.arm == "engineered"
        assert "92.0%" in text
        assert "LoRA has the highest rate" in text
        assert "Significantly worse: bare 10.0%" in text

    def test_it_says_beyond_how_many_queries_it_flips(self):
        found = recommend([ENGINEERED, LORA], queries=10_000)
        flip = next(f for f in found.flips if "beyond" in f.when)
        # 100 labels at $0.10 and 0.3M training tokens, against 10 tokens a query.
        assert flip.arm == "LoRA"
        assert "10,000,000" in flip.when

    def test_beyond_the_flip_it_says_below_how_many(self):
        found = recommend([ENGINEERED, LORA], queries=10**9)
        assert found.arm == "LoRA"
        assert any("below" in f.when and f.arm == "engineered" for f in found.flips)

    def test_the_flip_is_where_the_winner_really_changes(self):
        found = recommend([ENGINEERED, LORA], queries=10_000)
        border = (100 * 0.10 + 0.3 * 0.40) / (10 * 0.10 / 1e6)
        assert winner([ENGINEERED, LORA], queries=int(border * 0.99)) == found.arm
        assert winner([ENGINEERED, LORA], queries=int(border * 1.01)) == "LoRA"

    def test_labels_that_are_there_already_can_flip_it(self):
        found = recommend([FEW_SHOT, LORA], queries=20_000)
        assert found.arm == "few-shot"
        assert any("labels are there" in f.when and f.arm == "LoRA" for f in found.flips)

    def test_a_surcharge_can_flip_it(self):
        cheap = candidate("LoRA", 0.95, 400, prompt_tokens=10, tuned=True)
        found = recommend([candidate("prompt", 0.95, 400, prompt_tokens=15), cheap])
        assert found.arm == "LoRA"
        assert any("2 times" in f.when and f.arm == "prompt" for f in found.flips)

    def test_caching_can_flip_it(self):
        long = candidate("few-shot", 0.95, 400, prompt_tokens=300, cached_tokens=295)
        short = candidate("engineered", 0.95, 400, prompt_tokens=40)
        found = recommend([long, short])
        assert found.arm == "engineered"
        assert any("with prefix caching" in f.when for f in found.flips)

    def test_it_never_flips_to_a_worse_arm(self):
        found = recommend([BARE, LORA], queries=1)
        assert found.arm == "LoRA"
        assert found.flips == ()

    def test_an_arm_answered_elsewhere_competes_with_its_fee(self):
        costs = ArmCosts("API", 0, 0, query_price=0.01)
        api = Candidate(costs, successes=380, of=400)
        assert recommend([api, LORA], queries=100).arm == "API"
        assert recommend([api, LORA], queries=10_000).arm == "LoRA"

    def test_a_row_can_be_looked_up(self):
        found = recommend([BARE, LORA])
        assert found.comparison_of("bare").rate.successes == 40
        with pytest.raises(KeyError):
            found.comparison_of("nothing")


@given(st.integers(1, 60), st.integers(1, 60), st.data())
def test_fisher_agrees_with_scipy(of_a, of_b, data):
    a, b = data.draw(st.integers(0, of_a)), data.draw(st.integers(0, of_b))
    expected = stats.fisher_exact([[a, of_a - a], [b, of_b - b]]).pvalue
    assert fisher_exact(a, of_a, b, of_b) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    ("queries", "text"),
    [
        (12_345, "12,000"),
        (600, "600"),
        (7.4, "7"),
        (0.3, "0"),
        (float("inf"), "infinitely"),
    ],
)
def test_queries_are_told_to_two_digits(queries, text):
    assert format_queries(queries).startswith(text)
