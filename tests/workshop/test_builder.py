"""From percent text to the instructor's and the learner's notebook."""

from __future__ import annotations

import nbformat
import pytest

from solutions.workshop import builder
from solutions.workshop.errors import SourceError, WorkshopError


def cell_of(notebook, cell_id):
    return next(cell for cell in notebook.cells if cell.id == cell_id)


# --- What a learner gets, and what not --------------------------------------------------


def test_the_release_holds_a_stub_in_place_of_the_solution(repository):
    _, release = repository.build()
    assert cell_of(release, "double").source == (
        "def double(number: int) -> int:\n"
        '    """Return twice the number."""\n'
        "    pass  # your code here"
    )


def test_the_release_holds_the_visible_test_and_not_the_hidden_one(repository):
    source, release = repository.build()
    assert "42" in cell_of(source, "double_test").source
    assert cell_of(release, "double_test").source == "assert double(1) == 2"


def test_a_learner_cannot_delete_a_task_or_edit_a_test_by_mistake(repository):
    _, release = repository.build()
    answer, tests = cell_of(release, "double"), cell_of(release, "double_test")
    assert answer.metadata.deletable is tests.metadata.deletable is False
    assert "editable" not in answer.metadata
    assert tests.metadata.editable is False


def test_nbgraders_marks_are_complete(repository):
    source, release = repository.build()
    assert cell_of(source, "double_test").metadata.nbgrader == {
        "schema_version": 3,
        "grade_id": "double_test",
        "grade": True,
        "solution": False,
        "locked": True,
        "task": False,
        "points": 2,
        "cell_type": "code",
    }
    for cell_id in ("double", "double_test"):
        assert len(cell_of(release, cell_id).metadata.nbgrader.checksum) == 32


def test_both_notebooks_are_valid_have_a_kernel_and_no_outputs(repository):
    for notebook in repository.build():
        nbformat.validate(notebook)
        assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
        assert notebook.metadata.kernelspec.name == "python3"
        assert "widgets" not in notebook.metadata
        code = [cell for cell in notebook.cells if cell.cell_type == "code"]
        assert all(cell.outputs == [] for cell in code)
        assert all(cell.execution_count is None for cell in code)


def test_cells_that_only_demonstrate_are_tagged_and_no_others(repository):
    _, release = repository.build()
    tags = {c.id: c.metadata.get("tags") for c in release.cells if c.cell_type == "code"}
    assert tags == {
        "setup": ["setup"],
        "parameters": ["parameters"],
        "1-tiny-2": ["demonstration"],
        "double": None,
        "double_test": None,
    }


def test_a_comment_that_looks_like_a_shell_command_stays_a_comment(repository):
    _, release = repository.build()
    assert cell_of(release, "1-tiny-2").source.startswith("# more of them tomorrow\n")


# --- The address and the facts ----------------------------------------------------------


def test_badge_and_setup_cell_name_the_repository_at_the_notebooks_own_version(
    repository,
):
    _, release = repository.build()
    assert release.cells[0].source.endswith(
        "(https://colab.research.google.com/github/someone/course/blob/v1.2.3/"
        "course/01_tiny/01_tiny.ipynb)"
    )
    setup = cell_of(release, "setup").source
    assert '"prompt-or-tune @ git+https://github.com/someone/course@v1.2.3"' in setup
    assert setup.endswith('set_up("01_tiny")')
    assert "pip" not in repository.file.read_text()


def test_an_address_that_colab_cannot_open_is_refused(repository):
    project = repository.root / "pyproject.toml"
    project.write_text(project.read_text().replace("github.com", "example.invalid"))
    with pytest.raises(WorkshopError, match=r"Colab opens notebooks from GitHub"):
        repository.build()


def test_a_repository_without_an_address_is_told_where_it_belongs(repository):
    (repository.root / "pyproject.toml").write_text('[project]\nversion = "1"\n')
    with pytest.raises(WorkshopError, match=r"\[project\.urls\] Repository"):
        repository.build()


def test_facts_are_filled_in_in_text_and_left_alone_in_code(repository):
    repository.change("print(seed)", 'print(f"{{ sheep }}")')
    source, release = repository.build()
    for notebook in (source, release):
        assert notebook.cells[3].source == "There are seven sheep."
        assert notebook.cells[4].source.endswith('print(f"{{ sheep }}")')


# --- The same text, the same bytes ------------------------------------------------------


def test_two_builds_are_the_same_to_the_byte(repository):
    first, second = (
        builder.build(repository.file, repository.project, {"sheep": "7"})
        for _ in range(2)
    )
    assert first == second
    assert all(file.content.endswith("}\n") for file in first)


def test_a_new_cell_moves_no_id_but_those_that_follow_it_in_its_section(repository):
    _, before = repository.build()
    repository.change("# %%\n# more", "# %%\nprint()\n# %%\n# more")
    _, after = repository.build()
    assert [c.id for c in before.cells] == [
        "1-tiny", "setup", "parameters", "1-tiny-1", "1-tiny-2",
        "task-double-a-number", "double", "double_test",
    ]  # fmt: skip
    assert {c.id for c in after.cells} - {c.id for c in before.cells} == {"1-tiny-3"}


def test_two_sections_of_one_name_have_different_ids(repository):
    repository.change("# There are {{ sheep }} sheep.", "# # 1 · Tiny")
    _, release = repository.build()
    ids = [cell.id for cell in release.cells]
    assert len(set(ids)) == len(ids)


def test_only_what_changed_is_written(repository):
    built = builder.build(repository.file, repository.project, {"sheep": "7"})
    assert len(builder.write(built, repository.root)) == 2
    assert builder.write(built, repository.root) == []
    (repository.root / built[1].path).write_text("mangled")
    assert builder.write(built, repository.root) == [repository.root / built[1].path]


# --- One fault, one sentence, with the line where it is to be mended --------------------

SOLUTION = "    ### BEGIN SOLUTION\n"
FAULTS = {
    "unknown fact": ("{{ sheep }}", "{{ goats }}", 12, "{{ goats }} is no recorded fact"),
    "malformed placeholder": ("{{ sheep }}", "{{ sheep", 12, "a malformed placeholder"),
    "no first cell": (
        "# %% [markdown]\n# # 1",
        "print()\n# %% [markdown]\n# # 1",
        1,
        "must start with a `# %%` line",
    ),
    "not Python": ("print(seed)", "print(seed", 15, "not Python"),
    "unknown option": ('tags=["parameters"]', 'tag="parameters"', 9, "unknown in a"),
    "tags are no list": ('["parameters"]', '"parameters"', 9, "tags are a list"),
    "no setup": ('# %% tags=["setup"]', "# %%", 5, "must be tagged setup"),
    "setup of another": (
        'set_up("01_tiny")',
        'set_up("02_tiny")',
        5,
        'set_up("01_tiny")',
    ),
    "two setups": ('tags=["parameters"]', 'tags=["setup"]', 9, "a second cell tagged"),
    "duplicate grade_id": ('"double_test"', '"double"', 25, "stands at line 18 too"),
    "no grade_id": (', "grade_id": "double"}', "}", 18, "needs a grade_id"),
    "neither answer nor test": (
        '"solution": true',
        '"solution": false',
        18,
        "is a solution, a grade",
    ),
    "unknown nbgrader option": ('"points"', '"point"', 25, "unknown in a header: point"),
    "no points": (', "points": 2', "", 25, "double_test needs points"),
    "points for an answer": (
        '"double"}',
        '"double", "points": 1}',
        18,
        "can have points",
    ),
    "graded text": (
        "# %% [markdown]\n# ## Task",
        '# %% [markdown] nbgrader={"solution": true, "grade_id": "x"}\n# ## T',
        16,
        "only code cells are graded",
    ),
    "no solution region": (SOLUTION, "", 23, "SOLUTION without its other half"),
    "no end of a solution": (
        "    ### END SOLUTION\n",
        "",
        18,
        "without ### END SOLUTION",
    ),
    "solution begun twice": (SOLUTION, SOLUTION * 2, 22, "without its other half"),
    "marker beside code": (
        "    twice = number + number\n    return twice\n    ### END SOL",
        "    return 2 * number  ### END SOL",
        22,
        "a line of its own",
    ),
    "hidden test left open": ("### END HIDDEN TESTS\n", "", 25, "without ### END HIDDEN"),
    "solution anywhere": (
        "print(seed)",
        "### BEGIN SOLUTION\n1\n### END SOLUTION",
        13,
        "a solution outside a solution cell",
    ),
    "solution in text": (
        "# There are",
        "# ### BEGIN SOLUTION\n# ### END SOLUTION\n# T",
        11,
        "a solution outside a solution cell",
    ),
    "hidden test anywhere": (
        "print(seed)",
        "### BEGIN HIDDEN TESTS\n### END HIDDEN TESTS",
        13,
        "hidden tests outside a grade cell",
    ),
    "tests of nothing": ('"double_test"', '"triple_test"', 25, "follows no answer cell"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_the_text_is_named_with_its_line(repository, fault):
    old, new, line, message = FAULTS[fault]
    repository.change(old, new)
    with pytest.raises(SourceError) as caught:
        repository.build()
    assert str(caught.value).startswith(f"{repository.file}:{line}: ")
    assert message in str(caught.value)


def test_a_solution_cell_without_a_region_is_refused(repository):
    repository.change("    ### BEGIN SOLUTION\n", "")
    repository.change("    ### END SOLUTION\n", "")
    with pytest.raises(SourceError, match="double has no ### BEGIN SOLUTION"):
        repository.build()


def test_an_answer_without_tests_is_refused(repository):
    text = repository.file.read_text()
    repository.file.write_text(text[: text.index('# %% nbgrader={"grade"')])
    with pytest.raises(SourceError, match="double has no grade cell double_test"):
        repository.build()
