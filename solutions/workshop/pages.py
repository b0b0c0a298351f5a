"""Generated pages: README, model card and datasheet quote what was measured.

Their figures stand between markers and are filled in from the recorded files.
"""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from pathlib import Path

from prompt_or_tune.decision.arms import family_of
from prompt_or_tune.decision.results import ArmResult, Results, load_results
from prompt_or_tune.decision.tasks import find_task
from prompt_or_tune.decision.tasks.task import Task
from prompt_or_tune.decision.verdict import Verdict, judge_all
from prompt_or_tune.figures import draw_results
from prompt_or_tune.model_sources import SEEDLING_FOLDER
from prompt_or_tune.samples import SPLITS, clean, load_raw, load_samples
from prompt_or_tune.show import Table
from prompt_or_tune.show.cells import format_rate
from prompt_or_tune.show.markdown import escape_text, render_table

from solutions.workshop import LIBRARY, ROOT
from solutions.workshop.markers import fill_file
from solutions.workshop.seedling.corpus import LESSONS
from solutions.workshop.seedling.probes import ProbeResult, load_probes

CARD = SEEDLING_FOLDER / "README.md"
DATASHEET = LIBRARY / "data" / "README.md"
README = ROOT / "README.md"
PICTURE = ROOT / "course" / "result.png"

SHOWN_SETTINGS = {
    "layers": "layers",
    "hidden_size": "width",
    "heads": "attention heads",
    "steps": "optimiser steps",
    "batch_size": "windows a step",
    "window": "tokens a window",
    "learning_rate": "peak learning rate",
    "seed": "seed",
}


def tabulate_probes(results: Sequence[ProbeResult]) -> Table:
    """Return the probes as a table: what is asked for, the bar, what was measured."""
    rows = tuple(
        (
            result.name,
            "reported" if result.bar is None else f"{result.wanted} {result.bar:.2f}",
            f"{result.rate:.2f}",
            f"{result.low:.2f}–{result.high:.2f}",
            str(result.n),
            "–" if result.bar is None else "yes" if result.holds else "no",
        )
        for result in results
    )
    return Table(
        "", ("probe", "wanted", "rate", "95 % interval", "prompts", "holds"), rows
    )


def tabulate_pretraining() -> Table:
    """Return the settings of pre-training and the size of the model as a table."""
    text = (SEEDLING_FOLDER / "pretraining.json").read_text(encoding="utf-8")
    recorded = json.loads(text)
    rows = [(title, f"{recorded[name]:,}") for name, title in SHOWN_SETTINGS.items()]
    return Table("", ("what", "value"), (("parameters", _count_parameters()), *rows))


def _count_parameters() -> str:
    from safetensors import safe_open

    weights = SEEDLING_FOLDER / "model.safetensors"
    with safe_open(weights, framework="pt") as tensors:
        sizes = [tensors.get_tensor(name).numel() for name in tensors.keys()]  # noqa: SIM118
    return f"{sum(sizes):,}"


def tabulate_lessons() -> Table:
    """Return the mix of the corpus as a table: each kind of lesson and its share."""
    total = sum(weight for weight, _ in LESSONS)
    rows = tuple(
        (write.__name__.strip("_").replace("_", " "), f"{weight / total:.0%}")
        for weight, write in LESSONS
    )
    return Table("", ("lesson", "share of documents"), rows)


def tabulate_data() -> Table:
    """Return what cleaning the raw file does, in numbers, and the size of each split."""
    report = clean(load_raw())
    rows = [("raw requests", str(len(load_raw())))]
    rows += [
        (f"dropped: {reason}", str(n)) for reason, n in report.count_reasons().items()
    ]
    rows += [("mended (markup, spacing)", str(report.mended))]
    rows += [(f"split: {name}", str(len(load_samples(name)))) for name in SPLITS]
    return Table("", ("what", "rows"), tuple(rows))


def write_result(results: Results) -> str:
    """Return the README's result in Markdown: figure, table and verdicts."""
    address = PICTURE.relative_to(README.parent).as_posix()
    return write_result_block(results.arms, judge_all(results), address)


Block = tuple[Path, str, str]
"""A generated stretch of a page: the page, the name of its markers, the Markdown."""


def list_card_blocks() -> tuple[Block, ...]:
    """Return what the model card should say."""
    return (
        (CARD, "probes", render_table(tabulate_probes(load_probes()))),
        (CARD, "pretraining", render_table(tabulate_pretraining())),
        (CARD, "lessons", render_table(tabulate_lessons())),
    )


def list_blocks() -> tuple[Block, ...]:
    """Return what each generated stretch of every page should be."""
    return (
        *list_card_blocks(),
        (DATASHEET, "counts", render_table(tabulate_data())),
        (README, "result", write_result(load_results())),
    )


def write_card() -> list[Path]:
    """Fill in the model card; return it if it changed."""
    return _fill(list_card_blocks())


def write_pages() -> list[Path]:
    """Fill in every page and save the README's figure; return the pages that changed.

    Raises `MarkerError` when a page has lost its markers, `OSError` when one cannot be
    written.
    """
    results = load_results()
    draw_results(results.arms, judge_all(results)).save(PICTURE)
    return _fill(list_blocks())


def _fill(blocks: Sequence[Block]) -> list[Path]:
    changed = [page for page, name, body in blocks if fill_file(page, name, body)]
    return list(dict.fromkeys(changed))


# ── The README's result ────────────────────────────────────────────────────────────────


def write_result_block(
    results: Sequence[ArmResult], verdicts: Sequence[Verdict], picture: str
) -> str:
    """Return the README's result in Markdown: the figure, a table, the verdicts.

    `picture` is the address of the saved `draw_results` figure, from the README.
    """
    drawing = draw_results(results, verdicts)
    image = (
        f'<img src="{html.escape(picture)}" alt="{html.escape(drawing.alt)}" width="720">'
    )
    table = render_table(tabulate_winners(results, verdicts))
    sentences = "\n".join(f"- {escape_text(v.sentence)}" for v in verdicts)
    return "\n\n".join([image, table, sentences])


def tabulate_winners(results: Sequence[ArmResult], verdicts: Sequence[Verdict]) -> Table:
    """Return a row per task and decisive test: the winner beside its strongest rivals."""
    rows = []
    for verdict in verdicts:
        task = find_task(verdict.task)
        for test in task.decisive:
            found = [r for r in results if (r.task, r.test) == (task.name, test)]
            if found:
                rows.append(
                    _compare_winner(task, test, found, verdict.recommendation.arm)
                )
    return Table(
        "",
        ("task, on queries never trained on", "wins", "right [95 % interval]",
         "tokens a query", "best prompt", "best tuned", "best without a model"),
        tuple(rows),
    )  # fmt: skip


def _compare_winner(
    task: Task, test: str, results: Sequence[ArmResult], winner: str
) -> tuple[str, ...]:
    """Return the winner's numbers on a test, and the best of each side."""
    won = next(r for r in results if r.arm == winner)
    where = f"{task.title}: {test}" if len(task.decisive) > 1 else task.title
    return (
        where,
        task.title_of(winner),
        format_rate(won.rate),
        f"{won.prompt_tokens + won.response_tokens:.0f}",
        _name_best(task, results, ("base", "prompted")),
        _name_best(task, results, ("tuned", "both")),
        _name_best(task, results, ("rival",)),
    )


def _name_best(task: Task, results: Sequence[ArmResult], families: Sequence[str]) -> str:
    """Return the best arm of some families with its rate."""
    able = [r for r in results if family_of(r.arm) in families]
    if not able:
        return "–"
    best = max(able, key=lambda r: r.rate.rate)
    return f"{task.title_of(best.arm)} {best.rate.rate:.2f}"
