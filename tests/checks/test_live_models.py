"""The networks of graded tasks: made of what is handed in, with nothing left at zero."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from prompt_or_tune.checks import run_scenario
from prompt_or_tune.checks.comparing import expect_close
from prompt_or_tune.checks.fine_tuning import (
    draw_adapted_network,
    draw_next_token_task,
)
from prompt_or_tune.checks.live_models import train_by_formula
from prompt_or_tune.pairs import IGNORED_LABEL

IDS = torch.tensor([[1, 4, 2, 3, 0], [5, 0, 1, 1, 2]])
LABELS = torch.tensor([[-100, -100, 2, 3, -100], [-100, 0, 1, 1, 2]])


def describe_parameters(network: torch.nn.Module) -> dict[str, tuple[bool, bool]]:
    """Return of each parameter whether it is trained and whether any number is zero."""
    return {
        name: (parameter.requires_grad, bool((parameter == 0).any()))
        for name, parameter in network.named_parameters()
    }


def test_an_adapted_network_has_no_zeros_and_trains_only_lora():
    network = draw_adapted_network(seed=1, vocabulary=5, width=4, shapes=[(6, 4)], rank=2)
    states = run_scenario("count_trainable", describe_parameters, **network)
    assert not any(has_zero for _, has_zero in states.values())
    trained = {name for name, (is_trained, _) in states.items() if is_trained}
    assert trained == {"layers.0.lora_A.weight", "layers.0.lora_B.weight"}


def test_the_head_shares_the_embeddings_weight_so_that_counting_it_twice_shows():
    network = draw_adapted_network(seed=1, vocabulary=5, width=4, shapes=[], rank=2)
    names = run_scenario("count_trainable", lambda n: list(n.state_dict()), **network)
    assert {"embedding.weight", "head.weight", "positions"} <= set(names)


def test_the_formula_agrees_with_torchs_optimiser_step_after_step():
    task = draw_next_token_task(seed=3, batches=[(IDS, LABELS)] * 3, learning_rate=0.3)

    def step(network, optimizer, input_ids, labels):
        optimizer.zero_grad()
        logits = network(input_ids)[:, :-1].flatten(0, 1)
        wanted = labels[:, 1:].flatten()
        loss = F.cross_entropy(logits, wanted, ignore_index=IGNORED_LABEL)
        loss.backward()
        optimizer.step()
        return loss.item()

    got = run_scenario("training_step", step, **task)
    expect_close(got, train_by_formula(**task), case="three steps", tolerance=1e-4)
    assert got["losses"][-1] < got["losses"][0], "plain descent on one batch goes down"


def test_a_position_of_the_network_never_sees_what_comes_later():
    task = draw_next_token_task(seed=4, batches=[(IDS, LABELS)], learning_rate=0.3)
    changed = IDS.clone()
    changed[:, -1] = 5

    def look(network, optimizer, input_ids, labels):
        now, later = network(input_ids), network(changed)
        return bool(torch.equal(now[:, :-1], later[:, :-1]))

    assert run_scenario("training_step", look, **task)["losses"] == [True]
