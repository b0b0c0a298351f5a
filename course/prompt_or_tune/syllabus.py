"""The one list of the notebooks: pages, progress and the builder read it here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Notebook:
    """One notebook: its file's name, its title, and what it asks of the learner.

    `checks` is the module of `prompt_or_tune.checks` with its tasks, empty without tasks;
    `difficulty` counts stars, one to three.
    """

    name: str
    title: str
    minutes: int
    difficulty: int
    checks: str = ""

    @property
    def number(self) -> int:
        """Return the notebook's place in the course: the tour is 0."""
        return int(self.name.split("_", 1)[0])

    @property
    def heading(self) -> str:
        """Return number and title as the notebook's first line has them."""
        return f"{self.number} · {self.title}"

    @property
    def stars(self) -> str:
        """Return the difficulty as filled and empty stars."""
        return "★" * self.difficulty + "☆" * (3 - self.difficulty)


NOTEBOOKS: tuple[Notebook, ...] = (
    Notebook("00_tour", "The tour", 12, 1),
    Notebook("01_input_data", "Input data", 20, 1, "input_data"),
    Notebook("02_prompt_engineering", "Prompt engineering", 25, 2, "prompt_engineering"),
    Notebook("03_training_pairs", "Fine-tuning preparation", 25, 2, "training_pairs"),
    Notebook("04_fine_tuning", "Model fine-tuning", 25, 3, "fine_tuning"),
    Notebook("05_prediction", "Model prediction", 20, 2, "prediction"),
    Notebook("06_decision", "The decision", 25, 2, "decision"),
    Notebook("07_quiz", "The quiz", 8, 1, "quiz"),
)


def find_notebook(name: str) -> Notebook:
    """Return the notebook of that name; `ValueError` names those that there are."""
    for notebook in NOTEBOOKS:
        if notebook.name == name:
            return notebook
    names = ", ".join(notebook.name for notebook in NOTEBOOKS)
    raise ValueError(f"There is no notebook {name!r}; there are {names}.")
