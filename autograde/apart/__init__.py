"""Grade cells in a trusted process, answers in another: only plain data goes between.

`answers` is what runs beside the answers, `grade_process` is what runs the grade cells.
Nothing is imported here: a student's process loads `answers` and `codec` alone.

A grade cell runs unchanged if it imports what it uses, names the answers that it asks for
(no `globals()["answer"]`), gives them plain data and gets plain data back. What an answer
does to its arguments stays with it; what must be alive on both sides, a model or an
iterator, is made and used up by a scenario (`prompt_or_tune.checks.scenarios`).
"""
