"""The command without what grading needs, and what it says of commands that moved."""

from __future__ import annotations

import subprocess
import sys

import pytest

from autograde import cli

WITHOUT = """
import sys
for name in ("nbgrader", "nbformat", "nbconvert"):
    sys.modules[name] = None  # importing it raises ImportError

import importlib.util
find = importlib.util.find_spec
importlib.util.find_spec = lambda name: None if sys.modules.get(name, 0) is None else find(name)

from autograde.cli import main
main({arguments})
"""  # noqa: E501


def run_without_extra(*arguments: str) -> subprocess.CompletedProcess[str]:
    code = WITHOUT.format(arguments=list(arguments))
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True)


def test_without_the_extra_one_sentence_says_what_to_install():
    done = run_without_extra("status")
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("autograde: this needs nbgrader, which")
    assert "'.[grade]'" in line


def test_without_the_extra_help_still_works():
    done = run_without_extra("--help")
    assert done.returncode == 0
    assert "collect" in done.stdout


# --- What is the authors' ---------------------------------------------------------------


@pytest.mark.parametrize("command", ["build", "execute"])
def test_a_command_that_moved_says_where_it_is(command, capsys):
    with pytest.raises(SystemExit) as left:
        cli.main([command, "04", "--check"])
    assert left.value.code == 1
    said = capsys.readouterr().err
    assert said.startswith("autograde: ")
    assert f"`python -m solutions.workshop {command}`" in said


def test_an_installed_package_has_no_notebooks_to_start_a_class_from(
    monkeypatch, tmp_path, capsys
):
    monkeypatch.setattr("autograde.ROOT", tmp_path / "site-packages")
    with pytest.raises(SystemExit) as left:
        cli.main(["init", str(tmp_path / "class")])
    assert left.value.code == 1
    assert "name a folder of sources with --sources" in capsys.readouterr().err
    assert not (tmp_path / "class").exists()
