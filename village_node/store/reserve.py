"""The intake reserve: a file that holds disk space back, so that a full disk still has room for what is in progress.

Theory of operation. While there is space, a file of the configured size lies beside the database. When space runs out
the file is emptied. What it held is then for what was begun before: acts on cases, what neighbours send, receipts, the
audit trail, drafts. New applications are not taken in any more, a little before the disk is full already, because each
of them would be one more thing to carry through. When space has come back the file is filled again by the node's tick,
and intake is open again; nobody has to do anything here. A disk that cannot hold the reserve is a full one.

What a file system says is free is not what may be written where a quota ends before it does. So the file is filled only
where it could be larger by what opens intake: that shows that there is space beside it, whoever counts.
"""

import errno
import os
import shutil
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from pathlib import Path
from typing import Final, NamedTuple, ParamSpec, TypeVar

from village_node.store.errors import NotSaved, Overtaken, RoomMade

RESERVE_FILE: Final = "reserve.bin"
# Parts of the reserve: below the first new applications are refused, above the second they are taken again, below the
# third people are warned.
CLOSE_BELOW: Final = 1 / 8
OPEN_ABOVE: Final = 1 / 4
WARN_BELOW: Final = 5
# Looks that pass, at most, between two tries to fill it where the file system said that there is space and gave none
# (a quota): at 5 s a look intake is open again within a minute of its return, and the disk is left in peace meanwhile.
SKIPS_MOST: Final = 7
_PIECE: Final = 1 << 20
# What says that there is no more space; any other refusal only says that the file system cannot be asked for it.
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_ATTEMPTS: Final = 3  # before the last one: to be thrown out of a ring more often in a row takes a crowd of workers

_P = ParamSpec("_P")
_T = TypeVar("_T")


class Room(NamedTuple):
    """How the disk stands, in bytes. ``closed``: new applications are refused until there is space again."""

    free: int
    reserve: int
    whole: bool
    closed: bool

    @property
    def low(self) -> bool:
        """Whether people should make room before it gets in their way."""
        return self.free < WARN_BELOW * self.reserve


class Reserve:
    """The reserve of one folder. ``size`` in bytes, 0 for none. Nothing is written before the first ``look``."""

    def __init__(self, folder: Path, size: int) -> None:
        self._folder = folder
        self._path = folder / RESERVE_FILE
        self._size = size
        self._lock = threading.Lock()
        self._closed = False
        self._skips = self._refusals = self._free_when_refused = 0
        self._whole = self._path.exists() and self._path.stat().st_size == size

    def room(self) -> Room:
        """How the disk stands now. Closes intake where space is about to run out."""
        free = self._free()
        if free < self._size * CLOSE_BELOW:
            self._closed = True
        return Room(free, self._size, self._whole, self._closed)

    def release(self) -> bool:
        """Give the reserve up, for what is in progress; whether there was anything to give."""
        with self._lock:
            self._closed = self._size > 0
            self._skips = self._refusals = 0
            if not self._whole:
                return False
            with suppress(OSError):  # a disk that lets nothing be taken away has not given anything
                os.truncate(self._path, 0)
                self._whole = False
            return not self._whole

    def look(self) -> None:
        """Fill the reserve again where there is space for it, and open intake with it. For the node's tick."""
        if not self._size:
            with suppress(OSError):  # from before the settings said that none is kept
                self._path.unlink(missing_ok=True)
            return
        with self._lock:
            free = self._free()
            if not self._whole and free >= self._size * (1 + 2 * OPEN_ABOVE):
                self._try_to_fill(free)
            if not self._whole or free < self._size * CLOSE_BELOW:
                self._closed = True
            elif self._free() >= self._size * OPEN_ABOVE:
                self._closed = False

    def _try_to_fill(self, free: int) -> None:
        """Fill it, but more and more seldom where that was refused and nothing shows that there is more space now."""
        if self._skips and free < self._free_when_refused + self._size * OPEN_ABOVE:
            self._skips -= 1
            return
        self._whole = self._fill()
        self._refusals = 0 if self._whole else self._refusals + 1
        self._skips, self._free_when_refused = min((1 << self._refusals) - 1, SKIPS_MOST), free

    def _free(self) -> int:
        try:
            return shutil.disk_usage(self._folder).free
        except OSError:  # a disk that does not say has nothing to give
            return 0

    def _fill(self) -> bool:
        """Take the space; whether all of it was there."""
        try:
            descriptor = os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600)
            try:
                os.truncate(descriptor, 0)  # left half-filled, or of another size before the settings changed
                _take(descriptor, int(self._size * (1 + OPEN_ABOVE)))
                os.truncate(descriptor, self._size)
            finally:
                os.close(descriptor)
        except OSError:
            with suppress(OSError):
                os.truncate(self._path, 0)
            return False
        return True


def _take(descriptor: int, size: int) -> None:
    """Have the file system set so many bytes aside for an empty file. Raises OSError where it has none."""
    try:
        os.posix_fallocate(descriptor, 0, size)
    except AttributeError:
        _write_zeros(descriptor, size)  # no such call on this system
    except OSError as refused:
        if refused.errno in _FULL:
            raise
        _write_zeros(descriptor, size)


def _write_zeros(descriptor: int, size: int) -> None:
    """As `_take`, for a file system that sets nothing aside; it is asked to write, since it may promise more."""
    left = size
    while left:
        left -= os.write(descriptor, bytes(min(_PIECE, left)))
    os.fsync(descriptor)


def with_the_reserve(write: Callable[_P, _T]) -> Callable[_P, _T]:
    """Write once more where a full disk has just given up its reserve, which is what that is for, or where the database
    has broken a ring of workers that waited for one another. Raises NotSaved."""

    @wraps(write)
    def again(*arguments: _P.args, **named: _P.kwargs) -> _T:
        for _ in range(_ATTEMPTS):
            with suppress(RoomMade, Overtaken):
                return write(*arguments, **named)
        try:
            return write(*arguments, **named)
        except Overtaken as ring:
            raise NotSaved(
                "未保存：本机正忙，请稍后重试", "not saved: this node is busy, try again in a moment"
            ) from ring

    return again
