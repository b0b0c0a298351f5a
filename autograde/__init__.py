"""The instructor's side of the course: build the notebooks, and grade what comes back."""

from pathlib import Path

ROOT = Path(__file__).parent.parent
"""The repository, where this package is used from one."""
