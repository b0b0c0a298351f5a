"""A student's process and a grade process, forked from the tests, for what runs apart."""

from __future__ import annotations

import asyncio
import linecache
import multiprocessing
import os
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from autograde.apart import answers
from autograde.apart.answers import make_refusal
from autograde.apart.grade_process import CellRun, GradeProcess

FORKING = multiprocessing.get_context("fork")
PATIENCE = 30.0  # seconds; nothing here takes one


class ForkedChild:
    """A process and the near end of its connection."""

    def __init__(self, target: Callable[[Connection], object]) -> None:
        self.connection, far = FORKING.Pipe()

        def run() -> None:
            self.connection.close()
            target(far)

        self.process = FORKING.Process(target=run, daemon=True)
        self.process.start()
        far.close()

    def kill(self) -> None:
        self.process.kill()
        self.process.join()


class ForkingParent:
    """What the sandbox's trusted parent does, without a fork server."""

    def __init__(self) -> None:
        self.children: list[ForkedChild] = []

    def fork(
        self, target: str, argument: Mapping[str, Any], *, files: Mapping[str, bytes]
    ) -> ForkedChild:
        module, _, name = target.partition(":")
        function = getattr(import_module(module), name)

        def run(far: Connection) -> None:
            with tempfile.TemporaryDirectory() as folder:
                os.environ["HOME"] = folder
                os.chdir(folder)
                for file, content in files.items():
                    Path(file).parent.mkdir(parents=True, exist_ok=True)
                    Path(file).write_bytes(content)
                function(far, argument)

        self.children.append(ForkedChild(run))
        return self.children[-1]


class Student:
    """A process with a student's names, which answers as a kernel does."""

    def __init__(self, *cells: str) -> None:
        self.requests: list[str] = []
        self._child = ForkedChild(lambda far: _answer_forever(far, cells))

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
        self._child.connection.close()


def _answer_forever(connection: Connection, cells: tuple[str, ...]) -> None:
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
    process = GradeProcess.start(ForkingParent())
    try:
        return asyncio.run(process.run(grade_cell, ask or student.ask, seconds=seconds))
    finally:
        process.close()
        student.close()
