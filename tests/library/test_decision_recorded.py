"""The shipped results: recomputed from recorded answers, held to what must hold."""

import pytest
from prompt_or_tune.decision.arms import find_arm
from prompt_or_tune.decision.curve_jobs import SEEDS, SIZES
from prompt_or_tune.decision.curves import select_points, summarise_curve
from prompt_or_tune.decision.provenance import hash_weights
from prompt_or_tune.decision.results import load_results
from prompt_or_tune.decision.tasks import list_tasks
from prompt_or_tune.decision.tasks.task import NEW_COMBINATIONS
from prompt_or_tune.decision.tasks.voice import NEW_SUBJECTS, VOICE
from prompt_or_tune.decision.verdict import judge_task

from tests.library.arm_names import GLOSSARY, LOOK_UP, LORA


@pytest.fixture(scope="module")
def results():
    return load_results()


@pytest.mark.parametrize("task", list_tasks(), ids=lambda task: task.name)
def test_winner_foils_and_hypothesis_of_each_task(results, task, print_at_end):
    verdict = judge_task(task, results.arms, results.curves)
    lines = [verdict.sentence]
    for claim in verdict.claims:
        mark = "held" if claim.held else "NOT "
        lines.append(f"{mark}  {claim.text}: {claim.evidence}")
    for foil in verdict.foils:
        mark = "apart" if foil.separated else "OVERLAPS"
        lines.append(f"{mark}  {foil.test}: {task.title_of(foil.foil)} {foil.rate}")
    print_at_end(task.title, lines)
    assert verdict.foils_separated


@pytest.mark.parametrize("task", list_tasks(), ids=lambda task: task.name)
def test_every_arm_and_rival_was_measured_on_every_test(results, task):
    measured = {(result.test, result.arm) for result in results.of_task(task.name)}
    for test in task.decisive:
        assert {(test, arm.name) for arm in task.contestants} <= measured


def rate_on(run, test):
    correct = {answers.test: answers.correct for answers in run.answers}[test]
    return sum(correct) / len(correct)


def test_the_default_runs_reach_their_bars(results):
    runs = results.default_runs
    assert {run.seed for run in runs} >= set(SEEDS)
    assert min(rate_on(run, NEW_COMBINATIONS) for run in runs) >= 0.95
    assert min(rate_on(run, NEW_SUBJECTS) for run in runs) >= 0.90
    assert max(run.trace[-1].loss for run in runs) <= 0.10
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
        if find_arm(result.arm).only_prompts or result.arm == LOOK_UP
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
    from prompt_or_tune.adapters import Adapter
    from prompt_or_tune.decision.arms.bare import BARE
    from prompt_or_tune.decision.asking import ArmSettings
    from prompt_or_tune.decision.recording import ADAPTER_FOLDER
    from prompt_or_tune.decision.tasks.voice import build_voice_task
    from prompt_or_tune.models import load_model

    model, data = load_model(), build_voice_task().limited(test=60)
    model.attach(Adapter.load(ADAPTER_FOLDER))
    ready = BARE.prepare(model, data, ArmSettings())
    for test in data.tests:
        right = ready.answer(test.queries).right
        recorded = rate_on(results.default_runs[0], test.name)
        assert sum(right) / len(right) == pytest.approx(recorded, abs=0.1)


@pytest.mark.parametrize("test", [NEW_COMBINATIONS, NEW_SUBJECTS])
def test_with_all_pairs_the_worst_seed_learns_the_voice_too(results, test):
    for schedule in ("equal steps", "5 epochs"):
        points = select_points(
            results.curves, task="voice", arm=LORA, test=test, schedule=schedule
        )
        largest = summarise_curve(points)[-1]
        assert largest.seeds >= 5
        assert largest.low >= 0.9, f"{test}, {schedule}: a seed stayed on a plateau"
