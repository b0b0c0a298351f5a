"""The recorded results: saved whole, loaded as they were, measured in parts."""

import json
from dataclasses import replace

import pytest
from prompt_or_tune.decision import (
    BARE,
    LOOK_UP,
    LORA,
    NEW_SUBJECTS,
    RETRIEVED,
    Answered,
    ArmResult,
    ArmSettings,
    CurvePoint,
    DefaultRun,
    MeasurePlan,
    RecordError,
    Results,
    load_results,
    map_arms,
    measure,
    record,
    save_results,
)
from prompt_or_tune.decision.record import CurvePlan, MadeWith, TestAnswers
from prompt_or_tune.records import EpochRecord

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

    def test_a_default_run_knows_its_end(self):
        (run,) = RESULTS.default_runs
        assert run.final_loss == 0.5
        assert run.training_seconds == 2.0
        assert run.rate_on(NEW_SUBJECTS).rate == 0.5

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
    arms=ArmSettings(few_shot_counts=(1,), steps=2),
    curves=(
        CurvePlan("voice", LORA, (8,), seeds=(0, 1)),
        CurvePlan("voice", LOOK_UP, (8, 16), seeds=(0,)),
        CurvePlan("voice", RETRIEVED, (8,), seeds=(0,)),
    ),
    default_seeds=(0,),
    development=2,
    test=3,
)


@pytest.fixture
def quick_default_run(monkeypatch):
    """Let default runs take a few steps instead of five epochs."""
    from prompt_or_tune import tuning

    quick = tuning.TuningSettings(max_steps=2)
    monkeypatch.setattr(tuning, "default_settings", lambda model: quick)


@pytest.mark.slow
@pytest.mark.usefixtures("quick_default_run")
class TestMeasuring:
    def measure(self, tiny, folder, **options):
        return measure(
            tiny,
            folder / "results.json",
            adapter_folder=folder / "adapter",
            plan=PLAN,
            **options,
        )

    def test_everything_planned_is_recorded_and_saved(self, tiny, tmp_path):
        results = self.measure(tiny, tmp_path)
        assert load_results(tmp_path / "results.json") == results
        assert {r.arm for r in results.arms} >= {BARE, LORA, LOOK_UP}
        assert len(results.curves) == 5 * 2  # five jobs, two tests
        assert [run.seed for run in results.default_runs] == [0]
        assert results.judge("voice").winner

    def test_the_adapter_of_the_first_default_run_is_saved(self, tiny, tmp_path):
        from prompt_or_tune.tuning import Adapter

        self.measure(tiny, tmp_path)
        assert Adapter.load(tmp_path / "adapter").count_parameters() > 0
        assert str(tmp_path) not in (tmp_path / "adapter/adapter_config.json").read_text()

    def test_only_the_results_and_the_adapter_are_left(self, tiny, tmp_path):
        self.measure(tiny, tmp_path)
        assert sorted(path.name for path in tmp_path.iterdir()) == [
            "adapter",
            "results.json",
        ]

    def test_a_stopped_run_goes_on_where_it_was(self, tiny, tmp_path, monkeypatch):
        class StoppedError(Exception):
            pass

        def stop_at_the_look_up(what, done, total):
            if "look-up table" in what:
                raise StoppedError

        with pytest.raises(StoppedError):
            self.measure(tiny, tmp_path, on_progress=stop_at_the_look_up)
        assert not (tmp_path / "results.json").exists()
        measured = []
        original = record.measure_arm

        def watch(model, task, arm, **options):
            measured.append(arm)
            return original(model, task, arm, **options)

        monkeypatch.setattr(record, "measure_arm", watch)
        results = self.measure(tiny, tmp_path)
        assert measured == ["look-up", "nearest pair", "majority"]
        assert {r.arm for r in results.arms} >= {BARE, LORA, LOOK_UP}

    def test_what_another_plan_left_is_not_used(self, tiny, tmp_path):
        partial = tmp_path / "results.json.partial"
        partial.write_text(json.dumps({"key": "of another", "results": {}}))
        assert self.measure(tiny, tmp_path).arms
        partial.write_text("{")
        assert self.measure(tiny, tmp_path).arms

    def test_progress_counts_up_to_the_total(self, tiny, tmp_path):
        seen = []
        self.measure(tiny, tmp_path, on_progress=lambda *step: seen.append(step))
        done = [step[1] for step in seen]
        assert done == sorted(done)
        assert seen[-1][0] == "done"
        assert seen[-1][1] == seen[-1][2] == 1 + 10 + 5
