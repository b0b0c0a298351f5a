"""A Jupyter kernel in a forked child: ipykernel, on sockets that the host has bound."""

from __future__ import annotations

import importlib
import json
import warnings
from collections.abc import Mapping
from typing import Any

import zmq
from ipykernel.kernelapp import IPKernelApp
from jupyter_client.jsonutil import json_default
from jupyter_client.session import json_packer
from traitlets.config import Config

from autograde.sandbox.fork_server import CHANNELS
from autograde.whole_cells import demand_whole_cells

# What a kernel imports while it starts, half of which is the debugger: imported here, in
# the preloaded parent, it is there before the fork.
for name in (
    "ipykernel.debugger",
    "ipykernel.zmqshell",
    "IPython.core.completerlib",
    "IPython.extensions.storemagic",
    "matplotlib_inline.backend_inline",
):
    importlib.import_module(name)


class SandboxKernelApp(IPKernelApp):
    """A kernel that binds no address: its channels take sockets that listen already."""

    def take_sockets(self, sockets: list[int]) -> None:
        """Set the numbers of the sockets for `CHANNELS`, in that order."""
        self._numbers = dict(zip(range(1, 5), sockets, strict=True))

    def _try_bind_socket(self, s: zmq.Socket[bytes], port: int) -> int:
        s.setsockopt(zmq.USE_FD, self._numbers[port])
        s.sndhwm = 0  # what waits to be sent waits here, within the sandbox's memory
        s.bind(f"ipc://{self.ip}-{port}")  # a name only: the host holds the file
        return port

    def init_heartbeat(self) -> None:
        """Beat for nobody: the host sees whether the process lives."""

    def init_connection_file(self) -> None:
        """Write none: the host knows."""

    def write_connection_file(self, **kwargs: Any) -> None:
        """Write none: the host knows."""


def serve(connection: Any, argument: Mapping[str, Any]) -> None:
    """Be the kernel until killed; the connection to the host is closed before."""
    connection.close()
    app = SandboxKernelApp.instance(config=_configure(argument["key"]))
    app.take_sockets(argument["sockets"])
    app.initialize([])
    demand_whole_cells(app.shell)
    # Of this kernel's own threads, from Python 3.12 on; a cell can do nothing about it.
    warnings.filterwarnings(
        "ignore", r"This process .* multi-threaded", DeprecationWarning
    )
    app.start()


def pack_json(content: Any) -> bytes:
    """Return a part of a message, also of text with half a surrogate pair in it.

    Jupyter's own loses such a message, and with it the error that a cell ended with.
    """
    try:
        return json_packer(content)
    except UnicodeEncodeError:
        return json.dumps(content, default=json_default).encode()


def _configure(key: str) -> Config:
    config = Config()
    config.SandboxKernelApp.transport = "ipc"
    config.SandboxKernelApp.ip = "kernel"
    for port, channel in enumerate(CHANNELS, start=1):
        config.SandboxKernelApp[f"{channel}_port"] = port
    config.SandboxKernelApp.log_level = "ERROR"
    config.Session.packer = f"{__name__}.pack_json"
    config.Session.key = key.encode()
    config.HistoryManager.enabled = False
    config.IPCompleter.use_jedi = False
    config.InteractiveShell.colors = "nocolor"
    return config
