"""How long a notebook's first cell takes until it prints, and then the model.

    python tests/benchmarks/bench_start.py [--rounds 5]

Each round starts a kernel of its own and times two cells in it, as a learner would see
them. The kernel's own start is not counted.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import start_new_kernel

CELLS = {
    "set_up": """
from prompt_or_tune.notebook import set_up
set_up("01_input_data")
""",
    "the model": """
from prompt_or_tune.models import load_model
print(load_model().describe())
""",
}


def main() -> None:
    """Print each cell's median seconds until its first line, and until its end."""
    rounds = parse_arguments().rounds
    print(f"{rounds} kernels, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    times = [time_cells() for _ in range(rounds)]
    for name, of_one in zip(CELLS, zip(*times, strict=True), strict=True):
        first, done = (
            statistics.median(seconds) for seconds in zip(*of_one, strict=True)
        )
        print(f"{name:10} {first:6.2f} s until its first line, {done:6.2f} s in all")


def time_cells() -> list[tuple[float, float]]:
    """Return each cell's seconds until it first prints, and until it is done."""
    manager, client = start_new_kernel()
    try:
        return [time_cell(client, code) for code in CELLS.values()]
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def time_cell(client: BlockingKernelClient, code: str) -> tuple[float, float]:
    """Return the seconds from running one cell to its first line, and to its end."""
    started = time.perf_counter()
    client.execute(code)
    first = None
    while True:
        message = client.get_iopub_msg(timeout=300)
        if message["msg_type"] == "error":
            raise RuntimeError("\n".join(message["content"]["traceback"]))
        now = time.perf_counter() - started
        if message["msg_type"] == "stream":
            first = first or now
        if message["content"].get("execution_state") == "idle":
            return first or now, now


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    return parser.parse_args()


if __name__ == "__main__":
    main()
