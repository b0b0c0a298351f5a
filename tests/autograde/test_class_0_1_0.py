"""A class that release 0.1.0 made, filled and graded: today's code goes on with it.

class_0_1_0.tar.xz was written by 0.1.0's own commands on its own course: `init` with a
roster of three, `collect` of Ada's and Grace's two notebooks each, `grade`. Then a human
gave Ada a quarter point beyond the test, and Grace half a point and a comment.
"""

from __future__ import annotations

import ast
import csv
import importlib
import tarfile
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from traitlets.config.loader import PyFileConfigLoader
from traitlets.utils.importstring import import_item

from autograde.classroom import Classroom
from autograde.gradebook.export import export_grades
from autograde.gradebook.result_table import read_results
from autograde.gradebook.status import read_statuses
from autograde.grading.class_grader import grade_class
from autograde.reports.class_report import write_class_report
from autograde.reports.feedback_pages import write_feedback
from autograde.submissions.collection import collect_files
from tests.autograde.mangling import answer
from tests.autograde.sandboxes import needs_sandbox

ARCHIVE = Path(__file__).with_name("class_0_1_0.tar.xz")
ASSIGNMENTS = (
    "01_input_data", "02_prompt_engineering", "03_training_pairs", "04_fine_tuning",
    "05_prediction", "06_decision", "07_quiz",
)  # fmt: skip
HANDED_IN = ("01_input_data", "07_quiz")
POINTS = {"ada": {"01_input_data": 4.25, "07_quiz": 3.0},
          "grace": {"01_input_data": 2.0, "07_quiz": 2.5}}  # fmt: skip
COMMENT = "You told me why in class: half a point."


@pytest.fixture
def classroom(tmp_path: Path) -> Classroom:
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(tmp_path, filter="data")
    return Classroom.open(tmp_path / "class")


def read_points(classroom: Classroom) -> dict[str, dict[str, float]]:
    """Return the points of each student in each assignment that was handed in."""
    target = classroom.root.parent / "grades.csv"
    export_grades(classroom, "csv", target)
    with target.open(newline="", encoding="utf-8") as file:
        return {
            row["student_id"]: {name: float(row[name]) for name in HANDED_IN if row[name]}
            for row in csv.DictReader(file)
        }


def read_states(classroom: Classroom) -> dict[str, str]:
    """Return how each notebook stands that somebody has handed in."""
    statuses = read_statuses(classroom)
    return {s.submission.name: s.state for s in statuses if s.state != "missing"}


def solve(classroom: Classroom, assignment: str) -> NotebookNode:
    """Return the released notebook with the instructor's answers in it."""
    source = nbformat.read(classroom.source(assignment, assignment), as_version=4)
    marked = {cell.metadata.get("nbgrader", {}).get("grade_id"): cell
              for cell in source.cells}  # fmt: skip
    answers = {
        grade_id: cell.source
        for grade_id, cell in marked.items()
        if grade_id and cell.metadata.nbgrader.solution
    }
    released = nbformat.read(classroom.release(assignment, assignment), as_version=4)
    return answer(released, answers)


def hand_in(classroom: Classroom, student: str, *assignments: str) -> list[Path]:
    """Write files as a student sends them."""
    folder = classroom.root.parent / "inbox"
    folder.mkdir(exist_ok=True)
    files = [folder / f"{student}_{name}.ipynb" for name in assignments]
    for name, file in zip(assignments, files, strict=True):
        nbformat.write(solve(classroom, name), file)
    return files


def test_its_grades_are_current_and_what_a_human_gave_counts(classroom: Classroom):
    graded = [f"{who}/{name}" for who in ("ada", "grace") for name in HANDED_IN]

    assert classroom.assignments() == ASSIGNMENTS
    assert read_states(classroom) == dict.fromkeys(graded, "graded")
    assert read_points(classroom) == {**POINTS, "zoe": dict.fromkeys(HANDED_IN, 0.0)}


def test_it_is_exported_in_each_format(classroom: Classroom, tmp_path: Path):
    for kind in ("csv", "canvas", "moodle", "nbgrader"):
        for file in export_grades(classroom, kind, tmp_path / f"{kind}.csv"):
            assert "ada" in file.read_text(encoding="utf-8").lower()


def test_its_feedback_and_its_report_are_written(classroom: Classroom):
    records = read_results(classroom)

    feedback = write_feedback(classroom, records)
    report = write_class_report(classroom, records).read_text(encoding="utf-8")

    assert (len(feedback.written), feedback.left_out) == (4, [])
    page = classroom.feedback("grace", "07_quiz", "07_quiz").read_text(encoding="utf-8")
    assert COMMENT in page
    assert "01_input_data" in report


def test_what_was_collected_is_known_and_one_more_notebook_is_taken_in(
    classroom: Classroom,
):
    versions = classroom.read_manifest()
    old = [(v.student, v.notebook) for v in versions]
    assert old == [(who, name) for name in HANDED_IN for who in ("ada", "grace")]
    again = classroom.root.parent / "ada_07_quiz.ipynb"
    ada = next(v for v in versions if (v.student, v.notebook) == ("ada", "07_quiz"))
    again.write_bytes(classroom.received(ada.sha256).read_bytes())

    known = collect_files(classroom, [again])
    new = collect_files(classroom, hand_in(classroom, "zoe", "07_quiz"))

    assert (len(known.unchanged), known.placed) == (1, ())
    assert [(v.student, v.notebook) for v in new.placed] == [("zoe", "07_quiz")]
    states = read_states(classroom)
    assert states.pop("zoe/07_quiz") == "collected"
    assert set(states.values()) == {"graded"}


def test_nbgrader_run_in_its_folder_still_grades_with_ours(classroom: Classroom):
    config = PyFileConfigLoader("nbgrader_config.py", str(classroom.root)).load_config()

    assert config.CourseDirectory.root == str(classroom.root)
    for name in (
        config.Autograde.exporter_class,
        config.GenerateFeedback.exporter_class,
        config.HTMLExporter.filters["markdown2html"],
    ):
        assert callable(import_item(name))


@pytest.mark.slow
@needs_sandbox
def test_graded_again_everybody_has_the_same_points_and_a_humans_stay(
    classroom: Classroom,
):
    graded = grade_class(classroom, workers=1, assignments=HANDED_IN, again=True)

    assert (graded.done, graded.failed, graded.trouble) == (4, [], [])
    assert read_points(classroom) == {**POINTS, "zoe": dict.fromkeys(HANDED_IN, 0.0)}
    with classroom.gradebook() as gradebook:
        human = gradebook.find_grade("question_2_test", "07_quiz", "07_quiz", "grace")
        said = gradebook.find_comment("question_2", "07_quiz", "07_quiz", "grace")
        assert (human.auto_score, human.manual_score) == (0, 0.5)
        assert said.manual_comment == COMMENT


@pytest.mark.slow
@needs_sandbox
def test_a_right_notebook_of_its_course_still_has_all_points(classroom: Classroom):
    collected = collect_files(classroom, hand_in(classroom, "zoe", *ASSIGNMENTS))
    assert len(collected.placed) == len(ASSIGNMENTS)

    graded = grade_class(classroom, students=["zoe"])

    assert not graded.interrupted
    assert (graded.done, graded.failed, graded.trouble) == (7, [], [])
    outcomes = {
        (result.notebook_name, cell.grade_id): cell.outcome
        for result in read_results(classroom)
        for cell in result.cells
        if result.student == "zoe"
    }
    assert outcomes == dict.fromkeys(outcomes, "passed")


def test_what_its_notebooks_import_is_still_there(classroom: Classroom):
    """Learners have copies of them; what moved since resolves under its old name."""
    missing = {
        f"{module}.{name}"
        for assignment in classroom.assignments()
        for module, name in list_imports(classroom, assignment)
        if not has(module, name)
    }
    assert missing == set()


def list_imports(classroom: Classroom, assignment: str) -> set[tuple[str, str]]:
    """Return what an instructor's notebook imports of the library."""
    source = nbformat.read(classroom.source(assignment, assignment), as_version=4)
    found = set()
    for cell in source.cells:
        if cell.cell_type != "code" or "%" in cell.source.partition("\n\n")[0]:
            continue
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.ImportFrom) and node.module:
                found |= {(node.module, alias.name) for alias in node.names}
            elif isinstance(node, ast.Import):
                found |= {(alias.name, "__name__") for alias in node.names}
    return {pair for pair in found if pair[0].startswith("prompt_or_tune")}


def has(module: str, name: str) -> bool:
    try:
        found = importlib.import_module(module)
        return hasattr(found, name) or bool(importlib.import_module(f"{module}.{name}"))
    except ImportError:
        return False
