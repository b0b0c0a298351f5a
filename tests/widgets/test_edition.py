"""Solutions are at home beside the repository's package, and nowhere else."""

from __future__ import annotations

import pytest
from prompt_or_tune.widgets import edition

TEXT = """\
# %% [markdown]
# # A notebook
# %% tags=["setup"]
set_up("01_first")
# %% nbgrader={"solution": true, "grade_id": "double"}
def double(x: int) -> int:
    \"\"\"Return twice x.\"\"\"
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION
# %% nbgrader={"grade": true, "grade_id": "double_test", "points": 2}
check("double", double)
"""


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Return a repository with one notebook and its package."""
    package = tmp_path / "course" / "prompt_or_tune"
    package.mkdir(parents=True)
    monkeypatch.setattr(edition, "PACKAGE", package)
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "solutions").mkdir()
    (tmp_path / "solutions" / "01_first.py").write_text(TEXT)
    return tmp_path


def test_at_home_the_solution_is_read_from_the_notebooks_text(home):
    assert edition.find_solutions() == home / "solutions"
    assert edition.read_solution("double") == (
        'def double(x: int) -> int:\n    """Return twice x."""\n    return 2 * x'
    )


def test_a_solution_that_is_not_there_is_said_to_be_missing(home):
    with pytest.raises(LookupError, match="'halve'"):
        edition.read_solution("halve")


def test_an_installed_package_has_no_solutions(home):
    (home / "pyproject.toml").unlink()
    assert edition.find_solutions() is None
    assert edition.read_solution("double") is None


def test_a_class_without_the_folder_has_no_solutions(home):
    (home / "solutions" / "01_first.py").unlink()
    (home / "solutions").rmdir()
    assert edition.read_solution("double") is None
