"""LoRA adapters: as data, as files in PEFT's own format, and in a network."""

from __future__ import annotations

import copy
import json
import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

import safetensors.torch
import torch
import torch.nn.functional as F
from peft import LoraConfig, PeftConfig, PeftModel, get_peft_model
from peft.tuners.lora import Linear as LoraLinear
from peft.tuners.lora import LoraLayer
from peft.utils import get_peft_model_state_dict, set_peft_model_state_dict
from safetensors import SafetensorError

from prompt_or_tune.files import write_atomically

CONFIG_FILE = "adapter_config.json"
TENSORS_FILE = "adapter_model.safetensors"
NAME = "default"  # PEFT can hold several adapters by name; we attach one


class AdapterError(Exception):
    """Say in one sentence why an adapter can't be read, saved or attached."""


@dataclass(frozen=True, eq=False)
class Adapter:
    """What LoRA has learned: PEFT's configuration, and tensors by PEFT's names.

    It knows its base by a portable name only ("seedling", a hub id, a folder's own
    name); no path is ever kept.
    """

    config: LoraConfig
    tensors: Mapping[str, torch.Tensor]

    def count_parameters(self) -> int:
        """Return how many numbers were trained."""
        return sum(tensor.numel() for tensor in self.tensors.values())

    def save(self, folder: str | os.PathLike[str]) -> None:
        """Save in PEFT's own format, so that `PeftModel.from_pretrained` loads it.

        Raises AdapterError: read-only folder, full disk.
        """
        folder = Path(folder)
        try:
            # The configuration comes last: a folder with one is a whole adapter.
            write_atomically(folder / TENSORS_FILE, _serialise(self.tensors))
            write_atomically(folder / CONFIG_FILE, _write_config(self.config))
        except OSError as error:
            raise AdapterError(
                f"The adapter can't be saved in {folder}: {error.strerror or error}."
            ) from error

    @classmethod
    def load(cls, folder: str | os.PathLike[str]) -> Adapter:
        """Load an adapter from a folder in PEFT's format.

        Raises AdapterError: no such folder, files missing or damaged, not LoRA.
        """
        folder = Path(folder)
        for name in (CONFIG_FILE, TENSORS_FILE):
            if not (folder / name).is_file():
                raise AdapterError(
                    f"{folder} holds no adapter ({name} is missing): train one, and save "
                    "it with Adapter.save."
                )
        try:
            config = PeftConfig.from_pretrained(str(folder))
            tensors = safetensors.torch.load_file(folder / TENSORS_FILE)
        except (SafetensorError, ValueError, TypeError, KeyError, OSError) as error:
            raise AdapterError(
                f"The adapter in {folder} is damaged ({_first_line(error)}): get it or "
                "train it again."
            ) from error
        if not isinstance(config, LoraConfig):
            raise AdapterError(f"The adapter in {folder} is not a LoRA adapter.")
        return cls(config, tensors)


def add_lora(network: torch.nn.Module, config: LoraConfig) -> PeftModel:
    """Return the network with fresh LoRA layers in it; only these take gradients."""
    own = copy.deepcopy(config)  # PEFT writes into it
    own.base_model_name_or_path = getattr(network, "name_or_path", None)
    with warnings.catch_warnings():
        # PEFT still reads a property that transformers has renamed.
        warnings.simplefilter("ignore", FutureWarning)
        wrapped = get_peft_model(cast(Any, network), own, NAME)
    _quicken(wrapped)
    # Evaluation mode: whatever dropout the base may have stays off, so that a run
    # repeats exactly; our LoRA has none.
    return cast(PeftModel, wrapped.eval())


def attach_adapter(network: torch.nn.Module, adapter: Adapter, name: str) -> PeftModel:
    """Return the network with the adapter's layers in it.

    `name` is the model's, for messages. Raises AdapterError, and leaves the network
    untouched, when the adapter was made for another architecture or size.
    """
    try:
        wrapped = add_lora(network, adapter.config)
    except ValueError as error:
        raise AdapterError(
            f"The adapter does not fit {name}, which lacks the layers that it changes: "
            "load the model that it was trained on."
        ) from error
    difference = _find_difference(read_tensors(wrapped), adapter.tensors)
    if difference:
        wrapped.unload()
        raise AdapterError(
            f"The adapter does not fit {name} ({difference}): load the model that it was "
            "trained on."
        )
    set_peft_model_state_dict(wrapped, dict(adapter.tensors), NAME)
    return cast(PeftModel, wrapped.requires_grad_(False))


def read_adapter(network: PeftModel) -> Adapter:
    """Return a copy of what the network's LoRA layers have learned so far."""
    config = cast(LoraConfig, copy.deepcopy(network.peft_config[NAME]))
    # PEFT may list each layer by its whole name; then a deeper model would accept it.
    layers = (n for n, module in network.named_modules() if isinstance(module, LoraLayer))
    config.target_modules = {name.rpartition(".")[2] for name in layers}
    tensors = read_tensors(network).items()
    return Adapter(config, {k: v.detach().cpu().clone() for k, v in tensors})


def read_tensors(network: PeftModel) -> dict[str, torch.Tensor]:
    """Return the LoRA tensors themselves, by the names that PEFT's files give them."""
    # Embeddings are not looked for: to find whether they were resized, PEFT would ask
    # the hub about the base model.
    return get_peft_model_state_dict(
        network, adapter_name=NAME, save_embedding_layers=False
    )


def _find_difference(
    expected: Mapping[str, torch.Tensor], given: Mapping[str, torch.Tensor]
) -> str:
    """Return in words the first tensor that one side lacks or sizes otherwise, or ""."""
    for key in sorted(expected.keys() | given.keys()):
        needs, brings = _size(expected, key), _size(given, key)
        if needs != brings:
            layer = key.removeprefix("base_model.model.").removesuffix(".weight")
            return f"{layer} needs {needs}, the adapter brings {brings}"
    return ""


def _size(tensors: Mapping[str, torch.Tensor], key: str) -> str:
    return "×".join(map(str, tensors[key].shape)) if key in tensors else "nothing"


def _serialise(tensors: Mapping[str, torch.Tensor]) -> bytes:
    whole = {name: tensor.contiguous() for name, tensor in tensors.items()}
    return safetensors.torch.save(whole, metadata={"format": "pt"})


def _write_config(config: LoraConfig) -> str:
    fields = config.to_dict() | {"inference_mode": True}
    # Sets have no order, and a file should not change from save to save.
    plain = {k: sorted(v) if isinstance(v, set) else v for k, v in fields.items()}
    return json.dumps(plain, indent=2, sort_keys=True, default=str) + "\n"


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


# ── Quick LoRA on a CPU ────────────────────────────────────────────────────────────────


def _quicken(wrapped: PeftModel) -> None:
    """Let LoRA layers that compute in float32 on a CPU do so with fewer operations.

    A tiny model's step spends its time on starting operations and on moving memory,
    not on arithmetic; tests/benchmarks/bench_tuning.py prints what this saves.
    """
    for module in wrapped.modules():
        if isinstance(module, LoraLinear) and _can_be_quickened(module):
            module.forward = _make_quick_forward(module)


def _can_be_quickened(module: LoraLinear) -> bool:
    base = module.base_layer
    return (
        type(base) is torch.nn.Linear
        and base.weight.dtype is torch.float32
        and base.weight.device.type == "cpu"
        and isinstance(module.lora_dropout[NAME], torch.nn.Identity)
        and not module.lora_variant  # DoRA and its like compute something else
        and not module.lora_bias[NAME]
    )


def _make_quick_forward(module: LoraLinear) -> partial[torch.Tensor]:
    """Return the layer's forward; its tensors are found once, not at each call."""
    base = module.base_layer
    return partial(
        _run_quick,
        module,
        weight=base.weight,
        bias=base.bias,
        down=module.lora_A[NAME].weight,
        up=module.lora_B[NAME].weight,
        scale=module.scaling[NAME],
    )


def _run_quick(
    module: LoraLinear,
    x: torch.Tensor,
    *,
    weight: torch.Tensor,
    bias: torch.Tensor | None,
    down: torch.Tensor,
    up: torch.Tensor,
    scale: float,
) -> torch.Tensor:
    if module.disable_adapters or module.merged:
        return module.base_layer(x)
    return _LoraProduct.apply(x, weight, bias, down, up, scale)


class _LoraProduct(torch.autograd.Function):
    """y = x Wᵀ + b + s (x Aᵀ) Bᵀ and its gradients, the frozen W's left out.

    Shapes: x … x in, W out x in, b out, A rank x in, B out x rank.
    """

    @staticmethod
    def forward(
        ctx: Any,
        x: torch.Tensor,
        weight: torch.Tensor,
        bias: torch.Tensor | None,
        down: torch.Tensor,
        up: torch.Tensor,
        scale: float,
    ) -> torch.Tensor:
        """Return y, of shape … x out."""
        flat = x.flatten(0, -2)
        low = torch.mm(flat, down.t())
        y = F.linear(flat, weight, bias).addmm_(low, up.t(), alpha=scale)
        ctx.save_for_backward(flat, low, weight, down, up)
        ctx.scale = scale
        ctx.shape = x.shape
        return y.view(*x.shape[:-1], -1)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """Return the gradients of x (where one is asked for), A and B."""
        flat, low, weight, down, up = ctx.saved_tensors
        of_y = gradients[0].flatten(0, -2)
        of_low = torch.mm(of_y, up)  # up to the factor s, which each product below brings
        of_x = None
        if ctx.needs_input_grad[0]:
            of_x = torch.mm(of_y, weight).addmm_(of_low, down, alpha=ctx.scale)
            of_x = of_x.view(ctx.shape)
        of_down = _multiply(of_low.t(), flat, ctx.scale, like=down)
        of_up = _multiply(of_y.t(), low, ctx.scale, like=up)
        return of_x, None, None, of_down, of_up, None


def _multiply(
    left: torch.Tensor, right: torch.Tensor, scale: float, *, like: torch.Tensor
) -> torch.Tensor:
    """Return scale x left x right in one operation; `like` lends only its shape."""
    return torch.addmm(like, left, right, beta=0.0, alpha=scale)
