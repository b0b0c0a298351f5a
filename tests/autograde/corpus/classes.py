"""A class on the disk, and the commands an instructor gives; what must not be reached."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from solutions.workshop.builder import make_release
from tests.autograde.corpus.submission import Submission, World

ROOT = Path(__file__).parents[3]
SECRET = "badger-9137"
ABSTRACT = "autograde-corpus-door"
SYLLABLES = "ba ce di fo gu ha ke li mo nu pa re si to vu za".split()


@dataclass(frozen=True)
class Delivered:
    """A submission and the student who hands it in."""

    submission: Submission
    number: int

    @property
    def student(self) -> str:
        """Return the student's id, which tells nothing of the submission."""
        return f"s{self.number:03}"

    @property
    def last_name(self) -> str:
        """Return a last name of letters, another for each student."""
        digits = divmod(self.number, 256)[0], *divmod(self.number % 256, 16)
        return "".join(SYLLABLES[digit] for digit in digits).capitalize()


def deliver(submissions: Sequence[Submission]) -> list[Delivered]:
    """Give each submission a student of its own."""
    return [Delivered(each, number) for number, each in enumerate(submissions, 1)]


def write_sources(sources: Mapping[str, NotebookNode], folder: Path) -> None:
    """Write nbgrader's source folder."""
    for name, source in sources.items():
        path = folder / name / f"{name}.ipynb"
        path.parent.mkdir(parents=True)
        nbformat.write(source, path)


def write_roster(delivered: Sequence[Delivered], path: Path) -> None:
    """Write who is in the class."""
    lines = ["student_id,first_name,last_name,email,canvas_id"]
    lines += [
        f"{d.student},Pat,{d.last_name},{d.student}@example.org,{70_000 + d.number}"
        for d in delivered
    ]
    path.write_text("\n".join(lines) + "\n")


def write_zips(delivered: Sequence[Delivered], world: World, folder: Path) -> list[Path]:
    """Write what an LMS gives: Canvas for what editors mangled, Moodle for the rest."""
    folder.mkdir()
    paths = [folder / "canvas.zip", folder / "moodle.zip"]
    with ExitStack() as stack:
        canvas, moodle = (
            stack.enter_context(zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED))
            for path in paths
        )
        for each in delivered:
            if each.submission.kind == "mangled":
                _put_into_canvas(canvas, each, world)
            else:
                _put_into_moodle(moodle, each, world)
    return paths


def _put_into_canvas(archive: zipfile.ZipFile, each: Delivered, world: World) -> None:
    """Write `lastfirst_user_submission_name.ipynb`, later ones with `-1`, `-2`."""
    builds = [*each.submission.earlier, each.submission.build]
    for version, build in enumerate(builds):
        stem, suffix = each.submission.file_name.rsplit(".", 1)
        name = f"{stem}-{version}.{suffix}" if version else f"{stem}.{suffix}"
        student = f"{each.last_name.lower()}pat_{70_000 + each.number}"
        _put(archive, f"{student}_{900 + each.number}_{name}", build(world), version)


def _put_into_moodle(archive: zipfile.ZipFile, each: Delivered, world: World) -> None:
    folder = f"Pat {each.last_name}_{5_000 + each.number}_assignsubmission_file_"
    name = f"{folder}/{each.submission.file_name}"
    _put(archive, name, each.submission.build(world), 0)


def _put(archive: zipfile.ZipFile, name: str, data: bytes, version: int) -> None:
    entry = zipfile.ZipInfo(name, (2026, 3, 1 + version, 12, 0, 0))
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(entry, data, compresslevel=1)


# ── Commands ────────────────────────────────────────────────────────────────────────────


def run_command(
    *arguments: object,
    seconds: float = 600,
    codes: Sequence[int] = (0,),
    **variables: str,
) -> subprocess.CompletedProcess[str]:
    """Run `autograde …`; fail with what it said where it exits with another code."""
    done = start_command(*arguments, **variables)
    try:
        out, err = done.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        done.kill()
        out, err = done.communicate()
        raise AssertionError(f"autograde {arguments} hangs:\n{out}\n{err}") from None
    assert done.returncode in codes, (
        f"autograde {arguments}:\n{out[-3000:]}\n{err[-3000:]}"
    )
    return subprocess.CompletedProcess([*map(str, arguments)], 0, out, err)


def start_command(*arguments: object, **variables: str) -> subprocess.Popen[str]:
    """Start `autograde …` in a session of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "autograde", *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1", **variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def set_limits(classroom: Path, **limits: float) -> None:
    """Write limits into a class's settings, under the table that init wrote."""
    settings = classroom / "class.toml"
    text = settings.read_text()
    assert text.count("\n[limits]\n") == 1
    lines = "".join(f"{name} = {value}\n" for name, value in limits.items())
    settings.write_text(text.replace("\n[limits]\n", f"\n[limits]\n{lines}"))


def set_mode(classroom: Path, assignment: str, mode: str) -> None:
    """Write where an assignment's tests run into a class's settings."""
    settings = classroom / "class.toml"
    text = settings.read_text()
    line = f'\n[modes]\n"{assignment}" = "{mode}"\n'
    settings.write_text(text.replace("\n[modes]\n", line))


def read_json(done: subprocess.CompletedProcess[str]) -> Any:
    """Return what a command printed with --json."""
    return json.loads(done.stdout)


# ── The world around ────────────────────────────────────────────────────────────────────


@dataclass
class Doors:
    """What listens on the host, and whether anybody came."""

    port: int
    sockets: list[socket.socket] = field(default_factory=list)

    def count_visits(self) -> int:
        """Return how many connections or messages wait."""
        visits = 0
        for door in self.sockets:
            door.setblocking(False)
            try:
                if door.type == socket.SOCK_DGRAM:
                    door.recv(100)
                else:
                    door.accept()[0].close()
                visits += 1
            except BlockingIOError:
                continue
        return visits


@contextmanager
def open_doors(path: Path) -> Iterator[Doors]:
    """Listen on a TCP and a UDP port of this machine, at a path, at an abstract name."""
    with ExitStack() as stack:

        def listen(family: int, kind: int, address: Any) -> socket.socket:
            door = stack.enter_context(socket.socket(family, kind))
            door.bind(address)
            if kind == socket.SOCK_STREAM:
                door.listen(50)
            doors.sockets.append(door)
            return door

        doors = Doors(0)
        tcp = listen(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0))
        doors.port = tcp.getsockname()[1]
        listen(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", doors.port))
        listen(socket.AF_UNIX, socket.SOCK_STREAM, str(path))
        path.chmod(0o777)
        listen(socket.AF_UNIX, socket.SOCK_STREAM, f"\0{ABSTRACT}")
        yield doors


def make_world(
    root: Path, sources: Mapping[str, NotebookNode], port: int, path: Path
) -> World:
    """Return the world around a class in a folder that others may look into."""
    outside = root / "outside"
    outside.mkdir()
    outside.chmod(0o777)
    (outside / "victim.txt").write_text("untouched")
    (outside / "victim.txt").chmod(0o666)
    (outside / "secret.txt").write_text(SECRET)
    return World(
        sources=sources,
        releases={name: make_release(source) for name, source in sources.items()},
        classroom=root / "class",
        repository=ROOT,
        outside=outside,
        port=port,
        socket=path,
        abstract=ABSTRACT,
        secret=SECRET,
    )


def take_hashes(folder: Path, *names: str) -> dict[str, int]:
    """Return hashes of all files in some of a class's folders."""
    paths = [path for name in names for path in (folder / name).rglob("*")]
    return {str(path): hash(path.read_bytes()) for path in paths if path.is_file()}


def read_outputs(notebook: NotebookNode) -> str:
    """Return all that a student's own cells put out, as one text."""
    cells = [
        cell
        for cell in notebook.cells
        if cell.cell_type == "code" and not cell.metadata.get("nbgrader", {}).get("grade")
    ]
    text = json.dumps([cell.outputs for cell in cells], ensure_ascii=False)
    return re.sub(r"\\u001b\[[\d;]*m|\x1b\[[\d;]*m", "", text)
