"""What the figures of samples say, and that they keep the rules of every figure."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator

import pytest
from matplotlib.colors import to_rgba
from matplotlib.patches import Rectangle
from prompt_or_tune import figures
from prompt_or_tune.figures import Drawing, Share
from prompt_or_tune.lexicon import SETTINGS, SUBJECTS
from prompt_or_tune.records import Sample
from prompt_or_tune.samples import (
    SPLITS,
    CleaningReport,
    RawSample,
    clean,
    load_raw,
    load_samples,
)
from prompt_or_tune.show.palette import COLOURS

from tests.library.figure_rules import Draw, Drawings, keeps_the_rules

PARTS = {name.replace("_", " "): load_samples(name) for name in SPLITS}
SHARES = [
    Share("right answers", "rows shuffled and cut", 582, 600),
    Share("right answers", "new combinations", 0, 600),
    Share("ended by itself", "rows shuffled and cut", 300, 600, "tuned"),
    Share("ended by itself", "new combinations", 600, 600),
]
FOX = Sample("1", "Describe the fox at dawn", "the fox", "at dawn")


def make_raw(*texts: str) -> list[RawSample]:
    return [RawSample(str(number), text) for number, text in enumerate(texts)]


def draw_everything() -> Iterator[tuple[str, Draw]]:
    """Yield every figure in its usual form, and in forms that strain its layout."""
    raw = load_raw()
    yield "cleaning", lambda: figures.draw_cleaning(clean(raw))
    yield (
        "cleaning of one row",
        lambda: figures.draw_cleaning(clean(make_raw("Describe rain"))),
    )
    yield "raw words", lambda: figures.draw_word_counts([row.text for row in raw])
    yield "one word count", lambda: figures.draw_word_counts(["Describe rain"])
    yield "kinds", lambda: figures.draw_kinds(load_samples())
    yield "one kind", lambda: figures.draw_kinds([FOX])
    yield "parts", lambda: figures.draw_combinations(PARTS)
    yield "one part", lambda: figures.draw_combinations({"train": [FOX]})
    yield (
        "shares",
        lambda: figures.draw_shares(SHARES, title="A memory is right 582 of 600 times"),
    )
    yield (
        "share of a long name",
        lambda: figures.draw_shares(
            [Share("a panel", "a row whose name is far too long for its place", 1, 3)],
            title="One row of 3 can be drawn too",
        ),
    )


DRAWINGS = Drawings(draw_everything())


@keeps_the_rules(DRAWINGS)
def test_a_figure_keeps_the_rules_of_every_figure(
    drawing: Drawing, rule: Callable[[Drawing], None]
) -> None:
    rule(drawing)


def test_what_cleaning_drops_adds_up() -> None:
    counts = {row[0]: row[1] for row in DRAWINGS["cleaning"].rows}
    dropped = sum(int(n) for what, n in counts.items() if what.startswith("dropped"))
    assert int(counts["raw requests"]) - dropped == int(counts["clean samples"]) == 1000
    assert DRAWINGS["cleaning"].title == (
        f"{counts['raw requests']} raw requests become 1000 clean samples"
    )


def test_bars_of_dropped_rows_stand_end_to_end() -> None:
    report = clean(load_raw())
    axes = DRAWINGS["cleaning"].figure.axes[0]
    bars = [bar for bar in axes.patches if isinstance(bar, Rectangle)]
    steps = [bar for bar in bars if bar.get_y() > 0][: len(report.count_reasons())]
    ends = [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in steps]
    assert ends[0][1] == len(load_raw())
    assert all(start == end for (start, _), (_, end) in itertools.pairwise(ends))
    assert ends[-1][0] == len(report.samples)


def test_every_request_is_counted_by_its_words() -> None:
    assert sum(int(n) for _, n in DRAWINGS["raw words"].rows) == len(load_raw())
    rows = figures.draw_word_counts(["", "one", "one two", "two  words"]).rows
    assert rows == (("0", "1"), ("1", "1"), ("2", "2"))


def test_poems_and_descriptions_add_up_to_the_samples() -> None:
    rows = DRAWINGS["kinds"].rows
    assert sum(int(poem) + int(other) for _, poem, other in rows) == 1000
    assert ("animal", "0", "1") in DRAWINGS["one kind"].rows


def test_the_grid_holds_every_combination_once() -> None:
    drawing = DRAWINGS["parts"]
    cells = len(SUBJECTS) * (len(SETTINGS) + 1)
    assert drawing.title.startswith(f"{cells} combinations")
    assert sum(int(n) for row in drawing.rows for n in row[1:]) == cells


def test_a_share_of_a_model_has_the_colour_of_its_family() -> None:
    _, right = DRAWINGS["shares"].figure.axes
    drawn = [bar.get_facecolor() for bar in right.patches]
    assert to_rgba(COLOURS["tuned"]) in drawn
    left = [bar.get_facecolor() for bar in DRAWINGS["shares"].figure.axes[0].patches]
    assert to_rgba(COLOURS["tuned"]) not in left


def test_a_combination_in_two_parts_is_refused() -> None:
    with pytest.raises(ValueError, match=re.escape("“the fox at dawn” is in a and in b")):
        figures.draw_combinations({"a": [FOX], "b": [FOX]})


@pytest.mark.parametrize(
    "draw",
    [
        lambda: figures.draw_cleaning(CleaningReport((), (), 0)),
        lambda: figures.draw_word_counts([]),
        lambda: figures.draw_kinds([]),
        lambda: figures.draw_combinations({}),
        lambda: figures.draw_combinations({str(i): [FOX] for i in range(5)}),
        lambda: figures.draw_shares([], title="Nothing is drawn of nothing"),
        lambda: figures.draw_shares([Share("a", "b", 0, 0)], title="Nothing of nothing"),
    ],
)
def test_nothing_is_not_drawn(draw: Callable[[], Drawing]) -> None:
    with pytest.raises(ValueError, match=r"sample|request|part|share"):
        draw()
