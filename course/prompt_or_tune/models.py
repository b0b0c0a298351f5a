"""Load a causal language model and let it answer: one path for every model.

Seedling (shipped with this package), a local folder and a hub id all go through
`load_model`. Device, precision and threads follow rules, and `LanguageModel.describe`
says which and why.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from peft import PeftModel
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    GenerationConfig,
    PreTrainedTokenizerFast,
)

from prompt_or_tune.adapters import Adapter, attach_adapter
from prompt_or_tune.hardware import (
    Precision,
    Threads,
    choose_precision,
    choose_threads,
    measure_free_memory,
)
from prompt_or_tune.model_sources import SEEDLING as SEEDLING
from prompt_or_tune.model_sources import ModelError as ModelError
from prompt_or_tune.model_sources import (
    explained,
    find_source,
    name_portably,
    only_downloads_shown,
)

BATCH_SIZE = 64


@dataclass(frozen=True)
class Answer:
    """One generated answer.

    `ended` tells whether the model ended it by itself, inside the budget of new tokens;
    `tokens` counts the new tokens, the end-of-turn included.
    """

    text: str
    ended: bool
    tokens: int


def load_model(
    name: str | os.PathLike[str] = SEEDLING,
    *,
    device: str | None = None,
    threads: int | None = None,
) -> LanguageModel:
    """Load Seedling, a local folder or a hub id.

    `device` ("cpu", "cuda", "cuda:1", "mps") overrides the rule of `choose_precision`,
    and `threads` that of `choose_threads`. Raises ModelError: unknown name, no network,
    gated, too large for the memory, no chat template, no model in the folder.
    """
    name = os.fspath(name)
    source = find_source(name)
    precision = choose_precision(device)
    with explained(name), only_downloads_shown():
        config = AutoConfig.from_pretrained(source.place, **source.options)
        parameters = count_config_parameters(config)
        check_memory(name, parameters, precision)
        tokenizer = AutoTokenizer.from_pretrained(source.place, **source.options)
        _check_tokenizer(name, tokenizer)
        network = AutoModelForCausalLM.from_pretrained(
            source.place, dtype=precision.weights, **source.options
        )
        chosen = choose_threads(parameters, asked=threads)
    network.to(precision.device).eval().requires_grad_(False)
    network.name_or_path = name_portably(name)  # PEFT writes it into adapters' files
    return LanguageModel(
        name=name,
        network=network,
        tokenizer=tokenizer,
        device=precision.device,
        dtype=precision.weights,
        precision=precision,
        threads=chosen,
    )


def _check_tokenizer(name: str, tokenizer: Any) -> None:
    if not getattr(tokenizer, "chat_template", None):
        raise ModelError(
            f"{name} has no chat template, so it is a base model that was not made to be "
            "asked: choose its instruction-tuned version (often named -Instruct or -it)."
        )


@dataclass
class LanguageModel:
    """A causal language model with its tokenizer: formats, generates, takes adapters.

    `name` is "seedling", a folder or a hub id; `network` is a PreTrainedModel of
    transformers, or the PeftModel around it while an adapter is attached.
    """

    name: str
    network: Any
    tokenizer: PreTrainedTokenizerFast
    device: torch.device
    dtype: torch.dtype
    precision: Precision
    threads: Threads

    def __post_init__(self) -> None:
        """Keep only what greedy decoding needs of the model's own generation settings."""
        # `generate` fills what a caller leaves open from here: a hub model's repetition
        # penalty or temperature would make the answers something else than greedy.
        self.network.generation_config = GenerationConfig(
            do_sample=False,
            eos_token_id=sorted(self.stop_ids),
            pad_token_id=self.pad_id,
        )

    def describe(self) -> str:
        """Return one line: name, size, device, precision, threads, and why these."""
        label = "Seedling" if self.name == SEEDLING else self.name
        numbers = str(self.dtype).removeprefix("torch.")
        if self.precision.autocast is not None:
            products = str(self.precision.autocast).removeprefix("torch.")
            numbers += f" with products in {products}"
        return (
            f"{label}, {format_count(self.count_parameters())} parameters, on "
            f"{self._describe_device()} in {numbers} ({self.precision.reason})"
            f"{self._describe_threads()}"
        )

    def _describe_device(self) -> str:
        if self.device.type == "cuda":
            return f"the GPU ({torch.cuda.get_device_name(self.device)})"
        return "the CPU" if self.device.type == "cpu" else f"the device {self.device}"

    def _describe_threads(self) -> str:
        """Return how many threads, and why; nothing where the CPU only waits."""
        if self.device.type != "cpu":
            return ""
        count = self.threads.count or torch.get_num_threads()
        return (
            f", {count} {'thread' if count == 1 else 'threads'} ({self.threads.reason})"
        )

    def count_parameters(self) -> int:
        """Return the number of the base model's weights, tied ones counted once."""
        return sum(
            p.numel() for n, p in self.network.named_parameters() if "lora_" not in n
        )

    def format_prompt(self, prompt: str) -> str:
        """Return the prompt as the model reads it: chat template, answer opened."""
        return _render(self.tokenizer, [_user(prompt)], open_answer=True)

    def encode_prompt(self, prompt: str) -> list[int]:
        """Return the token ids of the formatted prompt."""
        return self.encode_text(self.format_prompt(prompt))

    def encode_text(self, text: str) -> list[int]:
        """Return token ids of a text that already carries its special tokens."""
        return self.tokenizer(text, add_special_tokens=False)["input_ids"]

    def count_tokens(self, prompt: str) -> int:
        """Return how many tokens the model reads for this prompt, template included."""
        return len(self.encode_prompt(prompt))

    @cached_property
    def end_of_turn_id(self) -> int:
        """Return the token that closes an answer in this model's chat template."""
        return _find_end_of_turn(self.tokenizer)

    @cached_property
    def stop_ids(self) -> frozenset[int]:
        """Return the tokens at which generation stops."""
        own = getattr(self.network, "generation_config", None)
        listed = getattr(own, "eos_token_id", None)
        ids = listed if isinstance(listed, list) else [listed]
        ids = [*ids, self.tokenizer.eos_token_id, self.end_of_turn_id]
        return frozenset(i for i in ids if i is not None)

    @cached_property
    def pad_id(self) -> int:
        """Return the token that fills rows up; always masked, so any token would do."""
        pad = self.tokenizer.pad_token_id
        return pad if pad is not None else self.end_of_turn_id

    @cached_property
    def context_length(self) -> int:
        """Return the most tokens that the model was made to read."""
        text_config = self.network.config.get_text_config()
        return int(getattr(text_config, "max_position_embeddings", 0) or 10**9)

    def autocast(self) -> AbstractContextManager[Any]:
        """Return the context in which the network must be called on this device."""
        if self.precision.autocast is None:
            return nullcontext()
        return torch.autocast(self.device.type, self.precision.autocast)

    def generate(
        self,
        prompts: Sequence[str],
        *,
        max_new_tokens: int = 64,
        batch_size: int = BATCH_SIZE,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> list[str]:
        """Answer the prompts greedily; return the answers in the prompts' order.

        Batches hold prompts of about the same length. `on_progress(done, total)` is
        called after each batch. Raises ModelError: a prompt too long for the model.
        """
        answers = self.generate_detailed(
            prompts,
            max_new_tokens=max_new_tokens,
            batch_size=batch_size,
            on_progress=on_progress,
        )
        return [answer.text for answer in answers]

    def generate_detailed(
        self,
        prompts: Sequence[str],
        *,
        max_new_tokens: int = 64,
        batch_size: int = BATCH_SIZE,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> list[Answer]:
        """Answer as `generate` does, and tell whether each answer ended by itself.

        The decoding loop is transformers' own: one of ours that drops finished rows from
        the batch was measured on Seedling's size, and was no faster (within 8 %).
        """
        encoded = [self.encode_prompt(prompt) for prompt in prompts]
        self._check_lengths(encoded, max_new_tokens)
        answers: list[Answer | None] = [None] * len(encoded)
        done = 0
        for batch in batch_by_length([len(ids) for ids in encoded], batch_size):
            rows = self._generate_batch([encoded[i] for i in batch], max_new_tokens)
            for i, row in zip(batch, rows, strict=True):
                answers[i] = self._read_answer(row)
            done += len(batch)
            if on_progress is not None:
                on_progress(done, len(encoded))
        return [answer for answer in answers if answer is not None]

    def next_token_probabilities(
        self, prompts: Sequence[str], *, answer_start: str = ""
    ) -> torch.Tensor:
        """Return what the model thinks comes first: float32, prompts x vocabulary.

        With `answer_start`, what it thinks comes after these first words of an answer.
        """
        begun = self.encode_text(answer_start) if answer_start else []
        encoded = [self.encode_prompt(prompt) + begun for prompt in prompts]
        self._check_lengths(encoded, 1)
        result: list[torch.Tensor | None] = [None] * len(encoded)
        for batch in batch_by_length([len(ids) for ids in encoded], BATCH_SIZE):
            inputs = self._pad_left([encoded[i] for i in batch])
            with self.answering():
                logits = self.network(**inputs, logits_to_keep=1).logits[:, -1]
            for i, row in zip(batch, logits.float().softmax(-1).cpu(), strict=True):
                result[i] = row
        return torch.stack([row for row in result if row is not None])

    def attach(self, adapter: Adapter) -> None:
        """Put an adapter onto the network; one that is there already goes first.

        Raises AdapterError when it was made for another architecture or size.
        """
        self.detach()
        self.network = attach_adapter(self.network, adapter, self.name)

    def detach(self) -> None:
        """Take the adapter off; without one nothing happens."""
        if isinstance(self.network, PeftModel):
            self.network = self.network.unload()

    @property
    def has_adapter(self) -> bool:
        """Tell whether an adapter is attached."""
        return isinstance(self.network, PeftModel)

    @contextmanager
    def computing(self) -> Iterator[None]:
        """Let torch take this model's number of threads inside the block.

        The number is torch's own, for everybody in this process; so it is set around
        each computation, which costs less than a microsecond, and put back behind it.
        """
        before = torch.get_num_threads()
        torch.set_num_threads(self.threads.count or before)
        try:
            yield
        finally:
            torch.set_num_threads(before)

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Give the block evaluation mode, no gradients, our precision and threads."""
        was_training = self.network.training
        self.network.eval()
        try:
            with self.computing(), torch.no_grad(), self.autocast():
                yield
        finally:
            if was_training:
                self.network.train()

    def _check_lengths(self, encoded: Sequence[list[int]], new_tokens: int) -> None:
        longest = max((len(ids) for ids in encoded), default=0)
        if longest + new_tokens > self.context_length:
            raise ModelError(
                f"A prompt of {longest} tokens and {new_tokens} new ones are more than "
                f"the {self.context_length} tokens that {self.name} reads: shorten the "
                "prompt or allow fewer new tokens."
            )

    def _generate_batch(
        self, rows: Sequence[list[int]], max_new_tokens: int
    ) -> list[list[int]]:
        inputs = self._pad_left(rows)
        with self.answering():
            output = self.network.generate(**inputs, max_new_tokens=max_new_tokens)
        return output[:, inputs["input_ids"].shape[1] :].tolist()

    def _pad_left(self, rows: Sequence[list[int]]) -> dict[str, torch.Tensor]:
        """Return ids and mask, rows x longest, each row's last token at the right."""
        longest = max(len(row) for row in rows)
        gaps = [longest - len(row) for row in rows]
        ids = [[self.pad_id] * gap + row for gap, row in zip(gaps, rows, strict=True)]
        mask = [[0] * gap + [1] * (longest - gap) for gap in gaps]
        return {
            "input_ids": torch.tensor(ids, device=self.device),
            "attention_mask": torch.tensor(mask, device=self.device),
        }

    def _read_answer(self, new_ids: list[int]) -> Answer:
        length = next(
            (i + 1 for i, token in enumerate(new_ids) if token in self.stop_ids), None
        )
        kept = new_ids if length is None else new_ids[:length]
        text = self.tokenizer.decode(
            kept, skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        return Answer(text=text.strip(), ended=length is not None, tokens=len(kept))


def batch_by_length(lengths: Sequence[int], batch_size: int) -> list[list[int]]:
    """Return indices in batches of similar length, the longest first.

    The longest first: if memory does not suffice, it shows at once.
    """
    order = sorted(range(len(lengths)), key=lambda i: -lengths[i])
    return [order[i : i + batch_size] for i in range(0, len(order), batch_size)]


def format_count(count: int) -> str:
    """Return a count as people say it: 950, 12.3K, 1.5M, 7.2B."""
    for size, letter in ((10**9, "B"), (10**6, "M"), (10**3, "K")):
        if count >= size:
            return f"{count / size:.1f}{letter}"
    return str(count)


# ── Formatting ───────────────────────────────────────────────────────────────────────


def _user(content: str) -> dict[str, str]:
    return {"role": "user", "content": content}


def _render(
    tokenizer: PreTrainedTokenizerFast,
    messages: list[dict[str, str]],
    *,
    open_answer: bool,
) -> str:
    """Return the messages in the tokenizer's chat template.

    Thinking is switched off where a template (Qwen3) has the switch, so that an answer
    is an answer; other templates ignore it.
    """
    return tokenizer.apply_chat_template(
        messages,
        tokenize=False,
        add_generation_prompt=open_answer,
        enable_thinking=False,
    )


def _find_end_of_turn(tokenizer: PreTrainedTokenizerFast) -> int:
    """Return the first special token behind an answer, else the tokenizer's own EOS."""
    marker = "answer"
    messages = [_user("question"), {"role": "assistant", "content": marker}]
    tail = _render(tokenizer, messages, open_answer=False).rpartition(marker)[2]
    special = set(tokenizer.all_special_ids) | set(tokenizer.added_tokens_decoder)
    for token in tokenizer(tail, add_special_tokens=False)["input_ids"]:
        if token in special:
            return token
    if tokenizer.eos_token_id is None:
        raise ModelError(
            f"{tokenizer.name_or_path} has no token that ends an answer, neither in its "
            "chat template nor in its tokenizer: choose another model."
        )
    return tokenizer.eos_token_id


# ── Memory ───────────────────────────────────────────────────────────────────────────


def count_config_parameters(config: Any) -> int:
    """Return the number of weights a configuration describes, without making them."""
    with torch.device("meta"):
        network = AutoModelForCausalLM.from_config(config)
    return sum(p.numel() for p in network.parameters())


def check_memory(name: str, parameters: int, precision: Precision) -> None:
    """Raise ModelError when the weights alone would not fit into the free memory."""
    needed = parameters * precision.weights.itemsize
    free = measure_free_memory(precision.device)
    if needed <= free:
        return
    place = "GPU" if precision.device.type == "cuda" else "machine"
    raise ModelError(
        f"{name} is too large for the memory: {format_count(parameters)} parameters take "
        f"{needed / 1e9:.1f} GB and this {place} has {free / 1e9:.1f} GB free. "
        "Choose a smaller model."
    )
