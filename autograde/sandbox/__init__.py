"""Run code of strangers where it can reach nothing, use little, and leaves nothing.

A worker holds a *preloaded parent*: a process inside bubblewrap that has imported what
notebooks import, and forks. Each child goes on into namespaces of its own before the
first line of a stranger's code runs there; killing process 1 of them kills all.

`preloaded_parent`, `child`, `bubblewrap`, `watcher` and `student_kernel` are the host's
side; `fork_server`, `namespaces`, `limits` and `kernel_app` run inside.
"""

from __future__ import annotations

from autograde.sandbox.availability import find_fault
from autograde.sandbox.bubblewrap import is_visible_inside
from autograde.sandbox.child import Child
from autograde.sandbox.preloaded_parent import PreloadedParent
from autograde.sandbox.student_kernel import StudentKernel

__all__ = ["Child", "PreloadedParent", "StudentKernel", "find_fault", "is_visible_inside"]
