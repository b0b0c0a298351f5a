"""Run the visible check of a task, show what came of it, and note a pass."""

from __future__ import annotations

from typing import Any

from IPython.display import display

from prompt_or_tune.checks.registry import GradedTask, Remark, find_graded_task
from prompt_or_tune.widgets.cards import Card, Mood, paragraph
from prompt_or_tune.widgets.progress import record_pass
from prompt_or_tune.wording import count


def check(task_id: str, answer: Any) -> None:
    """Check an answer as the cell after it does; show a card and note the pass.

    Raises CheckFailed, which a notebook shows as its message alone, and TaskError for an
    id that no task has.
    """
    task = find_graded_task(task_id)
    remark = task.check(answer)
    if remark is not None:
        display(_show(remark))
    display(_announce(task, record_pass(task_id)))


def _show(remark: Remark) -> Card:
    mood: Mood = "good" if remark.is_good else "bad"
    return Card(remark.title, paragraph(remark.text), remark.text, mood)


def _announce(task: GradedTask, trouble: str) -> Card:
    note = task.note or (
        f"The visible cases of “{task.title}” hold. "
        f"Hidden tests with other cases decide about the {count(task.points, 'point')}."
    )
    body = paragraph(note) + (paragraph(trouble, muted=True) if trouble else "")
    title = "✓ Written down" if task.note else "✓ Passed"
    return Card(title, body, f"{note} {trouble}".strip(), "good")
