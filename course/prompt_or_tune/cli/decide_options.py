"""What `decide` may be told: on the command line, or in a file of settings."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Option

from prompt_or_tune.cli.errors import UsageError
from prompt_or_tune.cli.settings import name_option

if TYPE_CHECKING:
    from prompt_or_tune.decision.costs import Prices
    from prompt_or_tune.own_data.preparing import DecideSettings, Elsewhere

# The groups in which `decide --help` lists what does not stand first.
DATA = "Data"
RULE = "What is right"
ARMS = "Arms and their knobs"
PRICES = "Prices"


@dataclass(frozen=True)
class DecideOptions:
    """Every option of `decide`, and every key of its file of settings.

    A key is the option's name without its dashes: `max-new-tokens = 64`. Lists of numbers
    and of templates are arrays there, `answers` and `price` tables. Paths are taken from
    the folder in which the command is run, in the file too.
    """

    model: Annotated[
        str, Option(help="The model to ask and tune: a folder or a Hugging Face id.")
    ] = ""
    rule: Annotated[
        str, Option(help="What is right: exact, contains, regex, json or numeric.")
    ] = "exact"
    template: Annotated[
        tuple[str, ...],
        Option(
            help='An engineered prompt with {prompt} in it, such as "Answer in a word: '
            '{prompt}". Give several, and the best on development data is used.'
        ),
    ] = ()
    queries: Annotated[int, Option(help="Queries that you expect.")] = 10_000
    output: Annotated[
        Path, Option("--output", "-o", help="The folder for figures and report.")
    ] = Path("prompt-or-tune-decision")

    save_split: Annotated[
        Path | None,
        Option(
            rich_help_panel=DATA,
            help="Write the pairs with their split here, and use it again.",
        ),
    ] = None
    seed: Annotated[
        int, Option(rich_help_panel=DATA, help="The same seed gives the same results.")
    ] = 0

    pattern: Annotated[
        str,
        Option(
            rich_help_panel=RULE,
            help="For regex: the pattern; {response} stands for the row's response. A "
            'row\'s own "pattern" comes first.',
        ),
    ] = ""
    tolerance: Annotated[
        float,
        Option(
            rich_help_panel=RULE,
            help="For numeric: the largest difference that is right.",
        ),
    ] = 1e-6

    shots: Annotated[
        tuple[int, ...],
        Option(
            rich_help_panel=ARMS,
            help="Numbers of examples that few-shot prompts may use.",
        ),
    ] = (1, 2, 4, 8)
    sizes: Annotated[
        tuple[int, ...],
        Option(
            rich_help_panel=ARMS,
            help="Numbers of pairs for LoRA's curve; else ¼ and ½ of all.",
        ),
    ] = ()
    learning_rates: Annotated[
        tuple[float, ...],
        Option(
            rich_help_panel=ARMS,
            help="Tried beside the model's default; else a third of it.",
        ),
    ] = ()
    steps: Annotated[
        int | None,
        Option(
            rich_help_panel=ARMS, help="LoRA's steps; else five epochs, at least 100."
        ),
    ] = None
    max_new_tokens: Annotated[
        int | None,
        Option(
            rich_help_panel=ARMS,
            help="The longest answer; else twice the longest response.",
        ),
    ] = None
    batch_size: Annotated[
        int, Option(rich_help_panel=ARMS, help="Prompts answered at once.")
    ] = 32
    answers: Annotated[
        Mapping[str, Path],
        Option(
            rich_help_panel=ARMS,
            metavar="NAME=FILE",
            help="An arm answered elsewhere (an API): JSON Lines with each test prompt "
            "and the answer as its response.",
        ),
    ] = field(default_factory=dict)
    price: Annotated[
        Mapping[str, float],
        Option(
            rich_help_panel=ARMS,
            metavar="NAME=AMOUNT",
            help="What one query to that arm costs.",
        ),
    ] = field(default_factory=dict)

    input_price: Annotated[
        float, Option(rich_help_panel=PRICES, help="Per million prompt tokens.")
    ] = 0.10
    output_price: Annotated[
        float, Option(rich_help_panel=PRICES, help="Per million answer tokens.")
    ] = 0.40
    cached_price: Annotated[
        float, Option(rich_help_panel=PRICES, help="Per million cached prompt tokens.")
    ] = 0.01
    training_price: Annotated[
        float, Option(rich_help_panel=PRICES, help="Per million tokens trained on.")
    ] = 0.40
    tuned_multiplier: Annotated[
        float,
        Option(rich_help_panel=PRICES, help="A tuned model's price over the base's."),
    ] = 1.0
    tuned_fee: Annotated[
        float, Option(rich_help_panel=PRICES, help="Paid once for having a tuned model.")
    ] = 0.0
    label_price: Annotated[
        float,
        Option(rich_help_panel=PRICES, help="Per labelled pair; 0 as you have them."),
    ] = 0.0
    prefix_caching: Annotated[
        bool, Option(rich_help_panel=PRICES, help="Prompts' common start is cached.")
    ] = False
    currency: Annotated[
        str, Option(rich_help_panel=PRICES, help="Shown before amounts.")
    ] = "$"


AMOUNTS = (
    "input_price",
    "output_price",
    "cached_price",
    "training_price",
    "tuned_multiplier",
    "tuned_fee",
    "label_price",
    "tolerance",
)


def make_settings(options: DecideOptions) -> DecideSettings:
    """Return what is compared, and at which prices.

    Raises UsageError for a number that makes no sense, and DataError for a rule that
    there is not.
    """
    from prompt_or_tune.own_data.judging import RuleChoice
    from prompt_or_tune.own_data.preparing import DecideSettings

    _require_amounts(options)
    _require_positive(options)
    return DecideSettings(
        rule=RuleChoice(options.rule, options.pattern, options.tolerance),
        templates=options.template,
        shots=options.shots,
        sizes=options.sizes,
        learning_rates=options.learning_rates,
        steps=options.steps,
        max_new_tokens=options.max_new_tokens,
        batch_size=options.batch_size,
        seed=options.seed,
        queries=options.queries,
        prices=_make_prices(options),
        elsewhere=_list_elsewhere(options),
    )


def _require_amounts(options: DecideOptions) -> None:
    for name in AMOUNTS:
        amount = getattr(options, name)
        if not amount >= 0:
            raise UsageError(f"{name_option(name)} is {amount:g}; it must be 0 or more.")


def _require_positive(options: DecideOptions) -> None:
    for name in ("shots", "sizes", "learning_rates"):
        numbers = getattr(options, name)
        if any(not number > 0 for number in numbers):
            shown = ",".join(map(str, numbers))
            raise UsageError(
                f'{name_option(name)} is "{shown}"; every number must be above 0.'
            )


def _make_prices(options: DecideOptions) -> Prices:
    from prompt_or_tune.decision.costs import Prices

    return Prices(
        input=options.input_price,
        output=options.output_price,
        cached_input=options.cached_price,
        training=options.training_price,
        tuned_multiplier=options.tuned_multiplier,
        tuned_fixed=options.tuned_fee,
        label=options.label_price,
        prefix_caching=options.prefix_caching,
        currency=options.currency,
    )


def _list_elsewhere(options: DecideOptions) -> tuple[Elsewhere, ...]:
    """Return the arms answered elsewhere; every one needs its price."""
    from prompt_or_tune.own_data.preparing import Elsewhere

    for name, price in options.price.items():
        if name not in options.answers:
            raise UsageError(f'--price names "{name}", for which there are no --answers.')
        if not 0 <= price < math.inf:
            raise UsageError(
                f'--price {name} is "{price:g}"; write an amount such as 0.002.'
            )
    for name in options.answers:
        if name not in options.price:
            raise UsageError(
                f"what does a query to {name} cost? Give --price {name}=AMOUNT."
            )
    return tuple(
        Elsewhere(name, path, options.price[name])
        for name, path in options.answers.items()
    )
