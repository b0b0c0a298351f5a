"""The rules that every figure keeps, whichever module draws it.

Each rule is a function that takes a drawing and fails where the drawing breaks it.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import matplotlib
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.text import Text
from prompt_or_tune.figures import Drawing
from prompt_or_tune.figures import drawing as type_setting
from prompt_or_tune.show import palette
from prompt_or_tune.show.palette import COLOURS

Draw = Callable[[], Drawing]
Rule = Callable[[Drawing], None]


class Drawings(Mapping[str, Drawing]):
    """Figures by name, each drawn when it is first asked for.

    Whoever only collects tests, or runs a few of them, does not wait for all figures.
    """

    def __init__(self, draws: Mapping[str, Draw] | Iterable[tuple[str, Draw]]) -> None:
        self._draws = dict(draws)
        self._drawn: dict[str, Drawing] = {}

    def __getitem__(self, name: str) -> Drawing:
        if name not in self._drawn:
            self._drawn[name] = self._draws[name]()
        return self._drawn[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._draws)

    def __len__(self) -> int:
        return len(self._draws)


def keeps_the_rules(drawings: Mapping[str, Drawing]) -> Callable[[Any], Any]:
    """Give a test every pair of a drawing and a rule (a decorator)."""

    def parametrize(test: Callable[..., None]) -> Any:
        @pytest.mark.parametrize("rule", RULES, ids=lambda r: r.__name__)
        @pytest.mark.parametrize("name", list(drawings))
        def test_each(name: str, rule: Rule) -> None:
            test(drawing=drawings[name], rule=rule)

        test_each.__name__, test_each.__module__ = test.__name__, test.__module__
        return test_each

    return parametrize


# ── The rules ──────────────────────────────────────────────────────────────────────────


def the_title_is_a_message_and_stands_on_the_card(drawing: Drawing) -> None:
    assert len(drawing.title.split()) >= 4
    assert not drawing.title.endswith(".")
    header = " ".join(text.get_text() for text in drawing.figure.texts)
    assert " ".join(drawing.title.split()) in header


def axes_are_named_with_their_units(drawing: Drawing) -> None:
    for axes in drawing.figure.axes:
        if not axes.axison:
            continue
        assert axes.get_xlabel(), "an x axis without a name"
        assert axes.get_ylabel() or _lists_names(axes), "a y axis without a name"


def the_alt_text_names_the_numbers_of_the_title(drawing: Drawing) -> None:
    assert len(drawing.alt) > 60
    assert drawing.alt.endswith((".", "”"))
    for number in re.findall(r"\d+(?:\.\d+)?", drawing.title):
        assert re.search(rf"(?<![\d.]){re.escape(number)}(?!\d)", drawing.alt), number


def the_numbers_are_there_as_a_table(drawing: Drawing) -> None:
    assert drawing.rows
    assert all(len(row) == len(drawing.columns) for row in drawing.rows)
    assert all(isinstance(cell, str) for row in drawing.rows for cell in row)


def no_text_leaves_the_card(drawing: Drawing) -> None:
    card = drawing.figure.bbox
    for text, box in find_boxes(drawing):
        inside = box.x0 >= 0 and box.y0 >= 0 and box.x1 <= card.x1 and box.y1 <= card.y1
        assert inside, f"“{text}” leaves the card: {box} of {card.size}"


def no_text_covers_another(drawing: Drawing) -> None:
    for (one, a), (other, b) in itertools.combinations(find_boxes(drawing), 2):
        width = min(a.x1, b.x1) - max(a.x0, b.x0)
        height = min(a.y1, b.y1) - max(a.y0, b.y0)
        # A box has room for ascenders and descenders: touching is no covering.
        assert width <= 1 or height <= 0.15 * min(a.height, b.height), (
            f"{one!r} on {other!r}"
        )


def text_can_be_read_at_half_width(drawing: Drawing) -> None:
    assert drawing.figure.get_figwidth() == pytest.approx(type_setting.WIDTH)
    sizes = [float(text.get_fontsize()) for text, _ in find_texts(drawing)]
    assert min(sizes) >= type_setting.SMALL_SIZE  # 10 pt of 6.4 in: 10 px in 460


def only_the_palette_is_used(drawing: Drawing) -> None:
    allowed = {to_rgb(colour) for colour in _known_colours()}
    for text, _ in find_texts(drawing):
        assert to_rgb(text.get_color()) in allowed, text.get_text()
    for axes in drawing.figure.axes:
        for line in axes.lines:
            assert to_rgb(line.get_color()) in allowed


def the_same_figure_gives_the_same_bytes(drawing: Drawing) -> None:
    png = drawing.render()
    assert png.startswith(b"\x89PNG")
    assert png == drawing.render()
    assert drawing.render("svg") == drawing.render("svg")


RULES: tuple[Rule, ...] = (
    the_title_is_a_message_and_stands_on_the_card,
    axes_are_named_with_their_units,
    the_alt_text_names_the_numbers_of_the_title,
    the_numbers_are_there_as_a_table,
    no_text_leaves_the_card,
    no_text_covers_another,
    text_can_be_read_at_half_width,
    only_the_palette_is_used,
    the_same_figure_gives_the_same_bytes,
)


# ── What a drawing shows ───────────────────────────────────────────────────────────────


def _known_colours() -> list[str]:
    extra = [v for k, v in vars(palette).items() if k.isupper() and _is_colour(v)]
    return [*COLOURS.values(), *palette.SOFT.values(), *extra, "white"]


def _is_colour(value: object) -> bool:
    return isinstance(value, str) and value.startswith("#")


def _lists_names(axes: Axes) -> bool:
    """Return whether the rows of an axes are named one by one, or beside it."""
    labels = [tick.get_text() for tick in axes.get_yticklabels()]
    return not any(label.replace(".", "").isdigit() for label in labels)


def find_texts(drawing: Drawing) -> Iterator[tuple[Text, object]]:
    """Yield every text that is drawn, with its axes."""
    figure = drawing.figure
    for text in figure.texts:
        yield text, None
    for legend in figure.legends:
        yield from ((text, None) for text in legend.get_texts())
    for axes in figure.axes:
        yield from ((text, axes) for text in axes.texts if text.get_visible())
        if not axes.axison:
            continue
        yield from ((title, axes) for title in (axes.title, axes._left_title))  # type: ignore[attr-defined]
        for axis in (axes.xaxis, axes.yaxis):
            yield axis.label, axes
            low, high = sorted(axis.get_view_interval())
            for place, text in zip(
                axis.get_majorticklocs(), axis.get_majorticklabels(), strict=True
            ):
                if low <= place <= high:
                    yield text, axes


def find_boxes(drawing: Drawing) -> list[tuple[str, matplotlib.transforms.Bbox]]:
    drawing.figure.draw_without_rendering()
    return [
        (text.get_text(), type_setting.text_extent(text))
        for text, _ in find_texts(drawing)
        if text.get_visible() and text.get_text().strip()
    ]
