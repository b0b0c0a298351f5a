"""nbgrader_config.py: what nbgrader does differently for this course."""

from __future__ import annotations

from nbformat.v4 import new_code_cell, new_notebook
from nbgrader.preprocessors import ClearSolutions, Execute

from autograde.nbgrader_settings import load_settings


def test_a_function_without_an_answer_returns_nothing_and_raises_nothing():
    stub = ClearSolutions(config=load_settings()).code_stub["python"]
    names: dict[str, object] = {}
    exec(f"def answer():\n    {stub}\nresult = answer()", names)
    assert names["result"] is None


def test_a_cell_has_longer_than_nbgraders_half_minute():
    assert Execute(config=load_settings()).timeout >= 120


def test_graders_skip_what_only_demonstrates():
    shown = new_code_cell("print('shown')", metadata={"tags": ["demonstration"]})
    graded = new_code_cell("print('graded')")
    notebook = new_notebook(cells=[shown, graded])
    executed, _ = Execute(config=load_settings())(notebook, {})
    outputs = [[out.text for out in cell.outputs] for cell in executed.cells]
    assert outputs == [[], ["graded\n"]]
