"""One way to show: a document, rendered for a terminal, a page, Markdown, a notebook."""

from prompt_or_tune.show.document import Block, Document, Figure, Listing, Section, Table

__all__ = ["Block", "Document", "Figure", "Listing", "Section", "Table"]
