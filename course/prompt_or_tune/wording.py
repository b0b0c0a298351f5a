"""Words that every part needs: a text cut to a length, a number with its noun."""

from __future__ import annotations


def shorten(text: str, length: int = 60) -> str:
    """Return a text on one line of at most `length` characters, cut with an ellipsis."""
    text = " ".join(text.split())
    return text if len(text) <= length else text[: length - 1] + "…"


def shorten_lines(text: str, length: int) -> str:
    """Return the lines of a text within `length` characters, as they stand.

    Where lines were left out an ellipsis says so, on a line of its own. A line that
    alone is too long is cut.
    """
    if len(text) <= length:
        return text
    cut = text[:length]
    return (cut[: cut.rfind("\n")] if "\n" in cut else cut) + "\n…"


def count(number: int, noun: str) -> str:
    """Return a number with its noun: "1 row", "3 rows"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
