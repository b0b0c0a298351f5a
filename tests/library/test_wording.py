"""A text cut to a length, a number with its noun."""

from __future__ import annotations

from prompt_or_tune.wording import count, shorten, shorten_lines


def test_a_long_text_is_cut_to_the_length_with_an_ellipsis() -> None:
    assert shorten("a fox at dawn", 13) == "a fox at dawn"
    assert shorten("a fox at dawn", 12) == "a fox at da…"


def test_a_shortened_text_stands_on_one_line() -> None:
    assert shorten("a  fox\n\tat dawn ", 20) == "a fox at dawn"


def test_lines_are_left_out_whole_and_an_ellipsis_says_so() -> None:
    text = "def f():\n    return 1\n"
    assert shorten_lines(text, len(text)) == text
    assert shorten_lines(text, 12) == "def f():\n…"


def test_a_line_that_alone_is_too_long_is_cut() -> None:
    assert shorten_lines("x" * 9, 4) == "xxxx\n…"


def test_one_is_said_in_the_singular() -> None:
    shown = [count(number, "row") for number in (0, 1, 2)]
    assert shown == ["0 rows", "1 row", "2 rows"]
