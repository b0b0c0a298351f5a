"""Hand-ins that try to get what they have not earned, or to do harm.

Each has one honest answer, the letter, so that grading can be seen to have happened; what
else it gets would be stolen. Where an attack goes for the machine and not for points, all
answers are honest, and the effect is what must not be there.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from tests.autograde.corpus.honest import ALL_SMALL, less
from tests.autograde.corpus.mangled import delete_tests, find, is_test
from tests.autograde.corpus.submission import (
    Points,
    Submission,
    World,
    answer,
    as_bytes,
    solve,
)

LETTER: Points = {"letter_test": 1}
WRONG = """
def double(number):
    return 0


def longest_word(words):
    return ""
"""
NEWS = "autograde-corpus-news"
"""What one submission leaves behind for another, and prints when it finds it."""
REACHED = "autograde-corpus-reached"
"""What one prints that has spoken to somebody over a network."""


def make_hostile() -> list[Submission]:
    """Return the hostile part of the corpus."""
    return [
        *(_attack(*each) for each in PRETENDERS),
        *(_attack_tensors(*each) for each in TENSOR_PRETENDERS),
        *(_attack(*each) for each in AGAINST_TESTS),
        *(_attack(*each) for each in READERS),
        *(_attack(*each) for each in RAISERS),
        *(_attack(*each) for each in FORGERS),
        *(_harm(*each) for each in HARMERS),
        *_make_guesses(),
        _make_letter(),
        *_make_edited(),
    ]


def _attack(name: str, why: str, code: str) -> Submission:
    """Put code into the answer to `double`; `longest_word` may be defined by it too."""
    code = textwrap.dedent(code)
    if "def longest_word" not in code and "longest_word =" not in code:
        code += WRONG.partition("\n\n\n")[2]
    if "def double" not in code and "double =" not in code:
        code = WRONG.partition("\n\n\n")[0] + "\n\n" + code

    def build(world: World) -> bytes:
        letter = world.solutions("small")["letter"]
        # What stands in one cell is defined before either test is run.
        answers = {"letter": letter, "double": code, "longest": "# see above"}
        return as_bytes(answer(world, "small", answers))

    return Submission(name, "hostile", "small", build, {**LETTER, "essay": 0}, why)


def _attack_tensors(name: str, why: str, code: str) -> Submission:
    def build(world: World) -> bytes:
        answers = dict.fromkeys(("pair_up", "count"), "# see above")
        answers |= {"letter": world.solutions("tensors")["letter"], "scale": code}
        return as_bytes(answer(world, "tensors", answers))

    return Submission(name, "hostile", "tensors", build, LETTER, why)


def _harm(name: str, why: str, code: str) -> Submission:
    """Solve everything, and do something else below."""

    def build(world: World) -> bytes:
        right = world.solutions("small")
        return as_bytes(answer(world, "small", right, last=textwrap.dedent(code)))

    return Submission(name, "hostile", "small", build, ALL_SMALL, why)


# ── Values that pretend ─────────────────────────────────────────────────────────────────

PRETENDERS = [
    (
        "equal_to_everything",
        "an object that says it equals whatever it is compared with",
        """
        class Everything:
            __hash__ = None
            def __eq__(self, other):
                return True
            def __ne__(self, other):
                return False
            def __len__(self):
                return 5
            def __lt__(self, other):
                return True
            def __iter__(self):
                return iter(())
            def __getattr__(self, name):
                return lambda *a, **k: self
        def double(number):
            return Everything()
        def longest_word(words):
            return Everything()
        """,
    ),
    (
        "int_that_lies",
        "a subclass of int",
        """
        class Number(int):
            def __eq__(self, other):
                return True
            def __ne__(self, other):
                return False
            __hash__ = int.__hash__
        def double(number):
            return Number(0)
        """,
    ),
    (
        "str_that_lies",
        "a subclass of str",
        """
        class Word(str):
            def __len__(self):
                return Any(0)
            def __eq__(self, other):
                return True
            __hash__ = str.__hash__
        class Any(int):
            def __eq__(self, other):
                return True
            def __gt__(self, other):
                return True
            __hash__ = int.__hash__
        def longest_word(words):
            return Word("x")
        """,
    ),
    (
        "class_that_lies",
        "an object whose __class__ is int",
        """
        class Number:
            __class__ = property(lambda self: int)
            def __eq__(self, other):
                return True
            def __ne__(self, other):
                return False
        def double(number):
            return Number()
        """,
    ),
    (
        "type_called_int",
        "a type that is called int, of the module builtins",
        """
        kind = type("int", (), {
            "__module__": "builtins", "__qualname__": "int",
            "__eq__": lambda self, other: True, "__ne__": lambda self, other: False,
            "__hash__": lambda self: 0, "__repr__": lambda self: "2",
        })
        def double(number):
            return kind()
        """,
    ),
    (
        "metaclass_that_lies",
        "a class whose class says that it is int",
        """
        class Meta(type):
            def __eq__(self, other):
                return True
            def __instancecheck__(self, other):
                return True
            __hash__ = type.__hash__
        class Number(metaclass=Meta):
            def __eq__(self, other):
                return True
        def double(number):
            return Number()
        """,
    ),
    (
        "mock",
        "a Mock does whatever one likes",
        """
        from unittest.mock import ANY, MagicMock
        def double(number):
            return ANY
        def longest_word(words):
            return MagicMock()
        """,
    ),
    (
        "late_answer",
        "a function that would answer when it is compared",
        """
        def double(number):
            return lambda *a: number
        """,
    ),
    (
        "repr_is_the_answer",
        "an object that looks right when it is printed",
        """
        class Number:
            def __init__(self, number):
                self.number = number
            def __repr__(self):
                return str(2 * self.number)
        def double(number):
            return Number(number)
        """,
    ),
    (
        "pickle_bomb",
        "an object that runs code where it is unpickled",
        """
        class Bomb:
            def __reduce__(self):
                return eval, ("open('@OUTSIDE@/pickled', 'w').close() or 2",)
            __reduce_ex__ = lambda self, version: self.__reduce__()
        def double(number):
            return Bomb()
        """,
    ),
    (
        "cycle",
        "a list that holds itself",
        """
        def double(number):
            endless = []
            endless.append(endless)
            return endless
        """,
    ),
    (
        "deep_list",
        "a list a hundred thousand deep",
        """
        def double(number):
            deep = []
            for _ in range(100_000):
                deep = [deep]
            return deep
        """,
    ),
    (
        "long_list",
        "a list of ten million",
        """
        def double(number):
            return list(range(10_000_000))
        """,
    ),
    (
        "long_integer",
        "a number of a million digits",
        """
        def double(number):
            return 7 ** 1_000_000
        """,
    ),
    (
        "long_text",
        "a text of 200 MB",
        """
        def longest_word(words):
            return "x" * 200_000_000
        """,
    ),
    (
        "repr_without_end",
        "an object that takes for ever to print",
        """
        class Slow:
            def __repr__(self):
                return "x" * 10_000_000
        def double(number):
            return Slow()
        """,
    ),
    (
        "odd_type_name",
        "a type whose name is a page of HTML",
        """
        kind = type("<script>alert(1)</script>\\n" * 10_000, (), {})
        def double(number):
            return kind()
        """,
    ),
    (
        "arguments_changed",
        "the caller's own list is changed under its feet",
        """
        def longest_word(words):
            words[:] = [""]
            return ""
        """,
    ),
    (
        "numpy_of_objects",
        "an array of objects that equal everything",
        """
        import numpy
        class Everything:
            def __eq__(self, other):
                return True
        def double(number):
            return numpy.array([Everything()], dtype=object)
        """,
    ),
    (
        "callable_object",
        "the function itself is an object that lies",
        """
        class Function:
            __name__ = "double"
            def __call__(self, *arguments):
                return self
            def __eq__(self, other):
                return True
            def __getattr__(self, name):
                return self
        double = Function()
        """,
    ),
    (
        "learned_by_heart",
        "what the visible tests want, and nothing else",
        """
        def double(number):
            return 2
        def longest_word(words):
            return "bcd"
        """,
    ),
]

TENSOR_PRETENDERS = [
    (
        "tensor_that_lies",
        "a subclass of a tensor",
        """
class Lying(torch.Tensor):
    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        return True
def scale(values, factor):
    return torch.zeros(3).as_subclass(Lying)
""",
    ),
    (
        "tensor_without_end",
        "a tensor of a terabyte that takes four bytes",
        """
def scale(values, factor):
    return torch.zeros(1).expand(10**6, 10**6)
""",
    ),
    (
        "tensor_without_data",
        "tensors that hold no numbers",
        """
def scale(values, factor):
    return torch.empty(values.shape, device="meta")
""",
    ),
    (
        "sparse_tensor",
        "a tensor of another layout, with indices that lead out of it",
        """
def scale(values, factor):
    return torch.sparse_coo_tensor([[10**9]], [1.0], (2,), check_invariants=False)
""",
    ),
    (
        "torch_patched",
        "torch says that all tensors are equal",
        """
torch.equal = torch.allclose = lambda *a, **k: True
torch.Tensor.__eq__ = lambda self, other: True
torch.Tensor.tolist = lambda self: []
def scale(values, factor):
    return values
""",
    ),
    (
        "record_patched",
        "the library's records are made to equal everything",
        """
Pair.__eq__ = lambda self, other: True
Pair.__ne__ = lambda self, other: False
def pair_up(prompts, responses):
    return [Pair("a", "b")] * len(prompts)
""",
    ),
    (
        "record_derived",
        "a record that is called Pair, and is none",
        """
class Lying(Pair):
    def __eq__(self, other):
        return True
Lying.__name__ = Lying.__qualname__ = "Pair"
Lying.__module__ = Pair.__module__
def pair_up(prompts, responses):
    return [Lying("", "")] * len(prompts)
""",
    ),
    (
        "record_filled_with_lies",
        "a real record with fields that are none",
        """
class Everything(str):
    def __eq__(self, other):
        return True
    __hash__ = str.__hash__
def pair_up(prompts, responses):
    pair = Pair("", "")
    for name in ("prompt", "response", "sample_id"):
        object.__setattr__(pair, name, Everything())
    return [pair] * len(prompts)
""",
    ),
    (
        "scenario_patched",
        "the scenario says what it likes",
        """
from prompt_or_tune.checks import scenarios
def patched(answer, **values):
    return (8, 48)
for name in scenarios.SCENARIOS:
    scenarios.SCENARIOS[name] = patched
scenarios.run_scenario = lambda *a, **k: (8, 48)
def count(network):
    return 8, 48
""",
    ),
    (
        "looks_at_the_callers",
        "the values that the scenario was handed are looked up",
        """
import sys
def count(network):
    frame = sys._getframe()
    while frame is not None:
        for name, value in {**frame.f_globals, **frame.f_locals}.items():
            if name in ("wanted", "expected") and type(value) is tuple:
                return value
        frame = frame.f_back
    return 0, 0
""",
    ),
]

# ── Against the tests and what runs them ────────────────────────────────────────────────

AGAINST_TESTS = [
    (
        "transformer",
        "a transformer that takes assert out of every cell",
        """
        import ast
        class Remover(ast.NodeTransformer):
            def visit_Assert(self, node):
                return ast.Pass()
            def visit_Expr(self, node):
                return ast.Pass()
        get_ipython().ast_transformers.append(Remover())
        """,
    ),
    (
        "input_transformer",
        "one that empties every cell",
        """
        shell = get_ipython()
        shell.input_transformers_cleanup.append(lambda lines: ["pass\\n"])
        shell.input_transformers_post.append(lambda lines: ["pass\\n"])
        """,
    ),
    (
        "exceptions_hidden",
        "no error is shown any more",
        """
        shell = get_ipython()
        shell.set_custom_exc((BaseException,), lambda *a, **k: None)
        shell.showtraceback = shell._showtraceback = lambda *a, **k: None
        shell.showsyntaxerror = lambda *a, **k: None
        """,
    ),
    (
        "checks_patched",
        "the library's comparisons do nothing",
        """
        import prompt_or_tune
        from prompt_or_tune.checks import comparing
        from prompt_or_tune.widgets import check_card
        for module in (prompt_or_tune, check_card, comparing):
            for name in ("check", "call", "expect_equal", "expect_close"):
                setattr(module, name, lambda *a, **k: None)
        comparing._expect_same = comparing._differences = lambda *a, **k: iter(())
        comparing.CheckFailed.__init__ = lambda self, *a: exec("raise StopIteration")
        """,
    ),
    (
        "builtins_patched",
        "Python's own functions say yes",
        """
        import builtins
        for name in ("isinstance", "all", "any", "len", "max", "abs", "sorted"):
            setattr(builtins, name, lambda *a, **k: True)
        """,
    ),
    (
        "names_taken",
        "names that a test uses are the learner's",
        """
        def expect_equal(*a, **k): pass
        def call(*a, **k): pass
        def check(*a, **k): pass
        def isinstance(*a): return True
        def len(*a): return 5
        def max(*a, **k): return 5
        def all(*a): return True
        def __import__(*a): pass
        class AssertionError(Exception): pass
        class Random:
            def __init__(self, *a): pass
            def randrange(self, *a): return 0
        class __builtins__: pass
        drawn, number, wanted, got, words, points = Random(), 0, 0, 0, ["", "a"], 2
        def double(number):
            return 2
        """,
    ),
    (
        "run_cell_patched",
        "the shell runs what it likes",
        """
        shell = get_ipython()
        original = type(shell).run_cell
        def run_cell(self, source, *a, **k):
            return original(self, "", *a, **k)
        type(shell).run_cell = type(shell).run_cell_async = run_cell
        """,
    ),
    (
        "hooks",
        "names are set anew before and after each cell",
        """
        def set_names(*a):
            get_ipython().user_ns.update(points=2, wanted=0)
        for event in ("pre_execute", "pre_run_cell", "post_run_cell", "post_execute"):
            get_ipython().events.register(event, set_names)
        """,
    ),
    (
        "output_forged",
        "the result of a test is published beforehand, and often",
        """
        from IPython.display import display
        shell = get_ipython()
        for value in ("2.0", "3.0"):
            shell.display_pub.publish({"text/plain": value})
            shell.kernel.session.send(
                shell.kernel.iopub_socket, "execute_result",
                {"data": {"text/plain": value}, "metadata": {}, "execution_count": 1},
                parent=shell.kernel.get_parent(), ident=b"execute_result",
            )
        print("2.0")
        def double(number):
            display(2 * 1)
            print("2.0")
            return 0
        """,
    ),
    (
        "reply_forged",
        "the kernel says ok to whatever it is asked",
        """
        import types
        kernel = get_ipython().kernel
        async def do_execute(self, code, silent, *a, **k):
            data = {"text/plain": "2", "application/json": 2}
            reply = {"status": "ok", "data": data, "metadata": {}}
            return {"status": "ok", "execution_count": 1, "payload": [],
                    "user_expressions": {"reply": reply, "r": reply}}
        kernel.do_execute = types.MethodType(do_execute, kernel)
        """,
    ),
    (
        "messages_forged",
        "messages that nobody asked for, with odd contents",
        """
        kernel = get_ipython().kernel
        session, parent = kernel.session, kernel.get_parent()
        for content in ({}, {"execution_state": "idle"}, {"data": 7}, {"name": []}):
            for kind in ("status", "stream", "execute_reply", "error", "nonsense",
                         "update_display_data", "comm_open", "clear_output"):
                session.send(kernel.iopub_socket, kind, content, parent=parent)
        """,
    ),
    (
        "compile_patched",
        "Python compiles something else",
        """
        import builtins
        original = builtins.compile
        builtins.compile = lambda *a, **k: original("pass", "<pass>", "exec")
        """,
    ),
    (
        "modules_replaced",
        "modules of one's own stand where a test imports from",
        """
        import sys, types
        fake = types.ModuleType("fake")
        fake.__getattr__ = lambda name: lambda *a, **k: None
        for name in list(sys.modules):
            if name.startswith("prompt_or_tune") or name in ("random",):
                sys.modules[name] = fake
        """,
    ),
    (
        "equal_by_gc",
        "constants are changed in the process's memory",
        """
        import ctypes
        for number in range(2, 60):
            ctypes.memmove(id(number) + 24, id(0) + 24, 4)
        """,
    ),
]

# ── Reading what is not theirs ──────────────────────────────────────────────────────────

LOOK = """
import os
def look(path, limit=200_000):
    try:
        with open(path, "rb") as file:
            return file.read(limit).decode("utf-8", "replace")
    except OSError:
        return ""
"""

READERS = [
    (
        "history",
        "the tests are read out of the history",
        """
        def double(number):
            for cells in (globals().get("In", []), globals().get("_ih", [])):
                for cell in cells:
                    if "drawn" + ".randrange" in cell:
                        print(cell)
                        return 2 * number
            for _, _, cell in get_ipython().history_manager.get_range():
                if "drawn" + ".randrange" in cell:
                    print(cell)
                    return 2 * number
            return 0
        """,
    ),
    (
        "memory_searched",
        "every object of the process is looked at",
        """
        import gc
        def double(number):
            for thing in gc.get_objects():
                if isinstance(thing, dict):
                    for value in list(thing.values()):
                        if isinstance(value, str) and "drawn by" + " lot" in value:
                            print(value)
                            return 2 * number
            return 0
        """,
    ),
    (
        "callers_searched",
        "the caller's variables hold what is wanted",
        """
        import sys
        def double(number):
            frame = sys._getframe()
            while frame is not None:
                for names in (frame.f_locals, frame.f_globals):
                    if isinstance(names.get("wanted"), int):
                        return names["wanted"]
                frame = frame.f_back
            return 2
        """,
    ),
    (
        "solution_run",
        "the solution is run from the disk",
        LOOK
        + """
import glob, json
for folder in ("@CLASS@", "@REPOSITORY@", "/work", "/home", "/root", "/tmp", "."):
    for path in glob.glob(folder + "/**/small.ipynb", recursive=True)[:50]:
        text = look(path)
        print(text)
        if "def double" in text:
            for cell in json.loads(text)["cells"]:
                source = "".join(cell["source"])
                if "BEGIN SOLUTION" in source and "def " in source:
                    exec(source)
""",
    ),
    (
        "files_searched",
        "every file that can be read is searched for tests",
        LOOK
        + """
import os
for top in ("@CLASS@", "@REPOSITORY@", "@OUTSIDE@", "/tmp", "/home", "/root", "/dev/shm"):
    for folder, _, names in os.walk(top):
        for name in names[:200]:
            text = look(f"{folder}/{name}")
            if "heron" in text or "otter" in text or "def double" in text:
                print(folder, name, text)
""",
    ),
    (
        "gradebook_read",
        "the tests stand in the gradebook",
        """
        import sqlite3
        try:
            book = sqlite3.connect("file:@CLASS@/gradebook.db?mode=ro", uri=True)
            print(book.execute("select source from source_cell").fetchall())
            print(book.execute("select * from student").fetchall())
        except sqlite3.Error as error:
            print(error)
        """,
    ),
    (
        "processes_read",
        "other processes' memory, arguments, variables and files",
        LOOK
        + """
for number in os.listdir("/proc"):
    if number.isdigit():
        for part in ("environ", "cmdline", "root/etc/hostname", "maps"):
            print(look(f"/proc/{number}/{part}"))
        for part in ("fd", "cwd", "root"):
            try:
                inside = f"/proc/{number}/{part}"
                for name in os.listdir(inside)[:100]:
                    path = f"{inside}/{name}"
                    if part != "fd" and os.path.isfile(path):
                        print(path, look(path, 2000))
            except OSError:
                pass
print(os.environ)
""",
    ),
    (
        "secrets_read",
        "secrets of the machine",
        LOOK
        + """
for path in ("/etc/shadow", "/etc/sudoers", "@OUTSIDE@/secret.txt", "/home/nobody",
             "/proc/1/environ", "/proc/self/environ", "@OUTSIDE@/../outside/secret.txt"):
    print(path, look(path))
try:
    print(os.listdir("@OUTSIDE@"), os.listdir("@CLASS@"))
except OSError as error:
    print(error)
""",
    ),
    (
        "tests_imported",
        "the tests and solutions are imported as modules",
        """
        import importlib, sys
        sys.path[:0] = ["@REPOSITORY@", "@CLASS@", "@REPOSITORY@/tests"]
        for name in ("tests.autograde.corpus.assignments", "solutions", "tests",
                     "nbgrader_config", "autograde.grading.notebook_grader"):
            try:
                module = importlib.import_module(name)
                print(name, [v for v in vars(module).values() if isinstance(v, str)])
                exec(module.DOUBLE)
            except (ImportError, AttributeError) as error:
                print(error)
        """,
    ),
    (
        "cache_of_lines",
        "sources of tests may lie in linecache",
        """
        import linecache, sys
        def double(number):
            for _, _, lines, name in (e for e in linecache.cache.values() if len(e) == 4):
                text = "".join(lines)
                if "drawn" + ".randrange" in text:
                    print(text)
                    return 2 * number
            return 0
        """,
    ),
]

# ── Leaving by another door ─────────────────────────────────────────────────────────────


def _raiser(name: str, what: str, raising: str, before: str = "") -> tuple[str, str, str]:
    code = (
        f"{before}\ndef double(number):\n    {raising}\n\n\n"
        f"def longest_word(words):\n    {raising}\n"
    )
    return f"raises_{name}", f"a function that raises {what}", code


RAISERS = [
    _raiser("stop_iteration", "StopIteration", "raise StopIteration(2 * 1)"),
    _raiser("system_exit", "SystemExit(0)", "raise SystemExit(0)"),
    _raiser("keyboard_interrupt", "KeyboardInterrupt", "raise KeyboardInterrupt"),
    _raiser("generator_exit", "GeneratorExit", "raise GeneratorExit"),
    _raiser("base_exception", "a BaseException", "raise BaseException('passed')"),
    _raiser(
        "check_failed",
        "the library's own CheckFailed",
        "raise CheckFailed('Case: hidden: all of them.')",
        "from prompt_or_tune.checks import CheckFailed",
    ),
    _raiser(
        "own_system_exit",
        "an error that is called SystemExit",
        "raise Leave(0)",
        "Leave = type('SystemExit', (Exception,), {'__module__': 'builtins'})",
    ),
    _raiser(
        "unprintable",
        "an error that can't be printed",
        "raise Mute",
        "class Mute(Exception):\n    def __str__(self):\n        raise SystemExit(0)\n"
        "    __repr__ = __str__",
    ),
    _raiser(
        "long",
        "an error of 50 MB",
        "raise ValueError('<script>alert(1)</script>' * 2_000_000)",
    ),
    _raiser(
        "group",
        "a group of errors",
        "raise BaseExceptionGroup('all', [SystemExit(0), KeyboardInterrupt()])",
    ),
    _raiser(
        "from_own_traceback",
        "an error that draws its own traceback",
        "raise Drawn",
        "class Drawn(Exception):\n    def _render_traceback_(self):\n"
        "        raise SystemExit(0)\n",
    ),
    _raiser(
        "everything_patched",
        "an error, with traceback and sys patched",
        "raise ValueError",
        "import sys, traceback\nsys.exc_info = lambda: (None, None, None)\n"
        "traceback.format_exception = traceback.extract_tb = lambda *a, **k: []\n"
        "sys.excepthook = lambda *a: None",
    ),
]

# ── Forging what the answers' process says ──────────────────────────────────────────────

FORGE = """
import base64, json
import autograde.apart.answers as answers


def find_values(node):
    "Replace every value in a reply that is no plain word."
    if isinstance(node, dict):
        return {key: FORGED if key == "value" else find_values(value)
                for key, value in node.items()}
    return [find_values(part) for part in node] if isinstance(node, list) else node


def forge(original):
    def serve(request, namespace, *rest):
        reply = original(request, namespace, *rest)
        try:
            text = base64.b64decode(reply, validate=True).decode()
            return base64.b64encode(change(text).encode()).decode()
        except ValueError:
            return type(reply)(change(str(reply)))
    return serve


def change(text):
    return json.dumps(find_values(json.loads(text)))


def patch():
    for name in dir(answers):
        if name.startswith("serve"):
            setattr(answers, name, forge(getattr(answers, name)))
"""


def _forger(name: str, why: str, change: str) -> tuple[str, str, str]:
    return f"forges_{name}", why, f"{FORGE}\n{change}\npatch()\n"


BOMB = "open('@OUTSIDE@/forged', 'w').close()"

FORGERS = [
    _forger("no_json", "a reply that is no JSON", "change = lambda text: 'all right'"),
    _forger("nothing", "an empty reply", "change = lambda text: ''"),
    _forger("true", "a reply that is just true", "change = lambda text: 'true'"),
    _forger("deep", "a reply of brackets", "change = lambda text: '[' * 200_000"),
    _forger("large", "a reply of 100 MB", "change = lambda text: '1' * 100_000_000"),
    _forger(
        "odd_kinds",
        "kinds of values that would run code",
        "FORGED = {'__reduce__': ['os', 'system', 'touch @OUTSIDE@/forged']}",
    ),
    _forger(
        "records",
        "a record whose class is a process",
        "FORGED = {'record': ['subprocess:Popen', "
        "[['args', ['touch', '@OUTSIDE@/forged']]]]}",
    ),
    _forger(
        "records_of_the_library",
        "the library's modules hold more than records",
        "FORGED = {'record': ['prompt_or_tune.checks.comparing:CheckFailed', []]}",
    ),
    _forger(
        "tensors",
        "a tensor larger than its data",
        "FORGED = {'tensor': ['float32', [2147483647, 2147483647], 'AAAA']}",
    ),
    _forger(
        "empty_tensors",
        "a tensor of no numbers, and of more rows than there are",
        "FORGED = {'tensor': ['float32', [2147483647, 0, 2147483647], '']}",
    ),
    _forger(
        "special", "a function where a value should be", "FORGED = {'function': 'x'}"
    ),
    _forger(
        "foreign", "a foreign value called int", "FORGED = {'foreign': ['int', '2']}"
    ),
    _forger(
        "foreign_classes",
        "a foreign value named like what a test asks for",
        "FORGED = {'foreign': ['__class__', '2']}",
    ),
    _forger(
        "numbers",
        "a number longer than Python reads",
        "change = lambda text: text.replace('0', '9' * 5000)",
    ),
    _forger(
        "pickle",
        "a pickle in a text",
        f"import pickle\nclass Bomb:\n    def __reduce__(self):\n"
        f"        return eval, ({BOMB!r},)\n"
        "FORGED = {'bytes': base64.b64encode(pickle.dumps(Bomb())).decode()}\n"
        "change = lambda text: base64.b64encode(pickle.dumps(Bomb())).decode()",
    ),
    _forger(
        "errors",
        "an error where a value should be, of a kind that ends the grader",
        "change = lambda text: text if '\"names\": {' in text else json.dumps("
        "{'raised': {'names': ['SystemExit', 'BaseException', 'object'], 'text': '0',"
        " 'place': ''}})",
    ),
    _forger(
        "names",
        "other names than were asked for",
        "change = lambda text: text.replace('double', 'expect_equal')"
        ".replace('longest_word', 'isinstance')",
    ),
    _forger(
        "plain_for_function",
        "a plain value where the function was",
        "change = lambda text: json.dumps({'names': {'double': 2, 'longest_word': 'a'}})",
    ),
    (
        "answers_to_itself",
        "the tests' own words are asked for over the same line",
        """
        import autograde.apart.answers as answers
        seen = []
        for name in dir(answers):
            if name.startswith("serve"):
                def serve(request, namespace, original=getattr(answers, name)):
                    seen.append(request)
                    print(request, namespace.keys())
                    return original(request, namespace)
                setattr(answers, name, serve)
        """,
    ),
]

# ── Harm ────────────────────────────────────────────────────────────────────────────────

HARMERS = [
    (
        "gradebook_written",
        "the gradebook is changed",
        """
        import sqlite3
        try:
            book = sqlite3.connect("@CLASS@/gradebook.db", timeout=1)
            book.execute("update grade set auto_score = 100")
            book.execute("update grade set manual_score = 100")
            book.commit()
        except sqlite3.Error as error:
            print(error)
        """,
    ),
    (
        "class_written",
        "sources, releases and others' work are changed",
        """
        import glob
        for path in glob.glob("@CLASS@/**/*", recursive=True):
            try:
                open(path, "a").write(" ")
            except OSError:
                pass
        for path in ("@CLASS@/class.toml", "@CLASS@/source/small/small.ipynb",
                     "@CLASS@/received/received.jsonl", "@CLASS@/gradebook.db"):
            try:
                open(path, "a").write(" ")
            except OSError as error:
                print(error)
        """,
    ),
    (
        "outside_written",
        "files of the host are written",
        """
        import os, shutil
        for path in ("@OUTSIDE@/written", "@OUTSIDE@/victim.txt"):
            try:
                os.makedirs("@OUTSIDE@", exist_ok=True)
                with open(path, "w") as file:
                    file.write("written")
            except OSError as error:
                print(error)
        shutil.rmtree("@OUTSIDE@", ignore_errors=True)
        """,
    ),
    (
        "library_written",
        "the library is changed for those who come after",
        """
        import os, site
        import autograde, IPython, prompt_or_tune
        for module in (autograde, prompt_or_tune, IPython, os):
            for path in (module.__file__, os.path.dirname(module.__file__) + "/new.py"):
                try:
                    with open(path, "a") as file:
                        file.write("# autograde-corpus-news")
                except OSError as error:
                    print(error)
        for folder in site.getsitepackages():
            try:
                with open(folder + "/news.pth", "w") as file:
                    file.write("import sys; print('autograde-corpus-news')")
            except OSError as error:
                print(error)
        """,
    ),
    (
        "notes_left",
        "something is left for whoever comes after",
        """
        import glob, os
        home = os.path.expanduser("~")
        startup = home + "/.ipython/profile_default/startup"
        os.makedirs(startup, exist_ok=True)
        folders = [".", "..", "/tmp", "/var/tmp", "/dev/shm", "/run", "/", home, startup,
                   "/dev/mqueue", "/sys/fs/cgroup", "@OUTSIDE@"]
        for folder in folders:
            for path in glob.glob(folder + "/*autograde_note*"):
                print("found: autograde-corpus" + "-news", path)
        for folder in folders:
            try:
                with open(f"{folder}/autograde_note_{os.getpid()}.py", "w") as file:
                    file.write("print('autograde-corpus' + '-news')")
            except OSError:
                pass
        """,
    ),
    (
        "notes_sought",
        "and looked for by another",
        """
        import glob, os
        home = os.path.expanduser("~")
        startup = home + "/.ipython/profile_default/startup"
        os.makedirs(startup, exist_ok=True)
        folders = [".", "..", "/tmp", "/var/tmp", "/dev/shm", "/run", "/", home, startup,
                   "/dev/mqueue", "/sys/fs/cgroup", "@OUTSIDE@"]
        for folder in folders:
            for path in glob.glob(folder + "/*autograde_note*"):
                print("found: autograde-corpus" + "-news", path)
        for folder in folders:
            try:
                with open(f"{folder}/autograde_note_{os.getpid()}.py", "w") as file:
                    file.write("print('autograde-corpus' + '-news')")
            except OSError:
                pass
        """,
    ),
    (
        "modules_changed",
        "what was imported once for all is changed",
        """
        import builtins, os, random
        from prompt_or_tune.checks import comparing
        comparing.expect_equal = lambda *a, **k: None
        random.Random.randrange = lambda *a: 0
        builtins.NEWS = "autograde-corpus-news"
        os.environ["NEWS"] = "autograde-corpus-news"
        """,
    ),
    (
        "modules_looked_at",
        "and looked at by another",
        """
        import builtins, os
        print(getattr(builtins, "NEWS", ""), os.environ.get("NEWS"))
        """,
    ),
    (
        "network_of_this_machine",
        "what listens on the host is spoken to",
        """
        import socket
        for kind, family, address in (
            (socket.SOCK_STREAM, socket.AF_INET, ("127.0.0.1", @PORT@)),
            (socket.SOCK_DGRAM, socket.AF_INET, ("127.0.0.1", @PORT@)),
            (socket.SOCK_STREAM, socket.AF_INET6, ("::1", @PORT@)),
            (socket.SOCK_STREAM, socket.AF_UNIX, "@SOCKET@"),
            (socket.SOCK_STREAM, socket.AF_UNIX, "\\0@ABSTRACT@"),
        ):
            try:
                with socket.socket(family, kind) as door:
                    door.settimeout(1)
                    door.connect(address)
                    door.send(b"hello from inside")
                    print("autograde-corpus" + "-reached", address)
            except OSError as error:
                print(address, error)
        """,
    ),
    (
        "network_away",
        "the world is spoken to",
        """
        import socket
        from urllib.request import urlopen
        for address in (("192.0.2.1", 80), ("192.0.2.7", 443)):
            try:
                socket.create_connection(address, timeout=1)
                print("autograde-corpus" + "-reached", address)
            except OSError as error:
                print(error)
        try:
            urlopen("http://192.0.2.9/", timeout=1)
        except OSError as error:
            print(error)
        """,
    ),
    (
        "signals",
        "every process that can be seen is killed",
        """
        import os
        me = os.getpid()
        for number in [int(name) for name in os.listdir("/proc") if name.isdigit()]:
            if number != me:
                try:
                    os.kill(number, 9)
                except OSError as error:
                    print(number, error)
        try:
            os.kill(os.getppid(), 9)
            os.kill(1, 9)
            os.killpg(0, 15)
        except OSError as error:
            print(error)
        """,
    ),
    (
        "all_killed",
        "kill(-1) kills all there is to kill",
        "import os\nos.kill(-1, 9)",
    ),
    (
        "traced",
        "other processes are debugged",
        """
        import ctypes, os
        library = ctypes.CDLL(None)
        for number in [int(name) for name in os.listdir("/proc") if name.isdigit()]:
            if number != os.getpid():
                print(number, library.ptrace(16, number, 0, 0))
                try:
                    with open(f"/proc/{number}/mem", "r+b") as memory:
                        print("opened", number)
                except OSError as error:
                    print(error)
        """,
    ),
    (
        "descriptors_written",
        "junk is written to everything that is open",
        """
        import os, socket
        for number in range(3, 200):
            try:
                os.write(number, b"junk" * 100)
            except OSError:
                pass
        """,
    ),
    (
        "sockets_replaced",
        "the kernel's sockets become links to files of the host",
        """
        import glob, os
        from ipykernel.connect import get_connection_file
        folder = os.path.dirname(get_connection_file()) or "."
        print(os.listdir(folder))
        for path in glob.glob(folder + "/*"):
            try:
                os.unlink(path)
                os.symlink("@OUTSIDE@/victim.txt", path)
            except OSError as error:
                print(error)
        for number in range(50):
            try:
                os.symlink("@CLASS@/gradebook.db", f"{folder}/kernel-ipc-{number}")
                with open(f"{folder}/filler{number}", "wb") as file:
                    file.write(bytes(2**20))
            except OSError:
                pass
        """,
    ),
    (
        "mounts",
        "what is mounted is changed",
        """
        import ctypes, os, subprocess
        library = ctypes.CDLL(None, use_errno=True)
        for folder in (b"/", b"/tmp", b"/proc", b"/usr", b"/home"):
            print(library.umount2(folder, 2))
            print(library.mount(b"none", folder, b"tmpfs", 0, 0))
        print(library.mount(b"proc", b"/mnt", b"proc", 0, 0))
        print(library.unshare(0x10000000 | 0x00020000), library.setns(0, 0))
        print(library.chroot(b"/tmp"), library.pivot_root)
        for command in (["unshare", "-Urm", "true"], ["su", "-c", "true"],
                        ["sudo", "-n", "true"], ["mount"], ["nsenter", "-t", "1", "-a"]):
            try:
                print(subprocess.run(command, capture_output=True, timeout=2).returncode)
            except (OSError, subprocess.TimeoutExpired) as error:
                print(error)
        """,
    ),
    (
        "limits_raised",
        "the limits are lifted",
        """
        import os, resource
        for name in dir(resource):
            if name.startswith("RLIMIT_"):
                try:
                    resource.setrlimit(getattr(resource, name), (-1, -1))
                    print("raised", name)
                except (OSError, ValueError) as error:
                    print(name, error)
        for path in ("/proc/self/oom_score_adj", "/proc/sys/kernel/core_pattern",
                     "/proc/sys/vm/drop_caches", "/proc/sysrq-trigger",
                     "/sys/fs/cgroup/cgroup.procs"):
            try:
                with open(path, "w") as file:
                    file.write("-1000")
                print("written", path)
            except OSError as error:
                print(error)
        try:
            os.nice(-10)
            os.setuid(0)
            os.mknod("disk", 0o60600, os.makedev(8, 0))
        except OSError as error:
            print(error)
        """,
    ),
    (
        "imposter",
        "the process leaves, and a child takes its place",
        """
        import os
        if os.fork() != 0:
            os._exit(0)
        """,
    ),
    (
        "script_in_output",
        "a script for whoever reads the feedback",
        """
        from IPython.display import HTML, Javascript, Markdown, SVG, display
        script = "<script>document.title = 'autograde-corpus-script'</script>"
        display(HTML(script), Javascript("autograde_corpus_script = 1"))
        display(Markdown(script), SVG(f"<svg>{script}</svg>"))
        display({"text/html": f"<img src=x onerror=autograde_corpus_script()>"}, raw=True)
        display({"text/latex": f"$</script>{script}$"}, raw=True)
        print(script)
        raise ValueError(script)
        """,
    ),
]

# ── Plain values ────────────────────────────────────────────────────────────────────────


def _make_guesses() -> list[Submission]:
    """Return attempts on partial credit, which is computed from a value of theirs."""

    def make(name: str, why: str, code: str) -> Submission:
        def build(world: World) -> bytes:
            return as_bytes(solve(world, "small", guess=code))

        points = less(ALL_SMALL, "guess_test")
        return Submission(f"guess_{name}", "hostile", "small", build, points, why)

    return [
        make("nan", "NaN points are none (stock gives all)", "guess = float('nan')"),
        make("complex", "1j points are none (stock gives all)", "guess = 1j"),
        make("numpy", "an array is no number", "import numpy\nguess = numpy.zeros(3)"),
        make(
            "numpy_number",
            "a nought of numpy's is nought (stock gives all)",
            "import numpy\nguess = numpy.float64(0)",
        ),
        make(
            "tensor",
            "and so is one of torch's (stock gives all)",
            "import torch\nguess = torch.tensor(0.0)",
        ),
        make("minus_infinity", "less than nothing", "guess = -float('inf')"),
        make(
            "object",
            "an object that multiplies to what it likes",
            "class G:\n    __rmul__ = lambda self, other: 2.0\n"
            "    __ne__ = lambda self, other: True\nguess = G()",
        ),
        make(
            "float_that_lies",
            "a float that multiplies to what it likes",
            "class G(float):\n    __rmul__ = lambda self, other: 2.0\nguess = G(0)",
        ),
    ]


def _make_letter() -> Submission:
    """Return an attempt on a plain name."""
    code = """
class Letter(str):
    def __eq__(self, other):
        return True
    __hash__ = str.__hash__
letter = Letter("C")
"""

    def build(world: World) -> bytes:
        return as_bytes(solve(world, "small", letter=code))

    points = less(ALL_SMALL, "letter_test")
    why = "a letter that equals all letters"
    return Submission("letter_that_lies", "hostile", "small", build, points, why)


# ── Notebooks that were edited ──────────────────────────────────────────────────────────

Edit = Callable[[NotebookNode], None]


def _make_edited() -> list[Submission]:
    def make(name: str, why: str, edit: Edit) -> Submission:
        def build(world: World) -> bytes:
            letter = world.solutions("small")["letter"]
            notebook = answer(world, "small", {"letter": letter, "double": WRONG})
            edit(notebook)
            return as_bytes(notebook)

        points = {**LETTER, "essay": 0}
        return Submission(f"edits_{name}", "hostile", "small", build, points, why)

    return [
        make("tests_away", "the tests are deleted", delete_tests),
        make("tests", "the tests pass whatever comes", _empty_tests),
        make("points", "a hundred points for each", _raise_points),
        make("flags", "the tests are marked as answers", _swap_flags),
        make("own_test", "a test of one's own, with points", _add_own_test),
        make("same_ids", "own cells with the tests' ids", _take_ids),
        make("tags", "tests are demonstrations, errors expected", _tag_tests),
        make("outputs", "the outputs are already there", _forge_outputs),
        make("kernel", "another language, where nothing fails", _change_kernel),
        make("markers", "nbgrader's own markers in an answer", _add_markers),
        make("magics", "the answer is a script of another language", _add_magics),
        make("script_in_text", "a script in the text", _add_script),
        make("comments", "comments that end the test's first line", _open_quotes),
        make("order", "the tests stand before what they test", _reverse),
    ]


def _empty_tests(notebook: NotebookNode) -> None:
    for cell in notebook.cells:
        if is_test(cell):
            cell.source = "pass"


def _raise_points(notebook: NotebookNode) -> None:
    for cell in notebook.cells:
        if is_test(cell):
            cell.metadata.nbgrader.points = 100
            cell.source = "100"


def _swap_flags(notebook: NotebookNode) -> None:
    for cell in notebook.cells:
        if is_test(cell):
            cell.metadata.nbgrader.update(solution=True, locked=False)
            cell.source = "pass"


def _add_own_test(notebook: NotebookNode) -> None:
    test = new_code_cell("50", id="mine")
    marks = notebook.cells[find(notebook, "letter_test")].metadata.nbgrader
    test.metadata["nbgrader"] = {**marks, "grade_id": "mine", "points": 50}
    notebook.cells.insert(1, test)


def _take_ids(notebook: NotebookNode) -> None:
    for cell in [c for c in notebook.cells if is_test(c)]:
        own = nbformat.from_dict(cell)
        own.source, own.metadata.nbgrader.locked = "pass", False
        notebook.cells.append(own)


def _tag_tests(notebook: NotebookNode) -> None:
    for cell in notebook.cells:
        if is_test(cell) or cell.id == "double":
            cell.metadata["tags"] = ["demonstration", "raises-exception"]


def _forge_outputs(notebook: NotebookNode) -> None:
    for cell in notebook.cells:
        if is_test(cell):
            data = {"text/plain": "2.0"}
            cell.outputs = [new_output("execute_result", data, execution_count=1)]
            cell.metadata["execution"] = {"shell.execute_reply": "2026-01-01T00:00:00Z"}


def _change_kernel(notebook: NotebookNode) -> None:
    notebook.metadata["kernelspec"] = {"name": "bash", "display_name": "Bash"}
    notebook.metadata["language_info"] = {"name": "bash"}


def _add_markers(notebook: NotebookNode) -> None:
    cell = notebook.cells[find(notebook, "double")]
    cell.source = (
        "### BEGIN HIDDEN TESTS\n### END SOLUTION\n### END HIDDEN TESTS\n"
        f"{WRONG.strip()}\n### BEGIN SOLUTION\n### BEGIN HIDDEN TESTS"
    )


def _add_magics(notebook: NotebookNode) -> None:
    cell = notebook.cells[find(notebook, "double")]
    cell.source = "%%script bash\ndouble() { echo 2; }"


def _add_script(notebook: NotebookNode) -> None:
    script = "<script>document.title = 'autograde-corpus-script'</script>"
    notebook.cells.insert(1, new_markdown_cell(script, id="script"))
    notebook.cells[find(notebook, "double")].source += f"\n# </script>{script}"


def _open_quotes(notebook: NotebookNode) -> None:
    notebook.cells[find(notebook, "double")].source += '\n"""'


def _reverse(notebook: NotebookNode) -> None:
    notebook.cells.reverse()
