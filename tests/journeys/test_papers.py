"""Papers on their way: from a village over its township to the county, byte for byte, and never before an event."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from sync_protocol import limits
from sync_protocol.case import Position
from sync_protocol.case.forms import Paper
from sync_protocol.case.papers import current
from sync_protocol.exchange import BlobTalk, BlobWant, Content, Piece
from tests.network import COUNTY, OTHER_TOWNSHIP, OTHER_VILLAGE, TOWNSHIP, VILLAGE, Live, Network, network
from village_node.casebook import CaseRef, PaperView, manifests
from village_node.store import blobs, parking
from village_node.uploads import Upload

PLACES = (COUNTY, TOWNSHIP, VILLAGE, OTHER_TOWNSHIP, OTHER_VILLAGE)


def photo(seed: int, size: int = 300_000) -> Upload:
    """A file of this size with a preview; what is in it nobody on the way looks at."""
    raw = random.Random(seed).randbytes(size)
    return Upload(raw, "image/jpeg", b"preview of %d" % seed * 100)


def attach(
    live: Live, ref: CaseRef, upload: Upload, material: str = "身份证", replaces: Sequence[Position] = ()
) -> None:
    live.member.casebook.add_paper("0001", live.member.roles, ref[:2], material, upload, replaces)


def shown(live: Live, ref: CaseRef) -> list[PaperView]:
    case = live.member.casebook.case(*ref[:2])
    assert case is not None
    return live.member.casebook.papers(case)


def opened(live: Live, ref: CaseRef, number: int = 0) -> bytes:
    book = live.member.casebook
    case = book.case(*ref[:2])
    assert case is not None
    return book.original_of("0003", case, current(case)[number], "核对原件")


def _lost(_reply: bytes) -> bytes:
    raise requests.ConnectionError("the line was cut")


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Network]:
    made = network(tmp_path, *PLACES)
    made.sync()
    yield made
    made.close()


def test_a_paper_reaches_the_county_byte_for_byte_and_its_receipt_comes_back(net: Network) -> None:
    ref = net[VILLAGE].member.file()
    upload = photo(1)
    attach(net[VILLAGE], ref, upload)
    net.settle()
    net.settle()
    for code in (VILLAGE, TOWNSHIP, COUNTY):
        (view,) = shown(net[code], ref)
        assert (view.percent, view.preview_here) == (100, True)
        assert opened(net[code], ref) == upload.raw
    (view,) = shown(net[VILLAGE], ref)
    assert [place for place, _ in view.receipts] == [TOWNSHIP, COUNTY]
    case = net[COUNTY].member.casebook.case(*ref[:2])
    assert case is not None
    assert net[COUNTY].member.casebook.preview_of(case, current(case)[0]) == upload.preview
    crossed = sum(len(each.request) for each in net.wire.passed if each.url.startswith(f"http://{TOWNSHIP}"))
    assert crossed < 1.1 * len(upload.raw), "each byte crosses a hop once"


def test_a_neighbour_is_given_nothing_and_a_paper_of_the_county_comes_down(net: Network) -> None:
    ref = net[VILLAGE].member.file()
    attach(net[VILLAGE], ref, photo(1))
    net.settle()
    net.settle()
    county, (held,) = net[COUNTY].member.casebook, shown(net[COUNTY], ref)
    asked = [BlobWant(ref.scope, held.paper.hash, 0, b"\xff")]
    assert county.serves(asked, TOWNSHIP) and not county.serves(asked, OTHER_TOWNSHIP)
    assert county.blob_pieces(asked, OTHER_TOWNSHIP, 1 << 20) == []
    stray = Content(blobs=BlobTalk(pieces=[Piece(ref.scope, held.paper.hash, 0, b"x")]))
    net[TOWNSHIP].member.casebook.receive(net[OTHER_VILLAGE].incarnation, stray, peer_update={})
    for code in (OTHER_TOWNSHIP, OTHER_VILLAGE):
        with net[code].member.store.reading() as connection:
            assert blobs.get(connection, [(ref.scope, held.paper.hash)]) == {}
    attach(net[COUNTY], ref, photo(3), "申请表")
    net.settle()
    net.settle()
    assert [view.percent for view in shown(net[VILLAGE], ref)] == [100, 100]
    assert opened(net[VILLAGE], ref, 1) == photo(3).raw


def test_cuts_cost_little_and_a_decision_waits_for_the_original(net: Network) -> None:
    ref = net[VILLAGE].member.file()
    upload = photo(4, 1_000_000)
    attach(net[VILLAGE], ref, upload)
    net[VILLAGE].exchange()
    chance = random.Random(7)
    net.wire.passed.clear()
    cuts, seen, item = 0, set(), replace(net.built.catalogue.item("001"), papers=(Paper("身份证", original=True),))
    while (percent := shown(net[TOWNSHIP], ref)[0].percent) < 100:
        seen.add(percent)
        case = net[TOWNSHIP].member.casebook.case(*ref[:2])
        assert case is not None
        with net[TOWNSHIP].member.store.reading() as connection:
            words = manifests.why_not_decided(connection, case, item)
        assert words is not None and f"（{percent}%）" in words[0] and "身份证" in words[0]
        net.wire.change_reply = _lost if chance.random() < 0.3 else bytes
        cuts += net.wire.change_reply is _lost
        net[VILLAGE].exchange()
        assert len(net.wire.passed) < 200
    net.wire.calm()
    assert len(seen) > 8 and opened(net[TOWNSHIP], ref) == upload.raw
    case = net[TOWNSHIP].member.casebook.case(*ref[:2])
    assert case is not None
    with net[TOWNSHIP].member.store.reading() as connection:
        assert manifests.why_not_decided(connection, case, item) is None
    sent = sum(len(each.request) for each in net.wire.passed)
    assert cuts > 3 and sent < len(upload.raw) + cuts * limits.BLOB_CHUNK + 500 * len(net.wire.passed)


def test_what_does_not_fit_its_manifest_is_refused_and_asked_for_again(net: Network) -> None:
    ref = net[VILLAGE].member.file()
    attach(net[VILLAGE], ref, photo(5))
    net[VILLAGE].exchange()
    township = net[TOWNSHIP].member.casebook
    wrong = [Piece(want.scope, want.hash, 0, bytes(limits.BLOB_CHUNK)) for want in township.blob_wants(VILLAGE)]
    spoilt = Content(blobs=BlobTalk(pieces=wrong))
    township.receive(net[VILLAGE].incarnation, spoilt, peer_update={})
    with net[TOWNSHIP].member.store.reading() as connection:
        assert any("does not verify" in row.detail for row in parking.refused(connection, 10))
    net.settle()
    net.settle()
    assert opened(net[COUNTY], ref) == photo(5).raw
