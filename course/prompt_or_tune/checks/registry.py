"""The tasks of all notebooks, each with its check and its hints.

They stand in one module per notebook, imported only when asked for: a fault in one of
them must not stop the others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from prompt_or_tune.syllabus import NOTEBOOKS, Notebook
from prompt_or_tune.wording import count


@dataclass(frozen=True)
class Remark:
    """What a check says beside a pass: how far an answer has come, and what is left."""

    title: str
    text: str
    is_good: bool


@dataclass(frozen=True)
class GradedTask:
    """One graded task: what it is worth, its visible check, its two hints.

    `id` is nbgrader's grade id of the answer cell; `check` takes the learner's answer and
    raises `CheckFailed` while it is not right; the second hint says more than the first.
    `note` is what a pass means where hidden tests have no other cases: of a quiz question
    only the form can be checked openly. Notebooks and pages take all of it from here.
    """

    id: str
    title: str
    points: int
    minutes: int
    check: Callable[[Any], Remark | None]
    hints: tuple[str, str]
    note: str = ""

    def describe(self) -> str:
        """Return title, points and minutes, as they stand in the task's heading."""
        title = self.title[0].lower() + self.title[1:]
        points, minutes = count(self.points, "point"), count(self.minutes, "minute")
        return f"{title} ({points}, {minutes})"


class TaskError(LookupError):
    """Say in one sentence why there is no such task."""


def find_graded_task(task_id: str) -> GradedTask:
    """Return the task of that id.

    Raises TaskError, naming the tasks that there are, and the modules of tasks that can't
    be read, if any.
    """
    known: list[str] = []
    broken: list[str] = []
    for notebook in NOTEBOOKS:
        try:
            tasks = list_graded_tasks_of(notebook)
        except Exception as error:  # whatever a module raises while it is imported
            broken.append(f"{notebook.name} ({type(error).__name__}: {error})")
            continue
        for task in tasks:
            if task.id == task_id:
                return task
        known += [task.id for task in tasks]
    unread = f" These could not be read: {'; '.join(broken)}." if broken else ""
    raise TaskError(
        f"There is no task {task_id!r}; there are {', '.join(known)}.{unread}"
    )


def list_graded_tasks() -> tuple[GradedTask, ...]:
    """Return all tasks in the order of the course; whatever a module raises is raised."""
    return tuple(
        task for notebook in NOTEBOOKS for task in list_graded_tasks_of(notebook)
    )


def list_graded_tasks_of(notebook: Notebook) -> tuple[GradedTask, ...]:
    """Return the tasks of one notebook, none for one without."""
    if not notebook.checks:
        return ()
    module = import_module(f"prompt_or_tune.checks.{notebook.checks}")
    tasks: tuple[GradedTask, ...] = module.TASKS
    return tasks
