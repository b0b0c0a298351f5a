"""The first line of every notebook: say what this machine is, and make it quiet."""

from __future__ import annotations

import importlib
import importlib.metadata
import random
import sys
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import ipywidgets
from IPython import get_ipython
from packaging.requirements import Requirement

from prompt_or_tune.quiet import quieten_libraries
from prompt_or_tune.syllabus import find_notebook

PACKAGE = "prompt-or-tune"
SEED = 0
LAB_MODEL = "HuggingFaceTB/SmolLM2-360M-Instruct"
"""What labs use on Colab with a GPU; graded tasks use Seedling everywhere."""


class SetUpError(Exception):
    """A package that the course can't do without; the message says what to do."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


@dataclass(frozen=True)
class Misfit:
    """An installed package outside the range that the course declares.

    `installed` is `None` for one that isn't there at all.
    """

    requirement: Requirement
    installed: str | None

    def explain(self) -> str:
        """Return what is wrong, and what would mend it, in one sentence."""
        wanted = str(self.requirement)
        remedy = f'pip install "{wanted}"'
        if self.installed is None:
            return f"{self.requirement.name} is missing: {remedy}"
        return (
            f"{self.requirement.name} is {self.installed}, {wanted} is wanted: {remedy}"
        )


def set_up(name: str) -> None:
    """Prepare a notebook, and print in one line what it runs.

    Quiets what libraries say about themselves, sets the seeds, makes figures sharp, and
    on Colab turns on what its widgets need. torch, which takes seconds to import, waits
    for the first model; that one's `describe` says what it computes on. Versions are
    compared with the ranges that the package declares; what doesn't fit is named, and
    nothing is ever installed or upgraded. Can be run again at any time. Raises
    SetUpError when a package is missing.
    """
    notebook = find_notebook(name)
    quieten_libraries()
    misfits = tuple(find_misfits())
    _stop_for_missing(misfits)
    set_seeds(SEED)
    sharpen_figures()
    if is_on_colab():
        enable_colab_widgets()
    print(f"Prompt or Tune? {read_version()} · {notebook.heading} · seed {SEED}")
    for misfit in misfits:
        print(f"Take care: {misfit.explain()}")


def choose_lab_model() -> str:
    """Return the model that ungraded labs start with.

    On Colab with a GPU a model from the hub; everywhere else Seedling, which is shipped.
    """
    from prompt_or_tune.hardware import choose_precision
    from prompt_or_tune.models import SEEDLING

    if is_on_colab() and choose_precision().device.type == "cuda":
        return LAB_MODEL
    return SEEDLING


def is_on_colab() -> bool:
    """Say whether this kernel runs on Colab: each kernel there loads its package."""
    return "google.colab" in sys.modules


def set_seeds(seed: int) -> None:
    """Seed Python's, NumPy's and torch's random numbers; torch's once it is imported."""
    import numpy

    random.seed(seed)
    numpy.random.seed(seed)
    sys.meta_path[:] = [f for f in sys.meta_path if not isinstance(f, _TorchSeeder)]
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(seed)
    else:
        sys.meta_path.insert(0, _TorchSeeder(seed))


class _TorchSeeder(MetaPathFinder):
    """Seeds torch as soon as anybody imports it: by itself it begins anywhere."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != "torch":
            return None
        sys.meta_path.remove(self)
        spec = find_spec(fullname)
        if spec is None or spec.loader is None:
            return None
        execute = spec.loader.exec_module

        def execute_and_seed(module: ModuleType) -> None:
            execute(module)
            module.manual_seed(self._seed)

        spec.loader.exec_module = execute_and_seed  # type: ignore[method-assign]
        return spec


def sharpen_figures() -> None:
    """Let matplotlib's own figures be drawn at twice the resolution, in notebooks."""
    shell = get_ipython()
    if shell is None:
        return
    shell.config.InlineBackend.figure_formats = {"retina"}
    for part in shell.configurables:  # the backend, where it has been loaded already
        if type(part).__name__ == "InlineBackend":
            part.figure_formats = {"retina"}


def enable_colab_widgets() -> None:
    """Turn on Colab's manager of newer widgets; 7 is what it shows by itself."""
    if int(ipywidgets.__version__.split(".")[0]) < 8:
        return
    output = importlib.import_module("google.colab.output")
    output.enable_custom_widget_manager()


# ── Versions ───────────────────────────────────────────────────────────────────────────


def read_version() -> str:
    """Return the course's version; a bare copy of the repository has it in its file."""
    try:
        return importlib.metadata.version(PACKAGE)
    except importlib.metadata.PackageNotFoundError:
        return str(_read_project_file().get("version", "unknown"))


def find_misfits() -> Iterator[Misfit]:
    """Yield the packages that are missing or outside the declared ranges."""
    for requirement in read_requirements():
        installed = _read_installed(requirement.name)
        if installed is None or not requirement.specifier.contains(
            installed, prereleases=True
        ):
            yield Misfit(requirement, installed)


def read_requirements() -> list[Requirement]:
    """Return what the package declares that it needs, here, without its extras.

    Read from what is installed; in a bare copy of the repository, from its own file.
    """
    try:
        texts = importlib.metadata.requires(PACKAGE) or []
    except importlib.metadata.PackageNotFoundError:
        texts = _read_project_file().get("dependencies", [])
    requirements = [Requirement(text) for text in texts]
    return [r for r in requirements if not r.marker or r.marker.evaluate({"extra": ""})]


def _read_project_file() -> dict[str, Any]:
    """Return the repository's table `project`; empty where there is no repository."""
    file = Path(__file__).parents[2] / "pyproject.toml"
    if not file.is_file():
        return {}
    project: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))["project"]
    return project


def _read_installed(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _stop_for_missing(misfits: tuple[Misfit, ...]) -> None:
    missing = [misfit.explain() for misfit in misfits if misfit.installed is None]
    if missing:
        raise SetUpError(
            "The course can't start here:\n  "
            + "\n  ".join(missing)
            + "\nThen restart the kernel and run this cell again."
        )
