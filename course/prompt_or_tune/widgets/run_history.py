"""The runs of a lab so far: what each one ended with, as sentence, table and picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prompt_or_tune.figures.runs import draw_runs
from prompt_or_tune.show.notebook import table_html
from prompt_or_tune.widgets.labs import figure_html
from prompt_or_tune.widgets.run_form import shorten_name

if TYPE_CHECKING:
    from prompt_or_tune.tuning import TuningRun

COMPARED = 5  # runs in the picture
_COLUMNS = ("run", "model and settings", "loss", "accuracy", "seconds")


@dataclass(frozen=True)
class RunNote:
    """What the table of runs says besides the run; seconds are the wall clock's."""

    pairs: int
    seconds: float
    stopped: bool


def describe_end(number: int, run: TuningRun, note: RunNote) -> str:
    """Say how a run ended, and where its adapter is."""
    last = run.trace[-1]
    ended = f"stopped; epochs kept: {len(run.trace)}" if note.stopped else "complete"
    accuracy = last.token_accuracy if last.accuracy is None else last.accuracy
    return (
        f"Run {number} is {ended}. Accuracy {accuracy:.2f}, loss {last.loss:.2f}, "
        f"{note.seconds:.0f} s. Its adapter is runs[{number - 1}].adapter of this lab."
    )


def show_runs(runs: Sequence[TuningRun], notes: Sequence[RunNote]) -> str:
    """Return the runs as an HTML table, and from the second on as a picture too."""
    rows = [
        _tabulate_run(number, run, note)
        for number, (run, note) in enumerate(zip(runs, notes, strict=True), 1)
    ]
    table = table_html(_COLUMNS, rows)
    first = max(0, len(runs) - COMPARED)
    picture = ""
    if len(runs) > 1:
        picture = figure_html(draw_runs(runs[first:], first=first + 1))
    return f"<p><strong>Your runs</strong></p>{table}{picture}"


def _tabulate_run(number: int, run: TuningRun, note: RunNote) -> tuple[str, ...]:
    settings, last = run.settings, run.trace[-1]
    epochs = f"{settings.epochs} epochs"
    if note.stopped:
        epochs = f"{len(run.trace)} of {epochs}"
    chosen = (
        f"{shorten_name(run.model_name)}, {note.pairs} pairs, {epochs}, rank "
        f"{settings.rank}, learning rate {settings.learning_rate:g}, seed {settings.seed}"
    )
    accuracy = "not measured" if last.accuracy is None else f"{last.accuracy:.2f}"
    return str(number), chosen, f"{last.loss:.2f}", accuracy, f"{note.seconds:.0f}"
