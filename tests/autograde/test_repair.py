"""Answers come out of whatever editors, clouds and people make of a notebook."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nbformat import NotebookNode, from_dict
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from autograde.submission_records import Repaired
from autograde.submissions.notebook_reader import NotANotebook, read_notebook
from autograde.submissions.repair import fill_in_tests, repair_notebook
from solutions.workshop import builder
from solutions.workshop.facts import recorded_facts
from tests.autograde import mangling
from tests.autograde.mangling import Mangled, answer, means_the_same

ROOT = Path(__file__).parents[2]
COURSE = sorted(path.stem for path in ROOT.glob("solutions/0[1-7]_*.py"))

ANSWERS = {
    "double": '''\
import math

FACTOR = 2


def double(number: int) -> int:
    """Return twice the number."""
    total = 0

    for _ in range(FACTOR):
        total += number
    return math.floor(total)''',
    "limits": "low = 1\nhigh = max(\n    low,\n    10,\n)",
    "why": "Because it is *twice* as much.\n\nAnd no more.",
    "question_1": 'question_1 = "B"',
}


def mark(cell: Any, grade_id: str, *, points: int = 0, solution: bool = False) -> Any:
    cell.metadata.nbgrader = {
        "schema_version": 3,
        "grade_id": grade_id,
        "grade": bool(points),
        "solution": solution,
        "locked": bool(points) and not solution,
        "task": False,
        **({"points": points} if points else {}),
    }
    return cell


def code(cell_id: str, source: str, *tags: str) -> Any:
    metadata = {"tags": list(tags)} if tags else {}
    return new_code_cell(source, id=cell_id, metadata=metadata)


def make_release() -> NotebookNode:
    stub = 'def double(number: int) -> int:\n    """Return twice the number."""\n    pass'
    cells = [
        new_markdown_cell("# A small notebook", id="title"),
        code("setup", 'from somewhere import set_up\n\nset_up("small")', "setup"),
        code("parameters", "seed = 0\nrounds = 20", "parameters"),
        code("show-1", "slow_demonstration(seed, rounds)", "demonstration"),
        mark(code("double", stub), "double", solution=True),
        mark(code("double_test", "assert double(1) == 2"), "double_test", points=2),
        mark(code("limits", "low = None\nhigh = None"), "limits", solution=True),
        mark(code("limits_test", "assert low < high"), "limits_test", points=1),
        new_markdown_cell("## Say why", id="say-why"),
        mark(
            new_markdown_cell("Your words here.", id="why"),
            "why",
            points=3,
            solution=True,
        ),
        mark(
            code("question_1", "question_1 = None  # A or B"), "question_1", solution=True
        ),
        mark(code("question_1_test", 'check("1", question_1)'), "q1_test", points=1),
        code("last", "print('done')"),
    ]
    return new_notebook(cells=cells, metadata={"language_info": {"name": "python"}})


RELEASED = make_release()
SUBMITTED = answer(RELEASED, ANSWERS)


def submit(change: Callable[[list[Any]], object]) -> Repaired:
    """Repair a right submission after a change to its cells."""
    notebook = from_dict(SUBMITTED)
    change(notebook.cells)
    return repair_notebook(read_notebook(json.dumps(notebook).encode()), RELEASED)


def find(cells: list[Any], cell_id: str) -> Any:
    return next(cell for cell in cells if cell.id == cell_id)


def get_answers(notebook: NotebookNode) -> dict[str, str]:
    return {
        cell.metadata.nbgrader.grade_id: cell.source
        for cell in notebook.cells
        if cell.metadata.get("nbgrader", {}).get("solution")
    }


def own_cells(repaired: Repaired) -> list[str]:
    cells = repaired.notebook.cells
    return [cell.source for cell in cells if cell.id.startswith("own-")]


def kinds(repaired: Repaired) -> set[tuple[str, str]]:
    return {(each.kind, each.grade_id) for each in repaired.repairs}


def expect_right(repaired: Repaired) -> None:
    """Demand the release, with the right answers in it and nothing else changed."""
    nbformat.validate(repaired.notebook)
    got = get_answers(repaired.notebook)
    for grade_id, wanted in ANSWERS.items():
        assert means_the_same(got[grade_id], wanted), grade_id
    rest = [c for c in repaired.notebook.cells if not c.id.startswith("own-")]
    for cell, released in zip(rest, RELEASED.cells, strict=True):
        assert cell.metadata == released.metadata
        assert cell.id == released.id
        if cell.id not in ANSWERS:
            assert cell.source == released.source


@cache
def build_course(name: str) -> tuple[NotebookNode, NotebookNode]:
    """Return a notebook of this course as its instructor and its learners have it."""
    project = builder.read_project(ROOT)
    file = ROOT / "solutions" / f"{name}.py"
    source = builder.make_source(file, project, recorded_facts())
    return source, builder.make_release(source)


# ── What is no event ────────────────────────────────────────────────────────────────────


def test_a_clean_submission_stays_as_it_is() -> None:
    repaired = submit(lambda cells: None)
    expect_right(repaired)
    assert not repaired.repairs
    assert not repaired.doubts


def test_a_release_that_nobody_filled_in_comes_out_as_it_is() -> None:
    repaired = repair_notebook(read_notebook(json.dumps(RELEASED).encode()), RELEASED)
    assert repaired.notebook == RELEASED
    assert not repaired.repairs


@pytest.mark.parametrize("lost", [("nbgrader",), ("id",), ("nbgrader", "id")])
def test_answers_without_metadata_are_found(lost: tuple[str, ...]) -> None:
    def lose(cells: list[Any]) -> None:
        for cell in cells:
            if cell.cell_type == "code":
                if "nbgrader" in lost:
                    cell.metadata.pop("nbgrader", None)
                if "id" in lost:
                    cell.pop("id")

    expect_right(submit(lose))


def test_cells_are_back_in_their_order() -> None:
    repaired = submit(lambda cells: cells.insert(2, cells.pop(7)))
    expect_right(repaired)
    assert kinds(repaired) == {("moved", "limits_test")}


def test_the_halves_of_a_split_are_joined() -> None:
    def split(cells: list[Any]) -> None:
        whole = find(cells, "double")
        lines = whole.source.split("\n")
        second = from_dict(whole)
        second.id = "another"
        whole.source, second.source = "\n".join(lines[:7]), "\n".join(lines[7:])
        cells.insert(cells.index(whole) + 1, second)

    repaired = submit(split)
    expect_right(repaired)
    assert ("split", "double") in kinds(repaired)
    assert not repaired.doubts


def test_a_half_that_lost_its_marks_is_joined_too() -> None:
    def split(cells: list[Any]) -> None:
        whole = find(cells, "double")
        lines = whole.source.split("\n")
        whole.source = "\n".join(lines[:7])
        cells.insert(cells.index(whole) + 1, new_code_cell("\n".join(lines[7:])))

    expect_right(submit(split))


def test_halves_in_the_wrong_order_are_joined_in_the_right_one() -> None:
    def split(cells: list[Any]) -> None:
        whole = find(cells, "double")
        lines = whole.source.split("\n")
        second = from_dict(whole)
        second.id = "another"
        whole.source, second.source = "\n".join(lines[:7]), "\n".join(lines[7:])
        cells.insert(0, second)

    expect_right(submit(split))


def test_of_duplicates_the_last_one_counts() -> None:
    def duplicate(cells: list[Any]) -> None:
        draft = from_dict(find(cells, "double"))
        draft.id, draft.source = "draft", "def double(number):\n    return 3"
        cells.insert(2, draft)

    repaired = submit(duplicate)
    expect_right(repaired)
    assert ("duplicated", "double") in kinds(repaired)


def test_a_syntax_error_in_an_answer_is_still_the_answer() -> None:
    def spoil(cells: list[Any]) -> None:
        find(cells, "double").source = "def double(number):\n    return 2 *"

    repaired = submit(spoil)
    assert get_answers(repaired.notebook)["double"].endswith("return 2 *")


def test_tests_come_from_the_release() -> None:
    def change(cells: list[Any]) -> None:
        find(cells, "double_test").source = "pass"
        cells.remove(find(cells, "limits_test"))

    repaired = submit(change)
    expect_right(repaired)
    assert kinds(repaired) == {("edited test", "double_test"), ("deleted", "limits_test")}


def test_what_a_test_cell_defines_is_kept_above_it() -> None:
    def change(cells: list[Any]) -> None:
        find(cells, "double_test").source += "\ndef aid():\n    return 1"

    repaired = submit(change)
    expect_right(repaired)
    assert own_cells(repaired) == ["def aid():\n    return 1"]
    ids = [cell.id for cell in repaired.notebook.cells]
    assert ids[ids.index("double_test") - 1].startswith("own-")


def test_an_answer_that_became_text_is_code_again() -> None:
    def retype(cells: list[Any]) -> None:
        cell = find(cells, "double")
        cell.cell_type = "markdown"
        del cell["outputs"], cell["execution_count"]

    repaired = submit(retype)
    expect_right(repaired)
    assert ("retyped", "double") in kinds(repaired)


def test_an_answer_below_its_stub_is_the_answer() -> None:
    def write_below(cells: list[Any]) -> None:
        stub = find(cells, "double")
        cells.insert(cells.index(stub) + 1, new_code_cell(stub.source))
        stub.source = RELEASED.cells[4].source

    repaired = submit(write_below)
    expect_right(repaired)
    assert not own_cells(repaired)


def test_cells_merged_into_one_are_taken_apart() -> None:
    def merge(cells: list[Any]) -> None:
        first = find(cells, "double")
        others = ("double_test", "limits", "limits_test")
        for cell in [find(cells, cell_id) for cell_id in others]:
            first.source += "\n\n" + cell.source
            cells.remove(cell)

    repaired = submit(merge)
    got = get_answers(repaired.notebook)
    assert "assert" not in got["double"]
    assert means_the_same(got["limits"], ANSWERS["limits"])


def test_a_deleted_answer_counts_as_not_given() -> None:
    repaired = submit(lambda cells: cells.remove(find(cells, "double")))
    assert get_answers(repaired.notebook)["double"] == RELEASED.cells[4].source
    assert ("deleted", "double") in kinds(repaired)


def test_own_cells_stay_in_their_place_without_marks() -> None:
    def add(cells: list[Any]) -> None:
        helper = new_code_cell("!pip list\nhelper = 1")
        helper.metadata.nbgrader = {"grade_id": "stolen", "grade": True, "points": 99}
        cells.insert(cells.index(find(cells, "double")), helper)

    repaired = submit(add)
    expect_right(repaired)
    own = repaired.notebook.cells[4]
    assert own.source == "!pip list\nhelper = 1"
    assert own.metadata == {}
    assert [each.kind for each in repaired.doubts] == ["strange tasks"]


def test_own_cells_go_with_the_answer_that_was_moved() -> None:
    def move(cells: list[Any]) -> None:
        task, test = find(cells, "double"), find(cells, "double_test")
        for cell in (task, test):
            cells.remove(cell)
        cells += [new_code_cell("helper = 1"), task, test]

    repaired = submit(move)
    expect_right(repaired)
    ids = [cell.id for cell in repaired.notebook.cells]
    assert ids.index("double") - 1 == ids.index(
        next(each for each in ids if each.startswith("own-"))
    )


def test_a_changed_parameter_follows_the_released_one() -> None:
    def change(cells: list[Any]) -> None:
        find(cells, "parameters").source = "seed = 7\nrounds = 20"

    repaired = submit(change)
    expect_right(repaired)
    assert own_cells(repaired) == ["seed = 7\nrounds = 20"]
    assert repaired.notebook.cells[3].source == "seed = 7\nrounds = 20"


def test_code_in_place_of_text_is_kept() -> None:
    def write_over(cells: list[Any]) -> None:
        cells[0] = new_code_cell("helper = 1", id="title")

    repaired = submit(write_over)
    expect_right(repaired)
    assert own_cells(repaired) == ["helper = 1"]


def test_a_changed_demonstration_is_not_run() -> None:
    def change(cells: list[Any]) -> None:
        find(cells, "show-1").source = "slow_demonstration(seed, 9999)"

    repaired = submit(change)
    expect_right(repaired)
    assert not own_cells(repaired)


def test_outputs_widgets_and_names_are_gone() -> None:
    notebook = from_dict(SUBMITTED)
    notebook.metadata["widgets"] = {"application/vnd": {"no": "state"}}
    notebook.metadata["colab"] = {"name": "Copy of Ada's"}
    for cell in notebook.cells:
        cell.metadata["executionInfo"] = {"user": {"displayName": "Ada Lovelace"}}
        cell.metadata["outputId"] = "1"
    repaired = repair_notebook(read_notebook(json.dumps(notebook).encode()), RELEASED)
    expect_right(repaired)
    assert "Lovelace" not in json.dumps(repaired.notebook)
    assert repaired.notebook.metadata == RELEASED.metadata


# ── What a human must decide ────────────────────────────────────────────────────────────


def test_a_second_version_below_the_tests_is_a_doubt() -> None:
    other = new_code_cell("def double(number):\n    return number + number")
    repaired = submit(lambda cells: cells.append(other))
    expect_right(repaired)
    assert [each.kind for each in repaired.doubts] == ["another version"]


def test_parts_that_fit_nowhere_are_a_doubt() -> None:
    def split(cells: list[Any]) -> None:
        whole = find(cells, "double")
        second = from_dict(whole)
        second.id, whole.source, second.source = "another", "def double(", "    return 2"
        cells.insert(cells.index(whole) + 1, second)

    assert [each.kind for each in submit(split).doubts] == ["split"]


def test_text_beside_an_unfilled_cell_is_a_doubt() -> None:
    def write_beside(cells: list[Any]) -> None:
        cell = find(cells, "why")
        cells.insert(cells.index(cell) + 1, new_markdown_cell(cell.source))
        cell.source = "Your words here."

    assert [each.kind for each in submit(write_beside).doubts] == ["not filled in"]


def test_text_added_to_the_question_is_kept_and_a_doubt() -> None:
    def write_above(cells: list[Any]) -> None:
        find(cells, "say-why").source += "\n\nBecause I say so."
        find(cells, "why").source = "Your words here."

    repaired = submit(write_above)
    assert own_cells(repaired) == ["Because I say so."]
    assert [each.kind for each in repaired.doubts] == ["not filled in"]


def test_another_notebook_is_a_doubt() -> None:
    def replace(cells: list[Any]) -> None:
        cells[:] = [new_code_cell("print('something else')")]

    assert "nothing found" in [each.kind for each in submit(replace).doubts]


# ── What is executed ────────────────────────────────────────────────────────────────────


def make_source() -> NotebookNode:
    source = from_dict(RELEASED)
    for cell in source.cells:
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        if grade_id in ANSWERS:
            text = f"### BEGIN SOLUTION\n{ANSWERS[grade_id]}  # SECRET\n### END SOLUTION"
            cell.source = text
        elif grade_id:
            cell.source += "\n### BEGIN HIDDEN TESTS\nhidden()\n### END HIDDEN TESTS"
    return source


def test_fill_brings_hidden_tests_and_no_solution() -> None:
    filled = fill_in_tests(make_source(), RELEASED, submit(lambda cells: None).notebook)
    texts = {cell.id: cell.source for cell in filled.cells}
    assert "hidden()" in texts["double_test"]
    assert "SECRET" not in json.dumps(filled)
    assert texts["double"] == ANSWERS["double"]


def test_fill_never_takes_a_solution_from_a_test_cell() -> None:
    source = make_source()
    find(
        source.cells, "double_test"
    ).source = "### BEGIN SOLUTION\nSECRET\n### END SOLUTION"
    filled = fill_in_tests(source, RELEASED, submit(lambda cells: None).notebook)
    assert "SECRET" not in json.dumps(filled)


@pytest.mark.parametrize("name", COURSE)
def test_fill_of_this_course_has_all_tests_and_no_solution(name: str) -> None:
    source, released = build_course(name)
    filled = fill_in_tests(source, released, repair_notebook(released, released).notebook)
    for cell, stub, original in zip(
        filled.cells, released.cells, source.cells, strict=True
    ):
        is_test = cell.metadata.get("nbgrader", {}).get("grade")
        assert cell.source == (original.source if is_test else stub.source)


def test_fill_leaves_what_it_is_given() -> None:
    source, repaired = make_source(), submit(lambda cells: None).notebook
    before = json.dumps([source, RELEASED, repaired])
    fill_in_tests(source, RELEASED, repaired)
    assert json.dumps([source, RELEASED, repaired]) == before


# ── Whatever comes ──────────────────────────────────────────────────────────────────────


@settings(max_examples=100, deadline=None)
@given(mangling.manglings(SUBMITTED))
def test_the_same_answers_come_out_of_any_mangling(mangled: Mangled) -> None:
    repaired = repair_notebook(
        read_notebook(json.dumps(mangled.notebook).encode()), RELEASED
    )
    expect_right(repaired)
    assert repair_notebook(repaired.notebook, RELEASED).notebook == repaired.notebook


own_sources = st.lists(
    st.tuples(st.integers(0, len(RELEASED.cells)), st.integers(0, 10**6)), max_size=9
)


@given(own_sources)
def test_own_cells_stay_exactly_where_they_were(own: list[tuple[int, int]]) -> None:
    notebook = from_dict(SUBMITTED)
    for place, number in own:
        notebook.cells.insert(place, new_code_cell(f"scratch = {number}"))
    repaired = repair_notebook(read_notebook(json.dumps(notebook).encode()), RELEASED)
    assert [c.source for c in repaired.notebook.cells] == [
        cell.source for cell in notebook.cells
    ]


@settings(max_examples=25, deadline=None)
@given(st.integers(), st.sampled_from(COURSE))
def test_the_same_holds_for_this_course(seed: int, name: str) -> None:
    source, released = build_course(name)
    right = {k: drop_marks(text) for k, text in get_answers(source).items()}
    submitted = answer(released, right)
    mangled = mangling.mangle(submitted, seed=seed, steps=Random(seed).randrange(25))
    repaired = repair_notebook(
        read_notebook(json.dumps(mangled.notebook).encode()), released
    )
    got = get_answers(repaired.notebook)
    for grade_id, wanted in right.items():
        assert means_the_same(got[grade_id], wanted), (grade_id, mangled.steps)


def drop_marks(solution: str) -> str:
    """Return what a learner would write: neither nbgrader's marks nor the stub's None."""
    lines = solution.split("\n")
    marks = r"\s*### (BEGIN|END) SOLUTION|\w+ = None\b.*"
    return "\n".join(line for line in lines if not re.fullmatch(marks, line))


texts = st.one_of(
    st.text(max_size=40),
    st.sampled_from(sorted(ANSWERS.values())),
    st.sampled_from([cell.source for cell in RELEASED.cells]),
    st.sampled_from(["def double(", "    return 1", "low = 1", "%%bash\nls", "((" * 300]),
)
junk = st.recursive(
    st.one_of(st.none(), st.booleans(), st.floats(), texts),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(texts, inner)),
    max_leaves=4,
)
odd_cells = st.fixed_dictionaries(
    {},
    optional={
        "cell_type": st.one_of(st.sampled_from(["code", "markdown", "raw"]), junk),
        "source": st.one_of(texts, st.lists(texts), junk),
        "id": st.one_of(st.sampled_from(["double", "limits", "setup"]), junk),
        "metadata": st.one_of(
            junk,
            st.fixed_dictionaries(
                {
                    "nbgrader": st.one_of(
                        junk,
                        st.fixed_dictionaries(
                            {"grade_id": st.sampled_from(["double", "why", "q1_test"])}
                        ),
                    )
                }
            ),
        ),
        "attachments": junk,
        "outputs": junk,
    },
)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.one_of(odd_cells, junk), max_size=12))
def test_whatever_comes_in_becomes_a_release_or_a_reason(cells: list[Any]) -> None:
    data = json.dumps({"nbformat": 4, "nbformat_minor": 5, "cells": cells}).encode()
    try:
        notebook = read_notebook(data)
    except NotANotebook:
        return
    repaired = repair_notebook(notebook, RELEASED)
    nbformat.validate(repaired.notebook)
    nbformat.writes(repaired.notebook).encode()
    kept = [c for c in repaired.notebook.cells if not c.id.startswith("own-")]
    assert [cell.id for cell in kept] == [cell.id for cell in RELEASED.cells]
    assert [cell.metadata for cell in kept] == [c.metadata for c in RELEASED.cells]
    assert repair_notebook(repaired.notebook, RELEASED).notebook == repaired.notebook


# ── What cannot be read ─────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"\0\0\0\0", "empty"),
        (b"PK\x03\x04rest", "zip"),
        (b"%PDF-1.7", "PDF"),
        (b"<!DOCTYPE html><p>Sign in", "web page"),
        (b"\x89PNG\r\n", "picture"),
        (b"\x80\x81\x8d\x90" * 99, "no text"),
        (b"print('hello')", "not JSON"),
        (b"[1, 2]", "no notebook"),
        (b'{"cells": 3}', "no list of cells"),
        (b'{"cells": [], "nbformat": 4}', "no cell with anything"),
        (b'{"a": ' * 100_000, "nested too deeply"),
        (b'{"cells": [{"source": ' + b"9" * 9999 + b"}]}", "not JSON"),
        (b" " * (50 * 2**20 + 1), "larger than 50 MB"),
    ],
)
def test_what_is_no_notebook_is_told_why(data: bytes, reason: str) -> None:
    with pytest.raises(NotANotebook, match=reason):
        read_notebook(data)


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252"]
)
def test_any_encoding_is_read(encoding: str) -> None:
    text = json.dumps(SUBMITTED, ensure_ascii=False).replace("no more", "no möre")
    notebook = read_notebook(text.encode(encoding))
    assert "möre" in find(notebook.cells, "why").source


def test_formats_2_and_3_are_read() -> None:
    old = nbformat.convert(nbformat.from_dict(SUBMITTED), 3)
    notebook = read_notebook(json.dumps(old).encode())
    repaired = repair_notebook(notebook, RELEASED)
    assert means_the_same(get_answers(repaired.notebook)["double"], ANSWERS["double"])


def test_bombs_for_the_parser_are_only_text() -> None:
    bombs = [
        "(" * 5000,
        "-" * 49_000 + "1",
        "x" + ".y" * 24_000,
        "[" * 200 + "]" * 200,
        "a=!b\n" * 9000,
        "!" * 49_000,
        "\\\n" * 20_000,
    ]
    cells = [new_code_cell(bomb) for bomb in bombs]
    notebook = new_notebook(cells=[*cells, *SUBMITTED.cells])
    expect_right(repair_notebook(read_notebook(json.dumps(notebook).encode()), RELEASED))
