"""Record what a release asks of every later library: `record.py CHECKOUT`.

Run once for each release, from a checkout of its tag, with its own library importable.
Writes a folder named after its version:

- `imports.json`: every name of ours that its notebooks, their hidden tests and the files
  of a class import, or take from a module that they import, by module
- `files.tar.xz`: its notebooks as learners got them, and a progress file for each task
"""

from __future__ import annotations

import ast
import io
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

MAGIC = re.compile(r"(?<=^    )%.*", re.MULTILINE)
OURS = ("prompt_or_tune", "autograde")
PROGRESS = """\
try:
    from prompt_or_tune.checks.registry import list_graded_tasks
    from prompt_or_tune.widgets.progress import record_pass
except ImportError:  # 0.1.0
    from prompt_or_tune.checks.progress import record_pass
    from prompt_or_tune.checks.tasks import list_tasks as list_graded_tasks
print([record_pass(task.id) for task in list_graded_tasks()])
"""


def record(checkout: Path, folder: Path) -> None:
    """Write what the release in a checkout imports, and its files, into a folder."""
    names: dict[str, set[str]] = defaultdict(set)
    for source in read_sources(checkout):
        for module, name in list_names(ast.parse(source), checkout):
            names[module].add(name)
    folder.mkdir(exist_ok=True)
    listed = {module: sorted(names[module]) for module in sorted(names)}
    text = json.dumps(listed, indent=1) + "\n"
    (folder / "imports.json").write_text(text, encoding="utf-8")
    with tarfile.open(folder / "files.tar.xz", "w:xz") as archive:
        for name, content in [*read_notebooks(checkout), *make_progress(checkout)]:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))


def read_sources(checkout: Path) -> Iterator[str]:
    """Yield the Python of notebooks, of their texts with hidden tests, of class files."""
    for _, content in read_notebooks(checkout):
        for cell in json.loads(content)["cells"]:
            if cell["cell_type"] == "code":
                yield MAGIC.sub("pass", "".join(cell["source"]))
    for place in ("solutions/*.py", "autograde/classroom/class_files/*.py"):
        for file in sorted(checkout.glob(place)):
            yield file.read_text(encoding="utf-8")


def list_names(tree: ast.Module, checkout: Path) -> Iterator[tuple[str, str]]:
    """Yield module and name of what is imported, and of what a module is asked for."""
    modules: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(OURS):
            for alias in node.names:
                yield str(node.module), alias.name
                whole = f"{node.module}.{alias.name}"
                if is_module(whole, checkout):
                    modules[alias.asname or alias.name] = whole
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            asked = modules.get(node.value.id)
            if asked:
                yield asked, node.attr


def is_module(name: str, checkout: Path) -> bool:
    """Return whether a name is that of a module of the release's library."""
    place = checkout / "course" / name.replace(".", "/")
    return place.is_dir() or place.with_suffix(".py").is_file()


def read_notebooks(checkout: Path) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each notebook that a learner gets."""
    course = checkout / "course"
    for file in sorted(course.glob("*/*.ipynb")):
        yield file.relative_to(course).as_posix(), file.read_bytes()


def make_progress(checkout: Path) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of what the release notes for each task that is passed."""
    with tempfile.TemporaryDirectory() as folder:
        places = os.pathsep.join([str(checkout / "course"), *sys.path])
        chosen = {"PROMPT_OR_TUNE_DATA": folder, "PYTHONPATH": places, "CI": ""}
        subprocess.run(
            [sys.executable, "-c", PROGRESS], env=os.environ | chosen, check=True
        )
        for file in sorted(Path(folder).rglob("*.json")):
            yield f"progress/{file.relative_to(folder).as_posix()}", file.read_bytes()


if __name__ == "__main__":
    given = Path(sys.argv[1]).resolve()
    project = tomllib.loads((given / "pyproject.toml").read_text(encoding="utf-8"))
    record(given, Path(__file__).parent / project["project"]["version"])
