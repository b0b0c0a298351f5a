"""Honest hand-ins: right, wrong, unfinished, and right in ways of their own."""

from __future__ import annotations

from collections.abc import Mapping

from tests.autograde.corpus.submission import (
    Points,
    Submission,
    World,
    answer,
    as_bytes,
    solve,
)

ALL_SMALL: Points = {
    "letter_test": 1,
    "guess_test": 2,
    "double_test": 2,
    "longest_test": 3,
    "essay": None,
}
ALL_TENSORS: Points = {
    "letter_test": 1,
    "scale_test": 2,
    "pair_up_test": 2,
    "count_test": 2,
}
ALL: Mapping[str, Points] = {"small": ALL_SMALL, "tensors": ALL_TENSORS}


def less(points: Points, *grade_ids: str, **changed: float) -> Points:
    """Return the points with some cells at 0, and some changed."""
    return {**points, **dict.fromkeys(grade_ids, 0.0), **changed}


def make_honest() -> list[Submission]:
    """Return the honest part of the corpus."""
    return [
        _solved("solved", "small", "the instructor's own answers"),
        _solved("solved_tensors", "tensors", "the instructor's own answers"),
        Submission(
            "untouched",
            "honest",
            "small",
            lambda world: as_bytes(world.release("small")),
            {"essay": 0},
            "nothing was answered; an untouched text is worth 0 to nbgrader",
            look=False,
        ),
        _own("wrong", "double answers what 1 asks for", DOUBLE_WRONG, "double_test"),
        _own("syntax_error", "one answer is not Python", DOUBLE_BROKEN, "double_test"),
        _own(
            "raises", "an answer that raises earns nothing", DOUBLE_RAISES, "double_test"
        ),
        _own("deleted_name", "the name is gone again", DOUBLE_GONE, "double_test"),
        _own("lambda", "a lambda is a function", {"double": "double = lambda n: 2 * n"}),
        _own("partial_function", "so is a functools.partial", DOUBLE_PARTIAL),
        _own("cached", "and a decorated function", DOUBLE_CACHED),
        _own("recursive", "it calls itself", DOUBLE_RECURSIVE),
        _own("talkative", "what it prints is no failure", DOUBLE_TALKATIVE),
        _own("warning", "a library's warning is no failure", DOUBLE_WARNING),
        _own("progress_bar", "a bar on stderr is no failure", LONGEST_PROGRESS),
        _own(
            "own_helpers",
            "answers may use cells of one's own",
            {"double": "def double(number):\n    return twice(number)"},
            first=HELPERS,
        ),
        _own("uses_imports", "and the notebook's imports", DOUBLE_RANDOM),
        _own("threads", "a thread that ends is fine", DOUBLE_THREAD),
        _own("processes", "and so is a process or two", DOUBLE_PROCESSES),
        _own("files", "scratch files in the working folder", DOUBLE_FILES),
        _own("top_level_await", "a notebook may await", {}, first=AWAIT),
        _own(
            "magics", "magics and shell lines", {}, first="%matplotlib inline\n!echo hi"
        ),
        _own(
            "missing_import", "a module that isn't here", {}, first="import no_such_one"
        ),
        _own("stops_for_input", "there is nobody to ask", {}, first="input('name?')"),
        _own("prints_in_greek", "any text may be printed", {}, last="print('λ → ∞ 🦉')"),
        Submission(
            "partial_credit",
            "honest",
            "small",
            lambda world: as_bytes(solve(world, "small", guess="guess = 5")),
            less(ALL_SMALL, guess_test=1.0),
            "half of the guess gives half of the points",
            look=False,
        ),
        Submission(
            "too_much_credit",
            "honest",
            "small",
            lambda world: as_bytes(solve(world, "small", guess="guess = 1000")),
            ALL_SMALL,
            "200 points of 2 are clipped, and said; the cell is the instructor's fault",
            look=True,
        ),
        Submission(
            "less_than_no_credit",
            "honest",
            "small",
            lambda world: as_bytes(solve(world, "small", guess="guess = -20")),
            less(ALL_SMALL, "guess_test"),
            "-4 points are clipped to 0, and said (stock gives all)",
            look=True,
        ),
        Submission(
            "only_the_first",
            "honest",
            "small",
            lambda world: as_bytes(
                answer(world, "small", {"letter": world.solutions("small")["letter"]})
            ),
            {"letter_test": 1, "essay": 0},
            "one answer is one answer",
            look=False,
        ),
        Submission(
            "wrong_types",
            "honest",
            "tensors",
            lambda world: as_bytes(solve(world, "tensors", scale=SCALE_PARAMETER)),
            less(ALL_TENSORS, "scale_test"),
            "a Parameter is no plain tensor, here as in the learner's own notebook",
            look=False,
        ),
        Submission(
            "needs_grad",
            "honest",
            "tensors",
            lambda world: as_bytes(solve(world, "tensors", scale=SCALE_GRAD)),
            ALL_TENSORS,
            "a tensor with a gradient holds the same numbers",
            look=False,
        ),
        Submission(
            "view_of_a_tensor",
            "honest",
            "tensors",
            lambda world: as_bytes(solve(world, "tensors", scale=SCALE_VIEW)),
            ALL_TENSORS,
            "strides are nobody's business",
            look=False,
        ),
    ]


def _solved(name: str, assignment: str, why: str) -> Submission:
    def build(world: World) -> bytes:
        return as_bytes(solve(world, assignment))

    points = ALL[assignment]
    return Submission(name, "honest", assignment, build, points, why, look=False)


def _own(
    name: str,
    why: str,
    answers: Mapping[str, str],
    *missed: str,
    first: str = "",
    last: str = "",
) -> Submission:
    def build(world: World) -> bytes:
        right = world.solutions("small")
        notebook = answer(world, "small", {**right, **answers}, first=first, last=last)
        return as_bytes(notebook)

    points = less(ALL_SMALL, *missed)
    return Submission(name, "honest", "small", build, points, why, look=False)


DOUBLE_WRONG = {"double": "def double(number):\n    return 2"}
DOUBLE_BROKEN = {"double": "def double(number)\n    return 2 * number"}
DOUBLE_RAISES = {"double": "def double(number):\n    return 2 * nubmer"}
DOUBLE_GONE = {"double": "def double(number):\n    return 2 * number\n\ndel double"}
DOUBLE_PARTIAL = {
    "double": "from functools import partial\nfrom operator import mul\n\n"
    "double = partial(mul, 2)"
}
DOUBLE_CACHED = {
    "double": "from functools import lru_cache\n\n\n@lru_cache\n"
    "def double(number):\n    return 2 * number"
}
DOUBLE_RECURSIVE = {
    "double": "def double(n):\n    return 0 if n == 0 else "
    "-double(-n) if n < 0 else 2 + double(n - 1)\n\n"
    "import sys\nsys.setrecursionlimit(5000)"
}
DOUBLE_TALKATIVE = {
    "double": "import sys\n\n\ndef double(number):\n    print('doubling', number)\n"
    "    print('still doubling', file=sys.stderr)\n    return 2 * number"
}
DOUBLE_WARNING = {
    "double": "import warnings\n\n\ndef double(number):\n"
    "    warnings.warn('double is deprecated', DeprecationWarning, stacklevel=1)\n"
    "    return 2 * number"
}
LONGEST_PROGRESS = {
    "longest": "from tqdm import tqdm\n\n\ndef longest_word(words):\n"
    "    best = words[0]\n    for word in tqdm(words):\n"
    "        best = word if len(word) > len(best) else best\n    return best"
}
HELPERS = "def twice(number):\n    return number + number"
DOUBLE_RANDOM = {
    "double": "def double(number):\n    Random(number).random()\n    return 2 * number"
}
DOUBLE_THREAD = {
    "double": "from threading import Thread\n\n\ndef double(number):\n    found = []\n"
    "    thread = Thread(target=lambda: found.append(2 * number))\n"
    "    thread.start()\n    thread.join()\n    return found[0]"
}
DOUBLE_PROCESSES = {
    "double": "import subprocess\nimport sys\n\n\ndef double(number):\n"
    "    command = [sys.executable, '-S', '-c', f'print(2 * {number})']\n"
    "    return int(subprocess.run(command, capture_output=True, text=True).stdout)"
}
DOUBLE_FILES = {
    "double": "from pathlib import Path\n\n\ndef double(number):\n"
    "    Path('scratch.txt').write_text(str(2 * number))\n"
    "    return int(Path('scratch.txt').read_text())"
}
AWAIT = "import asyncio\n\nawait asyncio.sleep(0)\nawaited = 1"

SCALE_PARAMETER = "def scale(v, factor):\n    return torch.nn.Parameter(v * factor)"
SCALE_GRAD = "def scale(v, factor):\n    return v.clone().requires_grad_() * factor"
SCALE_VIEW = "def scale(v, factor):\n    return (v * factor).T.contiguous().T"
