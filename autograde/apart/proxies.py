"""A student's names as the grade cells see them: plain data, and functions elsewhere."""

from __future__ import annotations

import builtins
import symtable
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from autograde.apart import codec
from autograde.apart.foreign import Foreign, name_foreign

Ask = Callable[[str], str]
"""Send a request to the student's process; return what comes back, as text."""

ENDING = (StopIteration, StopAsyncIteration, BaseExceptionGroup)
"""Errors that mean something else to who calls: the first two end a loop early."""


class AnswerStopped(BaseException):
    """No answer comes: too slow, its process gone, or the question can't be asked.

    No `Exception`, for a grade cell must not take it for an error of the answer's own and
    go on to the next case, with the same wait.
    """

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


class Function(Foreign):
    """A function of the student's: it is called there, with plain data.

    Its name is known, and nothing else.
    """

    __slots__ = ("_ask", "_name")

    def __init__(self, text: str, name: str, ask: Ask) -> None:
        super().__init__(text)
        object.__setattr__(self, "_name", name)
        object.__setattr__(self, "_ask", ask)

    def __getattribute__(self, name: str) -> Any:
        if name == "__name__":
            return _look(self, "_name")
        return super().__getattribute__(name)

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        __tracebackhide__ = True
        return _call(self, {}, arguments, options)

    def run_scenario_there(self, scenario: str, values: dict[str, Any]) -> Any:
        """Run a scenario beside the function; `run_scenario` asks for it by the type."""
        __tracebackhide__ = True
        return _call(self, {"scenario": scenario}, (), values)


def fetch_names(names: Iterable[str], ask: Ask) -> dict[str, Any]:
    """Return those of a student's names that exist, as values, functions or foreigners.

    Raises `AnswerStopped` when no answer comes.
    """
    asked = sorted(names)
    if not asked:
        return {}
    found = _converse({"names": asked}, ask).get("names")
    if type(found) is not dict:
        raise _refuse_reply("no names")
    try:
        return {n: _make_name(n, found[n], ask) for n in asked if n in found}
    except codec.BadMessage as error:
        raise _refuse_reply(str(error)) from None


def list_loaded(source: str) -> set[str]:
    """Return the names that a cell takes from elsewhere; Python's own are none of them.

    A name that the cell binds itself anywhere is the cell's own. Raises `SyntaxError`.
    """
    top = symtable.symtable(source, "<cell>", "exec")
    loaded, bound = set(), set()
    for scope in _walk(top):
        for symbol in scope.get_symbols():
            is_outer = scope is top or symbol.is_global()
            if is_outer and symbol.is_referenced():
                loaded.add(symbol.get_name())
            if is_outer and (symbol.is_assigned() or symbol.is_imported()):
                bound.add(symbol.get_name())
    return loaded - bound - set(vars(builtins))


def _walk(scope: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    yield scope
    for child in scope.get_children():
        yield from _walk(child)


# ── Talking ─────────────────────────────────────────────────────────────────────────────


def _make_name(name: str, content: Any, ask: Ask) -> Any:
    if type(content) is dict and set(content) == {"function"}:
        type_name, text = codec.read_foreign(content["function"])
        return name_foreign(type_name, Function)(text, name, ask)  # type: ignore[call-arg]
    return codec.decode(content)


def _call(
    function: Function,
    request: dict[str, Any],
    arguments: tuple[Any, ...],
    options: dict[str, Any],
) -> Any:
    __tracebackhide__ = True
    try:
        sent = [codec.encode(part, _send_function) for part in (arguments, options)]
    except codec.TooMuchData as error:
        raise _refuse_question(error) from None
    message = {**request, "answer": _look(function, "_name")}
    message |= {"arguments": sent[0], "options": sent[1]}
    reply = _converse(message, _look(function, "_ask"))
    if "raised" in reply:
        raise _make_error(reply["raised"])
    try:
        return codec.decode(reply["value"])
    except (KeyError, codec.BadMessage) as error:
        raise _refuse_reply(str(error)) from None


def _converse(message: dict[str, Any], ask: Ask) -> dict[str, Any]:
    __tracebackhide__ = True
    try:
        reply = codec.read_message(ask(codec.write_message(message)))
    except codec.BadMessage as error:
        raise _refuse_reply(str(error)) from None
    except codec.TooMuchData as error:
        raise _refuse_question(error) from None
    if "error" in reply:
        raise AnswerStopped(str(reply["error"])[: codec.LONGEST_TEXT])
    return reply


def _look(function: Function, slot: str) -> Any:
    return object.__getattribute__(function, slot)


def _send_function(value: object) -> dict[str, str]:
    if isinstance(value, Function):
        return {"answer": _look(value, "_name")}
    raise AnswerStopped(
        f"The grade cell gives the answer a {type(value).__name__}, and only plain data "
        "can be sent to it; what a task needs alive is made by a scenario."
    )


def _refuse_question(fault: Exception) -> AnswerStopped:
    return AnswerStopped(f"The grade cell gives the answer too much: {fault}.")


def _refuse_reply(fault: str) -> AnswerStopped:
    return AnswerStopped(f"The answer's process sent what is no answer: {fault}.")


def _make_error(content: Any) -> Exception:
    """Return an error that is what the student's was, as far as handlers can see.

    Its class has that name and stands below the nearest of Python's own errors; what is
    no `Exception` here, or would end a loop early, becomes a `RuntimeError`.
    """
    if type(content) is not dict:
        raise _refuse_reply("no error")
    names, text, place = (content.get(key) for key in ("names", "text", "place"))
    if type(names) is not list or type(text) is not str or type(place) is not str:
        raise _refuse_reply("no error")
    names = [name for name in names if type(name) is str and name.isidentifier()]
    known = [getattr(builtins, name, None) for name in names]
    kinds = [k for k in known if isinstance(k, type) and issubclass(k, BaseException)]
    kind = kinds[0] if kinds else Exception
    if issubclass(kind, ENDING) or not issubclass(kind, Exception):
        kind = RuntimeError
    name = names[0][: codec.LONGEST_NAME] if names else "Error"
    error: Exception = _name_error(name, kind)(text[: codec.LONGEST_TEXT])
    error.place_in_cell = place[: codec.LONGEST_TEXT]  # type: ignore[attr-defined]
    return error


def _name_error(name: str, kind: type[Exception]) -> type[Exception]:
    """Return a class of errors that are made from a text, and say it as it is."""

    def set_text(self: Exception, text: str) -> None:
        self.args = (text,)

    def get_text(self: Exception) -> str:
        return self.args[0]

    methods = {"__init__": set_text, "__str__": get_text, "__module__": "builtins"}
    return type(name, (kind,), methods)
