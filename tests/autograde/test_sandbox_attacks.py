"""What hostile code tries inside the sandbox, and what comes of it: nothing outside.

Each attack is a cell with all of Python at hand. After each, another kernel of the same
parent that ran beside it still holds what it held.
"""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from autograde.sandbox import PreloadedParent, StudentKernel
from tests.autograde.cells import (
    PATIENCE,
    PRELOAD,
    SMALL,
    Ran,
    find_processes,
    run_cell,
    run_cells,
    small_parent,
    wait_for,
)
from tests.autograde.sandboxes import needs_sandbox

pytestmark = [
    pytest.mark.slow,
    needs_sandbox,
]
REPOSITORY = Path(__file__).parents[2]

CALLS = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
def call(name, *arguments):
    result = getattr(libc, name)(*arguments)
    print(name, "refused" if result == -1 else "DONE", flush=True)
"""


@pytest.fixture(scope="module")
def parent() -> Iterator[PreloadedParent]:
    with small_parent() as parent:
        yield parent


def attack(
    parent: PreloadedParent, *sources: str, files: dict[str, bytes] | None = None
) -> tuple[Ran, str]:
    """Run cells beside a bystander; return the last's outcome and the limit it broke.

    Waits until the attacker's kernel has ended or the cell has. Fails if the bystander
    or the parent came to harm.
    """

    async def run() -> tuple[Ran, str]:
        bystander = await StudentKernel.start(parent)
        attacker = await StudentKernel.start(parent, files)
        before = parent._process
        try:
            await run_cell(bystander, "secret = 'held'")
            for source in sources:
                ran = await run_cell(attacker, source)
            attacker.kill()
            assert (await run_cell(bystander, "print(secret)")).text == "held\n"
            assert parent._process is before
            assert before is not None
            assert before.poll() is None
            return ran, attacker.broken_limit
        finally:
            attacker.kill()
            bystander.kill()

    return asyncio.run(run())


# Files


def test_nothing_of_the_machine_that_is_private_can_be_read(
    parent: PreloadedParent, tmp_path: Path
) -> None:
    gradebook = tmp_path / "gradebook.db"
    gradebook.write_text("all grades")
    wanted = [
        gradebook,
        tmp_path,
        REPOSITORY / "solutions",
        REPOSITORY / "build",
        REPOSITORY / "tests",
        Path.home() / ".ssh",
        Path.home() / ".bashrc",
        parent._folder,
        Path("/etc/shadow"),
        Path("/etc/passwd"),
        Path("/var/lib"),
        Path("/run"),
        Path("/home"),
    ]
    code = f"""
        import glob, os
        roots = ["", *glob.glob("/proc/*/root"), *glob.glob("/proc/*/cwd/../..")]
        for path in {[str(path) for path in wanted]}:
            for root in roots:
                if os.path.exists(root + path):
                    print("SEEN", root + path)
        print("looked")
        """
    assert attack(parent, code)[0] == Ran("looked\n")


def test_of_this_repository_only_the_two_packages_are_there(
    parent: PreloadedParent,
) -> None:
    code = f"""
        import os
        for folder in ("{REPOSITORY}", "{REPOSITORY}/course"):
            print(*sorted(os.listdir(folder)))
        """
    ran, _ = attack(parent, code)
    python = Path(sys.prefix)  # as `make` sets it up, it lies in the repository
    seen = [name for name in ran.text.split() if REPOSITORY / name != python]
    assert seen == "autograde course pyproject.toml prompt_or_tune".split()


def test_nothing_can_be_written_but_the_scratch_folder(parent: PreloadedParent) -> None:
    code = """
        import os
        wrote = set()
        for folder, folders, files in os.walk("/"):
            if folder.startswith(("/proc", "/sys")):
                folders.clear()
                continue
            if os.access(folder, os.W_OK):
                wrote.add("/".join(folder.split("/")[:3]))
        print(*sorted(wrote))
        """
    ran, _ = attack(parent, code)
    places = set(ran.text.split())
    assert "/dev/shm" in places
    assert {place for place in places if not place.startswith("/tmp")} == {"/dev/shm"}


def test_what_one_child_leaves_the_next_does_not_find(parent: PreloadedParent) -> None:
    leave = """
        import json, os, sys
        for folder in ("/tmp", "/dev/shm", os.environ["HOME"], "."):
            open(os.path.join(folder, "left"), "w").write("answers")
        json.loads = None
        sys.path.insert(0, "/tmp")
        master, slave = os.openpty()
        """
    find = """
        import json, os, sys
        for folder, folders, files in os.walk("/"):
            if folder.startswith(("/proc", "/sys", "/usr")):
                folders.clear()
            if "left" in files:
                print("FOUND", folder)
        print(json.loads("[1]"), "/tmp" in sys.path, os.listdir("/dev/pts"))
        """
    attack(parent, leave)
    assert run_cells(parent, find).text == "[1] False ['ptmx']\n"

    async def beside() -> Ran:
        first = await StudentKernel.start(parent)
        second = await StudentKernel.start(parent)
        try:
            await run_cell(first, leave)
            return await run_cell(second, find)
        finally:
            first.kill()
            second.kill()

    assert asyncio.run(beside()).text == "[1] False ['ptmx']\n"


# Network


def test_no_server_on_this_machine_can_be_reached(
    parent: PreloadedParent, tmp_path: Path
) -> None:
    hidden = "\0autograde-attacked"
    with (
        socket.create_server(("127.0.0.1", 0)) as tcp,
        socket.socket(socket.AF_UNIX) as named,
        socket.socket(socket.AF_UNIX) as abstract,
    ):
        path = str(tmp_path / "socket")
        named.bind(path)
        named.listen()
        abstract.bind(hidden)
        abstract.listen()
        code = f"""
            import socket
            port = {tcp.getsockname()[1]}
            for family, address in [
                (socket.AF_INET, ("127.0.0.1", port)),
                (socket.AF_INET, ("0.0.0.0", port)),
                (socket.AF_UNIX, {path!r}),
                (socket.AF_UNIX, {hidden!r}),
            ]:
                try:
                    socket.socket(family).connect(address)
                    print("REACHED", address)
                except OSError:
                    print("refused")
            """
        assert attack(parent, code)[0].text == "refused\n" * 4


def test_no_other_machine_can_be_reached(parent: PreloadedParent) -> None:
    code = """
        import socket
        print([name for _, name in socket.if_nameindex()])
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            try:
                socket.socket(socket.AF_INET, kind).connect(("192.0.2.1", 53))
                print("REACHED")
            except OSError:
                print("refused")
        for family, protocol in [(socket.AF_PACKET, 3), (socket.AF_INET, 1)]:
            try:
                socket.socket(family, socket.SOCK_RAW, protocol)
                print("MADE")
            except PermissionError:
                print("refused")
        try:
            print(socket.getaddrinfo("example.org", 80))
        except socket.gaierror:
            print("refused")
        """
    assert attack(parent, code)[0].text == "['lo']\n" + "refused\n" * 5


# Processes


def test_no_process_of_another_can_be_seen(parent: PreloadedParent) -> None:
    code = """
        import os
        print(sorted(int(name) for name in os.listdir("/proc") if name.isdigit()))
        print(os.getuid() != 0, os.getpid())
        """
    assert attack(parent, code)[0].text == "[1, 2]\nTrue 2\n"


def test_process_1_cannot_be_looked_into_stopped_or_killed(
    parent: PreloadedParent,
) -> None:
    code = """
        import os, signal
        for name in ("mem", "environ", "fd", "root", "cwd", "maps", "exe", "ns/user"):
            try:
                path = "/proc/1/" + name
                print("READ", os.listdir(path) if name == "fd" else open(path).read(1))
            except OSError:
                pass
        call("ptrace", 16, 1, None, None)
        call("process_vm_readv", 1, None, 0, None, 0, 0)
        for number in range(1, 65):
            try:
                os.kill(1, number)
            except OSError:
                pass
        call("syscall", 438, os.pidfd_open(1), 0, 0)  # pidfd_getfd
        print("still here")
        """
    text = attack(parent, CALLS, code)[0].text
    assert "READ" not in text
    assert "DONE" not in text
    assert text.endswith("still here\n")


def test_signals_for_everyone_reach_only_the_attacker(parent: PreloadedParent) -> None:
    code = """
        import os, subprocess
        mine = subprocess.Popen(["sleep", "60"])
        os.kill(-1, 9)  # all but itself
        print(mine.wait())
        """
    assert attack(parent, code)[0].text == "-9\n"


def test_a_limit_put_on_process_1_ends_only_the_attacker(
    parent: PreloadedParent,
) -> None:
    code = """
        import resource
        for limit in (resource.RLIMIT_NOFILE, resource.RLIMIT_CPU, resource.RLIMIT_AS):
            resource.prlimit(1, limit, (0, 0))
        print("done")
        """
    attack(parent, code)


def test_nothing_inherited_leads_outside(parent: PreloadedParent) -> None:
    code = """
        import fcntl, os, socket
        own = {line.split()[6] for line in open("/proc/net/unix").read().splitlines()[1:]}
        links = {}
        for number in map(int, os.listdir("/proc/self/fd")):
            try:
                links[os.readlink(f"/proc/self/fd/{number}")] = number
            except OSError:
                pass  # the list's own
        foreign = []
        for link, number in links.items():
            if link.startswith("socket:") and link[8:-1] not in own:
                foreign.append(socket.socket(fileno=os.dup(number)))
            elif not link.startswith(("pipe:", "socket:", "anon_inode:", "/dev/")):
                print("OPEN", number, link)
        # The host's ends of the kernel's channels, and no others.
        foreign = [one for one in foreign if one.family == socket.AF_UNIX]
        print(sorted(one.getsockname()[-4:] for one in foreign))
        for one in foreign:
            for request in (0x8912, 0x8913, 0x8933, 0x894C):  # of the host's network
                try:
                    fcntl.ioctl(one, request, bytes(64))
                    print("ASKED", hex(request))
                except PermissionError:
                    pass
        """
    assert attack(parent, code)[0].text == "['/s-1', '/s-2', '/s-4']\n"


def test_rubbish_in_every_descriptor_harms_only_the_attacker(
    parent: PreloadedParent,
) -> None:
    code = """
        import os
        for number in range(256):
            try:
                os.set_blocking(number, False)
                os.write(number, os.urandom(100_000))
            except OSError:
                pass
        os._exit(0)
        """
    attack(parent, code)
    assert run_cells(parent, "print(1)").text == "1\n"


# The kernel of the system


def test_privileges_are_gone_for_good(parent: PreloadedParent) -> None:
    code = """
        import subprocess
        for line in open("/proc/self/status"):
            if line.startswith(("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")):
                assert int(line.split()[1], 16) == 0, line
            if line.startswith("NoNewPrivs"):
                assert line.split()[1] == "1", line
        print("none")
        """
    assert attack(parent, code)[0] == Ran("none\n")


@pytest.mark.parametrize(
    "line",
    [
        'call("unshare", 0x10000000)',
        'call("unshare", 0x00020000)',
        'call("setns", 0, 0)',
        'call("mount", b"tmpfs", b"/tmp", b"tmpfs", 0, None)',
        'call("mount", b"none", b"/usr", None, 32 | 4096, None)',
        'call("umount2", b"/proc", 2)',
        'call("umount2", b"/tmp", 2)',
        'call("pivot_root", b"/tmp", b"/tmp")',
        'call("chroot", b"/tmp")',
        'call("sethostname", b"x", 1)',
        'call("setuid", 0)',
        'call("memfd_create", b"x", 0)',
        'call("shmget", 0, 1 << 20, 0o1600)',
        'call("msgget", 0, 0o1600)',
        'call("mq_open", b"/x", 0o102, 0o600, None)',
        'call("syscall", 248, b"user", b"x", b"y", 1, -2)  # add_key',
        'call("syscall", 321, 0, None, 0)  # bpf',
        'call("syscall", 323, 0)  # userfaultfd',
        'call("syscall", 298, None, 0, -1, -1, 0)  # perf_event_open',
        'call("syscall", 425, 8, None)  # io_uring_setup',
        'call("syscall", 304, 0, None, 0)  # open_by_handle_at',
        'call("syscall", 56, 0x10000000 | 17, 0, 0, 0, 0)  # clone with a new user',
        'call("syscall", 0x40000000 | 39)  # the numbers of x32',
    ],
)
def test_system_calls_that_lead_out_are_refused(
    parent: PreloadedParent, line: str
) -> None:
    if "syscall" in line and psutil.os.uname().machine != "x86_64":
        pytest.skip("these numbers are of x86_64")
    text = run_cells(parent, CALLS, line).text
    assert text.endswith("refused\n")


def test_settings_of_the_machine_cannot_be_written(parent: PreloadedParent) -> None:
    code = """
        import os
        wrote = []
        for folder, _, files in os.walk("/proc/sys"):
            for name in files:
                path = os.path.join(folder, name)
                if name == "ns_last_pid":
                    continue  # of one's own processes, and only opening it is free
                try:
                    os.close(os.open(path, os.O_WRONLY))
                    wrote.append(path)
                except OSError:
                    pass
        for path in ("/proc/sysrq-trigger", "/proc/1/oom_score_adj"):
            try:
                os.close(os.open(path, os.O_WRONLY))
                wrote.append(path)
            except OSError:
                pass
        print(wrote)
        """
    assert attack(parent, code)[0].text == "[]\n"


def test_limits_cannot_be_raised(parent: PreloadedParent) -> None:
    code = """
        import resource
        for name in dir(resource):
            if name.startswith("RLIMIT_"):
                number = getattr(resource, name)
                soft, hard = resource.getrlimit(number)
                if hard == resource.RLIM_INFINITY:
                    continue
                try:
                    resource.setrlimit(number, (soft, hard + 1))
                    print("RAISED", name)
                except (ValueError, OSError):
                    pass
        print("as before")
        """
    assert attack(parent, code)[0].text == "as before\n"


# Using too much


def test_a_fork_bomb_is_bounded_and_ends_with_its_kernel(
    parent: PreloadedParent,
) -> None:
    code = """
        import os, time
        count = 0
        try:
            while True:
                if os.fork() == 0:
                    os.setsid()
                    while True: time.sleep(1)
                count += 1
        except OSError:
            print(count < 40)
        """
    assert attack(parent, code)[0].text == "True\n"


@pytest.mark.parametrize("start", ["os.fork()", "threading.Thread(target=spin).start()"])
def test_what_computes_many_times_at_once_goes_last(
    parent: PreloadedParent, start: str
) -> None:
    code = f"""
        import hashlib, os, threading
        def spin():
            data = bytes(2**22)
            while True: hashlib.sha256(data)  # without the interpreter's lock
        for _ in range(4):
            {start}
        spin()
        """

    async def run() -> None:
        kernel = await StudentKernel.start(parent)
        kernel.client.execute(textwrap.dedent(code))
        first = psutil.Process(kernel._child.pid)
        await wait_for(lambda: all(p.nice() == 19 for p in first.children()))
        kernel.kill()

    asyncio.run(run())


def test_threads_are_bounded(parent: PreloadedParent) -> None:
    code = """
        import threading, time
        try:
            for _ in range(1000):
                threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
            print("ALL")
        except RuntimeError:
            print("refused")
        """
    assert attack(parent, code)[0].text == "refused\n"


@pytest.mark.parametrize(
    "code",
    [
        """  # every page once, in shared memory that no limit per process counts
        import mmap
        kept = []
        while True:
            kept.append(mmap.mmap(-1, 16 * 2**20, mmap.MAP_SHARED | mmap.MAP_ANONYMOUS))
            for page in range(0, 16 * 2**20, 4096):
                kept[-1][page] = 1
        """,
        """  # many processes, each below its limit
        import os, time
        for _ in range(20):
            if os.fork() == 0:
                kept = b"x" * (100 * 2**20)
                time.sleep(60)
        time.sleep(60)
        """,
        """  # a process that left its parents
        import os, time
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                kept = [b"x" * (100 * 2**20)]
                os.fork()
                os.fork()
                kept += [bytes([os.getpid()]) * (100 * 2**20)]
                time.sleep(60)
            os._exit(0)
        time.sleep(60)
        """,
    ],
    ids=["shared", "many", "daemon"],
)
def test_memory_is_bounded_over_all_processes(parent: PreloadedParent, code: str) -> None:
    ran, broken = attack(parent, code.partition("\n")[2])
    assert broken == "more than 300 MB of memory" or ran.error == "OSError"


def test_memory_shared_after_a_fork_counts_once(parent: PreloadedParent) -> None:
    code = """
        import os, time
        kept = b"x" * (150 * 2**20)
        children = []
        for _ in range(5):
            child = os.fork()
            if child == 0:
                time.sleep(1)
                os._exit(0)
            children.append(child)
        for child in children:
            os.waitpid(child, 0)
        print("fine")
        """
    assert attack(parent, code) == (Ran("fine\n"), "")


@pytest.mark.parametrize(
    "code",
    [
        "open('big', 'wb').write(bytes(9 * 2**20))",
        """
        for number in range(100):
            with open(f'/tmp/{number}', 'wb') as file: file.write(bytes(2**20))
        """,
        """
        for number in range(100):
            with open(f'/dev/shm/{number}', 'wb') as file: file.write(bytes(2**20))
        """,
        """
        for number in range(30_000):
            open(str(number), 'w').close()
        """,
        """
        import os
        for number in range(30_000):
            os.mkdir(str(number)); os.chdir(str(number))
        """,
        """
        kept = []
        while True:  # files that have no name any more
            kept.append(open('gone', 'wb', buffering=0)); kept[-1].write(bytes(2**20))
            import os; os.unlink('gone')
        """,
    ],
    ids=["one", "many", "shared memory", "empty ones", "folders", "deleted ones"],
)
def test_disk_is_bounded(parent: PreloadedParent, code: str) -> None:
    assert attack(parent, code)[0].error == "OSError"


def test_open_files_are_bounded(parent: PreloadedParent) -> None:
    code = """
        import os
        kept = []
        try:
            while True: kept.append(os.open("/dev/null", 0))
        except OSError:
            count = len(kept)
            while kept: os.close(kept.pop())
            print(count < 256)
        """
    assert attack(parent, code)[0].text == "True\n"


def test_a_loop_that_ignores_interrupts_is_killed(parent: PreloadedParent) -> None:
    code = """
        import signal
        for number in range(1, 65):
            try: signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError): pass
        signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
        while True:
            try:
                while True: pass
            except BaseException: pass
        """

    async def run() -> None:
        kernel = await StudentKernel.start(parent)
        first = psutil.Process(kernel._child.pid)
        with pytest.raises(TimeoutError):
            await run_cell(kernel, code, 1)
        await kernel.interrupt()
        with pytest.raises(TimeoutError):
            await run_cell(kernel, "1", 1)
        kernel.kill()
        assert not first.is_running() or first.status() == psutil.STATUS_ZOMBIE

    asyncio.run(run())


def test_a_daemon_dies_with_the_kernel(parent: PreloadedParent) -> None:
    mark = "123454321"
    code = f"""
        import os, signal, subprocess
        subprocess.Popen(["nohup", "setsid", "sleep", "{mark}"],
                         start_new_session=True, preexec_fn=lambda: os.nice(5))
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
                os.execvp("sleep", ["sleep", "{mark}"])
            os._exit(0)
        """

    async def run() -> None:
        kernel = await StudentKernel.start(parent)
        await run_cell(kernel, code)
        await wait_for(lambda: len(find_processes(mark)) >= 2)
        kernel.kill()
        await wait_for(lambda: not find_processes(mark))

    asyncio.run(run())


def test_a_kernel_that_kills_itself_takes_its_daemons_along(
    parent: PreloadedParent,
) -> None:
    mark = "543212345"
    code = f"""
        import os, subprocess
        subprocess.Popen(["setsid", "sleep", "{mark}"], start_new_session=True)
        os.kill(os.getpid(), 9)
        """

    async def run() -> None:
        kernel = await StudentKernel.start(parent)
        assert (await run_cell(kernel, code)).lost
        await wait_for(lambda: not find_processes(mark))
        kernel.kill()

    asyncio.run(run())


def test_everything_dies_with_a_grader_that_is_killed() -> None:
    mark = "987656789"
    code = f"""
import asyncio
from autograde.sandbox import StudentKernel
from tests.autograde.cells import run_cell, small_parent

DAEMON = "import subprocess; subprocess.Popen(['setsid', 'sleep', '{mark}'])"

async def run():
    with small_parent() as parent:
        await run_cell(await StudentKernel.start(parent), DAEMON)
        print("begun", flush=True)
        await asyncio.sleep(600)

asyncio.run(run())
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=REPOSITORY, stdout=subprocess.PIPE
    ) as grader:
        assert grader.stdout is not None
        assert grader.stdout.readline() == b"begun\n"
        inside = psutil.Process(grader.pid).children(recursive=True)
        assert len(inside) >= 4
        grader.kill()
    asyncio.run(wait_for(lambda: not any(_runs(process) for process in inside)))


def _runs(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


# Messages to the host

SOCKETS = """
import os, socket, stat, struct, threading
talking = []
for number in map(int, os.listdir("/proc/self/fd")):
    try:
        if stat.S_ISSOCK(os.fstat(number).st_mode):
            one = socket.socket(fileno=os.dup(number))
            one.getpeername()
            talking.append(one)
    except OSError:
        pass
"""


def test_a_message_without_end_is_cut_off(parent: PreloadedParent) -> None:
    code = """
        part = b"\\x03" + struct.pack("!Q", 2**20) + bytes(2**20)  # more to come
        def send(one):
            one.setblocking(True)
            while True: one.sendall(part)
        for one in talking:
            threading.Thread(target=send, args=(one,)).start()
        """
    before = psutil.Process().memory_info().rss

    async def run() -> str:
        kernel = await StudentKernel.start(parent)
        try:
            await run_cell(kernel, SOCKETS)
            kernel.client.execute(textwrap.dedent(code))
            await wait_for(lambda: bool(kernel.broken_limit))
            return kernel.broken_limit
        finally:
            kernel.kill()

    assert asyncio.run(run()) == "more messages than can be read"
    assert psutil.Process().memory_info().rss - before < 1500 * 2**20


def test_a_part_that_is_too_large_is_not_taken(parent: PreloadedParent) -> None:
    code = """
        part = b"\\x02" + struct.pack("!Q", 2**40) + bytes(2**20)
        for one in talking:
            try: one.sendall(part)
            except OSError: pass
        """
    before = psutil.Process().memory_info().rss

    async def run() -> None:
        kernel = await StudentKernel.start(parent)
        try:
            await run_cell(kernel, SOCKETS)
            with pytest.raises(TimeoutError):
                await run_cell(kernel, code, 2)
        finally:
            kernel.kill()

    asyncio.run(run())
    assert psutil.Process().memory_info().rss - before < 100 * 2**20
    assert run_cells(parent, "print(1)").text == "1\n"


@pytest.mark.parametrize("sent", ["b'[' * 200_000", "b'no JSON'", "b'[]'", "b'null'"])
def test_what_is_no_message_is_told_from_one(parent: PreloadedParent, sent: str) -> None:
    ran, _ = attack(parent, f"get_ipython().kernel.session.pack = lambda told: {sent}")
    assert ran.lost


def test_what_is_printed_without_end_waits_inside(parent: PreloadedParent) -> None:
    async def run() -> None:
        kernel = await StudentKernel.start(parent)
        before = psutil.Process().memory_info().rss
        kernel.client.execute("while True: print('x' * 100_000)")
        reply = asyncio.ensure_future(kernel.client.get_shell_msg(timeout=PATIENCE))
        await wait_for(lambda: reply.done() or bool(kernel.broken_limit))
        reply.cancel()
        assert psutil.Process().memory_info().rss - before < 400 * 2**20
        kernel.kill()

    asyncio.run(run())


# The parent


def test_a_parent_serves_child_after_child_without_growing() -> None:
    async def run(parent: PreloadedParent) -> None:
        for _ in range(30):
            kernel = await StudentKernel.start(parent)
            kernel.kill()

    with PreloadedParent(sandboxed=True, preload=PRELOAD, limits=SMALL) as parent:
        assert parent._process is not None
        asyncio.run(run(parent))
        before, here = _measure(parent), psutil.Process()
        files, size = here.num_fds(), here.memory_info().rss
        asyncio.run(run(parent))
        assert _measure(parent) - before < 5 * 2**20
        assert here.num_fds() <= files
        assert here.memory_info().rss - size < 20 * 2**20
        assert len(list(parent._folder.iterdir())) == 1


def _measure(parent: PreloadedParent) -> int:
    assert parent._process is not None
    tree = psutil.Process(parent._process.pid).children(recursive=True)
    return sum(process.memory_info().rss for process in tree)
