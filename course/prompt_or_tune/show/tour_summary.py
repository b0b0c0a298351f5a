"""A tour as `--json` prints it, for other programs: no key changes or goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prompt_or_tune.decision.results import ArmResult
from prompt_or_tune.decision.verdict import Verdict
from prompt_or_tune.records import Prediction
from prompt_or_tune.show.cells import list_rate
from prompt_or_tune.tour.pipeline import Tour, find_example
from prompt_or_tune.trace import REFERENCE_TRACE

if TYPE_CHECKING:
    from prompt_or_tune.prediction import PredictionTrace


def summarise_tour(tour: Tour) -> dict[str, Any]:
    """Return the tour by its parts, of data classes and JSON's types."""
    return {
        "settings": tour.settings,
        "model": tour.model,
        "stages": _count_stages(tour),
        "examples": _list_examples(tour),
        "trace": tour.tuning.run.trace,
        "reference_trace": REFERENCE_TRACE,
        "adapter_parameters": tour.tuning.adapter_parameters,
        "predictions": list(map(_list_prediction, tour.prediction.traces)),
        "measured_now": list(map(_list_result, tour.decision.live)),
        "recorded": list(map(_list_verdict, tour.decision.verdicts)),
        "seconds": {name: round(seconds, 2) for name, seconds in tour.seconds},
    }


def _count_stages(tour: Tour) -> dict[str, Any]:
    return {
        "raw_samples": len(tour.input.raw),
        "dropped": tour.input.report.count_reasons(),
        "samples": len(tour.input.samples),
        "improved_prompts": len(tour.prompts.prompts),
        "training_pairs": len(tour.pairs.pairs),
        "leaks": len(tour.pairs.leaks),
    }


def _list_examples(tour: Tour) -> dict[str, Any]:
    shown = find_example(tour.input.samples)
    pair = tour.pairs.pairs[shown]
    return {
        "sample": tour.input.samples[shown].text,
        "improved_prompt": tour.prompts.prompts[shown].text,
        "pair": {"prompt": pair.prompt, "response": pair.response},
    }


def _list_prediction(trace: PredictionTrace) -> dict[str, Any]:
    return {
        "prompt": trace.prompt,
        "formatted": trace.formatted,
        "tokens": trace.tokens,
        "token_ids": trace.token_ids,
        "base": _list_answer(trace.base),
        "tuned": _list_answer(trace.tuned),
    }


def _list_answer(prediction: Prediction) -> dict[str, Any]:
    tokens = [
        {"token": t.token, "id": t.token_id, "probability": t.probability}
        for t in prediction.top_tokens
    ]
    return {"text": prediction.text, "top_tokens": tokens}


def _list_result(result: ArmResult) -> dict[str, Any]:
    return {
        "task": result.task,
        "test": result.test,
        "arm": result.arm,
        **list_rate(result.rate),
        "tokens_per_query": result.prompt_tokens + result.response_tokens,
    }


def _list_verdict(verdict: Verdict) -> dict[str, Any]:
    return {
        "task": verdict.task,
        "winner": verdict.winner,
        "expected_winner": verdict.expected_winner,
        "hypothesis_held": verdict.held,
        "sentence": verdict.sentence,
    }
