"""Commands that are the course's authors' now: their old names say where they are."""

from __future__ import annotations

import typer

from prompt_or_tune.cli.errors import UsageError


def announce_moves(app: typer.Typer, *names: str) -> None:
    """Let a command's old names fail with one sentence; help does not list them."""
    for name in names:
        app.command(
            name,
            hidden=True,
            help=f"Moved: `python -m solutions.workshop {name}`.",
            context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
        )(_say_where_it_is)


def _say_where_it_is(context: typer.Context) -> None:
    raise UsageError(
        f"`{context.info_name}` is for the course's authors, and not installed; in the "
        f"course's repository it is `python -m solutions.workshop {context.info_name}`."
    )
