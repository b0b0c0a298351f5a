"""The bars of the task by degrees, and what is refused before a model is asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from prompt_or_tune.checks import CheckFailed
from prompt_or_tune.checks import prompt_template as task
from prompt_or_tune.lexicon import SUBJECTS
from prompt_or_tune.scoring import BriefResult

from solutions.workshop.seedling.probes import load_probes


def make_results(passed: int, of: int = 100) -> list[BriefResult]:
    return [BriefResult(number < passed, ()) for number in range(of)]


def test_the_bars_are_those_of_the_recorded_probes_and_rise() -> None:
    recorded = {probe.bar for probe in load_probes()}
    assert len(task.find_bars()) == 3
    assert set(task.find_bars()) <= recorded
    assert list(task.find_bars()) == sorted(task.find_bars())


def test_the_task_states_the_limit_that_is_checked() -> None:
    text = (Path(__file__).parents[2] / "solutions/02_prompt_engineering.py").read_text()
    assert f"at most {task.TOKEN_LIMIT}" in " ".join(text.replace("#", " ").split())


def test_the_recorded_probe_itself_would_get_all_points() -> None:
    probe = next(p for p in load_probes() if p.name == "the brief, engineered prompt")
    assert task.count_points(make_results(probe.successes, probe.n)) == 3


def test_points_are_given_by_degrees() -> None:
    lowest, middle, highest = (round(100 * bar) for bar in task.find_bars())
    wanted = [(0, 0), (lowest, 0), (lowest + 1, 1), (middle - 1, 1), (middle, 2)]
    wanted += [(highest - 1, 2), (highest, 3), (100, 3)]
    for passed, points in wanted:
        assert task.count_points(make_results(passed)) == points, passed


def test_the_visible_subjects_are_subjects_and_leave_most_hidden() -> None:
    subjects = {subject.noun_phrase for subject in SUBJECTS}
    assert set(task.VISIBLE_SUBJECTS) <= subjects
    assert len(subjects) - len(task.VISIBLE_SUBJECTS) >= 40


@pytest.mark.parametrize(
    ("template", "sentence"),
    [
        (None, "still None"),
        (7, "a text is wanted"),
        ("Write a rhyming poem with 4 lines", "the same for every sample"),
        ("Write a poem about {thing}", "{thing}"),
        ("Write a poem about {subject", "braces"),
        ("{request} with 4 lines", "{subject}"),
        ("Write a poem about {subject:>20}", "{subject}"),
        ("Write a poem about {subject}, say of foxes", "foxes"),
    ],
)
def test_what_is_no_template_is_refused_with_the_reason(
    template: object, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(task, "_load_seedling", refuse_to_load)
    with pytest.raises(CheckFailed) as failure:
        task.judge_template(template, task.VISIBLE_SUBJECTS)
    assert sentence in str(failure.value)


def refuse_to_load() -> Any:
    raise AssertionError("the model is asked about what is no template")
