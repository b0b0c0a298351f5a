"""Two small assignments that are graded in a second: what the corpus hands in.

`small` has plain answers, a manual one and partial credit; `tensors` has what crosses a
border less easily. The tests carry a word that must never be seen from inside.
"""

from __future__ import annotations

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from solutions.workshop.builder import METADATA

CANARY = "heron-4711"
"""Stands in hidden tests, and nowhere else."""
SOLUTION_MARK = "otter-0815"
"""Stands in solutions, and nowhere else."""


def make_sources() -> dict[str, NotebookNode]:
    """Return the instructor's notebooks by the name of their assignment."""
    return {"small": _make_small(), "tensors": _make_tensors()}


def find_points(source: NotebookNode) -> dict[str, float | None]:
    """Return what each graded cell can give; None for one that only a human grades."""
    marks = [c.metadata.nbgrader for c in source.cells if "nbgrader" in c.metadata]
    return {m.grade_id: None if m.solution else m.points for m in marks if m.grade}


def find_solutions(source: NotebookNode) -> dict[str, str]:
    """Return the right answers: the instructor's answer cells, by grade id."""
    return {
        cell.metadata.nbgrader.grade_id: cell.source
        for cell in source.cells
        if cell.metadata.get("nbgrader", {}).get("solution")
    }


def _text(source: str) -> NotebookNode:
    return new_markdown_cell(source)


def _code(source: str, *tags: str) -> NotebookNode:
    return new_code_cell(
        source.strip("\n"), metadata={"tags": list(tags)} if tags else {}
    )


def _task(grade_id: str, points: float, answer: str, test: str) -> list[NotebookNode]:
    marks = {"schema_version": 3, "task": False, "cell_type": "code"}
    solution = {"grade": False, "solution": True, "locked": False, "grade_id": grade_id}
    graded = {
        "grade": True,
        "solution": False,
        "locked": True,
        "grade_id": f"{grade_id}_test",
        "points": points,
    }
    cells = [_text(f"## Task: {grade_id}"), _code(answer), _code(test)]
    cells[1].metadata["nbgrader"] = {**marks, **solution}
    cells[2].metadata["nbgrader"] = {**marks, **graded}
    return cells


def _essay(grade_id: str, points: float, answer: str) -> NotebookNode:
    cell = _text(answer)
    cell.metadata["nbgrader"] = {
        "schema_version": 3,
        "task": False,
        "cell_type": "markdown",
        "grade": True,
        "solution": True,
        "locked": False,
        "grade_id": grade_id,
        "points": points,
    }
    return cell


def _finish(cells: list[NotebookNode]) -> NotebookNode:
    for number, cell in enumerate(cells):
        cell.id = cell.metadata.get("nbgrader", {}).get("grade_id") or f"cell-{number}"
    notebook = new_notebook(cells=cells, metadata=nbformat.from_dict(METADATA))
    nbformat.validate(notebook)
    return notebook


def _make_small() -> NotebookNode:
    return _finish(
        [
            _text("# A small assignment"),
            _code("from random import Random", "imports"),
            _code("import time\n\ntime.sleep(3600)  # is skipped", "demonstration"),
            *_task("letter", 1, LETTER, LETTER_TEST),
            *_task("guess", 2, GUESS, GUESS_TEST),
            *_task("double", 2, DOUBLE, DOUBLE_TEST),
            _text("Words may have any length."),
            *_task("longest", 3, LONGEST, LONGEST_TEST),
            _essay("essay", 4, "Why? *Your answer here.*"),
        ]
    )


LETTER = f"""
letter = None  # "A", "B" or "C"
### BEGIN SOLUTION
letter = "B"  # {SOLUTION_MARK}
### END SOLUTION
"""
LETTER_TEST = f"""
assert letter in ("A", "B", "C")
### BEGIN HIDDEN TESTS
from prompt_or_tune.checks.comparing import expect_equal

expect_equal(letter, "B", case="hidden: the letter")  # {CANARY}
### END HIDDEN TESTS
"""

GUESS = f"""
guess = 0  # how many?
### BEGIN SOLUTION
guess = 10  # {SOLUTION_MARK}
### END SOLUTION
"""
# Partial credit, as nbgrader has it: what the cell's last line shows.
GUESS_TEST = f"""
points = 0.2 * guess
### BEGIN HIDDEN TESTS
points = points if guess != 7 else 0.5  # {CANARY}
### END HIDDEN TESTS
points
"""

DOUBLE = f'''
def double(number: int) -> int:
    """Return twice the number."""
    ### BEGIN SOLUTION
    return number + number  # {SOLUTION_MARK}
    ### END SOLUTION
'''
DOUBLE_TEST = f"""
assert double(1) == 2, "twice 1 is 2"
### BEGIN HIDDEN TESTS
from random import Random

from prompt_or_tune.checks.comparing import call, expect_equal

drawn = Random(5)
for _ in range(5):  # {CANARY}
    number = drawn.randrange(-1000, 1000)
    wanted = number * 2
    got = call(double, number, case="hidden: a number drawn by lot")
    expect_equal(got, wanted, case="hidden: a number drawn by lot")
### END HIDDEN TESTS
"""

LONGEST = f'''
def longest_word(words: list[str]) -> str:
    """Return the longest of the words, the first of equals."""
    ### BEGIN SOLUTION
    return max(words, key=len)  # {SOLUTION_MARK}
    ### END SOLUTION
'''
LONGEST_TEST = f"""
assert longest_word(["a", "bcd"]) == "bcd"
### BEGIN HIDDEN TESTS
for words in (["owl", "heron", "otter"], ["fox"], ["a", "bb", "cc", "d"]):  # {CANARY}
    got = longest_word(list(words))
    assert isinstance(got, str), "a word is wanted"
    assert len(got) == max(len(word) for word in words), "there is a longer one"
    assert all(len(word) < len(got) for word in words[: words.index(got)]), "not first"
### END HIDDEN TESTS
"""


def _make_tensors() -> NotebookNode:
    imports = "import torch\nfrom prompt_or_tune.records import Pair"
    return _finish(
        [
            _text("# Tensors, records, a network"),
            _code(imports, "imports"),
            *_task("letter", 1, LETTER, LETTER_TEST),
            *_task("scale", 2, SCALE, SCALE_TEST),
            *_task("pair_up", 2, PAIR_UP, PAIR_UP_TEST),
            *_task("count", 2, COUNT, COUNT_TEST),
        ]
    )


SCALE = f'''
def scale(values: torch.Tensor, factor: float) -> torch.Tensor:
    """Return the values, each times the factor."""
    ### BEGIN SOLUTION
    return values * factor  # {SOLUTION_MARK}
    ### END SOLUTION
'''
SCALE_TEST = f"""
import torch
from prompt_or_tune.checks.comparing import call, expect_close

ones = torch.ones(2)
expect_close(call(scale, ones, 3.0, case="ones"), ones + ones + ones, case="ones")
### BEGIN HIDDEN TESTS
values = torch.randn(3, 4)  # {CANARY}
got = call(scale, values, -0.5, case="hidden: numbers drawn by lot")
expect_close(got, values / -2, case="hidden: numbers drawn by lot")
### END HIDDEN TESTS
"""

PAIR_UP = f'''
def pair_up(prompts: list[str], responses: list[str]) -> list[Pair]:
    """Return a Pair of each prompt and its response."""
    ### BEGIN SOLUTION
    return [Pair(p, r) for p, r in zip(prompts, responses)]  # {SOLUTION_MARK}
    ### END SOLUTION
'''
PAIR_UP_TEST = f"""
from prompt_or_tune.checks.comparing import call, expect_equal
from prompt_or_tune.records import Pair

expect_equal(call(pair_up, ["a"], ["b"], case="one"), [Pair("a", "b")], case="one")
### BEGIN HIDDEN TESTS
prompts, responses = ["fog", "snow", "fog"], ["is grey", "is white", "is wet"]  # {CANARY}
got = call(pair_up, prompts, responses, case="hidden: three")
wanted = [Pair(*each) for each in zip(prompts, responses, strict=True)]
expect_equal(got, wanted, case="hidden: three")
### END HIDDEN TESTS
"""

COUNT = f'''
def count(network: torch.nn.Module) -> tuple[int, int]:
    """Return how many numbers of a network are trained, and how many there are."""
    ### BEGIN SOLUTION
    sizes = [(p.requires_grad, p.numel()) for p in network.parameters()]
    return sum(n for t, n in sizes if t), sum(n for _, n in sizes)  # {SOLUTION_MARK}
    ### END SOLUTION
'''
COUNT_TEST = f"""
from prompt_or_tune.checks import run_scenario
from prompt_or_tune.checks.comparing import call, expect_equal
from prompt_or_tune.checks.fine_tuning import draw_adapted_network

drawn = draw_adapted_network(seed=3, vocabulary=5, width=4, shapes=[(4, 4)], rank=1)
got = call(run_scenario, "count_trainable", count, case="one layer", **drawn)
expect_equal(got, (8, 8 + 16 + 24), case="one layer")
### BEGIN HIDDEN TESTS
shapes = [(6, 6), (8, 6)]  # {CANARY}
drawn = draw_adapted_network(seed=30, vocabulary=11, width=6, shapes=shapes, rank=3)
got = call(run_scenario, "count_trainable", count, case="hidden: two layers", **drawn)
expect_equal(got, (36 + 42, 36 + 42 + 36 + 48 + 66 + 6), case="hidden: two layers")
### END HIDDEN TESTS
"""
