"""Read the reader's own pairs and answers from JSON Lines; say exactly what is wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from prompt_or_tune.scoring import normalise

SplitName = Literal["train", "development", "test"]
SPLITS: tuple[SplitName, ...] = get_args(SplitName)

# Longer lines are not prompts; and a line is held in memory before it is looked at.
LONGEST_LINE = 100_000


class DataError(Exception):
    """The reader's data cannot be used; the message is one sentence for the reader."""


@dataclass(frozen=True)
class OwnPair:
    """One row of the reader's file.

    `line` is its line number, from 1; `split` is empty when the file does not say;
    `pattern` is the row's own regular expression, empty when it has none.
    """

    prompt: str
    response: str
    line: int
    split: SplitName | Literal[""] = ""
    pattern: str = ""


@dataclass(frozen=True)
class OwnFile:
    """The pairs of a file, and what was noticed while they were read."""

    path: Path
    pairs: tuple[OwnPair, ...]
    notices: tuple[str, ...] = ()


# ── Pairs ──────────────────────────────────────────────────────────────────────────────


def read_own_pairs(path: Path) -> OwnFile:
    """Read pairs: one JSON object per line with `prompt` and `response`.

    Optional: `split` (train, development or test; in all rows or in none) and `pattern`
    (a regular expression, for the rule `regex`). Other fields are ignored, with a
    notice; so are repeated rows. Raises DataError, naming file, line and remedy.
    """
    pairs: list[OwnPair] = []
    ignored: set[str] = set()
    for line, row in _read_rows(path):
        pairs.append(_make_pair(row, f"{path}, line {line}", line))
        ignored |= row.keys() - {"prompt", "response", "split", "pattern"}
    if not pairs:
        raise DataError(f"{path} holds no pairs: give one JSON object per line.")
    _require_split_everywhere(path, pairs)
    unique, repeats = _drop_repeats(path, pairs)
    notices = _describe_ignored(ignored) + _describe_repeats(repeats)
    return OwnFile(path, tuple(unique), tuple(notices))


def _make_pair(row: dict[str, object], where: str, line: int) -> OwnPair:
    return OwnPair(
        prompt=_take_text(row, "prompt", where),
        response=_take_text(row, "response", where),
        line=line,
        split=_take_split(row, where),
        pattern=_take_text(row, "pattern", where) if "pattern" in row else "",
    )


def _take_text(row: dict[str, object], field: str, where: str) -> str:
    if field not in row:
        found = ", ".join(f'"{name}"' for name in list(row)[:5]) or "none"
        raise DataError(
            f'{where}: the field "{field}" is missing (fields there: {found}).'
        )
    value = row[field]
    if not isinstance(value, str):
        kind = _name_json_type(value)
        raise DataError(f'{where}: the field "{field}" is {kind}; it must be a text.')
    if not value.strip():
        raise DataError(
            f'{where}: the field "{field}" is blank; fill it or remove the row.'
        )
    return _require_unicode(value, field, where)


def _require_unicode(text: str, field: str, where: str) -> str:
    # JSON can spell half a surrogate pair, which no tokenizer and no file can take.
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise DataError(
            f'{where}: the field "{field}" holds half a character '
            f"(\\u{ord(text[error.start]):04x}); write the character itself."
        ) from None
    return text


def _take_split(row: dict[str, object], where: str) -> SplitName | Literal[""]:
    if "split" not in row:
        return ""
    for name in SPLITS:
        if row["split"] == name:
            return name
    shown = json.dumps(row["split"], ensure_ascii=False)[:40]
    raise DataError(
        f'{where}: "split" is {shown}; it must be one of {", ".join(SPLITS)}.'
    )


def _require_split_everywhere(path: Path, pairs: list[OwnPair]) -> None:
    without = [pair.line for pair in pairs if not pair.split]
    if without and len(without) < len(pairs):
        raise DataError(
            f'{path}, line {without[0]}: the field "split" is missing, and other rows '
            "have it; give it in every row, or in none to have the rows split for you."
        )


def _drop_repeats(
    path: Path, pairs: list[OwnPair]
) -> tuple[list[OwnPair], list[tuple[int, int]]]:
    """Return the pairs without repeated rows, and (line, line that it repeats)."""
    first: dict[tuple[str, str], OwnPair] = {}
    repeats: list[tuple[int, int]] = []
    for pair in pairs:
        # Responses are compared as they stand: case and punctuation may be the point.
        key = normalise_prompt(pair.prompt), pair.response.strip()
        earlier = first.setdefault(key, pair)
        if earlier is pair:
            continue
        if earlier.split != pair.split:
            raise DataError(
                f"{path}, line {pair.line}: this {pair.split} row repeats line "
                f"{earlier.line}, a {earlier.split} row; the answer would leak: remove "
                "one."
            )
        repeats.append((pair.line, earlier.line))
    return list(first.values()), repeats


def normalise_prompt(text: str) -> str:
    """Return a prompt up to case, spacing and punctuation, for finding repeats.

    Text without a single word character ("???" or "→") is only stripped.
    """
    return normalise(text) or text.strip()


def _describe_ignored(fields: set[str]) -> list[str]:
    if not fields:
        return []
    names = ", ".join(f'"{name}"' for name in sorted(fields)[:5])
    return [f"Fields that are not used: {names}."]


def _describe_repeats(repeats: list[tuple[int, int]]) -> list[str]:
    if not repeats:
        return []
    line, earlier = repeats[0]
    rows = (
        "1 repeated row was"
        if len(repeats) == 1
        else f"{len(repeats)} repeated rows were"
    )
    return [f"{rows} dropped (the first: line {line} repeats line {earlier})."]


# ── Answers given elsewhere ────────────────────────────────────────────────────────────


def read_answers(path: Path) -> dict[str, str]:
    """Read answers given elsewhere: `prompt` as in the pairs, `response` the answer.

    An answer may be blank (a model may say nothing); a prompt may not be answered twice
    in different words. Returns {prompt without spaces around it: answer}. Raises
    DataError.
    """
    answers: dict[str, str] = {}
    for line, row in _read_rows(path):
        where = f"{path}, line {line}"
        prompt = _take_text(row, "prompt", where)
        answer = row.get("response")
        if not isinstance(answer, str):
            raise DataError(
                f'{where}: the field "response" must be a text: the answer given.'
            )
        _require_unicode(answer, "response", where)
        if answers.setdefault(prompt.strip(), answer) != answer:
            raise DataError(f"{where}: this prompt was answered before, in other words.")
    if not answers:
        raise DataError(f"{path} holds no answers: give one JSON object per line.")
    return answers


# ── Rows ───────────────────────────────────────────────────────────────────────────────


def _read_rows(path: Path) -> Iterator[tuple[int, dict[str, object]]]:
    """Yield (line number from 1, object) for each line that is not blank."""
    for number, line in _read_lines(path):
        if line.strip():
            yield number, _parse_row(line, f"{path}, line {number}", number)


def _read_lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        with path.open("rb") as file:
            number = 0
            # A bound on every read: a 1 GB line, or a device, must not fill the memory.
            while raw := file.readline(LONGEST_LINE + 1):
                number += 1
                where = f"{path}, line {number}"
                if len(raw) > LONGEST_LINE:
                    raise DataError(
                        f"{where}: the line is longer than {LONGEST_LINE:,} bytes; "
                        "one line holds one pair."
                    )
                yield number, _decode(raw, path, where, first=number == 1)
    except FileNotFoundError:
        raise DataError(
            f"{path} does not exist; give the path of a JSON Lines file."
        ) from None
    except IsADirectoryError:
        raise DataError(
            f"{path} is a folder; give the path of a JSON Lines file."
        ) from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from error


def _decode(raw: bytes, path: Path, where: str, *, first: bool) -> str:
    if first and raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise DataError(f"{path} is in UTF-16; save it as UTF-8.")
    try:
        # "utf-8-sig" drops the mark that some editors put at the start of a file.
        return raw.decode("utf-8-sig" if first else "utf-8")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{where}: byte {error.start + 1} is not UTF-8 (0x{raw[error.start]:02x}); "
            "save the file as UTF-8."
        ) from None


def _parse_row(line: str, where: str, number: int) -> dict[str, object]:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        if number == 1 and line.lstrip().startswith("["):
            raise DataError(_explain_array(where)) from None
        raise DataError(
            f"{where}: this is not JSON ({error.msg}, column {error.colno})."
        ) from None
    except RecursionError:
        raise DataError(f"{where}: the JSON is nested too deeply.") from None
    except ValueError as error:  # a number of thousands of digits
        raise DataError(f"{where}: this JSON cannot be read ({error}).") from None
    if isinstance(row, list):
        raise DataError(_explain_array(where))
    if not isinstance(row, dict):
        raise DataError(
            f"{where}: this is {_name_json_type(row)}; wanted: one object per line."
        )
    return row


def _explain_array(where: str) -> str:
    return (
        f"{where}: an array starts here; wanted: JSON Lines, one object per line, "
        'such as {"prompt": "…", "response": "…"}.'
    )


def _name_json_type(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "a text"
        case list():
            return "an array"
        case _:
            return "an object"
