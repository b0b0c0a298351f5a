"""LoraLab: launch a small LoRA run, watch its trace grow, stop it, compare it."""

from __future__ import annotations

import asyncio
import html
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager

import ipywidgets
import torch

from prompt_or_tune.decision.queries import choose_some
from prompt_or_tune.figures.training import draw_training_trace
from prompt_or_tune.hardware import choose_precision
from prompt_or_tune.models import SEEDLING, LanguageModel, ModelError, load_model
from prompt_or_tune.pairs import PairsError, make_pairs
from prompt_or_tune.records import (
    EpochRecord,
    Pair,
    StepRecord,
    TuningSettings,
)
from prompt_or_tune.samples import load_samples
from prompt_or_tune.trace import REFERENCE_TRACE, trace_bars
from prompt_or_tune.tuning import Tuning, TuningError, TuningRun, default_settings, tune
from prompt_or_tune.widgets.cards import text_widget
from prompt_or_tune.widgets.labs import (
    Kind,
    Lab,
    button,
    buttons,
    figure_html,
    sentence,
)
from prompt_or_tune.widgets.run_form import (
    Place,
    RunForm,
    SettingsError,
    guess_rate,
)
from prompt_or_tune.widgets.run_history import RunNote, describe_end, show_runs
from prompt_or_tune.widgets.run_pace import Pace, Stopwatch, measure_pace
from prompt_or_tune.widgets.shared_weights import share_weights
from prompt_or_tune.widgets.step_chart import draw_live_steps

HELD_OUT = 200  # prompts answered after each epoch; more would cost more than it tells
SLICE = 0.2  # seconds of training between two looks at the clicks that came in
PAUSE = 0.01  # seconds in which the kernel handles them


class LoraLab(Lab):
    """Choose settings, start a LoRA run, and see loss and accuracy grow by the epoch.

        lab = LoraLab(model)
        lab                                    # as a cell's last expression: the widget

        run = lab.run()                        # the same without a click: it blocks
        run = lab.run(TuningSettings(epochs=3, rank=8), pairs=500)
        lab.runs[-1].adapter                   # what the last run has learned

    `model` is a model, its name, or None for the one that suits this machine; `pairs` are
    the pairs to choose from (the course's 1000), `held_out` those that are asked after
    each epoch (200 of the development split). A run trains modules of its own: your model
    stays as it is. In a notebook a click trains in slices, between which the kernel goes
    on working; without an event loop it blocks, and an interrupt stops the run.
    """

    def __init__(
        self,
        model: LanguageModel | str | None = None,
        pairs: Sequence[Pair] | None = None,
        held_out: Sequence[Pair] | None = None,
    ) -> None:
        if held_out is None:
            held_out = choose_some(make_pairs(load_samples("development")), HELD_OUT, 0)
        self.pairs = tuple(make_pairs(load_samples()) if pairs is None else pairs)
        self.held_out = tuple(held_out)
        self.runs: list[TuningRun] = []
        self._notes: list[RunNote] = []
        self._models: dict[Place, LanguageModel] = {}
        self._paces: dict[Place, Pace] = {}
        self._task: asyncio.Task[None] | None = None
        self._busy = self._stop_asked = False
        place = self._take_model(model)
        self._form = RunForm(place, len(self.pairs), self._choose_rate(place))
        self._form.observe(
            model=self._change_model,
            device=self._prepare_chosen,
            settings=self._show_estimate,
        )
        self._build_outputs()
        super().__init__(
            "LoraLab: a small LoRA run",
            [
                self._about,
                self._form.box,
                self._estimate,
                buttons(self._start_button, self._stop_button, self._progress),
                self._message,
                self._steps_chart,
                self._trace_figure,
                self._earlier,
            ],
        )
        self.add_class("lora-lab")
        self._prepare_chosen()

    # ── The plain calls ──────────────────────────────────────────────────────────────

    def run(
        self, settings: TuningSettings | None = None, pairs: int | None = None
    ) -> TuningRun:
        """Run to the end and return the run; without arguments as the fields say.

        An interrupt ends it early, with the epochs that it has finished. Raises
        TuningError (no epoch finished, or a run is going on), ModelError, PairsError, and
        SettingsError for a field out of its range.
        """
        if self._busy:
            raise TuningError("A run is going on: press Stop, or wait until it ends.")
        if settings is None:
            settings, shown = self.read_settings()
            pairs = shown if pairs is None else pairs
        for _ in self._perform(settings, len(self.pairs) if pairs is None else pairs):
            pass
        return self.runs[-1]

    def start(self) -> None:
        """Do what a click on Start does; while a run is going on, nothing."""
        if self._busy:
            return
        try:
            settings, count = self.read_settings()
        except SettingsError as error:
            self._say(str(error), "bad")
            return
        work = self._perform(settings, count)
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # no event loop: this is no notebook
            with self._errors_shown():
                for _ in work:
                    pass
        else:
            self._begin()  # now: a second click may come before the task's first slice
            self._task = loop.create_task(self._follow(work))

    def stop(self) -> None:
        """End the run after the current step; its finished epochs are kept."""
        if self._busy:
            self._stop_asked = True
            self._say("Stopping after this step …", "muted")

    @property
    def running(self) -> bool:
        """Tell whether a run is going on."""
        return self._busy

    def read_settings(self) -> tuple[TuningSettings, int]:
        """Return the settings that the fields show, and the number of pairs.

        Raises SettingsError for a value out of its range.
        """
        return self._form.read()

    # ── The run, in slices ───────────────────────────────────────────────────────────

    async def _follow(self, work: Generator[None, None, None]) -> None:
        """Do the work slice by slice; between two the kernel handles what came in."""
        with closing(work), self._errors_shown():
            for _ in work:
                await asyncio.sleep(PAUSE)

    def _perform(
        self, settings: TuningSettings, count: int
    ) -> Generator[None, None, None]:
        """Train and show it; yield after each slice."""
        self._begin()
        try:
            yield
            model = self._load_chosen()
            chosen = choose_some(self.pairs, count, settings.seed)
            tuning = tune(model, chosen, settings, self.held_out)
            yield
            watch = Stopwatch(settings)
            yield from self._watch(tuning, watch)
            self._keep(tuning.run, RunNote(count, watch.seconds, self._stop_asked))
            self._learn_pace(watch)
        finally:
            self._end()

    def _watch(self, tuning: Tuning, watch: Stopwatch) -> Generator[None, None, None]:
        """Iterate the run; show its steps several times a second, and every epoch."""
        steps: list[StepRecord] = []
        trace: list[EpochRecord] = []
        shown = 0.0
        try:
            for event in tuning:
                if isinstance(event, StepRecord):
                    steps.append(event)
                else:
                    trace.append(event)
                    self._show_trace(trace)
                watch.lap(event)
                if isinstance(event, EpochRecord) or time.perf_counter() - shown > SLICE:
                    self._show_steps(steps, watch)
                    yield
                    shown = time.perf_counter()
                if self._stop_asked:
                    tuning.stop()
        except KeyboardInterrupt:  # the kernel's own stop button
            self._stop_asked = True
            tuning.stop()

    def _begin(self) -> None:
        if self._busy:
            return
        self._busy, self._stop_asked = True, False
        self._set_enabled()
        self._progress.value, self._progress.max = 0, 1
        self._progress.layout.visibility = "visible"
        self._steps_chart.value = self._trace_figure.value = ""
        self._say("Preparing the pairs …", "muted")

    def _end(self) -> None:
        self._busy = False
        self._set_enabled()
        self._progress.layout.visibility = "hidden"

    def _keep(self, run: TuningRun, note: RunNote) -> None:
        self.runs.append(run)
        self._notes.append(note)
        self._say(describe_end(len(self.runs), run, note), "strong")
        self._earlier.value = show_runs(self.runs, self._notes)

    @contextmanager
    def _errors_shown(self) -> Iterator[None]:
        """Turn what can go wrong in a run into a sentence in the widget."""
        try:
            yield
        except Exception as error:
            known = explain_error(error)
            self._say(known or f"The run failed: {error!r}", "bad")
            if known is None:
                raise

    # ── Model and pace ───────────────────────────────────────────────────────────────

    def _take_model(self, model: LanguageModel | str | None) -> Place:
        """Return the name and the device to begin with; keep a model that was given."""
        if isinstance(model, LanguageModel):
            place = Place(model.name, model.device.type)
            self._models[place] = share_weights(model)
            return place
        if model is None:
            from prompt_or_tune.notebook import choose_lab_model

            model = choose_lab_model()
        return Place(model, choose_precision().device.type)

    def _choose_rate(self, place: Place) -> float:
        loaded = self._models.get(place)
        return (
            default_settings(loaded).learning_rate if loaded else guess_rate(place.model)
        )

    def _change_model(self) -> None:
        self._form.set_learning_rate(self._choose_rate(self._form.place))
        self._prepare_chosen()

    def _load_chosen(self) -> LanguageModel:
        if self._form.place not in self._models:
            place = self._form.place
            self._say(f"Loading {place.model} …", "muted")
            self._models[place] = load_model(place.model, device=place.device)
            self._show_about()
        return self._models[self._form.place]

    def _prepare_chosen(self) -> None:
        """Load a model that is here anyway, and soon measure how fast it trains."""
        if self._form.place.model == SEEDLING:
            with self._errors_shown():
                self._load_chosen()
                self._say("")
        self._show_about()
        self._show_estimate()
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        if self._form.place in self._models and self._form.place not in self._paces:
            self._task = loop.create_task(self._measure())

    async def _measure(self) -> None:
        await asyncio.sleep(PAUSE)  # the cell that shows the lab ends first
        if self._busy:
            return
        with self._errors_shown():
            self.measure_pace()

    def measure_pace(self) -> Pace:
        """Measure how fast the chosen model trains here, and show the estimate."""
        pace = measure_pace(self._load_chosen(), self.pairs, self.held_out)
        self._paces[self._form.place] = pace
        self._show_estimate()
        return pace

    def _learn_pace(self, watch: Stopwatch) -> None:
        pace = watch.pace()
        if pace is not None:
            self._paces[self._form.place] = pace
            self._show_estimate()

    def _build_outputs(self) -> None:
        self._start_button = button(
            "Start", "Start a LoRA run with these settings", button_style="primary"
        )
        self._stop_button = button("Stop", "End the run and keep its finished epochs")
        self._start_button.on_click(lambda _: self.start())
        self._stop_button.on_click(lambda _: self.stop())
        self._progress = ipywidgets.IntProgress(
            description="steps",
            style={"description_width": "auto", "bar_color": "#C64D00"},
            layout=ipywidgets.Layout(flex="1 1 12em", visibility="hidden"),
        )
        self._about, self._estimate, self._message = (text_widget() for _ in range(3))
        self._steps_chart, self._trace_figure, self._earlier = (
            text_widget() for _ in range(3)
        )
        self._set_enabled()

    def _set_enabled(self) -> None:
        self._form.set_enabled(not self._busy)
        self._start_button.disabled = self._busy
        self._stop_button.disabled = not self._busy

    # ── What is shown ────────────────────────────────────────────────────────────────

    def _say(self, text: str, kind: Kind = "plain") -> None:
        self._message.value = sentence(text, kind)

    def _show_about(self) -> None:
        model = self._models.get(self._form.place)
        name = self._form.place.model
        what = model.describe() if model else f"{name}, loaded at the start"
        self._about.value = sentence(f"{what}.", "muted")

    def _show_estimate(self) -> None:
        """Say how long a run would take, and how that is known; or what is wrong."""
        try:
            settings, count = self.read_settings()
        except SettingsError as error:
            self._estimate.value = sentence(str(error), "bad")
            return
        pace = self._paces.get(self._form.place)
        steps = settings.count_steps(count)
        plan = f"{steps} steps, {settings.epochs} evaluations of {len(self.held_out)} "
        plan += "held-out prompts"
        if pace is None:
            known = self._form.place in self._models
            when = "is being measured" if known else "can be told once it is loaded"
            text = f"{plan}; how long that takes {when}."
        else:
            seconds = pace.seconds(steps, settings.epochs)
            text = f"About {_say_time(seconds)} for {plan} ({pace.source})."
        self._estimate.value = sentence(text)

    def _show_steps(self, steps: Sequence[StepRecord], watch: Stopwatch) -> None:
        last = steps[-1]
        self._progress.max = last.steps
        self._progress.value = last.step
        self._progress.description = f"{last.step} of {last.steps} steps"
        self._steps_chart.value = draw_live_steps(steps)
        epochs = watch.settings.epochs
        pace = watch.pace() or self._paces.get(self._form.place)
        left = ""
        if pace is not None:
            seconds = pace.seconds(last.steps - last.step, 1 + epochs - last.epoch)
            left = f" About {_say_time(seconds)} left."
        self._say(f"Epoch {last.epoch} of {epochs}, loss {last.loss:.2f}.{left}")

    def _show_trace(self, trace: Sequence[EpochRecord]) -> None:
        drawing = draw_training_trace(trace, REFERENCE_TRACE)
        bars = html.escape(trace_bars(trace))
        self._trace_figure.value = (
            f"{figure_html(drawing, open_table=True)}"
            f"<details><summary>The losses as text bars</summary><pre>{bars}</pre>"
            "</details>"
        )


def explain_error(error: BaseException) -> str | None:
    """Return a sentence for what is known to go wrong in a run, else None."""
    if isinstance(error, (ModelError, TuningError, PairsError, SettingsError)):
        return str(error)
    # torch has its own error on a GPU, and a plain RuntimeError on the CPU.
    lacking = isinstance(error, (MemoryError, torch.OutOfMemoryError))
    text = str(error).lower()
    if lacking or "out of memory" in text or "not enough memory" in text:
        return (
            "The memory does not suffice for this run: choose a smaller model, or "
            "restart the kernel to free what other cells hold."
        )
    return None


def _say_time(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} minutes"
