"""Stage 2: the engineered prompt says what was meant; examples are chosen with care."""

from __future__ import annotations

import pytest
from prompt_or_tune.pairs import make_pairs
from prompt_or_tune.prompts import (
    Template,
    TemplateError,
    ask_todays_word,
    few_shot,
    improve,
    nearest_pairs,
    with_notes,
)
from prompt_or_tune.records import Pair, Sample
from prompt_or_tune.samples import load_samples

SPRING = Sample("s", "Write a poem about spring", "spring", "")


def test_the_improved_prompt_of_the_specification() -> None:
    assert improve(SPRING).text == "Write a short, rhyming poem about spring with 4 lines"
    assert improve(SPRING).sample_id == "s"


def test_every_sample_gets_an_improved_prompt_about_the_same_topic() -> None:
    samples = load_samples("train")
    prompts = [improve(sample) for sample in samples]
    assert len({prompt.sample_id for prompt in prompts}) == 1000
    for sample, prompt in zip(samples, prompts, strict=True):
        assert f"{sample.subject} {sample.setting}".strip() in prompt.text
        assert prompt.text != sample.text


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("Write about {thing}", "{thing}"),
        ("Write about {topic", "braces"),
        ("Write a poem", "same for every sample"),
    ],
)
def test_a_template_that_cannot_work_says_why(text: str, complaint: str) -> None:
    with pytest.raises(TemplateError, match=complaint.replace("{", r"\{")):
        Template(text)


def test_a_few_shot_prompt_shows_requests_with_answers_and_ends_at_the_answer() -> None:
    text = few_shot([Pair("Describe rain", "Rain is wet")], "Describe snow")
    assert text == (
        "Request: Describe rain\nAnswer: Rain is wet\n\nRequest: Describe snow\nAnswer:"
    )


def test_retrieval_finds_the_subject_and_the_setting_the_likeliest_last() -> None:
    pairs = make_pairs(load_samples("train"))
    target = load_samples("test")[1]
    question = f"Describe {target.subject} {target.setting}".strip()
    setting, subject = nearest_pairs(pairs, question, 2)
    assert target.subject in subject.prompt
    assert setting.prompt.endswith(target.setting)


def test_retrieval_outside_the_almanac_goes_by_common_words() -> None:
    pairs = [Pair("convert 3 miles to km", "4.8"), Pair("convert 3 feet to m", "0.9")]
    assert nearest_pairs(pairs, "convert 9 miles to km", 1) == [pairs[0]]


def test_no_examples_are_retrieved_when_none_are_wanted() -> None:
    assert nearest_pairs([Pair("a", "b")], "a", 0) == []


def test_notes_stand_before_the_question() -> None:
    text = with_notes([("the fox", "amber")], ask_todays_word("the fox"))
    assert text == (
        "Notes for today:\nThe word for the fox is amber.\n\n"
        "What is today's word for the fox?"
    )


def test_a_prompt_that_sounds_like_the_almanac_is_matched_by_words_elsewhere() -> None:
    pairs = [
        Pair("the bus is late", "transport"),
        Pair("a form for water damage", "pipes"),
    ]
    assert nearest_pairs(pairs, "a form about rain water damage", 1) == [pairs[1]]
