"""The history of a prompt: what each wording passed, against what it costs in tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, PercentFormatter

from prompt_or_tune.figures.drawing import LABEL_SIZE, Drawing, new_card, settle, styled
from prompt_or_tune.show.palette import COLOURS, INK, SOFT
from prompt_or_tune.statistics import Rate


class PromptAttempt(Protocol):
    """A template that was tried: what its answers passed, and its tokens per prompt."""

    @property
    def template(self) -> str:
        """Return the template's text."""

    @property
    def rate(self) -> Rate:
        """Return the share of answers that satisfy every rule."""

    @property
    def tokens(self) -> float:
        """Return the mean number of tokens of a prompt."""


@styled
def draw_attempts(attempts: Sequence[PromptAttempt]) -> Drawing:
    """Draw each attempt's pass rate against its tokens per prompt, the last in front.

    Raises ValueError when nothing has been tried.
    """
    if not attempts:
        raise ValueError("There is no attempt to draw: try a template first.")
    title = _title_attempts(attempts)
    figure = new_card(title, height=2.5)
    axes = figure.subplots()
    _set_axes(axes, attempts)
    for attempt in attempts:
        _draw_point(axes, attempt, last=attempt is attempts[-1])
    for places in _group_neighbours(attempts, axes.get_xlim()[1]):
        _label_points(axes, places, attempts)
    settle(figure)
    return Drawing(
        title=title,
        note="Dots: share of answers that pass every rule, on its 95 % Wilson interval. "
        "Tokens: mean per prompt, chat template included. Filled: the last attempt.",
        description="Pass rate against tokens per prompt. "
        + " ".join(
            f"Attempt {i}: {a.rate.successes} of {a.rate.n} with {a.tokens:.1f} tokens."
            for i, a in enumerate(attempts, 1)
        ),
        columns=("attempt", "template", "tokens per prompt", "passed", "95 % interval"),
        rows=tuple(
            (
                str(i),
                a.template,
                f"{a.tokens:.1f}",
                f"{a.rate.successes} of {a.rate.n}",
                f"{a.rate.low:.0%} to {a.rate.high:.0%}",
            )
            for i, a in enumerate(attempts, 1)
        ),
        figure=figure,
    )


def _title_attempts(attempts: Sequence[PromptAttempt]) -> str:
    best = max(
        range(len(attempts)), key=lambda i: (attempts[i].rate.rate, -attempts[i].tokens)
    )
    chosen = attempts[best]
    what = f"passes {chosen.rate.successes} of {chosen.rate.n} answers"
    cost = f"with {chosen.tokens:.0f} tokens per prompt"
    if len(attempts) == 1:
        return f"The first attempt {what} {cost}"
    return f"Best of {len(attempts)}: attempt {best + 1} {what} {cost}"


def _set_axes(axes: Axes, attempts: Sequence[PromptAttempt]) -> None:
    most = max(attempt.tokens for attempt in attempts)
    axes.set(xlim=(0, max(20.0, most * 1.12)), ylim=(-0.06, 1.06))
    axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
    axes.set_xlabel("tokens per prompt")
    axes.set_ylabel("answers that pass")
    axes.grid(axis="y")


_NEAR = 0.06, 0.12
"""Points that are closer than these shares of the axes have one label together."""


def _group_neighbours(attempts: Sequence[PromptAttempt], width: float) -> list[list[int]]:
    """Return the attempts' places from left to right, close ones together."""
    order = sorted(range(len(attempts)), key=lambda i: attempts[i].tokens)
    groups: list[list[int]] = []
    for place in order:
        for group in groups:
            left, here = attempts[group[-1]], attempts[place]
            near = here.tokens - left.tokens < _NEAR[0] * width
            if near and abs(here.rate.rate - left.rate.rate) < _NEAR[1]:
                group.append(place)
                break
        else:
            groups.append([place])
    return groups


def _draw_point(axes: Axes, attempt: PromptAttempt, *, last: bool) -> None:
    """Draw one attempt on its interval; the last one is filled and stands in front."""
    colour = COLOURS["prompted"] if last else SOFT["prompted"]
    rate = attempt.rate
    axes.plot([attempt.tokens] * 2, [rate.low, rate.high], color=colour, linewidth=2)
    axes.plot(
        attempt.tokens, rate.rate, "s", color=colour, markersize=8,
        markerfacecolor=colour if last else "white", markeredgewidth=1.8,
        zorder=5 if last else 4,
    )  # fmt: skip


def _label_points(
    axes: Axes, places: Sequence[int], attempts: Sequence[PromptAttempt]
) -> None:
    """Write the numbers of neighbouring attempts to the right of them all."""
    attempt = attempts[places[-1]]
    last = len(attempts) - 1 in places
    numbers = ", ".join(str(place + 1) for place in sorted(places))
    axes.annotate(
        numbers, (attempt.tokens, attempt.rate.rate),
        xytext=(9, 0), textcoords="offset points", va="center", size=LABEL_SIZE,
        weight="bold" if last else "normal", color=INK, zorder=6,
    )  # fmt: skip
