"""What somebody on the line sees and can bring about: nothing of a case, whatever he records, changes or says."""

import zlib
from base64 import b64encode
from collections.abc import Iterator
from math import inf
from pathlib import Path
from typing import Any

import pytest

from sync_protocol import limits
from sync_protocol.case import kinds
from sync_protocol.encoding import decode
from sync_protocol.errors import NoSuchVersion, NotSealed
from sync_protocol.exchange import (
    REQUESTS_MOST,
    Content,
    begin,
    read_sealed,
    refusal_bytes,
    request_bytes,
    seal_request,
)
from sync_protocol.suites import sealing_suite
from sync_protocol.wire import packing, unpack_body
from tests import builders
from tests.badlink import BadLink
from tests.faults.on_the_road import arrives, refuses_what_is_sealed
from tests.faults.speech import current, parties, refused_code, said
from tests.network import COUNTY, TOWNSHIP, VILLAGE, Network, network
from tests.roadside import Roadside
from tests.served import call, serve
from village_node.identity import OPENING
from village_node.store import NotSaved
from village_node.uplink import Ancestor, sealing

ZSTD: Any = packing.zstd  # type: ignore[attr-defined]
NAME, ID_NO, PHONE = "龘靐齉", "622825196505060042", "13987650123"
INTRODUCED = {0, 1, 2, 5, 19}  # fields of an introduction
IN_THE_CLEAR = INTRODUCED | {6, 7, 17, 23}  # and of its reply: there of 23 the road key alone


def canaries(item: str) -> list[bytes]:
    """What must not stand on the line, in every writing that somebody might look for."""
    found = []
    for text in (NAME, ID_NO, PHONE, item):
        for coding in ("utf-8", "utf-16-le", "utf-16-be", "gb18030"):
            raw = text.encode(coding)
            found += [raw, raw.hex().encode(), raw.hex().upper().encode()]
            # Whatever stands before it, the middle of its base64 is one of three.
            found += [b64encode(bytes(shift) + raw)[4:-4] for shift in range(3)]
    return [each for each in found if len(each) > 5]


def readings(raw: bytes) -> Iterator[bytes]:
    """What passed, and what it unpacks to from any byte on."""
    yield raw
    for at in range(len(raw)):
        for dictionary in (None, packing._dictionary()):
            for head in (packing._MAGIC, b""):
                unpacker = ZSTD.ZstdDecompressor(zstd_dict=dictionary)
                try:
                    yield unpacker.decompress(head + raw[at:], max_length=100_000)
                except ZSTD.ZstdError:
                    continue
        if raw[at] == 0x78:
            try:
                yield zlib.decompressobj().decompress(raw[at:], 100_000)
            except zlib.error:
                continue


def seen(raw: bytes, wanted: list[bytes]) -> bool:
    """Whether anything of it can be read out of these bytes."""
    return any(each in reading for reading in readings(raw) for each in wanted)


@pytest.mark.sockets
def test_nothing_of_a_case_can_be_read_on_the_line(tmp_path: Path) -> None:
    """A village, a township and the county over TCP, with somebody who records both lines from before they meet."""
    built = builders.network(tmp_path, COUNTY, TOWNSHIP, VILLAGE)
    chance = built.chance.randbytes
    served = {code: serve(built.members[code], chance) for code in (COUNTY, TOWNSHIP)}
    lines = {code: BadLink(served[above].exchange.port) for code, above in ((VILLAGE, TOWNSHIP), (TOWNSHIP, COUNTY))}
    uplinks = {code: call(built.members[code], chance, Ancestor(line.url)) for code, line in lines.items()}
    try:
        for line in lines.values():
            line.record()
        for code in (VILLAGE, TOWNSHIP):
            assert uplinks[code].sync_now()["ok"]
        village, county = built.members[VILLAGE], built.members[COUNTY]
        ref = village.file(applicant_name=NAME, applicant_id_no=ID_NO, applicant_phone=PHONE)
        item = village.casebook.catalogue.find("001", 1)
        assert item is not None
        for code in (VILLAGE, TOWNSHIP):
            assert uplinks[code].sync_now()["ok"]
        county.act(ref, kinds.NOTE, {"text": f"{NAME}，电话 {PHONE}"})
        for code in (TOWNSHIP, VILLAGE):
            assert uplinks[code].sync_now()["ok"]
        assert county.state(ref) and len(village.casebook.timeline(ref.scope, ref.case_id)) == 3
        wanted = canaries(item.name)
        clear = 0
        for code, line in lines.items():
            above = built.members[TOWNSHIP if code == VILLAGE else COUNTY]
            assert line.recorded is not None and all(len(each) > 500 for each in line.recorded.values())
            for direction, raw in line.recorded.items():
                assert not seen(raw, wanted), (code, direction)
            # Who holds the key reads all of it in the very same bytes: so it was there, and the search would find it.
            roadside = Roadside()
            for body in line.recorded["bytes_up"].split(b"POST ")[1:]:
                sent = body.partition(b"\r\n\r\n")[2]
                keys, network_id = above.casebook.opening_keys, above.casebook.network_id
                opened, context = roadside.request(sent, keys, network_id, above.place)
                clear += context is None
                assert context is None or not seen(sent, wanted)
                if context is not None and any(NAME.encode() in reading for reading in readings(decode(opened)[4])):
                    break
            else:
                raise AssertionError(f"{code}: the case is nowhere in what was recorded")
        assert clear == 2, "an introduction on each line, and nothing else"
    finally:
        for uplink in uplinks.values():
            uplink.stop()
        for line in lines.values():
            line.close()
        for one in served.values():
            one.close()
        built.close()


def in_the_clear(net: Network) -> list[dict[Any, Any]]:
    """What every message that was not sealed said: each request, whatever was answered, and each reply that is one."""
    found = []
    for one in net.wire.passed:
        if read_sealed(one.raw_request) is None:
            found.append(unpack_body(decode(one.raw_request)[4]))
            assert found[-1].keys() <= INTRODUCED
            found += [unpack_body(decode(one.raw_reply)[2])] if one.status == 200 else []
    return found


def test_what_has_a_challenge_is_sealed_and_the_rest_says_where_rosters_stand(net: Network) -> None:
    assert arrives(net)
    assert {read_sealed(one.raw_request) is None for one in net.wire.passed} == {True, False}
    for one in net.wire.passed:
        assert (read_sealed(one.raw_request) is None) == (decode(one.request)[2] is None)
    for said_there in in_the_clear(net):
        assert said_there.keys() <= IN_THE_CLEAR and said_there.get(23, {}).keys() <= {2}
        assert said_there[0][3] == "", "which program this is"


def test_a_request_in_the_clear_is_refused_where_it_has_a_challenge_and_a_sealed_one_where_it_has_none(
    net: Network,
) -> None:
    village, township = net[VILLAGE], net[TOWNSHIP]
    challenge, nonce = current(village, township)
    before = township.peer(village)
    raw = request_bytes(
        village.member.identity.key, parties(net, village, township, challenge), said(Content(nonce=nonce))
    )
    assert refused_code(net, TOWNSHIP, raw) == (400, NotSealed.code)
    raw = request_bytes(village.member.identity.key, parties(net, village, township, None), said(Content(first=True)))
    context = begin(township.member.casebook.road_key(), net.built.roster.network_id, TOWNSHIP)
    sealed = seal_request(context, raw, begins=township.member.casebook.road_key())
    assert refused_code(net, TOWNSHIP, sealed) == (400, NotSealed.code)
    assert township.peer(village) == before
    assert arrives(net)


def test_a_parent_that_was_started_again_is_told_another_secret_at_once(net: Network) -> None:
    net.start(TOWNSHIP)
    net.wire.passed.clear()
    assert net[VILLAGE].exchange().ok
    first, second = (read_sealed(one.raw_request) for one in net.wire.passed)
    assert [one.status for one in net.wire.passed] == [400, 200]
    assert first is not None and first.opening is None and second is not None and second.opening is not None
    assert arrives(net)


@pytest.mark.parametrize("kept", [True, False])
def test_a_parent_with_another_key_is_asked_for_it_and_its_older_one_goes_on_opening(net: Network, kept: bool) -> None:
    township, village = net[TOWNSHIP], net[VILLAGE]
    data, _ = net.built.files_of(TOWNSHIP)
    old = set(data.glob(f"{OPENING}*.key"))
    assert township.member.casebook.lives is not None
    township.member.casebook.lives.suite = "s1q"
    fresh = township.member.casebook.road_key()
    for path in [] if kept else old:
        path.unlink()
    again = net.start(TOWNSHIP)
    assert again.member.casebook.lives is not None
    again.member.casebook.lives.suite = "s1q"
    net.start(VILLAGE)
    net.wire.passed.clear()
    results = [net[VILLAGE].exchange().ok for _ in range(3)]
    assert results == ([True] * 3 if kept else [False, True, True])
    assert len(in_the_clear(net)) == (0 if kept else 2)
    assert village.member.place == VILLAGE and net[VILLAGE].member.casebook.key_of(TOWNSHIP) == fresh
    assert arrives(net)


@pytest.mark.parametrize(
    "answer",
    [
        (400, refusal_bytes(NotSealed.code, "not sealed")),
        (400, refusal_bytes(NoSuchVersion.code, "message of version 4, known here is 3")),
        (404, b""),
        (200, b"\x83\x04\x58\x40" + bytes(64) + b"\x41\x00"),
        (200, b"<html>sign in</html>"),
    ],
)
def test_nothing_that_is_said_on_the_line_makes_a_node_speak_in_the_clear(
    net: Network, answer: tuple[int, bytes]
) -> None:
    net[VILLAGE].member.file()
    net.wire.passed.clear()
    net.wire.status, net.wire.change_reply = answer[0], lambda _raw: answer[1]
    waits = []
    for _ in range(6):
        assert not net[VILLAGE].exchange().ok
        waits.append(net[VILLAGE].up.status()["failures"])
    assert waits == [1, 2, 3, 4, 5, 6]
    for said_there in in_the_clear(net):
        assert said_there.keys() <= IN_THE_CLEAR
    net.wire.calm()
    assert arrives(net)


def test_who_says_not_sealed_for_ever_and_lets_introductions_pass_makes_nobody_hurry(net: Network) -> None:
    """Nor does it help him to say in between that there is no such door: the failures go on being counted."""
    village, failures = net[VILLAGE], []
    with refuses_what_is_sealed(net, TOWNSHIP):
        for number in range(12):
            net.wire.status = 404 if number % 4 == 3 else None
            if not village.exchange().ok:
                failures.append(village.up.status()["failures"])
    assert failures == sorted(failures) and failures[-1] == len(failures) >= 5
    net.wire.calm()
    assert arrives(net)


def test_a_parent_that_opens_nothing_is_silent_though_it_tells_its_key(net: Network) -> None:
    """Each introduction is answered; the case goes around it all the same, and its row says what is wrong."""
    village = net[VILLAGE]
    heard_ms = village.peer(net[TOWNSHIP]).last_contact_ms
    ref = village.member.file()
    assert village.settings is not None
    with refuses_what_is_sealed(net, TOWNSHIP):
        for _ in range(4):
            village.exchange()
        introduced = village.exchange()
        row, status = village.peer(net[TOWNSHIP]), village.up.status()
        assert introduced.ok or village.exchange().ok, "an introduction came through"
        assert row.failures and row.last_error and row.last_contact_ms == heard_ms
        assert status["failures"] and status["last_error"]
        net.monotonic.now_s += village.settings.ancestor_after_s + 1
        for _ in range(6):
            village.up.turn()
            net.monotonic.now_s += 700
        assert net[COUNTY].member.casebook.case_row(ref.scope, ref.case_id) is not None
    for _ in range(4):
        net.monotonic.now_s += 700
        village.up.turn()
    row = village.peer(net[TOWNSHIP])
    assert not row.failures and row.last_error is None and arrives(net)


def test_a_database_that_cannot_be_read_while_a_context_begins_is_a_failed_exchange(
    net: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    net.start(VILLAGE)  # what the parent has told is taken from the database then
    village = net[VILLAGE]
    assert village.exchange().ok
    conversation = village.up._lines[0].conversation
    assert conversation is not None

    def unreadable(_place: str) -> bytes:
        raise NotSaved("读不出来", "cannot be read")

    conversation.sealing._has_told = False  # as with a parent that names its key to nobody but who asks for it
    conversation.sealing._sealed = REQUESTS_MOST - 1  # the next request is the last one of its context
    with monkeypatch.context() as broken:
        broken.setattr(village.member.casebook, "key_of", unreadable)
        result = village.exchange()
    assert not result.ok and "cannot be read" in result.text
    assert village.up._lines[0].due_at < inf, "it comes again"
    assert arrives(net)


def test_a_context_ends_after_so_many_requests(net: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "REQUESTS_MOST", 3)
    net.wire.passed.clear()
    for _ in range(7):
        assert net[VILLAGE].exchange().ok
    read = [read_sealed(one.raw_request) for one in net.wire.passed]
    assert sum(each is not None and each.opening is not None for each in read) >= 2
    assert len({each.name for each in read if each is not None and each.opening is None}) >= 2
    assert len(net[TOWNSHIP].downlink._unsealing._of_child[net[VILLAGE].incarnation[:4]]) <= 2


def test_a_parent_that_keeps_no_key_is_said_in_words_and_sent_nothing(tmp_path: Path) -> None:
    made = network(tmp_path, COUNTY, TOWNSHIP, VILLAGE)
    made[TOWNSHIP].member.casebook.lives = None
    made[VILLAGE].member.file()
    for _ in range(3):
        result = made[VILLAGE].exchange()
        assert not result.ok and "不会以明文发送" in result.text and "in the clear" in result.text
    assert all(said_there.keys() <= IN_THE_CLEAR for said_there in in_the_clear(made))
    made.close()


def test_places_of_both_suites_speak_with_each_other(tmp_path: Path) -> None:
    """The county under s1q, a township under s1, a village under s1q: each is sealed to as it has chosen."""
    made = network(tmp_path, COUNTY, TOWNSHIP, VILLAGE)
    for code in (COUNTY, VILLAGE):
        lives = made[code].member.casebook.lives
        assert lives is not None
        lives.suite = "s1q"
    made.settle()
    assert arrives(made)
    openings = {
        one.url.split("/")[2]: len(sealed.opening)
        for one in made.wire.passed
        if (sealed := read_sealed(one.raw_request)) is not None and sealed.opening is not None
    }
    assert openings == {COUNTY: 1_168, TOWNSHIP: 80}
    assert [sealing_suite(made[code].member.casebook.road_key()) for code in (COUNTY, TOWNSHIP, VILLAGE)] == [
        "s1q",
        "s1",
        "s1q",
    ]
    county, village = made[COUNTY].member.casebook, made[VILLAGE].member.casebook
    county.open_complaints("0301", {"supervisor"})
    made.settle()
    about = {"text": f"{NAME}多次推诿", "place": TOWNSHIP, "who": "窗口"}
    slip = village.complain("0001", made[VILLAGE].member.roles, about)
    made.settle()
    (heard,) = county.complaints({"supervisor"})
    assert slip.handler == COUNTY and heard.said is not None and heard.said["text"] == f"{NAME}多次推诿"
    made.close()


def test_a_reply_may_be_as_long_as_a_sealed_one_and_no_longer(net: Network) -> None:
    def said(length: int) -> str:
        net.wire.change_reply = lambda _raw: bytes(length)
        return net[VILLAGE].exchange().text

    assert "cannot be verified" in said(limits.SEALED_MESSAGE)
    assert "is larger than" in said(limits.SEALED_MESSAGE + 1)
    net.wire.calm()
    assert arrives(net)
