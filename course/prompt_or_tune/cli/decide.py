"""Show a decision on the reader's own data, and write its page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from prompt_or_tune.cli.errors import UsageError, say
from prompt_or_tune.cli.output import write_all
from prompt_or_tune.cli.quiet import hide_loading_bars, quieten_libraries
from prompt_or_tune.cli.screen import ProgressLine, Screen, print_json
from prompt_or_tune.own_data.preparing import DecideSettings, Prepared, prepare
from prompt_or_tune.own_data.splitting import write_split

if TYPE_CHECKING:
    from prompt_or_tune.own_data.deciding import OwnDecision

WHY_NOT_SEEDLING = (
    "which model? Give --model, a folder or a Hugging Face id (an instruction-tuned "
    "model that could do your task): Seedling, the course's own, knows an almanac of "
    "animals and seasons and nothing of your data, so its answers would decide nothing."
)


def run_decide(
    file: Path,
    model: str,
    settings: DecideSettings,
    output: Path,
    *,
    save_split: Path | None,
    as_json: bool,
) -> None:
    """Prepare, measure, decide; print the decision, write its page."""
    prepared = prepare(file, settings)
    if save_split is not None:
        write_all(save_split.parent, {save_split.name: write_split(prepared.splits)})
        say(f"the pairs with their split are in {save_split}.")
        if not model:
            return
    if not model:
        raise UsageError(WHY_NOT_SEEDLING)
    if model == "seedling":
        say("Seedling knows only its almanac: what it decides holds for its world alone.")
    decision = _measure(model, prepared)
    _show(decision, output, as_json=as_json)


def _measure(model: str, prepared: Prepared) -> OwnDecision:
    quieten_libraries()
    with ProgressLine() as progress:
        progress.report("importing torch and transformers, loading the model", 0, 1)
        from prompt_or_tune.models import load_model
        from prompt_or_tune.own_data.deciding import decide

        hide_loading_bars()
        loaded = load_model(model)
        progress.say(loaded.describe())
        return decide(loaded, prepared, progress.report)


def _show(decision: OwnDecision, output: Path, *, as_json: bool) -> None:
    from prompt_or_tune.own_data import reporting
    from prompt_or_tune.report import render_report

    figures = reporting.draw_figures(decision)
    page = render_report(reporting.write_page(decision, figures))
    files: dict[str, str | bytes] = {
        f"{name}.png": drawing.render() for name, drawing in figures.items()
    }
    paths = write_all(output, files | {"decision.html": page})
    if as_json:
        shown = reporting.as_json(decision)
        print_json(shown | {"files": [str(path) for path in paths]})
        return
    _print(decision, output / "decision.html")


def _print(decision: OwnDecision, page: Path) -> None:
    from prompt_or_tune.own_data import reporting

    found, screen = decision.recommendation, Screen()
    screen.heading("The data")
    screen.say(reporting.describe_splits(decision))
    for notice in reporting.list_notices(decision):
        screen.say(notice)
    screen.heading("The arms")
    screen.table(reporting.tabulate_arms(decision))
    screen.heading(f"Use: {found.arm}")
    for reason in found.reasons:
        screen.say(reason)
    screen.heading("Where it would flip")
    flips = reporting.tabulate_flips(decision)
    if flips is None:
        screen.say(reporting.NO_FLIP)
    else:
        screen.table(flips)
        screen.say("")
    screen.say(reporting.describe_curve(decision))
    if decision.cautions:
        screen.heading("Before you believe it")
    for caution in decision.cautions:
        screen.say(caution)
    screen.heading("The whole evidence")
    screen.say(f"Open {page}.")
