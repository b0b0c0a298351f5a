"""Drive a student's kernel: run cells, ask its answers, stop what goes too far."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from queue import Empty
from typing import Any

from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbgrader.preprocessors import Execute
from zmq import ZMQError

from autograde.apart.answers import make_expression, make_refusal, read_reply
from autograde.sandbox import StudentKernel
from autograde.submission_records import Limits

GRACE = 2.0
"""Seconds that a kernel has to answer an interrupt."""

CUT_OFF = "its kernel can't be reached any more; it may have sent too large a message"
NO_MESSAGE = "its kernel sent what is no message ({})"


class GradingStopped(Exception):  # noqa: N818  # no fault of the grader
    """A submission that ends early; the message is the reason, in words."""


class KernelDriver(NotebookClient):
    """nbclient's way of executing cells, in a kernel whose word is not to be trusted."""

    def __init__(
        self, notebook: NotebookNode, kernel: StudentKernel, limits: Limits
    ) -> None:
        super().__init__(
            notebook,
            allow_errors=True,
            store_widget_state=False,
            raise_on_iopub_timeout=True,
            iopub_timeout=GRACE,
            error_on_timeout={
                "ename": "CellTimeoutError",
                "evalue": "",
                "traceback": ["CellTimeoutError: it took too long, and was interrupted."],
            },
        )
        self.kc = kernel.client
        self.kc.allow_stdin = False  # input() fails at once: nobody is there to type
        self.kernel = kernel
        self.lost = ""
        """Why the kernel can't be asked any more; empty while it can."""
        self.stopped: list[str] = []
        """What took too long, and could be interrupted."""
        self._output_mb = limits.output_mb
        self._output_left = int(limits.output_mb * 2**20)

    async def execute(  # type: ignore[override]  # nbclient's runs a whole notebook
        self, cell: NotebookNode, index: int, seconds: float
    ) -> None:
        """Execute a cell; raise `GradingStopped` where the kernel does not survive it."""
        self.timeout_func = lambda _: math.ceil(seconds)
        try:
            await self.async_execute_cell(cell, index)
        except CellTimeoutError:
            self._lose(f"a cell took more than {seconds:.0f} seconds, and did not stop")
        except DeadKernelError:
            self._lose("its kernel died")
        except ZMQError:
            self._lose(CUT_OFF)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            # A kernel of honest code sends no malformed message.
            self._lose(NO_MESSAGE.format(type(error).__name__))
        if self.lost:
            raise GradingStopped(self.lost)

    async def run_silently(self, source: str) -> None:
        """Run what belongs to no cell."""
        await self._request(source, {}, GRACE * 5)

    async def ask(self, request: str, seconds: float) -> str:
        """Hand a request of the grade cell to the answers; return what they reply.

        When there is nobody to reply, or no reply in time, that is the reply.
        """
        try:
            expressions = {"reply": make_expression(request)}
            content = await self._request("", expressions, seconds)
            return read_reply(content, "reply")
        except (GradingStopped, TimeoutError) as stop:
            return make_refusal(f"{stop}.")

    async def _request(
        self, source: str, expressions: Mapping[str, str], seconds: float
    ) -> dict[str, Any]:
        if self.lost:
            raise GradingStopped(self.lost)
        try:
            sent = self.kernel.client.execute(
                source,
                silent=True,
                store_history=False,
                user_expressions=dict(expressions),
            )
        except ZMQError:
            self._lose(CUT_OFF)
            raise GradingStopped(self.lost) from None
        reply = await self._await_reply(sent, seconds)
        if reply is None and not self.lost:
            await self.kernel.interrupt()
            if await self._await_reply(sent, GRACE) is None and not self.lost:
                self._lose(f"a call took more than {seconds:.0f} seconds")
            else:
                raise TimeoutError(f"it took more than {seconds:.0f} seconds")
        if reply is None:
            raise GradingStopped(self.lost)
        content = reply.get("content")
        return content if isinstance(content, dict) else {}

    async def _await_reply(self, sent: str, seconds: float) -> dict[str, Any] | None:
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            try:
                reply = await self.kernel.client.get_shell_msg(timeout=min(left, 0.5))
            except Empty:
                if not await self.kernel.is_alive():
                    self._lose("its kernel died")
                    return None
                continue
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                self._lose(NO_MESSAGE.format(type(error).__name__))
                return None
            if reply["parent_header"].get("msg_id") == sent:
                return reply
        return None

    def _lose(self, reason: str) -> None:
        self.lost = self.lost or reason
        self.kernel.stop()

    # What nbclient asks a kernel manager and the client, this kernel answers itself.

    async def _async_check_alive(self) -> None:
        if not await self.kernel.is_alive():
            raise DeadKernelError("Kernel died")

    async def _async_handle_timeout(
        self, timeout: float, cell: NotebookNode | None = None
    ) -> dict[str, Any] | None:
        self.stopped.append(f"A cell was stopped after {timeout:g} seconds.")
        await self.kernel.interrupt()
        return {"content": {**self.error_on_timeout, "status": "error"}}

    def process_message(
        self, msg: dict[str, Any], cell: NotebookNode, cell_index: int
    ) -> NotebookNode | None:
        self._output_left -= len(str(msg["content"]))
        if self._output_left < 0:
            self._lose(f"it put out more than {self._output_mb:g} MB")
            if msg["msg_type"] != "status":
                return None
        return super().process_message(msg, cell, cell_index)

    def on_cell_executed(self, **told: Any) -> None:
        """Show an error that only the kernel's reply tells of, as nbgrader does."""
        Execute.on_cell_executed(self, **told)

    def handle_comm_msg(self, *_: Any) -> None:
        """Ignore widgets: nobody moves them here."""
