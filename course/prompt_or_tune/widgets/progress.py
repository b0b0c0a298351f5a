"""What the learner has passed, kept on their machine, notebook by notebook.

One small file per task: two kernels that write at once can't lose each other's entries,
and a file that is damaged costs one task, not the course.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import os
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from prompt_or_tune.checks.registry import GradedTask, list_graded_tasks_of
from prompt_or_tune.files import write_atomically
from prompt_or_tune.syllabus import NOTEBOOKS, Notebook

FOLDER_VARIABLE = "PROMPT_OR_TUNE_DATA"


def find_data_folder() -> Path:
    """Return where progress is kept: the user's data folder, or PROMPT_OR_TUNE_DATA."""
    chosen = os.environ.get(FOLDER_VARIABLE)
    if chosen:
        return Path(chosen).expanduser()
    return platformdirs.user_data_path("prompt-or-tune", appauthor=False)


def is_kept() -> bool:
    """Say whether progress is kept: not under a grader, not in CI."""
    return "NBGRADER_EXECUTION" not in os.environ and not is_ci()


def is_ci() -> bool:
    """Say whether this is a machine that checks a repository: it sets CI."""
    return os.environ.get("CI", "").lower() not in ("", "0", "false")


def record_pass(task_id: str) -> str:
    """Note that a task is passed; return why it couldn't be noted, or nothing.

    A pass is never taken back. Under graders and in CI nothing is written.
    """
    if not is_kept() or task_id in read_passed([task_id]):
        return ""
    entry = {"task": task_id, "passed_at": _now()}
    try:
        write_atomically(_file_of(task_id), json.dumps(entry) + "\n")
    except OSError as error:
        return f"Your progress could not be kept ({error.strerror or error})."
    return ""


def read_passed(task_ids: list[str]) -> set[str]:
    """Return those of the tasks that are passed; a damaged file is set aside."""
    return {task_id for task_id in task_ids if _is_passed(_file_of(task_id), task_id)}


def _file_of(task_id: str) -> Path:
    return find_data_folder() / "passed" / f"{task_id}.json"


def _is_passed(file: Path, task_id: str) -> bool:
    try:
        text = file.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, UnicodeDecodeError):
        text = ""
    try:
        entry = json.loads(text)
    except ValueError:
        entry = None
    if isinstance(entry, dict) and entry.get("task") == task_id:
        return True
    _set_aside(file)
    return False


def _set_aside(file: Path) -> None:
    """Rename a damaged file, so that nothing of it is lost and the task can be noted."""
    if not is_kept():
        return
    with contextlib.suppress(OSError):  # another kernel was quicker, or a locked folder
        moment = _now("microseconds").replace(":", "")
        file.rename(file.with_name(f"{file.name}.damaged-{moment}"))


def _now(precision: str = "seconds") -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec=precision)


# ── The whole course ───────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class NotebookProgress:
    """How far the learner is in one notebook; `fault` says why it can't be told."""

    notebook: Notebook
    tasks: tuple[GradedTask, ...] = ()
    passed: frozenset[str] = frozenset()
    fault: str = ""

    @property
    def points(self) -> int:
        """Return the points of the tasks whose checks passed."""
        return sum(task.points for task in self.tasks if task.id in self.passed)

    @property
    def all_points(self) -> int:
        """Return the points that the notebook's tasks are worth."""
        return sum(task.points for task in self.tasks)

    def explain(self) -> str:
        """Return the progress in words."""
        if self.fault:
            return f"its tasks can't be read ({self.fault})"
        if not self.tasks:
            return "no tasks"
        done = sum(task.id in self.passed for task in self.tasks)
        tasks = f"{done} of {len(self.tasks)} tasks"
        return f"{tasks}, {self.points} of {self.all_points} points"


def read_progress() -> tuple[NotebookProgress, ...]:
    """Return how far the learner is, notebook by notebook."""
    return tuple(_read_notebook(notebook) for notebook in NOTEBOOKS)


def _read_notebook(notebook: Notebook) -> NotebookProgress:
    try:
        tasks = list_graded_tasks_of(notebook)
    except Exception as error:  # one broken module must not hide the others' progress
        return NotebookProgress(notebook, fault=f"{type(error).__name__}: {error}")
    passed = read_passed([task.id for task in tasks])
    return NotebookProgress(notebook, tasks, frozenset(passed))
