"""The property that a receipt never covers a missing body, and the histories it is tried on.

A county is given a village's stream in pieces: out of order, more than once, bodies left out, bodies sent afterwards
(sound ones and others). After each message every receipt the county has signed is compared with what its disk holds.
"""

import random
import shutil
import tempfile
from pathlib import Path
from typing import NamedTuple

from hypothesis import strategies as st

from sync_protocol.case import kinds
from sync_protocol.event import Event, fits, load_header
from sync_protocol.exchange import Body, Content
from sync_protocol.places import about
from tests.builders import COUNTY, TOWNSHIP, VILLAGE, Network, network
from tests.postgresql import memory
from tests.village_node.casebook.messages import arrived, events_of, segment, without_body
from village_node.casebook import Casebook
from village_node.store import open_store, receipts, streams

LENGTH = 10


class Piece(NamedTuple):
    """One message: events from ``first`` on, bit n of ``left_out`` says that the n-th body is not carried; bodies that
    are sent by themselves, and of those the ones that are not the author's."""

    first: int
    length: int
    left_out: int
    bodies: frozenset[int]
    forged: frozenset[int]


positions = st.integers(1, LENGTH)
pieces = st.builds(
    Piece,
    first=positions,
    length=positions,
    left_out=st.integers(0, 2**LENGTH - 1),
    bodies=st.frozensets(positions, max_size=4),
    forged=st.frozensets(positions, max_size=2),
)
histories = st.lists(pieces, min_size=1, max_size=5)


class Stage:
    """A village's stream of LENGTH events, and a county that has the roster and nothing else yet."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="sanji-", dir=memory()))
        self.net: Network = network(self.folder, COUNTY, TOWNSHIP, VILLAGE)
        self.village = self.net.members[VILLAGE]
        self.key = (self.village.identity.incarnation, about(VILLAGE))
        refs = [self.village.file() for _ in range(3)]
        while len(self.events) < LENGTH:
            self.village.act(refs[0], kinds.NOTE, {"text": "核实"})
        self.net.close()

    @property
    def events(self) -> list[Event]:
        """The village's stream."""
        return events_of(self.village, self.key)

    def close(self) -> None:
        """Remove every file."""
        shutil.rmtree(self.folder)

    def county(self) -> Casebook:
        """A fresh county, in place of the one before."""
        copy = self.folder / "fresh.db"
        for leftover in ("-wal", "-shm"):
            copy.with_name(copy.name + leftover).unlink(missing_ok=True)
        shutil.copy(self.folder / f"{COUNTY}.db", copy)
        store = open_store(f"sqlite:///{copy}")
        identity = self.net.identities[COUNTY]
        return Casebook(store, identity, self.net.clock, random.Random(1).randbytes, self.net.catalogue)


def message(stage: Stage, events: list[Event], piece: Piece) -> Content:
    """The message that a piece stands for."""
    run = [
        without_body(event) if piece.left_out >> number & 1 else event
        for number, event in enumerate(events[piece.first - 1 : piece.first - 1 + piece.length])
    ]
    content = Content()
    content.packed_segments = [segment(stage.village, stage.key, run, content)]
    for seq in sorted(piece.bodies | piece.forged):
        event = events[seq - 1]
        if event.salt is not None and event.body is not None:
            forged = seq in piece.forged
            content.bodies.append(Body(*stage.key, seq, event.salt, b"\xa0" if forged else event.body))
    return arrived(content)


def never_beyond_what_is_held(stage: Stage, history: list[Piece]) -> None:
    """No receipt covers a missing body or another one than the author's; and each goes as far as it may."""
    events = stage.events
    county = stage.county()
    me = county.identity.incarnation
    try:
        for piece in history:
            received = county.receive(stage.key[0], message(stage, events, piece), peer_update={})
            with county.store.reading() as connection:
                row = streams.by_keys(connection, [stage.key]).get(stage.key)
                if row is None:
                    assert received.signed == []
                    continue
                held = streams.events_between(connection, row.id, 0, row.head_seq, 1_000)
                signed = {signer: seq for _, signer, seq in receipts.of_streams(connection, [row.id])}
            sound = 0
            for one, event in zip(held, events, strict=False):
                header = load_header(one.header)
                assert one.hash == event.hash
                if header.inline is None:
                    if one.body is None or one.salt is None:
                        break
                    assert fits(event, one.salt, one.body), "a body that is not the author's is held as here"
                sound += 1
            covered = signed.get(me, 0)
            assert covered <= sound, f"a receipt at {covered}, but a body is missing at {sound + 1}"
            assert covered == sound, f"a receipt at {covered}, though all is held up to {sound}"
            assert all(owed.seq <= sound for owed in received.signed)
    finally:
        county.store.close()
