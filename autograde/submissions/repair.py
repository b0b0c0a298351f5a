"""Put a student's answers back into a clean copy of the released notebook.

The release is the truth: its cells, in its order, with its metadata and its tests. Of
what came back only answers and cells of the student's own are taken. An answer is found
by its grade id, else by its cell's id, else by a mark in its text, else by its likeness
to the released stub. Where that leaves a choice, one is made and told as a doubt.
"""

from __future__ import annotations

from nbformat import NotebookNode

from autograde.submission_records import Repaired
from autograde.submissions.answer_finder import AnswerFinder
from autograde.submissions.cell_matches import CellMatches, get_grade_id, is_answer_cell
from autograde.submissions.repaired_copy import CopyAssembler, make_clean

MOST_ROUNDS = 4


def repair_notebook(submitted: NotebookNode, released: NotebookNode) -> Repaired:
    """Return the released notebook with the answers of a submitted one in it.

    Cells of the student's own stay where they were; their ids begin with `own-`. The same
    notebooks give the same result, and a repaired one needs no repair.
    """
    clean = make_clean(released)
    done = _repair_once(submitted, clean)
    repairs, doubts = list(done.repairs), list(done.doubts)
    for _ in range(MOST_ROUNDS if repairs else 0):
        # Cells that were apart may now stand together, and be parts of one answer.
        again = _repair_once(done.notebook, clean)
        if again.notebook == done.notebook:
            break
        repairs += again.repairs
        doubts += again.doubts
        done = again
    return Repaired(
        done.notebook, tuple(dict.fromkeys(repairs)), tuple(dict.fromkeys(doubts))
    )


def _repair_once(submitted: NotebookNode, clean: NotebookNode) -> Repaired:
    matches = CellMatches(submitted, clean)
    matches.claim_by_ids()
    matches.claim_by_text()
    AnswerFinder(matches).find_all()
    matches.claim_changed()
    matches.check()
    notebook = CopyAssembler(clean, matches).assemble()
    return Repaired(notebook, tuple(matches.repairs), tuple(matches.doubts))


def fill_in_tests(
    source: NotebookNode, released: NotebookNode, repaired: NotebookNode
) -> NotebookNode:
    """Return what is executed: a repaired notebook with the instructor's grade cells.

    Only those are taken from the source, with their hidden tests and points; a solution
    never is. Where a grade cell could hold one, the released text stays.
    """
    secret = {get_grade_id(cell): cell for cell in source.cells if get_grade_id(cell)}
    filled = make_clean(repaired)
    for cell in filled.cells:
        original = secret.get(get_grade_id(cell))
        if original is None or not original.metadata.nbgrader.get("grade"):
            continue
        cell.metadata.nbgrader["points"] = original.metadata.nbgrader.get("points", 0)
        if is_answer_cell(cell) or is_answer_cell(original):
            continue
        if "BEGIN SOLUTION" not in original.source and "AUTOTEST" not in original.source:
            cell.source = original.source
    return filled
