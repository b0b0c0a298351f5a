"""Write what was measured for people to read: an HTML report, and tables in Markdown.

A report is one file that needs no other: pictures are inside it, nothing is fetched. All
text that comes from data (prompts, answers, names of arms) is escaped.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from prompt_or_tune.figures import Drawing
from prompt_or_tune.figures.drawing import NO_FORMULAS, table_html
from prompt_or_tune.files import write_atomically


@dataclass(frozen=True)
class Table:
    """A table with its caption.

    The first cell of a row is its header. Columns whose cells are numbers are set to the
    right; `marked` are the rows to bring forward (a winner), by their index.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    marked: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        for number, row in enumerate(self.rows, 1):
            if len(row) != len(self.columns):
                raise ValueError(
                    f"Row {number} of the table “{self.caption}” has {len(row)} cells "
                    f"for {len(self.columns)} columns."
                )

    @property
    def numeric(self) -> frozenset[int]:
        """Return the columns that hold numbers only (dashes and blanks set aside)."""
        found = set()
        for column in range(1, len(self.columns)):
            cells = [row[column] for row in self.rows]
            if any(map(_is_number, cells)) and all(
                _is_number(cell) or cell in _NO_NUMBER for cell in cells
            ):
                found.add(column)
        return frozenset(found)

    def _repr_html_(self) -> str:
        """Show the table in a notebook, where neither style sheet nor template is."""
        table = table_html(self.columns, self.rows, numeric=self.numeric)
        return f'<p class="{NO_FORMULAS}">{html.escape(self.caption)}</p>{table}'


_NO_NUMBER = ("", "–", "—", "never", "not measured", "not measured yet")


_NUMBER = re.compile(
    r"[<>≈±×$€£\s]*[-−+]?\d(?:[\d\s.,/%×+–()\[\]$€£-]|e[-+]?\d|to|[kMGTPE])*"
)


def _is_number(cell: str) -> bool:
    """Return whether a cell reads as a number: with unit, sign, interval or share."""
    return _NUMBER.fullmatch(cell) is not None


@dataclass(frozen=True)
class Listing:
    """Text to be shown letter by letter: a prompt, a JSON line, a trace for terminals."""

    text: str


Block = str | Listing | Table | Drawing
"""What a section is made of; a plain text is a paragraph."""


@dataclass(frozen=True)
class Section:
    """A part of a report under its own heading."""

    heading: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Report:
    """A page: the answer first (`lead`), then the evidence, then how it was made."""

    title: str
    lead: tuple[str, ...]
    sections: tuple[Section, ...]
    colophon: tuple[str, ...] = ()


def render_report(report: Report) -> str:
    """Return a report as one HTML page that stands alone."""
    page = _templates().get_template("report.html.j2").render(report=report)
    return page + "\n"


def write_report(report: Report, path: str | Path) -> Path:
    """Write a report as HTML, whole or not at all, and return its path."""
    return write_atomically(path, render_report(report))


@lru_cache(maxsize=1)
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("prompt_or_tune", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
    )
    environment.tests["drawing"] = lambda block: isinstance(block, Drawing)
    environment.tests["listing"] = lambda block: isinstance(block, Listing)
    environment.tests["table"] = lambda block: isinstance(block, Table)
    environment.filters["as_table"] = _tabulate_drawing
    return environment


def _tabulate_drawing(drawing: Drawing) -> Table:
    return Table(
        f"The numbers of the figure: {drawing.title}", drawing.columns, drawing.rows
    )


# ── Markdown ───────────────────────────────────────────────────────────────────────────


def markdown_table(table: Table) -> str:
    """Return a table in Markdown, its caption above; marked rows are bold."""
    numeric = table.numeric
    rule = ["---:" if i in numeric else "---" for i in range(len(table.columns))]
    lines = [table.caption, ""] if table.caption else []
    lines += [_markdown_row(table.columns), _markdown_row(rule, escape=False)]
    for index, row in enumerate(table.rows):
        cells = [escape_cell(cell) for cell in row]
        if index in table.marked:
            cells = [f"**{cell}**" if cell else cell for cell in cells]
        lines.append(_markdown_row(cells, escape=False))
    return "\n".join(lines)


def _markdown_row(cells: Sequence[str], *, escape: bool = True) -> str:
    return "| " + " | ".join(map(escape_cell, cells) if escape else cells) + " |"


def escape_cell(cell: str) -> str:
    """Return a text that Markdown shows as it is, inside a table's cell."""
    one_line = " ".join(cell.split())
    escaped = re.sub(r"([\\`*_\[\]|~$])", r"\\\1", one_line)
    return escaped.replace("&", "&amp;").replace("<", "&lt;")
