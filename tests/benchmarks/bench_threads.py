"""How many threads: beside other work, on idle cores, and for larger networks.

    python tests/benchmarks/bench_threads.py [busy] [idle] [sizes] [--epochs 5]

busy: a LoRA run of 1000 pairs beside two busy processes, against the same run without
them. idle: the same with the number that the rule chooses, against every other number.
sizes: a LoRA run of one epoch on growing random networks, with one thread and with
torch's own number: where one costs much on idle cores, a network is no longer small.

Compared runs take turns in this one process; each number is a median over the rounds.
Meant for idle cores: what else runs is printed, as the load before each part. With more
than one thread, the run beside other work takes minutes.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import torch
from prompt_or_tune.model_sources import SEEDLING_FOLDER
from prompt_or_tune.models import LanguageModel, format_count, load_model
from prompt_or_tune.pairs import make_pairs
from prompt_or_tune.records import Pair, TuningSettings
from prompt_or_tune.samples import load_samples
from prompt_or_tune.tuning import tune
from transformers import AutoModelForCausalLM, LlamaConfig
from transformers.utils import logging

BUSY_PROCESSES = 2
SHAPES = ((160, 4), (256, 6), (384, 8), (512, 8), (640, 10))  # hidden size, layers


def main() -> None:
    """Print the parts that were asked for; all of them if none was named."""
    arguments = parse_arguments()
    logging.disable_progress_bar()
    parts = {"busy": compare_busy, "idle": compare_counts, "sizes": compare_sizes}
    for name in arguments.parts or parts:
        print(f"{name}: {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
        parts[name](arguments.epochs, arguments.rounds)


def compare_busy(epochs: int, rounds: int) -> None:
    """Print how much longer a run takes beside busy processes, by number of threads."""
    for model in (load_model(), load_model(threads=torch.get_num_threads())):
        alone, beside = [], []
        for _ in range(rounds):
            alone.append(time_run(model, epochs))
            with busy_processes():
                beside.append(time_run(model, epochs))
        idle, busy = statistics.median(alone), statistics.median(beside)
        print(
            f"  {describe_threads(model):30} alone {idle:6.2f} s, beside "
            f"{BUSY_PROCESSES} busy processes {busy:6.2f} s: {busy / idle:.2f} x"
        )


def compare_counts(epochs: int, rounds: int) -> None:
    """Print the time of a run by number of threads, and the rule's against the best."""
    chosen = load_model()
    models = [load_model(threads=n + 1) for n in range(torch.get_num_threads())]
    times = take_turns(
        [partial(time_run, model, epochs) for model in (chosen, *models)], rounds
    )
    for model, seconds in zip((chosen, *models), times, strict=True):
        print(f"  {describe_threads(model):30} {seconds:6.2f} s")
    print(f"  the rule's number, against the best: {times[0] / min(times[1:]):.2f} x")


def compare_sizes(_: int, rounds: int) -> None:
    """Print what one thread costs on networks of growing size, on these cores."""
    for hidden, layers in SHAPES:
        with tempfile.TemporaryDirectory() as folder:
            write_random_model(Path(folder), hidden, layers)
            counts = 1, torch.get_num_threads()
            models = [load_model(folder, threads=count) for count in counts]
        one, several = take_turns(
            [partial(time_run, model, 1, 128) for model in models], rounds
        )
        print(
            f"  {format_count(models[0].count_parameters()):>6} parameters: one thread "
            f"{one:6.2f} s, {counts[1]} threads {several:6.2f} s: one costs "
            f"{one / several:.2f} x"
        )


def describe_threads(model: LanguageModel) -> str:
    """Return a model's number of threads and the reason, as its line says them."""
    return model.describe().rpartition("), ")[2]


def take_turns(runs: Sequence[Callable[[], float]], rounds: int) -> list[float]:
    """Return the median seconds of each run; they are made in turn, round by round."""
    times = [[run() for run in runs] for _ in range(rounds)]
    return [statistics.median(of_one) for of_one in zip(*times, strict=True)]


def time_run(model: LanguageModel, epochs: int, pairs: int | None = None) -> float:
    """Return the seconds of a LoRA run."""
    started = time.perf_counter()
    tune(model, read_pairs()[:pairs], TuningSettings(epochs=epochs)).finish()
    return time.perf_counter() - started


def read_pairs() -> list[Pair]:
    """Return the 1000 pairs of the house voice."""
    return make_pairs(load_samples("train"))


@contextmanager
def busy_processes() -> Iterator[None]:
    """Keep as many cores busy inside the block."""
    command = [sys.executable, "-c", "while True: pass"]
    processes = [subprocess.Popen(command) for _ in range(BUSY_PROCESSES)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def write_random_model(folder: Path, hidden: int, layers: int) -> None:
    """Write a random network of this shape with Seedling's tokenizer."""
    shutil.copytree(SEEDLING_FOLDER, folder, dirs_exist_ok=True)
    seedling = LlamaConfig.from_pretrained(SEEDLING_FOLDER)
    config = LlamaConfig(
        **seedling.to_dict()
        | {
            "hidden_size": hidden,
            "intermediate_size": 3 * hidden,
            "num_hidden_layers": layers,
            "num_attention_heads": hidden // seedling.head_dim,
            "num_key_value_heads": hidden // seedling.head_dim,
        }
    )
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("parts", nargs="*", choices=("busy", "idle", "sizes"))
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=2)
    return parser.parse_args()


if __name__ == "__main__":
    main()
