"""The text around the code: what to see, what to guess, and no figure typed by hand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from prompt_or_tune import figures
from prompt_or_tune.figures import Drawing
from prompt_or_tune.syllabus import NOTEBOOKS

from solutions.workshop.percent import Cell, read_percent

ROOT = Path(__file__).parents[2]
NAMES = [notebook.name for notebook in NOTEBOOKS]
every_notebook = pytest.mark.parametrize("name", NAMES)


def cells_of(name: str) -> tuple[Cell, ...]:
    return read_percent(ROOT / "solutions" / f"{name}.py")


def prose_of(name: str) -> str:
    """Return all Markdown of a notebook, without code."""
    text = "\n\n".join(c.text for c in cells_of(name) if c.kind == "markdown")
    return re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)


# ── Figures ────────────────────────────────────────────────────────────────────────────

NO_FIGURES = {
    "draw_data_flow",  # the same strip everywhere: its own note says how to read it
    "draw_bars",  # text for terminals
}
WHAT_TO_SEE = re.compile(
    r"\b(see|look|compare|expect|read|reads|follow|watch|notice|shows?|find|count|here"
    r"|where|against)\b|\?",
    re.IGNORECASE,
)
"""A pointer to what the figure shows, or a question that it answers."""


def list_drawing_functions(cell: Cell) -> list[str]:
    """Return the figures that a cell shows; tests and answers show none."""
    names = re.findall(r"\b(draw_\w+)\(", cell.text) if cell.is_demonstration else []
    return [name for name in names if name not in NO_FIGURES]


@every_notebook
def test_beside_every_figure_stands_a_sentence_that_says_what_to_see(name):
    cells = cells_of(name)
    alone = [
        f"line {cell.line}: {', '.join(list_drawing_functions(cell))}"
        for at, cell in enumerate(cells)
        if list_drawing_functions(cell)
        and not any(map(WHAT_TO_SEE.search, neighbours(cells, at)))
    ]
    assert alone == []


def neighbours(cells: tuple[Cell, ...], at: int) -> Iterator[str]:
    """Yield the Markdown nearest to a cell, before it and after it."""
    before = (c.text for c in reversed(cells[:at]) if c.kind == "markdown")
    after = (c.text for c in cells[at + 1 :] if c.kind == "markdown")
    yield from (text for text in (next(before, ""), next(after, "")) if text)


@every_notebook
def test_figures_come_from_the_library_where_title_labels_and_units_are_tested(name):
    tested = "".join(
        file.read_text(encoding="utf-8")
        for file in (ROOT / "tests" / "library").glob("test_*.py")
    )
    for function in {f for cell in cells_of(name) for f in list_drawing_functions(cell)}:
        assert function in figures.__all__, f"{function} is not among the figures"
        made = getattr(figures, function).__annotations__["return"]
        assert made in ("Drawing", Drawing), f"{function} gives no alt text"
        assert re.search(rf"\b{function}\b", tested), f"{function} has no test"


@every_notebook
def test_no_notebook_draws_with_matplotlib_itself(name):
    code = "\n".join(cell.text for cell in cells_of(name) if cell.kind == "code")
    assert re.findall(r"matplotlib|pyplot|\bplt\b", code) == []


# ── Numbers ────────────────────────────────────────────────────────────────────────────

NUMBER = re.compile(r"\d+(?:\.\d+)? ?%|(?<![\w.-])[−-]?\d+\.\d+(?![\w.])")
CITATION = re.compile(
    r"et al|& \w+|\b(?:19|20)\d\d\b|PEFT's benchmark|https://|a vendor's"
)
REFERENCE_TRACE = {
    "0.45", "0.30", "0.20", "0.18", "0.17", "0.60", "0.75", "0.85", "0.88", "0.89",
}  # fmt: skip
DEFINITIONS = {
    "95 %",  # the confidence of every interval
    "1.96",  # the quantile that belongs to it
    "0.05",  # the level of every test
}
EXAMPLES = {
    # Made up to be thought about, and said to be so; nothing was measured.
    "02_prompt_engineering": {"100 %", "85 %", "75 %"},
    "05_prediction": {"71 %", "68 %"},
    # A slogan that is quoted to be refuted.
    "04_fine_tuning": {"0.1 %"},
    # Two made-up graders of a course elsewhere, whose p-value is arithmetic.
    "01_input_data": {"0.25"},
}


def list_typed_numbers(text: str) -> list[str]:
    """Return decimals and percentages of a text that no citation stands beside."""
    found = []
    for paragraph in re.split(r"\n\s*\n|\n(?=\s*(?:[-*|]|\d+\.) )", text):
        if not CITATION.search(paragraph):
            found += NUMBER.findall(re.sub(r"\{\{.*?\}\}", "", paragraph))
    return found


@every_notebook
def test_no_measured_number_is_typed(name):
    """Such numbers come from `{{ facts }}` or from the output of a cell."""
    allowed = REFERENCE_TRACE | DEFINITIONS | EXAMPLES.get(name, set())
    assert [n for n in list_typed_numbers(prose_of(name)) if n not in allowed] == []


@pytest.mark.parametrize(
    "text",
    ["LoRA is right in 0.93 of them.", "It wins by 12 %.", "- first\n- then 3.5 points"],
)
def test_a_typed_number_would_be_found(text):
    assert list_typed_numbers(text) != []


@pytest.mark.parametrize(
    "text",
    [
        "LoRA is right in {{ voice_lora }} of them.",
        "It got 63.8 % (Hu et al., 2021).",
        "SmolLM2-1.7B and version 5.23.0 are names.",
    ],
)
def test_facts_citations_and_names_are_no_typed_numbers(text):
    assert list_typed_numbers(text) == []


# ── Parts that every notebook has ──────────────────────────────────────────────────────


@every_notebook
def test_it_asks_for_a_guess_before_it_shows_the_answer(name):
    text = "\n".join(cell.text for cell in cells_of(name))
    asked = re.findall(r"\bpredict|guess\b|\bexpect\b", text, re.IGNORECASE)
    assert len(asked) >= (2 if name == "07_quiz" else 3)  # which is all questions


@every_notebook
def test_what_carries_over_is_said_with_its_source(name):
    parts = re.split(r"^## ", prose_of(name), flags=re.MULTILINE)
    (part,) = [p for p in parts if p.startswith("What carries over to large models")]
    assert CITATION.search(part)
