"""A whole class of honest, mangled, broken, greedy and hostile hand-ins, graded at once.

They go the way an instructor's go: init, collect, grade, feedback. Each states the score
that is right. Nothing may raise a score, change another's, or reach anything outside.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
import pytest
from rich.console import Console
from rich.table import Table

from autograde.classroom import Classroom
from autograde.gradebook.result_table import read_results
from autograde.submission_records import Result
from tests.autograde.corpus.all import make_corpus
from tests.autograde.corpus.assignments import CANARY, SOLUTION_MARK, make_sources
from tests.autograde.corpus.classes import (
    SECRET,
    Delivered,
    deliver,
    make_world,
    open_doors,
    read_json,
    read_outputs,
    run_command,
    set_limits,
    set_mode,
    take_hashes,
    write_roster,
    write_sources,
    write_zips,
)
from tests.autograde.corpus.hogs import MARK
from tests.autograde.corpus.hostile import NEWS, REACHED
from tests.autograde.corpus.submission import World
from tests.autograde.sandboxes import needs_sandbox

pytestmark = [
    pytest.mark.slow,
    needs_sandbox,
]

LIMITS = {
    "cell_seconds": 5,
    "notebook_seconds": 30,
    "cpu_seconds": 40,
    "memory_mb": 768,
    "processes": 24,
    "file_mb": 16,
    "scratch_mb": 48,
    "output_mb": 2,
}
SCRIPT = "<script>document.title"
CORPUS = deliver(make_corpus())
every_submission = pytest.mark.parametrize(
    "handed_in", CORPUS, ids=lambda each: f"{each.submission.kind}-{each.submission.name}"
)


@dataclass
class Graded:
    """What became of the class, and of what stood around it."""

    world: World
    collected: Mapping[str, Any]
    results: dict[str, Result]
    visits: int
    before: dict[str, int]
    after: dict[str, int]
    seconds: float
    faults: dict[str, list[str]] = field(default_factory=dict)


@pytest.fixture(scope="module")
def graded() -> Iterator[Graded]:
    """Take the class through all commands, once."""
    root = Path(tempfile.mkdtemp(prefix="autograde-corpus-"))
    root.chmod(0o755)  # it is the sandbox that must keep them out
    try:
        with open_doors(root / "door") as doors:
            yield _grade(root, doors)
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _grade(root: Path, doors: Any) -> Graded:
    world = make_world(root, make_sources(), doors.port, root / "door")
    collected = _take_in(root, world, CORPUS)
    classroom = world.classroom
    fixed = ("source", "release", "received", "submitted")
    before = take_hashes(classroom, *fixed)
    grade = ("grade", "--json", "--class", classroom)
    # It leaves with 1 if a submission has no grade at all; whose, the tests below say.
    done = read_json(run_command(*grade, codes=(0, 1), AUTOGRADE_CORPUS_SECRET=SECRET))
    run_command("feedback", "--class", classroom)
    results = {each.student: each for each in read_results(Classroom.open(classroom))}
    after = take_hashes(classroom, *fixed)
    return Graded(
        world, collected, results, doors.count_visits(), before, after, done["seconds"]
    )


def _take_in(root: Path, world: World, handed_in: Sequence[Delivered]) -> Any:
    """Make a class and collect what was handed in; return what collect says."""
    classroom, roster = world.classroom, root / "roster.csv"
    write_sources(world.sources, root / "sources")
    write_roster(handed_in, roster)
    zips = write_zips(handed_in, world, root / "handed in")
    run_command("init", classroom, "--sources", root / "sources", "--roster", roster)
    set_limits(classroom, **LIMITS)
    return read_json(run_command("collect", "--json", "--class", classroom, *zips))


# ── Each submission ─────────────────────────────────────────────────────────────────────


@every_submission
def test_it_gets_the_score_that_is_right_and_nothing_else(graded, handed_in):
    graded.faults[handed_in.student] = faults = find_faults(graded, handed_in)
    assert not faults, handed_in.submission.why


def find_faults(graded: Graded, handed_in: Delivered) -> list[str]:
    """Return in words what is not as it should be; nothing if all is well."""
    submission, student = handed_in.submission, handed_in.student
    result = graded.results.get(student)
    if submission.points is None:
        faults = [f"it was graded: {result.points:g} points"] if result else []
        return faults + _find_unlisted(graded, handed_in)
    if result is None:
        return ["it has no grade"]
    faults = []
    for cell in result.cells:
        right = submission.points.get(cell.grade_id, 0.0)
        if cell.points != right:
            said = cell.message or cell.hidden_case or cell.note or cell.outcome
            faults.append(
                f"{cell.grade_id}: {cell.points} and not {right} ({said[:200]})"
            )
    if submission.look is not None and bool(result.needs_look) is not submission.look:
        words = "; ".join(result.needs_look) or "nobody"
        faults.append(f"who is to look: {words} ({result.trouble or 'no trouble'})")
    return faults + _find_leaks(graded.world, student, submission.assignment)


def _find_unlisted(graded: Graded, handed_in: Delivered) -> list[str]:
    """Say so when a file that can't be placed is not listed with a reason."""
    number = f"_{5_000 + handed_in.number}_"
    if handed_in.submission.file_name.endswith(".pdf"):
        return []  # nobody expects every other file in a list
    lines = [str(each) for each in graded.collected["unplaced"] if number in str(each)]
    return [] if lines else ["it is not listed"]


def _find_leaks(world: World, student: str, assignment: str) -> list[str]:
    """Return what a submission has seen, or shows, that it should not."""
    place = Path(student, assignment)
    executed = world.classroom / "autograded" / place / f"{assignment}.ipynb"
    page = world.classroom / "feedback" / place / f"{assignment}.html"
    outputs = read_outputs(nbformat.read(executed, as_version=4))
    shown = page.read_text(encoding="utf-8")
    words = (CANARY, SOLUTION_MARK, SECRET)
    faults = [f"it has seen {word}" for word in (*words, NEWS) if word in outputs]
    faults += [f"its feedback shows {word}" for word in words if word in shown]
    if REACHED in outputs:
        faults.append("it has reached the network")
    if SCRIPT in shown or re.search(r"<[^>]+\sonerror=autograde", shown):
        faults.append("its feedback runs a script of its own")
    if executed.stat().st_size > 12 * 2**20:
        faults.append(f"its graded notebook has {executed.stat().st_size >> 20} MB")
    return faults


# ── What stands around them ─────────────────────────────────────────────────────────────


def test_nothing_outside_was_written_or_removed(graded):
    outside = graded.world.outside
    assert sorted(path.name for path in outside.iterdir()) == ["secret.txt", "victim.txt"]
    assert (outside / "victim.txt").read_text() == "untouched"


def test_nothing_of_the_class_was_changed_but_grades_and_what_belongs_to_them(graded):
    assert graded.after == graded.before


def test_nobody_came_to_what_listens_on_this_machine(graded):
    assert graded.visits == 0


def test_no_process_of_a_submission_is_left(graded):
    left = [
        command
        for path in Path("/proc").glob("[0-9]*/cmdline")
        if MARK.encode() in (command := _read(path))
    ]
    assert left == []


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # a process that has just ended
        return b""


def test_no_file_is_left_for_others_to_find(graded):
    folders = [
        Path("/tmp"),
        Path("/var/tmp"),
        Path("/dev/shm"),
        Path("/run"),
        Path.home(),
    ]
    notes = [p for folder in folders for p in folder.glob("autograde_note*")]
    fillers = [p for folder in folders for p in folder.glob("filler*")]
    assert (notes, fillers) == ([], [])


def test_the_library_is_as_it_was(graded):
    import IPython
    import prompt_or_tune

    import autograde

    for module in (autograde, prompt_or_tune, IPython, os):
        folder = Path(str(module.__file__)).parent
        assert not (folder / "new.py").exists()
        assert NEWS not in Path(str(module.__file__)).read_text()
    assert not [p for p in map(Path, sys.path) if (p / "news.pth").exists()]


def test_a_name_that_leads_out_of_the_folder_makes_no_file(graded):
    root = graded.world.classroom.parent
    names = [p.name for p in (*root.parents[0].glob("*"), *root.rglob("*"))]
    assert "climbed.ipynb" not in names


def test_the_gradebook_says_what_the_records_say(graded):
    with Classroom.open(graded.world.classroom).gradebook() as book:
        for student, result in graded.results.items():
            place = (result.notebook_name, result.assignment, student)
            kept = book.find_submission_notebook(*place)
            scores = {grade.cell.name: grade.auto_score for grade in kept.grades}
            assert scores == {cell.grade_id: cell.points for cell in result.cells}, (
                student
            )


def test_grading_again_has_nothing_to_do(graded):
    done = read_json(run_command("grade", "--json", "--class", graded.world.classroom))
    assert (done["total"], done["done"]) == (0, 0)


def test_the_same_attacks_succeed_where_tests_run_together(tmp_path):
    """Show that the attacks are real: nothing but the border keeps them from points."""
    handed_in = [each for each in CORPUS if each.submission.name in BITING]
    world = make_world(tmp_path, make_sources(), 9, tmp_path / "door")
    _take_in(tmp_path, world, handed_in)
    for assignment in world.sources:
        set_mode(world.classroom, assignment, "together")
    run_command("grade", "--class", world.classroom)
    records = read_results(Classroom.open(world.classroom))
    points = {each.student: each.points for each in records}
    stolen = {
        each.submission.name
        for each in handed_in
        if points[each.student] > each.submission.total
    }
    assert stolen == BITING


BITING = {
    "transformer",
    "input_transformer",
    "history",
    "memory_searched",
    "cache_of_lines",
    "guess_object",
    "guess_float_that_lies",
}


def test_the_table(graded, print_at_end):
    """Print for each kind: tried, right, wrong."""
    faults = {each.student: find_faults(graded, each) for each in CORPUS}
    tried = Counter(each.submission.kind for each in CORPUS)
    wrong = Counter(each.submission.kind for each in CORPUS if faults[each.student])
    table = Table("submissions", "tried", "right", "wrong")
    for kind, number in tried.items():
        table.add_row(kind, *map(str, (number, number - wrong[kind], wrong[kind])))
    bad = wrong.total()
    table.add_row("all", *map(str, (len(CORPUS), len(CORPUS) - bad, bad)))
    console = Console(width=100)
    with console.capture() as drawn:
        console.print(f"graded in {graded.seconds:.0f} s")
        console.print(table)
        for each in CORPUS:
            for fault in faults[each.student]:
                console.print(f"{each.submission.name}: {fault}", markup=False)
    print_at_end("hostile submissions", drawn.get().splitlines())
    assert wrong.total() == 0
