"""Notebooks as they run: built into a folder, then executed two at a time."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest

from solutions.workshop import builder
from solutions.workshop.execution import Execution, execute_all
from solutions.workshop.facts import recorded_facts
from solutions.workshop.percent import find_files

ROOT = Path(__file__).parents[2]
JOBS = 2


@dataclass(frozen=True)
class Run:
    """Executed notebooks and the seconds that all took together."""

    folder: Path
    executions: dict[str, Execution]
    seconds: float

    def read(self, name: str) -> Any:
        file = self.folder / name / f"{name}.ipynb"
        return nbformat.read(file, as_version=4)


Execute = Callable[..., Run]


@pytest.fixture(scope="session", autouse=True)
def commands_of_the_environment() -> Iterator[None]:
    """Put this Python's commands on PATH: nbgrader calls `alembic` by its name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
        yield


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with `build/source` and `course` as a fresh build gives them."""
    folder: Path = tmp_path_factory.mktemp("built")
    project, facts = builder.read_project(ROOT), recorded_facts()
    for file in find_files(ROOT / "solutions"):
        builder.write(builder.build(file, project, facts), folder)
    return folder


@pytest.fixture(scope="session")
def execute(tmp_path_factory: pytest.TempPathFactory) -> Execute:
    """Execute all notebooks of a folder without a network; print how long each took."""

    def run(folder: Path, *, to_the_end: bool = False) -> Run:
        target: Path = tmp_path_factory.mktemp("executed")
        started = time.monotonic()
        executions = {}
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("HF_HUB_OFFLINE", "1")
            sources = sorted(folder.glob("*/*.ipynb"))
            for one in execute_all(sources, target, JOBS, to_the_end=to_the_end):
                executions[one.name] = one
                print(f"{one.name}: {one.seconds:.0f} s {one.fault}")
        seconds = time.monotonic() - started
        print(f"{len(executions)} notebooks, {JOBS} at a time: {seconds:.0f} s")
        return Run(target, executions, seconds)

    return run
