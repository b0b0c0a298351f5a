"""Figures of chance: how sure a pass rate is, and what choosing by it does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch
from matplotlib.ticker import PercentFormatter

from prompt_or_tune.figures.drawing import (
    SMALL_SIZE,
    Drawing,
    new_card,
    settle,
    shorten,
    styled,
)
from prompt_or_tune.show.palette import CARD, COLOURS, INK, MUTED, SOFT
from prompt_or_tune.statistics import Rate

_ROW = 0.36  # inches
_COLOUR, _SOFT = COLOURS["prompted"], SOFT["prompted"]

# ── Several rates ──────────────────────────────────────────────────────────────────────


@styled
def draw_intervals(rates: Mapping[str, Rate]) -> Drawing:
    """Draw pass rates on their intervals, a row each; shaded is what they all share.

    Raises ValueError when there is no rate.
    """
    if not rates:
        raise ValueError("There is no rate to draw: measure something first.")
    title = _title_intervals(rates)
    figure = new_card(title, height=len(rates) * _ROW + 0.75)
    _draw_rates(figure.subplots(), rates)
    settle(figure)
    return Drawing(
        title=title,
        note="Squares: share of answers that pass, on its 95 % Wilson interval."
        + ("" if _are_equal(rates) else " Shaded: the rates that lie in all of them."),
        description="A row per rate. "
        + "; ".join(f"{name}: {_state(rate)}" for name, rate in rates.items())
        + ".",
        columns=("what", "passed", "rate", "95 % interval", "width in points"),
        rows=tuple(
            (
                name,
                f"{rate.successes} of {rate.n}",
                f"{rate.rate:.1%}",
                f"{rate.low:.1%} to {rate.high:.1%}",
                f"{100 * (rate.high - rate.low):.1f}",
            )
            for name, rate in rates.items()
        ),
        figure=figure,
    )


def _draw_rates(axes: Axes, rates: Mapping[str, Rate]) -> None:
    _set_shares(axes)
    axes.set_xlabel("share that passes")
    axes.set_ylim(len(rates) - 0.4, -0.6)
    names = [shorten(name, 2.2, size=SMALL_SIZE) for name in rates]
    axes.set_yticks(range(len(rates)), names, color=INK)
    shared = _find_shared(rates)
    if shared is not None and not _are_equal(rates):
        axes.axvspan(*shared, color=_SOFT, alpha=0.3, linewidth=0, zorder=0)
    for row, rate in enumerate(rates.values()):
        _draw_interval(axes, row, rate)
        axes.text(
            1.02, row, f" {rate.low:.0%} to {rate.high:.0%}", va="center_baseline",
            transform=axes.get_yaxis_transform(), size=SMALL_SIZE, color=INK,
        )  # fmt: skip


def _title_intervals(rates: Mapping[str, Rate]) -> str:
    found = list(rates.values())
    if len(found) == 1:
        return f"{_state(found[0])} is all that is known"
    counts = {rate.n for rate in found}
    if _are_equal(rates) and len(counts) > 1:
        widths = [f"{100 * (r.high - r.low):.0f}" for r in (found[0], found[-1])]
        return (
            f"The same rate from {found[0].n} or from {found[-1].n:,} answers: the "
            f"interval is {widths[0]} points wide, or {widths[1]}"
        )
    shared = _find_shared(rates)
    if shared is None:
        return f"The intervals of these {len(found)} rates have no value in common"
    return (
        f"The intervals overlap: every rate from {shared[0]:.0%} to {shared[1]:.0%} "
        f"agrees with {'both' if len(found) == 2 else 'all'} results"
    )


def _are_equal(rates: Mapping[str, Rate]) -> bool:
    return len({round(rate.rate, 6) for rate in rates.values()}) == 1


def _find_shared(rates: Mapping[str, Rate]) -> tuple[float, float] | None:
    """Return the rates that lie in every interval, None if there are none."""
    low = max(rate.low for rate in rates.values())
    high = min(rate.high for rate in rates.values())
    return (low, high) if low <= high else None


# ── The best of many ───────────────────────────────────────────────────────────────────


@styled
def draw_selection(candidates: Sequence[Rate], test: Rate) -> Drawing:
    """Draw what many prompts got on the prompts they are chosen on, and the best later.

    `candidates` are all that were tried; `test` is what the best of them (the first with
    the highest rate) got on prompts that nobody chose by. Raises ValueError when nothing
    was tried.
    """
    if not candidates:
        raise ValueError("There are no candidates to draw: try some prompts first.")
    best = max(candidates, key=lambda rate: rate.rate)
    title = _title_selection(candidates, best, test)
    stacks = Counter(rate.rate for rate in candidates)
    figure = new_card(title, height=0.155 * max(stacks.values()) + 2.0)
    _draw_fall_of_best(figure.subplots(), stacks, best, test)
    settle(figure)
    mean = sum(rate.rate for rate in candidates) / len(candidates)
    return Drawing(
        title=title,
        note=f"Each square above is one prompt, judged on the same {best.n} questions; "
        "filled is the best. Below is that prompt on questions that took no part in the "
        f"choice, on its 95 % Wilson interval. Dotted: the mean of all, {mean:.0%}.",
        description=f"A stack of squares per rate: {len(candidates)} prompts got from "
        f"{min(rate.rate for rate in candidates):.0%} to {best.rate:.0%} of {best.n} "
        f"questions, {mean:.0%} in the mean. The best one got {_state(test)} later.",
        columns=("where", "prompts", "right", "95 % interval"),
        rows=(
            *(
                (f"on {best.n} to choose by", str(stacks[rate]), f"{rate:.0%}", "–")
                for rate in sorted(stacks)
            ),
            (
                f"on {test.n} new",
                "the best one",
                f"{test.rate:.1%}",
                f"{test.low:.1%} to {test.high:.1%}",
            ),
        ),
        figure=figure,
    )


def _draw_fall_of_best(
    axes: Axes, stacks: Mapping[float, int], best: Rate, test: Rate
) -> None:
    """Draw all candidates in stacks above, and the best one's test below."""
    _set_shares(axes)
    axes.set_xlabel("share of right answers")
    floor = -2.9  # the row of the test stands this many dots below the crowd
    axes.set_ylim(floor - 1.2, max(stacks.values()) + 0.8)
    crowd = f"{sum(stacks.values())} prompts\non {best.n}"
    axes.set_yticks([0, floor], [crowd, f"the best one\non {test.n} new"], color=INK)
    _draw_crowd(axes, stacks, best)
    _draw_interval(axes, floor, test)
    _draw_fall(axes, best.rate, test, floor)


def _title_selection(candidates: Sequence[Rate], best: Rate, test: Rate) -> str:
    verb = "gets" if test.rate >= best.rate else "gets only"
    return (
        f"The best of {len(candidates)} prompts: {best.rate:.0%} of the {best.n} "
        f"questions it was chosen by; it {verb} {test.rate:.0%} of {test.n} new ones"
    )


def _draw_crowd(axes: Axes, stacks: Mapping[float, int], best: Rate) -> None:
    """Stack a square per candidate at its rate, the best one filled on top."""
    total = sum(stacks.values())
    mean = sum(rate * count for rate, count in stacks.items()) / total
    axes.axvline(mean, color=MUTED, linestyle=":", linewidth=1.2, zorder=0)
    for rate, count in stacks.items():
        axes.plot(
            [rate] * count, range(count), "s", color=_SOFT, markersize=7, linestyle="none"
        )
    top = stacks[best.rate] - 1
    axes.plot(best.rate, top, "s", color=_COLOUR, markersize=8, zorder=4)
    axes.annotate(
        f"chosen: {best.rate:.0%}", (best.rate, top), xytext=(9, 0),
        textcoords="offset points", va="center_baseline", size=SMALL_SIZE,
        weight="bold", color=_COLOUR,
    )  # fmt: skip


def _draw_fall(axes: Axes, chosen: float, test: Rate, floor: float) -> None:
    """Draw the arrow from what the best one promised to what it kept."""
    axes.add_patch(
        FancyArrowPatch(
            (chosen, -0.6), (test.rate, floor + 0.45), arrowstyle="-|>",
            mutation_scale=11, color=MUTED, linewidth=1.2, shrinkA=0, shrinkB=2,
        )
    )  # fmt: skip
    axes.annotate(
        f"kept: {test.rate:.0%}", (test.high, floor), xytext=(9, 0),
        textcoords="offset points", va="center_baseline", size=SMALL_SIZE,
        weight="bold", color=_COLOUR,
    )  # fmt: skip


# ── Parts ──────────────────────────────────────────────────────────────────────────────


def _set_shares(axes: Axes) -> None:
    """Set the x axis to shares from none to all, with lines to read them by."""
    axes.set_xlim(-0.02, 1.02)
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1])
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.grid(axis="x")
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)


def _draw_interval(axes: Axes, row: float, rate: Rate) -> None:
    axes.plot(
        [rate.low, rate.high], [row, row], color=_SOFT, linewidth=7, solid_capstyle="butt"
    )
    axes.plot(
        rate.rate, row, "s", color=_COLOUR, markersize=6, markeredgecolor=CARD,
        clip_on=False, zorder=4,
    )  # fmt: skip


def _state(rate: Rate) -> str:
    return (
        f"{rate.successes} of {rate.n} ({rate.rate:.0%}, interval {rate.low:.0%} to "
        f"{rate.high:.0%})"
    )
