"""The table of proven graders: filled test by test, printed once."""

from __future__ import annotations

from dataclasses import dataclass, field

COLUMNS = ("task", "points", "solution", "stub", "blank", "wrong answer", "caught by")


@dataclass
class Table:
    """What each answer of each task got; cells that no test filled stay empty."""

    _tasks: dict[str, dict[str, str]] = field(default_factory=dict)
    _wrong: dict[str, dict[str, str]] = field(default_factory=dict)

    def set_points(self, task: str, column: str, points: float) -> None:
        """Note the points of a task, or those that one of its answers got."""
        self._tasks.setdefault(task, {})[column] = f"{points:g}"

    def set_caught(self, task: str, wrong_answer: str, caught_by: str) -> None:
        """Note what caught a wrong answer."""
        self._wrong.setdefault(task, {})[wrong_answer] = caught_by

    def format(self) -> list[str]:
        """Return the table as aligned lines of text, none when it is empty."""
        rows = [row for task in self._list_tasks() for row in self._list_rows(task)]
        if not rows:
            return []
        table = [COLUMNS, *rows]
        widths = [max(len(row[i]) for row in table) for i in range(len(COLUMNS))]
        return [
            "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip()
            for row in table
        ]

    def _list_tasks(self) -> list[str]:
        return list(dict.fromkeys([*self._tasks, *self._wrong]))

    def _list_rows(self, task: str) -> list[tuple[str, ...]]:
        points = self._tasks.get(task, {})
        head = (task, *(points.get(column, "") for column in COLUMNS[1:5]))
        wrong = list(self._wrong.get(task, {}).items()) or [("", "")]
        blank = ("",) * len(head)
        return [
            (*(blank if i else head), name, caught)
            for i, (name, caught) in enumerate(wrong)
        ]
