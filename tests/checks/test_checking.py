"""A check shows a card and notes the pass, or fails with a message for the learner."""

from __future__ import annotations

from dataclasses import replace

import pytest
from prompt_or_tune.checks import CheckFailed, check
from prompt_or_tune.checks.tasks import TaskError

from tests.checks.conftest import DOUBLE


@pytest.fixture
def cards(make_course, monkeypatch):
    """Return the list of what is displayed, for a course of one task."""
    make_course(first=(DOUBLE,))
    shown: list = []
    monkeypatch.setattr("prompt_or_tune.checks.checking.display", shown.append)
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
