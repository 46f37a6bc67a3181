"""A filter of system calls (Linux seccomp) under which a process opens no socket and becomes no other program.

Chosen over namespaces, which containers and hardened kernels refuse to who has no rights: a filter asks for none, binds
root too, and leaves files readable, which drawing a page needs for the fonts of this machine. It is never taken off
again. What it is made of: linux/seccomp.h, linux/filter.h, linux/audit.h.
"""

import ctypes
import errno
import platform
import sys
from struct import pack
from typing import Final, NamedTuple

_NO_NEW_PRIVILEGES: Final = 38  # prctl
_SET_SECCOMP: Final = 22
_MODE_FILTER: Final = 2
_LOAD, _IS, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06  # instructions of the filter
_ARCHITECTURE_AT, _CALL_AT = 4, 0  # bytes, in what the filter reads
_KILL, _DENY, _ALLOW = 0x8000_0000, 0x0005_0000 | errno.EPERM, 0x7FFF_0000
_SECOND_TABLE: Final = 0x4000_0000  # on x86-64 the calls of x32 begin here; no kernel of aarch64 has so many


class Machine(NamedTuple):
    """One kind of processor: how the kernel calls it, and the numbers of the calls that are denied."""

    audit: int
    denied: tuple[int, ...]


# socket, socketpair, and io_uring_setup, which opens sockets as well; ptrace, process_vm_readv, process_vm_writev and
# pidfd_getfd, by which the node itself, or one of its sockets, would serve; execve and execveat.
MACHINES: Final = {
    "x86_64": Machine(0xC000_003E, (41, 53, 425, 101, 310, 311, 438, 59, 322)),
    "aarch64": Machine(0xC000_00B7, (198, 199, 425, 117, 270, 271, 438, 221, 281)),
}


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def shut_in() -> bool:
    """Deny this process those calls from now on. Whether the system did that."""
    machine = MACHINES.get(platform.machine()) if sys.platform == "linux" else None
    if machine is None:
        return False
    instructions = _instructions(machine)
    program = _Program(len(instructions) // 8, instructions)
    prctl = ctypes.CDLL(None).prctl
    prctl.argtypes = (ctypes.c_int, *[ctypes.c_ulong] * 4)
    prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)  # without which nobody but root may set a filter
    return bool(prctl(_SET_SECCOMP, _MODE_FILTER, ctypes.addressof(program), 0, 0) == 0)


def _instructions(machine: Machine) -> bytes:
    """The filter: code, jumps where it holds and where not, and a number, of 8 bytes each."""
    count = len(machine.denied)
    lines = [
        (_LOAD, 0, 0, _ARCHITECTURE_AT),
        (_IS, 1, 0, machine.audit),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _CALL_AT),
        (_AT_LEAST, count + 1, 0, _SECOND_TABLE),
        *((_IS, count - place, 0, call) for place, call in enumerate(machine.denied)),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _DENY),
    ]
    return b"".join(pack("=HBBI", *line) for line in lines)
