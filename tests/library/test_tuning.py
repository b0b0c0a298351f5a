"""Stage 4: a LoRA run that is watched, stopped, repeated, saved, and read as a trace."""

from __future__ import annotations

import copy
import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from peft import PeftModel, get_peft_model
from prompt_or_tune import adapters, lora_trainer
from prompt_or_tune.adapters import Adapter, AdapterError, add_lora
from prompt_or_tune.lora_trainer import (
    ADAM_BETAS,
    answers_only,
    collate,
    make_batches,
    make_lora_config,
)
from prompt_or_tune.models import LanguageModel, load_model
from prompt_or_tune.pairs import IGNORED_LABEL, EncodedPair, encode
from prompt_or_tune.records import EpochRecord, Pair, StepRecord, TuningSettings
from prompt_or_tune.trace import REFERENCE_TRACE, observe, trace_bars, trace_table
from prompt_or_tune.tuning import (
    TuningError,
    default_settings,
    measure_accuracy,
    tune,
)
from transformers import (
    AutoModelForCausalLM,
    DataCollatorForSeq2Seq,
    Trainer,
    TrainingArguments,
)

from tests.tiny_models import BUILDERS, build_gemma3_multimodal, build_llama

PAIRS = [
    Pair("Describe the fox at dawn", "The fox is swift and golden"),
    Pair("Describe spring", "Spring is warm and bright"),
    Pair("Describe the owl in the garden", "The owl is wise and silver"),
]
ENOUGH = TuningSettings(epochs=40, batch_size=2, learning_rate=2e-2)
SHORT = TuningSettings(epochs=3, batch_size=2, learning_rate=1e-2)
ARCHITECTURES = BUILDERS | {"gemma3 with vision": build_gemma3_multimodal}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return build_llama(tmp_path_factory.mktemp("llama"))


@pytest.fixture
def model(folder) -> LanguageModel:
    return load_model(folder)


@pytest.fixture(scope="module")
def memorised(folder):
    return tune(load_model(folder), PAIRS, ENOUGH, held_out=PAIRS).finish()


@pytest.fixture(scope="module", params=list(ARCHITECTURES))
def any_model(request, tmp_path_factory) -> LanguageModel:
    return load_model(ARCHITECTURES[request.param](tmp_path_factory.mktemp("any")))


def weights_of(model: LanguageModel) -> dict[str, torch.Tensor]:
    return copy.deepcopy(model.network.state_dict())


def assert_untouched(model: LanguageModel, before: dict[str, torch.Tensor]) -> None:
    after = model.network.state_dict()
    assert after.keys() == before.keys()
    assert all(torch.equal(after[name], before[name]) for name in before)
    assert not model.has_adapter


# ── A run ──────────────────────────────────────────────────────────────────────────────


def test_a_run_learns_its_pairs(memorised):
    first, last = memorised.trace[0], memorised.trace[-1]
    assert last.loss < first.loss / 3
    assert first.accuracy < last.accuracy == 1.0
    assert last.token_accuracy > 0.95
    assert last.observation == "complete, good accuracy"


def test_every_architecture_learns_through_the_same_path(any_model):
    before = weights_of(any_model)
    run = tune(any_model, PAIRS, replace(ENOUGH, epochs=30)).finish()
    assert run.trace[-1].loss < run.trace[0].loss / 2
    assert_untouched(any_model, before)


def test_events_are_every_step_and_then_its_epoch(model):
    events = list(tune(model, PAIRS, SHORT))
    kinds = [type(event).__name__ for event in events]
    assert kinds == ["StepRecord", "StepRecord", "EpochRecord"] * 3
    steps = [event for event in events if isinstance(event, StepRecord)]
    assert [s.step for s in steps] == [1, 2, 3, 4, 5, 6]
    assert {s.steps for s in steps} == {6}
    assert [s.epoch for s in steps] == [1, 1, 2, 2, 3, 3]


def test_the_learning_rate_rises_over_the_warm_up_and_falls_linearly_to_zero(model):
    settings = replace(SHORT, epochs=5, warmup_share=0.3)
    events = tune(model, PAIRS, settings)
    rates = [event.learning_rate for event in events if isinstance(event, StepRecord)]
    rising = [1e-2 * (step + 1) / 3 * (1 - step / 10) for step in range(3)]
    falling = [1e-2 * (1 - step / 10) for step in range(3, 10)]
    assert rates == pytest.approx(rising + falling)


def test_without_a_warm_up_the_first_step_is_the_largest():
    settings = replace(SHORT, warmup_share=0.0)
    assert [settings.learning_rate_at(step, 4) for step in range(4)] == pytest.approx(
        [1e-2, 0.75e-2, 0.5e-2, 0.25e-2]
    )


def test_a_step_counts_real_tokens_only(model):
    whole = replace(SHORT, epochs=1, batch_size=3)
    step = next(iter(tune(model, PAIRS, whole)))
    assert isinstance(step, StepRecord)
    assert step.tokens == sum(len(encode(pair, model).input_ids) for pair in PAIRS)


def test_a_start_that_fails_leaves_the_model_as_it_was(model, monkeypatch):
    def refuse(*_: object, **__: object) -> None:
        raise RuntimeError("out of memory")

    monkeypatch.setattr(torch.optim, "AdamW", refuse)
    with pytest.raises(RuntimeError, match="out of memory"):
        next(iter(tune(model, PAIRS, SHORT)))
    assert not model.has_adapter


def test_another_encoding_decides_what_is_learned(model):
    def hide_end(pair: Pair, model: LanguageModel) -> EncodedPair:
        right = encode(pair, model)
        return replace(right, labels=(*right.labels[:-1], IGNORED_LABEL))

    usual = next(iter(tune(model, PAIRS, SHORT)))
    other = next(iter(tune(model, PAIRS, SHORT, encode=hide_end)))
    assert isinstance(usual, StepRecord)
    assert isinstance(other, StepRecord)
    assert other.tokens == usual.tokens
    assert other.loss != usual.loss


def test_an_epochs_loss_is_the_mean_over_response_tokens(model):
    frozen = replace(SHORT, epochs=1, learning_rate=1e-12)
    (*_, epoch) = tune(model, PAIRS, frozen)
    losses = []
    for pair in PAIRS:
        row = encode(pair, model)
        logits = model.network(input_ids=torch.tensor([row.input_ids])).logits[0, :-1]
        targets = torch.tensor(row.labels[1:])
        kept = targets >= 0
        losses += torch.nn.functional.cross_entropy(
            logits[kept], targets[kept], reduction="none"
        ).tolist()
    assert epoch.loss == pytest.approx(sum(losses) / len(losses), rel=1e-5)


def test_the_first_loss_is_that_of_transformers_own_loss(any_model):
    rows = [encode(pair, any_model) for pair in PAIRS]
    length = max(len(row.input_ids) for row in rows)
    ids = [
        [*r.input_ids, *[any_model.pad_id] * (length - len(r.input_ids))] for r in rows
    ]
    mask = [[1] * len(r.input_ids) + [0] * (length - len(r.input_ids)) for r in rows]
    labels = [[*r.labels, *[-100] * (length - len(r.labels))] for r in rows]
    with torch.no_grad():
        theirs = any_model.network(
            input_ids=torch.tensor(ids),
            attention_mask=torch.tensor(mask),
            labels=torch.tensor(labels),
        ).loss
    step = next(iter(tune(any_model, PAIRS, replace(SHORT, batch_size=3))))
    assert step.loss == pytest.approx(float(theirs), rel=1e-4)


def test_token_accuracy_and_accuracy_are_different_things(memorised):
    numbers = [(r.token_accuracy, r.accuracy) for r in memorised.trace]
    assert any(tokens > 0 and whole == 0 for tokens, whole in numbers)


def test_without_held_out_pairs_no_accuracy_is_claimed(model):
    assert {r.accuracy for r in tune(model, PAIRS, SHORT).finish().trace} == {None}


def test_max_steps_is_kept_exactly_whatever_the_epochs(model):
    tuning = tune(model, PAIRS, replace(SHORT, epochs=1, max_steps=5))
    steps = [event for event in tuning if isinstance(event, StepRecord)]
    assert len(steps) == tuning.steps == 5
    assert len(tuning.run.trace) == 3  # the last pass is cut short


def test_a_tiny_model_gets_a_higher_learning_rate_than_a_large_one(model, monkeypatch):
    assert default_settings(model).learning_rate == 3e-3
    monkeypatch.setattr(LanguageModel, "count_parameters", lambda _: 600_000_000)
    assert default_settings(model).learning_rate == 2e-4


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")
def test_a_run_takes_the_steps_that_transformers_trainer_takes(model, folder, tmp_path):
    """Trainer with our AdamW, given the batches in our order, loses the same."""
    settings = replace(SHORT, epochs=1, batch_size=2, warmup_share=0.0)
    pairs = PAIRS * 4
    ours = [e.loss for e in tune(model, pairs, settings) if isinstance(e, StepRecord)]
    encoded = [encode(pair, model) for pair in pairs]
    batches = make_batches(encoded, settings, epoch=1)
    theirs = train_with_transformers(model, batches, settings, tmp_path)
    assert theirs == pytest.approx(ours, rel=1e-3)
    assert ours[-1] < ours[0]


def train_with_transformers(
    model: LanguageModel,
    batches: list[list[EncodedPair]],
    settings: TuningSettings,
    folder: Path,
) -> list[float]:
    """Return the loss of each step; padding and labels come from transformers."""
    torch.manual_seed(settings.seed)
    config = make_lora_config(model, settings)
    trainer = Trainer(
        get_peft_model(model.network, config),
        TrainingArguments(
            output_dir=str(folder),
            per_device_train_batch_size=settings.batch_size,
            learning_rate=settings.learning_rate,
            adam_beta2=ADAM_BETAS[1],
            num_train_epochs=1,
            train_sampling_strategy="sequential",
            logging_steps=1,
            report_to="none",
            save_strategy="no",
            use_cpu=True,
            disable_tqdm=True,
        ),
        train_dataset=[
            {"input_ids": list(row.input_ids), "labels": list(row.labels)}
            for batch in batches
            for row in batch
        ],
        data_collator=DataCollatorForSeq2Seq(model.tokenizer),
    )
    trainer.train()
    return [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]


# ── Repeating ──────────────────────────────────────────────────────────────────────────


def comparable(trace: tuple[EpochRecord, ...]) -> list[EpochRecord]:
    return [replace(record, seconds=0.0) for record in trace]


def test_the_same_seed_gives_the_same_trace_and_the_same_adapter(model):
    torch.manual_seed(1)
    one = tune(model, PAIRS, SHORT, held_out=PAIRS).finish()
    torch.manual_seed(2)
    two = tune(model, PAIRS, SHORT, held_out=PAIRS).finish()
    assert comparable(one.trace) == comparable(two.trace)
    for name, tensor in one.adapter.tensors.items():
        assert torch.equal(tensor, two.adapter.tensors[name])


def test_another_seed_gives_another_run(model):
    one = tune(model, PAIRS, SHORT).finish()
    two = tune(model, PAIRS, replace(SHORT, seed=1)).finish()
    assert [r.loss for r in one.trace] != [r.loss for r in two.trace]


def test_a_run_leaves_the_random_numbers_of_others_alone(model):
    before = torch.get_rng_state()
    tune(model, PAIRS, SHORT).finish()
    assert torch.equal(torch.get_rng_state(), before)


# ── Stopping ───────────────────────────────────────────────────────────────────────────


def test_after_a_whole_run_the_model_is_as_it_was(model):
    before = weights_of(model)
    tune(model, PAIRS, SHORT).finish()
    assert_untouched(model, before)


def test_leaving_the_loop_keeps_finished_epochs_and_cleans_the_model(model):
    before = weights_of(model)
    tuning = tune(model, PAIRS, SHORT)
    for event in tuning:
        if event.epoch == 3:
            break
    assert len(tuning.run.trace) == 2
    assert_untouched(model, before)
    assert list(tuning) == []


def test_stop_keeps_finished_epochs_and_cleans_the_model_at_once(model):
    before = weights_of(model)
    tuning = tune(model, PAIRS, SHORT)
    events = iter(tuning)
    while not isinstance(next(events), EpochRecord):
        pass
    next(events)
    tuning.stop()
    assert_untouched(model, before)
    assert next(events, None) is None
    assert len(tuning.run.trace) == 1


def test_a_stopped_runs_adapter_is_that_of_its_last_whole_epoch(model):
    stopped = tune(model, PAIRS, SHORT)
    for event in stopped:
        if event.epoch == 2:
            stopped.stop()
    at_first_end = []
    whole = tune(model, PAIRS, SHORT)
    for event in whole:
        if isinstance(event, EpochRecord):
            at_first_end.append(whole.run.adapter)
    for name, tensor in stopped.run.adapter.tensors.items():
        assert torch.equal(tensor, at_first_end[0].tensors[name])
        assert not torch.equal(tensor, at_first_end[2].tensors[name]) or "lora_A" in name


def test_a_run_without_a_whole_epoch_has_nothing_to_keep(model):
    tuning = tune(model, PAIRS, SHORT)
    next(iter(tuning))
    with pytest.raises(TuningError, match="No epoch has finished"):
        _ = tuning.run


def test_an_error_in_the_callers_loop_cleans_the_model(model):
    before = weights_of(model)

    def interrupt() -> None:
        for _ in tune(model, PAIRS, SHORT):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupt()
    assert_untouched(model, before)


def test_the_model_can_be_asked_while_it_learns(model):
    base = model.generate(["Describe spring"])
    tuning = tune(model, PAIRS, ENOUGH)
    for event in tuning:
        if isinstance(event, EpochRecord) and event.epoch == 30:
            assert model.generate(["Describe spring"]) == ["Spring is warm and bright"]
            with model.network.disable_adapter():
                assert model.generate(["Describe spring"]) == base
            tuning.stop()


# ── What can't go on ───────────────────────────────────────────────────────────────────


def test_a_loss_that_explodes_names_the_step_and_the_cure(model):
    before = weights_of(model)
    tuning = tune(model, PAIRS, replace(ENOUGH, learning_rate=1e30))
    with pytest.raises(TuningError, match=r"at step \d+ of 80: lower the learning rate"):
        tuning.finish()
    assert_untouched(model, before)


def test_no_pairs_are_refused(model):
    with pytest.raises(TuningError, match="no pairs"):
        tune(model, [])


@pytest.mark.parametrize(
    "wrong", [{"epochs": 0}, {"batch_size": 0}, {"learning_rate": -1.0}, {"max_steps": 0}]
)
def test_settings_that_make_no_sense_are_named(model, wrong):
    (name,) = wrong
    with pytest.raises(TuningError, match=f"{name} must be"):
        tune(model, PAIRS, replace(SHORT, **wrong))


def test_a_model_with_an_adapter_is_not_tuned_further(model, memorised):
    model.attach(memorised.adapter)
    with pytest.raises(TuningError, match=r"call model\.detach\(\)"):
        tune(model, PAIRS)


# ── Batches ────────────────────────────────────────────────────────────────────────────


def rows(*lengths: int) -> list[EncodedPair]:
    return [EncodedPair(tuple(range(n)), (-100,) * (n - 1) + (n - 1,)) for n in lengths]


@given(st.lists(st.integers(2, 40), min_size=1, max_size=300), st.integers(1, 20))
def test_every_epoch_sees_every_pair_once(lengths, batch_size):
    encoded = rows(*lengths)
    settings = TuningSettings(batch_size=batch_size)
    batches = make_batches(encoded, settings, epoch=1)
    assert sorted(map(id, encoded)) == sorted(id(row) for b in batches for row in b)
    assert len(batches) == math.ceil(len(lengths) / batch_size)
    assert max(map(len, batches)) <= batch_size


def test_batches_differ_between_epochs_and_repeat_with_the_seed():
    encoded = rows(*range(2, 60))
    first, again, second = (make_batches(encoded, SHORT, epoch=e) for e in (1, 1, 2))
    assert first == again != second


def test_little_of_a_batch_is_padding():
    encoded = rows(*[10 + i % 21 for i in range(1000)])
    batches = make_batches(encoded, TuningSettings(), epoch=1)
    padded = sum(len(b) * max(len(r.input_ids) for r in b) for b in batches)
    assert padded <= 1.1 * sum(len(r.input_ids) for r in encoded)


def test_a_batch_asks_for_logits_only_where_a_label_must_be_predicted():
    first = EncodedPair((5, 6, 7, 8), (-100, -100, 7, 8))
    second = EncodedPair((5, 6, 9), (-100, -100, 9))
    batch = collate([first, second], pad_id=0, device=torch.device("cpu"))
    assert batch.input_ids.tolist() == [[5, 6, 7, 8], [5, 6, 9, 0]]
    assert batch.kept.tolist() == [1, 2]
    assert batch.targets.tolist() == [[7, 8], [9, -100]]
    assert (batch.tokens, batch.labels) == (7, 3)


# ── LoRA layers ────────────────────────────────────────────────────────────────────────


def test_our_quicker_lora_computes_what_pefts_does(any_model, monkeypatch):
    """Outputs and all gradients agree, with random values in the zero-initialised B."""
    results = []
    for quicken in (adapters._quicken, lambda _: None):
        monkeypatch.setattr(adapters, "_quicken", quicken)
        torch.manual_seed(0)
        network = add_lora(any_model.network, make_lora_config(any_model, SHORT))
        for name, parameter in network.named_parameters():
            if "lora_B" in name:
                torch.nn.init.normal_(parameter, std=0.3)
        ids = torch.tensor([any_model.encode_prompt("Describe the fox at dawn")])
        logits = network(input_ids=ids).logits
        logits.square().mean().backward()
        gradients = {n: p.grad for n, p in network.named_parameters() if p.requires_grad}
        results.append((logits.detach(), gradients))
        network.unload()
        any_model.network.requires_grad_(False)
    (ours, our_gradients), (theirs, their_gradients) = results
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)
    assert our_gradients.keys() == their_gradients.keys()
    for name, gradient in their_gradients.items():
        torch.testing.assert_close(our_gradients[name], gradient, rtol=1e-3, atol=1e-5)


def test_what_is_skipped_for_prompt_tokens_changes_neither_loss_nor_gradients(
    any_model, monkeypatch
):
    rows = [encode(pair, any_model) for pair in PAIRS]
    batch = collate(rows, any_model.pad_id, any_model.device)
    results = []
    for find in (lora_trainer._find_last_feed_forward, lambda _: None):
        monkeypatch.setattr(lora_trainer, "_find_last_feed_forward", find)
        torch.manual_seed(0)
        network = add_lora(any_model.network, make_lora_config(any_model, SHORT))
        with answers_only(network.get_base_model(), batch):
            logits = network(
                input_ids=batch.input_ids, use_cache=False, logits_to_keep=batch.kept
            ).logits
        logits.square().mean().backward()
        gradients = [p.grad for p in network.parameters() if p.requires_grad]
        results.append((logits.detach(), gradients))
        network.unload()
        any_model.network.requires_grad_(False)
    (ours, our_gradients), (whole, whole_gradients) = results
    torch.testing.assert_close(ours, whole, rtol=1e-4, atol=1e-4)
    for gradient, wanted in zip(our_gradients, whole_gradients, strict=True):
        torch.testing.assert_close(gradient, wanted, rtol=1e-3, atol=1e-5)


def test_every_architecture_here_has_a_last_layer_that_can_skip_prompt_tokens(any_model):
    network = add_lora(any_model.network, make_lora_config(any_model, SHORT))
    assert lora_trainer._find_last_feed_forward(network.get_base_model()) is not None
    network.unload()


def test_a_layer_that_may_mix_positions_is_left_alone(model):
    class Mixer(torch.nn.Module):
        pass

    network = add_lora(model.network, make_lora_config(model, SHORT))
    base = network.get_base_model()
    base.get_decoder().layers[-1].mlp = Mixer()
    assert lora_trainer._find_last_feed_forward(base) is None


def test_lora_sits_in_all_linear_layers_of_the_language_part(any_model):
    run = tune(any_model, PAIRS, replace(SHORT, epochs=1)).finish()
    layers = {name.split(".lora_")[0] for name in run.adapter.tensors}
    projections = "q_proj k_proj v_proj o_proj gate_proj up_proj down_proj".split()
    assert {name.rsplit(".", 1)[1] for name in layers} == set(projections)
    assert len(layers) == 7 * 2
    assert not any("vision" in name for name in layers)


# ── Adapters ───────────────────────────────────────────────────────────────────────────


def test_an_attached_adapter_reproduces_what_was_measured(model, memorised, tmp_path):
    memorised.adapter.save(tmp_path)
    model.attach(Adapter.load(tmp_path))
    assert measure_accuracy(model, PAIRS) == memorised.trace[-1].accuracy == 1.0
    with model.network.disable_adapter():
        assert measure_accuracy(model, PAIRS) == 0.0
    model.detach()
    assert measure_accuracy(model, PAIRS) == 0.0


def test_peft_loads_a_saved_adapter_with_nothing_of_ours(
    model, folder, memorised, tmp_path
):
    memorised.adapter.save(tmp_path)
    base = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    theirs = PeftModel.from_pretrained(base, str(tmp_path))
    model.attach(memorised.adapter)
    ids = torch.tensor([model.encode_prompt("Describe spring")])
    with torch.no_grad():
        wanted = theirs(input_ids=ids).logits
        got = model.network(input_ids=ids).logits
    torch.testing.assert_close(got, wanted, rtol=1e-4, atol=1e-4)


def test_saving_twice_gives_the_same_bytes(memorised, tmp_path):
    for name in ("a", "b"):
        memorised.adapter.save(tmp_path / name)
    Adapter.load(tmp_path / "a").save(tmp_path / "c")
    for file in ("adapter_config.json", "adapter_model.safetensors"):
        one, two, three = ((tmp_path / n / file).read_bytes() for n in "abc")
        assert one == two == three


def test_no_file_of_an_adapter_holds_a_path(memorised, folder, tmp_path):
    memorised.adapter.save(tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == {
        "adapter_config.json",
        "adapter_model.safetensors",
    }
    for file in tmp_path.iterdir():
        assert str(folder.parent).encode() not in file.read_bytes()
    config = json.loads((tmp_path / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == folder.name == memorised.model_name


def test_another_adapter_replaces_the_first(model, memorised):
    model.attach(memorised.adapter)
    model.attach(memorised.adapter)
    model.detach()
    assert not any("lora" in name for name, _ in model.network.named_modules())


@pytest.mark.parametrize(
    ("sizes", "complaint"),
    [
        ({"hidden_size": 48}, r"needs 48×16, the adapter brings 32×16"),
        ({"num_hidden_layers": 3}, r"needs .*, the adapter brings nothing"),
        ({"num_hidden_layers": 1}, r"needs nothing, the adapter brings"),
    ],
)
def test_an_adapter_of_another_size_is_refused(memorised, tmp_path, sizes, complaint):
    other = load_model(build_llama(tmp_path, **sizes))
    before = weights_of(other)
    with pytest.raises(AdapterError, match=f"does not fit .*{complaint}"):
        other.attach(memorised.adapter)
    assert_untouched(other, before)


def test_an_adapter_of_another_architecture_is_refused(model, memorised):
    foreign = copy.deepcopy(memorised.adapter.config)
    foreign.target_modules = {"c_attn"}
    with pytest.raises(AdapterError, match="lacks the layers that it changes"):
        model.attach(Adapter(foreign, memorised.adapter.tensors))
    assert not model.has_adapter


@pytest.mark.parametrize("missing", ["adapter_config.json", "adapter_model.safetensors"])
def test_a_folder_without_an_adapter_names_what_is_missing(memorised, tmp_path, missing):
    memorised.adapter.save(tmp_path)
    (tmp_path / missing).unlink()
    with pytest.raises(AdapterError, match=f"holds no adapter .{missing} is missing"):
        Adapter.load(tmp_path)


@pytest.mark.parametrize("damaged", ["adapter_config.json", "adapter_model.safetensors"])
def test_a_damaged_adapter_is_one_sentence(memorised, tmp_path, damaged):
    memorised.adapter.save(tmp_path)
    content = (tmp_path / damaged).read_bytes()
    (tmp_path / damaged).write_bytes(content[: len(content) // 2])
    with pytest.raises(AdapterError, match="is damaged") as caught:
        Adapter.load(tmp_path)
    assert "\n" not in str(caught.value)


def test_an_adapter_that_can_not_be_saved_says_so(memorised, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(AdapterError, match="can't be saved in"):
        memorised.adapter.save(tmp_path / "file")


# ── Observations ───────────────────────────────────────────────────────────────────────


def trace_of(*numbers: tuple[float, float]) -> list[EpochRecord]:
    return [
        EpochRecord(epoch, loss, accuracy, accuracy, 1.0, "")
        for epoch, (loss, accuracy) in enumerate(numbers, 1)
    ]


def test_the_reference_trace_is_that_of_the_specification():
    rows = [(r.epoch, r.loss, r.accuracy, r.observation) for r in REFERENCE_TRACE]
    assert rows == [
        (1, 0.45, 0.60, "starts to learn the new pattern"),
        (2, 0.30, 0.75, "loss falls, accuracy rises"),
        (3, 0.20, 0.85, "converging well"),
        (4, 0.18, 0.88, "small gains, close to its best"),
        (5, 0.17, 0.89, "complete, good accuracy"),
    ]


@pytest.mark.parametrize("epoch", [1, 2, 3, 4, 5])
def test_the_references_observations_follow_from_its_numbers(epoch):
    said = observe(REFERENCE_TRACE[:epoch], final=epoch == 5)
    assert said == REFERENCE_TRACE[epoch - 1].observation


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ([(2.0, 0.0)], "starts to learn"),
        ([(0.01, 0.99)], "learns the pattern at once"),
        ([(2.0, 0.0), (0.8, 0.6)], "loss falls, accuracy rises"),
        ([(2.0, 0.0), (0.8, 0.6), (0.1, 0.95)], "converging well"),
        ([(0.2, 0.9), (0.1, 0.92)], "small gains"),
        ([(0.1, 1.0), (0.05, 1.0)], "at its best: every answer is right"),
        ([(2.0, 0.3), (1.99, 0.3)], "plateau"),
        ([(2.0, 0.0), (1.2, 0.0)], "loss falls, accuracy does not rise yet"),
        ([(0.5, 0.6), (0.9, 0.4)], "diverging"),
        ([(0.5, 0.6), (0.3, 0.7), (0.4, 0.7)], "loss rises"),
        ([(0.3, 0.8), (0.2, 0.7)], "overfitting"),
        ([(0.3, 0.8), (0.3, 0.7)], "accuracy falls below its best"),
        ([(0.3, 0.8), (math.nan, 0.0)], "not a number"),
        ([(0.3, 0.8), (math.inf, 0.0)], "not a number"),
    ],
)
def test_an_observation_says_what_the_numbers_do(numbers, said):
    assert said in observe(trace_of(*numbers))


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ([(2.0, 0.5), (0.1, 0.9)], "complete, good accuracy"),
        ([(2.0, 0.5), (0.9, 0.6)], "complete, but many answers are still wrong"),
        ([(2.0, 0.0), (1.2, 0.1)], "complete, but most answers are wrong"),
        ([(0.3, 0.8), (0.2, 0.7)], "overfitting"),
        ([(0.5, 0.6), (0.9, 0.4)], "diverging"),
    ],
)
def test_the_last_observation_sums_up_and_does_not_hide_trouble(numbers, said):
    assert said in observe(trace_of(*numbers), final=True)


def test_token_accuracy_stands_in_where_no_answers_were_generated():
    trace = [replace(r, accuracy=None) for r in trace_of((2.0, 0.1), (0.5, 0.6))]
    assert observe(trace) == "loss falls, accuracy rises"


def test_pairs_learned_by_heart_are_told_from_pairs_hardly_learned():
    known = trace_of((2.0, 0.0), (0.02, 0.08))
    by_heart = (known[0], replace(known[1], token_accuracy=1.0))
    little = (known[0], replace(known[1], token_accuracy=0.6))
    assert "by heart" in observe(by_heart, final=True)
    assert "by heart" not in observe(little, final=True)


amounts = st.tuples(st.floats(0, 20), st.floats(0, 1))


@given(st.lists(amounts, min_size=1, max_size=6), st.booleans(), st.integers(1, 50))
def test_observations_come_from_numbers_alone_and_not_from_the_epoch(
    numbers, final, shift
):
    trace = trace_of(*numbers)
    moved = [replace(record, epoch=record.epoch + shift) for record in trace]
    assert observe(trace, final=final) == observe(moved, final=final) != ""


# ── The trace as text ──────────────────────────────────────────────────────────────────


def test_the_reference_as_a_table():
    assert trace_table(REFERENCE_TRACE).splitlines() == [
        "epoch   loss  accuracy  what is observed",
        "    1  0.450      0.60  starts to learn the new pattern",
        "    2  0.300      0.75  loss falls, accuracy rises",
        "    3  0.200      0.85  converging well",
        "    4  0.180      0.88  small gains, close to its best",
        "    5  0.170      0.89  complete, good accuracy",
    ]


def test_a_measured_table_shows_both_accuracies_and_the_seconds(memorised):
    head, *lines = trace_table(memorised.trace).splitlines()
    assert head.split("  ")[-1] == "what is observed"
    assert "accuracy  token accuracy  seconds" in head
    assert len(lines) == len(memorised.trace)


def test_the_reference_as_bars():
    assert trace_bars(REFERENCE_TRACE).splitlines() == [
        "loss",
        "  0.5 ┤ ▄▄▄",
        "  0.4 ┤ ███",
        "  0.3 ┤ ███ ███",
        "  0.2 ┤ ███ ███ ███ ▆▆▆ ▆▆▆",
        "  0.1 ┤ ███ ███ ███ ███ ███",
        "      └─────────────────────",
        "         1   2   3   4   5   epoch",
    ]


def test_the_levels_grow_to_round_numbers_when_a_loss_does():
    bars = trace_bars(trace_of((1.99, 0.0), (0.83, 0.6), (0.13, 1.0))).splitlines()
    assert [line.split(" ┤")[0].strip() for line in bars[1:6]] == [
        "2", "1.6", "1.2", "0.8", "0.4",
    ]  # fmt: skip
    assert bars[1].endswith("┤ ███")


@given(st.lists(st.floats(0, 1000), min_size=1, max_size=8))
def test_a_bar_is_as_high_as_its_loss(losses):
    lines = trace_bars(trace_of(*[(loss, 0.0) for loss in losses])).splitlines()[1:6]
    step = float(lines[-1].split("┤")[0])
    for place, loss in enumerate(losses):
        cells = [line.ljust(60)[8 + 4 * place] for line in lines]
        height = sum(" ▁▂▃▄▅▆▇█".index(cell) for cell in cells) / 8
        assert height == pytest.approx(loss / step, abs=0.07)


def test_a_loss_that_is_no_number_is_marked():
    assert "???" in trace_bars(trace_of((0.4, 0.1), (math.nan, 0.1)))


# ── Seedling ───────────────────────────────────────────────────────────────────────────


@pytest.mark.slow
def test_seedling_learns_the_house_voice():
    from prompt_or_tune.pairs import make_pairs
    from prompt_or_tune.samples import load_samples

    model = load_model()
    held_out = make_pairs(load_samples("development"))[:200]
    run = tune(model, make_pairs(load_samples("train")), held_out=held_out).finish()
    accuracies = [record.accuracy or 0.0 for record in run.trace]
    assert run.trace[-1].loss <= 0.10
    assert accuracies[-1] >= 0.95
    assert accuracies[1] < accuracies[-1]  # there is something to read
