"""Every figure of the course: one message each, one palette, one size of type."""

from prompt_or_tune.figures.arms import draw_arms, draw_results, family_of, name_arm
from prompt_or_tune.figures.costs import draw_break_even
from prompt_or_tune.figures.curves import draw_learning_curve, draw_schedules
from prompt_or_tune.figures.drawing import COLOURS, Drawing, Family
from prompt_or_tune.figures.maps import draw_decision_map
from prompt_or_tune.figures.pipeline import (
    draw_data_flow,
    draw_prediction_trace,
    draw_token_mask,
)
from prompt_or_tune.figures.training import draw_step_losses, draw_training_trace

__all__ = [
    "COLOURS",
    "Drawing",
    "Family",
    "draw_arms",
    "draw_break_even",
    "draw_data_flow",
    "draw_decision_map",
    "draw_learning_curve",
    "draw_prediction_trace",
    "draw_results",
    "draw_schedules",
    "draw_step_losses",
    "draw_token_mask",
    "draw_training_trace",
    "family_of",
    "name_arm",
]
