"""The labs in a real kernel: clicks arrive as messages, and the kernel stays awake."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager, start_new_kernel

pytestmark = pytest.mark.slow

SET_UP = """\
from prompt_or_tune.models import load_model
from prompt_or_tune.pairs import make_pairs
from prompt_or_tune.samples import load_samples
from prompt_or_tune.widgets import LoraLab, PromptLab
model = load_model(device="cpu")
pairs = make_pairs(load_samples()[:48])
lora = LoraLab(model, pairs, make_pairs(load_samples("development")[:4]))
prompts = PromptLab(model)
"""
PATIENCE = 60  # seconds


class Kernel:
    """A kernel, and what a page does with it: run cells, click buttons, read values."""

    def __init__(self, manager: KernelManager, client: BlockingKernelClient) -> None:
        self.manager = manager
        self.client = client

    def run(self, code: str) -> None:
        """Run a cell; raise AssertionError with the kernel's own words if it fails."""
        reply = self.client.execute_interactive(
            code, store_history=False, timeout=PATIENCE, output_hook=lambda message: None
        )
        assert reply["content"]["status"] == "ok", reply["content"]

    def read(self, expression: str) -> str:
        """Return an expression's value as the kernel writes it."""
        reply = self.client.execute_interactive(
            "", user_expressions={"value": expression}, timeout=PATIENCE, silent=True
        )
        value = reply["content"]["user_expressions"]["value"]
        assert value["status"] == "ok", value
        return str(value["data"]["text/plain"])

    def click(self, button: str) -> None:
        """Send what a page sends when a button is clicked."""
        data = {"method": "custom", "content": {"event": "click"}}
        content = {"comm_id": self.read(f"{button}.model_id").strip("'"), "data": data}
        message = self.client.session.msg("comm_msg", content)
        self.client.shell_channel.send(message)

    def wait_until(self, expression: str) -> None:
        """Ask again and again until the kernel says True."""
        self._wait(lambda: self.read(expression) == "True", expression)

    def collect_texts(self, last: str) -> list[str]:
        """Return what the kernel tells the page to show, until a text that has `last`."""
        texts = [""]
        while last not in texts[-1]:
            message = self.client.get_iopub_msg(timeout=PATIENCE)
            if message["msg_type"] == "comm_msg":
                state = message["content"]["data"].get("state", {})
                texts.append(str(state.get("value", "")))
        return texts

    @staticmethod
    def _wait(condition: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < end, f"{what} did not come true"


@pytest.fixture(scope="module")
def kernel() -> Iterator[Kernel]:
    manager, client = start_new_kernel(
        startup_timeout=PATIENCE, kernel_name="python3", env=os.environ.copy()
    )
    try:
        kernel = Kernel(manager, client)
        kernel.run(SET_UP)
        yield kernel
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_between_the_slices_of_a_run_the_kernel_answers(kernel):
    kernel.run("lora._form._epochs.value = 20")
    kernel.click("lora._start_button")
    kernel.wait_until("lora.running")
    kernel.run("answers = model.generate(['Describe spring'])")  # a cell, in between
    assert kernel.read("lora.running") == "True"
    assert kernel.read("len(answers)") == "1"
    kernel.click("lora._stop_button")
    kernel.wait_until("not lora.running")


def test_the_page_is_told_of_steps_and_epochs_while_nobody_runs_a_cell(kernel):
    kernel.run("lora._form._epochs.value = 20")
    kernel.click("lora._start_button")
    texts = kernel.collect_texts(last="The numbers as a table")  # after the first epoch
    assert any("live-steps" in text for text in texts)
    assert kernel.read("lora.running") == "True"
    kernel.click("lora._stop_button")
    kernel.wait_until("not lora.running")


def test_stop_keeps_what_was_finished(kernel):
    before = int(kernel.read("len(lora.runs)"))
    kernel.click("lora._start_button")
    kernel.wait_until("'After one epoch' in lora._trace_figure.value or not lora.running")
    kernel.click("lora._stop_button")
    kernel.wait_until("not lora.running")
    assert int(kernel.read("len(lora.runs)")) == before + 1
    assert 1 <= int(kernel.read("len(lora.runs[-1].trace)")) < 20


def test_two_clicks_in_a_row_start_one_run(kernel):
    before = int(kernel.read("len(lora.runs)"))
    kernel.run("lora._form._epochs.value = 1")
    kernel.click("lora._start_button")
    kernel.click("lora._start_button")
    kernel.wait_until(f"not lora.running and len(lora.runs) > {before}")
    assert int(kernel.read("len(lora.runs)")) == before + 1


def test_a_click_on_try_it_gives_ten_answers(kernel):
    kernel.click("prompts._button")
    kernel.wait_until("len(prompts.attempts) == 1")
    assert kernel.read("prompts.attempts[0].rate.n") == "10"


def test_a_cell_that_is_interrupted_keeps_the_finished_epochs(kernel):
    kernel.run("lora._form._epochs.value = 20")
    request = kernel.client.execute("run = lora.run()")
    seen = ""
    while "After one epoch" not in seen:
        message = kernel.client.get_iopub_msg(timeout=PATIENCE)
        seen = str(message["content"].get("data", {}))
    kernel.manager.interrupt_kernel()
    reply = kernel.client.get_shell_msg(timeout=PATIENCE)
    assert reply["parent_header"]["msg_id"] == request
    assert reply["content"]["status"] == "ok", reply["content"]
    assert 1 <= int(kernel.read("len(run.trace)")) < 20
