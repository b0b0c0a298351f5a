"""Take in what students sent: keep every version, put the newest one in place, repaired.

All that is known of a file is its name, its time and its bytes; no name is ever used as a
path. What was done is written down last, so that a kill leaves only what a second run
does again.
"""

from __future__ import annotations

import io
import json
import os
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import nbformat
from prompt_or_tune.files import write_atomically

from autograde.classroom import FOLDERS, Classroom
from autograde.errors import AutogradeError
from autograde.records import Received, Repair, Repaired, hash_bytes
from autograde.submissions.placing import NotPlaced, Placing, is_from_lms, read_file_name
from autograde.submissions.reading import LARGEST, NotANotebook, read_notebook
from autograde.submissions.repairing import repair

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
class Unplaced:
    """A file that belongs nowhere, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class Told:
    """Something that was repaired in a submission, or that a human must decide."""

    student: str
    assignment: str
    notebook: str
    repair: Repair


@dataclass(frozen=True)
class Collected:
    """What became of the files that may be notebooks.

    Each is in one of the first four lists; `placed` and `superseded` may change places in
    one run, when a newer version comes after an older one.
    """

    placed: tuple[Received, ...] = ()
    superseded: tuple[Received, ...] = ()
    unchanged: tuple[str, ...] = ()
    unplaced: tuple[Unplaced, ...] = ()
    repairs: tuple[Told, ...] = ()
    doubts: tuple[Told, ...] = ()

    def explain(self) -> str:
        """Return what was done, for people."""
        lines = [
            f"Collected: {len(self.placed)} new, {len(self.superseded)} older versions "
            f"kept, {len(self.unchanged)} known before, {len(self.unplaced)} not placed."
        ]
        if self.repairs:
            kinds = sorted({told.repair.kind for told in self.repairs})
            count = len({(t.student, t.assignment, t.notebook) for t in self.repairs})
            lines.append(f"Repaired: {count} notebooks ({', '.join(kinds)}).")
        for told in self.doubts:
            what = told.repair.grade_id or told.notebook
            lines.append(f"  look at {told.student}, {what}: {told.repair.said}")
        lines += [f"  not placed: {each.name}: {each.reason}" for each in self.unplaced]
        return "\n".join(lines)


def collect(
    classroom: Classroom,
    paths: Sequence[Path],
    *,
    on_progress: Callable[[int, int], None] | None = None,
) -> Collected:
    """Take in notebooks, folders and zips; can be stopped and run again.

    `on_progress` is told how many of how many files are done; an archive is one. Raises
    `AutogradeError` when a path does not exist, or when the class folder can't be written
    to or is in use; bad files are only listed.
    """
    from autograde.classroom.holding import holding

    with holding(classroom):
        work = _Collecting(classroom)
        files = list(_find_files(paths, classroom.root))
        for number, file in enumerate(files, 1):
            for found in _unpack(file, _Budget(LARGEST_SUM, MOST_ENTRIES)):
                work.take(found)
            if on_progress is not None:
                on_progress(number, len(files))
        return work.finish()


def find_newest(versions: Iterable[Received]) -> dict[tuple[str, str, str], Received]:
    """Return the version that counts, by student, assignment and notebook.

    It is the one sent last; of equal times that of the highest attempt, then the one
    received last.
    """
    newest: dict[tuple[str, str, str], Received] = {}
    for version in versions:
        key = version.student, version.assignment, version.notebook
        if key not in newest or _find_age(version) >= _find_age(newest[key]):
            newest[key] = version
    return newest


def read_original(classroom: Classroom, version: Received) -> bytes | None:
    """Return the bytes from which the copy in submitted/ was repaired.

    None when that is not so: when the copy was changed by hand since, it is as whoever
    changed it wants it.
    """
    submitted = classroom.submitted(version.student, version.assignment, version.notebook)
    original = classroom.received(version.sha256)
    if not submitted.exists() or not original.exists():
        return None
    is_ours = hash_bytes(submitted.read_bytes()) == version.repaired_sha256
    return original.read_bytes() if is_ours else None


def _find_age(version: Received) -> tuple[datetime, int]:
    name = version.name.rpartition("/")[2]
    return datetime.fromisoformat(version.submitted_at), read_file_name(name).attempt


# --- One version after another ----------------------------------------------------------


@dataclass(frozen=True)
class _Found:
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


@dataclass
class _Collecting:
    classroom: Classroom
    placed: dict[tuple[str, str, str], Received] = field(default_factory=dict)
    superseded: list[Received] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    unplaced: list[Unplaced] = field(default_factory=list)
    told: dict[tuple[str, str, str], Repaired] = field(default_factory=dict)

    def __post_init__(self) -> None:
        classroom = self.classroom
        self.zone = ZoneInfo(classroom.settings.timezone)
        self.released = {
            (assignment, name): nbformat.read(
                classroom.release(assignment, name), as_version=4
            )
            for assignment in classroom.assignments()
            for name in classroom.notebooks(assignment)
        }
        self.placing = Placing(classroom.roster(), self.released)
        versions = classroom.read_manifest()
        self.newest = find_newest(versions)
        self.known = {
            (v.student, v.assignment, v.notebook, v.sha256): _find_age(v)
            for v in sorted(versions, key=_find_age)
        }

    def take(self, found: _Found) -> None:
        """Put one file where it belongs, or list it."""
        try:
            if found.fault:
                raise NotANotebook(found.fault)
            data = found.read()
            notebook = read_notebook(data)
            place = self.placing.place(found.parts, notebook)
        except (NotANotebook, NotPlaced) as error:
            self.unplaced.append(Unplaced(found.name, str(error)))
            return
        version = Received(
            sha256=hash_bytes(data),
            name=found.name,
            student=place.student,
            assignment=place.assignment,
            notebook=place.notebook,
            submitted_at=self.find_time(found).isoformat(),
        )
        try:
            self.keep(version, data, notebook)
        except OSError as error:
            raise AutogradeError(
                f"{self.classroom.root} can't be written to ({error}); what was "
                "collected before stays. Mend that, and collect the same files again."
            ) from None

    def find_time(self, found: _Found) -> datetime:
        """Return when a file was sent, as well as can be known from it."""
        moment = read_file_name(found.parts[-1]).moment
        if moment is not None:
            return moment.replace(tzinfo=self.zone).astimezone(UTC)
        when = found.changed_at or datetime.now(UTC).replace(microsecond=0)
        return (when if when.tzinfo else when.replace(tzinfo=self.zone)).astimezone(UTC)

    def keep(
        self, version: Received, data: bytes, notebook: nbformat.NotebookNode
    ) -> None:
        key = version.student, version.assignment, version.notebook
        newest = self.newest.get(key)
        again = newest is not None and newest.sha256 == version.sha256
        if again and not self.is_outdated(key):
            self.unchanged.append(version.name)
            return
        known = self.known.get((*key, version.sha256))
        if not again and known is not None and known >= _find_age(version):
            self.unchanged.append(version.name)
            return
        write_atomically(self.classroom.received(version.sha256), data)
        if again and newest is not None:
            version = newest
        if newest is not None and _find_age(version) < _find_age(newest):
            self.superseded.append(version)
        else:
            repaired = repair(notebook, self.released[key[1:]])
            version = self.put_in_place(version, repaired)
            self.told[key] = repaired
            if newest is not None and not again:
                self.superseded.append(self.placed.pop(key, newest))
            self.newest[key] = self.placed[key] = version
        self.known[(*key, version.sha256)] = _find_age(version)
        self.write_down(version)

    def is_outdated(self, key: tuple[str, str, str]) -> bool:
        """Return whether the copy in place is gone, or older than the release."""
        submitted, newest = self.classroom.submitted(*key), self.newest[key]
        if not submitted.exists():
            return True
        released = self.classroom.release(*key[1:])
        if released.stat().st_mtime <= submitted.stat().st_mtime:
            return False
        return hash_bytes(submitted.read_bytes()) == newest.repaired_sha256

    def put_in_place(self, version: Received, repaired: Repaired) -> Received:
        """Write the repaired copy; no grade of an older version is left then."""
        from autograde.gradebook.recording import forget_grade

        key = version.student, version.assignment, version.notebook
        text = nbformat.writes(repaired.notebook) + "\n"
        submitted = self.classroom.submitted(*key)
        if key in self.newest or submitted.exists():
            forget_grade(self.classroom, *key)
        times = [
            datetime.fromisoformat(other.submitted_at)
            for (student, assignment, name), other in self.newest.items()
            if (student, assignment) == key[:2] and name != version.notebook
        ]
        sent = max([*times, datetime.fromisoformat(version.submitted_at)])
        stamp = sent.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f UTC")
        write_atomically(submitted.parent / "timestamp.txt", stamp)
        write_atomically(submitted, text)
        fields = asdict(version) | {"repaired_sha256": hash_bytes(text.encode())}
        return Received(**fields)

    def write_down(self, version: Received) -> None:
        """Append a line to the manifest; half a line of a killed run ends before it."""
        path = self.classroom.manifest
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+b") as file:
            file.seek(0, os.SEEK_END)
            if file.tell():
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":
                    file.write(b"\n")
            file.write(json.dumps(asdict(version)).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def finish(self) -> Collected:
        def tell(kind: str) -> tuple[Told, ...]:
            return tuple(
                Told(*key, repair)
                for key, repaired in self.told.items()
                for repair in getattr(repaired, kind)
            )

        return Collected(
            placed=tuple(self.placed.values()),
            superseded=tuple(self.superseded),
            unchanged=tuple(self.unchanged),
            unplaced=tuple(self.unplaced),
            repairs=tell("repairs"),
            doubts=tell("doubts"),
        )


# --- Files ------------------------------------------------------------------------------


def _find_files(paths: Iterable[Path], root: Path) -> Iterator[_Found]:
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


def _look_at(path: Path, parts: tuple[str, ...]) -> _Found:
    try:
        status = path.lstat()
    except OSError as error:
        return _Found(parts, fault=f"it can't be read ({error.strerror})")
    if stat.S_ISLNK(status.st_mode):
        return _Found(parts, fault="it is a link; links are not followed")
    if not stat.S_ISREG(status.st_mode):
        return _Found(parts, fault="it is no file")
    changed_at = datetime.fromtimestamp(int(status.st_mtime), UTC)
    return _Found(parts, _read_stamp(path) or changed_at, path)


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


def _unpack(found: _Found, budget: _Budget, depth: int = 0) -> Iterator[_Found]:
    """Yield a file, or what lies in it if it is a zip."""
    if found.fault or not found.parts[-1].lower().endswith(".zip"):
        yield found
        return
    if depth == DEEPEST:
        yield _Found(found.parts, fault="archives are nested too deeply in each other")
        return
    try:
        content = found.content
        opened = io.BytesIO(content) if isinstance(content, bytes) else content
        with zipfile.ZipFile(opened) as archive:
            for entry in archive.infolist():
                for inner in _take_out(archive, entry, found, budget):
                    yield from _unpack(inner, budget, depth + 1)
    except _BROKEN_ARCHIVE as error:
        yield _Found(found.parts, fault=f"it is a broken archive ({str(error)[:80]})")


def _take_out(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, found: _Found, budget: _Budget
) -> Iterator[_Found]:
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
        yield _Found(parts, fault=fault)
        return
    try:
        with archive.open(entry) as file:  # `archive.read` trusts the size that is said
            data = file.read(entry.file_size + 1)
    except _BROKEN_ARCHIVE as error:
        yield _Found(parts, fault=f"it can't be unpacked ({str(error)[:80]})")
        return
    budget.size -= len(data)
    yield _Found(parts, _find_entry_time(entry, found), data)


def _decode_name(entry: zipfile.ZipInfo) -> str:
    """Return an entry's name; Moodle's may be UTF-8 without saying so."""
    if entry.flag_bits & 0x800:
        return entry.filename
    try:
        return entry.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return entry.filename


def _find_entry_time(entry: zipfile.ZipInfo, found: _Found) -> datetime | None:
    """Return an entry's time, without a zone; the archive's where it has none."""
    try:
        when = datetime(*entry.date_time)
    except ValueError:
        return found.changed_at
    return when if when.year > 1980 else found.changed_at
