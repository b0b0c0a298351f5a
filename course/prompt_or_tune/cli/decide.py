"""Show a decision on the reader's own data, and write its page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from prompt_or_tune.cli.decide_options import DecideOptions, make_settings
from prompt_or_tune.cli.errors import UsageError, say
from prompt_or_tune.cli.output import (
    print_json,
    require_writable,
    write_all,
    write_page,
)
from prompt_or_tune.cli.progress_line import ProgressLine
from prompt_or_tune.own_data.preparing import Prepared, prepare
from prompt_or_tune.own_data.splitting import write_split
from prompt_or_tune.quiet import hide_loading_bars, quieten_libraries

if TYPE_CHECKING:
    from prompt_or_tune.decision.store import Store
    from prompt_or_tune.own_data.deciding import OwnDecision

WHY_NOT_SEEDLING = (
    "which model? Give --model, a folder or a Hugging Face id (an instruction-tuned "
    "model that could do your task): Seedling, the course's own, knows an almanac of "
    "animals and seasons and nothing of your data, so its answers would decide nothing."
)
PAGE = "decision.html"


def run_decide(file: Path, options: DecideOptions, *, as_json: bool) -> None:
    """Prepare, measure, decide; print the decision, write its page."""
    settings = make_settings(options)
    require_writable(options.output)
    prepared = prepare(file, settings)
    if options.save_split is not None:
        _save_split(options.save_split, prepared)
        if not options.model:
            return
    if not options.model:
        raise UsageError(WHY_NOT_SEEDLING)
    if options.model == "seedling":
        say("Seedling knows only its almanac: what it decides holds for its world alone.")
    decision, store = _measure(options.model, prepared, options.output / PAGE)
    _show(decision, options.output, as_json=as_json)
    store.remove()


def _save_split(path: Path, prepared: Prepared) -> None:
    write_all(path.parent, {path.name: write_split(prepared.splits)})
    say(f"the pairs with their split are in {path}.")


def _measure(model: str, prepared: Prepared, page: Path) -> tuple[OwnDecision, Store]:
    """Return the decision, and the store that a killed run would go on with."""
    quieten_libraries()
    with ProgressLine() as progress:
        progress.report("importing torch and transformers, loading the model", 0, 1)
        from prompt_or_tune.models import load_model
        from prompt_or_tune.own_data.deciding import decide, open_store

        hide_loading_bars()
        loaded = load_model(model)
        progress.say(loaded.describe())
        store = open_store(page, prepared, loaded)
        return decide(loaded, prepared, progress.report, store), store


def _show(decision: OwnDecision, output: Path, *, as_json: bool) -> None:
    from prompt_or_tune.figures.own_data import draw_decision
    from prompt_or_tune.show.own_data import compose_page, list_sections
    from prompt_or_tune.show.own_data_summary import summarise_decision
    from prompt_or_tune.show.terminal import Screen

    figures = draw_decision(decision)
    paths = write_page(output, PAGE, compose_page(decision, figures), figures)
    if as_json:
        print_json(summarise_decision(decision), files=paths)
        return
    screen = Screen()
    for section in list_sections(decision, output / PAGE):
        screen.section(section)
