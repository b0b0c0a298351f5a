"""Take a tour, show it, and write its page."""

from __future__ import annotations

from pathlib import Path

from prompt_or_tune.cli.output import require_writable, write_all
from prompt_or_tune.cli.quiet import hide_loading_bars, quieten_libraries
from prompt_or_tune.cli.screen import ProgressLine, Screen, print_json
from prompt_or_tune.tour.pipeline import (
    Tour,
    TourSettings,
    estimate_seconds,
    take_tour,
)


def run_tour(settings: TourSettings, output: Path, *, as_json: bool) -> None:
    """Take the tour: print what each stage found (or JSON at the end), write the page."""
    require_writable(output)
    quieten_libraries()
    with ProgressLine() as progress:
        _announce(settings, progress)
        found = _walk(settings, progress, silent=as_json)
        progress.report("drawing the figures", 0, 1)
        paths = _write(found, output)
    if as_json:
        _print_json(found, paths)
    else:
        _close(paths)


def _announce(settings: TourSettings, progress: ProgressLine) -> None:
    """Say beforehand how long each part takes."""
    parts = estimate_seconds(settings)
    total = _round(sum(seconds for _, seconds in parts))
    progress.say(f"The tour takes about {total} on two cores:")
    for name, seconds in parts:
        progress.say(f"  {name}: {_round(seconds)}")


def _round(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.1f} minutes"


def _walk(settings: TourSettings, progress: ProgressLine, *, silent: bool) -> Tour:
    progress.report("importing torch and transformers", 0, 1)
    # Seconds of imports, so not before the reader was told.
    from prompt_or_tune.cli.guide import Guide

    hide_loading_bars()
    guide = Guide(settings, progress, silent=silent)
    for found in take_tour(settings, progress.report):
        if isinstance(found, Tour):
            return found
        guide.show(found)
    raise AssertionError("A tour ends with a Tour.")


def _close(paths: list[Path]) -> None:
    """Say where everything is, and what to do next."""
    from prompt_or_tune.tour.reporting import NEXT_STEPS

    screen = Screen()
    screen.heading("What to do next")
    page = next(path for path in paths if path.suffix == ".html")
    screen.say(f"Open {page}: the whole tour as a page, with figures.")
    for step in NEXT_STEPS:
        screen.say(step)


def _write(tour: Tour, output: Path) -> list[Path]:
    from prompt_or_tune.report import render_report
    from prompt_or_tune.tour.reporting import draw_tour, write_page

    figures = draw_tour(tour)
    page = render_report(write_page(tour, figures))
    files: dict[str, str | bytes] = {
        f"{name}.png": drawing.render() for name, drawing in figures.items()
    }
    return write_all(output, files | {"tour.html": page})


def _print_json(tour: Tour, paths: list[Path]) -> None:
    from prompt_or_tune.tour.reporting import as_json

    print_json(as_json(tour) | {"files": [str(path) for path in paths]})
