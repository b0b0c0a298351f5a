"""The training trace: sentences about it, as a table, as text bars for terminals."""

from __future__ import annotations

import math
from collections.abc import Sequence

from prompt_or_tune.records import EpochRecord


def observe(trace: Sequence[EpochRecord], *, final: bool = False) -> str:
    """Say what happened in the trace's last epoch, from its numbers.

    Accuracy is the exact match on held-out prompts, or the token accuracy where that
    was not measured. `final` tells that the run ends with this epoch.
    """
    last = trace[-1]
    if not math.isfinite(last.loss):
        return "loss is not a number: lower the learning rate"
    if len(trace) > 1:
        trouble = _find_trouble(trace)
        if trouble:
            return trouble
    if final:
        return _describe_end(last)
    return _describe_progress(trace)


REFERENCE_TRACE: tuple[EpochRecord, ...] = tuple(
    EpochRecord(epoch, loss, math.nan, accuracy, math.nan, observation)
    for epoch, loss, accuracy, observation in (
        (1, 0.45, 0.60, "starts to learn the new pattern"),
        (2, 0.30, 0.75, "loss falls, accuracy rises"),
        (3, 0.20, 0.85, "converging well"),
        (4, 0.18, 0.88, "small gains, close to its best"),
        (5, 0.17, 0.89, "complete, good accuracy"),
    )
)

_GOOD = 0.8  # accuracy that counts as good
_BY_HEART = 0.98  # share of training tokens right from which nothing is left to learn
_NOISE = 0.02  # change of accuracy that may be chance (a few hundred held-out prompts)
_SMALL = 0.05  # gain in accuracy that is called small


def _accuracy(record: EpochRecord) -> float:
    return record.token_accuracy if record.accuracy is None else record.accuracy


def _rises(before: EpochRecord, after: EpochRecord) -> bool:
    return after.loss - before.loss > max(0.02, 0.05 * before.loss)


def _find_trouble(trace: Sequence[EpochRecord]) -> str:
    previous, last = trace[-2], trace[-1]
    best = max(_accuracy(record) for record in trace[:-1])
    worse = best - _accuracy(last) > _NOISE
    if _rises(previous, last):
        if worse or _rises(trace[0], last):
            return "loss rises, accuracy falls: diverging, lower the learning rate"
        return "loss rises: the learning rate may be too high"
    if worse and last.loss < previous.loss:
        return "loss falls but accuracy falls: overfitting, fewer epochs would do"
    if worse:
        return "accuracy falls below its best"
    return ""


def _describe_end(last: EpochRecord) -> str:
    if _accuracy(last) >= _GOOD:
        return "complete, good accuracy"
    if last.token_accuracy >= _BY_HEART:
        return "complete, learned by heart: held-out answers are wrong, more pairs needed"
    if _accuracy(last) >= 0.5:
        return "complete, but many answers are still wrong"
    return "complete, but most answers are wrong: another learning rate, or more epochs"


def _describe_progress(trace: Sequence[EpochRecord]) -> str:
    last = trace[-1]
    if len(trace) == 1:
        if _accuracy(last) >= 0.95:
            return "learns the pattern at once"
        return "starts to learn the new pattern"
    gain = _accuracy(last) - _accuracy(trace[-2])
    drop = trace[-2].loss - last.loss
    if gain <= _SMALL and _accuracy(last) == 1:
        return "at its best: every answer is right"
    if gain <= _SMALL and _accuracy(last) >= _GOOD:
        return "small gains, close to its best"
    if gain <= _NOISE and drop <= 0.05 * trace[-2].loss:
        return "plateau: neither loss nor accuracy moves"
    if gain <= _NOISE:
        return "loss falls, accuracy does not rise yet"
    if len(trace) > 2 and _accuracy(last) >= _GOOD:
        return "converging well"
    return "loss falls, accuracy rises"


def trace_table(trace: Sequence[EpochRecord]) -> str:
    """Return the trace as a plain-text table; what was not measured is left out."""
    columns = [
        ("epoch", [str(r.epoch) for r in trace]),
        ("loss", [_show(r.loss, 3) for r in trace]),
        ("accuracy", [_show(r.accuracy, 2) for r in trace]),
        ("token accuracy", [_show(r.token_accuracy, 2) for r in trace]),
        ("seconds", [_show(r.seconds, 1) for r in trace]),
    ]
    columns = [(head, cells) for head, cells in columns if set(cells) != {""}]
    widths = [max(map(len, [head, *cells])) for head, cells in columns]
    rows = [[head for head, _ in columns], *zip(*(c for _, c in columns), strict=True)]
    notes = ["what is observed", *(r.observation for r in trace)]
    return "\n".join(
        "  ".join([*map(str.rjust, row, widths), note]).rstrip()
        for row, note in zip(rows, notes, strict=True)
    )


_ROWS = 5  # levels of loss


def trace_bars(trace: Sequence[EpochRecord]) -> str:
    """Return the losses as text bars: levels down the side, epochs along the bottom.

    Levels are 0.5 … 0.1, or larger round numbers when a loss is above 0.5.
    """
    finite = [r.loss for r in trace if math.isfinite(r.loss)]
    step = _round_up(max([0.1 * _ROWS, *finite]) / _ROWS)
    lines = ["loss"]
    for level in range(_ROWS, 0, -1):
        blocks = (_draw_block(r.loss / step - (level - 1)) for r in trace)
        lines.append(f"{level * step:5.4g} ┤ " + " ".join(b * 3 for b in blocks))
    lines.append("      └" + "─" * (4 * len(trace) + 1))
    lines.append("        " + " ".join(f"{r.epoch:^3}" for r in trace) + "  epoch")
    return "\n".join(line.rstrip() for line in lines)


def _show(value: float | None, digits: int) -> str:
    return "" if value is None or math.isnan(value) else f"{value:.{digits}f}"


def _draw_block(share: float) -> str:
    """Return the block character that fills this share of a cell from below."""
    if math.isnan(share):
        return "?"
    return " ▁▂▃▄▅▆▇█"[round(8 * min(max(share, 0.0), 1.0))]


def _round_up(value: float) -> float:
    """Return the next round number (1, 2, 3, 4, 5 or 10 times a power of ten)."""
    power = 10.0 ** math.floor(math.log10(value) + 1e-9)
    for factor in (1, 2, 3, 4, 5, 10):
        if value <= factor * power * (1 + 1e-9):
            return factor * power
    return 10 * power
