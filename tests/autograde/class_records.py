"""A class that looks graded: notebooks, results, and a filled gradebook."""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import nbformat
from nbgrader import api
from nbgrader.utils import parse_utc
from sqlalchemy import insert

from autograde.class_creation import create_class
from autograde.classroom import Classroom
from autograde.gradebook.result_table import RESULTS
from autograde.submission_records import CellResult, Repair, Result, hash_bytes

DUE = datetime(2026, 11, 1, 12, tzinfo=UTC)
PEOPLE = (
    ("ada01", "Ada", "Lovelace"),
    ("max02", "Max", "Zimmermann"),
    ("noor3", "Noor", "Haddad"),
    ("li004", "Li", "Wang"),
)
FAILED = (
    "Case: two words.\n  got    {got}\n  wanted 2\n  Usual cause: an empty text has none"
)
HIDDEN = "a text without words"
SECRET = "assert secretly_tested(31337) == 73313"

QUIZ = """\
[question]
right = "A"
[question.explanations]
A = "Right: it was measured."
B = "Nobody has seen that."
"""


def make_source(tasks: Sequence[str]) -> Any:
    """Return a source notebook: answers with hidden tests, and an essay by hand."""
    notebook = nbformat.v4.new_notebook()

    def add(kind: str, source: str, **marks: Any) -> None:
        new = {
            "code": nbformat.v4.new_code_cell,
            "markdown": nbformat.v4.new_markdown_cell,
        }
        cell = new[kind](source, id=f"cell-{len(notebook.cells)}")
        if marks:
            cell.metadata["nbgrader"] = {
                "schema_version": 3, "task": False, "locked": False, "cell_type": kind,
                "grade": False, "solution": False, **marks,
            }  # fmt: skip
        notebook.cells.append(cell)

    add("markdown", "# 1 · Words & <b>numbers</b>")
    for name in tasks:
        add("markdown", f"## Task: {name.replace('_', ' ')} (2 points, 3 minutes)")
        stub = (
            f"def {name}(text):\n    ### BEGIN SOLUTION\n    return len(text.split())\n"
        )
        add("code", f"{stub}    ### END SOLUTION", grade_id=name, solution=True)
        test = (
            f"from prompt_or_tune.checks import check\n\ncheck('{name}', {name})\n"
            f"### BEGIN HIDDEN TESTS\n{SECRET}\n### END HIDDEN TESTS"
        )
        add("code", test, grade_id=f"{name}_test", grade=True, points=2, locked=True)
    add("markdown", "## Why?")
    add("markdown", "Say why.", grade_id="essay", grade=True, solution=True, points=3)
    return notebook


def make_quiz() -> Any:
    """Return a quiz of one question."""
    notebook = make_source(())
    card = 'QuizCard("question", "What is known?", {"A": "This", "B": "That"})'
    cells = make_source(["question"]).cells[1:4]
    cells[
        1
    ].source = 'question = None\n### BEGIN SOLUTION\nquestion = "A"\n### END SOLUTION'
    notebook.cells = [*notebook.cells[:1], nbformat.v4.new_code_cell(card), *cells]
    return notebook


def make_class(
    root: Path, *, people: Sequence[tuple[str, str, str]] = PEOPLE, assignments: int = 1
) -> Classroom:
    """Return a new class: assignments of two tasks and an essay, and a quiz, all due."""
    sources = root.with_name("sources")
    names = [f"{number:02d}_words" for number in range(1, assignments + 1)]
    notebooks = {name: make_source(("count_words", "longest_word")) for name in names}
    for name, notebook in {**notebooks, "quiz": make_quiz()}.items():
        (sources / name).mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, sources / name / f"{name}.ipynb")
    (sources / "quiz" / "quiz.toml").write_text(QUIZ)
    roster = root.with_name("given.csv")
    rows = [f"{s},{first},{last},{s}@example.org" for s, first, last in people]
    roster.write_text("\n".join(("student_id,first_name,last_name,email", *rows)))
    classroom = create_class(root, sources=sources, roster=roster)
    settings = (root / "class.toml").read_text()
    dates = "".join(f'"{name}" = {DUE:%Y-%m-%dT%H:%M:%S}\n' for name in names)
    settings = settings.replace("percent_per_day = 0", "percent_per_day = 10")
    (root / "class.toml").write_text(
        settings.replace("[late.due]", f"[late.due]\n{dates}")
    )
    return Classroom.open(classroom.root)


def submit(
    classroom: Classroom,
    student: str,
    assignment: str,
    *,
    answers: dict[str, str] | None = None,
    at: datetime = DUE - timedelta(days=1),
    **changes: Any,
) -> Result:
    """Return the result of a notebook with all points, changed; its files are written.

    `answers` are sources by grade id; `changes` are fields of the result, of which
    `cells` replaces those of the same grade ids.
    """
    source = nbformat.read(classroom.source(assignment, assignment), as_version=4)
    notebook = nbformat.from_dict(json.loads(json.dumps(source)))
    cells = {}
    for cell in notebook.cells:
        marks = cell.metadata.get("nbgrader", {})
        grade_id = marks.get("grade_id", "")
        if marks.get("solution"):
            cell.source = (answers or {}).get(grade_id, "def answer(text):\n    return 2")
        if marks.get("grade"):
            most = float(marks["points"])
            by_hand = marks["solution"]
            cells[grade_id] = CellResult(
                grade_id,
                "manual" if by_hand else "passed",
                None if by_hand else most,
                most,
            )
    cells |= {cell.grade_id: cell for cell in changes.pop("cells", ())}
    data = nbformat.writes(notebook)
    submitted = classroom.submitted(student, assignment, assignment)
    for path in (submitted, classroom.autograded(student, assignment, assignment)):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(data)
        path.with_name("timestamp.txt").write_text(f"{at:%Y-%m-%d %H:%M:%S.%f UTC}")
    return replace(
        Result(
            student,
            assignment,
            assignment,
            submission_sha256=hash_bytes(submitted.read_bytes()),
            release_sha256=hash_bytes(
                classroom.release(assignment, assignment).read_bytes()
            ),
            tests_sha256=hash_bytes(
                classroom.source(assignment, assignment).read_bytes()
            ),
            mode="apart",
            cells=tuple(cells.values()),
            notebook=data,
            graded_at="2026-11-02T08:00:00+00:00",
            seconds=2.5,
            own_seconds=2.25,
            peak_memory_mb=300,
        ),
        **changes,
    )


def failed(grade_id: str, *, got: object = 0, points: float = 0.0, **changes: Any) -> Any:
    """Return the result of a cell that failed with what a check says."""
    said = {"message": FAILED.format(got=got)} if "hidden_case" not in changes else {}
    return CellResult(grade_id, "failed", points, 2.0, **{**said, **changes})


# ── Many ────────────────────────────────────────────────────────────────────────────────


def make_people(number: int) -> list[tuple[str, str, str]]:
    """Return students with names that other students have too."""
    return [
        (f"s{i:05d}", PEOPLE[i % 4][1], f"{PEOPLE[i % 3][2]}-{i % 97}")
        for i in range(number)
    ]


def make_results(classroom: Classroom, seed: int = 1) -> list[Result]:
    """Return results of all students in everything, some failed, a few with trouble."""
    chance = random.Random(seed)
    results = []
    for student in classroom.roster():
        for assignment in classroom.assignments():
            if chance.random() < 0.03:
                continue
            cells = [
                failed(f"{name}_test", got=chance.randint(0, 3))
                for name in ("count_words", "longest_word")
                if assignment != "quiz" and chance.random() < 0.3
            ]
            cells += [
                failed(f"{name}_test", hidden_case=HIDDEN)
                for name in ("count_words", "longest_word")
                if assignment != "quiz" and chance.random() < 0.1
            ]
            changes: dict[str, Any] = {}
            if chance.random() < 0.01:
                changes["needs_look"] = ("Grading ended early: its kernel died",)
            if chance.random() < 0.05:
                said = "count_words stood at another place."
                changes["repairs"] = (Repair("moved", "count_words", said),)
            results.append(
                submit(
                    classroom,
                    student.id,
                    assignment,
                    cells=cells,
                    at=DUE + timedelta(hours=chance.gauss(-30, 20)),
                    seconds=chance.lognormvariate(1, 0.4),
                    **changes,
                )
            )
    return results


def fill_gradebook(classroom: Classroom, results: Sequence[Result]) -> None:
    """Write many results at once, where `record` would take a transaction for each."""
    rows: dict[Any, list[dict[str, Any]]] = {
        table: []
        for table in (api.SubmittedAssignment, api.SubmittedNotebook, api.Grade,
                      api.Comment, RESULTS)
    }  # fmt: skip
    with classroom.gradebook() as gradebook:
        RESULTS.metadata.create_all(gradebook.engine)
        for student in classroom.roster():
            gradebook.update_or_create_student(student.id)
        known = {each.name: each for each in gradebook.assignments}
        cells = {
            name: (
                each.notebooks[0].id,
                [(cell.name, cell.id) for cell in each.notebooks[0].grade_cells],
                [cell.id for cell in each.notebooks[0].solution_cells],
            )
            for name, each in known.items()
        }
        for result in results:
            names = result.student, result.assignment, result.notebook_name
            stamp = classroom.submitted(*names).with_name("timestamp.txt").read_text()
            notebook, graded, answered = cells[result.assignment]
            whole, part = uuid.uuid4().hex, uuid.uuid4().hex
            rows[api.SubmittedAssignment].append(
                {"id": whole, "assignment_id": known[result.assignment].id,
                 "student_id": result.student, "timestamp": parse_utc(stamp)}
            )  # fmt: skip
            rows[api.SubmittedNotebook].append(
                {"id": part, "assignment_id": whole, "notebook_id": notebook}
            )
            points = {cell.grade_id: cell.points for cell in result.cells}
            rows[api.Grade] += [
                {"id": uuid.uuid4().hex, "notebook_id": part, "cell_id": cell,
                 "auto_score": points[name], "needs_manual_grade": points[name] is None}
                for name, cell in graded
            ]  # fmt: skip
            rows[api.Comment] += [
                {"id": uuid.uuid4().hex, "notebook_id": part, "cell_id": cell}
                for cell in answered
            ]
            rows[RESULTS].append(
                {"student": names[0], "assignment": names[1], "notebook": names[2],
                 "submission_sha256": result.submission_sha256,
                 "tests_sha256": result.tests_sha256,
                 "record": json.dumps(result.to_record())}
            )  # fmt: skip
        for table, values in rows.items():
            gradebook.db.execute(insert(table), values)
        gradebook.db.commit()
