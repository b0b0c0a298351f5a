"""Files that are no notebooks, or nobody's; they are listed, and stop nothing."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Callable

from nbformat import NotebookNode

from tests.autograde.corpus.honest import ALL_SMALL
from tests.autograde.corpus.submission import Submission, World, as_bytes, solve

MEGABYTE = 2**20


def make_broken() -> list[Submission]:
    """Return the broken part of the corpus."""
    return [
        _not_placed("empty", "nothing at all", b""),
        _not_placed("blank", "blanks are no JSON", b" \n\n "),
        _not_placed("not_json", "a text", b"Dear teacher, my laptop broke."),
        _not_placed("truncated", "half a notebook", lambda data: data[: len(data) // 2]),
        _not_placed("python_script", "the code without the notebook", b"print('hi')\n"),
        _not_placed("a_list", "JSON, but no notebook", b"[1, 2, 3]"),
        _not_placed("null", "JSON, but no notebook", b"null"),
        _not_placed("an_object", "JSON, but no notebook", b"{}"),
        _readable("wrong_version", "format 99, cells as ever", _set(nbformat=99)),
        _readable("version_in_words", "format “four”", _set(nbformat="four")),
        _readable("minor_version_nan", "a minor version that is no number", _put_nan_in),
        _not_placed("cells_are_text", "cells are a list", _set(cells="all right")),
        _not_placed("cells_are_numbers", "a cell is an object", _set(cells=[1, 2])),
        _not_placed("binary", "a picture", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 9),
        _not_placed("zeros", "a disk that was full", bytes(4096)),
        _not_placed("fifty_megabytes", "51 MB of a text", b"x" * (51 * MEGABYTE)),
        _not_placed("huge_notebook", "a notebook of 51 MB", _make_huge),
        _not_placed("deep", "a million brackets", b"[" * 1_000_000),
        _not_placed("deep_inside", "brackets in a notebook", _make_deep),
        _not_placed("gzipped", "a packed notebook", gzip.compress),
        _not_placed("a_zip_called_ipynb", "another packed notebook", _zip),
        _not_placed("no_cells", "a notebook with nothing in it", _set(cells=[])),
        _not_placed("web_page", "GitHub's page of it", b"<!DOCTYPE html><html></html>"),
        Submission(
            "climbing_name",
            "broken",
            "small",
            lambda world: as_bytes(solve(world, "small")),
            None,
            "a name that leads out of the folder is no name",
            file_name="../../../../climbed.ipynb",
        ),
        Submission(
            "other_file",
            "broken",
            "small",
            lambda world: b"%PDF-1.7",
            None,
            "no notebook by its name",
            file_name="small.pdf",
        ),
        Submission(
            "other_course",
            "broken",
            "small",
            lambda world: as_bytes(_make_foreign(world)),
            None,
            "a notebook of another course answers nothing here",
            file_name="cooking.ipynb",
        ),
    ]


def _not_placed(
    name: str, why: str, content: bytes | Callable[[bytes], bytes]
) -> Submission:
    def build(world: World) -> bytes:
        if isinstance(content, bytes):
            return content
        return content(as_bytes(solve(world, "small")))

    return Submission(name, "broken", "small", build, None, why)


def _readable(name: str, why: str, change: Callable[[bytes], bytes]) -> Submission:
    """Break what nobody needs in order to find the answers."""

    def build(world: World) -> bytes:
        return change(as_bytes(solve(world, "small")))

    return Submission(name, "broken", "small", build, ALL_SMALL, why)


def _put_nan_in(data: bytes) -> bytes:
    return data.replace(b'"nbformat_minor": 5', b'"nbformat_minor": NaN')


def _set(**changed: object) -> Callable[[bytes], bytes]:
    return lambda data: json.dumps({**json.loads(data), **changed}).encode()


def _make_huge(data: bytes) -> bytes:
    notebook = json.loads(data)
    notebook["metadata"]["padding"] = "x" * (51 * MEGABYTE)
    return json.dumps(notebook).encode()


def _make_deep(data: bytes) -> bytes:
    deep = b"[" * 50_000 + b"]" * 50_000
    return data.replace(b'"metadata": {', b'"metadata": {"deep": ' + deep + b", ", 1)


def _zip(data: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("small.ipynb", data)
    return packed.getvalue()


def _make_foreign(world: World) -> NotebookNode:
    notebook = world.release("small")
    notebook.cells = notebook.cells[:1]
    notebook.cells[0].source = "# Cooking\n\nPeel the onions."
    notebook.cells[0].id = "onions"
    return notebook
