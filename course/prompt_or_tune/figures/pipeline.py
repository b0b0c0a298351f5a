"""Figures of the pipeline itself: the five stages, what the loss sees, a prediction."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from prompt_or_tune.decision.arms.arm import Family
from prompt_or_tune.figures.drawing import (
    LABEL_SIZE,
    MARGIN,
    SMALL_SIZE,
    WIDTH,
    Drawing,
    bare_axes,
    new_card,
    shorten,
    show_whitespace,
    styled,
    text_width,
    wrap,
)
from prompt_or_tune.show.palette import COLOURS, FAINT, INK, MUTED
from prompt_or_tune.stages import STAGES, Stage

if TYPE_CHECKING:
    from prompt_or_tune.decision.arms.arm import Family
    from prompt_or_tune.prediction import PredictionTrace
    from prompt_or_tune.records import Prediction

# ── The five stages ────────────────────────────────────────────────────────────────────

_BOX_HEIGHT, _BOX_GAP = 1.18, 0.17  # inches
# Prompting changes the question and tuning the model: each stage has its side's colour.
_STAGE_COLOURS = {"prompts": COLOURS["prompted"], "tuning": COLOURS["tuned"]}


@styled
def draw_data_flow(
    counts: Mapping[int, int] | None = None, *, highlight: int | None = None
) -> Drawing:
    """Draw the five stages as a strip, with what each one gives.

    `counts` maps a stage's number to how many items it really gave and replaces the
    number in the list of stages; `highlight` is the stage to bring forward.
    Raises ValueError for a stage that does not exist.
    """
    counts = counts or {}
    unknown = sorted(
        {*counts, *([] if highlight is None else [highlight])}
        - {s.number for s in STAGES}
    )
    if unknown:
        raise ValueError(
            f"There is no stage {unknown[0]}: stages are 1 to {len(STAGES)}."
        )
    given = {stage.number: _state_output(stage, counts) for stage in STAGES}
    figure = new_card(_title_flow(given, highlight), height=_BOX_HEIGHT + 0.72)
    axes = bare_axes(figure, _BOX_HEIGHT + 0.72)
    width = (WIDTH - 2 * MARGIN - (len(STAGES) - 1) * _BOX_GAP) / len(STAGES)
    for index, stage in enumerate(STAGES):
        x = MARGIN + index * (width + _BOX_GAP)
        _draw_stage(axes, stage, x, width, given[stage.number], highlight)
        if index:
            _draw_arrow(axes, x - _BOX_GAP, x, MARGIN / 2 + _BOX_HEIGHT / 2)
    listed = "; ".join(f"{s.number} {s.title}: {given[s.number]}" for s in STAGES)
    return Drawing(
        title=_title_flow(given, highlight),
        note="Below each stage: what it gives to the next. Stage 2 (blue) changes the "
        "question, stage 4 (orange) the model.",
        description=f"Five boxes joined by arrows from left to right. {listed}.",
        columns=("stage", "takes", "what happens", "gives", "example"),
        rows=tuple(
            (f"{s.number} {s.title}", s.takes, s.does, given[s.number], s.example)
            for s in STAGES
        ),
        figure=figure,
    )


def _state_output(stage: Stage, counts: Mapping[int, int]) -> str:
    """Return what a stage gives, its number replaced by the real count."""
    if stage.number not in counts:
        return stage.gives
    bare = re.sub(r"^\d+\s+", "", stage.gives)
    return f"{counts[stage.number]} {bare}"


def _title_flow(given: Mapping[int, str], highlight: int | None) -> str:
    if highlight is None:
        return f"Five stages lead from {given[1]} to a prediction"
    stage = STAGES[highlight - 1]
    place = f"Stage {highlight} of {len(STAGES)}"
    return f"{place}, {stage.title.lower()}, gives {given[highlight]}"


def _draw_stage(
    axes: Axes, stage: Stage, x: float, width: float, gives: str, highlight: int | None
) -> None:
    """Draw one stage's box, and below it what the stage gives."""
    active = stage.number == highlight
    own = _STAGE_COLOURS.get(stage.module, INK if active else MUTED)
    colour = own if active or highlight is None else FAINT
    _draw_box(
        axes,
        x,
        MARGIN / 2,
        width,
        _BOX_HEIGHT,
        edge=colour,
        fill=colour if active else "none",
    )
    text = "white" if active else INK if highlight is None else MUTED
    axes.text(
        x + width / 2, MARGIN / 2 + 0.24, str(stage.number),
        ha="center", va="center", size=16, weight="bold",
        color="white" if active else colour if highlight is None else MUTED,
    )  # fmt: skip
    lines = wrap(stage.title, width - 0.1, size=SMALL_SIZE, weight="bold")
    for row, line in enumerate(lines):
        y = MARGIN / 2 + 0.74 + (row - (len(lines) - 1) / 2) * 0.19
        axes.text(
            x + width / 2, y, line, ha="center", va="center",
            size=SMALL_SIZE, weight="bold", color=text,
        )  # fmt: skip
    for row, line in enumerate(wrap(gives, width + _BOX_GAP * 0.8, size=SMALL_SIZE)):
        axes.text(
            x + width / 2, MARGIN / 2 + _BOX_HEIGHT + 0.19 + row * 0.18, line,
            ha="center", va="center", size=SMALL_SIZE, color=INK if active else MUTED,
        )  # fmt: skip


def _draw_box(
    axes: Axes, x: float, y: float, width: float, height: float, *,
    edge: str, fill: str = "none", line: float = 1.5, alpha: float = 1.0,
) -> None:  # fmt: skip
    """Draw a rounded box; sizes in inches."""
    corner = min(0.06, height / 4)
    shape = FancyBboxPatch(
        (x + corner, y + corner), width - 2 * corner, height - 2 * corner,
        boxstyle=f"round,pad={corner}", linewidth=line, edgecolor=edge, facecolor="none",
    )  # fmt: skip
    if fill != "none":
        shape.set_facecolor((fill, alpha))
    axes.add_patch(shape)


def _draw_arrow(axes: Axes, start: float, end: float, y: float) -> None:
    axes.add_patch(
        FancyArrowPatch(
            (start + 0.02, y), (end - 0.02, y),
            arrowstyle="-|>", mutation_scale=9, color=MUTED, linewidth=1.2,
            shrinkA=0, shrinkB=0,
        )
    )  # fmt: skip


# ── Tokens as boxes ────────────────────────────────────────────────────────────────────

_TOKEN_HEIGHT, _TOKEN_PAD, _TOKEN_GAP, _LINE = 0.27, 0.055, 0.045, 0.35  # inches
MOST_TOKENS = 72


@dataclass(frozen=True)
class _Tile:
    """One token's place: column and row in inches from the block's corner."""

    text: str
    x: float
    y: float
    width: float
    index: int | None  # of the token; None for the ellipsis


def _lay_tokens(tokens: Sequence[str], width: float) -> list[_Tile]:
    """Return the tokens' boxes set in lines; a long text loses its middle, said so."""
    named: list[tuple[int | None, str]] = list(enumerate(tokens))
    if len(tokens) > MOST_TOKENS:
        half = MOST_TOKENS // 2
        left_out = len(tokens) - 2 * half
        named = [*named[:half], (None, f"… {left_out} tokens more …"), *named[-half:]]
    tiles, x, y = [], 0.0, 0.0
    for index, token in named:
        shown = token if index is None else show_whitespace(token)
        text = shorten(shown, width - 2 * _TOKEN_PAD, size=SMALL_SIZE)
        box = text_width(text or " ", SMALL_SIZE) + 2 * _TOKEN_PAD
        if x and x + box > width:
            x, y = 0.0, y + _LINE
        tiles.append(_Tile(text, x, y, box, index))
        x += box + _TOKEN_GAP
    return tiles


def _block_height(tiles: Sequence[_Tile]) -> float:
    return (tiles[-1].y if tiles else 0.0) + _TOKEN_HEIGHT


def _draw_tokens(
    axes: Axes, tiles: Sequence[_Tile], x: float, y: float, colours: Mapping[int, str]
) -> None:
    """Draw laid tokens from the corner (x, y) on; a coloured one is filled lightly."""
    for tile in tiles:
        colour = colours.get(tile.index) if tile.index is not None else None
        if tile.index is not None:
            _draw_box(
                axes, x + tile.x, y + tile.y, tile.width, _TOKEN_HEIGHT,
                edge=colour or FAINT, fill=colour or "none", line=1.1, alpha=0.16,
            )  # fmt: skip
        axes.text(
            x + tile.x + tile.width / 2, y + tile.y + _TOKEN_HEIGHT / 2, tile.text,
            ha="center", va="center_baseline", size=SMALL_SIZE,
            color=INK if colour else MUTED,
        )  # fmt: skip


# ── What the loss sees ─────────────────────────────────────────────────────────────────


@styled
def draw_token_mask(tokens: Sequence[str], in_loss: Sequence[bool]) -> Drawing:
    """Draw a training pair's tokens, those that the loss counts brought forward.

    `in_loss` says so per token (its label is not -100).
    Raises ValueError when the two don't have the same length, or none is counted.
    """
    counted = _count_learned(tokens, in_loss)
    title = f"The loss sees {counted} of {len(tokens)} tokens"
    title += ": the response and its end" if in_loss[-1] else ", and not the last one"
    tiles = _lay_tokens(tokens, WIDTH - 2 * MARGIN)
    height = _block_height(tiles) + 0.62
    figure = new_card(title, height=height)
    axes = bare_axes(figure, height)
    tuned = COLOURS["tuned"]
    marks = {i: tuned for i, seen in enumerate(in_loss) if seen}
    _draw_tokens(axes, tiles, MARGIN, 0.06, marks)
    y = _block_height(tiles) + 0.30
    _draw_key(axes, y, ((FAINT, MUTED, "read, not learned"), (tuned, tuned, "learned")))
    learned = "".join(t for t, seen in zip(tokens, in_loss, strict=True) if seen)
    return Drawing(
        title=title,
        note="Each box is a token, ␣ a space. Labels of the grey tokens are -100: the "
        "model reads them, and is not asked to predict them.",
        description=f"A pair’s tokens as boxes. {len(tokens) - counted} of them, the "
        f"prompt, are grey: not in the loss. {counted} are coloured: in the loss. "
        f"They read: “{show_whitespace(learned)}”.",
        columns=("position", "token", "in the loss"),
        rows=tuple(
            (str(i), show_whitespace(token), "yes" if seen else "no")
            for i, (token, seen) in enumerate(zip(tokens, in_loss, strict=True))
        ),
        figure=figure,
    )


def _count_learned(tokens: Sequence[str], in_loss: Sequence[bool]) -> int:
    """Return how many tokens the loss counts; raise ValueError where none can be."""
    if len(tokens) != len(in_loss):
        raise ValueError(
            f"{len(tokens)} tokens but {len(in_loss)} marks: one each is needed."
        )
    if not any(in_loss):
        raise ValueError(
            "The loss sees no token of this pair: there is nothing to learn."
        )
    return sum(in_loss)


def _draw_key(axes: Axes, y: float, entries: Sequence[tuple[str, str, str]]) -> None:
    """Draw a line of (box colour, text colour, meaning)."""
    x = MARGIN
    for edge, colour, meaning in entries:
        filled = edge if edge != FAINT else "none"
        _draw_box(axes, x, y, 0.26, 0.18, edge=edge, fill=filled, line=1.1, alpha=0.16)
        axes.text(
            x + 0.34, y + 0.095, meaning,
            va="center_baseline", size=SMALL_SIZE, color=colour, weight="bold",
        )  # fmt: skip
        x += 0.34 + text_width(meaning, SMALL_SIZE, "bold") + 0.32


# ── A prediction, in two layers ────────────────────────────────────────────────────────

_BAR_ROW = 0.285  # inches
_COLUMN = (WIDTH - 2 * MARGIN - 0.3) / 2  # inches, of one model


@styled
def draw_prediction_trace(trace: PredictionTrace) -> Drawing:
    """Draw a prediction in two layers: the prompt's tokens, and what each model expects.

    Layer 2 shows the likeliest first tokens of the answer (or those after its first
    words, where the trace has them) with their probabilities, the base model beside the
    tuned one, and below each the answer it generates.
    """
    title = _title_prediction(trace)
    tiles = _lay_tokens(trace.tokens, WIDTH - 2 * MARGIN)
    sides = (trace.base, trace.tuned)
    bars = max(len(side.top_tokens) for side in sides)
    answers = [_wrap_answer(side.text, _COLUMN) for side in sides]
    below = 0.32 + _block_height(tiles) + 0.36
    height = below + 0.60 + bars * _BAR_ROW + 0.20 + max(map(len, answers)) * 0.19 + 0.04
    figure = new_card(title, height=height)
    axes = bare_axes(figure, height)
    _head(axes, MARGIN, 0.12, f"Layer 1  the prompt, {len(trace.tokens)} tokens", INK)
    _draw_tokens(axes, tiles, MARGIN, 0.32, {})
    _head(axes, MARGIN, below, f"Layer 2  {_name_place(trace)}, by probability", INK)
    _draw_side(axes, "base", trace.base, MARGIN, below, bars)
    _draw_side(axes, "tuned", trace.tuned, MARGIN + (_COLUMN + 0.3), below, bars)
    return Drawing(
        title=title,
        note="Layer 1 is the same for both models; only the weights differ. Bars: the "
        f"probability (0 to 1) of {_name_place(trace)}; ␣ is a space. Below them: the "
        "whole answer, generated greedily.",
        description=_describe_prediction(trace),
        columns=(
            "rank",
            "base: token",
            "base: probability",
            "tuned: token",
            "tuned: probability",
        ),
        rows=_rank_tokens(trace),
        figure=figure,
    )


def _draw_side(
    axes: Axes, family: Family, side: Prediction, x: float, y: float, bars: int
) -> None:
    """Draw what one model expects, with room for so many bars, and its answer below."""
    _head(axes, x, y + 0.30, f"{family} model", COLOURS[family])
    _draw_bars(axes, side, x, y + 0.46, _COLUMN, COLOURS[family])
    below = y + 0.46 + bars * _BAR_ROW + 0.20
    for row, line in enumerate(_wrap_answer(side.text, _COLUMN)):
        axes.text(x, below + row * 0.19, line, va="center", size=SMALL_SIZE, color=INK)


def _name_place(trace: PredictionTrace) -> str:
    """Return which token layer 2 is about."""
    if not trace.answer_start:
        return "the first token of the answer"
    return f"the token after “{shorten(trace.answer_start, 2.2)}”"


def _title_prediction(trace: PredictionTrace) -> str:
    if not (trace.base.top_tokens and trace.tuned.top_tokens):
        raise ValueError(
            "A prediction without top tokens can't be drawn: predict with top ≥ 1."
        )
    base, tuned = trace.base.top_tokens[0], trace.tuned.top_tokens[0]
    prompt = shorten(trace.prompt, 2.6, size=13)
    begin = "continue" if trace.answer_start else "begin"
    if base.token == tuned.token:
        return (
            f"“{prompt}”: both models {begin} with “{show_whitespace(base.token)}”, "
            f"{_probability(base.probability)} and {_probability(tuned.probability)}"
        )
    first, second = (
        f"“{shorten(show_whitespace(t.token), 1.5)}” ({_probability(t.probability)})"
        for t in (base, tuned)
    )
    return (
        f"“{prompt}”: the base model {begin}s with {first}, the tuned one with {second}"
    )


def _probability(value: float) -> str:
    """Return a probability with two decimals, never rounded to 0 or 1."""
    if 0 < value < 0.005:
        return "<0.01"
    return ">0.99" if 0.995 <= value < 1 else f"{value:.2f}"


def _wrap_answer(text: str, width: float) -> list[str]:
    """Return an answer's lines, quoted, at most five."""
    lines: list[str] = []
    for line in (f"“{text}”" if text else "(an empty answer)").splitlines():
        lines += wrap(line, width, size=SMALL_SIZE) or [""]
    return lines if len(lines) <= 5 else [*lines[:4], lines[4] + " …"]


def _head(axes: Axes, x: float, y: float, text: str, colour: str) -> None:
    axes.text(x, y, text, va="center", size=LABEL_SIZE, weight="bold", color=colour)


def _draw_bars(
    axes: Axes, side: Prediction, x: float, y: float, width: float, colour: str
) -> None:
    """Draw one bar per candidate token; the full width of the track is probability 1."""
    shown = [
        shorten(show_whitespace(t.token), 1.0, size=SMALL_SIZE) for t in side.top_tokens
    ]
    names = max(text_width(name, SMALL_SIZE) for name in shown)
    start, track = x + names + 0.10, width - names - 0.10 - 0.50
    for row, (candidate, name) in enumerate(zip(side.top_tokens, shown, strict=True)):
        middle = y + (row + 0.5) * _BAR_ROW
        axes.text(
            start - 0.08, middle, name,
            ha="right", va="center_baseline", size=SMALL_SIZE, color=INK,
        )  # fmt: skip
        axes.barh(middle, track, 0.15, left=start, color=colour, alpha=0.13)
        axes.barh(middle, track * candidate.probability, 0.15, left=start, color=colour)
        axes.text(
            start + track + 0.07, middle, _probability(candidate.probability),
            va="center_baseline", size=SMALL_SIZE, color=MUTED,
        )  # fmt: skip


def _rank_tokens(trace: PredictionTrace) -> tuple[tuple[str, ...], ...]:
    """Return the candidates of both models by rank."""
    rows = []
    for rank in range(max(len(trace.base.top_tokens), len(trace.tuned.top_tokens))):
        row = [str(rank + 1)]
        for side in (trace.base, trace.tuned):
            candidate = side.top_tokens[rank] if rank < len(side.top_tokens) else None
            row += (
                [show_whitespace(candidate.token), f"{candidate.probability:.3f}"]
                if candidate
                else ["", ""]
            )
        rows.append(tuple(row))
    return tuple(rows)


def _describe_prediction(trace: PredictionTrace) -> str:
    """Return the alt text: the prompt, the candidates of both models, both answers."""
    sides = []
    for name, side in (("base", trace.base), ("tuned", trace.tuned)):
        listed = ", ".join(
            f"“{show_whitespace(t.token)}” {_probability(t.probability)}"
            for t in side.top_tokens
        )
        sides.append(f"The {name} model expects {listed}, and answers “{side.text}”.")
    return (
        f"The prompt “{trace.prompt}” as {len(trace.tokens)} tokens, then two bar charts "
        f"of {_name_place(trace)}. {' '.join(sides)}"
    )
