"""The table of ours beside nbgrader's: the whole record of each graded notebook."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from nbgrader.api import Gradebook
from sqlalchemy import Column, MetaData, String, Table, Text, select
from sqlalchemy.dialects.mysql import MEDIUMTEXT

from autograde.classroom import Classroom
from autograde.submission_records import Result, Submission

RESULTS = Table(
    "autograde_record",
    MetaData(),
    Column("student", String(128), primary_key=True),
    Column("assignment", String(128), primary_key=True),
    Column("notebook", String(128), primary_key=True),
    Column("submission_sha256", String(64), nullable=False),
    Column("tests_sha256", String(64), nullable=False),
    # A plain TEXT of MySQL ends after 64 kB.
    Column(
        "record", Text().with_variant(MEDIUMTEXT(), "mysql", "mariadb"), nullable=False
    ),
)


def read_results(classroom: Classroom) -> list[Result]:
    """Return what is recorded of all graded notebooks; `notebook` is empty in each."""
    with classroom.gradebook() as gradebook:
        return [Result.from_record(each) for each in read_records(gradebook).values()]


def read_records(gradebook: Gradebook) -> dict[Submission, Mapping[str, Any]]:
    """Return the records as they are kept, by student, assignment and notebook."""
    RESULTS.metadata.create_all(gradebook.engine)
    key = RESULTS.c.student, RESULTS.c.assignment, RESULTS.c.notebook
    with gradebook.engine.connect() as connection:
        rows = connection.execute(select(*key, RESULTS.c.record).order_by(*key))
        return {Submission(*names): json.loads(text) for *names, text in rows}
