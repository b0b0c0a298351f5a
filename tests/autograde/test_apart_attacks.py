"""What answers try against the grade cells: none of it gives a point.

An answer may do anything in its own process. So most of these put something else in place
of what the process would reply: more than any text it can't send.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prompt_or_tune.checks.fine_tuning import draw_adapted_network
from prompt_or_tune.checks.registry import list_graded_tasks

from autograde.apart import codec
from autograde.apart.grade_process import CellRun, GradeProcess
from tests.autograde.answering import PATIENCE, ForkingParent, Student, run_apart
from tests.autograde.test_apart import count_points

list_graded_tasks()  # what a worker has imported before it forks

COMPARING = "from prompt_or_tune.checks.comparing import *\n"
GRADE_CELLS = {
    "an assertion": "assert answer(2) == 4",
    "an assertion, turned": "assert 4 == answer(2)",
    "in a list": "assert [answer(2)] == [4]",
    "not otherwise": "assert not (answer(2) != 4)",
    "a comparison": f"{COMPARING}expect_equal(answer(2), 4, case='two')",
    "a close comparison": f"{COMPARING}expect_close(answer(2), 4.5, case='two')",
    "a checked call": f"{COMPARING}expect_equal(call(answer, 2, case='a'), 4, case='a')",
    "all of many": "assert all(answer(x) == 2 * x for x in range(1, 4))",
    "none is wrong": "assert not [x for x in (1, 2) if answer(x) != 2 * x]",
    "a loop": "seen = 0\nfor got in map(answer, [1, 2]):\n    seen += 1\n"
    "    assert got == 2 * seen\nassert seen == 2",
    "points in part": "sum(answer(x) == 2 * x for x in (1, 2, 3))",
    "points in part, checked": f"{COMPARING}def is_right(x):\n    try:\n"
    "        expect_equal(call(answer, x, case='a'), 2 * x, case='a')\n"
    "    except CheckFailed:\n        return False\n    return True\n\n"
    "sum(map(is_right, (1, 2, 3)))",
    "a value": f"{COMPARING}expect_equal(answer, 4, case='a letter')",
    "a member": "assert answer(2) in {4, 5}",
    "a member of a list": "assert answer(2) in [4, 5]",
    "a length": "assert len(answer(2)) == 4",
    "true": "assert answer(2)",
    "text": "assert str(answer(2)) == '4'",
    "sorted": "assert sorted(answer(2)) == [4]",
}

EVERYTHING = """
class Everything:
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __bool__(self): return True
    def __hash__(self): return hash(4)
    def __len__(self): return 4
    def __iter__(self): return iter([4])
    def __float__(self): return 4.5
    def __index__(self): return 4
    def __repr__(self): return "4"
    def __getattr__(self, name): return self
    def __call__(self, *a, **b): return self
    def __sub__(self, other): return 0
    __class__ = int
"""

ANSWERS = {
    "an object equal to everything": f"{EVERYTHING}answer = lambda x: Everything()",
    "the object itself": f"{EVERYTHING}answer = Everything()",
    "a whole number that lies": "class Lie(int):\n    def __eq__(self, o): return True\n"
    "    __ne__ = lambda self, o: False\n    __hash__ = int.__hash__\n"
    "answer = lambda x: Lie(7)",
    "a text that lies": "class Lie(str):\n    def __eq__(self, o): return True\n"
    "    __ne__ = lambda self, o: False\n    __len__ = lambda self: 4\n"
    "    __hash__ = str.__hash__\nanswer = lambda x: Lie('4')",
    "a float that lies": "class Lie(float):\n    def __eq__(self, o): return True\n"
    "    __ne__ = lambda self, o: False\n    __sub__ = lambda self, o: 0.0\n"
    "    __hash__ = float.__hash__\nanswer = lambda x: Lie(4.5)",
    "a type that is called int": "int_ = type('int', (), {'__repr__': lambda s: '4'})\n"
    "answer = lambda x: int_()",
    "a metaclass that lies": "class Meta(type):\n    __eq__ = lambda s, o: True\n"
    "    __hash__ = type.__hash__\nclass A(metaclass=Meta):\n    pass\n"
    "answer = lambda x: A()",
    "no number": "answer = lambda x: float('nan')",
    "an end of the loop": "def answer(x):\n    raise StopIteration",
    "an asynchronous end": "def answer(x):\n    raise StopAsyncIteration",
    "an end of a generator": "def answer(x):\n    raise GeneratorExit",
    "an end of Python": "import sys\nanswer = lambda x: sys.exit(0)",
    "an interrupt": "def answer(x):\n    raise KeyboardInterrupt",
    "an assertion": "def answer(x):\n    raise AssertionError",
    "the check's own error": f"{COMPARING}def answer(x):\n    raise CheckFailed('✓')",
    "an error called so": "class CheckFailed(AssertionError): pass\n"
    "def answer(x):\n    raise CheckFailed('✓')",
    "an error that claims to be caught": "class E(BaseException):\n"
    "    __class__ = AssertionError\ndef answer(x):\n    raise E",
    "a skip": "import unittest\ndef answer(x):\n    raise unittest.SkipTest",
    "checks that pass": "import prompt_or_tune.checks.comparing as c\n"
    "c.expect_equal = c.expect_close = c.call = lambda *a, **b: 4\n"
    "c.CheckFailed = ValueError\nanswer = lambda x: None",
    "other built-ins": "import builtins\nbuiltins.all = builtins.len = lambda *a: True\n"
    "builtins.sum = lambda *a: 3\nanswer = lambda x: None",
    "names of the cell": "all = sorted = sum = range = map = len = lambda *a: 3\n"
    "call = expect_equal = expect_close = is_right = lambda *a, **b: True\n"
    "class CheckFailed(Exception): pass\nseen, got, x = 2, 4, 2\nanswer = lambda x: None",
    "printed points": "def answer(x):\n    print(3)\n    print('{\"points\": 3}')",
    "displayed points": "from IPython.display import display\n"
    "def answer(x):\n    display(3)",
    "a generator": "def answer(x):\n    yield 4",
    "a function": "answer = lambda x: (lambda *a: 4)",
    "the library's record, changed": "from prompt_or_tune.records import Pair\n"
    "pair = Pair('a', 'b')\nobject.__setattr__(pair, '__class__', Pair)\n"
    "answer = lambda x: pair",
    "a changed server": "from autograde.apart import answers\n"
    "answers._describe_foreign = lambda v: {'foreign': ['int', '4']}\n"
    "answer = lambda x: object()",
    "the end of its process": "import os\ndef answer(x):\n    os._exit(0)",
    "no answer at all": "",
}


@pytest.fixture(scope="module")
def process() -> Iterator[GradeProcess]:
    process = GradeProcess(ForkingParent(), {}, 0)
    yield process
    process.close()


def grade_reply(process: GradeProcess, cell: str, *replies: str) -> CellRun:
    """Run a grade cell; its questions get these replies, the last one ever again."""
    waiting = list(replies)

    async def ask(request: str) -> str:
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]

    return asyncio.run(process.run(cell, ask, seconds=PATIENCE))


IS_TRUE = ("no number", "the library's record, changed")
"""Answers that are no pretenders where nothing but truth is asked for."""


@pytest.mark.parametrize("attack", ANSWERS)
def test_no_answer_that_is_wrong_gets_a_point(process, attack):
    student = Student(ANSWERS[attack])
    points = {}
    try:
        for name, cell in GRADE_CELLS.items():
            run = asyncio.run(process.run(cell, student.ask, seconds=PATIENCE))
            points[name] = count_points(run)
    finally:
        student.close()
    if attack in IS_TRUE:
        del points["true"]
    assert set(points.values()) == {0}, points


def test_a_right_answer_gets_all_of_them():
    answer = "answer = lambda x: 2 * x"
    fitting = ["an assertion", "a comparison", "a checked call", "all of many", "a loop",
               "points in part", "points in part, checked", "a member"]  # fmt: skip
    for name in fitting:
        assert count_points(run_apart(GRADE_CELLS[name], answer)) == 3, name


def test_no_question_holds_what_is_wanted():
    secret = secrets.token_hex()
    asked = []

    async def ask(request: str) -> str:
        asked.append(request)
        function = '{"names": {"answer": {"function": ["function", "f"]}}}'
        return function if "names" in request else '{"value": 1}'

    cell = f"# {secret}\nwanted = '{secret}'\nassert answer(2) == wanted"
    run_apart(cell, ask=ask)
    assert len(asked) == 2
    assert secret not in "".join(asked)


FUNCTION = '{"names": {"answer": {"function": ["function", "f"]}}}'
VALUES = [
    "",
    "null",
    "4",
    "[]",
    '"4"',
    "{}",
    '{"value": ',
    '{"values": 4}',
    '{"value": {"value": 4}}',
    '{"value": {"answer": "answer"}}',
    '{"value": {"function": ["int", "4"]}}',
    '{"value": {"foreign": ["int", "4"]}}',
    '{"value": {"foreign": ["Foreign", "4"]}}',
    '{"value": {"pickle": "gASVJgAAAAAAAACMBXBvc2l4lIwGc3lzdGVtlJOU"}}',
    '{"value": {"record": ["builtins:print", []]}}',
    '{"value": {"record": ["prompt_or_tune.records:Pair", []]}}',
    '{"value": {"tensor": ["float32", [1000000000], ""]}}',
    '{"value": {"tensor": ["load", [1], "AAAA"]}}',
    '{"value": {"number": ["float64", [], "AAAAAAAAEEA="]}}',
    '{"value": true}',
    '{"value": ' + "9" * 4000 + "}",
    '{"value": ' + "9" * 9000 + "}",
    '{"value": ' + "[" * 3000 + "]" * 3000 + "}",
    '{"value": "' + "x" * (codec.LARGEST - 100) + '"}',
    '{"value": "' + "x" * codec.LARGEST + '"}',
    '{"value": [' + "0," * 900_000 + "0]}",
    '{"value": [' + "[]," * 900_000 + "0]}",
    json.dumps({"value": {"set": [(2**61 - 1) * k for k in range(100_000)]}}),
    json.dumps({"value": {"dict": [[[i], i] for i in range(10)]}}),
    json.dumps({"value": [{"foreign": [f"T{i}", ""]} for i in range(100_000)]}),
    '{"error": "✓ Passed"}',
    '{"error": {"a": 1}}',
    '{"error": null}',
    '{"raised": null}',
    '{"raised": {"names": [], "text": "", "place": ""}}',
    '{"raised": {"names": [3, "a b", "\\ud800"], "text": "\\ud800", "place": ""}}',
    '{"raised": {"names": ["object", "print"], "text": "", "place": ""}}',
    '{"raised": {"names": ["type", "__import__"], "text": "", "place": ""}}',
    '{"raised": {"names": ["StopIteration"], "text": "", "place": ""}}',
    '{"raised": {"names": ["KeyboardInterrupt"], "text": "", "place": ""}}',
    '{"raised": {"names": ["AnswerStopped"], "text": "", "place": ""}}',
    '{"raised": {"names": ["CheckFailed", "AssertionError"], "text": "", "place": ""}}',
    '{"raised": {"names": ["BaseExceptionGroup"], "text": "", "place": ""}}',
    '{"raised": {"names": ["SyntaxError"], "text": "", "place": ""}}',
    '{"raised": {"names": ["UnicodeDecodeError"], "text": "", "place": ""}}',
    '{"raised": {"names": ["' + "x" * 10**6 + '"], "text": "", "place": ""}}',
    '{"raised": {"names": ["E"], "text": "' + "x" * 10**6 + '", "place": ""}}',
    '{"raised": {"names": ["E"], "text": "", "place": {"a": 1}}}',
    '{"names": {"answer": 4}}',
    '{"outputs": [], "error": "", "line": null, "seconds": 0, "is_stopped": false}',
]
CELLS = ("a checked call", "an assertion", "points in part", "a loop", "a member")


@pytest.mark.parametrize("reply", VALUES, ids=lambda reply: reply[:40])
def test_no_reply_to_a_call_gives_a_point_or_stops_the_grader(process, reply):
    started = time.monotonic()
    for name in CELLS:
        run = grade_reply(process, GRADE_CELLS[name], FUNCTION, reply)
        if reply.startswith('{"value": {"number"') and name != "a checked call":
            continue  # numpy's 4.0 is 4 for an assertion, here as in a notebook
        assert count_points(run) == 0, (name, run)
        assert len(json.dumps(run.outputs)) < 200_000
    assert time.monotonic() - started < PATIENCE


@pytest.mark.parametrize(
    "reply",
    [
        *VALUES[:7],
        '{"names": null}',
        '{"names": []}',
        '{"names": {"answer": {"function": 3}}}',
        '{"names": {"answer": {"function": ["f"]}}}',
        '{"names": {"answer": {"function": ["f", "' + "x" * 10**6 + '"]}}}',
        '{"names": {"answer": {"function": ["f", "t"], "more": 1}}}',
        '{"names": {"answer": {"foreign": ["int", "4"]}}}',
        '{"names": {"answer": [{"function": ["f", "t"]}]}}',
        '{"names": {"sum": 3, "all": 3, "__builtins__": {"dict": []}}}',
        '{"names": {"expect_equal": {"function": ["f", "t"]}, "answer": 5}}',
        '{"names": {"CheckFailed": 1, "is_right": 1, "call": 1, "answer": null}}',
    ],
    ids=lambda reply: reply[:60],
)
def test_no_reply_to_what_names_there_are_gives_a_point(process, reply):
    for cell in GRADE_CELLS.values():
        assert count_points(grade_reply(process, cell, reply)) == 0


WANTED = 7_205_759_403_792_794  # not found by chance
PARTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda parts: (
        st.lists(parts, max_size=3)
        | st.dictionaries(
            st.sampled_from("value raised names text place error tuple record foreign "
                            "function answer tensor".split()),
            parts, max_size=3,
        )
    ),
)  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(reply=PARTS | st.text(), key=st.sampled_from(["value", "raised", "names"]))
def test_nothing_that_is_made_up_gives_a_point(process, reply, key):
    cell = f"{COMPARING}expect_equal(call(answer, 2, case='a'), {WANTED}, case='a')"
    text = reply if isinstance(reply, str) else json.dumps({key: reply})
    assert count_points(grade_reply(process, cell, FUNCTION, text)) == 0
    assert count_points(grade_reply(process, cell, text)) == 0


def test_what_a_scenario_gives_is_judged_outside():
    network = draw_adapted_network(seed=1, vocabulary=3, width=2, shapes=[], rank=1)
    cell = (
        f"{COMPARING}from prompt_or_tune.checks import run_scenario\n"
        "from prompt_or_tune.checks.fine_tuning import draw_adapted_network\n"
        "network = draw_adapted_network("
        "seed=1, vocabulary=3, width=2, shapes=[], rank=1)\n"
        "got = call(run_scenario, 'count_trainable', answer, case='a', **network)\n"
        f"expect_equal(got, (0, {network['embedding'].numel() + 2}), case='a')"
    )
    right = "def answer(m):\n    return 0, sum(p.numel() for p in m.parameters())"
    assert run_apart(cell, right).error == ""
    for attack in (
        "import prompt_or_tune.checks.scenarios as s\n"
        "s.run_scenario = lambda *a, **b: (0, 0)\nanswer = len",
        "class A:\n    __call__ = len\n    run_scenario_there = lambda *a: 1\nanswer=A()",
        f"{EVERYTHING}answer = lambda m: (Everything(), Everything())",
        f"{EVERYTHING}answer = Everything()",
    ):
        assert "CheckFailed" in run_apart(cell, attack).error


def test_an_unknown_scenario_is_not_asked_for():
    cell = "from prompt_or_tune.checks import run_scenario\nrun_scenario('mine', answer)"
    assert "no scenario 'mine'" in run_apart(cell, "answer = len").error


def test_nothing_is_left_behind(process, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for reply in VALUES:
        grade_reply(process, GRADE_CELLS["a checked call"], FUNCTION, reply)
    assert list(Path(tmp_path).iterdir()) == []
