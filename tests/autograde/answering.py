"""A student's process and a grade process, forked from the tests, for what runs apart."""

from __future__ import annotations

import asyncio
import atexit
import linecache
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from multiprocessing.connection import Connection
from typing import Any

from autograde.apart import answers
from autograde.apart.answers import make_refusal
from autograde.apart.grade_process import CellRun, GradeProcess
from autograde.sandbox import Child, PreloadedParent
from autograde.submission_records import Limits

PATIENCE = 30.0  # seconds; nothing here takes one
IMPORTED = (
    "autograde.apart.grade_process",
    "autograde.apart.grade_shell",
    "autograde.apart.proxies",
    "prompt_or_tune.checks.prompt_engineering",
    "prompt_or_tune.models",
    "tests.autograde.answering",
)


@cache
def _start_parent() -> PreloadedParent:
    """Start the trusted parent of all; who has used torch's threads can't be forked."""
    parent = PreloadedParent(sandboxed=False, preload=IMPORTED, limits=Limits())
    atexit.register(parent.close)
    return parent


class ForkingParent:
    """The trusted parent of the grader, which here keeps what it has forked."""

    def __init__(self) -> None:
        self.children: list[Child] = []

    def fork(
        self,
        target: str,
        argument: Mapping[str, Any],
        *,
        files: Mapping[str, bytes] | None = None,
    ) -> Child:
        self.children.append(_start_parent().fork(target, argument, files=files))
        return self.children[-1]


class Student:
    """A process with a student's names, which answers as a kernel does."""

    def __init__(self, *cells: str) -> None:
        self.requests: list[str] = []
        target = f"{__name__}:answer_forever"
        self._child = _start_parent().fork(target, {"cells": cells})

    async def ask(self, request: str) -> str:
        """Return the reply; a process that is gone refuses, as the grader would."""
        self.requests.append(request)
        try:
            self._child.connection.send_bytes(request.encode())
            if not self._child.connection.poll(PATIENCE):
                return make_refusal("The answer took too long.")
            return self._child.connection.recv_bytes().decode()
        except (EOFError, OSError):
            return make_refusal("The answer's process is gone.")

    def close(self) -> None:
        self._child.kill()


def answer_forever(connection: Connection, argument: Mapping[str, Any]) -> None:
    """Run the cells as a notebook does, then answer until the connection ends."""
    cells = argument["cells"]
    names: dict[str, Any] = {"__name__": "__main__"}
    for number, source in enumerate(cells):
        file = "<answer>" if number == len(cells) - 1 else f"<cell {number}>"
        lines = source.splitlines(keepends=True)
        linecache.cache[file] = (len(source), None, lines, file)
        try:
            exec(compile(source, file, "exec"), names)
        except Exception:  # as in a notebook, the next cell runs all the same
            continue
    while True:
        try:
            request = connection.recv_bytes().decode()
        except EOFError:
            return
        connection.send_bytes(answers.serve(request, names).encode())


def run_apart(
    grade_cell: str,
    *cells: str,
    ask: Callable[[str], Awaitable[str]] | None = None,
    seconds: float = PATIENCE,
) -> CellRun:
    """Run a grade cell apart from a student's cells, or against replies made up."""
    student = Student(*cells)
    process = GradeProcess(ForkingParent(), {}, 0)
    try:
        return asyncio.run(process.run(grade_cell, ask or student.ask, seconds=seconds))
    finally:
        process.close()
        student.close()
