"""A preloaded parent and its children: start, talk, interrupt, limits, kill."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
import pytest
from prompt_or_tune.widgets.progress import is_ci

from autograde.errors import AutogradeError
from autograde.sandbox import (
    PreloadedParent,
    StudentKernel,
    find_fault,
    is_visible_inside,
    watcher,
)
from autograde.sandbox.cgroups import ControlGroup, find_tree
from tests.autograde.cells import (
    PRELOAD,
    SMALL,
    Ran,
    run_cell,
    run_cells,
    run_in_kernel,
    small_parent,
    wait_for,
)
from tests.autograde.sandboxes import needs_sandbox


def test_where_everything_is_checked_a_sandbox_can_be_made():
    if not is_ci():
        pytest.skip(
            "on a machine of your own its tests are skipped where none can be made"
        )
    assert find_fault() is None


@pytest.fixture(scope="module")
def parent() -> Iterator[PreloadedParent]:
    with small_parent() as parent:
        yield parent


@pytest.fixture(scope="module")
def trusted() -> Iterator[PreloadedParent]:
    with PreloadedParent(sandboxed=False, preload=PRELOAD, limits=SMALL) as parent:
        yield parent


@pytest.fixture(params=["sandboxed", "trusted"])
def either(request: pytest.FixtureRequest) -> Any:
    if request.param == "sandboxed" and (fault := find_fault()):
        pytest.skip(fault)
    return request.getfixturevalue(
        "parent" if request.param == "sandboxed" else "trusted"
    )


def test_a_kernel_runs_cells_and_keeps_what_they_define(either: PreloadedParent) -> None:
    assert run_cells(either, "x = 6", "print(x * 7)") == Ran("42\n")


def test_half_a_surrogate_pair_hides_nothing(either: PreloadedParent) -> None:
    ran = run_cells(either, "print('a\\ud800b')\nraise ValueError('\\udfff')")
    assert ran == Ran("a?b\n", "ValueError")


def test_a_line_for_the_shell_runs(either: PreloadedParent) -> None:
    assert run_cells(either, "!echo hello").text.strip() == "hello"


def test_a_kernel_starts_with_the_files_of_its_assignment_and_nothing_else(
    either: PreloadedParent,
) -> None:
    files = {"data/words.txt": b"one two", "empty.csv": b""}
    code = "import os; print(sorted(os.listdir()), open('data/words.txt').read())"
    ran = run_in_kernel(either, lambda kernel: run_cell(kernel, code), files)
    assert ran.text == "['data', 'empty.csv'] one two\n"


@pytest.mark.parametrize("name", ["../outside", "/etc/outside", "a/../../outside"])
def test_files_of_an_assignment_stay_in_its_folder(
    either: PreloadedParent, name: str
) -> None:
    with pytest.raises(AutogradeError, match="not a path inside"):
        run_in_kernel(either, lambda kernel: run_cell(kernel, ""), {name: b""})


def test_an_interrupt_stops_a_cell_and_the_kernel_goes_on(
    either: PreloadedParent,
) -> None:
    async def use(kernel: StudentKernel) -> Ran:
        code, begun = "print('begun', flush=True)\nwhile True: pass", asyncio.Event()
        loop = asyncio.create_task(run_cell(kernel, code, printed=begun))
        await begun.wait()
        await kernel.interrupt()
        assert (await loop).error == "KeyboardInterrupt"
        return await run_cell(kernel, "print('still here')")

    assert run_in_kernel(either, use).text == "still here\n"


def test_a_kernel_that_ends_by_itself_is_seen_to_have_ended(
    either: PreloadedParent,
) -> None:
    assert run_cells(either, "import os; os._exit(3)").lost


def test_killing_twice_is_killing_once_and_leaves_no_folder(
    either: PreloadedParent,
) -> None:
    async def use(kernel: StudentKernel) -> tuple[bool, bool]:
        kernel.kill()
        kernel.kill()
        await kernel.interrupt()
        return await kernel.is_alive(), kernel._child._folder.exists()

    assert run_in_kernel(either, use) == (False, False)


def test_a_start_that_is_cancelled_leaves_no_kernel(either: PreloadedParent) -> None:
    async def run() -> None:
        start = asyncio.ensure_future(StudentKernel.start(either))
        await asyncio.sleep(0)  # it has begun
        start.cancel()
        with pytest.raises(asyncio.CancelledError):
            await start
        await wait_for(lambda: not list(either._folder.glob("child-*")))

    asyncio.run(run())


@pytest.mark.slow
def test_nothing_of_the_hosts_environment_comes_along(
    either: PreloadedParent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_SECRET_OF_THE_HOST", "hunter2")
    kind = either.sandboxed
    with PreloadedParent(sandboxed=kind, preload=PRELOAD, limits=SMALL) as parent:
        ran = run_cells(parent, "import os; print(dict(os.environ))")
    assert "hunter2" not in ran.text
    for expected in ("'NBGRADER_EXECUTION': 'autograde'", "'HF_HUB_OFFLINE': '1'"):
        assert expected in ran.text


def test_a_kernel_computes_in_one_thread(either: PreloadedParent) -> None:
    """Others grade beside it, and torch's threads would spin while they wait."""
    code = "import torch; print(torch.get_num_threads())"
    assert run_cells(either, code).text == "1\n"


@pytest.mark.slow
def test_a_parent_that_died_is_started_again_by_the_next_fork(
    either: PreloadedParent,
) -> None:
    assert either._process is not None
    os.kill(either._process.pid, signal.SIGKILL)
    assert run_cells(either, "print(1)").text == "1\n"


def test_closing_a_parent_ends_its_children() -> None:
    if fault := find_fault():
        pytest.skip(fault)

    async def run() -> None:
        with small_parent() as parent:
            kernel = await StudentKernel.start(parent)
            first = psutil.Process(kernel._child.pid)
            assert first.is_running()
        await wait_for(lambda: not first.is_running())
        assert not await kernel.is_alive()
        kernel.kill()

    asyncio.run(run())


@pytest.mark.slow
def test_a_module_that_is_not_there_is_named() -> None:
    with pytest.raises(AutogradeError, match="no_such_module"):
        PreloadedParent(sandboxed=False, preload=["no_such_module"], limits=SMALL)


def test_a_target_that_is_not_there_is_named(either: PreloadedParent) -> None:
    with pytest.raises(AutogradeError, match="no_such_module"):
        either.fork("no_such_module:serve", {})


def test_a_trusted_child_talks_over_its_connection(trusted: PreloadedParent) -> None:
    child = trusted.fork("tests.autograde.test_sandbox:echo", {"word": "hello"})
    child.connection.send(("it", {1, 2}))
    assert child.connection.recv() == ("hello", ("it", {1, 2}))
    child.kill()
    assert not child.is_alive()


def echo(connection: Any, argument: Any) -> None:
    connection.send((argument["word"], connection.recv()))


@needs_sandbox
def test_memory_of_one_cell_is_bounded_by_an_error_that_it_can_see(
    parent: PreloadedParent,
) -> None:
    assert run_cells(parent, "x = bytearray(600 * 2**20)").error == "MemoryError"


@needs_sandbox
def test_computing_time_is_bounded_over_all_processes() -> None:
    code = """
        import os
        for _ in range(3):
            os.fork()
        while True: pass
        """

    async def use(kernel: StudentKernel) -> tuple[Ran, str]:
        return await run_cell(kernel, code), kernel.broken_limit

    with small_parent(cpu_seconds=2) as parent:
        ran, broken = run_in_kernel(parent, use)
    assert ran.lost
    assert broken == "more than 2 s of computing time"


@needs_sandbox
def test_the_time_of_the_whole_notebook_is_bounded() -> None:
    async def use(kernel: StudentKernel) -> tuple[Ran, str]:
        return await run_cell(kernel, "import time; time.sleep(60)"), kernel.broken_limit

    with small_parent(notebook_seconds=1) as parent:
        ran, broken = run_in_kernel(parent, use)
    assert ran.lost
    assert broken == "more than 1 s"


@needs_sandbox
def test_what_was_used_is_told(parent: PreloadedParent) -> None:
    async def use(kernel: StudentKernel) -> tuple[float, float]:
        await run_cell(
            kernel,
            """
            import time
            x = bytearray(b"x" * 100 * 2**20)
            start = time.process_time()
            while time.process_time() < start + 0.5: pass
            """,
        )
        kernel.kill()
        assert kernel._watcher is not None
        return kernel.peak_memory_mb, kernel._watcher.cpu_seconds

    memory, seconds = run_in_kernel(parent, use)
    assert 100 < memory < 300
    assert 0.4 < seconds < 20


def test_a_system_without_bubblewrap_is_told_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    fault = str(find_fault.__wrapped__())
    assert "install" in fault
    assert "--trust" in fault


def test_another_system_than_linux_is_told_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert "needs Linux" in str(find_fault.__wrapped__())


def test_a_watcher_that_fails_lets_nothing_run_on(
    trusted: PreloadedParent, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(process: Any) -> float:
        raise ValueError("no such number")

    async def use(kernel: StudentKernel) -> tuple[bool, str]:
        await wait_for(lambda: not kernel._child.is_alive())
        return await kernel.is_alive(), kernel.broken_limit

    monkeypatch.setattr(watcher, "_measure_memory", fail)
    monkeypatch.setattr(threading, "excepthook", lambda told: None)
    assert run_in_kernel(trusted, use) == (False, "more than can be watched")


def test_a_class_folder_is_invisible_unless_it_lies_in_what_is_shown(
    tmp_path: Path,
) -> None:
    assert not is_visible_inside(tmp_path)
    assert is_visible_inside(Path(sys.prefix) / "share" / "class")
    assert is_visible_inside(Path("/usr/local/class"))


# Control groups: on a tree of files that looks like the kernel's. What the kernel does
# with it is not tested here.


@pytest.fixture
def lent(tmp_path: Path) -> tuple[Path, Path]:
    """Return a root and the file that says where this process is."""
    service = tmp_path / "root" / "user.slice" / "service"
    (service / "grader").mkdir(parents=True)
    (service / "cgroup.controllers").write_text("cpu memory pids\n")
    (service / "cgroup.subtree_control").write_text("")
    own = tmp_path / "own"
    own.write_text("12:cpu:/old\n0::/user.slice/service/grader\n")
    return tmp_path / "root", own


def test_a_lent_tree_is_found_and_switched_on(lent: tuple[Path, Path]) -> None:
    tree = find_tree(*lent)
    assert tree == lent[0] / "user.slice" / "service"
    assert (tree / "cgroup.subtree_control").read_text() == "+memory +pids"


def test_a_tree_without_memory_is_left_alone(lent: tuple[Path, Path]) -> None:
    controllers = lent[0] / "user.slice" / "service" / "cgroup.controllers"
    controllers.write_text("cpu\n")
    assert find_tree(*lent) is None


def test_a_process_at_the_root_has_no_tree(lent: tuple[Path, Path]) -> None:
    for where in ("0::/", "0::/grader", "0::/../../elsewhere/grader", "4:memory:/x"):
        lent[1].write_text(where + "\n")
        assert find_tree(*lent) is None


def test_a_group_bounds_memory_with_its_scratch_folder_and_processes(
    tmp_path: Path,
) -> None:
    group = ControlGroup.make(tmp_path, "child", SMALL)
    group.add(7)
    wrote = {file.name: file.read_text() for file in group.folder.iterdir()}
    assert wrote["memory.max"] == str(316 * 2**20)
    assert wrote["pids.max"] == "41"
    assert wrote["cgroup.procs"] == "7"
    assert not group.has_run_out_of_memory()
    (group.folder / "memory.events").write_text("low 0\noom 2\noom_kill 1\n")
    assert group.has_run_out_of_memory()
