"""Files that come in pieces and go on where they broke: taken in, put together, and forgotten when nobody goes on."""

import logging
from collections.abc import Callable, Iterable
from typing import Final, TypeVar

from sync_protocol import limits
from village_node.casebook.errors import BadBody, MismatchingOffset, NotAllowed, NotFound
from village_node.casebook.office import Office
from village_node.partials import PIECE_LEAST, PIECE_MOST, Partial, Partials, UploadKey
from village_node.store import NotSaved
from village_node.store.locks import CaseKey
from village_node.uploads import NotAccepted

Kept = TypeVar("Kept")
_log = logging.getLogger(__name__)
_S: Final = 1_000  # ms


class Resuming(Office):
    """The part of the casebook that keeps uploads that are not whole yet."""

    def begin_upload(self, key: UploadKey, size: int) -> Partial:
        """Begin an upload of so many bytes, or go on with it. Raises NotAccepted for a size that no file may have and
        where there is no room for another upload, NotAllowed, NotSaved."""
        if not 0 < size <= limits.BLOB:
            raise NotAccepted("size" if size > 0 else "empty")
        self.store.refuse_intake_without_room()
        partial = self._on_disk(lambda partials: partials.begin(key, size, self.clock() // _S))
        if partial is None:
            raise NotAccepted("busy")
        return partial

    def upload(self, key: UploadKey) -> Partial:
        """How far an upload has come. Raises NotFound, NotSaved."""
        partial = self._on_disk(lambda partials: partials.find(key))
        if partial is None:
            raise _none()
        return partial

    def append_piece(self, key: UploadKey, offset: int, raw: bytes) -> Partial:
        """Take in one piece: from here on it is on the disk. Raises MismatchingOffset where it does not follow what is
        here (it came before, or one before it did not), BadBody for one that is too long, too short or goes beyond the
        end, NotFound, NotAllowed, NotSaved."""
        held = self.upload(key)
        if offset != held.offset:
            raise MismatchingOffset(held.offset)
        ends = offset + len(raw)
        if not raw or len(raw) > PIECE_MOST or ends > held.size or (len(raw) < PIECE_LEAST and ends != held.size):
            raise BadBody(
                "piece",
                f"每段应为 {PIECE_LEAST} 至 {PIECE_MOST} 字节（最后一段可以短），合起来不能超过文件的大小",
                f"a piece has {PIECE_LEAST} to {PIECE_MOST} bytes (the last may be shorter), all of them no more than"
                " the file",
            )
        self.store.refuse_intake_without_room()
        now_s = self.clock() // _S
        partial = self._on_disk(lambda partials: partials.append(key, offset, raw, self.randomness, now_s))
        if partial is None:
            raise _none()
        if partial.offset != ends:  # another request was faster with the same piece
            raise MismatchingOffset(partial.offset)
        return partial

    def uploaded(self, key: UploadKey) -> bytes:
        """All of an upload. Raises MismatchingOffset where it is not whole yet, NotFound where nothing of it is here or
        its bytes were not those that were announced, NotAllowed, NotSaved."""
        held = self.upload(key)
        if not held.complete:
            raise MismatchingOffset(held.offset)
        raw = self._on_disk(lambda partials: partials.whole(key))
        if raw is None:
            raise _none()
        return raw

    def forget_upload(self, key: UploadKey) -> None:
        """It has become what it was sent for, or cannot. Raises NotAllowed, NotSaved."""
        self._on_disk(lambda partials: partials.drop(key))

    def forget_uploads_to(self, case: CaseKey) -> None:
        """Nothing more comes for this case, from nobody."""
        end_uploads(self, [case])

    def forget_uploads(self) -> int:
        """Forget what nobody has gone on with for a day; how many. Raises NotSaved."""
        return self._on_disk(lambda partials: partials.sweep(self.clock() // _S)) if self.partials is not None else 0

    def _on_disk(self, act: Callable[[Partials], Kept]) -> Kept:
        """What comes of it where there is a folder, and the disk does not refuse."""
        if self.partials is None:
            raise NotAllowed("本机没有存放文件的目录", "this node has no folder for files")
        try:
            return act(self.partials)
        except OSError as problem:
            raise NotSaved(
                f"未保存：文件写不进磁盘（{problem.strerror}）", f"not saved: a file cannot be written ({problem})"
            ) from problem


def end_uploads(office: Office, cases: Iterable[CaseKey]) -> None:
    """Nothing more comes for these cases, and what was on its way goes; what the disk does not let go now is swept away
    within a day."""
    if office.partials is not None:
        try:
            office.partials.drop_cases(cases)
        except OSError as problem:
            _log.warning("uploads of cases that ended stay for now: %s", problem)


def _none() -> NotFound:
    return NotFound(
        "这个文件没有传到，或者一天内没有接着传、已经清除：请重新选择文件上传",
        "nothing of this file is here, or nobody went on with it for a day: choose the file again",
    )
