"""Several tuning runs in one picture: the last in front of those before it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from prompt_or_tune.figures.drawing import Drawing, EndLabel, label_ends, new_card, styled
from prompt_or_tune.records import EpochRecord
from prompt_or_tune.show.palette import COLOURS, FAINT, MUTED

if TYPE_CHECKING:
    from prompt_or_tune.tuning import TuningRun

_DASHES = ("--", ":", "-.")


@styled
def draw_runs(runs: Sequence[TuningRun], *, first: int = 1) -> Drawing:
    """Draw loss and accuracy per epoch of several runs, numbered from `first`.

    The accuracy is exact match on held-out prompts, or the token accuracy of a run that
    measured none. Raises ValueError when there is no run.
    """
    if not runs:
        raise ValueError("There is no run to draw.")
    names = [f"run {first + i}" for i in range(len(runs))]
    title = _title_runs(runs, names)
    figure = new_card(title, height=2.5)
    left, right = figure.subplots(1, 2)
    _set_panels(left, right, max(len(run.trace) for run in runs))
    losses = _draw_lines(left, runs, names, [[e.loss for e in r.trace] for r in runs])
    shares = [[_accuracy(e) for e in r.trace] for r in runs]
    accuracies = _draw_lines(right, runs, names, shares)
    left.set_ylim(bottom=-0.03 * left.get_ylim()[1])
    label_ends(figure, [(left, losses), (right, accuracies)])
    return Drawing(
        title=title,
        note="Thick: the last run. Accuracy is exact match on held-out prompts.",
        description="Two line charts over the epochs. "
        + " ".join(
            f"{name.capitalize()} ends at loss {run.trace[-1].loss:.2f} and accuracy "
            f"{_accuracy(run.trace[-1]):.2f}."
            for name, run in zip(names, runs, strict=True)
        ),
        columns=("run", "epochs", "loss (nats)", "accuracy"),
        rows=tuple(
            (
                name,
                str(len(run.trace)),
                f"{run.trace[-1].loss:.2f}",
                f"{_accuracy(run.trace[-1]):.2f}",
            )
            for name, run in zip(names, runs, strict=True)
        ),
        figure=figure,
    )


def _set_panels(left: Axes, right: Axes, epochs: int) -> None:
    for axes in (left, right):
        axes.set_xlim(0.7, epochs + 0.3)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True, min_n_ticks=1))
        axes.set_xlabel("epoch")
        axes.grid(axis="y")
    left.set_title("Loss")
    left.set_ylabel("nats per response token")
    right.set_title("Accuracy")
    right.set_ylabel("share right (0 to 1)")
    right.set_ylim(-0.04, 1.06)


def _title_runs(runs: Sequence[TuningRun], names: Sequence[str]) -> str:
    ends = [_accuracy(run.trace[-1]) for run in runs]
    if len(runs) == 1:
        return f"{names[0].capitalize()} ends at accuracy {ends[0]:.2f}"
    before = max(range(len(runs) - 1), key=lambda i: ends[i])
    gap = round(ends[-1], 2) - round(ends[before], 2)
    how = "above" if gap > 0 else "below" if gap < 0 else "level with"
    best = names[before] if len(runs) == 2 else f"the best before it, {names[before]}"
    text = f"{names[-1].capitalize()} ends at accuracy {ends[-1]:.2f}, {how} {best}"
    return f"{text} ({ends[before]:.2f})"


def _draw_lines(
    axes: Axes,
    runs: Sequence[TuningRun],
    names: Sequence[str],
    values: Sequence[Sequence[float]],
) -> list[EndLabel]:
    """Draw a line per run and return the labels for their ends."""
    labels = []
    for i, (run, name, heights) in enumerate(zip(runs, names, values, strict=True)):
        last = i == len(runs) - 1
        colour = COLOURS["tuned"] if last else FAINT
        axes.plot(
            [e.epoch for e in run.trace], heights, color=colour, marker="o",
            linestyle="-" if last else _DASHES[i % len(_DASHES)],
            linewidth=2.4 if last else 1.3, markersize=6 if last else 3.5,
            zorder=3 if last else 2,
        )  # fmt: skip
        labels.append(EndLabel(heights[-1], name, COLOURS["tuned"] if last else MUTED))
    return labels


def _accuracy(record: EpochRecord) -> float:
    return record.token_accuracy if record.accuracy is None else record.accuracy
