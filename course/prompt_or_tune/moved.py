"""Where the names of released notebooks and classes are now.

A learner's copy of a notebook, and the hidden tests in a class's folder, import what the
release that they came with had. `MOVED` is the one list of what has another place since:
a row is `"old.module:name": "new.module"`, or `"new.module:new_name"` where the name is
another one too; a whole module is `"old.module": "new.module"`.

Adding a row is all there is to do for a module that is gone: Python asks the finder here
when it finds none of that name. A module that is still there, without one of its names,
says besides, once, below its imports:

    if not TYPE_CHECKING:
        __getattr__ = moved.forward(__name__)

`tests/released` holds every name that each release's notebooks and hidden tests import,
and says which row is missing.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

MOVED: dict[str, str] = {
    "prompt_or_tune.checks:check": "prompt_or_tune.widgets.check_card",
    "prompt_or_tune.checks:show_progress": "prompt_or_tune.widgets.progress_card",
    "prompt_or_tune.decision": "prompt_or_tune.decision.first_edition",
    "prompt_or_tune.figures:family_of": "prompt_or_tune.decision.arms",
    "prompt_or_tune.own_data.reporting": "prompt_or_tune.show.own_data",
    "prompt_or_tune.report:Table": "prompt_or_tune.show.document",
    "prompt_or_tune.records:TuningRun": "prompt_or_tune.tuning",
    "prompt_or_tune.scoring:Interval": "prompt_or_tune.statistics",
    "prompt_or_tune.scoring:Rate": "prompt_or_tune.statistics",
    "prompt_or_tune.scoring:holm": "prompt_or_tune.statistics",
    "prompt_or_tune.scoring:mcnemar_exact": "prompt_or_tune.statistics",
    "prompt_or_tune.scoring:pass_rate": "prompt_or_tune.statistics",
    "prompt_or_tune.scoring:rate_of": "prompt_or_tune.statistics",
    "prompt_or_tune.scoring:wilson_interval": "prompt_or_tune.statistics",
    "prompt_or_tune.tables": "prompt_or_tune.show.results",
    "prompt_or_tune.tour.reporting": "prompt_or_tune.show.tour_tables",
    "prompt_or_tune.tuning:Adapter": "prompt_or_tune.adapters",
    "prompt_or_tune.tuning:REFERENCE_TRACE": "prompt_or_tune.trace",
    "prompt_or_tune.tuning:TuningSettings": "prompt_or_tune.records",
    "prompt_or_tune.tuning:make_lora_config": "prompt_or_tune.lora_trainer",
    "prompt_or_tune.tuning:observe": "prompt_or_tune.trace",
    "prompt_or_tune.tuning:trace_bars": "prompt_or_tune.trace",
    "prompt_or_tune.tuning:trace_table": "prompt_or_tune.trace",
}


def forward(module: str) -> Callable[[str], Any]:
    """Return the `__getattr__` of a module some of whose names have moved."""

    def find(name: str) -> Any:
        place = MOVED.get(f"{module}:{name}") or MOVED.get(module)
        if place is None:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        new_module, _, new_name = place.partition(":")
        return getattr(import_module(new_module), new_name or name)

    return find


class _Finder(MetaPathFinder, Loader):
    """Makes a module that is gone, empty but for what `forward` finds."""

    def find_spec(self, fullname: str, *_: object) -> ModuleSpec | None:
        gone = {key.partition(":")[0] for key in MOVED}
        is_package = any(name.startswith(f"{fullname}.") for name in gone)
        if fullname not in gone and not is_package:
            return None
        return ModuleSpec(fullname, self, is_package=is_package)

    def create_module(self, spec: ModuleSpec) -> None:
        return None  # as Python itself makes one

    def exec_module(self, module: ModuleType) -> None:
        vars(module)["__getattr__"] = forward(module.__name__)


def register() -> None:
    """Let Python ask here for a module that it doesn't find; repeating does nothing."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.append(_Finder())
