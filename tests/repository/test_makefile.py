"""`make` on a fresh machine, with a Python that only writes down what it is told."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COLAB = "tests/colab/requirements.txt"
COPIED = ["Makefile", "constraints.txt", "pyproject.toml", COLAB]
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]

# Stands for the system's Python, for the one in .venv, and for every command beside it.
# Only what copies the course is really run.
ACTOR = r"""#!/bin/sh
echo "$(basename "$0") $*" >> "$ACTOR_LOG"
case "$*" in
  *version_info\ \<*) exit ${ACTOR_IS_OLD:-0} ;;
  *ensurepip*) exit ${ACTOR_HAS_NO_VENV:-0} ;;
  *version_info*)
    named=${0#*.venv-} version=${ACTOR_VERSION:-3.13}
    case "$0" in *.venv/*) version=3.13 ;; *.venv-*) version=${named%%/*} ;; esac
    echo "$version" ;;
  "-m venv "*)
    mkdir -p "$3/bin"
    for name in python prompt-or-tune jupyter-lab autograde; do
      cp "$0" "$3/bin/$name"
    done ;;
  "-m prompt_or_tune.delivery "*) exec "$ACTOR_PYTHON" "$@" ;;
  "-m pip "*) echo "pip runs"; exit ${ACTOR_PIP_FAILS:-0} ;;
esac
"""


@dataclass(frozen=True)
class Machine:
    """A fresh machine: a checkout, a home, and the commands on its PATH."""

    home: Path

    @property
    def checkout(self) -> Path:
        return self.home / "checkout"

    @property
    def work(self) -> Path:
        return self.home / "prompt-or-tune"

    @property
    def log(self) -> Path:
        return self.home / "log"

    def make(self, *words: str, **state: str) -> Call:
        """Call make; `state` is what the acting Python is to be (see ACTOR)."""
        self.log.write_text("")
        path = f"{self.home / 'bin'}:{os.environ['PATH']}"
        done = subprocess.run(
            ["make", *words],
            cwd=self.checkout,
            env={
                "PATH": path,
                "HOME": str(self.home),
                "ACTOR_LOG": str(self.log),
                "ACTOR_PYTHON": sys.executable,
                "PYTHONPATH": str(ROOT / "course"),
                **state,
            },
            capture_output=True,
            text=True,
        )
        return Call(done.returncode, done.stdout, done.stderr, self.log.read_text())


@dataclass(frozen=True)
class Call:
    """What one call of make printed, and what it had the commands do."""

    code: int
    out: str
    err: str
    log: str

    @property
    def pip(self) -> list[str]:
        lines = [line for line in self.log.splitlines() if "-m pip " in line]
        return [line.split("install ", 1)[1] for line in lines]


@pytest.fixture
def machine(tmp_path) -> Machine:
    machine = Machine(tmp_path)
    (machine.checkout / "course" / "prompt_or_tune").mkdir(parents=True)
    for name in COPIED:
        (machine.checkout / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, machine.checkout / name)
    (tmp_path / "bin").mkdir()
    python = tmp_path / "bin" / "python3"
    python.write_text(ACTOR)
    python.chmod(0o755)
    return machine


def test_help_is_what_make_alone_says_and_names_every_command(machine):
    call = machine.make()
    assert call.code == 0
    assert call.log == ""
    targets = ("tour", "lab", "check", "test", "course", "solutions", "clean")
    for word in (*(f"make {target}" for target in targets), "TORCH_INDEX_URL"):
        assert word in call.out


EXTRAS = {
    "tour": "",
    "lab": "[lab]",
    "course": "[grade]",
    "solutions": "[grade]",
    "check": "[lab,grade,test]",
    "test": "[lab,grade,test]",
}


@pytest.mark.parametrize(("target", "extras"), EXTRAS.items())
def test_each_command_sets_up_all_that_it_needs_torch_first(machine, target, extras):
    call = machine.make(target)
    assert call.code == 0, call.err
    torch, setuptools, library = call.pip[:3]
    assert torch.endswith(pin_of("torch"))
    assert setuptools == "-c constraints.txt setuptools"
    assert library == f"-c constraints.txt --no-build-isolation -e .{extras}"
    colab = [f"--quiet --no-deps --target build/colab -r {COLAB}"]
    assert call.pip[3:] == (colab if target == "test" else [])


@pytest.mark.parametrize("target", EXTRAS)
def test_a_second_call_sets_nothing_up_again(machine, target):
    machine.make(target)
    again = machine.make(target)
    assert again.code == 0
    assert "venv" not in again.log
    assert again.pip == []


def test_another_command_keeps_the_environment_and_torch(machine):
    machine.make("tour")
    call = machine.make("test")
    assert "-m venv" not in call.log
    assert not any(line.endswith(pin_of("torch")) for line in call.pip)


@pytest.mark.parametrize("changed", ["constraints.txt", "pyproject.toml"])
def test_a_change_of_what_is_needed_installs_again_without_a_new_environment(
    machine, changed
):
    machine.make("tour")
    later = (machine.checkout / ".venv" / ".installed-base").stat().st_mtime + 10
    os.utime(machine.checkout / changed, (later, later))
    call = machine.make("tour")
    assert call.pip[-1].endswith("-e .")
    assert "-m venv" not in call.log


def test_the_course_is_built_and_executed_by_the_authors_tools(machine):
    built = machine.make("course", "ARGS=--check")
    assert built.log.splitlines()[-1] == "python -m solutions.workshop build --check"
    executed = machine.make("solutions", "ARGS=04")
    assert executed.log.splitlines()[-1] == "python -m solutions.workshop execute 04"


def test_the_tour_and_the_tests_get_their_options(machine):
    tour = machine.make("tour", "ARGS=--samples 100")
    assert tour.log.splitlines()[-1] == "prompt-or-tune tour --samples 100"
    tests = machine.make("test", "ARGS=-k layout")
    assert tests.log.splitlines()[-1].endswith("tests.check --everything -k layout")
    checks = machine.make("check", "ARGS=-k layout")
    assert checks.log.splitlines()[-1].endswith("tests.check -k layout")


# --- PyTorch: large, so said beforehand, and from where the user wants it ---------------


def test_the_size_is_said_before_anything_is_downloaded(machine):
    out = machine.make("tour").out
    assert out.index("GB") < out.index("pip runs")


def test_only_torch_comes_from_the_given_index(machine):
    call = machine.make("tour", "TORCH_INDEX_URL=https://index.invalid/cpu")
    torch, *others = call.pip
    assert "--index-url https://index.invalid/cpu" in torch
    assert not any("--index-url" in line for line in others)
    assert "NVIDIA" not in call.out


@pytest.mark.parametrize("state", [{}, {"TORCH_INDEX_URL": ""}], ids=["unset", "empty"])
def test_without_an_index_the_usual_one_is_asked_and_its_size_told(machine, state):
    call = machine.make("tour", **state)
    assert not any("--index-url" in line for line in call.pip)
    assert "several GB" in call.out
    assert "make tour TORCH_INDEX_URL=" in call.out


# --- What is missing is named, and what to do about it ----------------------------------


def test_a_python_that_is_too_old_is_named_with_what_is_needed(machine):
    call = machine.make("tour", ACTOR_IS_OLD="1")
    assert call.code != 0
    assert "needs Python 3.11 or newer" in call.err
    assert "make tour PYTHON=" in call.err
    assert not (machine.checkout / ".venv").exists()


def test_a_python_that_is_not_there_is_named(machine):
    call = machine.make("lab", "PYTHON=no-such-python")
    assert call.code != 0
    assert "no-such-python is not one" in call.err


def test_a_python_without_venv_is_told_the_package_to_install(machine):
    call = machine.make("tour", ACTOR_HAS_NO_VENV="1")
    assert call.code != 0
    assert "python3-venv" in call.err
    assert not (machine.checkout / ".venv").exists()


def test_a_failed_download_says_what_to_do_and_the_next_call_goes_on_there(machine):
    call = machine.make("tour", ACTOR_PIP_FAILS="1")
    assert call.code != 0
    assert "goes on where it stopped" in call.err
    assert "prompt-or-tune tour" not in call.log
    after = machine.make("tour")
    assert after.code == 0
    assert "-m venv" not in after.log
    assert len(after.pip) == 3


def test_another_python_gets_an_environment_beside_the_one_that_is_there(machine):
    machine.make("check")
    call = machine.make("check", "PYTHON=python3", ACTOR_VERSION="3.11")
    assert call.code == 0, call.err
    assert "-m venv .venv-3.11" in call.log
    assert call.log.splitlines()[-1] == "python -m tests.check"
    again = machine.make("check", "PYTHON=python3", ACTOR_VERSION="3.11")
    assert (again.code, again.pip) == (0, [])
    assert machine.make("clean").code == 0
    assert not list(machine.checkout.glob(".venv*"))


def test_a_folder_that_is_named_is_never_taken_for_another_python(machine):
    machine.make("check", "VENV=.venv")
    call = machine.make("check", "VENV=.venv", "PYTHON=python3", ACTOR_VERSION="3.11")
    assert call.code != 0
    assert "another version of Python" in call.err
    assert "tests.check" not in call.log


def test_the_default_python_need_not_be_the_environments(machine):
    machine.make("test")
    assert machine.make("test", ACTOR_VERSION="3.9", ACTOR_IS_OLD="1").code == 0


# --- The learner's copy -----------------------------------------------------------------


def test_lab_copies_the_course_and_not_the_library(machine):
    write(machine.checkout / "course" / "00_tour" / "00 tour.ipynb", "{}")
    write(machine.checkout / "course" / ".ipynb_checkpoints" / "x.ipynb", "{}")
    write(machine.checkout / "course" / "prompt_or_tune" / "cli.py", "")
    assert machine.make("lab").code == 0
    copied = [p.relative_to(machine.work) for p in machine.work.rglob("[!.]*.*")]
    assert [p.as_posix() for p in copied] == ["00_tour/00 tour.ipynb"]


def test_lab_never_overwrites_the_learners_work_and_adds_what_is_new(machine):
    write(machine.checkout / "course" / "a.ipynb", "ours")
    machine.make("lab")
    write(machine.work / "a.ipynb", "mine")
    write(machine.checkout / "course" / "b.ipynb", "new")
    assert machine.make("lab").code == 0
    assert (machine.work / "a.ipynb").read_text() == "mine"
    assert (machine.work / "b.ipynb").read_text() == "new"


def test_lab_puts_an_update_beside_what_the_learner_changed(machine):
    write(machine.checkout / "course" / "a.ipynb", "ours")
    machine.make("lab")
    write(machine.work / "a.ipynb", "mine")
    write(machine.checkout / "course" / "a.ipynb", "ours, better")
    call = machine.make("lab")
    beside = machine.work / f"a ({VERSION}).ipynb"
    assert (machine.work / "a.ipynb").read_text() == "mine"
    assert beside.read_text() == "ours, better"
    assert beside.name in call.out


def test_lab_opens_the_tour(machine):
    write(machine.checkout / "course" / "00_tour" / "00_tour.ipynb", "{}")
    last = machine.make("lab", "ARGS=--no-browser").log.splitlines()[-1]
    assert last.startswith("jupyter-lab ")
    assert "default_url=/lab/tree/00_tour/00_tour.ipynb" in last
    assert last.endswith("--no-browser")


def test_jupyterlab_asks_neither_reader_nor_network_for_news(machine):
    assert machine.make("lab").code == 0
    config = machine.checkout / ".venv" / "etc" / "jupyter" / "labconfig"
    disabled = json.loads((config / "page_config.json").read_text())
    assert disabled["disabledExtensions"] == {
        "@jupyterlab/apputils-extension:announcements": True
    }


@pytest.mark.parametrize("folder", ["my course", "../elsewhere", "~/own"])
def test_lab_copies_to_the_folder_that_is_named(machine, folder):
    write(machine.checkout / "course" / "a.ipynb", "ours")
    assert machine.make("lab", f"WORK={folder}").code == 0
    named = folder.replace("~", str(machine.home))
    assert (machine.checkout / named / "a.ipynb").read_text() == "ours"
    assert not machine.work.exists()


def test_lab_says_so_when_it_may_not_write_there(machine):
    write(machine.checkout / "course" / "a.ipynb", "ours")
    write(machine.work, "a file where the folder should be")
    call = machine.make("lab")
    assert call.code != 0
    assert "make lab WORK=FOLDER" in call.err
    assert "jupyter" not in call.log


def test_clean_removes_the_environment_and_leaves_the_learners_work(machine):
    write(machine.work / "a.ipynb", "mine")
    machine.make("tour")
    assert machine.make("clean").code == 0
    assert not (machine.checkout / ".venv").exists()
    assert (machine.work / "a.ipynb").read_text() == "mine"


def pin_of(name: str) -> str:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return next(line for line in lines if line.startswith(f"{name}=="))


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
