"""Set a process apart: namespaces, mounts, capabilities, system calls. Linux only.

Runs in a child of the preloaded parent, which bubblewrap has already put into a
read-only system without network. Here each submission gets what it must not share with
the next one: its own users, processes, mounts, network, and a folder that holds only so
much.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import sys
from collections.abc import Mapping
from pathlib import Path

# <sched.h>, <sys/mount.h>, <sys/prctl.h>, <linux/capability.h>
CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x04000000, 0x08000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
APART = (
    CLONE_NEWNS
    | CLONE_NEWUTS
    | CLONE_NEWIPC
    | CLONE_NEWUSER
    | CLONE_NEWPID
    | CLONE_NEWNET
)
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND = 2, 4, 8, 4096
MS_REC, MS_PRIVATE = 16384, 1 << 18
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_CAPBSET_DROP = 1, 4, 22, 24
PR_SET_NO_NEW_PRIVS = 38
CAPABILITY_VERSION_3 = 0x20080522

SCRATCH = "/tmp"
MOST_FILES = 20_000
"""Inodes of the scratch folder: each takes memory of the kernel, also when empty."""

_libc = ctypes.CDLL(None, use_errno=True)
if sys.platform == "linux":  # elsewhere this module is imported, and not used
    _libc.prctl.argtypes = [ctypes.c_int, *[ctypes.c_ulong] * 4]
    _libc.mount.argtypes = [*[ctypes.c_char_p] * 3, ctypes.c_ulong, ctypes.c_char_p]


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{os.strerror(number)} ({what})")


def _mount(source: str, target: str, kind: str, flags: int, options: str = "") -> None:
    result = _libc.mount(
        source.encode(),
        target.encode(),
        kind.encode(),
        flags,
        options.encode(),
    )
    _check(result, f"mount {target}")


def enter_namespaces(scratch_mb: int, covered: Mapping[str, str]) -> None:
    """Leave the parent's namespaces; the next fork is process 1 of the new ones.

    The scratch folder becomes a file system of its own, `scratch_mb` in size, and so does
    all that could be written elsewhere. What it covers is shown in it again: `covered`
    says where else each place stands. Raises `OSError` where the kernel refuses.
    """
    user, group = os.getuid(), os.getgid()
    _check(_libc.unshare(APART), "unshare")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    _mount("none", "/", "", MS_REC | MS_PRIVATE)
    _mount(
        "tmpfs",
        SCRATCH,
        "tmpfs",
        MS_NOSUID | MS_NODEV,
        f"size={scratch_mb}m,nr_inodes={MOST_FILES},mode=0700",
    )
    for spare, place in covered.items():
        _show_again(Path(spare), Path(place))
    shared = Path(SCRATCH) / ".shm"  # one size for both
    shared.mkdir(mode=0o700)
    _mount(str(shared), "/dev/shm", "", MS_BIND)
    terminals = "newinstance,ptmxmode=0666,mode=0600"  # `!command` wants one
    _mount("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, terminals)


def _show_again(spare: Path, place: Path) -> None:
    if spare.is_dir():
        place.mkdir(parents=True, exist_ok=True)
    else:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()
    _mount(str(spare), str(place), "", MS_BIND)


def settle_in() -> None:
    """Show process 1 and all after it only their own processes; end further nesting.

    Raises `OSError` where the kernel refuses.
    """
    _mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    Path("/proc/sys/user/max_user_namespaces").write_text("0")


def drop_privileges() -> None:
    """Give up every capability for good, and the system calls that no notebook needs."""
    last = int(Path("/proc/sys/kernel/cap_last_cap").read_text())
    for capability in range(last + 1):
        _check(_libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0), "drop a capability")
    _check(_libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no new privileges")
    header = struct.pack("=Ii", CAPABILITY_VERSION_3, 0)
    _check(_libc.capset(header, bytes(24)), "capset")
    refuse_system_calls()


def show_memory(allowed: bool) -> None:
    """Let processes of the same user look into this one and trace it, or not."""
    _check(_libc.prctl(PR_SET_DUMPABLE, allowed, 0, 0, 0), "dumpable")


def die_with_parent() -> None:
    """Be killed when the parent ends; the parent must have a single thread."""
    _check(_libc.prctl(PR_SET_PDEATHSIG, 9, 0, 0, 0), "die with the parent")


# Refused with EPERM: memory that no limit counts, other processes' memory, further
# nesting, and parts of the kernel that sandboxes have been left through.
REFUSED = {
    "x86_64": {
        "shmget": 29,
        "semget": 64,
        "msgget": 68,
        "ptrace": 101,
        "personality": 135,
        "pivot_root": 155,
        "mount": 165,
        "umount2": 166,
        "mq_open": 240,
        "add_key": 248,
        "request_key": 249,
        "keyctl": 250,
        "unshare": 272,
        "perf_event_open": 298,
        "open_by_handle_at": 304,
        "setns": 308,
        "process_vm_readv": 310,
        "process_vm_writev": 311,
        "memfd_create": 319,
        "bpf": 321,
        "userfaultfd": 323,
    },
    "aarch64": {
        "umount2": 39,
        "mount": 40,
        "pivot_root": 41,
        "personality": 92,
        "unshare": 97,
        "ptrace": 117,
        "mq_open": 180,
        "msgget": 186,
        "semget": 190,
        "shmget": 194,
        "add_key": 217,
        "request_key": 218,
        "keyctl": 219,
        "perf_event_open": 241,
        "open_by_handle_at": 265,
        "setns": 268,
        "process_vm_readv": 270,
        "process_vm_writev": 271,
        "memfd_create": 279,
        "bpf": 280,
        "userfaultfd": 282,
    },
}
REFUSED_EVERYWHERE = {  # numbers that all machines share
    "io_uring_setup": 425,
    "io_uring_enter": 426,
    "io_uring_register": 427,
    "open_tree": 428,
    "move_mount": 429,
    "fsopen": 430,
    "fsmount": 432,
    "mount_setattr": 442,
    "memfd_secret": 447,
}
# <linux/audit.h>, <linux/seccomp.h>, <linux/filter.h>, <linux/sockios.h>
AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
SECCOMP_ALLOW, SECCOMP_KILL, SECCOMP_ERROR = 0x7FFF0000, 0x80000000, 0x00050000
BPF_LOAD, BPF_IF_EQUAL, BPF_IF_AT_LEAST, BPF_RETURN = 0x20, 0x15, 0x35, 0x06
CALL, MACHINE, SECOND_ARGUMENT = 0, 4, 24  # where a filter finds them
EPERM = 1
X32_BIT = 0x40000000
IOCTL = {"x86_64": 16, "aarch64": 29}
SOCKET_IOCTLS = (0x8900, 0x9000)
"""What asks a socket for its network: those that the host connected are of the host's."""


def refuse_system_calls() -> None:
    """Put a seccomp filter on this process and all that come from it.

    A machine whose numbers are not known here goes without: the namespaces and limits
    hold all the same.
    """
    machine = platform.machine()
    if machine not in REFUSED:
        return
    numbers = [*REFUSED[machine].values(), *REFUSED_EVERYWHERE.values(), X32_BIT]
    program = [
        (BPF_LOAD, 0, 0, MACHINE),
        (BPF_IF_EQUAL, 1, 0, AUDIT_ARCH[machine]),
        (BPF_RETURN, 0, 0, SECCOMP_KILL),
        (BPF_LOAD, 0, 0, CALL),
    ]
    # Each line may jump over as many as its second (if so) or third (if not) number says:
    # from here to one of the two last ones.
    for left, number in zip(range(len(numbers), 0, -1), numbers, strict=True):
        compare = BPF_IF_AT_LEAST if number == X32_BIT else BPF_IF_EQUAL
        program.append((compare, left + 4, 0, number))
    program += [
        (BPF_IF_EQUAL, 0, 3, IOCTL[machine]),
        (BPF_LOAD, 0, 0, SECOND_ARGUMENT),
        (BPF_IF_AT_LEAST, 0, 1, SOCKET_IOCTLS[0]),
        (BPF_IF_AT_LEAST, 0, 1, SOCKET_IOCTLS[1]),
        (BPF_RETURN, 0, 0, SECCOMP_ALLOW),
        (BPF_RETURN, 0, 0, SECCOMP_ERROR | EPERM),
    ]
    code = b"".join(struct.pack("=HBBI", *line) for line in program)
    lines = ctypes.create_string_buffer(code, len(code))
    whole = ctypes.create_string_buffer(
        struct.pack("@HP", len(program), ctypes.addressof(lines))
    )
    _check(_libc.prctl(PR_SET_SECCOMP, 2, ctypes.addressof(whole), 0, 0), "seccomp")
