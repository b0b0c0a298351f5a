"""One submission: what it is worth, what is said of it, and what ends it."""

from __future__ import annotations

import nbformat
import pytest

from autograde.grading.job import Job
from autograde.grading.notebook_grader import grade_notebook
from autograde.grading.parents import start_parents
from autograde.submission_records import Limits, Result
from solutions.workshop import builder
from tests.autograde.sandboxes import needs_sandbox
from tests.autograde.small_class import make_source

pytestmark = [pytest.mark.slow, needs_sandbox]

LIMITS = Limits(cell_seconds=4, notebook_seconds=30, memory_mb=1024, output_mb=0.5)
RIGHT = "def double(x):\n    return 2 * x"
both_modes = pytest.mark.parametrize("mode", ["apart", "together"])


@pytest.fixture(scope="module")
def parents():
    parents = start_parents([], LIMITS, trust=False)
    yield parents
    parents.close()


@pytest.fixture
def grade(parents):
    """Grade an answer to `double`, worth 3; then comes one to explain, worth 5."""

    def run(answer: str = RIGHT, test: str | None = None, **changes) -> Result:
        source = make_source()
        if test is not None:
            source.cells[2].source = test
        released = builder.make_release(source)
        submitted = nbformat.from_dict(released)
        submitted.cells[1].source = answer
        job = Job(
            student="ada",
            assignment="sums",
            notebook="sums",
            submitted=nbformat.writes(submitted).encode(),
            released=nbformat.writes(released).encode(),
            source=nbformat.writes(source).encode(),
            limits=LIMITS,
        )
        return grade_notebook(replace(job, **changes), parents)

    return run


def replace(job: Job, **changes) -> Job:
    return Job(**{**vars(job), **changes})


@both_modes
def test_a_right_answer_gets_all_points_and_words_wait_for_a_human(grade, mode):
    result = grade(mode=mode)
    tested, explained = result.cells
    assert (tested.outcome, tested.points, tested.max_points) == ("passed", 3, 3)
    assert (explained.outcome, explained.max_points) == ("manual", 5)
    assert (result.trouble, result.needs_look) == ("", ())


@both_modes
def test_a_failed_visible_test_is_told_in_its_own_words(grade, mode):
    (tested, _) = grade(
        "def double(x):\n    return x",
        "assert double(1) == 2, 'one doubled is two'",
        mode=mode,
    ).cells
    assert (tested.outcome, tested.points) == ("failed", 0)
    assert tested.message == "one doubled is two"
    assert tested.hidden_case == ""


@both_modes
def test_a_failed_hidden_test_is_named_and_nothing_of_it_is_told(grade, mode):
    answer = "def double(x):\n    return 2 if x == 1 else 0"
    test = (
        "from prompt_or_tune.checks.comparing import expect_equal\n"
        "assert double(1) == 2\n### BEGIN HIDDEN TESTS\n"
        "expect_equal(double(21), 42, case='hidden: a larger number')\n"
        "### END HIDDEN TESTS"
    )
    (tested, _) = grade(answer, test, mode=mode).cells
    assert (tested.outcome, tested.message) == ("failed", "")
    assert tested.hidden_case == "a larger number"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("def double(x):\n    return (2 * x", "SyntaxError: '(' was never closed"),
        ("def double(x):", "IndentationError: expected an indented block after function"),
    ],
)
def test_an_answer_that_breaks_off_is_told_as_python_tells_it(grade, answer, said):
    cell = nbformat.reads(grade(answer).notebook, as_version=4).cells[1]
    (error,) = cell.outputs
    assert f"{error.ename}: {error.evalue}".startswith(said)


@both_modes
def test_a_warning_on_stderr_is_no_failure(grade, mode):
    warn = "import sys\nprint('careful', file=sys.stderr)\nassert double(2) == 4"
    assert grade(test=warn, mode=mode).points == 3


@pytest.mark.parametrize(
    ("shown", "points", "said"),
    [
        ("1.5", 1.5, ""),
        ("0", 0, ""),
        ("7", 3, "7 was clipped to 3"),
        ("-2", 0, "-2 was clipped to 0"),
        ("float('nan')", 0, "nan was clipped to 0"),
        ("0.5j", 0, "nan was clipped to 0"),
        ("__import__('numpy').float64(1.5)", 1.5, ""),
        ("__import__('numpy').array(0)", 0, ""),
        ("'well done'", 3, "no number of points"),
    ],
)
def test_partial_credit_is_clipped_and_that_is_reported(grade, shown, points, said):
    result = grade(test=f"double(1)\n{shown}")
    assert result.points == points
    assert said in result.cells[0].note
    assert bool(result.needs_look) == bool(said)


def test_what_an_answer_prints_while_it_is_tested_is_not_shown(grade):
    result = grade("def double(x):\n    print('SECRET')\n    return 2 * x")
    assert result.points == 3
    outputs = nbformat.reads(result.notebook, as_version=4).cells[2].outputs
    assert "SECRET" not in str(outputs)


def test_apart_an_answer_can_read_no_test_and_together_it_can(grade):
    spy = (
        "def double(x):\n"
        "    seen = str(get_ipython().user_ns['In'])\n"
        "    return 2 * x if '== 4' + '2' in seen else 0"
    )
    assert grade(spy, mode="apart").points == 0
    assert grade(spy, mode="together").points == 3


@both_modes
@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("import os\nos._exit(3)", "its kernel died"),
        ("while True:\n    try:\n        import time\n        while True: "
         "time.sleep(9)\n    except BaseException: pass", "did not stop"),
        ("print('x' * 2**20)", "it put out more than"),
    ],
    ids=["exit", "loop", "output"],
)  # fmt: skip
def test_what_ends_a_notebook_is_told_and_the_rest_counts_as_not_run(
    grade, mode, answer, reason
):
    result = grade(answer, mode=mode)
    assert reason in result.trouble
    assert [cell.outcome for cell in result.cells] == ["not run", "manual"]
    assert result.points == 0
    assert any(reason in sentence for sentence in result.needs_look)


@both_modes
def test_a_loop_that_can_be_interrupted_costs_only_its_own_cell(grade, mode):
    result = grade("def double(x):\n    while True: pass", mode=mode)
    assert result.trouble == ""
    assert (result.cells[0].outcome, result.points) == ("failed", 0)
    assert result.needs_look


def test_an_endless_cell_of_a_students_own_is_stopped_and_told(grade):
    result = grade(f"{RIGHT}\nwhile True: pass")
    assert (result.trouble, result.points) == ("", 3)
    assert result.needs_look == ("A cell was stopped after 4 seconds.",)


def test_what_is_no_notebook_gets_nothing_and_a_reason(grade):
    result = grade(submitted=b"PK\x03\x04 not a notebook")
    assert result.points == 0
    assert [cell.outcome for cell in result.cells] == ["not run", "manual"]
    assert result.trouble
    assert result.needs_look


def test_the_files_of_an_assignment_lie_beside_the_answer(grade):
    answer = "def double(x):\n    return int(open('data/two.txt').read()) * x"
    assert grade(answer, files={"data/two.txt": b"2"}).points == 3


def test_random_numbers_begin_alike_in_every_submission(grade):
    answer = "import random\ndrawn = random.random()\ndef double(x):\n    return 2 * x"
    show = "double(1)\nprint(drawn)"
    first, second = (
        nbformat.reads(grade(answer, show).notebook, as_version=4).cells[2].outputs
        for _ in range(2)
    )
    assert first == second != []


def test_a_grade_says_by_hash_and_version_what_it_was_given_for(grade):
    result = grade()
    assert (
        len({result.submission_sha256, result.release_sha256, result.tests_sha256}) == 3
    )
    assert {"prompt-or-tune", "nbgrader", "ipykernel"} <= result.versions.keys()
    assert result.graded_at
    assert result.seconds > 0


LARGE = "{'reply': {'status': 'ok', 'data': {'text/plain': 'x' * 10**8}, 'metadata': {}}}"


def test_a_message_too_large_to_read_ends_the_notebook_and_not_the_grader(grade):
    answer = f"get_ipython().user_expressions = lambda asked: {LARGE}\n{RIGHT}"
    result = grade(answer)
    assert result.points == 0
    assert result.needs_look
    assert grade().points == 3


def test_an_answer_that_never_comes_costs_its_task_and_is_told(grade):
    result = grade("def double(x):\n    import time\n    time.sleep(60)")
    assert result.cells[0].outcome == "failed"
    assert "took more than 4 seconds" in result.cells[0].message
    assert any("took more than 4 seconds" in reason for reason in result.needs_look)


@pytest.mark.parametrize(
    "answer",
    [
        "get_ipython().showtraceback = lambda *a, **k: None\ndef double(x): return 0",
        "import time\ndef double(x):\n    try:\n        time.sleep(60)\n"
        "    except BaseException:\n        return 2 * x",
    ],
    ids=["errors are not shown", "the interrupt is swallowed"],
)
def test_together_a_failure_counts_also_where_the_kernel_shows_none(grade, answer):
    assert grade(answer, mode="together").points == 0


@both_modes
def test_input_fails_at_once_for_nobody_can_type(grade, mode):
    result = grade(f"try:\n    input()\nexcept Exception: pass\n{RIGHT}", mode=mode)
    assert result.points == 3
