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
