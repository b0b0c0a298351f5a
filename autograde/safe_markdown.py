"""Show a student's Markdown in an instructor's browser: all of it, and no script.

nh3 takes out what is not allowed, and with some tags also what stands between them. So
whatever is no allowed tag is escaped first: it is read as the text that it was.
"""

from __future__ import annotations

import re

import nh3
from nbconvert.filters import markdown2html

TAGS = set(
    "a abbr acronym b blockquote code em i li ol strong ul h1 h2 h3 h4 h5 h6 p pre br hr "
    "div span del table thead tbody tr th td".split()
)
"""What Markdown becomes. No pictures: who opens one tells its server."""
ATTRIBUTES = {"a": {"href", "title"}, "abbr": {"title"}, "acronym": {"title"}}
ADDRESSES = {"http", "https", "mailto"}

_ATTRIBUTE = r"""\s+[\w:-]+\s*=\s*(?:"[^"<>]*"|'[^'<>]*'|[^\s"'<>=]+)"""
_NO_TAG = re.compile(
    rf"<(?!/?(?:{'|'.join(sorted(TAGS))})(?:{_ATTRIBUTE})*\s*/?>)", re.IGNORECASE
)


def render_markdown(text: str) -> str:
    """Return Markdown as HTML that runs no script and loads nothing from elsewhere.

    `if a <b and c> d` stays that, and so do `<Answer>` and `<script>`, as text.
    """
    return nh3.clean(
        _NO_TAG.sub("&lt;", markdown2html(text)),
        tags=TAGS,
        attributes=ATTRIBUTES,
        url_schemes=ADDRESSES,
        clean_content_tags=set(),
    )
