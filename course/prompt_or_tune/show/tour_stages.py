"""What a terminal shows of a tour, stage by stage, as each is finished."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prompt_or_tune.decision.tasks import list_tasks
from prompt_or_tune.decision.tasks.task import Task
from prompt_or_tune.show.document import Block, Listing, Section
from prompt_or_tune.show.tour_tables import (
    describe_hypothesis,
    describe_leaks,
    describe_verdict,
    draw_bars,
    list_live_tests,
    tabulate_candidates,
    tabulate_cleaning,
    tabulate_flow,
    tabulate_task,
    tabulate_trace,
)
from prompt_or_tune.tour.pipeline import (
    DecisionStage,
    InputStage,
    ModelLoaded,
    PairStage,
    PredictionStage,
    PromptStage,
    TourEvent,
    TuningStage,
    find_example,
)

if TYPE_CHECKING:
    from prompt_or_tune.prediction import PredictionTrace


def list_sections(found: TourEvent, epochs: int) -> tuple[Section, ...]:
    """Return what a terminal shows of an event of a tour of so many epochs.

    Steps, epochs and the tour as a whole have no section of their own.
    """
    match found:
        case InputStage():
            return _show_input(found, epochs)
        case PromptStage():
            return (_show_prompts(found),)
        case PairStage():
            return (_show_pairs(found),)
        case ModelLoaded():
            return (Section("The model", (found.description,)),)
        case TuningStage():
            return (_show_tuning(found),)
        case PredictionStage():
            return (_show_predictions(found),)
        case DecisionStage():
            return tuple(_show_task(found, task) for task in list_tasks())
    return ()


def _show_input(found: InputStage, epochs: int) -> tuple[Section, ...]:
    example = Listing(found.samples[find_example(found.samples)].text)
    cleaning = tabulate_cleaning(found)
    return (
        Section("The data flow", (tabulate_flow(found, epochs),)),
        Section("1 Input data", (cleaning, "", "For example:", example)),
    )


def _show_prompts(found: PromptStage) -> Section:
    prompt = found.prompts[find_example(found.samples)].text
    text = "The same sample, with what was meant said aloud:"
    return Section("2 Prompt engineering", (text, Listing(prompt)))


def _show_pairs(found: PairStage) -> Section:
    pair = found.pairs[find_example(found.samples)]
    text = "Its training pair, with the almanac editor's answer:"
    shown = Listing(f"prompt:   {pair.prompt}\nresponse: {pair.response}")
    return Section("3 Fine-tuning preparation", (text, shown, describe_leaks(found)))


def _show_tuning(found: TuningStage) -> Section:
    trace = found.run.trace
    seconds = sum(record.seconds for record in trace)
    text = (
        f"LoRA trained {found.adapter_parameters:,} numbers beside the model's own, "
        f"in {len(found.steps)} steps and {seconds:.0f} s."
    )
    bars = Listing(draw_bars(trace))
    return Section("4 Model fine-tuning", (text, tabulate_trace(trace), "", bars))


def _show_predictions(found: PredictionStage) -> Section:
    blocks = [block for trace in found.traces for block in _show_prediction(trace)]
    return Section("5 Model prediction", tuple(blocks))


def _show_prediction(trace: PredictionTrace) -> tuple[Block, ...]:
    tokens = " ".join(repr(token) for token in trace.tokens)
    return (
        "",
        "Layer 1: a prompt that training has not seen",
        Listing(f"{trace.prompt}\n{len(trace.tokens)} tokens: {tokens}"),
        "",
        tabulate_candidates(trace),
        Listing(f"base says:       {trace.base.text}"),
        Listing(f"fine-tuned says: {trace.tuned.text}"),
    )


def _show_task(found: DecisionStage, task: Task) -> Section:
    blocks: list[Block] = [f"Wanted: {task.wanted}", describe_hypothesis(task), ""]
    for test in list_live_tests(found, task):
        blocks += [tabulate_task(found, task, test), ""]
    blocks.append(describe_verdict(found, task))
    return Section(f"The decision: {task.title.lower()}", tuple(blocks))
