"""Three ways to install the library; each brings the weights, the data, the command."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

PACKAGE = Path("course/prompt_or_tune")
# Our own dependencies are there already, and a build that downloads proves nothing.
OFFLINE = ["--no-deps", "--no-build-isolation", "--no-index", "--quiet"]


def run(*command: str | Path, cwd: Path | None = None) -> str:
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def clone(root, repository_files, tmp_path_factory) -> Path:
    """A git repository of exactly the files that are or would be committed."""
    folder: Path = tmp_path_factory.mktemp("clone")
    for file in repository_files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(root / file, folder / file)
    identity = ["-c", "user.name=test", "-c", "user.email=test@example.invalid"]
    run("git", "init", "--quiet", cwd=folder)
    run("git", "add", "--all", cwd=folder)
    run("git", *identity, "commit", "--quiet", "--message", "All", cwd=folder)
    return folder


@pytest.fixture
def pip_install(tmp_path) -> Callable[..., Path]:
    """Install into a folder of its own and return its site-packages."""

    def install(*what: str | Path) -> Path:
        options = ["--ignore-installed", "--prefix", tmp_path]
        run(sys.executable, "-m", "pip", "install", *OFFLINE, *options, *what)
        base = {"base": str(tmp_path), "platbase": str(tmp_path)}
        return Path(sysconfig.get_path("purelib", scheme="posix_prefix", vars=base))

    return install


@pytest.fixture(scope="module")
def shipped(repository_files) -> set[str]:
    """What the installed package must hold, relative to it."""
    inside = [file for file in repository_files if file.is_relative_to(PACKAGE)]
    return {file.relative_to(PACKAGE).as_posix() for file in inside}


def imported_from(site_packages: Path) -> Path:
    """Find the package in an interpreter that knows no other folder."""
    code = (
        f"import site; site.addsitedir({str(site_packages)!r})\n"
        "import importlib.util as u; print(u.find_spec('prompt_or_tune').origin)"
    )
    return Path(run(sys.executable, "-I", "-S", "-c", code).strip()).parent


def missing_in(package: Path, shipped: set[str]) -> list[str]:
    return sorted(name for name in shipped if not (package / name).is_file())


@pytest.fixture(scope="module")
def wheel(clone, tmp_path_factory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", *OFFLINE]
    run(*command, "--wheel-dir", folder, clone)
    (file,) = folder.glob("prompt_or_tune-*-py3-none-any.whl")
    return zipfile.ZipFile(file)


def test_a_wheel_holds_the_whole_package_and_nothing_else(wheel, shipped):
    names = wheel.namelist()
    held = {name.removeprefix("prompt_or_tune/") for name in names}
    assert sorted(shipped - held) == []
    packages = {name.split("/")[0].split("-")[0] for name in names}
    assert packages == {"prompt_or_tune", "autograde"}


def test_no_tool_of_the_authors_ships_and_nothing_that_ships_needs_one(wheel):
    modules = {name: wheel.read(name) for name in wheel.namelist() if name[-3:] == ".py"}
    importing = re.compile(
        rb"^\s*(?:from|import) (?:solutions|jupytext|papermill)\b", re.M
    )
    assert [name for name, text in modules.items() if importing.search(text)] == []
    of_seedling = {Path(name).parent for name in wheel.namelist() if "/seedling/" in name}
    assert of_seedling == {Path("prompt_or_tune/seedling/weights")}


def test_an_install_from_a_git_address_is_complete(clone, shipped, pip_install):
    site_packages = pip_install(f"git+file://{clone}")
    package = imported_from(site_packages)
    assert package == site_packages / "prompt_or_tune"
    assert missing_in(package, shipped) == []


def test_an_installed_package_has_its_flat_front_door(clone, pip_install):
    site_packages = pip_install(clone)
    code = (
        f"import sys; sys.path.insert(0, {str(site_packages)!r})\n"
        "import prompt_or_tune as pt; print(pt.__file__, pt.load_samples()[0].id)"
    )
    file, sample = run(sys.executable, "-c", code).split()
    assert Path(file) == site_packages / "prompt_or_tune" / "__init__.py"
    assert sample


def test_an_editable_install_uses_the_files_of_the_repository(
    clone, shipped, pip_install, tmp_path
):
    package = imported_from(pip_install("--editable", clone))
    assert package == clone / PACKAGE
    assert missing_in(package, shipped) == []
    assert (tmp_path / "bin" / "prompt-or-tune").is_file()
