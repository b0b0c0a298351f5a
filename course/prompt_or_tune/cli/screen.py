"""What the command shows: results on stdout, progress on stderr."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import groupby
from types import TracebackType
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from prompt_or_tune.doctor import Finding
    from prompt_or_tune.report import Table as Tabulated

# ── Results ────────────────────────────────────────────────────────────────────────────


class Screen:
    """Prints results to stdout. Rich honours NO_COLOR and the terminal's width."""

    def __init__(self) -> None:
        self._console = Console(highlight=False)

    def heading(self, text: str) -> None:
        """Print a heading with a blank line before it."""
        self._console.print()
        self._console.print(make_text(text, style="bold"))

    def say(self, text: str) -> None:
        """Print a paragraph; nothing in it is taken for markup."""
        self._console.print(make_text(text))

    def quote(self, text: str) -> None:
        """Print a text letter by letter, indented."""
        self._console.print(Padding(make_text(text), (0, 0, 0, 2)))

    def table(self, table: Tabulated) -> None:
        """Print a table below its caption; marked rows stand out."""
        self._console.print(make_text(table.caption, style="dim"))
        drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
        for index, name in enumerate(table.columns):
            justify = "right" if index in table.numeric else "left"
            drawn.add_column(name, justify=justify, overflow="fold")  # type: ignore[arg-type]
        for index, row in enumerate(table.rows):
            style = "bold" if index in table.marked else ""
            drawn.add_row(*map(make_text, row), style=style)
        self._console.print(drawn)

    def findings(self, findings: Iterable[Finding]) -> None:
        """Print what the doctor found, by group, and at the end what to do about it."""
        findings = list(findings)
        for group, members in groupby(findings, key=lambda finding: finding.group):
            self.heading(group)
            table = Table(box=None, show_header=False, padding=(0, 2))
            table.add_column(overflow="fold")
            table.add_column(overflow="fold")
            for finding in members:
                style = "" if finding.well else "bold red"
                table.add_row(finding.name, make_text(finding.value, style=style))
            self._console.print(table)
        problems = [finding for finding in findings if not finding.well]
        self.heading(_count_problems(len(problems)))
        for finding in problems:
            self.say(f"{finding.name}: {finding.value}")
            self.quote(f"→ {finding.advice}")


def make_text(text: str, style: str = "") -> Text:
    """Return a text for printing: nothing in it is markup, or commands the terminal.

    A model may answer anything, escape sequences too.
    """
    harmless = "".join(c if c.isprintable() or c == "\n" else "�" for c in text)
    return Text(harmless, style=style)


def print_json(value: object) -> None:
    """Print a value as JSON on stdout.

    In ASCII: a pipe's encoding must not decide whether the answer can be printed.
    """
    print(json.dumps(value, indent=2, allow_nan=False))


def _count_problems(number: int) -> str:
    if not number:
        return "Nothing is missing."
    return "1 thing needs mending:" if number == 1 else f"{number} things need mending:"


# ── Progress ───────────────────────────────────────────────────────────────────────────


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
