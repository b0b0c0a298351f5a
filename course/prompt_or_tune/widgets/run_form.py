"""The fields of LoraLab: which model, how many pairs, with which settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import ipywidgets
import torch

from prompt_or_tune.models import SEEDLING
from prompt_or_tune.records import TuningSettings
from prompt_or_tune.widgets.labs import field, fields

HUB_MODELS = (
    "HuggingFaceTB/SmolLM2-135M-Instruct",
    "HuggingFaceTB/SmolLM2-360M-Instruct",
)
HUB_LEARNING_RATE = 2e-4  # until a model is loaded, and its size is known

RANGES: dict[str, tuple[float, float]] = {
    "rank": (1, 64),
    "epochs": (1, 20),
    "learning rate": (1e-5, 0.1),
    "seed": (0, 2**31 - 1),
}


@dataclass(frozen=True)
class Place:
    """A model's name, and the device that it runs on."""

    model: str
    device: str


class SettingsError(ValueError):
    """Say in one sentence which setting is out of its range, and what the range is."""


class RunForm:
    """The fields of a run; `box` shows them in columns.

    It begins with a model at a place, all the pairs, and the library's own settings.
    """

    def __init__(self, place: Place, pairs: int, learning_rate: float) -> None:
        self._most_pairs = pairs
        default = TuningSettings()
        self._model = _choice("Model", place.model, _list_models(place.model))
        self._device = _choice("Device", place.device, _list_devices(place.device))
        self._pairs = _whole("Number of pairs", pairs)
        self._epochs = _whole("Epochs", default.epochs)
        self._rank = _whole("Rank r (α = 2r)", default.rank)
        self._learning_rate = field(
            ipywidgets.FloatText, "Learning rate", learning_rate, step=learning_rate / 5
        )
        self._seed = _whole("Seed", default.seed)
        self._settings = {
            "epochs": self._epochs,
            "rank": self._rank,
            "learning rate": self._learning_rate,
            "seed": self._seed,
        }
        self.box = fields(
            self._model, self._device, self._pairs, *self._settings.values()
        )

    @property
    def place(self) -> Place:
        """Return the chosen model's name and device."""
        return Place(self._model.value, self._device.value)

    def observe(
        self,
        *,
        model: Callable[[], None],
        device: Callable[[], None],
        settings: Callable[[], None],
    ) -> None:
        """Call back when another model or device is chosen, or a setting changes."""
        self._model.observe(lambda _: model(), names="value")
        self._device.observe(lambda _: device(), names="value")
        for widget in (self._pairs, *self._settings.values()):
            widget.observe(lambda _: settings(), names="value")

    def set_learning_rate(self, rate: float) -> None:
        """Show another learning rate, as another model wants it."""
        self._learning_rate.value = rate

    def set_enabled(self, enabled: bool) -> None:
        """Let the fields be changed, or not."""
        for widget in self.box.children:
            widget.disabled = not enabled

    def read(self) -> tuple[TuningSettings, int]:
        """Return the settings that the fields show, and the number of pairs.

        Raises SettingsError for a value out of its range.
        """
        _check_range("number of pairs", self._pairs.value, 1, self._most_pairs)
        for name, widget in self._settings.items():
            _check_range(name, widget.value, *RANGES[name])
        settings = TuningSettings(
            epochs=self._epochs.value,
            rank=self._rank.value,
            alpha=2 * self._rank.value,
            learning_rate=self._learning_rate.value,
            seed=self._seed.value,
        )
        return settings, self._pairs.value


def guess_rate(name: str) -> float:
    """Return the learning rate for a model that is not loaded yet."""
    return TuningSettings().learning_rate if name == SEEDLING else HUB_LEARNING_RATE


def shorten_name(name: str) -> str:
    """Return a model's name without folders or owner."""
    return "Seedling" if name == SEEDLING else name.rstrip("/").rpartition("/")[2]


def _choice(label: str, value: str, options: list[Any]) -> Any:
    return field(ipywidgets.Dropdown, label, value, options=options)


def _whole(label: str, value: int) -> Any:
    return field(ipywidgets.IntText, label, value)


def _list_models(chosen: str) -> list[tuple[str, str]]:
    names = dict.fromkeys([chosen, SEEDLING, *HUB_MODELS])
    return [(shorten_name(name), name) for name in names]


def _list_devices(chosen: str) -> list[str]:
    found = [chosen, "cpu"]
    if torch.cuda.is_available():
        found.append("cuda")
    if torch.backends.mps.is_available():
        found.append("mps")
    return list(dict.fromkeys(found))


def _check_range(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise SettingsError(
            f"The {name} is {value:g}: choose a value from {low:g} to {high:,g}."
        )
