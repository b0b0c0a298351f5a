"""A check shows a card and notes the pass, or fails with a message for the learner."""

from __future__ import annotations

from dataclasses import replace

import pytest
from prompt_or_tune.checks import CheckFailed
from prompt_or_tune.checks.registry import Remark, TaskError
from prompt_or_tune.widgets import check

from tests.tiny_course import DOUBLE


@pytest.fixture
def cards(make_course, monkeypatch):
    """Return the list of what is displayed, for a course of one task."""
    make_course(first=(DOUBLE,))
    shown: list = []
    monkeypatch.setattr("prompt_or_tune.widgets.check_card.display", shown.append)
    return shown


def test_a_right_answer_gets_a_card_and_is_noted(cards, progress_folder):
    check("double", lambda x: 2 * x)
    assert "Passed" in repr(cards[0])
    assert "Double a number" in cards[0]._repr_html_()
    assert (progress_folder / "double.json").is_file()


def test_a_task_with_a_note_of_its_own_does_not_speak_of_cases(
    make_course, cards, progress_folder
):
    make_course(first=(replace(DOUBLE, note="It is a letter."),))
    check("double", lambda x: 2 * x)
    assert repr(cards[0]) == "✓ Written down\nIt is a letter."


def test_what_a_check_remarks_is_shown_before_the_pass(
    make_course, cards, progress_folder
):
    remark = Remark("On two numbers: 1 of 2 points", "One rule failed.", is_good=False)
    make_course(first=(replace(DOUBLE, check=lambda answer: remark),))
    check("double", lambda x: 2 * x)
    assert [repr(card).splitlines()[0] for card in cards] == [remark.title, "✓ Passed"]
    assert (cards[0].text, cards[0].mood) == (remark.text, "bad")


def test_a_wrong_answer_gets_the_message_and_is_not_noted(cards, progress_folder):
    with pytest.raises(CheckFailed, match="Usual cause: it adds"):
        check("double", lambda x: x + 3)
    assert cards == []
    assert not progress_folder.exists()


def test_a_stub_gets_a_message_too(cards, progress_folder):
    with pytest.raises(CheckFailed, match="nothing is returned yet"):
        check("double", lambda x: None)


def test_an_unknown_task_is_named(cards):
    with pytest.raises(TaskError, match="no task 'dubble'"):
        check("dubble", lambda x: x)


def test_a_check_returns_nothing_for_nbgrader_to_take_for_points(cards, progress_folder):
    assert check("double", lambda x: 2 * x) is None  # type: ignore[func-returns-value]


def test_a_pass_that_cannot_be_noted_is_still_a_pass(cards, progress_folder):
    progress_folder.parent.write_text("a file where the folder should be")
    check("double", lambda x: 2 * x)
    assert "could not be kept" in repr(cards[0])
    assert "could not be kept" in cards[0]._repr_html_()
