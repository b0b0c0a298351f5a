"""Figures of a class: where its points lie, what its tasks gave, what grading took."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator, PercentFormatter
from prompt_or_tune.figures.drawing import (
    SMALL_SIZE,
    Drawing,
    new_card,
    settle,
    shorten,
    styled,
)
from prompt_or_tune.lexicon import capitalise
from prompt_or_tune.show.palette import BAND, COLOURS, FAINT, INK, MUTED, SOFT

_BINS = 10
_BLUE = COLOURS["prompted"]
_ROW = 0.29  # inches
MOST_TASKS = 40
"""Beyond these a figure shows the hardest only; its table has them all."""


@dataclass(frozen=True)
class TaskCounts:
    """How a task went: how many have its points, and how many not; `none` was judged."""

    notebook: str
    task: str
    full: int = 0
    part: int = 0
    none: int = 0
    not_run: int = 0
    by_hand: int = 0

    @property
    def total(self) -> int:
        """Return the number of notebooks that were graded."""
        return self.full + self.part + self.none + self.not_run + self.by_hand

    @property
    def judged(self) -> int:
        """Return how many were graded by machine or have their points by hand."""
        return self.total - self.by_hand

    @property
    def rate(self) -> float:
        """Return the share with full points of those that are judged."""
        return self.full / self.judged if self.judged else 0.0


def _name_rows(axes: Axes, names: Iterable[str], *, width: float) -> None:
    """Write a name beside each row, cut to so many inches."""
    short = [shorten(name, width, size=SMALL_SIZE) for name in names]
    axes.set_yticks(range(len(short)), short, color=INK)


def _label_shares(axes: Axes, what: str) -> None:
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
    axes.set_xlabel(what)


# ── Points ──────────────────────────────────────────────────────────────────────────────


@styled
def draw_points(shares: Mapping[str, Sequence[float]]) -> Drawing:
    """Draw how the points of each notebook are spread, as shares of what it can give.

    A share beyond 1 (extra credit) counts as 1. Raises ValueError without any share.
    """
    shares = {name: values for name, values in shares.items() if values}
    if not shares:
        raise ValueError("There are no points to draw: nothing is graded yet.")
    medians = {name: median(values) for name, values in shares.items()}
    counts = {name: _count_bins(values) for name, values in shares.items()}
    title = _title_points(medians)
    figure = new_card(title, height=0.58 * len(shares) + 0.7)
    axes = figure.subplots()
    _plot_hills(axes, counts, medians)
    axes.set(xlim=(0, 1.004), ylim=(len(shares) - 0.5, -0.5))
    _name_rows(axes, shares, width=1.7)
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.tick_params(length=0)
    _label_shares(axes, "share of a notebook’s points")
    settle(figure)
    return Drawing(
        title=title,
        note="Bars: share of the notebooks in each tenth of the points, all rows on one "
        "scale; the line is the median, so half of the class lies on either side. A "
        "second hill at the left is a group that has given up early.",
        description="A row per notebook. "
        + " ".join(
            f"{capitalise(name)}: {len(shares[name])} notebooks, median {m:.0%}."
            for name, m in medians.items()
        ),
        columns=("notebook", "graded", "lower quarter", "median", "upper quarter",
                 "nothing", "full points"),
        rows=tuple(_tabulate_shares(name, values) for name, values in shares.items()),
        figure=figure,
    )  # fmt: skip


def _plot_hills(
    axes: Axes, counts: Mapping[str, Sequence[int]], medians: Mapping[str, float]
) -> None:
    highest = max(max(found) / sum(found) for found in counts.values())
    for row, (name, found) in enumerate(counts.items()):
        tops = [0.86 * count / sum(found) / highest for count in found]
        left = np.arange(_BINS) / _BINS
        axes.bar(
            left, [-top for top in tops], 0.94 / _BINS, bottom=row + 0.43, align="edge",
            color=SOFT["prompted"], linewidth=0,
        )  # fmt: skip
        axes.plot([0, 1], [row + 0.43] * 2, color=FAINT, linewidth=0.8)
        axes.plot([medians[name]] * 2, [row - 0.43, row + 0.43], color=_BLUE)
        axes.text(
            1.02, row, f"median {medians[name]:.0%}", va="center_baseline",
            size=SMALL_SIZE, color=_BLUE,
        )  # fmt: skip


def _count_bins(values: Sequence[float]) -> list[int]:
    clipped = np.clip(np.asarray(values), 0, 1)
    return [int(count) for count in np.histogram(clipped, _BINS, (0, 1))[0]]


def _title_points(medians: Mapping[str, float]) -> str:
    lowest = min(medians, key=lambda name: medians[name])
    highest = max(medians, key=lambda name: medians[name])
    low, high = f"{medians[lowest]:.0%}", f"{medians[highest]:.0%}"
    if low == high:
        which = f"of {lowest}" if len(medians) == 1 else "of every notebook"
        return f"The typical notebook earns {low} of the points {which}"
    return (
        f"The typical notebook earns {low} of the points in {lowest}, "
        f"and {high} in {highest}"
    )


def _tabulate_shares(name: str, values: Sequence[float]) -> tuple[str, ...]:
    lower, middle, upper = np.percentile(np.asarray(values), (25, 50, 75))
    return (
        name,
        str(len(values)),
        *(f"{quarter:.0%}" for quarter in (lower, middle, upper)),
        f"{sum(v <= 0 for v in values) / len(values):.0%}",
        f"{sum(v >= 1 for v in values) / len(values):.0%}",
    )


# ── Tasks ───────────────────────────────────────────────────────────────────────────────

_KINDS = (
    ("full", "all points", _BLUE),
    ("part", "some", SOFT["prompted"]),
    ("none", "none", SOFT["tuned"]),
    ("not_run", "not reached", FAINT),
    ("by_hand", "waits for a human", BAND),
)


@styled
def draw_tasks(tasks: Sequence[TaskCounts]) -> Drawing:
    """Draw for each task what share of the class has all, some or none of its points.

    Raises ValueError without tasks.
    """
    tasks = [task for task in tasks if task.total]
    if not tasks:
        raise ValueError("There are no tasks to draw: nothing is graded yet.")
    shown = list(tasks)
    if len(tasks) > MOST_TASKS:
        shown = sorted(tasks, key=lambda t: t.rate if t.judged else 2)[:MOST_TASKS]
    title = _title_tasks(tasks)
    headed = list(_with_headings(shown))
    figure = new_card(title, height=_ROW * len(headed) + 0.75)
    axes = figure.subplots()
    _plot_tasks(axes, headed)
    axes.set(xlim=(0, 1), ylim=(len(headed) - 0.4, -0.6))
    _name_rows(axes, (name for name, _ in headed), width=1.9)
    _embolden_headings(axes, headed)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    _label_shares(axes, "share of the graded notebooks")
    _add_legend(axes, shown)
    settle(figure)
    hardest = "" if len(shown) == len(tasks) else f" Shown: the {len(shown)} hardest."
    return Drawing(
        title=title,
        note="A bar per task, and at its right the share with all points: look for short "
        "blue bars. Not reached is what came after a crash or a limit in the same "
        "notebook." + hardest,
        description=_describe_tasks(shown),
        columns=("task", "notebook", *(label for _, label, _ in _KINDS), "share of all"),
        rows=tuple(
            (t.task, t.notebook, *(str(getattr(t, field)) for field, _, _ in _KINDS),
             f"{t.rate:.0%}" if t.judged else "–")
            for t in tasks
        ),
        figure=figure,
    )  # fmt: skip


def _describe_tasks(tasks: Sequence[TaskCounts]) -> str:
    return "A bar per task. " + " ".join(
        f"{capitalise(t.task)}: {t.full} of {t.judged} have all points ({t.rate:.0%})."
        if t.judged
        else f"{t.task}: not graded yet."
        for t in tasks
    )


def _embolden_headings(
    axes: Axes, headed: Sequence[tuple[str, TaskCounts | None]]
) -> None:
    for label, (_, task) in zip(axes.get_yticklabels(), headed, strict=True):
        label.set_fontweight("bold" if task is None else "normal")


def _plot_tasks(axes: Axes, headed: Sequence[tuple[str, TaskCounts | None]]) -> None:
    for row, (_, task) in enumerate(headed):
        if task is None:
            continue
        start = 0.0
        for field, _, colour in _KINDS:
            width = getattr(task, field) / task.total
            axes.barh(row, width, 0.7, left=start, color=colour, linewidth=0)
            start += width
        text = f"{task.rate:.0%}" if task.judged else "–"
        axes.text(1.02, row, text, va="center_baseline", size=SMALL_SIZE, color=INK)


def _add_legend(axes: Axes, tasks: Sequence[TaskCounts]) -> None:
    """Explain the colours that are there."""
    used = [kind for kind in _KINDS if any(getattr(t, kind[0]) for t in tasks)]
    axes.legend(
        handles=[Patch(color=colour, label=label) for _, label, colour in used],
        loc="lower right", bbox_to_anchor=(1.13, 1), ncols=len(used), frameon=False,
        fontsize=SMALL_SIZE, handlelength=1.0, columnspacing=1.2, labelcolor=MUTED,
        borderaxespad=0,
    )  # fmt: skip


def _with_headings(
    tasks: Sequence[TaskCounts],
) -> list[tuple[str, TaskCounts | None]]:
    """Return names and tasks row by row, a bare name where another notebook begins."""
    rows: list[tuple[str, TaskCounts | None]] = []
    last = ""
    several = len({task.notebook for task in tasks}) > 1
    for task in tasks:
        if several and task.notebook != last:
            rows.append((task.notebook, None))
            last = task.notebook
        rows.append((task.task, task))
    return rows


def _title_tasks(tasks: Sequence[TaskCounts]) -> str:
    judged = [task for task in tasks if task.judged]
    if not judged:
        return f"All {len(tasks)} tasks wait for a human"
    hardest = min(judged, key=lambda t: t.rate)
    rate = f"{hardest.rate:.0%}"
    if len(judged) == 1:
        return f"{rate} of the class have all points of “{hardest.task}”"
    if hardest.rate == 1:
        return f"Everybody has all points of all {len(judged)} tasks"
    return f"The hardest task is “{hardest.task}”: {rate} have all its points"


# ── Time ────────────────────────────────────────────────────────────────────────────────


@styled
def draw_times(seconds: Mapping[str, Sequence[float]]) -> Drawing:
    """Draw how long grading a notebook took: the median, most of them, the slowest.

    Raises ValueError when no time is known.
    """
    seconds = {
        n: [max(v, 0.01) for v in values] for n, values in seconds.items() if values
    }
    if not seconds:
        raise ValueError("There are no times to draw: nothing is graded yet.")
    everything = [value for values in seconds.values() for value in values]
    middle, slowest = format_seconds(median(everything)), format_seconds(max(everything))
    title = f"Half of the notebooks were graded within {middle}, the slowest in {slowest}"
    figure = new_card(title, height=0.34 * len(seconds) + 0.75)
    axes = figure.subplots()
    for row, values in enumerate(seconds.values()):
        _plot_times(axes, row, values)
    axes.set(xscale="log", ylim=(len(seconds) - 0.4, -0.6))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(FuncFormatter(lambda value, _: ""))
    axes.set_xlabel("seconds per notebook, logarithmic; at the right, median / slowest")
    _name_rows(axes, seconds, width=1.9)
    axes.grid(axis="x")
    settle(figure)
    rows = tuple(_tabulate_times(name, values) for name, values in seconds.items())
    return Drawing(
        title=title,
        note="Line: the median. Band: nine notebooks of ten. Dot: the slowest; one far "
        "to the right of its band has most likely met a limit of time.",
        description="A row per notebook. "
        + f"Over all, the median is {middle} and the slowest took {slowest}. "
        + " ".join(f"{r[0]}: median {r[2]}, slowest {r[4]}." for r in rows),
        columns=("notebook", "graded", "median", "19 of 20 within", "slowest", "in all"),
        rows=rows,
        figure=figure,
    )


def _find_quantiles(values: Sequence[float]) -> tuple[float, float, float]:
    """Return the bounds of nine tenths of some times, and their median between."""
    low, middle, high = np.percentile(np.asarray(values), (5, 50, 95))
    return float(low), float(middle), float(high)


def _plot_times(axes: Axes, row: int, values: Sequence[float]) -> None:
    low, middle, high = _find_quantiles(values)
    axes.plot([low, high], [row, row], color=SOFT["prompted"], linewidth=7,
              solid_capstyle="butt")  # fmt: skip
    axes.plot(middle, row, "|", color=_BLUE, markersize=13, markeredgewidth=3)
    axes.plot(max(values), row, "o", color=COLOURS["tuned"], markersize=4)
    axes.text(
        1.02, row, f"{format_seconds(middle)} / {format_seconds(max(values))}",
        transform=axes.get_yaxis_transform(), va="center_baseline", size=SMALL_SIZE,
        color=INK,
    )  # fmt: skip


def _tabulate_times(name: str, values: Sequence[float]) -> tuple[str, ...]:
    _, middle, high = _find_quantiles(values)
    times = map(format_seconds, (middle, high, max(values), sum(values)))
    return name, str(len(values)), *times


def format_seconds(seconds: float) -> str:
    """Return a time for people: 0.4 s, 12 s, 3 min, 2.5 h."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < 100:
        return f"{seconds:.0f} s"
    if seconds < 6000:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


# ── Counts ──────────────────────────────────────────────────────────────────────────────


@styled
def draw_repairs(counts: Mapping[str, int], repaired: int, graded: int) -> Drawing:
    """Draw in how many notebooks each kind of damage was put right.

    `repaired` of the `graded` notebooks had any. Raises ValueError when none had.
    """
    if not counts:
        raise ValueError("There are no repairs to draw: every notebook came in whole.")
    order = sorted(counts, key=lambda kind: (-counts[kind], kind))
    title = (
        f"{repaired} of {graded} notebooks were put right before grading, "
        f"mostly for this: {order[0]}"
    )
    figure = new_card(title, height=_ROW * len(order) + 0.7)
    axes = figure.subplots()
    axes.barh(range(len(order)), [counts[kind] for kind in order], 0.7,
              color=SOFT["prompted"], linewidth=0)  # fmt: skip
    for row, kind in enumerate(order):
        axes.text(counts[kind], row, f" {counts[kind]}", va="center_baseline",
                  size=SMALL_SIZE, color=INK)  # fmt: skip
    axes.set(ylim=(len(order) - 0.4, -0.6), xlim=(0, max(counts.values()) * 1.12))
    _name_rows(axes, order, width=1.9)
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("notebooks; one may have several")
    settle(figure)
    return Drawing(
        title=title,
        note="What editors and learners did to the notebooks. None of it costs a point.",
        description=f"Bars for {graded} notebooks, of which {repaired} were put right. "
        + " ".join(f"{capitalise(kind)}: {counts[kind]}." for kind in order),
        columns=("what was put right", "notebooks", "share"),
        rows=tuple(
            (kind, str(counts[kind]), f"{counts[kind] / graded:.1%}") for kind in order
        ),
        figure=figure,
    )
