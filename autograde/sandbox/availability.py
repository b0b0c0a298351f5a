"""Whether a sandbox can be made on this machine, and what to do where none can."""

from __future__ import annotations

import shutil
import sys
from functools import cache

from autograde.errors import AutogradeError
from autograde.sandbox.preloaded_parent import PreloadedParent
from autograde.submission_records import Limits

ELSEWHERE = (
    "grade in a Linux container or virtual machine with bubblewrap, "
    "or trust all students with --trust"
)


@cache
def find_fault() -> str | None:
    """Return why no sandbox can be made here, with what to do; None when one can."""
    if sys.platform != "linux":
        return f"The sandbox needs Linux: {ELSEWHERE}."
    if shutil.which("bwrap") is None:
        return (
            "The sandbox needs bubblewrap, and there is no bwrap here: install it "
            f"(apt install bubblewrap), or {ELSEWHERE}."
        )
    try:
        with PreloadedParent(sandboxed=True, preload=[], limits=Limits()) as parent:
            parent.fork("autograde.sandbox.fork_server:do_nothing", {}).kill()
    except AutogradeError as fault:
        return (
            f"This system lets no sandbox be made: {fault} It may forbid user namespaces "
            "(sysctl kernel.unprivileged_userns_clone=1, and on Ubuntu "
            f"kernel.apparmor_restrict_unprivileged_userns=0); else {ELSEWHERE}."
        )
    return None
