"""Help in steps: a hint, a bigger hint, and at home the solution, folded away."""

from __future__ import annotations

import ipywidgets

from prompt_or_tune.checks.registry import find_graded_task
from prompt_or_tune.widgets.cards import code_block, dress, paragraph, text_widget
from prompt_or_tune.widgets.edition import find_solutions, read_solution


class Hints(ipywidgets.VBox):
    """The hints of one task, shown one by one on request.

    The plain call is `reveal()`: the next step as text. The solution is read from the
    repository when it is asked for, never before: a saved notebook doesn't hold it.
    """

    def __init__(self, task_id: str) -> None:
        task = find_graded_task(task_id)
        self._task_id = task_id
        self._hints = task.hints
        self.shown = 0
        self._text = text_widget()
        self._button = ipywidgets.Button(
            layout=ipywidgets.Layout(width="auto", align_self="flex-start")
        )
        self._button.on_click(lambda _: self.reveal())
        super().__init__([self._text, self._button])
        dress(self)
        self._offer_next()

    @property
    def steps(self) -> int:
        """Return the number of steps: two hints, and at home the solution."""
        return len(self._hints) + (find_solutions() is not None)

    def reveal(self) -> str:
        """Show the next step of help and return it as text; at the end, the last one."""
        self.shown = min(self.shown + 1, self.steps)
        pieces = [self._draw_step(step) for step in range(self.shown)]
        self._text.value = "".join(html for html, _ in pieces)
        self._offer_next()
        return pieces[-1][1]

    def _draw_step(self, step: int) -> tuple[str, str]:
        """Return a step of help as HTML and as text."""
        if step < len(self._hints):
            text = f"Hint {step + 1}: {self._hints[step]}"
            return paragraph(text), text
        try:
            source = read_solution(self._task_id)
        except (LookupError, OSError) as error:
            sentence = f"The solution can't be read: {error}"
            return paragraph(sentence), sentence
        if source is None:
            sentence = "The solutions are no longer where they were."
            return paragraph(sentence), sentence
        summary = "One way to solve it (open when you have tried)"
        folded = f"<details><summary>{summary}</summary>{code_block(source)}</details>"
        return folded, source

    def _offer_next(self) -> None:
        names = [*("A hint", "A bigger hint"), "The solution"][: self.steps]
        done = self.shown >= self.steps
        self._button.layout.display = "none" if done else None
        if not done:
            self._button.description = names[self.shown]
            self._button.tooltip = f"Show {names[self.shown].lower()} for this task"

    def __repr__(self) -> str:
        return f"Hints for {self._task_id}: run this cell in a notebook to open them."
