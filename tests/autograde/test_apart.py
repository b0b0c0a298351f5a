"""Grade cells run in one process, answers in another, and say what they always said."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator

import pytest
from jupyter_client.manager import start_new_async_kernel
from nbgrader.utils import determine_grade
from prompt_or_tune.checks.registry import list_graded_tasks

from autograde.apart import answers
from autograde.apart.answers import make_refusal
from autograde.apart.grade_process import CellRun, GradeProcess
from autograde.apart.proxies import list_loaded
from tests.autograde.answering import PATIENCE, ForkingParent, Student, run_apart
from tests.graders.grading import TaskCells, _as_nbgrader_cell, find_cells, grade
from tests.graders.wrong_answers import read_wrong_answers

COMPARING = "from prompt_or_tune.checks.comparing import call, expect_equal\n"


def count_points(run: CellRun, points: float = 3) -> float:
    """Return what nbgrader gives for the outputs of a grade cell."""
    marks = {"grade": True, "solution": False, "locked": True, "points": points}
    cell = _as_nbgrader_cell("", "a_test", marks)
    cell.outputs = run.outputs
    return determine_grade(cell)[0] or 0


# ── What a grade cell sees ──────────────────────────────────────────────────────────────


def test_an_answer_is_called_in_its_own_process_and_judged_outside():
    answer = "import os\ndef double(x):\n    return 2 * x, os.getpid()"
    run = run_apart(
        "import os\ntwo, there = double(1)\n(two, there != os.getpid())", answer
    )
    assert run.error == ""
    (shown,) = run.outputs
    assert shown["output_type"] == "execute_result"
    assert shown["data"]["text/plain"] == "(2, True)"


def test_plain_values_are_values():
    run = run_apart("assert letter + 'B' == 'AB'\nassert chosen == [1, (2.5, None)]",
                    "letter, chosen = 'A', [1, (2.5, None)]")  # fmt: skip
    assert run.error == ""


def test_a_name_that_does_not_exist_is_missing_as_in_a_notebook():
    run = run_apart("x = 1\ndouble(x)", "def double(x:\n    return x")
    assert run.error == "NameError: name 'double' is not defined"
    assert run.line == 2


def test_a_function_is_known_by_its_name_and_can_do_nothing_but_be_called():
    cell = "assert double.__name__ == 'double'\nassert callable(double)\ndouble.__code__"
    run = run_apart(cell, "def double(x):\n    return 2 * x")
    assert run.error.startswith("AttributeError: a value of type function")
    assert run.line == 3


@pytest.mark.parametrize(
    "answer",
    [
        "double = lambda x: 2 * x",
        "class Doubling:\n    def __call__(self, x):\n        return 2 * x\n"
        "double = Doubling()",
        "import functools, operator\ndouble = functools.partial(operator.mul, 2)",
        "class double(int):\n    def __new__(self, x):\n        return 2 * x",
    ],
)
def test_whatever_can_be_called_is_a_function(answer):
    assert run_apart("assert double(2) == 4", answer).error == ""


def test_answers_can_be_given_to_answers_and_nothing_else_that_is_alive():
    cells = ("def double(x):\n    return 2 * x", "def apply(f, x):\n    return f(x)")
    assert run_apart("assert apply(double, 3) == 6", *cells).error == ""
    cell = f"{COMPARING}call(apply, lambda x: x, 3, case='no fault of the answer')"
    run = run_apart(cell, *cells)
    assert "gives the answer a function, and only plain data can be sent" in run.error
    assert run.is_stopped


@pytest.mark.parametrize("much", ["'x' * 10**7", "b'x' * 10**7", "[0] * 2 * 10**6"])
def test_more_than_can_be_sent_is_no_fault_of_the_answer(much):
    run = run_apart(f"{COMPARING}call(f, {much}, case='much')", "f = len")
    assert "The grade cell gives the answer too much" in run.error
    assert run.is_stopped


def test_what_an_answer_does_to_its_arguments_stays_there():
    run = run_apart("rows = [3, 1]\nassert clean(rows) == [1, 3]\nassert rows == [3, 1]",
                    "def clean(rows):\n    rows.sort()\n    return rows")  # fmt: skip
    assert run.error == ""


def test_each_grade_cell_has_names_of_its_own():
    student = Student("answer = 1")
    process = GradeProcess(ForkingParent(), {}, 0)

    async def run_both() -> CellRun:
        await process.run("mine = answer", student.ask, seconds=PATIENCE)
        return await process.run("mine", student.ask, seconds=PATIENCE)

    try:
        assert asyncio.run(run_both()).error == "NameError: name 'mine' is not defined"
    finally:
        process.close()
        student.close()


def test_a_cells_own_names_are_never_a_students():
    hostile = "def call(*_): return 1\nexpect_equal = check = print = call\nn = 5"
    cell = f"{COMPARING}for n in [2]:\n    expect_equal(n, 3, case='two')\nprint('end')"
    assert "Case: two" in run_apart(cell, hostile).error


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ("answer(1)", {"answer"}),
        ("import answer\nanswer(1)", set()),
        ("from a import *\nanswer(1)", {"answer"}),
        ("from a import b as answer\nanswer(1)", set()),
        ("answer = 1\nanswer", set()),
        ("for answer in range(3): answer", set()),
        ("def answer(): ...\nanswer()", set()),
        ("def f(x):\n    return answer(x)\nf(1)", {"answer"}),
        ("def f(answer):\n    return answer(1)\nf(1)", set()),
        ("def f():\n    global answer\n    answer = 1\nf()\nanswer", set()),
        (
            "class A:\n    answer = other\n    def f(self): return answer",
            {"other", "answer"},
        ),
        ("[answer(x) for x in range(3)]", {"answer"}),
        ("[answer for answer in range(3)]", set()),
        ("lambda x: answer(x)", {"answer"}),
        ("print(len([]))", set()),
        ("f'{answer!r}'", {"answer"}),
        ("answer.x = 1", {"answer"}),
        ("with open('a') as answer: answer", set()),
        ("try: f()\nexcept ValueError as answer: answer", {"f"}),
    ],
)
def test_names_are_taken_from_the_student_only_where_the_cell_binds_none(cell, names):
    assert list_loaded(cell) == names


def test_magics_of_ipython_run_in_grade_cells():
    run = run_apart("\n\n%matplotlib inline\nx = 1\nassert answer == 2", "answer = 3")
    assert run.error == "AssertionError: "
    assert run.line == 5


# ── What it shows ───────────────────────────────────────────────────────────────────────


def test_outputs_are_a_notebooks():
    cell = (
        "import sys\nfrom IPython.display import HTML, display\n"
        "print('one')\nprint('two')\nprint('late', file=sys.stderr)\n"
        "display(HTML('<b>x</b>'))\n2.5"
    )
    said, warned, shown, value = run_apart(cell).outputs
    assert (said["name"], said["text"]) == ("stdout", "one\ntwo\n")
    assert (warned["name"], warned["text"]) == ("stderr", "late\n")
    assert shown["output_type"] == "display_data"
    assert shown["data"]["text/html"] == "<b>x</b>"
    assert value["data"] == {"text/plain": "2.5"}


def test_the_value_of_the_last_line_is_the_points_in_part():
    run = run_apart("sum(f(x) == x * x for x in range(3))", "def f(x):\n    return 1")
    assert count_points(run) == 1


def test_an_error_is_shown_as_in_a_notebook_with_the_line_where_it_came():
    cell = "def inner():\n    return 1 / 0\n\n\ninner()"
    run = run_apart(cell)
    (error,) = run.outputs
    assert (error["ename"], error["evalue"]) == ("ZeroDivisionError", "division by zero")
    assert "----> 5 inner()" in "".join(error["traceback"])
    assert (run.error, run.line) == ("ZeroDivisionError: division by zero", 5)
    assert count_points(run) == 0


def test_a_failed_check_shows_its_message_alone():
    run = run_apart(f"{COMPARING}expect_equal(answer, 2, case='a half')", "answer = 1")
    (error,) = run.outputs
    assert error["traceback"] == [
        "✗ Not yet. Case: a half.\n  got    1\n  wanted 2"
    ]  # fmt: skip
    assert run.line == 2


def test_a_cell_that_is_no_python_is_shown_with_its_line():
    run = run_apart("x = 1\nif x:")
    assert run.error.startswith("IndentationError: expected an indented block after 'if'")
    assert run.line == 2


def test_what_an_answer_prints_is_not_shown():
    answer = (
        "import sys\ndef f():\n    print('said')\n    print('warned', file=sys.stderr)\n"
        "    return 1"
    )
    assert run_apart("assert f() == 1", answer).outputs == []


# ── Errors of an answer ─────────────────────────────────────────────────────────────────


def test_an_answers_own_error_names_its_line():
    answer = "def f(x):\n    y = x['a']\n    return y"
    run = run_apart(f"{COMPARING}call(f, dict(b=1), case='a row')", answer)
    assert run.error == (
        "CheckFailed: Case: a row.\n  Your code raised KeyError: 'a'\n"
        "  in line 2 of its cell: y = x['a']"
    )


@pytest.mark.parametrize(
    ("raised", "caught_as"),
    [
        ("KeyError('a')", "LookupError"),
        ("__import__('json').JSONDecodeError('a', 'b', 0)", "ValueError"),
        ("UnicodeDecodeError('utf-8', b'a', 0, 1, 'why')", "UnicodeError"),
        ("FileNotFoundError(2, 'why')", "OSError"),
        ("Own('why')", "Exception"),
        ("AssertionError('why')", "AssertionError"),
        ("DeprecationWarning('why')", "Warning"),
        ("StopIteration(3)", "RuntimeError"),
        ("StopAsyncIteration(3)", "RuntimeError"),
        ("SystemExit(3)", "RuntimeError"),
        ("KeyboardInterrupt()", "RuntimeError"),
        ("GeneratorExit()", "RuntimeError"),
        ("ExceptionGroup('why', [ValueError()])", "RuntimeError"),
        ("Last()", "RuntimeError"),
    ],
)
def test_an_error_is_of_the_kind_that_it_was(raised, caught_as):
    answer = (
        "class Own(Exception): pass\nclass Last(BaseException): pass\n"
        f"def f():\n    raise {raised}\ndef text():\n    return str({raised})"
    )
    cell = (
        f"try:\n    f()\nexcept {caught_as} as error:\n    print(type(error).__name__)\n"
        "    assert str(error) == text()"
    )
    run = run_apart(cell, answer)
    assert run.error == ""
    name = re.search(r"(\w+)\(", raised.replace("__import__(", ""))
    assert name is not None
    assert run.outputs[0]["text"].strip() == name[1]


def test_an_error_that_cannot_be_told_is_told_by_its_name():
    answer = (
        "class Mute(Exception):\n    def __str__(self): raise ValueError\n"
        "def f(): raise Mute"
    )
    assert "Mute: <its text raises ValueError>" in run_apart("f()", answer).error


def test_an_answer_that_leaves_python_does_not_end_its_process():
    answer = "import sys\ndef f():\n    sys.exit()\ndef g():\n    return 1"
    cell = "try:\n    f()\nexcept RuntimeError:\n    pass\nassert g() == 1"
    assert run_apart(cell, answer).error == ""


def test_more_than_can_be_graded_is_an_error_of_the_answers_own():
    run = run_apart(
        f"{COMPARING}call(f, case='much')", "def f():\n    return 'x' * 10**7"
    )
    assert "Your code raised TooMuchData: that is more data than can be" in run.error
    run = run_apart("assert len(small) == 1\nbig", "small, big = 'x', 'x' * 10**7")
    assert run.error == ""
    assert run.outputs[0]["data"]["text/plain"].startswith("'xxx")


# ── When no answer comes ────────────────────────────────────────────────────────────────


def test_a_refusal_ends_the_cell_and_is_told_in_its_words():
    async def ask(request: str) -> str:
        if "names" in request:
            return '{"names": {"f": {"function": ["function", "f"]}}}'
        return make_refusal("The answer took longer than 120 seconds.")

    loop = "while True:\n    try:\n        f()\n    except Exception:\n        pass"
    run = run_apart(loop, ask=ask)
    assert run.error == "AnswerStopped: The answer took longer than 120 seconds."
    assert run.is_stopped
    assert run.line == 3
    (error,) = run.outputs
    assert error["traceback"] == ["The answer took longer than 120 seconds."]
    assert count_points(run) == 0


def test_a_refusal_before_the_cell_begins_is_told_too():
    async def ask(request: str) -> str:
        return make_refusal("Its kernel died.")

    run = run_apart("f()", ask=ask)
    assert run.error == "AnswerStopped: Its kernel died."
    assert run.is_stopped
    assert [output["traceback"] for output in run.outputs] == [["Its kernel died."]]


def test_a_grade_cell_may_ask_from_several_threads():
    cell = (
        "from concurrent.futures import ThreadPoolExecutor\n"
        "with ThreadPoolExecutor(8) as pool:\n"
        "    assert list(pool.map(double, range(40))) == list(range(0, 80, 2))"
    )
    assert run_apart(cell, "def double(x):\n    return 2 * x").error == ""


def test_an_answer_that_kills_its_process_ends_its_cell():
    run = run_apart("f()", "import os\ndef f():\n    os._exit(1)")
    assert run.is_stopped
    assert "The answer's process is gone." in run.error


@pytest.mark.parametrize(
    ("cell", "fault"),
    [
        ("while True: pass", "longer than 0.3 seconds"),
        ("import os\nos._exit(0)", "ended before the cell did"),
    ],
)
def test_a_grade_process_that_is_stuck_or_gone_is_replaced(cell, fault):
    parent = ForkingParent()
    process = GradeProcess(parent, {}, 0)
    student = Student("answer = 1")

    async def run_both() -> tuple[CellRun, CellRun]:
        first = await process.run(cell, student.ask, seconds=0.3)
        return first, await process.run("answer", student.ask, seconds=PATIENCE)

    try:
        first, second = asyncio.run(run_both())
    finally:
        process.close()
        student.close()
    assert first.is_stopped
    assert fault in first.error
    assert second.error == ""
    assert len(parent.children) == 2
    assert not any(child.is_alive() for child in parent.children)


def test_a_question_without_end_is_cancelled_with_the_cell():
    cancelled = []

    async def ask(request: str) -> str:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.append(request)
        return ""

    started = time.monotonic()
    run = run_apart("f()", ask=ask, seconds=0.3)
    assert run.is_stopped
    assert cancelled
    assert time.monotonic() - started < PATIENCE


def test_what_asking_raises_is_raised():
    async def ask(request: str) -> str:
        raise OSError("no kernel")

    with pytest.raises(OSError, match="no kernel"):
        run_apart("f()", ask=ask)


def test_files_of_the_assignment_lie_where_grade_cells_run():
    process = GradeProcess(ForkingParent(), {"data/rows.csv": b"1,2"}, 0)
    cell = "from pathlib import Path\nPath('data/rows.csv').read_text()"

    async def ask(request: str) -> str:
        raise AssertionError("nothing is asked for")

    try:
        run = asyncio.run(process.run(cell, ask, seconds=PATIENCE))
    finally:
        process.close()
    assert run.outputs[0]["data"]["text/plain"] == "'1,2'"


def test_lots_fall_the_same_way_each_time():
    cell = "import random\nimport numpy as np\n(random.random(), float(np.random.rand()))"
    first, second = (run_apart(cell).outputs for _ in range(2))
    assert first == second


# ── Through a kernel ────────────────────────────────────────────────────────────────────


@pytest.mark.slow
def test_a_kernel_is_asked_by_an_expression():
    async def ask_a_kernel() -> CellRun:
        manager, client = await start_new_async_kernel(
            extra_arguments=["--HistoryManager.enabled=False"]
        )

        async def execute(code: str, expressions: dict[str, str] | None = None) -> dict:
            sent = client.execute(code, silent=True, user_expressions=expressions)
            while True:
                reply = await client.get_shell_msg(timeout=PATIENCE)
                if reply["parent_header"].get("msg_id") == sent:
                    return reply["content"]

        async def ask(request: str) -> str:
            content = await execute("", {"reply": answers.make_expression(request)})
            return answers.read_reply(content, "reply")

        process = GradeProcess(ForkingParent(), {}, 0)
        try:
            await execute("def f(x):\n    print(x)\n    return {'é\\n\"': (x, 'ü')}")
            cell = "assert f('\\'\"\\n\\\\') == {'é\\n\"': ('\\'\"\\n\\\\', 'ü')}"
            return await process.run(cell, ask, seconds=PATIENCE)
        finally:
            process.close()
            client.stop_channels()
            await manager.shutdown_kernel(now=True)

    assert asyncio.run(ask_a_kernel()).error == ""


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"status": "error"},
        {"user_expressions": None},
        {"user_expressions": {"reply": {"status": "error", "evalue": "x"}}},
        {"user_expressions": {"reply": {"data": {"text/plain": 3}}}},
        {"user_expressions": {"reply": {"data": {"text/plain": "x" * 10**7}}}},
        {"user_expressions": [1]},
    ],
    ids=str,
)
def test_a_reply_of_another_shape_is_a_refusal(content):
    assert "sent no answer" in answers.read_reply(content, "reply")


# ── The course's own grade cells ────────────────────────────────────────────────────────

TASKS = [task.id for task in list_graded_tasks()]
ADDRESS = re.compile(r"0x[0-9a-f]+")


def list_answers(cells: TaskCells) -> Iterator[str]:
    yield cells.solution
    yield cells.stub
    yield "pass"
    wrong = read_wrong_answers(cells.task)
    # Each takes seconds: the model is asked again.
    for answer in wrong[:2] if cells.task == "improve_prompt" else wrong:
        yield answer.source


@pytest.mark.parametrize("task", TASKS)
def test_grade_cells_take_nothing_of_a_students_but_the_answer(task):
    name = "my_template" if task == "improve_prompt" else task
    assert list_loaded(find_cells(task).grade) == {name}


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS)
def test_every_answer_gets_the_same_points_and_message_as_in_a_notebook(task):
    cells = find_cells(task)
    process = GradeProcess(ForkingParent(), {}, 0)
    try:
        for answer in list_answers(cells):
            student = Student(cells.imports, answer)
            run = asyncio.run(process.run(cells.grade, student.ask, seconds=120))
            student.close()
            beside = grade(cells, answer)
            error = beside.error
            said = f"{type(error).__name__}: {error}" if error else ""
            assert ADDRESS.sub("", run.error) == ADDRESS.sub("", said), answer
            assert count_points(run, cells.points) == beside.points, answer
    finally:
        process.close()
