"""The command line of bubblewrap: what a process inside it sees of this machine."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import prompt_or_tune

import autograde
from autograde.sandbox.namespaces import SCRATCH

NOBODY = "65534"
PACKAGES = [Path(prompt_or_tune.__path__[0]), Path(autograde.__path__[0])]
SYSTEM = [  # as far as it is there
    "/usr",
    "/etc/alternatives",
    "/etc/ld.so.cache",
    "/etc/fonts",
    "/etc/mime.types",
    "/sys/devices/system/cpu",  # how many there are, for torch
]
TOP_FOLDERS = ["/bin", "/lib", "/lib32", "/lib64", "/sbin"]


def wrap_command(command: Sequence[str]) -> list[str]:
    """Return a command that runs another inside bubblewrap.

    What it sees: the system's programs, Python with its packages, and the folders of
    `prompt_or_tune` and `autograde`, all for reading; nothing else of this machine. It
    has no network. Run by root, it becomes nobody, for whom limits count.
    """
    wrapped = [
        "bwrap",
        "--unshare-pid",
        "--unshare-net",
        "--unshare-ipc",
        "--unshare-uts",
        "--hostname",
        "sandbox",
        "--new-session",
        "--as-pid-1",  # all inside ends with the parent, and the parent with us
        *_show_top_folders(),
        *("--perms", "1777", "--tmpfs", SCRATCH),
        *_show_places(),
        # Not --proc: with its covers the kernel would let no child mount one of its own.
        *("--bind", "/proc", "/proc"),
        *("--dev", "/dev"),
        *("--remount-ro", "/dev"),
        *("--remount-ro", "/"),
        *("--chdir", SCRATCH),
    ]
    if os.getuid() != 0:
        return [*wrapped, "--unshare-user", *command]
    become_nobody = [
        "setpriv",
        *("--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"),
        *("--inh-caps=-all", "--bounding-set=-all", "--no-new-privs"),
    ]
    return [*wrapped, *become_nobody, *command]


def _show_top_folders() -> Iterator[str]:
    for folder in TOP_FOLDERS:
        if os.path.islink(folder):
            yield from ("--symlink", os.readlink(folder), folder)
        elif os.path.isdir(folder):
            yield from ("--ro-bind", folder, folder)


def _show_places() -> Iterator[str]:
    visible = list(dict.fromkeys([*SYSTEM, *_find_python()]))
    covered = find_covered()
    for place in _find_folders_above([*visible, *covered]):
        yield from ("--perms", "0755", "--dir", place)
    for place in visible:
        yield from ("--ro-bind-try", place, place)
    for spare, place in covered.items():
        yield from ("--ro-bind-try", place, spare)


def is_visible_inside(path: Path) -> bool:
    """Return whether code in the sandbox can read a file or folder of this machine."""
    visible = [*SYSTEM, *_find_python()]
    return any(path.resolve().is_relative_to(Path(place).resolve()) for place in visible)


def _find_python() -> Iterator[str]:
    """Yield the files and folders that make this Python, with our two packages."""
    for place in (sys.prefix, sys.base_prefix, *map(str, PACKAGES)):
        if not place.startswith("/usr/") and place != "/usr":
            yield place
    # A copy of the repository that is not installed: its versions are told there.
    project = PACKAGES[0].parent.parent / "pyproject.toml"
    if project.is_file():
        yield str(project)


def find_covered() -> dict[str, str]:
    """Return what a child's scratch folder would cover, by where it stands besides."""
    scratch = Path(SCRATCH)
    below = [place for place in _find_python() if scratch in Path(place).parents]
    return {f"/.covered/{number}": place for number, place in enumerate(below)}


def _find_folders_above(places: Sequence[str]) -> list[str]:
    """Return the folders that lead to some places, outermost first."""
    folders = {str(above) for place in places for above in Path(place).parents}
    return sorted(folders - {"/"})
