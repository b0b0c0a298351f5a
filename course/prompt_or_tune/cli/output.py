"""Give back what a command made: files, all of them or none, and JSON."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from prompt_or_tune.files import write_atomically
from prompt_or_tune.serialisation import as_json

if TYPE_CHECKING:
    from prompt_or_tune.figures import Drawing
    from prompt_or_tune.show import Document


class OutputError(Exception):
    """Results cannot be written; the message is one sentence for the reader."""


def require_writable(folder: Path) -> None:
    """Raise OutputError unless files can be written in this folder, or it can be made.

    Asked before minutes of work, not after them. Makes nothing.
    """
    present = next(
        f for f in (folder.absolute(), *folder.absolute().parents) if f.exists()
    )
    if not present.is_dir():
        raise OutputError(f"{present} is a file; choose another folder for the results.")
    try:
        # `os.access` answers from the permission bits: wrong on a read-only mount.
        with tempfile.TemporaryFile(dir=present):
            pass
    except OSError as error:
        raise OutputError(_describe(folder, error)) from error


def write_all(folder: Path, files: Mapping[str, str | bytes]) -> list[Path]:
    """Write the files into the folder; if one cannot be written, none is.

    Returns their paths. Raises OutputError (full disk, read-only folder).
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".unfinished-") as waiting:
            for name, content in files.items():
                write_atomically(Path(waiting) / name, content)
            # From here on nothing needs space: only names change.
            return [_move(Path(waiting) / name, folder / name) for name in files]
    except OSError as error:
        raise OutputError(_describe(folder, error)) from error


def write_page(
    folder: Path, name: str, page: Document, figures: Mapping[str, Drawing]
) -> list[Path]:
    """Write a page, and its figures as PNG by their names; return the paths.

    All are written or none. Raises OutputError.
    """
    from prompt_or_tune.show.html import render_document

    files: dict[str, str | bytes] = {
        f"{figure}.png": drawing.render() for figure, drawing in figures.items()
    }
    return write_all(folder, files | {name: render_document(page)})


def _move(source: Path, target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    os.replace(source, target)
    return target


def _describe(folder: Path, error: OSError) -> str:
    reason = error.strerror or str(error)
    return (
        f"The results cannot be written to {folder} ({reason}); make room there, or "
        "choose another folder with --output."
    )


def print_json(value: object, **more: object) -> None:
    """Print a value made of data classes as JSON on stdout, with `more` fields added.

    In ASCII: a pipe's encoding must not decide whether the answer can be printed.
    """
    found = as_json(value)
    if more:
        found |= as_json(more)
    print(json.dumps(found, indent=2, allow_nan=False))
