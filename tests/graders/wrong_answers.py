"""Read the named wrong answers of a task: percent cells, each a whole answer cell."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "wrong_answers"
_HEADER = re.compile(r"# %% ([a-z][a-z0-9_]*)( hidden_only=true)?")


@dataclass(frozen=True)
class WrongAnswer:
    """A plausible mistake: its name, the sentence that says it, and the answer cell.

    `hidden_only` marks one that the visible check lets pass.
    """

    name: str
    mistake: str
    source: str
    hidden_only: bool


def list_tasks_with_wrong_answers() -> list[str]:
    """Return the ids of the tasks that have a file of wrong answers."""
    return sorted(file.stem for file in FOLDER.glob("*.py"))


def read_wrong_answers(task: str) -> list[WrongAnswer]:
    """Return a task's wrong answers in the order of the file.

    Raises `ValueError`, with the line, for a header or a first line that isn't as agreed,
    and for a name that stands twice.
    """
    file = FOLDER / f"{task}.py"
    text = file.read_text(encoding="utf-8")
    answers: list[WrongAnswer] = []
    for number, header, body in _split(text):
        match = _HEADER.fullmatch(header.rstrip())
        where = f"{file.name}, line {number}"
        if match is None:
            raise ValueError(
                f"{where}: wanted `# %% a_lower_case_name`, with ` hidden_only=true` "
                f"after it or nothing, and this is {header!r}"
            )
        first = body.lstrip("\n").split("\n", 1)[0]
        if not re.fullmatch(r"# \S.*[.!?]", first):
            raise ValueError(
                f"{where}: the first line of a wrong answer is a comment, a sentence "
                f"that says the mistake, and this is {first!r}"
            )
        if match[1] in {answer.name for answer in answers}:
            raise ValueError(f"{where}: {match[1]} stands here twice")
        answers.append(WrongAnswer(match[1], first[2:], body, match[2] is not None))
    return answers


def _split(text: str) -> list[tuple[int, str, str]]:
    """Return line, header and body of each cell, without what stands above them."""
    lines = text.split("\n")
    starts = [i for i, line in enumerate(lines) if line.startswith("# %%")]
    ends = [*starts[1:], len(lines)]
    return [
        (start + 1, lines[start], "\n".join(lines[start + 1 : end]))
        for start, end in zip(starts, ends, strict=True)
    ]
