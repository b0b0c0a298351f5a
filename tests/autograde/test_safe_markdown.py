"""A student's Markdown in an instructor's browser: every word, and nothing that runs."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograde.safe_markdown import ATTRIBUTES, TAGS, render_markdown


class Page(HTMLParser):
    """What a browser makes of HTML: its tags with their attributes, and its words."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def show(markdown: str) -> str:
    """Return the words that an instructor reads."""
    return Page(render_markdown(markdown)).text.strip()


@pytest.mark.parametrize(
    "words",
    [
        "if a < b and c > d",
        "if a <b and c> d",
        "My <Answer> is x<y.",
        "a List<int> and a Dict<str, int> of it",
        "x <- y, and a --> b",
        "the tag <br is never closed",
        "<!-- I was not sure --> about this",
        "Tom & Jerry &c.",
    ],
)
def test_what_only_looks_like_a_tag_is_read_as_it_was_written(words: str):
    assert show(words) == words


def test_text_between_tags_that_are_not_allowed_is_kept():
    assert show("<details>because</details>") == "<details>because</details>"
    assert show("<script>because()</script>") == "<script>because()</script>"
    assert show("<style>p {}</style> because") == "<style>p {}</style> because"


def test_markdown_is_still_markdown():
    html = render_markdown(
        "# Why\n\nIt is **so**, as [they](https://e.org 't') say: `a<b`.\n\n"
        "- one\n\n|a|b|\n|-|-|\n|1|2|\n"
    )
    page = Page(html)
    assert {"h1", "strong", "a", "code", "li", "table", "td"} <= {t for t, _ in page.tags}
    assert "a<b" in page.text
    links = [attributes for tag, attributes in page.tags if tag == "a"]
    assert {"href": "https://e.org", "title": "t"}.items() <= links[-1].items()


HOSTILE = [
    "<script>steal()</script>",
    "<b onclick='steal()'>b</b>",
    '<a href="javascript:steal()">a</a>',
    "[a](javascript:steal())",
    '<a href=" jav&#x09;ascript:steal()">a</a>',
    "[a](data:text/html,<script>steal()</script>)",
    '<img src=x onerror="steal()">',
    "![picture](https://elsewhere.example/seen.png)",
    "<svg/onload=steal()>",
    "<iframe src='https://elsewhere.example'></iframe>",
    "<math><mtext><table><mglyph><style><img src=x onerror=steal()>",
    "<form action=https://elsewhere.example><input name=x></form>",
    "<textarea><script>steal()</script>",
    "<scr<script>ipt>steal()</script>",
    "<p style='position:fixed'>over everything</p>",
    "<meta http-equiv=refresh content='0;url=https://elsewhere.example'>",
    "```html\n<script>steal()</script>\n```",
]


def find_faults(html: str) -> list[object]:
    """Return what could run, load or cover something on the page."""
    allowed = {*(name for names in ATTRIBUTES.values() for name in names), "rel"}
    found: list[object] = []
    for tag, attributes in Page(html).tags:
        address = (attributes.get("href") or "").strip()
        scheme, colon, _ = address.partition(":")
        if tag not in TAGS or not attributes.keys() <= allowed:
            found.append((tag, attributes))
        if colon and scheme.lower() not in ("http", "https", "mailto"):
            found.append(address)
    return found


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_runs_and_nothing_is_loaded(text: str):
    assert find_faults(render_markdown(text)) == []


pieces = st.sampled_from(
    [*HOSTILE, "<", ">", "</", "/>", "'", '"', "=", " ", "\n\n", "`", "&lt;", "<a ", "b"]
)


@given(st.lists(pieces, max_size=8).map("".join))
def test_no_mixture_of_it_runs_either(text: str):
    assert find_faults(render_markdown(text)) == []
