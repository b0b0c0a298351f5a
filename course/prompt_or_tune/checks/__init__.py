"""What answers the learner: a check per task. Nothing here talks to a screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prompt_or_tune import moved
from prompt_or_tune.checks.comparing import CheckFailed
from prompt_or_tune.checks.scenarios import run_scenario

if not TYPE_CHECKING:
    __getattr__ = moved.forward(__name__)

__all__ = ["CheckFailed", "run_scenario"]
