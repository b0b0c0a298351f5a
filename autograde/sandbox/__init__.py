"""Run code of strangers where it can reach nothing, use little, and leaves nothing.

A worker holds a *preloaded parent*: a process inside bubblewrap that has imported what
notebooks import, and forks. Each child goes on into namespaces of its own before the
first line of a stranger's code runs there; killing process 1 of them kills all.

`launching` and `student` are the host's side, `parent`, `namespaces`, `limits` and
`kernel` run inside.
"""

from __future__ import annotations

from autograde.sandbox.launching import (
    Child,
    PreloadedParent,
    find_fault,
    is_visible_inside,
)
from autograde.sandbox.student import StudentKernel

__all__ = ["Child", "PreloadedParent", "StudentKernel", "find_fault", "is_visible_inside"]
