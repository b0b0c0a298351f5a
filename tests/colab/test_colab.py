"""A notebook alone, in an empty folder, on Colab's versions: it sets itself up.

What needs Colab itself (its front end, its GPUs, its network) isn't shown here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest
from prompt_or_tune.widgets.progress import is_ci

from tests.colab import machine
from tests.colab.machine import Colab

pytestmark = pytest.mark.slow

NAME = "07_quiz"
WIDGET = "application/vnd.jupyter.widget-view+json"
WIDGETS = {
    "Hints": 'Hints("question_1")',
    "QuizCard": 'QuizCard("question_1", "Which?", {"A": "This", "B": "That"})',
    "PromptLab": "PromptLab(load_model(choose_lab_model()))",
    "LoraLab": "LoraLab(load_model(choose_lab_model()))",
    "PredictionLab": (
        "PredictionLab(load_model(choose_lab_model()), Adapter.load(ADAPTER_FOLDER))"
    ),
    "BreakEvenLab": "BreakEvenLab()",
}
LOOK = """\
import sys, IPython, ipywidgets, prompt_or_tune
from google.colab import output
from prompt_or_tune.notebook import choose_lab_model
print(prompt_or_tune.__file__)
print(IPython.__version__, ipywidgets.__version__)
print(choose_lab_model(), output.calls)
"""
IMPORTS = """\
from prompt_or_tune.adapters import Adapter
from prompt_or_tune import ADAPTER_FOLDER
from prompt_or_tune.models import load_model
from prompt_or_tune.notebook import choose_lab_model
from prompt_or_tune.widgets import *
"""


@pytest.fixture(scope="module")
def colab(tmp_path_factory: pytest.TempPathFactory) -> Colab:
    if not (machine.COLAB_PACKAGES / "ipywidgets").is_dir():
        message = "Colab's packages aren't in build/colab: `make test` puts them there"
        if is_ci():
            pytest.fail(message)
        pytest.skip(message)
    if not (machine.ROOT / ".git").exists():
        pytest.skip("not a git checkout: what belongs to the repository is not known")
    return machine.build(tmp_path_factory.mktemp("colab"))


@pytest.fixture(scope="module")
def packages_before(colab: Colab) -> dict[str, str]:
    return colab.list_packages()


@pytest.fixture(scope="module")
def executed(colab: Colab, packages_before: dict[str, str]) -> Any:
    """Return the quiz as it was run, its set-up cell twice, and some cells to look."""
    notebook = machine.read_notebook(NAME)
    setup = find_setup(notebook)
    extra = [setup["source"], LOOK, IMPORTS, *WIDGETS.values()]
    notebook.cells += [nbformat.v4.new_code_cell(source) for source in extra]
    nbformat.write(notebook, colab.content / f"{NAME}.ipynb")
    return colab.execute(notebook)


def find_setup(notebook: Any) -> Any:
    return next(c for c in notebook.cells if "setup" in c.metadata.get("tags", []))


def find_last(notebook: Any, source: str) -> Any:
    return next(c for c in reversed(notebook.cells) if c.source == source)


def text_of(cell: Any) -> str:
    return "".join(o.text for o in cell.outputs if o.output_type == "stream")


def errors_of(cell: Any) -> list[str]:
    return [f"{o.ename}: {o.evalue}" for o in cell.outputs if o.output_type == "error"]


def test_the_folder_is_empty_and_the_course_not_there_at_first(colab, packages_before):
    assert packages_before["ipywidgets"] == "7.7.1"
    assert packages_before["ipython"] == "7.34.0"
    program = "import importlib.util as u; print(u.find_spec('prompt_or_tune'))"
    (colab.content / "look.py").write_text(program)
    assert colab.run("look").strip() == "None"


def test_the_setup_cell_installs_the_course_and_says_device_and_precision(executed):
    cell = find_setup(executed)
    assert errors_of(cell) == []
    assert f"Prompt or Tune? {machine.PROJECT['version']} · 7 · The quiz" in text_of(cell)
    assert "Computing on the CPU in float32 (no GPU was found)" in text_of(cell)
    assert "Take care" not in text_of(cell)


def test_it_can_be_run_again(executed):
    again = find_last(executed, find_setup(executed).source)
    assert errors_of(again) == []
    assert "Computing on the CPU" in text_of(again)


def test_nothing_that_colab_ships_is_changed(colab, packages_before, executed):
    assert colab.list_packages() == packages_before


def test_it_is_the_installed_course_that_runs_on_colabs_versions(colab, executed):
    file, versions, model = text_of(find_last(executed, LOOK)).splitlines()
    assert Path(file).is_relative_to(colab.python.parents[1])
    assert versions == "7.34.0 7.7.1"
    assert model.startswith("seedling")


def test_colabs_own_widgets_are_left_as_they_are(executed):
    assert text_of(find_last(executed, LOOK)).splitlines()[2] == "seedling []"


@pytest.mark.parametrize("name", WIDGETS)
def test_a_widget_is_displayed(executed, name):
    cell = find_last(executed, WIDGETS[name])
    assert errors_of(cell) == []
    shown = [o.data for o in cell.outputs if "data" in o and WIDGET in o.data]
    assert len(shown) == 1
    assert shown[0]["text/plain"].strip()


def test_the_quiz_fails_at_its_unanswered_questions_and_nowhere_else(executed):
    failed = {
        cell.metadata.get("nbgrader", {}).get("grade_id"): errors_of(cell)
        for cell in executed.cells
        if cell.cell_type == "code" and errors_of(cell)
    }
    assert set(failed) == {f"question_{i}_test" for i in (1, 2, 3)}
    assert all("CheckFailed" in str(errors) for errors in failed.values())


def test_an_unanswered_question_shows_a_sentence_and_no_traceback(executed):
    cell = next(
        c
        for c in executed.cells
        if c.metadata.get("nbgrader", {}).get("grade_id") == "question_1_test"
    )
    (error,) = [o for o in cell.outputs if o.output_type == "error"]
    assert len(error.traceback) == 1
    assert error.traceback[0].startswith("✗ Not yet.")


def test_every_notebook_sets_itself_up_with_the_same_lines():
    names = sorted(p.parent.name for p in (machine.ROOT / "course").glob("*/*.ipynb"))
    sources = {
        find_setup(machine.read_notebook(name)).source.replace(name, "NAME")
        for name in names
    }
    assert len(sources) == 1
