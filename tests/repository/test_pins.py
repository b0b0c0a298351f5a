"""Ranges in pyproject.toml, pins in constraints.txt, and nothing pinned anywhere else."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
BASE = [Requirement(text) for text in PROJECT["dependencies"]]
EXTRAS = {
    extra: [Requirement(text) for text in texts]
    for extra, texts in PROJECT["optional-dependencies"].items()
}
ALL = BASE + [requirement for extra in EXTRAS.values() for requirement in extra]

# Colab's image of August 2026: nothing that it ships may be upgraded.
COLAB_PYTHON = "3.13"
COLAB = {
    "torch": "2.11.0",
    "transformers": "5.15.0",
    "peft": "0.20.0",
    "accelerate": "1.14.0",
    "tokenizers": "0.22.2",
    "ipywidgets": "7.7.1",
    "ipython": "7.34.0",
    "numpy": "2.1.3",
    "matplotlib": "3.10.0",
}
# What a GPU build of torch asks for; torch pins these itself.
OF_TORCH = re.compile(r"nvidia-|cuda-|triton|rocm|pytorch-triton")


def lines_of(name: str) -> list[str]:
    lines = (
        line.split("#")[0].strip() for line in (ROOT / name).read_text().splitlines()
    )
    return [line for line in lines if line]


def pins() -> dict[str, str]:
    pairs = (line.split("==") for line in lines_of("constraints.txt"))
    return {canonicalize_name(name): version for name, version in pairs}


def test_every_constraint_is_one_exact_public_version():
    exact = re.compile(r"[A-Za-z0-9._-]+==[0-9][0-9a-z.]*")
    assert [ln for ln in lines_of("constraints.txt") if not exact.fullmatch(ln)] == []
    assert len(lines_of("constraints.txt")) == len(pins())


@pytest.mark.parametrize("requirement", ALL, ids=str)
def test_a_range_admits_its_pin(requirement):
    assert pins()[canonicalize_name(requirement.name)] in requirement.specifier


@pytest.mark.parametrize("requirement", BASE, ids=str)
def test_a_range_of_the_base_install_admits_what_colab_ships(requirement):
    shipped = COLAB.get(requirement.name)
    assert shipped is None or shipped in requirement.specifier


def test_colabs_python_and_the_oldest_that_we_name_are_admitted():
    admitted = Requirement(f"x{PROJECT['requires-python']}").specifier
    assert COLAB_PYTHON in admitted
    assert "3.11" in admitted
    assert "3.10" not in admitted


def test_the_base_install_asks_only_for_what_colab_has_or_what_is_small():
    small = {"safetensors", "typer", "rich", "jinja2", "packaging", "platformdirs"}
    small |= {"lazy-loader"}
    assert {requirement.name for requirement in BASE} <= COLAB.keys() | small


def test_the_pins_are_complete():
    missing = {
        name
        for name in needed_by(ALL)
        if name not in pins() and not OF_TORCH.match(name) and is_installed(name)
    }
    assert missing == set()


def test_the_base_install_names_whatever_the_library_imports():
    names = {requirement.name for requirement in BASE}
    distributions = importlib.metadata.packages_distributions()
    undeclared = {
        module
        for module in imported_by(ROOT / "course" / "prompt_or_tune")
        if not names & {canonicalize_name(d) for d in distributions.get(module, [module])}
    }
    # transformers pins those that fit it: a range of ours could only contradict.
    assert undeclared <= {"huggingface_hub"}


@pytest.mark.parametrize(
    "name",
    ["pyproject.toml", "environment.yml", "Makefile", ".ci/run", "README.md",
     ".github/workflows/ci.yml", ".pre-commit-config.yaml"],
)  # fmt: skip
def test_exact_versions_stand_nowhere_else(name):
    assert [line for line in lines_of(name) if re.search(r"\w==\d", line)] == []


def test_conda_and_binder_install_through_the_same_pins():
    assert "- -c constraints.txt" in lines_of("environment.yml")


def imported_by(package: Path) -> set[str]:
    """Return the top-level names of other people's modules that a package imports."""
    found = set()
    for file in package.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.split(".")[0])
    return found - set(sys.stdlib_module_names) - {package.name}


def needed_by(requirements: list[Requirement]) -> set[str]:
    """Return the names of all that an install brings, as far as it is installed here."""
    seen: set[str] = set()
    waiting = list(requirements)
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        if name in seen:
            continue
        seen.add(name)
        waiting += needed_directly_by(name, requirement.extras)
    return seen


def needed_directly_by(name: str, extras: set[str]) -> Iterator[Requirement]:
    texts = importlib.metadata.requires(name) or [] if is_installed(name) else []
    for requirement in map(Requirement, texts):
        marker = requirement.marker
        if not marker or any(marker.evaluate({"extra": e}) for e in {"", *extras}):
            yield requirement


def is_installed(name: str) -> bool:
    try:
        return bool(Version(importlib.metadata.version(name)))
    except importlib.metadata.PackageNotFoundError:
        return False
