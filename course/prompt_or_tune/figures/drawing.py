"""What every figure shares: a palette, a scale of type, a light card, and its alt text.

A figure is a `Drawing`: the picture, the message it was drawn for, the sentence that says
how to read it, a text for those who cannot see it, and its numbers as a table. Nothing
here touches pyplot's global state.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache, wraps
from pathlib import Path
from typing import Any, Literal, ParamSpec

import matplotlib.style
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.text import Annotation, Text
from matplotlib.transforms import Bbox

from prompt_or_tune.decision.arms.arm import Family
from prompt_or_tune.files import write_atomically
from prompt_or_tune.show.notebook import picture_html, table_html
from prompt_or_tune.show.palette import CARD, FAINT, GRID, INK, MUTED

MARKERS: dict[Family, str] = {
    "base": "o",
    "prompted": "s",
    "tuned": "o",
    "both": "D",
    "rival": "^",
}

WIDTH = 6.4  # inches; every figure has this width, so type has one size on a page
MARGIN = 0.16  # inches
TITLE_SIZE, LABEL_SIZE, SMALL_SIZE = 13.0, 11.0, 10.0  # points
RESOLUTION = 160  # dots per inch

STYLE: dict[str, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # the one family that ships with matplotlib
    "font.size": LABEL_SIZE,
    "text.color": INK,
    "text.parse_math": False,  # a reader's "$5 and $6" is text, not mathematics
    "figure.facecolor": CARD,
    "savefig.facecolor": CARD,
    "axes.facecolor": "none",
    "axes.edgecolor": FAINT,
    "axes.labelcolor": MUTED,
    "axes.labelsize": LABEL_SIZE,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.titlelocation": "left",
    "axes.titlesize": LABEL_SIZE,
    "axes.titlecolor": INK,
    "axes.titleweight": "bold",
    "axes.unicode_minus": True,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "xtick.labelsize": SMALL_SIZE,
    "ytick.labelsize": SMALL_SIZE,
    "lines.linewidth": 2.0,
    "lines.markersize": 6.0,
    "svg.hashsalt": "prompt-or-tune",
}


@dataclass(frozen=True)
class Drawing:
    """A figure with its message, its reading, its alt text and its numbers.

    `title` is the message, one sentence without a full stop; `note` says how it was
    measured or how to read it; `description` says what stands where, with the main
    numbers, for those who can't see it; `columns` and `rows` are all numbers as a table.
    """

    title: str
    note: str
    description: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...] = field(repr=False)
    figure: Figure = field(repr=False, compare=False)

    @property
    def alt(self) -> str:
        """Return the alt text: the message, then the description."""
        return f"{self.title}. {self.description}"

    def render(self, kind: Literal["png", "svg"] = "png") -> bytes:
        """Return the picture as the bytes of a file, the same each time."""
        described = {"Title": self.title, "Description": self.alt}
        blank = {"Software": None} if kind == "png" else {"Date": None, "Creator": None}
        buffer = io.BytesIO()
        with matplotlib.style.context(["default", STYLE]):
            if isinstance(self.figure.get_layout_engine(), ConstrainedLayoutEngine):
                with _at_resolution(self.figure):
                    settle(self.figure)
            self.figure.savefig(
                buffer, format=kind, dpi=RESOLUTION, metadata={**described, **blank}
            )
        return buffer.getvalue()

    @property
    def width(self) -> int:
        """Return the width in pixels of the PNG."""
        return round(self.figure.get_figwidth() * RESOLUTION)

    @property
    def height(self) -> int:
        """Return the height in pixels of the PNG."""
        return round(self.figure.get_figheight() * RESOLUTION)

    def save(self, path: str | Path) -> Path:
        """Write the picture as PNG or SVG, by the path's ending, and return the path."""
        path = Path(path)
        kind = path.suffix.lower().removeprefix(".")
        if kind not in ("png", "svg"):
            raise ValueError(f"Can't save {path}: end its name in .png or .svg.")
        write_atomically(path, self.render("png" if kind == "png" else "svg"))
        return path

    def data_uri(self) -> str:
        """Return the picture as a `data:` address, for pages that stand alone."""
        return "data:image/png;base64," + base64.b64encode(self.render()).decode("ascii")

    def html(self) -> str:
        """Return the figure as HTML: picture with alt text, reading, and folded table."""
        numbers = table_html(self.columns, self.rows)
        return picture_html(
            self.data_uri(), alt=self.alt, note=self.note, numbers=numbers
        )

    def _repr_html_(self) -> str:
        return self.html()


# ── Cards ──────────────────────────────────────────────────────────────────────────────

_Parameters = ParamSpec("_Parameters")


def styled(draw: Callable[_Parameters, Drawing]) -> Callable[_Parameters, Drawing]:
    """Run a drawing function under our style, whatever the reader's own settings are."""

    @wraps(draw)
    def draw_styled(*args: _Parameters.args, **kwargs: _Parameters.kwargs) -> Drawing:
        with matplotlib.style.context(["default", STYLE]):
            return draw(*args, **kwargs)

    return draw_styled


def new_card(title: str, *, subtitle: str = "", height: float) -> Figure:
    """Return an empty light card with its title set; axes fill the `height` inches below.

    Raises `ValueError` when the title is empty: a figure without a message is not drawn.
    """
    if not title.strip():
        raise ValueError("A figure needs its message as the title.")
    lines = balance(title, WIDTH - 2 * MARGIN, size=TITLE_SIZE, weight="bold")
    small = wrap(subtitle, WIDTH - 2 * MARGIN, size=SMALL_SIZE) if subtitle else []
    step, small_step = TITLE_SIZE * 1.28 / 72, SMALL_SIZE * 1.35 / 72
    header = MARGIN + len(lines) * step + len(small) * small_step + 0.12
    total = height + header
    figure = Figure(figsize=(WIDTH, total))
    FigureCanvasAgg(figure)
    x, y = MARGIN / WIDTH, total - MARGIN
    for line in lines:
        figure.text(x, y / total, line, size=TITLE_SIZE, weight="bold", va="top")
        y -= step
    for line in small:
        figure.text(x, y / total, line, size=SMALL_SIZE, color=MUTED, va="top")
        y -= small_step
    edge = MARGIN / 2
    figure.set_layout_engine(
        "constrained",
        rect=(edge / WIDTH, edge / total, 1 - 2 * edge / WIDTH, (height - edge) / total),
        w_pad=edge,
        h_pad=edge / 2,
        wspace=0.04,
    )
    return figure


def settle(figure: Figure) -> None:
    """Fix the layout, so that later labels can be placed by their size on the card.

    Positions are rounded: their last digits depend on where in memory the layout's
    solver keeps its variables, and a figure drawn again would have other bytes.
    """
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    for axes in figure.axes:
        bounds = axes.get_position(original=True).bounds
        axes.set_position(Bbox.from_bounds(*(round(value, 6) for value in bounds)))
        axes.set_in_layout(True)  # a later layout may still move them


@contextmanager
def _at_resolution(figure: Figure) -> Iterator[None]:
    """Let a figure have the dots per inch of its PNG: they decide how wide text is."""
    before = figure.dpi
    figure.dpi = RESOLUTION
    try:
        yield
    finally:
        figure.dpi = before


def bare_axes(figure: Figure, height: float) -> Axes:
    """Return axes in inches: x from the left edge, y downwards from the header."""
    figure.set_layout_engine("none")
    total = figure.get_figheight()
    axes = figure.add_axes((0, 0, 1, height / total))
    axes.set(xlim=(0, WIDTH), ylim=(height, 0))
    axes.set_axis_off()
    return axes


# ── Type ───────────────────────────────────────────────────────────────────────────────


@lru_cache(maxsize=1)
def _ruler() -> RendererAgg:
    return RendererAgg(8, 8, 720)


@lru_cache(maxsize=4096)
def text_width(text: str, size: float = LABEL_SIZE, weight: str = "normal") -> float:
    """Return the width in inches of a line of text in our type."""
    font = FontProperties(family=["DejaVu Sans"], size=size, weight=weight)
    width, _, _ = _ruler().get_text_width_height_descent(text, font, False)
    return float(width) / 720


def wrap(text: str, width: float, *, size: float, weight: str = "normal") -> list[str]:
    """Return the lines of a text set to a width in inches; a long word is broken."""
    lines, line = [], ""
    for word in _breakable(text, width, size, weight):
        longer = f"{line} {word}".strip()
        if line and text_width(longer, size, weight) > width:
            lines.append(line)
            line = word
        else:
            line = longer
    return [*lines, line] if line else lines


def balance(text: str, width: float, *, size: float, weight: str = "normal") -> list[str]:
    """Return a text's lines, as few as `wrap` gives and about equally long."""
    lines = wrap(text, width, size=size, weight=weight)
    while len(lines) > 1:
        width *= 0.97
        narrower = wrap(text, width, size=size, weight=weight)
        if len(narrower) > len(lines):
            break
        lines = narrower
    return lines


def _breakable(text: str, width: float, size: float, weight: str) -> Iterator[str]:
    """Yield the words of a text, those too wide for a line in pieces."""
    for word in text.split():
        while text_width(word, size, weight) > width and len(word) > 1:
            cut = max(
                (
                    n
                    for n in range(1, len(word))
                    if text_width(word[:n], size, weight) <= width
                ),
                default=1,
            )
            yield word[:cut]
            word = word[cut:]
        yield word


def shorten(text: str, width: float, *, size: float = LABEL_SIZE) -> str:
    """Return a text on one line of at most `width` inches, cut with an ellipsis."""
    text = " ".join(text.split())
    if text_width(text, size) <= width:
        return text
    while text and text_width(text + "…", size) > width:
        text = text[:-1]
    return text.rstrip() + "…"


def show_whitespace(token: str) -> str:
    """Return a token with spaces and line breaks visible, control characters escaped."""
    shown = token.replace(" ", "␣").replace("\n", "↵").replace("\t", "⇥")
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in shown)


def format_count(number: float) -> str:
    """Return a number in at most four characters or so: 950, 12k, 1.5M, 2G."""
    for size, suffix in (
        (1e18, "E"), (1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e4, "k"),
    ):  # fmt: skip
        if abs(number) >= size:
            scale = 1e3 if suffix == "k" else size
            return f"{number / scale:.3g}{suffix}"
    return f"{number:.0f}" if abs(number) >= 10 else f"{number:.2g}"


# ── Labels ─────────────────────────────────────────────────────────────────────────────


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Return positions near the wanted ones, at least `gap` apart, within the limits.

    Where they don't all fit, they share the room evenly.
    """
    if not wanted:
        return []
    gap = min(gap, (high - low) / max(len(wanted) - 1, 1))
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    placed = [min(max(wanted[i], low), high) for i in order]
    for i in range(1, len(placed)):
        placed[i] = max(placed[i], placed[i - 1] + gap)
    placed[-1] = min(placed[-1], high)
    for i in range(len(placed) - 2, -1, -1):
        placed[i] = min(placed[i], placed[i + 1] - gap)
    result = [0.0] * len(wanted)
    for i, position in zip(order, placed, strict=True):
        result[i] = position
    return result


@dataclass(frozen=True)
class EndLabel:
    """A label for the right-hand end of a line: where it points, what it says."""

    y: float
    text: str
    colour: str


def label_ends(figure: Figure, labels: Sequence[tuple[Axes, Sequence[EndLabel]]]) -> None:
    """Write labels to the right of axes, moved apart until none overlaps another.

    They join the layout at their lines' heights first, so that it leaves them room;
    then the layout is fixed. Call it once, when the figure is otherwise complete.
    """
    texts = [[_write_end(axes, label) for label in ends] for axes, ends in labels]
    settle(figure)
    for (axes, ends), written in zip(labels, texts, strict=True):
        _move_apart(figure, axes, ends, written)


def _write_end(axes: Axes, label: EndLabel) -> Annotation:
    return axes.annotate(
        label.text,
        xy=(1, label.y),
        xycoords=axes.get_yaxis_transform(),
        xytext=(6, 0),
        textcoords="offset points",
        va="center",
        size=SMALL_SIZE,
        color=label.colour,
        annotation_clip=False,
    )


def _move_apart(
    figure: Figure, axes: Axes, labels: Sequence[EndLabel], texts: Sequence[Annotation]
) -> None:
    """Shift the labels vertically until each has a line to itself."""
    bounds = axes.get_window_extent()
    anchors = [float(axes.transData.transform((0, label.y))[1]) for label in labels]
    gap = max((text_extent(text).height for text in texts), default=0) * 1.08
    placed = spread(anchors, gap, bounds.y0, bounds.y1)
    for text, anchor, position in zip(texts, anchors, placed, strict=True):
        text.set_position((6, (position - anchor) * 72 / figure.dpi))


def text_extent(text: Text) -> Bbox:
    """Return the box of a text on its card, in pixels."""
    figure = text.get_figure(root=True)
    assert figure is not None
    canvas = figure.canvas
    assert isinstance(canvas, FigureCanvasAgg)
    return text.get_window_extent(canvas.get_renderer())
