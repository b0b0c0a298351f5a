"""Figures of learning curves: accuracy against number of pairs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from prompt_or_tune.decision.arms import family_of
from prompt_or_tune.decision.curves import prompt_worth_by_seed, summarise_curve
from prompt_or_tune.figures.arms import find_course_task, name_arm
from prompt_or_tune.figures.drawing import (
    MARKERS,
    SMALL_SIZE,
    Drawing,
    EndLabel,
    label_ends,
    new_card,
    styled,
)
from prompt_or_tune.lexicon import capitalise
from prompt_or_tune.show.palette import CARD, COLOURS, INK, SOFT
from prompt_or_tune.wording import count

if TYPE_CHECKING:
    from prompt_or_tune.decision.claims import Crossover
    from prompt_or_tune.decision.curves import CurveRow
    from prompt_or_tune.decision.results import ArmResult, CurvePoint
    from prompt_or_tune.decision.tasks.task import Task


@styled
def draw_learning_curve(
    points: Sequence[CurvePoint],
    levels: Sequence[ArmResult] = (),
    crossing: Crossover | None = None,
    *,
    task: Task | None = None,
    live: Sequence[CurvePoint] = (),
) -> Drawing:
    """Draw accuracy against number of pairs, one line per arm, seeds as points.

    `points` are of one test; the first tuned arm among them is the curve that the title
    is about. `levels` are arms without a curve, as horizontal lines.
    `crossing` (of `find_crossover`) marks n*; `task` names the arms of a task that is
    not the course's; `live` are points that the reader measured
    just now, on the same test: they stand out, and change no mean. Raises ValueError
    when there is no point, or points are of several tests.
    """
    task = task or _find_task(points)
    _check_live(points, live)
    curves = _group_curves(points, task)
    drawn = {curve.arm for curve in curves}
    levels = [level for level in levels if level.arm not in drawn]
    title = capitalise(_title_curve(_find_main(curves), crossing, task))
    figure = new_card(title, subtitle=_describe_test(points, task), height=3.3)
    axes = figure.subplots()
    _set_pairs(axes, [p.n for p in points], [p.n for p in live])
    _set_accuracy(axes)
    _shade_interval(axes, levels, crossing)
    ends = _draw_all(axes, curves, levels, crossing, task)
    label_ends(figure, [(axes, ends)])
    for point in live:
        _mark_live(axes, point)
    return Drawing(
        title=title,
        note="Small points: single seeds (which pairs, and how training starts); line: "
        "the mean. Horizontal lines: arms that don't learn from the pairs. n*: from here "
        "on the curve stays above the 95 % interval of the best prompt."
        + (" Star: measured here and now, with one seed." if live else ""),
        description=" ".join(
            [_describe_curves(curves, levels, task), *map(_describe_live, live)]
        ),
        columns=("arm", "pairs", "mean accuracy", "worst seed", "best seed", "seeds"),
        rows=(
            *_tabulate_curves(curves),
            *(_tabulate_level(r, task) for r in levels),
            *(_tabulate_live(p) for p in live),
        ),
        figure=figure,
    )


@dataclass(frozen=True)
class _Curve:
    """The points of one arm under one schedule, with their summary."""

    arm: str
    schedule: str
    name: str
    points: tuple[CurvePoint, ...]
    rows: tuple[CurveRow, ...]


def _find_main(curves: Sequence[_Curve]) -> _Curve:
    """Return the curve that the title is about: the first tuned arm's, else the first."""
    return next((c for c in curves if family_of(c.arm) == "tuned"), curves[0])


def _draw_all(
    axes: Axes,
    curves: Sequence[_Curve],
    levels: Sequence[ArmResult],
    crossing: Crossover | None,
    task: Task | None,
) -> list[EndLabel]:
    """Draw levels, curves and n*; return the labels for their ends."""
    main = _find_main(curves)
    ends = [_draw_level(axes, level, task) for level in levels]
    ends += [_draw_curve(axes, curve, seeds=curve is main) for curve in reversed(curves)]
    if crossing is None:
        return ends
    if crossing.best_prompt not in {level.arm for level in levels}:
        ends.append(_draw_bar(axes, crossing, task))
    if crossing.pairs is not None:
        _mark_crossing(axes, crossing.pairs, crossing.bar, f"n* ≈ {crossing.pairs:.0f}")
    return ends


def _group_curves(points: Sequence[CurvePoint], task: Task | None) -> list[_Curve]:
    """Return the curves among points of one test, in the order of their first point."""
    tests = {(p.task, p.test) for p in points}
    if len(tests) != 1:
        raise ValueError(
            f"One test's points can be drawn at a time; here are {len(tests)}."
        )
    grouped: dict[tuple[str, str], list[CurvePoint]] = {}
    for point in points:
        grouped.setdefault((point.arm, point.schedule), []).append(point)
    return [
        _Curve(arm, schedule, name_arm(arm, task), tuple(found), summarise_curve(found))
        for (arm, schedule), found in grouped.items()
    ]


def _find_task(points: Sequence[CurvePoint]) -> Task | None:
    return find_course_task(points[0].task) if points else None


def _describe_test(points: Sequence[CurvePoint], task: Task | None) -> str:
    title = task.title if task is not None else points[0].task
    seeds = len({p.seed for p in points})
    return f"{title}, {points[0].test}: {points[0].of} queries, {count(seeds, 'seed')}"


def _title_curve(main: _Curve, crossing: Crossover | None, task: Task | None) -> str:
    first, last = main.rows[0], main.rows[-1]
    if crossing is None:
        return f"{main.name} reaches {last.mean:.2f} with {last.n} pairs"
    best = name_arm(crossing.best_prompt, task)
    if crossing.pairs is None:
        return (
            f"{main.name} reaches {last.mean:.2f} with {last.n} pairs, "
            f"never above the best prompt ({best})"
        )
    if crossing.pairs <= first.n:
        return f"{main.name} is above the best prompt ({best}) from {first.n} pairs on"
    return (
        f"{main.name} passes the best prompt ({best}) at about {crossing.pairs:.0f} pairs"
    )


def _set_pairs(axes: Axes, sizes: Iterable[int], others: Iterable[int] = ()) -> None:
    """Set the axis to the sizes, which are labelled, and wide enough for the others."""
    sizes = sorted(set(sizes))
    ends = sorted({*sizes, *others})
    axes.set_xscale("log")
    axes.set_xlim(ends[0] / 1.15, ends[-1] * 1.15)
    axes.xaxis.set_major_locator(FixedLocator(_thin(sizes)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda n, _: f"{n:.0f}"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel("training pairs (log scale)")


def _thin(sizes: Sequence[int]) -> list[float]:
    """Return up to nine sizes to label: the largest, and those far enough below it."""
    kept: list[float] = []
    for size in sorted(sizes, reverse=True):
        if not kept or kept[-1] / size >= 1.6:
            kept.append(float(size))
    return kept[:9]


def _set_accuracy(axes: Axes) -> None:
    axes.set_ylim(-0.03, 1.04)
    axes.set_ylabel("accuracy (share right, 0 to 1)")
    axes.grid(axis="y")


def _draw_level(axes: Axes, level: ArmResult, task: Task | None) -> EndLabel:
    family = family_of(level.arm)
    axes.axhline(level.rate.rate, color=SOFT[family], linewidth=1.6)
    name = name_arm(level.arm, task)
    return EndLabel(level.rate.rate, f"{name} {level.rate.rate:.2f}", COLOURS[family])


def _draw_bar(axes: Axes, crossing: Crossover, task: Task | None) -> EndLabel:
    """Draw the bar that the curve must pass, where the best prompt has no line."""
    family = family_of(crossing.best_prompt)
    axes.axhline(crossing.bar, color=SOFT[family], linewidth=1.6)
    name = name_arm(crossing.best_prompt, task)
    return EndLabel(crossing.bar, f"{name} ≤ {crossing.bar:.2f}", COLOURS[family])


def _shade_interval(
    axes: Axes, levels: Sequence[ArmResult], crossing: Crossover | None
) -> None:
    """Shade the interval of the best prompt: n* is where the curve leaves it upwards."""
    for level in levels:
        if crossing is not None and level.arm == crossing.best_prompt:
            colour = SOFT[family_of(level.arm)]
            axes.axhspan(
                level.rate.low, level.rate.high, color=colour, alpha=0.3, linewidth=0
            )


def _draw_curve(axes: Axes, curve: _Curve, *, seeds: bool) -> EndLabel:
    """Draw a mean line, with its seeds as points if asked, and return its label."""
    family = family_of(curve.arm)
    if seeds:
        axes.plot(
            [p.n for p in curve.points], [p.accuracy for p in curve.points], "o",
            color=SOFT[family], markersize=3.5, clip_on=False,
        )  # fmt: skip
    axes.plot(
        [r.n for r in curve.rows], [r.mean for r in curve.rows],
        color=COLOURS[family], marker=MARKERS[family], clip_on=False,
        linestyle="--" if family == "rival" else "-",
        markerfacecolor=CARD if family == "rival" else COLOURS[family],
    )  # fmt: skip
    last = curve.rows[-1].mean
    return EndLabel(last, f"{curve.name} {last:.2f}", COLOURS[family])


def _mark_crossing(axes: Axes, x: float, y: float, text: str) -> None:
    """Mark where a curve meets a level, with a line down to the axis."""
    axes.plot([x, x], [axes.get_ylim()[0], y], color=INK, linewidth=1.0, linestyle=":")
    axes.plot(
        x, y, "o", color=INK, markersize=9, markerfacecolor="none", markeredgewidth=1.5
    )
    axes.annotate(
        text, (x, y), xytext=(-7, 7), textcoords="offset points", ha="right",
        size=SMALL_SIZE, weight="bold", color=INK,
    )  # fmt: skip


def _check_live(points: Sequence[CurvePoint], live: Sequence[CurvePoint]) -> None:
    """Raise ValueError for live points of a test that is not drawn."""
    if {(p.task, p.test) for p in live} - {(p.task, p.test) for p in points}:
        raise ValueError("The live points are of another test: use select_points first.")


def _mark_live(axes: Axes, point: CurvePoint) -> None:
    """Mark the reader's own point, its label on the side that has room."""
    axes.plot(
        point.n, point.accuracy, "*", color=INK, markersize=15, markerfacecolor=CARD,
        markeredgewidth=1.5, zorder=6, clip_on=False,
    )  # fmt: skip
    left, right = axes.get_xlim()
    to_left = point.n > (left * right) ** 0.5
    axes.annotate(
        f"yours: {point.accuracy:.2f}", (point.n, point.accuracy),
        xytext=(-10 if to_left else 10, 0), textcoords="offset points",
        ha="right" if to_left else "left", va="center",
        size=SMALL_SIZE, weight="bold", color=INK, zorder=6,
        bbox={"facecolor": CARD, "edgecolor": "none", "pad": 1, "alpha": 0.85},
    )  # fmt: skip


def _describe_live(point: CurvePoint) -> str:
    return f"Measured here and now: {point.accuracy:.2f} with {point.n} pairs."


def _tabulate_live(point: CurvePoint) -> tuple[str, ...]:
    return (
        f"{point.arm}, here and now",
        str(point.n),
        f"{point.accuracy:.3f}",
        "–",
        "–",
        "1",
    )


def _describe_curves(
    curves: Sequence[_Curve],
    levels: Sequence[ArmResult] = (),
    task: Task | None = None,
) -> str:
    parts = []
    for curve in curves:
        listed = ", ".join(f"{row.mean:.2f} at {row.n}" for row in curve.rows)
        parts.append(f"{curve.name}: {listed}.")
    for level in levels:
        name = name_arm(level.arm, task)
        parts.append(f"{name}: {level.rate.rate:.2f} throughout.")
    return f"Accuracy against number of training pairs. {' '.join(parts)}"


def _tabulate_curves(curves: Sequence[_Curve]) -> tuple[tuple[str, ...], ...]:
    return tuple(
        (
            curve.name,
            str(r.n),
            f"{r.mean:.3f}",
            f"{r.low:.3f}",
            f"{r.high:.3f}",
            str(r.seeds),
        )
        for curve in curves
        for r in curve.rows
    )


def _tabulate_level(level: ArmResult, task: Task | None) -> tuple[str, ...]:
    name = name_arm(level.arm, task)
    return name, "–", f"{level.rate.rate:.3f}", "–", "–", "–"


# ── What a prompt is worth ─────────────────────────────────────────────────────────────


@styled
def draw_prompt_worth(
    points_with: Sequence[CurvePoint], points_without: Sequence[CurvePoint]
) -> Drawing:
    """Draw two learning curves and the band between them: a prompt's worth in pairs.

    The curves are of one test, tuned with the prompt and without it. The title gives the
    mean over seeds of `prompt_worth_by_seed`, and its range. Raises ValueError when
    either has no point, they are of several tests, or no seed's curves share a window.
    """
    curves = _group_curves([*points_with, *points_without], _find_task(points_with))
    worths = [w.pairs for w in prompt_worth_by_seed(points_with, points_without)]
    if len(curves) != 2 or not worths:
        raise ValueError("A prompt's worth needs a curve with it and one without it.")
    title = _title_worth(worths)
    figure = new_card(
        title,
        subtitle=_describe_test(points_with, _find_task(points_with)),
        height=3.1,
    )
    axes = figure.subplots()
    _set_pairs(axes, [p.n for p in (*points_with, *points_without)])
    _set_accuracy(axes)
    for curve in curves:
        _draw_curve(axes, curve, seeds=True)
    _fill_between(axes, *curves)
    label_ends(figure, [(axes, [_label_end(curve) for curve in curves])])
    return Drawing(
        title=title,
        note="Worth: the area between the curves over the accuracies that both reach, "
        "divided by the height of that window: how many pairs more the curve without the "
        "prompt needs, on average (Le Scao & Rush, 2021). Computed seed by seed. The "
        "area is taken on a plain axis of pairs, not on this logarithmic one.",
        description=f"{_describe_curves(curves)} Worth by seed, in pairs: "
        f"{', '.join(f'{worth:.0f}' for worth in worths)}.",
        columns=("arm", "pairs", "mean accuracy", "worst seed", "best seed", "seeds"),
        rows=_tabulate_curves(curves),
        figure=figure,
    )


def _title_worth(worths: Sequence[float]) -> str:
    mean, low, high = sum(worths) / len(worths), min(worths), max(worths)
    text = f"The prompt is worth {_signed(mean)} pairs on average"
    if low < 0 < high:
        return f"{text}; seeds disagree on the sign ({_signed(low)} to {_signed(high)})"
    return f"{text}, {_signed(low)} to {_signed(high)} by seed"


def _signed(number: float) -> str:
    """Return a whole number with the typographic minus sign."""
    return f"{number:.0f}".replace("-0", "0").replace("-", "−")


def _label_end(curve: _Curve) -> EndLabel:
    last = curve.rows[-1].mean
    return EndLabel(last, f"{curve.name} {last:.2f}", COLOURS[family_of(curve.arm)])


def _fill_between(axes: Axes, one: _Curve, other: _Curve) -> None:
    """Shade what lies between two curves: from one along, along the other back."""
    last = min(one.rows[-1].n, other.rows[-1].n)
    there = [(row.n, row.mean) for row in one.rows if row.n <= last]
    back = [(row.n, row.mean) for row in reversed(other.rows) if row.n <= last]
    x, y = zip(*there, *back, strict=True)
    axes.fill(x, y, color=SOFT["both"], alpha=0.35, linewidth=0, zorder=0.8)
