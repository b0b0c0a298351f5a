"""Options of a command as fields of a data class: typed, or read from a TOML file."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import json
import tomllib
import types
import typing
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from prompt_or_tune.cli.errors import UsageError
from prompt_or_tune.wording import shorten

Options = TypeVar("Options")


def accept(options: type) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a Typer command an option for each field of a data class.

    A field's type is annotated with its `typer.Option`. The command takes as `given` the
    fields that the command line names, with their values.
    """
    kinds = typing.get_type_hints(options)

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(command)
        def call(ctx: typer.Context, **values: Any) -> None:
            typed = {name: values.pop(name) for name in kinds}
            given = {
                name: _parse(name_option(name), value, kinds[name])
                for name, value in typed.items()
                if _is_given(ctx, name)
            }
            command(**values, given=given)

        signature = inspect.Signature(_list_parameters(command, options))
        call.__signature__ = signature  # type: ignore[attr-defined]
        call.__annotations__ = {}  # Typer reads the signature
        return call

    return decorate


def name_option(field: str) -> str:
    """Return the name of a field's option: --save-split."""
    return f"--{name_key(field)}"


def name_key(field: str) -> str:
    """Return the name of a field in a file of settings: save-split."""
    return field.replace("_", "-")


def read_options(
    options: type[Options], file: Path | None, given: Mapping[str, Any]
) -> Options:
    """Return the options: what is given, else what the file says, else the default.

    Raises UsageError where the file cannot be read, is no TOML, or has a key that is no
    option or a value of another type.
    """
    read = {} if file is None else _read_file(options, file)
    return options(**(read | dict(given)))


# ── The file ───────────────────────────────────────────────────────────────────────────


def _read_file(options: type, file: Path) -> dict[str, Any]:
    hints = typing.get_type_hints(options)
    fields = {name_key(name): name for name in hints}
    read = {}
    for key, value in _read_toml(file).items():
        if key not in fields:
            known = ", ".join(fields)
            raise UsageError(f'{file}: there is no setting "{key}"; there are: {known}.')
        kind = hints[fields[key]]
        try:
            read[fields[key]] = _convert(value, kind)
        except TypeError:
            raise UsageError(
                f'{file}: "{key}" is {_show(value)}; it must be {_describe(kind)}.'
            ) from None
    return read


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise UsageError(f"{file} is not UTF-8 text; save it as UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{file} is not TOML: {error}.") from None


def _convert(value: Any, kind: Any) -> Any:
    """Return a TOML value as a field's type; raise TypeError where it is of another."""
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return _convert(value, inner[0])
    if origin is tuple and isinstance(value, list):
        return tuple(_convert(item, inner[0]) for item in value)
    if origin is Mapping and isinstance(value, dict):
        return {name: _convert(item, inner[1]) for name, item in value.items()}
    if kind is Path and isinstance(value, str):
        return Path(value)
    if kind is float and type(value) is int:
        return float(value)
    if origin is not None or type(value) is not kind:  # true is no whole number
        raise TypeError(kind)
    return value


def _show(value: Any) -> str:
    return shorten(json.dumps(value, ensure_ascii=False, default=str))


_WORDS = {
    str: ("a text", "texts"),
    Path: ("a path in quotes", "paths in quotes"),
    int: ("a whole number", "whole numbers"),
    float: ("a number", "numbers"),
    bool: ("true or false", ""),
}


def _describe(kind: Any) -> str:
    """Return in words what a value in the file must be."""
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin is tuple:
        return f"a list of {_WORDS[inner[0]][1]}"
    if origin is Mapping:
        return f"a table of names and {_WORDS[inner[1]][1]}"
    return _WORDS[inner[0] if inner else kind][0]


# ── The command line ───────────────────────────────────────────────────────────────────


def _list_parameters(
    command: Callable[..., None], options: type
) -> list[inspect.Parameter]:
    """Return what Typer is to see: its context, the options, the command's own rest."""
    keyword = inspect.Parameter.KEYWORD_ONLY
    own = dict(inspect.signature(command, eval_str=True).parameters)
    del own["given"]
    hints = typing.get_type_hints(options, include_extras=True)
    fields = dataclasses.fields(options)
    return [
        inspect.Parameter("ctx", keyword, annotation=typer.Context),
        *(_make_parameter(field, hints[field.name]) for field in fields),
        *(each.replace(kind=keyword) for each in own.values()),
    ]


def _make_parameter(field: dataclasses.Field[Any], hint: Any) -> inspect.Parameter:
    """Return a field's option; lists of numbers are typed as 1,2,4, tables as N=VALUE."""
    kind, info = typing.get_args(hint)
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    default: Any = field.default
    if origin is Mapping or (origin is tuple and inner[0] is str):
        kind, default = list[str] | None, None
    elif origin is tuple:
        kind, default = str, ",".join(map(str, default))
    return inspect.Parameter(
        field.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=default,
        annotation=Annotated[kind, info],
    )


def _is_given(ctx: typer.Context, name: str) -> bool:
    source = ctx.get_parameter_source(name)
    return source is not None and source.name != "DEFAULT"


def _parse(option: str, typed: Any, kind: Any) -> Any:
    """Return what was typed as a field's type; raise UsageError where it cannot be."""
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin is Mapping:
        return _parse_assignments(option, typed, inner[1])
    if origin is tuple and inner[0] is str:
        return tuple(typed)
    if origin is tuple:
        return _parse_numbers(option, typed, inner[0])
    return typed


def _parse_numbers(
    option: str, text: str, kind: Callable[[str], float]
) -> tuple[float, ...]:
    """Return the numbers of "1,2,4"."""
    try:
        return tuple(kind(part) for part in text.split(",") if part.strip())
    except ValueError:
        raise UsageError(f'{option} is "{text}"; write numbers such as 1,2,4.') from None


def _parse_assignments(
    option: str, texts: list[str], kind: Callable[[str], Any]
) -> dict[str, Any]:
    """Return the values of several NAME=VALUE by their names."""
    values: dict[str, Any] = {}
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not (name and equals and value):
            raise UsageError(f'{option} is "{text}"; write NAME=VALUE.')
        if name in values:
            raise UsageError(f"two {option} have the same name; rename one.")
        try:
            values[name] = kind(value)
        except ValueError:
            raise UsageError(
                f'{option} {name} is "{value}"; write an amount such as 0.002.'
            ) from None
    return values
