"""What the commands show: answers on stdout, how they come along on stderr."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from typing import TYPE_CHECKING, Any, get_args

from rich import box
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

if TYPE_CHECKING:
    from autograde.gradebook.status import NotebookStatus
    from autograde.grading.class_grader import GradingRun

out, progress_out = Console(soft_wrap=True), Console(stderr=True)
SHOWN = 20
"""Lines of a list on the screen; `--json` gives all."""


@contextmanager
def show_progress(what: str) -> Iterator[Callable[[int, int | None], None]]:
    """Draw a bar with the time left; yield what to tell of (done, total) so far."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left:"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=progress_out) as bar:
        task = bar.add_task(what, total=None)

        def tell(done: int, total: int | None = None) -> None:
            if total is None:
                bar.update(task, completed=done)
            else:
                bar.update(task, completed=done, total=total)

        yield tell


def show_json(value: Any) -> None:
    """Print a result for programs."""
    plain = (
        asdict(value) if is_dataclass(value) and not isinstance(value, type) else value
    )
    out.print_json(json.dumps(plain, default=str))


def show_list(title: str, lines: Sequence[str]) -> None:
    """Print a heading with a count and the first lines; nothing for an empty list."""
    if not lines:
        return
    out.print(f"{title}: {len(lines)}", highlight=False)
    for line in lines[:SHOWN]:
        out.print(f"  {line}", highlight=False, markup=False)
    if len(lines) > SHOWN:
        out.print(f"  … and {len(lines) - SHOWN} more (all with --json)")


def show_statuses(statuses: Sequence[NotebookStatus]) -> None:
    """Print how many notebooks of each assignment are in which state, and whom to see."""
    from autograde.gradebook.status import State

    states = get_args(State)
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1))
    table.add_column("assignment", no_wrap=True)
    for state in states:
        longest = max(map(len, state.split()))
        table.add_column(state, justify="right", min_width=longest)
    counts: dict[str, Counter[str]] = {}
    for each in statuses:
        counts.setdefault(each.submission.notebook, Counter())[each.state] += 1
    for name, count in counts.items():
        table.add_row(name, *(str(count[state] or "·") for state in states))
    out.print(table)
    looks = [each for each in statuses if each.state in ("failed", "needs a look")]
    show_list("To look at", [f"{e.submission.name}: {' '.join(e.why)}" for e in looks])


def show_run(run: GradingRun) -> None:
    """Print what a run of the grader did."""
    if not run.total:
        out.print("Nothing to grade: every submission has its grade.")
        return
    took = f"{run.seconds:.0f} s, {run.seconds / max(1, run.done):.1f} s each"
    out.print(f"Graded {run.done} of {run.total} notebooks: {took}.")
    show_list("Ended early", [f"{name}: {why}" for name, why in run.trouble])
    show_list("Need a look", [f"{name}: {why}" for name, why in run.needs_look])
    show_list("Could not be graded", [f"{name}: {why}" for name, why in run.failed])
    if run.interrupted:
        out.print("Stopped. The same command goes on with the rest.")
