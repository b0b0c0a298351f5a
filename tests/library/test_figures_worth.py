"""A point of the reader's own on the curve, and what a prompt is worth in pairs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from prompt_or_tune import figures
from prompt_or_tune.decision.results import CurvePoint
from prompt_or_tune.decision.tasks.voice import NEW_SUBJECTS
from prompt_or_tune.figures import Drawing

from tests.library.arm_names import LORA_ENGINEERED
from tests.library.figure_rules import Draw, Drawings, find_boxes, keeps_the_rules
from tests.library.test_figures import CROSSING, EQUAL_STEPS, LEVELS, curve

WITHOUT = EQUAL_STEPS
WITH = curve(LORA_ENGINEERED, "equal steps", lambda n: 1 / (1 + (35 / n) ** 2.2))
NO_BETTER = curve(LORA_ENGINEERED, "equal steps", lambda n: 1 / (1 + (70 / n) ** 2.2))


def live(n: int, accuracy: float) -> CurvePoint:
    return replace(WITHOUT[0], n=n, seed=99, successes=round(400 * accuracy))


def draw_live(*points: CurvePoint) -> Drawing:
    levels, crossing = LEVELS, CROSSING
    return figures.draw_learning_curve(WITHOUT, levels, crossing, live=points)


def draw_everything() -> Iterator[tuple[str, Draw]]:
    """Yield the figures in their usual form, and in forms that strain their layout."""
    yield "live", lambda: draw_live(live(50, 0.33))
    yield "live, few pairs", lambda: draw_live(live(8, 0.0))
    yield "live, all pairs", lambda: draw_live(live(1000, 1.0))
    yield "live, beyond the curve", lambda: draw_live(live(3000, 0.5))
    yield "live twice", lambda: draw_live(live(20, 0.1), live(400, 0.8))
    yield "worth", lambda: figures.draw_prompt_worth(WITH, WITHOUT)
    yield "worth of nothing", lambda: figures.draw_prompt_worth(NO_BETTER, WITHOUT)
    yield "worth less than nothing", lambda: figures.draw_prompt_worth(WITHOUT, WITH)
    few = [p for p in WITH if p.n in (8, 64, 500)]
    yield "worth, fewer sizes", lambda: figures.draw_prompt_worth(few, WITHOUT)


DRAWINGS = Drawings(draw_everything())


@keeps_the_rules(DRAWINGS)
def test_the_rules_of_every_figure_hold(drawing, rule):
    rule(drawing)


def test_a_live_point_stands_in_picture_table_and_alt_text():
    drawing = DRAWINGS["live"]
    assert "yours: 0.33" in [text for text, _ in find_boxes(drawing)]
    assert drawing.rows[-1][:3] == ("LoRA, here and now", "50", "0.330")
    assert "Measured here and now: 0.33 with 50 pairs." in drawing.alt


def test_a_live_point_changes_neither_title_nor_means():
    drawing, without = DRAWINGS["live"], draw_live()
    assert drawing.title == without.title
    assert drawing.rows[: len(without.rows)] == without.rows


def test_a_live_point_of_another_test_is_refused():
    with pytest.raises(ValueError, match="another test"):
        draw_live(replace(live(50, 0.3), test=NEW_SUBJECTS))


def test_the_worth_is_the_mean_over_seeds_with_its_range():
    title = DRAWINGS["worth"].title
    assert title.startswith("The prompt is worth ")
    assert title.endswith(" by seed")
    assert "−" not in title


def test_seeds_that_disagree_on_the_sign_are_said_to():
    assert "disagree on the sign" in DRAWINGS["worth of nothing"].title


def test_a_prompt_that_costs_pairs_has_a_minus():
    assert "worth −" in DRAWINGS["worth less than nothing"].title


def test_curves_that_share_no_accuracy_have_no_worth():
    low = [replace(p, successes=0) for p in WITH]
    high = [replace(p, successes=400) for p in WITHOUT]
    with pytest.raises(ValueError, match="needs a curve"):
        figures.draw_prompt_worth(low, high)
