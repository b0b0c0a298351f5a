"""Put a tour into tables, figures, a page and JSON."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from prompt_or_tune.decision import (
    LORA,
    NEW_SUBJECTS,
    TASK_SPECS,
    VOICE,
    ArmResult,
    Prices,
    Verdict,
    decision_map,
    find_crossover,
    select_points,
)
from prompt_or_tune.decision.record import Results, map_arms
from prompt_or_tune.decision.tasks import TaskSpec
from prompt_or_tune.figures import (
    Drawing,
    draw_arms,
    draw_data_flow,
    draw_decision_map,
    draw_learning_curve,
    draw_prediction_trace,
    draw_results,
    draw_step_losses,
    draw_training_trace,
)
from prompt_or_tune.records import EpochRecord, Prediction
from prompt_or_tune.report import Block, Listing, Report, Section, Table
from prompt_or_tune.stages import STAGES
from prompt_or_tune.statistics import Rate, pass_rate
from prompt_or_tune.tour.pipeline import (
    DecisionStage,
    InputStage,
    PairStage,
    Tour,
    find_example,
)
from prompt_or_tune.trace import REFERENCE_TRACE, trace_bars

if TYPE_CHECKING:
    from prompt_or_tune.prediction import PredictionTrace

NEXT_STEPS = (
    "prompt-or-tune tour --pairs 100: the same with a tenth of the data.",
    "prompt-or-tune decide FILE.jsonl --model NAME: the same question for your own data.",
    "course/prompt_or_tune: the module behind each stage, to read and to call.",
)


# ── Tables ─────────────────────────────────────────────────────────────────────────────


def count_outputs(found: InputStage) -> dict[int, int]:
    """Return what stages 1 to 3 really gave; the others give one thing."""
    return dict.fromkeys((1, 2, 3), len(found.samples))


def tabulate_flow(found: InputStage, epochs: int) -> Table:
    """Return the data-flow table of the five stages, with the real counts."""
    given = count_outputs(found)
    taken = {1: len(found.raw), 2: given[1], 3: given[2], 4: given[3]}
    rows = []
    for stage in STAGES:
        takes = _replace_count(stage.takes, taken.get(stage.number))
        gives = _replace_count(stage.gives, given.get(stage.number))
        does = re.sub(r"\d+ epochs", f"{epochs} epochs", stage.does)
        rows.append((f"{stage.number} {stage.title}", takes, does, gives))
    columns = ("stage", "takes", "what happens", "gives")
    return Table("The five stages, with this tour's counts.", columns, tuple(rows))


def _replace_count(text: str, count: int | None) -> str:
    """Return "1000 text samples" with the real count."""
    if count is None:
        return text
    return " ".join([str(count), *text.split()[1:]])


def tabulate_cleaning(found: InputStage) -> Table:
    """Return how many raw samples were dropped, and why."""
    kept = len(found.report.samples)
    rows = [("raw samples", str(len(found.raw)))]
    rows += [
        (f"dropped: {reason}", str(count))
        for reason, count in found.report.count_reasons().items()
    ]
    rows += [("kept", str(kept)), ("of them mended", str(found.report.mended))]
    if len(found.samples) < kept:
        rows.append(("used in this tour", str(len(found.samples))))
    caption = "What cleaning made of the raw samples."
    return Table(caption, ("", "samples"), tuple(rows))


def describe_leaks(prepared: PairStage) -> str:
    """Return in a sentence what the leak check found."""
    if not prepared.leaks:
        return (
            f"Leak check: none of the {len(prepared.test)} test pairs stands in the "
            "training data (exact, normalised, nearly the same)."
        )
    kinds = [leak.kind for leak in prepared.leaks]
    listed = ", ".join(
        f"{kinds.count(kind)} {kind}"
        for kind in ("exact", "normalised", "near")
        if kind in kinds
    )
    return f"Leak check: of {len(prepared.test)} test pairs, training has seen {listed}."


def tabulate_trace(trace: Sequence[EpochRecord]) -> Table:
    """Return this tour's training trace beside the reference."""
    rows = []
    for index, record in enumerate(trace):
        reference = REFERENCE_TRACE[index] if index < len(REFERENCE_TRACE) else None
        rows.append(
            (
                str(record.epoch),
                f"{record.loss:.2f}",
                f"{reference.loss:.2f}" if reference else "–",
                _share(record.accuracy),
                _share(reference.accuracy) if reference else "–",
                f"{record.token_accuracy:.2f}",
                record.observation,
            )
        )
    columns = ("epoch", "loss", "ref.", "accuracy", "ref.", "token acc.", "observed")
    return Table(
        "The training trace. Accuracy: share of held-out prompts whose whole generated "
        "answer is right; token accuracy, which trainers print, is easier. Beside them "
        "(ref.) the kind of trace that articles print, for its shape.",
        columns,
        tuple(rows),
    )


def _share(value: float | None) -> str:
    return "–" if value is None or math.isnan(value) else f"{value:.2f}"


def draw_bars(trace: Sequence[EpochRecord]) -> str:
    """Return the losses as text bars, this tour's beside the reference's."""
    ours = ["this tour", *trace_bars(trace).splitlines()]
    theirs = ["reference", *trace_bars(REFERENCE_TRACE).splitlines()]
    width = max(map(len, ours)) + 4
    return "\n".join(
        f"{left:<{width}}{right}".rstrip()
        for left, right in zip(ours, theirs, strict=True)
    )


def tabulate_candidates(trace: PredictionTrace) -> Table:
    """Return layer 2 of a prediction: the likeliest first tokens of both models."""
    rows = tuple(
        (
            repr(base.token),
            f"{base.probability:.1%}",
            repr(tuned.token),
            f"{tuned.probability:.1%}",
        )
        for base, tuned in zip(trace.base.top_tokens, trace.tuned.top_tokens, strict=True)
    )
    return Table(
        "Layer 2: what each model thinks comes first, and with what probability.",
        ("base", "probability", "fine-tuned", "probability"),
        rows,
    )


def tabulate_task(decision: DecisionStage, spec: TaskSpec, test: str) -> Table:
    """Return a task's arms on one test: measured now, beside what is recorded."""
    live = {r.arm: r for r in decision.live if (r.task, r.test) == (spec.name, test)}
    recorded = _list_recorded(decision.recorded, spec, test)
    arms = [a for a in (*spec.arms, *spec.rivals) if a in live or a in recorded]
    winner = find_winner(decision, spec)
    now = max((r.rate.n for r in live.values()), default=0)
    caption = f"{spec.title}, {test}: share of right answers with its 95 % interval"
    columns = ["arm", f"now, {now} queries", "tokens a query"]
    cells = [
        [
            spec.title_of(arm),
            _rate(live.get(arm)),
            _tokens(live.get(arm) or recorded[arm]),
        ]
        for arm in arms
    ]
    if recorded:
        of = max(r.rate.n for r in recorded.values())
        columns.insert(2, f"recorded, {of} queries")
        for arm, row in zip(arms, cells, strict=True):
            row.insert(2, _rate(recorded.get(arm)))
        caption += " (recorded: measured by `measure`, with Seedling)"
    return Table(
        f"{caption}.",
        tuple(columns),
        tuple(map(tuple, cells)),
        tuple(i for i, arm in enumerate(arms) if spec.title_of(arm) == winner),
    )


def _list_recorded(
    recorded: Results | None, spec: TaskSpec, test: str
) -> dict[str, ArmResult]:
    if recorded is None:
        return {}
    return {result.arm: result for result in recorded.of_task(spec.name, test)}


def _rate(result: ArmResult | None) -> str:
    if result is None:
        return "–"
    rate = result.rate
    return f"{rate.rate:.2f} [{rate.low:.2f}–{rate.high:.2f}]"


def _tokens(result: ArmResult) -> str:
    tokens = result.prompt_tokens + result.response_tokens
    return f"{tokens:.0f}" if tokens else "–"


def find_winner(decision: DecisionStage, spec: TaskSpec) -> str:
    """Return the title of the arm that won by the recorded results, empty if none are."""
    verdict = find_verdict(decision, spec)
    return verdict.winner if verdict else ""


def find_verdict(decision: DecisionStage, spec: TaskSpec) -> Verdict | None:
    """Return the recorded verdict of a task."""
    return next((v for v in decision.verdicts if v.task == spec.name), None)


def list_live_tests(decision: DecisionStage, spec: TaskSpec) -> list[str]:
    """Return the tests of a task that were measured now, in the task's order."""
    measured = {r.test for r in decision.live if r.task == spec.name}
    return [test for test in spec.decisive if test in measured]


def describe_verdict(decision: DecisionStage, spec: TaskSpec) -> str:
    """Return what is decided for a task, and on which evidence."""
    verdict = find_verdict(decision, spec)
    if verdict is not None:
        return f"Recorded: {verdict.sentence}"
    rates = _pool_live(decision, spec)
    best = max(rates, key=lambda arm: rates[arm].rate)
    if not rates[best].successes:
        return f"{spec.title}: no arm measured now was right even once."
    return (
        f"{spec.title}: of the arms measured now, {spec.title_of(best)} is right most "
        f"often ({rates[best]}). No results are recorded yet to decide on all of them."
    )


def _pool_live(decision: DecisionStage, spec: TaskSpec) -> dict[str, Rate]:
    """Return the rate of each arm with a model, over all tests measured now."""
    answers: dict[str, list[bool]] = {}
    for result in decision.live:
        if result.task == spec.name and result.arm in spec.arms:
            answers.setdefault(result.arm, []).extend(result.correct)
    return {arm: pass_rate(right) for arm, right in answers.items()}


# ── Figures and page ───────────────────────────────────────────────────────────────────


def draw_tour(tour: Tour) -> dict[str, Drawing]:
    """Return the figures by the name of their file, without its ending."""
    figures = {
        "data-flow": draw_data_flow(count_outputs(tour.input)),
        "training-trace": draw_training_trace(tour.tuning.run.trace, REFERENCE_TRACE),
        "step-losses": draw_step_losses(tour.tuning.steps),
    }
    for number, trace in enumerate(tour.prediction.traces, 1):
        figures[f"prediction-{number}"] = draw_prediction_trace(trace)
    for spec in TASK_SPECS:
        for test in list_live_tests(tour.decision, spec):
            live = [
                r for r in tour.decision.live if (r.task, r.test) == (spec.name, test)
            ]
            name = f"now-{spec.name}-{test}".replace(" ", "-")
            figures[name] = draw_arms(live, spec=spec)
    recorded = tour.decision.recorded
    if recorded is not None:
        figures |= draw_recorded(recorded, tour.decision.verdicts)
    return figures


def draw_recorded(results: Results, verdicts: Sequence[Verdict]) -> dict[str, Drawing]:
    """Return the figures of the recorded results: all arms, the curve, the map."""
    figures = {"recorded-results": draw_results(results.arms, verdicts)}
    points = select_points(
        results.curves, task=VOICE.name, test=NEW_SUBJECTS, schedule="equal steps"
    )
    if any(point.arm == LORA for point in points):
        crossing = find_crossover(VOICE, results.arms, results.curves, NEW_SUBJECTS)
        figures["recorded-curve"] = draw_learning_curve(points, (), crossing)
        arms = map_arms(results, VOICE.name, NEW_SUBJECTS)
        figures["recorded-map"] = draw_decision_map(
            decision_map(arms, Prices()), name=VOICE.title_of
        )
    return figures


def write_page(tour: Tour, figures: dict[str, Drawing]) -> Report:
    """Return the tour as a page: what came out first, then stage by stage."""
    return Report(
        title="Prompt or tune? A tour of the five stages",
        lead=tuple(describe_verdict(tour.decision, spec) for spec in TASK_SPECS),
        sections=(
            Section(
                "The data flow",
                (figures["data-flow"], tabulate_flow(tour.input, tour.settings.epochs)),
            ),
            Section("1 Input data", _write_input(tour)),
            Section("2 Prompt engineering", _write_prompts(tour)),
            Section("3 Fine-tuning preparation", _write_pairs(tour)),
            Section("4 Model fine-tuning", _write_tuning(tour, figures)),
            Section("5 Model prediction", _write_prediction(tour, figures)),
            *_write_decision(tour, figures),
            Section("What to do next", NEXT_STEPS),
        ),
        colophon=(
            f"Made by `prompt-or-tune tour`: {tour.settings.pairs} pairs, "
            f"{tour.settings.epochs} epochs, seed {tour.settings.seed}.",
            f"Model: {tour.model}.",
            "; ".join(f"{name}: {seconds:.0f} s" for name, seconds in tour.seconds) + ".",
        ),
    )


def _write_input(tour: Tour) -> tuple[Block, ...]:
    sample = tour.input.samples[find_example(tour.input.samples)]
    raw = next(r for r in tour.input.raw if r.id == sample.id)
    return (
        tabulate_cleaning(tour.input),
        "One of them, as it came in and as it went on:",
        Listing(f"{raw.text!r}\n{sample.text!r}"),
    )


def _write_prompts(tour: Tour) -> tuple[Block, ...]:
    rows = tuple(
        (sample.text, prompt.text)
        for sample, prompt in zip(
            tour.prompts.samples[:5], tour.prompts.prompts[:5], strict=True
        )
    )
    caption = "The first samples, and the prompts that say what was meant."
    return (Table(caption, ("sample", "improved prompt"), rows),)


def _write_pairs(tour: Tour) -> tuple[Block, ...]:
    rows = tuple((pair.prompt, pair.response) for pair in tour.pairs.pairs[:5])
    caption = "The first pairs: what is asked, and the almanac editor's answer."
    table = Table(caption, ("prompt", "response"), rows)
    return (table, describe_leaks(tour.pairs))


def _write_tuning(tour: Tour, figures: dict[str, Drawing]) -> tuple[Block, ...]:
    return (
        figures["training-trace"],
        tabulate_trace(tour.tuning.run.trace),
        Listing(draw_bars(tour.tuning.run.trace)),
        figures["step-losses"],
    )


def _write_prediction(tour: Tour, figures: dict[str, Drawing]) -> tuple[Block, ...]:
    blocks: list[Block] = []
    for number, trace in enumerate(tour.prediction.traces, 1):
        blocks += [figures[f"prediction-{number}"], Listing(trace.as_text())]
    return tuple(blocks)


def _write_decision(tour: Tour, figures: dict[str, Drawing]) -> list[Section]:
    sections = [
        Section(f"The decision: {spec.title.lower()}", _write_task(tour, spec, figures))
        for spec in TASK_SPECS
    ]
    recorded = [f for name, f in figures.items() if name.startswith("recorded-")]
    if recorded:
        text = "Recorded with Seedling by `prompt-or-tune measure`, on all queries."
        sections.append(Section("The recorded results", (text, *recorded)))
    return sections


def _write_task(
    tour: Tour, spec: TaskSpec, figures: dict[str, Drawing]
) -> tuple[Block, ...]:
    blocks: list[Block] = [
        spec.wanted,
        f"Expected, before measuring: {spec.hypothesis}",
        describe_verdict(tour.decision, spec),
    ]
    for test in list_live_tests(tour.decision, spec):
        name = f"now-{spec.name}-{test}".replace(" ", "-")
        blocks += [tabulate_task(tour.decision, spec, test), figures[name]]
    return tuple(blocks)


# ── JSON ───────────────────────────────────────────────────────────────────────────────


def as_json(tour: Tour) -> dict[str, Any]:
    """Return the tour as JSON's types."""
    shown = find_example(tour.input.samples)
    return {
        "settings": {
            "pairs": tour.settings.pairs,
            "epochs": tour.settings.epochs,
            "test_size": tour.settings.test_size,
            "seed": tour.settings.seed,
            "model": tour.settings.model,
        },
        "model": tour.model,
        "stages": {
            "raw_samples": len(tour.input.raw),
            "dropped": tour.input.report.count_reasons(),
            "samples": len(tour.input.samples),
            "improved_prompts": len(tour.prompts.prompts),
            "training_pairs": len(tour.pairs.pairs),
            "leaks": len(tour.pairs.leaks),
        },
        "examples": {
            "sample": tour.input.samples[shown].text,
            "improved_prompt": tour.prompts.prompts[shown].text,
            "pair": {
                "prompt": tour.pairs.pairs[shown].prompt,
                "response": tour.pairs.pairs[shown].response,
            },
        },
        "trace": [_epoch_as_json(record) for record in tour.tuning.run.trace],
        "reference_trace": [_epoch_as_json(record) for record in REFERENCE_TRACE],
        "adapter_parameters": tour.tuning.adapter_parameters,
        "predictions": [_trace_as_json(trace) for trace in tour.prediction.traces],
        "measured_now": [_result_as_json(result) for result in tour.decision.live],
        "recorded": [_verdict_as_json(verdict) for verdict in tour.decision.verdicts],
        "seconds": {name: round(seconds, 2) for name, seconds in tour.seconds},
    }


def _epoch_as_json(record: EpochRecord) -> dict[str, Any]:
    return {
        "epoch": record.epoch,
        "loss": record.loss,
        "accuracy": record.accuracy,
        "token_accuracy": _known(record.token_accuracy),
        "seconds": _known(record.seconds),
        "observation": record.observation,
    }


def _known(value: float) -> float | None:
    # NaN is no JSON, and many readers of JSON stop at it.
    return None if math.isnan(value) else value


def _trace_as_json(trace: PredictionTrace) -> dict[str, Any]:
    return {
        "prompt": trace.prompt,
        "formatted": trace.formatted,
        "tokens": list(trace.tokens),
        "token_ids": list(trace.token_ids),
        "base": _prediction_as_json(trace.base),
        "tuned": _prediction_as_json(trace.tuned),
    }


def _prediction_as_json(prediction: Prediction) -> dict[str, Any]:
    return {
        "text": prediction.text,
        "top_tokens": [
            {"token": t.token, "id": t.token_id, "probability": t.probability}
            for t in prediction.top_tokens
        ],
    }


def _result_as_json(result: ArmResult) -> dict[str, Any]:
    rate = result.rate
    return {
        "task": result.task,
        "test": result.test,
        "arm": result.arm,
        "successes": rate.successes,
        "of": rate.n,
        "rate": rate.rate,
        "low": rate.low,
        "high": rate.high,
        "tokens_per_query": result.prompt_tokens + result.response_tokens,
    }


def _verdict_as_json(verdict: Verdict) -> dict[str, Any]:
    return {
        "task": verdict.task,
        "winner": verdict.winner,
        "expected_winner": verdict.expected_winner,
        "hypothesis_held": verdict.held,
        "sentence": verdict.sentence,
    }
