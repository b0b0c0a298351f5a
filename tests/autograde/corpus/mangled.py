"""Honest answers in notebooks that editors, clouds and students have mangled."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output, new_raw_cell

from tests.autograde.corpus.honest import ALL_SMALL, less
from tests.autograde.corpus.submission import (
    Build,
    Points,
    Submission,
    World,
    as_bytes,
    solve,
)

Mangle = Callable[[NotebookNode], NotebookNode | None]
WRONG = "def double(number):\n    return number"


def make_mangled() -> list[Submission]:
    """Return the mangled part of the corpus."""
    return [
        *_make_named(),
        _mangled("no_marks", "cell ids are marks too", strip_marks),
        _mangled("no_ids", "nbgrader's marks are enough", strip_ids),
        _mangled("no_marks_no_ids", "a signature is a mark too", strip_everything),
        _mangled("from_colab", "what Colab adds is dropped", pass_through_colab),
        _mangled("born_in_colab", "minor version 0, metadata.id alone", be_born_in_colab),
        _mangled("moved", "order is no answer", move_tasks),
        _mangled("split", "both parts are the answer", split_answer),
        _mangled("split_without_marks", "both parts, neither marked", split_unmarked),
        _mangled(
            "duplicated_right_last", "of duplicates the last counts", duplicate_right
        ),
        _mangled(
            "duplicated_wrong_last",
            "of duplicates the last counts",
            duplicate_wrong,
            less(ALL_SMALL, "double_test"),
        ),
        _mangled("tests_duplicated", "the released test counts, once", duplicate_tests),
        _mangled("tests_deleted", "tests come from the release", delete_tests),
        _mangled("tests_edited", "and edits of them go", edit_tests),
        _mangled("test_retyped", "a test that became text is a test", retype_test),
        _mangled("answer_retyped", "an answer that became text is code", retype_answer),
        _mangled("answer_retyped_raw", "or raw text", retype_answer_raw),
        _mangled("typed_again", "the answer cell deleted and typed anew", type_again),
        _mangled(
            "own_cell_below", "the stub kept, the answer below it", answer_below_stub
        ),
        _mangled("text_deleted", "nobody needs the prose", delete_prose),
        _mangled("own_cells", "own cells between all others", add_own_cells),
        _mangled("other_kernel", "a kernel that is not here", name_other_kernel),
        _mangled("no_notebook_metadata", "nothing says what it is", drop_metadata),
        _mangled("old_errors", "outputs of old runs count nothing", put_errors_in),
        _mangled("huge_output", "20 MB of an honest output", put_much_output_in),
        _written("malformed_output", "nobody reads old outputs", _malform_outputs),
        _mangled("widgets", "widgets without their state", add_widgets),
        _mangled("attachments", "a picture in the text", add_attachment),
        _written("format_3", "an editor of 2014", write_as_format_3),
        _written("with_bom", "a byte-order mark", lambda data: b"\xef\xbb\xbf" + data),
        _written("utf_16", "UTF-16", lambda data: data.decode().encode("utf-16")),
        _written("carriage_returns", "Windows' line ends", _add_carriage_returns),
        _written("latin_1", "one byte that is no UTF-8", _put_latin_in),
        _written("sources_as_text", "sources as one text, no indent", _write_compactly),
        _written("no_cell_metadata", "cells without metadata", _drop_cell_metadata),
        *_make_versions(),
    ]


def _make_named() -> list[Submission]:
    names = {
        "copy_of": "Copy of small.ipynb",
        "browser_number": "small (1).ipynb",
        "kopie": "Kopie von small.ipynb",
        "two_copies": "Copy of Copy of small (2).ipynb",
        "upper_case": "SMALL.ipynb",
        "own_name": "Untitled3.ipynb",
        "dashed_number": "small-2.ipynb",
    }
    return [
        Submission(
            f"named_{name}",
            "mangled",
            "small",
            lambda world: as_bytes(solve(world, "small")),
            ALL_SMALL,
            f"it is called {file_name}",
            file_name=file_name,
            look=False,
        )
        for name, file_name in names.items()
    ]


def _make_versions() -> list[Submission]:
    def wrong(world: World) -> bytes:
        return as_bytes(solve(world, "small", double=WRONG))

    def right(world: World) -> bytes:
        return as_bytes(solve(world, "small"))

    def without_tests(world: World) -> bytes:
        notebook = solve(world, "small", double=WRONG)
        delete_tests(notebook)
        return as_bytes(notebook)

    def make(name: str, why: str, points: Points, *builds: Build) -> Submission:
        *earlier, newest = builds
        return Submission(name, "mangled", "small", newest, points, why, earlier=earlier)

    worse = less(ALL_SMALL, "double_test")
    return [
        make("second_better", "the newest version counts", ALL_SMALL, wrong, right),
        make("second_worse", "the newest version counts", worse, right, wrong),
        make("third", "the newest of three", ALL_SMALL, wrong, wrong, right),
        make("worse_without_tests", "no old points stay", worse, right, without_tests),
    ]


def _mangled(
    name: str, why: str, mangle: Mangle, points: Points = ALL_SMALL
) -> Submission:
    def build(world: World) -> bytes:
        notebook = solve(world, "small")
        return as_bytes(mangle(notebook) or notebook)

    return Submission(name, "mangled", "small", build, points, why)


def _written(name: str, why: str, rewrite: Callable[[bytes], bytes]) -> Submission:
    def build(world: World) -> bytes:
        return rewrite(as_bytes(solve(world, "small")))

    return Submission(name, "mangled", "small", build, ALL_SMALL, why)


# ── What happens to notebooks ───────────────────────────────────────────────────────────


def find(notebook: NotebookNode, grade_id: str) -> int:
    """Return where the cell with a grade id stands."""
    ids = [c.metadata.get("nbgrader", {}).get("grade_id") for c in notebook.cells]
    return ids.index(grade_id)


def is_test(cell: NotebookNode) -> bool:
    """Say whether a cell is a test as the release has them."""
    marks = cell.metadata.get("nbgrader", {})
    return bool(marks.get("grade") and not marks.get("solution"))


def strip_marks(notebook: NotebookNode) -> None:
    """Forget nbgrader's marks."""
    for cell in notebook.cells:
        cell.metadata.pop("nbgrader", None)


def strip_ids(notebook: NotebookNode) -> None:
    """Forget the ids of cells."""
    for cell in notebook.cells:
        cell.pop("id")
    notebook.nbformat_minor = 4


def strip_everything(notebook: NotebookNode) -> None:
    """Forget marks and ids."""
    strip_marks(notebook)
    strip_ids(notebook)


def pass_through_colab(notebook: NotebookNode) -> None:
    """Add what Colab adds, and lose what it loses."""
    for cell in notebook.cells:
        cell.metadata["id"] = cell.id
        if cell.cell_type == "code":
            cell.metadata["executionInfo"] = {
                "status": "ok",
                "user": {"displayName": "Pat Example", "userId": "1234567890"},
            }
            cell.metadata["outputId"] = "0b5c"
    notebook.metadata = nbformat.from_dict(
        {
            "colab": {"provenance": [], "toc_visible": True},
            "kernelspec": {"name": "python3", "display_name": "Python 3"},
        }
    )
    add_widgets(notebook)
    mount = "from google.colab import drive\n\ndrive.mount('/content/drive')"
    notebook.cells.insert(0, new_code_cell(mount, metadata={"id": "Xy12"}))


def be_born_in_colab(notebook: NotebookNode) -> None:
    """Have ids in `metadata.id` alone, no marks, and minor version 0."""
    for cell in notebook.cells:
        cell.metadata["id"] = cell.pop("id")
    strip_marks(notebook)
    notebook.nbformat_minor = 0


def move_tasks(notebook: NotebookNode) -> None:
    """Put the last half of the cells first."""
    middle = find(notebook, "double") - 1
    notebook.cells = notebook.cells[middle:] + notebook.cells[:middle]


def split_answer(notebook: NotebookNode) -> None:
    """Cut an answer in its middle, as an editor's Ctrl-Shift-Minus does."""
    at = find(notebook, "double")
    head, body = notebook.cells[at].source.split("\n", 1)
    notebook.cells[at].source = head
    notebook.cells.insert(at + 1, new_code_cell(body))


def split_unmarked(notebook: NotebookNode) -> None:
    """Cut an answer that has lost its marks."""
    strip_marks(notebook)
    ids = [cell.id for cell in notebook.cells]
    at = ids.index("longest")
    first, second = notebook.cells[at].source.split("\n", 1)
    notebook.cells[at].source = first
    notebook.cells.insert(at + 1, new_code_cell(second))


def duplicate_right(notebook: NotebookNode) -> None:
    """Copy an answer's cell, marks and all; the first one is wrong."""
    at = find(notebook, "double")
    wrong = nbformat.from_dict(notebook.cells[at])
    wrong.source, wrong.id = WRONG, "copied"
    notebook.cells.insert(at, wrong)


def duplicate_wrong(notebook: NotebookNode) -> None:
    """Copy an answer's cell, marks and all; the last one is wrong."""
    at = find(notebook, "double")
    wrong = nbformat.from_dict(notebook.cells[at])
    wrong.source, wrong.id = WRONG, "copied"
    notebook.cells.insert(at + 1, wrong)


def duplicate_tests(notebook: NotebookNode) -> None:
    """Copy every test."""
    doubled: list[Any] = []
    for cell in notebook.cells:
        doubled.append(cell)
        if is_test(cell):
            doubled.append(nbformat.from_dict({**cell, "id": f"{cell.id}-again"}))
    notebook.cells = doubled


def delete_tests(notebook: NotebookNode) -> None:
    """Throw every test away."""
    notebook.cells = [cell for cell in notebook.cells if not is_test(cell)]


def edit_tests(notebook: NotebookNode) -> None:
    """Play with the tests, as learners do."""
    for cell in notebook.cells:
        if is_test(cell):
            cell.source = "print(double(3))\n" + cell.source.replace("==", "!=")


def retype_test(notebook: NotebookNode) -> None:
    """Turn a test into text, by a slip on the keyboard (m)."""
    at = find(notebook, "double_test")
    cell = notebook.cells[at]
    notebook.cells[at] = new_markdown_cell(
        cell.source, id=cell.id, metadata=cell.metadata
    )


def retype_answer(notebook: NotebookNode) -> None:
    """Turn an answer into text."""
    at = find(notebook, "double")
    cell = notebook.cells[at]
    notebook.cells[at] = new_markdown_cell(
        cell.source, id=cell.id, metadata=cell.metadata
    )


def retype_answer_raw(notebook: NotebookNode) -> None:
    """Turn an answer into raw text."""
    at = find(notebook, "double")
    cell = notebook.cells[at]
    notebook.cells[at] = new_raw_cell(cell.source, id=cell.id, metadata=cell.metadata)


def type_again(notebook: NotebookNode) -> None:
    """Delete an answer's cell, and write it into a new one."""
    at = find(notebook, "double")
    notebook.cells[at] = new_code_cell(notebook.cells[at].source)


def answer_below_stub(notebook: NotebookNode) -> None:
    """Leave the stub as it was, and answer in a cell below it."""
    at = find(notebook, "double")
    solution = notebook.cells[at].source
    head = solution.split("\n### BEGIN", 1)[0].split("    ### BEGIN")[0]
    notebook.cells[at].source = f"{head}    pass  # your code here"
    notebook.cells.insert(at + 1, new_code_cell(solution))


def delete_prose(notebook: NotebookNode) -> None:
    """Delete every text that is no answer."""
    notebook.cells = [
        c for c in notebook.cells if c.cell_type == "code" or "nbgrader" in c.metadata
    ]


def add_own_cells(notebook: NotebookNode) -> None:
    """Put a cell of one's own between any two."""
    mixed: list[Any] = []
    for number, cell in enumerate(notebook.cells):
        mixed += [cell, new_code_cell(f"scratch = {number}\nprint(scratch)")]
    notebook.cells = mixed


def name_other_kernel(notebook: NotebookNode) -> None:
    """Come from a machine with its own kernels."""
    notebook.metadata.kernelspec = {
        "name": "conda-env-ml-py",
        "display_name": "Python [conda env:ml]",
        "language": "python",
    }


def drop_metadata(notebook: NotebookNode) -> None:
    """Forget what language this is."""
    notebook.metadata = nbformat.from_dict({})


def put_errors_in(notebook: NotebookNode) -> None:
    """Show errors of an earlier run everywhere."""
    error = {"ename": "NameError", "evalue": "double", "traceback": ["NameError"]}
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [new_output("error", **error)]
            cell.execution_count = 7


def put_much_output_in(notebook: NotebookNode) -> None:
    """Show a long log."""
    text = "epoch 1: loss 0.5\n" * (20 * 2**20 // 18)
    cell = notebook.cells[find(notebook, "double")]
    cell.outputs = [new_output("stream", name="stdout", text=text)]


def add_widgets(notebook: NotebookNode) -> None:
    """Keep widgets without their state, which nbconvert can't read."""
    model = {"model_module": "@jupyter-widgets/controls", "model_name": "HTMLModel"}
    notebook.metadata["widgets"] = {
        "application/vnd.jupyter.widget-state+json": {"0a1b": model}
    }


def add_attachment(notebook: NotebookNode) -> None:
    """Paste a picture into the text."""
    picture = new_markdown_cell("![p](attachment:p.png)", id="picture")
    picture["attachments"] = {"p.png": {"image/png": "iVBORw0KGgo="}}
    notebook.cells.insert(1, picture)


# ── What happens to files ───────────────────────────────────────────────────────────────


def write_as_format_3(data: bytes) -> bytes:
    """Write as IPython 2 did: worksheets, no ids."""
    notebook = nbformat.reads(data.decode(), as_version=4)
    return nbformat.writes(nbformat.convert(notebook, 3), version=3).encode()


def _add_carriage_returns(data: bytes) -> bytes:
    content = json.loads(data)
    for cell in content["cells"]:
        cell["source"] = "".join(cell["source"]).replace("\n", "\r\n")
    return json.dumps(content).encode().replace(b"\n", b"\r\n")


def _put_latin_in(data: bytes) -> bytes:
    return data.replace(b"# A small assignment", b"# A small assignment, caf\xe9")


def _write_compactly(data: bytes) -> bytes:
    content = json.loads(data)
    for cell in content["cells"]:
        cell["source"] = "".join(cell["source"])
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def _drop_cell_metadata(data: bytes) -> bytes:
    content = json.loads(data)
    for cell in content["cells"]:
        cell.pop("metadata")
    return json.dumps(content).encode()


def _malform_outputs(data: bytes) -> bytes:
    content = json.loads(data)
    code = [cell for cell in content["cells"] if cell["cell_type"] == "code"]
    code[0]["outputs"] = [{"output_type": "no such type"}]
    code[1]["outputs"] = [{"text": 7}]
    code[2]["execution_count"] = "many"
    return json.dumps(content).encode()
