"""The tour's pieces: counts, examples, tables of what is measured now and recorded."""

from __future__ import annotations

import random

import pytest
from prompt_or_tune.decision.provenance import MadeWith
from prompt_or_tune.decision.results import ArmResult, CurvePoint, Results
from prompt_or_tune.decision.tasks import list_tasks
from prompt_or_tune.decision.tasks.brief import BRIEF
from prompt_or_tune.decision.tasks.fact import FACT
from prompt_or_tune.decision.tasks.task import NEW_COMBINATIONS
from prompt_or_tune.decision.tasks.voice import NEW_SUBJECTS, VOICE
from prompt_or_tune.decision.verdict import judge_all
from prompt_or_tune.figures.tour import draw_recorded
from prompt_or_tune.pairs import Leak
from prompt_or_tune.records import EpochRecord, Pair
from prompt_or_tune.show.tour_tables import (
    describe_leaks,
    describe_verdict,
    draw_bars,
    tabulate_cleaning,
    tabulate_flow,
    tabulate_task,
    tabulate_trace,
)
from prompt_or_tune.tour.pipeline import (
    DecisionStage,
    PairStage,
    TourError,
    TourSettings,
    collect_samples,
    engineer_prompts,
    estimate_seconds,
    find_example,
    plan_live_arms,
    prepare_pairs,
)

from tests.library.arm_names import BARE, ENGINEERED, FEW_SHOT, LORA

SHORT = TourSettings(pairs=30, epochs=2, test_size=10)


def make_result(task: str, test: str, arm: str, share: float, of: int = 100) -> ArmResult:
    right = [index < share * of for index in range(of)]
    random.Random(f"{task} {test}").shuffle(right)
    return ArmResult(task, test, arm, tuple(right), 20.0, 10.0, 1e6, 0.01)


def make_recorded() -> Results:
    """Return results in which the engineered prompt, LoRA and the notes win."""
    best = {BRIEF.name: ENGINEERED, VOICE.name: LORA, FACT.name: ENGINEERED}
    arms = tuple(
        make_result(task.name, test, arm, 0.98 if arm == best[task.name] else 0.02)
        for task in list_tasks()
        for test in task.decisive
        for arm in [each.name for each in task.contestants]
    )
    curves = tuple(
        CurvePoint(VOICE.name, test, LORA, "equal steps", n, seed, successes, 100)
        for test in VOICE.decisive
        for n, successes in ((8, 5), (1000, 98))
        for seed in (0, 1)
    )
    made_with = MadeWith("Seedling", 1, "0", "3.11", "2", "5", "0", 2)
    return Results(made_with, arms, curves)


@pytest.fixture(scope="module")
def decision() -> DecisionStage:
    recorded = make_recorded()
    live = (
        make_result(VOICE.name, NEW_SUBJECTS, BARE, 0.0, of=10),
        make_result(VOICE.name, NEW_SUBJECTS, LORA, 0.9, of=10),
    )
    return DecisionStage(live, recorded, judge_all(recorded))


class TestStages:
    def test_1000_samples_become_1000_prompts_and_1000_pairs(self):
        settings = TourSettings()
        found = collect_samples(settings)
        assert len(found.raw) > len(found.samples) == 1000
        assert len(engineer_prompts(found.samples).prompts) == 1000
        prepared = prepare_pairs(found.samples, settings)
        assert len(prepared.pairs) == 1000
        assert not [leak for leak in prepared.leaks if leak.kind != "near"]

    def test_the_examples_are_those_of_the_stages(self):
        found = collect_samples(TourSettings())
        shown = find_example(found.samples)
        assert found.samples[shown].text == "Write a poem about spring"
        prompt = engineer_prompts(found.samples).prompts[shown]
        assert prompt.text == "Write a short, rhyming poem about spring with 4 lines"
        pair = prepare_pairs(found.samples, SHORT).pairs[shown]
        assert (pair.prompt, pair.response) == (
            "Describe spring",
            "Spring is warm and bright",
        )

    def test_a_short_tour_takes_some_of_the_samples_by_its_seed(self):
        first = collect_samples(SHORT).samples
        assert len(first) == 30
        assert first == collect_samples(SHORT).samples
        assert first != collect_samples(TourSettings(pairs=30, seed=1)).samples

    def test_live_tasks_use_the_tour_s_own_pairs_and_few_queries(self):
        prepared = prepare_pairs(collect_samples(SHORT).samples, SHORT)
        data = {
            work.data.name: work.data for work in plan_live_arms(prepared, None, SHORT)
        }
        voice = data["voice"].training
        assert {q.id for q in voice} == {p.sample_id for p in prepared.pairs}
        for each in data.values():
            assert {len(test.queries) for test in each.tests} == {10}

    @pytest.mark.parametrize("sizes", [{"pairs": 0}, {"epochs": 101}, {"test_size": 201}])
    def test_sizes_beyond_the_data_are_refused(self, sizes):
        with pytest.raises(TourError, match="must be 1 to"):
            TourSettings(**sizes)

    def test_a_longer_tour_is_announced_as_longer(self):
        def total(settings: TourSettings) -> float:
            return sum(seconds for _, seconds in estimate_seconds(settings))

        assert total(SHORT) < total(TourSettings()) <= 180


class TestTables:
    def test_the_data_flow_holds_the_real_counts(self):
        found = collect_samples(SHORT)
        rows = {row[0]: row for row in tabulate_flow(found, epochs=2).rows}
        assert rows["1 Input data"][1] == f"{len(found.raw)} text samples"
        assert rows["3 Fine-tuning preparation"][3] == "30 training pairs"
        assert "2 epochs" in rows["4 Model fine-tuning"][2]

    def test_cleaning_adds_up(self):
        found = collect_samples(TourSettings())
        counts = {name: int(count) for name, count in tabulate_cleaning(found).rows}
        dropped = sum(n for name, n in counts.items() if name.startswith("dropped"))
        assert counts["raw samples"] - dropped == counts["kept"] == 1000

    def test_leaks_are_told_by_kind(self):
        pair = Pair("a", "b")
        leaks = (Leak("exact", pair, pair, 1.0), Leak("near", pair, pair, 0.9))
        found = describe_leaks(PairStage((), (), (), (pair,) * 9, leaks))
        assert found.endswith("of 9 test pairs, training has seen 1 exact, 1 near.")
        assert "none of the 9" in describe_leaks(PairStage((), (), (), (pair,) * 9, ()))

    def test_the_trace_stands_beside_the_reference_epoch_by_epoch(self):
        trace = [
            EpochRecord(epoch, 1.0 / epoch, 0.5, 0.9, 1.0, "falls")
            for epoch in range(1, 7)
        ]
        rows = tabulate_trace(trace).rows
        assert [row[:5] for row in (rows[0], rows[5])] == [
            ("1", "1.00", "0.45", "0.90", "0.60"),
            ("6", "0.17", "–", "0.90", "–"),
        ]
        bars = draw_bars(trace).splitlines()
        assert bars[0].split() == ["this", "tour", "reference"]
        assert max(map(len, bars)) <= 80

    def test_now_and_recorded_stand_side_by_side_and_say_which_is_which(self, decision):
        table = tabulate_task(decision, VOICE, NEW_SUBJECTS)
        assert table.columns[1:3] == ("now, 10 queries", "recorded, 100 queries")
        rows = {row[0]: row for row in table.rows}
        assert rows[LORA][1].startswith("0.90 [")
        assert rows[LORA][2].startswith("0.98 [")
        assert rows[FEW_SHOT][1] == "–"
        assert [table.rows[index][0] for index in table.marked] == [LORA]

    def test_without_recorded_results_there_is_no_such_column(self, decision):
        alone = DecisionStage(decision.live, None, ())
        table = tabulate_task(alone, VOICE, NEW_SUBJECTS)
        assert table.columns == ("arm", "now, 10 queries", "tokens a query")
        assert "No results are recorded yet" in describe_verdict(alone, VOICE)

    def test_the_verdict_is_the_recorded_one(self, decision):
        assert "LoRA wins" in describe_verdict(decision, VOICE)
        assert describe_verdict(decision, BRIEF).startswith("Recorded: The brief")

    def test_an_arm_that_is_never_right_wins_nothing(self):
        live = (make_result(BRIEF.name, NEW_COMBINATIONS, BARE, 0.0),)
        found = describe_verdict(DecisionStage(live, None, ()), BRIEF)
        assert found == "The brief: no arm measured now was right even once."


def test_recorded_results_are_drawn_as_results_curve_and_map(decision):
    assert decision.recorded is not None
    figures = draw_recorded(decision.recorded, decision.verdicts)
    assert list(figures) == ["recorded-results", "recorded-curve", "recorded-map"]
