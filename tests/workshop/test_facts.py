"""The numbers that the course's text quotes are the recorded ones."""

from __future__ import annotations

import re

import pytest
from prompt_or_tune.decision.results import load_results
from prompt_or_tune.decision.tasks import list_tasks
from prompt_or_tune.decision.verdict import judge_all
from prompt_or_tune.samples import load_samples

from solutions.workshop.facts import recorded_facts
from solutions.workshop.seedling.probes import load_probes


@pytest.fixture(scope="module")
def facts() -> dict[str, str]:
    return recorded_facts()


def test_every_fact_has_a_name_that_a_placeholder_can_use(facts):
    assert [name for name in facts if not re.fullmatch(r"[a-z][a-z0-9_]*", name)] == []
    assert [name for name, text in facts.items() if not text.strip()] == []


def test_an_arm_is_quoted_as_it_was_recorded(facts):
    tuned = load_results().arm("voice", "new subjects", "LoRA")
    assert facts["voice_lora_new_subjects"] == f"{tuned.rate.rate:.2f}"
    assert facts["voice_lora_new_subjects_of"] == str(len(tuned.correct))


@pytest.mark.parametrize("task", [task.name for task in list_tasks()])
def test_each_task_s_winner_and_verdict_can_be_quoted(facts, task):
    verdict = next(v for v in judge_all(load_results()) if v.task == task)
    assert facts[f"{task}_verdict"] == verdict.sentence
    assert facts[f"{task}_held"] == ("held" if verdict.held else "did not hold")


def test_what_the_data_holds_is_counted_and_not_written_down(facts):
    assert facts["samples_train"] == str(len(load_samples("train")))
    kept_and_dropped = [facts[name] for name in facts if name.startswith("raw_")]
    assert int(facts["raw_rows"]) > int(facts["samples_train"]) > 0
    assert all(text.isdigit() for text in kept_and_dropped)


def test_each_probe_can_be_quoted_with_its_bar(facts):
    rates = {f"{probe.rate:.2f}" for probe in load_probes()}
    quoted = {text for name, text in facts.items() if name.startswith("probe_")}
    assert rates <= quoted
