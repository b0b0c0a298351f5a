"""How long the page of a big class takes, and its feedback.

    python tests/benchmarks/bench_report.py [--students 1000] [--feedback]

The class has seven notebooks (six of three graded cells, and a quiz); results are made
up, and the gradebook is a real one. The bar is 20 seconds for `autograde report`, from
reading the records to the page on the disk.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from autograde.gradebook.result_table import read_results
from autograde.reports.class_report import write_class_report
from autograde.reports.feedback_pages import write_feedback
from tests.autograde.class_records import (
    fill_gradebook,
    make_class,
    make_people,
    make_results,
)


def main() -> None:
    """Print the seconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--students", type=int, default=1000)
    parser.add_argument("--feedback", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        people = make_people(arguments.students)
        classroom = make_class(Path(folder) / "class", people=people, assignments=6)
        fill_gradebook(classroom, make_results(classroom))
        started = time.perf_counter()
        records = read_results(classroom)
        read = time.perf_counter()
        page = write_class_report(classroom, records)
        written = time.perf_counter()
        print(f"{len(records)} notebooks of {arguments.students} students")
        print(
            f"records read in {read - started:.1f} s, {written - read:.1f} s for the page"
        )
        print(f"report: {written - started:.1f} s, {page.stat().st_size / 2**20:.1f} MB")
        if arguments.feedback:
            feedback = write_feedback(classroom, records)
            seconds = time.perf_counter() - written
            each = 1000 * seconds / len(feedback.written)
            print(f"feedback: {seconds:.0f} s, {each:.0f} ms a page")


if __name__ == "__main__":
    main()
