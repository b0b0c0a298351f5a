"""The host's side of a preloaded parent: start it, and ask it for children."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn, Self

from autograde.errors import AutogradeError
from autograde.sandbox.bubblewrap import PACKAGES, find_covered, wrap_command
from autograde.sandbox.cgroups import CGROUPS, OWN_GROUP, ControlGroup, find_tree
from autograde.sandbox.child import CHILD_SECONDS, Child, kill_tree, read_pid
from autograde.sandbox.fork_server import FAULT, FORK, GO, READY, send_frame
from autograde.submission_records import Limits

START_SECONDS = 120.0
"""Until a parent has imported all; a slow disk reads torch for a minute."""
START = "from autograde.sandbox.fork_server import main; main()"


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
    ) -> None:
        self.sandboxed = sandboxed
        self.limits = limits
        self._preload = list(preload)
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
            "covered": find_covered(),
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
            kill_tree(self._process.pid)
            self._process.wait()
            self._process = None

    def _start(self) -> None:
        self._stop()
        self._control, theirs = socket.socketpair()
        words = [str(theirs.fileno()), "sandboxed" if self.sandboxed else "trusted"]
        python = [sys.executable, "-P", "-c", START, *words]
        command = [*python, json.dumps(self._preload)]
        if self.sandboxed:
            command = wrap_command(command)
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
    tree = find_tree(CGROUPS, OWN_GROUP) if handles else None
    if tree is None:
        return None
    group = ControlGroup.make(tree, f"autograde-{os.getpid()}-{name}", limits)
    for handle in handles:
        group.add(read_pid(handle))
    return group
