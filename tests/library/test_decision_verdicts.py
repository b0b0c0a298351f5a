"""Hypotheses held against results: the text follows the data, also where it disagrees."""

from dataclasses import replace

import pytest
from prompt_or_tune.decision.claims import ResultTable, find_crossover
from prompt_or_tune.decision.results import ArmResult, CurvePoint
from prompt_or_tune.decision.tasks.brief import BRIEF
from prompt_or_tune.decision.tasks.fact import FACT, TODAY, YESTERDAY
from prompt_or_tune.decision.tasks.task import NEW_COMBINATIONS
from prompt_or_tune.decision.tasks.voice import NEW_SUBJECTS, VOICE
from prompt_or_tune.decision.verdict import judge_task

from tests.library.arm_names import (
    BARE,
    ENGINEERED,
    FEW_SHOT,
    GLOSSARY,
    LOOK_UP,
    LORA,
    LORA_ENGINEERED,
    MAJORITY,
    NEAREST,
    READ_NOTES,
    RETRIEVED,
)

TOKENS = {BARE: 10, ENGINEERED: 20, FEW_SHOT: 100, RETRIEVED: 100, GLOSSARY: 300}


def result(task, test, arm, right, of=400, form=None):
    """Return a result in which the first `right` of `of` answers are right."""
    tuned = arm in (LORA, LORA_ENGINEERED)
    return ArmResult(
        task=task.name,
        test=test,
        arm=arm,
        correct=tuple(i < right for i in range(of)),
        prompt_tokens=TOKENS.get(arm, 20 if arm == LORA_ENGINEERED else 10),
        response_tokens=8,
        flops_per_query=0,
        seconds_per_query=0,
        training_tokens=100_000 if tuned else 0,
        labels=1000 if tuned and task is not BRIEF else 0,
        form=() if form is None else tuple(i < form for i in range(of)),
    )


def voice_results(**changed):
    """Return the results that the voice's hypothesis expects; `changed` replaces some."""
    right = {
        NEW_COMBINATIONS: {
            BARE: 0,
            ENGINEERED: 0,
            FEW_SHOT: 4,
            RETRIEVED: 40,
            GLOSSARY: 8,
            LORA: 396,
            LORA_ENGINEERED: 397,
            LOOK_UP: 400,
            NEAREST: 0,
            MAJORITY: 1,
        },
        NEW_SUBJECTS: {
            BARE: 0,
            ENGINEERED: 0,
            FEW_SHOT: 0,
            RETRIEVED: 20,
            GLOSSARY: 8,
            LORA: 380,
            LORA_ENGINEERED: 380,
            LOOK_UP: 60,
            NEAREST: 0,
            MAJORITY: 1,
        },
    }
    right[NEW_SUBJECTS] |= changed
    return [
        result(VOICE, test, arm, count, form=398 if arm == FEW_SHOT else None)
        for test, arms in right.items()
        for arm, count in arms.items()
    ]


def voice_curve(test=NEW_SUBJECTS, accuracies=((8, 0), (64, 40), (1000, 96))):
    return [
        CurvePoint("voice", test, LORA, "equal steps", n, seed, right, 100)
        for n, right in accuracies
        for seed in range(5)
    ]


class TestVoice:
    def test_the_expected_results_hold_the_hypothesis(self):
        verdict = judge_task(VOICE, voice_results(), voice_curve())
        assert verdict.winner == "LoRA"
        assert verdict.held
        assert verdict.foils_separated
        assert verdict.sentence == "The house voice: LoRA wins; the hypothesis held."

    def test_the_look_up_table_equals_it_on_one_test_only_and_is_no_winner(self):
        verdict = judge_task(VOICE, voice_results())
        assert verdict.rivals_as_good == ()
        checks = {(c.test, c.foil): c.separated for c in verdict.foils}
        assert checks[NEW_SUBJECTS, LOOK_UP]
        assert (NEW_COMBINATIONS, LOOK_UP) not in checks

    def test_a_rival_that_is_as_good_everywhere_is_named(self):
        verdict = judge_task(VOICE, voice_results(**{LOOK_UP: 390}))
        assert verdict.rivals_as_good == ("look-up table",)
        assert not verdict.held
        assert "fails on new subjects" in verdict.sentence

    def test_a_glossary_that_wins_refutes_the_hypothesis(self):
        beaten = {GLOSSARY: 390, LORA: 100, LORA_ENGINEERED: 100}
        verdict = judge_task(VOICE, voice_results(**beaten))
        assert verdict.winner == LORA  # it is not good enough on new combinations
        assert not verdict.held
        assert "LoRA wins beyond some n* pairs (new subjects)" in verdict.sentence

    def test_a_foil_whose_interval_touches_is_not_separated(self):
        verdict = judge_task(VOICE, voice_results(**{GLOSSARY: 370}))
        checks = {(c.test, c.foil): c.separated for c in verdict.foils}
        assert not checks[NEW_SUBJECTS, GLOSSARY]
        assert not verdict.foils_separated

    def test_the_crossover_is_with_the_upper_end_of_the_best_prompt(self):
        found = find_crossover(
            ResultTable("voice", voice_results(), voice_curve()), NEW_SUBJECTS
        )
        assert found is not None
        assert found.pairs is not None
        assert found.best_prompt == RETRIEVED
        assert 0.05 < found.bar < 0.1
        assert 8 < found.pairs < 64

    def test_with_too_few_pairs_it_flips_to_the_best_prompt(self):
        (flip,) = judge_task(VOICE, voice_results(), voice_curve()).flips
        assert flip.arm == RETRIEVED
        assert "fewer than about" in flip.when
        assert "pairs (new subjects)" in flip.when

    def test_without_a_curve_there_is_no_crossover(self):
        table = ResultTable("voice", voice_results())
        assert find_crossover(table, NEW_SUBJECTS) is None

    def test_a_curve_that_never_crosses_refutes_the_hypothesis(self):
        flat = voice_curve(accuracies=((8, 0), (1000, 2)))
        verdict = judge_task(VOICE, voice_results(), flat)
        assert "n* is not within the pairs" in verdict.sentence


def brief_results(**changed):
    right = {
        BARE: 20,
        ENGINEERED: 390,
        FEW_SHOT: 300,
        RETRIEVED: 300,
        LORA: 392,
        LORA_ENGINEERED: 393,
        LOOK_UP: 400,
        NEAREST: 0,
        MAJORITY: 0,
    }
    return [
        result(BRIEF, NEW_COMBINATIONS, arm, count)
        for arm, count in (right | changed).items()
    ]


class TestBrief:
    def test_the_engineered_prompt_wins_though_others_are_a_little_better(self):
        verdict = judge_task(BRIEF, brief_results())
        assert verdict.winner == BRIEF.title_of(ENGINEERED)
        assert verdict.held
        assert verdict.foils_separated

    def test_a_clearly_better_tuned_model_refutes_the_hypothesis(self):
        verdict = judge_task(BRIEF, brief_results(**{ENGINEERED: 300}))
        assert verdict.winner == LORA
        assert "it is as good as LoRA (" in verdict.sentence

    def test_a_long_prompt_refutes_ten_more_tokens(self):
        longer = [
            replace(r, prompt_tokens=60.0) if r.arm == ENGINEERED else r
            for r in brief_results()
        ]
        assert "50.0 more tokens" in judge_task(BRIEF, longer).sentence

    def test_a_rival_may_be_as_good_but_is_not_chosen(self):
        assert judge_task(BRIEF, brief_results()).rivals_as_good == (
            "one poem, subject swapped",
        )


def fact_results(**changed):
    right = {
        BARE: 2,
        ENGINEERED: 238,
        FEW_SHOT: 2,
        RETRIEVED: 3,
        LORA: 0,
        LORA_ENGINEERED: 200,
        LOOK_UP: 0,
        MAJORITY: 4,
        READ_NOTES: 240,
    }
    today = [
        result(FACT, TODAY, arm, count, of=240)
        for arm, count in (right | changed).items()
    ]
    return [*today, result(FACT, YESTERDAY, LORA, changed.get("learned", 48), of=48)]


class TestFact:
    def test_notes_win_and_the_tuned_model_is_stale(self):
        verdict = judge_task(FACT, fact_results())
        assert verdict.winner == "notes in the prompt"
        assert "notes in the prompt is right in" in verdict.recommendation.reasons[0]
        assert verdict.held
        assert verdict.foils_separated

    def test_a_model_that_learned_nothing_is_not_stale(self):
        verdict = judge_task(
            FACT, [*fact_results()[:-1], result(FACT, YESTERDAY, LORA, 3, 48)]
        )
        assert not verdict.held
        assert "yesterday's words" in verdict.sentence

    def test_a_tuned_model_that_knows_today_refutes_the_hypothesis(self):
        verdict = judge_task(FACT, fact_results(**{LORA: 238}))
        assert not verdict.held


def test_a_task_without_results_says_so():
    with pytest.raises(ValueError, match='no results for the task "voice"'):
        judge_task(VOICE, brief_results())


def test_a_missing_arm_is_named():
    partly = [r for r in voice_results() if r.arm != LOOK_UP]
    with pytest.raises(ValueError, match='no result of "look-up" on "new combinations"'):
        judge_task(VOICE, partly)
