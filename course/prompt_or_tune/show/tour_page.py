"""A tour as a page: what came out first, then stage by stage."""

from __future__ import annotations

from collections.abc import Mapping

from prompt_or_tune.decision.tasks import list_tasks
from prompt_or_tune.decision.tasks.task import Task
from prompt_or_tune.show.document import Block, Document, Figure, Listing, Section, Table
from prompt_or_tune.show.tour_tables import (
    describe_hypothesis,
    describe_leaks,
    describe_verdict,
    draw_bars,
    list_live_tests,
    tabulate_cleaning,
    tabulate_flow,
    tabulate_task,
    tabulate_trace,
)
from prompt_or_tune.tour.pipeline import Tour, find_example

NEXT_STEPS = (
    "prompt-or-tune tour --pairs 100: the same with a tenth of the data.",
    "prompt-or-tune decide FILE.jsonl --model NAME: the same question for your own data.",
    "course/prompt_or_tune: the module behind each stage, to read and to call.",
)


def name_live_figure(task: Task, test: str) -> str:
    """Return the name of the figure of what was measured now on a test of a task."""
    return f"now-{task.name}-{test}".replace(" ", "-")


def compose_page(tour: Tour, figures: Mapping[str, Figure]) -> Document:
    """Return the tour as a page: what came out first, then stage by stage."""
    return Document(
        title="Prompt or tune? A tour of the five stages",
        lead=tuple(describe_verdict(tour.decision, task) for task in list_tasks()),
        sections=(
            Section(
                "The data flow",
                (figures["data-flow"], tabulate_flow(tour.input, tour.settings.epochs)),
            ),
            Section("1 Input data", _compose_input(tour)),
            Section("2 Prompt engineering", _compose_prompts(tour)),
            Section("3 Fine-tuning preparation", _compose_pairs(tour)),
            Section("4 Model fine-tuning", _compose_tuning(tour, figures)),
            Section("5 Model prediction", _compose_prediction(tour, figures)),
            *_compose_decision(tour, figures),
            Section("What to do next", NEXT_STEPS),
        ),
        colophon=(
            f"Made by `prompt-or-tune tour`: {tour.settings.pairs} pairs, "
            f"{tour.settings.epochs} epochs, seed {tour.settings.seed}.",
            f"Model: {tour.model}.",
            "; ".join(f"{name}: {seconds:.0f} s" for name, seconds in tour.seconds) + ".",
        ),
    )


def _compose_input(tour: Tour) -> tuple[Block, ...]:
    sample = tour.input.samples[find_example(tour.input.samples)]
    raw = next(r for r in tour.input.raw if r.id == sample.id)
    return (
        tabulate_cleaning(tour.input),
        "One of them, as it came in and as it went on:",
        Listing(f"{raw.text!r}\n{sample.text!r}"),
    )


def _compose_prompts(tour: Tour) -> tuple[Block, ...]:
    rows = tuple(
        (sample.text, prompt.text)
        for sample, prompt in zip(
            tour.prompts.samples[:5], tour.prompts.prompts[:5], strict=True
        )
    )
    caption = "The first samples, and the prompts that say what was meant."
    return (Table(caption, ("sample", "improved prompt"), rows),)


def _compose_pairs(tour: Tour) -> tuple[Block, ...]:
    rows = tuple((pair.prompt, pair.response) for pair in tour.pairs.pairs[:5])
    caption = "The first pairs: what is asked, and the almanac editor's answer."
    table = Table(caption, ("prompt", "response"), rows)
    return (table, describe_leaks(tour.pairs))


def _compose_tuning(tour: Tour, figures: Mapping[str, Figure]) -> tuple[Block, ...]:
    return (
        figures["training-trace"],
        tabulate_trace(tour.tuning.run.trace),
        Listing(draw_bars(tour.tuning.run.trace)),
        figures["step-losses"],
    )


def _compose_prediction(tour: Tour, figures: Mapping[str, Figure]) -> tuple[Block, ...]:
    blocks: list[Block] = []
    for number, trace in enumerate(tour.prediction.traces, 1):
        blocks += [figures[f"prediction-{number}"], Listing(trace.as_text())]
    return tuple(blocks)


def _compose_decision(tour: Tour, figures: Mapping[str, Figure]) -> list[Section]:
    sections = [
        Section(f"The decision: {task.title.lower()}", _compose_task(tour, task, figures))
        for task in list_tasks()
    ]
    recorded = [f for name, f in figures.items() if name.startswith("recorded-")]
    if recorded:
        text = "Recorded with Seedling by `prompt-or-tune measure`, on all queries."
        sections.append(Section("The recorded results", (text, *recorded)))
    return sections


def _compose_task(
    tour: Tour, task: Task, figures: Mapping[str, Figure]
) -> tuple[Block, ...]:
    blocks: list[Block] = [
        task.wanted,
        describe_hypothesis(task),
        describe_verdict(tour.decision, task),
    ]
    for test in list_live_tests(tour.decision, task):
        figure = figures[name_live_figure(task, test)]
        blocks += [tabulate_task(tour.decision, task, test), figure]
    return tuple(blocks)
