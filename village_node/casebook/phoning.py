"""What a telephone in the room has sent for a case: kept apart, encrypted, until somebody here takes it or does not.

It is no part of the case before: nobody above hears of it, and its key is forgotten with the decision, or after a day.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from sync_protocol import limits
from sync_protocol.case import Position
from sync_protocol.suites import sha256
from village_node.casebook import once
from village_node.casebook.errors import BadBody, CasebookError, NotAllowed, NotFound
from village_node.casebook.papers import DAY_MS, Papers
from village_node.casebook.piecing import about_file
from village_node.casebook.shelving import drawn
from village_node.store import Connection, NotSaved, phone
from village_node.store.locks import CaseKey
from village_node.store.phone import DISCARDED, LAPSED, TAKEN, WAITING, PhoneFile
from village_node.uploads import Upload

FILES_A_PASS: Final = 20
BYTES_A_PASS: Final = 60 << 20
TRIES_A_PASS: Final = 40  # files looked at, with those that are refused: each costs the machine a decoding
BYTES_WAITING: Final = 200 << 20  # at this node, from all telephones together
KEPT_MS: Final = DAY_MS


class Phoning(Papers):
    """The part of the casebook that keeps what came by passes for telephones."""

    def phone_files(self, key: CaseKey) -> list[PhoneFile]:
        """What waits for a case."""
        with self.store.reading() as connection:
            return phone.waiting(connection, key)

    def phone_sent(self, pass_id: str) -> list[PhoneFile]:
        """What came by one pass, whatever became of it."""
        with self.store.reading() as connection:
            return phone.of_pass(connection, pass_id)

    def came_by_phone(self, pass_id: str, material: str, digest: bytes, size: int) -> bool:
        """Whether the very file with this SHA-256 came by a pass and waits, before anything is done for it. Raises what
        ``keep_phone_file`` raises where there is no room for it."""
        with self.store.reading() as connection:
            return _is_here(connection, pass_id, digest, material, size)

    def keep_phone_file(self, pass_id: str, key: CaseKey, material: str, upload: Upload) -> None:
        """Keep a file that came by a pass; the very same one is there already. Raises BadBody where there is no room
        for it, NotAllowed where the pass has ended meanwhile, NotSaved."""
        self.store.refuse_intake_without_room()
        shelf = self._shelf
        if shelf is None:
            raise NotAllowed("本机没有存放文件的目录", "this node has no folder for files")
        name, secret = drawn(self)
        about = about_file((key[0], sha256(upload.raw)))
        row = PhoneFile(
            name, pass_id, 0, *key, material, sha256(upload.raw), len(upload.raw), upload.media, secret, b"",
            self.clock(), 0, WAITING,
        )  # fmt: skip
        if upload.preview is not None:
            sealed = shelf.seal_part(name, secret, self.randomness, about, 0, upload.preview)
            row = row._replace(preview=sealed or b"")
        try:
            for number, start in enumerate(range(0, row.size, limits.BLOB_CHUNK)):
                shelf.put(name, secret, about, number, upload.raw[start : start + limits.BLOB_CHUNK])
            shelf.close(name)
        except OSError as problem:
            raise NotSaved(
                f"未保存：文件写不进磁盘（{problem.strerror}）", f"not saved: a file cannot be written ({problem})"
            ) from problem
        try:
            with self.store.writing() as connection:
                phone.take_turns(connection)
                came_before = _is_here(connection, pass_id, row.hash, material, row.size)
                if not came_before:
                    came, at_ms = len(phone.of_pass(connection, pass_id)), once.arrival_ms(connection, row.at_ms)
                    phone.add(connection, row._replace(number=came + 1, came_ms=at_ms))
        except CasebookError:  # nothing was kept; of NotSaved nobody knows that, and what no row names is a stray
            self.forget_files([name])
            raise
        if came_before:
            self.forget_files([name])

    def phone_file(self, key: CaseKey, name: str) -> PhoneFile:
        """One that waits for a case. Raises NotFound."""
        with self.store.reading() as connection:
            row = phone.get(connection, name)
        if row is None or row.case != key or row.state != WAITING:
            raise _gone()
        return row

    def phone_preview(self, row: PhoneFile) -> bytes:
        """The picture that stands for it. Raises NotFound where there is none."""
        about = about_file((row.scope, row.hash))
        raw = self._shelf.open_part(row.name, row.key, about, 0, row.preview) if self._shelf and row.preview else None
        if raw is None:
            raise NotFound("这个文件没有预览图", "there is no preview of this file")
        return raw

    def take_phone_file(
        self,
        actor: str,
        roles: Iterable[str],
        key: CaseKey,
        name: str,
        material: str,
        replaces: Sequence[Position] = (),
    ) -> None:
        """Make it a paper of its case, by the person who has looked at it: both in one transaction, so it is taken once
        and by nobody after it was discarded. Raises what ``add_paper`` raises."""
        row = self.phone_file(key, name)
        raw = self._phone_raw(row)
        if replaces or not self.has_paper(key, material, row.hash):
            preview = self.phone_preview(row) if row.preview else None

            def settle(connection: Connection) -> None:
                self._dispose(connection, actor, row, TAKEN, "phone.take")

            self.add_paper(actor, roles, key, material, Upload(raw, row.media, preview), replaces, also=settle)
            self.forget_files([name])
        else:
            self._decide(actor, row, TAKEN, "phone.take")

    def discard_phone_file(self, actor: str, key: CaseKey, name: str) -> None:
        """Nobody wants it. Raises NotFound, NotSaved."""
        self._decide(actor, self.phone_file(key, name), DISCARDED, "phone.discard")

    def forget_phone_files(self) -> int:
        """Discard what nobody has decided on for a day, each with its line in the audit trail; how many. By the time of
        requests, which a clock that is months ahead does not take along. Raises NotSaved."""
        with self.store.writing() as connection:
            before_ms = once.time_of(connection, self.clock())[0] - KEPT_MS
            over = phone.waiting_since(connection, before_ms)
            for row in over:
                phone.settle(connection, row.name, LAPSED)
            phone.forget(connection, before_ms - KEPT_MS)
            if over:
                subjects = sorted({row.case_id.hex() for row in over})
                self.note(connection, "node", "phone.lapse", " ".join(subjects)[:200], files=len(over))
        self.forget_files([row.name for row in over])
        return len(over)

    def _decide(self, actor: str, row: PhoneFile, state: int, action: str) -> None:
        with self.store.writing() as connection:
            self._dispose(connection, actor, row, state, action)
        self.forget_files([row.name])

    def _dispose(self, connection: Connection, actor: str, row: PhoneFile, state: int, action: str) -> None:
        """Somebody decides on it, in the transaction of what they do. Raises NotFound where somebody had before."""
        if not phone.settle(connection, row.name, state):
            raise _gone()
        self.note(connection, actor, action, row.case_id.hex(), file=row.hash.hex(), phone=row.pass_id)

    def _phone_raw(self, row: PhoneFile) -> bytes:
        about, chunks = about_file((row.scope, row.hash)), []
        for number in range(-(-row.size // limits.BLOB_CHUNK)):
            chunks.append(self._shelf.get(row.name, row.key, about, number) if self._shelf is not None else None)
        raw = b"".join(chunk for chunk in chunks if chunk is not None)
        if sha256(raw) != row.hash:
            raise NotFound(
                "手机传来的这个文件现在读不出来，请弃用后重新拍照",
                "this file of the telephone cannot be read now: discard it, and have the photo taken again",
            )
        return raw


def _gone() -> NotFound:
    return NotFound("这个文件已经处理过，或已过期清除", "this file was dealt with before, or its day is over")


def _is_here(connection: Connection, pass_id: str, digest: bytes, material: str, size: int) -> bool:
    """Whether this very file came by its pass before. Raises BadBody, NotAllowed where it may not come."""
    before = phone.of_pass(connection, pass_id)
    if any((each.hash, each.material, each.state) == (digest, material, WAITING) for each in before):
        return True
    if not phone.is_open(connection, pass_id):
        raise NotAllowed("二维码已失效，请工作人员重新打开", "the code has ended: ask for a new one")
    if len(before) >= FILES_A_PASS:
        raise BadBody(
            "file",
            f"一个二维码最多传 {FILES_A_PASS} 个文件；还有要传的，请工作人员重新打开二维码",
            f"{FILES_A_PASS} files at most come by one code: ask for a new one",
        )
    if sum(each.size for each in before) + size > BYTES_A_PASS:
        raise BadBody(
            "file",
            f"一个二维码最多传 {BYTES_A_PASS >> 20} MB；还有要传的，请工作人员重新打开二维码",
            f"{BYTES_A_PASS >> 20} MB at most come by one code: ask for a new one",
        )
    if phone.bytes_waiting(connection) + size > BYTES_WAITING:
        raise BadBody(
            "file",
            "本机等待确认的文件太多，请工作人员先处理已传来的文件",
            "too many files wait here: have those that came dealt with first",
        )
    return False
