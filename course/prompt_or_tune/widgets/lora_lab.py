"""LoraLab: launch a small LoRA run, watch its trace grow, stop it, compare it."""

from __future__ import annotations

import asyncio
import html
import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import ipywidgets
import torch

from prompt_or_tune.decision.queries import choose_some
from prompt_or_tune.figures.runs import draw_runs
from prompt_or_tune.figures.training import draw_training_trace
from prompt_or_tune.models import (
    SEEDLING,
    LanguageModel,
    ModelError,
    choose_precision,
    load_model,
)
from prompt_or_tune.pairs import PairsError, make_pairs
from prompt_or_tune.records import (
    EpochRecord,
    Pair,
    StepRecord,
    TuningRun,
    TuningSettings,
)
from prompt_or_tune.samples import load_samples
from prompt_or_tune.show.notebook import table_html
from prompt_or_tune.trace import REFERENCE_TRACE, trace_bars
from prompt_or_tune.tuning import Tuning, TuningError, default_settings, tune
from prompt_or_tune.widgets.cards import text_widget
from prompt_or_tune.widgets.labs import (
    Kind,
    Lab,
    button,
    buttons,
    field,
    fields,
    figure_html,
    sentence,
)
from prompt_or_tune.widgets.run_pace import Pace, Stopwatch, measure_pace
from prompt_or_tune.widgets.shared_weights import share_weights
from prompt_or_tune.widgets.step_chart import draw_live_steps

HUB_MODELS = (
    "HuggingFaceTB/SmolLM2-135M-Instruct",
    "HuggingFaceTB/SmolLM2-360M-Instruct",
)
HELD_OUT = 200  # prompts answered after each epoch; more would cost more than it tells
HUB_LEARNING_RATE = 2e-4  # until a model is loaded, and its size is known
SLICE = 0.2  # seconds of training between two looks at the clicks that came in
PAUSE = 0.01  # seconds in which the kernel handles them
COMPARED = 5  # runs in the picture of earlier ones

RANGES: dict[str, tuple[float, float]] = {
    "rank": (1, 64),
    "epochs": (1, 20),
    "learning rate": (1e-5, 0.1),
    "seed": (0, 2**31 - 1),
}


class SettingsError(ValueError):
    """Say in one sentence which setting is out of its range, and what the range is."""


@dataclass(frozen=True)
class RunNote:
    """What the table of runs says besides the run; seconds are the wall clock's."""

    pairs: int
    seconds: float
    stopped: bool


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
        *,
        models: Iterable[str] = HUB_MODELS,
    ) -> None:
        if held_out is None:
            held_out = choose_some(make_pairs(load_samples("development")), HELD_OUT, 0)
        self.pairs = tuple(make_pairs(load_samples()) if pairs is None else pairs)
        self.held_out = tuple(held_out)
        self.runs: list[TuningRun] = []
        self._notes: list[RunNote] = []
        self._models: dict[tuple[str, str], LanguageModel] = {}
        self._paces: dict[tuple[str, str], Pace] = {}
        self._task: asyncio.Task[None] | None = None
        self._busy = self._stop_asked = False
        self._build_fields(self._take_model(model), models)
        self._build_outputs()
        super().__init__(
            "LoraLab: a small LoRA run",
            [
                self._about,
                fields(*self._fields),
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
        _check_range("number of pairs", self._pairs.value, 1, len(self.pairs))
        for name, widget in self._ranged.items():
            _check_range(name, widget.value, *RANGES[name])
        settings = TuningSettings(
            epochs=self._epochs.value,
            rank=self._rank.value,
            alpha=2 * self._rank.value,
            learning_rate=self._learning_rate.value,
            seed=self._seed.value,
        )
        return settings, self._pairs.value

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
        last, number = run.trace[-1], len(self.runs)
        ended = "complete"
        if note.stopped:
            ended = f"stopped; epochs kept: {len(run.trace)}"
        accuracy = last.token_accuracy if last.accuracy is None else last.accuracy
        self._say(
            f"Run {number} is {ended}. Accuracy {accuracy:.2f}, loss {last.loss:.2f}, "
            f"{note.seconds:.0f} s. Its adapter is runs[{number - 1}].adapter of this "
            "lab.",
            "strong",
        )
        self._earlier.value = self._draw_earlier()

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

    def _take_model(self, model: LanguageModel | str | None) -> tuple[str, str]:
        """Return the name and the device to begin with; keep a model that was given."""
        if isinstance(model, LanguageModel):
            place = (model.name, model.device.type)
            self._models[place] = share_weights(model)
            return place
        if model is None:
            from prompt_or_tune.notebook import choose_lab_model

            model = choose_lab_model()
        return model, choose_precision().device.type

    @property
    def _chosen(self) -> tuple[str, str]:
        return self._model.value, self._device.value

    def _load_chosen(self) -> LanguageModel:
        if self._chosen not in self._models:
            name, device = self._chosen
            self._say(f"Loading {name} …", "muted")
            self._models[self._chosen] = load_model(name, device=device)
            self._show_about()
        return self._models[self._chosen]

    def _prepare_chosen(self) -> None:
        """Load a model that is here anyway, and soon measure how fast it trains."""
        if self._model.value == SEEDLING:
            with self._errors_shown():
                self._load_chosen()
                self._say("")
        self._show_about()
        self._show_estimate()
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        if self._chosen in self._models and self._chosen not in self._paces:
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
        self._paces[self._chosen] = pace
        self._show_estimate()
        return pace

    def _learn_pace(self, watch: Stopwatch) -> None:
        pace = watch.pace()
        if pace is not None:
            self._paces[self._chosen] = pace
            self._show_estimate()

    # ── Fields ───────────────────────────────────────────────────────────────────────

    def _build_fields(self, place: tuple[str, str], models: Iterable[str]) -> None:
        name, device = place
        names = list(dict.fromkeys([name, SEEDLING, *models]))
        known = self._models.get(place)
        rate = default_settings(known).learning_rate if known else _guess_rate(name)
        default = TuningSettings()
        self._model = field(
            ipywidgets.Dropdown,
            "Model",
            name,
            options=[(_shorten_name(each), each) for each in names],
        )
        self._device = field(
            ipywidgets.Dropdown, "Device", device, options=_list_devices(device)
        )
        self._pairs = field(ipywidgets.IntText, "Number of pairs", len(self.pairs))
        self._rank = field(ipywidgets.IntText, "Rank r (α = 2r)", default.rank)
        self._epochs = field(ipywidgets.IntText, "Epochs", default.epochs)
        self._learning_rate = field(
            ipywidgets.FloatText, "Learning rate", rate, step=rate / 5
        )
        self._seed = field(ipywidgets.IntText, "Seed", default.seed)
        self._ranged = {
            "rank": self._rank,
            "epochs": self._epochs,
            "learning rate": self._learning_rate,
            "seed": self._seed,
        }
        self._fields = [
            self._model, self._device, self._pairs, self._epochs, self._rank,
            self._learning_rate, self._seed,
        ]  # fmt: skip
        self._model.observe(self._change_model, names="value")
        self._device.observe(lambda _: self._prepare_chosen(), names="value")
        for widget in self._fields[2:]:
            widget.observe(lambda _: self._show_estimate(), names="value")

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

    def _change_model(self, _: Any) -> None:
        loaded = self._models.get(self._chosen)
        name = self._model.value
        rate = default_settings(loaded).learning_rate if loaded else _guess_rate(name)
        self._learning_rate.value = rate
        self._prepare_chosen()

    def _set_enabled(self) -> None:
        for widget in (*self._fields, self._start_button):
            widget.disabled = self._busy
        self._stop_button.disabled = not self._busy

    # ── What is shown ────────────────────────────────────────────────────────────────

    def _say(self, text: str, kind: Kind = "plain") -> None:
        self._message.value = sentence(text, kind)

    def _show_about(self) -> None:
        model = self._models.get(self._chosen)
        what = model.describe() if model else f"{self._model.value}, loaded at the start"
        self._about.value = sentence(f"{what}.", "muted")

    def _show_estimate(self) -> None:
        """Say how long a run would take, and how that is known; or what is wrong."""
        try:
            settings, count = self.read_settings()
        except SettingsError as error:
            self._estimate.value = sentence(str(error), "bad")
            return
        pace = self._paces.get(self._chosen)
        steps = settings.count_steps(count)
        plan = f"{steps} steps, {settings.epochs} evaluations of {len(self.held_out)} "
        plan += "held-out prompts"
        if pace is None:
            known = self._chosen in self._models
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
        pace = watch.pace() or self._paces.get(self._chosen)
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

    def _draw_earlier(self) -> str:
        """Return the runs so far as a table, and from the second on as a picture."""
        rows = [
            _tabulate_run(number, run, note)
            for number, (run, note) in enumerate(
                zip(self.runs, self._notes, strict=True), 1
            )
        ]
        table = table_html(_RUN_COLUMNS, rows)
        first = max(0, len(self.runs) - COMPARED)
        picture = ""
        if len(self.runs) > 1:
            picture = figure_html(draw_runs(self.runs[first:], first=first + 1))
        return f"<p><strong>Your runs</strong></p>{table}{picture}"


_RUN_COLUMNS = ("run", "model and settings", "loss", "accuracy", "seconds")


def _tabulate_run(number: int, run: TuningRun, note: RunNote) -> tuple[str, ...]:
    settings, last = run.settings, run.trace[-1]
    epochs = f"{settings.epochs} epochs"
    if note.stopped:
        epochs = f"{len(run.trace)} of {epochs}"
    chosen = (
        f"{_shorten_name(run.model_name)}, {note.pairs} pairs, {epochs}, rank "
        f"{settings.rank}, learning rate {settings.learning_rate:g}, seed {settings.seed}"
    )
    accuracy = "not measured" if last.accuracy is None else f"{last.accuracy:.2f}"
    return str(number), chosen, f"{last.loss:.2f}", accuracy, f"{note.seconds:.0f}"


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


def _check_range(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise SettingsError(
            f"The {name} is {value:g}: choose a value from {low:g} to {high:,g}."
        )


def _list_devices(chosen: str) -> list[str]:
    found = [chosen, "cpu"]
    if torch.cuda.is_available():
        found.append("cuda")
    if torch.backends.mps.is_available():
        found.append("mps")
    return list(dict.fromkeys(found))


def _guess_rate(name: str) -> float:
    """Return the learning rate for a model that is not loaded yet."""
    return TuningSettings().learning_rate if name == SEEDLING else HUB_LEARNING_RATE


def _shorten_name(name: str) -> str:
    return "Seedling" if name == SEEDLING else name.rstrip("/").rpartition("/")[2]


def _say_time(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} minutes"
