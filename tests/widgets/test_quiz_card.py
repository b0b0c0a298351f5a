"""A question explains each option at home, and waits for the feedback in a class."""

from __future__ import annotations

import pytest
from prompt_or_tune.widgets import QuizCard, quiz_card
from prompt_or_tune.widgets.cards import CARD_CLASS
from prompt_or_tune.widgets.quiz_card import QuizError, read_key

OPTIONS = {"A": "Always", "B": "Never & <i>nowhere</i>"}
KEY = """\
[question_1]
right = "A"
[question_1.explanations]
A = "So it is, <b>measured</b>."
B = "It happens each time."
"""


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Return the folder of solutions, with the key of one question."""
    (tmp_path / "quiz.toml").write_text(KEY)
    monkeypatch.setattr(quiz_card, "find_solutions", lambda: tmp_path)
    return tmp_path


@pytest.fixture
def in_class(monkeypatch):
    monkeypatch.setattr(quiz_card, "find_solutions", lambda: None)


def make_card() -> QuizCard:
    return QuizCard("question_1", "Does <it> hold?", OPTIONS)


def test_at_home_every_option_explains_itself(home):
    card = make_card()
    assert card.choose("A") == "So it is, <b>measured</b>."
    assert card.choose("B") == "It happens each time."


def test_a_click_shows_whether_it_is_right_and_why(home):
    card = make_card()
    card._choices.value = "B"
    assert "Not this one" in card._explanation.value
    assert "It happens each time." in card._explanation.value
    card._choices.value = "A"
    assert "✓" in card._explanation.value
    assert "It happens" not in card._explanation.value


def test_nothing_is_chosen_and_nothing_explained_at_first(home):
    card = make_card()
    assert card._choices.value is None
    assert card._explanation.value == ""


def test_in_a_class_the_explanation_comes_with_the_feedback(in_class):
    card = make_card()
    for letter in OPTIONS:
        said = card.choose(letter)
        assert said.startswith(f"You chose {letter}.")
        assert "feedback" in said
        assert "✓" not in card._explanation.value


def test_neither_question_nor_explanation_can_bring_markup(home):
    card = make_card()
    card.choose("A")
    assert "&lt;b&gt;" in card._explanation.value
    assert any("Does &lt;it&gt; hold?" in getattr(c, "value", "") for c in card.children
               if isinstance(getattr(c, "value", ""), str))  # fmt: skip


def test_an_option_that_there_is_not_is_refused_in_a_sentence(home):
    with pytest.raises(QuizError, match="'E' is no option: choose one of A, B"):
        make_card().choose("E")


def test_a_question_needs_a_choice():
    with pytest.raises(QuizError, match="at least two"):
        QuizCard("question_1", "Well?", {"A": "Yes"})


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[question_1", "can't be read"),
        ("", r"no table \[question_1\]"),
        (KEY.replace('right = "A"', 'right = "E"'), "right must be one of"),
        (KEY.replace('right = "A"', ""), "right must be one of"),
        (KEY.replace('B = "It', 'C = "It'), "one for each of"),
        ('[question_1]\nright = "A"', "one for each of"),
    ],
)
def test_a_faulty_key_is_a_sentence_in_the_card(home, text, fault):
    (home / "quiz.toml").write_text(text)
    with pytest.raises(QuizError, match=fault):
        read_key("question_1", list(OPTIONS))
    card = make_card()
    assert "quiz.toml" in card.choose("A")
    assert "quiz.toml" in card._explanation.value


def test_it_is_a_card_of_its_own_and_has_a_text(home):
    card = make_card()
    assert CARD_CLASS in card._dom_classes
    assert repr(card).splitlines() == [
        "Does <it> hold?",
        "  A  Always",
        "  B  Never & <i>nowhere</i>",
    ]
