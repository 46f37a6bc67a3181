"""Messages between casebooks without a socket: packed as an uplink packs them, taken as a downlink takes them."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from sync_protocol.exchange import Content, PeerView, content_map, read_content
from sync_protocol.limits import FRAME_LARGEST
from sync_protocol.wire import ZSTD_DICTIONARY_2, Tables, pack_body, unpack_body
from tests.benchmarks.authored import Author
from tests.benchmarks.documents import Document
from tests.benchmarks.network import Seat
from village_node.casebook import Casebook

# Before packing, which makes about a quarter of it: what fills the budget that a good line has grown to.
_BUDGET: Final = 4 * FRAME_LARGEST
_SEGMENTS_OF_STOCK: Final = 30


def frames(casebook: Casebook, place: str) -> Iterator[bytes]:
    """Packed bodies that bring everything held of the streams that `place` follows to somebody who has nothing."""
    view = PeerView()
    while True:
        content = Content()
        points = casebook.shared_points(place)
        outgoing = casebook.owed(points, view.points, tables=content.tables, budget=_BUDGET)
        if not outgoing.segments:
            return
        content.packed_segments, content.packed_receipts = outgoing.segments, outgoing.receipts
        yield pack_body(content_map(content), ZSTD_DICTIONARY_2)
        for sent in outgoing.sent:
            view.add_events(*sent)


def take(casebook: Casebook, sender: Seat, body: bytes) -> int:
    """Unpack, check, store and fold one message from a node below; how many events were new."""
    content = read_content(unpack_body(body), reply=False)
    told = {"place": sender.identity.place, "direction": "down"}
    return casebook.receive(sender.identity.incarnation, content, peer_update=told).stored


def stock(villages: Sequence[Seat], filed: Iterator[Document], cases: int) -> Iterator[bytes]:
    """Messages with so many cases of old, made without a database: an equal share of each village."""
    for number, seat in enumerate(villages):
        share = cases // len(villages) + (number < cases % len(villages))
        network_id = seat.identity.network_id
        assert network_id is not None
        tables = Tables()
        segments = Author(seat.identity, network_id).segments(islice(filed, share), tables)
        while packed := [segment for _, segment in islice(segments, _SEGMENTS_OF_STOCK)]:
            yield pack_body(content_map(Content(tables=tables, packed_segments=packed)), ZSTD_DICTIONARY_2)
