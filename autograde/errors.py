"""What can go wrong that its reader can mend."""

from __future__ import annotations

from pathlib import Path


class AutogradeError(Exception):
    """A foreseen fault; the message is a sentence for the reader."""


class NoSandboxError(AutogradeError):
    """A machine that can make no sandbox: nothing can be graded there."""


class SourceError(AutogradeError):
    """A fault in a percent file, with the place where it is to be mended."""

    def __init__(self, file: Path, line: int, fault: str) -> None:
        super().__init__(f"{file}:{line}: {fault}")
        self.line = line
