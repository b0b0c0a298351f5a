"""The shipped results: recomputed from recorded answers, held to what must hold."""

import pytest
from prompt_or_tune.decision import (
    GLOSSARY,
    LOOK_UP,
    LORA,
    NEW_COMBINATIONS,
    NEW_SUBJECTS,
    SEEDS,
    SIZES,
    TASK_SPECS,
    VOICE,
    load_results,
    select_points,
    summarise_curve,
)
from prompt_or_tune.decision.record import hash_weights
from prompt_or_tune.decision.verdicts import is_prompt


@pytest.fixture(scope="module")
def results():
    return load_results()


@pytest.mark.parametrize("spec", TASK_SPECS, ids=lambda spec: spec.name)
def test_winner_foils_and_hypothesis_of_each_task(results, spec, print_at_end):
    verdict = results.judge(spec.name)
    lines = [verdict.sentence]
    for claim in verdict.claims:
        lines.append(
            f"{'held' if claim.held else 'NOT '}  {claim.text}: {claim.evidence}"
        )
    for foil in verdict.foils:
        mark = "apart" if foil.separated else "OVERLAPS"
        lines.append(f"{mark}  {foil.test}: {spec.title_of(foil.foil)} {foil.rate}")
    print_at_end(spec.title, lines)
    assert verdict.foils_separated


@pytest.mark.parametrize("spec", TASK_SPECS, ids=lambda spec: spec.name)
def test_every_arm_and_rival_was_measured_on_every_test(results, spec):
    measured = {(result.test, result.arm) for result in results.of_task(spec.name)}
    for test in spec.decisive:
        assert {(test, arm) for arm in spec.arms + spec.rivals} <= measured


def test_the_default_runs_reach_their_bars(results):
    runs = results.default_runs
    assert {run.seed for run in runs} >= set(SEEDS)
    assert min(run.rate_on(NEW_COMBINATIONS).rate for run in runs) >= 0.95
    assert min(run.rate_on(NEW_SUBJECTS).rate for run in runs) >= 0.90
    assert max(run.final_loss for run in runs) <= 0.10
    for run in runs:
        assert len(run.trace) == 5


def test_the_traces_still_climb_after_the_second_epoch(results):
    """Otherwise there would be nothing to read in them."""
    for run in results.default_runs:
        assert run.trace[-1].accuracy > run.trace[1].accuracy
        assert run.trace[-1].accuracy > 0.89  # where the reference trace ends
        assert run.trace[-1].loss < run.trace[1].loss


def test_on_new_subjects_tuning_is_above_every_prompt_and_the_table(results):
    tuned = results.arm("voice", NEW_SUBJECTS, LORA)
    others = [
        result
        for result in results.of_task("voice", NEW_SUBJECTS)
        if is_prompt(result.arm) or result.arm == LOOK_UP
    ]
    assert GLOSSARY in {result.arm for result in others}
    assert all(result.rate.high < tuned.rate.low for result in others)


@pytest.mark.parametrize("schedule", ["equal steps", "5 epochs"])
@pytest.mark.parametrize("test", VOICE.decisive)
def test_learning_curves_have_all_sizes_and_seeds(results, schedule, test):
    points = select_points(
        results.curves, task="voice", arm=LORA, test=test, schedule=schedule
    )
    rows = summarise_curve(points)
    assert tuple(row.n for row in rows) == SIZES
    assert all(row.seeds >= 5 for row in rows)
    assert rows[0].mean < 0.5 < rows[-1].mean


@pytest.mark.slow
def test_the_results_belong_to_the_weights_that_ship(results):
    from prompt_or_tune.models import load_model

    assert results.made_with.weights == hash_weights(load_model())


@pytest.mark.slow
def test_the_shipped_adapter_is_that_of_the_first_default_run(results):
    from prompt_or_tune.decision import ArmSettings, build_voice_task
    from prompt_or_tune.decision.arms import ask, plan_asking
    from prompt_or_tune.decision.record import ADAPTER_FOLDER
    from prompt_or_tune.models import load_model
    from prompt_or_tune.tuning import Adapter

    model, task = load_model(), build_voice_task().limited(test=60)
    model.attach(Adapter.load(ADAPTER_FOLDER))
    for test in task.tests:
        asked = ask(model, task, plan_asking(None), test.queries, ArmSettings())
        recorded = results.default_runs[0].rate_on(test.name).rate
        assert sum(asked.right) / len(asked.right) == pytest.approx(recorded, abs=0.1)


@pytest.mark.parametrize("test", [NEW_COMBINATIONS, NEW_SUBJECTS])
def test_with_all_pairs_the_worst_seed_learns_the_voice_too(results, test):
    for schedule in ("equal steps", "5 epochs"):
        points = select_points(
            results.curves, task="voice", arm=LORA, test=test, schedule=schedule
        )
        largest = summarise_curve(points)[-1]
        assert largest.seeds >= 5
        assert largest.low >= 0.9, f"{test}, {schedule}: a seed stayed on a plateau"
