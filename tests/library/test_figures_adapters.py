"""Figures of an adapter: one message each, numbers as a table, and alt text."""

from __future__ import annotations

import pytest
from matplotlib.patches import Rectangle
from prompt_or_tune.figures import draw_low_rank, draw_token_changes, draw_traces
from prompt_or_tune.figures.adapters import MOST_CHANGES
from prompt_or_tune.figures.drawing import Drawing
from prompt_or_tune.prediction import TokenChange
from prompt_or_tune.records import EpochRecord
from prompt_or_tune.trace import REFERENCE_TRACE

SURE = TokenChange("The", 0.9, 0.99, 0.1)
GAINED = TokenChange(" clever", 0.01, 0.98, 4.5)
LOST = TokenChange(" wary", 0.8, 0.05, 2.0)


def make_trace(epochs: int, *, exact: bool = True) -> list[EpochRecord]:
    return [
        EpochRecord(
            epoch, 6.0 / epoch, 1 - 0.5 / epoch, 0.1 * epoch if exact else None, 1.0, ""
        )
        for epoch in range(1, epochs + 1)
    ]


RUNS = {
    "learning rate 2e-4, too low by far": make_trace(5),
    "no held-out pairs": make_trace(3, exact=False),
    "24 pairs, 30 epochs": make_trace(10),
}


def draw_everything() -> list[Drawing]:
    return [
        draw_low_rank(160, 448, 16),
        draw_low_rank(4096, 4096, 1),
        draw_low_rank(3, 2, 8),
        draw_traces("Three runs", RUNS, REFERENCE_TRACE),
        draw_traces("One run of one epoch", {"short": make_trace(1)}),
        draw_token_changes("Describe the fox", [SURE, GAINED, LOST]),
        draw_token_changes("Write a poem about spring " * 9, [GAINED] * 60),
    ]


@pytest.mark.parametrize("drawing", draw_everything(), ids=lambda d: d.title[:40])
def test_every_figure_has_a_message_alt_text_a_note_and_a_table(drawing):
    assert drawing.title
    assert not drawing.title.endswith(".")
    assert drawing.note.endswith(".")
    assert drawing.description
    assert drawing.description in drawing.alt
    assert drawing.rows
    assert all(len(row) == len(drawing.columns) for row in drawing.rows)
    assert drawing.render() == drawing.render(), "the same picture each time"


def test_low_rank_counts_what_is_frozen_and_what_is_trained():
    drawing = draw_low_rank(width_in=160, width_out=448, rank=16)
    numbers = {row[0]: row[1:4] for row in drawing.rows}
    assert numbers["W"] == ("448", "160", "71\u202f680")
    assert numbers["B"] == ("448", "16", "7\u202f168")
    assert numbers["A"] == ("16", "160", "2\u202f560")
    assert "71\u202f680" in drawing.title
    assert "9\u202f728" in drawing.title


def test_low_rank_is_drawn_to_scale():
    patches = draw_low_rank(160, 320, 80).figure.axes[0].patches
    w, b, a = (patch for patch in patches if isinstance(patch, Rectangle))
    assert w.get_height() == pytest.approx(2 * w.get_width())
    assert b.get_width() == pytest.approx(w.get_width() / 2)
    assert a.get_height() == pytest.approx(b.get_width())


def test_traces_share_their_scales_so_that_runs_can_be_compared():
    axes = draw_traces("Three runs", RUNS).figure.axes
    losses, shares = axes[:3], axes[3:]
    assert len({a.get_ylim() for a in losses}) == 1
    assert len({a.get_ylim() for a in shares}) == 1


def test_traces_say_where_the_accuracy_was_not_measured():
    rows = draw_traces("Three runs", RUNS).rows
    assert len(rows) == 5 + 3 + 10
    assert {row[4] for row in rows if row[0] == "no held-out pairs"} == {"not measured"}


def test_token_changes_count_the_tokens_that_moved_far():
    title = draw_token_changes("Describe the fox", [SURE, GAINED, LOST]).title
    assert "of 3 tokens tuning makes 1 far likelier and 1 far less likely" in title


def test_a_long_answer_is_drawn_in_part_and_listed_whole():
    drawing = draw_token_changes("Write a poem", [LOST] * 60)
    assert len(drawing.figure.axes[0].get_yticks()) == MOST_CHANGES
    assert len(drawing.rows) == 60
    assert f"first {MOST_CHANGES} of 60" in drawing.note


@pytest.mark.parametrize(
    "draw",
    [
        lambda: draw_low_rank(160, 160, 0),
        lambda: draw_traces("Nothing", {}),
        lambda: draw_traces("Nothing", {"a run": []}),
        lambda: draw_token_changes("Describe the fox", []),
    ],
)
def test_what_has_nothing_to_show_is_refused(draw):
    with pytest.raises(ValueError, match=r"at least|no epoch|no token"):
        draw()
