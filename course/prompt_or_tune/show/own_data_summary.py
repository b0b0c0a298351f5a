"""A decision on own data as `--json` prints it, for programs: no key changes or goes."""

from __future__ import annotations

from typing import Any

from prompt_or_tune.decision.arms import has_model
from prompt_or_tune.decision.results import ArmResult
from prompt_or_tune.own_data.deciding import OwnDecision
from prompt_or_tune.show.cells import list_rate
from prompt_or_tune.show.own_data import count_splits, list_notices


def summarise_decision(decision: OwnDecision) -> dict[str, Any]:
    """Return the decision and its evidence, of data classes and JSON's types."""
    prepared, found = decision.prepared, decision.recommendation
    return {
        "file": prepared.file.path,
        "model": decision.model,
        "rule": prepared.settings.rule.describe(),
        "splits": count_splits(prepared.splits),
        "decision": found.arm,
        "queries": found.queries,
        "currency": found.prices.currency,
        "reasons": found.reasons,
        "flips": found.flips,
        "cautions": decision.cautions,
        "notices": list_notices(decision),
        "arms": [_list_arm(decision, result) for result in decision.results],
        "curve": [
            {"pairs": p.n, "successes": p.successes, "of": p.of} for p in decision.curve
        ],
    }


def _list_arm(decision: OwnDecision, result: ArmResult) -> dict[str, Any]:
    name = decision.prepared.task.title_of(result.arm)
    listed = {
        "arm": name,
        "without_model": not has_model(result.arm),
        **list_rate(result.rate),
        "prompt_tokens": result.prompt_tokens,
        "response_tokens": result.response_tokens,
        "seconds_per_query": result.seconds_per_query,
        "flops_per_query": result.flops_per_query,
        "training_seconds": result.training_seconds,
        "training_tokens": result.training_tokens,
        "labels": result.labels,
        "chosen_on_development": result.knobs,
    }
    if listed["without_model"]:
        return listed
    compared = decision.recommendation.comparison_of(name)
    return listed | {
        "p_value": compared.p_value,
        "as_good_as_the_best": compared.as_good,
        "cost_per_query": compared.query_cost,
        "cost_in_all": compared.total_cost,
    }
