"""BreakEvenLab: say after how many queries a tuned model has paid for itself."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

import ipywidgets

from prompt_or_tune.decision.arms.engineered import ENGINEERED
from prompt_or_tune.decision.arms.lora import LORA
from prompt_or_tune.decision.costs import (
    ArmCosts,
    Prices,
    break_even_between,
    break_even_queries,
    cost_per_query,
    cost_up_front,
)
from prompt_or_tune.decision.recommendation import format_queries
from prompt_or_tune.decision.results import load_results
from prompt_or_tune.decision.tasks.voice import NEW_SUBJECTS, VOICE
from prompt_or_tune.decision.winner_map import decision_map, map_arms
from prompt_or_tune.figures import Drawing, draw_break_even, draw_decision_map
from prompt_or_tune.widgets.cards import text_widget
from prompt_or_tune.widgets.labs import Lab, as_card, field, figure_html, sentence
from prompt_or_tune.widgets.labs import fields as in_columns


@dataclass(frozen=True)
class BreakEvenInputs:
    """What the break-even depends on: the training set, the prompts, and the prices.

    A tuned model answers a prompt of `prompt_tokens`; without tuning the prompt carries
    `tokens_saved` more, the same in every query (instructions, examples, a glossary).
    Prices are in dollars: per million tokens of the prompt, of the answer, of a cached
    prefix and of training; `label_price` per labelled pair; `tuned_multiplier` is what a
    tuned model's tokens cost relative to the base's.
    """

    pairs: int = 1000
    tokens_per_pair: float = 14.3
    epochs: int = 5
    tokens_saved: float = 272.0
    prompt_tokens: float = 8.0
    response_tokens: float = 7.0
    input_price: float = 0.10
    output_price: float = 0.40
    cached_price: float = 0.01
    training_price: float = 0.40
    label_price: float = 0.10
    tuned_multiplier: float = 1.0
    prefix_caching: bool = False

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if not 0 <= value < math.inf:
                name = each.name.replace("_", " ")
                raise ValueError(f"{name} is {value:g}: choose 0 or more.")

    @property
    def prices(self) -> Prices:
        """Return the prices as the library's cost functions take them."""
        return Prices(
            input=self.input_price,
            output=self.output_price,
            cached_input=self.cached_price,
            training=self.training_price,
            tuned_multiplier=self.tuned_multiplier,
            label=self.label_price,
            prefix_caching=self.prefix_caching,
        )

    @property
    def arms(self) -> tuple[ArmCosts, ArmCosts]:
        """Return what the prompted and the tuned arm use."""
        prompted = ArmCosts(
            ENGINEERED.name,
            prompt_tokens=self.prompt_tokens + self.tokens_saved,
            response_tokens=self.response_tokens,
            cached_tokens=self.tokens_saved,
        )
        tuned = ArmCosts(
            LORA.name,
            prompt_tokens=self.prompt_tokens,
            response_tokens=self.response_tokens,
            training_tokens=self.pairs * self.tokens_per_pair * self.epochs,
            labels=self.pairs,
            tuned=True,
        )
        return prompted, tuned


@dataclass(frozen=True)
class BreakEven:
    """From how many queries on tuning costs less: in money, and in arithmetic alone.

    Infinity means never. `flop_queries` counts computing only, as on hardware of one's
    own: no labels, no prices.
    """

    inputs: BreakEvenInputs
    queries: float
    flop_queries: float

    def sentence(self) -> str:
        """Say from when on tuning pays, or that it never does, and why."""
        prompted, tuned = self.inputs.arms
        prices = self.inputs.prices
        if math.isinf(self.queries):
            gap = cost_per_query(tuned, prices) - cost_per_query(prompted, prices)
            how = "more than" if gap > 0 else "as much as"
            return (
                "Tuning never pays for itself here: a query to the tuned model costs "
                f"{how} one with the longer prompt."
            )
        if self.queries == 0:
            return "Tuning is cheaper from the first query on: nothing is paid up front."
        up_front = cost_up_front(tuned, prices)
        return (
            f"Tuning has paid for itself after about {format_queries(self.queries)} "
            f"queries: ${up_front:,.2f} up front, of which labels "
            f"${tuned.labels * prices.label:,.2f}."
        )

    def flop_sentence(self) -> str:
        """Say the same of the arithmetic alone."""
        if math.isinf(self.flop_queries):
            return (
                "In arithmetic alone it never pays: no prompt token has to be computed "
                "less per query."
            )
        return (
            f"In arithmetic alone (own hardware, labels for nothing): after about "
            f"{format_queries(self.flop_queries)} queries."
        )

    def draw(self) -> Drawing:
        """Return the total costs against the number of queries.

        Raises ValueError where every price is 0.
        """
        return draw_break_even(self.inputs.arms, self.inputs.prices)

    def _repr_html_(self) -> str:
        said = sentence(self.sentence(), "strong") + sentence(self.flop_sentence())
        return as_card(said + figure_html(self.draw()))


def compute_break_even(inputs: BreakEvenInputs) -> BreakEven:
    """Return from how many queries on tuning is the cheaper of the two arms."""
    prompted, tuned = inputs.arms
    return BreakEven(
        inputs,
        queries=break_even_between(prompted, tuned, inputs.prices),
        flop_queries=break_even_queries(
            inputs.pairs,
            inputs.tokens_per_pair,
            inputs.epochs,
            inputs.tokens_saved,
            prefix_cached=inputs.prefix_caching,
        ),
    )


def draw_recorded_map(prices: Prices) -> Drawing:
    """Return the decision map of the house voice, as measured, at these prices."""
    arms = map_arms(load_results(), VOICE.name, NEW_SUBJECTS)
    return draw_decision_map(
        decision_map(arms, prices), subtitle="The house voice, subjects never seen"
    )


class BreakEvenLab(Lab):
    """Change data, prompts and prices, and see from how many queries on tuning pays.

        lab = BreakEvenLab()
        lab                                            # the widget

        found = lab.compute(pairs=200, prefix_caching=True)   # without a click
        found.queries                                  # math.inf: never
        found.sentence()

    Inputs are the fields of `BreakEvenInputs`; those that are left out keep what the lab
    shows.
    """

    def __init__(self) -> None:
        self.inputs = BreakEvenInputs()
        self._fields = {each.name: self._make_input(each.name) for each in _FIELDS}
        self._view = ipywidgets.ToggleButtons(
            options=[("Total cost", "cost"), ("Decision map", "map")],
            description="Figure",
            style={"description_width": "4em", "button_width": "auto"},
        )
        self._answer, self._figure = text_widget(), text_widget()
        super().__init__(
            "BreakEvenLab: when does tuning pay for itself?",
            [
                in_columns(*self._fields.values()),
                self._answer,
                self._view,
                self._figure,
            ],
        )
        self.add_class("break-even-lab")
        for widget in (*self._fields.values(), self._view):
            widget.observe(lambda _: self._show(), names="value")
        self._quiet = False
        self._show()

    def compute(self, **inputs: float | bool) -> BreakEven:
        """Return the break-even with these inputs changed, and show it.

        Raises ValueError for a value below 0, TypeError for an input that there is not.
        """
        found = compute_break_even(replace(self.inputs, **inputs))  # type: ignore[arg-type]
        self._quiet = True  # one picture for all changes together
        try:
            for name, value in inputs.items():
                self._fields[name].value = value
        finally:
            self._quiet = False
        self._show()
        return found

    def _make_input(self, name: str) -> Any:
        chosen = next(each for each in _FIELDS if each.name == name)
        value = getattr(self.inputs, name)
        return chosen.make(chosen.label, value)

    def _read(self) -> BreakEvenInputs:
        return BreakEvenInputs(**{name: w.value for name, w in self._fields.items()})

    def _show(self) -> None:
        if self._quiet:
            return
        try:
            self.inputs = self._read()
            found = compute_break_even(self.inputs)
            in_money = self._view.value == "cost"
            drawing = found.draw() if in_money else draw_recorded_map(self.inputs.prices)
        except ValueError as error:
            self._answer.value = sentence(str(error), "bad")
            return
        self._answer.value = sentence(found.sentence(), "strong") + sentence(
            found.flop_sentence()
        )
        self._figure.value = figure_html(drawing)


@dataclass(frozen=True)
class _Field:
    """An input of the lab: the field's name, its label, and how it is made."""

    name: str
    label: str
    make: Callable[[str, Any], Any]


def _whole(label: str, value: int) -> Any:
    return field(ipywidgets.IntText, label, value, label="12em")


def _number(label: str, value: float) -> Any:
    return field(ipywidgets.FloatText, label, value, label="12em", step=0.01)


def _tokens(label: str, value: float) -> Any:
    return field(ipywidgets.FloatText, label, value, label="12em", step=1)


def _switch(label: str, value: bool) -> Any:
    return field(ipywidgets.Checkbox, label, value, label="0", indent=False)


_FIELDS = (
    _Field("pairs", "Pairs", _whole),
    _Field("tokens_per_pair", "Tokens per pair", _tokens),
    _Field("epochs", "Epochs", _whole),
    _Field("tokens_saved", "Prompt tokens saved", _tokens),
    _Field("prompt_tokens", "Prompt tokens left", _tokens),
    _Field("response_tokens", "Tokens per answer", _tokens),
    _Field("label_price", "$ per labelled pair", _number),
    _Field("training_price", "$ per 1M training", _number),
    _Field("input_price", "$ per 1M prompt", _number),
    _Field("cached_price", "$ per 1M cached", _number),
    _Field("output_price", "$ per 1M answer", _number),
    _Field("tuned_multiplier", "Tuned model costs ×", _number),
    _Field("prefix_caching", "Shared prefixes are cached", _switch),
)
