"""The trusted process that runs grade cells, and how the grader talks to it.

A worker forks one for each notebook. It knows the tests and no answer: whenever a grade
cell calls one, it sends the question to the worker, which asks the student's kernel.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from threading import Lock
from typing import Any, Protocol

import nbformat
from nbformat import NotebookNode

from autograde.apart import codec
from autograde.apart.answers import make_refusal

AskKernel = Callable[[str], Awaitable[str]]
"""Send a request to the student's kernel; return its reply, or `make_refusal(why)`."""


@dataclass(frozen=True)
class CellRun:
    """What became of a grade cell.

    `error` is its name and message, empty when there is none; `line` the cell's own line
    where it failed. `is_stopped` tells that it was cut short: by its time, or because no
    answer came. Then `outputs` end with an error that says so.
    """

    outputs: list[NotebookNode]
    error: str
    line: int | None
    seconds: float
    is_stopped: bool = False


class ForkedProcess(Protocol):
    """A forked process; what `autograde.sandbox` makes is one."""

    connection: Connection

    def kill(self) -> None: ...


class ForkingProcess(Protocol):
    """Where it is forked from, in a folder of its own that has the files."""

    def fork(
        self, target: str, argument: Mapping[str, Any], *, files: Mapping[str, bytes]
    ) -> ForkedProcess: ...


class GradeProcess:
    """Runs the grade cells of one notebook; after a kill, in a new process.

    `files` are put where its cells run.
    """

    def __init__(
        self, parent: ForkingProcess, files: Mapping[str, bytes], seed: int
    ) -> None:
        self._parent = parent
        self._files = files
        self._seed = seed
        self._child: ForkedProcess | None = self._fork()

    async def run(self, source: str, ask: AskKernel, *, seconds: float) -> CellRun:
        """Run a grade cell; kill the process when that takes longer.

        `ask` is cancelled then, and what it has set going in the kernel goes on. Raises
        what `ask` raises.
        """
        if self._child is None:
            self._child = self._fork()
        clock = asyncio.get_running_loop().time
        started = clock()
        try:
            async with asyncio.timeout(seconds) as limit:
                return _read_run(await self._converse({"source": source}, ask))
        except TimeoutError:
            self.close()
            if not limit.expired():
                raise
            fault = f"The grade cell took longer than {seconds:g} seconds."
        except _ProcessGone:
            self.close()
            fault = "The process that runs the grade cell ended before the cell did."
        except BaseException:
            self.close()  # it waits for a reply that will not come
            raise
        return _make_stopped(fault, clock() - started)

    def close(self) -> None:
        """End the process; harmless when it has ended."""
        if self._child is not None:
            self._child.kill()
            self._child.connection.close()
            self._child = None

    def _fork(self) -> ForkedProcess:
        argument = {"seed": self._seed}
        return self._parent.fork(f"{__name__}:serve", argument, files=self._files)

    async def _converse(self, message: dict[str, Any], ask: AskKernel) -> dict[str, Any]:
        assert self._child is not None
        connection = self._child.connection
        while True:
            received = await _exchange(connection, message)
            if "request" not in received:
                return received
            reply = await ask(received["request"])
            if len(reply) > codec.LARGEST:
                reply = make_refusal("The answer's process sent too much.")
            message = {"reply": reply}


class _ProcessGone(Exception):  # noqa: N818  # no fault
    """The other end of the connection is closed."""


async def _exchange(connection: Connection, message: dict[str, Any]) -> dict[str, Any]:
    try:
        connection.send_bytes(json.dumps(message).encode())
        await _wait_until_readable(connection)
        return json.loads(connection.recv_bytes())
    except (EOFError, OSError):
        raise _ProcessGone from None


async def _wait_until_readable(connection: Connection) -> None:
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(connection.fileno(), ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(connection.fileno())


def _read_run(message: Mapping[str, Any]) -> CellRun:
    return CellRun(
        outputs=[nbformat.from_dict(output) for output in message["outputs"]],
        error=message["error"],
        line=message["line"],
        seconds=message["seconds"],
        is_stopped=message["is_stopped"],
    )


def _make_stopped(fault: str, seconds: float) -> CellRun:
    output = nbformat.v4.new_output(
        "error", ename="AnswerStopped", evalue=fault, traceback=[fault]
    )
    return CellRun([output], f"AnswerStopped: {fault}", None, seconds, is_stopped=True)


# ── In the trusted process ──────────────────────────────────────────────────────────────


def serve(connection: Connection, argument: Mapping[str, Any]) -> None:
    """Run the grade cells that come, one after the other, until the connection ends."""
    # Imported by who runs grade cells, not by the grader.
    from autograde.apart.grade_shell import GradeShell
    from autograde.apart.proxies import AnswerStopped, fetch_names, list_loaded

    def receive() -> dict[str, Any]:
        return json.loads(connection.recv_bytes())

    def send(message: Mapping[str, Any]) -> None:
        connection.send_bytes(json.dumps(message, default=str).encode())

    one_at_a_time = Lock()  # a grade cell may ask from several threads

    def ask(request: str) -> str:
        with one_at_a_time:
            send({"request": request})
            return receive()["reply"]

    shell = GradeShell.create()

    def fetch(cell: str) -> Mapping[str, Any]:
        return fetch_names(list_loaded(cell) - set(shell.user_ns), ask)

    while True:
        try:
            source = receive()["source"]
        except EOFError:
            return
        _set_seeds(argument["seed"])
        run = shell.run(source, fetch)
        error = f"{type(run.error).__name__}: {run.error}" if run.error else ""
        is_stopped = isinstance(run.error, AnswerStopped)
        send({**vars(run), "error": error, "is_stopped": is_stopped})


def _set_seeds(seed: int) -> None:
    random.seed(seed)
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed(seed)
    if torch := sys.modules.get("torch"):
        torch.manual_seed(seed)
