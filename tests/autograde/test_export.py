"""What leaves a class for people, an LMS, or a program that knows nbgrader's table."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from nbgrader.plugins import CsvExportPlugin

from autograde.classroom import Classroom
from autograde.errors import AutogradeError
from autograde.gradebook.export import Format, export_grades, to_csv
from autograde.gradebook.result_writer import forget_grade, record_result
from tests.autograde.small_class import make_class, make_result, submit

LATE = """
[late]
points_per_day = 1
[late.due]
sums = 2026-03-01T00:00:00
"""


def read(classroom: Classroom, kind: Format, suffix: str = "") -> list[dict[str, str]]:
    export_grades(classroom, kind, classroom.root / "grades.csv")
    with (classroom.root / f"grades{suffix}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def classroom(tmp_path: Path) -> Classroom:
    """Ada has 3 points, Zoë 1 and waits for a human; Grace has handed in nothing."""
    classroom = make_class(tmp_path)
    submit(classroom, "ada")
    record_result(classroom, make_result(classroom, "ada"))
    submit(classroom, "zoe", words="Because it is.")
    record_result(classroom, make_result(classroom, "zoe", 1.0, words=True))
    return classroom


def test_totals_have_a_row_for_each_student_and_say_what_a_number_does_not(
    classroom: Classroom,
):
    ada, grace, zoe = read(classroom, "csv")

    assert (ada["sums"], ada["points"], ada["max_points"]) == ("3", "3", "8")
    assert ada["remarks"] == ""
    assert (grace["sums"], grace["remarks"]) == ("0", "sums: not submitted")
    assert zoe["remarks"] == "sums: 1 to be graded by hand"


def test_tasks_have_a_row_for_each_graded_cell(classroom: Classroom):
    rows = read(classroom, "csv", "-tasks")

    assert len(rows) == 3 * 2
    found = {(row["student_id"], row["task"]): row for row in rows}
    assert found["ada", "double_test"]["points"] == "3"
    assert found["zoe", "why"]["points"] == ""
    assert found["zoe", "why"]["to_grade_by_hand"] == "yes"
    assert found["grace", "why"]["state"] == "missing"


def test_a_newer_version_that_is_not_graded_has_no_points_anywhere(
    classroom: Classroom,
):
    forget_grade(classroom, "ada", "sums")
    submit(classroom, "ada", "def double(x): return 3 * x")

    ada, *_ = read(classroom, "csv")
    assert (ada["sums"], ada["remarks"]) == ("", "sums: not graded yet")
    assert read(classroom, "canvas")[1]["sums"] == ""
    assert read(classroom, "moodle")[0]["sums"] == ""
    row = next(r for r in read(classroom, "nbgrader") if r["student_id"] == "ada")
    assert row["score"] == row["raw_score"] == ""


def test_what_nobody_had_to_hand_in_yet_is_no_zero(tmp_path: Path):
    classroom = make_class(tmp_path)
    assert [row["sums"] for row in read(classroom, "csv")] == ["", "", ""]


def test_late_points_are_off_and_told(tmp_path: Path):
    classroom = make_class(tmp_path, settings=LATE)
    submit(classroom, "ada", when="2026-03-01 10:00:00.000000 UTC")
    record_result(classroom, make_result(classroom, "ada"))

    ada, *_ = read(classroom, "csv")
    assert (ada["sums"], ada["late_penalty"]) == ("2", "1")
    assert ada["remarks"] == "sums: 1 points off for being late"


def test_canvas_finds_its_header_its_second_row_and_its_ids(classroom: Classroom):
    possible, ada, *_ = read(classroom, "canvas")

    assert list(ada)[:5] == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
    assert possible["Student"].strip() == "Points Possible"
    assert possible["sums"] == "8"
    assert ada["Student"] == "Lovelace, Ada"
    assert (ada["ID"], ada["Section"], ada["sums"]) == ("4711", "A", "3")


def test_moodle_can_choose_by_username_or_email(classroom: Classroom):
    ada, *_ = read(classroom, "moodle")
    assert (ada["Username"], ada["Email address"]) == ("ada", "ada@example.org")
    assert ada["sums"] == "3"


def test_nbgraders_table_is_the_same_as_nbgraders(classroom: Classroom):
    with classroom.gradebook() as gradebook:
        stock = CsvExportPlugin(to=str(classroom.root / "stock.csv"))
        for each in ("grace", "zoe"):  # whose names stock nbgrader does not quote
            student = gradebook.find_student(each)
            student.last_name = each
        stock.export(gradebook)
        gradebook.db.rollback()
    with (classroom.root / "stock.csv").open(newline="") as file:
        theirs = {row["student_id"]: row for row in csv.DictReader(file)}

    ours = {row["student_id"]: row for row in read(classroom, "nbgrader")}

    assert list(ours["ada"]) == list(theirs["ada"])
    for student, row in ours.items():
        assert {**row, "last_name": ""} == {**theirs[student], "last_name": ""}


def test_names_are_quoted_and_formulas_are_text(classroom: Classroom):
    _, grace, zoe = read(classroom, "csv")

    assert grace["last_name"] == "Hopper, Rear Admiral"
    assert zoe["first_name"] == "Zoë"
    assert zoe["last_name"] == "'=1+2"
    assert to_csv([["@x", "-x", -1.5, None, 'a"b', "a\nb"]]) == (
        '\'@x,\'-x,-1.5,,"a""b","a\nb"\n'
    )


def test_points_keep_their_decimals_without_noise():
    assert to_csv([[0.1 + 0.2, 3.0, 12345.5, 1 / 3]]) == "0.3,3,12345.5,0.3333\n"


def test_a_format_that_is_not_there_and_a_file_that_cannot_be_are_sentences(
    classroom: Classroom,
):
    with pytest.raises(AutogradeError, match="there is no format excel; there are: csv"):
        export_grades(classroom, "excel", classroom.root / "x")  # type: ignore[arg-type]
    (classroom.root / "file").write_text("")
    with pytest.raises(AutogradeError, match="can't be written"):
        export_grades(classroom, "csv", classroom.root / "file" / "grades.csv")
