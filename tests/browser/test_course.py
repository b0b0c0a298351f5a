"""The course as a learner meets it: in a browser, by keyboard, in light and in dark."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.browser.jupyterlab import Hand

pytestmark = [pytest.mark.browser, pytest.mark.slow]

# A test shares its machine with others: the bars are for a quiet one, and only what is
# several times slower is called a fault here. What was measured is printed.
SLACK = 4
HALF_WIDTH = 640


def open_and_run(hand: Hand, name: str) -> None:
    """Open a notebook and run it: nothing fails before the checks of untouched tasks."""
    hand.open(f"{name}/{name}.ipynb")
    started = time.monotonic()
    hand.run_all()
    print(f"{name}: all cells in {time.monotonic() - started:.0f} s")
    noise = hand.errors()
    if name in ("00_tour",):
        assert noise == []
    else:  # the first check says what is missing, and "Run All" ends there
        assert len(noise) == 1, noise
        assert "Traceback" not in noise[0]


def look_at(hand: Hand, name: str) -> None:
    """Keep pictures in both themes, and see that at half width nothing is cut off."""
    from tests.browser.jupyterlab import SCREENSHOTS

    hand.photograph_notebook(f"{name}-light")
    hand.choose_theme("dark")
    hand.photograph_notebook(f"{name}-dark")
    hand.page.set_viewport_size({"width": HALF_WIDTH, "height": 900})
    overflowing = hand.list_overflowing()
    hand.page.screenshot(path=SCREENSHOTS / f"{name}-dark-narrow.png")
    hand.page.set_viewport_size({"width": 1200, "height": 900})
    hand.choose_theme("light")
    assert overflowing == []


@contextmanager
def timed(what: str, bar: float) -> Iterator[None]:
    started = time.monotonic()
    yield
    seconds = time.monotonic() - started
    print(f"{what}: {seconds:.1f} s (bar: {bar:g} s)")
    assert seconds <= SLACK * bar


@pytest.mark.parametrize("name", ["00_tour", "03_training_pairs"])
def test_a_notebook_runs_from_top_to_bottom(hand, name):
    open_and_run(hand, name)
    look_at(hand, name)


def test_a_hint_comes_when_it_is_asked_for_and_a_check_says_what_is_missing(hand):
    open_and_run(hand, "01_input_data")
    (said,) = hand.errors()
    assert "nothing is returned yet" in said
    hints = hand.page.locator(".prompt-or-tune-card", has_text="A hint").first
    hand.press(hints, "A hint")
    shown = hand.page.locator(".prompt-or-tune-card", has_text="Hint 1:")
    shown.first.wait_for()
    hand.press(shown.first, "A bigger hint")
    hand.page.get_by_text("Hint 2:").first.wait_for()
    look_at(hand, "01_input_data")


def test_another_template_changes_the_pass_rate(hand):
    from playwright.sync_api import expect

    open_and_run(hand, "02_prompt_engineering")
    lab = hand.lab("prompt-lab")
    answers = lab.get_by_text(re.compile(r"of 10 answers pass every rule"))
    hand.type_into(lab, "Template", "Tell me something about {subject}")
    with timed("PromptLab, click to ten answers ticked", 1.5):
        hand.press(lab, "Try it")
        expect(lab.get_by_text("The first of the prompts: Tell me")).to_be_visible()
    expect(answers).to_contain_text("0 of 10")
    hand.type_into(
        lab, "Template", "Write a short, rhyming poem about {subject} with 4 lines"
    )
    hand.press(lab, "Try it")
    expect(answers).to_contain_text(re.compile("^([1-9]|10) of 10"))
    expect(lab.locator(".lab-answers tbody tr")).to_have_count(10)
    hand.type_into(lab, "Template", "Write a poem")
    hand.press(lab, "Try it")
    expect(lab.get_by_text("says the same for every sample")).to_be_visible()
    hand.photograph("prompt-lab-light", lab)
    look_at(hand, "02_prompt_engineering")


def test_a_lora_run_grows_epoch_by_epoch_and_another_is_stopped(hand):
    from playwright.sync_api import expect

    open_and_run(hand, "04_fine_tuning")
    lab = hand.lab("lora-lab")
    epochs = lab.locator("details table").first.locator("tbody tr")
    hand.press(lab, "Start")
    started = time.monotonic()
    with timed("LoraLab, click to first step on the chart", 3):
        expect(lab.locator('.live-steps[aria-label*="of 315 so far"]')).to_be_visible()
    with timed("LoraLab, click to finished trace of five epochs", 35):
        for count in range(1, 6):
            expect(epochs).to_have_count(count, timeout=60_000)
            print(f"  epoch {count} after {time.monotonic() - started:.1f} s")
            if count == 2:
                hand.photograph("lora-lab-running", lab)
        expect(lab.get_by_text("is complete")).to_be_visible()
    hand.press(lab, "Start")
    begun = re.compile(r"^\d\d?$")  # steps; the run before has left 315 on the chart
    expect(lab.locator(".live-steps")).to_have_attribute("data-steps", begun)
    expect(epochs).to_have_count(1, timeout=60_000)
    hand.press(lab, "Stop")
    expect(lab.get_by_text("stopped; epochs kept")).to_be_visible()
    hand.photograph("lora-lab-compared", lab)
    look_at(hand, "04_fine_tuning")


def test_a_typed_prompt_goes_through_both_models(hand):
    from playwright.sync_api import expect

    open_and_run(hand, "05_prediction")
    lab = hand.lab("prediction-lab")
    hand.type_into(lab, "Prompt", "Describe the owl in the fog")
    hand.press(lab, "Compare")
    picture = lab.get_by_role("img", name=re.compile("Describe the owl in the fog"))
    expect(picture).to_be_visible()
    look_at(hand, "05_prediction")


def test_a_changed_price_moves_the_break_even(hand):
    from playwright.sync_api import expect

    open_and_run(hand, "06_decision")
    lab = hand.lab("break-even-lab")
    said = lab.locator(".lab-strong")
    before = said.inner_text()
    hand.type_into(lab, "Pairs", "50")
    expect(said).not_to_have_text(before)
    hand.type_into(lab, "Prompt tokens saved", "0")
    expect(said).to_contain_text("Tuning never pays for itself")
    hand.type_into(lab, "Prompt tokens saved", "272")
    hand.press(lab, "Decision map")
    expect(lab.get_by_role("img", name=re.compile("labelled pairs"))).to_be_visible()
    hand.photograph("break-even-lab-light", lab)
    look_at(hand, "06_decision")


def test_the_quiz_explains_a_wrong_and_a_right_answer(hand):
    from playwright.sync_api import expect

    open_and_run(hand, "07_quiz")
    card = hand.page.locator(".prompt-or-tune-card", has=hand.page.get_by_role("radio"))
    options = card.first.get_by_role("radio")
    expect(options).to_have_count(4)
    options.nth(1).check()
    expect(card.first).to_contain_text("✗")
    options.nth(0).check()
    expect(card.first).to_contain_text("✓")
    look_at(hand, "07_quiz")
