"""One server and one browser for all tests; each notebook is opened and run once."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from prompt_or_tune.widgets.progress import is_ci

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.jupyterlab import Hand, Server

FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync"
).split()
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


def find_lack() -> str:
    """Return what a browser test lacks on this machine, nothing if it has all."""
    if importlib.util.find_spec("playwright") is None:
        return "playwright is not installed: pip install playwright"
    if importlib.util.find_spec("jupyterlab") is None:
        return "JupyterLab is not installed: pip install -e '.[lab]'"
    if find_chromium() is None:
        return "there is no Chromium: install your system's package chromium"
    return ""


def find_chromium() -> str | None:
    """Return the path of the system's own Chromium."""
    return next((path for path in map(shutil.which, NAMES) if path), None)


@pytest.fixture(scope="session")
def needs_browser() -> None:
    """Skip where there is no browser; in CI that is an error."""
    lack = find_lack()
    if lack and is_ci():
        pytest.fail(f"In CI the browser tests must run, and {lack}")
    if lack:
        pytest.skip(lack)


@pytest.fixture(scope="session")
def server(
    needs_browser: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """Start JupyterLab on a copy of the course."""
    from tests.browser.course_copy import copy_course
    from tests.browser.jupyterlab import serve

    folder: Path = tmp_path_factory.mktemp("course")
    home: Path = tmp_path_factory.mktemp("home")
    copy_course(folder)
    with serve(folder, home) as running:
        yield running


@pytest.fixture(scope="session")
def page(needs_browser: None) -> Iterator[Page]:
    """Start the system's Chromium with an empty profile."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        page = browser.new_page(viewport={"width": 1200, "height": 900})
        page.set_default_timeout(30_000)
        yield page
        browser.close()


@pytest.fixture
def hand(page: Page, server: Server) -> Iterator[Hand]:
    """Return a hand for one notebook; its kernel ends with the test."""
    from tests.browser.jupyterlab import SCREENSHOTS, Hand

    hand = Hand(page, server)
    yield hand
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / "last.png")
    hand.close()
