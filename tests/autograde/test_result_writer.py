"""The gradebook: whole or not at all, and never a grade of an older submission."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from nbgrader.api import Gradebook

from autograde.classroom import Classroom
from autograde.errors import AutogradeError
from autograde.gradebook import result_writer
from autograde.gradebook.result_table import read_results
from autograde.gradebook.result_writer import (
    apply_settings,
    forget_grade,
    record_result,
)
from autograde.gradebook.status import find_pending, read_statuses
from autograde.submission_records import CellResult, Repair
from tests.autograde.small_class import make_class, make_result, submit


@pytest.fixture
def classroom(tmp_path: Path) -> Classroom:
    return make_class(tmp_path)


def find_state(classroom: Classroom, student: str = "ada") -> str:
    return next(
        each.state
        for each in read_statuses(classroom)
        if each.submission.student == student
    )


def find_grade(gradebook: Gradebook, cell: str = "double_test") -> Any:
    return gradebook.find_grade(cell, "sums", "sums", "ada")


def give_by_hand(classroom: Classroom, points: float, comment: str) -> None:
    """Do as an instructor does in Formgrader."""
    with classroom.gradebook() as gradebook:
        grade = find_grade(gradebook, "why")
        grade.manual_score, grade.extra_credit = points, 0.5
        grade.needs_manual_grade = False
        gradebook.find_comment("why", "sums", "sums", "ada").manual_comment = comment
        gradebook.db.commit()


def test_a_result_is_in_nbgraders_tables_and_whole_in_ours(classroom: Classroom):
    submit(classroom, "ada", words="Because it is.")
    result = make_result(
        classroom,
        "ada",
        words=True,
        repairs=(Repair("moved", "double", "The answer was moved."),),
        versions={"nbgrader": "1"},
    )
    assert find_state(classroom) == "collected"

    record_result(classroom, result)

    with classroom.gradebook() as gradebook:
        notebook = gradebook.find_submission_notebook("sums", "sums", "ada")
        assert (notebook.score, notebook.max_score) == (3, 8)
        assert find_grade(gradebook).auto_score == 3
        assert not find_grade(gradebook).needs_manual_grade
        assert find_grade(gradebook, "why").auto_score is None
        assert find_grade(gradebook, "why").needs_manual_grade
        assert gradebook.find_comment("why", "sums", "sums", "ada").comment is None
    assert read_results(classroom) == [replace(result, notebook="")]
    assert classroom.autograded("ada", "sums", "sums").exists()
    assert find_state(classroom) == "graded"


def test_an_answer_left_as_it_was_released_has_no_response(classroom: Classroom):
    submit(classroom, "ada")
    record_result(classroom, make_result(classroom, "ada"))

    with classroom.gradebook() as gradebook:
        comment = gradebook.find_comment("why", "sums", "sums", "ada")
        assert comment.comment == "No response."
        assert not find_grade(gradebook, "why").needs_manual_grade
        answered = gradebook.find_comment("double", "sums", "sums", "ada")
        assert answered.comment is None


def test_points_and_comments_of_a_human_survive_a_regrade(classroom: Classroom):
    submit(classroom, "ada", words="Because it is.")
    record_result(classroom, make_result(classroom, "ada", words=True))
    give_by_hand(classroom, 4, "Well said.")

    record_result(classroom, make_result(classroom, "ada", 0.0, words=True))

    with classroom.gradebook() as gradebook:
        assert find_grade(gradebook).score == 0
        assert find_grade(gradebook, "why").score == 4.5
        assert find_grade(gradebook, "why").needs_manual_grade, "as nbgrader does it"
        comment = gradebook.find_comment("why", "sums", "sums", "ada")
        assert comment.comment == "Well said."


def test_a_newer_submission_takes_the_grade_back_until_it_is_graded(
    classroom: Classroom,
):
    submit(classroom, "ada", words="Because it is.")
    record_result(classroom, make_result(classroom, "ada", words=True))
    give_by_hand(classroom, 4, "Well said.")
    classroom.feedback("ada", "sums", "sums").parent.mkdir(parents=True)
    classroom.feedback("ada", "sums", "sums").write_text("3 points")

    forget_grade(classroom, "ada", "sums", "sums")
    submit(classroom, "ada", "raise SystemExit", words="Hm.")

    assert find_state(classroom) == "collected"
    assert [each.name for each in find_pending(classroom)] == ["ada/sums"]
    assert read_results(classroom) == []
    assert not classroom.autograded("ada", "sums", "sums").exists()
    assert not classroom.feedback("ada", "sums", "sums").exists()
    with classroom.gradebook() as gradebook:
        assert find_grade(gradebook).auto_score is None
        assert find_grade(gradebook).needs_manual_grade
        assert find_grade(gradebook, "why").manual_score == 4
        assert gradebook.find_submission("sums", "ada").timestamp is None


def test_a_submission_replaced_behind_our_back_is_not_graded_yet(classroom: Classroom):
    submit(classroom, "ada")
    old = make_result(classroom, "ada")
    record_result(classroom, old)
    submit(classroom, "ada", "def double(x): return 3 * x")

    assert find_state(classroom) == "collected"
    forget_grade(classroom, "ada", "sums")
    record_result(classroom, old)
    assert read_results(classroom) == [], "a late result of the old one is not written"


def test_a_change_of_the_tests_makes_grades_stale(classroom: Classroom):
    submit(classroom, "ada")
    record_result(classroom, make_result(classroom, "ada"))
    assert find_pending(classroom) == []
    assert len(find_pending(classroom, again=True)) == 1

    source = classroom.source("sums", "sums")
    source.write_text(source.read_text().replace("== 42", "== 43"))

    assert find_state(classroom) == "stale"
    assert len(find_pending(classroom, ["sums"], ["ada"])) == 1
    assert find_pending(classroom, students=["zoe"]) == []
    with pytest.raises(AutogradeError, match="there is no assignment products"):
        find_pending(classroom, ["products"])


def test_trouble_and_doubts_are_states_of_their_own(classroom: Classroom):
    troubles: dict[str, dict[str, Any]] = {
        "ada": {"trouble": "its kernel died", "needs_look": ("Ended early.",)},
        "zoe": {"needs_look": ("Two answers.",)},
    }
    for student, changes in troubles.items():
        submit(classroom, student)
        record_result(classroom, make_result(classroom, student, **changes))

    assert find_state(classroom) == "failed"
    assert find_state(classroom, "zoe") == "needs a look"
    assert find_state(classroom, "grace") == "missing"
    assert find_pending(classroom) == [], "it would end the same way again"


@pytest.mark.parametrize(
    ("points", "kept"), [(99.0, 3.0), (-1.0, 0.0), (float("nan"), 0.0), (1.5, 1.5)]
)
def test_points_out_of_bounds_are_clipped_and_told(
    classroom: Classroom, points: float, kept: float
):
    submit(classroom, "ada")
    record_result(classroom, make_result(classroom, "ada", points))

    with classroom.gradebook() as gradebook:
        assert find_grade(gradebook).auto_score == kept
    (result,) = read_results(classroom)
    assert result.points == kept
    assert bool(result.needs_look) == (points != kept)


def test_a_cell_that_was_not_graded_waits_for_a_human(classroom: Classroom):
    submit(classroom, "ada")
    only = CellResult("why", "manual", None, 5.0)
    record_result(classroom, make_result(classroom, "ada", cells=(only,)))

    with classroom.gradebook() as gradebook:
        assert find_grade(gradebook).needs_manual_grade
        assert find_grade(gradebook).score == 0


# ── All or nothing ──────────────────────────────────────────────────────────────────────


def test_a_fault_in_the_middle_changes_nothing(
    classroom: Classroom, monkeypatch: pytest.MonkeyPatch
):
    submit(classroom, "ada")
    record_result(classroom, make_result(classroom, "ada", 1.0))
    before = classroom.autograded("ada", "sums", "sums").read_bytes()

    def fill_up(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(result_writer, "write_atomically", fill_up)
    with pytest.raises(AutogradeError, match="No space left on device"):
        record_result(classroom, make_result(classroom, "ada", 3.0))

    assert [result.points for result in read_results(classroom)] == [1]
    assert classroom.autograded("ada", "sums", "sums").read_bytes() == before
    with classroom.gradebook() as gradebook:
        assert find_grade(gradebook).auto_score == 1


def test_an_interruption_before_the_end_leaves_no_half_of_a_first_grade(
    classroom: Classroom, monkeypatch: pytest.MonkeyPatch
):
    submit(classroom, "ada")

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(result_writer, "_write_files", interrupt)
    with pytest.raises(KeyboardInterrupt):
        record_result(classroom, make_result(classroom, "ada"))

    assert find_state(classroom) == "collected"
    with classroom.gradebook() as gradebook:
        assert gradebook.assignment_submissions("sums") == []


def test_who_grades_by_hand_at_the_same_time_loses_nothing(classroom: Classroom):
    submit(classroom, "ada", words="Because it is.")
    result = make_result(classroom, "ada", words=True)
    record_result(classroom, result)

    def grade_by_hand() -> None:
        for points in range(1, 6):
            give_by_hand(classroom, points, f"{points} points")

    with ThreadPoolExecutor(1) as instructor:
        done = instructor.submit(grade_by_hand)
        while not done.done():
            record_result(classroom, result)
        done.result()

    with classroom.gradebook() as gradebook:
        assert find_grade(gradebook).auto_score == 3
        assert find_grade(gradebook, "why").score == 5.5


@pytest.mark.skipif(os.geteuid() == 0, reason="everything can be written to by root")
def test_a_read_only_gradebook_is_told_in_a_sentence(classroom: Classroom):
    submit(classroom, "ada")
    (classroom.root / "gradebook.db").chmod(0o444)
    with pytest.raises(AutogradeError, match="can't be used"):
        record_result(classroom, make_result(classroom, "ada"))


# ── What is shown in Formgrader ─────────────────────────────────────────────────────────


def test_what_a_cell_shows_can_neither_run_nor_break_the_page(classroom: Classroom):
    notebook = json.loads(submit(classroom, "ada"))
    hostile = {
        "application/javascript": "steal()",
        "application/vnd.jupyter.widget-view+json": {},
    }
    kept = {"text/plain": "1", "image/png": "aGk=\n"}
    shown = [hostile, hostile | kept, {"image/png": '"><script>'}]
    notebook["cells"][2]["outputs"] = [
        {"output_type": "display_data", "data": data, "metadata": {"image/png": {"a": 1}}}
        for data in shown
    ]

    record_result(classroom, make_result(classroom, "ada", notebook=json.dumps(notebook)))

    written = json.loads(classroom.autograded("ada", "sums", "sums").read_text())
    assert written["cells"][2]["outputs"] == [
        {"output_type": "display_data", "data": kept, "metadata": {}}
    ]


# ── Late ────────────────────────────────────────────────────────────────────────────────

LATE = """
[late]
percent_per_day = 25
[late.due]
sums = 2026-03-01T00:00:00
"""


def test_late_points_are_taken_off_and_an_extension_gives_them_back(tmp_path: Path):
    classroom = make_class(tmp_path, settings=LATE)
    submit(classroom, "ada", when="2026-03-01 10:00:00.000000 UTC")

    record_result(classroom, make_result(classroom, "ada"))

    with classroom.gradebook() as gradebook:
        submission = gradebook.find_submission("sums", "ada")
        assert submission.total_seconds_late == 36_000
        assert submission.late_submission_penalty == 2
        assert submission.score == 3

    with (classroom.root / "class.toml").open("a") as file:
        file.write("[extensions.ada]\nsums = 2026-03-02T00:00:00\n")
    apply_settings(Classroom.open(classroom.root))

    with classroom.gradebook() as gradebook:
        submission = gradebook.find_submission("sums", "ada")
        assert submission.extension == timedelta(days=1)
        assert submission.late_submission_penalty == 0


def test_a_date_set_in_formgrader_stays(classroom: Classroom):
    with classroom.gradebook() as gradebook:
        gradebook.update_or_create_assignment("sums", duedate="2026-02-01 00:00:00 UTC")
    submit(classroom, "ada")

    record_result(classroom, make_result(classroom, "ada"))

    with classroom.gradebook() as gradebook:
        assert gradebook.find_submission("sums", "ada").total_seconds_late > 0
