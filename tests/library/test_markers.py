"""What is generated stands between markers, and nothing else of a page is touched."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from prompt_or_tune.decision import (
    BARE,
    BRIEF,
    ENGINEERED,
    LORA,
    LORA_ENGINEERED,
    MAJORITY,
    NEAREST,
    NEW_COMBINATIONS,
    ArmResult,
    Verdict,
    judge_task,
)
from prompt_or_tune.markers import (
    MarkerError,
    fill_file,
    fill_markers,
    write_result_block,
)

PAGE = "# Title\n\n<!-- result:start -->\nold\n<!-- result:end -->\n\nMore.\n"


def test_what_stands_between_markers_is_replaced_and_nothing_else() -> None:
    filled = fill_markers(PAGE, "result", "\nnew\nlines\n")
    assert filled == PAGE.replace("old", "new\nlines")
    assert fill_markers(filled, "result", "new\nlines") == filled, "twice is once"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nothing", "has no line '<!-- result:start -->'"),
        (PAGE.replace("<!-- result:end -->", ""), "has no line '<!-- result:end -->'"),
        (PAGE + PAGE, "has 2 times the line '<!-- result:start -->'"),
        ("<!-- result:end -->\n<!-- result:start -->", "swap the two lines"),
    ],
)
def test_missing_or_doubled_markers_are_named(text: str, message: str) -> None:
    with pytest.raises(MarkerError, match=re.escape(message)):
        fill_markers(text, "result", "new")


def test_a_body_with_a_marker_is_refused() -> None:
    with pytest.raises(MarkerError, match="contains a marker"):
        fill_markers(PAGE, "result", "<!-- result:end -->")


def test_a_file_is_changed_only_when_its_block_changes(tmp_path: Path) -> None:
    path = tmp_path / "README.md"
    path.write_text(PAGE, encoding="utf-8")
    assert fill_file(path, "result", "new") is True
    assert fill_file(path, "result", "new") is False
    assert "new" in path.read_text(encoding="utf-8")
    with pytest.raises(MarkerError, match=r"README\.md: The text has no line"):
        fill_file(path, "probes", "new")


# ── The README's result ────────────────────────────────────────────────────────────────


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
    assert fill_markers(PAGE, "result", block).count("engineered prompt") >= 2
