"""Figures of an adapter: what LoRA adds, how runs compare, what tuning changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from prompt_or_tune.figures.drawing import (
    LABEL_SIZE,
    MARGIN,
    SMALL_SIZE,
    TITLE_SIZE,
    WIDTH,
    Drawing,
    balance,
    bare_axes,
    new_card,
    settle,
    shorten,
    show_whitespace,
    spread,
    styled,
    text_width,
)
from prompt_or_tune.records import EpochRecord
from prompt_or_tune.show.palette import BAND, COLOURS, FAINT, INK, MUTED, SOFT

if TYPE_CHECKING:
    from prompt_or_tune.prediction import TokenChange

_BASE, _TUNED = COLOURS["base"], COLOURS["tuned"]

# ── What LoRA adds ─────────────────────────────────────────────────────────────────────

_SIDE = 1.75  # inches, the longer side of W
_THINNEST = 0.05  # inches; a thinner strip would not be seen


@styled
def draw_low_rank(width_in: int, width_out: int, rank: int) -> Drawing:
    """Draw a frozen weight matrix and, to scale beside it, the two that LoRA trains.

    Raises ValueError for a size below 1.
    """
    if min(width_in, width_out, rank) < 1:
        raise ValueError("Widths and the rank of a layer must be at least 1.")
    frozen, trained = width_in * width_out, rank * (width_in + width_out)
    title = (
        f"Beside {_group(frozen)} frozen weights, LoRA trains {_group(trained)}: "
        f"{trained / frozen:.1%} at rank {rank}"
    )
    height = _SIDE + 0.72
    figure = new_card(title, height=height)
    _draw_product(bare_axes(figure, height), width_in, width_out, rank)
    return Drawing(
        title=title,
        note="Drawn to scale: rows are the layer’s outputs, columns its inputs. B·A has "
        "W’s size but only the rank r; B starts at zero, so at first nothing changes.",
        description=f"Three rectangles. W, {width_out} by {width_in}, is frozen. "
        f"Added to it is α/r times B, {width_out} by {rank}, times A, {rank} by "
        f"{width_in}; both are trained.",
        columns=("matrix", "rows", "columns", "numbers", "state"),
        rows=(
            ("W", str(width_out), str(width_in), _group(frozen), "frozen"),
            ("B", str(width_out), str(rank), _group(rank * width_out), "trained"),
            ("A", str(rank), str(width_in), _group(rank * width_in), "trained"),
        ),
        figure=figure,
    )


def _draw_product(axes: Axes, width_in: int, width_out: int, rank: int) -> None:
    """Draw W + α/r · B · A as rectangles to scale."""
    inch = _SIDE / max(width_in, width_out)
    across, down = width_in * inch, width_out * inch
    thin = max(rank * inch, _THINNEST)
    middle = 0.30 + _SIDE / 2
    parts = (
        ("W", across, down, f"{width_out} × {width_in}", _BASE, "frozen"),
        ("B", thin, down, f"{width_out} × {rank}", _TUNED, "trained"),
        ("A", across, thin, f"{rank} × {width_in}", _TUNED, "trained"),
    )
    places = _place_parts(across, thin)
    for (name, wide, high, size, colour, state), x in zip(parts, places, strict=True):
        _draw_matrix(axes, x, middle, wide, high, colour, filled=state == "trained")
        centre = x + wide / 2
        axes.text(
            centre, middle - high / 2 - 0.13, name,
            ha="center", va="center", size=LABEL_SIZE, weight="bold", color=colour,
        )  # fmt: skip
        for row, line in enumerate((size, state)):
            axes.text(
                centre, middle + high / 2 + 0.15 + 0.18 * row, line,
                ha="center", va="center", size=SMALL_SIZE, color=MUTED,
            )  # fmt: skip
    _write_sign(axes, places[0] + across, places[1], middle, "+  α/r ·")
    _write_sign(axes, places[1] + thin, places[2], middle, "·")


def _group(number: int) -> str:
    """Return a number with thin spaces between its thousands."""
    return f"{number:,}".replace(",", "\u202f")


def _place_parts(across: float, thin: float) -> tuple[float, float, float]:
    """Return where W, B and A begin, the whole sum centred on the card."""
    plus, times = 0.95, 0.55
    whole = across + plus + max(thin, 0.3) + times + across
    start = (WIDTH - whole) / 2
    second = start + across + plus
    return start, second, second + thin + times


def _draw_matrix(
    axes: Axes, x: float, middle: float, wide: float, high: float, colour: str, *,
    filled: bool,
) -> None:  # fmt: skip
    axes.add_patch(
        _rectangle(x, middle - high / 2, wide, high, colour if filled else BAND, colour)
    )


def _rectangle(
    x: float, y: float, wide: float, high: float, fill: str, edge: str
) -> Rectangle:
    return Rectangle((x, y), wide, high, facecolor=fill, edgecolor=edge, linewidth=1.2)


def _write_sign(axes: Axes, left: float, right: float, y: float, sign: str) -> None:
    axes.text(
        (left + right) / 2, y, sign,
        ha="center", va="center", size=LABEL_SIZE, color=INK,
    )  # fmt: skip


# ── Runs side by side ──────────────────────────────────────────────────────────────────


@styled
def draw_traces(
    title: str,
    runs: Mapping[str, Sequence[EpochRecord]],
    reference: Sequence[EpochRecord] = (),
) -> Drawing:
    """Draw the traces of several runs side by side, on the same scales of loss and share.

    `title` is the message; `runs` maps a short name to a trace. A reference trace stands
    faint behind each. Raises ValueError without runs, or for an empty trace.
    """
    if not runs or not all(runs.values()):
        raise ValueError("There is no epoch to draw: every run needs at least one.")
    figure = new_card(title, height=3.7)
    panels = figure.subplots(2, len(runs), sharey="row", sharex="col", squeeze=False)
    _draw_panels(panels, runs, reference)
    settle(figure)
    _name_shares(panels[1, -1], list(runs.values())[-1])
    return Drawing(
        title=title,
        note="Above: the loss on the training pairs. Below: thick, held-out answers that "
        "are exactly right; thin, training tokens predicted right."
        + (" Dotted: the illustrative trace that articles print." if reference else ""),
        description="Two rows of line charts, one column per run. "
        + " ".join(_describe_run(name, trace) for name, trace in runs.items()),
        columns=("run", "epoch", "loss (nats)", "token accuracy", "accuracy (exact)"),
        rows=tuple(
            (name, str(e.epoch), f"{e.loss:.3f}", f"{e.token_accuracy:.2f}",
             _show_share(e.accuracy))
            for name, trace in runs.items()
            for e in trace
        ),
        figure=figure,
    )  # fmt: skip


def _draw_panels(
    panels: Any,
    runs: Mapping[str, Sequence[EpochRecord]],
    reference: Sequence[EpochRecord],
) -> None:
    """Draw a column per run: its losses above, its shares below."""
    highest = max(e.loss for trace in (*runs.values(), reference) for e in trace)
    for column, (name, trace) in enumerate(runs.items()):
        upper, lower = panels[:, column]
        _draw_losses(upper, trace, reference, highest)
        _draw_shares(lower, trace, reference)
        lines = balance(name, (WIDTH - 1) / len(runs), size=LABEL_SIZE, weight="bold")
        upper.set_title("\n".join(lines))
        lower.set_xlabel("epoch")
    panels[0, 0].set_ylabel("loss (nats)")
    panels[1, 0].set_ylabel("share right")


def _show_share(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.2f}"


def _draw_losses(
    axes: Axes,
    trace: Sequence[EpochRecord],
    reference: Sequence[EpochRecord],
    highest: float,
) -> None:
    axes.set_ylim(-0.04 * highest, highest * 1.08)
    axes.grid(axis="y")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5, integer=True, min_n_ticks=1))
    if reference:
        _plot_faintly(axes, reference, [e.loss for e in reference])
    _plot(axes, trace, [e.loss for e in trace])


def _draw_shares(
    axes: Axes, trace: Sequence[EpochRecord], reference: Sequence[EpochRecord]
) -> None:
    axes.set_ylim(-0.05, 1.07)
    axes.grid(axis="y")
    if reference:
        shares = [
            e.token_accuracy if e.accuracy is None else e.accuracy for e in reference
        ]
        _plot_faintly(axes, reference, shares)
    epochs = [e.epoch for e in trace]
    axes.plot(
        epochs, [e.token_accuracy for e in trace], color=SOFT["tuned"], linewidth=1.3
    )
    measured = [e for e in trace if e.accuracy is not None]
    _plot(axes, measured, [e.accuracy for e in measured if e.accuracy is not None])


def _plot(axes: Axes, trace: Sequence[EpochRecord], values: Sequence[float]) -> None:
    marker = "o" if len(trace) <= 10 else ""
    axes.plot([e.epoch for e in trace], values, color=_TUNED, marker=marker, markersize=4)


def _plot_faintly(
    axes: Axes, trace: Sequence[EpochRecord], values: Sequence[float]
) -> None:
    axes.plot([e.epoch for e in trace], values, color=FAINT, linestyle=":", linewidth=1.6)


def _name_shares(axes: Axes, trace: Sequence[EpochRecord]) -> None:
    """Name the thick and the thin line at their ends in the last panel."""
    last = trace[-1]
    ends = [(last.token_accuracy, "tokens", MUTED)]
    if last.accuracy is not None:
        ends.append((last.accuracy, "exact", _TUNED))
    lines = spread([y - 0.1 if y > 0.5 else y + 0.1 for y, _, _ in ends], 0.15, 0, 1)
    for (_, text, colour), y in zip(ends, lines, strict=True):
        axes.text(
            last.epoch, y, text,
            ha="right", va="center", size=SMALL_SIZE, color=colour,
        )  # fmt: skip


def _describe_run(name: str, trace: Sequence[EpochRecord]) -> str:
    first, last = trace[0], trace[-1]
    return (
        f"{name}: over {len(trace)} epochs the loss goes from {first.loss:.2f} to "
        f"{last.loss:.2f}, the token accuracy from {first.token_accuracy:.2f} to "
        f"{last.token_accuracy:.2f}, the exact accuracy from "
        f"{_show_share(first.accuracy)} to {_show_share(last.accuracy)}."
    )


# ── What tuning changed ────────────────────────────────────────────────────────────────

MOST_CHANGES = 18  # tokens that are drawn; more would not be legible
_ROW = 0.34  # inches


@styled
def draw_token_changes(prompt: str, changes: Sequence[TokenChange]) -> Drawing:
    """Draw the probability that base and tuned model give each token of an answer.

    Of a long answer the first `MOST_CHANGES` tokens are drawn; the table has them all.
    Raises ValueError when there is no token.
    """
    if not changes:
        raise ValueError("There is no token to draw: the answer is empty.")
    shown = changes[:MOST_CHANGES]
    title = _title_changes(prompt, changes)
    height = 0.78 + len(shown) * _ROW * 0.72 + 0.2
    figure = new_card(title, height=height)
    _draw_changes(figure.subplots(), shown)
    _name_models(figure)
    return Drawing(
        title=title,
        note="Each row is a token of the answer, in order; ␣ is a space. "
        "Both models read the same text, and say before each token how probable it is; "
        "far is more than 0.5."
        + (f" The first {MOST_CHANGES} of {len(changes)} tokens are drawn."
           if len(changes) > MOST_CHANGES else ""),
        description="A row per token with two marks: "
        + "; ".join(
            f"“{show_whitespace(c.token)}” base {c.base:.2f}, tuned {c.tuned:.2f}"
            for c in shown
        )
        + ".",
        columns=("token", "base: probability", "tuned: probability", "KL (nats)"),
        rows=tuple(
            (show_whitespace(c.token), f"{c.base:.4f}", f"{c.tuned:.4f}",
             f"{c.divergence:.3f}")
            for c in changes
        ),
        figure=figure,
    )  # fmt: skip


def _draw_changes(axes: Axes, shown: Sequence[TokenChange]) -> None:
    """Draw a row per token: both probabilities, and a line between them."""
    rows = range(len(shown))
    for row, change in zip(rows, shown, strict=True):
        axes.plot([change.base, change.tuned], [row, row], color=FAINT, linewidth=1.4)
    for family, values in (
        ("base", [c.base for c in shown]),
        ("tuned", [c.tuned for c in shown]),
    ):
        axes.plot(
            values, rows, "o" if family == "tuned" else "s",
            color=_TUNED if family == "tuned" else _BASE, label=f"{family} model",
            markersize=7 if family == "tuned" else 5.5, clip_on=False, zorder=3,
        )  # fmt: skip
    axes.set_yticks(list(rows), [show_whitespace(change.token) for change in shown])
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.set_xlim(-0.02, 1.02)
    axes.set_xlabel("probability of the token, given all before it (0 to 1)")
    axes.tick_params(axis="y", length=0, labelcolor=INK)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")
    axes.set_title(" ")  # keeps room for the names of the models


def _title_changes(prompt: str, changes: Sequence[TokenChange]) -> str:
    moves = [change.tuned - change.base for change in changes]
    gains, losses = (sum(sign * move > 0.5 for move in moves) for sign in (1, -1))
    return (
        f"“{shorten(prompt, 4, size=TITLE_SIZE)}”: of {len(changes)} tokens tuning makes "
        f"{gains} far likelier and {losses} far less likely"
    )


def _name_models(figure: Figure) -> None:
    """Write which mark is which model above the axes, in their colours."""
    settle(figure)
    axes = figure.axes[0]
    box = axes.get_position()
    x = box.x0
    for name, colour, mark in (("base model", _BASE, "■"), ("tuned model", _TUNED, "●")):
        text = f"{mark} {name}"
        figure.text(x, box.y1 + 0.008, text, size=SMALL_SIZE, color=colour, weight="bold")
        x += (text_width(text, SMALL_SIZE, "bold") + 2 * MARGIN) / WIDTH
