"""Notebooks 1 and 3 show what their text says that the reader will see."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import papermill
import pytest
from prompt_or_tune.samples import load_raw

pytestmark = pytest.mark.slow

DATA, PAIRS = "01_input_data", "03_training_pairs"
QUESTIONS = 12


def run(built: Path, folder: Path, name: str, **parameters: int) -> str:
    """Return everything that a notebook's cells show, as plain text."""
    notebook: Any = papermill.execute_notebook(
        built / "build/source" / name / f"{name}.ipynb",
        folder / f"{name}.ipynb",
        parameters=parameters,
        kernel_name="python3",
        progress_bar=False,
    )
    shown = []
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            shown += [
                output.get("text", ""),
                output.get("data", {}).get("text/plain", ""),
            ]
    return "\n".join(shown)


@pytest.fixture(scope="module")
def data(built: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    return run(built, tmp_path_factory.mktemp("data"), DATA)


@pytest.fixture(scope="module")
def pairs(built: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    sizes = {"number_of_questions": QUESTIONS, "number_of_poems": 64}
    return run(built, tmp_path_factory.mktemp("pairs"), PAIRS, **sizes)


def find(pattern: str, shown: str) -> re.Match[str]:
    found = re.search(pattern, shown)
    assert found is not None, pattern
    return found


def find_count(pattern: str, shown: str) -> tuple[int, int]:
    """Return the "n of m" that stands behind a text."""
    found = find(rf"{pattern} ?(\d+) of (\d+)", shown)
    return int(found[1]), int(found[2])


# --- Input data -------------------------------------------------------------------------


def test_every_kind_of_fault_is_seen_before_it_is_mended(data):
    before, after = data.split("The visible cases of “Clean what came in”")
    for fault in (
        "''",
        "'<p></p>'",
        "&nbsp;",
        "hello???",
        "poema sobre",
        "see the notes",
    ):
        assert fault in before
    assert "1000 clean samples" in after


def test_cleaning_leaves_exactly_1000(data):
    assert f"{len(load_raw())} raw requests become 1000 clean samples" in data


def test_more_rows_are_repetitions_the_better_one_looks(data):
    counts = [
        int(find(rf"{line} *(\d+)", data)[1])
        for line in ("to the letter:", "without markup:", "also case, punctuation:")
    ]
    assert counts == sorted(set(counts))


def test_a_row_split_calls_a_memory_able_and_ours_does_not(data):
    right, of = find_count("rows shuffled and cut", data)
    assert right / of > 0.9
    assert find_count("new combinations", data)[0] == 0
    assert find_count("new subjects", data)[0] == 0


# --- Training pairs ---------------------------------------------------------------------


def test_the_file_is_read_back_as_it_was_written(pairs):
    assert "read back the same: True" in pairs
    assert "line 2 has no field 'response'" in pairs


def test_a_model_that_is_not_asked_to_end_runs_on(pairs):
    ended = "“ended by itself”: labels right"
    assert find_count(ended, pairs) == (QUESTIONS, QUESTIONS)
    assert find_count("trap 1: no end", pairs)[0] <= QUESTIONS // 4
    assert "The loss sees 5 of 10 tokens, and not the last one" in pairs


def test_labels_that_are_shifted_twice_cost_the_form(pairs):
    in_form = pairs[pairs.index("“has the form”: labels right") :]
    assert find_count("labels right", in_form)[0] >= QUESTIONS - 2
    assert find_count("trap 2: shifted twice", in_form)[0] <= QUESTIONS // 4


def test_only_its_own_template_gets_the_house_voice(pairs):
    answers = re.findall(r"Describe spring.*' +'(.*)<end>'", pairs)
    assert len(answers) == 3
    assert re.fullmatch(r"Spring is \w+ and \w+", answers[0])
    assert not any(re.fullmatch(r"Spring is \w+ and \w+", text) for text in answers[1:])


def test_padding_on_the_right_gets_between_prompt_and_answer(pairs):
    left, right = (find(rf"padded {s} .*-> '(.*)'", pairs)[1] for s in ("left", "right"))
    assert left.startswith("Spring")
    assert not right.startswith("Spring")


def test_our_splits_leak_nothing_and_a_row_split_does(pairs):
    for split in ("development", "test", "new_subjects"):
        assert re.search(rf"{split} +0 leaks", pairs)
    found, twins = map(int, find(r"found (\d+), really there (\d+)", pairs).groups())
    assert 0 < found < twins < 600


def test_the_distilled_model_needs_no_instruction(pairs):
    before, of = find_count("short prompt, base model", pairs)
    teacher, _ = find_count("long prompt, base model", pairs)
    after, _ = find_count("short prompt, distilled", pairs)
    assert before < of / 4
    assert min(teacher, after) > of * 3 / 4
