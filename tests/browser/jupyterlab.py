"""JupyterLab on this machine for a test: a server of its own, and a hand that uses it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Locator, Page, ViewportSize, expect

from tests.jupyter_server import START_SECONDS, run_server

REPOSITORY = Path(__file__).parents[2]
SCREENSHOTS = REPOSITORY / "build" / "screenshots"
RUN_SECONDS = 240  # for all cells of a notebook, on a machine that does other things too
PICTURE_HEIGHT = 2400  # pixels of a notebook in one screenshot

Theme = Literal["light", "dark"]

_SETTINGS: dict[str, dict[str, Any]] = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    # Every cell is in the page, also those that are scrolled away.
    "notebook-extension/tracker": {"windowingMode": "none"},
    "docmanager-extension/plugin": {"autosave": False},
}


@dataclass(frozen=True)
class Server:
    """A running JupyterLab: its address, and the folder that it shows."""

    url: str
    folder: Path


@contextmanager
def serve(folder: Path, home: Path) -> Iterator[Server]:
    """Start JupyterLab on the folder; whatever else it writes goes to `home`."""
    _write_settings(home / "settings", _SETTINGS)
    with run_server(_command(folder), _environment(home), home) as url:
        yield Server(url, folder)


def _command(folder: Path) -> list[str]:
    return [
        sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root",
        "--IdentityProvider.token=",
        f"--ServerApp.root_dir={folder}", "--LabApp.expose_app_in_browser=True",
        "--LabApp.news_url=None", "--ServerApp.terminals_enabled=False",
    ]  # fmt: skip


def _environment(home: Path) -> dict[str, str]:
    """Return an environment in which nothing of the user's own is read or written."""
    course = [str(REPOSITORY / "course"), os.environ.get("PYTHONPATH", "")]
    return os.environ | {
        "HOME": str(home),
        "XDG_DATA_HOME": str(home / "data"),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_CACHE_HOME": str(home / "cache"),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "jupyter"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "IPYTHONDIR": str(home / "ipython"),
        "MPLCONFIGDIR": str(home / "matplotlib"),
        "HF_HUB_OFFLINE": "1",
        "NO_PROXY": "127.0.0.1,localhost",
        "PYTHONPATH": os.pathsep.join(filter(None, course)),
    }


def _write_settings(folder: Path, settings: Mapping[str, Mapping[str, Any]]) -> None:
    for name, values in settings.items():
        file = folder / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values), encoding="utf-8")


class Hand:
    """What a learner does with one notebook that is open in the browser."""

    def __init__(self, page: Page, server: Server) -> None:
        self.page = page
        self.server = server

    def open(self, path: str) -> None:
        """Open a notebook and wait until its kernel is there."""
        self.page.goto(f"{self.server.url}doc/tree/{path}?reset")
        self.page.wait_for_function(
            """() => {
              const panel = window.jupyterapp?.shell.currentWidget;
              const kernel = panel?.sessionContext?.session?.kernel;
              return kernel && kernel.status === 'idle';
            }""",
            timeout=START_SECONDS * 1000,
        )

    def run_all(self) -> None:
        """Run every cell, as the menu does, and wait until the kernel has done them."""
        self.page.evaluate(
            """() => {
              window.allCellsRan = false;
              window.jupyterapp.commands.execute('notebook:run-all-cells')
                .finally(() => { window.allCellsRan = true; });
            }"""
        )
        self.page.wait_for_function(
            "() => window.allCellsRan", timeout=RUN_SECONDS * 1000
        )

    def close(self) -> None:
        """Shut the notebook's kernel down, to leave the machine to the next one."""
        self.page.evaluate(
            "() => window.jupyterapp.shell.currentWidget?.sessionContext.shutdown()"
        )

    def errors(self) -> list[str]:
        """Return the texts of errors, warnings and other noise below the cells."""
        noise = "application/vnd.jupyter.error", "application/vnd.jupyter.stderr"
        shown = ", ".join(f'.jp-OutputArea-output[data-mime-type="{n}"]' for n in noise)
        return self.page.locator(shown).all_inner_texts()

    def choose_theme(self, theme: Theme) -> None:
        """Choose the light or the dark theme, as the settings menu does."""
        name = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}[theme]
        self.page.evaluate(
            "theme => window.jupyterapp.commands.execute("
            "'apputils:change-theme', { theme })",
            name,
        )
        flag = "true" if theme == "light" else "false"
        themed = f'body[data-jp-theme-light="{flag}"]'
        self.page.wait_for_selector(themed, state="attached")

    def lab(self, name: str) -> Locator:
        """Return the lab of this class name, which must be shown."""
        lab = self.page.locator(f".{name}").first
        expect(lab).to_be_visible()
        lab.scroll_into_view_if_needed()
        return lab

    def type_into(self, lab: Locator, label: str, text: str) -> None:
        """Type a text into the field with this label, with the keyboard alone."""
        field = lab.get_by_label(label)
        field.focus()
        field.press("ControlOrMeta+a")
        self.page.keyboard.type(text)
        field.press("Tab")

    def press(self, lab: Locator, button: str) -> None:
        """Press a button, with the keyboard alone."""
        found = lab.get_by_role("button", name=button, exact=True)
        expect(found).to_be_enabled()
        found.focus()
        found.press("Enter")

    def list_overflowing(self) -> list[str]:
        """Return the cards and figures that are wider than the room they have."""
        found: list[str] = self.page.evaluate(
            """() => [...document.querySelectorAll(
                '.prompt-or-tune-card, .drawing, .jp-Cell-outputArea')]
              .filter(part => part.scrollWidth > part.clientWidth + 1)
              .map(part => `${part.className}: ${part.innerText.slice(0, 60)}`)"""
        )
        return found

    def photograph(self, name: str, part: Locator) -> None:
        """Keep a picture of a part of the page, however high it is."""
        box = part.bounding_box()
        assert box is not None
        with self._tall(int(box["height"]) + 200):
            part.scroll_into_view_if_needed()
            SCREENSHOTS.mkdir(parents=True, exist_ok=True)
            part.screenshot(path=SCREENSHOTS / f"{name}.png")

    def photograph_notebook(self, name: str) -> None:
        """Keep pictures of the notebook from top to bottom."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        with self._tall(PICTURE_HEIGHT):
            scroller = self.page.locator(".jp-WindowedPanel-outer").first
            height: int = scroller.evaluate("part => part.scrollHeight")
            for number, top in enumerate(range(0, height, PICTURE_HEIGHT - 200), 1):
                scroller.evaluate("(part, top) => { part.scrollTop = top; }", top)
                self.page.screenshot(path=SCREENSHOTS / f"{name}-{number}.png")

    @contextmanager
    def _tall(self, height: int) -> Iterator[None]:
        size = self.page.viewport_size
        assert size is not None
        self.page.set_viewport_size(ViewportSize(width=size["width"], height=height))
        try:
            yield
        finally:
            self.page.set_viewport_size(size)
