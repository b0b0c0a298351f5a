"""The instructor's page: what it counts, whom it names, and whom it does not."""

from __future__ import annotations

import re
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from autograde.classroom import Classroom
from autograde.classroom.roster import Roster, Student
from autograde.gradebook.result_table import read_results
from autograde.gradebook.result_writer import record_result
from autograde.reports.anonymity import NameHider
from autograde.reports.class_figures import (
    MOST_TASKS,
    TaskCounts,
    draw_points,
    draw_repairs,
    draw_tasks,
    draw_times,
    format_seconds,
)
from autograde.reports.class_report import write_class_report
from autograde.reports.failures import (
    blur,
    find_example,
    make_plain,
    sort_failures,
)
from autograde.reports.task_cells import list_tasks, name_task
from autograde.submission_records import CellResult, Repair, Result
from tests.autograde.class_records import (
    DUE,
    HIDDEN,
    PEOPLE,
    failed,
    make_class,
    make_source,
    submit,
)
from tests.library.figure_rules import Drawings, keeps_the_rules

ADA, MAX, NOOR, LI = (person[0] for person in PEOPLE)

# Max fails as he does, and signs his work; Noor fails in the same way without a name.
MAXS = '''\
# by Max Zimmermann
def count_words(text):
    """Zimmermann was here."""
    author = "max02, of max.z@example.org"
    return max(0, len(text))
'''
# Longer than his, so that it is not taken for its shortness.
NOORS = """\
def count_words(text):
    number_of_words_that_were_found_in_it = 0  # noor3
    for letter in text:
        number_of_words_that_were_found_in_it += 1
    return len(text)
"""


@pytest.fixture(scope="module")
def classroom(tmp_path_factory: pytest.TempPathFactory) -> Classroom:
    """Return a class of four: Ada is right, Max and Noor fail, Li has only the quiz."""
    classroom = make_class(tmp_path_factory.mktemp("class") / "words101")
    said = "count_words stood at another place."
    wrong = [failed("count_words_test", got=11)]
    for result in (
        submit(classroom, ADA, "01_words", seconds=1.5),
        submit(
            classroom,
            MAX,
            "01_words",
            answers={"count_words": MAXS},
            at=DUE + timedelta(hours=30),
            repairs=(Repair("moved", "count_words", said),),
            cells=wrong,
        ),
        submit(classroom, NOOR, "01_words", answers={"count_words": NOORS}, cells=wrong),
        submit(
            classroom,
            LI,
            "quiz",
            cells=[CellResult("question_test", "not run", 0.0, 2.0)],
            trouble="its kernel died",
            needs_look=("Grading ended early: its kernel died",),
        ),
    ):
        record_result(classroom, result)
    return classroom


@pytest.fixture(scope="module")
def page(classroom: Classroom) -> str:
    return write_class_report(classroom, read_results(classroom)).read_text()


def find_section(page: str, heading: str) -> str:
    """Return the text of a section, without tags and pictures."""
    found = re.search(rf"<h2[^>]*>{heading}</h2>(.*?)</section>", page, re.DOTALL)
    assert found, heading
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", found[1]))


def test_the_page_stands_alone(classroom: Classroom, page: str) -> None:
    assert (classroom.root / "report.html").read_text() == page
    assert not re.search(r"(?:src|href)=\"(?!data:|#)", page)
    assert "<script" not in page


def test_it_begins_with_how_many_are_graded_and_what_is_left_to_do(page: str) -> None:
    lead = " ".join(re.findall(r'class="lead">(.*?)</p>', page))
    assert "4 of 8 notebooks of 4 students are graded; 4 were not handed in." in lead
    assert "1 notebook to look at" in lead
    assert "3 notebooks to give points by hand" in lead


def test_it_names_who_needs_a_look_and_why(page: str) -> None:
    looks = find_section(page, "Who needs a look")
    assert "Li Wang (li004) quiz Grading ended early: its kernel died." in looks
    assert ADA not in looks


def test_each_task_is_counted(page: str) -> None:
    tasks = find_section(page, "Tasks")
    assert "count words 01_words 1 0 2 0 0 33%" in tasks
    assert "longest word 01_words 3 0 0 0 0 100%" in tasks
    assert "essay 01_words 0 0 0 0 3 –" in tasks
    assert "question quiz 0 0 0 1 0 0%" in tasks


def test_the_commonest_failure_stands_there_with_an_example(page: str) -> None:
    failures = find_section(page, "What failed")
    assert "“count words” in 01_words: 2 of 3 failed." in failures
    assert "two words: another value than wanted 2 67%" in failures
    assert "return len(text)" in failures  # Noor's, for Max's has names in it
    assert "Usual cause: an empty text has none" in failures


@pytest.mark.parametrize("section", ["What failed", "Tasks", "Points", "Late", "Time"])
def test_examples_and_counts_name_nobody(page: str, section: str) -> None:
    text = find_section(page, section).lower()
    for person in PEOPLE:
        assert not any(re.search(rf"\b{name.lower()}\b", text) for name in person)


def test_lateness_is_told_with_what_it_cost(page: str) -> None:
    assert "01_words 1 33% 1.2 days 1.2 days" in find_section(page, "Late")


def test_repairs_are_told_by_kind(page: str) -> None:
    repairs = find_section(page, "What was put right")
    assert "moved count_words stood at another place." in repairs


def test_times_are_told(page: str) -> None:
    assert "In all 9.0 s of one core." in find_section(page, "Time")


def test_points_by_hand_count(classroom: Classroom) -> None:
    with classroom.gradebook() as gradebook:
        grade = gradebook.find_grade("essay", "01_words", "01_words", ADA)
        grade.manual_score, grade.needs_manual_grade = 3.0, False
        gradebook.db.commit()
    page = write_class_report(classroom, read_results(classroom)).read_text()
    assert "essay 01_words 1 0 0 0 2 100%" in find_section(page, "Tasks")


def test_a_record_of_an_older_submission_is_left_out(
    classroom: Classroom, tmp_path: Path
) -> None:
    copy = Classroom.open(shutil.copytree(classroom.root, tmp_path / "copy"))
    copy.submitted(LI, "quiz", "quiz").write_text("{}")
    page = write_class_report(copy, read_results(copy)).read_text()
    assert "3 of 8 notebooks" in page
    assert "1 wait to be graded" in page


# ── Failures and their examples ─────────────────────────────────────────────────────────


def result_of(*cells: CellResult, student: str = MAX, sha: str = "0") -> Result:
    return Result(student, "a", "n", sha, "", "", "apart", cells, "")


def names_of(*cells: CellResult) -> list[tuple[str, int]]:
    found = sort_failures(result_of(cell) for cell in cells)
    return [(failure.name, failure.count) for failure in found["a", "n", "t"]]


def test_failures_of_one_case_count_together_whatever_was_got() -> None:
    cells = [failed("t", got=3), failed("t", got="mine"), failed("t", hidden_case=HIDDEN)]
    assert names_of(*cells) == [
        ("two words: another value than wanted", 2),
        (f"hidden test: {HIDDEN}", 1),
    ]


def test_a_failure_that_raised_is_another_than_one_that_returned_nothing() -> None:
    raised = "Case: two words.\n  Your code raised KeyError: 'Max'"
    nothing = "Case: two words.\n  nothing is returned yet; wanted 2"
    names = names_of(failed("t", message=raised), failed("t", message=nothing))
    assert names == [
        ("two words: nothing is returned yet", 1),
        ("two words: raised KeyError", 1),
    ]


def test_what_only_one_has_said_is_shown_without_its_words() -> None:
    one = failed("t", message="NameError: name 'max_zimmermann' is not defined")
    assert names_of(one) == [("NameError: name … is not defined", 1)]
    same = failed("t", message="NameError: name 'torhc' is not defined")
    assert names_of(same, same) == [("NameError: name 'torhc' is not defined", 2)]
    assert blur("it took 12.5 seconds") == blur("it took 120 seconds")


def make_hider() -> NameHider:
    return NameHider(Roster(tuple(Student(*p, f"{p[0]}@example.org") for p in PEOPLE)))


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("def max_zimmermanns(): pass", "def max_zimmermanns(): pass"),
        ("zimmermann_count = 1", "NAME_count = 1"),
        ("return max(1, 2)", "return max(1, 2)"),  # of Python, not of Max
        ("with = 'Ada Lovelace'", "with = 'NAME'"),
        ("x = 'ada01'; y = 'lovelace'", "x = 'NAME'; y = 'lovelace'"),
        ("mail('someone@else.org')", "mail('NAME')"),
    ],
)
def test_names_are_taken_out_of_answers(text: str, hidden: str) -> None:
    assert make_hider()(text, MAX) == hidden


def test_comments_and_docstrings_are_taken_out_of_answers() -> None:
    assert make_plain(MAXS).splitlines() == [
        "def count_words(text):",
        "    author = 'max02, of max.z@example.org'",
        "    return max(0, len(text))",
    ]
    assert make_plain("%time f()  # by Max\n# Max\nx = 1") == "%time f()\nx = 1"


def test_an_example_is_no_blank_and_rather_one_without_names() -> None:
    answers = {MAX: MAXS, NOOR: NOORS, LI: "def count_words(text):\n    pass", ADA: ""}
    results = [
        result_of(failed("t"), student=student, sha=str(place))
        for place, student in enumerate(answers)
    ]
    failures = sort_failures(results)["a", "n", "t"]
    stub = "def count_words(text):\n    pass  # your code here"

    def find(students: set[str]) -> Any:
        def read(student: str, *_: str) -> str:
            return answers[student] if student in students else ""

        return find_example(failures, "t", read, stub, make_hider())

    everybody = find(set(answers))
    assert everybody is not None
    assert everybody.answer == make_plain(NOORS)
    assert "Zimmermann" not in find({MAX}).answer
    assert find({LI, ADA}) is None


# ── Tasks of a notebook ─────────────────────────────────────────────────────────────────


def test_tasks_are_answers_and_the_tests_below_them() -> None:
    tasks = list_tasks(make_source(("count_words", "longest_word")))
    assert [task.title for task in tasks] == ["Count words", "Longest word", "Why?"]
    assert [task.graded for task in tasks] == [
        ["count_words_test"],
        ["longest_word_test"],
        ["essay"],
    ]
    assert name_task("count_words_test") == "count words"


# ── Figures ─────────────────────────────────────────────────────────────────────────────

TASKS = [
    TaskCounts("01_words", "count words", full=20, part=3, none=7, not_run=2),
    TaskCounts("01_words", "longest word", full=32),
    TaskCounts("02_numbers", "essay", full=1, by_hand=31),
]
SHARES = {"01_words": [0.0, 0.4, 0.8, 1.0, 1.0], "02_numbers": [0.5, 0.6, 1.2]}


@keeps_the_rules(
    Drawings(
        {
            "points": lambda: draw_points(SHARES),
            "points of one": lambda: draw_points({"quiz": [1.0]}),
            "tasks": lambda: draw_tasks(TASKS),
            "a task": lambda: draw_tasks(TASKS[1:2]),
            "tasks that wait": lambda: draw_tasks([TaskCounts("a", "essay", by_hand=3)]),
            "times": lambda: draw_times(
                {"01_words": [0.4, 2, 120], "02_numbers": [3.5, 4]}
            ),
            "repairs": lambda: draw_repairs({"moved": 3, "lost marks": 12}, 14, 40),
        }
    )
)
def test_figures_keep_the_rules(rule: Any, drawing: Any) -> None:
    rule(drawing)


def test_titles_say_what_was_found() -> None:
    assert draw_points(SHARES).title == (
        "The typical notebook earns 60% of the points in 02_numbers, and 80% in 01_words"
    )
    assert draw_tasks(TASKS).title == (
        "The hardest task is “count words”: 62% have all its points"
    )


def test_many_tasks_are_drawn_as_the_hardest_and_listed_all() -> None:
    tasks = [TaskCounts("a", f"task {i}", full=i, none=60 - i) for i in range(1, 60)]
    drawing = draw_tasks(tasks)
    assert len(drawing.figure.axes[0].get_yticks()) == MOST_TASKS
    assert len(drawing.rows) == len(tasks)


@pytest.mark.parametrize(
    "draw", [lambda: draw_points({}), lambda: draw_tasks([]), lambda: draw_times({})]
)
def test_nothing_is_not_drawn(draw: Any) -> None:
    with pytest.raises(ValueError, match="nothing is graded yet"):
        draw()


def test_times_are_written_for_people() -> None:
    written = [format_seconds(s) for s in (0.44, 9.94, 9.96, 240, 7200)]
    assert written == ["0.4 s", "9.9 s", "10 s", "4 min", "2.0 h"]
