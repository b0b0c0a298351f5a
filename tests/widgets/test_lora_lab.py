"""LoraLab: settings, an estimate, a run that can be watched and stopped, a memory."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
import torch
from prompt_or_tune.figures import draw_runs
from prompt_or_tune.models import ModelError
from prompt_or_tune.pairs import make_pairs
from prompt_or_tune.records import StepRecord, TuningSettings
from prompt_or_tune.samples import load_samples
from prompt_or_tune.tuning import TuningError
from prompt_or_tune.widgets import LoraLab, lora_lab, run_form
from prompt_or_tune.widgets.lora_lab import explain_error
from prompt_or_tune.widgets.run_form import SettingsError
from prompt_or_tune.widgets.run_pace import measure_pace
from prompt_or_tune.widgets.step_chart import draw_live_steps

from tests.widgets.lab_shown import all_widgets, find, shown_html, shown_text

PAIRS = make_pairs(load_samples()[:48])
HELD_OUT = make_pairs(load_samples("development")[:4])
LONG = TuningSettings(epochs=20)


@pytest.fixture
def lab(model):
    """Return a lab whose runs take six steps."""
    lab = LoraLab(model, PAIRS, HELD_OUT)
    find(lab, "Epochs").value = 2
    return lab


def click(lab, name: str) -> None:
    find(lab, name).click()


async def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    """Give way to the lab's own work until the condition holds."""

    async def wait() -> None:
        while not condition():
            await asyncio.sleep(0)

    await asyncio.wait_for(wait(), seconds)


# ── Settings ─────────────────────────────────────────────────────────────────────────


def test_device_model_and_every_setting_can_be_seen_and_chosen(lab):
    labels = {getattr(widget, "description", "") for widget in all_widgets(lab)}
    assert labels >= {
        "Model", "Device", "Number of pairs", "Rank r (α = 2r)", "Epochs",
        "Learning rate", "Seed", "Start", "Stop",
    }  # fmt: skip
    assert "on the CPU in float32" in shown_text(lab)


def test_the_fields_begin_with_the_models_own_defaults(model):
    settings, pairs = LoraLab(model).read_settings()
    assert settings == TuningSettings()
    assert pairs == 1000


def test_alpha_follows_the_rank(lab):
    find(lab, "Rank r (α = 2r)").value = 4
    settings, _ = lab.read_settings()
    assert (settings.rank, settings.alpha) == (4, 8)


@pytest.mark.parametrize(
    ("label", "value", "said"),
    [
        ("Number of pairs", 0, "number of pairs is 0"),
        ("Number of pairs", 49, "from 1 to 48"),
        ("Rank r (α = 2r)", 65, "rank is 65"),
        ("Epochs", -1, "epochs is -1"),
        ("Learning rate", 0.5, "learning rate is 0.5"),
        ("Learning rate", float("nan"), "learning rate is nan"),
        ("Seed", -3, "seed is -3"),
    ],
)
def test_a_value_out_of_its_range_is_answered_with_a_sentence(lab, label, value, said):
    find(lab, label).value = value
    assert said in shown_text(lab)  # at once, before anybody starts
    click(lab, "Start")
    assert lab.runs == []
    with pytest.raises(SettingsError, match=said):
        lab.run()


def test_choosing_another_model_chooses_its_learning_rate(lab):
    find(lab, "Model").value = run_form.HUB_MODELS[0]
    assert find(lab, "Learning rate").value == run_form.HUB_LEARNING_RATE
    assert "loaded at the start" in shown_text(lab)
    find(lab, "Model").value = "seedling"
    assert find(lab, "Learning rate").value == TuningSettings().learning_rate


def test_every_control_has_a_label(lab):
    for widget in all_widgets(lab):
        if hasattr(widget, "disabled") and not hasattr(widget, "children"):
            assert widget.description


# ── The estimate ─────────────────────────────────────────────────────────────────────


def test_the_estimate_is_measured_and_says_so(lab):
    assert "is being measured" in shown_text(lab)
    pace = lab.measure_pace()
    assert pace.step > 0
    assert "measured on 3 steps just now" in shown_text(lab)


def test_twice_the_epochs_are_estimated_to_take_twice_as_long(model):
    pace = measure_pace(model, PAIRS, HELD_OUT)
    assert pace.seconds(12, 4) == pytest.approx(2 * pace.seconds(6, 2))
    assert not model.has_adapter


def test_after_a_run_the_estimate_is_that_runs_pace(lab):
    lab.run()
    assert "taken from the last run here" in shown_text(lab)


# ── The plain call, and a click where there is no event loop ─────────────────────────


def test_a_run_gives_an_adapter_and_a_record_per_epoch(lab):
    run = lab.run()
    assert [record.epoch for record in run.trace] == [1, 2]
    assert run is lab.runs[-1]
    assert run.adapter.count_parameters() > 0


def test_settings_can_be_given_instead_of_shown(lab):
    run = lab.run(TuningSettings(epochs=1, rank=2), pairs=16)
    assert len(run.trace) == 1
    assert run.settings.rank == 2
    assert "16 pairs" in shown_text(lab)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_run(lab):
    assert lab.run().trace[-1].loss == lab.run().trace[-1].loss


@pytest.mark.slow
def test_the_readers_model_is_left_as_it_was(lab, model):
    before = model.generate(["Describe spring"])
    lab.run()
    assert not model.has_adapter
    assert not any("lora" in name for name, _ in model.network.named_modules())
    assert model.generate(["Describe spring"]) == before


def test_without_an_event_loop_a_click_runs_to_the_end(lab):
    click(lab, "Start")
    assert len(lab.runs) == 1
    assert "Run 1 is complete" in shown_text(lab)


def test_the_trace_stands_beside_the_reference_with_a_sentence_per_epoch(lab):
    run = lab.run()
    shown = shown_text(lab)
    assert all(record.observation in shown for record in run.trace)
    assert "reference" in shown_html(lab)
    assert "<details open>" in shown_html(lab)


@pytest.mark.slow
def test_runs_are_kept_and_compared(lab):
    lab.run()
    assert "<img" in shown_html(lab)
    lab.run(TuningSettings(epochs=1, rank=2))
    title = draw_runs(lab.runs).title
    assert title.startswith("Run 2 ends at accuracy")
    assert "rank 2" in shown_text(lab)
    assert "rank 16" in shown_text(lab)


def test_an_interrupt_keeps_the_finished_epochs(lab, monkeypatch):
    def interrupt_in_second_epoch(steps, *_):
        if steps[-1].epoch == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(lora_lab, "SLICE", 0.0)  # looks after every step
    monkeypatch.setattr(lab, "_show_steps", interrupt_in_second_epoch)
    run = lab.run(LONG)
    assert len(run.trace) == 1
    assert "stopped; epochs kept: 1" in shown_text(lab)
    assert not lab.running


def test_an_interrupt_before_the_first_epoch_is_said(lab, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(lora_lab, "SLICE", 0.0)
    monkeypatch.setattr(lab, "_show_steps", interrupt)
    with pytest.raises(TuningError, match="No epoch has finished"):
        lab.run(LONG)
    assert not lab.running


# ── On an event loop, as in a notebook ───────────────────────────────────────────────


def test_a_click_returns_at_once_and_the_run_goes_on_by_itself(lab):
    async def use() -> None:
        click(lab, "Start")
        assert lab.running
        assert lab.runs == []
        await until(lambda: not lab.running)

    asyncio.run(use())
    assert len(lab.runs) == 1


def test_the_chart_grows_while_the_run_goes_on(lab):
    async def use() -> None:
        click(lab, "Start")
        await until(lambda: "live-steps" in shown_html(lab))
        assert lab.running
        await until(lambda: "After one epoch" in shown_html(lab))
        assert lab.running
        await until(lambda: not lab.running)

    asyncio.run(use())


def test_clicks_are_heard_within_an_epoch_and_not_only_after_it(lab, monkeypatch):
    assert lora_lab.SLICE <= 0.5, "a click waits longer than anybody does"
    monkeypatch.setattr(lora_lab, "SLICE", 0.0)
    heard: set[float] = set()

    async def use() -> None:
        click(lab, "Start")
        while lab.running:
            heard.add(lab._progress.value)
            await asyncio.sleep(0)  # the loop's next turn

    asyncio.run(use())
    assert len(heard) >= 6, "the six steps were not all seen from outside"


def test_stop_keeps_the_finished_epochs(lab):
    find(lab, "Epochs").value = 20

    async def use() -> None:
        click(lab, "Start")
        await until(lambda: "After one epoch" in shown_html(lab))
        click(lab, "Stop")
        await until(lambda: not lab.running)

    asyncio.run(use())
    (run,) = lab.runs
    assert 1 <= len(run.trace) < 20
    assert "stopped; epochs kept" in shown_text(lab)


def test_stop_before_the_first_epoch_says_that_there_is_nothing_to_keep(lab):
    async def use() -> None:
        click(lab, "Start")
        click(lab, "Stop")
        await until(lambda: not lab.running)

    asyncio.run(use())
    assert lab.runs == []
    assert "No epoch has finished" in shown_text(lab)


@pytest.mark.slow
def test_a_second_click_while_running_starts_nothing(lab):
    async def use() -> None:
        click(lab, "Start")
        click(lab, "Start")
        assert find(lab, "Start").disabled
        with pytest.raises(TuningError, match="A run is going on"):
            lab.run()
        await until(lambda: not lab.running)

    asyncio.run(use())
    assert len(lab.runs) == 1
    assert not find(lab, "Start").disabled
    assert find(lab, "Stop").disabled


def test_a_click_on_stop_when_nothing_runs_does_nothing(lab):
    before = shown_text(lab)
    click(lab, "Stop")
    assert shown_text(lab) == before


@pytest.mark.slow
def test_the_model_can_be_used_while_the_run_goes_on(lab, model):
    before = model.generate(["Describe spring"])

    async def use() -> None:
        click(lab, "Start")
        await until(lambda: "live-steps" in shown_html(lab))
        assert model.generate(["Describe spring"]) == before
        model.detach()
        await until(lambda: not lab.running)

    asyncio.run(use())
    assert len(lab.runs) == 1


def test_a_cell_that_shows_the_lab_is_followed_by_the_measured_estimate(model):
    async def use() -> LoraLab:
        lab = LoraLab(model, PAIRS, HELD_OUT)
        await until(lambda: "measured on" in shown_text(lab))
        return lab

    assert "About" in shown_text(asyncio.run(use()))


# ── What goes wrong ──────────────────────────────────────────────────────────────────


def test_a_model_that_cannot_be_loaded_is_a_sentence(lab, monkeypatch):
    def refuse(name, **_):
        raise ModelError(f"There is no network to load {name}.")

    monkeypatch.setattr(lora_lab, "load_model", refuse)
    find(lab, "Model").value = run_form.HUB_MODELS[0]
    click(lab, "Start")
    assert "There is no network" in shown_text(lab)
    assert not lab.running


def test_a_run_that_diverges_is_a_sentence(lab, monkeypatch):
    def diverge(*_, **__):
        raise TuningError("The loss became nan at step 3 of 6: lower the learning rate.")

    monkeypatch.setattr(lora_lab, "tune", diverge)
    click(lab, "Start")
    assert "lower the learning rate" in shown_text(lab)


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: not enough memory: you tried"),
    ],
)
def test_too_little_memory_is_a_sentence(error):
    assert "memory does not suffice" in (explain_error(error) or "")


def test_an_unexpected_error_is_shown_and_not_swallowed(lab, monkeypatch):
    def fail(*_, **__):
        raise ZeroDivisionError("surprise")

    monkeypatch.setattr(lora_lab, "tune", fail)
    with pytest.raises(ZeroDivisionError):
        lab.start()
    assert "surprise" in shown_text(lab)
    assert not lab.running


# ── The live chart ───────────────────────────────────────────────────────────────────


def make_steps(count: int, of: int = 100) -> list[StepRecord]:
    return [
        StepRecord(i, of, 1 + i // 50, 5 / i, 1e-3, 100, 0.05)
        for i in range(1, count + 1)
    ]


def test_the_live_chart_has_room_for_the_whole_run_from_the_first_step_on():
    shown = draw_live_steps(make_steps(1))
    assert "optimiser steps, 100 in all" in shown
    assert 'aria-label="A line chart' in shown
    assert "1 of 100 so far" in shown


def test_the_live_chart_stays_small_however_long_the_run_is():
    assert len(draw_live_steps(make_steps(5000, of=10000))) < 30_000


def test_no_step_is_nothing_to_draw():
    with pytest.raises(ValueError, match="no step"):
        draw_live_steps([])
    with pytest.raises(ValueError, match="no run"):
        draw_runs([])
