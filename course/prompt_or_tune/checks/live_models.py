"""Small networks for graded tasks, every number of them handed in.

With B at zero a LoRA layer does what its base does, and an answer that forgets LoRA
passes: so nothing here is initialised, everything is given, and tests give random values.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

from prompt_or_tune.pairs import IGNORED_LABEL


@dataclass(frozen=True)
class LoraTensors:
    """One adapted layer: W out x in, A rank x in, B out x rank."""

    weight: torch.Tensor
    a: torch.Tensor
    b: torch.Tensor


class AdaptedLayer(nn.Module):
    """A frozen linear layer with a LoRA beside it, as PEFT lays it out."""

    def __init__(self, tensors: LoraTensors) -> None:
        super().__init__()
        self.base_layer = _linear(tensors.weight, trained=False)
        self.lora_A = _linear(tensors.a, trained=True)
        self.lora_B = _linear(tensors.b, trained=True)


class AdaptedNetwork(nn.Module):
    """Embedding, adapted layers, a norm, and a head that shares the embedding's weight.

    Positions are a buffer: numbers of the network that are no parameters.
    """

    positions: torch.Tensor

    def __init__(
        self,
        embedding: torch.Tensor,
        layers: Sequence[LoraTensors],
        norm: torch.Tensor,
        *,
        train_norm: bool,
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding.from_pretrained(embedding.clone(), freeze=True)
        self.layers = nn.ModuleList(AdaptedLayer(tensors) for tensors in layers)
        self.norm = nn.Parameter(norm.clone(), requires_grad=train_norm)
        self.head = nn.Linear(embedding.shape[1], embedding.shape[0], bias=False)
        self.head.weight = self.embedding.weight  # tied, as in Seedling
        self.register_buffer("positions", torch.arange(embedding.shape[0]))


def _linear(weight: torch.Tensor, *, trained: bool) -> nn.Linear:
    layer = nn.Linear(weight.shape[1], weight.shape[0], bias=False)
    layer.weight = nn.Parameter(weight.clone(), requires_grad=trained)
    return layer


class NextTokenNetwork(nn.Module):
    """Expect the next token from the tokens so far: ids to logits, of any batch.

    A frozen embedding, a running mean over the tokens before, and two trained layers.
    """

    def __init__(
        self, embedding: torch.Tensor, middle: torch.Tensor, head: torch.Tensor
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding.from_pretrained(embedding.clone(), freeze=True)
        self.middle = nn.Parameter(middle.clone())
        self.head = nn.Parameter(head.clone())

    def forward(self, input_ids: torch.Tensor) -> torch.Tensor:
        """Return logits, rows x length x vocabulary."""
        return next_token_logits(self.embedding.weight, self.middle, self.head, input_ids)


def next_token_logits(
    embedding: torch.Tensor,
    middle: torch.Tensor,
    head: torch.Tensor,
    input_ids: torch.Tensor,
) -> torch.Tensor:
    """Return what a NextTokenNetwork of these weights makes of the ids."""
    seen = embedding[input_ids]
    counts = torch.arange(1, input_ids.shape[1] + 1)[:, None]
    return torch.tanh(seen.cumsum(1) / counts @ middle) @ head


def train_by_formula(
    embedding: torch.Tensor,
    middle: torch.Tensor,
    head: torch.Tensor,
    batches: Sequence[tuple[torch.Tensor, torch.Tensor]],
    learning_rate: float,
) -> dict[str, object]:
    """Return what plain gradient descent over the batches gives, without an optimiser.

    Each batch is (input ids, labels); position t is asked for label t + 1.
    """
    losses: list[float] = []
    for input_ids, labels in batches:
        weights = [part.detach().requires_grad_() for part in (middle, head)]
        logits = next_token_logits(embedding, weights[0], weights[1], input_ids)
        targets = labels[:, 1:]
        counted = targets != IGNORED_LABEL
        chances = logits[:, :-1].log_softmax(-1)[counted]
        loss = -chances.gather(1, targets[counted][:, None]).mean()
        gradients = torch.autograd.grad(loss, weights)
        middle, head = (
            (part - learning_rate * gradient).detach()
            for part, gradient in zip(weights, gradients, strict=True)
        )
        losses.append(loss.item())
    return {"losses": losses, "middle": middle, "head": head}
