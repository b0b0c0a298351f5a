"""Notebook 1: clean what came in, and split it so that nothing is tested on itself."""

from __future__ import annotations

from prompt_or_tune.checks.comparing import Answer, call, expect_equal
from prompt_or_tune.checks.registry import GradedTask

# ── clean_samples ──────────────────────────────────────────────────────────────────────


def check_clean_samples(answer: Answer) -> None:
    """Check mending, dropping and repetitions, each in a few rows."""
    _check_cleaning(
        answer,
        [("a1", "  Describe   the fox "), ("a2", "<b>Describe</b> the&nbsp;owl")],
        [("a1", "Describe the fox"), ("a2", "Describe the owl")],
        case="stray spaces, tags and entities",
        cause="mend the text with strip_markup, and return the mended text with its id",
    )
    _check_cleaning(
        answer,
        [("b1", ""), ("b2", "<p> </p>"), ("b3", "x" * 41), ("b4", "y" * 40)],
        [("b4", "y" * 40)],
        case="blanks, and texts of 41 and of 40 characters where 40 are allowed",
        cause="look after mending: a pair of tags is blank; `longest` itself is allowed",
    )
    _check_cleaning(
        answer,
        [
            ("c1", "Describe rain"),
            ("c2", "describe  RAIN!"),
            ("c3", "Describe snow"),
            ("c4", "<i>Describe rain</i>"),
        ],
        [("c1", "Describe rain"), ("c3", "Describe snow")],
        case="one request repeated in other case, with punctuation and in tags",
        cause="compare normalise(text) of the mended text, and keep the first row",
    )


def _check_cleaning(
    answer: Answer,
    rows: list[tuple[str, str]],
    wanted: list[tuple[str, str]],
    *,
    case: str,
    cause: str,
) -> None:
    got = call(answer, rows, 40, case=case)
    expect_equal(got, wanted, case=case, cause=cause)


# ── split_by_combination ───────────────────────────────────────────────────────────────

_DAWN, _NOON, _OAK = ("the fox", "at dawn"), ("the fox", "at noon"), ("the oak", "")
_ROWS = [_DAWN, _NOON, _DAWN, _OAK, _NOON, _DAWN]


def check_split_by_combination(answer: Answer) -> None:
    """Check that combinations stay whole, that rows are counted, that the seed counts."""
    _check_split(
        answer,
        (_ROWS, 0.5, 0),
        [True, False, True, False, False, True],
        case="six rows of three combinations, half of them for the test, seed 0",
        cause="all rows of one combination go together; shuffle the sorted combinations",
    )
    _check_split(
        answer,
        (_ROWS, 0.5, 2),
        [False, True, False, True, True, False],
        case="the same six rows with seed 2: two combinations make up the half",
        cause="count rows, not combinations, and use Random(seed)",
    )
    _check_split(
        answer,
        ([_NOON, _DAWN, _OAK], 0.0, 0),
        [False, False, False],
        case="a share of 0: nothing is for the test",
        cause="take a combination only as long as the test part has too few rows",
    )


def _check_split(
    answer: Answer,
    arguments: tuple[list[tuple[str, str]], float, int],
    wanted: list[bool],
    *,
    case: str,
    cause: str,
) -> None:
    combinations, share, seed = arguments
    got = call(answer, list(combinations), share, seed, case=case)
    expect_equal(got, wanted, case=case, cause=cause)


# ── The tasks ──────────────────────────────────────────────────────────────────────────

TASKS: tuple[GradedTask, ...] = (
    GradedTask(
        id="clean_samples",
        title="Clean what came in",
        points=2,
        minutes=5,
        check=check_clean_samples,
        hints=(
            "Go through the rows once. Mend first, because every later question is about "
            "the mended text. To know a repetition you must remember what you kept: in "
            "which form would “Describe rain” and “describe RAIN!” be the same?",
            "kept, seen = [], set(); for each row: text = strip_markup(raw); if text and "
            "len(text) <= longest and normalise(text) not in seen: add normalise(text) "
            "to seen and (row_id, text) to kept.",
        ),
    ),
    GradedTask(
        id="split_by_combination",
        title="Split without a leak",
        points=2,
        minutes=6,
        check=check_split_by_combination,
        hints=(
            "Decide about combinations, not about rows: first which combinations are "
            "tested, then one mark per row. How many rows has the test part so far, "
            "and is that fewer than share * len(combinations)?",
            "order = sorted(set(combinations)); Random(seed).shuffle(order); go through "
            "order, and while the rows taken are fewer than the wanted number, add the "
            "combination to a set and combinations.count(it) to the rows taken; return "
            "[each in chosen for each in combinations].",
        ),
    ),
)
