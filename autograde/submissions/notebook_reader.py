"""Read what came in as a notebook: any editor's, any encoding, hostile or not.

What is kept is what an answer can be found by and made of: sources, kinds, ids, tags and
nbgrader's marks. Outputs, widgets and what Colab notes about a person are left out here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from nbformat import NotebookNode, from_dict
from prompt_or_tune.wording import shorten

from autograde.errors import AutogradeError

LARGEST = 50 * 2**20  # bytes of a file; outputs with figures are most of a large one
LARGEST_TEXT = 4 * 2**20  # characters in all its cells
MOST_CELLS = 2000

_BEGINNINGS = {
    b"PK\x03\x04": "it is a zip archive (or an office document)",
    b"%PDF": "it is a PDF",
    b"\x89PNG": "it is a picture",
    b"\xff\xd8\xff": "it is a picture",
    b"\x1f\x8b": "it is a compressed file",
    b"<": "it is a web page; the notebook itself must be downloaded",
}
_KINDS = {"code": "code", "markdown": "markdown", "heading": "markdown", "raw": "raw"}


class NotANotebook(AutogradeError):  # noqa: N818  # the reason, in words, for a list
    """A file from which no cell can be had; the message says why."""


def read_notebook(data: bytes) -> NotebookNode:
    """Return a notebook of format 4.5 with the cells of a file, bare of all else.

    Every text in it is plain and can be written as UTF-8. Formats 2 to 4 are known, also
    with parts missing. Raises `NotANotebook`.
    """
    if len(data) > LARGEST:
        raise NotANotebook(f"it is larger than {LARGEST // 2**20} MB")
    cells = [_clean_cell(cell) for cell in _find_cells(_read_json(data))]
    if len(cells) > MOST_CELLS:
        raise NotANotebook(f"it has more than {MOST_CELLS} cells")
    if sum(len(cell["source"]) for cell in cells) > LARGEST_TEXT:
        raise NotANotebook(f"its cells hold more than {LARGEST_TEXT // 2**20} MB of text")
    if not any(cell["source"].strip() for cell in cells):
        raise NotANotebook("it has no cell with anything in it")
    return from_dict({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells})


def _read_json(data: bytes) -> Any:
    if not data.strip(b"\0\t\r\n "):
        raise NotANotebook("it is empty")
    for beginning, reason in _BEGINNINGS.items():
        if data.lstrip()[:8].startswith(beginning):
            raise NotANotebook(reason)
    try:
        return json.loads(_decode(data))
    except RecursionError:
        raise NotANotebook("its JSON is nested too deeply") from None
    except ValueError as error:
        raise NotANotebook(f"it is not JSON ({shorten(str(error), 80)})") from None


def _decode(data: bytes) -> str:
    """Return the text of JSON; editors on Windows write UTF-16, and cp1252 happens."""
    for encoding in (json.detect_encoding(data), "cp1252"):
        try:
            return data.decode(encoding).removeprefix("\ufeff")
        except UnicodeDecodeError:
            continue
    raise NotANotebook("it is no text in any encoding that editors write")


def _find_cells(read: Any) -> Iterator[Mapping[str, Any]]:
    if not isinstance(read, dict):
        raise NotANotebook("it is JSON, but no notebook")
    sheets = [read]
    if "cells" not in read and isinstance(read.get("worksheets"), list):  # formats 2, 3
        sheets = [sheet for sheet in read["worksheets"] if isinstance(sheet, dict)]
    lists = [sheet["cells"] for sheet in sheets if isinstance(sheet.get("cells"), list)]
    if not lists:
        raise NotANotebook("it is JSON, but no notebook: it has no list of cells")
    for cell in (cell for cells in lists for cell in cells):
        if isinstance(cell, dict):
            yield cell


def _clean_cell(cell: Mapping[str, Any]) -> dict[str, Any]:
    kind = cell.get("cell_type")
    source = _join(cell.get("source", cell.get("input")))
    if kind == "heading":
        source = "#" * _find_level(cell.get("level")) + " " + source
    read = cell.get("metadata")
    found = read if isinstance(read, dict) else {}
    metadata: dict[str, Any] = {}
    marks = found.get("nbgrader")
    if isinstance(marks, dict) and _plain(marks.get("grade_id")):
        metadata["nbgrader"] = {"grade_id": _plain(marks["grade_id"])}
    if _plain(found.get("id")):
        metadata["id"] = _plain(found["id"])
    clean: dict[str, Any] = {
        "cell_type": _KINDS.get(kind, "raw") if isinstance(kind, str) else "raw",
        "id": _plain(cell.get("id")),
        "metadata": metadata,
        "source": source,
    }
    if clean["cell_type"] == "code":
        clean |= {"execution_count": None, "outputs": []}
    elif pictures := _clean_attachments(cell.get("attachments")):
        clean["attachments"] = pictures
    return clean


def _join(source: Any) -> str:
    lines = source if isinstance(source, list) else [source]
    text = "".join(line for line in lines if isinstance(line, str))
    return make_writable(text.replace("\r\n", "\n").replace("\r", "\n"))


def make_writable(text: str) -> str:
    """Return a text that UTF-8 can hold, without halves of surrogate pairs."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _plain(value: Any) -> str:
    return make_writable(value)[:128] if isinstance(value, str) else ""


def _find_level(level: Any) -> int:
    return min(max(level, 1), 6) if isinstance(level, int) else 1


def _clean_attachments(attachments: Any) -> dict[str, dict[str, str]]:
    """Return the pictures that stand in a written answer: someone reads them."""
    if not isinstance(attachments, dict):
        return {}
    return {
        make_writable(name): {"image/" + kind: data[f"image/{kind}"]}
        for name, data in attachments.items()
        for kind in ("png", "jpeg", "gif")
        if isinstance(data, dict)
        and isinstance(data.get(f"image/{kind}"), str)
        and data[f"image/{kind}"].isascii()
    }
