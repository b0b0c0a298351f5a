"""Loading, asking and adapting a model: one path for every architecture and source."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from huggingface_hub.errors import (
    GatedRepoError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
)
from prompt_or_tune import model_sources, models
from prompt_or_tune.hardware import choose_precision
from prompt_or_tune.model_sources import SEEDLING_FOLDER
from prompt_or_tune.models import (
    LanguageModel,
    ModelError,
    batch_by_length,
    check_memory,
    format_count,
    load_model,
)
from transformers import AutoConfig

from tests.tiny_models import BUILDERS, build_gemma3, build_gemma3_multimodal, build_llama

PROMPTS = [
    "Describe spring",
    "Write a short, rhyming poem about spring with 4 lines",
    "Describe the owl in the garden",
    "Describe the fox at dawn",
]
ARCHITECTURES = [*BUILDERS, "gemma3 with vision"]


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("models")
    builders = BUILDERS | {"gemma3 with vision": build_gemma3_multimodal}
    return {name: build(root / name) for name, build in builders.items()}


@pytest.fixture
def model(request, folders) -> LanguageModel:
    return load_model(folders[request.param])


@pytest.fixture
def llama(folders) -> LanguageModel:
    return load_model(folders["llama"])


each = pytest.mark.parametrize("model", ARCHITECTURES, indirect=True)


# ── Loading ────────────────────────────────────────────────────────────────────────────


def test_seedling_loads_from_the_package_and_says_where_it_runs():
    seedling = load_model()
    assert seedling.name == "seedling"
    assert seedling.describe().startswith("Seedling, ")
    assert 1e6 <= seedling.count_parameters() <= 3e6
    assert sum(f.stat().st_size for f in SEEDLING_FOLDER.iterdir()) <= 12e6


@each
def test_a_local_folder_loads_in_float32_on_the_cpu(model):
    assert model.device.type == "cpu"
    assert {p.dtype for p in model.network.parameters()} == {torch.float32}
    assert not any(p.requires_grad for p in model.network.parameters())
    assert not model.network.training


def test_describe_states_size_device_precision_threads_and_the_reasons(
    folders, monkeypatch
):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert load_model(folders["llama"]).describe() == (
        f"{folders['llama']}, 29.8K parameters, on the CPU in float32 "
        "(no GPU was found), 1 thread (a small network)"
    )


def test_a_gpu_is_called_by_its_own_name_and_has_no_threads(llama, monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: "Tesla T4")
    llama.device = torch.device("cuda")
    assert "on the GPU (Tesla T4) in float32" in llama.describe()
    assert "thread" not in llama.describe()


def test_threads_that_make_no_sense_are_refused_in_one_sentence(folders):
    with pytest.raises(ModelError, match="threads must be at least 1, not 0"):
        load_model(folders["llama"], threads=0)


@pytest.mark.slow
def test_of_a_download_a_bar_is_shown_and_of_reading_a_file_none():
    look = (
        "from huggingface_hub.utils.tqdm import are_progress_bars_disabled\n"
        "from prompt_or_tune.model_sources import only_downloads_shown\n"
        "from transformers.utils import logging\n"
        "with only_downloads_shown():\n"
        "    assert not are_progress_bars_disabled()\n"
        "    assert not logging.is_progress_bar_enabled()\n"
        "assert logging.is_progress_bar_enabled()\n"
    )
    # A process of its own: a command that ran here may have hidden the bars for good.
    environment = {k: v for k, v in os.environ.items() if "PROGRESS_BARS" not in k}
    done = subprocess.run(
        [sys.executable, "-c", look], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_half_precision_weights_are_computed_in_float32_on_the_cpu(folders, tmp_path):
    original = load_model(folders["llama"])
    original.network.to(torch.bfloat16).save_pretrained(tmp_path)
    original.tokenizer.save_pretrained(tmp_path)
    assert load_model(tmp_path).dtype == torch.float32


def test_tied_weights_count_once(llama):
    embedding = llama.network.get_input_embeddings().weight
    assert llama.network.lm_head.weight is embedding
    assert llama.count_parameters() == llama.network.num_parameters()


@pytest.mark.parametrize(
    ("count", "text"),
    [(950, "950"), (12_345, "12.3K"), (1_516_960, "1.5M"), (7e9, "7.0B")],
)
def test_counts_are_written_as_people_say_them(count, text):
    assert format_count(int(count)) == text


# ── Formatting ─────────────────────────────────────────────────────────────────────────


@each
def test_a_formatted_prompt_ends_where_the_answer_begins(model):
    formatted = model.format_prompt("Describe spring")
    conversation = [
        {"role": "user", "content": "Describe spring"},
        {"role": "assistant", "content": "Spring is warm and bright"},
    ]
    whole = model.tokenizer.apply_chat_template(conversation, tokenize=False)
    assert whole.startswith(formatted + "Spring is warm and bright")


@pytest.mark.parametrize("model", ["qwen3"], indirect=True)
def test_thinking_is_switched_off_where_there_is_a_switch(model):
    assert model.format_prompt("Describe spring").endswith("<think>\n\n</think>\n\n")


@pytest.mark.parametrize("model", ["gemma3"], indirect=True)
def test_special_tokens_of_the_template_are_not_added_twice(model):
    ids = model.encode_prompt("Describe spring")
    assert ids.count(model.tokenizer.bos_token_id) == 1


@each
def test_count_tokens_counts_what_the_model_reads(model):
    assert model.count_tokens(PROMPTS[0]) == len(model.encode_prompt(PROMPTS[0]))
    assert model.count_tokens(PROMPTS[1]) > model.count_tokens(PROMPTS[0])


@pytest.mark.parametrize(
    ("model", "token"),
    [
        ("llama", "<end>"),
        ("qwen2", "<|im_end|>"),
        ("qwen3", "<|im_end|>"),
        ("gemma3", "<end_of_turn>"),
        ("gemma3 with vision", "<end_of_turn>"),
    ],
    indirect=["model"],
)
def test_the_end_of_turn_is_read_from_the_chat_template(model, token):
    assert model.tokenizer.decode([model.end_of_turn_id]) == token


@pytest.mark.parametrize("model", ["gemma3"], indirect=True)
def test_generation_stops_at_the_end_of_turn_as_well_as_at_eos(model):
    names = {model.tokenizer.decode([i]) for i in model.stop_ids}
    assert names == {"<eos>", "<end_of_turn>"}


# ── Generating ─────────────────────────────────────────────────────────────────────────


@each
def test_batched_answers_are_those_of_one_prompt_at_a_time(model):
    batched = model.generate(PROMPTS, max_new_tokens=8, batch_size=3)
    assert batched == [model.generate([p], max_new_tokens=8)[0] for p in PROMPTS]


@each
def test_generation_is_greedy(model):
    (answer,) = model.generate_detailed(PROMPTS[:1], max_new_tokens=4)
    ids = model.encode_prompt(PROMPTS[0])
    for _ in range(answer.tokens):
        with torch.no_grad():
            logits = model.network(input_ids=torch.tensor([ids])).logits
        ids.append(int(logits[0, -1].argmax()))
    new = ids[-answer.tokens :]
    assert answer.text == model.tokenizer.decode(new, skip_special_tokens=True).strip()


def test_answers_keep_the_order_of_the_prompts(llama):
    there = llama.generate(PROMPTS, max_new_tokens=6, batch_size=2)
    back = llama.generate(PROMPTS[::-1], max_new_tokens=6, batch_size=2)
    assert there == back[::-1]


def test_progress_tells_how_many_prompts_are_answered(llama):
    seen: list[tuple[int, int]] = []
    llama.generate(
        PROMPTS,
        max_new_tokens=1,
        batch_size=3,
        on_progress=lambda *counts: seen.append(counts),
    )
    assert seen == [(3, 4), (4, 4)]


def test_no_prompts_give_no_answers(llama):
    assert llama.generate([]) == []


def test_an_answer_ends_by_itself_or_at_its_budget(llama):
    (open_ended,) = llama.generate_detailed(PROMPTS[:1], max_new_tokens=3)
    assert (open_ended.ended, open_ended.tokens) == (False, 3)
    favour(llama, llama.end_of_turn_id)
    (ended,) = llama.generate_detailed(PROMPTS[:1], max_new_tokens=3)
    assert (ended.text, ended.ended, ended.tokens) == ("", True, 1)


def favour(model: LanguageModel, token: int) -> None:
    """Make the model say this token always."""

    def add(module: Any, inputs: Any, output: torch.Tensor) -> torch.Tensor:
        output[..., token] += 1e4
        return output

    model.network.get_output_embeddings().register_forward_hook(add)


def test_answers_carry_no_special_tokens_and_no_space_around(llama):
    space = llama.encode_text(" ")[0]
    favour(llama, space)
    assert llama.generate(PROMPTS[:1], max_new_tokens=3) == [""]


def test_a_models_own_sampling_settings_change_nothing(folders, tmp_path):
    plain = load_model(folders["llama"])
    plain.network.save_pretrained(tmp_path)
    plain.tokenizer.save_pretrained(tmp_path)
    path = tmp_path / "generation_config.json"
    settings = {
        "do_sample": True,
        "temperature": 2.0,
        "top_k": 50,
        "repetition_penalty": 5.0,
        "eos_token_id": plain.tokenizer.eos_token_id,
    }
    path.write_text(json.dumps(settings))
    altered = load_model(tmp_path)
    assert altered.generate(PROMPTS, max_new_tokens=12) == plain.generate(
        PROMPTS, max_new_tokens=12
    )


def test_a_prompt_beyond_the_context_is_refused_with_its_numbers(llama):
    with pytest.raises(ModelError, match=r"and 64 new ones are more than the 256 tokens"):
        llama.generate(["Describe the fox at dawn " * 60])


@each
def test_next_token_probabilities_are_the_softmax_of_the_last_position(model):
    rows = model.next_token_probabilities(PROMPTS)
    for prompt, row in zip(PROMPTS, rows, strict=True):
        ids = torch.tensor([model.encode_prompt(prompt)])
        with torch.no_grad():
            wanted = model.network(input_ids=ids).logits[0, -1].softmax(-1)
        torch.testing.assert_close(row, wanted, rtol=1e-4, atol=1e-6)


def test_batches_hold_similar_lengths_and_every_index_once():
    lengths = [3, 9, 4, 8, 5]
    batches = batch_by_length(lengths, 2)
    assert batches == [[1, 3], [4, 2], [0]]


# ── Errors ─────────────────────────────────────────────────────────────────────────────


def test_a_missing_folder_is_named():
    with pytest.raises(ModelError, match=r"^There is no folder \./nowhere/model: "):
        load_model("./nowhere/model")


def test_a_folder_without_a_model_says_what_it_needs(tmp_path):
    with pytest.raises(ModelError, match=r"holds no model: it needs config.json"):
        load_model(tmp_path)


def test_a_model_without_a_chat_template_is_refused(tmp_path):
    build_llama(tmp_path)
    (tmp_path / "chat_template.jinja").unlink()
    with pytest.raises(ModelError, match=r"has no chat template.*choose"):
        load_model(tmp_path)


def test_damaged_weights_are_one_sentence(tmp_path):
    build_llama(tmp_path)
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(ModelError, match=r"can't be loaded: .*\.$"):
        load_model(tmp_path)


def test_without_a_network_a_hub_id_is_refused_at_once_and_seedling_is_named():
    with pytest.raises(ModelError, match=r"can't be reached: connect .* Seedling"):
        load_model("some-owner/some-model")


def respond(error: type, status: int) -> Any:
    # As much of a response as the error reads; which HTTP library it is, varies.
    request = SimpleNamespace(method="HEAD", url="https://hub.example/owner/model")
    response: Any = SimpleNamespace(status_code=status, headers={}, request=request)
    return error("no", response=response)


@pytest.mark.parametrize(
    ("cause", "sentence"),
    [
        (respond(RepositoryNotFoundError, 404), "is neither a folder here nor a model"),
        (respond(GatedRepoError, 403), "is gated: accept its licence at https"),
        (LocalEntryNotFoundError("no"), "huggingface.co can't be reached"),
        (None, "can't be loaded: the first line."),
    ],
)
def test_each_failure_of_the_hub_has_its_own_sentence(monkeypatch, cause, sentence):
    def fail(*_: Any, **__: Any) -> None:
        raise OSError("the first line.\nand more") from cause

    monkeypatch.setattr(AutoConfig, "from_pretrained", fail)
    monkeypatch.setattr(model_sources, "_is_hub_reachable", lambda: True)
    with pytest.raises(ModelError, match=r"^owner/model ") as caught:
        load_model("owner/model")
    assert sentence in str(caught.value)


def test_a_proxy_is_left_to_say_what_can_be_reached(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:8080")
    assert model_sources._is_hub_reachable()


def test_a_model_that_exceeds_the_memory_is_refused_before_its_weights_are_read(
    tmp_path, monkeypatch
):
    build_llama(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    config |= {"hidden_size": 65536, "intermediate_size": 2**18, "num_hidden_layers": 80}
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(
        ModelError, match=r"too large for the memory: \d+\.\dB parameters"
    ):
        load_model(tmp_path)


def test_the_memory_that_is_needed_and_free_is_said(monkeypatch):
    monkeypatch.setattr(models, "measure_free_memory", lambda _: 4e9)
    with pytest.raises(ModelError, match=r"1\.5B parameters take 6\.0 GB .* has 4\.0 GB"):
        check_memory("big", 1_500_000_000, choose_precision("cpu"))
    check_memory("small", 900_000_000, choose_precision("cpu"))


def test_a_template_that_closes_no_answer_falls_back_on_eos(tmp_path):
    build_gemma3(tmp_path)
    template = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}"
    (tmp_path / "chat_template.jinja").write_text(template)
    assert load_model(tmp_path).tokenizer.decode([1]) == "<eos>"
    assert load_model(tmp_path).end_of_turn_id == 1


def test_a_model_that_can_end_no_answer_is_refused(tmp_path):
    build_llama(tmp_path)
    (tmp_path / "chat_template.jinja").write_text("{{ messages[-1].content }}")
    path = tmp_path / "tokenizer_config.json"
    settings = json.loads(path.read_text())
    settings.pop("eos_token")
    path.write_text(json.dumps(settings))
    with pytest.raises(ModelError, match="has no token that ends an answer"):
        load_model(tmp_path)
