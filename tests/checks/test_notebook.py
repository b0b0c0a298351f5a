"""The first line of every notebook says what it runs on and installs nothing."""

from __future__ import annotations

import importlib.metadata
import random
import sys
import types
import warnings

import ipywidgets
import numpy
import pytest
import torch
from packaging.requirements import Requirement
from prompt_or_tune import notebook
from prompt_or_tune.models import Precision
from prompt_or_tune.notebook import (
    LAB_MODEL,
    Misfit,
    SetUpError,
    choose_lab_model,
    describe_device,
    find_misfits,
    set_up,
)
from prompt_or_tune.syllabus import NOTEBOOKS, find_notebook


@pytest.fixture(autouse=True)
def restore_filters():
    """Take back what a set-up does to this process's warnings."""
    with warnings.catch_warnings():
        yield


@pytest.fixture
def colab(monkeypatch):
    """Pretend that this is Colab; return what its widget manager was told."""
    told: list[str] = []
    package = types.ModuleType("google.colab")
    output = types.ModuleType("google.colab.output")
    output.enable_custom_widget_manager = lambda: told.append(  # type: ignore[attr-defined]
        "enabled"
    )
    monkeypatch.setitem(sys.modules, "google", types.ModuleType("google"))
    monkeypatch.setitem(sys.modules, "google.colab", package)
    monkeypatch.setitem(sys.modules, "google.colab.output", output)
    return told


def place_on_gpu(monkeypatch, autocast=None) -> None:
    precision = Precision(
        torch.device("cuda"), torch.float32, autocast, "a GPU was found"
    )
    monkeypatch.setattr(
        "prompt_or_tune.models.choose_precision", lambda device=None: precision
    )
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "Tesla T4")


def require(monkeypatch, *texts: str) -> None:
    requirements = [Requirement(text) for text in texts]
    monkeypatch.setattr(notebook, "read_requirements", lambda: requirements)


def test_two_lines_say_course_version_notebook_device_and_precision(capsys, monkeypatch):
    require(monkeypatch)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    set_up("01_input_data")
    first, second = capsys.readouterr().out.splitlines()
    assert first == f"Prompt or Tune? {notebook.read_version()} · 1 · Input data · seed 0"
    assert second == "Computing on the CPU in float32 (no GPU was found)"


def test_nothing_is_said_on_stderr_and_it_can_be_run_again(capfd, monkeypatch):
    require(monkeypatch)
    set_up("01_input_data")
    once = capfd.readouterr()
    set_up("01_input_data")
    again = capfd.readouterr()
    assert once.err == again.err == ""
    assert once.out == again.out


def test_the_seeds_are_the_same_each_time(monkeypatch, capsys):
    require(monkeypatch)

    def draw() -> tuple[float, float, float]:
        set_up("01_input_data")
        return random.random(), numpy.random.rand(), float(torch.rand(1))

    assert draw() == draw()


def test_an_unknown_notebook_is_named(capsys):
    with pytest.raises(ValueError, match="no notebook '1'; there are 00_tour, 01_input"):
        set_up("1")


def test_a_gpu_is_named_with_its_precision(monkeypatch):
    place_on_gpu(monkeypatch, autocast=torch.float16)
    assert describe_device() == (
        "Computing on the GPU (Tesla T4) in float32 with products in float16 "
        "(a GPU was found)"
    )


def test_labs_start_with_seedling_at_home_whatever_the_device(monkeypatch):
    assert choose_lab_model() == "seedling"
    place_on_gpu(monkeypatch)
    assert choose_lab_model() == "seedling"


def test_on_colab_labs_start_with_a_larger_model_where_there_is_a_gpu(colab, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert choose_lab_model() == "seedling"
    place_on_gpu(monkeypatch)
    assert choose_lab_model() == LAB_MODEL


@pytest.mark.parametrize(("version", "told"), [("7.7.1", []), ("8.1.9", ["enabled"])])
def test_on_colab_the_manager_of_newer_widgets_is_turned_on_only_for_those(
    colab, monkeypatch, capsys, version, told
):
    require(monkeypatch)
    monkeypatch.setattr(ipywidgets, "__version__", version)
    set_up("01_input_data")
    assert colab == told


def test_what_is_installed_here_fits_what_the_package_declares():
    assert [misfit.explain() for misfit in find_misfits()] == []


def test_a_version_out_of_range_is_named_with_what_would_mend_it(capsys, monkeypatch):
    require(monkeypatch, "pytest<1")
    set_up("01_input_data")
    line = capsys.readouterr().out.splitlines()[2]
    version = importlib.metadata.version("pytest")
    assert line == (
        f"Take care: pytest is {version}, pytest<1 is wanted: "
        'pip install "pytest<1"'
    )  # fmt: skip


def test_a_missing_package_stops_with_a_sentence_and_no_traceback(monkeypatch):
    require(monkeypatch, "no-such-package>=2")
    with pytest.raises(SetUpError) as caught:
        set_up("01_input_data")
    assert 'missing: pip install "no-such-package>=2"' in str(caught.value)
    assert caught.value._render_traceback_() == [str(caught.value)]


def test_requirements_of_extras_and_of_other_systems_are_left_out(monkeypatch):
    texts = ['a; extra == "lab"', 'b; sys_platform == "elsewhere"', "c>=1"]
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: texts)
    assert [str(r) for r in notebook.read_requirements()] == ["c>=1"]


def test_a_release_candidate_of_a_package_is_inside_its_range(monkeypatch):
    require(monkeypatch, "torch>=2.11,<3")
    monkeypatch.setattr(notebook, "_read_installed", lambda name: "2.13.0rc1")
    assert list(find_misfits()) == []


def test_a_misfit_is_one_sentence():
    misfit = Misfit(Requirement("torch>=2.11,<3"), "2.10.0")
    assert misfit.explain() == (
        'torch is 2.10.0, torch<3,>=2.11 is wanted: pip install "torch<3,>=2.11"'
    )


def test_the_notebooks_are_numbered_in_their_order():
    assert [notebook.number for notebook in NOTEBOOKS] == list(range(len(NOTEBOOKS)))
    assert find_notebook("04_fine_tuning").heading == "4 · Model fine-tuning"
    assert find_notebook("04_fine_tuning").stars == "★★★"


def test_the_course_is_as_long_as_it_says():
    assert NOTEBOOKS[0].minutes <= 12
    assert all(8 <= notebook.minutes <= 25 for notebook in NOTEBOOKS)
    assert 140 <= sum(notebook.minutes for notebook in NOTEBOOKS) <= 200
