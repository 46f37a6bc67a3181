"""Files by stick: which chunks a bundle for a place is to carry, what is asked for in it, and taking them in.

What is known of a place without a line is what it signed: its receipts for whole files, and what its last bundle asked
for. Whatever is written has not arrived before one of the two says so.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from sync_protocol import blobs as files
from sync_protocol import encoding, limits
from sync_protocol.blobs import BlobReceipt
from sync_protocol.bundle import BlobChunk
from sync_protocol.exchange import BlobTalk, BlobWant, Piece
from sync_protocol.places import about
from sync_protocol.roster import Node, Roster
from village_node.casebook.carrying import Carrying, lower_of
from village_node.casebook.fetching import Fetching, count_of, follows_scope, is_there
from village_node.casebook.piecing import about_file
from village_node.store import Connection, blobs, bundles, peers
from village_node.store.blobs import HERE, MISSING, BlobKey, BlobRow

_ASKED: Final = "blobs asked by stick "
_CARRIED: Final = "blobs carried by stick "
_KNOWN: Final = limits.BUNDLE_BLOB_WANTS  # of what was carried to one place


class Hauled(NamedTuple):
    """What came of some chunks: files that are whole since; chunks that were taken; files that no event here names.
    ``refused``: the disk takes no files for now."""

    whole: int
    taken: int
    unknown: frozenset[BlobKey]
    refused: bool


class PapersWaiting(NamedTuple):
    """Originals of this place that nobody above has signed for: how many, their bytes, since when the oldest waits."""

    files: int
    size: int
    since_ms: int | None


NOTHING_WAITS: Final = PapersWaiting(0, 0, None)


class Hauling(Carrying, Fetching):
    """The part of the casebook that couriers ask about files."""

    def papers_waiting(self) -> PapersWaiting:
        """What of the papers is still to leave; nothing at the root, which has nobody above."""
        if self.identity.parent is None:
            return NOTHING_WAITS
        return self.remembered("papers waiting", self._papers_waiting)

    def _papers_waiting(self, connection: Connection) -> PapersWaiting:
        signers = self.signers_above(self.roster_in(connection))
        return PapersWaiting(*blobs.waiting_to_leave(connection, self.identity.place, signers))

    # Writing

    def blobs_asked_by_stick(self, place: str) -> list[BlobWant]:
        """What a bundle for a place asks for: what its side should have, and upward the word for what is whole here."""
        with self.store.reading() as connection:
            roster = self.roster_in(connection)
            places, mine = roster.places, self.identity.place
            missing = blobs.missing(connection, limits.BUNDLE_BLOB_WANTS)
            wants = [
                BlobWant(*row.blob, 0, _lacking(row))
                for author, of_author in missing.items()
                if is_there(places, mine, place, author)
                for row in of_author
                if follows_scope(places, place, row.scope)
            ]
            if lower_of(roster, mine, place) == mine:
                lacking: dict[BlobKey, BlobRow] = {}
                for signing in (place, places.root):
                    signers = [node.incarnation for node in roster.serving(signing)]
                    lacking |= {row.blob: row for row in blobs.not_signed(connection, signers)}
                wants += [
                    BlobWant(*row.blob, 0, b"")
                    for row in lacking.values()
                    if row.place in places and places.covers(mine, row.place) and row.place != places.root
                ]
        return wants[: limits.BUNDLE_BLOB_WANTS]

    def blob_receipts_by_stick(self, place: str) -> list[BlobReceipt]:
        """The receipts that the last bundle from a place below asked for, as far as they are here."""
        with self.store.reading() as connection:
            roster = self.roster_in(connection)
            if lower_of(roster, self.identity.place, place) != place:
                return []
            asked = [
                want[:2]
                for want in self._asked_by(connection, roster, place)
                if not any(want.missing) and follows_scope(roster.places, place, want.scope)
            ]
            held = blobs.receipts_of(connection, asked)
        return [BlobReceipt(*row[:5]) for row in held]

    def chunks_for(self, place: str, *, withholds: bool = False) -> Iterator[BlobChunk]:
        """What a bundle for a place is to carry of files, what is fetched first in front; ``withholds``: not the events
        of this place, so nobody there would know what its files are. One that cannot be read is left out. Raises
        NotSaved."""
        for row, numbers in self._hauls(place, withholds=withholds):
            shelf = self._shelf
            for number in numbers:
                raw = shelf.get(row.name, row.key, about_file(row.blob), number) if shelf is not None else None
                if raw is None:
                    self.lose(row)
                    break
                yield BlobChunk(*row.blob, number, raw)

    def _hauls(self, place: str, *, withholds: bool) -> list[tuple[BlobRow, list[int]]]:
        """The files for a place, each with the numbers of the chunks that it is to be given."""
        with self.store.reading() as connection:
            roster = self.roster_in(connection)
            places = roster.places
            wants = {want[:2]: want for want in self._asked_by(connection, roster, place)}
            if lower_of(roster, self.identity.place, place) == place:
                scopes = [about(each) for each in places.kept_at(place)]
                came = bundles.read(connection, bundles.IN)
                since_ms = max((row.at_ms for row in came if row.place == place), default=0)
                found = blobs.whole_in(connection, scopes, since_ms)
                found = [row for row in found if row.place not in places or not places.covers(place, row.place)]
            else:
                found = blobs.not_signed(connection, [node.incarnation for node in roster.serving(place)])
                found = [row for row in found if row.place in places and places.covers(self.identity.place, row.place)]
            if withholds:
                found = [row for row in found if row.place != self.identity.place]
            known = {row.blob for row in found}
            asked = blobs.get(connection, [blob for blob, want in wants.items() if any(want.missing)])
            found += [row for row in asked.values() if row.state == HERE and row.blob not in known]
            turns = {blob: turn for turn, blob in enumerate(_carried(connection, place), start=1)}
        for blob, want in wants.items():
            if blob in asked and len(_numbers(asked[blob], want)) < count_of(asked[blob]):
                turns.pop(blob, None)  # something of it has come
        found.sort(key=lambda row: (turns.get(row.blob, 0), row.lane, row.known_ms, row.blob))
        return [(row, _numbers(row, wants.get(row.blob))) for row in found if follows_scope(places, place, row.scope)]

    def note_carried(self, place: str, carried: Iterable[BlobKey]) -> None:
        """A bundle for a place has something of these: what is new comes first in the next one. Raises NotSaved."""
        now = set(carried)
        if not now:
            return
        with self.store.writing() as connection:
            peers.bytes_to_change(connection, _CARRIED + place)
            kept = [*(blob for blob in _carried(connection, place) if blob not in now), *sorted(now)]
            peers.remember_bytes(connection, _CARRIED + place, encoding.encode([list(blob) for blob in kept[-_KNOWN:]]))

    # Reading

    def note_blobs_asked(self, node: Node, wants: Sequence[BlobWant]) -> None:
        """Remember what a bundle asked for, unless a later life of its sender has asked since. Raises NotSaved."""
        rows = [list(want) for want in wants[: limits.BUNDLE_BLOB_WANTS]]
        with self.store.writing() as connection:
            told = peers.bytes_to_change(connection, _ASKED + node.place)
            if told is None or encoding.decode(told, limit=len(told))[0] <= node.order:
                raw = encoding.encode([node.order, rows])
                peers.remember_bytes(connection, _ASKED + node.place, raw)

    def take_chunks(self, node: Node, chunks: Sequence[BlobChunk]) -> Hauled:
        """Take in chunks of files from a stick, in one transaction. Raises NotSaved."""
        places = self.roster.places
        sound = [each for each in chunks if follows_scope(places, node.place, each.scope)]
        room = self.store.room()
        if self._shelf is None or (room is not None and room.closed):
            return Hauled(0, 0, frozenset(), True)
        self.try_again()  # a person has just brought these, and may have made room
        before = self._states({each[:2] for each in sound})
        pieces = [Piece(*each[:2], each.number * limits.BLOB_CHUNK, each.raw) for each in sound]
        self.take_pieces(node, BlobTalk(pieces=pieces))
        wanted = {blob for blob, row in before.items() if row.state == MISSING}
        after = self._states(wanted)
        whole = sum(row.state == HERE for row in after.values())
        taken = sum(_count(after[blob]) - _count(before[blob]) for blob in wanted if blob in after)
        unknown = frozenset({each[:2] for each in sound} - set(before))
        return Hauled(whole, max(taken, 0), unknown, self.is_in_trouble())

    def _states(self, asked: Iterable[BlobKey]) -> dict[BlobKey, BlobRow]:
        with self.store.reading() as connection:
            return blobs.get(connection, asked)

    def _asked_by(self, connection: Connection, roster: Roster, place: str) -> list[BlobWant]:
        """What the last bundle from a place asked for; nothing where its sender does not serve any more."""
        told = peers.bytes_of(connection, _ASKED + place)
        if told is None:
            return []
        value: list[Any] = encoding.decode(told, limit=len(told))
        if value[0] not in {node.order for node in roster.serving(place)}:
            return []
        return [BlobWant(*row) for row in value[1]]


def _carried(connection: Connection, place: str) -> list[BlobKey]:
    """What bundles for a place have had something of, what is longest ago in front."""
    told = peers.bytes_of(connection, _CARRIED + place)
    value: list[Any] = encoding.decode(told, limit=len(told)) if told is not None else []
    return [(scope, hash_) for scope, hash_ in value]


def _lacking(row: BlobRow) -> bytes:
    count = count_of(row)
    return files.bitmap(set(range(count)) - set(files.numbers_in(row.here, count)), count)


def _numbers(row: BlobRow, want: BlobWant | None) -> list[int]:
    """The chunks to be given: those that a want lacks, else all."""
    count = count_of(row)
    if want is None or not any(want.missing):
        return list(range(count))
    return files.numbers_in(want.missing, count)


def _count(row: BlobRow) -> int:
    return len(files.numbers_in(row.here, count_of(row)))
