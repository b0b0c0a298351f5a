"""A second model on the same weights, so that a lab leaves the reader's own alone."""

from __future__ import annotations

import copy
from dataclasses import replace

from prompt_or_tune.models import LanguageModel


def share_weights(model: LanguageModel) -> LanguageModel:
    """Return the base model once more: modules of its own, the same weights.

    An adapter that is trained or attached in one is not seen by the other. It takes no
    memory worth speaking of.
    """
    weights = [*model.network.parameters(), *model.network.buffers()]
    network = copy.deepcopy(model.network, {id(weight): weight for weight in weights})
    twin = replace(model, network=network)
    twin.detach()
    return twin
