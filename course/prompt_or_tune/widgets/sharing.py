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
    network = model.network.get_base_model() if model.has_adapter else model.network
    weights = [*network.parameters(), *network.buffers()]
    twin = replace(
        model, network=copy.deepcopy(model.network, {id(w): w for w in weights})
    )
    twin.detach()
    return twin
