"""Run a grade cell as a notebook does, and keep what the notebook would show."""

from __future__ import annotations

import base64
import io
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import ExecutionResult, InteractiveShell
from traitlets import Type
from traitlets.config import Config

from autograde.whole_cells import demand_whole_cells

Outputs = list[dict[str, Any]]
Fetch = Callable[[str], Mapping[str, Any]]


@dataclass(frozen=True)
class ShellRun:
    """What became of a cell; `line` is its own, of the statement that failed, if any."""

    outputs: Outputs
    error: BaseException | None
    line: int | None
    seconds: float


class _Publisher(DisplayPublisher):
    """Keeps what a cell displays."""

    shell: Any

    def publish(self, data: Any, metadata: Any = None, *_: Any, **options: Any) -> None:
        self.shell.outputs.append(_show("display_data", data, metadata))

    def clear_output(self, wait: bool = False) -> None:
        self.shell.outputs.clear()


class _Hook(DisplayHook):
    """Keeps the value of a cell's last line: of a grade cell, its points in part."""

    shell: Any

    def write_output_prompt(self) -> None:
        pass

    def write_format_data(self, format_dict: Any, md_dict: Any = None) -> None:
        result = _show("execute_result", format_dict, md_dict)
        self.shell.outputs.append({**result, "execution_count": None})

    def finish_displayhook(self) -> None:
        pass


class _Stream(io.TextIOBase):
    """Keeps what a cell prints, joined to what it has just printed there."""

    def __init__(self, name: str, outputs: Outputs) -> None:
        self._name = name
        self._outputs = outputs

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        last = self._outputs[-1] if self._outputs else {}
        if last.get("name") == self._name:
            last["text"] += text
        elif text:
            self._outputs.append(
                {"output_type": "stream", "name": self._name, "text": text}
            )
        return len(text)


def _show(kind: str, data: Any, metadata: Any) -> dict[str, Any]:
    shown = {
        form: base64.b64encode(what).decode() if isinstance(what, bytes) else what
        for form, what in data.items()
    }
    return {"output_type": kind, "data": shown, "metadata": dict(metadata or {})}


class GradeShell(InteractiveShell):
    """An IPython without a terminal, a history or a user; outputs are nbformat's."""

    display_pub_class = Type(_Publisher)
    displayhook_class = Type(_Hook)

    def __init__(self, **options: Any) -> None:
        self.outputs: Outputs = []
        super().__init__(**options)

    @classmethod
    def create(cls) -> GradeShell:
        """Return the one shell of this process."""
        InteractiveShell.clear_instance()  # of a process that this one was forked from
        config = Config()
        config.HistoryManager.enabled = False
        config.InteractiveShell.colors = "nocolor"
        shell = cls.instance(config=config)
        demand_whole_cells(shell)
        return shell

    def enable_gui(self, gui: Any = None) -> None:
        """Do nothing: there is no window to wait for. `%matplotlib` asks."""

    def run(self, source: str, fetch: Fetch) -> ShellRun:
        """Run a cell in a fresh namespace, with the names that `fetch` gives it.

        `fetch` gets the cell as plain Python.
        """
        self._start_afresh()
        started = time.monotonic()
        streams = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = (
            cast(io.TextIOWrapper, _Stream(name, self.outputs))
            for name in ("stdout", "stderr")
        )
        try:
            done = self._run(source, fetch)
        finally:
            sys.stdout, sys.stderr = streams
        error = done.error_before_exec or done.error_in_exec
        line = self._find_line(source, error) if error else None
        return ShellRun(self.outputs, error, line, time.monotonic() - started)

    def _start_afresh(self) -> None:
        self.outputs = []
        self.init_create_namespaces()
        self.init_user_ns()
        self.init_sys_modules()  # where a data class looks for the names of its fields

    def _run(self, source: str, fetch: Fetch) -> ExecutionResult:
        try:
            self.user_ns.update(fetch(self.transform_cell(source)))
        except SyntaxError:
            pass  # said better by running it
        except BaseException as error:  # no answer comes
            done = ExecutionResult(info=None)
            done.error_before_exec = error
            self.showtraceback()
            return done
        return self.run_cell(source, store_history=False)

    def _find_line(self, source: str, error: BaseException) -> int | None:
        # IPython drops blank lines at the start.
        dropped = source[: len(source) - len(source.lstrip())].count("\n")
        trace = error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_globals is self.user_ns:
                return trace.tb_lineno + dropped
            trace = trace.tb_next
        line = error.lineno if isinstance(error, SyntaxError) else None
        return line + dropped if line else None

    def _showtraceback(self, etype: Any, evalue: Any, stb: list[str]) -> None:
        self.outputs.append(
            {
                "output_type": "error",
                "ename": etype.__name__,
                "evalue": str(evalue),
                "traceback": stb,
            }
        )
