"""A repository with one tiny notebook, to build and to break."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest

from solutions.workshop import builder

PROJECT = """\
[project]
version = "1.2.3"
urls = { Repository = "https://github.com/someone/course" }
"""

TINY = '''\
# %% [markdown]
# # 1 · Tiny
#
# {{ badge }}
# %% tags=["setup"]
from prompt_or_tune.notebook import set_up

set_up("01_tiny")
# %% tags=["parameters"]
seed = 0
# %% [markdown]
# There are {{ sheep }} sheep.
# %%
# more of them tomorrow
print(seed)
# %% [markdown]
# ## Task: double a number
# %% nbgrader={"solution": true, "grade_id": "double"}
def double(number: int) -> int:
    """Return twice the number."""
    ### BEGIN SOLUTION
    twice = number + number
    return twice
    ### END SOLUTION
# %% nbgrader={"grade": true, "grade_id": "double_test", "points": 2}
assert double(1) == 2
### BEGIN HIDDEN TESTS
assert double(21) == 42
### END HIDDEN TESTS
'''

START, END = "<!-- notebooks:start -->", "<!-- notebooks:end -->"


@dataclass(frozen=True)
class Repository:
    """A checkout with one notebook, `01_tiny`."""

    root: Path

    @property
    def file(self) -> Path:
        return self.root / "solutions" / "01_tiny.py"

    @property
    def project(self) -> builder.Project:
        return builder.read_project(self.root)

    def change(self, old: str, new: str) -> None:
        """Replace a text that stands in the file once."""
        text = self.file.read_text()
        assert text.count(old) == 1
        self.file.write_text(text.replace(old, new))

    def build(self) -> tuple[Any, Any]:
        """Return nbgrader's source and the release."""
        files = builder.build(self.file, self.project, {"sheep": "seven"})
        source, release = (nbformat.reads(f.content, as_version=4) for f in files)
        return source, release


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    repository = Repository(tmp_path)
    repository.file.parent.mkdir()
    repository.file.write_text(TINY)
    page = tmp_path / builder.PAGE
    page.parent.mkdir()
    page.write_text(f"{START}\n{builder.tabulate_notebooks()}\n{END}\n")
    return repository
