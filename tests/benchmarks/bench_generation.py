"""How fast greedy generation is: batched, against a `generate` call per prompt.

    python tests/benchmarks/bench_generation.py [--prompts 1000] [--alone 100]

Both are made in this one process, taking turns; the ratio is of seconds per prompt.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Sequence

import torch
from prompt_or_tune.models import LanguageModel, load_model
from prompt_or_tune.samples import load_samples

ROUNDS = 3


def main() -> None:
    """Print the ratio."""
    arguments = parse_arguments()
    model = load_model()
    prompts = [sample.text for sample in load_samples("train")][: arguments.prompts]
    alone = prompts[: arguments.alone]
    print(model.describe())
    model.generate(prompts[:8])  # first calls are slow
    batched, single = [], []
    for _ in range(ROUNDS):
        batched.append(time_batched(model, prompts))
        single.append(time_alone(model, alone))
    together, apart = statistics.median(batched), statistics.median(single)
    print(f"batched, {len(prompts)} prompts:  {1000 * together:6.2f} ms per prompt")
    print(f"one call per prompt, {len(alone)}:  {1000 * apart:6.2f} ms per prompt")
    print(f"batched is {apart / together:.1f} x as fast")


def time_batched(model: LanguageModel, prompts: Sequence[str]) -> float:
    """Return the seconds per prompt of our batched generation."""
    started = time.perf_counter()
    model.generate(prompts)
    return (time.perf_counter() - started) / len(prompts)


def time_alone(model: LanguageModel, prompts: Sequence[str]) -> float:
    """Return the seconds per prompt of a transformers `generate` call for each."""
    started = time.perf_counter()
    for prompt in prompts:
        ids = torch.tensor([model.encode_prompt(prompt)])
        with model.answering():
            output = model.network.generate(
                input_ids=ids, attention_mask=torch.ones_like(ids), max_new_tokens=64
            )
        model.tokenizer.decode(output[0, ids.shape[1] :], skip_special_tokens=True)
    return (time.perf_counter() - started) / len(prompts)


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--prompts", type=int, default=1000)
    parser.add_argument("--alone", type=int, default=100)
    return parser.parse_args()


if __name__ == "__main__":
    main()
