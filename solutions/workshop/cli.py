"""The author's command. Nothing heavy is imported before a command needs it."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from prompt_or_tune.cli.errors import ReportingGroup, say
from prompt_or_tune.quiet import hide_loading_bars, quieten_libraries

from solutions.workshop import LIBRARY, ROOT
from solutions.workshop.errors import SourceError, WorkshopError

if TYPE_CHECKING:
    from solutions.workshop.builder import BuiltFile, Project
    from solutions.workshop.seedling.pretraining import PretrainingStep
    from solutions.workshop.seedling.probes import ProbeResult

NEEDED = ("nbgrader", "jupytext", "papermill")
NOTEBOOKS = "Notebooks, from the text in solutions/"
RESULTS = "Results, and the pages that quote them"
MAKING = "Seedling and its data"


class WorkshopGroup(ReportingGroup):
    """Commands whose foreseen errors become one line on stderr and an exit code."""

    called = "workshop"

    def explain(self, error: Exception) -> str | None:
        """Return the line to show for a foreseen error; `None` for one that is a bug."""
        return str(error) if isinstance(error, WorkshopError) else super().explain(error)


app = typer.Typer(
    cls=WorkshopGroup,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help="Make the course: its notebooks, its recorded results, its model.",
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command, and leave with its exit code (0, 1, 2 for wrong usage, 130)."""
    app(args=arguments, prog_name="python -m solutions.workshop")


# ── Notebooks ──────────────────────────────────────────────────────────────────────────

Names = Annotated[
    list[str] | None,
    typer.Argument(help="Notebooks, such as 04 or 04_fine_tuning; else all."),
]
Root = Annotated[Path, typer.Option(help="The repository.", file_okay=False, exists=True)]


@app.command(rich_help_panel=NOTEBOOKS)
def build(
    names: Names = None,
    check: Annotated[
        bool,
        typer.Option(
            "--check",
            help="Write nothing; list what differs, and exit with 1 if any does.",
        ),
    ] = False,
    sources: Annotated[
        bool,
        typer.Option("--sources", help="Only build/source/, that a class starts from."),
    ] = False,
    root: Root = ROOT,
) -> None:
    """Build solutions/*.py into build/source/ (nbgrader's source) and course/."""
    _demand_extra()
    from solutions.workshop import builder

    project = builder.read_project(root)
    built, faults = _build_each(project, names or ())
    if not names and (root / builder.PAGE).is_file():
        built.append(builder.build_page(project))
    if sources:
        built = [file for file in built if file.path.is_relative_to(builder.SOURCE)]
    if check:
        # What nobody commits can't be out of date.
        released = [file for file in built if file.path.is_relative_to(builder.COURSE)]
        changed = [file.path for file in released if not file.is_current(root)]
    else:
        changed = [path.relative_to(root) for path in builder.write(built, root)]
    leftovers = [] if names else builder.find_leftovers(project)
    for path in changed:
        typer.echo(f"{'differs' if check else 'written'}: {path.as_posix()}")
    for path in leftovers:
        typer.echo(f"no source any more: {path.as_posix()}")
    for fault in faults:
        say(str(fault), WorkshopGroup.called)
    if faults or (check and (changed or leftovers)):
        raise typer.Exit(1)
    if not changed and not leftovers:
        typer.echo("Everything is up to date.")


def _build_each(
    project: Project, names: Sequence[str]
) -> tuple[list[BuiltFile], list[SourceError]]:
    """Return what the named notebooks become, and the fault of each that has one."""
    from solutions.workshop import builder
    from solutions.workshop.facts import recorded_facts

    facts = recorded_facts()
    built: list[BuiltFile] = []
    faults: list[SourceError] = []
    for file in builder.find_sources(project, names):
        try:
            built += builder.build(file, project, facts)
            typer.echo(f"{file.stem}: built", err=True)
        except SourceError as error:  # say it at the end; the others can be built
            faults.append(error)
    return built, faults


@app.command(rich_help_panel=NOTEBOOKS)
def execute(
    names: Names = None,
    jobs: Annotated[int, typer.Option(min=1, help="Notebooks at a time.")] = 1,
    root: Root = ROOT,
) -> None:
    """Execute the notebooks with their solutions into build/solutions/, to look at.

    Each becomes a notebook and an HTML page. A notebook whose cell fails is kept as far
    as it came, and the command leaves with 1.
    """
    _demand_extra()
    from solutions.workshop import builder, execution
    from solutions.workshop.facts import recorded_facts

    project = builder.read_project(root)
    facts = recorded_facts()
    files = builder.find_sources(project, names or ())
    sources = [builder.build(file, project, facts)[0] for file in files]
    builder.write(sources, root)
    folder = root / "build" / "solutions"
    done = []
    typer.echo(f"Executing {len(sources)} notebooks.", err=True)
    for one in execution.execute_all([root / s.path for s in sources], folder, jobs):
        done.append(one)
        page = execution.write_page(folder / one.name / f"{one.name}.ipynb")
        what = one.fault or page.relative_to(root).as_posix()
        typer.echo(f"{len(done)}/{len(sources)} {one.name}: {one.seconds:.0f} s, {what}")
    typer.echo(f"{sum(one.seconds for one in done):.0f} s of executing in all.")
    if any(one.fault for one in done):
        raise typer.Exit(1)


def _demand_extra() -> None:
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise WorkshopError(
            f"this needs {', '.join(missing)}, which the extra `grade` brings: "
            "pip install -c constraints.txt -e '.[grade]'"
        )


# ── Results and pages ──────────────────────────────────────────────────────────────────


@app.command(rich_help_panel=RESULTS)
def record(
    workers: Annotated[
        int, typer.Option(min=1, help="Processes that share the learning curves.")
    ] = 1,
    keep: Annotated[
        bool, typer.Option("--keep", help="Only what is not recorded yet: a new arm.")
    ] = False,
) -> None:
    """Measure Seedling again into the library's own files, and fill the pages.

    Takes about half an hour on two cores. Stop it at any time: the next call goes on
    where this one was. Afterwards `build` brings the notebooks up to date.
    """
    quieten_libraries()
    from prompt_or_tune.cli.measure import run_measure

    run_measure("seedling", None, None, workers, keep)
    fill()


@app.command(rich_help_panel=RESULTS)
def fill() -> None:
    """Fill what was recorded into README, model card and datasheet."""
    quieten_libraries()
    from solutions.workshop.pages import write_pages

    changed = write_pages()
    for page in changed:
        typer.echo(f"written: {page.relative_to(ROOT).as_posix()}")
    if not changed:
        typer.echo("Every page is up to date.")


# ── Seedling ───────────────────────────────────────────────────────────────────────────


@app.command(rich_help_panel=MAKING)
def pretrain(
    folder: Annotated[Path, typer.Argument(help="Where the model is to be.")],
    steps: Annotated[
        int | None, typer.Option(help="Optimiser steps on the corpus; else the recipe's.")
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same model.")] = 0,
    device: Annotated[
        str | None, typer.Option(help="cpu or cuda; else a GPU if there is one.")
    ] = None,
) -> None:
    """Pre-train Seedling from nothing into a folder; go on if it was stopped.

    Takes an hour or two on two cores.
    """
    from prompt_or_tune.cli.output import require_writable

    require_writable(folder)
    quieten_libraries()
    from prompt_or_tune.cli.progress_line import ProgressLine

    from solutions.workshop.seedling import pretraining

    settings = pretraining.PretrainingSettings(seed=seed)
    if steps is not None:
        settings = replace(settings, steps=steps)
    with ProgressLine() as progress:
        for step in pretraining.pretrain(settings, folder, device=device):
            progress.log(_describe_step(step), step.step, step.steps)
    typer.echo(f"The model is in {folder}. Next: probe --model {folder}")


def _describe_step(step: PretrainingStep) -> str:
    speed = step.flops_per_second / 1e9
    return (
        f"{step.phase} {step.step} of {step.steps}: loss {step.loss:.3f}, "
        f"{step.tokens_per_second:,.0f} tokens/s, {speed:,.0f} GFLOP/s"
    )


@app.command(rich_help_panel=MAKING)
def probe(
    model: Annotated[
        str, typer.Option(help="Seedling, or a folder that `pretrain` made.")
    ] = "seedling",
    count: Annotated[
        int, typer.Option(min=1, help="Prompts per probe; at least 200 for a result.")
    ] = 204,
    save: Annotated[
        bool, typer.Option("--save", help="Keep the results for the model card.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON on stdout, and nothing else there.")
    ] = False,
) -> None:
    """Ask Seedling what it must be able to do, and hold it against the bars.

    Exits with 1 when a bar is missed.
    """
    quieten_libraries()
    from prompt_or_tune.cli.output import print_json
    from prompt_or_tune.show.terminal import Screen

    from solutions.workshop.pages import tabulate_probes, write_card
    from solutions.workshop.seedling.probes import save_probes

    results = _run_probes(model, count)
    if as_json:
        print_json([asdict(result) | {"holds": result.holds} for result in results])
    else:
        Screen().block(tabulate_probes(results))
    if save:
        save_probes(results)
        for page in write_card():
            typer.echo(f"written: {page.relative_to(ROOT).as_posix()}", err=True)
    if not all(result.holds for result in results):
        raise typer.Exit(1)


def _run_probes(model: str, count: int) -> list[ProbeResult]:
    """Load the model and run all probes on it, each told on stderr when it is done."""
    from prompt_or_tune.cli.progress_line import ProgressLine
    from prompt_or_tune.models import load_model

    from solutions.workshop.seedling.probes import run_probes

    with ProgressLine() as progress:
        progress.report("loading the model", 0, 1)
        hide_loading_bars()
        loaded = load_model(model)

        def note(result: ProbeResult) -> None:
            progress.say(f"{result.name}: {result.rate:.2f}")

        return run_probes(loaded, count=count, on_progress=note)


@app.command(rich_help_panel=MAKING)
def make_data(
    folder: Annotated[
        Path, typer.Argument(help="Where the files are to be; else the library's own.")
    ] = LIBRARY / "data",
) -> None:
    """Make the raw requests and the almanac again, from their seed."""
    from prompt_or_tune.cli.output import require_writable

    from solutions.workshop.seedling.dataset import write_data

    require_writable(folder)
    for path in write_data(folder):
        typer.echo(f"written: {path}")
