"""Give a learner their own copy of the course, and updates without touching their work.

`make lab` calls `python -m prompt_or_tune.delivery COURSE WORK`. What was delivered is
remembered by its checksum, so that a file that the learner changed is told from a file
that the course changed.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from prompt_or_tune.files import write_atomically

RECORD = ".delivered.json"
LIBRARY = "prompt_or_tune"  # installed, not copied


@dataclass(frozen=True)
class Delivery:
    """What one delivery did; paths are relative to the learner's folder."""

    added: tuple[Path, ...] = ()
    updated: tuple[Path, ...] = ()
    beside: tuple[Path, ...] = ()


def deliver(course: Path, work: Path) -> Delivery:
    """Bring a learner's folder up to date, without overwriting anything of theirs.

    New files are added. A file that changed in the course is replaced where the learner
    left it as it was delivered; else the new one is put beside it, once, with the
    version in its name. Raises `OSError` when the folder can't be written.
    """
    version = read_version(course)
    delivered = _read_record(work)
    added, updated, beside = [], [], []
    for name in list_files(course):
        ours = checksum(course / name)
        copy = work / name
        known = delivered.get(name.as_posix())
        if not copy.exists():
            _copy(course / name, copy)
            added.append(name)
        elif ours in (known, checksum(copy)):
            pass  # nothing new
        elif known == checksum(copy):
            _copy(course / name, copy)
            updated.append(name)
        else:
            place = _find_place(copy, version, ours)
            _copy(course / name, place)
            beside.append(place.relative_to(work))
        delivered[name.as_posix()] = ours
    text = json.dumps(delivered, indent=1, sort_keys=True) + "\n"
    write_atomically(work / RECORD, text)
    return Delivery(tuple(added), tuple(updated), tuple(beside))


def list_files(course: Path) -> Iterator[Path]:
    """Yield what a learner gets, relative to the course: no library, nothing hidden."""
    for path in sorted(course.rglob("*")):
        name = path.relative_to(course)
        is_hidden = any(part.startswith(".") for part in name.parts)
        if path.is_file() and not is_hidden and name.parts[0] != LIBRARY:
            yield name


def read_version(course: Path) -> str:
    """Return the version that the checkout around a course says it is."""
    project = tomllib.loads((course.parent / "pyproject.toml").read_text())
    return str(project["project"]["version"])


def checksum(file: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _read_record(work: Path) -> dict[str, str]:
    try:
        return dict(json.loads((work / RECORD).read_text()))
    except (FileNotFoundError, ValueError):
        return {}  # then every file that differs counts as the learner's


def _copy(file: Path, to: Path) -> None:
    write_atomically(to, file.read_bytes())
    shutil.copymode(file, to)


def _find_place(copy: Path, version: str, ours: str) -> Path:
    """Return a free name for an update: `01_input_data (0.2.0).ipynb`, then `…, 2)`."""
    place, number = copy.with_name(f"{copy.stem} ({version}){copy.suffix}"), 1
    while place.exists() and checksum(place) != ours:
        number += 1
        place = copy.with_name(f"{copy.stem} ({version}, {number}){copy.suffix}")
    return place


def main(arguments: list[str]) -> int:
    """Deliver, say what was done, and return the exit code."""
    course, work = map(Path, arguments)
    try:
        done = deliver(course, work)
    except OSError as error:
        print(error, file=sys.stderr)
        return 1
    for name in done.beside:
        print(f"You changed this, and so did the course. The new one: {name}")
    if done.updated:
        print(f"Updated, not having been changed: {', '.join(map(str, done.updated))}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
