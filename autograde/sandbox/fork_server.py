"""The preloaded parent: import once, then fork a child for each request.

Runs inside bubblewrap for students' code, as process 1 there, and outside it for code
that is trusted. It reads nothing but single bytes, each of which brings the channel of a
new child along; whatever is special to a child is read by the child itself.
"""

from __future__ import annotations

import base64
import gc
import importlib
import json
import multiprocessing.connection
import os
import signal
import socket
import struct
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from autograde.sandbox import namespaces
from autograde.sandbox.limits import apply_limits
from autograde.submission_records import Limits

READY, FORK, GO, FAULT = b"r", b"f", b"g", b"!"
CHANNELS = ("shell", "iopub", "stdin", "control")
"""Of a kernel, in the order of its sockets."""
WORK = "work"
LINUX = sys.platform == "linux"


def main() -> None:
    """Serve on the socket whose number is the first argument, until it is closed."""
    control = socket.socket(fileno=int(sys.argv[1]))
    sandboxed = sys.argv[2] == "sandboxed"
    for name in json.loads(sys.argv[3]):
        importlib.import_module(name)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.collect()
    gc.freeze()  # else each child's first collection copies all of the parent's memory
    control.sendall(READY)
    _serve(control, sandboxed=sandboxed)


def _serve(control: socket.socket, *, sandboxed: bool) -> None:
    while True:
        message, files, _, _ = socket.recv_fds(control, 1, 1)
        if not message:
            return
        _bury_children()
        if os.fork() == 0:
            # Nothing may come back from here into the loop above.
            try:
                control.close()
                _become_child(socket.socket(fileno=files[0]), sandboxed=sandboxed)
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(1)
        os.close(files[0])


def _bury_children() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return  # there are none


def _become_child(channel: socket.socket, *, sandboxed: bool) -> None:
    """Set this process apart as the job on its channel says, and do the job."""
    try:
        job = json.loads(receive_frame(channel))
        if sandboxed:
            sockets = _enter_sandbox(channel, job)
        else:
            if LINUX:
                namespaces.die_with_parent()
            os.setpgid(0, 0)
            sockets = _announce(channel, job, os.getpid(), os.getpid())
        if channel.recv(1) != GO:
            return
        _prepare_folder(Path(job["folder"]), job["files"])
        _close_files({channel.fileno(), *sockets}, keep_errors=not sandboxed)
        apply_limits(Limits(**job["limits"]), count_processes=sandboxed)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        function = _find_function(job["target"])
    except Exception as error:
        channel.sendall(FAULT + f"{type(error).__name__}: {error}".encode())
        return
    channel.sendall(READY)
    connection = multiprocessing.connection.Connection(channel.detach())
    function(connection, {**job["argument"], "sockets": sockets})


def receive_frame(channel: socket.socket) -> bytes:
    """Return one message that `send_frame` sent; raise `EOFError` at the end."""
    return _receive(channel, struct.unpack("!Q", _receive(channel, 8))[0])


def send_frame(channel: socket.socket, data: bytes) -> None:
    """Send bytes with their length before them."""
    channel.sendall(struct.pack("!Q", len(data)) + data)


def _receive(channel: socket.socket, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        piece = channel.recv(min(size - len(data), 2**20))
        if not piece:
            raise EOFError
        data += piece
    return bytes(data)


def _enter_sandbox(channel: socket.socket, job: Mapping[str, Any]) -> list[int]:
    """Return in the process that does the job; two others end or wait on the way.

    The first leaves the parent's namespaces and ends. Process 1 of the new ones waits for
    the second, which does the job, and takes all others with it when it ends.
    """
    namespaces.enter_namespaces(job["limits"]["scratch_mb"], job["covered"])
    if os.fork():
        os._exit(0)
    namespaces.settle_in()
    namespaces.drop_privileges()
    namespaces.show_memory(False)
    worker = os.fork()
    if worker:
        _close_files(set(), keep_errors=False)
        _wait_for(worker)
    namespaces.show_memory(True)
    return _announce(channel, job, 1, os.getpid())


def _wait_for(worker: int) -> None:
    """Bury what dies, as process 1 has to; end with the worker."""
    while os.wait()[0] != worker:
        pass
    os._exit(0)


def _announce(
    channel: socket.socket, job: Mapping[str, Any], first: int, worker: int
) -> list[int]:
    """Send the host what it needs to hold this child; return the sockets that it shares.

    Sockets are made here, in the child's own network, and bound by the host in a folder
    that no child sees: a child has no path to a socket that it could replace.
    """
    handles = [os.pidfd_open(first), os.pidfd_open(worker)] if LINUX else []
    sockets = [
        socket.socket(socket.AF_UNIX, socket.SOCK_STREAM).detach()
        for _ in range(job["sockets"])
    ]
    socket.send_fds(channel, [struct.pack("!BI", LINUX, worker)], handles + sockets)
    for handle in handles:
        os.close(handle)
    return sockets


def _prepare_folder(folder: Path, files: Mapping[str, str]) -> None:
    """Go to a working folder of the child's own, with the files of its assignment."""
    work = folder / WORK
    work.mkdir()
    for name, content in files.items():
        place = PurePosixPath(name)
        if place.is_absolute() or ".." in place.parts:
            raise ValueError(f"{name} is not a path inside the working folder")
        path = work / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(content))
    os.environ["HOME"] = str(folder)
    os.environ["TMPDIR"] = str(folder)
    os.environ["PROMPT_OR_TUNE_DATA"] = str(folder / "progress")
    os.chdir(work)


def _close_files(keep: set[int], *, keep_errors: bool) -> None:
    """Close all that was inherited; nothing is read from or printed to the host."""
    null = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1) if keep_errors else (0, 1, 2):
        os.dup2(null, number)
    lowest = 3
    for number in sorted(keep):
        os.closerange(lowest, number)
        lowest = number + 1
    os.closerange(lowest, os.sysconf("SC_OPEN_MAX"))


def _find_function(target: str) -> Callable[[Any, Mapping[str, Any]], None]:
    module, _, name = target.partition(":")
    function: Callable[[Any, Mapping[str, Any]], None] = getattr(
        importlib.import_module(module), name
    )
    return function


def do_nothing(connection: Any, argument: Mapping[str, Any]) -> None:
    """Be a child that ends at once: where this works, a sandbox can be made."""
