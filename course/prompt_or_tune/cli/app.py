"""The commands and their options. Nothing heavy is imported before one needs it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from prompt_or_tune.cli.errors import ReportingGroup, UsageError
from prompt_or_tune.cli.quiet import quieten_libraries

if TYPE_CHECKING:
    from prompt_or_tune.own_data.preparing import Elsewhere

Number = TypeVar("Number", int, float)

app = typer.Typer(
    cls=ReportingGroup,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",  # reflows the paragraphs of docstrings
    help="When to fine-tune, and when is engineering the prompt enough? Measure it.",
)

AsJson = Annotated[
    bool, typer.Option("--json", help="Print JSON on stdout, and nothing else there.")
]
Output = Annotated[
    Path, typer.Option("--output", "-o", help="The folder for figures and report.")
]
# The groups in which `decide --help` lists its options.
RULE = "What is right"
ARMS = "Arms and their knobs"
PRICES = "Prices"
Seed = Annotated[int, typer.Option(help="The same seed gives the same results.")]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command, and leave with its exit code (0, 1, 2 for wrong usage, 130)."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show "→" shows "?", and no traceback.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    app(args=arguments, prog_name="prompt-or-tune")


# ── tour ───────────────────────────────────────────────────────────────────────────────


@app.command()
def tour(
    pairs: Annotated[int, typer.Option(help="Training pairs, at most 1000.")] = 1000,
    epochs: Annotated[int, typer.Option(help="Times through the pairs.")] = 5,
    test_size: Annotated[
        int, typer.Option(help="Queries of each live test, at most 200.")
    ] = 200,
    seed: Seed = 0,
    model: Annotated[
        str, typer.Option(help="Seedling, a model's folder, or a Hugging Face id.")
    ] = "seedling",
    output: Output = Path("prompt-or-tune-tour"),
    as_json: AsJson = False,
) -> None:
    """Go through the five stages on 1000 samples, and see what was measured.

    Takes one to two minutes on two cores, without a GPU. Writes figures and one HTML
    page into the folder.
    """
    from prompt_or_tune.cli.tour import run_tour
    from prompt_or_tune.tour.pipeline import TourSettings

    settings = TourSettings(pairs, epochs, test_size, seed, model)
    run_tour(settings, output, as_json=as_json)


# ── decide ─────────────────────────────────────────────────────────────────────────────


@app.command()
def decide(
    file: Annotated[
        Path,
        typer.Argument(
            help='Your pairs: JSON Lines with "prompt" and "response"; optionally '
            '"split" (train, development, test) and "pattern".'
        ),
    ],
    model: Annotated[
        str,
        typer.Option(help="The model to ask and tune: a folder or a Hugging Face id."),
    ] = "",
    rule: Annotated[
        str,
        typer.Option(
            rich_help_panel=RULE,
            help="What is right: exact, contains, regex, json or numeric.",
        ),
    ] = "exact",
    pattern: Annotated[
        str,
        typer.Option(
            rich_help_panel=RULE,
            help="For regex: the pattern; {response} stands for the row's response. A "
            'row\'s own "pattern" comes first.',
        ),
    ] = "",
    tolerance: Annotated[
        float,
        typer.Option(
            rich_help_panel=RULE,
            help="For numeric: the largest difference that is right.",
        ),
    ] = 1e-6,
    template: Annotated[
        list[str] | None,
        typer.Option(
            rich_help_panel=ARMS,
            help='An engineered prompt with {prompt} in it, such as "Answer in a word: '
            '{prompt}". Give several, and the best on development data is used.',
        ),
    ] = None,
    shots: Annotated[
        str,
        typer.Option(
            rich_help_panel=ARMS,
            help="Numbers of examples that few-shot prompts may use.",
        ),
    ] = "1,2,4,8",
    sizes: Annotated[
        str,
        typer.Option(
            rich_help_panel=ARMS,
            help="Numbers of pairs for LoRA's curve; else ¼ and ½ of all.",
        ),
    ] = "",
    learning_rates: Annotated[
        str,
        typer.Option(
            rich_help_panel=ARMS,
            help="Tried beside the model's default; else a third of it.",
        ),
    ] = "",
    steps: Annotated[
        int | None,
        typer.Option(
            rich_help_panel=ARMS, help="LoRA's steps; else five epochs, at least 100."
        ),
    ] = None,
    max_new_tokens: Annotated[
        int | None,
        typer.Option(
            rich_help_panel=ARMS,
            help="The longest answer; else twice the longest response.",
        ),
    ] = None,
    batch_size: Annotated[
        int, typer.Option(rich_help_panel=ARMS, help="Prompts answered at once.")
    ] = 32,
    answers: Annotated[
        list[str] | None,
        typer.Option(
            rich_help_panel=ARMS,
            metavar="NAME=FILE",
            help="An arm answered elsewhere (an API): JSON Lines with each test prompt "
            "and the answer as its response.",
        ),
    ] = None,
    price: Annotated[
        list[str] | None,
        typer.Option(
            rich_help_panel=ARMS,
            metavar="NAME=AMOUNT",
            help="What one query to that arm costs.",
        ),
    ] = None,
    queries: Annotated[
        int, typer.Option(rich_help_panel=PRICES, help="Queries that you expect.")
    ] = 10_000,
    input_price: Annotated[
        float, typer.Option(rich_help_panel=PRICES, help="Per million prompt tokens.")
    ] = 0.10,
    output_price: Annotated[
        float, typer.Option(rich_help_panel=PRICES, help="Per million answer tokens.")
    ] = 0.40,
    cached_price: Annotated[
        float,
        typer.Option(rich_help_panel=PRICES, help="Per million cached prompt tokens."),
    ] = 0.01,
    training_price: Annotated[
        float, typer.Option(rich_help_panel=PRICES, help="Per million tokens trained on.")
    ] = 0.40,
    tuned_multiplier: Annotated[
        float,
        typer.Option(
            rich_help_panel=PRICES, help="A tuned model's price over the base's."
        ),
    ] = 1.0,
    tuned_fee: Annotated[
        float,
        typer.Option(rich_help_panel=PRICES, help="Paid once for having a tuned model."),
    ] = 0.0,
    label_price: Annotated[
        float,
        typer.Option(
            rich_help_panel=PRICES, help="Per labelled pair; 0 as you have them."
        ),
    ] = 0.0,
    prefix_caching: Annotated[
        bool,
        typer.Option(
            "--prefix-caching",
            rich_help_panel=PRICES,
            help="Prompts' common start is cached.",
        ),
    ] = False,
    currency: Annotated[
        str, typer.Option(rich_help_panel=PRICES, help="Shown before amounts.")
    ] = "$",
    save_split: Annotated[
        Path | None,
        typer.Option(help="Write the pairs with their split here, and use it again."),
    ] = None,
    seed: Seed = 0,
    output: Output = Path("prompt-or-tune-decision"),
    as_json: AsJson = False,
) -> None:
    """Compare prompting and tuning on your own pairs, and decide.

    Everything runs on this machine. Knobs are chosen on development rows; the test rows
    are used once.
    """
    from prompt_or_tune.cli.output import require_writable
    from prompt_or_tune.decision import Prices
    from prompt_or_tune.own_data.judging import RuleChoice
    from prompt_or_tune.own_data.preparing import DecideSettings

    for name, amount in (
        ("--input-price", input_price),
        ("--output-price", output_price),
        ("--cached-price", cached_price),
        ("--training-price", training_price),
        ("--tuned-multiplier", tuned_multiplier),
        ("--tuned-fee", tuned_fee),
        ("--label-price", label_price),
        ("--tolerance", tolerance),
    ):
        if not amount >= 0:
            raise UsageError(f"{name} is {amount:g}; it must be 0 or more.")
    settings = DecideSettings(
        rule=RuleChoice(rule, pattern, tolerance),
        templates=tuple(template or ()),
        shots=_parse_numbers("--shots", shots, int),
        sizes=_parse_numbers("--sizes", sizes, int),
        learning_rates=_parse_numbers("--learning-rates", learning_rates, float),
        steps=steps,
        max_new_tokens=max_new_tokens,
        batch_size=batch_size,
        seed=seed,
        queries=queries,
        prices=Prices(
            input=input_price,
            output=output_price,
            cached_input=cached_price,
            training=training_price,
            tuned_multiplier=tuned_multiplier,
            tuned_fixed=tuned_fee,
            label=label_price,
            prefix_caching=prefix_caching,
            currency=currency,
        ),
        elsewhere=_parse_answers(answers or (), price or ()),
    )
    require_writable(output)
    from prompt_or_tune.cli.decide import run_decide

    run_decide(file, model, settings, output, save_split=save_split, as_json=as_json)


def _parse_numbers(
    option: str, text: str, kind: Callable[[str], Number]
) -> tuple[Number, ...]:
    """Return the numbers of "1,2,4"; raise UsageError for anything else."""
    try:
        numbers = tuple(kind(part) for part in text.split(",") if part.strip())
    except ValueError:
        raise UsageError(f'{option} is "{text}"; write numbers such as 1,2,4.') from None
    if any(not number > 0 for number in numbers):
        raise UsageError(f'{option} is "{text}"; every number must be above 0.')
    return numbers


def _parse_answers(
    answers: Sequence[str], prices: Sequence[str]
) -> tuple[Elsewhere, ...]:
    """Return the arms answered elsewhere; every one needs its price."""
    from prompt_or_tune.own_data.preparing import Elsewhere

    files = dict(_parse_assignment("--answers", text) for text in answers)
    amounts = dict(_parse_assignment("--price", text) for text in prices)
    if len(files) < len(answers):
        raise UsageError("two --answers have the same name; rename one.")
    for name in amounts.keys() - files.keys():
        raise UsageError(f'--price names "{name}", for which there are no --answers.')
    for name in files.keys() - amounts.keys():
        raise UsageError(f"what does a query to {name} cost? Give --price {name}=AMOUNT.")
    return tuple(
        Elsewhere(name, Path(file), _parse_price(name, amounts[name]))
        for name, file in files.items()
    )


def _parse_assignment(option: str, text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name.strip() and equals and value.strip()):
        raise UsageError(f'{option} is "{text}"; write NAME=VALUE.')
    return name.strip(), value.strip()


def _parse_price(name: str, text: str) -> float:
    try:
        amount = float(text)
    except ValueError:
        amount = -1.0
    if not 0 <= amount < float("inf"):
        raise UsageError(f'--price {name} is "{text}"; write an amount such as 0.002.')
    return amount


# ── Measure again, and look after the installation ─────────────────────────────────────


@app.command()
def measure(
    workers: Annotated[
        int, typer.Option(help="Processes that share the learning curves.")
    ] = 1,
    model: Annotated[str, typer.Option(help="What is measured.")] = "seedling",
    results: Annotated[
        Path | None, typer.Option(help="The file to write; else the package's own.")
    ] = None,
    adapter: Annotated[
        Path | None, typer.Option(help="The adapter's folder; else the package's own.")
    ] = None,
) -> None:
    """Measure all arms and curves again, and write results and adapter.

    Takes about half an hour on two cores. Stop it at any time: the next call goes on
    where this one was.
    """
    from prompt_or_tune.cli.output import require_writable

    for path in (results, adapter):
        if path is not None:
            require_writable(path.parent)
    quieten_libraries()
    from prompt_or_tune.cli.measure import run_measure

    run_measure(model, results, adapter, max(1, workers))


def _say_where_it_is(context: typer.Context) -> None:
    """Say by what command the course's authors make and probe Seedling."""
    raise UsageError(
        f"`{context.info_name}` is for the course's authors, and not installed; in the "
        f"course's repository it is `python -m solutions.workshop {context.info_name}`."
    )


for _name in ("pretrain", "probe"):
    _any = {"allow_extra_args": True, "ignore_unknown_options": True}
    _help = f"Moved: `python -m solutions.workshop {_name}`."
    app.command(_name, hidden=True, help=_help, context_settings=_any)(_say_where_it_is)


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Show versions, machine and folders, and what is missing: for bug reports.

    Exits with 1 when something needs mending.
    """
    from prompt_or_tune.cli.screen import Screen, print_json
    from prompt_or_tune.doctor import as_json as findings_as_json
    from prompt_or_tune.doctor import examine

    findings = examine()
    if as_json:
        print_json(findings_as_json(findings))
    else:
        Screen().findings(findings)
    if not all(finding.well for finding in findings):
        raise typer.Exit(1)
