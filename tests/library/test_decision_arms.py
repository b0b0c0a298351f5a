"""Measuring arms: prompts, knobs chosen on development data, costs, and both runs."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from prompt_or_tune.decision.arms.bare import BARE
from prompt_or_tune.decision.arms.engineered_few_shot import ENGINEERED_FEW_SHOT
from prompt_or_tune.decision.arms.few_shot import FEW_SHOT
from prompt_or_tune.decision.arms.glossary import GLOSSARY
from prompt_or_tune.decision.arms.look_up import LOOK_UP
from prompt_or_tune.decision.arms.lora import (
    LORA,
    LORA_ENGINEERED,
    LoRA,
    count_training_tokens,
)
from prompt_or_tune.decision.arms.many_shot import MANY_SHOT
from prompt_or_tune.decision.arms.retrieved_few_shot import RETRIEVED
from prompt_or_tune.decision.asking import EQUAL_STEPS, ArmSettings, NoRoomError
from prompt_or_tune.decision.curve_jobs import Curve, plan_jobs
from prompt_or_tune.decision.curves import sort_points
from prompt_or_tune.decision.measurer import (
    MeasureArm,
    MeasureCurves,
    Measurer,
    learning_curve,
    measure_arm,
)
from prompt_or_tune.decision.queries import choose_some
from prompt_or_tune.decision.store import Store
from prompt_or_tune.decision.tasks.fact import build_fact_task
from prompt_or_tune.decision.tasks.task import NEW_COMBINATIONS
from prompt_or_tune.decision.tasks.voice import NEW_SUBJECTS, VOICE, build_voice_task
from prompt_or_tune.lexicon import capitalise
from prompt_or_tune.models import Answer
from prompt_or_tune.scoring import Brief, LineCount, WordLimit

from tests.tiny_models import build_llama

DEFAULTS = ArmSettings()


@pytest.fixture(scope="module")
def voice():
    return build_voice_task().limited(development=6, test=8)


@dataclass
class _RuleModel:
    """A model that answers by a rule, counts a token per word, and keeps what it read."""

    answer: Callable[[str], str]
    context_length: int = 10_000
    name: str = "rule"
    asked: list[list[str]] = field(default_factory=list)

    def generate_detailed(self, prompts, *, max_new_tokens, batch_size):
        self.asked.append(list(prompts))
        return [self.make_answer(self.answer(prompt)) for prompt in prompts]

    def make_answer(self, text):
        return Answer(text, ended=not text.endswith("…"), tokens=len(text.split()) + 1)

    def encode_prompt(self, prompt):
        return [sum(map(ord, word)) for word in prompt.split()]

    def count_tokens(self, prompt):
        return len(self.encode_prompt(prompt))

    def count_parameters(self):
        return 1000


def rule_model(answer, **traits) -> Any:
    """Return a stand-in for a language model."""
    return _RuleModel(answer, **traits)


def copy_last_answer(prompt):
    """Answer with the last worked example's answer; without one, say nothing."""
    answers = [line for line in prompt.split("\n") if line.startswith("Answer: ")]
    return answers[-1].removeprefix("Answer: ") if answers else "…"


def measure(model, data, *arms):
    """Return the results of some arms, measured one after the other."""
    measurer = Measurer(model, Store(), None)
    measurer.measure([MeasureArm(data, arm, DEFAULTS, arm.title) for arm in arms])
    return measurer.store.records.arms


def measure_curve(model, data, curve, settings, workers=1):
    """Return the points of one learning curve."""
    measurer = Measurer(model, Store(), None, workers)
    measurer.measure([MeasureCurves(data, (curve,), settings, lambda job: job.arm.name)])
    return sort_points(measurer.store.records.curves)


class TestPrompting:
    def test_each_arm_gives_one_result_per_test(self, voice):
        results = measure(rule_model(copy_last_answer), voice, BARE, LOOK_UP)
        assert [(r.arm, r.test) for r in results] == [
            ("bare", NEW_COMBINATIONS),
            ("bare", NEW_SUBJECTS),
            ("look-up", NEW_COMBINATIONS),
            ("look-up", NEW_SUBJECTS),
        ]
        assert all(len(r.correct) == 8 for r in results)

    def test_the_test_is_asked_once_and_development_before_it(self, voice):
        model = rule_model(copy_last_answer)
        measure_arm(model, voice, FEW_SHOT, ArmSettings(few_shot_counts=(1, 2)))
        sizes = [len(prompts) for prompts in model.asked]
        assert sizes == [6, 6, 8, 8]  # k = 1 and k = 2 on development, then the two tests

    def test_the_bare_arm_has_no_knobs_and_touches_no_development_data(self, voice):
        model = rule_model(copy_last_answer)
        results = measure_arm(model, voice, BARE, DEFAULTS)
        assert [len(prompts) for prompts in model.asked] == [8, 8]
        assert model.asked[0] == [q.bare for q in voice.tests[0].queries]
        assert results[0].knobs == ""
        assert results[0].labels == 0

    def test_the_best_knob_on_development_is_chosen(self, voice):
        answers = {q.bare: q.answer for q in voice.queries + voice.development}

        def know_with_two_examples(prompt):
            question = prompt.split("Request: ")[-1].removesuffix("\nAnswer:")
            return answers[question] if prompt.count("Request: ") == 3 else "no"

        results = measure_arm(
            rule_model(know_with_two_examples), voice, FEW_SHOT, DEFAULTS
        )
        assert {r.knobs for r in results} == {"k = 2"}
        assert all(r.rate.rate == 1 for r in results)
        assert results[0].labels == 2

    def test_equal_knobs_go_to_the_cheapest(self, voice):
        results = measure_arm(rule_model(lambda prompt: "no"), voice, FEW_SHOT, DEFAULTS)
        assert results[0].knobs == "k = 1"

    def test_the_right_form_breaks_ties(self, voice):
        asked = voice.queries + voice.development

        def take_up_form_from_four(prompt):
            query = next(q for q in asked if prompt.endswith(f"{q.bare}\nAnswer:"))
            subject = capitalise(query.subject)
            return f"{subject} is odd and even" if prompt.count("Request:") > 4 else "no"

        result = measure_arm(
            rule_model(take_up_form_from_four), voice, FEW_SHOT, DEFAULTS
        )[0]
        assert result.knobs == "k = 4"
        assert result.rate.rate == 0
        assert all(result.form)

    def test_prompts_that_do_not_fit_are_no_candidates(self, voice):
        model = rule_model(copy_last_answer, context_length=90)
        for arm in (FEW_SHOT, RETRIEVED):
            measure_arm(model, voice, arm, DEFAULTS)
        longest = max(model.count_tokens(p) for prompts in model.asked for p in prompts)
        assert longest <= 90 - voice.max_new_tokens

    def test_an_arm_of_which_nothing_fits_says_so(self, voice):
        with pytest.raises(ValueError, match=r'"glossary" fits into the 60 tokens'):
            measure_arm(
                rule_model(copy_last_answer, context_length=60), voice, GLOSSARY, DEFAULTS
            )

    def test_retrieved_examples_share_subject_or_setting(self, voice):
        model = rule_model(copy_last_answer)
        settings = ArmSettings(few_shot_counts=(2,))
        measure_arm(model, voice, RETRIEVED, settings)
        for prompt, query in zip(model.asked[0], voice.tests[0].queries, strict=True):
            shown = prompt.split("Request: ")[1:-1]
            assert len(shown) == 2
            assert all(query.subject in s or query.setting in s for s in shown)

    def test_a_query_is_never_its_own_example(self):
        fact = build_fact_task().limited(development=4, test=6)
        model = rule_model(copy_last_answer)
        measure_arm(model, fact, RETRIEVED, ArmSettings(few_shot_counts=(1,)))
        for prompt, query in zip(model.asked[-1], fact.tests[-1].queries, strict=True):
            assert prompt.count(query.bare) == 1

    def test_the_glossary_stands_before_the_question_with_its_price(self, voice):
        model = rule_model(copy_last_answer)
        glossary = measure_arm(model, voice, GLOSSARY, DEFAULTS)[0]
        bare = measure_arm(model, voice, BARE, DEFAULTS)[0]
        assert glossary.prompt_tokens > bare.prompt_tokens + 80
        assert glossary.cached_tokens > 80
        assert glossary.labels == len(voice.training)

    def test_an_unfinished_answer_is_wrong(self, voice):
        right: dict[str, str] = {q.bare: q.answer for q in voice.queries}
        cut = rule_model(lambda prompt: right[prompt])
        cut.make_answer = lambda text: Answer(text, ended=False, tokens=24)
        assert measure_arm(cut, voice, BARE, DEFAULTS)[0].rate.rate == 0
        assert measure_arm(rule_model(right.get), voice, BARE, DEFAULTS)[0].rate.rate == 1

    def test_tokens_and_flops_are_means_per_query(self, voice):
        result = measure_arm(rule_model(lambda prompt: "one two"), voice, BARE, DEFAULTS)[
            0
        ]
        words = [len(q.bare.split()) for q in voice.tests[0].queries]
        assert result.prompt_tokens == sum(words) / len(words)
        assert result.response_tokens == 3
        assert result.flops_per_query == 2 * 1000 * (result.prompt_tokens + 3)
        assert result.cached_tokens == 1  # "Describe"
        assert result.seconds_per_query > 0

    def test_an_arm_that_the_task_does_not_have_is_refused(self):
        fact = build_fact_task().limited(development=4, test=4)
        with pytest.raises(ValueError, match='no arm "glossary" in the task "fact"'):
            measure_arm(rule_model(copy_last_answer), fact, GLOSSARY, DEFAULTS)

    def test_engineered_few_shot_asks_and_shows_in_the_best_wording(self, voice):
        words = {q.engineered[1]: q.answer for q in voice.development + voice.queries}

        def know_the_second_wording(prompt):
            asked = prompt.split("Request: ")[-1].removesuffix("\nAnswer:")
            return words.get(asked, "no")

        model = rule_model(know_the_second_wording)
        result = measure_arm(model, voice, ENGINEERED_FEW_SHOT, DEFAULTS)[0]
        assert result.rate.rate == 1
        assert result.knobs == "wording 2, k = 1"
        assert result.labels == 1
        example, question = result.examples[0].prompt.split("\n\n")
        start = "Request: Describe "
        end = " in one sentence with two words joined by and"
        assert example.startswith(start)
        assert end in example
        assert question.startswith(start)
        assert end in question

    def test_many_shot_shows_as_many_pairs_as_the_context_holds(self, voice):
        model = rule_model(copy_last_answer, context_length=300)
        result = measure_arm(model, voice, MANY_SHOT, DEFAULTS)[0]
        room = 300 - voice.max_new_tokens
        longest = max(model.count_tokens(p) for prompts in model.asked for p in prompts)
        pair = max(
            model.count_tokens(f"Request: {q.bare} Answer: {q.answer}")
            for q in voice.training
        )
        assert room - pair < longest <= room
        assert result.knobs == f"k = {result.labels}"
        assert result.labels > max(DEFAULTS.few_shot_counts)

    def test_many_shot_shows_all_pairs_where_all_fit(self, voice):
        few = replace(voice, training=voice.training[:12])
        result = measure_arm(rule_model(copy_last_answer), few, MANY_SHOT, DEFAULTS)[0]
        assert result.labels == 12

    def test_many_shot_without_room_for_one_example_says_so(self, voice):
        cramped = rule_model(copy_last_answer, context_length=50)
        with pytest.raises(NoRoomError, match='"many-shot" fits into the 50 tokens'):
            measure_arm(cramped, voice, MANY_SHOT, DEFAULTS)

    def test_an_arm_without_room_is_left_out_with_a_notice_and_the_others_compare(
        self, voice
    ):
        cramped = rule_model(copy_last_answer, context_length=50)
        measurer = Measurer(cramped, Store(), None)
        measurer.measure(
            [MeasureArm(voice, arm, DEFAULTS, arm.title) for arm in (BARE, FEW_SHOT)]
        )
        assert {r.arm for r in measurer.store.records.arms} == {"bare"}
        assert measurer.notices[0].startswith("few-shot was left out. No prompt of")

    def test_progress_is_reported_before_each_arm(self, voice):
        seen = []
        measurer = Measurer(
            rule_model(copy_last_answer), Store(), lambda *step: seen.append(step)
        )
        measurer.measure(
            [MeasureArm(voice, arm, DEFAULTS, arm.title) for arm in (BARE, LOOK_UP)]
        )
        assert seen == [("bare prompt", 0, 2), ("look-up", 1, 2), ("done", 2, 2)]

    def test_a_few_answers_are_kept_to_look_at(self, voice):
        result = measure_arm(rule_model(lambda prompt: "no"), voice, BARE, DEFAULTS)[0]
        assert len(result.examples) == 3
        assert result.examples[0].answer == "no"


class TestRules:
    def test_each_rule_of_a_brief_is_counted_alone(self, voice):
        brief = Brief((LineCount(1), WordLimit(3)))
        queries = tuple(replace(q, rule=brief) for q in voice.tests[0].queries)
        task = replace(voice, tests=(replace(voice.tests[0], queries=queries),))
        answers = iter(["one two", "far too many words"] * 4)
        (result,) = measure_arm(
            rule_model(lambda prompt: next(answers)), task, BARE, DEFAULTS
        )
        counts = {rule.name: rule.successes for rule in result.rules}
        assert counts == {"1 line": 8, "at most 3 words": 4, "all rules": 4}

    def test_a_task_of_exact_answers_has_no_rules_to_count(self, voice):
        assert (
            measure_arm(rule_model(lambda prompt: "no"), voice, BARE, DEFAULTS)[0].rules
            == ()
        )


TABLE = Curve(VOICE.rivals[0])


class TestChoosing:
    def test_fewer_are_part_of_more(self):
        assert choose_some(range(100), 5, 0) == choose_some(range(100), 50, 0)[:5]

    def test_another_seed_chooses_others(self):
        assert choose_some(range(100), 5, 0) != choose_some(range(100), 5, 1)

    def test_jobs_are_one_per_size_and_seed_within_the_pairs_that_there_are(self, voice):
        jobs = plan_jobs(voice, Curve(LORA, (8, 16, 5000), (0, 1)), DEFAULTS)
        assert [(job.n, job.seed) for job in jobs] == [(16, 0), (16, 1), (8, 0), (8, 1)]
        assert {job.schedule for job in jobs} == {"equal steps"}

    def test_arms_that_do_not_train_have_no_schedule(self, voice):
        assert {j.schedule for j in plan_jobs(voice, TABLE, DEFAULTS)} == {"none"}

    def test_the_look_up_table_gets_better_with_more_pairs(self, voice):
        points = learning_curve(
            rule_model(copy_last_answer), voice, TABLE.arm, sizes=(8, 1000), seeds=(0,)
        )
        few, many = [point for point in points if point.test == NEW_COMBINATIONS]
        assert few.accuracy < many.accuracy == 1


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    from prompt_or_tune.models import load_model

    folder = build_llama(tmp_path_factory.mktemp("llama"), max_position_embeddings=512)
    return load_model(folder)


@pytest.mark.slow
class TestTuning:
    quick = ArmSettings(steps=3, few_shot_counts=(1,))

    def test_equal_steps_are_those_of_a_thousand_pairs_five_times(self):
        from prompt_or_tune.records import TuningSettings

        assert TuningSettings().count_steps(1000) == EQUAL_STEPS

    def test_a_tuned_arm_pays_for_labels_tokens_and_training(self, tiny, voice):
        result = measure_arm(tiny, voice, LORA, self.quick)[0]
        assert result.labels == len(voice.training)
        assert result.training_tokens > 0
        assert (
            result.training_flops > 4 * tiny.count_parameters() * result.training_tokens
        )
        assert result.training_seconds > 0
        assert "learning rate 0.003" in result.knobs
        assert not tiny.has_adapter

    def test_a_finished_run_is_not_trained_again(self, tiny, voice, monkeypatch):
        from prompt_or_tune import tuning
        from prompt_or_tune.records import TuningSettings

        pairs = [query.as_pair() for query in voice.training[:16]]
        settings = TuningSettings(max_steps=2)
        run = tuning.tune(tiny, pairs, settings).finish()
        monkeypatch.setattr(tuning, "tune", None)
        results = measure_arm(tiny, voice, LoRA(run), self.quick)
        assert len(results) == 2

    def test_trained_on_and_asked_in_the_engineered_wording(
        self, tiny, voice, monkeypatch
    ):
        seen = self.watch_training(monkeypatch)
        measure_arm(tiny, voice, LORA_ENGINEERED, self.quick)
        (pairs,) = seen
        query = voice.training[0]
        assert pairs[0].prompt in query.engineered
        assert pairs[0].prompt != query.bare

    def test_the_fact_is_trained_without_notes_even_if_asked_with_them(
        self, tiny, monkeypatch
    ):
        fact = build_fact_task().limited(development=2, test=2)
        seen = self.watch_training(monkeypatch)
        result = measure_arm(tiny, fact, LORA_ENGINEERED, self.quick)[0]
        assert [p.prompt for p in seen[0]] == [q.bare for q in fact.training]
        assert "Notes for today" in result.examples[0].prompt

    def watch_training(self, monkeypatch):
        from prompt_or_tune import tuning

        seen, tune = [], tuning.tune

        def watch(model, pairs, *rest):
            seen.append(pairs)
            return tune(model, pairs, *rest)

        monkeypatch.setattr(tuning, "tune", watch)
        return seen

    def test_the_learning_rate_is_chosen_on_development(self, tiny, voice, monkeypatch):
        seen = self.watch_training(monkeypatch)
        settings = replace(self.quick, learning_rates=(3e-3, 1e-3))
        measure_arm(tiny, voice, LORA, settings)
        assert len(seen) == 2

    def test_training_tokens_are_those_that_the_steps_report(self, tiny, voice):
        from prompt_or_tune.records import StepRecord, TuningSettings
        from prompt_or_tune.tuning import tune

        pairs = [query.as_pair() for query in voice.training[:40]]
        settings = TuningSettings(epochs=2)
        steps = [e for e in tune(tiny, pairs, settings) if isinstance(e, StepRecord)]
        counted = count_training_tokens(tiny, pairs, settings)
        assert counted == sum(step.tokens for step in steps)

    def test_workers_measure_what_one_process_measures(self, tiny, voice):
        curve = Curve(LORA, (8, 16), (0,))
        alone = measure_curve(tiny, voice, curve, self.quick)
        shared = measure_curve(tiny, voice, curve, self.quick, workers=2)
        assert [replace(p, seconds=0, loss=0) for p in alone] == [
            replace(p, seconds=0, loss=0) for p in shared
        ]
        assert [p.loss for p in alone] == pytest.approx(
            [p.loss for p in shared], rel=1e-3
        )

    def test_both_schedules_train_as_long_as_they_say(self, tiny, voice):
        def tokens(schedule):
            curve = Curve(LORA, (16,), (0,), schedule)
            points = measure_curve(tiny, voice, curve, replace(self.quick, steps=10))
            return points[0].training_tokens

        # Sixteen pairs are one batch: five epochs are five steps.
        assert tokens("equal steps") == 2 * tokens("5 epochs")
