"""The question: when to tune and when to prompt, measured.

Read from below: `queries` (a task's data) and `asking` → `arms` (ways of answering) →
`results` and `curves` (what was measured) → `tasks` (what is asked, and expected) →
`measurer` and `recording` (measuring) → `recommendation` and `verdict` (the answer);
`costs` and `winner_map` say where prices would change it.
"""
