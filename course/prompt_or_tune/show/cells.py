"""How numbers stand in a table's cell, and a rate in JSON."""

from __future__ import annotations

import math
from typing import Any

from prompt_or_tune.statistics import Rate


def format_rate(rate: Rate) -> str:
    """Return a share with its interval: 0.97 [0.95–0.99]."""
    return f"{rate.rate:.2f} [{rate.low:.2f}–{rate.high:.2f}]"


def format_share(value: float | None) -> str:
    """Return a share to two digits, a dash where it was not measured."""
    return "–" if value is None or math.isnan(value) else f"{value:.2f}"


def format_p(p: float) -> str:
    """Return a p-value as people print it."""
    return "<0.001" if p < 0.001 else f"{p:.3f}" if p < 0.1 else f"{p:.2f}"


def format_yes(holds: bool) -> str:
    """Return "yes" or "no"."""
    return "yes" if holds else "no"


def list_rate(rate: Rate) -> dict[str, Any]:
    """Return a share with its interval as fields of JSON."""
    return {
        "successes": rate.successes,
        "of": rate.n,
        "rate": rate.rate,
        "low": rate.low,
        "high": rate.high,
    }
