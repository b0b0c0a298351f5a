"""A class of students who answer this course's tasks, each as well as they can.

What they hand in comes as a learning platform gives it: a zip for each assignment, with
names that the platform and editors made up. Everything is drawn by a seed.
"""

from __future__ import annotations

import csv
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from random import Random

import nbformat
from nbformat import NotebookNode
from nbgrader.utils import is_solution

from autograde.classroom import Classroom
from tests.autograde.mangling import answer, mangle
from tests.graders.wrong_answers import read_wrong_answers

FIRST = (
    "Ada Alan Barbara Claude Dorothy Edsger Emmy Frances Grace Hedy Ivan Jean Karen Kurt "
    "Lotfi Margaret Niklaus Ole Radia Sophie"
).split()
LAST = (
    "Adeyemi Bauer Costa Dubois Eriksen Fischer García Haddad Ito Jansen Kowalska "
    "Lindqvist Moreau Nguyễn Okafor Petrov Quispe Rossi Sato O'Neill"
).split()
ENDLESS = """\
while True:
    try:
        while True:
            pass
    except BaseException:
        pass
"""


@dataclass(frozen=True)
class Student:
    """One student; `skill` is the chance of a right answer to a task."""

    id: str
    first: str
    last: str
    lms_id: int
    skill: float


def draw_students(number: int, seed: int = 0) -> list[Student]:
    """Return students with names of their own, from weak to strong."""
    chance = Random(seed)
    names = [(first, last) for last in LAST for first in FIRST]
    chance.shuffle(names)
    return [
        Student(f"s{i:03}", *names[i % len(names)], 50_000 + i, chance.betavariate(4, 2))
        for i in range(number)
    ]


def write_roster(students: list[Student], path: Path) -> Path:
    """Write a class's roster."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["student_id", "first_name", "last_name", "email", "canvas_id"])
        for s in students:
            writer.writerow([s.id, s.first, s.last, f"{s.id}@example.org", s.lms_id])
    return path


def write_zips(
    classroom: Classroom, students: list[Student], folder: Path, seed: int = 0
) -> list[Path]:
    """Write a Canvas download for each assignment; return the paths.

    One in four notebooks went through an editor that mangled it, one student of twenty
    hands in late, one file is no notebook, one answer never ends.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for assignment in classroom.assignments():
        chance = Random(f"{seed} {assignment}")
        released = nbformat.read(classroom.release(assignment, assignment), as_version=4)
        source = nbformat.read(classroom.source(assignment, assignment), as_version=4)
        path = folder / f"{assignment}.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for student in students:
                if chance.random() < 0.05:
                    continue  # nothing handed in
                late = "LATE_" if chance.random() < 0.05 else ""
                data = _write(student, assignment, released, source, chance)
                who = f"{student.last}{student.first}".lower().replace("'", "")
                name = f"{who}_{late}{student.lms_id}_{chance.randrange(10**6)}"
                archive.writestr(f"{name}_{assignment}{_draw_suffix(chance)}.ipynb", data)
        paths.append(path)
    return paths


def _draw_suffix(chance: Random) -> str:
    return chance.choice(["", "", "", "-1", " (1)"])


def _write(
    student: Student,
    assignment: str,
    released: NotebookNode,
    source: NotebookNode,
    chance: Random,
) -> bytes:
    if (student.id, assignment) == ("s003", "02_prompt_engineering"):
        return b"%PDF-1.7 this is my homework"
    answers = draw_answers(source, student.skill, chance)
    if (student.id, assignment) == ("s005", "04_fine_tuning"):
        answers["lora_forward"] = ENDLESS
    notebook = answer(released, answers)
    if chance.random() < 0.25:
        notebook = mangle(notebook, seed=chance.randrange(10**6), steps=3).notebook
    return json.dumps(notebook).encode()  # nbformat would mend what was mangled


def draw_answers(source: NotebookNode, skill: float, chance: Random) -> dict[str, str]:
    """Return an answer to each task: right with this chance, else wrong or left out."""
    answers = {}
    for cell in source.cells:
        if is_solution(cell):
            task = cell.metadata.nbgrader.grade_id
            if chance.random() < skill:
                answers[task] = cell.source
            elif chance.random() < 0.8:
                answers[task] = chance.choice(read_wrong_answers(task)).source
    return answers
