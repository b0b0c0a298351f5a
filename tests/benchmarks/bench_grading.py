"""How fast a class is graded: against stock nbgrader, per notebook, at scale.

    python -m tests.benchmarks.bench_grading [rivals] [workers] [thousand] [--students 4]

rivals: our course's seven graded notebooks, ours with two processes against stock
`nbgrader autograde` with two, on the same submissions with the same skipped cells; scores
are compared. workers: the same class with one Dask worker and with two. thousand: small
submissions, graded to the half, killed, and graded to the end: time and memory of the
grader. All parts where none is named. Ratios are of whole runs in this one session.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

from autograde.classroom import Classroom
from autograde.gradebook.result_table import read_results
from autograde.grading.class_grader import GradingRun, grade_class
from solutions.workshop import builder
from solutions.workshop.facts import recorded_facts
from solutions.workshop.percent import find_files
from tests.autograde.corpus.assignments import find_solutions, make_sources
from tests.autograde.corpus.classes import (
    run_command,
    start_command,
    write_sources,
)
from tests.autograde.stock import COURSE_ID, StockClass, read_scores

ROOT = Path(__file__).parents[2]
PROCESSES = 2
THOUSAND = 1000


def main() -> None:
    """Print what the named parts measure."""
    arguments = parse_arguments()
    os.environ["OMP_NUM_THREADS"] = "1"
    parts = {"rivals": bench_rivals, "workers": bench_workers, "thousand": bench_thousand}
    for name in arguments.parts or parts:
        print(f"--- {name}", flush=True)
        with tempfile.TemporaryDirectory(prefix="bench-grading-") as folder:
            parts[name](Path(folder), arguments)


# --- Against stock nbgrader -------------------------------------------------------------


def bench_rivals(root: Path, arguments: argparse.Namespace) -> None:
    """Grade the course twice over, and print the ratio; the scores must be the same."""
    sources = write_course(root / "sources")
    students = [f"student{number}" for number in range(arguments.students)]
    hand_in(sources, students, root / "handed in")
    ours = make_class(root / "ours", root / "sources", students)
    run_command("collect", "--class", ours, root / "handed in")
    run = grade(ours, PROCESSES)
    records = read_results(Classroom.open(ours))
    stock = StockClass(root / "stock")
    stock.root.mkdir()
    stock.release(root / "sources")
    shutil.copytree(root / "handed in", stock.root / "submitted")
    stock.add_students((name, "Pat", name, "") for name in students)
    jobs = [(student, name) for name in sources for student in students]
    stock_seconds = stock.grade(jobs, PROCESSES)
    same = read_scores(stock.root, COURSE_ID) == read_scores(ours, "ours")
    each = [record.seconds for record in records]
    over = [record.seconds - record.own_seconds for record in records]
    print(f"{len(jobs)} notebooks, {PROCESSES} processes; scores identical: {same}")
    print(f"stock, its imports done: {stock_seconds:.1f} s")
    print(f"ours: {run.seconds:.1f} s, of these {run.start:.1f} s to the first notebook")
    print(f"as fast: {stock_seconds / run.seconds:.2f} x with the start, "
          f"{stock_seconds / run.warm:.2f} x at the rate after it")  # fmt: skip
    print(f"per notebook: median {statistics.median(each):.2f} s, most {max(each):.2f} s")
    print(f"above the student's own cells: median {statistics.median(over):.2f} s, "
          f"most {max(over):.2f} s")  # fmt: skip
    for name in sources:
        mine = [record for record in records if record.assignment == name]
        whole = statistics.median(record.seconds for record in mine)
        own = statistics.median(record.own_seconds for record in mine)
        print(f"  {name:24} {whole:6.2f} s, of these its own cells {own:6.2f} s")


def write_course(folder: Path) -> dict[str, Any]:
    """Write the sources of our graded notebooks; return them by name."""
    project, facts = builder.read_project(ROOT), recorded_facts()
    made = {
        file.stem: builder.make_source(file, project, facts)
        for file in find_files(ROOT / "solutions")
    }
    sources = {name: source for name, source in made.items() if find_solutions(source)}
    write_sources(sources, folder)
    return sources


def hand_in(sources: Mapping[str, Any], students: list[str], folder: Path) -> None:
    """Hand in every notebook for every student, every second task solved by some."""
    for name, source in sources.items():
        release, solutions = builder.make_release(source), find_solutions(source)
        for number, student in enumerate(students):
            notebook = nbformat.from_dict(release)
            for cell in notebook.cells:
                grade_id = cell.metadata.get("nbgrader", {}).get("grade_id", "")
                if grade_id in solutions and (number + len(grade_id)) % 4:
                    cell.source = solutions[grade_id]
            path = folder / student / name / f"{name}.ipynb"
            path.parent.mkdir(parents=True)
            nbformat.write(notebook, path)


def make_class(root: Path, sources: Path, students: list[str]) -> Path:
    """Make a class with the commands; its course is called as its folder."""
    roster = root.parent / f"{root.name}.csv"
    rows = [f"{name},Pat,{name}," for name in students]
    roster.write_text("\n".join(["student_id,first_name,last_name,email", *rows]) + "\n")
    run_command("init", root, "--sources", sources, "--roster", roster)
    return root


@dataclass(frozen=True)
class Run:
    """Seconds of a run of the grader in all, and until the first notebook was done."""

    seconds: float
    start: float
    notebooks: int

    @property
    def warm(self) -> float:
        """Return the seconds for all notebooks at the rate of those after the first."""
        rest = self.seconds - self.start
        return rest * self.notebooks / max(1, self.notebooks - 1)


def grade(root: Path, workers: int, *, again: bool = False) -> Run:
    """Grade a class, and take the times."""
    started = time.perf_counter()
    moments: list[float] = []

    def note(graded: GradingRun) -> None:
        if graded.done > len(moments):
            moments.append(time.perf_counter() - started)

    classroom = Classroom.open(root)
    done = grade_class(classroom, workers=workers, again=again, on_progress=note)
    assert not done.failed, done.failed
    return Run(moments[-1], moments[0], done.done)


# --- Workers ----------------------------------------------------------------------------


def bench_workers(root: Path, arguments: argparse.Namespace) -> None:
    """Grade one class with one worker and with two; print the ratio."""
    sources = write_course(root / "sources")
    students = [f"student{number}" for number in range(arguments.students)]
    hand_in(sources, students, root / "handed in")
    ours = make_class(root / "ours", root / "sources", students)
    run_command("collect", "--class", ours, root / "handed in")
    one, two = (grade(ours, workers, again=True) for workers in (1, 2))
    ratio = one.warm / two.warm
    print(f"{one.notebooks} notebooks, at the rate after the first: one worker "
          f"{one.warm:.1f} s, two {two.warm:.1f} s: {ratio:.2f} x")  # fmt: skip
    print(f"with the start: {one.seconds:.1f} s and {two.seconds:.1f} s")


# --- A thousand -------------------------------------------------------------------------


def bench_thousand(root: Path, arguments: argparse.Namespace) -> None:
    """Grade a thousand small submissions; kill the grader at half, and run it again."""
    sources = {"small": make_sources()["small"]}
    write_sources(sources, root / "sources")
    students = [f"student{number:04}" for number in range(THOUSAND)]
    hand_in(sources, students, root / "handed in")
    ours = make_class(root / "ours", root / "sources", students)
    started = time.perf_counter()
    run_command("collect", "--class", ours, root / "handed in", seconds=3600)
    print(f"collected in {time.perf_counter() - started:.0f} s")
    watch(ours, THOUSAND // 2, kill=True)
    kept = count_graded(ours)
    print(f"killed; {kept} are kept, and graded again none of them:")
    watch(ours, THOUSAND, kill=False)
    print(f"graded in the end: {count_graded(ours)} of {THOUSAND}")


def watch(root: Path, until: int, *, kill: bool) -> None:
    """Print time and memory of the grader as it goes on; kill it at a number."""
    started, before = time.perf_counter(), count_graded(root)
    command = start_command("grade", "--class", root, "--workers", PROCESSES)
    said = before
    while command.poll() is None:
        time.sleep(1)
        graded = count_graded(root)
        if graded >= said + THOUSAND // 10:
            said = graded
            seconds = time.perf_counter() - started
            rate = (graded - before) / seconds
            print(
                f"  {graded:5} graded, {seconds:6.1f} s, {rate:.2f} a second, "
                f"{read_memory(command.pid)} MB",
                flush=True,
            )
        if kill and graded >= until:
            command.kill()
    command.communicate()


def read_memory(process: int) -> int:
    """Return what a process holds, in MB; 0 for one that has just ended."""
    try:
        pages = Path(f"/proc/{process}/statm").read_text().split()
    except OSError:
        return 0
    return int(pages[1]) * os.sysconf("SC_PAGE_SIZE") >> 20 if pages else 0


def count_graded(root: Path) -> int:
    """Return how many records there are."""
    return len(read_results(Classroom.open(root)))


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("parts", nargs="*", choices=["rivals", "workers", "thousand", []])
    parser.add_argument("--students", type=int, default=4)
    return parser.parse_args()


if __name__ == "__main__":
    main()
