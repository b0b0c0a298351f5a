"""Print what the stages of a tour found, one after the other."""

from __future__ import annotations

from prompt_or_tune.cli.screen import ProgressLine, Screen
from prompt_or_tune.decision import TASK_SPECS
from prompt_or_tune.prediction import PredictionTrace
from prompt_or_tune.records import EpochRecord, StepRecord
from prompt_or_tune.tour.pipeline import (
    DecisionStage,
    InputStage,
    ModelLoaded,
    PairStage,
    PredictionStage,
    PromptStage,
    TourEvent,
    TourSettings,
    TuningStage,
    find_example,
)
from prompt_or_tune.tour.reporting import (
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


class Guide:
    """Prints what the stages found, one after the other."""

    def __init__(
        self, settings: TourSettings, progress: ProgressLine, *, silent: bool
    ) -> None:
        self.epochs = settings.epochs
        self.progress = progress
        self.screen = Screen()
        self.silent = silent

    def show(self, found: TourEvent) -> None:
        """Print one event; steps and epochs move the progress line instead."""
        if isinstance(found, StepRecord):
            what = f"training, epoch {found.epoch}, loss {found.loss:.2f}"
            self.progress.report(what, found.step, found.steps)
            return
        if isinstance(found, EpochRecord) or self.silent:
            return
        self.progress.clear()
        match found:
            case InputStage():
                self._show_input(found)
            case PromptStage():
                self._show_prompts(found)
            case PairStage():
                self._show_pairs(found)
            case ModelLoaded():
                self.screen.heading("The model")
                self.screen.say(found.description)
            case TuningStage():
                self._show_tuning(found)
            case PredictionStage():
                self._show_predictions(found)
            case DecisionStage():
                self._show_decision(found)

    def _show_input(self, found: InputStage) -> None:
        self.screen.heading("The data flow")
        self.screen.table(tabulate_flow(found, self.epochs))
        self.screen.heading("1 Input data")
        self.screen.table(tabulate_cleaning(found))
        self.screen.say("\nFor example:")
        self.screen.quote(found.samples[find_example(found.samples)].text)

    def _show_prompts(self, found: PromptStage) -> None:
        self.screen.heading("2 Prompt engineering")
        self.screen.say("The same sample, with what was meant said aloud:")
        self.screen.quote(found.prompts[find_example(found.samples)].text)

    def _show_pairs(self, found: PairStage) -> None:
        self.screen.heading("3 Fine-tuning preparation")
        self.screen.say("Its training pair, with the almanac editor's answer:")
        pair = found.pairs[find_example(found.samples)]
        self.screen.quote(f"prompt:   {pair.prompt}\nresponse: {pair.response}")
        self.screen.say(describe_leaks(found))

    def _show_tuning(self, found: TuningStage) -> None:
        trace = found.run.trace
        self.screen.heading("4 Model fine-tuning")
        seconds = sum(record.seconds for record in trace)
        self.screen.say(
            f"LoRA trained {found.adapter_parameters:,} numbers beside the model's own, "
            f"in {len(found.steps)} steps and {seconds:.0f} s."
        )
        self.screen.table(tabulate_trace(trace))
        self.screen.say("")
        self.screen.quote(draw_bars(trace))

    def _show_predictions(self, found: PredictionStage) -> None:
        self.screen.heading("5 Model prediction")
        for trace in found.traces:
            self._show_prediction(trace)

    def _show_prediction(self, trace: PredictionTrace) -> None:
        tokens = " ".join(repr(token) for token in trace.tokens)
        self.screen.say("\nLayer 1: a prompt that training has not seen")
        self.screen.quote(f"{trace.prompt}\n{len(trace.tokens)} tokens: {tokens}")
        self.screen.say("")
        self.screen.table(tabulate_candidates(trace))
        self.screen.quote(f"base says:       {trace.base.text}")
        self.screen.quote(f"fine-tuned says: {trace.tuned.text}")

    def _show_decision(self, found: DecisionStage) -> None:
        for spec in TASK_SPECS:
            self.screen.heading(f"The decision: {spec.title.lower()}")
            self.screen.say(f"Wanted: {spec.wanted}")
            self.screen.say(f"Expected, before measuring: {spec.hypothesis}")
            for test in list_live_tests(found, spec):
                self.screen.say("")
                self.screen.table(tabulate_task(found, spec, test))
            self.screen.say("")
            self.screen.say(describe_verdict(found, spec))
