"""The arms: every way of answering that the course measures, one file for each.

A new file in this folder with an arm in it is a new arm: it is found here, competes in
every task that has what it needs, and is measured, drawn and priced like the others.
Recorded results hold an arm's name; `find_arm` gives the arm of a name.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from functools import cache
from importlib import import_module

from prompt_or_tune.decision.arms.arm import Arm, Family


@cache
def list_arms() -> tuple[Arm, ...]:
    """Return all arms, in the order in which tables show them; rivals come last."""
    by_name = {arm.name: arm for arm in _discover()}
    return tuple(sorted(by_name.values(), key=lambda arm: arm.place))


def _discover() -> Iterator[Arm]:
    for module in pkgutil.iter_modules(__path__, f"{__name__}."):
        defined = vars(import_module(module.name)).values()
        yield from (each for each in defined if isinstance(each, Arm))


def find_arm(name: str) -> Arm:
    """Return the arm of this name; raise ValueError, naming those that there are."""
    for arm in list_arms():
        if arm.name == name:
            return arm
    names = ", ".join(arm.name for arm in list_arms())
    raise ValueError(f'There is no arm "{name}"; there are: {names}.')


def family_of(name: str) -> Family:
    """Return what stands behind an arm's answers; an arm of the reader's own prompts."""
    families = {arm.name: arm.family for arm in list_arms()}
    return families.get(name, "prompted")


def has_model(name: str) -> bool:
    """Return whether a language model answers in the arm of this name."""
    return family_of(name) != "rival"


def title_of(name: str) -> str:
    """Return what a sentence calls an arm; an arm of the reader's own by its name."""
    return {arm.name: arm.title for arm in list_arms()}.get(name, name)
