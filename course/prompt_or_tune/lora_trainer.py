"""The training behind stage 4: batches, and one optimiser step at a time.

What trains is PEFT's LoRA inside a transformers model; the loop is ours, because it
avoids work that `transformers.Trainer` can't avoid (padding, what prompt tokens would
predict, per-step bookkeeping): tests/benchmarks/bench_tuning.py has the ratio.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import torch
from peft import LoraConfig, PeftModel

from prompt_or_tune.adapters import Adapter, add_lora, read_adapter
from prompt_or_tune.model_sources import name_portably
from prompt_or_tune.models import LanguageModel
from prompt_or_tune.pairs import IGNORED_LABEL, EncodedPair
from prompt_or_tune.records import StepRecord, TuningSettings

LARGEST_GRADIENT = 1.0  # norm at which gradients are clipped, as Trainer does
# A run has some 300 steps. AdamW's usual second moment remembers 1000: with it one run in
# twelve stayed on a plateau; with this shorter memory none of twelve did (each measured
# on development data and on training subjects held out for it).
ADAM_BETAS = (0.9, 0.95)


# ── Batches ──────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Batch:
    """Rows of similar length, padded on the right.

    `input_ids` is rows x length; `targets` is rows x kept, the labels that positions
    `kept` must predict (`IGNORED_LABEL` where a row has none); `tokens` counts the real
    tokens, `labels` the targets that count.
    """

    input_ids: torch.Tensor
    kept: torch.Tensor
    targets: torch.Tensor
    tokens: int
    labels: int


def make_batches(
    encoded: Sequence[EncodedPair], settings: TuningSettings, epoch: int
) -> list[list[EncodedPair]]:
    """Shuffle the pairs into batches of similar length: seeded, another way each epoch.

    Sorting only inside chunks of many batches, and shuffling those, leaves the order
    random and little to pad.
    """
    chance = random.Random(f"{settings.seed}/{epoch}")
    order = list(range(len(encoded)))
    chance.shuffle(order)
    size = settings.batch_size
    batches = []
    for start in range(0, len(order), size * _CHUNK):
        chunk = order[start : start + size * _CHUNK]
        chunk.sort(key=lambda i: len(encoded[i].input_ids))
        batches += [chunk[i : i + size] for i in range(0, len(chunk), size)]
    chance.shuffle(batches)
    return [[encoded[i] for i in batch] for batch in batches]


_CHUNK = 16  # batches that are sorted by length together


def collate(rows: Sequence[EncodedPair], pad_id: int, device: torch.device) -> Batch:
    """Return the rows as one batch on the device."""
    ids = _pad([row.input_ids for row in rows], pad_id)
    labels = _pad([row.labels for row in rows], IGNORED_LABEL)
    targets = labels[:, 1:]  # position t predicts token t + 1
    counted = targets != IGNORED_LABEL
    kept = counted.any(dim=0).nonzero()[:, 0]
    return Batch(
        input_ids=ids.to(device),
        kept=kept.to(device),
        targets=targets[:, kept].to(device),
        tokens=sum(len(row.input_ids) for row in rows),
        labels=int(counted.sum()),
    )


def _pad(rows: Sequence[Sequence[int]], filler: int) -> torch.Tensor:
    """Return rows x longest, each row filled up on the right."""
    longest = max(map(len, rows))
    return torch.tensor([[*row, *[filler] * (longest - len(row))] for row in rows])


# ── Steps ────────────────────────────────────────────────────────────────────────────


class LoraTrainer:
    """The network with fresh LoRA layers, the optimiser, and one step at a time."""

    def __init__(
        self, model: LanguageModel, settings: TuningSettings, steps: int
    ) -> None:
        self.model = model
        self.settings = settings
        self.steps = steps
        self.step = 0
        with torch.random.fork_rng(devices=_random_devices(model.device)):
            torch.manual_seed(settings.seed)  # LoRA's A is random
            model.network = add_lora(model.network, make_lora_config(model, settings))
        self.parameters = [p for p in model.network.parameters() if p.requires_grad]
        self.joined = _join(self.parameters)
        self.optimizer = torch.optim.AdamW(
            [self.joined],
            lr=settings.learning_rate,
            betas=ADAM_BETAS,
            weight_decay=0.0,
            fused=True,
        )
        # float16 gradients underflow without it; elsewhere it does nothing.
        half = model.precision.autocast is torch.float16
        self.scaler = torch.amp.GradScaler(model.device.type, enabled=half)

    def take_step(
        self, rows: Sequence[EncodedPair], epoch: int
    ) -> tuple[StepRecord, int, int]:
        """Train on one batch; return its record, right tokens and counted tokens."""
        started = time.perf_counter()
        rate = self.settings.learning_rate_at(self.step, self.steps)
        with self.model.computing():
            batch = collate(rows, self.model.pad_id, self.model.device)
            loss, hits = self._compute_loss(batch)
            self._update(loss, rate)
        self.step += 1
        record = StepRecord(
            step=self.step,
            steps=self.steps,
            epoch=epoch,
            loss=loss.item(),
            learning_rate=rate,
            tokens=batch.tokens,
            seconds=time.perf_counter() - started,
        )
        return record, int(hits), batch.labels

    def snapshot(self) -> Adapter:
        """Return a copy of what has been learned so far."""
        return read_adapter(cast(PeftModel, self.model.network))

    def _compute_loss(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        # PEFT's layers stand inside it; what PEFT wraps around it would only take time.
        network = self.model.network.get_base_model()
        with torch.enable_grad(), self.model.autocast(), answers_only(network, batch):
            # No mask: padding stands at the right, where causal attention from a real
            # token never looks.
            logits = network(
                input_ids=batch.input_ids, use_cache=False, logits_to_keep=batch.kept
            ).logits
        logits = logits.float().flatten(0, 1)
        targets = batch.targets.flatten()
        loss = torch.nn.functional.cross_entropy(
            logits, targets, ignore_index=IGNORED_LABEL
        )
        with torch.no_grad():
            # Right is a target that nothing beats; an argmax takes several times longer.
            of_targets = logits.gather(1, targets.clamp(min=0)[:, None])[:, 0]
            right = (of_targets >= logits.amax(-1)) & (targets != IGNORED_LABEL)
        return loss, right.sum()

    def _update(self, loss: torch.Tensor, rate: float) -> None:
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        gradients = torch.autograd.grad(
            self.scaler.scale(loss), self.parameters, materialize_grads=True
        )
        self.joined.grad = torch.cat([gradient.flatten() for gradient in gradients])
        self.scaler.unscale_(self.optimizer)
        torch.nn.utils.clip_grad_norm_([self.joined], LARGEST_GRADIENT)
        self.scaler.step(self.optimizer)
        self.scaler.update()


def _join(parameters: Sequence[torch.nn.Parameter]) -> torch.nn.Parameter:
    """Return one parameter that holds all of these; they become views into it.

    One long tensor is clipped and updated in a few operations, dozens of short ones not.
    """
    joined = torch.nn.Parameter(torch.cat([p.detach().flatten() for p in parameters]))
    parts = joined.detach().split([p.numel() for p in parameters])
    for parameter, part in zip(parameters, parts, strict=True):
        parameter.data = part.view_as(parameter)
    return joined


@contextmanager
def answers_only(network: torch.nn.Module, batch: Batch) -> Iterator[None]:
    """Let the last feed-forward layer compute only where a label is predicted.

    Behind the last attention no position reads another, and of what a prompt's tokens
    would give there nothing is used.
    """
    layer = _find_last_feed_forward(network)
    if layer is None:
        yield
        return

    def select(_: torch.nn.Module, inputs: tuple[torch.Tensor]) -> torch.Tensor:
        return inputs[0][:, batch.kept]

    def put_back(_: torch.nn.Module, __: object, kept: torch.Tensor) -> torch.Tensor:
        whole = kept.new_zeros(*batch.input_ids.shape, kept.shape[-1])
        return whole.index_copy(1, batch.kept, kept)

    with (
        layer.register_forward_pre_hook(select),
        layer.register_forward_hook(put_back),
    ):
        yield


def _find_last_feed_forward(network: Any) -> torch.nn.Module | None:
    """Return the last layer's part that treats each position alone, if it is known."""
    layers = getattr(network.get_decoder(), "layers", None)
    layer = getattr(layers[-1], "mlp", None) if layers else None
    # transformers' name for two or three linear layers and nothing else.
    return layer if type(layer).__name__.endswith("MLP") else None


def make_lora_config(model: LanguageModel, settings: TuningSettings) -> LoraConfig:
    """Return PEFT's options: all linear layers of the language part, no dropout."""
    sees = hasattr(model.network.config, "vision_config")
    return LoraConfig(
        r=settings.rank,
        lora_alpha=settings.alpha,
        lora_dropout=0.0,
        target_modules="all-linear",
        exclude_modules=r".*(vision|multi_modal|audio).*" if sees else None,
        task_type="CAUSAL_LM",
        base_model_name_or_path=name_portably(model.name),
    )


def _random_devices(device: torch.device) -> list[torch.device]:
    return [device] if device.type == "cuda" else []
