"""torch takes seconds to import: nothing loads it before a model is loaded."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from solutions.workshop.percent import read_percent

SOLUTIONS = Path(__file__).parents[2] / "solutions"

RUN_CELLS = """
import json, sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
for cell in json.load(sys.stdin):
    shell.run_cell(cell).raise_error()
assert "torch" not in sys.modules
"""

RUN_COMMAND = """
import sys
from prompt_or_tune.cli import main
try:
    main(sys.argv[1:])
except SystemExit as left:
    assert left.code in (0, None), left.code
assert "torch" not in sys.modules
"""

SEED_WHAT_COMES_LATER = """
import prompt_or_tune as pt
pt.set_up("04_fine_tuning")
pt.set_up("04_fine_tuning")
import torch
first = torch.rand(3)
torch.manual_seed(0)
assert torch.equal(torch.rand(3), first)
"""


def run(program: str, *words: str, given: str = "") -> None:
    done = subprocess.run(
        [sys.executable, "-c", program, *words],
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def read_code(notebook: str) -> list[str]:
    """Return the code of a notebook with its solutions and hidden tests."""
    cells = read_percent(SOLUTIONS / f"{notebook}.py")
    return [cell.text for cell in cells if cell.kind == "code"]


@pytest.mark.parametrize(
    "notebook",
    [
        "00_tour",
        "01_input_data",
        "02_prompt_engineering",
        "03_training_pairs",
        "06_decision",
    ],
)
def test_a_notebook_starts_without_it(notebook):
    run(RUN_CELLS, given=json.dumps(read_code(notebook)[:3]))


def test_the_whole_quiz_needs_none_of_it():
    run(RUN_CELLS, given=json.dumps(read_code("07_quiz")))


def test_the_commands_help_needs_none_of_it():
    run(RUN_COMMAND, "--help")


@pytest.mark.parametrize(
    "statement",
    [
        "import prompt_or_tune.checks",
        "import prompt_or_tune.checks.comparing",
        "import prompt_or_tune.notebook",
        "import prompt_or_tune.pairs",
        "import prompt_or_tune.records",
        "from prompt_or_tune import check, show_progress, Hints, QuizCard",
    ],
)
def test_a_module_that_computes_nothing_loads_none(statement):
    run(f"{statement}\nimport sys\nassert 'torch' not in sys.modules")


def test_what_comes_later_is_seeded_too():
    run(SEED_WHAT_COMES_LATER)
