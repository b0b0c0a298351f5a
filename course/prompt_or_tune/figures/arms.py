"""Figures of arms: what each got right on a test, and the result of all three tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from matplotlib.axes import Axes

from prompt_or_tune.decision.arms import family_of, title_of
from prompt_or_tune.decision.arms.arm import Family
from prompt_or_tune.decision.tasks import find_task
from prompt_or_tune.decision.tasks.task import Task
from prompt_or_tune.figures.drawing import (
    LABEL_SIZE,
    MARKERS,
    SMALL_SIZE,
    WIDTH,
    Drawing,
    balance,
    format_count,
    new_card,
    settle,
    shorten,
    styled,
)
from prompt_or_tune.lexicon import capitalise
from prompt_or_tune.show.palette import BAND, CARD, COLOURS, INK, MUTED, SOFT

if TYPE_CHECKING:
    from prompt_or_tune.decision.results import ArmResult
    from prompt_or_tune.decision.verdict import Verdict

_ROW = 0.285  # inches


def name_arm(arm: str, task: Task | None = None) -> str:
    """Return what figures call an arm: the task's own title for it, if it has one."""
    return task.title_of(arm) if task is not None else title_of(arm)


def find_course_task(name: str) -> Task | None:
    """Return one of the course's tasks, None for a reader's own."""
    try:
        return find_task(name)
    except ValueError:
        return None


# ── One task ───────────────────────────────────────────────────────────────────────────


@styled
def draw_arms(
    results: Sequence[ArmResult],
    *,
    task: Task | None = None,
    winner: str | None = None,
) -> Drawing:
    """Draw what each arm got right on one test, with its interval and tokens per query.

    `winner` is the arm to bring forward. Raises ValueError when there is no result, or
    the results are of several tests.
    """
    tests = {(result.task, result.test) for result in results}
    if len(tests) != 1:
        raise ValueError(
            f"One test's results can be drawn at a time; here are {len(tests)}."
        )
    task = task or find_course_task(results[0].task)
    title = _title_arms(results, task, winner)
    subtitle = f"{results[0].test}, {results[0].rate.n} queries"
    figure = new_card(title, subtitle=subtitle, height=len(results) * _ROW + 0.85)
    left, right = figure.subplots(1, 2, width_ratios=(3, 1.6))
    _set_rows(left, [_label_row(r.arm, task, r.arm == winner) for r in results])
    _set_rows(right, [(r.arm, INK, False) for r in results], named=False)
    _draw_accuracies(left, results, winner)
    _draw_tokens(right, results)
    for axes in (left, right):
        _mark_row(axes, [r.arm for r in results], winner)
    settle(figure)
    return Drawing(
        title=title,
        note="Dots: share of right answers, on its 95 % Wilson interval. Tokens: prompt "
        "and answer, mean per query. Hollow: rivals without a model, shown to compare "
        "with and never chosen.",
        description=_describe_arms(results, task),
        columns=("arm", "accuracy", "95 % interval", "tokens per query", "labelled pairs",
                 "right form", "chosen on development data"),
        rows=tuple(_tabulate_arm(result, task) for result in results),
        figure=figure,
    )  # fmt: skip


def _title_arms(
    results: Sequence[ArmResult], task: Task | None, winner: str | None
) -> str:
    able = [r for r in results if family_of(r.arm) != "rival"] or results
    best = max(able, key=lambda r: r.rate.rate)
    chosen = next((r for r in results if r.arm == winner), best)
    title = task.title if task is not None else results[0].task
    text = f"{title}: {name_arm(chosen.arm, task)} "
    text += "wins with" if winner else "is right most often, with"
    text += f" {chosen.rate.rate:.2f}"
    rivals = [r for r in results if _side(r.arm) != _side(chosen.arm) and _side(r.arm)]
    if not rivals:
        return text
    rival = max(rivals, key=lambda r: r.rate.rate)
    return f"{text}; the best {_side(rival.arm)} arm has {rival.rate.rate:.2f}"


def _side(arm: str) -> str:
    """Return on which side of the course's question an arm stands, if on one."""
    sides = {"prompted": "prompting", "base": "prompting", "tuned": "tuned"}
    return sides.get(family_of(arm), "")


def _label_row(arm: str, task: Task | None, bold: bool) -> tuple[str, str, bool]:
    name = shorten(name_arm(arm, task), 2.1, size=SMALL_SIZE)
    return name, COLOURS[family_of(arm)], bold


def _set_rows(
    axes: Axes, labels: Sequence[tuple[str, str, bool]], *, named: bool = True
) -> None:
    """Give each row its name (text, colour, bold), from the top down."""
    axes.set_ylim(len(labels) - 0.45, -0.55)
    if not named:
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        return
    axes.set_yticks(range(len(labels)), [text for text, _, _ in labels])
    for tick, (_, colour, bold) in zip(axes.get_yticklabels(), labels, strict=True):
        tick.set_color(colour)
        tick.set_fontweight("bold" if bold else "normal")
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


def _set_shares(axes: Axes) -> None:
    """Set the x axis to shares, with lines to read them by."""
    axes.set_xlim(-0.02, 1.02)
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "", "0.5", "", "1"])
    axes.grid(axis="x")


def _draw_accuracies(
    axes: Axes, results: Sequence[ArmResult], winner: str | None
) -> None:
    _set_shares(axes)
    axes.set_xlabel("share right (0 to 1)")
    axes.set_title("Accuracy")
    for row, result in enumerate(results):
        _draw_interval(axes, row, result)
        axes.text(
            1.02, row, f" {result.rate.rate:.2f}", transform=axes.get_yaxis_transform(),
            va="center_baseline", size=SMALL_SIZE, color=INK,
            weight="bold" if result.arm == winner else "normal",
        )  # fmt: skip


def _draw_interval(axes: Axes, row: float, result: ArmResult) -> None:
    """Draw a rate on its interval; arms without a model are hollow."""
    family, rate = family_of(result.arm), result.rate
    axes.plot(
        [rate.low, rate.high], [row, row], color=SOFT[family], linewidth=7,
        solid_capstyle="butt",
    )  # fmt: skip
    axes.plot(
        rate.rate, row, marker=MARKERS[family], color=COLOURS[family], markersize=5,
        markerfacecolor=CARD if family == "rival" else COLOURS[family],
        markeredgewidth=1.3, clip_on=False,
    )  # fmt: skip


def _draw_tokens(axes: Axes, results: Sequence[ArmResult]) -> None:
    tokens = [r.prompt_tokens + r.response_tokens for r in results]
    axes.set_xlim(0, max([*tokens, 1]) * 1.3)
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    axes.set_xlabel("tokens per query", loc="left")
    axes.set_title("Price")
    for row, (result, count) in enumerate(zip(results, tokens, strict=True)):
        family = family_of(result.arm)
        axes.barh(row, count, 0.42, color=SOFT[family])
        text = f" {format_count(count)}" if count else " no model"
        axes.text(
            count, row, text, va="center_baseline", size=SMALL_SIZE,
            color=INK if count else MUTED,
        )  # fmt: skip


def _mark_row(axes: Axes, arms: Sequence[str], winner: str | None) -> None:
    """Lay a band behind the winner's row."""
    if winner in arms:
        row = arms.index(winner)
        axes.axhspan(row - 0.46, row + 0.46, color=BAND, zorder=0, linewidth=0)


def _describe_arms(results: Sequence[ArmResult], task: Task | None) -> str:
    listed = "; ".join(
        f"{name_arm(r.arm, task)} {r.rate.rate:.2f} "
        f"({r.rate.low:.2f} to {r.rate.high:.2f}), {_state_tokens(r)}"
        for r in results
    )
    return (
        f"A row per arm on the test “{results[0].test}”: accuracy with its 95 % interval "
        f"and tokens per query. {listed}."
    )


def _state_tokens(result: ArmResult) -> str:
    tokens = result.prompt_tokens + result.response_tokens
    return f"{format_count(tokens)} tokens" if tokens else "no model"


def _tabulate_arm(result: ArmResult, task: Task | None) -> tuple[str, ...]:
    rate, form = result.rate, result.form_rate
    return (
        name_arm(result.arm, task),
        f"{rate.rate:.3f}",
        f"{rate.low:.3f} to {rate.high:.3f}",
        f"{result.prompt_tokens + result.response_tokens:.1f}",
        str(result.labels),
        f"{form.rate:.3f}" if form else "–",
        result.knobs or "–",
    )


# ── The result of the three tasks ──────────────────────────────────────────────────────


@styled
def draw_results(results: Sequence[ArmResult], verdicts: Sequence[Verdict]) -> Drawing:
    """Draw the accuracy of every arm on every task: the course's result in one figure.

    The panels are the decisive tests of the tasks that were judged. Raises ValueError
    when there are no results of any.
    """
    winners = {verdict.task: verdict.recommendation.arm for verdict in verdicts}
    panels = _decisive_tests(results, list(winners))
    by_panel = {
        panel: [r for r in results if (r.task, r.test) == panel] for panel in panels
    }
    if not panels:
        raise ValueError("There are no results of any task to draw: measure it first.")
    arms = list(dict.fromkeys(r.arm for found in by_panel.values() for r in found))
    arms.sort(key=_place_arm)
    title = _title_results(winners, [task for task, _ in panels])
    figure = new_card(title, height=len(arms) * _ROW + 1.3)
    row_of_axes = figure.subplots(1, len(panels), squeeze=False)[0]
    for index, axes in enumerate(row_of_axes):
        _set_rows(axes, [_label_row(arm, None, False) for arm in arms], named=not index)
        _draw_panel(axes, by_panel[panels[index]], arms, winners.get(panels[index][0]))
    _head_panels(row_of_axes, panels)
    settle(figure)
    return Drawing(
        title=title,
        note="Dots: share of right answers on queries never trained on, on 95 % Wilson "
        "intervals. Shaded: the winner, the cheapest arm among those not significantly "
        f"below the best. Hollow: no model. {_explain_titles(list(winners))}".rstrip(),
        description=_describe_results(by_panel, winners),
        columns=("task", "test", "arm", "accuracy", "95 % interval", "tokens per query"),
        rows=tuple(
            _tabulate_result(result) for found in by_panel.values() for result in found
        ),
        figure=figure,
    )


def _tabulate_result(result: ArmResult) -> tuple[str, ...]:
    rate = result.rate
    return (
        _name_task(result.task),
        result.test,
        name_arm(result.arm, find_course_task(result.task)),
        f"{rate.rate:.3f}",
        f"{rate.low:.3f} to {rate.high:.3f}",
        f"{result.prompt_tokens + result.response_tokens:.1f}",
    )


def _explain_titles(tasks: Sequence[str]) -> str:
    """Return what a task calls an arm whose row has the general name."""
    parts = [
        f"In {_in_sentence(task.title)}, {name_arm(arm)} is {title}."
        for task in map(find_course_task, tasks)
        if task is not None
        for arm, title in task.own_titles.items()
        if name_arm(arm) not in title
    ]
    return " ".join(parts)


def _decisive_tests(
    results: Sequence[ArmResult], tasks: Sequence[str]
) -> list[tuple[str, str]]:
    """Return the decisive tests that were measured, task by task."""
    found = []
    for name in tasks:
        task = find_course_task(name)
        tests = dict.fromkeys(r.test for r in results if r.task == name)
        found += [(name, t) for t in tests if task is None or t in task.decisive]
    return found


_FAMILY_ORDER: tuple[Family, ...] = ("base", "prompted", "tuned", "both", "rival")


def _place_arm(arm: str) -> int:
    """Return an arm's place in the figure: from the bare prompt to the rivals."""
    return _FAMILY_ORDER.index(family_of(arm))


def _name_task(name: str) -> str:
    task = find_course_task(name)
    return task.title if task is not None else name


def _head_panels(axes: Sequence[Axes], panels: Sequence[tuple[str, str]]) -> None:
    """Write each task's title once above its panels, and below it what the test is."""
    tasks = [task for task, _ in panels]
    width = (WIDTH - 1.85) / len(panels)
    for index, (task, test) in enumerate(panels):
        first, span = tasks.index(task) == index, tasks.count(task)
        titles = balance(_name_task(task), width * span, size=SMALL_SIZE, weight="bold")
        tests = balance(test, width, size=SMALL_SIZE) if span > 1 else []
        axes[index].set_title("\n" * 2, size=SMALL_SIZE, pad=12)  # room for three lines
        heads = [(line, "bold", INK) for line in titles] if first else []
        below = [(line, "normal", MUTED) for line in tests]
        for number, (line, weight, colour) in enumerate(
            heads + below, 0 if first else len(titles)
        ):
            _write_head(axes[index], line, number, weight, colour)


def _write_head(axes: Axes, line: str, number: int, weight: str, colour: str) -> None:
    """Write one of three lines of a heading, without widening the panel for it."""
    head = axes.annotate(
        line, (0, 1), xycoords="axes fraction", xytext=(0, 8 + 13 * (2 - number)),
        textcoords="offset points", size=SMALL_SIZE, weight=weight, color=colour,
    )  # fmt: skip
    head.set_in_layout(False)


def _draw_panel(
    axes: Axes, results: Sequence[ArmResult], arms: Sequence[str], winner: str | None
) -> None:
    """Draw one test: a row per arm of any test, empty where this one has none."""
    _set_shares(axes)
    axes.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
    axes.set_xlabel("share right", size=SMALL_SIZE)
    _mark_row(axes, arms, winner)
    for result in results:
        _draw_interval(axes, arms.index(result.arm), result)
        if result.arm == winner:
            _write_value(axes, arms.index(result.arm), result)


def _write_value(axes: Axes, row: int, result: ArmResult) -> None:
    """Write a rate beside its interval, on the side that has room."""
    rate = result.rate
    to_left = rate.rate > 0.5
    axes.annotate(
        f"{rate.rate:.2f}", (rate.low if to_left else rate.high, row),
        xytext=(-5 if to_left else 5, 0), textcoords="offset points",
        ha="right" if to_left else "left", va="center_baseline",
        size=LABEL_SIZE, weight="bold", color=COLOURS[family_of(result.arm)],
    )  # fmt: skip


_WAYS: Mapping[Family, str] = {
    "base": "the bare prompt",
    "prompted": "prompting",
    "tuned": "fine-tuning",
    "both": "fine-tuning with a prompt",
    "rival": "no model at all",
}


def _title_results(winners: Mapping[str, str], tasks: Sequence[str]) -> str:
    """Return who wins what, in one sentence."""
    won: dict[str, list[str]] = {}
    for task in dict.fromkeys(tasks):
        if task in winners:
            way = _WAYS[family_of(winners[task])]
            won.setdefault(way, []).append(_in_sentence(_name_task(task)))
    if not won:
        return "No winner is recorded for these tasks"
    parts = [
        f"{way}{'' if index else ' wins'} {_join(names)}"
        for index, (way, names) in enumerate(won.items())
    ]
    return capitalise(_join(parts, ", "))


def _in_sentence(name: str) -> str:
    return f"the {name[4:]}" if name.startswith("The ") else name


def _join(parts: Sequence[str], comma: str = " and ") -> str:
    return (
        comma.join(parts)
        if len(parts) < 3
        else ", ".join(parts[:-1]) + f" and {parts[-1]}"
    )


def _describe_results(
    by_panel: Mapping[tuple[str, str], Sequence[ArmResult]], winners: Mapping[str, str]
) -> str:
    parts = []
    for (name, test), found in by_panel.items():
        task = find_course_task(name)
        listed = ", ".join(
            f"{name_arm(r.arm, task)} {r.rate.rate:.2f}"
            + (" (winner)" if r.arm == winners.get(name) else "")
            for r in found
        )
        parts.append(f"{_name_task(name)}, {test}: {listed}.")
    return f"{len(by_panel)} panels with a dot per arm. {' '.join(parts)}"
