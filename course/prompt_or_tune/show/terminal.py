"""Sections and their blocks on a terminal."""

from __future__ import annotations

from rich import box
from rich.console import Console, JustifyMethod
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text

from prompt_or_tune.show.document import Block, Listing, Section, Table, tabulate_figure


class Screen:
    """Prints results to stdout. Rich honours NO_COLOR and the terminal's width."""

    def __init__(self) -> None:
        self._console = Console(highlight=False)

    def section(self, section: Section) -> None:
        """Print a section: a blank line, its heading, its blocks."""
        self._console.print()
        self._console.print(make_text(section.heading, style="bold"))
        for block in section.blocks:
            self.block(block)

    def block(self, block: Block) -> None:
        """Print a block; of a figure its numbers, as a table."""
        match block:
            case str():
                self._console.print(make_text(block))
            case Listing():
                self._console.print(Padding(make_text(block.text), (0, 0, 0, 2)))
            case Table():
                self._table(block)
            case _:
                self._table(tabulate_figure(block))

    def _table(self, table: Table) -> None:
        """Print a table below its caption; marked rows stand out."""
        if table.caption:
            self._console.print(make_text(table.caption, style="dim"))
        self._console.print(_draw_grid(table))


def _draw_grid(table: Table) -> Grid:
    """Return a table for Rich; one whose columns have no names is set as a list."""
    named = any(table.columns)
    if named:
        grid = Grid(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    else:
        grid = Grid(box=None, show_header=False, padding=(0, 2))
    for index, name in enumerate(table.columns):
        justify: JustifyMethod = "right" if named and index in table.numeric else "left"
        grid.add_column(name, justify=justify, overflow="fold")
    for index, row in enumerate(table.rows):
        style = "bold" if index in table.marked else ""
        grid.add_row(*map(make_text, row), style=style)
    return grid


def make_text(text: str, style: str = "") -> Text:
    """Return a text for printing: nothing in it is markup, or commands the terminal.

    A model may answer anything, escape sequences too.
    """
    harmless = "".join(c if c.isprintable() or c == "\n" else "�" for c in text)
    return Text(harmless, style=style)
