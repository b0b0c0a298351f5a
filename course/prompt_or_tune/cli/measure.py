"""Measure arms and curves, and show the verdicts."""

from __future__ import annotations

from pathlib import Path

from prompt_or_tune.cli.quiet import hide_loading_bars
from prompt_or_tune.cli.screen import ProgressLine, Screen
from prompt_or_tune.decision import TASK_SPECS
from prompt_or_tune.decision.record import ADAPTER_FOLDER, RESULTS_FILE, measure
from prompt_or_tune.models import load_model


def run_measure(
    model: str, results: Path | None, adapter: Path | None, workers: int
) -> None:
    """Measure everything, and print each task's verdict."""
    output, folder = results or RESULTS_FILE, adapter or ADAPTER_FOLDER
    with ProgressLine() as progress:
        progress.report("loading the model", 0, 1)
        hide_loading_bars()
        loaded = load_model(model)
        progress.say(loaded.describe())
        found = measure(
            loaded,
            output,
            adapter_folder=folder,
            workers=workers,
            on_progress=progress.report,
        )
    screen = Screen()
    for spec in TASK_SPECS:
        screen.say(found.judge(spec.name).sentence)
    screen.say(f"Results: {output}; adapter: {folder}.")
