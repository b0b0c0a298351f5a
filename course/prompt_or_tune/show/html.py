"""A document as one HTML page that needs no other file: pictures are inside it."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from prompt_or_tune.files import write_atomically
from prompt_or_tune.show.document import Document, Listing, Table, tabulate_figure


def render_document(document: Document) -> str:
    """Return a document as one HTML page that stands alone."""
    page = _templates().get_template("document.html.j2").render(document=document)
    return page + "\n"


def write_document(document: Document, path: str | Path) -> Path:
    """Write a document as HTML, whole or not at all, and return its path."""
    return write_atomically(path, render_document(document))


@lru_cache(maxsize=1)
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("prompt_or_tune.show", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
    )
    environment.tests["listing"] = lambda block: isinstance(block, Listing)
    environment.tests["table"] = lambda block: isinstance(block, Table)
    environment.filters["numbers"] = tabulate_figure
    return environment
