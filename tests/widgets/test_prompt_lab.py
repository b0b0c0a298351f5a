"""PromptLab: a template is tried on ten subjects, judged by rules, and remembered."""

from __future__ import annotations

import time

import pytest
from prompt_or_tune.figures import draw_attempts
from prompt_or_tune.prompts import TemplateError
from prompt_or_tune.widgets import PromptLab
from prompt_or_tune.widgets.prompt_lab import choose_samples, try_template

from tests.widgets.lab_shown import all_widgets, find, shown_html, shown_text

BARE = "Write a poem about {subject}"
ENGINEERED = "Write a short, rhyming poem about {subject} with 4 lines"


@pytest.fixture
def lab(model):
    return PromptLab(model)


def click(lab, template: str) -> None:
    find(lab, "Template").value = template
    find(lab, "Try it").click()


def test_ten_subjects_are_asked_about_and_no_two_are_the_same():
    samples = choose_samples(10)
    assert len({sample.subject for sample in samples}) == 10


def test_an_attempt_holds_a_prompt_an_answer_and_a_verdict_per_sample(model):
    attempt = try_template(model, BARE, choose_samples(3))
    assert len(attempt.prompts) == len(attempt.answers) == len(attempt.results) == 3
    assert attempt.rate.n == 3
    assert attempt.prompts[0].text == f"Write a poem about {attempt.subjects[0]}"


def test_the_verdict_is_that_of_the_rules_and_tokens_are_a_mean(model):
    samples = choose_samples(4)
    attempt = try_template(model, ENGINEERED, samples)
    passed = sum(all(r.passed for r in result.per_rule) for result in attempt.results)
    assert attempt.rate.successes == passed
    counts = [model.count_tokens(prompt.text) for prompt in attempt.prompts]
    assert attempt.tokens == pytest.approx(sum(counts) / 4)


def test_a_click_shows_ten_answers_with_every_rule_ticked_or_crossed(lab):
    click(lab, BARE)
    shown = shown_html(lab)
    assert shown.count("<tr>") >= 12  # a head, ten answers, a foot, the history's table
    marks = shown.count(">✓<") + shown.count(">✗<")
    assert marks == 10 * 6  # five rules, and all together


def test_a_mark_says_by_shape_and_in_words_what_its_colour_says(lab):
    click(lab, BARE)
    shown = shown_html(lab)
    assert shown.count('aria-label="failed') == shown.count(">✗<") > 0
    assert shown.count('aria-label="passed') == shown.count(">✓<") > 0


def test_a_better_template_raises_the_pass_rate_and_costs_tokens(lab):
    click(lab, BARE)
    click(lab, ENGINEERED)
    before, after = lab.attempts
    assert after.rate.rate > before.rate.rate
    assert after.tokens > before.tokens
    assert f"{after.rate.successes} of 10 answers pass every rule" in shown_text(lab)


def test_the_pass_rate_stands_with_its_interval(lab):
    attempt = lab.try_template(ENGINEERED)
    wanted = f"95 % interval {attempt.rate.low:.0%} to {attempt.rate.high:.0%}"
    assert wanted in shown_text(lab)


def test_the_same_template_again_is_no_new_attempt(lab):
    click(lab, BARE)
    click(lab, BARE)
    assert len(lab.attempts) == 1
    assert "attempt 1 again" in shown_text(lab)


@pytest.mark.parametrize("template", ["A poem", "A poem about {topc}", "A {subject", ""])
def test_a_template_that_cannot_be_filled_is_answered_with_a_sentence(lab, template):
    click(lab, template)
    assert lab.attempts == []
    assert "⚠" in shown_text(lab)
    with pytest.raises(TemplateError):
        lab.try_template(template)


def test_a_prompt_that_is_too_long_is_answered_with_a_sentence(lab):
    click(lab, "word " * 2000 + "{subject}")
    assert "shorten the prompt" in shown_text(lab)


def test_what_the_reader_writes_is_shown_as_text_and_never_as_html(lab):
    click(lab, "<b>Poem</b> about {subject}")
    assert "<b>Poem" not in shown_html(lab)


def test_the_history_draws_pass_rate_against_tokens(lab):
    lab.try_template(BARE)
    lab.try_template(ENGINEERED)
    drawing = draw_attempts(lab.attempts)
    assert [row[1] for row in drawing.rows] == [BARE, ENGINEERED]
    assert "Best of 2: attempt 2" in drawing.title
    assert "tokens per prompt" in drawing.columns
    assert drawing.alt in shown_text(lab) or drawing.title in shown_html(lab)


def test_nothing_tried_is_nothing_to_draw():
    with pytest.raises(ValueError, match="no attempt"):
        draw_attempts([])


def test_an_attempt_shows_itself_in_a_cell(lab):
    shown = lab.try_template(BARE)._repr_html_()
    assert "<table" in shown
    assert "of 10 answers" in shown


def test_every_control_has_a_label(lab):
    for widget in all_widgets(lab):
        if hasattr(widget, "disabled") and not hasattr(widget, "children"):
            assert widget.description


def test_ten_answers_take_at_most_a_second_and_a_half_of_computing(lab):
    lab.try_template(BARE)
    started = time.process_time()
    lab.try_template(ENGINEERED)
    seconds = time.process_time() - started
    print(f"ten answers: {seconds:.2f} s of computing (bar: 1.5 s)")
    assert seconds < 1.5
