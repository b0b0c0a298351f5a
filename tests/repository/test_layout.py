"""What lies where, and what must stand in no file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TOP_LEVEL = {
    "course", "solutions", "autograde", "tests", "environment.yml", "Makefile",
    "README.md", "LICENSE", "pyproject.toml", "constraints.txt",
    ".gitignore", ".ci", ".github", ".pre-commit-config.yaml",
}  # fmt: skip

# Put together here, so that this file does not hold them itself.
HOSTS = [
    "pypi" + ".org",
    "files.python" + "hosted.org",
    "download.py" + "torch.org",
    "conda.ana" + "conda.org",
    "registry.npm" + "js.org",
]
PATHS_OF_A_MACHINE = ["/" + "root/", "/" + "opt/", "/" + "work/", "/" + "Users/"]


def text_of(path: Path) -> str:
    return path.read_bytes().decode("utf-8", errors="ignore")


def test_the_top_level_holds_what_the_readme_explains(repository_files):
    assert {path.parts[0] for path in repository_files} <= TOP_LEVEL


@pytest.mark.parametrize("text", HOSTS + PATHS_OF_A_MACHINE)
def test_no_file_names_a_package_registry_or_a_path_of_a_machine(
    text, root, repository_files
):
    assert [str(f) for f in repository_files if text in text_of(root / f)] == []


def test_every_link_in_a_markdown_file_leads_to_a_file(root, repository_files):
    broken = []
    for file in (f for f in repository_files if f.suffix == ".md"):
        for target in re.findall(r"\]\(([^)\s#]+)", text_of(root / file)):
            if "://" not in target and not (root / file).parent.joinpath(target).exists():
                broken.append(f"{file}: {target}")
    assert broken == []


def test_every_make_command_of_the_readme_is_a_target(root):
    commands = set(re.findall(r"\bmake ([a-z]+)\b", text_of(root / "README.md")))
    targets = set(re.findall(r"^([a-z]+):", text_of(root / "Makefile"), re.MULTILINE))
    assert {"tour", "lab", "test", "help"} <= commands <= targets


def test_the_readme_has_one_place_for_the_result(root):
    readme = text_of(root / "README.md")
    start, end = "<!-- result:start -->", "<!-- result:end -->"
    assert readme.count(start) == readme.count(end) == 1
    assert readme.index(start) < readme.index(end)


def test_every_script_of_ci_can_be_executed(root):
    assert (root / ".ci" / "run").stat().st_mode & 0o111
