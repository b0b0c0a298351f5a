"""Figures of a tuning run: its trace per epoch and its loss per step."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator

from prompt_or_tune.figures.drawing import (
    SMALL_SIZE,
    Drawing,
    EndLabel,
    label_ends,
    new_card,
    styled,
)
from prompt_or_tune.records import EpochRecord, StepRecord
from prompt_or_tune.show.palette import COLOURS, FAINT, GRID, MUTED, SOFT

_RUN, _SOFT = COLOURS["tuned"], SOFT["tuned"]


@styled
def draw_training_trace(
    trace: Sequence[EpochRecord], reference: Sequence[EpochRecord] = ()
) -> Drawing:
    """Draw loss and accuracy per epoch, a reference trace faint behind.

    The accuracy is exact match on held-out prompts, with the token accuracy thinner
    beside it; a run without held-out pairs shows the token accuracy alone.
    Raises ValueError for an empty trace.
    """
    if not trace:
        raise ValueError("There is no epoch to draw: the run ended before its first one.")
    title = _title_trace(trace, reference)
    figure = new_card(title, height=2.75)
    left, right = figure.subplots(1, 2)
    losses = _draw_loss(left, trace, reference)
    accuracies = _draw_accuracy(right, trace, reference)
    label_ends(figure, [(left, losses), (right, accuracies)])
    return Drawing(
        title=title,
        note="Accuracy (exact) is the share of held-out prompts whose whole generated "
        "answer is right; token accuracy, the number that trainers print, counts single "
        "tokens and is easier."
        + (" Dotted: the illustrative trace that articles print." if reference else ""),
        description=_describe_trace(trace, reference),
        columns=("epoch", "loss (nats)", "token accuracy", "accuracy (exact)",
                 "seconds", "what is observed"),
        rows=tuple(
            (str(e.epoch), f"{e.loss:.2f}", f"{e.token_accuracy:.2f}",
             _rate(e.accuracy), f"{e.seconds:.1f}", e.observation)
            for e in trace
        ),
        figure=figure,
    )  # fmt: skip


def _rate(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.2f}"


def _main_accuracy(epoch: EpochRecord) -> float:
    return epoch.token_accuracy if epoch.accuracy is None else epoch.accuracy


def _title_trace(trace: Sequence[EpochRecord], reference: Sequence[EpochRecord]) -> str:
    first, last = trace[0], trace[-1]
    kind = "token accuracy" if last.accuracy is None else "accuracy"
    way = "falls" if last.loss < first.loss else "does not fall:"
    text = f"Loss {way} from {first.loss:.2f} to {last.loss:.2f}; {kind} ends at "
    text += f"{_main_accuracy(last):.2f}"
    if len(trace) == 1:
        text = f"After one epoch the loss is {last.loss:.2f} and the {kind} "
        text += f"{_main_accuracy(last):.2f}"
    if not reference or last.accuracy is None:
        return text
    end = _main_accuracy(reference[-1])
    side = (
        "above"
        if last.accuracy > end
        else "below"
        if last.accuracy < end
        else "level with"
    )
    return f"{text}, {side} the reference’s {end:.2f}"


def _draw_loss(
    axes: Axes, trace: Sequence[EpochRecord], reference: Sequence[EpochRecord]
) -> list[EndLabel]:
    """Draw the loss and return the labels of the lines."""
    _set_epochs(axes, trace, reference)
    losses = [e.loss for e in (*trace, *reference)]
    axes.set_ylim(-0.04 * max(losses), max(losses) * 1.12)
    axes.set_title("Loss")
    axes.set_ylabel("nats per response token")
    if reference:
        _plot_reference(axes, [e.epoch for e in reference], [e.loss for e in reference])
    axes.plot([e.epoch for e in trace], [e.loss for e in trace], color=_RUN, marker="o")
    labels = [EndLabel(trace[-1].loss, f"{trace[-1].loss:.2f}", _RUN)]
    if reference:
        labels.append(EndLabel(reference[-1].loss, f"{reference[-1].loss:.2f}", MUTED))
    return labels


def _draw_accuracy(
    axes: Axes, trace: Sequence[EpochRecord], reference: Sequence[EpochRecord]
) -> list[EndLabel]:
    """Draw both accuracies and return the labels of the lines."""
    _set_epochs(axes, trace, reference)
    axes.set_ylim(-0.04, 1.06)
    axes.set_title("Accuracy")
    axes.set_ylabel("share right (0 to 1)")
    epochs = [e.epoch for e in trace]
    labels = []
    if reference:
        values = [_main_accuracy(e) for e in reference]
        _plot_reference(axes, [e.epoch for e in reference], values)
        labels.append(EndLabel(values[-1], f"reference {values[-1]:.2f}", MUTED))
    tokens = [e.token_accuracy for e in trace]
    if trace[-1].accuracy is None:
        axes.plot(epochs, tokens, color=_RUN, marker="o")
        labels.append(EndLabel(tokens[-1], f"token {tokens[-1]:.2f}", _RUN))
    else:
        axes.plot(epochs, tokens, color=_SOFT, linewidth=1.3, marker="o", markersize=3.5)
        labels.append(EndLabel(tokens[-1], f"token {tokens[-1]:.2f}", MUTED))
        exact = [(e.epoch, e.accuracy) for e in trace if e.accuracy is not None]
        axes.plot([x for x, _ in exact], [y for _, y in exact], color=_RUN, marker="o")
        labels.append(EndLabel(exact[-1][1], f"exact {exact[-1][1]:.2f}", _RUN))
    return labels


def _set_epochs(
    axes: Axes, trace: Sequence[EpochRecord], reference: Sequence[EpochRecord]
) -> None:
    epochs = [e.epoch for e in (*trace, *reference)]
    axes.set_xlim(min(epochs) - 0.3, max(epochs) + 0.3)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True, min_n_ticks=1))
    axes.set_xlabel("epoch")
    axes.grid(axis="y")


def _plot_reference(axes: Axes, epochs: Sequence[int], values: Sequence[float]) -> None:
    axes.plot(epochs, values, color=FAINT, linestyle=":", marker="o", markersize=4)


def _describe_trace(
    trace: Sequence[EpochRecord], reference: Sequence[EpochRecord]
) -> str:
    """Return loss and accuracy of every epoch, then where the reference ends."""
    losses = ", ".join(f"{e.loss:.2f}" for e in trace)
    tokens = ", ".join(f"{e.token_accuracy:.2f}" for e in trace)
    text = f"Two line charts over {len(trace)} epochs. Loss per epoch: {losses} nats. "
    if trace[-1].accuracy is not None:
        text += f"Exact accuracy: {', '.join(_rate(e.accuracy) for e in trace)}. "
    text += f"Token accuracy: {tokens}."
    if reference:
        end = reference[-1]
        text += (
            f" The reference trace, dotted, ends at loss {end.loss:.2f} "
            f"and accuracy {_main_accuracy(end):.2f}."
        )
    return text


# ── Every step ─────────────────────────────────────────────────────────────────────────


@styled
def draw_step_losses(steps: Sequence[StepRecord]) -> Drawing:
    """Draw the loss of every optimiser step and its running mean, on a log scale.

    Raises ValueError when there is no step.
    """
    if not steps:
        raise ValueError("There is no step to draw: the run has not begun.")
    means = running_means([s.loss for s in steps])
    title = _title_steps(steps, means)
    figure = new_card(title, height=2.9)
    axes = figure.subplots()
    _draw_steps(axes, steps, means)
    _mark_epochs(axes, steps)
    label_ends(figure, [(axes, [EndLabel(means[-1], f"mean {means[-1]:.2g}", _RUN)])])
    return Drawing(
        title=title,
        note="Thin: the loss of each batch. Thick: its running mean. Grey lines end the "
        "epochs. The scale is logarithmic: equal heights are equal ratios.",
        description=f"A line chart of the loss over {len(steps)} optimiser steps. "
        f"It starts at {steps[0].loss:.2f} nats and ends at {steps[-1].loss:.2g}; "
        f"the running mean ends at {means[-1]:.2g}.",
        columns=("step", "epoch", "loss (nats)", "running mean (nats)", "learning rate"),
        rows=tuple(
            (
                str(s.step),
                str(s.epoch),
                f"{s.loss:.4f}",
                f"{m:.4f}",
                f"{s.learning_rate:.2g}",
            )
            for s, m in zip(steps, means, strict=True)
        ),
        figure=figure,
    )


def _draw_steps(axes: Axes, steps: Sequence[StepRecord], means: Sequence[float]) -> None:
    """Draw the loss of every step, thin, and its running mean, thick."""
    numbers = [s.step for s in steps]
    axes.plot(numbers, [s.loss for s in steps], color=_SOFT, linewidth=0.9)
    axes.plot(numbers, means, color=_RUN)
    axes.set_yscale("log")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True, min_n_ticks=1))
    axes.yaxis.set_major_locator(FixedLocator(_choose_ticks([s.loss for s in steps])))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_locator(FixedLocator([]))
    axes.set_ylabel("loss (nats per token, log scale)")
    axes.set_xlabel("optimiser step")
    axes.grid(axis="y")
    axes.set_xlim(min(numbers) - 0.5, max(numbers) + 0.5)


_WINDOW = 16  # steps over which the running mean is taken


def running_means(values: Sequence[float]) -> list[float]:
    """Return the mean of each value with up to 15 values before it."""
    means = []
    for i in range(len(values)):
        recent = values[max(0, i + 1 - _WINDOW) : i + 1]
        means.append(sum(recent) / len(recent))
    return means


def _choose_ticks(losses: Sequence[float]) -> list[float]:
    """Return round losses for a log scale, closer together where the range is small."""
    wide = max(losses) > 30 * max(min(losses), 1e-9)
    digits = (1, 3) if wide else (1, 1.5, 2, 2.5, 3, 4, 5, 7)
    return [digit * 10.0**power for power in range(-6, 3) for digit in digits]


def _title_steps(steps: Sequence[StepRecord], means: Sequence[float]) -> str:
    if means[-1] >= means[0]:
        return f"After {len(steps)} steps the loss has not fallen below its start"
    half = (means[0] + means[-1]) / 2
    there = next(s.step for s, mean in zip(steps, means, strict=True) if mean <= half)
    return f"Half of the fall in loss comes within {there} of {len(steps)} steps"


def _mark_epochs(axes: Axes, steps: Sequence[StepRecord]) -> None:
    """Draw a thin line where each epoch ends, its number above."""
    ends = {s.epoch: s.step for s in steps}
    if len(ends) > 12:
        return
    starts = {s.epoch: s.step for s in reversed(steps)}
    for epoch, end in ends.items():
        if end != steps[-1].step:
            axes.axvline(end + 0.5, color=GRID, linewidth=1.2, zorder=0.5)
        axes.text(
            (starts[epoch] + end) / 2, 1.0,
            f"epoch {epoch}" if len(ends) <= 6 else str(epoch),
            transform=axes.get_xaxis_transform(), ha="center", va="bottom",
            size=SMALL_SIZE, color=MUTED,
        )  # fmt: skip
