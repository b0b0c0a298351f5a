"""Print one table at the end: every graded task, and what became of each wrong answer."""

from __future__ import annotations

import pytest

from tests.graders.table import Table

TABLE = pytest.StashKey[Table]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[TABLE] = Table()


@pytest.fixture
def table(pytestconfig: pytest.Config) -> Table:
    """Return the table that is printed when all tests have run."""
    return pytestconfig.stash[TABLE]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    lines = terminalreporter.config.stash[TABLE].format()
    if lines:
        terminalreporter.section("graders")
        for line in lines:
            terminalreporter.write_line(line)
