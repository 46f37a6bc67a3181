"""What nodes that know each other leave out, and that they find back to the long forms where short ones do not pass."""

from urllib.parse import urlsplit

import pytest

from sync_protocol import receipt
from sync_protocol.case import kinds
from sync_protocol.encoding import decode
from sync_protocol.errors import UnknownIncarnation
from sync_protocol.exchange import Content
from sync_protocol.places import below
from sync_protocol.roster import Roster
from sync_protocol.stream import stream_id
from sync_protocol.wire import unpack_body
from tests.faults.speech import heard, segment_of, speak, written
from tests.network import COUNTY, TOWNSHIP, VILLAGE, Network, Passed
from village_node.casebook.receipts import whole

LONG, SHORT = "/sync/v1/exchange", "/sync"


def told(passed: Passed) -> tuple[str, set[int]]:
    """The path of a request, and how long the names in its table of incarnations are."""
    content = unpack_body(decode(passed.request)[4])
    return urlsplit(passed.url).path, {len(each) for each in content.get(7, [])}


def arrived(net: Network) -> bool:
    """File a case at the village, let all settle; whether the county has it."""
    ref = net[VILLAGE].member.file()
    net.settle()
    return net[COUNTY].member.casebook.case_row(ref.scope, ref.case_id) is not None


def test_who_is_known_is_called_by_the_short_path_and_named_by_four_bytes(net: Network) -> None:
    net[VILLAGE].member.file()
    net.wire.passed.clear()
    assert net[VILLAGE].exchange().ok
    assert told(net.wire.passed[-1]) == (SHORT, {4})


def test_the_first_exchange_after_a_start_takes_the_long_path(net: Network) -> None:
    village = net.start(VILLAGE)
    net.wire.passed.clear()
    assert village.exchange().ok
    path, names = told(net.wire.passed[-1])
    assert path == LONG and 4 not in names


def test_where_nothing_answers_to_the_short_path_the_long_one_is_taken_for_good(net: Network) -> None:
    net[VILLAGE].member.file()
    net.wire.status = 404
    assert not net[VILLAGE].exchange().ok
    net.wire.calm()
    net.wire.passed.clear()
    assert arrived(net)
    of_village = [told(one) for one in net.wire.passed if TOWNSHIP in one.url]
    assert of_village and {path for path, _ in of_village} == {LONG}
    assert all(names <= {16} for _, names in of_village)


def test_where_a_name_is_not_known_all_are_spelled_out(net: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(_roster: Roster, name: bytes) -> bytes:
        raise UnknownIncarnation(name.hex())

    monkeypatch.setattr(Roster, "meant_by", unknown)
    ref = net[VILLAGE].member.file()
    for code in (VILLAGE, TOWNSHIP):
        refused = net[code].exchange()
        assert not refused.ok and "code 8" in refused.text
        net[code].sync()
    assert net[COUNTY].member.casebook.case_row(ref.scope, ref.case_id) is not None


def test_two_nodes_of_one_name_are_told_apart_by_the_signature(
    wide_net: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    everybody = Roster.nodes
    monkeypatch.setattr(Roster, "named", lambda roster, _name: everybody(roster))
    wide_net.settle()
    assert arrived(wide_net)


def test_the_reply_gives_the_receipt_and_the_receipt_stands_alone(net: Network) -> None:
    village, township = net[VILLAGE], net[TOWNSHIP]
    village.member.file()
    assert village.exchange().ok
    passed = net.wire.passed[-1]
    fields = decode(passed.reply)
    assert len(fields) == 4 and not unpack_body(fields[2]).keys() & {11, 19}
    asked, said = net.spoken(passed, VILLAGE)
    (line,), (segment,) = said.receipts, asked.segments
    assert (line.signer, line.seq, line.count) == (township.incarnation, segment.last_seq, 2)
    key, network_id = township.member.identity.key, net.built.roster.network_id
    stream = stream_id(network_id, segment.incarnation, segment.scope, 1)
    chain_hash = village.member.casebook.hash_at(segment.incarnation, segment.scope, line.seq)
    assert chain_hash is not None
    receipt.check(whole(line, stream, chain_hash), key.suite, key.public, network_id)


def test_of_two_streams_only_the_one_that_was_taken_gets_its_receipt_under_the_reply(net: Network) -> None:
    village, township = net[VILLAGE], net[TOWNSHIP]
    content = Content()
    identifier, events = written(net, village, below(VILLAGE), 2)
    foreign, forged = written(net, village, below(TOWNSHIP), 1)
    content.packed_segments = [
        segment_of(net, village, below(TOWNSHIP), foreign, forged, content.tables),
        segment_of(net, village, below(VILLAGE), identifier, events, content.tables),
    ]
    raw, reply = speak(net, village, township, content)
    assert decode(reply)[4] == [1]
    said = heard(net, village, township, raw, reply)
    assert [(line.scope, line.seq) for line in said.receipts] == [(below(VILLAGE), 2)]
    assert [answer.scope for answer in said.answers] == [below(TOWNSHIP)]


def test_the_tide_is_told_again_only_when_it_has_moved(net: Network) -> None:
    def tide() -> int | None:
        assert net[VILLAGE].exchange().ok
        return net.spoken(net.wire.passed[-1], VILLAGE)[1].tide

    ref = net[VILLAGE].member.file()
    tide()
    assert tide() is None
    net[TOWNSHIP].member.act(ref, kinds.NOTE, {"text": "x"})
    assert tide() is not None
    assert tide() is None
