"""What a tour found, as tables and sentences."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from prompt_or_tune.decision.arms import has_model
from prompt_or_tune.decision.results import ArmResult, Results
from prompt_or_tune.decision.tasks.task import Task
from prompt_or_tune.decision.verdict import Verdict
from prompt_or_tune.records import EpochRecord
from prompt_or_tune.show.cells import format_rate, format_share
from prompt_or_tune.show.document import Table
from prompt_or_tune.stages import STAGES
from prompt_or_tune.statistics import Rate, pass_rate
from prompt_or_tune.tour.pipeline import DecisionStage, InputStage, PairStage
from prompt_or_tune.trace import REFERENCE_TRACE, trace_bars

if TYPE_CHECKING:
    from prompt_or_tune.prediction import PredictionTrace


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
                format_share(record.accuracy),
                format_share(reference.accuracy) if reference else "–",
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


def tabulate_task(decision: DecisionStage, task: Task, test: str) -> Table:
    """Return a task's arms on one test: measured now, beside what is recorded."""
    live = {r.arm: r for r in decision.live if (r.task, r.test) == (task.name, test)}
    recorded = _list_recorded(decision.recorded, task, test)
    arms = [a.name for a in task.contestants if a.name in {*live, *recorded}]
    verdict = find_verdict(decision, task)
    winner = verdict.winner if verdict else ""
    now = max((r.rate.n for r in live.values()), default=0)
    caption = f"{task.title}, {test}: share of right answers with its 95 % interval"
    columns = ["arm", f"now, {now} queries", "tokens a query"]
    cells = [
        [
            task.title_of(arm),
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
        tuple(i for i, arm in enumerate(arms) if task.title_of(arm) == winner),
    )


def _list_recorded(
    recorded: Results | None, task: Task, test: str
) -> dict[str, ArmResult]:
    if recorded is None:
        return {}
    return {result.arm: result for result in recorded.of_task(task.name, test)}


def _rate(result: ArmResult | None) -> str:
    return "–" if result is None else format_rate(result.rate)


def _tokens(result: ArmResult) -> str:
    tokens = result.prompt_tokens + result.response_tokens
    return f"{tokens:.0f}" if tokens else "–"


def find_verdict(decision: DecisionStage, task: Task) -> Verdict | None:
    """Return the recorded verdict of a task."""
    return next((v for v in decision.verdicts if v.task == task.name), None)


def list_live_tests(decision: DecisionStage, task: Task) -> list[str]:
    """Return the tests of a task that were measured now, in the task's order."""
    measured = {r.test for r in decision.live if r.task == task.name}
    return [test for test in task.decisive if test in measured]


def describe_hypothesis(task: Task) -> str:
    """Return in a sentence what was expected of a task beforehand."""
    return f"Expected, before measuring: {task.hypothesis}"


def describe_verdict(decision: DecisionStage, task: Task) -> str:
    """Return what is decided for a task, and on which evidence."""
    verdict = find_verdict(decision, task)
    if verdict is not None:
        return f"Recorded: {verdict.sentence}"
    rates = _pool_live(decision, task)
    best = max(rates, key=lambda arm: rates[arm].rate)
    if not rates[best].successes:
        return f"{task.title}: no arm measured now was right even once."
    return (
        f"{task.title}: of the arms measured now, {task.title_of(best)} is right most "
        f"often ({rates[best]}). No results are recorded yet to decide on all of them."
    )


def _pool_live(decision: DecisionStage, task: Task) -> dict[str, Rate]:
    """Return the rate of each arm with a model, over all tests measured now."""
    answers: dict[str, list[bool]] = {}
    for result in decision.live:
        if result.task == task.name and has_model(result.arm):
            answers.setdefault(result.arm, []).extend(result.correct)
    return {arm: pass_rate(right) for arm, right in answers.items()}
