"""The commands and their options. Nothing heavy is imported before one needs it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from prompt_or_tune.cli.decide_options import DecideOptions
from prompt_or_tune.cli.errors import ReportingGroup
from prompt_or_tune.cli.moved_commands import announce_moves
from prompt_or_tune.cli.settings import accept, read_options
from prompt_or_tune.quiet import quieten_libraries

app = typer.Typer(
    cls=ReportingGroup,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",  # reflows the paragraphs of docstrings
    help="When to fine-tune, and when is engineering the prompt enough? Measure it.",
)

AsJson = Annotated[
    bool, typer.Option("--json", help="Print JSON on stdout, and nothing else there.")
]
Output = Annotated[
    Path, typer.Option("--output", "-o", help="The folder for figures and report.")
]
Seed = Annotated[int, typer.Option(help="The same seed gives the same results.")]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command, and leave with its exit code (0, 1, 2 for wrong usage, 130)."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show "→" shows "?", and no traceback.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    app(args=arguments, prog_name="prompt-or-tune")


# ── tour ───────────────────────────────────────────────────────────────────────────────


@app.command()
def tour(
    pairs: Annotated[int, typer.Option(help="Training pairs, at most 1000.")] = 1000,
    epochs: Annotated[int, typer.Option(help="Times through the pairs.")] = 5,
    test_size: Annotated[
        int, typer.Option(help="Queries of each live test, at most 200.")
    ] = 200,
    seed: Seed = 0,
    model: Annotated[
        str, typer.Option(help="Seedling, a model's folder, or a Hugging Face id.")
    ] = "seedling",
    output: Output = Path("prompt-or-tune-tour"),
    as_json: AsJson = False,
) -> None:
    """Go through the five stages on 1000 samples, and see what was measured.

    Takes one to two minutes on two cores, without a GPU. Writes figures and one HTML
    page into the folder.
    """
    from prompt_or_tune.cli.tour import run_tour
    from prompt_or_tune.tour.pipeline import TourSettings

    settings = TourSettings(pairs, epochs, test_size, seed, model)
    run_tour(settings, output, as_json=as_json)


# ── decide ─────────────────────────────────────────────────────────────────────────────


@app.command()
@accept(DecideOptions)
def decide(
    file: Annotated[
        Path,
        typer.Argument(
            help='Your pairs: JSON Lines with "prompt" and "response"; optionally '
            '"split" (train, development, test) and "pattern".'
        ),
    ],
    given: dict[str, Any],
    settings: Annotated[
        Path | None,
        typer.Option(help="A TOML file with options; the command line comes first."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compare prompting and tuning on your own pairs, and decide.

    Everything runs on this machine. Knobs are chosen on development rows; the test rows
    are used once.

    All options may stand in the file of --settings, by their names without dashes:
    `model = "folder"`, `shots = [1, 2, 4]`, `template = ["Answer in a word: {prompt}"]`,
    `price = { api = 0.002 }`. What the command line says wins over the file.
    """
    options = read_options(DecideOptions, settings, given)
    from prompt_or_tune.cli.decide import run_decide

    run_decide(file, options, as_json=as_json)


# ── Measure again, and look after the installation ─────────────────────────────────────


@app.command()
def measure(
    workers: Annotated[
        int, typer.Option(help="Processes that share the learning curves.")
    ] = 1,
    model: Annotated[str, typer.Option(help="What is measured.")] = "seedling",
    results: Annotated[
        Path | None, typer.Option(help="The file to write; else the package's own.")
    ] = None,
    adapter: Annotated[
        Path | None, typer.Option(help="The adapter's folder; else the package's own.")
    ] = None,
    keep: Annotated[
        bool,
        typer.Option(
            "--keep", help="Measure only what the file does not hold yet: a new arm."
        ),
    ] = False,
) -> None:
    """Measure all arms and curves again, and write results and adapter.

    Takes about half an hour on two cores. Stop it at any time: the next call goes on
    where this one was.
    """
    from prompt_or_tune.cli.output import require_writable

    for path in (results, adapter):
        if path is not None:
            require_writable(path.parent)
    quieten_libraries()
    from prompt_or_tune.cli.measure import run_measure

    run_measure(model, results, adapter, max(1, workers), keep)


announce_moves(app, "pretrain", "probe")


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Show versions, machine and folders, and what is missing: for bug reports.

    Exits with 1 when something needs mending.
    """
    from prompt_or_tune.cli.output import print_json
    from prompt_or_tune.doctor import examine
    from prompt_or_tune.show.doctor import list_sections, summarise_findings
    from prompt_or_tune.show.terminal import Screen

    findings = examine()
    if as_json:
        print_json(summarise_findings(findings))
    else:
        screen = Screen()
        for section in list_sections(findings):
            screen.section(section)
    if not all(finding.well for finding in findings):
        raise typer.Exit(1)
