"""The instructor's side of the course: grade what comes back from a class."""

from pathlib import Path

ROOT = Path(__file__).parent.parent
"""The repository, where this package is used from one."""
