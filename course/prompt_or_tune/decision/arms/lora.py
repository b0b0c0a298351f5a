"""LoRA: an adapter trained on the pairs, asked bare or in the engineered wording."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from prompt_or_tune.decision.arms.arm import Arm, Family, PromptingArm, ReadyArm
from prompt_or_tune.decision.arms.bare import BARE
from prompt_or_tune.decision.arms.engineered import ENGINEERED
from prompt_or_tune.decision.asking import (
    Answers,
    ArmSettings,
    Way,
    ask,
    attached,
    score,
)
from prompt_or_tune.decision.costs import lora_flops_per_token
from prompt_or_tune.decision.queries import Query, TaskData

if TYPE_CHECKING:
    from prompt_or_tune.models import LanguageModel
    from prompt_or_tune.records import Pair, TuningSettings
    from prompt_or_tune.tuning import TuningRun


class LoRA(Arm):
    """Train an adapter on all pairs and ask with it; the learning rate is chosen.

    A `run` that is finished already is not trained again.
    """

    name = "LoRA"
    place = 80
    family: Family = "tuned"
    asks: PromptingArm = BARE
    title = "LoRA"

    def __init__(self, run: TuningRun | None = None) -> None:
        self.run = run

    def prepare(
        self, model: LanguageModel, data: TaskData, settings: ArmSettings
    ) -> ReadyArm:
        """Train once per learning rate; return the best on development data.

        The way of asking is the one that does best with the base model.
        """
        way = self.asks.choose_way(model, data, settings)
        pairs = _write_training_pairs(data, way)
        runs = [self.run] if self.run else list(_train(model, pairs, settings))
        ready = [_make_ready(model, data, way, run, pairs, settings) for run in runs]
        if len(ready) == 1:
            return ready[0]
        return max(ready, key=lambda arm: score(arm.answer(data.development)))

    def settle(
        self, model: LanguageModel, data: TaskData, settings: ArmSettings
    ) -> ArmSettings:
        """Return settings with the wording of the prompt that the arm asks with."""
        return self.asks.settle(model, data, settings)


class EngineeredLoRA(LoRA):
    """LoRA trained on and asked in the engineered wording."""

    name = "LoRA + engineered"
    place = 90
    needs_wordings = True
    family = "both"
    asks: PromptingArm = ENGINEERED
    title = "LoRA + engineered"


LORA = LoRA()
LORA_ENGINEERED = EngineeredLoRA()


def list_tuning_settings(
    model: LanguageModel, settings: ArmSettings
) -> list[TuningSettings]:
    """Return the settings that LoRA may choose from, one per learning rate."""
    from prompt_or_tune.tuning import default_settings

    default = replace(
        default_settings(model), seed=settings.seed, max_steps=settings.steps
    )
    rates = settings.learning_rates or [
        factor * default.learning_rate for factor in settings.rate_factors
    ]
    return [replace(default, learning_rate=rate) for rate in dict.fromkeys(rates)]


def count_training_tokens(
    model: LanguageModel, pairs: Sequence[Pair], settings: TuningSettings
) -> int:
    """Return the real tokens that a run reads, each once per time that it is seen.

    Of an unfinished last pass the mean length is taken: which pairs it saw is chance.
    """
    from prompt_or_tune.pairs import encode

    tokens = sum(len(encode(pair, model).input_ids) for pair in pairs)
    batches = -(-len(pairs) // settings.batch_size)
    passes, rest = divmod(settings.count_steps(len(pairs)), batches)
    seen = passes * len(pairs) + min(rest * settings.batch_size, len(pairs))
    return round(tokens * seen / len(pairs))


def _write_training_pairs(data: TaskData, way: Way) -> list[Pair]:
    """Return the pairs that the arm trains on, phrased as it will ask."""
    wording = None if data.tunes_on_bare else way.wording
    return [query.as_pair(wording) for query in data.training]


def _train(
    model: LanguageModel, pairs: Sequence[Pair], settings: ArmSettings
) -> Iterator[TuningRun]:
    from prompt_or_tune import tuning

    for tuning_settings in list_tuning_settings(model, settings):
        yield tuning.tune(model, pairs, tuning_settings).finish()


def _make_ready(
    model: LanguageModel,
    data: TaskData,
    way: Way,
    run: TuningRun,
    pairs: Sequence[Pair],
    settings: ArmSettings,
) -> ReadyArm:
    """Return the arm with a finished run, its price in labels and training counted."""

    def answer(queries: Sequence[Query]) -> Answers:
        with attached(model, run):
            return ask(model, data, way, queries, settings.batch_size)

    tokens = count_training_tokens(model, pairs, run.settings)
    adapter_parameters = run.adapter.count_parameters()
    per_token = lora_flops_per_token(model.count_parameters(), adapter_parameters)
    knobs = [way.knobs, f"learning rate {run.settings.learning_rate:g}"]
    return ReadyArm(
        answer=answer,
        knobs=", ".join(filter(None, knobs)),
        labels=data.count_labels(len(pairs)),
        run=run,
        training_tokens=tokens,
        training_flops=tokens * per_token,
    )
