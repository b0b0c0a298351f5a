"""What a learner clicks: thin shells over plain calls, each usable without a click.

Every widget is an ipywidgets box, to be the last expression of a cell. They are imported
when first asked for, so that a check can use the cards without loading a model.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from prompt_or_tune.widgets.break_even_lab import BreakEvenLab
    from prompt_or_tune.widgets.hints import Hints
    from prompt_or_tune.widgets.lora_lab import LoraLab
    from prompt_or_tune.widgets.prediction_lab import PredictionLab
    from prompt_or_tune.widgets.prompt_lab import PromptLab
    from prompt_or_tune.widgets.quiz_card import QuizCard

_MODULES = {
    "BreakEvenLab": "break_even_lab",
    "Hints": "hints",
    "LoraLab": "lora_lab",
    "PredictionLab": "prediction_lab",
    "PromptLab": "prompt_lab",
    "QuizCard": "quiz_card",
}

__all__ = [
    "BreakEvenLab",
    "Hints",
    "LoraLab",
    "PredictionLab",
    "PromptLab",
    "QuizCard",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
