"""What `make check` and `make test` run, and how they say what is wrong."""

from __future__ import annotations

import itertools
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests import check

ROOT = Path(__file__).parents[2]
CONFTEST = (ROOT / "tests" / "conftest.py").read_text()

SIDE_BY_SIDE = ("-n", "2", "--dist", "load")


def say(text: str, code: int = 0) -> tuple[str, ...]:
    """Return a command that prints a text and ends with an exit code."""
    return (sys.executable, "-c", f"print({text!r}); raise SystemExit({code})")


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """Replace the linters by three that say a word, and tests by a note of their call."""
    monkeypatch.setattr(check, "LINTERS", {"lint": say("fine"), "types": say("fine")})
    calls: list[tuple[str, ...]] = []

    def note(options: list[str], *, everything: bool) -> bool:
        calls.append((*options, "everything" if everything else "quick"))
        return True

    monkeypatch.setattr(check, "run_tests", note)
    return calls


def test_a_check_that_finds_nothing_is_one_line(started, capfd):
    assert check.main([]) == 0
    lines = capfd.readouterr().out.splitlines()
    assert sorted(lines[:-1]) == ["--- lint: well", "--- types: well"]
    assert "all checks passed" in lines[-1]


def test_what_a_linter_found_is_shown_and_the_others_go_on(started, capfd, monkeypatch):
    monkeypatch.setitem(check.LINTERS, "lint", say("line 7 is too long", code=1))
    assert check.main([]) == 1
    out = capfd.readouterr().out
    assert "--- lint: failed\nline 7 is too long" in out
    assert "--- types: well" in out
    assert "--- failed: lint, in" in out


def test_options_reach_the_tests_and_everything_is_asked_for(started):
    check.main(["-k", "layout"])
    check.main(["--everything", "-x"])
    assert started == [("-k", "layout", "quick"), ("-x", "everything")]


def test_a_failed_test_fails_the_check(started, monkeypatch):
    monkeypatch.setattr(check, "run_tests", lambda *_, **__: False)
    assert check.main([]) == 1


# --- The pace of tests ------------------------------------------------------------------


def run_pytest(folder: Path, tests: str, *options: str, quick: float = 1.0) -> str:
    """Run made-up tests under our conftest, and return what pytest said."""
    text = re.sub(
        r"^QUICK_SECONDS = .*$", f"QUICK_SECONDS = {quick}", CONFTEST, flags=re.M
    )
    (folder / "conftest.py").write_text(text)
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = slow\n browser\n alone\n")
    (folder / "test_made_up.py").write_text(tests)
    command = (sys.executable, "-m", "pytest", "-q", "-p", "xdist", *options)
    alone = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(command, cwd=folder, env=alone, capture_output=True, text=True)
    return done.stdout


COMPUTES = """
import os, pytest

def compute(seconds):
    end = sum(os.times()[:2]) + seconds
    while sum(os.times()[:2]) < end:
        pass

def test_quick(): pass
def test_longer(): compute(0.3)
def test_far_too_long(): compute(1.2)
@pytest.mark.slow
def test_slow_and_marked(): compute(1.2)
"""


@pytest.mark.slow
def test_a_test_that_computes_too_long_fails_unless_it_is_marked(tmp_path):
    said = run_pytest(tmp_path, COMPUTES, quick=0.1)
    assert "1 failed, 3 passed" in said
    assert "mark it with @pytest.mark.slow" in said
    assert "FAILED test_made_up.py::test_far_too_long" in said


@pytest.mark.slow
def test_what_grows_beyond_a_second_is_named_before_it_fails(tmp_path):
    said = run_pytest(tmp_path, COMPUTES, quick=0.1)
    named = re.findall(r"^[\d.]+s test_made_up.py::(\w+)$", said, re.MULTILINE)
    assert named == ["test_far_too_long", "test_longer"]


SHARES = """
import pathlib, time, pytest

LOG = pathlib.Path("log")

def note(name):
    with LOG.open("a") as log:
        log.write(name + "\\n")

@pytest.mark.parametrize("number", range(12))
def test_beside_others(number):
    note("in")
    time.sleep(0.05)
    note("out")

@pytest.mark.alone
@pytest.mark.parametrize("number", range(2))
def test_alone(number):
    note("alone in")
    time.sleep(0.1)
    note("alone out")
"""


@pytest.mark.slow
def test_a_test_that_is_marked_alone_has_no_other_beside_it(tmp_path):
    said = run_pytest(tmp_path, SHARES, *SIDE_BY_SIDE)
    assert "14 passed" in said
    log = (tmp_path / "log").read_text().splitlines()
    inside = 0
    for line in log:
        assert not (line == "alone in" and inside)
        inside += {"in": 1, "out": -1}.get(line.removeprefix("alone "), 0)
        assert inside <= (1 if line.startswith("alone") else 2)
    assert any(a == b == "in" for a, b in itertools.pairwise(log))


@pytest.mark.slow
def test_a_table_is_printed_at_the_end_wherever_its_test_ran(tmp_path):
    tests = "def test_it(print_at_end): print_at_end('a table', ['one', 'two'])"
    for options in ((), SIDE_BY_SIDE):
        said = run_pytest(tmp_path, tests, *options)
        assert re.search(r"=+ a table =+\none\ntwo\n", said)
