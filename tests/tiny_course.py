"""Tasks that a test makes up, in the place of the course's own, and their fixtures."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from pathlib import Path

import pytest
from prompt_or_tune.checks.comparing import call, expect_equal
from prompt_or_tune.checks.registry import GradedTask
from prompt_or_tune.syllabus import Notebook


def check_double(answer) -> None:
    expect_equal(call(answer, 2, case="two"), 4, case="two", cause="it adds")


DOUBLE = GradedTask("double", "Double a number", 2, 3, check_double, ("Twice.", "2 * x"))
HALVE = GradedTask("halve", "Halve a number", 3, 3, check_double, ("Half.", "x / 2"))


@pytest.fixture
def progress_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let progress be kept in a folder of the test's, as if at a learner's home."""
    monkeypatch.setenv("PROMPT_OR_TUNE_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)
    monkeypatch.delenv("CI", raising=False)
    return tmp_path / "data" / "passed"


@pytest.fixture
def make_course(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that replaces the notebooks; `None` for tasks is a fault."""

    def replace(**tasks: tuple[GradedTask, ...] | None) -> None:
        notebooks = tuple(
            Notebook(f"{i:02}_{name}", name, 5, 1, name) for i, name in enumerate(tasks)
        )
        for place in ("checks.registry", "widgets.progress"):
            monkeypatch.setattr(f"prompt_or_tune.{place}.NOTEBOOKS", notebooks)
        for name, registered in tasks.items():
            module = types.ModuleType(f"prompt_or_tune.checks.{name}")
            if registered is not None:
                module.TASKS = registered  # type: ignore[attr-defined]
            monkeypatch.setitem(sys.modules, module.__name__, module)

    return replace
