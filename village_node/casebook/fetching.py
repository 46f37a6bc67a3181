"""Files on their way: what is asked for, what is given to whom, how pieces become chunks, and who has signed for all.

Theory of operation. Events come first and by themselves: a message's pieces are taken after its events are committed.
A chunk that is complete and fits its manifest is synced to the shelf, and only then does the transaction say so; what
is left over of a chunk is kept with it. A power cut in between costs one message, and the next want asks for that
again. The bytes of a whole file are compared once more before anybody signs for them.
"""

import logging
import threading
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from sync_protocol import blobs as files
from sync_protocol import limits
from sync_protocol.blobs import BlobReceipt, Manifest
from sync_protocol.errors import BadCommitment, BadReceipt
from sync_protocol.exchange import BlobTalk, BlobWant, Content, Piece
from sync_protocol.places import PlaceTree, UnknownPlace, follows
from sync_protocol.roster import Node, Roster
from sync_protocol.suites import sha256
from village_node.casebook.intake import ATTEMPTS, Intake, too_busy
from village_node.casebook.piecing import Piecing, about_file
from village_node.casebook.plan import Received
from village_node.casebook.rostering import NO_INCARNATION
from village_node.rebirth import Lives
from village_node.shelf import Shelf
from village_node.store import Connection, NotSaved, Overtaken, RoomMade, blob_parts, blobs, parking
from village_node.store.blob_parts import PartRow
from village_node.store.blobs import HERE, MISSING, WRONG, BlobKey, BlobRow, ReceiptRow
from village_node.store.parking import RefusedRow

WANTS_AT_ONCE: Final = 8
RECEIPTS_AT_ONCE: Final = 64
_PIECE_BYTES: Final = 64  # of a piece before packing, but for its bytes
_PATIENCE: Final = 3  # asks that bring nothing before others are asked for first
_KNOWN_MISSING: Final = 32  # of one place
_TROUBLE_MS: Final = 600_000  # for so long no file is asked for after the disk did not take one
_ASKED_MOST: Final = 4_096
_log = logging.getLogger(__name__)


class _Taken(NamedTuple):
    """What one message brought of files: its pieces put together, a peer's receipts, and what it asks our word for."""

    pieces: Piecing
    receipts: list[BlobReceipt]
    unsigned: list[BlobRow]


class Fetching(Intake):
    """The part of the casebook that moves files between nodes."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        """As for every part of the casebook."""
        self._blob_turn = threading.Lock()
        self._wanted_of: dict[tuple[str, BlobKey], int] = {}
        self._trouble_ms: int | None = None
        super().__init__(*arguments, **named)

    def keep_lives(self, lives: Lives, *, pages_only: bool = False) -> None:
        """The files of our lives, beside which the shelf stands. Raises NotSaved, and NoIdentity where the key is gone
        under which keys of files are wrapped."""
        try:
            self._shelf = lives.shelf(in_use=self.file_key_in_use())
        except OSError as problem:
            raise _not_kept(problem) from problem
        self.partials = self._shelf.partials
        super().keep_lives(lives, pages_only=pages_only)
        if not pages_only:
            self.wrap_file_keys()

    def receive(self, peer: bytes, content: Content, *, peer_update: dict[str, Any]) -> Received:
        """Take in one message of a peer: its events first, then what it says of files. Raises NotSaved."""
        received = super().receive(peer, content, peer_update=peer_update)
        if content.blobs:
            self._take_blobs(peer, content.blobs)
        return received

    # Asking and giving

    def blob_wants(self, place: str) -> list[BlobWant]:
        """What is asked of the peer at ``place``: what the side it speaks for should have."""
        asked = self._missing_at(place)
        room = self.store.room() if asked else None
        if not asked or self._shelf is None or (room is not None and room.closed) or self.is_in_trouble():
            return []  # what is left of a disk that fills up is for events
        asked.sort(key=lambda row: self._wanted_of.get((place, row.blob), 0) // _PATIENCE)
        chosen = [row.blob for row in asked[:WANTS_AT_ONCE]]
        with self.store.reading() as connection:
            held, begun = blobs.get(connection, chosen), blob_parts.get(connection, chosen)
        wants = []
        for blob in chosen:
            row = held.get(blob)
            if row is not None and row.state == MISSING:
                wants.append(_want(row, begun.get(blob)))
                self._wanted_of[place, blob] = self._wanted_of.get((place, blob), 0) + 1
        if len(self._wanted_of) > _ASKED_MOST:
            self._wanted_of.clear()
        return wants

    def lacking(self, place: str) -> set[BlobKey]:
        """What is not whole here and is asked of the peer at ``place``."""
        return {row.blob for row in self._missing_at(place)}

    def _missing_at(self, place: str) -> list[BlobRow]:
        """What is not whole here and is asked of the peer at ``place``, what is fetched first in front."""
        missing = self.remembered("blobs missing", lambda connection: blobs.missing(connection, _KNOWN_MISSING))
        places, mine = self.roster.places, self.identity.place
        found = [
            row
            for author, of_author in missing.items()
            if is_there(places, mine, place, author)
            for row in of_author
            if follows_scope(places, place, row.scope)
        ]
        found.sort(key=lambda row: (row.lane, row.known_ms, row.hash))
        return found

    def is_in_trouble(self) -> bool:
        """Whether the disk did not take a file a short while ago."""
        return self._trouble_ms is not None and 0 <= self.clock() - self._trouble_ms < _TROUBLE_MS

    def try_again(self) -> None:
        """Whatever the disk did a short while ago, the next file is tried."""
        self._trouble_ms = None

    def _note_trouble(self, problem: OSError) -> None:
        """The disk does not take a file: events go on without files, which are asked for again after a while."""
        _log.warning("files cannot be written for now, events go on: %s", problem)
        self._trouble_ms = self.clock()

    def serves(self, wants: Sequence[BlobWant], place: str) -> bool:
        """Whether something of this is here whole, and the peer at ``place`` may have it."""
        return bool(wants) and any(self._given(wants, place))

    def blob_pieces(self, wants: Sequence[BlobWant], place: str, room: int) -> list[Piece]:
        """Pieces of what a peer at ``place`` asked for and may have, of at most so many bytes."""
        found: list[Piece] = []
        if not wants or self._shelf is None or room <= 0:
            return found
        for want, row in self._given(wants, place):
            manifest = _manifest(row)
            held = want.held
            for number in files.numbers_in(want.missing, manifest.chunk_count):
                raw = self._shelf.get(row.name, row.key, about_file(row.blob), number)
                if raw is None:
                    self.lose(row)
                if raw is None or held >= len(raw):
                    break
                part = raw[held : held + room]
                found.append(Piece(*row.blob, number * limits.BLOB_CHUNK + held, part))
                room -= len(part) + _PIECE_BYTES
                held = 0
                if room <= 0 or len(found) == limits.BLOB_PIECES:
                    return found
        return found

    def _given(self, wants: Sequence[BlobWant], place: str) -> list[tuple[BlobWant, BlobRow]]:
        places = self.roster.places
        sound = [want for want in wants if any(want.missing) and follows_scope(places, place, want.scope)]
        with self.store.reading() as connection:
            held = blobs.get(connection, {want[:2] for want in sound})
        return [(want, held[want[:2]]) for want in sound if want[:2] in held and held[want[:2]].state == HERE]

    # Receipts

    def blob_receipts(self, place: str, wants: Sequence[BlobWant]) -> tuple[list[BlobReceipt], list[BlobReceipt]]:
        """Receipts for the child at ``place``: those that are on their way over it to the author, and all it is to
        have, with those that it asks for."""
        untold = self.remembered("blob receipts untold", blobs.untold)
        places = self.roster.places
        found = [row for row, author in untold if author in places and places.covers(place, author)]
        found = found[:RECEIPTS_AT_ONCE]
        owed = [BlobReceipt(*row[:5]) for row in found]
        asked = [want[:2] for want in wants if not any(want.missing) and follows_scope(places, place, want.scope)]
        if asked:
            with self.store.reading() as connection:
                held = blobs.receipts_of(connection, asked)
            found += [row for row in held if row not in found]
        return owed, [BlobReceipt(*row[:5]) for row in found[:RECEIPTS_AT_ONCE]]

    def blob_receipts_arrived(self, told: Iterable[BlobReceipt]) -> None:
        """The child has these. Raises NotSaved."""
        with self.store.writing() as connection:
            blobs.note_told(connection, [(each.scope, each.hash, each.signer) for each in told])
            self.mark_news(connection, {""})
        self.tell({""})

    # Taking

    def _take_blobs(self, peer: bytes, talk: BlobTalk) -> None:
        """Put pieces together; keep what became a chunk, receipts that verify, and ours. Raises NotSaved."""
        sender = self.roster.node(peer)
        if sender is not None and sender.serves:
            self.take_pieces(sender, talk)

    def take_pieces(self, sender: Node, talk: BlobTalk) -> None:
        """The same for a sender who may be revoked, of whom the bytes are as good as anybody's. Raises NotSaved."""
        roster, peer = self.roster, sender.incarnation
        if self._shelf is None:
            return
        pieces = [each for each in talk.pieces if follows_scope(roster.places, sender.place, each.scope)]
        with self._blob_turn:
            put = Piecing(self._shelf, self.randomness, self.clock())
            if pieces:
                with self.store.reading() as connection:
                    held = blobs.get(connection, {each[:2] for each in pieces})
                    held = {blob: row for blob, row in held.items() if row.state == MISSING}
                    put.go_on(held, blob_parts.get(connection, held).values())
                self._put_together(put, [piece for piece in pieces if piece[:2] in held])
            for blob in put.moved:
                self._wanted_of.pop((sender.place, blob), None)
            unsigned = self._unsigned(roster, self._shelf, sender.place, talk.wants)
            if put.moved or talk.receipts or unsigned:
                self._keep_blobs(peer, roster, self._shelf, _Taken(put, talk.receipts, unsigned))

    def _put_together(self, put: Piecing, pieces: Sequence[Piece]) -> None:
        try:
            for piece in pieces:
                put.take(piece)
        except OSError as problem:
            self._note_trouble(problem)

    def _grown(self, connection: Connection, shelf: Shelf, put: Piecing) -> list[BlobRow]:
        """The files that have grown as they are from now on, under lock: what another worker has taken of them
        meanwhile is theirs too, and one that was dropped, or is whole by now, stays as it is. What is left over of
        their next chunks is kept, unless that worker holds more."""
        found, new, left = [], put.grown, []
        rows = blobs.locked(connection, put.moved)
        others = blob_parts.get(connection, rows)
        for blob, now in rows.items():
            if now.state != MISSING:
                continue
            part, other = put.left_over(blob), others.get(blob)
            if other is not None and (other.name != now.name or (blob, other.number) in put.ended):
                other = None  # of a file that was begun anew, or of a chunk that is complete
            if other is not None and (part is None or not _is_more(part, other)):
                part = other if other.number not in files.numbers_in(now.here, count_of(now)) else None
            if part is not None and part.name == now.name:
                left.append(part)
            if blob not in new or now.name != new[blob].name:
                continue
            count = _manifest(now).chunk_count
            here = {*files.numbers_in(now.here, count), *files.numbers_in(new[blob].here, count)}
            try:
                found.append(_compared(shelf, now._replace(here=files.bitmap(here, count))))
            except OSError as problem:
                self._note_trouble(problem)
        kept = {part.blob for part in left}
        blob_parts.forget(connection, [blob for blob in others if blob not in kept])
        blob_parts.keep(connection, [part for part in left if part != others.get(part.blob)])
        return found

    def _keep_blobs(self, peer: bytes, roster: Roster, shelf: Shelf, taken: "_Taken") -> None:
        for _ in range(ATTEMPTS):
            try:
                with self.store.writing() as connection:
                    self.hold_life(connection)
                    rows = self._grown(connection, shelf, taken.pieces)
                    blobs.grow(connection, rows)
                    whole = [row for row in rows if row.state in (HERE, WRONG)]
                    kept = self._signed(roster, [*whole, *taken.unsigned])
                    kept += self._verified(connection, peer, roster, taken.receipts)
                    blobs.keep_receipts(connection, kept)
                    for piece in taken.pieces.wrong:
                        self._note_wrong(connection, peer, piece.scope, piece.hash, BadCommitment.code, "chunk")
                    for row in rows:
                        if row.state == WRONG:
                            self._note_wrong(connection, peer, *row.blob, BadCommitment.code, "whole")
                    scopes = {row.scope for row in whole} | {each.scope for each in kept}
                    if scopes:
                        self.mark_news(connection, scopes)
                break
            except (Overtaken, RoomMade):
                continue
        else:
            raise too_busy()
        if scopes:
            self.tell(scopes)

    def _signed(self, roster: Roster, whole: Sequence[BlobRow]) -> list[ReceiptRow]:
        """Our receipts for what is whole here now and was handed in below."""
        me, now_ms = self.speaker_by(roster), self.clock()
        found = []
        for row in whole:
            if row.state == HERE and self._signs_for(roster, row):
                one = files.sign(me.key, self.network_id, me.incarnation, now_ms, *row.blob)
                found.append(ReceiptRow(*row.blob, one.signer, one.time, one.signature, 0, now_ms))
        return found

    def _unsigned(self, roster: Roster, shelf: Shelf, place: str, wants: Sequence[BlobWant]) -> list[BlobRow]:
        """What a child asks receipts of and this life of ours, which may be a new one, has not signed for yet."""
        places = roster.places
        asked = [want[:2] for want in wants if not any(want.missing) and follows_scope(places, place, want.scope)]
        if not asked:
            return []
        me = self.speaker_by(roster).incarnation
        with self.store.reading() as connection:
            held = blobs.get(connection, asked)
            signed = {row[:2] for row in blobs.receipts_of(connection, held) if row.signer == me}
        whole = [row for row in held.values() if row.state == HERE and row.blob not in signed]
        return [row for row in whole if self._signs_for(roster, row) and whole_of(shelf, row) is not None]

    def _signs_for(self, roster: Roster, row: BlobRow) -> bool:
        mine = self.identity.place
        return row.place != mine and row.place in roster.places and roster.places.covers(mine, row.place)

    def _verified(
        self, connection: Connection, peer: bytes, roster: Roster, receipts: Sequence[BlobReceipt]
    ) -> list[ReceiptRow]:
        """Those of a peer's receipts that count here."""
        held = blobs.get(connection, {(each.scope, each.hash) for each in receipts})
        found, places = [], roster.places
        for each in receipts:
            row, signer = held.get((each.scope, each.hash)), roster.node(each.signer)
            if row is None or signer is None or not signer.serves or row.place not in places:
                continue
            if signer.place == row.place or not places.covers(signer.place, row.place):
                continue
            try:
                files.check(each, signer.suite, signer.public, self.network_id)
            except BadReceipt as error:
                self._note_wrong(connection, peer, *row.blob, error.code, "receipt")
                continue
            mine = self.identity.place
            told = int(row.place == mine or not places.covers(mine, row.place))  # nobody under us waits for it
            found.append(ReceiptRow(*row.blob, each.signer, each.time, each.signature, told, self.clock()))
        return found

    def _note_wrong(self, connection: Connection, peer: bytes, scope: str, blob: bytes, code: int, what: str) -> None:
        """Count what does not fit, for the page of what was refused."""
        detail = f"blob {blob.hex()}: its {what} does not verify"
        parking.refuse(connection, RefusedRow(peer, NO_INCARNATION, scope, 0, code, detail, 1, self.clock(), None))


def _want(row: BlobRow, part: PartRow | None) -> BlobWant:
    count = count_of(row)
    missing = set(range(count)) - set(files.numbers_in(row.here, count))
    begun = part is not None and part.name == row.name and missing and part.number == min(missing)
    return BlobWant(*row.blob, part.held if part is not None and begun else 0, files.bitmap(missing, count))


def _is_more(part: PartRow, other: PartRow) -> bool:
    """Whether what is left over here goes on from what another worker holds, or is of a chunk of its own."""
    return part.number != other.number or part.held > other.held


def _compared(shelf: Shelf, row: BlobRow) -> BlobRow:
    """The row of a file that has grown. Where nothing of it is missing its bytes are compared with its hash once more;
    a chunk that cannot be read is missing again. Raises OSError."""
    count = _manifest(row).chunk_count
    if len(files.numbers_in(row.here, count)) < count:
        return row
    shelf.close(row.name)
    chunks = [shelf.get(row.name, row.key, about_file(row.blob), number) for number in range(count)]
    there = [raw for raw in chunks if raw is not None]
    if len(there) < count:
        return row._replace(here=files.bitmap({n for n, raw in enumerate(chunks) if raw is not None}, count))
    return row._replace(state=HERE if sha256(b"".join(there)) == row.hash else WRONG)


def whole_of(shelf: Shelf, row: BlobRow) -> bytes | None:
    """The bytes of a whole file; None where one of its chunks is gone, or they are not those of its hash."""
    chunks = []
    for number in range(_manifest(row).chunk_count):
        raw = shelf.get(row.name, row.key, about_file(row.blob), number)
        if raw is None:
            return None
        chunks.append(raw)
    whole = b"".join(chunks)
    return whole if sha256(whole) == row.hash else None


def put_whole(shelf: Shelf, row: BlobRow, raw: bytes) -> BlobRow:
    """Put a file of ours on the shelf; its row from then on. Raises NotSaved; what is left of it then is a stray."""
    count = _manifest(row).chunk_count
    try:
        for number in range(count):
            start = number * limits.BLOB_CHUNK
            shelf.put(row.name, row.key, about_file(row.blob), number, raw[start : start + limits.BLOB_CHUNK])
        shelf.close(row.name)
    except OSError as problem:
        raise _not_kept(problem) from problem
    return row._replace(state=HERE, here=files.bitmap(range(count), count))


def _manifest(row: BlobRow) -> Manifest:
    return Manifest(row.hash, row.size, row.chunks)


def count_of(row: BlobRow) -> int:
    """How many chunks a file has."""
    return _manifest(row).chunk_count


def is_there(places: PlaceTree, mine: str, place: str, author: str) -> bool:
    """Whether a peer is on the side where the author of a file stands: below, or above and beside."""
    if author not in places:
        return False
    if places.covers(mine, place):
        return places.covers(place, author)
    return author == mine or not places.covers(mine, author)


def follows_scope(places: PlaceTree, place: str, scope: str) -> bool:
    """Whether a place may have what lies in a scope."""
    try:
        return follows(places, place, scope)
    except UnknownPlace:
        return False


def _not_kept(problem: OSError) -> NotSaved:
    return NotSaved(f"未保存：文件写不进磁盘（{problem.strerror}）", f"not saved: a file cannot be written ({problem})")
