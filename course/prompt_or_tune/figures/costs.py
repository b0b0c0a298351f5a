"""The break-even: what each arm costs in all, against the number of queries."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, NullLocator

from prompt_or_tune.decision.arms import family_of
from prompt_or_tune.decision.costs import break_even_between, total_cost
from prompt_or_tune.figures.arms import name_arm
from prompt_or_tune.figures.drawing import (
    SMALL_SIZE,
    Drawing,
    EndLabel,
    format_count,
    label_ends,
    new_card,
    spread,
    styled,
    text_width,
)
from prompt_or_tune.lexicon import capitalise
from prompt_or_tune.show.palette import CARD, COLOURS, INK

if TYPE_CHECKING:
    from prompt_or_tune.decision.costs import ArmCosts, Prices


@styled
def draw_break_even(
    costs: Sequence[ArmCosts],
    prices: Prices,
    *,
    name: Callable[[str], str] = name_arm,
) -> Drawing:
    """Draw what each arm costs in all against the number of queries, on log axes.

    Marked is where the first tuned arm becomes cheaper than each arm that starts cheaper.
    Arms that cost nothing at all have no place on a log axis and are left out. Raises
    ValueError when no arm is left.
    """
    charged = [c for c in costs if total_cost(c, prices, 1) > 0]
    if not charged:
        raise ValueError(
            "No arm costs anything at these prices: there is nothing to draw."
        )
    tuned = next((c for c in charged if c.tuned), None)
    crossings = _find_crossings(charged, tuned, prices)
    title = capitalise(_title_break_even(tuned, crossings, name))
    figure = new_card(title, height=3.4)
    axes = figure.subplots()
    queries = _choose_queries([q for _, q in crossings])
    axes.set(xscale="log", yscale="log", xlim=(queries[0], queries[-1]))
    ends = _draw_totals(axes, charged, prices, queries, name)
    _set_costs(axes, prices)
    label_ends(figure, [(axes, ends)])
    shown = [q for _, q in crossings if queries[0] < q < queries[-1]]
    if tuned is not None:
        _mark_payoffs(axes, [(q, total_cost(tuned, prices, q)) for q in shown])
    return Drawing(
        title=title,
        note=f"Total cost: labels, training and fees up front, then every query. "
        f"{state_prices(prices)}",
        description=_describe_break_even(charged, tuned, crossings, prices, name),
        columns=("arm", "up front", "per query",
                 *(f"{format_count(q)} queries" for q in _DECADES)),
        rows=tuple((name(c.arm), *_tabulate_costs(c, prices)) for c in charged),
        figure=figure,
    )  # fmt: skip


_DECADES = (1e3, 1e4, 1e5, 1e6)


def _tabulate_costs(costs: ArmCosts, prices: Prices) -> tuple[str, ...]:
    """Return an arm's costs up front, per query, and in all for each decade."""
    up_front, first = (total_cost(costs, prices, queries) for queries in (0, 1))
    totals = (total_cost(costs, prices, queries) for queries in _DECADES)
    return tuple(_money(each, prices) for each in (up_front, first - up_front, *totals))


def _find_crossings(
    costs: Sequence[ArmCosts], tuned: ArmCosts | None, prices: Prices
) -> list[tuple[ArmCosts, float]]:
    """Return from how many queries on tuning is cheaper, per arm that starts cheaper."""
    if tuned is None:
        return []
    start = total_cost(tuned, prices, 0)
    return [
        (other, break_even_between(other, tuned, prices))
        for other in costs
        if not other.tuned and total_cost(other, prices, 0) < start
    ]


def _title_break_even(
    tuned: ArmCosts | None,
    crossings: Sequence[tuple[ArmCosts, float]],
    name: Callable[[str], str],
) -> str:
    if tuned is None:
        return "What each arm costs grows with the number of queries"
    if not crossings:
        return f"{name(tuned.arm)} costs no more than any other arm from the first query"
    finite = sorted((q, name(other.arm)) for other, q in crossings if q < math.inf)
    parts = [
        f"than {other} from {_round(q)}" + ("" if index else " queries on")
        for index, (q, other) in enumerate(finite)
    ]
    never = [f"never than {name(other.arm)}" for other, q in crossings if q == math.inf]
    if not parts:
        return (
            f"{name(tuned.arm)} never pays off: no arm’s queries cost more than its own"
        )
    # A title has room for three; the description has them all.
    return f"{name(tuned.arm)} is cheaper " + ", ".join([*parts, *never][:3])


def _choose_queries(crossings: Sequence[float]) -> np.ndarray:
    """Return numbers of queries from a decade before all crossings to one after them.

    Crossings beyond a billion queries are not waited for.
    """
    shown = [q for q in crossings if 0 < q <= 1e9] or [1e4]
    low = 10.0 ** max(math.floor(math.log10(min(shown))) - 1, 0)
    high = 10.0 ** (math.floor(math.log10(max(shown))) + 2)
    return np.geomspace(low, high, 200)


_DASHES = ("-", "--", "-.", ":")


def _draw_totals(
    axes: Axes, costs: Sequence[ArmCosts], prices: Prices, queries: np.ndarray,
    name: Callable[[str], str],
) -> list[EndLabel]:  # fmt: skip
    """Draw a line per arm, arms of one family dashed differently; return their labels."""
    ends, seen = [], dict.fromkeys(COLOURS, 0)
    for each in costs:
        family = family_of(each.arm)
        totals = [total_cost(each, prices, q) for q in queries]
        dashes = _DASHES[seen[family] % len(_DASHES)]
        seen[family] += 1
        axes.plot(queries, totals, color=COLOURS[family], linestyle=dashes)
        ends.append(EndLabel(totals[-1], name(each.arm), COLOURS[family]))
    return ends


def _round(number: float) -> str:
    """Return a large number to two digits, in words of digits: 12 000 → 12k."""
    if number < 100:
        return f"{number:.0f}"
    scale = 10 ** (math.floor(math.log10(number)) - 1)
    return format_count(round(number / scale) * scale)


def _mark_payoffs(axes: Axes, points: Sequence[tuple[float, float]]) -> None:
    """Ring the crossings; their numbers of queries stand at the foot, moved apart."""
    if not points:
        return
    figure = axes.get_figure(root=True)
    assert figure is not None
    box, low = axes.get_window_extent(), axes.get_ylim()[0]
    texts = [_round(x) for x, _ in points]
    gap = (max(text_width(t, SMALL_SIZE, "bold") for t in texts) + 0.1) * figure.dpi
    wanted = [float(axes.transData.transform((x, 1))[0]) for x, _ in points]
    placed = spread(wanted, gap, box.x0 + gap / 2, box.x1 - gap / 2)
    axes.set_ylim(low, axes.get_ylim()[1])
    for (x, y), text, pixel in zip(points, texts, placed, strict=True):
        axes.plot([x, x], [low, y], color=INK, linewidth=0.9, linestyle=":", zorder=1)
        axes.plot(
            x, y, "o", color=INK, markersize=8, markerfacecolor=CARD,
            markeredgewidth=1.5, zorder=4,
        )  # fmt: skip
        axes.annotate(
            text, ((pixel - box.x0) / box.width, 0), xycoords="axes fraction",
            xytext=(0, 6), textcoords="offset points", ha="center", size=SMALL_SIZE,
            weight="bold", color=INK,
            bbox={"facecolor": CARD, "edgecolor": "none", "pad": 1},
        )  # fmt: skip


def _set_costs(axes: Axes, prices: Prices) -> None:
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: format_count(value)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _money(value, prices)))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_minor_locator(NullLocator())
    axes.set_xlabel("queries answered (log scale)")
    axes.set_ylabel(f"total cost ({prices.currency.strip()}, log scale)")
    axes.grid(axis="y")


def _money(amount: float, prices: Prices) -> str:
    """Return an amount with its currency, if that is a sign and not a word."""
    sign = prices.currency if len(prices.currency.strip()) == 1 else ""
    if amount >= 10 or not amount:
        return sign + format_count(amount)
    return sign + np.format_float_positional(float(f"{amount:.2g}"), trim="-")


def _describe_break_even(
    costs: Sequence[ArmCosts],
    tuned: ArmCosts | None,
    crossings: Sequence[tuple[ArmCosts, float]],
    prices: Prices,
    name: Callable[[str], str],
) -> str:
    lines = ", ".join(
        f"{name(c.arm)} from {_money(total_cost(c, prices, 1), prices)} for one query to "
        f"{_money(total_cost(c, prices, 1e6), prices)} for a million"
        for c in costs
    )
    text = f"Total cost against number of queries, one line per arm: {lines}."
    for other, q in crossings:
        assert tuned is not None  # without it there are no crossings
        when = "never" if q == math.inf else f"from {_round(q)} queries on"
        text += f" {name(tuned.arm)} is cheaper than {name(other.arm)} {when}."
    return text


def state_prices(prices: Prices) -> str:
    """Return the prices that a figure was drawn for, in words."""
    unit = prices.currency
    text = (
        f"Prices per million tokens: prompt {unit}{prices.input:g}, answer "
        f"{unit}{prices.output:g}, training {unit}{prices.training:g}; "
        f"a labelled pair {unit}{prices.label:g}."
    )
    if prices.prefix_caching:
        text += f" Shared prefixes are cached: {unit}{prices.cached_input:g}."
    if prices.tuned_multiplier != 1:
        text += f" A tuned model's tokens cost {prices.tuned_multiplier:g} times as much."
    return text
