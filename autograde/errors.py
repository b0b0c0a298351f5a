"""What can go wrong that its reader can mend."""

from __future__ import annotations


class AutogradeError(Exception):
    """A foreseen fault; the message is a sentence for the reader."""


class NoSandboxError(AutogradeError):
    """A machine that can make no sandbox: nothing can be graded there."""
