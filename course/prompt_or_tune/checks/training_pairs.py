"""Notebook 3: from prompts and labels to pairs, masked for the loss, without leaks."""

from __future__ import annotations

from prompt_or_tune.checks.comparing import Answer, call, expect_equal
from prompt_or_tune.checks.registry import GradedTask
from prompt_or_tune.pairs import IGNORED_LABEL
from prompt_or_tune.records import Pair

# ── make_pairs ─────────────────────────────────────────────────────────────────────────

_REQUESTS = [
    ("s1", "Describe spring"),
    ("s2", "Describe the fox"),
    ("s3", "Describe snow"),
]


def check_make_pairs(answer: Answer) -> None:
    """Check the join by id, missing and blank labels, and a label that was corrected."""
    _check_pairs(
        answer,
        [("s3", "Snow is cold"), ("s1", "Spring is warm"), ("s2", "The fox is red")],
        ["Spring is warm", "The fox is red", "Snow is cold"],
        case="three labels that came back in another order",
        cause="join by the id, not by the position; keep the order of the requests",
    )
    _check_pairs(
        answer,
        [("s2", "  "), ("s1", " Spring is warm\n"), ("s9", "Rain is wet")],
        ["Spring is warm", None, None],
        case="a label with spaces around it, a blank one, one of another request",
        cause="strip the labels; without a label there is no pair",
    )
    _check_pairs(
        answer,
        [("s1", "Spring is worm"), ("s3", "Snow is cold"), ("s1", "Spring is warm")],
        ["Spring is warm", None, "Snow is cold"],
        case="a label that was corrected later",
        cause="the last label of a request holds",
    )


def _check_pairs(
    answer: Answer,
    labels: list[tuple[str, str]],
    responses: list[str | None],
    *,
    case: str,
    cause: str,
) -> None:
    wanted = [
        Pair(prompt, response, sample_id)
        for (sample_id, prompt), response in zip(_REQUESTS, responses, strict=True)
        if response is not None
    ]
    got = call(answer, list(_REQUESTS), labels, case=case)
    expect_equal(got, wanted, case=case, cause=cause)


# ── mask_prompt ────────────────────────────────────────────────────────────────────────


def check_mask_prompt(answer: Answer) -> None:
    """Check a row with padding, one that is full, and one where padding is the end."""
    _check_mask(
        answer,
        ([11, 12, 13], [21, 22], 3, 0, 8),
        [11, 12, 13, 21, 22, 3, 0, 0],
        [1, 1, 1, 1, 1, 1, 0, 0],
        [*_ignored(3), 21, 22, 3, *_ignored(2)],
        case="three prompt tokens, two of the response, the end, and two of padding",
        cause="the end belongs to what is learned; the prompt and the padding do not",
    )
    _check_mask(
        answer,
        ([11], [21, 22, 23], 3, 0, 5),
        [11, 21, 22, 23, 3],
        [1, 1, 1, 1, 1],
        [*_ignored(1), 21, 22, 23, 3],
        case="a row that fills the length",
        cause="labels stand at the place of their token: the model shifts them itself",
    )
    _check_mask(
        answer,
        ([11, 12], [21], 3, 3, 6),
        [11, 12, 21, 3, 3, 3],
        [1, 1, 1, 1, 0, 0],
        [*_ignored(2), 21, 3, *_ignored(2)],
        case="the same token pads and ends",
        cause="tell padding by its place, not by its id: the first end is real",
    )


def _ignored(count: int) -> list[int]:
    return [IGNORED_LABEL] * count


def _check_mask(
    answer: Answer,
    arguments: tuple[list[int], list[int], int, int, int],
    input_ids: list[int],
    attention_mask: list[int],
    labels: list[int],
    *,
    case: str,
    cause: str,
) -> None:
    got = call(answer, *arguments, case=case)
    wanted = {
        "input_ids": input_ids,
        "attention_mask": attention_mask,
        "labels": labels,
    }
    expect_equal(got, wanted, case=case, cause=cause)


# ── find_leaks ─────────────────────────────────────────────────────────────────────────


def check_find_leaks(answer: Answer) -> None:
    """Check copies, copies in disguise, near-copies, and where near begins."""
    _check_leaks(
        answer,
        (
            ["Describe the fox", "Describe rain at dawn"],
            ["Describe snow", "Describe the fox", "describe  rain, at DAWN!"],
            0.8,
        ),
        ["none", "exact", "normalised"],
        case="a copy, and a copy up to case, spaces and punctuation",
        cause="compare texts first, then normalise(text) on both sides",
    )
    _check_leaks(
        answer,
        (
            ["Write me a poem about the owl", "Describe snow"],
            ["Write a poem about the owl", "Write a poem about the fox", "Describe fog"],
            0.8,
        ),
        ["near", "none", "none"],
        case="one word more (6 words in common of 7), and other subjects",
        cause="words in both ÷ words in either, the best over all training prompts",
    )
    _check_leaks(
        answer,
        (["a b c d"], ["a b c d e", "a b c e", "b a d c"], 0.8),
        ["near", "none", "near"],
        case="a likeness of exactly 0.8, one of 0.6, and the same words in another order",
        cause="at least `near` is near; word order does not count for it",
    )


def _check_leaks(
    answer: Answer,
    arguments: tuple[list[str], list[str], float],
    wanted: list[str],
    *,
    case: str,
    cause: str,
) -> None:
    got = call(answer, *arguments, case=case)
    expect_equal(got, wanted, case=case, cause=cause)


# ── The tasks ──────────────────────────────────────────────────────────────────────────

TASKS: tuple[GradedTask, ...] = (
    GradedTask(
        id="make_pairs",
        title="Join requests and labels",
        points=2,
        minutes=5,
        check=check_make_pairs,
        hints=(
            "Labels come in any order, so put them where an id finds them: a dict. Which "
            "labels may go in? And what does a dict do when the same key comes twice?",
            "found = {sample_id: text.strip() for sample_id, text in labels if "
            "text.strip()}; then one Pair(prompt, found[sample_id], sample_id) for each "
            "request whose sample_id is in found.",
        ),
    ),
    GradedTask(
        id="mask_prompt",
        title="What the loss sees",
        points=3,
        minutes=6,
        check=check_mask_prompt,
        hints=(
            "Put the row together in three parts: prompt, response with its end, "
            "padding. Each of the three lists is one thing for each part, as often as "
            "the part is long. You never have to look for a token.",
            "answer = [*response, end]; gap = length - len(prompt) - len(answer); the "
            "labels are [IGNORED_LABEL] * len(prompt) + answer + [IGNORED_LABEL] * gap, "
            "and the other two lists go by the same three parts.",
        ),
    ),
    GradedTask(
        id="find_leaks",
        title="Find the leaks",
        points=2,
        minutes=6,
        check=check_find_leaks,
        hints=(
            "Three questions in this order, for each test prompt: is the text itself in "
            "training? Is its normalised form? Is there any training prompt that shares "
            "most of its words? Sets answer all three.",
            "For the last one: a, b = set(normalise(one).split()), "
            "set(normalise(other).split()); likeness = len(a & b) / len(a | b); near if "
            "max over all training prompts is >= near.",
        ),
    ),
)
