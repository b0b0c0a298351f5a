"""The one list of the five stages: figures, notebooks and the command read it here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Stage:
    """One stage of the pipeline: what comes in, what happens, what goes out."""

    number: int
    title: str
    module: str
    takes: str
    does: str
    gives: str
    example: str


STAGES: tuple[Stage, ...] = (
    Stage(
        1,
        "Input data",
        "samples",
        "1000 text samples",
        "collect raw requests, look at them, clean them",
        "1000 text samples",
        "Write a poem about spring",
    ),
    Stage(
        2,
        "Prompt engineering",
        "prompts",
        "1000 text samples",
        "craft the prompt that gets what was meant",
        "1000 improved prompts",
        "Write a short, rhyming poem about spring with 4 lines",
    ),
    Stage(
        3,
        "Fine-tuning preparation",
        "pairs",
        "1000 labelled samples",
        "format the data for training",
        "1000 training pairs",
        '{"prompt": "Describe spring", "response": "Spring is warm and bright"}',
    ),
    Stage(
        4,
        "Model fine-tuning",
        "tuning",
        "1000 training pairs",
        "train (LoRA) on the new data, 5 epochs",
        "a fine-tuned model",
        "answers spring-related prompts better",
    ),
    Stage(
        5,
        "Model prediction",
        "prediction",
        "a new prompt",
        "generate with the base or the fine-tuned model",
        "text",
        "Spring brings flowers and sunshine.",
    ),
)
