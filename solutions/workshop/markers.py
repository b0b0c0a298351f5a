"""Replace what stands between two markers of a page, and nothing else."""

from __future__ import annotations

from pathlib import Path

from prompt_or_tune.files import write_atomically

from solutions.workshop.errors import WorkshopError


class MarkerError(WorkshopError):
    """Say in one sentence which marker of a text is missing, doubled or out of order."""


def fill_markers(text: str, name: str, body: str) -> str:
    """Return a text with what stands between the markers of a name replaced.

    The markers are the lines `<!-- NAME:start -->` and `<!-- NAME:end -->`; they stay.
    Raises MarkerError when one is missing, stands twice, or the two stand the wrong way
    round: nothing is guessed.
    """
    begin, end = f"<!-- {name}:start -->", f"<!-- {name}:end -->"
    for marker in (begin, end):
        found = text.count(marker)
        if found != 1:
            problem = "has no line" if not found else f"has {found} times the line"
            raise MarkerError(f"The text {problem} {marker!r}: put it in exactly once.")
    if text.index(begin) > text.index(end):
        raise MarkerError(f"{end!r} stands before {begin!r}: swap the two lines.")
    if begin in body or end in body:
        raise MarkerError(f"The new text for {name!r} contains a marker of that name.")
    before, rest = text.split(begin)
    _, after = rest.split(end)
    return f"{before}{begin}\n{body.strip(chr(10))}\n{end}{after}"


def fill_file(path: str | Path, name: str, body: str) -> bool:
    """Fill the markers of a name in a file; return whether that changed the file.

    Raises MarkerError, naming the file; the file is left as it was.
    """
    path = Path(path)
    text = path.read_text(encoding="utf-8")
    try:
        filled = fill_markers(text, name, body)
    except MarkerError as error:
        raise MarkerError(f"{path}: {error}") from error
    if filled != text:
        write_atomically(path, filled)
    return filled != text
