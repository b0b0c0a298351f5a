"""The command `prompt-or-tune`."""

from prompt_or_tune.cli.app import main

__all__ = ["main"]
