"""Stage 5: two layers of a prediction, from the base and from the fine-tuned model."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from prompt_or_tune.models import load_model
from prompt_or_tune.prediction import predict, trace_prediction
from prompt_or_tune.records import Pair, TuningSettings
from prompt_or_tune.tuning import tune

from tests.tiny_models import build_llama

PROMPT = "Describe the fox at dawn"
PAIR = Pair(PROMPT, "The fox is swift and golden")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return load_model(build_llama(tmp_path_factory.mktemp("model")))


@pytest.fixture(scope="module")
def adapter(model):
    settings = TuningSettings(max_steps=60, learning_rate=2e-2)
    return tune(model, [PAIR], settings).finish().adapter


@pytest.fixture
def trace(model, adapter):
    return trace_prediction(PROMPT, model, adapter)


def test_a_prediction_holds_prompt_answer_tokens_and_candidates(model):
    (prediction,) = predict(model, [PROMPT], top=3)
    assert prediction.prompt == PROMPT
    assert prediction.text == model.generate([PROMPT])[0]
    assert "".join(prediction.tokens) == model.format_prompt(PROMPT)
    assert len(prediction.top_tokens) == 3


def test_candidates_fall_in_probability_and_match_the_model(model):
    (prediction,) = predict(model, [PROMPT], top=5)
    probabilities = [c.probability for c in prediction.top_tokens]
    assert probabilities == sorted(probabilities, reverse=True)
    row = model.next_token_probabilities([PROMPT])[0]
    for candidate in prediction.top_tokens:
        assert candidate.probability == pytest.approx(float(row[candidate.token_id]))
        assert candidate.token == model.tokenizer.decode([candidate.token_id])
    assert prediction.top_tokens[0].token_id == int(row.argmax())


def test_predictions_keep_the_order_of_their_prompts(model):
    prompts = [PROMPT, "Describe spring", "Describe the owl in the garden"]
    predictions = predict(model, prompts)
    assert [p.prompt for p in predictions] == prompts
    (alone,) = predict(model, ["Describe spring"])
    assert (predictions[1].text, predictions[1].tokens) == (alone.text, alone.tokens)
    assert predictions[1].top_tokens[0].token == alone.top_tokens[0].token


def test_no_prompts_give_no_predictions(model):
    assert predict(model, []) == []


def test_layer_one_is_what_the_model_reads(trace, model):
    assert trace.formatted == "<user>Describe the fox at dawn<assistant>"
    assert "".join(trace.tokens) == trace.formatted
    assert list(trace.token_ids) == model.encode_prompt(PROMPT)


def test_layer_two_shows_what_tuning_changed(trace):
    assert trace.tuned.text == PAIR.response
    assert trace.base.text != PAIR.response
    assert trace.tuned.top_tokens[0].token == "The"
    assert trace.tuned.top_tokens[0].probability > 0.5


def test_layer_two_can_look_at_the_token_after_the_first_words(model, adapter):
    first_words, _ = PAIR.response.split(" swift")
    trace = trace_prediction(PROMPT, model, adapter, answer_start=first_words)
    begun = model.encode_prompt(PROMPT) + model.encode_text(first_words)
    with model.answering():
        ids = torch.tensor([begun], device=model.device)
        wanted = model.network(ids).logits[0, -1].softmax(-1)
    first = trace.base.top_tokens[0]
    assert first.probability == pytest.approx(float(wanted[first.token_id]), rel=1e-4)
    assert " swift".startswith(trace.tuned.top_tokens[0].token)
    assert trace.tuned.text == PAIR.response, "the answer itself begins at its beginning"
    assert f"comes after {first_words!r}" in trace.as_text()


def test_the_model_is_left_without_an_adapter(trace, model):
    assert not model.has_adapter
    assert predict(model, [PROMPT])[0] == trace.base


def test_as_text_shows_both_layers_and_both_models(trace):
    text = trace.as_text()
    lines = text.splitlines()
    assert lines[0] == "Layer 1: the input"
    assert "  formatted   '<user>Describe the fox at dawn<assistant>'" in lines
    assert any(line.startswith("  base ") and "fine-tuned" in line for line in lines)
    assert lines[-1] == f"  fine-tuned  {PAIR.response}"
    assert max(map(len, lines)) <= 100


def test_the_lines_of_a_poem_stay_lines(trace):
    poem = replace(trace.base, text="The fox at dawn\nis swift and gone")
    lines = replace(trace, base=poem).as_text().splitlines()
    place = lines.index("  base        The fox at dawn")
    assert lines[place + 1] == "              is swift and gone"


def test_a_whole_vocabulary_of_candidates_sums_to_one(model):
    (prediction,) = predict(model, [PROMPT], top=10**6)
    assert len(prediction.top_tokens) == model.network.config.vocab_size
    assert sum(c.probability for c in prediction.top_tokens) == pytest.approx(1, abs=1e-4)
