"""What holds for every test: no network, no window, a class of its own pace.

A test without a mark takes less than a second of computing, and `make check` runs it.
One that is marked `slow` or `browser` runs in `make test` only. Where tests run side by
side, one that is marked `alone` waits until the others pause, and holds them up.
"""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import hypothesis
import pytest

os.environ.setdefault("MPLBACKEND", "Agg")
# Tests run side by side, and start kernels: torch's threads would wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# An example that a busy machine keeps waiting is no counterexample.
hypothesis.settings.register_profile("any machine", deadline=None)
hypothesis.settings.load_profile("any machine")

LAST = ("slow", "browser", "alone")
LOCAL = ("localhost", "127.0.0.1", "::1")
QUICK_SECONDS = 1.0
SLACK = 10
"""How many times more a test may take on a busy machine, or by a first import."""

TABLE = "table at the end"
SECONDS = "seconds of computing"


# ── The pace of tests ──────────────────────────────────────────────────────────────────


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put quick tests first: most failures show within seconds. Lonely ones come last."""
    items.sort(key=lambda item: (has_mark(item, "alone"), has_mark(item, *LAST)))


def has_mark(item: pytest.Item, *names: str) -> bool:
    """Return whether a test, its class or its file has one of the marks."""
    return any(item.get_closest_marker(name) for name in names)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Fail a test that computes much longer than what is not marked may."""
    started = count_seconds()
    result = yield
    seconds = count_seconds() - started
    if not has_mark(item, *LAST) and seconds > QUICK_SECONDS:
        item.user_properties.append((SECONDS, seconds))
        if seconds > QUICK_SECONDS * SLACK:
            pytest.fail(
                f"It took {seconds:.1f} s of computing, and `make check` waits for it: "
                "make it quicker, or mark it with @pytest.mark.slow."
            )
    return result


def count_seconds() -> float:
    """Return the processor's time that this process and its ended children used.

    Unlike a clock's, it hardly grows when the machine has other things to do.
    """
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Where tests run side by side, let a test marked `alone` have the machine."""
    if not hasattr(item.config, "workerinput"):
        return (yield)
    with hold_machine(alone=has_mark(item, "alone")):
        return (yield)


@contextmanager
def hold_machine(*, alone: bool) -> Iterator[None]:
    """Share the machine with other tests, or have it alone.

    Who wants to be alone closes the door first, so that nobody else comes in while it
    waits for those inside. Both locks are on what is there anyway: nothing is written.
    """
    room = Path(__file__)
    with (
        locked(room.parent, fcntl.LOCK_EX) as door,
        locked(room, fcntl.LOCK_EX if alone else fcntl.LOCK_SH),
    ):
        if not alone:
            fcntl.flock(door, fcntl.LOCK_UN)
        yield


@contextmanager
def locked(path: Path, kind: int) -> Iterator[int]:
    """Lock a file or folder while the block runs; wait for it if need be."""
    opened = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(opened, kind)
        yield opened
    finally:
        fcntl.flock(opened, fcntl.LOCK_UN)  # a forked process may keep the file open
        os.close(opened)


# ── What is printed at the end ─────────────────────────────────────────────────────────


@pytest.fixture
def print_at_end(record_property: Callable[[str, object], None]) -> Callable[..., None]:
    """Return a function that prints a table when all tests have run: title, lines.

    What tests print themselves is not seen where they run side by side.
    """

    def keep(title: str, lines: Sequence[str]) -> None:
        record_property(TABLE, (title, list(lines)))

    return keep


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the tables, and which unmarked tests took more than a second."""
    reports = [
        report
        for outcome in ("passed", "failed")
        for report in terminalreporter.getreports(outcome)
        if report.when == "call"
    ]
    for title, lines in find_properties(reports, TABLE).values():
        terminalreporter.section(title)
        for line in lines:
            terminalreporter.write_line(line)
    long = find_properties(reports, SECONDS)
    if long:
        terminalreporter.section(
            f"over {QUICK_SECONDS} s of computing, and not marked slow"
        )
        for test, seconds in sorted(long.items(), key=lambda pair: -pair[1]):
            terminalreporter.write_line(f"{seconds:.1f}s {test}")


def find_properties(reports: Sequence[pytest.TestReport], name: str) -> dict[str, Any]:
    """Return what tests noted under a name, by test."""
    return {
        report.nodeid: value
        for report in reports
        for key, value in report.user_properties
        if key == name
    }


# ── Nothing outside is reached or changed ──────────────────────────────────────────────


@pytest.fixture(scope="session", autouse=True)
def keep_progress_aside(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Let no notebook that a test runs count as the progress of whoever runs it."""
    os.environ["PROMPT_OR_TUNE_DATA"] = str(tmp_path_factory.mktemp("progress"))


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing but this machine be reached: what a test needs, the repository has."""
    look_up, connect = socket.getaddrinfo, socket.socket.connect

    def look_up_local(host: Any, *rest: Any, **options: Any) -> Any:
        if host is not None and _as_text(host) not in LOCAL:
            raise socket.gaierror(f"tests reach no network, and {host!r} was asked for")
        return look_up(host, *rest, **options)

    def connect_local(self: socket.socket, address: Any) -> None:
        if isinstance(address, tuple) and _as_text(address[0]) not in LOCAL:
            raise ConnectionRefusedError(f"tests reach no network: {address!r}")
        connect(self, address)

    monkeypatch.setattr(socket, "getaddrinfo", look_up_local)
    monkeypatch.setattr(socket.socket, "connect", connect_local)


def _as_text(host: str | bytes) -> str:
    return host.decode() if isinstance(host, bytes) else host
