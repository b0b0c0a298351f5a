"""PredictionLab: any prompt through the base and the tuned model, side by side."""

from __future__ import annotations

import pytest
from prompt_or_tune.adapters import Adapter
from prompt_or_tune.decision.recording import ADAPTER_FOLDER
from prompt_or_tune.widgets import PredictionLab
from prompt_or_tune.widgets.shared_weights import share_weights

from tests.widgets.lab_shown import find, shown_html, shown_text

PROMPT = "Describe spring at dawn"


@pytest.fixture(scope="module")
def adapter():
    return Adapter.load(ADAPTER_FOLDER)


def test_both_models_are_shown_for_a_prompt_that_is_typed(model, adapter):
    lab = PredictionLab(model, adapter)
    find(lab, "Prompt").value = "Describe the fox in the fog"
    find(lab, "Compare").click()
    (trace,) = lab.traces
    assert trace.prompt == "Describe the fox in the fog"
    assert trace.base.text != trace.tuned.text
    assert "Layer 1" in shown_text(lab)
    assert "<img" in shown_html(lab)


def test_the_plain_call_returns_the_trace_and_shows_it(model, adapter):
    lab = PredictionLab(model, adapter)
    trace = lab.compare(PROMPT)
    assert trace.base.top_tokens
    assert trace.tuned.top_tokens
    assert find(lab, "Prompt").value == PROMPT


def test_an_adapter_that_the_reader_has_attached_stays_where_it_is(model, adapter):
    own = share_weights(model)
    own.attach(adapter)
    tuned = own.generate([PROMPT])
    trace = PredictionLab(own, adapter).compare(PROMPT)
    assert own.has_adapter
    assert own.generate([PROMPT]) == tuned == [trace.tuned.text]
    assert trace.base.text == model.generate([PROMPT])[0]


def test_shared_weights_are_the_same_tensors_in_modules_of_their_own(model):
    twin = share_weights(model)
    pairs = zip(model.network.parameters(), twin.network.parameters(), strict=True)
    assert all(one is other for one, other in pairs)
    assert twin.network is not model.network


@pytest.mark.parametrize("prompt", ["", "   "])
def test_an_empty_prompt_is_answered_with_a_sentence(model, adapter, prompt):
    lab = PredictionLab(model, adapter)
    find(lab, "Prompt").value = prompt
    find(lab, "Compare").click()
    assert lab.traces == []
    assert "Write a prompt first" in shown_text(lab)


def test_a_prompt_that_is_too_long_is_answered_with_a_sentence(model, adapter):
    lab = PredictionLab(model, adapter)
    find(lab, "Prompt").value = "spring " * 3000
    find(lab, "Compare").click()
    assert "shorten the prompt" in shown_text(lab)


def test_markup_in_a_prompt_stays_text(model, adapter):
    lab = PredictionLab(model, adapter)
    lab.compare("<script>alert(1)</script> $x^2$")
    assert "<script>" not in shown_html(lab)
