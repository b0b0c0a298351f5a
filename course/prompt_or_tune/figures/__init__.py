"""Every figure of the course: one message each, one palette, one size of type."""

from typing import TYPE_CHECKING

from prompt_or_tune import moved
from prompt_or_tune.figures.adapters import (
    draw_low_rank,
    draw_token_changes,
    draw_traces,
)
from prompt_or_tune.figures.arms import draw_arms, draw_results, name_arm
from prompt_or_tune.figures.attempts import draw_attempts
from prompt_or_tune.figures.costs import draw_break_even
from prompt_or_tune.figures.curves import (
    draw_learning_curve,
    draw_prompt_worth,
)
from prompt_or_tune.figures.drawing import Drawing
from prompt_or_tune.figures.intervals import draw_intervals, draw_selection
from prompt_or_tune.figures.maps import draw_decision_map
from prompt_or_tune.figures.pipeline import (
    draw_data_flow,
    draw_prediction_trace,
    draw_token_mask,
)
from prompt_or_tune.figures.runs import draw_runs
from prompt_or_tune.figures.samples import (
    Share,
    draw_cleaning,
    draw_combinations,
    draw_kinds,
    draw_shares,
    draw_word_counts,
)
from prompt_or_tune.figures.training import draw_step_losses, draw_training_trace

if not TYPE_CHECKING:
    __getattr__ = moved.forward(__name__)

__all__ = [
    "Drawing",
    "Share",
    "draw_arms",
    "draw_attempts",
    "draw_break_even",
    "draw_cleaning",
    "draw_combinations",
    "draw_data_flow",
    "draw_decision_map",
    "draw_intervals",
    "draw_kinds",
    "draw_learning_curve",
    "draw_low_rank",
    "draw_prediction_trace",
    "draw_prompt_worth",
    "draw_results",
    "draw_runs",
    "draw_selection",
    "draw_shares",
    "draw_step_losses",
    "draw_token_changes",
    "draw_token_mask",
    "draw_traces",
    "draw_training_trace",
    "draw_word_counts",
    "family_of",
    "name_arm",
]
