"""What `make solutions` does, on notebooks of a few lines."""

from __future__ import annotations

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from solutions.workshop.execution import execute, execute_all, write_page

pytestmark = pytest.mark.slow


@pytest.fixture
def notebook(tmp_path):
    """Write a notebook with these cells; return its file."""

    def write(name: str, *texts: str):
        file = tmp_path / "source" / f"{name}.ipynb"
        file.parent.mkdir(exist_ok=True)
        cells = [new_code_cell(text, id=f"cell-{n}") for n, text in enumerate(texts)]
        nbformat.write(new_notebook(cells=cells), file)
        return file

    return write


def outputs_of(file):
    cells = nbformat.read(file, as_version=4).cells
    return [cell.outputs for cell in cells if not cell.metadata.get("tags")]


def test_an_executed_notebook_has_outputs_and_a_page(notebook, tmp_path):
    done = execute(notebook("tiny", "6 * 7"), tmp_path / "out" / "tiny.ipynb")
    assert (done.name, done.fault) == ("tiny", "")
    ((output,),) = outputs_of(tmp_path / "out" / "tiny.ipynb")
    assert output.data["text/plain"] == "42"
    page = write_page(tmp_path / "out" / "tiny.ipynb")
    assert "42" in page.read_text()


def test_a_failing_cell_is_told_and_stops_the_notebook_there(notebook, tmp_path):
    file = notebook("broken", "1 / 0", "'after'")
    done = execute(file, tmp_path / "broken.ipynb")
    assert "ZeroDivisionError: division by zero" in done.fault
    assert outputs_of(tmp_path / "broken.ipynb")[-1] == []


def test_a_notebook_can_go_on_to_its_end_all_the_same(notebook, tmp_path):
    file = notebook("broken", "1 / 0", "'after'")
    done = execute(file, tmp_path / "broken.ipynb", to_the_end=True)
    assert "ZeroDivisionError" in done.fault
    ((output,),) = outputs_of(tmp_path / "broken.ipynb")[-1:]
    assert output.data["text/plain"] == "'after'"


def test_several_run_side_by_side_and_record_no_progress_of_the_user(notebook, tmp_path):
    text = "import os; print(os.environ['PROMPT_OR_TUNE_DATA'], os.getcwd())"
    sources = [notebook("a", text), notebook("b", text)]
    out = tmp_path / "out"
    assert {done.name for done in execute_all(sources, out, jobs=2)} == {"a", "b"}
    ((output,),) = outputs_of(out / "a" / "a.ipynb")
    assert output.text.split() == [str(out / "progress"), str(out / "a")]
