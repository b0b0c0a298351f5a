"""Names that have moved are found under their old paths, and nothing else is."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from prompt_or_tune import moved, records, statistics


@pytest.fixture(autouse=True)
def rows(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let two modules be gone for a test, and one of them a package."""
    made_up = {
        "prompt_or_tune.gone:Pair": "prompt_or_tune.records",
        "prompt_or_tune.gone:Share": "prompt_or_tune.statistics:Rate",
        "prompt_or_tune.old.numbers": "prompt_or_tune.statistics",
    }
    monkeypatch.setattr(moved, "MOVED", made_up)
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        del sys.modules[name]


def find(module: str, name: str) -> Any:
    return getattr(importlib.import_module(module), name)


def test_a_module_that_is_gone_gives_its_names_from_where_they_are_now():
    assert find("prompt_or_tune.gone", "Pair") is records.Pair


def test_a_name_may_be_another_one_now():
    assert find("prompt_or_tune.gone", "Share") is statistics.Rate


def test_a_whole_module_may_have_another_path_and_its_package_be_gone():
    assert find("prompt_or_tune.old.numbers", "holm") is statistics.holm


def test_it_is_imported_by_a_statement_as_in_a_notebook():
    names: dict = {}
    exec("from prompt_or_tune import gone\nfrom prompt_or_tune.gone import Share", names)
    assert names["gone"].Pair is records.Pair


@pytest.mark.parametrize(
    "statement",
    ["from prompt_or_tune.gone import Pear", "import prompt_or_tune.never",
     "from prompt_or_tune.old.numbers import hole", "import somebody_elses.gone"],
)  # fmt: skip
def test_what_never_was_is_an_import_error(statement):
    with pytest.raises(ImportError):
        exec(statement, {})


def test_a_module_that_is_there_is_never_replaced(monkeypatch):
    monkeypatch.setitem(moved.MOVED, "prompt_or_tune.records", "prompt_or_tune.models")
    monkeypatch.delitem(sys.modules, "prompt_or_tune.records")
    assert find("prompt_or_tune.records", "__file__").endswith("records.py")


def test_registering_twice_asks_once():
    moved.register()
    assert sum(type(f).__module__ == moved.__name__ for f in sys.meta_path) == 1
