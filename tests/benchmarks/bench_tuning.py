"""How fast LoRA training is: against Trainer, PEFT's own layers, and the machine.

    python tests/benchmarks/bench_tuning.py [--epochs 5] [--rounds 3] [--threads 1]

Every comparison is made in this one process, the rivals taking turns; ratios are of
medians over the rounds. All train on the same batches, with the same warm-up and
schedule, and making the adapter counts for each. Beside other work seconds by the clock
mislead: seconds of CPU stand beside them.

Useful arithmetic is 4N + 6 N_lora per real token (N the base's parameters, N_lora the
trained ones): padding, and whatever else is computed, does not count. The machine's rate
is measured twice: on square products of side 2048, and on products of the model's own
shape (a batch's tokens x hidden x intermediate).
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from peft import get_peft_model
from prompt_or_tune import adapters
from prompt_or_tune.lora_trainer import ADAM_BETAS, make_batches, make_lora_config
from prompt_or_tune.models import LanguageModel, load_model
from prompt_or_tune.pairs import EncodedPair, encode, make_pairs
from prompt_or_tune.records import Pair, StepRecord, TuningSettings
from prompt_or_tune.samples import load_samples
from prompt_or_tune.tuning import tune
from torch.utils.data import DataLoader, Sampler
from transformers import DataCollatorForSeq2Seq, Trainer, TrainingArguments
from transformers.trainer_callback import PrinterCallback


@dataclass(frozen=True)
class Timing:
    """One training run: seconds, seconds of CPU, real tokens, mean loss per epoch."""

    seconds: float
    cpu_seconds: float
    tokens: int
    losses: tuple[float, ...]


def main() -> None:
    """Print the ratios."""
    arguments = parse_arguments()
    torch.set_num_threads(arguments.threads)  # Trainer takes torch's
    model = load_model(threads=arguments.threads)
    pairs = make_pairs(load_samples("train"))
    settings = TuningSettings(epochs=arguments.epochs)
    print(model.describe())
    print(
        f"{len(pairs)} pairs, {settings.epochs} epochs, batches of {settings.batch_size}"
    )
    rivals: dict[str, Callable[[], Timing]] = {
        "our loop": lambda: train(model, pairs, settings),
        "our loop, PEFT's own layers": lambda: train_plainly(model, pairs, settings),
        "transformers.Trainer": lambda: train_with_trainer(pairs, settings),
    }
    timings: dict[str, list[Timing]] = {name: [] for name in rivals}
    square: list[float] = []
    own: list[float] = []
    for _ in range(arguments.rounds):
        square.append(measure_product(2048, 2048, 2048))
        own.append(measure_own_product(model, pairs, settings))
        for name, run in rivals.items():
            timings[name].append(run())
    report_rates(model, settings, timings["our loop"], square, own)
    report_ratios(timings)


def report_rates(
    model: LanguageModel,
    settings: TuningSettings,
    ours: list[Timing],
    square: list[float],
    own: list[float],
) -> None:
    """Print how much of the machine's rate of products is useful arithmetic of ours."""
    work = count_useful_flops(model, settings)
    useful = statistics.median(work * run.tokens / run.seconds for run in ours) / 1e9
    print(f"useful arithmetic of our loop: {useful:.0f} GFLOP/s")
    for shape, rates in (("side 2048", square), ("our own shape", own)):
        rate = statistics.median(rates)
        print(f"dense product, {shape}: {rate:.0f} GFLOP/s; of it {useful / rate:.2f}")


def report_ratios(timings: dict[str, list[Timing]]) -> None:
    """Print each rival's medians, how often our time they are, and how losses differ."""
    ours = timings["our loop"]
    seconds = statistics.median(run.seconds for run in ours)
    cpu_seconds = statistics.median(run.cpu_seconds for run in ours)
    for name, runs in timings.items():
        by_clock = statistics.median(run.seconds for run in runs)
        of_cpu = statistics.median(run.cpu_seconds for run in runs)
        pairs = zip(runs[0].losses, ours[0].losses, strict=True)
        difference = max(abs(theirs / own - 1) for theirs, own in pairs)
        print(
            f"{name:28} {by_clock:6.2f} s, {by_clock / seconds:.2f} x ours;  "
            f"CPU {of_cpu:6.2f} s, {of_cpu / cpu_seconds:.2f} x ours"
        )
        losses = ", ".join(f"{loss:.4f}" for loss in runs[0].losses)
        print(f"{'':28} loss per epoch {losses}: within {difference:.1%} of ours")


def count_useful_flops(model: LanguageModel, settings: TuningSettings) -> float:
    """Return useful floating-point operations per real token: 4N + 6 N_lora."""
    network = adapters.add_lora(model.network, make_lora_config(model, settings))
    trained = sum(p.numel() for p in network.parameters() if p.requires_grad)
    model.network = network.unload()
    model.network.requires_grad_(False)
    return 4.0 * model.count_parameters() + 6.0 * trained


# ── Rivals ─────────────────────────────────────────────────────────────────────────────


def train(
    model: LanguageModel, pairs: Sequence[Pair], settings: TuningSettings
) -> Timing:
    """Train with `tune`; making the adapter counts, encoding and evaluation don't."""
    tuning = tune(model, pairs, settings)
    clock = Clock()
    steps = [event for event in tuning if isinstance(event, StepRecord)]
    losses = tuple(record.loss for record in tuning.run.trace)
    return clock.read(sum(step.tokens for step in steps), losses)


class Clock:
    """Begins when it is made."""

    def __init__(self) -> None:
        self._started = time.perf_counter()
        self._cpu_started = time.process_time()

    def read(self, tokens: int, losses: Sequence[float]) -> Timing:
        """Return the time until now, with what was done in it."""
        return Timing(
            seconds=time.perf_counter() - self._started,
            cpu_seconds=time.process_time() - self._cpu_started,
            tokens=tokens,
            losses=tuple(losses),
        )


def train_plainly(
    model: LanguageModel, pairs: Sequence[Pair], settings: TuningSettings
) -> Timing:
    """Train with `tune`, LoRA layers left as PEFT makes them."""
    with plain_layers():
        return train(model, pairs, settings)


@contextmanager
def plain_layers() -> Iterator[None]:
    """Leave LoRA layers as PEFT makes them inside the block."""
    quicken = adapters._quicken
    adapters._quicken = lambda wrapped: None
    try:
        yield
    finally:
        adapters._quicken = quicken


def train_with_trainer(pairs: Sequence[Pair], settings: TuningSettings) -> Timing:
    """Train with `transformers.Trainer`: our batches, AdamW's numbers and schedule."""
    model = load_model()
    encoded = [encode(pair, model) for pair in pairs]
    torch.manual_seed(settings.seed)
    with warnings.catch_warnings(), tempfile.TemporaryDirectory() as folder:
        warnings.simplefilter("ignore")
        clock = Clock()
        network = get_peft_model(model.network, make_lora_config(model, settings))
        trainer = _SameBatches(
            network,
            make_trainer_arguments(folder, settings),
            train_dataset=[as_features(row) for row in encoded],
            data_collator=DataCollatorForSeq2Seq(model.tokenizer),
        )
        trainer.order = _OurOrder(encoded, settings)
        trainer.remove_callback(PrinterCallback)
        trainer.create_optimizer()
        trainer.lr_scheduler = make_schedule(trainer.optimizer, settings, len(pairs))
        trainer.train()
    losses = [e["loss"] for e in trainer.state.log_history if "loss" in e]
    tokens = settings.epochs * sum(len(row.input_ids) for row in encoded)
    return clock.read(tokens, losses)


def make_trainer_arguments(folder: str, settings: TuningSettings) -> TrainingArguments:
    """Return Trainer's defaults, but for what the comparison fixes; nothing is saved."""
    return TrainingArguments(
        output_dir=folder,
        num_train_epochs=settings.epochs,
        per_device_train_batch_size=settings.batch_size,
        learning_rate=settings.learning_rate,
        adam_beta2=ADAM_BETAS[1],
        seed=settings.seed,
        use_cpu=True,
        logging_strategy="epoch",
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
    )


def make_schedule(
    optimizer: torch.optim.Optimizer, settings: TuningSettings, pairs: int
) -> torch.optim.lr_scheduler.LambdaLR:
    """Return our warm-up and fall as a scheduler, in shares of the learning rate."""
    steps = settings.count_steps(pairs)
    peak = settings.learning_rate
    return torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: settings.learning_rate_at(min(step, steps), steps) / peak
    )


class _SameBatches(Trainer):
    """Trainer on the batches that `tune` would make, in the same order."""

    order: _OurOrder

    def get_train_dataloader(self) -> DataLoader:
        loader = DataLoader(
            self.train_dataset, batch_sampler=self.order, collate_fn=self.data_collator
        )
        return self.accelerator.prepare(loader)


class _OurOrder(Sampler[list[int]]):
    """The indices of each batch of `make_batches`, one epoch after the other."""

    batch_size = None  # accelerate looks for it

    def __init__(self, encoded: Sequence[EncodedPair], settings: TuningSettings) -> None:
        self._encoded = encoded
        self._settings = settings
        self._indices = {id(row): i for i, row in enumerate(encoded)}
        self._epoch = 0

    def __len__(self) -> int:
        return math.ceil(len(self._encoded) / self._settings.batch_size)

    def __iter__(self) -> Iterator[list[int]]:
        self._epoch += 1
        for batch in make_batches(self._encoded, self._settings, self._epoch):
            yield [self._indices[id(row)] for row in batch]


def as_features(row: EncodedPair) -> dict[str, list[int]]:
    """Return a row as transformers' collator wants it."""
    ids = list(row.input_ids)
    return {
        "input_ids": ids,
        "attention_mask": [1] * len(ids),
        "labels": list(row.labels),
    }


# ── The machine ────────────────────────────────────────────────────────────────────────


def measure_own_product(
    model: LanguageModel, pairs: Sequence[Pair], settings: TuningSettings
) -> float:
    """Return the rate of products of a batch's tokens x hidden x intermediate."""
    lengths = [len(encode(pair, model).input_ids) for pair in pairs]
    tokens = round(settings.batch_size * statistics.mean(lengths))
    config = model.network.config
    return measure_product(tokens, config.hidden_size, config.intermediate_size)


def measure_product(rows: int, inner: int, columns: int) -> float:
    """Return the rate of dense float32 products in GFLOP/s: the median of many."""
    left, right = torch.randn(rows, inner), torch.randn(inner, columns)
    work = 2.0 * rows * inner * columns
    repeats = max(7, min(2000, int(2e10 / work)))
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        left @ right
        times.append(time.perf_counter() - started)
    return work / statistics.median(times) / 1e9


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    main()
