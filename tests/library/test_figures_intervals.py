"""What the figures of chance say, and that they keep the rules of every figure."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from prompt_or_tune import figures
from prompt_or_tune.figures import Drawing
from prompt_or_tune.statistics import rate_of

from tests.library.figure_rules import Draw, Drawings, keeps_the_rules

CROWD = [rate_of(k, 20) for k in (8, 9, 10, 11, 11, 11, 12, 12, 12, 12, 13, 13, 15)]
TEST = rate_of(232, 400)
SAME_SHARE = {f"{17 * k} of {20 * k}": rate_of(17 * k, 20 * k) for k in (1, 4, 16, 64)}


def draw_everything() -> Iterator[tuple[str, Draw]]:
    """Yield every figure in its usual form, and in forms that strain its layout."""
    yield (
        "two",
        lambda: figures.draw_intervals({"A": rate_of(17, 20), "B": rate_of(15, 20)}),
    )
    yield (
        "apart",
        lambda: figures.draw_intervals({"A": rate_of(0, 90), "B": rate_of(90, 90)}),
    )
    yield "same share", lambda: figures.draw_intervals(SAME_SHARE)
    yield (
        "a long name",
        lambda: figures.draw_intervals(
            {"a prompt with far too long a name": rate_of(3, 3)}
        ),
    )
    yield "selection", lambda: figures.draw_selection(CROWD, TEST)
    yield "selection of one", lambda: figures.draw_selection(CROWD[:1], TEST)
    yield "a lucky test", lambda: figures.draw_selection(CROWD, rate_of(400, 400))
    yield (
        "all the same",
        lambda: figures.draw_selection([rate_of(20, 20)] * 40, rate_of(9, 9)),
    )
    yield (
        "none right",
        lambda: figures.draw_selection([rate_of(0, 20)] * 2, rate_of(0, 400)),
    )


DRAWINGS = Drawings(draw_everything())


@keeps_the_rules(DRAWINGS)
def test_a_figure_keeps_the_rules_of_every_figure(
    drawing: Drawing, rule: Callable[[Drawing], None]
) -> None:
    rule(drawing)


def test_two_rates_that_overlap_are_said_to_agree_with_the_shared_ones() -> None:
    assert DRAWINGS["two"].title == (
        "The intervals overlap: every rate from 64% to 89% agrees with both results"
    )


def test_rates_without_a_common_value_are_said_to_have_none() -> None:
    assert "no value in common" in DRAWINGS["apart"].title


def test_the_same_share_from_more_answers_is_told_by_its_width() -> None:
    assert "31 points wide, or 4" in DRAWINGS["same share"].title


def test_the_best_of_many_is_compared_with_what_it_kept() -> None:
    title = DRAWINGS["selection"].title
    assert "best of 13 prompts: 75%" in title
    assert "only 58% of 400" in title


def test_a_test_that_is_better_is_not_belittled() -> None:
    assert "only" not in DRAWINGS["a lucky test"].title


def test_the_table_counts_every_candidate_once() -> None:
    *tried, _ = DRAWINGS["selection"].rows
    assert sum(int(count) for _, count, *_ in tried) == len(CROWD)


@pytest.mark.parametrize(
    "draw",
    [lambda: figures.draw_intervals({}), lambda: figures.draw_selection([], TEST)],
    ids=["intervals", "selection"],
)
def test_nothing_to_draw_is_refused(draw: Callable[[], Drawing]) -> None:
    with pytest.raises(ValueError, match="no "):
        draw()
