"""Pre-training of Seedling from nothing: a copying warm-up, then the corpus.

The recipe and its order of importance: random sequences repeated twice build the copying
circuit that examples in a prompt rely on; then whole documents, packed into windows
without attention between them; a constant learning rate that decays over the last third.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import chain, islice
from pathlib import Path
from random import Random
from typing import Any

import torch
from torch.nn.functional import cross_entropy
from transformers import (
    AutoTokenizer,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
)

from solutions.workshop.errors import WorkshopError
from solutions.workshop.seedling.corpus import REVIEW, Document, write_documents
from solutions.workshop.seedling.tokenizer import (
    ASSISTANT,
    END,
    MAX_LENGTH,
    PAD,
    USER,
    train_tokenizer,
)

IGNORED = -100

SURE_OF_COPYING = 0.25
"""Nats per token on the repeat at which the copying warm-up ends."""

REPORT_EVERY = 50
"""Steps between two reports."""

CHECKPOINT = "checkpoint.pt"


class PretrainingError(WorkshopError):
    """Say in one sentence why pre-training cannot go on."""


@dataclass(frozen=True)
class PretrainingSettings:
    """The size of the model and the course of its training.

    `batch_size` counts windows of `window` tokens; learning rates are AdamW's. After
    `steps` come `review_steps` on a mix with more of what is learned last.
    """

    hidden_size: int = 160
    layers: int = 4
    heads: int = 5
    intermediate_size: int = 448
    window: int = 256
    batch_size: int = 24
    copy_steps: int = 600
    copy_batch_tokens: int = 3200
    copy_learning_rate: float = 3e-3
    steps: int = 3000
    learning_rate: float = 3e-3
    warmup_steps: int = 100
    review_steps: int = 1400
    review_learning_rate: float = 1.5e-3
    constant_share: float = 0.65
    final_share: float = 0.02
    weight_decay: float = 0.05
    seed: int = 0
    save_every: int = 500
    tokenizer_documents: int = 60_000
    chunk_documents: int = 8_000

    def count_steps(self) -> int:
        """Return the optimiser steps on documents, lessons and review together."""
        return self.steps + self.review_steps


@dataclass(frozen=True)
class PretrainingStep:
    """Where pre-training stands.

    `loss` in nats per learned token, `tokens_per_second` over real tokens and
    `flops_per_second` as 6·N per token, both over the steps since the last report.
    """

    phase: str
    step: int
    steps: int
    loss: float
    learning_rate: float
    tokens_per_second: float
    flops_per_second: float


@dataclass(frozen=True)
class Window:
    """Packed documents: token ids, labels and positions, each `window` long."""

    input_ids: list[int]
    labels: list[int]
    positions: list[int]


def build_model(
    settings: PretrainingSettings, tokenizer: PreTrainedTokenizerFast
) -> LlamaForCausalLM:
    """Return a Llama with random weights, seeded."""
    torch.manual_seed(settings.seed)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=settings.hidden_size,
        intermediate_size=settings.intermediate_size,
        num_hidden_layers=settings.layers,
        num_attention_heads=settings.heads,
        num_key_value_heads=settings.heads,
        max_position_embeddings=MAX_LENGTH,
        tie_word_embeddings=True,
        pad_token_id=tokenizer.convert_tokens_to_ids(PAD),
        bos_token_id=None,
        eos_token_id=tokenizer.convert_tokens_to_ids(END),
    )
    model = LlamaForCausalLM(config)
    # Heads that go by position alone need something that all tokens share: Llama's
    # projections have no bias.
    with torch.no_grad():
        model.model.embed_tokens.weight.normal_(std=0.05)
        model.model.embed_tokens.weight[:, :4] += 0.1
    return model


def encode_documents(
    documents: list[Document], tokenizer: PreTrainedTokenizerFast
) -> list[tuple[list[int], list[int]]]:
    """Return (token ids, labels) per document; unlearned labels are `IGNORED`."""
    texts = [piece.text for document in documents for piece in document.pieces]
    texts += [document.response for document in documents]
    encoded = tokenizer.backend_tokenizer.encode_batch_fast(
        texts, add_special_tokens=False
    )
    pieces = iter(encoded[: -len(documents)])
    user, assistant, end = tokenizer.convert_tokens_to_ids([USER, ASSISTANT, END])
    rows = []
    for document, response in zip(documents, encoded[-len(documents) :], strict=True):
        ids, labels = [user], [IGNORED]
        for piece in document.pieces:
            tokens = next(pieces).ids
            ids += tokens
            labels += tokens if piece.learned else [IGNORED] * len(tokens)
        answer = [*response.ids, end]
        rows.append(([*ids, assistant, *answer], [*labels, IGNORED, *answer]))
    return rows


def pack(
    rows: list[tuple[list[int], list[int]]], window: int, pad: int
) -> Iterator[Window]:
    """Yield windows of whole documents, first fit among the windows still open.

    Documents longer than a window are left out.
    """
    open_windows: list[tuple[list[int], list[int], list[int]]] = []
    for ids, labels in rows:
        if len(ids) > window:
            continue
        place = next((w for w in open_windows if len(w[0]) + len(ids) <= window), None)
        if place is None:
            place = ([], [], [])
            open_windows.append(place)
        place[0].extend(ids)
        place[1].extend(labels)
        place[2].extend(range(len(ids)))
    for ids, labels, positions in open_windows:
        missing = window - len(ids)
        yield Window(
            ids + [pad] * missing,
            labels + [IGNORED] * missing,
            positions + [0] * missing,
        )


Batch = tuple[torch.Tensor, torch.Tensor, torch.Tensor]
"""Token ids, labels and positions, each of shape (batch, window)."""


def draw_batches(
    settings: PretrainingSettings, tokenizer: PreTrainedTokenizerFast, skip: int
) -> Iterator[Batch]:
    """Yield the batches of a whole run, the first `skip` left out."""
    lessons = _draw_from(write_documents(settings.seed + 1), settings, tokenizer)
    review = _draw_from(write_documents(settings.seed + 2, REVIEW), settings, tokenizer)
    batches = chain(islice(lessons, settings.steps), review)
    return islice(batches, skip, settings.count_steps())


def _draw_from(
    documents: Iterator[Document],
    settings: PretrainingSettings,
    tokenizer: PreTrainedTokenizerFast,
) -> Iterator[Batch]:
    """Yield batches without end; documents are drawn, encoded and packed in chunks."""
    pad = tokenizer.convert_tokens_to_ids(PAD)
    shuffler = Random(settings.seed)
    while True:
        rows = encode_documents(
            list(islice(documents, settings.chunk_documents)), tokenizer
        )
        windows = list(pack(rows, settings.window, pad))
        shuffler.shuffle(windows)
        for start in range(0, len(windows) - settings.batch_size, settings.batch_size):
            batch = windows[start : start + settings.batch_size]
            yield (
                torch.tensor([w.input_ids for w in batch]),
                torch.tensor([w.labels for w in batch]),
                torch.tensor([w.positions for w in batch]),
            )


def attention_between(positions: torch.Tensor) -> torch.Tensor:
    """Return a (batch, 1, window, window) mask: causal, and inside one document only."""
    document = (positions == 0).cumsum(dim=1)
    same = document[:, :, None] == document[:, None, :]
    length = positions.shape[1]
    causal = torch.ones(length, length, dtype=torch.bool, device=positions.device).tril()
    return (same & causal)[:, None]


def learned_loss(
    model: LlamaForCausalLM,
    ids: torch.Tensor,
    labels: torch.Tensor,
    positions: torch.Tensor,
) -> torch.Tensor:
    """Return the mean cross-entropy in nats over the tokens that have labels."""
    hidden = model.model(
        input_ids=ids,
        position_ids=positions,
        attention_mask=attention_between(positions),
        use_cache=False,
    ).last_hidden_state
    targets = labels[:, 1:].reshape(-1)
    chosen = targets != IGNORED
    states = hidden[:, :-1].reshape(-1, hidden.shape[-1])[chosen]
    return cross_entropy(model.lm_head(states).float(), targets[chosen])


class CopyingLesson(torch.nn.Module):
    """The warm-up: random tokens repeated twice, the loss taken on the repeat.

    By itself the circuit for this forms late and suddenly (it had not after 900 steps),
    because its first half, a head that looks at the token before, earns nothing until
    the second half is there. So the state after two layers is also asked for the token
    before, through a projection that is thrown away: then 150 steps are enough.
    """

    def __init__(self, model: LlamaForCausalLM, settings: PretrainingSettings) -> None:
        super().__init__()
        self.model = model
        self.batch_tokens = settings.copy_batch_tokens
        self.generator = torch.Generator().manual_seed(settings.seed)
        width = model.config.hidden_size
        self.look_back = torch.nn.Linear(width, width, bias=False)
        self.depth = min(2, model.config.num_hidden_layers)

    def forward(self, weight_of_looking_back: float) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the loss to train on, and its part on the repeat, in nats per token."""
        vocabulary = self.model.config.vocab_size
        length = int(torch.randint(8, 25, (1,), generator=self.generator))
        shape = (max(self.batch_tokens // (2 * length), 1), length)
        sequence = torch.randint(4, vocabulary, shape, generator=self.generator)
        ids = torch.cat([sequence, sequence], dim=1).to(self.model.device)
        states = self.model.model(
            input_ids=ids, use_cache=False, output_hidden_states=True
        )
        logits = self.model.lm_head(states.last_hidden_state[:, length - 1 : -1])
        repeat = cross_entropy(logits.flatten(0, 1).float(), ids[:, length:].flatten())
        early = states.hidden_states[self.depth][:, 1:]
        early = early / early.float().pow(2).mean(dim=-1, keepdim=True).sqrt()
        before = self.model.lm_head(self.look_back(early))
        looked_back = cross_entropy(before.flatten(0, 1).float(), ids[:, :-1].flatten())
        return repeat + weight_of_looking_back * looked_back, repeat


def learning_rate_at(step: int, settings: PretrainingSettings) -> float:
    """Return the learning rate: warm-up, constant, linear decay; then the review's."""
    if step >= settings.steps:
        share = (step - settings.steps) / settings.review_steps
        return settings.review_learning_rate * (1 - share * (1 - settings.final_share))
    if step < settings.warmup_steps:
        return settings.learning_rate * (step + 1) / settings.warmup_steps
    decay_from = settings.constant_share * settings.steps
    if step < decay_from:
        return settings.learning_rate
    share = (step - decay_from) / max(settings.steps - decay_from, 1)
    return settings.learning_rate * (1 - share * (1 - settings.final_share))


def pretrain(
    settings: PretrainingSettings, folder: Path, *, device: str | None = None
) -> Iterator[PretrainingStep]:
    """Pre-train Seedling into `folder`, yielding a report every few steps.

    A checkpoint in the folder is taken up where it stopped, if its settings are the
    same; otherwise `PretrainingError` is raised. At the end the folder holds an ordinary
    Hugging Face model with weights in bfloat16, and no checkpoint.
    """
    folder.mkdir(parents=True, exist_ok=True)
    place = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    saved = _load_checkpoint(folder, settings, place)
    tokenizer = _take_tokenizer(folder, settings)
    model = build_model(settings, tokenizer).to(place)
    optimizer = _build_optimizer(model, settings)
    if saved is None:
        yield from _warm_up_copying(model, settings)
    else:
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
    start = saved["step"] if saved else 0
    yield from _learn_documents(model, tokenizer, optimizer, settings, folder, start)
    save_weights(model, settings, folder)
    (folder / CHECKPOINT).unlink(missing_ok=True)


def _load_checkpoint(
    folder: Path, settings: PretrainingSettings, place: torch.device
) -> dict[str, Any] | None:
    """Return the state of a run that stopped in the folder, `None` where none did."""
    checkpoint = folder / CHECKPOINT
    if not checkpoint.exists():
        return None
    saved: dict[str, Any] = torch.load(checkpoint, map_location=place)
    if saved["settings"] != asdict(settings):
        raise PretrainingError(
            f"{checkpoint} was made with other settings: "
            "use the same, or choose an empty folder."
        )
    return saved


def _save_checkpoint(folder: Path, state: dict[str, Any]) -> None:
    partial = folder / "checkpoint.partial"
    torch.save(state, partial)
    os.replace(partial, folder / CHECKPOINT)


def _take_tokenizer(
    folder: Path, settings: PretrainingSettings
) -> PreTrainedTokenizerFast:
    """Return the folder's tokenizer; train it where there is none yet."""
    if (folder / "tokenizer.json").exists():
        return AutoTokenizer.from_pretrained(folder)
    tokenizer = train_tokenizer(settings.seed, settings.tokenizer_documents)
    tokenizer.save_pretrained(folder)
    return tokenizer


def _learn_documents(
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    optimizer: torch.optim.AdamW,
    settings: PretrainingSettings,
    folder: Path,
    start: int,
) -> Iterator[PretrainingStep]:
    """Train on the corpus from a step on; the review begins with a new optimizer."""
    clock = _Clock(model)
    steps = settings.count_steps()
    for step, batch in enumerate(draw_batches(settings, tokenizer, skip=start), start):
        if step == settings.steps:
            optimizer = _build_optimizer(model, settings)
        ids, labels, positions = (tensor.to(model.device) for tensor in batch)
        rate = learning_rate_at(step, settings)
        with torch.autocast(model.device.type, torch.bfloat16):
            loss = learned_loss(model, ids, labels, positions)
        _take_step(optimizer, loss, rate)
        clock.count(int((ids != model.config.pad_token_id).sum()))
        if (step + 1) % REPORT_EVERY == 0 or step + 1 == steps:
            yield clock.report("corpus", step + 1, steps, loss, rate)
        if (step + 1) % settings.save_every == 0:
            state = {
                "settings": asdict(settings),
                "step": step + 1,
                "model": model.state_dict(),
                "optimizer": optimizer.state_dict(),
            }
            _save_checkpoint(folder, state)


def save_weights(
    model: LlamaForCausalLM, settings: PretrainingSettings, folder: Path
) -> None:
    """Write the model as a Hugging Face folder, weights in bfloat16."""
    model.to(torch.bfloat16).save_pretrained(folder)
    text = json.dumps(asdict(settings), indent=2) + "\n"
    (folder / "pretraining.json").write_text(text, encoding="utf-8")


def _build_optimizer(
    model: torch.nn.Module, settings: PretrainingSettings
) -> torch.optim.AdamW:
    return torch.optim.AdamW(
        model.parameters(),
        lr=settings.learning_rate,
        betas=(0.9, 0.98),
        weight_decay=settings.weight_decay,
        fused=True,
    )


def _take_step(
    optimizer: torch.optim.AdamW, loss: torch.Tensor, learning_rate: float
) -> None:
    for group in optimizer.param_groups:
        group["lr"] = learning_rate
    loss.backward()
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    torch.nn.utils.clip_grad_norm_(parameters, 1.0)
    optimizer.step()
    optimizer.zero_grad()


def _warm_up_copying(
    model: LlamaForCausalLM, settings: PretrainingSettings
) -> Iterator[PretrainingStep]:
    """Train on repeated random sequences until the repeat is all but certain."""
    lesson = CopyingLesson(model, settings).to(model.device)
    optimizer = _build_optimizer(lesson, settings)
    clock = _Clock(model)
    for step in range(settings.copy_steps):
        rate = settings.copy_learning_rate * min(1.0, (step + 1) / 30)
        with torch.autocast(model.device.type, torch.bfloat16):
            loss, repeat = lesson(max(0.0, 1 - step / settings.copy_steps))
        _take_step(optimizer, loss, rate)
        clock.count(settings.copy_batch_tokens)
        certain = repeat.item() < SURE_OF_COPYING
        if certain or (step + 1) % REPORT_EVERY == 0:
            yield clock.report("copying", step + 1, settings.copy_steps, repeat, rate)
        if certain:
            return


class _Clock:
    """Counts tokens and seconds between two reports."""

    def __init__(self, model: LlamaForCausalLM) -> None:
        self.parameters = sum(parameter.numel() for parameter in model.parameters())
        self.tokens = 0
        self.started = time.perf_counter()

    def count(self, tokens: int) -> None:
        self.tokens += tokens

    def report(
        self, phase: str, step: int, steps: int, loss: torch.Tensor, rate: float
    ) -> PretrainingStep:
        speed = self.tokens / (time.perf_counter() - self.started)
        self.tokens, self.started = 0, time.perf_counter()
        flops = 6 * self.parameters * speed
        return PretrainingStep(phase, step, steps, loss.item(), rate, speed, flops)
