"""Rules, briefs and matchers of `prompt_or_tune.scoring`."""

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prompt_or_tune.lexicon import RHYME_FAMILIES
from prompt_or_tune.scoring import (
    MATCHER_NAMES,
    Brief,
    Contains,
    Ended,
    Exact,
    JsonEqual,
    LineCount,
    NoRepeatedLine,
    NotCopied,
    Numeric,
    OneSentence,
    Pattern,
    Rhyme,
    Rule,
    StartsWith,
    Topic,
    UsesWord,
    WordLimit,
    find_last_number,
    make_matcher,
    poem_brief,
    rates_by_rule,
    rhyme_spelling,
    words_rhyme,
)

POEM = """The spring is in the morning light,
A robin sings of gold,
The river wakes, the sky is bright,
And leaves unfold."""

EVERY_RULE = [
    LineCount(4),
    Rhyme(),
    Topic("spring"),
    WordLimit(40),
    UsesWord("robin"),
    StartsWith("the"),
    OneSentence(),
    Pattern("x"),
    NotCopied(["x"]),
    NoRepeatedLine(),
    Ended(64, len),
    Exact("x"),
    Contains("x"),
    JsonEqual("1"),
    Numeric("1"),
    poem_brief("spring"),
]


@pytest.mark.parametrize("rule", EVERY_RULE, ids=lambda rule: type(rule).__name__)
@given(text=st.text())
def test_every_rule_judges_any_text_and_explains_itself(rule, text):
    assert isinstance(rule, Rule)
    assert rule.check(text) in (True, False)
    assert rule.explain(text)
    assert rule.name


class TestLineCount:
    def test_blank_lines_do_not_count(self):
        assert LineCount(2).check("one\n\n  \ntwo\n")

    @pytest.mark.parametrize("text", ["", "one", "one\ntwo\nthree"])
    def test_any_other_number_fails(self, text):
        assert not LineCount(2).check(text)


class TestRhyme:
    def lines(self, *ends):
        return "\n".join(f"a line that ends in {end}." for end in ends)

    def test_couplets(self):
        text = self.lines("light", "bright", "gold", "cold")
        assert Rhyme().check(text)
        assert Rhyme("couplets").check(text)
        assert not Rhyme("alternate").check(text)

    def test_alternate(self):
        text = self.lines("light", "gold", "bright", "cold")
        assert Rhyme().check(text)
        assert Rhyme("alternate").check(text)
        assert not Rhyme("couplets").check(text)

    def test_two_lines_are_a_couplet_in_either_scheme(self):
        text = self.lines("light", "bright")
        assert Rhyme("couplets").check(text)
        assert Rhyme("alternate").check(text)

    def test_a_last_couplet_may_end_an_alternate_poem(self):
        text = self.lines("light", "gold", "bright", "cold", "day", "way")
        assert Rhyme("alternate").check(text)

    def test_eight_lines_in_alternate_blocks(self):
        ends = ["light", "gold", "bright", "cold", "day", "moon", "way", "tune"]
        assert Rhyme("alternate").check(self.lines(*ends))

    def test_a_word_does_not_rhyme_with_itself(self):
        assert not Rhyme().check(self.lines("light", "light"))
        assert not Rhyme().check(self.lines("Light", "light"))
        assert "repeated" in Rhyme().explain(self.lines("light", "light"))

    @pytest.mark.parametrize("count", [0, 1, 3, 5])
    def test_an_odd_number_of_lines_never_rhymes(self, count):
        assert not Rhyme().check(self.lines(*["light", "bright"] * 3)[:0])
        assert not Rhyme().check(self.lines(*(["light", "bright"] * 3)[:count]))

    def test_one_pair_that_does_not_rhyme_fails_the_poem_and_is_named(self):
        text = self.lines("light", "bright", "gold", "day")
        assert not Rhyme().check(text)
        assert '"gold" and "day"' in Rhyme("couplets").explain(text)

    def test_every_pair_of_a_rhyme_family_rhymes_and_no_pair_across_families(self):
        families = list(RHYME_FAMILIES.values())
        for family in families:
            assert words_rhyme(family[0], family[-1])
        for one, other in itertools.pairwise(families):
            assert not words_rhyme(one[0], other[0])

    def test_sounds_of_the_lexicon_come_before_spelling(self):
        assert words_rhyme("height", "kite")  # spelled otherwise, sound alike

    @pytest.mark.parametrize(
        ("first", "second", "rhymes"),
        [
            ("delight", "moonlight", True),
            ("quiver", "shiver", True),
            ("humming", "drumming", True),
            ("clatter", "chatter", True),
            ("cake", "lake", True),
            ("cake", "like", False),
            ("ember", "timber", False),
        ],
    )
    def test_unknown_words_are_compared_by_spelling(self, first, second, rhymes):
        assert words_rhyme(first, second) is rhymes

    @pytest.mark.parametrize(
        ("word", "ending"),
        [
            ("clatter", "atter"),
            ("cake", "ake"),
            ("decay", "ay"),
            ("the", "e"),
            ("sh", "sh"),
        ],
    )
    def test_spelling_from_the_last_stressed_vowel_group(self, word, ending):
        assert rhyme_spelling(word) == ending


class TestWords:
    def test_topic_may_stand_as_a_plural_and_in_any_case(self):
        assert Topic("fox").check("Foxes run")
        assert Topic("spring").check("SPRING!")

    def test_topic_inside_another_word_is_off_topic(self):
        assert not Topic("ant").check("The giant is wanted")

    def test_word_limit_counts_words_and_wants_one(self):
        assert WordLimit(3).check("don't be-little him")
        assert not WordLimit(3).check("one two three four")
        assert not WordLimit(3).check(" ... ")

    def test_uses_word_wants_the_whole_word(self):
        assert UsesWord("robin").check("A Robin, singing")
        assert not UsesWord("robin").check("Robins sing")

    def test_a_phrase_may_be_broken_by_a_line_end(self):
        assert UsesWord("old oak").check("the old\n oak")

    def test_starts_with_looks_at_the_first_word(self):
        assert StartsWith("Spring").check('"spring, at last"')
        assert not StartsWith("Spring").check("Springtime is here")
        assert not StartsWith("Spring").check("")


class TestOneSentence:
    @pytest.mark.parametrize("text", ["Spring is here", "Spring is here.", 'So: "Go!"'])
    def test_one_sentence(self, text):
        assert OneSentence().check(text)

    @pytest.mark.parametrize("text", ["", "...", "One. Two.", "One\nTwo", "Go! Now"])
    def test_none_or_several(self, text):
        assert not OneSentence().check(text)


class TestCopies:
    def test_a_copy_up_to_case_spacing_and_punctuation_is_found(self):
        rule = NotCopied(["The fox, at dawn."])
        assert not rule.check("the FOX\n at dawn")
        assert rule.check("the fox at dusk")

    def test_texts_may_come_from_an_iterator(self):
        rule = NotCopied(text for text in ["a b"])
        assert not rule.check("a b")
        assert not rule.check("A B")

    def test_a_line_twice_is_found_up_to_case(self):
        assert not NoRepeatedLine().check("A line\nanother\na LINE!")
        assert NoRepeatedLine().check("A line\nanother")


def test_an_answer_that_fills_its_budget_did_not_end_by_itself():
    rule = Ended(budget=3, count_tokens=lambda text: len(text.split()))
    assert rule.check("one two")
    assert not rule.check("one two three")


class TestMatchers:
    def test_exact_ignores_only_spaces_around(self):
        assert Exact("Spring is warm").check("  Spring is warm\n")
        assert not Exact("Spring is warm").check("spring is warm")

    def test_contains_wants_whole_words(self):
        assert Contains("New York").check("it is new  york, of course")
        assert not Contains("cat").check("concatenate")

    @pytest.mark.parametrize(
        ("answer", "equal"),
        [
            ('{"b": [1, 2.0], "a": null}', True),
            ('```json\n{"a": null, "b": [1.0, 2]}\n```', True),
            ('{"a": null, "b": [2, 1]}', False),
            ('{"a": null, "b": [true, 2]}', False),
            ('{"a": null}', False),
            ("not JSON", False),
            ("NaN", False),
        ],
    )
    def test_json_is_compared_by_value(self, answer, equal):
        assert JsonEqual('{"a": null, "b": [1, 2]}').check(answer) is equal

    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
            max_leaves=10,
        )
    )
    def test_json_equals_itself_however_it_is_written(self, value):
        assert JsonEqual(json.dumps(value)).check(json.dumps(value, indent=3))

    def test_json_that_is_nested_too_deeply_is_wrong_and_no_crash(self):
        assert not JsonEqual("[]").check("[" * 100_000)

    @pytest.mark.parametrize(
        ("text", "number"),
        [
            ("The answer is 42.", 42),
            ("12 and then -3.5 km", -3.5),
            ("1,250.5", 1250.5),
            ("2e3", 2000),
            (".5", 0.5),
            ("no number", None),
            ("", None),
        ],
    )
    def test_the_last_number_counts(self, text, number):
        assert find_last_number(text) == number

    def test_numeric_tolerance_is_absolute(self):
        assert Numeric("10", tolerance=0.5).check("about 10.5")
        assert not Numeric("10", tolerance=0.5).check("about 10.6")

    @pytest.mark.parametrize(
        ("name", "expected"), [("json", "{"), ("numeric", "many"), ("regex", "(")]
    )
    def test_an_expected_answer_that_does_not_suit_its_rule_is_refused(
        self, name, expected
    ):
        with pytest.raises(ValueError, match=r"\.$"):
            make_matcher(name, expected)

    @pytest.mark.parametrize("name", MATCHER_NAMES)
    def test_every_matcher_accepts_its_own_expected_answer(self, name):
        assert make_matcher(name, "42").check("42")

    def test_an_unknown_matcher_names_those_that_there_are(self):
        with pytest.raises(ValueError, match="exact, contains, regex, json, numeric"):
            make_matcher("fuzzy", "x")


class TestBrief:
    def test_a_good_poem_passes_every_rule(self):
        result = poem_brief("spring").judge(POEM)
        assert result.passed
        assert all(rule.passed for rule in result.per_rule)

    @pytest.mark.parametrize(
        ("broken", "rule"),
        [
            (POEM + "\nOne more", "4 lines"),
            (POEM.replace("bright", "blue"), "rhyme"),
            (POEM.replace("spring", "autumn"), "on topic"),
            (POEM.replace("robin", "robin " * 40), "at most 40 words"),
        ],
    )
    def test_each_fault_fails_the_brief_and_is_named(self, broken, rule):
        result = poem_brief("spring").judge(broken)
        assert not result.passed
        assert rule in [r.name for r in result.per_rule if not r.passed]

    def test_a_subject_is_its_noun_without_the_article(self):
        assert Topic("fox") in poem_brief("the fox").rules

    def test_a_brief_is_a_rule_and_passes_only_if_all_do(self):
        brief = Brief([LineCount(1), Brief([WordLimit(2)], name="short")])
        assert brief.check("two words")
        assert not brief.check("now three words")
        assert "3 words" in brief.explain("now three words")

    def test_rates_are_given_for_each_rule_and_for_all_together(self):
        brief = Brief([LineCount(1), WordLimit(2)])
        rates = rates_by_rule([brief.judge(t) for t in ("a b", "a b c", "a\nb")])
        assert {name: rate.successes for name, rate in rates.items()} == {
            "1 line": 2,
            "at most 2 words": 2,
            "all rules": 1,
        }
