"""The pages about the course: what they promise is there, what they count adds up."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest
from prompt_or_tune.stages import STAGES
from prompt_or_tune.syllabus import NOTEBOOKS

DOORS = [
    "Read it", "Run it", "See it", "Try it", "Train it",
    "Break it", "Answer it", "Prove it", "Use it",
]  # fmt: skip


@pytest.fixture
def page(root: Path) -> str:
    return (root / "course" / "README.md").read_text(encoding="utf-8")


@pytest.fixture
def instructors_page(root: Path) -> str:
    return (root / "solutions" / "README.md").read_text(encoding="utf-8")


def read_rows(text: str, heading: str) -> list[list[str]]:
    """Return the cells of the first table under a heading, without its two head lines."""
    section = text.partition(f"{heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_the_page_shows_the_five_stages_as_the_one_list_has_them(page):
    rows = read_rows(page, "# The course")
    assert rows == [[str(s.number), s.title, s.takes, s.does, s.gives] for s in STAGES]


def test_there_are_nine_ways_in(page):
    rows = read_rows(page, "## Nine ways in")
    assert [row[0] for row in rows] == [str(number) for number in range(1, 10)]
    assert [row[1].strip("*") for row in rows] == DOORS


def test_each_door_leads_to_something_that_a_learner_has(page, root):
    """What `make lab` copies: the course without its library."""
    for _, door, text in read_rows(page, "## Nine ways in"):
        links = re.findall(r"\]\(([^)]+)\)", text)
        assert len(links) == 1, door
        assert (root / "course" / links[0]).is_file(), f"{door}: {links[0]}"
        assert not links[0].startswith(("..", "prompt_or_tune/")), door


@pytest.mark.parametrize(
    ("door", "word"),
    [
        ("Try it", "PromptLab("),
        ("Train it", "LoraLab("),
        ("Answer it", "QuizCard("),
        ("Prove it", "check("),
        ("Use it", "prompt-or-tune decide"),
    ],
)
def test_what_a_door_promises_stands_behind_it(page, root, door, word):
    (row,) = [r for r in read_rows(page, "## Nine ways in") if r[1] == f"**{door}**"]
    (link,) = re.findall(r"\]\(([^)]+)\)", row[2])
    assert word in (root / "course" / link).read_text(encoding="utf-8")


def test_everything_takes_about_three_hours_and_the_tour_twelve_minutes(page):
    assert "About three hours for everything" in page
    assert 150 <= sum(notebook.minutes for notebook in NOTEBOOKS) <= 210
    assert "In twelve minutes" in page
    assert NOTEBOOKS[0].minutes == 12


@pytest.mark.parametrize("way", ["At home", "In class", "On Colab"])
def test_each_way_of_taking_the_course_is_told(page, way):
    assert f"**{way}.**" in page


@pytest.mark.parametrize(
    ("heading", "start", "end"),
    [("## A session of 50 minutes", 0, 50), ("## A session of 90 minutes", 35, 90)],
)
def test_a_plan_of_a_session_has_no_gap_and_ends_in_time(
    instructors_page, heading, start, end
):
    times = [row[0].split("–") for row in read_rows(instructors_page, heading)]
    spans = [(int(first), int(last)) for first, last in times]
    assert (spans[0][0], spans[-1][1]) == (start, end)
    assert all(a[1] == b[0] for a, b in itertools.pairwise(spans))


def test_every_make_command_of_both_pages_is_a_target(page, instructors_page, root):
    commands = set(re.findall(r"`make ([a-z]+)\b", page + instructors_page))
    makefile = (root / "Makefile").read_text(encoding="utf-8")
    assert commands <= set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
