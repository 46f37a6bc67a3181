"""What a bundle says, slice by slice: made of what the casebook owes a place, and read as any message is."""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from sync_protocol import limits
from sync_protocol.errors import TooLarge
from sync_protocol.exchange import BlobTalk, Content, ForkTalk, Path, PeerView, RosterTalk, content_map, read_content
from sync_protocol.exchange.heads import fitting
from sync_protocol.roster import Change, Roster
from sync_protocol.wire import ZSTD, pack_body, unpack_body
from village_node.casebook import Casebook, Owed

SLICE_BYTES: Final = 262_144  # of content before packing: some five hundred events of the usual size
BODIES_BYTES: Final = 65_536
Sent = tuple[bytes, str, int, bytes, Path]


class Slice(NamedTuple):
    """A body, how many events are in it, and how far the streams go that it carries."""

    body: bytes
    events: int
    sent: list[Sent]


def for_head(roster: Roster, lower: str) -> tuple[list[Change], list[Change]]:
    """The changes of the roster for a bundle between ``lower`` and a place above it: those that the slices are to
    carry, and the last ones, as many as the head has room for. They tell the newest life of its sender, and of its
    reader."""
    every = [change for part in roster.parts_for(lower) for change in roster.changes(part)]
    last = fitting(reversed(every))[::-1]
    return every[: len(every) - len(last)], last


def slices_for(casebook: Casebook, owed: Owed, place: str, earlier: Sequence[Change] = ()) -> Iterator[Slice]:
    """The roster as far as it is not in the head, then everything that a place has not signed for, our vector and
    answers first. Raises StoreError."""
    yield from _of_the_roster(casebook, owed, earlier)
    down = owed.lower == place
    view = PeerView(owed.theirs)
    content = _opening(casebook, owed, place, down=down)
    while True:
        outgoing = casebook.owed(
            owed.mine,
            view.points,
            tables=content.tables,
            budget=SLICE_BYTES,
            withheld=owed.withheld,
            most_events=limits.SLICE_EVENTS,
        )
        content.packed_segments, content.packed_receipts = outgoing.segments, outgoing.receipts
        if outgoing.segments or outgoing.receipts or content.vector is not None:
            yield Slice(pack_body(content_map(content), ZSTD), limits.SLICE_EVENTS - outgoing.room, outgoing.sent)
        if content.vector is not None:
            yield from _of_blobs(casebook, place)
        if not outgoing.more or not (outgoing.segments or outgoing.receipts):
            return
        for sent in outgoing.sent:
            view.add_events(*sent)
        for receipt in outgoing.sent_receipts:
            view.add_receipt(receipt)
        content = Content()


def _of_the_roster(casebook: Casebook, owed: Owed, earlier: Sequence[Change]) -> Iterator[Slice]:
    """Changes for which the head has no room, and what is known of other chains than ours: each that contradicts what
    the reader holds makes the proof there."""
    roster = casebook.roster
    parts = roster.parts_for(owed.lower)
    aside = [change for part in parts if part in roster.forks for change in casebook.changes_aside(part)]
    left = [*earlier, *aside, *casebook.overruled_changes(owed.lower)]
    while left:
        first = fitting(left)
        yield Slice(pack_body(content_map(Content(roster_changes=first)), ZSTD), 0, [])
        left = left[len(first) :]


def _of_blobs(casebook: Casebook, place: str) -> Iterator[Slice]:
    """What is asked for of files, and the receipts for those that the last bundle from there asked about."""
    wants, receipts = casebook.blobs_asked_by_stick(place), casebook.blob_receipts_by_stick(place)
    while wants or receipts:
        talk = BlobTalk(wants=wants[: limits.BLOB_WANTS], receipts=receipts[: limits.BLOB_RECEIPTS])
        wants, receipts = wants[limits.BLOB_WANTS :], receipts[limits.BLOB_RECEIPTS :]
        yield Slice(pack_body(content_map(Content(blobs=talk)), ZSTD), 0, [])


def _opening(casebook: Casebook, owed: Owed, place: str, *, down: bool) -> Content:
    """What stands before the events: what we hold, what we lack, and what is to be answered."""
    said = owed.said
    content = Content(vector=owed.mine, wants=casebook.wanted(place))
    content.answers = list(said.answers[: limits.ANSWERS_A_MESSAGE])
    if said.wants:
        content.bodies = casebook.wanted_bodies(said.wants, place, BODIES_BYTES)
    if down:
        content.lines, _ = casebook.lines_for(said.asked, place, SLICE_BYTES)
    else:
        content.lines_asked = casebook.lines_wanted()
        content.renewal = casebook.renewal() if casebook.provisional else None
    content.forks.proofs = casebook.proofs_owed(place, said.vector or ())
    return content


def read_slice(body: bytes, *, down: bool) -> Content:
    """What a slice says. Raises ProtocolError for anything that is not the fields of a message."""
    content = read_content(unpack_body(body), reply=down)
    if sum(segment.n for segment in content.segments) > limits.SLICE_EVENTS:
        raise TooLarge(f"slice: more than {limits.SLICE_EVENTS} events")
    content.forks = ForkTalk(proofs=content.forks.proofs)
    content.roster_talk = RosterTalk()
    content.blobs.pieces = []
    return content


def events_alone(content: Content) -> Content:
    """What is taken of a slice whose writer is revoked: what it wrote into streams, and nothing that it says of itself,
    gives or asks for (PROTOCOL.md, section 5.3)."""
    return Content(
        segments=content.segments,
        refused_segments=content.refused_segments,
        bodies=content.bodies,
        forks=ForkTalk(proofs=content.forks.proofs),
    )
