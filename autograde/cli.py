"""The command `autograde`. Nothing heavy is imported before a command needs it."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence

import typer

from autograde.class_commands import class_app
from autograde.errors import AutogradeError

NEEDED = ("nbgrader", "distributed", "psutil", "filelock", "nh3")

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help="Grade what comes back from a class.",
)


@app.callback()
def demand_extra() -> None:
    """Grade what comes back from a class."""
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise AutogradeError(
            f"this needs {', '.join(missing)}, which the extra `grade` brings: "
            "pip install -c constraints.txt -e '.[grade]'"
        )


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command, and leave with its exit code (0, 1, 2 for wrong usage)."""
    try:
        app(args=arguments, prog_name="autograde")
    except AutogradeError as error:
        _complain(error)
        sys.exit(1)
    except Exception as error:
        from prompt_or_tune.cli.errors import explain

        line = explain(error)
        if line is None:
            raise
        _complain(line)
        sys.exit(1)


def _complain(what: object) -> None:
    print(f"autograde: {what}", file=sys.stderr)


app.add_typer(class_app)


def _say_where_it_is(context: typer.Context) -> None:
    """Say by what command the course's authors build and execute notebooks."""
    raise AutogradeError(
        f"`{context.info_name}` is for the course's authors, and not installed; in the "
        f"course's repository it is `python -m solutions.workshop {context.info_name}`."
    )


for _name in ("build", "execute"):
    _any = {"allow_extra_args": True, "ignore_unknown_options": True}
    _help = f"Moved: `python -m solutions.workshop {_name}`."
    app.command(_name, hidden=True, help=_help, context_settings=_any)(_say_where_it_is)
