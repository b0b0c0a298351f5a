"""One document, and how it looks as a page, in Markdown, in a notebook, on a terminal."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from contextlib import redirect_stdout
from html.parser import HTMLParser
from pathlib import Path

import pytest
from prompt_or_tune.figures import draw_data_flow
from prompt_or_tune.show import Block, Document, Listing, Section, Table
from prompt_or_tune.show.html import render_document, write_document
from prompt_or_tune.show.markdown import render_table
from prompt_or_tune.show.terminal import Screen

HOSTILE = '<script>alert("1")</script> & <img src=x onerror=alert(1)>'

ARMS = Table(
    "What each arm got right",
    ("arm", "right", "interval", "note"),
    (
        ("bare", "0.02", "0.00–0.05", "–"),
        (HOSTILE, "0.98", "0.95–0.99", HOSTILE),
    ),
    marked=(1,),
)
FLOW = draw_data_flow()


def write(*blocks: Block, title: str = "The tour") -> str:
    sections = (Section("Results", blocks), Section("Then", ()), Section("Last", ()))
    return render_document(
        Document(title, ("The answer first.",), sections, ("Seed 0.",))
    )


class Page(HTMLParser):
    """A page's tags in order, with attributes, its ids, and what was left open."""

    VOID = frozenset({"meta", "img", "br", "link", "input"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.mismatched: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.mismatched.append(tag)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


# ── The page ───────────────────────────────────────────────────────────────────────────


def test_the_page_is_well_formed() -> None:
    page = Page(write("A paragraph.", ARMS, FLOW, Listing("a\n b")))
    assert page.mismatched == []
    assert page.open == []


def test_the_page_needs_no_other_file_and_no_network() -> None:
    page = Page(write(ARMS, FLOW))
    for _, attributes in page.tags:
        for name in ("src", "href", "srcset", "action"):
            address = attributes.get(name)
            assert address is None or address.startswith(("data:", "#")), address
    assert page.all("script") == []
    assert page.all("link") == []
    assert "@import" not in write(ARMS)
    assert "url(" not in write(ARMS)


def test_headings_are_in_order_and_contents_lead_to_them() -> None:
    page = Page(write(ARMS))
    assert [t for t, _ in page.tags if re.fullmatch(r"h\d", t)] == ["h1", *["h2"] * 3]
    ids = {attributes["id"] for attributes in page.all("h2")}
    assert {f"#{i}" for i in ids} == {a["href"] for a in page.all("a")}
    assert page.all("html")[0]["lang"] == "en"
    assert len(page.all("main")) == 1


def test_pictures_have_alt_text_and_their_numbers() -> None:
    page = Page(write(FLOW))
    (image,) = page.all("img")
    assert image["alt"] == FLOW.alt
    assert image["width"] == str(FLOW.width)
    assert "The numbers as a table" in write(FLOW)
    for row in FLOW.rows:
        assert row[1] in write(FLOW)


def test_tables_have_captions_and_headers_with_scopes() -> None:
    page = Page(write(ARMS))
    assert len(page.all("table")) == len(page.all("caption")) == 1
    assert [th["scope"] for th in page.all("th")] == ["col"] * 4 + ["row"] * 2
    assert [row.get("class") for row in page.all("tr")] == [None, None, "marked"]


def test_a_table_without_a_caption_has_no_empty_one() -> None:
    page = Page(write(Table("", ("a", "b"), (("1", "2"),))))
    assert page.all("caption") == []


def test_what_comes_from_data_is_escaped_everywhere() -> None:
    table = Table(HOSTILE, (HOSTILE,), ((HOSTILE,),))
    text = render_document(
        Document(
            HOSTILE,
            (HOSTILE,),
            (Section(HOSTILE, (HOSTILE, table, Listing(HOSTILE))),) * 3,
            (HOSTILE,),
        )
    )
    assert "<script" not in text
    assert "<img" not in text
    assert text.count("&lt;script&gt;alert(&#34;1&#34;)&lt;/script&gt;") >= 10


def test_a_dark_page_and_a_printed_one_are_provided_for() -> None:
    text = write(FLOW)
    assert "@media (prefers-color-scheme: dark)" in text
    assert "@media print" in text
    assert '<meta name="color-scheme" content="light dark">' in text


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_of_the_page_has_contrast(scheme: str) -> None:
    """WCAG 2, level AA: 4.5 for text on the page, on marked rows and on listings."""
    blocks = re.findall(r":root \{(.*?)\}", write(), re.DOTALL)
    colours = dict(re.findall(r"--(\w+): (#\w{6})", blocks[scheme == "dark"]))
    for text in ("ink", "muted", "accent"):
        for ground in ("paper", "mark", "soft"):
            assert _contrast(colours[text], colours[ground]) >= 4.5, (text, ground)


def _contrast(one: str, other: str) -> float:
    low, high = sorted(map(_luminance, (one, other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_a_page_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch) -> None:
    page = Document("The tour", ("Lead.",), (Section("One", ("Text.",)),))
    path = write_document(page, tmp_path / "out" / "tour.html")
    before = path.read_text(encoding="utf-8")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match="No space left"):
        write_document(Document("Other", (), ()), path)
    assert path.read_text(encoding="utf-8") == before
    assert [p.name for p in path.parent.iterdir()] == ["tour.html"]


# ── Tables ─────────────────────────────────────────────────────────────────────────────


def test_a_row_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="Row 2 of the table “T” has 1 cells for 2"):
        Table("T", ("a", "b"), (("1", "2"), ("3",)))


def test_columns_of_numbers_are_recognised() -> None:
    table = Table(
        "",
        ("arm", "rate", "interval", "price", "p", "note", "blank"),
        (
            ("1", "0.98 [0.95–0.99]", "95%–99%", "$1,200.50", "<0.001", "4 lines", "–"),
            ("2", "–", "0.1 to 0.2", "≈ 3.5", "1e-05", "7", ""),
        ),
    )
    assert table.numeric == {1, 2, 3, 4}, "names, sentences and empty columns are not"


# ── Markdown ───────────────────────────────────────────────────────────────────────────


def test_markdown_shows_cells_as_they_are() -> None:
    text = render_table(
        Table(
            "", ("arm", "n"), (("a|b *c* [d](e) <f> $5$\nnew `x`", "1"), ("g", "2")), (1,)
        )
    )
    assert text.splitlines() == [
        "| arm | n |",
        "| --- | ---: |",
        r"| a\|b \*c\* \[d\](e) &lt;f> \$5\$ new \`x\` | 1 |",
        "| **g** | **2** |",
    ]


def test_a_document_is_made_without_any_library_that_renders() -> None:
    look = (
        "import sys, prompt_or_tune.show\n"
        "heavy = {'matplotlib', 'rich', 'jinja2', 'IPython'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", look], check=True)


# ── A notebook ─────────────────────────────────────────────────────────────────────────


def test_in_a_notebook_numbers_are_set_to_the_right_and_text_is_escaped() -> None:
    shown = Table("A < B", ("arm", "n"), (("<b>", "7"),))._repr_html_()
    assert "A &lt; B" in shown
    assert '<th scope="row" style="text-align:left">&lt;b&gt;</th>' in shown
    assert '<td style="text-align:right">7</td>' in shown


# ── A terminal ─────────────────────────────────────────────────────────────────────────


def show_on_screen(*blocks: Block) -> list[str]:
    out = io.StringIO()
    with redirect_stdout(out), pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", "60")
        Screen().section(Section("Results", blocks))
    return [line.rstrip() for line in out.getvalue().splitlines()]


def test_a_section_is_its_heading_and_its_blocks_in_order() -> None:
    shown = show_on_screen("Text.", "", Listing("a\n  b"), Table("C", ("x",), (("1",),)))
    assert shown == ["", "Results", "Text.", "", "  a", "    b", "C", "x", "─", "1"]


def test_numbers_are_set_to_the_right() -> None:
    table = Table("", ("arm", "right"), (("a", "0.5"), ("b", "0.75")))
    assert show_on_screen(table)[-2:] == ["a       0.5", "b      0.75"]


def test_a_table_whose_columns_have_no_names_is_a_list() -> None:
    assert show_on_screen(Table("", ("", ""), (("python", "3"),)))[2:] == [
        "  python    3"
    ]


def test_of_a_figure_a_terminal_shows_the_numbers() -> None:
    assert "The numbers of the figure" in " ".join(show_on_screen(FLOW))


def test_what_a_model_says_cannot_command_the_terminal() -> None:
    (*_, said) = show_on_screen(Listing("\x1b]0;title\x07[bold]é\x9b31m"))
    assert said == "  �]0;title�[bold]é�31m"
