"""The author's tools: notebooks from text, pages that quote results, and Seedling.

Nothing here is installed. Run it from the repository: `python -m solutions.workshop`.
"""

from pathlib import Path

ROOT = Path(__file__).parents[2]
"""The repository."""

LIBRARY = ROOT / "course" / "prompt_or_tune"
"""What ships: results, data and model are recorded in it."""
