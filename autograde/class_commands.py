"""The commands for a class: init, collect, grade, status, feedback, export, report."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich import box
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from autograde.errors import AutogradeError

if TYPE_CHECKING:
    from autograde.classroom import Classroom
    from autograde.running import Graded

class_app = typer.Typer(rich_markup_mode="markdown")
# What is asked for goes to stdout; how it comes along, to stderr.
out, progress_out = Console(soft_wrap=True), Console(stderr=True)
PANEL = "A class, in this order"
SHOWN = 20
"""Lines of a list on the screen; `--json` gives all."""

ClassFolder = Annotated[
    Path,
    typer.Option("--class", envvar="AUTOGRADE_CLASS", help="The folder of the class."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Assignments = Annotated[
    list[str] | None,
    typer.Option("--assignment", help="Only this one; can be given several times."),
]
Students = Annotated[
    list[str] | None,
    typer.Option("--student", help="Only this one, by id; can be given several times."),
]


def open_class(folder: Path) -> Classroom:
    """Return the class of a folder; raise `AutogradeError` where there is none."""
    from autograde.classroom import Classroom

    return Classroom.open(folder)


@contextmanager
def show_progress(what: str) -> Iterator[Callable[[int, int | None], None]]:
    """Draw a bar with the time left; yield what to tell of (done, total) so far."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left:"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=progress_out) as bar:
        task = bar.add_task(what, total=None)

        def tell(done: int, total: int | None = None) -> None:
            if total is None:
                bar.update(task, completed=done)
            else:
                bar.update(task, completed=done, total=total)

        yield tell


def show_json(value: Any) -> None:
    """Print a result for programs."""
    plain = (
        asdict(value) if is_dataclass(value) and not isinstance(value, type) else value
    )
    out.print_json(json.dumps(plain, default=str))


def show_list(title: str, lines: Sequence[str]) -> None:
    """Print a heading with a count and the first lines; nothing for an empty list."""
    if not lines:
        return
    out.print(f"{title}: {len(lines)}", highlight=False)
    for line in lines[:SHOWN]:
        out.print(f"  {line}", highlight=False, markup=False)
    if len(lines) > SHOWN:
        out.print(f"  … and {len(lines) - SHOWN} more (all with --json)")


# --- The commands -----------------------------------------------------------------------


@class_app.command(rich_help_panel=PANEL)
def init(
    folder: Annotated[Path, typer.Argument(help="The class folder to make or complete.")],
    roster: Annotated[
        Path | None,
        typer.Option(
            help="A CSV file: student_id, first_name, last_name, email.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    sources: Annotated[
        Path | None,
        typer.Option(
            help="nbgrader's source folder of another course; default: this course.",
            exists=True,
            file_okay=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a class folder, outside the repository; what is there is never overwritten.

    It gets the instructor's notebooks, what students get (release/), the gradebook, the
    settings (class.toml) and the roster.
    """
    from autograde.classroom import making

    if sources is None:
        _build_sources()
    with progress_out.status("Letting nbgrader release the assignments …"):
        made = making.init(folder, sources=sources, roster=roster)
    students = len(list(made.roster()))
    if as_json:
        show_json(
            {
                "folder": made.root,
                "assignments": made.assignments(),
                "students": students,
            }
        )
        return
    out.print(
        f"{made.root}: {len(made.assignments())} assignments, {students} students.",
        highlight=False,
    )
    if not students:
        out.print("Next: write your students into roster.csv.")
    out.print("Hand out what is in release/. Then: autograde collect FILES", markup=False)


def _build_sources() -> None:
    """Bring build/source up to date: a class starts from what solutions/ say now."""
    from autograde import ROOT

    if not (ROOT / "solutions" / "workshop").is_dir():
        raise AutogradeError(
            "an installed package has no notebooks to start a class from: call `init` in "
            "the course's repository, or name a folder of sources with --sources."
        )
    command = [sys.executable, "-m", "solutions.workshop", "build", "--sources"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise AutogradeError(f"the notebooks can't be built: {done.stderr.strip()}")


@class_app.command(rich_help_panel=PANEL)
def collect(
    paths: Annotated[
        list[Path],
        typer.Argument(help="Notebooks, folders, zips from an LMS.", exists=True),
    ],
    folder: ClassFolder = Path(),
    as_json: AsJson = False,
) -> None:
    """Take in what students sent, find out whose it is, and put right what editors broke.

    Nothing is asked and nothing is lost: all versions are kept, the newest counts, and
    what can't be placed is listed with the reason.
    """
    from autograde.submissions import collecting

    with show_progress("Collecting") as tell:
        collected = collecting.collect(open_class(folder), paths, on_progress=tell)
    if as_json:
        show_json(collected)
        return
    out.print(collected.explain(), highlight=False, markup=False)


@class_app.command(rich_help_panel=PANEL)
def grade(
    folder: ClassFolder = Path(),
    assignment: Assignments = None,
    student: Students = None,
    again: Annotated[
        bool, typer.Option("--again", help="Also what has a current grade.")
    ] = False,
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Processes on this machine; default: its cores."),
    ] = None,
    scheduler: Annotated[
        str,
        typer.Option(help="Address of a Dask scheduler, such as tcp://10.0.0.5:8786."),
    ] = "",
    trust: Annotated[
        bool,
        typer.Option("--trust", help="Without a sandbox: every student is trusted."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Grade what has no current grade. Ctrl-C stops it; the next call goes on.

    Students' code runs in a sandbox only. Leaves with 1 when something could not be
    graded at all.
    """
    from autograde import running

    if trust:
        progress_out.print(
            "[bold]--trust[/bold]: students' code runs as you, with all that you may do."
        )
    with show_progress("Grading") as tell:
        graded = running.grade(
            open_class(folder),
            assignments=assignment or (),
            students=student or (),
            again=again,
            workers=workers,
            scheduler=scheduler,
            trust=trust,
            on_progress=lambda so_far: tell(
                so_far.done + len(so_far.failed), so_far.total
            ),
        )
    if as_json:
        show_json(graded)
    else:
        _explain(graded)
    if graded.interrupted:
        raise typer.Exit(130)
    if graded.failed:
        raise typer.Exit(1)


def _explain(graded: Graded) -> None:
    if not graded.total:
        out.print("Nothing to grade: every submission has its grade.")
        return
    took = f"{graded.seconds:.0f} s, {graded.seconds / max(1, graded.done):.1f} s each"
    out.print(f"Graded {graded.done} of {graded.total} notebooks: {took}.")
    show_list("Ended early", [f"{name}: {why}" for name, why in graded.trouble])
    show_list("Need a look", [f"{name}: {why}" for name, why in graded.needs_look])
    show_list("Could not be graded", [f"{name}: {why}" for name, why in graded.failed])
    if graded.interrupted:
        out.print("Stopped. The same command goes on with the rest.")


@class_app.command(rich_help_panel=PANEL)
def status(folder: ClassFolder = Path(), as_json: AsJson = False) -> None:
    """Show how each assignment stands, and who needs a look."""
    from autograde.gradebook.standing import find_standings

    standings = find_standings(open_class(folder))
    if as_json:
        show_json([asdict(each) for each in standings])
        return
    states = ("missing", "collected", "stale", "graded", "failed", "needs a look")
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1))
    table.add_column("assignment", no_wrap=True)
    for state in states:
        longest = max(map(len, state.split()))
        table.add_column(state, justify="right", min_width=longest)
    counts: dict[str, Counter[str]] = {}
    for each in standings:
        counts.setdefault(each.submission.notebook, Counter())[each.state] += 1
    for name, count in counts.items():
        table.add_row(name, *(str(count[state] or "·") for state in states))
    out.print(table)
    looks = [each for each in standings if each.state in ("failed", "needs a look")]
    show_list("To look at", [f"{e.submission.name}: {' '.join(e.why)}" for e in looks])


@class_app.command(rich_help_panel=PANEL)
def feedback(
    folder: ClassFolder = Path(),
    assignment: Assignments = None,
    student: Students = None,
    as_json: AsJson = False,
) -> None:
    """Write a page for each student and graded notebook, without the hidden tests."""
    from autograde.gradebook.recording import read_records
    from autograde.pages import feedback as pages

    classroom = open_class(folder)
    records = [
        each
        for each in read_records(classroom)
        if (not assignment or each.assignment in assignment)
        and (not student or each.student in student)
    ]
    with show_progress("Writing feedback") as tell:
        done = itertools.count(1)
        written = pages.write_feedback(
            classroom, records, on_page=lambda _: tell(next(done), len(records))
        )
    if as_json:
        show_json(written)
        return
    out.print(
        f"{len(written.written)} pages written into {classroom.root / 'feedback'}, "
        f"{written.unchanged} as they were.",
        highlight=False,
        markup=False,
    )
    show_list("Left out", [f"{name}: {why}" for name, why in written.left_out])


@class_app.command(rich_help_panel=PANEL)
def export(
    to: Annotated[Path, typer.Argument(help="The file to write.", dir_okay=False)],
    folder: ClassFolder = Path(),
    form: Annotated[
        Literal["csv", "canvas", "moodle", "nbgrader"],
        typer.Option("--format", help="Who is to read it."),
    ] = "csv",
    as_json: AsJson = False,
) -> None:
    """Write the grades into a file: totals and each task, for people or for an LMS."""
    from autograde.gradebook import exporting

    files = exporting.export(open_class(folder), form, to)
    if as_json:
        show_json([os.fspath(file) for file in files])
        return
    for file in files:
        out.print(f"written: {file}", highlight=False, markup=False)


@class_app.command(rich_help_panel=PANEL)
def report(
    folder: ClassFolder = Path(),
    as_json: AsJson = False,
) -> None:
    """Draw a page on the whole class: points, commonest failures, who needs a look."""
    from autograde.gradebook.recording import read_records
    from autograde.pages import report as pages

    classroom = open_class(folder)
    records = read_records(classroom)
    if not records:
        raise AutogradeError(f"{classroom.root} has no grades yet: `autograde grade`.")
    with progress_out.status("Drawing the report …"):
        page = pages.write_report(classroom, records)
    if as_json:
        show_json({"page": os.fspath(page), "notebooks": len(records)})
        return
    out.print(f"{page}", highlight=False)
