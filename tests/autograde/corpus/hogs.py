"""Hand-ins that take more than their share, by accident or not.

All of them are bounded (3 GB, 300 processes, 300 MB of disk), so that a machine survives
a sandbox that fails. The hog stands in the last answer or below it, so that what was
earned before is plain.
"""

from __future__ import annotations

from tests.autograde.corpus.honest import ALL_SMALL, less
from tests.autograde.corpus.submission import Submission, World, answer, as_bytes, solve

MARK = "autograde-corpus-daemon"
"""Stands in the command line of every process that a hog leaves behind."""


def make_hogs() -> list[Submission]:
    """Return the greedy part of the corpus."""
    return [
        *(_in_answer(name, why, code) for name, why, code in IN_ANSWERS),
        *(_below(name, why, code, look) for name, why, code, look in BELOW),
    ]


def _in_answer(name: str, why: str, code: str) -> Submission:
    def build(world: World) -> bytes:
        return as_bytes(solve(world, "small", longest=world.fill_in(code).strip("\n")))

    points = less(ALL_SMALL, "longest_test")
    why += "; what came before it counts"
    look = None if name.startswith("memory") else True  # it may be a mere exception
    return Submission(name, "hog", "small", build, points, why, look=look)


def _below(name: str, why: str, code: str, look: bool | None) -> Submission:
    def build(world: World) -> bytes:
        return as_bytes(answer(world, "small", world.solutions("small"), last=code))

    return Submission(name, "hog", "small", build, ALL_SMALL, why, look=look)


IN_ANSWERS = [
    ("endless_loop", "a loop", "while True:\n    pass"),
    (
        "endless_loop_uninterruptible",
        "a loop that takes no interrupt",
        """
import signal
signal.signal(signal.SIGINT, signal.SIG_IGN)
while True:
    try:
        while True:
            pass
    except BaseException:
        pass
""",
    ),
    (
        "endless_call",
        "a call that never returns",
        "def longest_word(words):\n    while True:\n        pass",
    ),
    (
        "endless_call_uninterruptible",
        "a call that takes no interrupt",
        """
def longest_word(words):
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass
""",
    ),
    (
        "slow_calls",
        "each call is quick enough, the cell is not",
        """
import time
def longest_word(words):
    time.sleep(2.5)
    return max(words, key=len)
""",
    ),
    (
        "no_interrupts_in_c",
        "a regular expression that takes a century",
        "import re\nre.match(r'(a+)+$', 'a' * 60 + 'b')",
    ),
    ("exits", "the process is gone", "import os\nos._exit(0)"),
    (
        "exits_in_a_call",
        "the process is gone",
        "import os\ndef longest_word(words):\n    os._exit(0)",
    ),
    ("kills_itself", "the process is gone", "import os\nos.kill(os.getpid(), 9)"),
    ("crashes", "the process is gone", "import ctypes\nctypes.string_at(0)"),
    ("stops_itself", "the process sleeps", "import os\nos.kill(os.getpid(), 19)"),
    (
        "memory",
        "more memory than there is",
        """
held = []
for _ in range(48):
    held.append(bytearray(b"x" * 2**26))
    assert len(held) < 48
import os
os.kill(os.getpid(), 9)
""",
    ),
    (
        "memory_in_a_call",
        "more memory than there is",
        """
def longest_word(words):
    held = [bytearray(b"x" * 2**26) for _ in range(48)]
    return 1 // 0
""",
    ),
]

BELOW: list[tuple[str, str, str, bool | None]] = [
    (
        "fork_bomb",
        "processes without end",
        """
import os, time
for _ in range(300):
    if os.fork() == 0:
        time.sleep(20)
        os._exit(0)
""",
        None,
    ),
    (
        "forks_of_forks",
        "processes that make processes",
        """
import os, time
for _ in range(8):
    try:
        os.fork()
    except OSError:
        pass
time.sleep(1)
""",
        None,
    ),
    (
        "threads_without_end",
        "threads without end",
        """
import threading, time
for _ in range(300):
    threading.Thread(target=time.sleep, args=(20,), daemon=True).start()
""",
        None,
    ),
    (
        "memory_of_children",
        "each child a little, together too much",
        """
import os, time
for _ in range(12):
    if os.fork() == 0:
        held = bytearray(b"x" * (200 * 2**20))
        time.sleep(20)
        os._exit(0)
time.sleep(20)
""",
        True,
    ),
    (
        "shared_memory",
        "memory that belongs to no process",
        """
import mmap
held = []
for _ in range(24):
    held.append(mmap.mmap(-1, 2**27))
    for at in range(0, 2**27, 4096):
        held[-1][at] = 1
""",
        None,
    ),
    (
        "disk",
        "one file without end",
        """
with open("big", "wb") as file:
    for _ in range(300):
        file.write(bytes(2**20))
        file.flush()
""",
        None,
    ),
    (
        "disk_everywhere",
        "files wherever one may write",
        """
import os
for folder in (".", "/tmp", "/dev/shm", "/var/tmp", os.path.expanduser("~"), "/run"):
    for number in range(30):
        try:
            with open(f"{folder}/filler{number}", "wb") as file:
                file.write(bytes(2**21))
        except OSError:
            pass
""",
        None,
    ),
    (
        "many_files",
        "small files without end",
        """
import os
try:
    for number in range(20_000):
        os.close(os.open(f"small{number}", os.O_CREAT | os.O_WRONLY))
except OSError:
    pass
""",
        None,
    ),
    ("output", "text without end", "while True:\n    print('x' * 10_000)", True),
    (
        "output_of_a_thread",
        "text without end, from the background",
        """
import threading
def shout():
    for _ in range(100_000):
        print("y" * 1_000)
threading.Thread(target=shout, daemon=True).start()
""",
        None,
    ),
    (
        "output_by_the_descriptor",
        "text without end, past Python",
        """
import os
for _ in range(3_000):
    os.write(1, b"z" * 100_000)
""",
        None,
    ),
    (
        "displays",
        "pictures without end",
        """
from IPython.display import HTML, display
for _ in range(300):
    display(HTML("<p>" + "x" * 1_000_000))
""",
        True,
    ),
    ("long_value", "a value of 50 MB", "'x' * 50_000_000", None),
    ("long_error", "an error of 50 MB", "raise ValueError('x' * 50_000_000)", None),
    (
        "daemon",
        "a process that would outlive the grader",
        f"""
import os, subprocess, sys
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        command = "import time; time.sleep(600)"
        os.execv(sys.executable, [sys.executable, "-S", "-c", command, "{MARK}"])
    os._exit(0)
""",
        None,
    ),
    (
        "daemon_in_its_own_session",
        "another way to outlive it",
        f"""
import subprocess, sys
command = [sys.executable, "-S", "-c", "import time; time.sleep(600)", "{MARK}"]
subprocess.Popen(command, start_new_session=True)
""",
        None,
    ),
    ("asks_to_exit", "the kernel is told to go", "exit()", None),
    ("huge_number", "a number of a hundred million digits", "10 ** 10**8", True),
    (
        "deep_recursion",
        "more frames than the stack holds",
        """
import sys
sys.setrecursionlimit(10**9)
def dig(n):
    return [dig(n + 1)]
dig(0)
""",
        None,
    ),
    ("resets", "every name is deleted", "%reset -f", None),
]
