"""Where files lie that are still on their way here, in pieces, from a browser or a program whose line may break.

An upload has a folder of its own. Its name is made under the node's key for files from the case, from who sends, and
from the SHA-256 of the whole: so nobody else finds it, the same sender finds it again after any break, in any worker
and over a restart, and the folder tells nobody what it holds. A piece is one encrypted file named by its offset,
written whole or not at all and never again; how far an upload has come is where the last of them ends. It is no part of
anything before it is whole and was looked at like every other file, and with its folder nothing of it is left.
"""

import logging
import os
import re
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from sync_protocol.suites import NONCE_BYTES, NotOpened, decrypt, derive, encrypt, mac, sha256
from village_node import files

FOLDER: Final = "partials"
PIECE_MOST: Final = 262_144
PIECE_LEAST: Final = 32_768  # but for the one that ends a file: so a file is never more than some hundred pieces
EACH_MOST: Final = 3  # uploads of one sender at a time: whose is oldest makes way
UPLOADS_MOST: Final = 500
BYTES_MOST: Final = 200 << 20  # that all uploads here have announced
KEPT_S: Final = 86_400  # since the last piece
IDLE_S: Final = 3_600  # likewise: after that an upload makes way where there is no room for another's
_MORE: Final = NONCE_BYTES + 16  # bytes by which an encrypted piece is longer
_TURN: Final = "turn"
_log = logging.getLogger(__name__)
_NAME: Final = re.compile(r"([0-9a-f]{32})-([0-9a-f]{32})-([0-9a-f]{32})-([1-9][0-9]{0,8})", re.ASCII)


class UploadKey(NamedTuple):
    """What one upload is known by: the case it is for, (scope, case id), who sends it, and the SHA-256 of the whole."""

    case: tuple[str, bytes]
    holder: str
    digest: bytes


class Partial(NamedTuple):
    """How far an upload has come: ``offset`` of ``size`` bytes are here."""

    size: int
    offset: int

    @property
    def complete(self) -> bool:
        """Whether all of it is here."""
        return self.offset == self.size


class _Held(NamedTuple):
    path: Path
    case: str
    holder: str
    file: str
    size: int

    def partial(self) -> Partial:
        offset = 0
        while offset < self.size:
            try:
                here = (self.path / str(offset)).stat().st_size - _MORE
            except FileNotFoundError:
                break
            if here <= 0:  # damaged: it is sent once more, in its place
                break
            offset += here
        return Partial(self.size, offset)


def _is_full(held: Collection[_Held], size: int) -> bool:
    """Whether one more of so many bytes is too much beside these."""
    return len(held) >= UPLOADS_MOST or sum(each.size for each in held) + size > BYTES_MOST


class Partials:
    """The folder of one node's unfinished uploads. Every method raises OSError where the disk refuses."""

    def __init__(self, data: Path, key: bytes) -> None:
        """`data`: the node's data folder. `key`: its key for files. Nothing is made before something comes."""
        self._folder = data / FOLDER
        self._key = key

    def find(self, key: UploadKey) -> Partial | None:
        """How far an upload has come; None where nothing of it is here."""
        held = self._find(key)
        return held.partial() if held is not None else None

    def begin(self, key: UploadKey, size: int, now_s: int) -> Partial | None:
        """Begin an upload of so many bytes, or go on with it; the sender's oldest makes way where there are too many of
        his. None: there is no room here."""
        with self._in_turn():
            self._sweep(now_s)
            before = self._find(key)
            if before is not None and before.size == size:
                return before.partial()
            held = sorted(self._all(), key=lambda each: each.path.stat().st_mtime)
            case, holder, file = self._tags(key)
            his = [each for each in held if each.holder == holder]
            ends = [before] if before is not None else his[: max(len(his) - EACH_MOST + 1, 0)]
            left = [each for each in held if each not in ends]
            idle = [each for each in left if now_s - each.path.stat().st_mtime > IDLE_S]
            while idle and _is_full(left, size):  # who has stopped makes way
                ends.append(idle[0])
                left.remove(idle.pop(0))
            if _is_full(left, size):
                return None
            for each in ends:
                _remove(each.path)
            path = self._folder / f"{case}-{holder}-{file}-{size}"
            files.make_folder(path)
            os.utime(path, (now_s, now_s))
            return Partial(size, 0)

    def append(
        self, key: UploadKey, offset: int, raw: bytes, randomness: Callable[[int], bytes], now_s: int
    ) -> Partial | None:
        """Write one piece where it follows what is here, and wait until it is on the disk; one that does not follow, or
        goes beyond the end, changes nothing. How far the upload has come then; None where nothing of it is here."""
        with self._in_turn():
            held = self._find(key)
            if held is None:
                return None
            partial = held.partial()
            if not raw or offset != partial.offset or offset + len(raw) > held.size:
                return partial
            nonce = randomness(NONCE_BYTES)
            sealed = encrypt(self._piece_key(held), nonce, str(offset).encode(), raw)
            files.write(held.path / str(offset), nonce + sealed)
            os.utime(held.path, (now_s, now_s))
            return Partial(held.size, offset + len(raw))

    def whole(self, key: UploadKey) -> bytes | None:
        """All of an upload; None where it is not whole. One whose bytes are not those that were announced is removed:
        nothing can be gone on with there."""
        held = self._find(key)
        if held is None or not held.partial().complete:
            return None
        raw = b"".join(self._pieces(held))
        if sha256(raw) == key.digest:
            return raw
        self.drop(key)
        return None

    def drop(self, key: UploadKey) -> None:
        """Remove an upload."""
        tags = self._tags(key)
        self._drop(lambda each: (each.case, each.holder, each.file) == tags)

    def drop_cases(self, cases: Iterable[tuple[str, bytes]]) -> None:
        """Remove all that was on its way to these cases."""
        gone = {self._case_tag(case) for case in cases}
        if gone:
            self._drop(lambda each: each.case in gone)

    def _drop(self, which: Callable[[_Held], bool]) -> None:
        if self._folder.exists():
            with self._in_turn():
                for each in filter(which, self._all()):
                    _remove(each.path)

    def sweep(self, now_s: int) -> int:
        """Remove what nobody has gone on with for a day; how many. By this node's clock, for better or worse: what goes
        too soon is sent again."""
        if not self._folder.exists():
            return 0
        with self._in_turn():
            return self._sweep(now_s)

    def _sweep(self, now_s: int) -> int:
        over = [each for each in self._all() if abs(now_s - each.path.stat().st_mtime) > KEPT_S]
        for each in over:
            _remove(each.path)
        return len(over)

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        """While nobody else, in whichever worker, begins or goes on with an upload here."""
        files.make_folder(self._folder)
        with files.turn(self._folder / _TURN):
            yield

    def _find(self, key: UploadKey) -> _Held | None:
        tags = self._tags(key)
        return next((each for each in self._all() if (each.case, each.holder, each.file) == tags), None)

    def _all(self) -> list[_Held]:
        if not self._folder.exists():
            return []
        named = ((path, _NAME.fullmatch(path.name)) for path in self._folder.iterdir())
        return [_Held(path, found[1], found[2], found[3], int(found[4])) for path, found in named if found is not None]

    def _pieces(self, held: _Held) -> Iterator[bytes]:
        key, offset = self._piece_key(held), 0
        while offset < held.size:
            sealed = (held.path / str(offset)).read_bytes()
            try:
                raw = decrypt(key, sealed[:NONCE_BYTES], str(offset).encode(), sealed[NONCE_BYTES:])
            except NotOpened:
                return  # what was read then is not the whole
            yield raw
            offset += len(raw)

    def _piece_key(self, held: _Held) -> bytes:
        return derive(self._key, b"sanji/partial upload/1 " + held.path.name.encode())

    def _tags(self, key: UploadKey) -> tuple[str, str, str]:
        case, holder = self._case_tag(key.case), mac(self._key, b"holder " + key.holder.encode()).hex()
        return case, holder, mac(self._key, f"file {case} {holder} ".encode() + key.digest).hex()

    def _case_tag(self, case: tuple[str, bytes]) -> str:
        return mac(self._key, b"case " + case[0].encode() + b" " + case[1]).hex()


def _remove(path: Path) -> None:
    shutil.rmtree(path, ignore_errors=True)
    if path.exists():  # it is tried again when its day is over
        _log.warning("an upload that is not needed any more cannot be removed: %s", path.name)
