"""A Jupyter server on this machine for a test, from its start to its end."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

START_SECONDS = 60
DIRECT = build_opener(ProxyHandler({}))  # this machine is never behind a proxy


@contextmanager
def run_server(
    command: Sequence[str], environment: Mapping[str, str], home: Path
) -> Iterator[str]:
    """Start a server, give its address once it answers, and end it with its kernels.

    It chooses a free port itself, and says which in its runtime folder under `home`.
    Raises RuntimeError with what it wrote when it does not start.
    """
    runtime, log = home / "runtime", home / "server.log"
    home.mkdir(parents=True, exist_ok=True)
    with log.open("w") as output:
        process = subprocess.Popen(
            [*command, "--ServerApp.ip=127.0.0.1", "--ServerApp.port=0"],
            env={**environment, "JUPYTER_RUNTIME_DIR": str(runtime)},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            yield _await_start(process, runtime, log)
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _await_start(process: subprocess.Popen[bytes], runtime: Path, log: Path) -> str:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        for file in runtime.glob("jpserver-*.json"):
            try:
                url = str(json.loads(file.read_text())["url"])
                DIRECT.open(f"{url}api", timeout=5).close()
            except (OSError, ValueError):
                continue
            return url
        try:
            process.wait(0.1)
            break
        except subprocess.TimeoutExpired:
            continue  # it is still starting
    raise RuntimeError(f"The Jupyter server did not start:\n{log.read_text()[-3000:]}")
