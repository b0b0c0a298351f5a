"""Live models for graded tasks, made inside a plain call.

A scenario builds the network that a task needs from random tensors it is handed, lets the
answer work on it, and returns tensors or plain data. So a check can be called across the
border of a process, and nothing of the network is left at zero by accident.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Scenario = Callable[..., Any]

SCENARIOS: dict[str, Scenario] = {}


def scenario(build: Scenario) -> Scenario:
    """Register a function as the scenario of its name (a decorator)."""
    SCENARIOS[build.__name__] = build
    return build


def run_scenario(name: str, answer: Callable[..., Any], /, **values: Any) -> Any:
    """Build the network of the named scenario from the values, and let the answer work.

    The answer may stand for a function of another process: it then runs the scenario
    there. Returns tensors or plain data. Raises `KeyError` with the names that there are.
    """
    if name not in SCENARIOS:
        names = ", ".join(SCENARIOS) or "none"
        raise KeyError(f"There is no scenario {name!r}; there are {names}.")
    run_there = getattr(type(answer), "run_scenario_there", None)
    if run_there is not None:
        return run_there(answer, name, values)
    return SCENARIOS[name](answer, **values)


# ── Notebook 4 ─────────────────────────────────────────────────────────────────────────
# torch takes seconds to import, and most notebooks' checks don't need it.


@scenario
def count_trainable(
    answer: Callable[..., Any],
    *,
    embedding: Any,
    layers: list[tuple[Any, Any, Any]],
    norm: Any,
    train_norm: bool,
) -> Any:
    """Let the answer count an adapted network; `layers` are (W, A, B) tensors each."""
    from prompt_or_tune.checks.live_models import AdaptedNetwork, LoraTensors

    tensors = [LoraTensors(*layer) for layer in layers]
    return answer(AdaptedNetwork(embedding, tensors, norm, train_norm=train_norm))


@scenario
def training_step(
    answer: Callable[..., Any],
    *,
    embedding: Any,
    middle: Any,
    head: Any,
    batches: list[tuple[Any, Any]],
    learning_rate: float,
) -> dict[str, Any]:
    """Let the answer take a step of plain gradient descent on each batch in turn.

    Returns its losses and the weights that it leaves.
    """
    import torch

    from prompt_or_tune.checks.live_models import NextTokenNetwork

    network = NextTokenNetwork(embedding, middle, head)
    trained = [network.middle, network.head]
    optimizer = torch.optim.SGD(trained, lr=learning_rate)
    losses = [
        answer(network, optimizer, input_ids, labels) for input_ids, labels in batches
    ]
    return {
        "losses": losses,
        "middle": network.middle.detach().clone(),
        "head": network.head.detach().clone(),
    }
