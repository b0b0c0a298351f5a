"""Scenarios are found by name, and hand the answer what they build."""

from __future__ import annotations

import pytest
from prompt_or_tune.checks import run_scenario, scenarios


def test_a_scenario_lets_the_answer_work_on_what_it_builds(monkeypatch):
    monkeypatch.setattr(scenarios, "SCENARIOS", {})

    @scenarios.scenario
    def doubled(answer, start):
        return answer(start * 2)

    assert run_scenario("doubled", lambda x: x + 1, start=3) == 7


def test_an_unknown_scenario_is_named():
    with pytest.raises(KeyError, match="no scenario 'nowhere'"):
        run_scenario("nowhere", abs)


def test_an_answer_that_stands_for_one_elsewhere_runs_the_scenario_there(monkeypatch):
    monkeypatch.setattr(scenarios, "SCENARIOS", {"doubled": None})

    class Elsewhere:
        def __call__(self, *arguments):
            raise AssertionError("it is called here")

        def run_scenario_there(self, name, values):
            return name, values

    assert run_scenario("doubled", Elsewhere(), start=3) == ("doubled", {"start": 3})
    with pytest.raises(KeyError, match="no scenario 'nowhere'"):
        run_scenario("nowhere", Elsewhere())


def test_only_the_type_says_that_an_answer_is_elsewhere(monkeypatch):
    monkeypatch.setattr(scenarios, "SCENARIOS", {"doubled": lambda f, start: f(start)})

    def answer(x):
        return 2 * x

    answer.run_scenario_there = None  # type: ignore[attr-defined]
    assert run_scenario("doubled", answer, start=3) == 6
