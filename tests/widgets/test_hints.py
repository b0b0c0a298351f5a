"""Hints come one by one; the solution only at home, folded, and only when asked for."""

from __future__ import annotations

import pytest
from prompt_or_tune.checks.registry import GradedTask, TaskError
from prompt_or_tune.widgets import Hints, hints
from prompt_or_tune.widgets.cards import CARD_CLASS

TASK = GradedTask(
    "double", "Double", 2, 3, lambda answer: None, ("Twice.", "Try `2 * x` <b>.")
)
SOLUTION = "def double(x: int) -> int:\n    return 2 * x if x < 9 else x + x"


@pytest.fixture(autouse=True)
def one_task(monkeypatch):
    monkeypatch.setattr(hints, "find_graded_task", lambda task_id: TASK)


@pytest.fixture
def at_home(monkeypatch, tmp_path):
    monkeypatch.setattr(hints, "find_solutions", lambda: tmp_path)
    monkeypatch.setattr(hints, "read_solution", lambda task_id: SOLUTION)


@pytest.fixture
def in_class(monkeypatch):
    monkeypatch.setattr(hints, "find_solutions", lambda: None)
    monkeypatch.setattr(hints, "read_solution", lambda task_id: None)


def shown(card: Hints) -> str:
    return card._text.value


def test_nothing_is_given_away_before_it_is_asked_for(at_home):
    card = Hints("double")
    assert shown(card) == ""
    assert card.shown == 0
    assert card._button.description == "A hint"


def test_at_home_help_ends_in_the_solution(at_home):
    card = Hints("double")
    assert [card.reveal() for _ in range(3)] == [
        "Hint 1: Twice.",
        "Hint 2: Try `2 * x` <b>.",
        SOLUTION,
    ]
    assert card._button.layout.display == "none"


def test_in_a_class_help_ends_with_the_second_hint(in_class):
    card = Hints("double")
    assert card.steps == 2
    card.reveal()
    card.reveal()
    assert card._button.layout.display == "none"
    assert "solution" not in shown(card).lower()


def test_the_button_says_what_comes_next(at_home):
    card = Hints("double")
    names = []
    for _ in range(3):
        names.append(card._button.description)
        card._button.click()
    assert names == ["A hint", "A bigger hint", "The solution"]


def test_earlier_steps_stay_and_nothing_comes_twice(at_home):
    card = Hints("double")
    for _ in range(5):
        card.reveal()
    assert shown(card).count("Twice.") == 1
    assert shown(card).count("<details>") == 1


def test_the_solution_is_folded_and_escaped(at_home):
    card = Hints("double")
    for _ in range(3):
        card.reveal()
    folded = shown(card)[shown(card).index("<details>") :]
    assert "x &lt; 9" in folded
    assert "<details open" not in folded


def test_a_hint_is_escaped_and_its_code_set_as_code(at_home):
    card = Hints("double")
    card.reveal()
    card.reveal()
    assert "&lt;b&gt;" in shown(card)
    assert ">2 * x</code>" in shown(card)


def test_the_solution_is_not_read_before_it_is_asked_for(at_home, monkeypatch):
    reads: list[str] = []

    def note(task: str) -> str:
        reads.append(task)
        return "x"

    monkeypatch.setattr(hints, "read_solution", note)
    card = Hints("double")
    card.reveal()
    card.reveal()
    assert reads == []
    card.reveal()
    assert reads == ["double"]


def test_a_solution_that_cannot_be_read_is_a_sentence(at_home, monkeypatch):
    def fail(task_id):
        raise LookupError("no file has it.")

    monkeypatch.setattr(hints, "read_solution", fail)
    card = Hints("double")
    assert [card.reveal() for _ in range(3)][-1] == (
        "The solution can't be read: no file has it."
    )


def test_an_unknown_task_is_named(monkeypatch):
    from prompt_or_tune.checks.registry import find_graded_task

    monkeypatch.setattr(hints, "find_graded_task", find_graded_task)
    with pytest.raises(TaskError, match="no task 'dubble'"):
        Hints("dubble")


def test_it_is_a_card_of_its_own_and_has_a_text(at_home):
    card = Hints("double")
    assert CARD_CLASS in card._dom_classes
    assert repr(card).startswith("Hints for double")
