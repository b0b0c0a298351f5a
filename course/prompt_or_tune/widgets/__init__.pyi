from .break_even_lab import BreakEvenLab as BreakEvenLab
from .check_card import check as check
from .hints import Hints as Hints
from .lora_lab import LoraLab as LoraLab
from .prediction_lab import PredictionLab as PredictionLab
from .progress_card import show_progress as show_progress
from .prompt_lab import PromptLab as PromptLab
from .quiz_card import QuizCard as QuizCard

__all__: list[str]
