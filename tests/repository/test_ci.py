"""What checks the repository elsewhere: one script, and it calls `make test`."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
import yaml

from tests.check import LINTERS

COMMANDS_OF_A_SYSTEM = ["bash", "dirname"]


@pytest.fixture
def run_ci(root, tmp_path):
    """Run .ci/run with a PATH of its own, on which `make` only says how it was called."""

    def run(present: list[str], user: int = 1000) -> subprocess.CompletedProcess[str]:
        for name in COMMANDS_OF_A_SYSTEM:
            (tmp_path / name).symlink_to(shutil.which(name) or name)
        act(tmp_path / "id", f"echo {user}")
        for name in present:
            act(tmp_path / name, f'echo "{name} $*"')
        return subprocess.run(
            ["bash", root / ".ci" / "run"],
            env={"PATH": str(tmp_path)},
            capture_output=True,
            text=True,
        )

    return run


def act(path: Path, command: str) -> None:
    path.write_text(f"#!{shutil.which('sh')}\n{command}\n")
    path.chmod(0o755)


def test_where_nothing_is_missing_it_calls_make_test_and_no_more(run_ci):
    done = run_ci(["make", "git", "python3", "bwrap", "chromium"], user=0)
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == "make test"
    assert "apt-get" not in done.stdout


def test_root_gets_what_is_missing_from_the_system(run_ci):
    done = run_ci(["make", "python3", "apt-get"], user=0)
    assert done.returncode == 0
    assert "apt-get install --yes git bubblewrap chromium fonts-" in done.stdout
    assert done.stdout.splitlines()[-1] == "make test"


@pytest.mark.parametrize(
    ("present", "named"),
    [
        (["git", "python3", "bwrap", "chromium"], "make"),
        (["git", "make", "bwrap", "chromium"], "python3-venv"),
        (["git", "make", "python3", "bwrap"], "chromium"),
        (["git", "make", "python3", "chromium"], "bubblewrap"),
    ],
)
def test_anyone_else_is_told_what_is_missing(run_ci, present, named):
    done = run_ci([*present, "apt-get"], user=1000)
    assert done.returncode != 0
    assert f"Missing here: {named}" in done.stderr
    assert "apt-get" not in done.stdout
    assert "make test" not in done.stdout


@pytest.mark.parametrize("browser", ["chromium", "chromium-browser", "google-chrome"])
def test_any_browser_of_that_family_will_do(run_ci, browser):
    done = run_ci(["make", "git", "python3", "bwrap", browser])
    assert done.returncode == 0, done.stderr


def test_github_runs_the_same_script_on_the_oldest_python_and_on_colabs(root):
    text = (root / ".github" / "workflows" / "ci.yml").read_text()
    job = yaml.safe_load(text)["jobs"]["test"]
    assert job["strategy"]["matrix"]["python-version"] == ["3.11", "3.13"]
    set_up, check = [step["run"] for step in job["steps"] if "run" in step]
    assert "bubblewrap" in set_up
    assert check == "bash .ci/run"


def test_the_commit_hooks_are_valid_and_run_the_linters_of_make_check(root, tmp_path):
    config = root / ".pre-commit-config.yaml"
    command = [sys.executable, "-m", "pre_commit", "validate-config", str(config)]
    home = {**os.environ, "PRE_COMMIT_HOME": str(tmp_path)}
    assert subprocess.run(command, env=home).returncode == 0
    (local,) = yaml.safe_load(config.read_text())["repos"]
    hooks = {as_typed(hook["entry"].split()) for hook in local["hooks"]}
    linters = {as_typed(words) for words in LINTERS.values()}
    assert {hook.replace(" --force-exclude", "") for hook in hooks} == linters


def as_typed(words: Iterable[str]) -> str:
    """Return a command without the place of Python, and without the files it is given."""
    text = " ".join(Path(word).name if "/bin/" in word else word for word in words)
    return re.sub(r"^python\S* -m ", "", text).replace(" --check", "").removesuffix(" .")
