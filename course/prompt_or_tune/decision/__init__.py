"""The question: when to tune and when to prompt, measured.

Read from below: `queries` (a task's data) and `asking` → `arms` (ways of answering) →
`results` and `curves` (what was measured) → `tasks` (what is asked, and expected) →
`measurer` and `recording` (measuring) → `recommendation` and `verdict` (the answer);
`costs` and `winner_map` say where prices would change it.
"""

from typing import TYPE_CHECKING

from prompt_or_tune import moved

if not TYPE_CHECKING:
    __getattr__ = moved.forward(__name__)
