"""Decide what to use for the reader's own data, and say what speaks against it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from prompt_or_tune.decision import (
    RIVALS,
    ArmResult,
    Candidate,
    CurvePoint,
    Recommendation,
    recommend,
)
from prompt_or_tune.own_data.measuring import Measuring, OnProgress
from prompt_or_tune.own_data.preparing import Prepared
from prompt_or_tune.own_data.splitting import WIDE_INTERVALS_BELOW
from prompt_or_tune.statistics import mcnemar_exact
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
    model: LanguageModel, prepared: Prepared, on_progress: OnProgress | None = None
) -> OwnDecision:
    """Measure every arm on the test, knobs chosen on development data, and decide.

    Raises DataError for a pair that is too long for the model.
    """
    measured = Measuring(model, prepared, on_progress or (lambda *_: None))
    results, curve = measured.measure()
    recommendation = _recommend(prepared, results)
    return OwnDecision(
        prepared=prepared,
        model=model.describe(),
        results=tuple(results),
        recommendation=recommendation,
        curve=curve,
        cautions=(*measured.notices, *_caution(prepared, results, recommendation)),
    )


# ── The decision ───────────────────────────────────────────────────────────────────────


def _recommend(prepared: Prepared, results: Sequence[ArmResult]) -> Recommendation:
    """Recommend among the arms in which a model answers, wherever it runs."""
    paid = {arm.name: arm.price for arm in prepared.settings.elsewhere}
    spec = prepared.task.spec
    candidates = [
        Candidate(
            replace(
                result.costs,
                arm=spec.title_of(result.arm),
                query_price=paid.get(result.arm),
            ),
            (result.correct,),
        )
        for result in results
        if result.arm not in RIVALS
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
    spec = prepared.task.spec
    chosen = next(r for r in results if spec.title_of(r.arm) == recommendation.arm)
    equal = [
        spec.title_of(rival.arm)
        for rival in results
        if rival.arm in RIVALS
        and rival.rate.successes
        and (
            rival.rate.rate >= chosen.rate.rate
            or mcnemar_exact(rival.correct, chosen.correct) >= 0.05
        )
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
