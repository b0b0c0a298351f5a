"""Stage 5: what the base and the fine-tuned model make of a new prompt."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from prompt_or_tune.adapters import Adapter
from prompt_or_tune.models import LanguageModel
from prompt_or_tune.records import Prediction, TokenProbability


@dataclass(frozen=True)
class PredictionTrace:
    """A prompt on its way through two models.

    Layer 1 is the input: `prompt`, `formatted` (with the chat template), its `tokens`
    and `token_ids`. Layer 2 is what comes out: the `base` and the `tuned` prediction.
    """

    prompt: str
    formatted: str
    tokens: tuple[str, ...]
    token_ids: tuple[int, ...]
    base: Prediction
    tuned: Prediction

    def as_text(self) -> str:
        """Return the trace as plain text: the input above, both models side by side."""
        return "\n".join([*_draw_input(self), "", *_draw_models(self)])


def predict(
    model: LanguageModel,
    prompts: Sequence[str],
    top: int = 5,
    *,
    max_new_tokens: int = 64,
) -> list[Prediction]:
    """Answer the prompts, and tell the `top` likeliest first tokens of each answer."""
    if not prompts:
        return []
    texts = model.generate(prompts, max_new_tokens=max_new_tokens)
    probabilities = model.next_token_probabilities(prompts)
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
    prompt: str,
    base_model: LanguageModel,
    adapter: Adapter,
    top: int = 5,
    *,
    max_new_tokens: int = 64,
) -> PredictionTrace:
    """Send one prompt through the base model and through base and adapter.

    The model is left without an adapter.
    """
    base_model.detach()
    (base,) = predict(base_model, [prompt], top, max_new_tokens=max_new_tokens)
    base_model.attach(adapter)
    try:
        (tuned,) = predict(base_model, [prompt], top, max_new_tokens=max_new_tokens)
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
    )


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
        "Layer 2: the model, and what it thinks comes first",
        *(f"  {left:<{_COLUMN}}  {right}".rstrip() for left, right in rows),
        "and what it says then",
        *_draw_field("base", trace.base.text),
        *_draw_field("fine-tuned", trace.tuned.text),
    ]


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
