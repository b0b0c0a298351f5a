"""A class folder: made once, completed again, never overwritten; settings and roster."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import nbformat
import pytest

from autograde import ROOT
from autograde.class_creation import create_class
from autograde.classroom import Classroom
from autograde.classroom.lock import lock_class
from autograde.classroom.roster import read_roster
from autograde.classroom.settings import read_settings
from autograde.errors import AutogradeError
from autograde.submission_records import Limits, Received
from tests.autograde.small_class import ROSTER, make_class, make_source


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    for name in ("sums", "tour"):
        path = tmp_path / "sources" / name / f"{name}.ipynb"
        path.parent.mkdir(parents=True)
        source = make_source()
        if name == "tour":
            source.cells = source.cells[:1]
        nbformat.write(source, path)
    (tmp_path / "sources" / "sums" / "data.csv").write_text("1,2")
    (tmp_path / "sources" / "sums" / "quiz.toml").write_text("")
    return tmp_path / "sources"


@pytest.mark.slow
def test_a_new_class_has_all_that_grading_needs(sources: Path, tmp_path: Path):
    roster = tmp_path / "roster.csv"
    roster.write_text(ROSTER)

    classroom = create_class(tmp_path / "class", sources=sources, roster=roster)

    assert classroom.assignments() == ("sums",), "what nobody grades is no assignment"
    assert classroom.notebooks("sums") == ("sums",)
    assert [student.id for student in classroom.roster()] == ["ada", "grace", "zoe"]
    assert "SOLUTION" in classroom.source("sums", "sums").read_text()
    released = classroom.release("sums", "sums").read_text()
    assert "return 2 * x" not in released
    assert "double(21)" not in released
    with classroom.gradebook() as gradebook:
        assert gradebook.find_assignment("sums").max_score == 8
        assert {student.id for student in gradebook.students} == {"ada", "grace", "zoe"}


@pytest.mark.slow
def test_what_lies_beside_a_source_is_released_but_not_the_quizs_explanations(
    sources: Path, tmp_path: Path
):
    classroom = create_class(tmp_path / "class", sources=sources)

    folder = classroom.release("sums", "sums").parent
    assert (folder / "data.csv").read_text() == "1,2"
    assert not (folder / "quiz.toml").exists()


@pytest.mark.slow
def test_a_second_init_overwrites_nothing_and_completes_what_is_missing(
    sources: Path, tmp_path: Path
):
    classroom = create_class(tmp_path / "class", sources=sources)
    settings, source = classroom.root / "class.toml", classroom.source("sums", "sums")
    settings.write_text('course_id = "mine"')
    source.write_text(source.read_text() + "\n")
    changed = source.read_bytes()
    classroom.release("sums", "sums").unlink()

    again = create_class(tmp_path / "class", sources=sources)

    assert again.settings.course_id == "mine"
    assert source.read_bytes() == changed
    assert again.release("sums", "sums").exists()


@pytest.mark.slow
def test_another_roster_than_the_one_that_is_there_is_refused(
    sources: Path, tmp_path: Path
):
    create_class(tmp_path / "class", sources=sources)
    (tmp_path / "new.csv").write_text(ROSTER)

    with pytest.raises(AutogradeError, match="is there already, and differs"):
        create_class(tmp_path / "class", sources=sources, roster=tmp_path / "new.csv")


def test_a_class_must_not_lie_in_the_repository(sources: Path):
    with pytest.raises(AutogradeError, match="must lie elsewhere"):
        create_class(ROOT / "build" / "class", sources=sources)


def test_a_folder_without_graded_notebooks_makes_no_class(tmp_path: Path):
    with pytest.raises(AutogradeError, match="no folders with graded notebooks"):
        create_class(tmp_path / "class", sources=tmp_path)


def test_a_folder_that_is_no_class_says_how_to_make_one(tmp_path: Path):
    with pytest.raises(AutogradeError, match="autograde init"):
        Classroom.open(tmp_path)


@pytest.mark.slow
def test_courses_not_written_for_it_run_together(sources: Path, tmp_path: Path):
    assert create_class(tmp_path / "class", sources=sources).mode("sums") == "together"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["..", "a/b", "", "a\\b", "nul\0"])
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str):
    classroom = make_class(tmp_path)
    with pytest.raises(AutogradeError, match="can't be the name"):
        classroom.submitted(name, "sums", "sums")


def test_a_database_that_is_not_there_is_told_without_its_password(tmp_path: Path):
    classroom = make_class(tmp_path)
    url = "sqlite:////no/such/folder/of:secret@mine.db"
    (classroom.root / "class.toml").write_text(f'gradebook = "{url}"')

    with (
        pytest.raises(AutogradeError, match="can't be used"),
        Classroom.open(classroom.root).gradebook(),
    ):
        pass


def test_half_a_line_of_the_manifest_counts_as_none(tmp_path: Path):
    classroom = make_class(tmp_path)
    assert classroom.read_manifest() == []
    line = (
        '{"sha256": "0", "name": "a.ipynb", "student": "ada", "assignment": "sums", '
        '"notebook": "sums", "submitted_at": "2026-01-01T00:00:00+00:00"}\n'
    )
    classroom.manifest.write_text(line + line[:40])

    assert classroom.read_manifest() == [
        Received("0", "a.ipynb", "ada", "sums", "sums", "2026-01-01T00:00:00+00:00")
    ]


# ── Settings ────────────────────────────────────────────────────────────────────────────


def test_settings_are_read_with_their_units_and_zones(tmp_path: Path):
    file = tmp_path / "class.toml"
    file.write_text(
        """
        timezone = "Europe/Berlin"
        mode = "apart"
        modes = { "ps1" = "together" }
        [limits]
        memory_mb = 512
        [limits."ps1"]
        cell_seconds = 5
        [late]
        percent_per_day = 10
        [late.due]
        ps1 = 2026-07-01T12:00:00
        [extensions.ada]
        ps1 = 2026-07-08T12:00:00+05:00
        """
    )

    settings = read_settings(file)
    classroom = Classroom(tmp_path, settings)

    assert classroom.mode("ps1") == "together"
    assert classroom.mode("ps2") == "apart"
    assert classroom.limits("ps2") == Limits(memory_mb=512)
    assert classroom.limits("ps1") == Limits(memory_mb=512, cell_seconds=5)
    assert settings.late.find_due("bob", "ps1") == datetime(2026, 7, 1, 10, tzinfo=UTC)
    east = timezone(timedelta(hours=5))
    assert settings.late.find_due("ada", "ps1") == datetime(2026, 7, 8, 12, tzinfo=east)
    assert settings.late.find_due("ada", "ps2") is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("gradebok = ''", "gradebok is no setting; there are course_id"),
        ("[limits]\nmemory = 3", "memory is no setting"),
        ("[limits]\nmemory_mb = -3", "must not be negative"),
        ("[limits]\nmemory_mb = '3 GB'", "memory_mb must be of the kind int"),
        ("mode = 'beside'", '"apart" or "together"'),
        ("[modes]\nps1 = 'beside'", '"apart" or "together"'),
        ("[late.due]\nps1 = 'tomorrow'", "must be a date with a time"),
        ("[late.due]\nps1 = 2026-01-01", "must be a date with a time"),
        ("timezone = 'Moon/Base'", "Moon/Base"),
        ("late = 3", "can't be used"),
        ("x = ", "can't be used"),
    ],
)
def test_a_setting_that_means_nothing_is_named(tmp_path: Path, text: str, said: str):
    (tmp_path / "class.toml").write_text(text)
    with pytest.raises(AutogradeError, match=said):
        read_settings(tmp_path / "class.toml")


@pytest.mark.parametrize(
    ("seconds", "points", "lost"),
    [(0, 8, 0), (599, 8, 0), (601, 8, 2), (86_401, 8, 4), (9e9, 8, 5), (9e9, 1, 1)],
)
def test_a_late_penalty_counts_days_begun_has_a_cap_and_never_exceeds_the_points(
    tmp_path: Path, seconds: float, points: float, lost: float
):
    (tmp_path / "class.toml").write_text(
        "[late]\ngrace_minutes = 10\npercent_per_day = 10\npoints_per_day = 1\n"
        "cap_percent = 50"
    )
    late = read_settings(tmp_path / "class.toml").late

    assert late.find_penalty(seconds, points=points, max_points=10) == lost


# ── Roster ──────────────────────────────────────────────────────────────────────────────


def test_a_roster_is_read_as_canvas_and_moodle_write_it(tmp_path: Path):
    file = tmp_path / "roster.csv"
    file.write_text(
        "Student,ID,SIS User ID,SIS Login ID,Section\n"
        "    Points Possible,,,,\n"
        '"Lovelace, Ada",4711,S1,ada,A\n'
        '"Student, Test",4712,,,A\n'
    )
    ada, nobody = read_roster(file)
    assert (ada.id, ada.first_name, ada.last_name) == ("ada", "Ada", "Lovelace")
    assert ada.aliases == ("ada", "4711", "S1")
    assert nobody.id == "4712"

    file.write_bytes(
        "First name;Surname;ID number;Email address\r\nZoë;Müller;77;z@x.org\r\n".encode(
            "cp1252"
        )
    )
    (zoe,) = read_roster(file)
    assert (zoe.id, zoe.name, zoe.email) == ("77", "Zoë Müller", "z@x.org")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("who,what\na,b\n", "no column of students' ids"),
        ("", "no column of students' ids"),
        ("student_id\n../ada\n", "roster.csv:2: .*can't be a folder's name"),
        ("student_id\nada\n\nADA\n", "roster.csv:4: .*is there twice"),
    ],
)
def test_a_faulty_roster_says_where(tmp_path: Path, text: str, said: str):
    (tmp_path / "roster.csv").write_text(text)
    with pytest.raises(AutogradeError, match=said):
        read_roster(tmp_path / "roster.csv")


# ── One at a time ───────────────────────────────────────────────────────────────────────

HOLD = """
import sys
from pathlib import Path
from autograde.classroom import Classroom
from autograde.classroom.lock import lock_class
with lock_class(Classroom.open(Path(sys.argv[1]))):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.mark.slow
def test_the_second_grader_says_who_is_first_and_a_dead_one_holds_nothing(
    tmp_path: Path,
):
    classroom = make_class(tmp_path)
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(classroom.root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
    ) as first:
        assert first.stdout
        assert first.stdout.readline() == b"held\n"
        with (
            pytest.raises(AutogradeError, match=f"by process {first.pid} on"),
            lock_class(classroom),
        ):
            pass
        first.kill()
        first.wait()
    with lock_class(classroom):
        pass
