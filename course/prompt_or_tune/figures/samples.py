"""Figures of samples: what cleaning leaves, what is asked for, how it is split."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from prompt_or_tune.decision.arms.arm import Family
from prompt_or_tune.figures.drawing import (
    SMALL_SIZE,
    Drawing,
    new_card,
    settle,
    shorten,
    styled,
)
from prompt_or_tune.lexicon import KINDS, SETTINGS, SUBJECTS, find_subject
from prompt_or_tune.prompts import wants_poem
from prompt_or_tune.records import Sample
from prompt_or_tune.samples import CleaningReport
from prompt_or_tune.show.palette import CARD, COLOURS, FAINT, GRID, INK, MUTED

# Samples belong to no arm, so the arms' colours are not used for them: greys only.
_ROW = 0.29  # inches


def _list_rows(axes: Axes, names: Sequence[str]) -> None:
    """Name the rows of a bar chart, from the top down."""
    axes.set_ylim(len(names) - 0.45, -0.55)
    shown = [shorten(name, 2.2, size=SMALL_SIZE) for name in names]
    axes.set_yticks(range(len(names)), shown)
    axes.tick_params(axis="y", length=0, labelcolor=INK)
    axes.spines["left"].set_visible(False)


def _write_beside(axes: Axes, x: float, row: float, text: str) -> None:
    axes.annotate(
        text, (x, row), xytext=(5, 0), textcoords="offset points",
        va="center_baseline", size=SMALL_SIZE, color=INK,
    )  # fmt: skip


def _add_key(figure: Figure, colours: Mapping[str, str]) -> None:
    """Name the colours in a line below the axes."""
    handles = [Patch(color=colour, label=name) for name, colour in colours.items()]
    figure.legend(
        handles=handles, loc="outside lower center", ncols=len(handles), frameon=False,
        fontsize=SMALL_SIZE, labelcolor=INK, handlelength=1.0, handleheight=1.0,
        columnspacing=1.6,
    )  # fmt: skip


# ── Cleaning ───────────────────────────────────────────────────────────────────────────


@styled
def draw_cleaning(report: CleaningReport) -> Drawing:
    """Draw how the raw requests shrink to the clean samples, reason by reason.

    Raises ValueError when cleaning left nothing.
    """
    kept, reasons = len(report.samples), report.count_reasons()
    if not kept:
        raise ValueError("Cleaning left no sample: there is nothing to draw.")
    raw = kept + len(report.dropped)
    title = f"{raw} raw requests become {kept} clean samples"
    figure = new_card(title, height=(len(reasons) + 2) * _ROW + 0.75)
    axes = figure.subplots()
    _list_rows(axes, ["raw requests", *(f"– {r}" for r in reasons), "clean samples"])
    _draw_steps(axes, raw, reasons)
    last = len(reasons) + 1
    axes.barh(last, kept, 0.62, color=MUTED)
    axes.barh(last, report.mended, 0.62, left=kept - report.mended, color=FAINT)
    _write_beside(axes, kept, last, f"{kept}, of them {report.mended} mended")
    axes.set_xlim(0, raw * 1.12)
    axes.set_xlabel("requests")
    settle(figure)
    return Drawing(
        title=title,
        note="From top to bottom, in the order in which cleaning looks: each light bar "
        "is what one reason takes away. The light end of the last bar was mended "
        "(markup, spacing), not dropped.",
        description=f"A staircase of bars. {raw} raw requests; dropped: "
        + ", ".join(f"{count} {reason}" for reason, count in reasons.items())
        + f". {kept} are left, {report.mended} of them mended.",
        columns=("what", "requests"),
        rows=(
            ("raw requests", str(raw)),
            *((f"dropped: {reason}", str(count)) for reason, count in reasons.items()),
            ("clean samples", str(kept)),
            ("of them mended", str(report.mended)),
        ),
        figure=figure,
    )


def _draw_steps(axes: Axes, raw: int, reasons: Mapping[str, int]) -> None:
    """Draw the raw bar, and below it what each reason takes from its end."""
    axes.barh(0, raw, 0.62, color=MUTED)
    _write_beside(axes, raw, 0, str(raw))
    left = raw
    for row, count in enumerate(reasons.values(), start=1):
        axes.barh(row, count, 0.62, left=left - count, color=FAINT)
        _write_beside(axes, left, row, f"– {count}")
        left -= count
        axes.plot([left, left], [row - 0.31, row + 1.31], color=FAINT, linewidth=0.8)


# ── What the samples ask for ───────────────────────────────────────────────────────────


@styled
def draw_word_counts(texts: Sequence[str]) -> Drawing:
    """Draw how many words requests have. Raises ValueError when there is no request."""
    if not texts:
        raise ValueError("There is no request to count words in.")
    lengths = [len(text.split()) for text in texts]
    counts, longest = Counter(lengths), max(lengths)
    title = f"Half of {len(texts)} requests have at most {median(lengths):.0f} words"
    title += f", the longest has {longest}"
    figure = new_card(title, height=2.3)
    axes = figure.subplots()
    axes.bar(list(counts), list(counts.values()), 0.8, color=MUTED)
    axes.set_xlim(min(lengths) - 0.8, longest + 0.8)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=10, integer=True, min_n_ticks=1))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))
    axes.set_xlabel("words in a request (0: blank)")
    axes.set_ylabel("requests")
    axes.grid(axis="y")
    settle(figure)
    listed = ", ".join(f"{counts[n]} of {n}" for n in sorted(counts))
    return Drawing(
        title=title,
        note="Words are what stands between spaces; a model reads tokens, often more.",
        description="A histogram of words per request, from "
        f"{min(lengths)} to {longest}. Requests by number of words: {listed}.",
        columns=("words", "requests"),
        rows=tuple((str(n), str(counts[n])) for n in sorted(counts)),
        figure=figure,
    )


@styled
def draw_kinds(samples: Sequence[Sample]) -> Drawing:
    """Draw how many poems and descriptions are asked for, by kind of subject.

    Raises ValueError when there is no sample.
    """
    if not samples:
        raise ValueError("There is no sample to draw.")
    wishes = Counter((find_subject(s.subject).kind, wants_poem(s)) for s in samples)
    kinds = sorted(KINDS, key=lambda kind: -(wishes[kind, True] + wishes[kind, False]))
    poems = sum(count for (_, poem), count in wishes.items() if poem)
    title = f"{poems} of {len(samples)} samples ask for a poem, "
    title += f"{len(samples) - poems} for a description"
    figure = new_card(title, height=len(kinds) * _ROW + 1.05)
    axes = figure.subplots()
    _list_rows(axes, kinds)
    for row, kind in enumerate(kinds):
        poem, description = wishes[kind, True], wishes[kind, False]
        axes.barh(row, poem, 0.62, color=MUTED)
        axes.barh(row, description, 0.62, left=poem, color=FAINT)
        text = f"{poem} + {description}"
        _write_beside(axes, poem + description, row, text)
    axes.set_xlim(0, max(wishes[k, True] + wishes[k, False] for k in kinds) * 1.18 + 1)
    axes.set_xlabel("samples")
    _add_key(figure, {"poem": MUTED, "description": FAINT})
    settle(figure)
    return Drawing(
        title=title,
        note="A subject is a thing the almanac writes about; kinds are groups of them.",
        description="A bar per kind of subject, poems and descriptions. "
        + "; ".join(f"{k} {wishes[k, True]} and {wishes[k, False]}" for k in kinds)
        + f". Altogether {poems} poems and {len(samples) - poems} descriptions of "
        f"{len(samples)} samples.",
        columns=("kind of subject", "poem", "description"),
        rows=tuple((k, str(wishes[k, True]), str(wishes[k, False])) for k in kinds),
        figure=figure,
    )


# ── Splits ─────────────────────────────────────────────────────────────────────────────

_SHADES = (FAINT, MUTED, INK)  # of the first three parts; cells of no part are GRID
_CELL_HEIGHT, _GAP = 0.068, 3  # inches; rows between old and new subjects


@styled
def draw_combinations(parts: Mapping[str, Sequence[Sample]]) -> Drawing:
    """Draw which part of the data each subject–setting combination belongs to.

    Subjects are rows and settings columns. Up to three parts are shades; a fourth is
    taken to be whole subjects kept out, and set apart below. Raises ValueError for more
    parts, for none, and for a combination in two parts.
    """
    owner = _find_owners(parts)
    kept_out = {s.subject for part in list(parts.values())[3:] for s in part}
    old = [s.noun_phrase for s in SUBJECTS if s.noun_phrase not in kept_out]
    new = [s.noun_phrase for s in SUBJECTS if s.noun_phrase in kept_out]
    rows = [*old, *[""] * (_GAP if new else 0), *new]
    title = f"{len(owner)} combinations, and each belongs to one part only"
    figure = new_card(title, height=len(rows) * _CELL_HEIGHT + 1.1)
    axes = figure.subplots()
    names = list(parts)
    cells = [[_shade(owner.get((row, c)), row, names) for c in _COLUMNS] for row in rows]
    _draw_cells(axes, cells)
    _name_kinds(axes, old)
    if new:
        _name_kept_out(axes, names[3], len(rows) - len(new) / 2)
    _add_key(figure, _name_shades(parts))
    settle(figure)
    return Drawing(
        title=title,
        note="A row is a subject, a column one of the settings (the last: none)."
        + (f" Apart, below: {list(parts)[3]}, in no other part." if new else ""),
        description=f"A grid of {len(old) + len(new)} subjects by {len(_COLUMNS)} "
        f"settings, {len(owner)} cells filled: "
        + ", ".join(f"{len(set(_combine(part)))} {name}" for name, part in parts.items())
        + ". No cell belongs to two parts.",
        columns=("kind of subject", *names),
        rows=tuple(_count_kind(kind, parts) for kind in KINDS),
        figure=figure,
    )


def _draw_cells(axes: Axes, cells: Sequence[Sequence[int]]) -> None:
    """Draw a grid of shades, the first row at the top."""
    axes.pcolormesh(
        cells, cmap=ListedColormap([CARD, GRID, *_SHADES]), vmin=0, vmax=4,
        edgecolors=CARD, linewidth=0.6, antialiased=True,
    )  # fmt: skip
    axes.invert_yaxis()
    axes.set_xticks([])
    axes.set_xlabel("settings, one column each")
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)


_COLUMNS = (*SETTINGS, "")


def _combine(part: Sequence[Sample]) -> list[tuple[str, str]]:
    return [sample.combination for sample in part]


def _find_owners(parts: Mapping[str, Sequence[Sample]]) -> dict[tuple[str, str], str]:
    """Return the one part that each combination belongs to."""
    if not 1 <= len(parts) <= 4 or not any(parts.values()):
        raise ValueError("One to four parts with samples in them can be drawn.")
    owner: dict[tuple[str, str], str] = {}
    for name, part in parts.items():
        for combination in _combine(part):
            if owner.setdefault(combination, name) != name:
                topic = " ".join(combination).strip()
                raise ValueError(
                    f"“{topic}” is in {owner[combination]} and in {name}: a leak."
                )
    return owner


def _shade(name: str | None, row: str, names: Sequence[str]) -> int:
    """Return the index of a cell's colour; the part kept out whole is dark again."""
    if not row:
        return 0
    return 1 if name is None else 2 + min(names.index(name), len(_SHADES) - 1)


def _name_kinds(axes: Axes, subjects: Sequence[str]) -> None:
    """Name each kind beside its rows, and part it from the next."""
    kinds = [find_subject(subject).kind for subject in subjects]
    present = list(dict.fromkeys(kinds))
    middles = [kinds.index(kind) + kinds.count(kind) / 2 for kind in present]
    axes.set_yticks(middles, present)
    axes.tick_params(axis="y", length=0, labelcolor=INK)
    for kind in present[1:]:
        axes.axhline(kinds.index(kind), color=CARD, linewidth=2.5)


def _name_kept_out(axes: Axes, name: str, middle: float) -> None:
    """Name the subjects that are kept out as a whole, beside their rows."""
    labels = [label.get_text() for label in axes.get_yticklabels()]
    shown = shorten(name, 1.4, size=SMALL_SIZE)
    axes.set_yticks([*axes.get_yticks(), middle], [*labels, shown])


def _name_shades(parts: Mapping[str, Sequence[Sample]]) -> dict[str, str]:
    """Return the colour of each part by its name and size; a fourth part needs none."""
    named = [f"{name} ({len(part)})" for name, part in parts.items()]
    return dict(zip(named[:3], _SHADES, strict=False))


def _count_kind(kind: str, parts: Mapping[str, Sequence[Sample]]) -> tuple[str, ...]:
    counts = [
        sum(find_subject(sample.subject).kind == kind for sample in part)
        for part in parts.values()
    ]
    return (kind, *map(str, counts))


# ── Shares side by side ────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Share:
    """A count out of a whole: a bar in a row of a panel.

    `family` says which kind of model is counted, and so its colour; grey is for no model.
    """

    panel: str
    row: str
    count: int
    of: int
    family: Family | None = None


@styled
def draw_shares(shares: Sequence[Share], *, title: str) -> Drawing:
    """Draw shares as bars from 0 to 1: one panel beside the other, the same rows in each.

    The caller states the message, because only the caller knows what is compared.
    Raises ValueError when there is no share, or one of nothing.
    """
    if not shares or any(share.of < 1 for share in shares):
        raise ValueError("Every share must be of something, and there must be one.")
    panels = list(dict.fromkeys(share.panel for share in shares))
    rows = list(dict.fromkeys(share.row for share in shares))
    figure = new_card(title, height=len(rows) * 0.34 + 0.95)
    for index, axes in enumerate(figure.subplots(1, len(panels), squeeze=False)[0]):
        _list_rows(axes, rows if not index else [""] * len(rows))
        _set_panel(axes, panels[index])
        for share in shares:
            if share.panel == panels[index]:
                _draw_share(axes, rows.index(share.row), share)
    settle(figure)
    return Drawing(
        title=title,
        note="Beside each bar: how many of how many.",
        description="Bars in "
        + "; ".join(
            f"“{panel}”: "
            + ", ".join(
                f"{s.row} {s.count} of {s.of}" for s in shares if s.panel == panel
            )
            for panel in panels
        )
        + ".",
        columns=("what", "where", "count", "of", "share"),
        rows=tuple(
            (s.panel, s.row, str(s.count), str(s.of), f"{s.count / s.of:.2f}")
            for s in shares
        ),
        figure=figure,
    )


def _set_panel(axes: Axes, name: str) -> None:
    axes.set_title(name, size=SMALL_SIZE)
    axes.set_xlabel("share (0 to 1)")
    axes.set_xlim(0, 1.5)
    axes.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
    axes.spines["bottom"].set_bounds(0, 1)


def _draw_share(axes: Axes, row: int, share: Share) -> None:
    axes.barh(row, 1, 0.5, color=GRID)
    colour = COLOURS[share.family] if share.family else MUTED
    axes.barh(row, share.count / share.of, 0.5, color=colour)
    _write_beside(axes, 1, row, f"{share.count} of {share.of}")
