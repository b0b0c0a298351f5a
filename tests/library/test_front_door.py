"""`import prompt_or_tune as pt`: one flat namespace, that loads only what is used."""

from __future__ import annotations

import subprocess
import sys

import prompt_or_tune as pt
import pytest
from IPython.core.completer import IPCompleter, provisionalcompleter
from prompt_or_tune import models, statistics, widgets

HEAVY = ("torch", "transformers", "matplotlib", "ipywidgets", "IPython")
LOADED = f"import sys; print(*(name for name in {HEAVY} if name in sys.modules))"


def run(statements: str, *options: str) -> str:
    command = [sys.executable, *options, "-c", f"{statements}\n{LOADED}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.parametrize("options", [(), ("-O",)], ids=["as it is", "optimised"])
def test_importing_it_loads_nothing_heavy(options):
    assert run("import prompt_or_tune as pt; dir(pt)", *options) == ""


def test_a_name_loads_no_more_than_its_own_module_needs():
    assert run("from prompt_or_tune import load_samples, make_pairs, Rate") == ""


@pytest.mark.parametrize("name", pt.__all__)
def test_every_name_of_the_list_is_there(name):
    assert getattr(pt, name) is not None


def test_a_name_is_the_one_of_its_module():
    assert pt.load_model is models.load_model
    assert pt.Rate is statistics.Rate
    assert pt.check is widgets.check


def test_types_are_known_through_it():
    rate: statistics.Rate = pt.pass_rate([True, False])  # mypy reads this, too
    assert rate.n == 2


def test_what_is_not_there_is_an_attribute_error():
    assert not hasattr(pt, "load_modle")
    assert "load_modle" not in dir(pt)


def test_modules_can_still_be_imported_from_it():
    from prompt_or_tune import samples

    assert samples.load_samples is pt.load_samples


@pytest.mark.parametrize("module", [pt, widgets], ids=lambda module: module.__name__)
def test_a_shell_completes_its_names(module):
    names = set(module.__all__)
    assert names <= set(dir(module))
    completer = IPCompleter(namespace={"module": module}, use_jedi=False)
    with provisionalcompleter():
        offered = {each.text for each in completer.completions("module.", 7)}
    assert {f".{name}" for name in names} <= offered
