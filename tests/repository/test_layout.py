"""What lies where, and what must stand in no file."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

TOP_LEVEL = {
    "course", "solutions", "autograde", "tests", "environment.yml", "Makefile",
    "README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "CITATION.cff",
    "LICENSE", "pyproject.toml", "constraints.txt",
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


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_every_make_command_of_a_page_is_a_target(root, page):
    commands = set(
        re.findall(r"^make ([a-z]+)|`make ([a-z]+)", text_of(root / page), re.M)
    )
    targets = set(re.findall(r"^([a-z]+):", text_of(root / "Makefile"), re.MULTILINE))
    named = {name for pair in commands for name in pair if name}
    assert {"check", "test"} <= named <= targets


def test_a_contributor_first_reads_the_two_loops(root):
    code = text_of(root / "CONTRIBUTING.md").split("```")[1]
    assert re.findall(r"^make (\w+)", code, re.MULTILINE) == ["check", "test"]


def test_every_file_that_a_contributor_is_sent_to_is_there(root):
    """NAME and the like stand for what is to be added."""
    text = text_of(root / "CONTRIBUTING.md")
    named = re.findall(r"`([a-z_]+(?:/[\w.]+)+|[\w.]+\.(?:py|md|toml|txt))/?`", text)
    there = [n for n in named if not re.search(r"NAME|NN_|NOTEBOOK|TASK", n)]
    assert len(there) > 5
    assert [name for name in there if not (root / name).exists()] == []


def test_the_changes_have_an_entry_for_this_version_and_room_for_the_next(root):
    version = tomllib.loads(text_of(root / "pyproject.toml"))["project"]["version"]
    entries = re.findall(r"^## (\S+)", text_of(root / "CHANGELOG.md"), re.MULTILINE)
    assert entries[:2] == ["Unreleased", version]


def test_the_readme_has_one_place_for_the_result(root):
    readme = text_of(root / "README.md")
    start, end = "<!-- result:start -->", "<!-- result:end -->"
    assert readme.count(start) == readme.count(end) == 1
    assert readme.index(start) < readme.index(end)


def test_every_script_of_ci_can_be_executed(root):
    assert (root / ".ci" / "run").stat().st_mode & 0o111
