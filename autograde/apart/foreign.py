"""What arrives of a value that is no plain data: the name of its type, and a text."""

from __future__ import annotations

from typing import Any, NoReturn


class ForeignError(TypeError):
    """Say that something was asked of a value that is not here."""


class Foreign:
    """A value of a student's that can be shown, and does nothing else.

    It equals nothing and everything by no means: whoever asks gets an error. So an object
    that claims to equal every answer claims it in its own process, where nobody asks.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        object.__setattr__(self, "_text", text)

    def __repr__(self) -> str:
        return object.__getattribute__(self, "_text")

    def __getattribute__(self, name: str) -> Any:
        if name == "__class__":  # isinstance asks for it
            return type(self)
        raise AttributeError(_explain(self, f"its attribute {name!r} is not known here"))

    def _refuse(self, *_: object) -> NoReturn:
        raise ForeignError(_explain(self, "nothing can be done with it here"))

    # What every object can do. The rest of the operations are not there to begin with.
    __bool__ = __eq__ = __ne__ = __str__ = __format__ = _refuse
    __setattr__ = __delattr__ = __reduce__ = __reduce_ex__ = _refuse
    __hash__ = None  # type: ignore[assignment]


def name_foreign(type_name: str, base: type[Foreign] = Foreign) -> type[Foreign]:
    """Return a class of that name whose instances are made from a text."""
    return type(type_name, (base,), {"__slots__": (), "__module__": "__main__"})


def _explain(value: Foreign, fault: str) -> str:
    kind = type(value).__name__
    return f"a value of type {kind} is no plain data that can be graded: {fault}"
