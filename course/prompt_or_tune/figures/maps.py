"""The decision map: which arm wins, over number of pairs and number of queries."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from prompt_or_tune.decision.arms import family_of
from prompt_or_tune.figures.arms import name_arm
from prompt_or_tune.figures.costs import state_prices
from prompt_or_tune.figures.drawing import (
    SMALL_SIZE,
    Drawing,
    format_count,
    new_card,
    settle,
    styled,
    text_width,
)
from prompt_or_tune.lexicon import capitalise
from prompt_or_tune.show.palette import CARD, COLOURS, INK

if TYPE_CHECKING:
    from prompt_or_tune.decision.winner_map import DecisionMap


@styled
def draw_decision_map(
    decision: DecisionMap, *, name: Callable[[str], str] = name_arm, subtitle: str = ""
) -> Drawing:
    """Draw which arm wins, over number of pairs and number of queries.

    `name` says what an arm is called. Regions are labelled where the name fits inside;
    small ones are named below.
    """
    title = _title_map(decision, name)
    figure = new_card(title, subtitle=subtitle, height=3.9)
    axes = figure.subplots()
    _draw_winners(axes, decision)
    _name_regions(figure, axes, decision, name)
    return Drawing(
        title=title,
        note="The winner is the cheapest arm, labels and training included, among those "
        f"within {decision.margin:.2f} of the best accuracy at that number of pairs. "
        f"{state_prices(decision.prices)}",
        description=_describe_map(decision, name),
        columns=("queries", *(f"{n} pairs" for n in _corners(decision.pairs))),
        rows=tuple(
            (
                format_count(q),
                *(name(decision.winner_at(n, q)) for n in _corners(decision.pairs)),
            )
            for q in _corners(decision.queries)
        ),
        figure=figure,
    )


def _draw_winners(axes: Axes, decision: DecisionMap) -> None:
    """Colour each cell by the arm that wins there, on log axes."""
    arms = decision.arms
    colours = _shade_arms(arms)
    cells = np.array([[arms.index(arm) for arm in row] for row in decision.winners])
    x, y = _edges(decision.pairs), _edges(decision.queries)
    axes.set(xscale="log", yscale="log")
    axes.pcolormesh(
        x, y, cells, cmap=ListedColormap([colours[arm] for arm in arms]),
        vmin=-0.5, vmax=len(arms) - 0.5,
    )  # fmt: skip
    axes.set(xlim=(x[0], x[-1]), ylim=(y[0], y[-1]))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: format_count(value)))
        axis.set_minor_locator(NullLocator())
    ticks = [digit * 10.0**power for power in range(7) for digit in (1, 3)]
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.set_xlabel("labelled pairs (log scale)")
    axes.set_ylabel("queries to be answered (log scale)")


def _corners(values: Sequence[int]) -> list[int]:
    """Return up to seven values at about equal steps, both ends among them."""
    steps = min(7, len(values))
    if steps == 1:
        return [values[0]]
    return [values[round(i * (len(values) - 1) / (steps - 1))] for i in range(steps)]


def _title_map(decision: DecisionMap, name: Callable[[str], str]) -> str:
    arms = decision.arms
    if len(arms) == 1:
        return capitalise(f"{name(arms[0])} wins everywhere on this map")
    largest = max(arms, key=decision.share)
    tuned = [a for a in arms if family_of(a) in ("tuned", "both")]
    if not tuned:
        return f"No tuned arm wins anywhere; {name(largest)} wins most of the map"
    start = min(
        n
        for n in decision.pairs
        if any(decision.winner_at(n, q) in tuned for q in decision.queries)
    )
    share = sum(decision.share(arm) for arm in tuned)
    if start == decision.pairs[0]:
        return f"Tuning wins {share:.0%} of the map, prompting the rest"
    return f"Tuning wins nowhere below {start} pairs, and {share:.0%} of the whole map"


def _shade_arms(arms: Sequence[str]) -> dict[str, tuple[float, float, float]]:
    """Return a colour per arm: its family's, lighter for each further arm of a family."""
    seen: dict[str, int] = {}
    shades = {}
    for arm in arms:
        family = family_of(arm)
        step = seen.get(family, 0)
        seen[family] = step + 1
        strength = max(1 - 0.38 * step, 0.2)
        shades[arm] = _mix(COLOURS[family], CARD, strength)
    return shades


def _mix(colour: str, ground: str, strength: float) -> tuple[float, float, float]:
    """Return a colour laid over another."""
    over, under = to_rgb(colour), to_rgb(ground)
    red, green, blue = (
        strength * a + (1 - strength) * b for a, b in zip(over, under, strict=True)
    )
    return red, green, blue


def _edges(values: Sequence[int]) -> np.ndarray:
    """Return the borders of cells around values on a log axis."""
    logs = np.log(np.asarray(values, dtype=float))
    if len(logs) == 1:
        return np.exp([logs[0] - 0.5, logs[0] + 0.5])
    middles = (logs[1:] + logs[:-1]) / 2
    ends = [2 * logs[0] - middles[0], *middles, 2 * logs[-1] - middles[-1]]
    return np.exp(ends)


def _name_regions(
    figure: Figure, axes: Axes, decision: DecisionMap, name: Callable[[str], str]
) -> None:
    """Write each arm's name inside its region, or in a key below if it has no room."""
    layout = figure.get_layout_engine()
    settle(figure)
    shades = _shade_arms(decision.arms)
    places = {arm: _find_room(axes, decision, arm, name(arm)) for arm in decision.arms}
    for arm, place in places.items():
        if place is not None:
            axes.text(
                place.x, place.y, "\n".join(place.lines), ha="center", va="center",
                weight="bold", size=SMALL_SIZE, linespacing=1.2, rotation=place.rotation,
                color=_readable_on(shades[arm]),
            )  # fmt: skip
    homeless = [arm for arm, place in places.items() if place is None]
    if homeless:
        figure.set_layout_engine(layout)
        figure.legend(
            handles=[Patch(color=shades[arm], label=name(arm)) for arm in homeless],
            loc="outside lower left", ncols=3, frameon=False, fontsize=SMALL_SIZE,
            labelcolor=INK, handlelength=1.0, handleheight=1.0,
        )  # fmt: skip
        settle(figure)


@dataclass(frozen=True)
class _Place:
    """Where a region's name stands, in data units, its lines and its rotation."""

    x: float
    y: float
    lines: tuple[str, ...]
    rotation: int


def _find_room(axes: Axes, decision: DecisionMap, arm: str, name: str) -> _Place | None:
    """Return the roomiest place for a name inside its region: flat, else upright."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    cells = np.array([[winner == arm for winner in row] for row in decision.winners])
    own = np.kron(cells, np.ones((2, 2))).astype(bool)  # a name may stand between cells
    box = axes.get_window_extent()
    # Cells are equally large on the log axes, so that room can be counted in cells.
    cell_width = box.width / figure.dpi / own.shape[1]
    cell_height = box.height / figure.dpi / own.shape[0]
    for lines, rotation in _set_name(name):
        across = max(text_width(line, SMALL_SIZE, "bold") for line in lines) / 2 + 0.08
        along = len(lines) * 0.19 / 2 + 0.05
        if rotation:
            across, along = along, across
        cell = _find_cell(own, across / cell_width, along / cell_height)
        if cell is not None:
            y, x = (
                math.exp(_place_on(axis, half))
                for axis, half in zip(
                    (decision.queries, decision.pairs), cell, strict=True
                )
            )
            return _Place(x, y, lines, rotation)
    return None


def _place_on(axis: Sequence[int], half: int) -> float:
    """Return the logarithm at a half-cell of an axis."""
    middles = range(len(axis))
    return float(np.interp((half + 0.5) / 2 - 0.5, middles, np.log(axis)))


def _set_name(name: str) -> list[tuple[tuple[str, ...], int]]:
    """Return the ways to set a name, best first: one line, two lines, upright."""
    words = name.split()
    halves = [(" ".join(words[:i]), " ".join(words[i:])) for i in range(1, len(words))]
    two = [(min(halves, key=lambda pair: max(map(len, pair))), 0)] if halves else []
    return [((name,), 0), *two, ((name,), 90)]


def _find_cell(own: np.ndarray, across: float, along: float) -> tuple[int, int] | None:
    """Return the (row, column) around which a text of this half-size has most room.

    Among equals it is the one nearest to the middle of the region.
    """
    places = np.argwhere(own)
    middle = places.mean(axis=0)
    best, best_score = None, (0.0, 0.0)
    for row, column in places.tolist():
        room = _measure_room(own, row, column, across, along)
        score = (room, -math.hypot(row - middle[0], column - middle[1]))
        if room and (best is None or score > best_score):
            best, best_score = (row, column), score
    return best


def _measure_room(
    own: np.ndarray, row: int, column: int, across: float, along: float
) -> float:
    """Return how often larger a text centred on a cell could be, 0 if it has no room."""
    room = 0.0
    for scale in np.arange(1, 20, 0.25):
        left, right = column - across * scale, column + across * scale
        low, high = row - along * scale, row + along * scale
        if (
            min(left, low) < -0.5
            or right > own.shape[1] - 0.5
            or high > own.shape[0] - 0.5
        ):
            break
        if not own[round(low) : round(high) + 1, round(left) : round(right) + 1].all():
            break
        room = float(scale)
    return room


def _readable_on(shade: tuple[float, float, float]) -> str:
    """Return ink or white, whichever stands out more from a shade."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shade]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return INK if luminance > 0.2 else "white"


def _describe_map(decision: DecisionMap, name: Callable[[str], str]) -> str:
    shares = ", ".join(f"{name(arm)} {decision.share(arm):.0%}" for arm in decision.arms)
    few, many = decision.pairs[0], decision.pairs[-1]
    low, high = decision.queries[0], decision.queries[-1]
    corners = "; ".join(
        f"{n} pairs and {format_count(q)} queries: {name(decision.winner_at(n, q))}"
        for n in (few, many)
        for q in (low, high)
    )
    return (
        f"A map with {few} to {many} labelled pairs across and {format_count(low)} to "
        f"{format_count(high)} queries upwards. Shares of the map: {shares}. "
        f"In its corners: {corners}."
    )
