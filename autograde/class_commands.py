"""The commands for a class: init, collect, grade, status, feedback, export, report."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from autograde.command_output import (
    out,
    progress_out,
    show_json,
    show_list,
    show_progress,
    show_run,
    show_statuses,
)
from autograde.errors import AutogradeError

if TYPE_CHECKING:
    from autograde.classroom import Classroom

class_app = typer.Typer(rich_markup_mode="markdown")
PANEL = "A class, in this order"

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
NewFolder = Annotated[Path, typer.Argument(help="The class folder to make or complete.")]
RosterFile = Annotated[
    Path | None,
    typer.Option(
        help="A CSV file: student_id, first_name, last_name, email.",
        exists=True,
        dir_okay=False,
    ),
]
SourceFolder = Annotated[
    Path | None,
    typer.Option(
        help="nbgrader's source folder of another course; default: this course.",
        exists=True,
        file_okay=False,
    ),
]
Incoming = Annotated[
    list[Path],
    typer.Argument(help="Notebooks, folders, zips from an LMS.", exists=True),
]
Again = Annotated[bool, typer.Option("--again", help="Also what has a current grade.")]
Workers = Annotated[
    int | None,
    typer.Option(min=1, help="Processes on this machine; default: its cores."),
]
Scheduler = Annotated[
    str,
    typer.Option(help="Address of a Dask scheduler, such as tcp://10.0.0.5:8786."),
]
Trust = Annotated[
    bool, typer.Option("--trust", help="Without a sandbox: every student is trusted.")
]
Target = Annotated[Path, typer.Argument(help="The file to write.", dir_okay=False)]
FormatName = Annotated[
    Literal["csv", "canvas", "moodle", "nbgrader"],
    typer.Option("--format", help="Who is to read it."),
]


def open_class(folder: Path) -> Classroom:
    """Return the class of a folder; raise `AutogradeError` where there is none."""
    from autograde.classroom import Classroom

    return Classroom.open(folder)


@class_app.command(rich_help_panel=PANEL)
def init(
    folder: NewFolder,
    roster: RosterFile = None,
    sources: SourceFolder = None,
    as_json: AsJson = False,
) -> None:
    """Make a class folder, outside the repository; what is there is never overwritten.

    It gets the instructor's notebooks, what students get (release/), the gradebook, the
    settings (class.toml) and the roster.
    """
    from autograde.class_creation import create_class

    if sources is None:
        _build_sources()
    with progress_out.status("Letting nbgrader release the assignments …"):
        classroom = create_class(folder, sources=sources, roster=roster)
    assignments, students = classroom.assignments(), len(classroom.roster())
    if as_json:
        made = {"assignments": assignments, "students": students}
        show_json({"folder": classroom.root, **made})
        return
    out.print(
        f"{classroom.root}: {len(assignments)} assignments, {students} students.",
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
    paths: Incoming, folder: ClassFolder = Path(), as_json: AsJson = False
) -> None:
    """Take in what students sent, find out whose it is, and put right what editors broke.

    Nothing is asked and nothing is lost: all versions are kept, the newest counts, and
    what can't be placed is listed with the reason.
    """
    from autograde.submissions.collection import collect_files

    with show_progress("Collecting") as tell:
        collected = collect_files(open_class(folder), paths, on_progress=tell)
    if as_json:
        show_json(collected)
        return
    out.print(collected.explain(), highlight=False, markup=False)


@class_app.command(rich_help_panel=PANEL)
def grade(
    folder: ClassFolder = Path(),
    assignment: Assignments = None,
    student: Students = None,
    again: Again = False,
    workers: Workers = None,
    scheduler: Scheduler = "",
    trust: Trust = False,
    as_json: AsJson = False,
) -> None:
    """Grade what has no current grade. Ctrl-C stops it; the next call goes on.

    Students' code runs in a sandbox only. Leaves with 1 when something could not be
    graded at all.
    """
    from autograde.grading.class_grader import grade_class

    if trust:
        progress_out.print(
            "[bold]--trust[/bold]: students' code runs as you, with all that you may do."
        )
    with show_progress("Grading") as tell:
        run = grade_class(
            open_class(folder),
            assignments=assignment or (),
            students=student or (),
            again=again,
            workers=workers,
            scheduler=scheduler,
            trust=trust,
            on_progress=lambda run: tell(run.done + len(run.failed), run.total),
        )
    if as_json:
        show_json(run)
    else:
        show_run(run)
    if run.interrupted:
        raise typer.Exit(130)
    if run.failed:
        raise typer.Exit(1)


@class_app.command(rich_help_panel=PANEL)
def status(folder: ClassFolder = Path(), as_json: AsJson = False) -> None:
    """Show how each assignment stands, and who needs a look."""
    from autograde.gradebook.status import read_statuses

    statuses = read_statuses(open_class(folder))
    if as_json:
        show_json([asdict(each) for each in statuses])
    else:
        show_statuses(statuses)


@class_app.command(rich_help_panel=PANEL)
def feedback(
    folder: ClassFolder = Path(),
    assignment: Assignments = None,
    student: Students = None,
    as_json: AsJson = False,
) -> None:
    """Write a page for each student and graded notebook, without the hidden tests."""
    from autograde.gradebook.result_table import read_results
    from autograde.reports.feedback_pages import write_feedback

    classroom = open_class(folder)
    results = [
        each
        for each in read_results(classroom)
        if (not assignment or each.assignment in assignment)
        and (not student or each.student in student)
    ]
    with show_progress("Writing feedback") as tell:
        run = write_feedback(classroom, results, on_progress=tell)
    if as_json:
        show_json(run)
        return
    out.print(
        f"{len(run.written)} pages written into {classroom.root / 'feedback'}, "
        f"{run.unchanged} as they were.",
        highlight=False,
        markup=False,
    )
    show_list("Left out", [f"{name}: {why}" for name, why in run.left_out])


@class_app.command(rich_help_panel=PANEL)
def export(
    to: Target,
    folder: ClassFolder = Path(),
    form: FormatName = "csv",
    as_json: AsJson = False,
) -> None:
    """Write the grades into a file: totals and each task, for people or for an LMS."""
    from autograde.gradebook.export import export_grades

    files = export_grades(open_class(folder), form, to)
    if as_json:
        show_json([os.fspath(file) for file in files])
        return
    for file in files:
        out.print(f"written: {file}", highlight=False, markup=False)


@class_app.command(rich_help_panel=PANEL)
def report(folder: ClassFolder = Path(), as_json: AsJson = False) -> None:
    """Draw a page on the whole class: points, commonest failures, who needs a look."""
    from autograde.gradebook.result_table import read_results
    from autograde.reports.class_report import write_class_report

    classroom = open_class(folder)
    results = read_results(classroom)
    if not results:
        raise AutogradeError(f"{classroom.root} has no grades yet: `autograde grade`.")
    with progress_out.status("Drawing the report …"):
        page = write_class_report(classroom, results)
    if as_json:
        show_json({"page": os.fspath(page), "notebooks": len(results)})
        return
    out.print(f"{page}", highlight=False)
