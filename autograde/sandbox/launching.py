"""The host's side of a preloaded parent: start it, ask it for children, kill them."""

from __future__ import annotations

import base64
import contextlib
import json
import multiprocessing.connection
import os
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn, Self

import prompt_or_tune
import psutil  # type: ignore[import-untyped]

import autograde
from autograde.errors import AutogradeError
from autograde.records import Limits
from autograde.sandbox.cgroups import ControlGroup, find_tree
from autograde.sandbox.namespaces import SCRATCH
from autograde.sandbox.parent import FAULT, FORK, GO, READY, send_frame

START_SECONDS = 120.0
"""Until a parent has imported all; a slow disk reads torch for a minute."""
CHILD_SECONDS = 30.0
"""Until a child has set itself apart: milliseconds, but on a machine that is busy."""
START = "from autograde.sandbox.parent import main; main()"
NOBODY = "65534"
PACKAGES = [Path(prompt_or_tune.__path__[0]), Path(autograde.__path__[0])]
SYSTEM = [  # as far as it is there
    "/usr",
    "/etc/alternatives",
    "/etc/ld.so.cache",
    "/etc/fonts",
    "/etc/mime.types",
    "/sys/devices/system/cpu",  # how many there are, for torch
]
TOP_FOLDERS = ["/bin", "/lib", "/lib32", "/lib64", "/sbin"]
ELSEWHERE = (
    "grade in a Linux container or virtual machine with bubblewrap, "
    "or trust all students with --trust"
)


@cache
def find_fault() -> str | None:
    """Return why no sandbox can be made here, with what to do; None when one can."""
    if sys.platform != "linux":
        return f"The sandbox needs Linux: {ELSEWHERE}."
    if shutil.which("bwrap") is None:
        return (
            "The sandbox needs bubblewrap, and there is no bwrap here: install it "
            f"(apt install bubblewrap), or {ELSEWHERE}."
        )
    try:
        with PreloadedParent(sandboxed=True, preload=[], limits=Limits()) as parent:
            parent.fork("autograde.sandbox.parent:do_nothing", {}).kill()
    except AutogradeError as fault:
        return (
            f"This system lets no sandbox be made: {fault} It may forbid user namespaces "
            "(sysctl kernel.unprivileged_userns_clone=1, and on Ubuntu "
            f"kernel.apparmor_restrict_unprivileged_userns=0); else {ELSEWHERE}."
        )
    return None


class Child:
    """A process that a preloaded parent forked, and all that came from it.

    `connection` is for children that are trusted: what it receives may be a pickle. `pid`
    is the number, here, of process 1 of the child's namespaces, or of the process itself
    where it has none; `sockets` are paths of listening sockets that the child holds.
    """

    def __init__(
        self,
        channel: socket.socket,
        handles: Sequence[int],
        worker: int,
        folder: Path,
        sockets: Sequence[Path],
        group: ControlGroup | None = None,
    ) -> None:
        self.connection: Any = multiprocessing.connection.Connection(channel.detach())
        self.sockets = tuple(sockets)
        self._handles = list(handles)
        self._folder = folder
        self._group = group
        self._dead = False
        self._lock = threading.Lock()
        self.pid = _read_pid(handles[0]) if handles else worker
        self._sandboxed = len(handles) > 1 and _read_pid(handles[1]) != self.pid

    def is_alive(self) -> bool:
        """Return whether the process that does the job still runs."""
        with self._lock:
            if self._dead:
                return False
            if self._handles:
                return not _has_ended(self._handles[-1], 0)
            with contextlib.suppress(psutil.Error):
                return psutil.Process(self.pid).status() != psutil.STATUS_ZOMBIE
            return False

    def interrupt(self) -> None:
        """Send SIGINT to the process that does the job; nothing if it has ended."""
        with self._lock, contextlib.suppress(ProcessLookupError):
            if self._handles:
                signal.pidfd_send_signal(self._handles[-1], signal.SIGINT)
            elif not self._dead:
                os.kill(self.pid, signal.SIGINT)

    def has_run_out_of_memory(self) -> bool:
        """Return whether the kernel killed it for memory, where control groups count."""
        return self._group is not None and self._group.has_run_out_of_memory()

    def stop(self) -> None:
        """Kill everything inside; `kill` clears away what is left of it here."""
        with self._lock:
            if self._dead:
                return
            if not self._sandboxed:
                _kill_tree(self.pid)
            with contextlib.suppress(ProcessLookupError):
                if self._handles:
                    signal.pidfd_send_signal(self._handles[0], signal.SIGKILL)

    def kill(self) -> None:
        """Kill everything inside, wait until it is gone, remove its folder."""
        self.stop()
        with self._lock:
            if self._dead:
                return
            self._dead = True
            if self._handles:
                _has_ended(self._handles[0], CHILD_SECONDS)
            for handle in self._handles:
                os.close(handle)
            self._handles = []
            if self._group is not None:
                self._group.remove()
            self.connection.close()
            shutil.rmtree(self._folder, ignore_errors=True)


def _read_pid(handle: int) -> int:
    """Return the number that a process has here, from its handle."""
    for line in Path(f"/proc/self/fdinfo/{handle}").read_text().splitlines():
        name, _, value = line.partition(":")
        if name == "Pid" and int(value) > 0:
            return int(value)
    raise ProcessLookupError("it has ended")


def _has_ended(handle: int, seconds: float) -> bool:
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    return bool(poll.poll(seconds * 1000))


def _kill_tree(pid: int) -> None:
    """Kill a process and what it started; what left it before, nobody can find."""
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        for each in [*process.children(recursive=True), process]:
            with contextlib.suppress(psutil.Error):
                each.kill()


class PreloadedParent:
    """A process that has imported what children need, and forks them; one per worker.

    With `sandboxed` it sits inside bubblewrap and its children are for students' code.
    Without, children are processes of this user, for code that is trusted. A parent that
    died is started again by the next fork. Raises `AutogradeError` where it can't start.
    """

    def __init__(
        self,
        *,
        sandboxed: bool,
        preload: Sequence[str],
        limits: Limits,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.sandboxed = sandboxed
        self.limits = limits
        self._preload = list(preload)
        self._environment = dict(environment or {})
        self._folder = Path(tempfile.mkdtemp(prefix="autograde-"))
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._lock = threading.Lock()
        try:
            self._start()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        place: TracebackType | None,
    ) -> None:
        self.close()

    def fork(
        self,
        target: str,
        argument: Mapping[str, Any],
        *,
        sockets: int = 0,
        files: Mapping[str, bytes] | None = None,
    ) -> Child:
        """Return a child that calls `target`, "module:function", in a folder of its own.

        The function is called with its connection and `argument`, which is plain JSON and
        in the child also has "sockets": numbers of its listening sockets. `files` are
        written into the folder before. Raises `AutogradeError` when no child comes.
        """
        job = {
            "target": target,
            "argument": dict(argument),
            "limits": asdict(self.limits),
            "sockets": sockets,
            "files": {n: base64.b64encode(c).decode() for n, c in (files or {}).items()},
            "covered": _find_covered(),
        }
        with self._lock:
            if self._process is None or self._process.poll() is not None:
                self._start()
            try:
                return self._fork(job)
            except (OSError, EOFError):  # it died just now
                self._start()
            try:
                return self._fork(job)
            except (OSError, EOFError) as error:
                raise AutogradeError(
                    f"The sandbox gave no process for {target}: {error or 'it ended'}. "
                    f"{self._read_errors()}"
                ) from error

    def _fork(self, job: Mapping[str, Any]) -> Child:
        assert self._control is not None
        folder = Path(tempfile.mkdtemp(prefix="child-", dir=self._folder))
        ours, theirs = socket.socketpair()
        ours.settimeout(CHILD_SECONDS)
        try:
            with theirs:
                socket.send_fds(self._control, [FORK], [theirs.fileno()])
            inside = "/tmp" if self.sandboxed else str(folder)
            return _meet_child(ours, {**job, "folder": inside}, folder)
        except BaseException:
            ours.close()
            shutil.rmtree(folder, ignore_errors=True)
            raise

    def close(self) -> None:
        """End the parent and every child of it; can be called again."""
        self._stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _stop(self) -> None:
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._process is not None:
            _kill_tree(self._process.pid)
            self._process.wait()
            self._process = None

    def _start(self) -> None:
        self._stop()
        self._control, theirs = socket.socketpair()
        words = [str(theirs.fileno()), "sandboxed" if self.sandboxed else "trusted"]
        python = [sys.executable, "-P", "-c", START, *words]
        command = [*python, json.dumps(self._preload)]
        if self.sandboxed:
            command = wrap(command)
        with theirs, open(self._folder / "errors", "wb") as errors:
            self._process = subprocess.Popen(
                command,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                env=self._make_environment(),
                start_new_session=True,  # Ctrl-C is for us, not for them
            )
        self._control.settimeout(START_SECONDS)
        try:
            ready = self._control.recv(1)
        except OSError:
            ready = b""
        if ready != READY:
            raise AutogradeError(
                f"The sandbox did not start: {self._read_errors() or 'it said nothing'}"
            )

    def _make_environment(self) -> dict[str, str]:
        """Return all that is in a child's environment: nothing of this process's own."""
        home = "/tmp" if self.sandboxed else str(self._folder)
        places = dict.fromkeys(str(package.parent) for package in PACKAGES)
        return {
            "HOME": home,
            "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
            "USER": "student",
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "PYTHONPATH": os.pathsep.join(places),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONHASHSEED": "0",
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
            "TOKENIZERS_PARALLELISM": "false",
            "MALLOC_ARENA_MAX": "2",  # arenas are counted as memory
            "MPLBACKEND": "module://matplotlib_inline.backend_inline",
            "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # else it warns of itself
            "HF_HUB_OFFLINE": "1",
            "TRANSFORMERS_OFFLINE": "1",
            "NBGRADER_EXECUTION": "autograde",
            "PROMPT_OR_TUNE_DATA": f"{home}/progress",
            **self._environment,
        }

    def _read_errors(self) -> str:
        with contextlib.suppress(OSError):
            return (self._folder / "errors").read_text(errors="replace").strip()[-2000:]
        return ""


def _meet_child(channel: socket.socket, job: Mapping[str, Any], folder: Path) -> Child:
    """Give a new process its job; return it once the job begins.

    Raises `AutogradeError` with what it says is wrong, `OSError` when it says nothing.
    """
    send_frame(channel, json.dumps(job).encode())
    size = struct.calcsize("!BI")
    message, numbers, _, _ = socket.recv_fds(channel, 2000, 2 + job["sockets"])
    if message.startswith(FAULT) or len(message) != size:
        _raise_fault(job, message)
    has_handles, worker = struct.unpack("!BI", message)
    count = 2 if has_handles else 0
    handles, sockets = numbers[:count], numbers[count:]
    paths = [folder / f"s-{port}" for port in range(1, len(sockets) + 1)]
    for number, path in zip(sockets, paths, strict=True):
        with socket.socket(fileno=number) as listener:
            listener.bind(str(path))
            listener.listen()
    group = _make_group(handles, folder.name, Limits(**job["limits"]))
    channel.sendall(GO)
    if (answer := channel.recv(2000)) != READY:  # it ends by itself
        for handle in handles:
            os.close(handle)
        if group is not None:
            group.remove()
        _raise_fault(job, answer)
    channel.settimeout(None)
    return Child(channel, handles, worker, folder, paths, group)


def _raise_fault(job: Mapping[str, Any], message: bytes) -> NoReturn:
    if not message.startswith(FAULT):
        raise EOFError
    fault = message.removeprefix(FAULT).decode(errors="replace")
    raise AutogradeError(f"No process can be set apart for {job['target']}: {fault}.")


def _make_group(handles: Sequence[int], name: str, limits: Limits) -> ControlGroup | None:
    """Put a child's processes into a control group of its own, where some are lent."""
    tree = find_tree() if handles else None
    if tree is None:
        return None
    group = ControlGroup.make(tree, f"autograde-{os.getpid()}-{name}", limits)
    for handle in handles:
        group.add(_read_pid(handle))
    return group


def wrap(command: Sequence[str]) -> list[str]:
    """Return a command that runs another inside bubblewrap.

    What it sees: the system's programs, Python with its packages, and the folders of
    `prompt_or_tune` and `autograde`, all for reading; nothing else of this machine. It
    has no network. Run by root, it becomes nobody, for whom limits count.
    """
    wrapped = [
        "bwrap",
        "--unshare-pid",
        "--unshare-net",
        "--unshare-ipc",
        "--unshare-uts",
        "--hostname",
        "sandbox",
        "--new-session",
        "--as-pid-1",  # all inside ends with the parent, and the parent with us
    ]
    for folder in TOP_FOLDERS:
        if os.path.islink(folder):
            wrapped += ["--symlink", os.readlink(folder), folder]
        elif os.path.isdir(folder):
            wrapped += ["--ro-bind", folder, folder]
    wrapped += ["--perms", "1777", "--tmpfs", SCRATCH]
    visible = list(dict.fromkeys([*SYSTEM, *_find_python()]))
    covered = _find_covered()
    for place in _find_folders_above([*visible, *covered]):
        wrapped += ["--perms", "0755", "--dir", place]
    for place in visible:
        wrapped += ["--ro-bind-try", place, place]
    for spare, place in covered.items():
        wrapped += ["--ro-bind-try", place, spare]
    wrapped += [
        # Not --proc: with its covers the kernel would let no child mount one of its own.
        *["--bind", "/proc", "/proc"],
        *["--dev", "/dev"],
        *["--remount-ro", "/dev"],
        *["--remount-ro", "/"],
        *["--chdir", SCRATCH],
    ]
    if os.getuid() != 0:
        return [*wrapped, "--unshare-user", *command]
    become_nobody = [
        "setpriv",
        *["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"],
        *["--inh-caps=-all", "--bounding-set=-all", "--no-new-privs"],
    ]
    return [*wrapped, *become_nobody, *command]


def is_visible_inside(path: Path) -> bool:
    """Return whether code in the sandbox can read a file or folder of this machine."""
    visible = [*SYSTEM, *_find_python()]
    return any(path.resolve().is_relative_to(Path(place).resolve()) for place in visible)


def _find_python() -> Iterator[str]:
    """Yield the files and folders that make this Python, with our two packages."""
    for place in (sys.prefix, sys.base_prefix, *map(str, PACKAGES)):
        if not place.startswith("/usr/") and place != "/usr":
            yield place
    # A copy of the repository that is not installed: its versions are told there.
    project = PACKAGES[0].parent.parent / "pyproject.toml"
    if project.is_file():
        yield str(project)


def _find_covered() -> dict[str, str]:
    """Return what a child's scratch folder would cover, by where it stands besides."""
    scratch = Path(SCRATCH)
    below = [place for place in _find_python() if scratch in Path(place).parents]
    return {f"/.covered/{number}": place for number, place in enumerate(below)}


def _find_folders_above(places: Sequence[str]) -> list[str]:
    """Return the folders that lead to some places, outermost first."""
    folders = {str(above) for place in places for above in Path(place).parents}
    return sorted(folders - {"/"})
