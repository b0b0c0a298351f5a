"""What answers the learner: a check per task, and the progress over the whole course."""

from prompt_or_tune.checks.checking import check
from prompt_or_tune.checks.comparing import CheckFailed
from prompt_or_tune.checks.progress import show_progress
from prompt_or_tune.checks.scenarios import run_scenario

__all__ = ["CheckFailed", "check", "run_scenario", "show_progress"]
