"""Graders and collectors in processes that start at once: to be killed, in tests.

A server that has imported everything forks them, and their workers outlive them; so a
test can afford to kill many.
"""

from __future__ import annotations

import multiprocessing
import resource
from collections.abc import Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from autograde.classroom import Classroom
from autograde.errors import AutogradeError
from autograde.grading.class_grader import grade_class
from autograde.submissions.collection import collect_files


def start_grader(root: Path, scheduler: str, file_bytes: int = 0) -> BaseProcess:
    """Start grading a class; no file grows beyond `file_bytes`, where they are given."""
    return _start(_grade, root, scheduler, file_bytes)


def start_collector(root: Path, paths: Sequence[Path]) -> BaseProcess:
    """Start collecting files for a class."""
    return _start(_collect, root, paths)


def _start(target: Any, *arguments: Any) -> BaseProcess:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    process = context.Process(target=target, args=arguments, daemon=True)
    process.start()
    return process


def _grade(root: Path, scheduler: str, file_bytes: int) -> None:
    if file_bytes:
        resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))
    try:
        grade_class(Classroom.open(root), scheduler=scheduler)
    except AutogradeError as error:
        raise SystemExit(f"autograde: {error}") from None


def _collect(root: Path, paths: Sequence[Path]) -> None:
    try:
        collect_files(Classroom.open(root), paths)
    except AutogradeError as error:
        raise SystemExit(f"autograde: {error}") from None
