"""Pages quote what was measured: no figure in them is typed by hand."""

from __future__ import annotations

import pytest
from prompt_or_tune.decision.results import ArmResult
from prompt_or_tune.decision.tasks.brief import BRIEF
from prompt_or_tune.decision.tasks.task import NEW_COMBINATIONS
from prompt_or_tune.decision.verdict import Verdict, judge_task

from solutions.workshop.markers import fill_markers
from solutions.workshop.pages import PICTURE, README, list_blocks, write_result_block
from tests.library.arm_names import (
    BARE,
    ENGINEERED,
    LORA,
    LORA_ENGINEERED,
    MAJORITY,
    NEAREST,
)


@pytest.mark.parametrize("name", ["probes", "pretraining", "lessons", "counts", "result"])
def test_a_generated_stretch_is_what_the_recorded_files_say(name: str) -> None:
    (block,) = [block for block in list_blocks() if block[1] == name]
    page, _, body = block
    text = page.read_text(encoding="utf-8")
    assert fill_markers(text, name, body) == text


def test_the_readme_shows_its_figure_with_a_text_for_those_who_cannot_see_it() -> None:
    text = README.read_text(encoding="utf-8")
    assert PICTURE.exists()
    assert f'src="{PICTURE.relative_to(README.parent).as_posix()}" alt="' in text


def judge_brief() -> tuple[list[ArmResult], Verdict]:
    rates = {
        BARE: 10,
        ENGINEERED: 195,
        LORA: 188,
        LORA_ENGINEERED: 196,
        NEAREST: 4,
        MAJORITY: 2,
    }
    results = [
        ArmResult(
            "brief", NEW_COMBINATIONS, arm, (True,) * hits + (False,) * (200 - hits),
            prompt_tokens=12.0, response_tokens=30.0, flops_per_query=1.0,
            seconds_per_query=0.1, labels=1000 if "LoRA" in arm else 0,
        )
        for arm, hits in rates.items()
    ]  # fmt: skip
    return results, judge_task(BRIEF, results)


def test_the_result_block_has_figure_table_and_verdict() -> None:
    results, verdict = judge_brief()
    block = write_result_block(results, [verdict], "figures/result.png")
    image, table, sentences = block.split("\n\n")
    assert 'src="figures/result.png"' in image
    assert "Prompting wins the brief. " in image
    assert "| The brief | engineered prompt | 0.97" in table
    assert "LoRA + engineered 0.98 | nearest pair 0.02 |" in table
    assert sentences.startswith("- The brief: engineered prompt wins")
