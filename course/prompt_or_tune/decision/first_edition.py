"""What notebooks and classes of release 0.1.0 import from `prompt_or_tune.decision`.

There, an arm was its name, a task a specification, and results judged themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from prompt_or_tune.decision import claims, measurer, results
from prompt_or_tune.decision.arms import find_arm
from prompt_or_tune.decision.claims import Crossover, ResultTable
from prompt_or_tune.decision.costs import (
    ArmCosts,
    Prices,
    break_even_queries,
    cost_per_query,
    total_cost,
)
from prompt_or_tune.decision.curves import select_points, summarise_curve
from prompt_or_tune.decision.queries import TaskData, choose_some
from prompt_or_tune.decision.recommendation import (
    Candidate,
    candidate,
    compare_with_best,
    recommend,
    winner,
)
from prompt_or_tune.decision.recording import ADAPTER_FOLDER
from prompt_or_tune.decision.results import ArmResult, CurvePoint, Results
from prompt_or_tune.decision.tasks import build_task, find_task, list_tasks
from prompt_or_tune.decision.tasks.brief import BRIEF
from prompt_or_tune.decision.tasks.fact import FACT, TODAY, build_fact_task
from prompt_or_tune.decision.tasks.task import NEW_COMBINATIONS, Task
from prompt_or_tune.decision.tasks.voice import NEW_SUBJECTS, VOICE
from prompt_or_tune.decision.verdict import Verdict, judge_task
from prompt_or_tune.decision.winner_map import decision_map, map_arms
from prompt_or_tune.models import LanguageModel

BARE = "bare"
ENGINEERED = "engineered"
FEW_SHOT = "few-shot"
RETRIEVED = "retrieved few-shot"
GLOSSARY = "glossary"
LORA = "LoRA"
LORA_ENGINEERED = "LoRA + engineered"
TASK_SPECS = list_tasks()
find_spec = find_task


class RecordedResults(Results):
    """Results that judge themselves."""

    def judge(self, task: str) -> Verdict:
        """Return a task's verdict; see `judge_task`."""
        return judge_task(find_task(task), self.arms, self.curves)


def load_results() -> RecordedResults:
    """Return the shipped results; see `results.load_results`."""
    loaded = results.load_results()
    return RecordedResults(**{f.name: getattr(loaded, f.name) for f in fields(loaded)})


def find_crossover(
    spec: Task,
    results: Sequence[ArmResult],
    curves: Sequence[CurvePoint],
    test: str,
) -> Crossover | None:
    """Return n* of LoRA; see `claims.find_crossover`."""
    return claims.find_crossover(ResultTable(spec.name, results, curves), test)


def learning_curve(
    model: LanguageModel,
    task: TaskData,
    arm: str = LORA,
    *,
    sizes: Sequence[int],
    seeds: Sequence[int],
) -> tuple[CurvePoint, ...]:
    """Measure an arm, by its name; see `measurer.learning_curve`."""
    return measurer.learning_curve(model, task, find_arm(arm), sizes=sizes, seeds=seeds)


__all__ = [
    "ADAPTER_FOLDER",
    "BARE",
    "BRIEF",
    "ENGINEERED",
    "FACT",
    "FEW_SHOT",
    "GLOSSARY",
    "LORA",
    "LORA_ENGINEERED",
    "NEW_COMBINATIONS",
    "NEW_SUBJECTS",
    "RETRIEVED",
    "TASK_SPECS",
    "TODAY",
    "VOICE",
    "ArmCosts",
    "ArmResult",
    "Candidate",
    "CurvePoint",
    "Prices",
    "Verdict",
    "break_even_queries",
    "build_fact_task",
    "build_task",
    "candidate",
    "choose_some",
    "compare_with_best",
    "cost_per_query",
    "decision_map",
    "find_crossover",
    "find_spec",
    "learning_curve",
    "load_results",
    "map_arms",
    "recommend",
    "select_points",
    "summarise_curve",
    "total_cost",
    "winner",
]
