"""What is shown, before it is known where: a document of sections, and their blocks.

`terminal`, `html`, `markdown` and `notebook` render it; what comes from data (prompts,
answers, names of arms) is escaped there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol

from prompt_or_tune.show.notebook import captioned, table_html


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
        table = table_html(self.columns, self.rows, numeric=self.numeric)
        return captioned(self.caption, table)


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


class Figure(Protocol):
    """A picture with its message, its reading and its numbers; `figures` draws them.

    `title` is the message, `note` says how to read it, `alt` is for those who cannot see
    it; `columns` and `rows` are its numbers as a table; its size is in pixels.
    """

    @property
    def title(self) -> str: ...
    @property
    def note(self) -> str: ...
    @property
    def alt(self) -> str: ...
    @property
    def columns(self) -> tuple[str, ...]: ...
    @property
    def rows(self) -> tuple[tuple[str, ...], ...]: ...
    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...

    def data_uri(self) -> str:
        """Return the picture as a `data:` address, for pages that stand alone."""


def tabulate_figure(figure: Figure) -> Table:
    """Return the numbers of a figure as a table."""
    caption = f"The numbers of the figure: {figure.title}"
    return Table(caption, figure.columns, figure.rows)


Block = str | Listing | Table | Figure
"""What a section is made of; a text is a paragraph, an empty one a blank line."""


@dataclass(frozen=True)
class Section:
    """A part of a document under its own heading."""

    heading: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Document:
    """A page: the answer first (`lead`), then the evidence, then how it was made."""

    title: str
    lead: tuple[str, ...]
    sections: tuple[Section, ...]
    colophon: tuple[str, ...] = ()
