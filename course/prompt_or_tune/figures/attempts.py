"""The history of a prompt: what each wording passed, against what it costs in tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, PercentFormatter

from prompt_or_tune.figures.drawing import (
    COLOURS,
    INK,
    LABEL_SIZE,
    SOFT,
    Drawing,
    new_card,
    settle,
    styled,
)
from prompt_or_tune.scoring import Rate


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
    places = _group_attempts(attempts)
    for place in places:
        _draw_place(axes, place, attempts)
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


def _group_attempts(attempts: Sequence[PromptAttempt]) -> list[list[int]]:
    """Return the places of attempts, those at one point together, the last group last."""
    groups: dict[tuple[float, int], list[int]] = {}
    for place, attempt in enumerate(attempts):
        point = (round(attempt.tokens, 1), attempt.rate.successes)
        groups[point] = [*groups.pop(point, []), place]
    return list(groups.values())


def _draw_place(
    axes: Axes, place: Sequence[int], attempts: Sequence[PromptAttempt]
) -> None:
    """Draw one point with its interval, and the numbers of its attempts beside it."""
    attempt = attempts[place[-1]]
    last = place[-1] == len(attempts) - 1
    colour = COLOURS["prompted"] if last else SOFT["prompted"]
    rate = attempt.rate
    axes.plot([attempt.tokens] * 2, [rate.low, rate.high], color=colour, linewidth=2)
    axes.plot(
        attempt.tokens, rate.rate, "s", color=colour, markersize=8,
        markerfacecolor=colour if last else "white", markeredgewidth=1.8, zorder=4,
    )  # fmt: skip
    axes.annotate(
        ", ".join(str(i + 1) for i in place), (attempt.tokens, rate.rate),
        xytext=(9, 0), textcoords="offset points", va="center", size=LABEL_SIZE,
        weight="bold" if last else "normal", color=INK,
    )  # fmt: skip
