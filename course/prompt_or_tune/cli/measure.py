"""Measure arms and curves, and show the verdicts."""

from __future__ import annotations

from pathlib import Path

from prompt_or_tune.cli.progress_line import ProgressLine
from prompt_or_tune.decision.recording import ADAPTER_FOLDER, measure
from prompt_or_tune.decision.results import RESULTS_FILE
from prompt_or_tune.decision.verdict import judge_all
from prompt_or_tune.models import load_model
from prompt_or_tune.quiet import hide_loading_bars
from prompt_or_tune.show.terminal import Screen


def run_measure(
    model: str, results: Path | None, adapter: Path | None, workers: int, keep: bool
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
            keep=keep,
            on_progress=progress.report,
        )
    screen = Screen()
    for verdict in judge_all(found):
        screen.block(verdict.sentence)
    screen.block(f"Results: {output}; adapter: {folder}.")
