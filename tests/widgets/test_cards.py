"""A card brings every colour it needs, so that it can be read on any theme."""

from __future__ import annotations

import ipywidgets
import pytest
from prompt_or_tune.show.palette import CARD, COLOURS, INK, MUTED
from prompt_or_tune.widgets.cards import MOODS, Card, code_block, dress, paragraph


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours as WCAG 2 defines it."""
    light, dark = sorted(map(luminance, (one, other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("colour", [INK, MUTED, *MOODS.values()])
def test_everything_written_on_a_card_can_be_read(colour):
    assert contrast(colour, CARD) >= 4.5


@pytest.mark.parametrize("colour", [COLOURS["prompted"], COLOURS["tuned"]])
def test_white_can_be_read_on_the_coloured_buttons(colour):
    assert contrast("#ffffff", colour) >= 4.5


def test_a_card_has_ground_and_ink_of_its_own():
    shown = Card("Passed", mood="good")._repr_html_()
    assert f"background:{CARD}" in shown
    assert f"color:{INK}" in shown


def test_a_title_is_escaped_and_the_text_stands_alone():
    card = Card("1 < 2", "<p>body</p>", "body")
    assert "1 &lt; 2" in card.html()
    assert "<p>body</p>" in card.html()
    assert repr(card) == "1 < 2\nbody"
    assert repr(Card("alone")) == "alone"


def test_backticks_set_code_and_a_lone_one_stays():
    assert ">a</code> and <" in paragraph("`a` and `b`")
    assert "it`s" in paragraph("it`s")
    assert "</code>" not in paragraph("it`s")
    assert "&lt;x&gt;</code>" in paragraph("`<x>`")


def test_a_block_of_code_is_escaped():
    assert "a &lt; b" in code_block("a < b")


def test_a_box_is_dressed_once():
    box = ipywidgets.VBox([ipywidgets.Button()])
    dress(box)
    dress(box)
    assert len(box.children) == 2
    assert "<style>" in box.children[0].value
