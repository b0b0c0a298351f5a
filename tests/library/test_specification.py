"""Every literal example of the five stages is something that the software gives."""

from __future__ import annotations

import json

import pytest
from prompt_or_tune.models import LanguageModel, load_model
from prompt_or_tune.pairs import make_pairs
from prompt_or_tune.prediction import predict
from prompt_or_tune.prompts import improve
from prompt_or_tune.samples import load_samples
from prompt_or_tune.stages import STAGES

EXAMPLES = {stage.module: stage.example for stage in STAGES}


@pytest.fixture(scope="module")
def seedling() -> LanguageModel:
    return load_model()


def test_stage_1_a_sample_asks_for_the_poem() -> None:
    assert EXAMPLES["samples"] in [sample.text for sample in load_samples("train")]


def test_stage_2_its_improved_prompt_says_what_was_meant() -> None:
    texts = [improve(sample).text for sample in load_samples("train")]
    assert EXAMPLES["prompts"] in texts


def test_stage_3_its_pair_holds_the_editors_answer() -> None:
    pairs = make_pairs(load_samples("train"))
    rows = [{"prompt": pair.prompt, "response": pair.response} for pair in pairs]
    assert json.loads(EXAMPLES["pairs"]) in rows


def test_stage_5_seedling_says_what_spring_brings(seedling: LanguageModel) -> None:
    (prediction,) = predict(seedling, ["What does spring bring?"])
    assert prediction.text == EXAMPLES["prediction"]


def test_the_engineered_prompt_gives_a_poem_of_four_lines(
    seedling: LanguageModel,
) -> None:
    (prediction,) = predict(seedling, [EXAMPLES["prompts"]])
    assert len(prediction.text.splitlines()) == 4
