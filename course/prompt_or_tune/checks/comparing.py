"""Compare an answer with what was wanted, and say the difference in words.

Types must be exact: `True` is no 1, a tuple is no list, and an object that claims to
equal everything equals nothing here, because it is never asked.
"""

from __future__ import annotations

import dataclasses
import linecache
import math
import reprlib
import sys
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

Answer = Callable[..., Any]
"""What a learner writes where a function is wanted."""
NOTHING_YET = "nothing is returned yet"
LONGEST = 300  # characters shown of a value


class CheckFailed(AssertionError):  # noqa: N818  # what the learner reads
    """An answer that is not right yet; the message is for the learner.

    Notebooks show the message alone: where in the check it was raised helps nobody.
    """

    def _render_traceback_(self) -> list[str]:
        return [f"✗ Not yet. {self}"]


def expect_equal(got: object, wanted: object, *, case: str, cause: str = "") -> None:
    """Compare exactly: type, structure and value, all the way down.

    Knows plain data, data classes and tensors; a NaN equals a NaN. Raises CheckFailed
    with the case, what was got, what was wanted, and the usual cause.
    """
    _expect_same(got, wanted, case, cause, _same_number)


def expect_close(
    got: object,
    wanted: object,
    *,
    case: str,
    cause: str = "",
    tolerance: float = 1e-6,
) -> None:
    """Compare as `expect_equal` does, but floats only within a tolerance.

    The tolerance is absolute for wanted values up to 1, and relative beyond. A float is
    wanted where the wanted value is one; tensors must also agree in shape and dtype.
    """

    def close(a: float, b: float) -> bool:
        return _same_number(a, b) or abs(a - b) <= tolerance * max(1.0, abs(b))

    _expect_same(got, wanted, case, cause, close)


def call(
    answer: Callable[..., Any], /, *arguments: Any, case: str, **options: Any
) -> Any:
    """Call the learner's function; an error of its own becomes a CheckFailed.

    The message names the case, the error, and the learner's line that raised it.
    """
    if not callable(answer):
        raise CheckFailed(
            f"Case: {case}.\n  A function is wanted, and {shorten(answer)} is none. "
            "Has its cell been run?"
        )
    try:
        return answer(*arguments, **options)
    except CheckFailed:
        raise
    except Exception as error:
        name = type(error).__name__
        place = find_place(error, answer, *arguments)
        raise CheckFailed(
            f"Case: {case}.\n  Your code raised {name}: {error}{place}"
        ) from error


def shorten(value: object) -> str:
    """Return a value as the learner would type it, long ones cut in the middle."""
    try:
        text = _plain_repr(value)
    except Exception as error:  # a learner's own __repr__ may raise anything
        return f"<{type(value).__name__} whose repr raises {type(error).__name__}>"
    if len(text) <= LONGEST:
        return text
    half = LONGEST // 2
    return f"{text[:half]} … {text[-half:]}"


def find_place(error: BaseException, *called: object) -> str:
    """Return the learner's own line that raised, in words; nothing if there is none.

    Of what was called and what with, the last function is the learner's: `run_scenario`
    gets it as an argument. An error of another process brings its place along.
    """
    brought = getattr(error, "place_in_cell", None)
    if type(brought) is str:
        return brought
    functions = [each for each in called if callable(each)]
    code = getattr(functions[-1], "__code__", None) if functions else None
    own = getattr(code, "co_filename", None)
    line = None
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == own:
            line = trace.tb_lineno
        trace = trace.tb_next
    if own is None or line is None:
        return ""
    source = linecache.getline(own, line).strip()
    return f"\n  in line {line} of its cell: {source}" if source else ""


# ── How values are compared ────────────────────────────────────────────────────────────

Close = Callable[[float, float], bool]


@dataclasses.dataclass(frozen=True)
class _Difference:
    """The first place where two values differ: the path there, and both values."""

    path: str
    got: str
    wanted: str

    def explain(self) -> str:
        place = f"at {self.path}: " if self.path else ""
        return f"  {place}got    {self.got}\n  {place}wanted {self.wanted}"


def _expect_same(
    got: object, wanted: object, case: str, cause: str, close: Close
) -> None:
    usual = f"\n  Usual cause: {cause}" if cause else ""
    if got is None and wanted is not None:
        raise CheckFailed(
            f"Case: {case}.\n  {NOTHING_YET}; wanted {shorten(wanted)}{usual}"
        )
    difference = next(_differences(got, wanted, "", close), None)
    if difference is not None:
        raise CheckFailed(f"Case: {case}.\n{difference.explain()}{usual}")


def _same_number(a: float, b: float) -> bool:
    return a == b or (a != a and b != b)


def _differences(got: Any, wanted: Any, path: str, close: Close) -> Iterator[_Difference]:
    """Yield where two values differ, in order; the caller needs only the first."""
    if type(got) is not type(wanted):
        yield _Difference(path, _with_type(got), _with_type(wanted))
    elif isinstance(wanted, float):
        if not close(got, wanted):
            yield _Difference(path, shorten(got), shorten(wanted))
    elif isinstance(wanted, list | tuple):
        yield from _differences_of_sequences(got, wanted, path, close)
    elif isinstance(wanted, dict):
        yield from _differences_of_dicts(got, wanted, path, close)
    elif isinstance(wanted, set | frozenset):
        yield from _differences_of_sets(got, wanted, path, close)
    elif _is_tensor(wanted):
        yield from _differences_of_tensors(got, wanted, path, close)
    elif dataclasses.is_dataclass(wanted) and not isinstance(wanted, type):
        for field in dataclasses.fields(wanted):
            yield from _differences(
                getattr(got, field.name, None),
                getattr(wanted, field.name),
                f"{path}.{field.name}",
                close,
            )
    elif wanted != got:  # of one and the same type: only the wanted side is asked
        yield _Difference(path, shorten(got), shorten(wanted))


def _differences_of_sequences(
    got: Sequence[Any], wanted: Sequence[Any], path: str, close: Close
) -> Iterator[_Difference]:
    if len(got) != len(wanted):
        yield _Difference(
            path,
            f"{len(got)} items: {shorten(got)}",
            f"{len(wanted)} items: {shorten(wanted)}",
        )
        return
    for i, (a, b) in enumerate(zip(got, wanted, strict=True)):
        yield from _differences(a, b, f"{path}[{i}]", close)


def _differences_of_dicts(
    got: dict[Any, Any], wanted: dict[Any, Any], path: str, close: Close
) -> Iterator[_Difference]:
    yield from _differences_of_sets(set(got), set(wanted), f"{path} keys".strip(), close)
    for key in wanted:
        if key in got:
            yield from _differences(got[key], wanted[key], f"{path}[{key!r}]", close)


def _differences_of_sets(
    got: AbstractSet[Any], wanted: AbstractSet[Any], path: str, close: Close
) -> Iterator[_Difference]:
    # Found by their exact types as well: a set takes True for 1.
    typed = {(type(item), item) for item in got}
    same = len(got) == len(wanted) and all((type(i), i) in typed for i in wanted)
    if not same or not all(_has_plain_items(item) for item in got):
        yield _Difference(path, shorten(got), shorten(wanted))


def _has_plain_items(item: object) -> bool:
    """Say whether equality of an element of a set can be trusted."""
    if isinstance(item, tuple | frozenset):
        return all(_has_plain_items(part) for part in item)
    if dataclasses.is_dataclass(item) and not isinstance(item, type):
        values = (getattr(item, f.name, None) for f in dataclasses.fields(item))
        return all(_has_plain_items(value) for value in values)
    return type(item) in (str, int, float, bool, bytes, type(None))


def _is_tensor(value: object) -> bool:
    torch = sys.modules.get("torch")  # without torch there are no tensors
    return torch is not None and isinstance(value, torch.Tensor)


def _differences_of_tensors(
    got: Any, wanted: Any, path: str, close: Close
) -> Iterator[_Difference]:
    if got.dtype != wanted.dtype or got.shape != wanted.shape:
        yield _Difference(path, _describe_tensor(got), _describe_tensor(wanted))
        return
    flat_got, flat_wanted = (t.detach().cpu().flatten().tolist() for t in (got, wanted))
    for position, (a, b) in enumerate(zip(flat_got, flat_wanted, strict=True)):
        if not (close(a, b) if isinstance(b, float) else a == b):
            index = _unravel(position, tuple(wanted.shape))
            yield _Difference(f"{path}{index}", shorten(a), shorten(b))


def _unravel(position: int, shape: tuple[int, ...]) -> str:
    """Return the index of an element of a flattened tensor, as it would be typed."""
    index: list[int] = []
    for size in reversed(shape):
        position, place = divmod(position, size)
        index.insert(0, place)
    return str(index) if index else ""


# ── How values are shown ───────────────────────────────────────────────────────────────


def _with_type(value: object) -> str:
    return f"{shorten(value)} ({type(value).__name__})"


def _plain_repr(value: object) -> str:
    if _is_tensor(value):
        return _describe_tensor(value)
    if isinstance(value, float) and math.isfinite(value):
        return repr(value)
    limited = reprlib.Repr()
    limited.maxstring = limited.maxother = LONGEST
    limited.maxlist = limited.maxtuple = limited.maxdict = limited.maxset = 12
    limited.maxlevel = 4
    return limited.repr(value) if isinstance(value, list | dict | set) else repr(value)


def _describe_tensor(tensor: Any) -> str:
    shape = " x ".join(str(size) for size in tensor.shape) or "a single number"
    text = f"tensor of {tensor.dtype} ({shape})".replace("torch.", "")
    if tensor.numel() <= 12:
        text += f" {tensor.detach().cpu().tolist()}"
    return text
