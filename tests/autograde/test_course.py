"""The course as it is committed: current, free of solutions, one form throughout."""

from __future__ import annotations

import re
import statistics
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from prompt_or_tune.checks.registry import list_graded_tasks_of
from prompt_or_tune.syllabus import NOTEBOOKS, find_notebook

from solutions.workshop import builder
from solutions.workshop.facts import recorded_facts
from solutions.workshop.percent import Cell, find_files, read_percent

ROOT = Path(__file__).parents[2]
COURSE = ROOT / "course"
FILES = {file.stem: file for file in find_files(ROOT / "solutions")}

every_notebook = pytest.mark.parametrize("name", FILES)


def cells_of(name: str) -> tuple[Cell, ...]:
    return read_percent(FILES[name])


def released(name: str) -> Any:
    return nbformat.read(COURSE / name / f"{name}.ipynb", as_version=4)


def text_of(name: str) -> str:
    """Return what a learner reads, as one text."""
    cells = [c.source for c in released(name).cells if c.cell_type == "markdown"]
    return "\n\n".join(cells)


# ── It is what a fresh build gives ──────────────────────────────────────────────────────


def test_there_is_a_text_for_each_notebook_of_the_list_and_no_other():
    assert list(FILES) == [notebook.name for notebook in NOTEBOOKS]


@every_notebook
def test_the_committed_notebook_equals_a_fresh_build(name, fresh):
    _, release = fresh(name)
    assert release.is_current(ROOT), "`make course` builds it again"


def test_the_page_about_the_course_equals_a_fresh_build():
    page = builder.build_page(builder.read_project(ROOT))
    assert page.is_current(ROOT), "`make course` builds it again"


def test_nothing_released_is_without_a_source():
    assert builder.find_leftovers(builder.read_project(ROOT)) == []


@pytest.fixture(scope="module")
def fresh():
    project, facts = builder.read_project(ROOT), recorded_facts()
    return lambda name: builder.build(FILES[name], project, facts)


# ── No solution and no hidden test reaches a learner ────────────────────────────────────


@every_notebook
def test_no_line_of_a_solution_or_a_hidden_test_is_released(name):
    """A line may stand in a release as often as its author wrote it in the open."""
    secret = Counter(
        line.strip()
        for cell in cells_of(name)
        for region in list_regions(cell)
        for line in region
        if tells_something(line)
    )
    written = count_lines(cell.text for cell in cells_of(name))
    shown = count_lines(cell.source for cell in released(name).cells)
    leaked = {ln for ln, n in secret.items() if shown[ln] > written[ln] - n}
    assert leaked == set()


@every_notebook
def test_no_region_and_no_marker_is_left_anywhere_in_a_released_file(name):
    raw = (COURSE / name / f"{name}.ipynb").read_text()
    for word in ("BEGIN SOLUTION", "END SOLUTION", "HIDDEN TESTS"):
        assert word not in raw
    sources = "\n".join(cell.source for cell in released(name).cells)
    regions = [r for cell in cells_of(name) for r in list_regions(cell) if len(r) > 1]
    assert [region for region in regions if "\n".join(region) in sources] == []


def test_only_notebooks_pages_and_pictures_lie_beside_the_library():
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=COURSE, capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip("not a git checkout: what belongs to the course is not known")
    names = {n for n in done.stdout.split("\0") if n}
    beside = {n for n in names if not n.startswith("prompt_or_tune/")}
    assert {Path(n).suffix for n in beside} <= {".ipynb", ".md", ".png"}


def list_regions(cell: Cell) -> Iterator[tuple[str, ...]]:
    """Yield the lines of each solution and each hidden test: what no learner may get."""
    region: list[str] | None = None
    for line in cell.text.split("\n"):
        if line.strip() in ("### BEGIN SOLUTION", "### BEGIN HIDDEN TESTS"):
            region = []
        elif line.strip() in ("### END SOLUTION", "### END HIDDEN TESTS"):
            yield tuple(region or ())
            region = None
        elif region is not None:
            region.append(line)


def tells_something(line: str) -> bool:
    """Return whether a line gives anything away: `)` or `else:` does not."""
    return len(re.findall(r"\w", line)) > 4


def count_lines(texts: Any) -> Counter[str]:
    return Counter(line.strip() for text in texts for line in text.split("\n"))


# ── A clean file ────────────────────────────────────────────────────────────────────────


@every_notebook
def test_a_released_notebook_is_valid_and_holds_no_output_and_no_widget_state(name):
    notebook = released(name)
    nbformat.validate(notebook)
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    for cell in notebook.cells:
        assert set(cell.metadata) <= {
            "tags",
            "nbgrader",
            "deletable",
            "editable",
            "jupyter",
        }
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None


@every_notebook
def test_the_first_code_cell_is_the_same_everywhere(name):
    setup = next(c for c in released(name).cells if c.cell_type == "code").source
    first = next(iter(FILES))
    reference = next(c for c in released(first).cells if c.cell_type == "code").source
    assert setup == reference.replace(first, name)


# ── One rhythm ──────────────────────────────────────────────────────────────────────────


@every_notebook
def test_the_number_of_cells_is_one_that_a_reader_can_overlook(name):
    least, most = (5, 40) if name == "07_quiz" else (30, 60)
    assert least <= len(cells_of(name)) <= most


@every_notebook
def test_code_cells_are_short(name):
    shown = [c.text.split("\n") for c in cells_of(name) if c.is_demonstration]
    assert statistics.median(len(lines) for lines in shown) <= 8


@every_notebook
def test_title_minutes_and_difficulty_are_those_of_the_list(name):
    notebook = find_notebook(name)
    first = released(name).cells[0].source
    assert first.startswith(f"# {notebook.heading}")
    assert f"**{notebook.minutes} minutes · difficulty {notebook.stars}" in first
    assert "**You will be able to**" in first
    assert "[![Open in Colab]" in first


@every_notebook
def test_the_strip_shows_where_in_the_five_stages_the_notebook_is(name):
    assert any("draw_data_flow(" in cell.text for cell in cells_of(name)[:10])


@every_notebook
def test_the_end_has_take_aways_progress_and_the_way_on(name):
    end = "\n".join(cell.source for cell in released(name).cells[-10:])
    assert "ake away" in end or "ake-away" in end
    assert "show_progress()" in end
    following = [n.name for n in NOTEBOOKS if n.number == find_notebook(name).number + 1]
    assert all(f"(../{n}/{n}.ipynb)" in end for n in following)


@every_notebook
def test_links_lead_to_files_and_headings_that_exist(name):
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text_of(name)):
        file, _, anchor = target.partition("#")
        if "://" not in target and not (
            (COURSE / name / file).exists() if file else anchor in anchors_of(name)
        ):
            broken.append(target)
    assert broken == []


def anchors_of(name: str) -> set[str]:
    """Return the anchors that JupyterLab gives headings: their text, blanks as dashes."""
    headings = re.findall(r"^#+ +(.+?) *$", text_of(name), re.MULTILINE)
    return {heading.replace(" ", "-") for heading in headings}


# ── Tasks ───────────────────────────────────────────────────────────────────────────────


@every_notebook
def test_a_task_is_a_heading_an_answer_a_check_and_hints(name):
    """In the order of the registry, which alone says its title, points and minutes."""
    cells = released(name).cells
    graded = [c for c in cells if c.metadata.get("nbgrader", {}).get("grade")]
    for task, cell in zip(list_graded_tasks_of(find_notebook(name)), graded, strict=True):
        at = cells.index(cell)
        above = "\n".join(c.source for c in cells[:at] if c.cell_type == "markdown")
        headings = re.findall(r"^## Task: (.+)$", above, re.MULTILINE)
        assert headings[-1] == task.describe()
        assert cells[at - 1].metadata.nbgrader.grade_id == task.id
        assert cell.metadata.nbgrader.grade_id == f"{task.id}_test"
        assert cell.metadata.nbgrader.points == task.points
        assert f'check("{task.id}", ' in cell.source
        assert f'Hints("{task.id}")' in cells[at + 1].source


# ── Spelling ────────────────────────────────────────────────────────────────────────────

PAGES = [
    "solutions", "course/README.md", "README.md", "course/prompt_or_tune/checks",
    "course/prompt_or_tune/widgets", "course/prompt_or_tune/figures", "autograde",
]  # fmt: skip

# A template mistyped on purpose, which the model should still understand; a syllable.
MEANT = "abuot,nd"
MISTYPED = "held_out.toml"  # wordings with typos, for the same reason


def test_no_common_misspelling_stands_in_what_people_read():
    pages = [page for page in PAGES if (ROOT / page).exists()]
    options = ["--ignore-words-list", MEANT, "--skip", f"*.pyc,{MISTYPED}"]
    command = [sys.executable, "-m", "codespell_lib", *options, *pages]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


@every_notebook
def test_no_word_stands_there_twice_in_a_row(name):
    prose = re.sub(r"```.*?```|`[^`]*`|\|", "\n", text_of(name), flags=re.DOTALL)
    doubled = re.findall(r"\b([a-z]{2,}) \1\b", prose.replace("\n", " "))
    assert [word for word in doubled if word not in {"had", "that"}] == []
