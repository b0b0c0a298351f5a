"""What stands in a lab for a reader: all its texts, without the marks of HTML."""

from __future__ import annotations

import html
import re
from typing import Any

import ipywidgets


def all_widgets(box: Any) -> list[Any]:
    """Return the widgets in a box and in the boxes inside it."""
    found = []
    for child in getattr(box, "children", ()):
        found += [child, *all_widgets(child)]
    return found


def shown_html(lab: Any) -> str:
    """Return the HTML of all texts of a lab."""
    return "".join(w.value for w in all_widgets(lab) if isinstance(w, ipywidgets.HTML))


def shown_text(lab: Any) -> str:
    """Return the texts of a lab as a reader sees them."""
    bare = re.sub(r"<style>.*?</style>|<[^>]*>", " ", shown_html(lab), flags=re.S)
    return html.unescape(bare)


def find(lab: Any, description: str) -> Any:
    """Return the one control of a lab with this description."""
    (found,) = [
        w for w in all_widgets(lab) if getattr(w, "description", "") == description
    ]
    return found
