"""A filter of system calls (Linux seccomp) under which a process opens no socket, writes no file and becomes no other
program.

Chosen over namespaces, which containers and hardened kernels refuse to who has no rights: a filter asks for none, binds
root too, and leaves files readable, which drawing a page needs for the fonts of this machine. It is never taken off
again. What it is made of: linux/seccomp.h, linux/filter.h, linux/audit.h.

Files stay readable, and a node's memory is one: so the process has no rights that root has, and the node lets nobody of
its own name look into it (linux/capability.h, prctl(2), ptrace(2)).
"""

import ctypes
import errno
import os
import platform
import sys
from struct import pack
from typing import Any, Final, NamedTuple

_DUMPABLE: Final = 4  # prctl
_NO_NEW_PRIVILEGES: Final = 38
_SET_SECCOMP: Final = 22
_MODE_FILTER: Final = 2
_LOAD, _IS, _AT_LEAST, _ANY_OF, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06  # instructions of the filter
_ARCHITECTURE_AT, _CALL_AT, _ARGUMENTS_AT = 4, 0, 16  # bytes, in what the filter reads
_WRITES: Final = 0o3 | os.O_CREAT | os.O_TRUNC  # of the flags with which a file is opened
_CAPABILITIES_3: Final = 0x2008_0522
_KILL, _DENY, _ALLOW = 0x8000_0000, 0x0005_0000 | errno.EPERM, 0x7FFF_0000
_SECOND_TABLE: Final = 0x4000_0000  # on x86-64 the calls of x32 begin here; no kernel of aarch64 has so many


class Machine(NamedTuple):
    """One kind of processor: how the kernel calls it, and the numbers of the calls that are denied; those that open
    files, and which of their arguments says what for."""

    audit: int
    denied: tuple[int, ...]
    opens: tuple[tuple[int, int], ...]


# socket, socketpair, and io_uring_setup, which opens sockets as well; ptrace, process_vm_readv, process_vm_writev and
# pidfd_getfd, by which the node itself, or one of its sockets, would serve; execve and execveat; creat, truncate, and
# openat2, whose flags no filter sees. open and openat are denied where they would write.
MACHINES: Final = {
    "x86_64": Machine(0xC000_003E, (41, 53, 425, 101, 310, 311, 438, 59, 322, 85, 76, 437), ((2, 1), (257, 2))),
    "aarch64": Machine(0xC000_00B7, (198, 199, 425, 117, 270, 271, 438, 221, 281, 45, 437), ((56, 2),)),
}


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def shut_in() -> bool:
    """Deny this process those calls, and what root may, from now on. Whether the system did that."""
    machine = MACHINES.get(platform.machine()) if sys.platform == "linux" else None
    if machine is None:
        return False
    instructions = _instructions(machine)
    program = _Program(len(instructions) // 8, instructions)
    prctl = _prctl()
    ctypes.CDLL(None).capset(pack("=Ii", _CAPABILITIES_3, 0), bytes(24))  # all of them; whoever has none loses none
    prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)  # without which nobody but root may set a filter
    return bool(prctl(_SET_SECCOMP, _MODE_FILTER, ctypes.addressof(program), 0, 0) == 0)


def keep_memory_apart() -> None:
    """Let no other process of the same user look into this one, where the system knows such a thing."""
    if sys.platform == "linux":
        _prctl()(_DUMPABLE, 0, 0, 0, 0)


def _prctl() -> Any:
    prctl = ctypes.CDLL(None).prctl
    prctl.argtypes = (ctypes.c_int, *[ctypes.c_ulong] * 4)
    return prctl


def _instructions(machine: Machine) -> bytes:
    """The filter: code, jumps where it holds and where not, and a number, of 8 bytes each."""
    opens = []
    for call, flags in machine.opens:  # one that is not this call goes on with the next
        opens += [(_IS, 0, 4, call), (_LOAD, 0, 0, _ARGUMENTS_AT + 8 * flags), (_ANY_OF, 0, 1, _WRITES)]
        opens += [(_RETURN, 0, 0, _DENY), (_RETURN, 0, 0, _ALLOW)]
    count, past = len(machine.denied), len(opens) + 1
    lines = [
        (_LOAD, 0, 0, _ARCHITECTURE_AT),
        (_IS, 1, 0, machine.audit),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _CALL_AT),
        (_AT_LEAST, count + past, 0, _SECOND_TABLE),
        *((_IS, count - 1 - place + past, 0, call) for place, call in enumerate(machine.denied)),
        *opens,
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _DENY),
    ]
    return b"".join(pack("=HBBI", *line) for line in lines)
