"""The tables of notebook 6 say what the results say."""

from __future__ import annotations

import pytest
from prompt_or_tune.decision.costs import ArmCosts, Prices
from prompt_or_tune.decision.recommendation import candidate, compare_with_best
from prompt_or_tune.decision.results import load_results
from prompt_or_tune.decision.tasks import list_tasks
from prompt_or_tune.decision.tasks.fact import TODAY
from prompt_or_tune.decision.verdict import judge_all
from prompt_or_tune.show import results as tables

from tests.library.arm_names import LORA

RESULTS = load_results()
VERDICTS = judge_all(RESULTS)
PROMPTED = ArmCosts("few-shot", prompt_tokens=100, response_tokens=10, labels=8)
TUNED = ArmCosts("LoRA", 10, 10, training_tokens=1e6, labels=100, tuned=True)


def test_every_task_stands_there_with_its_hypothesis():
    rows = tables.tabulate_hypotheses().rows
    assert [row[0] for row in rows] == [task.title for task in list_tasks()]
    assert all(row[2] for row in rows)


def test_claims_that_did_not_hold_are_brought_forward_and_counted():
    table = tables.tabulate_claims(VERDICTS)
    failed = [claim.text for v in VERDICTS for claim in v.claims if not claim.held]
    assert [table.rows[index][1] for index in table.marked] == failed
    count = len(table.rows)
    assert table.caption == f"{count - len(failed)} of {count} claims held."


def test_a_recommendation_comes_with_its_reasons_and_borders():
    table = tables.tabulate_recommendations(VERDICTS)
    for row, verdict in zip(table.rows, VERDICTS, strict=True):
        assert row[:2] == (verdict.title, verdict.winner)
        assert all(reason in row[2] for reason in verdict.recommendation.reasons)
        assert all(flip.when in row[3] for flip in verdict.flips)
        assert row[3]


def test_a_query_costs_tokens_flops_seconds_and_money():
    arm = RESULTS.arm("fact", TODAY, LORA)
    (row,) = tables.tabulate_query_costs([arm], Prices()).rows
    assert row[0] == LORA
    assert row[1] == f"{arm.prompt_tokens:.0f}"
    assert float(row[-1]) > 0


def test_rivals_without_a_model_have_no_price():
    names = [row[0] for row in tables.tabulate_query_costs(RESULTS.arms, Prices()).rows]
    assert "majority" not in names
    assert "bare" in names


@pytest.mark.parametrize(
    ("prices", "shown"),
    [
        (Prices(input=1.0, output=0.0, training=0.0, label=0.01), "10,222"),
        (Prices(input=1.0, output=0.0, tuned_multiplier=10.0), "never"),
    ],
)
def test_a_break_even_is_a_number_of_queries_or_never(prices, shown):
    duels = {"LoRA against few-shot": (PROMPTED, TUNED)}
    table = tables.tabulate_break_evens(duels, {"here": prices})
    assert table.rows == (("here", shown),)


def test_rates_stand_beside_each_other_with_their_intervals():
    table = tables.tabulate_rates(RESULTS, [("fact", TODAY)], ["engineered", LORA])
    rate = RESULTS.arm("fact", TODAY, LORA).rate
    assert table.columns == ("task", "test", "engineered", LORA)
    assert table.rows[0][-1] == f"{rate.rate:.2f} ({rate.low:.2f} to {rate.high:.2f})"


def test_candidates_are_as_good_as_the_best_or_not():
    both = [
        candidate("bad", 0.2, 100, prompt_tokens=10),
        candidate("good", 0.9, 100, prompt_tokens=90, labels=5),
    ]
    compared = compare_with_best(both, prices=Prices())
    table = tables.tabulate_comparisons(compared, [c.costs for c in both], Prices())
    assert [(row[0], row[3], row[5]) for row in table.rows] == [
        ("bad", "no", "0"),
        ("good", "yes", "5"),
    ]
