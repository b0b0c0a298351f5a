"""Tables and figures as HTML for a notebook, where no style sheet of ours is."""

from __future__ import annotations

import html
from collections.abc import Collection, Sequence

from prompt_or_tune.show.palette import CARD

NO_FORMULAS = "mathjax_ignore tex2jax_ignore"
"""Classes that keep notebooks from setting "$5 and $6" as a formula (MathJax 3, 2)."""


def table_html(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    numeric: Collection[int] | None = None,
) -> str:
    """Return a table as HTML, escaped; the first cell of a row is its header.

    With `numeric`, those columns are set to the right and the others to the left; without
    it the page's own style decides.
    """
    style = [_align(index, numeric) for index in range(len(columns))]
    head = "".join(
        f'<th scope="col"{style[i]}>{html.escape(name)}</th>'
        for i, name in enumerate(columns)
    )
    body = "".join(
        "<tr>"
        + f'<th scope="row"{style[0]}>{html.escape(row[0])}</th>'
        + "".join(
            f"<td{style[i]}>{html.escape(cell)}</td>" for i, cell in enumerate(row) if i
        )
        + "</tr>"
        for row in rows
    )
    return (
        f'<table class="{NO_FORMULAS}"><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table>"
    )


def _align(column: int, numeric: Collection[int] | None) -> str:
    if numeric is None:
        return ""
    side = "right" if column in numeric else "left"
    return f' style="text-align:{side}"'


def captioned(caption: str, table: str) -> str:
    """Return a table's HTML with its caption, escaped, above it."""
    return f'<p class="{NO_FORMULAS}">{html.escape(caption)}</p>{table}'


def picture_html(address: str, *, alt: str, note: str, numbers: str) -> str:
    """Return a picture as HTML: with alt text, its reading, and its numbers folded.

    `address` is the picture's, `numbers` the HTML of the table; texts are escaped here.
    """
    return (
        f'<figure class="drawing {NO_FORMULAS}" style="margin:1em 0;max-width:46em">'
        f'<img src="{address}" alt="{html.escape(alt)}" '
        f'style="width:100%;height:auto;background:{CARD};border-radius:8px">'
        f"<figcaption>{html.escape(note)}</figcaption>"
        f"<details><summary>The numbers as a table</summary>{numbers}</details>"
        "</figure>"
    )
