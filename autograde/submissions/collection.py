"""Take in what students sent: keep every version, put the newest one in place, repaired.

What was done is written down last, so that a kill leaves only what a second run does
again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, astuple, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import nbformat
from prompt_or_tune.files import write_atomically

from autograde.classroom import Classroom
from autograde.classroom.lock import lock_class
from autograde.errors import AutogradeError
from autograde.submission_records import (
    Received,
    Repair,
    Repaired,
    Submission,
    hash_bytes,
)
from autograde.submissions.incoming_files import IncomingFile, find_files, unpack
from autograde.submissions.manifest import append_version, find_age, find_newest
from autograde.submissions.notebook_reader import NotANotebook, read_notebook
from autograde.submissions.placement import NotPlaced, Placer, read_file_name
from autograde.submissions.repair import repair_notebook


@dataclass(frozen=True)
class Unplaced:
    """A file that belongs nowhere, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class RepairNotice:
    """Something that was repaired in a submission, or that a human must decide."""

    student: str
    assignment: str
    notebook: str
    repair: Repair


@dataclass(frozen=True)
class CollectionReport:
    """What became of the files that may be notebooks.

    Each is in one of the first four lists; `placed` and `superseded` may change places in
    one run, when a newer version comes after an older one.
    """

    placed: tuple[Received, ...] = ()
    superseded: tuple[Received, ...] = ()
    unchanged: tuple[str, ...] = ()
    unplaced: tuple[Unplaced, ...] = ()
    repairs: tuple[RepairNotice, ...] = ()
    doubts: tuple[RepairNotice, ...] = ()

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


def collect_files(
    classroom: Classroom,
    paths: Sequence[Path],
    *,
    on_progress: Callable[[int, int], None] | None = None,
) -> CollectionReport:
    """Take in notebooks, folders and zips; can be stopped and run again.

    `on_progress` is told how many of how many files are done; an archive is one. Raises
    `AutogradeError` when a path does not exist, or when the class folder can't be written
    to or is in use; bad files are only listed.
    """
    with lock_class(classroom):
        work = _Collector(classroom)
        files = list(find_files(paths, classroom.root))
        for number, file in enumerate(files, 1):
            for found in unpack(file):
                work.take(found)
            if on_progress is not None:
                on_progress(number, len(files))
        return work.finish()


@dataclass
class _Collector:
    classroom: Classroom
    placed: dict[Submission, Received] = field(default_factory=dict)
    superseded: list[Received] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    unplaced: list[Unplaced] = field(default_factory=list)
    repaired: dict[Submission, Repaired] = field(default_factory=dict)

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
        self.placer = Placer(classroom.roster(), self.released)
        versions = classroom.read_manifest()
        self.newest = find_newest(versions)
        self.known = {
            (version.submission, version.sha256): find_age(version)
            for version in sorted(versions, key=find_age)
        }

    def take(self, found: IncomingFile) -> None:
        """Put one file where it belongs, or list it."""
        try:
            if found.fault:
                raise NotANotebook(found.fault)
            data = found.read()
            notebook = read_notebook(data)
            where = self.placer.place(found.parts, notebook)
        except (NotANotebook, NotPlaced) as error:
            self.unplaced.append(Unplaced(found.name, str(error)))
            return
        version = Received(
            sha256=hash_bytes(data),
            name=found.name,
            **asdict(where),
            submitted_at=self.find_time(found).isoformat(),
        )
        try:
            self.keep(version, data, notebook)
        except OSError as error:
            raise AutogradeError(
                f"{self.classroom.root} can't be written to ({error}); what was "
                "collected before stays. Mend that, and collect the same files again."
            ) from None

    def find_time(self, found: IncomingFile) -> datetime:
        """Return when a file was sent, as well as can be known from it."""
        moment = read_file_name(found.parts[-1]).moment
        if moment is not None:
            return moment.replace(tzinfo=self.zone).astimezone(UTC)
        when = found.changed_at or datetime.now(UTC).replace(microsecond=0)
        return (when if when.tzinfo else when.replace(tzinfo=self.zone)).astimezone(UTC)

    def keep(
        self, version: Received, data: bytes, notebook: nbformat.NotebookNode
    ) -> None:
        where = version.submission
        newest = self.newest.get(where)
        again = newest is not None and newest.sha256 == version.sha256
        if again and not self.is_outdated(where):
            self.unchanged.append(version.name)
            return
        known = self.known.get((where, version.sha256))
        if not again and known is not None and known >= find_age(version):
            self.unchanged.append(version.name)
            return
        write_atomically(self.classroom.received(version.sha256), data)
        if again and newest is not None:
            version = newest
        if newest is not None and find_age(version) < find_age(newest):
            self.superseded.append(version)
        else:
            released = self.released[where.assignment, where.notebook]
            self.repaired[where] = repair_notebook(notebook, released)
            version = self.put_in_place(version, self.repaired[where])
            if newest is not None and not again:
                self.superseded.append(self.placed.pop(where, newest))
            self.newest[where] = self.placed[where] = version
        self.known[where, version.sha256] = find_age(version)
        append_version(self.classroom, version)

    def is_outdated(self, where: Submission) -> bool:
        """Return whether the copy in place is gone, or older than the release."""
        submitted = self.classroom.submitted(*astuple(where))
        if not submitted.exists():
            return True
        released = self.classroom.release(where.assignment, where.notebook)
        if released.stat().st_mtime <= submitted.stat().st_mtime:
            return False
        own = self.newest[where].repaired_sha256
        return hash_bytes(submitted.read_bytes()) == own

    def put_in_place(self, version: Received, repaired: Repaired) -> Received:
        """Write the repaired copy; no grade of an older version is left then."""
        from autograde.gradebook.result_writer import forget_grade

        where = version.submission
        text = nbformat.writes(repaired.notebook) + "\n"
        submitted = self.classroom.submitted(*astuple(where))
        if where in self.newest or submitted.exists():
            forget_grade(self.classroom, *astuple(where))
        write_atomically(submitted.parent / "timestamp.txt", self.make_stamp(version))
        write_atomically(submitted, text)
        return replace(version, repaired_sha256=hash_bytes(text.encode()))

    def make_stamp(self, version: Received) -> str:
        """Return when an assignment was sent: the time of its latest notebook."""
        where = version.submission
        versions = [version] + [
            other
            for known, other in self.newest.items()
            if (known.student, known.assignment) == (where.student, where.assignment)
            and known.notebook != where.notebook
        ]
        sent = max(datetime.fromisoformat(each.submitted_at) for each in versions)
        return sent.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f UTC")

    def finish(self) -> CollectionReport:
        def tell(kind: str) -> tuple[RepairNotice, ...]:
            return tuple(
                RepairNotice(**asdict(where), repair=repair)
                for where, repaired in self.repaired.items()
                for repair in getattr(repaired, kind)
            )

        return CollectionReport(
            placed=tuple(self.placed.values()),
            superseded=tuple(self.superseded),
            unchanged=tuple(self.unchanged),
            unplaced=tuple(self.unplaced),
            repairs=tell("repairs"),
            doubts=tell("doubts"),
        )
