"""The command `autograde`. Nothing heavy is imported before a command needs it."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from autograde import ROOT
from autograde.class_commands import class_app
from autograde.errors import AutogradeError, SourceError

NEEDED = ("nbgrader", "jupytext", "papermill", "distributed", "psutil", "filelock", "nh3")

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help="Build the course's notebooks, and grade what comes back.",
)


@app.callback()
def demand_extra() -> None:
    """Build the course's notebooks, and grade what comes back."""
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise AutogradeError(
            f"this needs {', '.join(missing)}, which the extra `grade` brings: "
            "pip install -c constraints.txt -e '.[grade]'"
        )


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command, and leave with its exit code (0, 1, 2 for wrong usage)."""
    try:
        app(args=arguments, prog_name="autograde")
    except AutogradeError as error:
        _complain(error)
        sys.exit(1)
    except Exception as error:
        from prompt_or_tune.cli.errors import explain

        line = explain(error)
        if line is None:
            raise
        _complain(line)
        sys.exit(1)


def _complain(what: object) -> None:
    print(f"autograde: {what}", file=sys.stderr)


app.add_typer(class_app)

Names = Annotated[
    list[str] | None,
    typer.Argument(help="Notebooks, such as 04 or 04_fine_tuning; else all."),
]
Root = Annotated[Path, typer.Option(help="The repository.", file_okay=False, exists=True)]


@app.command(rich_help_panel="The course, for its authors")
def build(
    names: Names = None,
    check: Annotated[
        bool,
        typer.Option(
            "--check",
            help="Write nothing; list what differs, and exit with 1 if any does.",
        ),
    ] = False,
    root: Root = ROOT,
) -> None:
    """Build solutions/*.py into build/source/ (nbgrader's source) and course/."""
    from prompt_or_tune.facts import recorded_facts

    from autograde import building

    project = building.read_project(root)
    facts = recorded_facts()
    changed: list[Path] = []
    faults: list[SourceError] = []
    for file in building.find_sources(project, names or ()):
        try:
            built = building.build(file, project, facts)
        except SourceError as error:  # say it at the end; the others can be built
            faults.append(error)
            continue
        if check:
            # What nobody commits can't be out of date.
            released = [b for b in built if b.path.is_relative_to(building.COURSE)]
            changed += [b.path for b in released if not b.is_current(root)]
        else:
            changed += [p.relative_to(root) for p in building.write(built, root)]
            typer.echo(f"{file.stem}: built", err=True)
    leftovers = [] if names else building.find_leftovers(project)
    _report(changed, leftovers, check=check)
    for fault in faults:
        _complain(fault)
    if faults or (check and (changed or leftovers)):
        raise typer.Exit(1)
    if not changed and not leftovers:
        typer.echo("Everything is up to date.")


def _report(changed: list[Path], leftovers: list[Path], *, check: bool) -> None:
    for path in changed:
        typer.echo(f"{'differs' if check else 'written'}: {path.as_posix()}")
    for path in leftovers:
        typer.echo(f"no source any more: {path.as_posix()}")


@app.command(rich_help_panel="The course, for its authors")
def execute(
    names: Names = None,
    jobs: Annotated[int, typer.Option(min=1, help="Notebooks at a time.")] = 1,
    root: Root = ROOT,
) -> None:
    """Execute the notebooks with their solutions into build/solutions/, to look at.

    Each becomes a notebook and an HTML page. A notebook whose cell fails is kept as far
    as it came, and the command leaves with 1.
    """
    from prompt_or_tune.facts import recorded_facts

    from autograde import building, executing

    project = building.read_project(root)
    facts = recorded_facts()
    files = building.find_sources(project, names or ())
    sources = [building.build(file, project, facts)[0] for file in files]
    building.write(sources, root)
    folder = root / "build" / "solutions"
    done = []
    typer.echo(f"Executing {len(sources)} notebooks.", err=True)
    for one in executing.execute_all([root / s.path for s in sources], folder, jobs):
        done.append(one)
        page = executing.write_page(folder / one.name / f"{one.name}.ipynb")
        what = one.fault or page.relative_to(root).as_posix()
        typer.echo(f"{len(done)}/{len(sources)} {one.name}: {one.seconds:.0f} s, {what}")
    typer.echo(f"{sum(one.seconds for one in done):.0f} s of executing in all.")
    if any(one.fault for one in done):
        raise typer.Exit(1)
