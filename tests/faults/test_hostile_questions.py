"""Questions of strangers, foreign, struck, hasty and flooding nodes: refused early, bounded, and nobody else waits."""

from typing import Any

import pytest

from sync_protocol import limits
from sync_protocol.errors import (
    BadSignature,
    Busy,
    Malformed,
    NotAChild,
    NotSealed,
    Revoked,
    TooLarge,
    UnknownNode,
)
from sync_protocol.exchange import (
    ASK,
    EXCHANGES,
    UNREACHED,
    Finding,
    Inquiry,
    Parties,
    request_bytes,
)
from sync_protocol.suites import SigningKey
from tests.asking import WRONG, Asked, ByHand, code_of
from tests.network import (
    COUNTY,
    SECOND_VILLAGE,
    TOWNSHIP,
    VILLAGE,
)
from township_node.downlink import questions
from village_node.store.audit import newest
from village_node.web import site

STRANGER = SigningKey.from_seed(1, b"x" * 32)


def test_who_is_none_of_those_below_is_told_nothing(asked: Asked) -> None:
    """A stranger, a node of another parent, one that is beside or above, one that signs for another place or label."""
    net, code = asked.net, asked.case.query_code
    village, county = net[VILLAGE], net[COUNTY]
    network_id = net.built.roster.network_id
    who = Parties(network_id, village.incarnation, net[TOWNSHIP].incarnation, None)
    for raw, expected in (
        (asked.asks(VILLAGE, TOWNSHIP, code, key=STRANGER).raw, (403, BadSignature.code)),
        (asked.asks(VILLAGE, TOWNSHIP, code, who=who._replace(child=b"?" * 16)).raw, (403, UnknownNode.code)),
        (asked.asks(TOWNSHIP, TOWNSHIP, code).raw, (403, NotAChild.code)),
        (asked.asks(COUNTY, TOWNSHIP, code).raw, (403, NotAChild.code)),
        (asked.asks(VILLAGE, TOWNSHIP, code, who=who._replace(ancestor=county.incarnation)).raw, (403, 10)),
        (asked.asks(VILLAGE, TOWNSHIP, code, who=who._replace(network_id=b"?" * 16)).raw, (400, NotSealed.code)),
        (asked.asks(VILLAGE, TOWNSHIP, code, public=county.member.casebook.road_key()).raw, (400, NotSealed.code)),
        (asked.asks(VILLAGE, TOWNSHIP, code, use=EXCHANGES).raw, (400, NotSealed.code)),
        (
            asked.asks(VILLAGE, TOWNSHIP, inside=request_bytes(village.member.identity.key, who, b"\x80")).raw,
            (403, BadSignature.code),
        ),
        (asked.asks(VILLAGE, TOWNSHIP, code).inside, (400, NotSealed.code)),
        (b"", (400, Malformed.code)),
        (bytes(limits.INQUIRY_MESSAGE + 1), (413, TooLarge.code)),
    ):
        assert code_of(asked.deliver(TOWNSHIP, raw)) == expected
    good = asked.asks(VILLAGE, TOWNSHIP, code)
    assert code_of(asked.deliver(TOWNSHIP, good.raw, content_type="text/plain"))[0] == 400
    assert asked.counters[TOWNSHIP].app.test_client().get("/sync/v1/ask").status_code == 405
    assert good.heard(asked.deliver(TOWNSHIP, good.raw), net[TOWNSHIP]).asked == (TOWNSHIP, COUNTY)


def test_a_question_opens_no_door_of_the_exchange(asked: Asked) -> None:
    good = asked.asks(VILLAGE, TOWNSHIP, asked.case.query_code)
    client = asked.counters[TOWNSHIP].app.test_client()
    for raw in (good.raw, good.inside):
        assert client.post("/sync/v1/exchange", data=raw).status_code in (400, 403)


@pytest.mark.parametrize(
    "body",
    [b"\x80", b"\x84\xf6\x6d0000000000000\x62zh\x19\x27\x11", b"\x84\xf6\x6c000000000000\x62zh\x18\x32",
     b"\x84\xf6\x6d0000000000000\x62fr\x18\x32", b"\x84\x01\x6d0000000000000\x62zh\x18\x32", b"\xa0", b"\xf6"],
)  # fmt: skip
def test_a_question_of_another_shape_is_refused(asked: Asked, body: bytes) -> None:
    village, township = asked.net[VILLAGE], asked.net[TOWNSHIP]
    who = Parties(asked.net.built.roster.network_id, village.incarnation, township.incarnation, None)
    raw = request_bytes(village.member.identity.key, who, body, ASK)
    assert code_of(asked.deliver(TOWNSHIP, asked.asks(VILLAGE, TOWNSHIP, inside=raw).raw)) == (400, Malformed.code)


def test_a_question_that_is_recorded_and_played_again_tells_nobody_and_counts(asked: Asked) -> None:
    good = asked.asks(VILLAGE, TOWNSHIP, asked.case.query_code)
    first, again = (asked.deliver(TOWNSHIP, good.raw) for _ in range(2))
    told = good.heard(first, asked.net[TOWNSHIP]).told
    assert told is not None and told.applicant == "张*", "masked before it leaves"
    assert again.status_code == 200
    other = asked.asks(VILLAGE, TOWNSHIP, asked.case.query_code)
    with pytest.raises(NotSealed):
        other.heard(again, asked.net[TOWNSHIP])
    for _ in range(questions.EACH_A_MINUTE - 2):
        assert asked.deliver(TOWNSHIP, good.raw).status_code == 200
    assert code_of(asked.deliver(TOWNSHIP, good.raw)) == (429, Busy.code)


def test_a_flood_ends_early_at_both_ends_and_keeps_nobody_else_out(asked: Asked) -> None:
    case, wire = asked.case, asked.net.wire
    statuses = [asked.look_up(VILLAGE, case.case_no, WRONG, "10.0.3.1").status_code for _ in range(site.ASKED_EACH)]
    assert set(statuses) == {404} and len(asked.questions()) == 2 * site.ASKED_EACH
    held_back = asked.look_up(VILLAGE, case.case_no, case.query_code, "10.0.3.1")
    assert held_back.status_code == 404 and "现在问的人多" in held_back.text and asked.questions() == []
    assert asked.look_up(VILLAGE, case.case_no, case.query_code, "10.0.3.2").status_code == 200
    for source in range(10, 40):
        asked.look_up(VILLAGE, case.case_no, WRONG, f"10.0.3.{source}")
    assert len(asked.questions()) == 2 * (site.ASKED_IN_ALL - site.ASKED_AT_HAND - site.ASKED_EACH)
    asked.net.monotonic.now_s += 61.0
    flood = [code_of(asked.deliver(TOWNSHIP, asked.asks(VILLAGE, TOWNSHIP).raw)) for _ in range(40)]
    assert flood == [(200, None)] * questions.EACH_A_MINUTE + [(429, Busy.code)] * (40 - questions.EACH_A_MINUTE)
    assert asked.look_up(SECOND_VILLAGE, case.case_no, WRONG).status_code == 404
    assert "现在问的人多" in asked.look_up(VILLAGE, case.case_no, case.query_code).text
    asked.net.settle()
    wire.passed.clear()
    asked.net.monotonic.now_s += 61.0
    assert asked.look_up(VILLAGE, case.case_no, case.query_code).status_code == 200


def test_a_machine_that_was_struck_or_revoked_is_told_nothing(asked: Asked) -> None:
    net, code = asked.net, asked.case.query_code
    book = net[TOWNSHIP].member.casebook
    number = book.ask_revocation("0009", net[VILLAGE].incarnation.hex()[:8], "电脑被盗，已报警")
    book.confirm_revocation("0008", number)
    assert code_of(asked.deliver(TOWNSHIP, asked.asks(VILLAGE, TOWNSHIP, code).raw)) == (403, Revoked.code)
    node = net[SECOND_VILLAGE].member.casebook.roster.node(net[SECOND_VILLAGE].incarnation)
    assert node is not None

    class Struck:
        """The roster of somebody to whom a ruling has struck that machine."""

        def __getattr__(self, name: str) -> Any:
            return getattr(book.roster, name)

        def node(self, incarnation: bytes) -> Any:
            found = book.roster.node(incarnation)
            return found._replace(struck=True) if found is not None else None

    door = asked.doors[TOWNSHIP]._questions
    assert door is not None
    door._roster = Struck  # type: ignore[assignment]
    raw = asked.asks(SECOND_VILLAGE, TOWNSHIP, code).raw
    assert code_of(asked.deliver(TOWNSHIP, raw)) == (403, UnknownNode.code)


def test_only_so_many_questions_are_worked_on_at_once(asked: Asked) -> None:
    door = asked.doors[TOWNSHIP]._questions
    assert door is not None
    for _ in range(questions.AT_ONCE):
        assert door._slots.acquire(blocking=False)
    assert code_of(asked.deliver(TOWNSHIP, asked.asks(VILLAGE, TOWNSHIP).raw)) == (429, Busy.code)
    door._slots.release()
    assert asked.deliver(TOWNSHIP, asked.asks(VILLAGE, TOWNSHIP).raw).status_code == 200


def test_who_has_no_patience_left_is_answered_from_here_alone(asked: Asked) -> None:
    raw = asked.asks(VILLAGE, TOWNSHIP)
    hasty = ByHand(
        TOWNSHIP, Inquiry(None, asked.case.query_code, "zh", 1_400), asked.net[VILLAGE].member.identity.key,
        raw.who, asked.net[TOWNSHIP].member.casebook.road_key(),
    )  # fmt: skip
    found = hasty.heard(asked.deliver(TOWNSHIP, hasty.raw), asked.net[TOWNSHIP])
    assert found == Finding(None, (TOWNSHIP,), UNREACHED)


def test_many_misses_from_below_are_written_down(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("village_node.web.query.ALARM_EVERY", 3)
    for _ in range(3):
        asked.deliver(COUNTY, asked.asks(VILLAGE, COUNTY).raw)
    with asked.counters[COUNTY].member.store.reading() as connection:
        assert "query.alarm" in repr(newest(connection, 100))
