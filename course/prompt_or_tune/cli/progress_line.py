"""What is being done, on one line of stderr: results alone are on stdout."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from prompt_or_tune.show.terminal import make_text


class ProgressLine:
    """One line on stderr that says what is being done, and how far it is.

    It is gone while results are printed (`clear`), so that the two never mix. Where
    stderr is no terminal, each new piece of work is a line of its own.
    """

    def __init__(self) -> None:
        self.console = Console(stderr=True, highlight=False)
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._said = ""

    def __enter__(self) -> ProgressLine:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.clear()

    def say(self, text: str) -> None:
        """Print a line that stays."""
        self.clear()
        self.console.print(make_text(text))

    def report(self, what: str, done: int, total: int) -> None:
        """Show what is being done: `done` of `total` are finished."""
        if not self.console.is_terminal:
            self._report_in_lines(what)
            return
        if self._bar is None or self._task is None:
            self._bar = _make_bar(self.console)
            self._bar.start()
            self._task = self._bar.add_task(what, total=total)
        self._bar.update(self._task, description=what, completed=done, total=total)

    def log(self, what: str, done: int, total: int) -> None:
        """Show progress; where stderr is no terminal, every call is a line."""
        if self.console.is_terminal:
            self.report(what, done, total)
        else:
            self.console.print(make_text(what))

    def clear(self) -> None:
        """Take the line away."""
        if self._bar is not None:
            self._bar.stop()
        self._bar = self._task = None

    def _report_in_lines(self, what: str) -> None:
        # Numbers change at each step; in a log only a new kind of work is news.
        subject = what.split(",")[0]
        if subject != self._said:
            self.console.print(make_text(f"… {what}"))
        self._said = subject


def _make_bar(console: Console) -> Progress:
    # `redirect_stdout` would send results to stderr, where this line is.
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
