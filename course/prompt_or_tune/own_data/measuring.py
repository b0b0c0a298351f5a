"""Measure every arm on the reader's own pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from prompt_or_tune.decision.arms.lora import LORA
from prompt_or_tune.decision.asking import ArmSettings
from prompt_or_tune.decision.curve_jobs import Curve
from prompt_or_tune.decision.measurer import Measurer, ReportProgress
from prompt_or_tune.decision.results import ArmResult, CurvePoint
from prompt_or_tune.decision.store import Store
from prompt_or_tune.own_data.preparing import DecideSettings, Prepared
from prompt_or_tune.records import TuningSettings

if TYPE_CHECKING:
    from prompt_or_tune.models import LanguageModel

FEWEST_STEPS = 100


@dataclass(frozen=True)
class OwnResults:
    """What was measured on the reader's data: arms, LoRA's curve, what was left out."""

    arms: tuple[ArmResult, ...]
    curve: tuple[CurvePoint, ...]
    notices: tuple[str, ...]


def measure_own_data(
    model: LanguageModel,
    prepared: Prepared,
    store: Store,
    on_progress: ReportProgress | None,
) -> OwnResults:
    """Measure the arms, LoRA with fewer pairs, what was answered elsewhere, the rivals.

    Raises DataError for a pair that is too long for the model.
    """
    task = prepared.task
    data = task.build(model, prepared.settings.seed)
    settings = _make_arm_settings(model, prepared.settings, len(data.training))
    sizes = choose_sizes(len(data.training), prepared.settings.sizes)
    others = (*prepared.elsewhere, *task.rivals)
    total = len(task.arms) + len(sizes) + len(others)
    measurer = Measurer(model, store, on_progress, total)
    results: list[ArmResult] = []
    for arm in task.arms:
        results += measurer.measure_arm(data, arm, settings, task.title_of(arm.name))
    (lora,) = [result for result in results if result.arm == LORA.name]
    curve = measurer.measure_curves(
        data,
        [Curve(LORA, sizes, (settings.seed,))],
        replace(settings, learning_rates=(lora.learning_rate or 0.0,)),
        lambda job: f"LoRA, {job.n} pairs",
    )
    for arm in others:
        results += measurer.measure_arm(data, arm, settings, task.title_of(arm.name))
    measurer.report("done")
    whole = _as_point(lora, len(data.training), settings.seed)
    return OwnResults(tuple(results), (*curve, whole), tuple(measurer.notices))


def choose_sizes(pairs: int, wanted: Sequence[int]) -> tuple[int, ...]:
    """Return the numbers of pairs to train on beside all of them.

    Those wanted, as far as there are as many; otherwise a quarter and a half.
    """
    sizes = wanted or (pairs // 4, pairs // 2)
    return tuple(sorted({size for size in sizes if 1 <= size < pairs}))


def _make_arm_settings(
    model: LanguageModel, settings: DecideSettings, pairs: int
) -> ArmSettings:
    from prompt_or_tune.tuning import default_settings

    default = default_settings(model).learning_rate
    wanted = settings.learning_rates
    return ArmSettings(
        few_shot_counts=settings.shots,
        learning_rates=(default, *wanted) if wanted else (),
        rate_factors=(1.0, 1 / 3),
        steps=settings.steps or max(FEWEST_STEPS, TuningSettings().count_steps(pairs)),
        batch_size=settings.batch_size,
        seed=settings.seed,
    )


def _as_point(lora: ArmResult, pairs: int, seed: int) -> CurvePoint:
    """Return LoRA on all pairs as the last point of its curve."""
    return CurvePoint(
        task=lora.task,
        test=lora.test,
        arm=lora.arm,
        schedule="equal steps",
        n=pairs,
        seed=seed,
        successes=lora.rate.successes,
        of=lora.rate.n,
        loss=lora.loss,
        training_tokens=lora.training_tokens,
        seconds=lora.training_seconds,
    )
