"""What a model computes on: device, precision, threads; and how much memory there is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
import pytest
import torch
from prompt_or_tune import memory
from prompt_or_tune.hardware import (
    Threads,
    choose_precision,
    choose_threads,
    measure_free_memory,
)
from prompt_or_tune.memory import Memory, measure_memory
from prompt_or_tune.models import LanguageModel, load_model
from prompt_or_tune.pairs import encode
from prompt_or_tune.prediction import trace_changes
from prompt_or_tune.records import Pair, TuningSettings
from prompt_or_tune.tuning import tune
from torch.optim.optimizer import register_optimizer_step_pre_hook

from tests.tiny_models import build_llama

GIB = 1024**3


@pytest.fixture
def gpu(monkeypatch):
    def pretend(capability: tuple[int, int]) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
        monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: capability)
        monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: True)  # even on a T4

    return pretend


@pytest.mark.parametrize("capability", [(8, 0), (8, 9), (9, 0), (12, 0)])
def test_a_gpu_from_capability_8_computes_in_bfloat16(gpu, capability):
    gpu(capability)
    precision = choose_precision()
    assert (precision.weights, precision.autocast) == (torch.bfloat16, None)


@pytest.mark.parametrize("capability", [(6, 1), (7, 0), (7, 5)])
def test_an_older_gpu_keeps_float32_weights_under_float16(gpu, capability):
    gpu(capability)
    precision = choose_precision()
    assert (precision.weights, precision.autocast) == (torch.float32, torch.float16)
    major, minor = capability
    assert f"compute capability {major}.{minor}" in precision.reason


def test_mps_is_never_chosen_unasked(monkeypatch):
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert choose_precision().device.type == "cpu"
    assert choose_precision("mps").device.type == "mps"


def test_a_device_that_was_asked_for_wins(gpu):
    gpu((9, 0))
    assert choose_precision("cpu").reason == "cpu was asked for"
    assert choose_precision("cpu").weights == torch.float32


# ── Threads ────────────────────────────────────────────────────────────────────────────

PAIRS = [Pair("Describe spring", "Spring is warm and bright")]


@pytest.fixture(autouse=True)
def two_threads(monkeypatch):
    """Let torch compute with two threads, whatever this machine has."""
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return build_llama(tmp_path_factory.mktemp("llama"))


def observe_threads(model: LanguageModel) -> set[int]:
    """Return the numbers of threads that the network is computed with from now on."""
    seen: set[int] = set()
    model.network.register_forward_pre_hook(lambda *_: seen.add(torch.get_num_threads()))
    return seen


def test_a_small_network_takes_one_thread_and_a_large_one_what_torch_takes():
    assert choose_threads(1_600_000) == Threads(1, "a small network")
    assert choose_threads(135_000_000) == Threads(None, "torch's own choice")


def test_a_model_that_leaves_them_to_torch_says_how_many_that_are(folder):
    model = replace(load_model(folder), threads=choose_threads(135_000_000))
    assert model.describe().endswith(", 2 threads (torch's own choice)")


def test_the_environment_overrides_the_rule(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    for parameters in (1_600_000, 135_000_000):
        assert choose_threads(parameters) == Threads(3, "OMP_NUM_THREADS")


def test_only_the_outermost_number_of_the_environment_counts(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "4,2")
    assert choose_threads(1_600_000).count == 4


@pytest.mark.parametrize("text", ["", "many", "0", "-1"])
def test_an_environment_that_says_no_number_is_not_listened_to(monkeypatch, text):
    monkeypatch.setenv("OMP_NUM_THREADS", text)
    assert choose_threads(1_600_000).count == 1


def test_what_was_asked_for_overrides_both(monkeypatch, folder):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    model = load_model(folder, threads=2)
    assert model.describe().endswith(", 2 threads (asked for)")


def ask(model: LanguageModel) -> object:
    return model.generate(["Describe spring"], max_new_tokens=3)


def look(model: LanguageModel) -> object:
    return model.next_token_probabilities(["Describe spring"])


def learn(model: LanguageModel) -> object:
    return tune(model, PAIRS, TuningSettings(epochs=1), held_out=PAIRS).finish()


def compare(model: LanguageModel) -> object:
    adapter = tune(model, PAIRS, TuningSettings(epochs=1)).finish().adapter
    return trace_changes("Describe spring", "Spring is warm", model, adapter)


@pytest.mark.parametrize("use", [ask, look, learn, compare])
def test_whatever_a_model_does_takes_its_threads_and_leaves_torchs(folder, use):
    model = load_model(folder)
    seen = observe_threads(model)
    use(model)
    assert seen == {1}
    assert torch.get_num_threads() == 2


def test_a_whole_step_of_learning_takes_the_models_threads(folder):
    seen = set()
    hook = register_optimizer_step_pre_hook(lambda *_: seen.add(torch.get_num_threads()))
    try:
        learn(load_model(folder))
    finally:
        hook.remove()
    assert seen == {1}


def test_between_two_steps_torch_has_its_own_threads(folder):
    for _ in tune(load_model(folder), PAIRS, TuningSettings(epochs=2)):
        assert torch.get_num_threads() == 2


def test_two_models_keep_to_their_own(folder):
    one, three = load_model(folder), load_model(folder, threads=3)
    seen = observe_threads(one), observe_threads(three)
    for model in (one, three, one):
        ask(model)
    assert seen == ({1}, {3})


def test_an_error_leaves_torchs_threads_as_they_were(folder):
    model = load_model(folder)

    def fail() -> None:
        with model.computing():
            raise ValueError("in the block")

    with pytest.raises(ValueError, match="in the block"):
        fail()
    assert torch.get_num_threads() == 2


def test_the_number_of_threads_changes_no_more_than_the_last_digits(folder):
    losses = []
    for threads in (1, 2):
        model = load_model(folder, threads=threads)
        assert encode(PAIRS[0], model).labels
        run = tune(model, PAIRS * 8, TuningSettings(epochs=2)).finish()
        losses.append([record.loss for record in run.trace])
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)


# ── Memory ─────────────────────────────────────────────────────────────────────────────


def write_container(root: Path, limit: str, used: int, reclaimable: int = 0) -> None:
    (root / "memory.max").write_text(f"{limit}\n")
    (root / "memory.current").write_text(f"{used}\n")
    (root / "memory.stat").write_text(f"anon 5\ninactive_file {reclaimable}\n")


def pretend(monkeypatch: Any, machine: Memory, container: Memory) -> None:
    monkeypatch.setattr(psutil, "virtual_memory", lambda: machine)
    monkeypatch.setattr(memory, "_measure_container", lambda _: container)


def test_the_limit_of_a_container_leaves_what_is_not_used(tmp_path):
    write_container(tmp_path, "3000000", 1_000_000)
    assert memory._measure_container(tmp_path) == Memory(3e6, 2e6)


def test_files_that_the_kernel_only_keeps_at_hand_do_not_count_as_used(tmp_path):
    write_container(tmp_path, "3000000", 2_900_000, reclaimable=2_000_000)
    assert memory._measure_container(tmp_path) == Memory(3e6, 2.1e6)


def test_older_containers_have_their_limit_elsewhere(tmp_path):
    folder = tmp_path / "memory"
    folder.mkdir()
    (folder / "memory.limit_in_bytes").write_text("3000000\n")
    (folder / "memory.usage_in_bytes").write_text("2000000\n")
    (folder / "memory.stat").write_text("cache 7\ntotal_inactive_file 500000\n")
    assert memory._measure_container(tmp_path) == Memory(3e6, 1.5e6)


def test_a_container_without_a_limit_bounds_nothing(tmp_path):
    assert memory._measure_container(tmp_path).available == float("inf")
    write_container(tmp_path, "max", 1_000_000)
    assert memory._measure_container(tmp_path).total == float("inf")


@pytest.mark.parametrize(("limit", "total"), [(8 * GIB, 8 * GIB), (99 * GIB, 64 * GIB)])
def test_a_containers_limit_counts_where_it_is_lower(monkeypatch, limit, total):
    pretend(monkeypatch, Memory(64 * GIB, 50 * GIB), Memory(limit, limit))
    assert measure_memory() == Memory(total, min(50 * GIB, limit))


def test_this_machine_has_a_sane_amount():
    found = measure_memory()
    assert 1e8 < found.available <= found.total < 1e15
    assert measure_free_memory(torch.device("cpu")) == pytest.approx(
        found.available, rel=0.5
    )
