"""What tuning changed, token by token: both models read the same answer."""

from __future__ import annotations

import pytest
import torch
from prompt_or_tune.models import load_model
from prompt_or_tune.pairs import PairsError
from prompt_or_tune.prediction import trace_changes
from prompt_or_tune.records import Pair, TuningSettings
from prompt_or_tune.tuning import tune

from tests.tiny_models import build_llama

PAIR = Pair("Describe the fox at dawn", "The fox is swift and golden")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return load_model(build_llama(tmp_path_factory.mktemp("base")), device="cpu")


@pytest.fixture(scope="module")
def adapter(model):
    return (
        tune(model, [PAIR], TuningSettings(max_steps=60, learning_rate=2e-2))
        .finish()
        .adapter
    )


@pytest.fixture(scope="module")
def changes(model, adapter):
    return trace_changes(PAIR.prompt, PAIR.response, model, adapter)


def test_the_tokens_are_the_answers_and_its_end(changes, model):
    end = model.tokenizer.decode([model.end_of_turn_id])
    assert "".join(change.token for change in changes) == PAIR.response + end


def test_tuning_on_an_answer_makes_all_of_it_likelier(changes):
    assert all(change.tuned > change.base for change in changes)


def test_divergence_is_that_of_the_two_distributions(changes, model, adapter):
    prompt = [PAIR.prompt]
    base = model.next_token_probabilities(prompt)[0]
    model.attach(adapter)
    tuned = model.next_token_probabilities(prompt)[0]
    model.detach()
    wanted = torch.sum(tuned * (tuned / base).log()).item()
    assert changes[0].divergence == pytest.approx(wanted, rel=1e-3)
    assert all(change.divergence >= 0 for change in changes)


def test_the_model_is_left_without_an_adapter(changes, model):
    assert not model.has_adapter


def test_an_empty_answer_is_refused(model, adapter):
    with pytest.raises(PairsError, match="empty"):
        trace_changes(PAIR.prompt, "  ", model, adapter)
