"""A class is graded: once, whole, on as many processes as there are, and after a stop."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager

import pytest
from distributed import Client

from autograde.errors import AutogradeError, NoSandboxError
from autograde.gradebook.result_table import read_results
from autograde.gradebook.status import find_pending
from autograde.grading import class_grader, dask_workers
from autograde.grading.class_grader import GradingRun, grade_class
from tests.autograde.sandboxes import needs_sandbox
from tests.autograde.small_class import make_class, submit

pytestmark = [pytest.mark.slow, needs_sandbox]

STUDENTS = [f"student{number:02}" for number in range(12)]


@pytest.fixture
def classroom(tmp_path):
    return make_class(tmp_path)


def points_of(classroom) -> dict[str, float]:
    return {each.student: each.points for each in read_results(classroom)}


def test_each_submission_is_graded_once_and_again_only_when_asked(classroom):
    submit(classroom, "ada")
    submit(classroom, "grace", "def double(x):\n    return x")
    seen = []
    first = grade_class(classroom, workers=1, on_progress=lambda g: seen.append(g.done))
    assert (first.total, first.done, first.failed) == (2, 2, [])
    assert seen == [0, 1, 2]
    assert points_of(classroom) == {"ada": 3, "grace": 0}
    assert grade_class(classroom, workers=1).total == 0
    assert grade_class(classroom, workers=1, students=["ada"], again=True).total == 1


def test_a_newer_submission_is_graded_and_the_older_grade_is_gone(classroom):
    submit(classroom, "ada")
    grade_class(classroom, workers=1)
    submit(classroom, "ada", "")
    assert grade_class(classroom, workers=1).done == 1
    assert points_of(classroom) == {"ada": 0}


def test_ctrl_c_keeps_what_is_graded_and_the_next_call_grades_the_rest(classroom):
    for student in STUDENTS:
        submit(classroom, student)

    def interrupt(graded: GradingRun) -> None:
        if graded.done == 3:
            raise KeyboardInterrupt

    stopped = grade_class(classroom, workers=1, on_progress=interrupt)
    assert stopped.interrupted
    assert len(points_of(classroom)) == stopped.done == 3
    assert grade_class(classroom, workers=1).done == len(STUDENTS) - 3
    assert points_of(classroom) == dict.fromkeys(STUDENTS, 3)


def fail_for_ada(job, preload, trust):
    if job.student == "ada":
        raise RuntimeError("a fault of the grader")
    return grade_on_worker(job, preload, trust)


grade_on_worker = dask_workers.grade_on_worker


def test_a_fault_of_ours_stops_nobody_else_and_leaves_no_grade(classroom, monkeypatch):
    submit(classroom, "ada")
    grade_class(classroom, workers=1)
    submit(classroom, "ada", "def double(x):\n    return x + x")
    submit(classroom, "grace")
    monkeypatch.setattr(class_grader, "grade_on_worker", fail_for_ada)
    graded = grade_class(classroom, workers=1)
    assert [name for name, _ in graded.failed] == ["ada/sums"]
    assert "a fault of the grader" in graded.failed[0][1]
    assert points_of(classroom) == {"grace": 3}
    assert [each.student for each in find_pending(classroom)] == ["ada"]


def find_no_sandbox(job, preload, trust):
    raise NoSandboxError("this machine can make no sandbox")


def test_where_no_sandbox_can_be_made_nothing_is_graded_and_it_is_said_once(
    classroom, monkeypatch
):
    submit(classroom, "ada")
    submit(classroom, "grace")
    monkeypatch.setattr(class_grader, "grade_on_worker", find_no_sandbox)
    with pytest.raises(AutogradeError, match="can make no sandbox"):
        grade_class(classroom, workers=1)
    assert points_of(classroom) == {}
    assert len(find_pending(classroom)) == 2


def test_a_second_grader_is_told_and_leaves(classroom):
    submit(classroom, "ada")
    second = []

    def grade_too(graded: GradingRun) -> None:
        if graded.done == 1:
            with pytest.raises(AutogradeError, match="is being graded"):
                grade_class(classroom, workers=1)
            second.append(graded.done)

    grade_class(classroom, workers=1, on_progress=grade_too)
    assert second == [1]


def test_nothing_is_left_in_the_temporary_folder(
    classroom, tmp_path_factory, monkeypatch
):
    temporary = tmp_path_factory.mktemp("t")
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr(tempfile, "tempdir", None)
    submit(classroom, "ada")
    assert grade_class(classroom, workers=2).done == 1
    assert sorted(temporary.iterdir()) == []


# ── Several machines ────────────────────────────────────────────────────────────────────


@contextmanager
def dask(kind: str, *arguments: str):
    command = [sys.executable, "-m", f"distributed.cli.dask_{kind}", *arguments]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def await_workers(file: str, number: int) -> str:
    """Return the scheduler's address when so many workers are there."""
    deadline = time.monotonic() + 60
    while not os.path.exists(file):
        assert time.monotonic() < deadline, "the scheduler did not start"
        time.sleep(0.05)
    with Client(scheduler_file=file, set_as_default=False) as client:
        client.wait_for_workers(number, timeout=60)
        return str(client.scheduler.address)


def test_a_scheduler_loses_a_worker_on_the_way_and_no_submission(classroom, tmp_path):
    for student in STUDENTS:
        submit(classroom, student)
    file = str(tmp_path / "scheduler.json")
    of_scheduler = "--host", "127.0.0.1", "--port", "0", "--no-dashboard"
    of_worker = "--scheduler-file", file, "--nthreads", "1", "--no-nanny"
    with (
        dask("scheduler", *of_scheduler, "--scheduler-file", file),
        dask("worker", *of_worker) as lost,
        dask("worker", *of_worker),
    ):
        address = await_workers(file, 2)

        def kill_one(graded: GradingRun) -> None:
            if graded.done == 2:
                lost.send_signal(signal.SIGKILL)

        graded = grade_class(classroom, scheduler=address, on_progress=kill_one)
    assert graded.failed == []
    assert points_of(classroom) == dict.fromkeys(STUDENTS, 3)


def test_an_address_where_no_scheduler_is_gives_a_sentence(classroom, monkeypatch):
    submit(classroom, "ada")
    monkeypatch.setattr(dask_workers, "SCHEDULER_SECONDS", 0.5)
    with pytest.raises(AutogradeError, match="no Dask scheduler answers at tcp://"):
        grade_class(classroom, scheduler="tcp://127.0.0.1:9")
    assert points_of(classroom) == {}


def test_workers_import_what_the_notebooks_import(tmp_path):
    classroom = make_class(tmp_path)
    source = classroom.source("sums", "sums")
    text = source.read_text().replace(
        "return 2 * x", "import json, numpy.linalg\\n    import no_such_module"
    )
    source.write_text(text)
    assert dask_workers.find_imports(classroom, {"sums"}) == ("json", "numpy.linalg")
