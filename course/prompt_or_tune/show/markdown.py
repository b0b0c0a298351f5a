"""Tables and texts in Markdown, for READMEs and cards."""

from __future__ import annotations

import re
from collections.abc import Iterable

from prompt_or_tune.show.document import Table


def render_table(table: Table) -> str:
    """Return a table in Markdown, its caption above; marked rows are bold."""
    numeric = table.numeric
    rule = ["---:" if i in numeric else "---" for i in range(len(table.columns))]
    lines = [table.caption, ""] if table.caption else []
    lines += [_join(map(escape_text, table.columns)), _join(rule)]
    for index, row in enumerate(table.rows):
        cells = [escape_text(cell) for cell in row]
        if index in table.marked:
            cells = [f"**{cell}**" if cell else cell for cell in cells]
        lines.append(_join(cells))
    return "\n".join(lines)


def _join(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def escape_text(text: str) -> str:
    """Return a text on one line that Markdown shows as it is, in a table's cell too."""
    one_line = " ".join(text.split())
    escaped = re.sub(r"([\\`*_\[\]|~$])", r"\\\1", one_line)
    return escaped.replace("&", "&amp;").replace("<", "&lt;")
