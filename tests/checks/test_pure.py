"""Checks talk to no screen: importing them loads no widget, no figure and no model."""

from __future__ import annotations

import subprocess
import sys

import pytest
from prompt_or_tune.syllabus import NOTEBOOKS

SCREENS = ("matplotlib", "ipywidgets", "IPython", "torch")
MODULES = [notebook.checks for notebook in NOTEBOOKS if notebook.checks]


def list_loaded(statement: str) -> list[str]:
    code = f"import sys; before = set(sys.modules)\n{statement}\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return done.stdout.split()


def list_screens(loaded: list[str]) -> list[str]:
    return [name for name in SCREENS if name in loaded]


def test_comparing_loads_eight_modules_of_ours_at_most_and_no_screen():
    loaded = list_loaded("import prompt_or_tune.checks.comparing")
    ours = [name for name in loaded if name.startswith("prompt_or_tune")]
    assert len(ours) <= 8
    assert list_screens(loaded) == []


@pytest.mark.parametrize("module", MODULES)
def test_the_checks_of_a_notebook_load_no_screen(module):
    assert list_screens(list_loaded(f"import prompt_or_tune.checks.{module}")) == []
