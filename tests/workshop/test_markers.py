"""What stands between two markers of a page is replaced, and nothing is guessed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from solutions.workshop.markers import MarkerError, fill_file, fill_markers

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
