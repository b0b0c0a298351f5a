"""Pages quote what was measured: no figure in them is typed by hand."""

from __future__ import annotations

import pytest
from prompt_or_tune.markers import fill_markers
from prompt_or_tune.pages import PICTURE, README, list_blocks


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
