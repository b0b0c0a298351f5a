"""Who is in a class: roster.csv, as it is written by hand, by Canvas or by Moodle."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from autograde.errors import AutogradeError

COLUMNS: Mapping[str, tuple[str, ...]] = {
    # The first heading that is there, and filled in, is the student's id.
    "id": ("student_id", "sis login id", "username", "sis user id", "id number", "id"),
    "first_name": ("first_name", "first name", "vorname"),
    "last_name": ("last_name", "last name", "surname", "nachname"),
    "name": ("student", "name", "full name"),
    "email": ("email", "email address", "e-mail"),
    "canvas_id": ("canvas_id", "lms_user_id", "id"),
    "sis_id": ("sis_id", "sis user id", "id number"),
    "login": ("login", "sis login id", "username"),
    "section": ("section", "group", "groups"),
}
SAFE = re.compile(r"[^\W_][\w.@ -]{0,126}")
"""What may be the name of a folder on every system, and of a student in a gradebook."""


@dataclass(frozen=True)
class Student:
    """Somebody in the class; what is not known is empty.

    `aliases` are other words that name the student in file names: numbers, logins.
    """

    id: str
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    canvas_id: str = ""
    sis_id: str = ""
    login: str = ""
    section: str = ""

    @property
    def name(self) -> str:
        """Return the full name, or the id where there is none."""
        return f"{self.first_name} {self.last_name}".strip() or self.id

    @property
    def aliases(self) -> tuple[str, ...]:
        """Return the ids and logins, without repeats or blanks."""
        words = (self.id, self.canvas_id, self.sis_id, self.login)
        return tuple(dict.fromkeys(word for word in words if word))


@dataclass(frozen=True)
class Roster:
    """The students of a class, in the order of the file."""

    students: tuple[Student, ...] = ()

    def __iter__(self) -> Iterator[Student]:
        return iter(self.students)

    def __len__(self) -> int:
        return len(self.students)

    def find(self, student_id: str) -> Student:
        """Return a student; somebody who left the class is known by the id only."""
        found = (student for student in self.students if student.id == student_id)
        return next(found, Student(student_id))


def read_roster(path: Path) -> Roster:
    """Return the students of a CSV file with headings; commas, semicolons or tabs.

    Raises `AutogradeError` for a file without a column of ids, and for an id that is
    there twice or can't be a folder's name.
    """
    try:
        rows = _read_rows(path)
    except (OSError, UnicodeError, csv.Error) as error:
        raise AutogradeError(f"{path} can't be read as a table: {error}.") from None
    if not rows or not any(name in rows[0][1] for name in COLUMNS["id"]):
        raise AutogradeError(
            f"{path} has no column of students' ids; its first line must hold headings, "
            "such as student_id,first_name,last_name,email."
        )
    students: dict[str, Student] = {}
    for line, row in rows[1:]:
        student = _read_student(dict(zip(rows[0][1], row, strict=False)))
        if student is None:
            continue
        if not SAFE.fullmatch(student.id) or student.id[-1] in ". ":
            raise AutogradeError(
                f"{path}:{line}: the id {student.id!r} can't be a folder's name; use "
                "letters, digits and . @ _ - only."
            )
        # Two folders whose names differ in case are one on some systems.
        if students.setdefault(student.id.casefold(), student) is not student:
            raise AutogradeError(f"{path}:{line}: the id {student.id} is there twice.")
    return Roster(tuple(students.values()))


def _read_rows(path: Path) -> list[tuple[int, list[str]]]:
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:  # what a spreadsheet writes on Windows
        text = data.decode("cp1252")
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(text.splitlines(), delimiter=delimiter)
    rows = [(reader.line_num, [cell.strip() for cell in row]) for row in reader]
    return [
        (line, [cell.casefold() for cell in row] if not number else row)
        for number, (line, row) in enumerate(row for row in rows if any(row[1]))
    ]


def _read_student(row: Mapping[str, str]) -> Student | None:
    """Return the student of a row, or None for a row of Canvas's own."""
    found = {
        field: next((row[name] for name in names if row.get(name)), "")
        for field, names in COLUMNS.items()
    }
    name = found.pop("name")
    if not any(heading.startswith("sis ") for heading in row):
        found["canvas_id"] = row.get("canvas_id") or row.get("lms_user_id", "")
    if not found["id"] or name.startswith("Points Possible"):
        return None
    if name and not found["last_name"]:
        last, comma, first = name.partition(",")
        first, last = (first, last) if comma else (name.rpartition(" ")[::2])
        found["first_name"], found["last_name"] = first.strip(), last.strip()
    return Student(**found)
