"""What a student gets back: all that helps, and nothing that is somebody else's."""

from __future__ import annotations

import html
import re
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import nbformat
import pytest

from autograde.classroom import Classroom
from autograde.errors import AutogradeError
from autograde.gradebook.result_table import read_results
from autograde.gradebook.result_writer import forget_grade, record_result
from autograde.reports.feedback_pages import write_feedback
from autograde.reports.quiz_explanations import find_choice, read_questions
from autograde.submission_records import CellResult, Repair, Result
from tests.autograde.class_records import (
    DUE,
    HIDDEN,
    PEOPLE,
    SECRET,
    failed,
    make_class,
    submit,
)

ADA, MAX, NOOR, LI = (person[0] for person in PEOPLE)
ATTACK = "<script>alert(1)</script><img src=x onerror=alert(2)>"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Classroom:
    return make_class(tmp_path_factory.mktemp("class") / "words101")


@pytest.fixture
def classroom(made: Classroom, tmp_path: Path) -> Classroom:
    """Return a class of which nothing is graded."""
    return Classroom.open(shutil.copytree(made.root, tmp_path / "words101"))


def give(classroom: Classroom, result: Result) -> str:
    """Record a result and return its page."""
    record_result(classroom, result)
    written = write_feedback(classroom, read_results(classroom)).written
    path = classroom.feedback(result.student, result.assignment, result.notebook_name)
    assert path in written
    return path.read_text()


def read(page: str) -> str:
    """Return what a page says, without tags."""
    body = page[page.index("<body>") :]
    return " ".join(html.unescape(re.sub(r"<[^>]*>", "", body)).split())


def put_out(classroom: Classroom, result: Result, cell: str, **output: Any) -> Result:
    """Return the result of a notebook in which a cell has put something out."""
    notebook = nbformat.reads(result.notebook, as_version=4)
    for each in notebook.cells:
        if each.metadata.get("nbgrader", {}).get("grade_id") == cell:
            each.outputs = [nbformat.v4.new_output(**output)]
    return replace(result, notebook=nbformat.writes(notebook))


def test_points_are_told_in_all_and_for_each_task(classroom: Classroom) -> None:
    wrong = failed("count_words_test", points=0.5)
    page = read(give(classroom, submit(classroom, ADA, "01_words", cells=[wrong])))
    assert "feedback for Ada Lovelace" in page
    assert "2.5 of 7 points so far" in page
    assert "Count words some points 0.5 of 2" in page
    assert "Longest word all points 2 of 2" in page
    assert "Why? not read yet – of 3" in page


def test_a_failure_is_told_in_the_words_of_the_check(classroom: Classroom) -> None:
    wrong = failed("count_words_test", got=ATTACK)
    page = give(classroom, submit(classroom, ADA, "01_words", cells=[wrong]))
    assert wrong.message in html.unescape(page)
    assert "<script" not in page


def test_a_hidden_test_is_named_and_not_printed(classroom: Classroom) -> None:
    wrong = failed("count_words_test", hidden_case=HIDDEN)
    page = give(classroom, submit(classroom, ADA, "01_words", cells=[wrong]))
    assert f"a hidden case fails: {HIDDEN}." in read(page)
    assert SECRET not in html.unescape(page)
    assert "73313" not in page


def test_what_runs_after_a_hidden_test_can_not_print_it(classroom: Classroom) -> None:
    kept = {"output_type": "stream", "name": "stdout", "text": SECRET}
    result = put_out(
        classroom, submit(classroom, ADA, "01_words"), "longest_word", **kept
    )
    assert "secretly_tested" not in give(classroom, result)
    raised = {"output_type": "error", "ename": "KeyError", "evalue": SECRET}
    result = put_out(
        classroom, result, "longest_word", **raised, traceback=[f"KeyError: {SECRET}"]
    )
    page = give(classroom, result)
    assert "secretly_tested" not in page
    assert "This cell raised KeyError." in page


@pytest.mark.parametrize("kind", ["display_data", "execute_result"])
def test_what_a_cell_displays_may_be_changed_later_and_is_not_shown(
    classroom: Classroom, kind: str
) -> None:
    shown = {"output_type": kind, "data": {"text/plain": SECRET, "text/html": ATTACK}}
    result = put_out(
        classroom, submit(classroom, ADA, "01_words"), "count_words", **shown
    )
    page = give(classroom, result)
    assert "secretly_tested" not in page
    assert "<script" not in page


def test_a_message_that_repeats_a_hidden_test_is_not_shown_where_tests_are_in_reach(
    classroom: Classroom,
) -> None:
    wrong = failed("count_words_test", message=f"AssertionError: In[3] = {SECRET}")
    result = submit(classroom, ADA, "01_words", cells=[wrong], mode="together")
    page = give(classroom, result)
    assert "secretly_tested" not in page
    assert "The test failed; what it said repeats a hidden test." in page


def test_output_is_text_and_never_a_page_of_its_own(classroom: Classroom) -> None:
    name = f"\x1b[31mNameError\x1b[39m: {ATTACK}"
    raised = {"output_type": "error", "ename": "NameError", "evalue": ATTACK}
    result = submit(classroom, ADA, "01_words", answers={"essay": ATTACK})
    result = put_out(classroom, result, "count_words", **raised, traceback=[name])
    page = give(classroom, result)
    assert "<script" not in page
    assert "<img" not in page
    assert page.count(html.escape(ATTACK)) == 2  # the essay, the error
    assert "default-src 'none'" in page


def test_a_student_sees_the_answer_and_nobody_elses_name(classroom: Classroom) -> None:
    answers = {"count_words": "def count_words(text):\n    return 11"}
    page = give(classroom, submit(classroom, ADA, "01_words", answers=answers))
    assert "def count_words(text): return 11" in read(page)
    for person in PEOPLE[1:]:
        assert not any(re.search(rf"\b{name}\b", page) for name in person)


def test_repairs_and_doubts_are_told(classroom: Classroom) -> None:
    moved = Repair("moved", "count_words", "count_words stood at another place.")
    doubt = Repair("ambiguous", "essay", "There are two essays.")
    result = submit(classroom, ADA, "01_words", repairs=(moved,), doubts=(doubt,))
    page = read(give(classroom, result))
    assert "This costs no points: count_words stood at another place." in page
    assert "told to look at this: There are two essays." in page


def test_a_notebook_that_ended_early_says_why(classroom: Classroom) -> None:
    cells = [CellResult("longest_word_test", "not run", 0.0, 2.0)]
    trouble = "it used more than 2048 MB of memory"
    result = submit(classroom, ADA, "01_words", cells=cells, trouble=trouble)
    page = read(give(classroom, result))
    assert f"Grading ended early: {trouble}. Points earned before that stay" in page
    assert "Count words all points 2 of 2" in page
    assert "This was not tested: grading had ended before it." in page


def test_an_instructors_points_and_comments_are_told(classroom: Classroom) -> None:
    give(
        classroom, submit(classroom, ADA, "01_words", cells=[failed("count_words_test")])
    )
    with classroom.gradebook() as gradebook:
        where = "01_words", "01_words", ADA
        grade = gradebook.find_grade("essay", *where)
        grade.manual_score, grade.needs_manual_grade = 2.5, False
        gradebook.find_comment("essay", *where).manual_comment = f"Good! {ATTACK}"
        gradebook.db.commit()
    (path,) = write_feedback(classroom, read_results(classroom)).written
    page = path.read_text()
    assert "4.5 of 7 points" in read(page)
    assert "so far" not in read(page)
    assert f"Good! {ATTACK}" in read(page)
    assert "<script" not in page


def test_what_only_a_human_grades_is_on_the_page_too(classroom: Classroom) -> None:
    by_hand = submit(classroom, ADA, "01_words")
    result = replace(by_hand, cells=by_hand.cells[:-1])  # no word of the essay
    page = read(give(classroom, result))
    assert "4 of 7 points so far" in page
    assert "Why? not read yet – of 3" in page


def test_lateness_is_told_with_what_it_costs(classroom: Classroom) -> None:
    result = submit(classroom, ADA, "01_words", at=DUE + timedelta(hours=30))
    page = read(give(classroom, result))
    assert "4 of 7 points so far, 2.6 after the deduction for lateness" in page
    assert "Handed in 2026-11-02 18:00 UTC, 1.2 days late: 1.4 points off." in page


def test_a_quiz_is_explained_after_grading(classroom: Classroom) -> None:
    wrong = failed("question_test", hidden_case="the question")
    answers = {"question": 'question = None\nquestion = "B"'}
    result = submit(classroom, ADA, "quiz", cells=[wrong], answers=answers)
    page = read(give(classroom, result))
    assert "What is known? A This ✓ the right answer Right: it was measured." in page
    assert "B That ✗ your answer Nobody has seen that." in page
    assert "hidden case fails" not in page  # of a choice there are no other values


def test_a_quiz_without_explanations_is_shown_as_any_task(classroom: Classroom) -> None:
    (classroom.root / "source" / "quiz" / "quiz.toml").unlink()
    assert "✓ the right answer" not in give(classroom, submit(classroom, ADA, "quiz"))


def test_a_faulty_quiz_toml_is_said_to_be_one(classroom: Classroom) -> None:
    path = classroom.root / "source" / "quiz" / "quiz.toml"
    record_result(classroom, submit(classroom, ADA, "quiz"))
    path.write_text('[question]\nright = "E"\nexplanations = {A = "…"}')
    with pytest.raises(AutogradeError, match=r"quiz\.toml, \[question\]: it must hold"):
        write_feedback(classroom, read_results(classroom))


def test_questions_and_choices_are_read_without_running_anything() -> None:
    card = 'QuizCard("q", "What?", {"A": "a " "b"})\n%time x'
    assert read_questions([card, "QuizCard(q, w, o)", "1"]) == {}
    (call, _) = card.split("\n")
    for source in (call, f"pt.{call}"):
        assert read_questions([source])["q"].options == {"A": "a b"}
    assert find_choice('q = None\nq = "B"', "q") == "B"
    assert find_choice("q = open('x').read()", "q") == ""
    assert find_choice("q = (", "q") == ""


def test_a_page_that_is_the_same_is_left_alone(classroom: Classroom) -> None:
    give(classroom, submit(classroom, ADA, "01_words"))
    again = write_feedback(classroom, read_results(classroom))
    assert (again.written, again.unchanged) == ([], 1)


def test_a_newer_submission_has_no_page_until_it_is_graded(classroom: Classroom) -> None:
    give(classroom, submit(classroom, ADA, "01_words"))
    records = read_results(classroom)
    forget_grade(classroom, ADA, "01_words")
    classroom.submitted(ADA, "01_words", "01_words").write_text("{}")
    feedback = write_feedback(classroom, records)
    assert feedback.left_out == [
        ("ada01/01_words", "its newest version is not graded yet")
    ]
    assert not classroom.feedback(ADA, "01_words", "01_words").exists()


def test_a_page_about_changed_tests_says_that_it_is_from_before(
    classroom: Classroom,
) -> None:
    record_result(classroom, submit(classroom, ADA, "01_words"))
    source = classroom.source("01_words", "01_words")
    source.write_text(source.read_text() + "\n")
    (path,) = write_feedback(classroom, read_results(classroom)).written
    assert "The tests of this notebook have been changed since." in read(path.read_text())


def test_what_was_no_notebook_says_so(classroom: Classroom) -> None:
    cells = [
        CellResult(name, "not run", 0.0, 2.0)
        for name in ("count_words_test", "longest_word_test")
    ]
    reason = "the file is empty"
    result = submit(classroom, ADA, "01_words", cells=cells, trouble=reason)
    page = read(give(classroom, result))
    assert f"Grading ended early: {reason}." in page
    assert "0 of 7 points" in page
