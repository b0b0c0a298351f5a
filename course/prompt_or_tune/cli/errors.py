"""One line for what the reader can mend; a traceback for what we must."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from typing import Any

import typer
from typer.core import TyperGroup

INTERRUPTED = 130

# What the machine refuses, whichever file it was: full, read-only, not allowed, …
MACHINE_REFUSES = {
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EROFS,
    errno.EACCES,
    errno.EPERM,
    errno.ENOTDIR,
    errno.EISDIR,
    errno.ENAMETOOLONG,
}
# What torch and safetensors say instead of raising OSError.
DISK_IS_FULL = ("No space left on device", "PytorchStreamWriter failed writing file")


class UsageError(Exception):
    """An option that makes no sense; the message is one sentence for the reader."""


class ReportingGroup(TyperGroup):
    """Commands whose foreseen errors become one line on stderr and an exit code."""

    called = "prompt-or-tune"
    """The name of the command before each such line."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command; let the unforeseen through, with its traceback."""
        try:
            result = super().invoke(ctx)
            # Now, not at exit: a full disk must still become a line of ours.
            sys.stdout.flush()
        except KeyboardInterrupt:
            say("stopped; nothing is left half-written.", self.called)
            raise typer.Exit(INTERRUPTED) from None
        except BrokenPipeError:
            # `prompt-or-tune … | head`: the reader of our output has seen enough.
            _discard_output()
            raise typer.Exit(0) from None
        except Exception as error:
            line = self.explain(error)
            if line is None:
                raise
            _discard_output()
            say(line, self.called)
            raise typer.Exit(1) from None
        return result

    def explain(self, error: Exception) -> str | None:
        """Return the line to show for a foreseen error; `None` for one that is a bug."""
        return explain(error)


def explain(error: BaseException) -> str | None:
    """Return the line to show for a foreseen error; `None` for one that is a bug.

    Foreseen is every exception class that this package defines (their messages are
    sentences for the reader), what the machine refuses, and memory that does not suffice.
    """
    if type(error).__module__.partition(".")[0] == "prompt_or_tune":
        return " ".join(str(error).split())
    if isinstance(error, OSError) and error.errno in MACHINE_REFUSES:
        where = f"{error.filename} can't be written" if error.filename else "can't write"
        return f"{where}: {error.strerror}; make room, or choose another folder."
    if any(words in str(error) for words in DISK_IS_FULL):
        return "can't write: the disk is full; make room, or choose another folder."
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return "the memory does not suffice; choose a smaller model or --batch-size."
    return None


def say(sentence: str, command: str = ReportingGroup.called) -> None:
    """Print a line on stderr, under the command's name."""
    print(f"{command}: {sentence}", file=sys.stderr)


def _discard_output() -> None:
    """Drop what stdout still holds; Python would try again at exit, and complain."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
