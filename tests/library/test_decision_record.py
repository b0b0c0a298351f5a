"""The recorded results: saved whole, loaded as they were, measured in parts."""

import json
from dataclasses import replace

import pytest
from prompt_or_tune.decision import measurer, recording
from prompt_or_tune.decision.arms.lora import LORA as LORA_ARM
from prompt_or_tune.decision.arms.retrieved_few_shot import RETRIEVED as RETRIEVED_ARM
from prompt_or_tune.decision.asking import ArmSettings
from prompt_or_tune.decision.curve_jobs import Curve
from prompt_or_tune.decision.measurer import measure_arm
from prompt_or_tune.decision.provenance import MadeWith
from prompt_or_tune.decision.recording import MeasurePlan, measure
from prompt_or_tune.decision.results import (
    Answered,
    ArmResult,
    CurvePoint,
    DefaultRun,
    RecordError,
    Results,
    RuleCount,
    TestAnswers,
    load_results,
    save_results,
)
from prompt_or_tune.decision.store import Records, Store
from prompt_or_tune.decision.tasks.voice import NEW_SUBJECTS, VOICE, build_voice_task
from prompt_or_tune.decision.verdict import judge_task
from prompt_or_tune.decision.winner_map import map_arms
from prompt_or_tune.records import EpochRecord, TuningSettings

from tests.library.arm_names import BARE, LOOK_UP, LORA
from tests.tiny_models import build_llama

ARM = ArmResult(
    task="voice",
    test=NEW_SUBJECTS,
    arm=LORA,
    correct=(True, False, True, True),
    prompt_tokens=12.5,
    response_tokens=8.0,
    flops_per_query=4.1e7,
    seconds_per_query=0.002,
    training_tokens=100_000,
    labels=1000,
    knobs="learning rate 0.005",
    form=(True, True, True, True),
    rules=(RuleCount("4 lines", 3, 4),),
    examples=(Answered("Describe spring", "Spring is warm and bright", True),),
)
RESULTS = Results(
    made_with=MadeWith("Seedling", 1_500_000, "abc", "3.11", "2", "5", "0.2", 2),
    arms=(ARM, replace(ARM, arm=BARE, labels=0, training_tokens=0, form=())),
    curves=(
        CurvePoint("voice", NEW_SUBJECTS, LORA, "equal steps", 8, 0, 1, 4, 0.5, 900, 1.5),
        CurvePoint("voice", NEW_SUBJECTS, LORA, "equal steps", 1000, 0, 4, 4, 0.1, 9000),
        CurvePoint("voice", NEW_SUBJECTS, LOOK_UP, "none", 8, 0, 1, 4),
    ),
    default_runs=(
        DefaultRun(
            0,
            (EpochRecord(1, 0.5, 0.9, None, 2.0, "starts"),),
            (TestAnswers(NEW_SUBJECTS, (True, False)),),
            3.5,
        ),
    ),
)


class TestFile:
    def test_results_come_back_as_they_were(self, tmp_path):
        save_results(RESULTS, tmp_path / "results.json")
        assert load_results(tmp_path / "results.json") == RESULTS

    def test_answers_are_kept_as_a_string_of_0_and_1(self, tmp_path):
        save_results(RESULTS, tmp_path / "results.json")
        data = json.loads((tmp_path / "results.json").read_text())
        assert data["arms"][0]["correct"] == "1011"

    def test_a_missing_file_names_the_command_that_makes_it(self, tmp_path):
        with pytest.raises(RecordError, match="prompt-or-tune measure"):
            load_results(tmp_path / "results.json")

    @pytest.mark.parametrize(
        "content",
        [
            "",
            "{",
            "[]",
            "{}",
            '{"made_with": 3}',
            '{"made_with": {}, "arms": []}',
            "\udcff",
        ],
    )
    def test_a_damaged_file_is_refused_in_a_sentence(self, tmp_path, content):
        path = tmp_path / "results.json"
        path.write_bytes(content.encode("utf-8", "surrogateescape"))
        with pytest.raises(RecordError, match="can't be read as recorded results"):
            load_results(path)

    def test_a_value_of_the_wrong_type_is_refused(self, tmp_path):
        path = tmp_path / "results.json"
        save_results(RESULTS, path)
        path.write_text(path.read_text().replace('"labels": 1000', '"labels": "many"'))
        with pytest.raises(RecordError, match="no int"):
            load_results(path)


class TestReading:
    def test_an_arm_is_found_by_task_test_and_name(self):
        assert RESULTS.arm("voice", NEW_SUBJECTS, LORA) is ARM
        with pytest.raises(RecordError, match='"glossary" was not measured'):
            RESULTS.arm("voice", NEW_SUBJECTS, "glossary")

    def test_a_default_run_knows_its_seconds_of_training(self):
        (run,) = RESULTS.default_runs
        assert run.training_seconds == 2.0

    def test_the_map_follows_the_curve_where_there_is_one(self):
        arms = {arm.arm: arm for arm in map_arms(RESULTS, "voice", NEW_SUBJECTS)}
        assert arms[LORA].accuracy == ((8, 0.25), (1000, 1.0))
        assert arms[LORA].training_tokens == ((8, 900.0), (1000, 9000.0))
        assert arms[LORA].labels == "all"
        assert arms[LORA].needs_pairs == 8
        assert arms[BARE].accuracy_at(5) == arms[BARE].accuracy_at(500) == 0.75
        assert arms[BARE].needs_pairs == 0
        assert LOOK_UP not in arms


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    from prompt_or_tune.models import load_model

    folder = build_llama(tmp_path_factory.mktemp("llama"), max_position_embeddings=1024)
    return load_model(folder)


PLAN = MeasurePlan(
    tasks=("voice",),
    settings=ArmSettings(few_shot_counts=(1,), steps=2),
    curves={
        "voice": (
            Curve(LORA_ARM, (8,), (0, 1)),
            Curve(VOICE.rivals[0], (8, 16), (0,)),
            Curve(RETRIEVED_ARM, (8,), (0,)),
        )
    },
    default_seeds=(0,),
    development=2,
    test=3,
)


@pytest.fixture(scope="module")
def small_and_quick():
    """Let the voice have a few pairs, and default runs a few steps, not five epochs."""
    from prompt_or_tune import tuning

    voice = build_voice_task()
    small = replace(voice, training=voice.training[:40], glossaries=("Words: none",))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            tuning, "default_settings", lambda model: TuningSettings(max_steps=2)
        )
        patch.setattr(recording, "build_task", lambda name, model: small)
        yield


def run_measure(model, folder, **options):
    return measure(
        model,
        folder / "results.json",
        adapter_folder=folder / "adapter",
        plan=PLAN,
        **options,
    )


@pytest.fixture(scope="module")
def measured(tiny, small_and_quick, tmp_path_factory):
    """Return the results of one whole run, its folder, and the progress reported."""
    folder, seen = tmp_path_factory.mktemp("measured"), []
    results = run_measure(tiny, folder, on_progress=lambda *step: seen.append(step))
    return results, folder, seen


class StoppedError(Exception):
    pass


@pytest.mark.slow
@pytest.mark.usefixtures("small_and_quick")
class TestMeasuring:
    def test_everything_planned_is_recorded_and_saved(self, measured):
        results, folder, _ = measured
        assert load_results(folder / "results.json") == results
        assert {r.arm for r in results.arms} == {arm.name for arm in VOICE.contestants}
        assert len(results.curves) == 5 * 2  # five jobs, two tests
        assert [run.seed for run in results.default_runs] == [0]
        assert judge_task(VOICE, results.arms, results.curves).winner

    def test_the_adapter_of_the_first_default_run_is_saved(self, measured):
        from prompt_or_tune.adapters import Adapter

        _, folder, _ = measured
        assert Adapter.load(folder / "adapter").count_parameters() > 0
        assert str(folder) not in (folder / "adapter/adapter_config.json").read_text()

    def test_only_the_results_and_the_adapter_are_left(self, measured):
        _, folder, _ = measured
        names = sorted(path.name for path in folder.iterdir())
        assert names == ["adapter", "results.json"]

    def test_progress_counts_up_to_the_total(self, measured):
        _, _, seen = measured
        done = [step[1] for step in seen]
        assert done == sorted(done)
        assert seen[-1] == ("done", 1 + 12 + 5, 1 + 12 + 5)

    def test_a_stopped_run_goes_on_where_it_was(self, tiny, tmp_path, monkeypatch):
        def stop_at_the_look_up(what, done, total):
            if "look-up table" in what:
                raise StoppedError

        with pytest.raises(StoppedError):
            run_measure(tiny, tmp_path, on_progress=stop_at_the_look_up)
        assert not (tmp_path / "results.json").exists()
        measured, original = [], measure_arm

        def watch(model, data, arm, settings):
            measured.append(arm.name)
            return original(model, data, arm, settings)

        monkeypatch.setattr(measurer, "measure_arm", watch)
        results = run_measure(tiny, tmp_path)
        assert measured == ["look-up", "nearest pair", "majority"]
        assert {r.arm for r in results.arms} == {arm.name for arm in VOICE.contestants}


@pytest.mark.slow
@pytest.mark.usefixtures("small_and_quick")
class TestKeeping:
    def test_only_what_the_file_lacks_is_measured(
        self, tiny, measured, tmp_path, monkeypatch
    ):
        whole, _, _ = measured
        without = [arm for arm in whole.arms if arm.arm != RETRIEVED_ARM.name]
        save_results(replace(whole, arms=tuple(without)), tmp_path / "results.json")
        asked, original = [], measure_arm

        def watch(model, data, arm, settings):
            asked.append(arm.name)
            return original(model, data, arm, settings)

        monkeypatch.setattr(measurer, "measure_arm", watch)
        results = run_measure(tiny, tmp_path, keep=True)
        assert asked == [RETRIEVED_ARM.name]
        assert [arm.arm for arm in results.arms] == [arm.arm for arm in whole.arms]
        assert results.curves == whole.curves

    def test_another_model_s_results_are_not_kept(self, tiny, measured, tmp_path):
        whole, _, _ = measured
        other = replace(whole, made_with=replace(whole.made_with, weights="other"))
        save_results(other, tmp_path / "results.json")
        with pytest.raises(RecordError, match="of another model"):
            run_measure(tiny, tmp_path, keep=True)


@pytest.mark.parametrize("left", ['{"key": "of another plan", "records": {}}', "{", ""])
def test_what_is_no_part_of_this_measurement_is_not_used(tmp_path, left):
    (tmp_path / "results.json.partial").write_text(left)
    store = Store(tmp_path / "results.json", (PLAN, RESULTS.made_with))
    assert store.records == Records()


def test_finished_parts_are_found_again(tmp_path):
    output = tmp_path / "results.json"
    Store(output, (PLAN, RESULTS.made_with)).add(arms=RESULTS.arms)
    again = Store(output, (PLAN, RESULTS.made_with))
    assert again.records.arms == RESULTS.arms
    other_model = replace(RESULTS.made_with, weights="other")
    assert not Store(output, (PLAN, other_model)).records.arms


def test_a_plan_is_known_again_in_another_process():
    """Its text decides, so no address of an object may stand in it."""
    assert " at 0x" not in repr(MeasurePlan())
