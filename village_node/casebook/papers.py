"""Papers of a case as files: adding and withdrawing them, what of each is here, and the bytes for who may see them."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

from sync_protocol import blobs as files
from sync_protocol.case import Case, Position, kinds
from sync_protocol.case.paper_bodies import ADD, WITHDRAW
from sync_protocol.case.papers import Paper, current, papers_of
from sync_protocol.errors import BadReceipt
from sync_protocol.exchange import BlobWant
from sync_protocol.roster import Node, Roster
from village_node.casebook import manifests
from village_node.casebook.acts import CaseRef
from village_node.casebook.desk import Desk
from village_node.casebook.errors import BadBody, CasebookError, NotAllowed, NotFound
from village_node.casebook.fetching import put_whole, whole_of
from village_node.casebook.manifests import percent
from village_node.casebook.reading import Reading
from village_node.casebook.shelving import Shelving
from village_node.store import Connection, blobs, peers
from village_node.store.blobs import DROPPED, HERE, ORIGINAL, PREVIEW, WRONG, BlobKey, BlobRow, ReceiptRow
from village_node.store.locks import CaseKey
from village_node.store.requests import Request
from village_node.uploads import Upload

PAPERS_A_CASE: Final = 20
BYTES_A_DAY: Final = 500 << 20  # of originals handed in at one place
BYTES_A_PERSON: Final = 200 << 20  # of those, in a day that begins with the first: one account alone shuts out nobody
DAY_MS: Final = 86_400_000
_HANDED_IN: Final = "papers of "  # and a staff number: when that person's day began (ms), and how many bytes since


class PaperView(NamedTuple):
    """One paper as this node has it. ``percent``: how much of the original is here; ``receipts``: (place, ms) of
    whoever above has signed for all of it; ``wrong``: its bytes are not those that its manifest names."""

    paper: Paper
    percent: int
    preview_here: bool
    receipts: list[tuple[str, int]]
    wrong: bool


class Term(NamedTuple):
    """What a purge measures terms by: the roster, the newest checkpoint's time by the county's clock, and ours."""

    roster: Roster
    checkpoint_ms: int
    now_ms: int
    retention_ms: int

    def is_over(self, word: ReceiptRow) -> bool:
        """Whether the root place's word for a file was here long enough, by our clock and by the county's."""
        began_ms = word.arrived_ms if word.arrived_ms <= self.now_ms else word.time
        least = self.retention_ms
        return self.now_ms - began_ms >= least and self.checkpoint_ms - word.time >= least


class Papers(Desk, Reading, Shelving):
    """The part of the casebook that keeps the files of cases."""

    def add_paper(
        self,
        actor: str,
        roles: Iterable[str],
        key: CaseKey,
        material: str,
        upload: Upload,
        replaces: Sequence[Position] = (),
        request: Request | None = None,
        also: Callable[[Connection], None] | None = None,
    ) -> CaseRef:
        """Add a file to the papers of a case, in the place of others where it replaces some. It is on the disk before
        the event that names it, and its row is written with that event. ``also``: done in the same transaction; where
        it raises, nothing was done. Raises AlreadyDone, IdTaken, NotAllowed, NotFound, NotSaved, and BadBody where it
        is more than a case, a person or a place may have in."""
        self.store.refuse_intake_without_room()
        shelf = self._shelf
        if shelf is None:
            raise NotAllowed("本机没有存放文件的目录", "this node has no folder for files")
        case = self.case(*key)
        if case is None:
            raise NotFound("本机没有这一案件", "no such case is held here")
        self._check_quota(case, upload, replaces)
        manifest = files.manifest_of(upload.raw)
        content: dict[int, object] = {0: ADD, 1: material, 2: manifest.hash, 3: manifest.size, 4: upload.media}
        content[5] = manifest.chunks
        named = [(manifest, ORIGINAL, upload.raw)]
        if upload.preview is not None:
            small = files.manifest_of(upload.preview)
            content |= {6: small.hash, 7: small.size}
            named.append((small, PREVIEW, upload.preview))
        if replaces:
            content[8] = [list(each) for each in replaces]
        rows = []
        for each, lane, raw in named:
            blob = key[0], each.hash
            drawn = manifests.new_row(self, blob, each.size, each.chunks, lane, self.identity.place, self.clock())
            rows.append(put_whole(shelf, drawn, raw))
        idle: list[str] = []

        def beside(connection: Connection) -> None:
            if also is not None:
                also(connection)
            self._count(connection, actor, len(upload.raw))
            idle[:] = _keep_ours(connection, key, rows)

        try:
            done = self.record(actor, roles, *key, kinds.PAPER, content, request=request, beside=beside)
        except CasebookError:  # nothing was kept; of NotSaved nobody knows that, and what is not named is a stray
            self.forget_files([row.name for row in rows])
            raise
        self.forget_files(idle)
        return done

    def has_paper(self, key: CaseKey, material: str, digest: bytes) -> bool:
        """Whether the very file with this SHA-256 is a paper of the case already, for this material."""
        case = self.case(*key)
        return case is not None and any((each.material, each.hash) == (material, digest) for each in current(case))

    def withdraw_paper(
        self, actor: str, roles: Iterable[str], key: CaseKey, position: Position, reason: str,
        request: Request | None = None,
    ) -> CaseRef:  # fmt: skip
        """Take a paper away, with a reason. Raises what ``record`` raises, NotAllowed where it is none that counts."""
        case = self.case(*key)
        if case is None or position not in [paper.position for paper in current(case)]:
            raise NotAllowed("这份材料已经撤下或已被替换", "this paper has been withdrawn or replaced already")
        content = {0: WITHDRAW, 8: [list(position)], 9: reason}
        return self.record(actor, roles, *key, kinds.PAPER, content, request=request)

    def papers(self, case: Case) -> list[PaperView]:
        """Every paper of a case, with what of it is here."""
        found = papers_of(case)
        if not found:
            return []
        scope, roster = f"about:{case.home}", self.roster
        with self.store.reading() as connection:
            wanted = {(scope, blob) for paper in found for blob in (paper.hash, paper.preview) if blob is not None}
            held = blobs.get(connection, wanted)
            signed: dict[BlobKey, list[tuple[str, int]]] = {}
            for row in blobs.receipts_of(connection, wanted):
                signer = roster.node(row.signer)
                if signer is not None:
                    signed.setdefault((row.scope, row.hash), []).append((signer.place, row.time))
        views = []
        for paper in found:
            original = held.get((scope, paper.hash))
            preview = held.get((scope, paper.preview)) if paper.preview is not None else None
            views.append(
                PaperView(
                    paper,
                    percent(original),
                    preview is not None and preview.state == HERE,
                    sorted(signed.get((scope, paper.hash), []), key=lambda each: each[1]),
                    original is not None and original.state == blobs.WRONG,
                )
            )
        return views

    def paper_at(self, case: Case, position: Position) -> Paper:
        """One paper. Raises NotFound."""
        for paper in papers_of(case):
            if paper.position == position:
                return paper
        raise NotFound("本案没有这份材料", "the case has no such paper")

    def preview_of(self, case: Case, paper: Paper) -> bytes:
        """The picture that stands for a paper. Raises NotFound where it is not here."""
        if paper.preview is None:
            raise NotFound("这份材料没有预览图", "there is no preview of this paper")
        return self._whole((f"about:{case.home}", paper.preview))

    def original_of(self, actor: str, case: Case, paper: Paper, reason: str, page: int | None = None) -> bytes:
        """The file itself, noted in the audit trail before it is given: to be saved, or for one page of it to be drawn.
        Raises NotFound where it is not whole here, NotSaved where that cannot be noted."""
        raw = self._whole((f"about:{case.home}", paper.hash))
        with self.store.writing() as connection:
            subject = case.case_no or case.case_id.hex()
            if page is None:
                self.note(connection, actor, "paper.open", subject, reason=reason, paper=paper.hash.hex())
            else:
                self.note(connection, actor, "paper.view", subject, reason=reason, paper=paper.hash.hex(), page=page)
        return raw

    def _whole(self, blob: BlobKey) -> bytes:
        with self.store.reading() as connection:
            row = blobs.get(connection, [blob]).get(blob)
        if self._shelf is not None and row is not None and row.state == HERE:
            raw = whole_of(self._shelf, row)
            if raw is not None:
                return raw
            if not self.lose(row):
                raise NotFound(
                    "本机磁盘上的这份原件现在读不出来，没有丢弃：请管理员检查磁盘和 files.key，或从备份恢复 blobs",
                    "this file cannot be read from the disk here now, and is kept: look at the disk and files.key, or"
                    " restore the folder blobs from the backup",
                )
        raise NotFound("原件还没有传到本机", "the file is not here yet")

    def _check_quota(self, case: Case, upload: Upload, replaces: Sequence[Position]) -> None:
        held = [paper.position for paper in current(case)]
        if any(position not in held for position in replaces):
            raise NotAllowed(
                "要替换的材料已经撤下或已被替换", "what is to be replaced was withdrawn or replaced already"
            )
        if len(held) - len(replaces) >= PAPERS_A_CASE:
            raise BadBody(
                "file",
                f"每件最多 {PAPERS_A_CASE} 份材料原件，请先撤下不用的",
                f"a case has {PAPERS_A_CASE} files at most: withdraw one first",
            )
        with self.store.reading() as connection:
            today = blobs.written_since(connection, self.identity.place, self.clock() - DAY_MS)
        if today + len(upload.raw) > BYTES_A_DAY:
            raise BadBody(
                "file",
                "本机一天内上传的材料已达上限（500 MB），请明天再传",
                "this place has uploaded as much as it may in a day (500 MB): go on tomorrow",
            )

    def _count(self, connection: Connection, actor: str, size: int) -> None:
        """Count the bytes of a file to who hands it in. Raises BadBody where that is more than one person may."""
        now_ms, name = self.clock(), _HANDED_IN + actor
        told = peers.bytes_to_change(connection, name) or bytes(16)
        began_ms, so_far = int.from_bytes(told[:8]), int.from_bytes(told[8:])
        if not began_ms <= now_ms < began_ms + DAY_MS:  # over, or begun by a clock that was put back since
            began_ms, so_far = now_ms, 0
        if so_far + size > BYTES_A_PERSON:
            most = BYTES_A_PERSON >> 20
            raise BadBody(
                "file",
                f"您一天内上传的材料已达每人上限（{most} MB），这个文件没有收；请明天再传，或请同事上传",
                f"you have uploaded as much as one person may in a day ({most} MB), and this file was not taken: go on"
                " tomorrow, or ask a colleague",
            )
        peers.remember_bytes(connection, name, began_ms.to_bytes(8) + (so_far + size).to_bytes(8))

    # Dropping, with the bodies of a case

    def blobs_to_drop(self, connection: Connection, key: CaseKey, term: Term) -> list[BlobRow] | None:
        """The files that go when the bodies of a case go; None where one of them must wait, and nothing goes: the root
        place's word for it is not here, or its term runs."""
        held = [row for row in blobs.of_case(connection, key) if row.state != DROPPED]
        asked = [row for row in held if self._needs_word(row, term)]
        if not asked:
            return held
        words: dict[BlobKey, list[ReceiptRow]] = {}
        root = {node.incarnation: node for node in term.roster.serving(term.roster.places.root)}
        for each in blobs.receipts_of(connection, [row.blob for row in asked]):
            signer = root.get(each.signer)
            if signer is not None and _verifies(each, signer, self.network_id):
                words.setdefault(each[:2], []).append(each)
        self._receipts_lacking |= dict.fromkeys(
            row.blob for row in asked if row.state == HERE and row.blob not in words
        )
        return held if all(any(map(term.is_over, words.get(row.blob, ()))) for row in asked) else None

    def _needs_word(self, row: BlobRow, term: Term) -> bool:
        """Whether a file may only go when the root place has signed for it: it is not the root's own, and it is here,
        or for one more term on its way through here."""
        places, mine = term.roster.places, self.identity.place
        if row.place == places.root or row.state == WRONG:
            return False
        if row.state == HERE:
            return True
        comes_through = row.place != mine and row.place in places and places.covers(mine, row.place)
        return comes_through and term.now_ms - row.known_ms < 2 * term.retention_ms

    def blob_receipts_wanted(self, most: int) -> list[BlobWant]:
        """Files that are whole here and whose receipts of the root place a purge has missed, asked for once each."""
        asked = list(self._receipts_lacking)[: max(most, 0)]
        for blob in asked:
            del self._receipts_lacking[blob]
        return [BlobWant(*blob, 0, b"") for blob in asked]


def _keep_ours(connection: Connection, key: CaseKey, rows: Sequence[BlobRow]) -> list[str]:
    """The event of a case that names these files of ours is written: so are their rows. The names under which nothing
    is needed: ours where the file was here whole already, else those of what had come of it."""
    held = blobs.locked(connection, [row.blob for row in rows])
    ours = [row for row in rows if row.blob not in held or held[row.blob].state != HERE]
    blobs.put(connection, ours)
    blobs.name(connection, key, [row.blob for row in rows])
    replaced = [held[row.blob].name for row in ours if row.blob in held]
    return replaced + [row.name for row in rows if row not in ours]


def _verifies(row: ReceiptRow, signer: Node, network_id: bytes) -> bool:
    try:
        files.check(files.BlobReceipt(*row[:5]), signer.suite, signer.public, network_id)
    except BadReceipt:
        return False
    return True
