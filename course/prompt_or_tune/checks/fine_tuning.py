"""Notebook 4: LoRA by hand, what is trained, one step, and how to read a trace."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from prompt_or_tune.checks.comparing import Answer, call, expect_close, expect_equal
from prompt_or_tune.checks.registry import GradedTask
from prompt_or_tune.checks.scenarios import run_scenario
from prompt_or_tune.pairs import IGNORED_LABEL
from prompt_or_tune.records import EpochRecord

if TYPE_CHECKING:
    import torch

# torch takes seconds to import, and listing the tasks doesn't need it.

# ── lora_forward ───────────────────────────────────────────────────────────────────────


def check_lora_forward(answer: Answer) -> None:
    """Check a layer of rank 1 and one of rank 2, small enough to follow by hand."""
    import torch

    x = torch.tensor([[1.0, 2.0]])
    weight = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    case = "rank 1, α = 4: x = [[1, 2]], A = [[1, 1]], B = [[1], [0], [2]]"
    got = call(
        answer, x, weight, torch.tensor([[1.0, 1.0]]),
        torch.tensor([[1.0], [0.0], [2.0]]), 4.0, case=case,
    )  # fmt: skip
    expect_close(
        got,
        torch.tensor([[13.0, 2.0, 27.0]]),
        case=case,
        cause="y = x·Wᵀ + α/r · (x·Aᵀ)·Bᵀ: the frozen part and the low-rank part, added",
    )
    case = "rank 2, α = 1, two rows of x"
    got = call(
        answer, torch.tensor([[1.0, 0.0], [0.0, 2.0]]), weight,
        torch.tensor([[1.0, 2.0], [3.0, 4.0]]),
        torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, -1.0]]), 1.0, case=case,
    )  # fmt: skip
    expect_close(
        got,
        torch.tensor([[1.5, 1.5, 0.0], [2.0, 6.0, 0.0]]),
        case=case,
        cause="the scale is α/r, here 1/2; r is the number of A's rows",
    )


# ── count_trainable ────────────────────────────────────────────────────────────────────


def check_count_trainable(answer: Answer) -> None:
    """Check a network with one adapted layer, and a larger one."""
    _check_count(
        answer,
        draw_adapted_network(seed=1, vocabulary=7, width=4, shapes=[(6, 4)], rank=2),
        (20, 76),
        case="a network with one layer of 6 x 4, adapted at rank 2",
        cause="count numbers (numel), not tensors; trained are those with requires_grad",
    )
    _check_count(
        answer,
        draw_adapted_network(
            seed=2, vocabulary=9, width=5, shapes=[(5, 5), (3, 5)], rank=1
        ),
        (18, 108),
        case="a network with layers of 5 x 5 and 3 x 5, adapted at rank 1",
        cause="all = trained and frozen together; a weight that two layers share counts "
        "once, a buffer never",
    )


def _check_count(
    answer: Answer,
    network: dict[str, Any],
    wanted: tuple[int, int],
    *,
    case: str,
    cause: str,
) -> None:
    got = call(run_scenario, "count_trainable", answer, case=case, **network)
    expect_equal(got, wanted, case=case, cause=cause)


def draw_adapted_network(
    *,
    seed: int,
    vocabulary: int,
    width: int,
    shapes: Sequence[tuple[int, int]],
    rank: int,
    train_norm: bool = False,
) -> dict[str, Any]:
    """Return random tensors for the scenario `count_trainable`; shapes are out x in."""
    import torch

    chance = torch.Generator().manual_seed(seed)

    def draw(*size: int) -> torch.Tensor:
        return torch.randn(size, generator=chance)

    return {
        "embedding": draw(vocabulary, width),
        "layers": [
            (draw(out, into), draw(rank, into), draw(out, rank)) for out, into in shapes
        ],
        "norm": draw(width),
        "train_norm": train_norm,
    }


# ── training_step ──────────────────────────────────────────────────────────────────────


def check_training_step(answer: Answer) -> None:
    """Check one step on one row, then two on other rows with a prompt and padding."""
    import torch

    ids = torch.tensor([[1, 4, 2, 3]])
    _check_steps(
        answer,
        draw_next_token_task(seed=1, batches=[(ids, ids)], learning_rate=0.5),
        case="one step on one row, every token counts",
        cause="position t predicts token t + 1: logits[:, :-1] against labels[:, 1:]",
    )
    masked = torch.tensor([[IGNORED_LABEL, IGNORED_LABEL, 2, 3]])
    _check_steps(
        answer,
        draw_next_token_task(
            seed=2, batches=[(ids, masked), (ids.flip(1), masked)], learning_rate=0.2
        ),
        case="two steps, the prompt's labels are -100",
        cause="-100 is skipped; gradients add up until zero_grad; the loss comes first, "
        "then backward, then step",
    )


def _check_steps(answer: Answer, task: dict[str, Any], *, case: str, cause: str) -> None:
    from prompt_or_tune.checks.live_models import train_by_formula

    wanted = train_by_formula(**task)
    got = call(run_scenario, "training_step", answer, case=case, **task)
    expect_close(got, wanted, case=case, cause=cause, tolerance=1e-4)


def draw_next_token_task(
    *,
    seed: int,
    batches: list[tuple[torch.Tensor, torch.Tensor]],
    learning_rate: float,
    vocabulary: int = 6,
    width: int = 4,
) -> dict[str, Any]:
    """Return random weights and the batches, for the scenario `training_step`."""
    import torch

    chance = torch.Generator().manual_seed(seed)
    sizes = {
        "embedding": (vocabulary, width),
        "middle": (width, width),
        "head": (width, vocabulary),
    }
    weights = {k: torch.randn(size, generator=chance) for k, size in sizes.items()}
    return {**weights, "batches": batches, "learning_rate": learning_rate}


# ── read_trace ─────────────────────────────────────────────────────────────────────────


def make_trace(*epochs: tuple[float, float, float]) -> list[EpochRecord]:
    """Return a trace of (loss, token accuracy, held-out accuracy), without sentences."""
    return [
        EpochRecord(epoch, loss, tokens, accuracy, 1.0, "")
        for epoch, (loss, tokens, accuracy) in enumerate(epochs, 1)
    ]


def check_read_trace(answer: Answer) -> None:
    """Check one trace of each of the four kinds."""
    for name, trace, wanted, cause in (
        (
            "a run that ends well, best before its end",
            make_trace((2.1, 0.68, 0.1), (0.4, 0.93, 0.97), (0.1, 0.99, 0.97)),
            (2, "good"),
            "keep the epoch with the best held-out accuracy, the earliest of equals",
        ),
        (
            "a learning rate too low",
            make_trace((5.0, 0.5, 0.0), (2.1, 0.7, 0.0), (1.6, 0.71, 0.01)),
            (3, "under-fitted"),
            "the last token accuracy is below 0.9: it doesn't fit even what it trains on",
        ),
        (
            "a learning rate too high",
            make_trace((4.5, 0.31, 0.0), (4.0, 0.14, 0.0), (3.9, 0.15, 0.0)),
            (1, "unstable"),
            "the token accuracy falls by more than 0.05 from one epoch to the next",
        ),
        (
            "a few pairs, many epochs",
            make_trace((1.5, 0.7, 0.0), (0.2, 0.96, 0.09), (0.02, 1.0, 0.06)),
            (2, "over-fitted"),
            "the training tokens are right and the held-out answers wrong",
        ),
    ):
        got = call(answer, trace, case=name)
        expect_equal(got, wanted, case=name, cause=cause)


def diagnose_epochs(
    losses: Sequence[float], tokens: Sequence[float], accuracies: Sequence[float]
) -> tuple[int, str]:
    """Return the epoch to keep and the diagnosis, from the three columns of a trace."""
    keep = max(range(len(losses)), key=lambda i: (accuracies[i], -i)) + 1
    drops = [before - after for before, after in itertools.pairwise(tokens)]
    if not all(map(math.isfinite, losses)) or any(drop > 0.05 for drop in drops):
        return keep, "unstable"
    if tokens[-1] < 0.9:
        return keep, "under-fitted"
    if accuracies[-1] < 0.8:
        return keep, "over-fitted"
    return keep, "good"


# ── The tasks ──────────────────────────────────────────────────────────────────────────

TASKS: tuple[GradedTask, ...] = (
    GradedTask(
        id="lora_forward",
        title="A LoRA layer by hand",
        points=3,
        minutes=5,
        check=check_lora_forward,
        hints=(
            "Write it as two sums: what the frozen W gives for x, and what B·A gives. A "
            "linear layer computes x @ weight.T. Which shape tells you the rank?",
            "rank = a.shape[0]; low = x @ a.T has `rank` numbers per row; the answer is "
            "x @ weight.T + (alpha / rank) * (low @ b.T).",
        ),
    ),
    GradedTask(
        id="count_trainable",
        title="Count what is trained",
        points=2,
        minutes=3,
        check=check_count_trainable,
        hints=(
            "network.parameters() yields every parameter once, shared ones too. Each "
            "knows how many numbers it holds, and whether it is trained.",
            "Sum p.numel() over all parameters for the second number; for the first, "
            "only over those with p.requires_grad.",
        ),
    ),
    GradedTask(
        id="training_step",
        title="One training step by hand",
        points=3,
        minutes=6,
        check=check_training_step,
        hints=(
            "Five lines: clear the old gradients, ask the network for logits, compute "
            "the loss, let it flow back, let the optimiser step. Which logits belong to "
            "which labels, when each position predicts the token after it?",
            "logits = network(input_ids)[:, :-1]; F.cross_entropy(logits.flatten(0, 1), "
            "labels[:, 1:].flatten(), ignore_index=IGNORED_LABEL); zero_grad() comes "
            "before backward(), step() after it; return loss.item().",
        ),
    ),
    GradedTask(
        id="read_trace",
        title="Read a trace",
        points=2,
        minutes=5,
        check=check_read_trace,
        hints=(
            "Ask the four questions in their order and return at the first yes. The "
            "epoch to keep is another question: it looks at one column only.",
            "keep = max(trace, key=lambda e: e.accuracy).epoch takes the earliest of "
            "equals. Unstable: any pair in zip(trace, trace[1:]) whose token accuracy "
            "falls by more than 0.05, or a loss that math.isfinite refuses.",
        ),
    ),
)
