"""How long a notebook's first cell takes until it prints, and then the model.

    python tests/benchmarks/bench_start.py [--rounds 5]

Each round starts a kernel of its own and times two cells in it, as a learner would see
them: from running the cell to its first line. The kernel's own start is not counted.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time

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
    """Print the median seconds of each cell."""
    rounds = parse_arguments().rounds
    print(f"{rounds} kernels, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    times = [time_cells() for _ in range(rounds)]
    for name, seconds in zip(CELLS, zip(*times, strict=True), strict=True):
        rest = ", ".join(f"{one:.2f}" for one in seconds)
        print(f"{name:10} {statistics.median(seconds):6.2f} s until its line ({rest})")


def time_cells() -> list[float]:
    """Return the seconds from running each cell to the first line that it prints."""
    manager, client = start_new_kernel()
    try:
        seconds = []
        for code in CELLS.values():
            started = time.perf_counter()
            client.execute(code)
            while (message := client.get_iopub_msg(timeout=300))["msg_type"] != "stream":
                if message["msg_type"] == "error":
                    raise RuntimeError("\n".join(message["content"]["traceback"]))
            seconds.append(time.perf_counter() - started)
            while message["content"].get("execution_state") != "idle":
                message = client.get_iopub_msg(timeout=300)
        return seconds
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    return parser.parse_args()


if __name__ == "__main__":
    main()
