"""The command `autograde`. Nothing heavy is imported before a command needs it."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence

import typer
from prompt_or_tune.cli.moved_commands import announce_moves

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


announce_moves(app, "build", "execute")
