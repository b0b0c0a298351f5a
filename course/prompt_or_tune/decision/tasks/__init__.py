"""The tasks, one file for each: question, data, judge, rivals, hypothesis and claims.

A new file in this folder with a task in it is a new task: it is found here, and
measured, judged and drawn like the others.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from prompt_or_tune.decision.tasks.task import Task

if TYPE_CHECKING:
    from prompt_or_tune.decision.queries import TaskData
    from prompt_or_tune.models import LanguageModel


@cache
def list_tasks() -> tuple[Task, ...]:
    """Return all tasks, in the order in which tables show them."""
    by_name = {task.name: task for task in _discover()}
    return tuple(sorted(by_name.values(), key=lambda task: task.place))


def _discover() -> Iterator[Task]:
    for module in pkgutil.iter_modules(__path__, f"{__name__}."):
        defined = vars(import_module(module.name)).values()
        yield from (each for each in defined if isinstance(each, Task))


def find_task(name: str) -> Task:
    """Return the task of this name; raise ValueError, naming those that there are."""
    for task in list_tasks():
        if task.name == name:
            return task
    names = ", ".join(task.name for task in list_tasks())
    raise ValueError(f'There is no task "{name}"; choose one of: {names}.')


def build_task(name: str, model: LanguageModel | None = None) -> TaskData:
    """Return a task's data, as it is recorded.

    The brief needs the model: its training answers are distilled from it.
    """
    return find_task(name).build(model, seed=0)
