"""The loss of every step as an SVG: drawn in a millisecond, so it can follow a run."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence

from prompt_or_tune.figures.training import running_means
from prompt_or_tune.records import StepRecord
from prompt_or_tune.show.palette import CARD, COLOURS, GRID, INK, MUTED, SOFT

_WIDTH, _HEIGHT = 640, 170
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 12, 22, 34
_MOST_POINTS = 300  # of a line; more can't be told apart at this width


def draw_live_steps(steps: Sequence[StepRecord]) -> str:
    """Return the losses so far over all the steps of the run, as HTML.

    The axis has room for the whole run from the first step on, so that the line grows to
    the right. Raises ValueError when there is no step.
    """
    if not steps:
        raise ValueError("There is no step to draw: the run has not begun.")
    scale = _Scale(steps[-1].steps, _round_up(max(s.loss for s in steps)))
    losses = [step.loss for step in steps]
    means = running_means(losses)
    parts = [
        *_draw_axes(scale),
        *_draw_epochs(scale, steps),
        _draw_line(scale, steps, losses, SOFT["tuned"], 1.2),
        _draw_line(scale, steps, means, COLOURS["tuned"], 2.4),
        _draw_head(scale, steps[-1], means[-1]),
    ]
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" class="live-steps" '
        f'data-steps="{len(steps)}" '
        f'aria-label="{html.escape(_describe(steps, means), quote=True)}" '
        f'style="width:100%;height:auto;display:block;background:{CARD}" '
        f'font-family="DejaVu Sans,sans-serif" font-size="13">{"".join(parts)}</svg>'
    )


class _Scale:
    """Where a step and a loss stand in the picture."""

    def __init__(self, steps: int, top: float) -> None:
        self.steps = steps
        self.top = top

    def x(self, step: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * step / self.steps

    def y(self, loss: float) -> float:
        return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * loss / self.top


def _draw_axes(scale: _Scale) -> list[str]:
    parts = [_text(_LEFT, 14, "loss of each step (nats per token)", INK, "start")]
    for share in (0.0, 0.5, 1.0):
        y = scale.y(share * scale.top)
        parts.append(
            f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" '
            f'stroke="{GRID}"/>'
        )
        parts.append(_text(_LEFT - 6, y + 4, f"{share * scale.top:g}", MUTED, "end"))
    foot = _HEIGHT - _BOTTOM + 16
    parts.append(_text(scale.x(0), foot, "0", MUTED, "middle"))
    name = f"optimiser steps, {scale.steps} in all"
    parts.append(_text(scale.x(scale.steps / 2), foot + 14, name, MUTED, "middle"))
    return parts


def _draw_epochs(scale: _Scale, steps: Sequence[StepRecord]) -> list[str]:
    """Return a thin line after each epoch, and its number below, where there is room."""
    ends = {step.epoch: step.step for step in steps}
    starts = {step.epoch: step.step for step in reversed(steps)}
    if len(ends) > 12:
        return []
    parts = []
    for epoch, end in ends.items():
        if epoch < steps[-1].epoch:
            x = scale.x(end + 0.5)
            parts.append(
                f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" '
                f'y2="{_HEIGHT - _BOTTOM}" stroke="{GRID}" stroke-width="1.5"/>'
            )
        middle = scale.x((starts[epoch] + end) / 2)
        name = f"epoch {epoch}" if len(ends) <= 6 else str(epoch)
        if scale.x(end) - scale.x(starts[epoch]) > 50:
            parts.append(_text(middle, _HEIGHT - _BOTTOM + 16, name, MUTED, "middle"))
    return parts


def _draw_line(
    scale: _Scale,
    steps: Sequence[StepRecord],
    values: Sequence[float],
    colour: str,
    width: float,
) -> str:
    stride = math.ceil(len(steps) / _MOST_POINTS)
    shown = [*range(0, len(steps) - 1, stride), len(steps) - 1]
    points = " ".join(
        f"{scale.x(steps[i].step):.1f},{scale.y(values[i]):.1f}" for i in shown
    )
    return (
        f'<polyline points="{points}" fill="none" stroke="{colour}" '
        f'stroke-width="{width}" stroke-linejoin="round"/>'
    )


def _draw_head(scale: _Scale, step: StepRecord, mean: float) -> str:
    """Return a dot at the line's end with its value beside it."""
    x, y = scale.x(step.step), scale.y(mean)
    near_end = x > _WIDTH - 120
    label = _text(
        x - 8 if near_end else x + 8, y - 6, f"{mean:.2f}", COLOURS["tuned"],
        "end" if near_end else "start",
    )  # fmt: skip
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{COLOURS["tuned"]}"/>{label}'


def _text(x: float, y: float, text: str, colour: str, anchor: str) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}" text-anchor="{anchor}">'
        f"{html.escape(text)}</text>"
    )


def _describe(steps: Sequence[StepRecord], means: Sequence[float]) -> str:
    return (
        f"A line chart of the loss of each step, {len(steps)} of {steps[-1].steps} so "
        f"far. It starts at {steps[0].loss:.2f} nats; the mean of the last steps is "
        f"{means[-1]:.2f}."
    )


def _round_up(value: float) -> float:
    """Return the next 1, 2, 4, 6, 8 or 10 times a power of ten: half of it is round."""
    power = 10.0 ** math.floor(math.log10(max(value, 1e-6)))
    steps = (1, 2, 4, 6, 8, 10)
    return next(f * power for f in steps if value <= f * power * (1 + 1e-9))
