"""Show the work of those who make the course: measuring, pre-training, probing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from prompt_or_tune.cli.output import print_json
from prompt_or_tune.cli.progress_line import ProgressLine
from prompt_or_tune.cli.quiet import hide_loading_bars
from prompt_or_tune.decision import TASK_SPECS
from prompt_or_tune.decision.record import ADAPTER_FOLDER, RESULTS_FILE, measure
from prompt_or_tune.models import load_model
from prompt_or_tune.pages import is_checkout, write_card, write_pages
from prompt_or_tune.seedling.pretraining import (
    PretrainingSettings,
    PretrainingStep,
    pretrain,
)
from prompt_or_tune.seedling.probes import ProbeResult, run_probes, save_probes
from prompt_or_tune.show import Table
from prompt_or_tune.show.terminal import Screen


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
        screen.block(found.judge(spec.name).sentence)
    screen.block(f"Results: {output}; adapter: {folder}.")
    if output == RESULTS_FILE and is_checkout():
        for page in write_pages():
            screen.block(f"Brought up to date: {page}.")


def run_pretrain(folder: Path, steps: int | None, seed: int, device: str | None) -> None:
    """Pre-train into the folder, showing loss and speed; print where the model is."""
    settings = PretrainingSettings(seed=seed)
    if steps is not None:
        settings = replace(settings, steps=steps)
    with ProgressLine() as progress:
        for step in pretrain(settings, folder, device=device):
            progress.log(_describe_step(step), step.step, step.steps)
    Screen().block(f"The model is in {folder}; `prompt-or-tune probe --model {folder}`.")


def _describe_step(step: PretrainingStep) -> str:
    speed = step.flops_per_second / 1e9
    return (
        f"{step.phase} {step.step} of {step.steps}: loss {step.loss:.3f}, "
        f"{step.tokens_per_second:,.0f} tokens/s, {speed:,.0f} GFLOP/s"
    )


def run_probe(model: str, count: int, *, save: bool, as_json: bool) -> bool:
    """Run all probes and print them; return whether every bar was reached."""
    with ProgressLine() as progress:
        progress.report("loading the model", 0, 1)
        hide_loading_bars()
        loaded = load_model(model)

        def note(result: ProbeResult) -> None:
            progress.say(f"{result.name}: {result.rate:.2f}")

        results = run_probes(loaded, count=count, on_progress=note)
        if save:
            save_probes(results)
            for page in write_card():
                progress.say(f"Brought up to date: {page}.")
    if as_json:
        print_json([_as_json(result) for result in results])
    else:
        Screen().block(_tabulate(results, count))
    return all(result.holds for result in results)


def _as_json(result: ProbeResult) -> dict[str, object]:
    return {
        "name": result.name,
        "wanted": result.wanted,
        "bar": result.bar,
        "successes": result.successes,
        "of": result.n,
        "rate": result.rate,
        "low": result.low,
        "high": result.high,
        "holds": result.holds,
    }


def _tabulate(results: list[ProbeResult], count: int) -> Table:
    rows = tuple(
        (
            result.name,
            f"{result.rate:.2f} [{result.low:.2f}–{result.high:.2f}]",
            result.wanted if result.bar is None else f"{result.wanted} {result.bar:.2f}",
            "yes" if result.holds else "NO",
        )
        for result in results
    )
    caption = f"Each probe asks {count} prompts; rate with its 95 % interval."
    return Table(caption, ("probe", "rate", "wanted", "holds"), rows)
