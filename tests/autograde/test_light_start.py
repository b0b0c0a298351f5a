"""What an instructor types often starts at once: it loads no torch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.autograde.small_class import make_class

RUN = """
import sys
from autograde.cli import main
try:
    main(sys.argv[1:])
except SystemExit as left:
    assert left.code == 0, left.code
loaded = {"torch", "transformers", "peft", "distributed", "matplotlib"} & set(sys.modules)
assert not loaded, loaded
"""


@pytest.mark.slow
@pytest.mark.parametrize("command", ["--help", "status"])
def test_no_torch_is_loaded(command: str, tmp_path: Path):
    words = [command]
    if command == "status":
        words += ["--class", str(make_class(tmp_path).root)]
    done = subprocess.run(
        [sys.executable, "-c", RUN, *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
