"""What can go wrong that the author can mend."""

from __future__ import annotations

from pathlib import Path


class WorkshopError(Exception):
    """A foreseen fault; the message is a sentence for the author."""


class SourceError(WorkshopError):
    """A fault in a percent file, with the place where it is to be mended."""

    def __init__(self, file: Path, line: int, fault: str) -> None:
        super().__init__(f"{file}:{line}: {fault}")
        self.line = line
