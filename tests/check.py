"""Run the checks side by side: what `make check` and `make test` call.

    python -m tests.check [--everything] [OPTIONS OF PYTEST]

Lint, format, types, import contracts, and the tests that take less than a second each;
with `--everything`, all tests. What a check has to say is printed when it has ended, and
the tests' own lines as they come. Exits with 1 when one of them has failed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).parents[1]
SCRIPTS = sysconfig.get_path("scripts")

LINTERS = {
    "lint": (sys.executable, "-m", "ruff", "check", "."),
    "format": (sys.executable, "-m", "ruff", "format", "--check", "."),
    "imports": (f"{SCRIPTS}/lint-imports", "--no-logo"),
    "types": (sys.executable, "-m", "mypy"),
}

QUICK = ("-m", "not slow and not browser")
MOST_WORKERS = 4  # each has torch in its memory, about 0.5 GB


def main(words: Sequence[str]) -> int:
    """Run all checks, and return the exit code."""
    everything = "--everything" in words
    options = [word for word in words if word != "--everything"]
    started = time.monotonic()
    with ThreadPoolExecutor(len(LINTERS)) as pool:
        linters = {name: pool.submit(run_linter, name) for name in LINTERS}
        passed = {"tests": run_tests(options, everything=everything)}
        passed |= {name: linter.result() for name, linter in linters.items()}
    failed = [name for name, well in passed.items() if not well]
    outcome = f"failed: {', '.join(failed)}" if failed else "all checks passed"
    print(f"--- {outcome}, in {time.monotonic() - started:.0f} s")
    return 1 if failed else 0


def run_linter(name: str) -> bool:
    """Run one of the linters, print what it said if it found something."""
    done = subprocess.run(LINTERS[name], cwd=ROOT, capture_output=True, text=True)
    well = done.returncode == 0
    said = "" if well else f"\n{done.stdout}{done.stderr}".rstrip()
    print(f"--- {name}: {'well' if well else 'failed'}{said}", flush=True)
    return well


def run_tests(options: Sequence[str], *, everything: bool) -> bool:
    """Run tests in as many processes as there are cores, whole files in each."""
    workers = min(os.cpu_count() or 1, MOST_WORKERS)
    side_by_side = ("-n", str(workers), "--dist", "loadfile", "--no-loadscope-reorder")
    chosen = () if everything else QUICK
    command = (sys.executable, "-m", "pytest", *side_by_side, *chosen, *options)
    return subprocess.run(command, cwd=ROOT).returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
