"""Recorded numbers by name, as the course's text quotes them: `{{ voice_lora }}`.

Text never repeats a figure by hand: the builder fills these in, and building again after
`record` or `probe --save` brings every sentence up to date.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from statistics import mean

from prompt_or_tune.decision.arms.lora import LORA
from prompt_or_tune.decision.claims import ResultTable, find_crossover
from prompt_or_tune.decision.curves import select_points, summarise_curve
from prompt_or_tune.decision.results import ArmResult, Results, load_results
from prompt_or_tune.decision.tasks.fact import TODAY
from prompt_or_tune.decision.tasks.task import NEW_COMBINATIONS
from prompt_or_tune.decision.tasks.voice import NEW_SUBJECTS, VOICE
from prompt_or_tune.decision.verdict import judge_all
from prompt_or_tune.model_sources import SEEDLING_FOLDER
from prompt_or_tune.samples import SPLITS, clean, load_raw, load_samples
from prompt_or_tune.trace import REFERENCE_TRACE

from solutions.workshop.seedling.probes import load_probes

_MAIN_TESTS = (NEW_COMBINATIONS, TODAY)  # their names are left out of a fact's name


def recorded_facts() -> dict[str, str]:
    """Return every quotable number as text, by name.

    - `{task}_{arm}`, `{task}_{arm}_{test}`: the share of right answers, and with
      `_interval`, `_tokens` (of a prompt) and `_of` (queries) what belongs to it
    - `{task}_winner`, `{task}_verdict`; `voice_crossover`, `voice_curve_{n}`
    - `default_…`: the recorded default runs; `probe_…`: what the model can do
    - `raw_…`, `samples_…`: what cleaning and splitting give; `model_…`; `reference_…`

    Raises `RecordError` when no results are recorded.
    """
    results = load_results()
    return dict(
        [
            *_state_arms(results),
            *_state_verdicts(results),
            *_state_curves(results),
            *_state_default_runs(results),
            *_state_probes(),
            *_state_data(),
            *_state_model(results),
            *_state_reference(),
        ]
    )


Facts = Iterator[tuple[str, str]]


def _state_arms(results: Results) -> Facts:
    for arm in results.arms:
        name = _name_arm(arm)
        yield name, _share(arm.rate.rate)
        yield f"{name}_interval", f"{_share(arm.rate.low)}–{_share(arm.rate.high)}"
        yield f"{name}_tokens", f"{arm.prompt_tokens:.0f}"
        yield f"{name}_of", str(len(arm.correct))
        if arm.form_rate is not None:
            yield f"{name}_form", _share(arm.form_rate.rate)


def _name_arm(arm: ArmResult) -> str:
    test = "" if arm.test in _MAIN_TESTS else f"_{_slug(arm.test)}"
    return f"{_slug(arm.task)}_{_slug(arm.arm)}{test}"


def _state_verdicts(results: Results) -> Facts:
    for verdict in judge_all(results):
        yield f"{verdict.task}_winner", verdict.winner
        yield f"{verdict.task}_verdict", verdict.sentence
        yield f"{verdict.task}_hypothesis", verdict.hypothesis
        yield f"{verdict.task}_held", "held" if verdict.held else "did not hold"


def _state_curves(results: Results) -> Facts:
    for test in (NEW_COMBINATIONS, NEW_SUBJECTS):
        suffix = "" if test in _MAIN_TESTS else f"_{_slug(test)}"
        yield f"voice_crossover{suffix}", _state_crossover(results, test)
        points = select_points(
            results.curves,
            task=VOICE.name,
            arm=LORA.name,
            test=test,
            schedule="equal steps",
        )
        yield f"curve_seeds{suffix}", str(len({point.seed for point in points}))
        for row in summarise_curve(points):
            yield f"voice_curve_{row.n}{suffix}", _share(row.mean)


def _state_crossover(results: Results, test: str) -> str:
    found = find_crossover(ResultTable(VOICE.name, results.arms, results.curves), test)
    if found is None or found.pairs is None:
        return "more pairs than were tried"
    return f"about {found.pairs:.0f} pairs"


def _state_default_runs(results: Results) -> Facts:
    runs = results.default_runs
    traces = [run.trace for run in runs]
    yield "default_runs", str(len(runs))
    yield "default_epochs", str(len(traces[0]))
    yield "default_loss_first", _share(mean(trace[0].loss for trace in traces))
    yield "default_loss_last", f"{mean(trace[-1].loss for trace in traces):.3f}"
    yield "default_accuracy_worst", _share(min(_accuracy(t[-1].accuracy) for t in traces))
    yield "default_seconds", f"{mean(run.training_seconds for run in runs):.0f}"
    yield "default_seconds_longest", f"{max(run.training_seconds for run in runs):.0f}"


def _accuracy(accuracy: float | None) -> float:
    if accuracy is None:
        raise ValueError("A default run is recorded without its accuracy: measure again.")
    return accuracy


def _state_probes() -> Facts:
    for probe in load_probes():
        name = f"probe_{_slug(probe.name)}"
        yield name, _share(probe.rate)
        yield f"{name}_interval", f"{_share(probe.low)}–{_share(probe.high)}"
        if probe.bar is not None:
            yield f"{name}_bar", _share(probe.bar)


def _state_data() -> Facts:
    raw = load_raw()
    report = clean(raw)
    yield "raw_rows", str(len(raw))
    yield "raw_mended", str(report.mended)
    for reason, count in report.count_reasons().items():
        yield f"raw_{_slug(reason)}", str(count)
    for split in SPLITS:
        samples = load_samples(split)
        yield f"samples_{split}", str(len(samples))
        yield f"subjects_{split}", str(len({sample.subject for sample in samples}))


def _state_model(results: Results) -> Facts:
    yield "model_parameters", f"{results.made_with.parameters:,}"
    yield "model_million", f"{results.made_with.parameters / 1e6:.1f}"
    yield "made_with_cores", str(results.made_with.cores)
    config = json.loads((SEEDLING_FOLDER / "config.json").read_text(encoding="utf-8"))
    yield "model_context", str(config["max_position_embeddings"])
    training = json.loads((SEEDLING_FOLDER / "pretraining.json").read_text("utf-8"))
    yield "model_window", str(training["window"])


def _state_reference() -> Facts:
    yield "reference_accuracy_last", _share(_accuracy(REFERENCE_TRACE[-1].accuracy))
    yield "reference_loss_last", _share(REFERENCE_TRACE[-1].loss)


def _share(value: float) -> str:
    return f"{value:.2f}"


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
