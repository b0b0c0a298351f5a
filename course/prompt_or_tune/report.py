"""Write what was measured for people to read: an HTML report, and blocks in Markdown.

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
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined

from prompt_or_tune.decision.tasks import find_spec
from prompt_or_tune.figures import Drawing, Family, draw_results, family_of, name_arm
from prompt_or_tune.figures.drawing import NO_FORMULAS, table_html
from prompt_or_tune.files import write_atomically

if TYPE_CHECKING:
    from prompt_or_tune.decision.arms import ArmResult
    from prompt_or_tune.decision.tasks import TaskSpec
    from prompt_or_tune.decision.verdicts import Verdict


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


# ── The README's result ────────────────────────────────────────────────────────────────


def write_result_block(
    results: Sequence[ArmResult], verdicts: Sequence[Verdict], picture: str
) -> str:
    """Return the README's result in Markdown: the figure, a table, the verdicts.

    `picture` is the address of the saved `draw_results` figure, from the README.
    """
    drawing = draw_results(results, verdicts)
    image = (
        f'<img src="{html.escape(picture)}" alt="{html.escape(drawing.alt)}" width="720">'
    )
    sentences = "\n".join(f"- {_escape_cell(v.sentence)}" for v in verdicts)
    table = markdown_table(tabulate_results(results, verdicts))
    return "\n\n".join([image, table, sentences])


def tabulate_results(results: Sequence[ArmResult], verdicts: Sequence[Verdict]) -> Table:
    """Return a row per task and decisive test: the winner beside its strongest rivals."""
    rows = []
    for verdict in verdicts:
        spec = find_spec(verdict.task)
        for test in spec.decisive:
            found = [r for r in results if (r.task, r.test) == (spec.name, test)]
            if found:
                rows.append(
                    _compare_winner(spec, test, found, verdict.recommendation.arm)
                )
    return Table(
        "",
        ("task, on queries never trained on", "wins", "right [95 % interval]",
         "tokens a query", "best prompt", "best tuned", "best without a model"),
        tuple(rows),
    )  # fmt: skip


def _compare_winner(
    spec: TaskSpec, test: str, results: Sequence[ArmResult], winner: str
) -> tuple[str, ...]:
    """Return the winner's numbers on a test, and the best of each side."""
    won = next(r for r in results if r.arm == winner)
    where = f"{spec.title}: {test}" if len(spec.decisive) > 1 else spec.title
    return (
        where,
        name_arm(winner, spec),
        f"{won.rate.rate:.2f} [{won.rate.low:.2f}–{won.rate.high:.2f}]",
        f"{won.prompt_tokens + won.response_tokens:.0f}",
        _name_best(spec, results, ("base", "prompted")),
        _name_best(spec, results, ("tuned", "both")),
        _name_best(spec, results, ("rival",)),
    )


def _name_best(
    spec: TaskSpec, results: Sequence[ArmResult], families: Sequence[Family]
) -> str:
    """Return the best arm of some families with its rate."""
    able = [r for r in results if family_of(r.arm) in families]
    if not able:
        return "–"
    best = max(able, key=lambda r: r.rate.rate)
    return f"{name_arm(best.arm, spec)} {best.rate.rate:.2f}"


# ── Markdown between markers ───────────────────────────────────────────────────────────


class MarkerError(ValueError):
    """Say in one sentence which marker of a text is missing, doubled or out of order."""


def fill_markers(text: str, name: str, body: str) -> str:
    """Return a text with what stands between the markers of a name replaced.

    The markers are the lines `<!-- NAME:start -->` and `<!-- NAME:end -->`; they stay.
    Raises MarkerError when one is missing, stands twice, or the two stand the wrong way
    round: nothing is guessed.
    """
    begin, end = f"<!-- {name}:start -->", f"<!-- {name}:end -->"
    for marker in (begin, end):
        found = text.count(marker)
        if found != 1:
            problem = "has no line" if not found else f"has {found} times the line"
            raise MarkerError(f"The text {problem} {marker!r}: put it in exactly once.")
    if text.index(begin) > text.index(end):
        raise MarkerError(f"{end!r} stands before {begin!r}: swap the two lines.")
    if begin in body or end in body:
        raise MarkerError(f"The new text for {name!r} contains a marker of that name.")
    before, rest = text.split(begin)
    _, after = rest.split(end)
    return f"{before}{begin}\n{body.strip(chr(10))}\n{end}{after}"


def fill_file(path: str | Path, name: str, body: str) -> bool:
    """Fill the markers of a name in a file; return whether that changed the file.

    Raises MarkerError, naming the file; the file is left as it was.
    """
    path = Path(path)
    text = path.read_text(encoding="utf-8")
    try:
        filled = fill_markers(text, name, body)
    except MarkerError as error:
        raise MarkerError(f"{path}: {error}") from error
    if filled != text:
        write_atomically(path, filled)
    return filled != text


def markdown_table(table: Table) -> str:
    """Return a table in Markdown, its caption above; marked rows are bold."""
    numeric = table.numeric
    rule = ["---:" if i in numeric else "---" for i in range(len(table.columns))]
    lines = [table.caption, ""] if table.caption else []
    lines += [_markdown_row(table.columns), _markdown_row(rule, escape=False)]
    for index, row in enumerate(table.rows):
        cells = [_escape_cell(cell) for cell in row]
        if index in table.marked:
            cells = [f"**{cell}**" if cell else cell for cell in cells]
        lines.append(_markdown_row(cells, escape=False))
    return "\n".join(lines)


def _markdown_row(cells: Sequence[str], *, escape: bool = True) -> str:
    return "| " + " | ".join(map(_escape_cell, cells) if escape else cells) + " |"


def _escape_cell(cell: str) -> str:
    """Return a text that Markdown shows as it is, inside a table's cell."""
    one_line = " ".join(cell.split())
    escaped = re.sub(r"([\\`*_\[\]|~$])", r"\\\1", one_line)
    return escaped.replace("&", "&amp;").replace("<", "&lt;")
