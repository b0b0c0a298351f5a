"""What holds for every test: no network, no window, slow ones last."""

from __future__ import annotations

import os
import socket
from typing import Any

import pytest

os.environ.setdefault("MPLBACKEND", "Agg")

LAST = ("slow", "browser")
LOCAL = ("localhost", "127.0.0.1", "::1")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put quick tests first, so that most failures show within seconds."""
    items.sort(key=lambda item: any(item.get_closest_marker(name) for name in LAST))


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
