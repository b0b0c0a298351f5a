"""One message for a cell that breaks off, on every version of Python."""

from __future__ import annotations

from codeop import PyCF_ALLOW_INCOMPLETE_INPUT  # type: ignore[attr-defined]
from typing import Any


def demand_whole_cells(shell: Any) -> None:
    """Let an IPython shell say of such a cell what Python says of such a file.

    Its compiler is made for lines that are typed one by one, and says "incomplete input",
    from Python 3.13 on in an error of another name; the file's "'(' was never closed".
    """
    shell.compile.flags &= ~PyCF_ALLOW_INCOMPLETE_INPUT
