"""Builders of tiny random models, one per architecture, for tests without a network.

Each builder writes an ordinary Hugging Face folder: random weights, a byte-level
tokenizer trained on the spot, and a chat template shaped like that family's own.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    AutoModelForCausalLM,
    Gemma3Config,
    Gemma3TextConfig,
    LlamaConfig,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen3Config,
)

TEXTS = [
    "Describe the fox at dawn",
    "Describe the owl in the garden",
    "Describe spring",
    "The fox is swift and golden",
    "The owl is wise and silver",
    "Spring is warm and bright",
    "Write a short, rhyming poem about spring with 4 lines",
]

SEEDLING_TEMPLATE = (
    "{% for m in messages %}"
    "{% if m.role == 'user' %}<user>{{ m.content }}"
    "{% else %}<assistant>{{ m.content }}<end>{% endif %}"
    "{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}"
)

# ChatML with a system prompt that the template adds by itself, as Qwen 2.5's does.
QWEN2_TEMPLATE = (
    "{% if messages[0].role != 'system' %}"
    "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n{% endif %}"
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)

# ChatML with the switch for thinking, as Qwen 3's has it.
QWEN3_TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n"
    "{% if m.role == 'assistant' and loop.last %}<think>\n\n</think>\n\n{% endif %}"
    "{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n"
    "{% if enable_thinking is defined and enable_thinking is false %}"
    "<think>\n\n</think>\n\n{% endif %}{% endif %}"
)

# Begins with <bos>, insists on alternating roles, trims, and calls the assistant "model".
GEMMA3_TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}"
    "{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Conversation roles must alternate user/assistant') }}{% endif %}"
    "{% set role = 'model' if m.role == 'assistant' else m.role %}"
    "<start_of_turn>{{ role }}\n{{ m.content | trim }}<end_of_turn>\n{% endfor %}"
    "{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
)

SIZES: dict[str, Any] = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 256,
    "tie_word_embeddings": True,
    # Ten times the usual: otherwise no LoRA makes a random model sure of a token.
    "initializer_range": 0.2,
}


def build_llama(folder: Path, **sizes: Any) -> Path:
    """Write a tiny Llama with Seedling's tokens and template; return the folder."""
    tokenizer = train_tokenizer(
        ["<pad>", "<user>", "<assistant>", "<end>"],
        SEEDLING_TEMPLATE,
        pad_token="<pad>",
        eos_token="<end>",
    )
    config = LlamaConfig(**SIZES | sizes, **_ids(tokenizer))
    return save_model(folder, config, tokenizer)


def build_qwen2(folder: Path, **sizes: Any) -> Path:
    """Write a tiny Qwen2: ChatML, pad is <|endoftext|>; return the folder."""
    config = Qwen2Config(**SIZES | sizes, **_ids(_chatml(QWEN2_TEMPLATE)))
    return save_model(folder, config, _chatml(QWEN2_TEMPLATE))


def build_qwen3(folder: Path, **sizes: Any) -> Path:
    """Write a tiny Qwen3: ChatML with the thinking switch; return the folder."""
    tokenizer = _chatml(QWEN3_TEMPLATE)
    config = Qwen3Config(**SIZES | sizes, head_dim=8, **_ids(tokenizer))
    return save_model(folder, config, tokenizer)


def build_gemma3(folder: Path, **sizes: Any) -> Path:
    """Write a tiny text-only Gemma3 with sliding windows; return the folder.

    Its tokenizer's EOS is not its end of turn: generation must stop at either.
    """
    tokenizer = _gemma_tokenizer()
    config = _gemma_text_config(tokenizer, **sizes)
    return save_model(folder, config, tokenizer)


def build_gemma3_multimodal(folder: Path, **sizes: Any) -> Path:
    """Write a tiny Gemma3 with a vision tower, as the models from 4B up have it."""
    tokenizer = _gemma_tokenizer()
    config = Gemma3Config(
        text_config=_gemma_text_config(tokenizer, **sizes).to_dict(),
        vision_config={
            "hidden_size": 16,
            "intermediate_size": 32,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "image_size": 28,
            "patch_size": 14,
        },
        mm_tokens_per_image=4,
        eos_token_id=[tokenizer.eos_token_id],
    )
    return save_model(folder, config, tokenizer)


BUILDERS: dict[str, Callable[..., Path]] = {
    "llama": build_llama,
    "qwen2": build_qwen2,
    "qwen3": build_qwen3,
    "gemma3": build_gemma3,
}


def train_tokenizer(
    special: list[str], template: str, **roles: str
) -> PreTrainedTokenizerFast:
    """Return a byte-level BPE tokenizer with these special tokens and chat template."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=384,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(TEXTS, trainer)
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, **roles)
    fast.chat_template = template
    return fast


def save_model(folder: Path, config: Any, tokenizer: PreTrainedTokenizerFast) -> Path:
    """Write a random model of this configuration with its tokenizer."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = AutoModelForCausalLM.from_config(config)
    network.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _ids(tokenizer: PreTrainedTokenizerFast) -> dict[str, Any]:
    return {
        "vocab_size": len(tokenizer),
        "pad_token_id": tokenizer.pad_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "bos_token_id": tokenizer.bos_token_id,
    }


def _chatml(template: str) -> PreTrainedTokenizerFast:
    return train_tokenizer(
        ["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
        template,
        pad_token="<|endoftext|>",
        eos_token="<|im_end|>",
    )


def _gemma_tokenizer() -> PreTrainedTokenizerFast:
    return train_tokenizer(
        ["<pad>", "<eos>", "<bos>", "<start_of_turn>", "<end_of_turn>"],
        GEMMA3_TEMPLATE,
        pad_token="<pad>",
        eos_token="<eos>",
        bos_token="<bos>",
    )


def _gemma_text_config(
    tokenizer: PreTrainedTokenizerFast, **sizes: Any
) -> Gemma3TextConfig:
    return Gemma3TextConfig(
        **SIZES | sizes, head_dim=8, sliding_window=16, **_ids(tokenizer)
    )
