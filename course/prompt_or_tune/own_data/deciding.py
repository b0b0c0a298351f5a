"""Decide what to use for the reader's own data, and say what speaks against it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from prompt_or_tune.decision.arms import family_of
from prompt_or_tune.decision.claims import ResultTable
from prompt_or_tune.decision.costs import Prices
from prompt_or_tune.decision.measurer import ReportProgress
from prompt_or_tune.decision.provenance import describe_making
from prompt_or_tune.decision.recommendation import Candidate, Recommendation, recommend
from prompt_or_tune.decision.results import ArmResult, CurvePoint
from prompt_or_tune.decision.store import Store
from prompt_or_tune.own_data.measuring import measure_own_data
from prompt_or_tune.own_data.preparing import Prepared
from prompt_or_tune.own_data.splitting import WIDE_INTERVALS_BELOW
from prompt_or_tune.wording import shorten

if TYPE_CHECKING:
    from prompt_or_tune.models import LanguageModel


@dataclass(frozen=True)
class OwnDecision:
    """The decision on the reader's data, with its evidence.

    `results` holds one result per arm on the test, rivals included; `curve` LoRA with
    fewer pairs, and with all; `cautions` what the reader should know before believing it.
    """

    prepared: Prepared
    model: str
    results: tuple[ArmResult, ...]
    recommendation: Recommendation
    curve: tuple[CurvePoint, ...]
    cautions: tuple[str, ...]

    def result_of(self, arm: str) -> ArmResult:
        """Return the result of one arm; raise KeyError where it was not measured."""
        for result in self.results:
            if result.arm == arm:
                return result
        raise KeyError(arm)


def decide(
    model: LanguageModel,
    prepared: Prepared,
    on_progress: ReportProgress | None = None,
    store: Store | None = None,
) -> OwnDecision:
    """Measure every arm on the test, knobs chosen on development data, and decide.

    What the `store` holds is not measured again. Raises DataError for a pair that is too
    long for the model.
    """
    measured = measure_own_data(model, prepared, store or Store(), on_progress)
    recommendation = _recommend(prepared, measured.arms)
    return OwnDecision(
        prepared=prepared,
        model=model.describe(),
        results=measured.arms,
        recommendation=recommendation,
        curve=measured.curve,
        cautions=(
            *measured.notices,
            *_caution(prepared, measured.arms, recommendation),
        ),
    )


def open_store(output: Path, prepared: Prepared, model: LanguageModel) -> Store:
    """Return a store beside an output file, in which a killed decision finds its results.

    They are found by the same rows, model and settings; queries and prices may differ.
    """
    settings = replace(prepared.settings, queries=0, prices=Prices())
    answers = [sorted(arm.answers.items()) for arm in prepared.elsewhere]
    made_with = describe_making(model)
    return Store(output, (prepared.task.data, settings, answers, made_with))


# ── The decision ───────────────────────────────────────────────────────────────────────


def _recommend(prepared: Prepared, results: Sequence[ArmResult]) -> Recommendation:
    """Recommend among the arms in which a model answers, wherever it runs."""
    paid = {arm.name: arm.price for arm in prepared.elsewhere}
    task = prepared.task
    candidates = [
        Candidate(
            replace(
                result.costs,
                arm=task.title_of(result.arm),
                query_price=paid.get(result.arm),
            ),
            (result.correct,),
        )
        for result in results
        if family_of(result.arm) != "rival"
    ]
    settings = prepared.settings
    return recommend(candidates, queries=settings.queries, prices=settings.prices)


def _caution(
    prepared: Prepared, results: Sequence[ArmResult], recommendation: Recommendation
) -> list[str]:
    """Return what speaks against believing the decision, each as a sentence."""
    return [
        *_caution_size(prepared),
        *_caution_leaks(prepared),
        *_caution_rivals(prepared, results, recommendation),
        *_caution_rate(recommendation),
    ]


def _caution_size(prepared: Prepared) -> list[str]:
    count = len(prepared.splits.test)
    if count >= WIDE_INTERVALS_BELOW:
        return []
    return [
        f"The test has {count} rows, so intervals are wide; with {WIDE_INTERVALS_BELOW} "
        "or more a difference of ten points can show."
    ]


def _caution_leaks(prepared: Prepared) -> list[str]:
    near = [leak for leak in prepared.leaks if leak.kind == "near"]
    if not near:
        return []
    example = near[0]
    return [
        f"{len(near)} of {len(prepared.splits.test)} test rows nearly repeat a training "
        f'row ("{shorten(example.test.prompt)}" beside '
        f'"{shorten(example.train.prompt)}"): LoRA, retrieval and the look-ups may look '
        "better than they are."
    ]


def _caution_rivals(
    prepared: Prepared, results: Sequence[ArmResult], recommendation: Recommendation
) -> list[str]:
    """Say which rivals without a model do as well as the recommended arm."""
    task, table = prepared.task, ResultTable(prepared.task.name, results)
    able = (*task.arms, *prepared.elsewhere)
    chosen = next(a for a in able if task.title_of(a.name) == recommendation.arm)
    equal = [
        task.title_of(rival.name)
        for rival in task.rivals
        if table.of(task.test, rival).rate.successes
        and table.is_as_good(task.test, rival, chosen)
    ]
    if not equal:
        return []
    return [
        f"Without any model, {' and '.join(equal)} "
        f"{'does' if len(equal) == 1 else 'do'} about as well: a few lines of code may "
        "be all you need."
    ]


def _caution_rate(recommendation: Recommendation) -> list[str]:
    rate = recommendation.comparison_of(recommendation.arm).rate
    if rate.rate >= 0.5:
        return []
    return [
        f"Even the recommended arm is right in only {rate.rate:.0%}: none is good here. "
        "Look at the answers, and try a larger model, a clearer template or more pairs."
    ]
