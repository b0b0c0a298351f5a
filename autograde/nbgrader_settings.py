"""What nbgrader_config.py says about this course, as nbgrader itself reads it."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from traitlets.config.loader import PyFileConfigLoader

DEMONSTRATION = "demonstration"
"""The tag of cells that only show something: graders may skip them."""


@lru_cache(maxsize=1)
def load_settings() -> Any:
    """Return the settings as a `traitlets` configuration; copy it before a change."""
    return PyFileConfigLoader(
        "nbgrader_config.py", str(Path(__file__).parent)
    ).load_config()
