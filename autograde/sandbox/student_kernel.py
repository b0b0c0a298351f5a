"""The kernel that a student's cells run in, as the host holds it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
from collections.abc import Mapping
from queue import Empty
from typing import Any, Self

import zmq
import zmq.asyncio
from jupyter_client.asynchronous.client import AsyncKernelClient

from autograde.errors import AutogradeError
from autograde.sandbox.child import Child
from autograde.sandbox.fork_server import CHANNELS
from autograde.sandbox.limits import MB
from autograde.sandbox.preloaded_parent import PreloadedParent
from autograde.sandbox.watcher import Watcher

READY_SECONDS = 60.0
LARGEST_PART_MB = 32
MOST_WAITING = 100
SEND_MILLISECONDS = 2000


class StudentKernel:
    """A Jupyter kernel in a child of a preloaded parent, watched, until it is killed.

    Whatever it sends is the student's word: its messages are read as JSON, never
    unpickled, and may say anything. `broken_limit` is empty, or says which limit it went
    beyond, as in "It used more than 2048 MB of memory".
    """

    def __init__(
        self, child: Child, client: AsyncKernelClient, context: zmq.asyncio.Context
    ) -> None:
        self.client = client
        self._child = child
        self._context = context
        self._watcher: Watcher | None = None

    @classmethod
    async def start(
        cls, parent: PreloadedParent, files: Mapping[str, bytes] | None = None
    ) -> Self:
        """Return a kernel that is ready, with `files` in its working folder.

        Raises `AutogradeError` when it does not become ready.
        """
        key = secrets.token_hex(16)
        child = await _fork_child(parent, key, files)
        context = _make_context()
        kernel = cls(child, _make_client(child, key, context), context)
        try:
            kernel.client.start_channels(stdin=False, hb=False)
            async with asyncio.timeout(READY_SECONDS):
                await kernel._wait_until_ready()
            kernel._watcher = Watcher(child, parent.limits)
        except BaseException as error:
            kernel.kill()
            if isinstance(error, TimeoutError):
                raise AutogradeError(
                    "A student's kernel did not become ready."
                ) from error
            raise
        return kernel

    async def _wait_until_ready(self) -> None:
        """Wait for the welcome to its output channel and for the first reply."""
        await self._receive("iopub", "iopub_welcome")
        self.client.kernel_info()
        await self._receive("shell", "kernel_info_reply")
        while (await self._receive("iopub", "status"))["execution_state"] != "idle":
            pass

    async def _receive(self, channel: str, kind: str) -> dict[str, Any]:
        get = getattr(self.client, f"get_{channel}_msg")
        while True:
            with contextlib.suppress(Empty):
                message = await get(timeout=1)
                if message["msg_type"] == kind:
                    content: dict[str, Any] = message["content"]
                    return content
            if not self._child.is_alive():
                raise AutogradeError("A student's kernel ended before it was ready.")

    @property
    def broken_limit(self) -> str:
        """Return which limit it went beyond, or nothing."""
        return self._watcher.broken_limit if self._watcher else ""

    @property
    def peak_memory_mb(self) -> float:
        """Return the most memory that all inside used at once."""
        return self._watcher.peak_memory_mb if self._watcher else 0.0

    async def is_alive(self) -> bool:
        """Return whether the kernel's process still runs."""
        return self._child.is_alive()

    async def interrupt(self) -> None:
        """Interrupt the cell that runs; a student's code may ignore it."""
        self._child.interrupt()

    def stop(self) -> None:
        """Kill everything inside, at once; what it has sent can still be read."""
        self._child.stop()

    def kill(self) -> None:
        """Kill everything inside, at once, and clear it away; can be called again."""
        if self._watcher is not None:
            self._watcher.close()
        self._child.kill()
        self.client.stop_channels()
        self._context.destroy(linger=0)


async def _fork_child(
    parent: PreloadedParent, key: str, files: Mapping[str, bytes] | None
) -> Child:
    def fork() -> Child:
        target = "autograde.sandbox.kernel_app:serve"
        return parent.fork(target, {"key": key}, sockets=len(CHANNELS), files=files)

    forking = asyncio.ensure_future(asyncio.to_thread(fork))
    try:
        return await asyncio.shield(forking)
    except asyncio.CancelledError:  # the thread goes on, and nobody waits for it
        forking.add_done_callback(_kill_forked)
        raise


def _kill_forked(forking: asyncio.Future[Child]) -> None:
    if not forking.cancelled() and forking.exception() is None:
        forking.result().kill()


def _make_context() -> zmq.asyncio.Context:
    """Return a context that bounds how much of what a kernel sends may wait here."""
    context = zmq.asyncio.Context()
    context.setsockopt(zmq.MAXMSGSIZE, LARGEST_PART_MB * MB)
    context.setsockopt(zmq.RCVHWM, MOST_WAITING)
    # A kernel that sent too large a message is cut off; nothing can be sent to it.
    context.setsockopt(zmq.SNDTIMEO, SEND_MILLISECONDS)
    return context


def _make_client(
    child: Child, key: str, context: zmq.asyncio.Context
) -> AsyncKernelClient:
    client = AsyncKernelClient(context=context)
    info: Any = {
        "transport": "ipc",
        "ip": str(child.sockets[0]).removesuffix("-1"),
        "key": key,
        "signature_scheme": "hmac-sha256",
    }
    for port, name in enumerate(CHANNELS, start=1):
        info[f"{name}_port"] = port
    client.load_connection_info(info)
    client.session.unpack = _read_json
    return client


def _read_json(data: bytes | memoryview) -> Any:
    """Return what a part of a message says; raise `ValueError` where it says nothing.

    Half of a surrogate pair, which no file can hold, becomes a question mark.
    """
    text = bytes(data).decode("utf-8", "replace")
    try:
        content = json.loads(text)
        if "\\ud" in text.lower():  # as an escape: there is no other way to send one
            whole = json.dumps(content, ensure_ascii=False).encode("utf-8", "replace")
            content = json.loads(whole)
    except RecursionError:
        raise ValueError("a message is nested too deeply") from None
    return content
