"""Measure every arm on the reader's own pairs."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from prompt_or_tune.decision import (
    FEW_SHOT,
    LORA,
    RETRIEVED,
    Answered,
    ArmResult,
    ArmSettings,
    CurvePoint,
    Query,
    choose_some,
    measure_arm,
)
from prompt_or_tune.decision.arms import (
    ask,
    attached,
    choose_tuned_plan,
    judge_answers,
    plan_asking,
    tune_plan,
)
from prompt_or_tune.own_data.preparing import NAME, TEST, Elsewhere, Prepared
from prompt_or_tune.own_data.reading import DataError

if TYPE_CHECKING:
    from prompt_or_tune.models import LanguageModel
    from prompt_or_tune.records import TuningRun

FEWEST_STEPS = 100
FEWEST_NEW_TOKENS = 32

OnProgress = Callable[[str, int, int], None]


class Measuring:
    """Measures arm after arm; what could not be measured is noted."""

    def __init__(
        self, model: LanguageModel, prepared: Prepared, on_progress: OnProgress
    ) -> None:
        self.model = model
        self.settings = prepared.settings
        self.prepared = prepared
        self.on_progress = on_progress
        self.notices: list[str] = []
        budget = self.settings.max_new_tokens or self._choose_budget()
        spec = replace(prepared.task.spec, max_new_tokens=budget)
        self.task = replace(prepared.task, spec=spec)
        self.sizes = choose_sizes(len(self.task.training), self.settings.sizes)
        self.arm_settings = self._make_arm_settings()
        self._check_lengths()

    def measure(self) -> tuple[list[ArmResult], tuple[CurvePoint, ...]]:
        """Return the results of arms, outside answers and rivals; and the curve."""
        arms = self.task.spec.arms
        total = len(arms) + len(self.sizes) + 1
        results: list[ArmResult] = []
        curve: list[CurvePoint] = []
        for done, arm in enumerate(arms):
            self.on_progress(self.task.spec.title_of(arm), done, total)
            if arm == LORA:
                result, run = self._measure_lora()
                curve = [self._as_point(result, run), *curve]
                results.append(result)
            else:
                results += self._measure_arm(arm)
        for index, size in enumerate(self.sizes):
            self.on_progress(f"LoRA, {size} pairs", len(arms) + index, total)
            curve.append(self._measure_size(size, run))
        self.on_progress("answers from elsewhere, rivals", total - 1, total)
        results += [self._judge_elsewhere(arm) for arm in self.settings.elsewhere]
        for rival in self.task.spec.rivals:
            results += self._measure_arm(rival)
        self.on_progress("done", total, total)
        return results, tuple(sorted(curve, key=lambda point: point.n))

    def _measure_lora(self) -> tuple[ArmResult, TuningRun]:
        """Return LoRA on all training pairs: the result, and the run behind it."""
        plan = choose_tuned_plan(self.model, self.task, LORA, self.arm_settings)
        assert plan.run is not None
        (result,) = measure_arm(
            self.model, self.task, LORA, settings=self.arm_settings, tuned=plan.run
        )
        return result, plan.run

    def _measure_arm(self, arm: str) -> tuple[ArmResult, ...]:

        try:
            return measure_arm(self.model, self.task, arm, settings=self.arm_settings)
        except ValueError as error:
            # Long prompts leave no room for examples; the other arms still compare.
            if arm not in (FEW_SHOT, RETRIEVED):
                raise
            self.notices.append(f"{arm} was left out. {error}")
            return ()

    def _measure_size(self, size: int, run: TuningRun) -> CurvePoint:
        """Return a point of the curve: the chosen LoRA, fewer pairs, as many steps."""
        chosen = choose_some(self.task.training, size, self.settings.seed)
        plan = tune_plan(self.model, self.task, plan_asking(None), run.settings, chosen)
        (test,) = self.task.tests
        with attached(self.model, plan.run):
            asked = ask(self.model, self.task, plan, test.queries, self.arm_settings)
        assert plan.run is not None
        return self._make_point(
            size, sum(asked.right), len(asked.right), plan.training_tokens, plan.run
        )

    def _as_point(self, result: ArmResult, run: TuningRun) -> CurvePoint:
        rate, pairs = result.rate, len(self.task.training)
        return self._make_point(
            pairs, rate.successes, rate.n, result.training_tokens, run
        )

    def _make_point(
        self, size: int, successes: int, of: int, tokens: int, run: TuningRun
    ) -> CurvePoint:

        return CurvePoint(
            task=NAME,
            test=TEST,
            arm=LORA,
            schedule="equal steps",
            n=size,
            seed=self.settings.seed,
            successes=successes,
            of=of,
            loss=run.trace[-1].loss,
            training_tokens=tokens,
            seconds=sum(record.seconds for record in run.trace),
        )

    def _judge_elsewhere(self, arm: Elsewhere) -> ArmResult:
        """Return the result of outside answers, in tokens as this model counts them."""
        (test,) = self.task.tests
        answers = self.prepared.answers[arm.name]
        right, _ = judge_answers(test.queries, answers)
        prompts = [query.bare for query in test.queries]
        shown = list(zip(prompts, answers, right, strict=True))
        count = len(answers)
        return ArmResult(
            task=NAME,
            test=TEST,
            arm=arm.name,
            correct=right,
            prompt_tokens=sum(map(self.model.count_tokens, prompts)) / count,
            response_tokens=sum(len(self.model.encode_text(a)) for a in answers) / count,
            flops_per_query=math.nan,
            seconds_per_query=math.nan,
            knobs="answered elsewhere",
            examples=tuple(Answered(*row) for row in shown[: self.arm_settings.examples]),
        )

    def _make_arm_settings(self) -> ArmSettings:
        from prompt_or_tune.records import TuningSettings
        from prompt_or_tune.tuning import default_settings

        pairs = len(self.task.training)
        steps = self.settings.steps or max(
            FEWEST_STEPS, TuningSettings().count_steps(pairs)
        )
        rates = self.settings.learning_rates or (
            default_settings(self.model).learning_rate / 3,
        )
        return ArmSettings(
            few_shot_counts=self.settings.shots,
            learning_rates=rates,
            steps=steps,
            batch_size=self.settings.batch_size,
            seed=self.settings.seed,
        )

    def _choose_budget(self) -> int:
        responses = [q.answer for q in (*self.prepared.task.training, *self._asked())]
        longest = max(len(self.model.encode_text(text)) for text in responses)
        return max(FEWEST_NEW_TOKENS, 2 * longest)

    def _asked(self) -> tuple[Query, ...]:
        return (*self.prepared.task.development, *self.prepared.task.queries)

    def _check_lengths(self) -> None:
        """Raise DataError for a prompt that leaves the model no room for an answer."""
        room = self.model.context_length - self.task.spec.max_new_tokens
        for query in (*self.task.training, *self._asked()):
            prompts = (query.bare, *query.engineered)
            longest = max(self.model.count_tokens(prompt) for prompt in prompts)
            if longest > room:
                raise DataError(
                    f"{self.prepared.file.path}, {query.id}: the prompt takes {longest} "
                    f"tokens, and {self.model.name} reads {self.model.context_length}, "
                    f"{self.task.spec.max_new_tokens} of them kept for the answer; "
                    "shorten it, or lower --max-new-tokens."
                )


def choose_sizes(pairs: int, wanted: Sequence[int]) -> tuple[int, ...]:
    """Return the numbers of pairs to train on beside all of them.

    Those wanted, as far as there are as many; otherwise a quarter and a half.
    """
    sizes = wanted or (pairs // 4, pairs // 2)
    return tuple(sorted({size for size in sizes if 1 <= size < pairs}))
