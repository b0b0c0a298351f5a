"""A machine as Colab gives it, as far as that can be had without Colab.

It is a virtual environment that sees, in this order: its own packages (none at first),
Colab's versions of plain Python packages, then ours for the rest (torch and so on), but
not the course. Its kernel has the stand-in for Colab's package loaded from the start, its
`git` finds the course's address in a clone on this disk, and no network is needed.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).parents[2]
COLAB_PACKAGES = ROOT / "build" / "colab"
STAND_IN = Path(__file__).parent / "stand_in"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
KERNEL = "colab"
SECONDS = 300  # for one cell, set-up included, on a busy machine

# The course itself, which another test may have installed beside the rest.
OWN = "prompt-or-tune"


@dataclass(frozen=True)
class Colab:
    """The machine: its Python, the empty folder that notebooks start in, its settings."""

    python: Path
    content: Path
    environment: dict[str, str]

    def run(self, *command: str) -> str:
        """Run a module with the machine's Python, and return what it prints."""
        result = subprocess.run(
            [self.python, "-m", *command],
            cwd=self.content,
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return result.stdout

    def list_packages(self) -> dict[str, str]:
        """Return what is installed, by name; the course itself left out."""
        listed = json.loads(self.run("pip", "list", "--format=json"))
        return {p["name"]: p["version"] for p in listed if p["name"] != OWN}

    def execute(self, notebook: Any) -> Any:
        """Run all cells of a notebook in one kernel, errors included; return it."""
        client = NotebookClient(
            notebook,
            kernel_name=KERNEL,
            timeout=SECONDS,
            allow_errors=True,
            resources={"metadata": {"path": str(self.content)}},
        )
        # Kernels are looked for by this process's own settings.
        with patch.dict(os.environ, self.environment, clear=True):
            return client.execute()


def build(folder: Path) -> Colab:
    """Make the machine in an empty folder."""
    environment_folder = folder / "machine"
    venv.create(environment_folder, with_pip=False, symlinks=True)
    python = environment_folder / "bin" / "python"
    _lend_packages(environment_folder)
    content = folder / "content"
    content.mkdir()
    environment = _make_environment(folder, _make_repository(folder / "repository"))
    _write_kernel(folder / "jupyter" / "kernels" / KERNEL, python)
    return Colab(python, content, environment)


def _lend_packages(environment: Path) -> None:
    """Let the machine see Colab's packages and ours, after its own.

    A plain path in a .pth file is searched, but .pth files there are not read: so a
    course that is installed here in place is not seen.
    """
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    site = environment / "lib" / version / "site-packages"
    ours = dict.fromkeys(sysconfig.get_path(kind) for kind in ("purelib", "platlib"))
    lines = [str(COLAB_PACKAGES), *ours, str(STAND_IN), "import google.colab"]
    (site / "machine.pth").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _make_repository(folder: Path) -> Path:
    """Make a repository of the working tree, tagged with the course's version."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    for name in filter(None, listing.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    author = ("-c", "user.name=Test", "-c", "user.email=test@example.org")
    for git in (
        ("init", "--quiet"),
        ("add", "--all", "--force"),
        (*author, "commit", "--quiet", "--message", "The working tree"),
        ("tag", f"v{PROJECT['version']}"),
    ):
        subprocess.run(["git", *git], cwd=folder, check=True, capture_output=True)
    return folder


def _make_environment(folder: Path, repository: Path) -> dict[str, str]:
    """Return settings under which pip and git reach this disk and nothing else."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "PYTHON"))}
    git = {
        f"url.{repository.as_uri()}.insteadOf": PROJECT["urls"]["Repository"],
        "safe.directory": "*",
    }
    for i, (key, value) in enumerate(git.items()):
        kept |= {f"GIT_CONFIG_KEY_{i}": key, f"GIT_CONFIG_VALUE_{i}": value}
    return kept | {
        "GIT_CONFIG_COUNT": str(len(git)),
        "GIT_ALLOW_PROTOCOL": "file",
        "PIP_NO_INDEX": "1",
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        # Reads as its opposite: the option is a "no", and its value is inverted.
        "PIP_NO_BUILD_ISOLATION": "0",
        "JUPYTER_PATH": str(folder / "jupyter"),
        "IPYTHONDIR": str(folder / "ipython"),
        "PROMPT_OR_TUNE_DATA": str(folder / "progress"),
        "HF_HUB_OFFLINE": "1",
    }


def _write_kernel(folder: Path, python: Path) -> None:
    folder.mkdir(parents=True)
    argv = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": argv, "display_name": "Colab", "language": "python"}
    (folder / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")


def read_notebook(name: str) -> Any:
    """Return a released notebook as a learner gets it."""
    file = ROOT / "course" / name / f"{name}.ipynb"
    return nbformat.read(file, as_version=4)
