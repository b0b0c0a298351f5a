"""Stage 5: what the base and the fine-tuned model make of a new prompt."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import torch

from prompt_or_tune.adapters import Adapter
from prompt_or_tune.models import LanguageModel
from prompt_or_tune.pairs import IGNORED_LABEL, encode
from prompt_or_tune.records import Pair, Prediction, TokenProbability


@dataclass(frozen=True)
class PredictionTrace:
    """A prompt on its way through two models.

    Layer 1 is the input: `prompt`, `formatted` (with the chat template), its `tokens`
    and `token_ids`. Layer 2 is what comes out: the `base` and the `tuned` prediction,
    their likeliest tokens those after `answer_start`, the first words of an answer.
    """

    prompt: str
    formatted: str
    tokens: tuple[str, ...]
    token_ids: tuple[int, ...]
    base: Prediction
    tuned: Prediction
    answer_start: str = ""

    def as_text(self) -> str:
        """Return the trace as plain text: the input above, both models side by side."""
        return "\n".join([*_draw_input(self), "", *_draw_models(self)])


def predict(
    model: LanguageModel,
    prompts: Sequence[str],
    top: int = 5,
    *,
    answer_start: str = "",
) -> list[Prediction]:
    """Answer the prompts, and tell the `top` likeliest first tokens of each answer.

    With `answer_start`, the likeliest tokens after these first words instead.
    """
    if not prompts:
        return []
    texts = model.generate(prompts)
    probabilities = model.next_token_probabilities(prompts, answer_start=answer_start)
    likeliest = probabilities.topk(min(top, probabilities.shape[-1]), dim=-1)
    return [
        Prediction(
            prompt=prompt,
            text=text,
            tokens=_show_tokens(model, model.encode_prompt(prompt)),
            top_tokens=_read_candidates(model, ids, chances),
        )
        for prompt, text, ids, chances in zip(
            prompts,
            texts,
            likeliest.indices.tolist(),
            likeliest.values.tolist(),
            strict=True,
        )
    ]


def trace_prediction(
    prompt: str, base_model: LanguageModel, adapter: Adapter, *, answer_start: str = ""
) -> PredictionTrace:
    """Send one prompt through the base model and through base and adapter.

    `answer_start` asks for the likeliest tokens after these first words of an answer
    ("Spring is"), where two models often part. The model is left without an adapter.
    """
    ask = partial(predict, base_model, [prompt], answer_start=answer_start)
    base_model.detach()
    (base,) = ask()
    base_model.attach(adapter)
    try:
        (tuned,) = ask()
    finally:
        base_model.detach()
    ids = base_model.encode_prompt(prompt)
    return PredictionTrace(
        prompt=prompt,
        formatted=base_model.format_prompt(prompt),
        tokens=_show_tokens(base_model, ids),
        token_ids=tuple(ids),
        base=base,
        tuned=tuned,
        answer_start=answer_start,
    )


@dataclass(frozen=True)
class TokenChange:
    """What tuning changed at one token of an answer.

    `base` and `tuned` are the probabilities that the two models give this token after
    everything before it; `divergence` is how far their whole distributions are apart
    there: KL(tuned || base) in nats.
    """

    token: str
    base: float
    tuned: float
    divergence: float


def trace_changes(
    prompt: str, answer: str, base_model: LanguageModel, adapter: Adapter
) -> tuple[TokenChange, ...]:
    """Let both models read one answer, and compare them before each of its tokens.

    The last token is the end of the turn. The model is left without an adapter. Raises
    PairsError: an empty answer, or one too long for the model.
    """
    encoded = encode(Pair(prompt, answer), base_model)
    base_model.detach()
    base = _read_along(base_model, encoded.input_ids)
    base_model.attach(adapter)
    try:
        tuned = _read_along(base_model, encoded.input_ids)
    finally:
        base_model.detach()
    divergences = (tuned.exp() * (tuned - base)).sum(-1)
    return tuple(
        TokenChange(
            token=base_model.tokenizer.decode([token]),
            base=base[place - 1, token].exp().item(),  # place - 1 expects what follows
            tuned=tuned[place - 1, token].exp().item(),
            divergence=max(0.0, divergences[place - 1].item()),
        )
        for place, token in enumerate(encoded.labels)
        if token != IGNORED_LABEL
    )


def _read_along(model: LanguageModel, ids: Sequence[int]) -> torch.Tensor:
    """Return log-probabilities of what follows each token, length x vocabulary."""
    with model.answering():
        logits = model.network(input_ids=torch.tensor([ids], device=model.device)).logits
    return logits[0].float().log_softmax(-1).cpu()


def _show_tokens(model: LanguageModel, ids: Sequence[int]) -> tuple[str, ...]:
    return tuple(model.tokenizer.decode([token]) for token in ids)


def _read_candidates(
    model: LanguageModel, ids: Sequence[int], probabilities: Sequence[float]
) -> tuple[TokenProbability, ...]:
    texts = _show_tokens(model, ids)
    return tuple(map(TokenProbability, texts, ids, probabilities))


# ── As text ────────────────────────────────────────────────────────────────────────────

_WIDTH = 100  # characters of a line
_COLUMN = 36  # characters of one model's column


def _draw_input(trace: PredictionTrace) -> list[str]:
    ids = " ".join(map(str, trace.token_ids))
    return [
        "Layer 1: the input",
        *_draw_field("prompt", trace.prompt),
        *_draw_field("formatted", repr(trace.formatted)),
        *_draw_field("tokens", " ".join(map(repr, trace.tokens))),
        *_draw_field("ids", f"{ids} ({len(trace.token_ids)} tokens)"),
    ]


def _draw_models(trace: PredictionTrace) -> list[str]:
    base, tuned = _draw_candidates(trace.base), _draw_candidates(trace.tuned)
    rows = [("base", "fine-tuned"), *zip(base, tuned, strict=True)]
    return [
        f"Layer 2: the model, and what it thinks comes {_name_place(trace)}",
        *(f"  {left:<{_COLUMN}}  {right}".rstrip() for left, right in rows),
        "and what it says then",
        *_draw_field("base", trace.base.text),
        *_draw_field("fine-tuned", trace.tuned.text),
    ]


def _name_place(trace: PredictionTrace) -> str:
    return f"after {trace.answer_start!r}" if trace.answer_start else "first"


def _draw_candidates(prediction: Prediction) -> list[str]:
    lines = []
    for candidate in prediction.top_tokens:
        bar = "█" * round(candidate.probability * 12)
        lines.append(f"{candidate.token!r:<14.14} {candidate.probability:6.1%} {bar}")
    return lines


def _draw_field(label: str, text: str) -> list[str]:
    """Return a labelled text, its lines kept and wrapped, aligned under each other."""
    lines = [
        part
        for line in text.splitlines() or [""]
        for part in textwrap.wrap(line, _WIDTH - 14, break_on_hyphens=False) or [""]
    ]
    heads = [label, *[""] * (len(lines) - 1)]
    return [
        f"  {head:<12}{line}".rstrip() for head, line in zip(heads, lines, strict=True)
    ]
