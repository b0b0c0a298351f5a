"""Print one table at the end: every graded task, and what became of each wrong answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.graders.table import Table

NOTE = "graders"


@dataclass(frozen=True)
class Notes:
    """What a test found out, kept with its report: the table is made of all reports."""

    record: Callable[[str, object], None]

    def set_points(self, task: str, column: str, points: float) -> None:
        """Note the points of a task, or those that one of its answers got."""
        self.record(NOTE, ("set_points", task, column, points))

    def set_caught(self, task: str, wrong_answer: str, caught_by: str) -> None:
        """Note what caught a wrong answer."""
        self.record(NOTE, ("set_caught", task, wrong_answer, caught_by))


@pytest.fixture
def table(record_property: Callable[[str, object], None]) -> Notes:
    """Return what fills the table that is printed when all tests have run."""
    return Notes(record_property)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    table = Table()
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            for _, (column, *values) in filter(is_note, report.user_properties):
                getattr(table, column)(*values)
    lines = table.format()
    if lines:
        terminalreporter.section("graders")
        for line in lines:
            terminalreporter.write_line(line)


def is_note(entry: tuple[str, object]) -> bool:
    return entry[0] == NOTE
