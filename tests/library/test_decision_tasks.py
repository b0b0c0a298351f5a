"""The three tasks: their data, their judges, and the rivals without a model."""

import re
from typing import Any

import pytest
from prompt_or_tune.decision.arms import family_of, find_arm, list_arms, title_of
from prompt_or_tune.decision.arms.bare import BARE
from prompt_or_tune.decision.arms.engineered import ENGINEERED
from prompt_or_tune.decision.arms.glossary import GLOSSARY
from prompt_or_tune.decision.arms.lora import LORA, LORA_ENGINEERED
from prompt_or_tune.decision.arms.majority import MAJORITY
from prompt_or_tune.decision.arms.nearest_pair import NEAREST
from prompt_or_tune.decision.arms.reading_notes import READ_NOTES
from prompt_or_tune.decision.tasks import build_task, find_task, list_tasks
from prompt_or_tune.decision.tasks.brief import BRIEF, build_brief_task
from prompt_or_tune.decision.tasks.fact import FACT, TODAY, YESTERDAY, build_fact_task
from prompt_or_tune.decision.tasks.task import NEW_COMBINATIONS
from prompt_or_tune.decision.tasks.voice import (
    NEW_SUBJECTS,
    VOICE,
    build_voice_task,
    derive_glossary,
    split_voice_words,
)
from prompt_or_tune.lexicon import DAILY_WORDS
from prompt_or_tune.lexicon import NEW_SUBJECTS as SUBJECTS_KEPT_OUT
from prompt_or_tune.statistics import pass_rate

from tests.library import arm_names


@pytest.fixture(scope="module")
def voice():
    return build_voice_task()


@pytest.fixture(scope="module")
def fact():
    return build_fact_task()


class Poet:
    """Answer every request for a poem with a good one, every tenth with a bad one."""

    def generate(self, prompts, **options):
        return [self.write(number, prompt) for number, prompt in enumerate(prompts)]

    def write(self, number, prompt):
        (topic,) = re.findall(r"about (?:the )?(.+?) with", prompt)
        if number % 10 == 0:
            return "One line"
        return (
            f"See the {topic}, number {number}, in the light\n"
            "A day of gold\nThe air is bright\nAnd leaves unfold"
        )


@pytest.fixture(scope="module")
def brief():
    poet: Any = Poet()
    return build_brief_task(poet)


@pytest.fixture(params=["brief", "voice", "fact"])
def data(request):
    return request.getfixturevalue(request.param)


@pytest.mark.parametrize("task", list_tasks(), ids=lambda task: task.name)
class TestWhatIsCompared:
    def test_both_together_is_never_a_foil(self, task):
        foils = {foil for foils in task.foils.values() for foil in foils}
        assert LORA_ENGINEERED not in foils
        assert task.expected_winner not in foils

    def test_foils_and_expected_winners_are_measured(self, task):
        for test in task.decisive:
            assert set(task.foils[test]) <= set(task.contestants)
        assert task.expected_winner in task.arms

    def test_every_task_has_a_bare_a_tuned_arm_and_a_rival(self, task):
        assert {BARE, LORA} <= set(task.arms)
        assert all(arm.has_model for arm in task.arms)
        assert task.rivals
        assert not any(rival.has_model for rival in task.rivals)

    def test_no_two_arms_have_one_name_or_title(self, task):
        names = [arm.name for arm in task.contestants]
        assert len(set(names)) == len(names)
        assert len(set(map(task.title_of, names))) == len(names)


class TestTasks:
    def test_the_tasks_expect_both_answers(self):
        assert {task.expected_winner for task in list_tasks()} == {ENGINEERED, LORA}

    def test_only_a_task_with_a_glossary_lets_the_glossary_compete(self):
        assert [task.name for task in list_tasks() if GLOSSARY in task.arms] == ["voice"]

    def test_an_unknown_task_is_refused_by_name(self):
        with pytest.raises(ValueError, match="brief, voice, fact"):
            find_task("poem")

    def test_the_brief_wants_a_model(self):
        with pytest.raises(ValueError, match="pass a model"):
            build_task("brief")


class TestArms:
    def test_arms_are_found_by_the_names_that_results_store(self):
        names = [arm.name for arm in list_arms()]
        stored = [name for key, name in vars(arm_names).items() if key.isupper()]
        assert set(names) == {name for name in stored if isinstance(name, str)}

    def test_tables_show_prompts_first_then_what_is_tuned_then_rivals(self):
        sides = [(arm.trains, not arm.has_model) for arm in list_arms()]
        assert sides == sorted(sides, key=lambda side: (side[1], side[0]))

    def test_families_tell_base_prompted_tuned_both_and_rival_apart(self):
        families = {arm.name: arm.family for arm in list_arms()}
        assert families["bare"] == "base"
        assert families["engineered"] == "prompted"
        assert families["LoRA"] == "tuned"
        assert families["LoRA + engineered"] == "both"
        assert {arm.family for arm in list_arms() if not arm.has_model} == {"rival"}

    def test_an_unknown_arm_is_refused_by_name(self):
        with pytest.raises(ValueError, match='no arm "dice"; there are: bare,'):
            find_arm("dice")

    def test_an_arm_of_the_readers_own_prompts_and_keeps_its_name(self):
        assert family_of("gpt") == "prompted"
        assert title_of("gpt") == "gpt"


class TestData:
    def test_tests_are_large_enough(self, data):
        decisive = find_task(data.name).decisive
        for test in data.tests:
            if test.name in decisive:
                assert len(test.queries) >= 200
        assert {test.name for test in data.tests} >= set(decisive)

    def test_training_answers_pass_their_own_judge(self, voice, fact):
        for task in (voice, fact):
            assert all(query.rule.check(query.answer) for query in task.training)
            assert all(query.form.check(query.answer) for query in task.training)

    def test_ids_are_unique_within_each_set(self, data):
        for queries in (
            data.training,
            data.development,
            *(t.queries for t in data.tests),
        ):
            assert len({query.id for query in queries}) == len(queries)

    def test_splits_never_share_a_combination(self, voice):
        sets = [voice.training, voice.development, *(t.queries for t in voice.tests)]
        combinations = [{(q.subject, q.setting) for q in queries} for queries in sets]
        assert sum(map(len, combinations)) == len(set.union(*combinations))

    def test_new_subjects_stand_nowhere_else(self, voice):
        known = {q.subject for q in (*voice.training, *voice.development)}
        new = next(t for t in voice.tests if t.name == NEW_SUBJECTS)
        assert {q.subject for q in new.queries} == set(SUBJECTS_KEPT_OUT)
        assert not known & set(SUBJECTS_KEPT_OUT)

    def test_the_wordings_differ_and_all_name_the_topic(self, data):
        for query in data.development[:20]:
            assert len({query.bare, *query.engineered}) == 1 + len(query.engineered)
            assert all(query.subject in wording for wording in query.engineered)

    def test_a_limited_task_keeps_training_and_spreads_the_rest(self, voice):
        small = voice.limited(development=10, test=20)
        assert small.training == voice.training
        assert len(small.development) == 10
        assert [len(test.queries) for test in small.tests] == [20, 20]
        assert len({q.subject for q in small.development}) > 3

    def test_pairs_are_phrased_bare_or_in_a_wording(self, voice):
        query = voice.training[0]
        assert query.as_pair().prompt == query.bare
        assert query.as_pair(1).prompt == query.engineered[1]
        assert query.as_pair().response == query.answer


class TestVoice:
    def test_the_first_word_goes_by_kind_the_second_by_setting(self, voice):
        by_kind, by_setting = derive_glossary(voice.training)
        assert len(by_kind) >= 8
        assert len(by_setting) >= 30
        assert len(set(by_kind.values())) == len(by_kind)
        for query in voice.training:
            words = split_voice_words(query.answer)
            assert words is not None
            assert words[1] == by_setting[query.setting]

    def test_the_glossaries_hold_every_word_of_the_voice(self, voice):
        by_kind, by_setting = derive_glossary(voice.training)
        for text in voice.glossaries:
            assert all(word in text for word in (*by_kind.values(), *by_setting.values()))

    def test_the_right_form_with_wrong_words_is_wrong_but_formed(self, voice):
        query = voice.tests[0].queries[0]
        wrong = f"{query.answer.split(' is ')[0]} is odd and even"
        assert query.form.check(wrong)
        assert not query.rule.check(wrong)
        assert not query.form.check("What a day!")

    def test_an_answer_of_another_form_has_no_two_words(self):
        assert split_voice_words("Spring is warm and bright") == ("warm", "bright")
        assert split_voice_words("Spring is warm") is None


class TestFact:
    def test_every_subject_has_another_word_each_day(self, fact):
        yesterday = {q.subject: q.rule.word for q in fact.training}
        assert set(yesterday.values()) <= set(DAILY_WORDS)
        for query in fact.tests[0].queries:
            assert query.rule.word != yesterday[query.subject]

    def test_no_two_subjects_share_a_word_on_one_day(self, fact):
        words = [q.rule.word for q in fact.training]
        assert len(set(words)) == len(words)

    def test_the_notes_hold_the_answer_among_others(self, fact):
        for query in fact.tests[0].queries:
            notes = query.engineered[0]
            assert f"The word for {query.subject} is {query.rule.word}." in notes
            assert notes.count("The word for") == 7
            assert notes.endswith(query.bare)

    def test_the_right_note_stands_anywhere(self, fact):
        places = {
            q.engineered[0]
            .split("\n")
            .index(f"The word for {q.subject} is {q.rule.word}.")
            for q in fact.tests[0].queries
        }
        assert places == set(range(1, 8))

    def test_it_is_the_same_every_time_and_another_with_another_seed(self, fact):
        assert build_fact_task() == fact
        assert build_fact_task(seed=1).tests != fact.tests

    def test_naming_several_words_is_no_answer(self, fact):
        query = fact.tests[0].queries[0]
        other = next(w for w in query.rule.words if w != query.rule.word)
        assert query.rule.check(query.answer)
        assert not query.rule.check(f"{query.answer} Or {other}.")
        assert not query.rule.check("I do not know")
        assert query.rule.word in query.rule.explain("no word")

    def test_development_has_a_day_of_its_own(self, fact):
        def words(queries):
            return [q.rule.word for q in queries]

        days = [fact.tests[0].queries[i : i + 48] for i in range(0, 240, 48)]
        assert words(fact.development) not in [words(day) for day in days]
        assert words(fact.development) != words(fact.training)


class TestBrief:
    def test_only_poems_that_pass_are_trained_on_each_once(self, brief):
        assert len(brief.training) == 900
        poems = [query.answer for query in brief.training]
        assert len(set(poems)) == len(poems)

    def test_a_copy_of_a_training_poem_fails(self, brief):
        poem = brief.training[0]
        query = next(q for q in brief.tests[0].queries if q.subject == poem.subject)
        assert not query.rule.check(poem.answer)
        assert query.rule.check(poem.answer.replace("number", "counted"))

    def test_the_engineered_wording_is_the_one_of_the_course(self, brief):
        query = brief.development[0]
        topic = f"{query.subject} {query.setting}".strip()
        assert query.bare == f"Write a poem about {topic}"
        assert query.engineered[0] == (
            f"Write a short, rhyming poem about {topic} with 4 lines"
        )

    def test_the_brief_needs_no_labels(self, brief, voice):
        assert brief.count_labels(900) == 0
        assert voice.count_labels(900) == 900


class TestRivals:
    def rate(self, data, name, rival):
        queries = next(test.queries for test in data.tests if test.name == name)
        answers = rival.answer(data.training, queries)
        right = [q.rule.check(a) for q, a in zip(queries, answers, strict=True)]
        return pass_rate(right)

    def test_the_look_up_table_knows_every_new_combination(self, voice):
        assert self.rate(voice, NEW_COMBINATIONS, VOICE.rivals[0]).rate == 1

    def test_the_look_up_table_fails_on_new_subjects(self, voice):
        assert self.rate(voice, NEW_SUBJECTS, VOICE.rivals[0]).high < 0.3

    @pytest.mark.parametrize("rival", [NEAREST, MAJORITY])
    def test_repeating_a_training_answer_is_hardly_ever_right(self, voice, rival):
        small = voice.limited(test=50)
        assert self.rate(small, NEW_COMBINATIONS, rival).rate < 0.1

    def test_the_nearest_pair_shares_most_words(self, voice):
        query = voice.training[17]
        assert NEAREST.answer(voice.training, [query]) == [query.answer]

    def test_yesterdays_table_knows_yesterday_and_not_today(self, fact):
        assert self.rate(fact, YESTERDAY, FACT.rivals[0]).rate == 1
        assert self.rate(fact, TODAY, FACT.rivals[0]).rate == 0

    def test_reading_the_notes_is_always_right(self, fact):
        assert self.rate(fact, TODAY, READ_NOTES).rate == 1

    def test_a_poem_with_its_subject_swapped_keeps_to_the_brief(self, brief):
        assert self.rate(brief, NEW_COMBINATIONS, BRIEF.rivals[0]).rate > 0.9
