"""Measure every arm on the reader's own pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prompt_or_tune.decision.arms.arm import Arm
from prompt_or_tune.decision.arms.lora import LORA
from prompt_or_tune.decision.asking import ArmSettings
from prompt_or_tune.decision.curve_jobs import Curve, CurveJob
from prompt_or_tune.decision.curves import sort_points
from prompt_or_tune.decision.measurer import (
    MeasureArm,
    MeasureCurves,
    Measurer,
    ReportProgress,
)
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
    curve = Curve(LORA, sizes, (settings.seed,))

    def measure(arm: Arm) -> MeasureArm:
        return MeasureArm(data, arm, settings, task.title_of(arm.name))

    measurer = Measurer(model, store, on_progress)
    measurer.measure(
        [
            *map(measure, task.arms),
            MeasureCurves(data, (curve,), settings, _name_job, at_chosen_rate=True),
            *map(measure, (*prepared.elsewhere, *task.rivals)),
        ]
    )
    found = store.records
    (lora,) = store.find_arm(task.name, LORA.name)
    whole = _as_point(lora, len(data.training), settings.seed)
    points = (*sort_points(found.curves), whole)
    return OwnResults(found.arms, points, tuple(measurer.notices))


def _name_job(job: CurveJob) -> str:
    return f"LoRA, {job.n} pairs"


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
