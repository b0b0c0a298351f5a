"""What students send is kept, placed and repaired; nothing is asked, nothing is lost."""

from __future__ import annotations

import io
import json
import os
import stat
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell

from autograde.classroom import Classroom
from autograde.classroom.roster import Roster, Student
from autograde.errors import AutogradeError
from autograde.gradebook.result_table import read_results
from autograde.gradebook.result_writer import record_result
from autograde.submission_records import hash_bytes
from autograde.submissions import collection, incoming_files
from autograde.submissions.collection import CollectionReport, collect_files
from autograde.submissions.manifest import read_original
from autograde.submissions.placement import NotPlaced, Placer, read_file_name
from tests.autograde.small_class import make_class, make_result

RIGHT = "def double(x):\n    return 2 * x"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp()
HOUR = 3600.0


@pytest.fixture
def classroom(tmp_path: Path) -> Classroom:
    return make_class(tmp_path)


def write_answer(
    classroom: Classroom, answer: str = RIGHT, assignment: str = "sums"
) -> bytes:
    """Return a release with an answer in it."""
    notebook = nbformat.read(classroom.release(assignment, assignment), as_version=4)
    cells = {c.metadata.get("nbgrader", {}).get("grade_id"): c for c in notebook.cells}
    cells["double"].source = answer
    return nbformat.writes(notebook).encode()


def put(path: Path, data: bytes, when: float = NOON) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    os.utime(path, (when, when))
    return path


def pack(
    files: Mapping[str, bytes], when: tuple[int, ...] = (2026, 3, 1, 12, 0, 0)
) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            moment = (*when,)[:6]
            info = zipfile.ZipInfo(name, moment)  # type: ignore[arg-type]
            archive.writestr(info, data)
    return content.getvalue()


def get_answer(classroom: Classroom, student: str, assignment: str = "sums") -> str:
    path = classroom.submitted(student, assignment, assignment)
    notebook = nbformat.read(path, as_version=4)
    cells = {c.metadata.get("nbgrader", {}).get("grade_id"): c for c in notebook.cells}
    return str(cells["double"].source)


def list_students(collected: CollectionReport) -> list[str]:
    return sorted(version.student for version in collected.placed)


def list_reasons(collected: CollectionReport) -> list[str]:
    return [each.reason for each in collected.unplaced]


# ── Whose it is ─────────────────────────────────────────────────────────────────────────

LAYOUTS = {
    "nbgrader": "ada/sums/sums.ipynb",
    "Canvas": "lovelaceada_4711_98765_sums.ipynb",
    "Canvas, a second version": "lovelaceada_4711_98765_sums-1.ipynb",
    "Canvas, late": "lovelaceada_LATE_4711_98765_sums.ipynb",
    "Canvas, a name of one's own": "lovelaceada_4711_98765_my homework.ipynb",
    "Moodle": "Ada Lovelace_31337_assignsubmission_file_/sums.ipynb",
    "Moodle, without folders": "Ada Lovelace_31337_assignsubmission_file_sums.ipynb",
    "nbgrader's downloads": "sums_ada_attempt_2026-03-01-10-00-00_sums.ipynb",
    "an e-mail's attachment": "sums_ada@example.org.ipynb",
    "a name before": "Ada Lovelace - sums.ipynb",
    "a name behind": "sums_lovelace_ada.ipynb",
    "a folder of one's own": "Lovelace, Ada/Copy of sums (1).ipynb",
    "two endings": "ada/sums.ipynb.json",
}


@pytest.mark.parametrize("name", LAYOUTS.values(), ids=LAYOUTS.keys())
def test_a_student_is_found_in_what_a_file_is_called(
    classroom: Classroom, tmp_path: Path, name: str
) -> None:
    put(tmp_path / "in" / name, write_answer(classroom))
    collected = collect_files(classroom, [tmp_path / "in"])
    assert list_students(collected) == ["ada"], collected.explain()
    assert get_answer(classroom, "ada") == RIGHT


@pytest.mark.parametrize("name", LAYOUTS.values(), ids=LAYOUTS.keys())
def test_the_same_in_a_zip(classroom: Classroom, tmp_path: Path, name: str) -> None:
    archive = put(tmp_path / "all.zip", pack({name: write_answer(classroom)}))
    assert list_students(collect_files(classroom, [archive])) == ["ada"]


def test_a_zip_that_a_student_sent_is_the_students(
    classroom: Classroom, tmp_path: Path
) -> None:
    inner = pack({"hopper_4712_1_sums.ipynb": write_answer(classroom)})
    outer = pack({"lovelaceada_4711_1_mine.zip": inner})
    collected = collect_files(classroom, [put(tmp_path / "all.zip", outer)])
    assert list_students(collected) == ["ada"]


def test_nobody_hands_in_for_another(classroom: Classroom, tmp_path: Path) -> None:
    names = (
        "lovelaceada_4711_1_sums_grace.ipynb",
        "lovelaceada_4711_1_grace_4712_2_sums.ipynb",
        "Ada Lovelace_1_assignsubmission_file_/grace/sums/sums.ipynb",
    )
    for name in names:
        data = write_answer(classroom, f"{RIGHT}  # {name}")
        archive = put(tmp_path / "all.zip", pack({name: data}))
        collected = collect_files(classroom, [archive])
        assert {v.student for v in collected.placed} <= {"ada"}
    assert not (classroom.root / "submitted" / "grace").exists()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("sums.ipynb", "no name of a student"),
        ("mallory_99_1_sums_ada.ipynb", "is not in the roster"),
        ("ada_and_grace_sums.ipynb", "may be each of ada, grace"),
        ("lovelaceada_4712_1_sums.ipynb", ""),
        ("hopperrear_5_1_sums.ipynb", "is not in the roster"),
        ("lovelaceada_5_1_sums.ipynb", "4711 in the roster"),
    ],
)
def test_who_is_not_known_is_listed_with_the_reason(
    classroom: Classroom, tmp_path: Path, name: str, reason: str
) -> None:
    put(tmp_path / "in" / name, write_answer(classroom))
    collected = collect_files(classroom, [tmp_path / "in"])
    if not reason:  # Canvas's number goes before the name
        assert list_students(collected) == ["grace"]
    else:
        assert reason in list_reasons(collected)[0]


def test_two_of_one_name_are_told_apart_by_numbers_alone() -> None:
    twins = (
        Student("a1", "Ada", "Lovelace", canvas_id="1"),
        Student("a2", "Ada", "Lovelace", canvas_id="2"),
    )
    placer = Placer(Roster(twins), {})
    assert placer.find_student(["lovelaceada_2_9_sums.ipynb"]) == "a2"
    with pytest.raises(NotPlaced, match="each of a1, a2"):
        placer.find_student(["lovelaceada_3_9_sums.ipynb"])
    with pytest.raises(NotPlaced, match="each of a1, a2"):
        placer.find_student(["Ada Lovelace", "sums.ipynb"])


def test_accents_and_case_make_no_difference(
    classroom: Classroom, tmp_path: Path
) -> None:
    put(tmp_path / "in" / "ZOE" / "sums.ipynb", write_answer(classroom))
    assert list_students(collect_files(classroom, [tmp_path / "in"])) == ["zoe"]


# ── Which notebook it is ────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "name",
    ["Untitled3", "Kopie von sums", "sums-Copy1", "SUMS (2)", "my sums final"],
)
def test_a_notebook_is_found_by_name_or_contents(
    classroom: Classroom, tmp_path: Path, name: str
) -> None:
    put(tmp_path / "in" / "ada" / f"{name}.ipynb", write_answer(classroom))
    collected = collect_files(classroom, [tmp_path / "in"])
    assert [version.notebook for version in collected.placed] == ["sums"]


@pytest.mark.slow
def test_a_name_decides_between_notebooks_of_like_contents(tmp_path: Path) -> None:
    classroom = make_class(tmp_path, "01_sums", "02_sums")
    data = write_answer(classroom, assignment="02_sums")
    put(tmp_path / "in" / "ada" / "02_sums.ipynb", data)
    put(tmp_path / "in" / "ada" / "homework.ipynb", data)
    collected = collect_files(classroom, [tmp_path / "in"])
    assert [version.assignment for version in collected.placed] == ["02_sums"]
    assert "neither its name nor its tasks" in list_reasons(collected)[0]


@pytest.mark.parametrize(
    ("name", "stem", "attempt"),
    [
        ("x.ipynb", "x", 0),
        ("Copy of Copy of x (2).ipynb", "x", 2),
        ("x-2.ipynb", "x", 2),
        ("x-Copy1.ipynb", "x", 1),
        ("x copy 2.ipynb", "x", 1),
        ("Copie de x.ipynb", "x", 0),
        ("doejane_LATE_1_2_x-3.ipynb", "x", 3),
        ("Jane Doe_1_assignsubmission_file_x.ipynb", "x", 0),
    ],
)
def test_decorations_of_names_come_off(name: str, stem: str, attempt: int) -> None:
    read = read_file_name(name)
    assert (read.stem, read.attempt) == (stem, attempt)


# ── Which version counts ────────────────────────────────────────────────────────────────


def test_the_newest_counts_in_whatever_order_they_come(
    classroom: Classroom, tmp_path: Path
) -> None:
    old, new = (write_answer(classroom, f"{RIGHT}  # {word}") for word in ("old", "new"))
    put(tmp_path / "b" / "ada" / "sums.ipynb", new, NOON + HOUR)
    put(tmp_path / "a" / "ada" / "sums.ipynb", old, NOON)
    collect_files(classroom, [tmp_path / "b"])
    late = collect_files(classroom, [tmp_path / "a"])
    assert [version.sha256 for version in late.superseded] == [hash_bytes(old)]
    assert get_answer(classroom, "ada").endswith("new")
    for data in (old, new):
        assert classroom.received(hash_bytes(data)).read_bytes() == data


def test_of_equal_times_the_higher_number_counts(
    classroom: Classroom, tmp_path: Path
) -> None:
    files = {
        f"lovelaceada_4711_{number}_sums{suffix}.ipynb": write_answer(
            classroom, f"{RIGHT}  # {number}"
        )
        for number, suffix in (("3", "-2"), ("1", ""), ("2", "-1"))
    }
    collected = collect_files(classroom, [put(tmp_path / "all.zip", pack(files))])
    assert get_answer(classroom, "ada").endswith("# 3")
    assert len(collected.superseded) == 2
    assert len(collected.placed) == 1


def test_the_same_bytes_again_are_nothing_new(
    classroom: Classroom, tmp_path: Path
) -> None:
    put(tmp_path / "in" / "ada" / "sums.ipynb", write_answer(classroom))
    collect_files(classroom, [tmp_path / "in"])
    before = classroom.manifest.read_bytes()
    again = collect_files(classroom, [tmp_path / "in"])
    assert not again.placed
    assert len(again.unchanged) == 1
    assert classroom.manifest.read_bytes() == before


def test_an_old_version_that_is_sent_again_later_counts_again(
    classroom: Classroom, tmp_path: Path
) -> None:
    texts = ("first", "second", "first")
    for number, word in enumerate(texts):
        data = write_answer(classroom, f"{RIGHT}  # {word}")
        put(tmp_path / "in" / "ada" / "sums.ipynb", data, NOON + number * HOUR)
        collect_files(classroom, [tmp_path / "in"])
    assert get_answer(classroom, "ada").endswith("first")


def test_the_time_is_written_for_nbgrader(classroom: Classroom, tmp_path: Path) -> None:
    put(tmp_path / "in" / "ada" / "sums.ipynb", write_answer(classroom))
    collect_files(classroom, [tmp_path / "in"])
    stamp = classroom.submitted("ada", "sums", "sums").with_name("timestamp.txt")
    assert stamp.read_text() == "2026-03-01 12:00:00.000000 UTC"


def test_times_in_zips_are_in_the_zone_of_the_class(tmp_path: Path) -> None:
    classroom = make_class(tmp_path, settings='timezone = "Europe/Zurich"')
    archive = pack({"ada/sums.ipynb": write_answer(classroom)})
    collected = collect_files(classroom, [put(tmp_path / "all.zip", archive)])
    assert collected.placed[0].submitted_at == "2026-03-01T11:00:00+00:00"


def test_nbgraders_own_timestamp_goes_before_the_files(
    classroom: Classroom, tmp_path: Path
) -> None:
    file = put(tmp_path / "in" / "ada" / "sums.ipynb", write_answer(classroom))
    file.with_name("timestamp.txt").write_text("2026-02-01 08:00:00.000000 UTC")
    collected = collect_files(classroom, [tmp_path / "in"])
    assert collected.placed[0].submitted_at.startswith("2026-02-01T08:00:00")


def test_no_grade_of_an_older_version_is_left(
    classroom: Classroom, tmp_path: Path
) -> None:
    file = put(tmp_path / "in" / "ada" / "sums.ipynb", write_answer(classroom))
    collect_files(classroom, [tmp_path / "in"])
    record_result(classroom, make_result(classroom, "ada"))
    put(file, write_answer(classroom, "def double(x): ..."), NOON + HOUR)
    assert len(read_results(classroom)) == 1
    collect_files(classroom, [tmp_path / "in"])
    assert not read_results(classroom)


# ── What is repaired is told ────────────────────────────────────────────────────────────


def test_repairs_are_told_now_and_later(classroom: Classroom, tmp_path: Path) -> None:
    notebook = nbformat.reads(write_answer(classroom).decode(), as_version=4)
    notebook.cells = [c for c in notebook.cells if c.id != "double-test"]
    data = nbformat.writes(notebook).encode()
    put(tmp_path / "in" / "ada" / "sums.ipynb", data)
    collected = collect_files(classroom, [tmp_path / "in"])
    assert [told.repair.kind for told in collected.repairs] == ["deleted"]
    assert read_original(classroom, collected.placed[0]) == data
    json.dumps(asdict(collected))  # what --json prints
    assert "1 new" in collected.explain()


def test_a_copy_that_a_human_put_right_stays(
    classroom: Classroom, tmp_path: Path
) -> None:
    put(tmp_path / "in" / "ada" / "sums.ipynb", write_answer(classroom))
    version = collect_files(classroom, [tmp_path / "in"]).placed[0]
    copy = classroom.submitted("ada", "sums", "sums")
    notebook = nbformat.read(copy, as_version=4)
    notebook.cells.append(new_code_cell("# put right by hand"))
    nbformat.write(notebook, copy)
    collect_files(classroom, [tmp_path / "in"])
    assert "put right by hand" in copy.read_text()
    assert read_original(classroom, version) is None


def test_a_copy_that_is_gone_comes_back(classroom: Classroom, tmp_path: Path) -> None:
    put(tmp_path / "in" / "ada" / "sums.ipynb", write_answer(classroom))
    collect_files(classroom, [tmp_path / "in"])
    copy = classroom.submitted("ada", "sums", "sums")
    before = copy.read_bytes()
    copy.unlink()
    collect_files(classroom, [tmp_path / "in"])
    assert copy.read_bytes() == before


# ── What is broken or hostile stops nobody ──────────────────────────────────────────────


def test_broken_files_are_listed_and_stop_nobody(
    classroom: Classroom, tmp_path: Path
) -> None:
    put(tmp_path / "in" / "ada" / "sums.ipynb", b"\x00\x01\x02 binary")
    put(tmp_path / "in" / "grace" / "sums.ipynb", b"")
    put(tmp_path / "in" / "other.zip", b"PK\x03\x04 broken")
    put(tmp_path / "in" / "lovelaceada_4711_1_sums.pdf", b"%PDF-1.7")
    put(tmp_path / "in" / "zoe" / "sums.ipynb", write_answer(classroom))
    put(tmp_path / "in" / "zoe" / "data.csv", b"1,2")
    collected = collect_files(classroom, [tmp_path / "in"])
    assert list_students(collected) == ["zoe"]
    assert len(collected.unplaced) == 4
    assert all(each.reason for each in collected.unplaced)


@pytest.mark.parametrize(
    "name",
    ["../ada/sums.ipynb", "/ada/sums.ipynb", "ada/../../sums.ipynb", "C:/ada/sums.ipynb"],
)
def test_names_that_lead_out_of_an_archive_are_refused(
    classroom: Classroom, tmp_path: Path, name: str
) -> None:
    before = sorted(tmp_path.rglob("*.ipynb"))
    archive = put(tmp_path / "all.zip", pack({name: write_answer(classroom)}))
    collected = collect_files(classroom, [archive])
    assert "leads out of it" in list_reasons(collected)[0]
    assert sorted(tmp_path.rglob("*.ipynb")) == before


def test_links_are_not_followed(classroom: Classroom, tmp_path: Path) -> None:
    secret = put(tmp_path / "secret.ipynb", write_answer(classroom))
    (tmp_path / "in" / "ada").mkdir(parents=True)
    (tmp_path / "in" / "ada" / "sums.ipynb").symlink_to(secret)
    entry = zipfile.ZipInfo("ada/sums.ipynb")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "in" / "all.zip", "w") as archive:
        archive.writestr(entry, str(secret))
    collected = collect_files(classroom, [tmp_path / "in"])
    assert [reason.split(";")[0] for reason in list_reasons(collected)] == [
        "it is a link",
        "it is a link",
    ]


def test_archives_that_unpack_to_too_much_are_refused(
    classroom: Classroom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bomb = pack({"ada/sums.ipynb": b"0" * (51 * 2**20)})
    nested = pack({"ada/sums.ipynb": write_answer(classroom)})
    for _ in range(4):
        nested = pack({"in.zip": nested})
    put(tmp_path / "in" / "bomb.zip", bomb)
    put(tmp_path / "in" / "nested.zip", nested)
    reasons = list_reasons(collect_files(classroom, [tmp_path / "in"]))
    assert reasons == [
        "it is larger than 50 MB",
        "archives are nested too deeply in each other",
    ]
    monkeypatch.setattr(incoming_files, "LARGEST_SUM", 100)
    archive = put(tmp_path / "all.zip", pack({"ada/sums.ipynb": write_answer(classroom)}))
    assert list_reasons(collect_files(classroom, [archive])) == [
        "the archive holds too much"
    ]


def test_an_entry_that_is_larger_than_it_says_is_refused(
    classroom: Classroom, tmp_path: Path
) -> None:
    data = bytearray(pack({"ada/sums.ipynb": b"0" * 10**6}))
    for place in (data.index(b"PK\x03\x04") + 22, data.index(b"PK\x01\x02") + 24):
        data[place : place + 4] = (100).to_bytes(4, "little")
    collected = collect_files(classroom, [put(tmp_path / "all.zip", bytes(data))])
    assert not collected.placed
    assert len(collected.unplaced) == 1


@given(st.text(max_size=60), st.text(max_size=30))
def test_no_name_leads_out_of_the_class(name: str, folder: str) -> None:
    students = (Student("ada", "Ada", "Lovelace"), Student("x1", "../..", "/etc"))
    placer = Placer(Roster(students), {})
    with suppress(NotPlaced):
        assert placer.find_student([folder, name]) in ("ada", "x1")


# ── Kills, disks, folders ───────────────────────────────────────────────────────────────


def test_half_a_line_of_a_killed_run_is_no_harm(
    classroom: Classroom, tmp_path: Path
) -> None:
    put(tmp_path / "in" / "ada" / "sums.ipynb", write_answer(classroom))
    collect_files(classroom, [tmp_path / "in"])
    whole = classroom.manifest.read_bytes()
    classroom.manifest.write_bytes(whole[: len(whole) // 2])
    again = collect_files(classroom, [tmp_path / "in"])
    assert list_students(again) == ["ada"]
    assert len(classroom.read_manifest()) == 1


def test_a_class_that_cant_be_written_to_is_told(
    classroom: Classroom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object) -> None:
        raise OSError("No space left on device")

    put(tmp_path / "in" / "ada" / "sums.ipynb", write_answer(classroom))
    monkeypatch.setattr(collection, "write_atomically", fail)
    with pytest.raises(AutogradeError, match="No space left"):
        collect_files(classroom, [tmp_path / "in"])
    monkeypatch.undo()
    assert list_students(collect_files(classroom, [tmp_path / "in"])) == ["ada"]


def test_the_class_does_not_collect_its_own_files(
    classroom: Classroom, tmp_path: Path
) -> None:
    put(tmp_path / "ada" / "sums.ipynb", write_answer(classroom))
    assert list_students(collect_files(classroom, [tmp_path])) == ["ada"]
    assert not collect_files(classroom, [tmp_path]).placed
    with pytest.raises(AutogradeError, match="the class's own"):
        collect_files(classroom, [classroom.root / "submitted"])


def test_a_path_that_is_not_there_is_told(classroom: Classroom, tmp_path: Path) -> None:
    with pytest.raises(AutogradeError, match="does not exist"):
        collect_files(classroom, [tmp_path / "nothing"])


def test_progress_is_told(classroom: Classroom, tmp_path: Path) -> None:
    for student in ("ada", "grace"):
        put(tmp_path / "in" / student / "sums.ipynb", write_answer(classroom))
    done: list[tuple[int, int]] = []
    collect_files(
        classroom, [tmp_path / "in"], on_progress=lambda *so_far: done.append(so_far)
    )
    assert done == [(1, 2), (2, 2)]
