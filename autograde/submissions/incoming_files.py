"""Find what was sent among files, folders and zips: its names, its time, its bytes.

All that is known of a file is that; no name is ever used as a path.
"""

from __future__ import annotations

import io
import os
import stat
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from autograde.classroom import FOLDERS
from autograde.errors import AutogradeError
from autograde.submissions.notebook_reader import LARGEST, NotANotebook
from autograde.submissions.placement import is_from_lms

LARGEST_ARCHIVE = 2 * LARGEST  # of one that lies in another
LARGEST_SUM = 8 * 2**30  # bytes unpacked from one archive, with all those inside it
MOST_ENTRIES = 20_000
DEEPEST = 3
LONGEST_NAME = 255

_IGNORED = ("__MACOSX", ".ipynb_checkpoints")
_BROKEN_ARCHIVE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    RuntimeError,  # it has a password
    NotImplementedError,  # it is packed in a way that is not known
    ValueError,
)


@dataclass(frozen=True)
class IncomingFile:
    """A file: the names that lead to it, its time, and its bytes or what is wrong."""

    parts: tuple[str, ...]
    changed_at: datetime | None = None
    content: Path | bytes = b""
    fault: str = ""

    @property
    def name(self) -> str:
        return "/".join(self.parts)

    def read(self) -> bytes:
        return self.content if isinstance(self.content, bytes) else _read(self.content)


def find_files(paths: Iterable[Path], root: Path) -> Iterator[IncomingFile]:
    """Yield the files at some paths; those that the class itself keeps are left out."""
    own = [(root / name).resolve() for name in FOLDERS]
    for path in paths:
        resolved = path.resolve()
        if not path.exists():
            raise AutogradeError(f"{path} does not exist.")
        if any(resolved.is_relative_to(folder) for folder in own):
            raise AutogradeError(f"{path} is the class's own; collect from elsewhere.")
        if not path.is_dir():
            yield _look_at(resolved, (path.name,))
            continue
        for folder, folders, names in os.walk(resolved):
            here = Path(folder)
            folders[:] = sorted(
                name
                for name in folders
                if name not in _IGNORED and (here / name) not in own
            )
            parts = (resolved.name, *here.relative_to(resolved).parts)
            for name in sorted(names):
                if _is_wanted((*parts, name)):
                    yield _look_at(here / name, (*parts, name))


def _look_at(path: Path, parts: tuple[str, ...]) -> IncomingFile:
    try:
        status = path.lstat()
    except OSError as error:
        return IncomingFile(parts, fault=f"it can't be read ({error.strerror})")
    if stat.S_ISLNK(status.st_mode):
        return IncomingFile(parts, fault="it is a link; links are not followed")
    if not stat.S_ISREG(status.st_mode):
        return IncomingFile(parts, fault="it is no file")
    changed_at = datetime.fromtimestamp(int(status.st_mtime), UTC)
    return IncomingFile(parts, _read_stamp(path) or changed_at, path)


def _read_stamp(path: Path) -> datetime | None:
    """Return the time that nbgrader wrote down beside a submission."""
    from nbgrader.utils import parse_utc

    try:
        text = (path.parent / "timestamp.txt").read_text(encoding="utf-8")
        return parse_utc(text.strip()).replace(tzinfo=UTC) if text.strip() else None
    except (OSError, ValueError, OverflowError):
        return None


def _is_wanted(parts: Sequence[str]) -> bool:
    """Return whether a file may be a submission, or was one to an LMS."""
    name = parts[-1].lower()
    if set(parts) & set(_IGNORED) or name.startswith("._"):
        return False
    if ".ipynb" in name or name.endswith(".zip"):
        return True
    return is_from_lms(parts)


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > LARGEST:
            raise NotANotebook(f"it is larger than {LARGEST // 2**20} MB")
        return path.read_bytes()
    except OSError as error:
        raise NotANotebook(f"it can't be read ({error.strerror})") from None


@dataclass
class _Budget:
    """How much may still be unpacked; an archive of a few kB can hold petabytes."""

    size: int
    entries: int


def unpack(found: IncomingFile) -> Iterator[IncomingFile]:
    """Yield a file, or what lies in it if it is a zip."""
    return _unpack(found, _Budget(LARGEST_SUM, MOST_ENTRIES), 0)


def _unpack(found: IncomingFile, budget: _Budget, depth: int) -> Iterator[IncomingFile]:
    if found.fault or not found.parts[-1].lower().endswith(".zip"):
        yield found
        return
    if depth == DEEPEST:
        yield IncomingFile(
            found.parts, fault="archives are nested too deeply in each other"
        )
        return
    try:
        content = found.content
        opened = io.BytesIO(content) if isinstance(content, bytes) else content
        with zipfile.ZipFile(opened) as archive:
            for entry in archive.infolist():
                for inner in _take_out(archive, entry, found, budget):
                    yield from _unpack(inner, budget, depth + 1)
    except _BROKEN_ARCHIVE as error:
        yield IncomingFile(
            found.parts, fault=f"it is a broken archive ({str(error)[:80]})"
        )


def _take_out(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, found: IncomingFile, budget: _Budget
) -> Iterator[IncomingFile]:
    """Yield the file of an entry, if it can be a submission, or what is wrong with it."""
    name = _decode_name(entry)
    parts = (*found.parts, *name.replace("\\", "/").split("/"))
    if entry.is_dir() or not _is_wanted(parts):
        return
    is_nested = name.lower().endswith(".zip")
    most = LARGEST_ARCHIVE if is_nested else LARGEST
    budget.entries -= 1
    fault = ""
    if max(map(len, parts)) > LONGEST_NAME:
        parts, fault = (*found.parts, f"{name[:40]}…"), "its name is too long"
    elif set(parts) & {"", ".", ".."} or ":" in name:
        fault = "its name in the archive leads out of it"
    elif stat.S_ISLNK(entry.external_attr >> 16):
        fault = "it is a link; links are not followed"
    elif entry.file_size > most:
        fault = f"it is larger than {most // 2**20} MB"
    elif budget.entries < 0 or budget.size < entry.file_size:
        fault = "the archive holds too much"
    if fault:
        yield IncomingFile(parts, fault=fault)
        return
    try:
        with archive.open(entry) as file:  # `archive.read` trusts the size that is said
            data = file.read(entry.file_size + 1)
    except _BROKEN_ARCHIVE as error:
        yield IncomingFile(parts, fault=f"it can't be unpacked ({str(error)[:80]})")
        return
    budget.size -= len(data)
    yield IncomingFile(parts, _find_entry_time(entry, found), data)


def _decode_name(entry: zipfile.ZipInfo) -> str:
    """Return an entry's name; Moodle's may be UTF-8 without saying so."""
    if entry.flag_bits & 0x800:
        return entry.filename
    try:
        return entry.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return entry.filename


def _find_entry_time(entry: zipfile.ZipInfo, found: IncomingFile) -> datetime | None:
    """Return an entry's time, without a zone; the archive's where it has none."""
    try:
        when = datetime(*entry.date_time)
    except ValueError:
        return found.changed_at
    return when if when.year > 1980 else found.changed_at
