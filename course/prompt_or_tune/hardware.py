"""What a model computes on: device and precision, threads of the CPU, free memory."""

from __future__ import annotations

import os
from dataclasses import dataclass

import torch

from prompt_or_tune.memory import measure_memory

# Parameters of a network that one thread is enough for. On two idle cores LoRA takes 1.0
# (at 1.7M) to 1.35 times as long with one as with two (at 28M; 1.45 at 55M). Beside other
# work it takes ten times as long with two: tests/benchmarks/bench_threads.py.
SMALL_NETWORK = 20_000_000
THREADS_VARIABLE = "OMP_NUM_THREADS"


@dataclass(frozen=True)
class Precision:
    """Where and how a model computes, and the reason in words.

    `weights` is the type of the stored weights; `autocast` the type of the matrix
    products when it is another one, else `None`.
    """

    device: torch.device
    weights: torch.dtype
    autocast: torch.dtype | None
    reason: str


def choose_precision(device: str | None = None) -> Precision:
    """Choose where and how to compute.

    CPU: float32 (half precision is slow or inexact there). CUDA: bfloat16 from compute
    capability 8; below it float32 weights under float16 autocast, because a T4 only
    emulates bfloat16. MPS only on request: it gives other numbers.
    """
    if device is not None:
        return _precision_of(torch.device(device), f"{device} was asked for")
    if torch.cuda.is_available():
        return _precision_of(torch.device("cuda"), "a GPU was found")
    return _precision_of(torch.device("cpu"), "no GPU was found")


def _precision_of(device: torch.device, reason: str) -> Precision:
    if device.type != "cuda":
        return Precision(device, torch.float32, None, reason)
    major, minor = torch.cuda.get_device_capability(device)
    reason += f", compute capability {major}.{minor}"
    if major >= 8:
        return Precision(device, torch.bfloat16, None, reason)
    return Precision(device, torch.float32, torch.float16, reason)


# ── Threads ──────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Threads:
    """How many threads of the CPU a model computes with, and the reason in words.

    A `count` of `None` leaves the number to torch.
    """

    count: int | None
    reason: str


def choose_threads(parameters: int, *, asked: int | None = None) -> Threads:
    """Choose how many threads a network of this size computes with on a CPU.

    What was asked for wins, then the environment's OMP_NUM_THREADS. Else a small network
    takes one, and a larger one what torch takes. Raises ValueError for less than one.
    """
    if asked is not None:
        if asked < 1:
            raise ValueError(f"threads must be at least 1, not {asked}.")
        return Threads(asked, "asked for")
    if (wanted := _read_thread_variable()) is not None:
        return Threads(wanted, THREADS_VARIABLE)
    if parameters < SMALL_NETWORK:
        return Threads(1, "a small network")
    return Threads(None, "torch's own choice")


def _read_thread_variable() -> int | None:
    """Return what OMP_NUM_THREADS says; nothing where OpenMP would not read it either."""
    first = os.environ.get(THREADS_VARIABLE, "").split(",")[0].strip()
    return int(first) if first.isdecimal() and int(first) > 0 else None


# ── Memory ───────────────────────────────────────────────────────────────────────────


def measure_free_memory(device: torch.device) -> float:
    """Return the free bytes on a device."""
    if device.type == "cuda":
        return float(torch.cuda.mem_get_info(device)[0])
    return measure_memory().available
