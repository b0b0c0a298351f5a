"""What results were made with: the model and the machine that they belong to."""

from __future__ import annotations

import hashlib
import os
import platform
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prompt_or_tune.models import LanguageModel


@dataclass(frozen=True)
class MadeWith:
    """What the results were made with, so that others can make them again."""

    model: str
    parameters: int
    weights: str
    python: str
    torch: str
    transformers: str
    peft: str
    cores: int


def describe_making(model: LanguageModel) -> MadeWith:
    """Return what results of this model, here and now, are made with."""
    return MadeWith(
        model=model.describe(),
        parameters=model.count_parameters(),
        weights=hash_weights(model),
        python=platform.python_version(),
        torch=version("torch"),
        transformers=version("transformers"),
        peft=version("peft"),
        cores=os.cpu_count() or 1,
    )


def hash_weights(model: LanguageModel) -> str:
    """Return a short hash of the base model's weights: results belong to a model."""
    digest = hashlib.sha256()
    for name, tensor in sorted(model.network.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.detach().float().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]
