"""Take a tour, show it, and write its page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from prompt_or_tune.cli.output import print_json, require_writable, write_page
from prompt_or_tune.cli.progress_line import ProgressLine
from prompt_or_tune.quiet import hide_loading_bars, quieten_libraries
from prompt_or_tune.records import StepRecord
from prompt_or_tune.show import Section
from prompt_or_tune.show.terminal import Screen
from prompt_or_tune.tour.pipeline import (
    Tour,
    TourSettings,
    estimate_seconds,
    take_tour,
)

PAGE = "tour.html"


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
        _close(output / PAGE)


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
    """Return the whole tour; on the way show each stage as soon as it is finished."""
    progress.report("importing torch and transformers", 0, 1)
    hide_loading_bars()
    # Seconds of imports, so not before the reader was told.
    from prompt_or_tune.show.tour_stages import list_sections

    for found in take_tour(settings, progress.report):
        match found:
            case Tour():
                return found
            case StepRecord():
                what = f"training, epoch {found.epoch}, loss {found.loss:.2f}"
                progress.report(what, found.step, found.steps)
            case _ if not silent:
                _show(list_sections(found, settings.epochs), progress)
    raise AssertionError("A tour ends with a Tour.")


def _show(sections: Sequence[Section], progress: ProgressLine) -> None:
    if sections:
        progress.clear()
    screen = Screen()
    for section in sections:
        screen.section(section)


def _write(tour: Tour, output: Path) -> list[Path]:
    from prompt_or_tune.figures.tour import draw_tour
    from prompt_or_tune.show.tour_page import compose_page

    figures = draw_tour(tour)
    return write_page(output, PAGE, compose_page(tour, figures), figures)


def _print_json(tour: Tour, paths: Sequence[Path]) -> None:
    from prompt_or_tune.show.tour_summary import summarise_tour

    print_json(summarise_tour(tour), files=paths)


def _close(page: Path) -> None:
    """Say where everything is, and what to do next."""
    from prompt_or_tune.show.tour_page import NEXT_STEPS

    where = f"Open {page}: the whole tour as a page, with figures."
    Screen().section(Section("What to do next", (where, *NEXT_STEPS)))
