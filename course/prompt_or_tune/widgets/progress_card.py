"""The progress over the whole course, as a card."""

from __future__ import annotations

import html

from IPython.display import display

from prompt_or_tune.checks.registry import GradedTask
from prompt_or_tune.show.palette import COLOURS, GRID, INK, MUTED
from prompt_or_tune.widgets.cards import Card, paragraph
from prompt_or_tune.widgets.progress import NotebookProgress, read_progress


def show_progress() -> None:
    """Show the whole course: the tasks of each notebook, and which checks passed."""
    display(draw_progress(read_progress()))


def draw_progress(notebooks: tuple[NotebookProgress, ...]) -> Card:
    """Return the progress as a card, with the same as text."""
    points = sum(each.points for each in notebooks)
    total = sum(each.all_points for each in notebooks)
    title = f"Your progress: {points} of {total} points"
    note = "A task counts when its visible check passes; hidden tests decide the grade."
    rows = "".join(_draw_row(each) for each in notebooks)
    lines = [f"  {each.notebook.heading}: {each.explain()}" for each in notebooks]
    body = (
        f'<table style="border-collapse:collapse;color:{INK};background:none">'
        f"{rows}</table>{paragraph(note, muted=True)}"
    )
    return Card(title, body, "\n".join([*lines, note]), "good" if points else "plain")


def _draw_row(progress: NotebookProgress) -> str:
    cell = f"padding:.15em .8em .15em 0;text-align:left;background:none;color:{INK}"
    marks = "".join(
        _draw_mark(task, task.id in progress.passed) for task in progress.tasks
    )
    return (
        '<tr style="background:none">'
        f'<th scope="row" style="{cell};font-weight:normal">'
        f"{html.escape(progress.notebook.heading)}</th>"
        f'<td style="{cell};white-space:nowrap" aria-hidden="true">{marks}</td>'
        f'<td style="{cell};color:{MUTED}">{html.escape(progress.explain())}</td></tr>'
    )


def _draw_mark(task: GradedTask, passed: bool) -> str:
    """Return a small square, filled when the task is passed, as wide as its points."""
    colour = COLOURS["rival"] if passed else GRID
    return (
        f'<span title="{html.escape(task.title)}" style="display:inline-block;'
        f"width:{task.points * 0.45 + 0.35:.2f}em;height:.8em;margin-right:.2em;"
        f'border-radius:2px;background:{colour}"></span>'
    )
