"""The colours of everything that is shown: figures, cards, pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prompt_or_tune.decision.arms.arm import Family

# Derived from Okabe and Ito's palette, darkened until each colour can also be read as
# text on the card (contrast ≥ 4.5), and spread in lightness so that all five stay apart
# under protanopia, deuteranopia and tritanopia (a test simulates the three).
COLOURS: dict[Family, str] = {
    "base": "#6C7177",
    "prompted": "#0072B2",
    "tuned": "#C64D00",
    "both": "#651E6B",
    "rival": "#06553A",
}
# The same hues, lighter: for what accompanies the main mark of its family.
SOFT: dict[Family, str] = {
    "base": "#B9BDC1",
    "prompted": "#8DBFDF",
    "tuned": "#E0A27E",
    "both": "#B694B9",
    "rival": "#8BB3A2",
}

INK = "#1F2328"
MUTED = "#565C63"
FAINT = "#9BA1A8"
GRID = "#E4E5E3"
CARD = "#FCFBF8"
BAND = "#F0EDE3"
