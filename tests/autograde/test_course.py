"""The course as it is committed: current, free of solutions, one form throughout."""

from __future__ import annotations

import importlib
import re
import statistics
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import nbformat
import pytest
from prompt_or_tune.facts import recorded_facts
from prompt_or_tune.notebooks import NOTEBOOKS, find_notebook

from autograde import building
from autograde.percent import Cell, find_files, list_regions, read_percent

ROOT = Path(__file__).parents[2]
COURSE = ROOT / "course"
FILES = {file.stem: file for file in find_files(ROOT / "solutions")}
TASK_POINTS = {
    "clean_samples": 2, "split_by_combination": 2,
    "improve_prompt": 3, "few_shot_prompt": 2, "wilson_interval": 2, "paired_test": 2,
    "make_pairs": 2, "mask_prompt": 3, "find_leaks": 2,
    "lora_forward": 3, "count_trainable": 2, "training_step": 3, "read_trace": 2,
    "top_tokens": 2, "compare_models": 2,
    "cost_per_query": 2, "break_even_queries": 2, "recommend": 4,
    "question_1": 1, "question_2": 1, "question_3": 1,
}  # fmt: skip

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


def test_nothing_released_is_without_a_source():
    assert building.find_leftovers(building.read_project(ROOT)) == []


@pytest.fixture(scope="module")
def fresh():
    project, facts = building.read_project(ROOT), recorded_facts()
    return lambda name: building.build(FILES[name], project, facts)


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


def test_the_course_has_exactly_the_tasks_and_points_that_were_planned():
    points = {
        cell.grade_id.removesuffix("_test"): cell.points
        for name in FILES
        for cell in cells_of(name)
        if cell.is_graded
    }
    assert points == TASK_POINTS


@every_notebook
def test_the_registry_and_the_notebook_have_the_same_tasks_in_the_same_order(name):
    module = find_notebook(name).checks
    registered = (
        importlib.import_module(f"prompt_or_tune.checks.{module}").TASKS if module else ()
    )
    graded = [cell for cell in cells_of(name) if cell.is_graded]
    assert [(f"{task.id}_test", task.points) for task in registered] == [
        (cell.grade_id, cell.points) for cell in graded
    ]


@every_notebook
def test_a_task_is_a_heading_an_answer_a_check_and_hints(name):
    cells = cells_of(name)
    for at, cell in enumerate(cells):
        if not cell.is_graded:
            continue
        task = cell.grade_id.removesuffix("_test")
        assert cells[at - 1].grade_id == task
        assert f'check("{task}", ' in cell.text
        above = "\n".join(c.text for c in cells[:at] if c.kind == "markdown")
        heading = re.findall(r"^#+ +Task: .+$", above, re.MULTILINE)[-1]
        assert re.search(rf" \({cell.points} points?, \d+ minutes?\)$", heading), task
        assert f'Hints("{task}")' in cells[at + 1].text


# ── Spelling ────────────────────────────────────────────────────────────────────────────

PAGES = [
    "solutions", "course/README.md", "README.md", "course/prompt_or_tune/checks",
    "course/prompt_or_tune/widgets", "course/prompt_or_tune/figures", "autograde",
]  # fmt: skip

MEANT = "abuot"  # a template mistyped on purpose: the model should still understand


def test_no_common_misspelling_stands_in_what_people_read():
    pages = [page for page in PAGES if (ROOT / page).exists()]
    options = ["--ignore-words-list", MEANT, "--skip", "*.pyc"]
    command = [sys.executable, "-m", "codespell_lib", *options, *pages]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


@every_notebook
def test_no_word_stands_there_twice_in_a_row(name):
    prose = re.sub(r"```.*?```|`[^`]*`|\|", "\n", text_of(name), flags=re.DOTALL)
    doubled = re.findall(r"\b([a-z]{2,}) \1\b", prose.replace("\n", " "))
    assert [word for word in doubled if word not in {"had", "that"}] == []
