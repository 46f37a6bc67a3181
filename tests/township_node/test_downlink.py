"""The door and the bench of a node with children."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from sync_protocol.errors import BadSignature, Busy, Malformed, NotAChild, UnknownNode
from sync_protocol.exchange import read_refusal, wait_token
from tests.network import COUNTY, SECOND_VILLAGE, TOWNSHIP, VILLAGE, Live, Network, network
from village_node.store import NotSaved


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Network]:
    """A county, a township and two villages that have met; nothing is owed."""
    made = network(tmp_path, COUNTY, TOWNSHIP, VILLAGE, SECOND_VILLAGE)
    made.settle()
    yield made
    made.close()


def waits(
    net: Network, child: Live, *, tide: int | None = None, parent: str = TOWNSHIP, spoil: str = ""
) -> tuple[int, bytes]:
    """Status and body of one waiting call."""
    identity = child.member.identity
    conversation = child.up._lines[0].conversation
    assert conversation is not None and conversation.tide is not None
    count = conversation.tide if tide is None else tide
    token = wait_token(
        identity.key, net.built.roster.network_id, identity.incarnation, net[parent].incarnation, count, 0
    )
    client = net.wire.apps[f"wait-{TOWNSHIP}"].test_client()  # type: ignore[attr-defined]
    answer = client.get("/sync/v1/wait", query_string={"token": token + spoil})
    return answer.status_code, answer.data


def test_a_child_is_told_to_come_when_there_is_news_and_not_before(net: Network) -> None:
    village, other = net[VILLAGE], net[SECOND_VILLAGE]
    assert waits(net, village) == (204, b"")
    ref = village.member.file()
    village.exchange()
    assert waits(net, village) == (204, b""), "its own news is no news to it"
    net[TOWNSHIP].sync()
    assert waits(net, village) == (200, b"come")
    assert waits(net, other) == (204, b"")
    assert village.exchange().ok
    assert waits(net, village) == (204, b"")
    assert net[TOWNSHIP].member.state(ref) == "received"


def test_a_neighbours_receipt_calls_nobody(net: Network) -> None:
    """Every child signs for what the county writes to all: each receipt would call all the others."""
    village, other, township = net[VILLAGE], net[SECOND_VILLAGE], net[TOWNSHIP]
    village.member.file()
    net.settle()
    net[COUNTY].member.casebook.write_checkpoint()
    township.sync()
    other.sync()
    assert waits(net, other) == (204, b"")
    village.sync()
    shown = {point.scope: point.receipts for point in township.member.casebook.shared_points(TOWNSHIP)}
    assert village.incarnation in shown[f"below:{COUNTY}"]
    assert waits(net, other) == (204, b"")


def test_a_child_that_names_an_old_tide_is_told_to_come(net: Network) -> None:
    assert waits(net, net[VILLAGE], tide=0) == (200, b"come")


def test_a_parent_that_was_started_again_has_its_children_come(net: Network) -> None:
    net.start(TOWNSHIP)
    assert waits(net, net[VILLAGE])[0] == 200


def test_waiting_calls_that_prove_nothing_are_refused(net: Network) -> None:
    village = net[VILLAGE]

    def code(answer: tuple[int, bytes]) -> tuple[int, int]:
        refusal = read_refusal(answer[1])
        assert refusal is not None
        return answer[0], refusal[0]

    assert code(waits(net, village, parent=COUNTY)) == (403, NotAChild.code)
    assert code(waits(net, village, spoil="AAAA")) == (400, Malformed.code)
    client = net.wire.apps[f"wait-{TOWNSHIP}"].test_client()  # type: ignore[attr-defined]
    network_id, township = net.built.roster.network_id, net[TOWNSHIP].incarnation
    key = village.member.identity.key
    for sender, expected in (
        (b"?" * 16, (403, UnknownNode.code)),
        (net[SECOND_VILLAGE].incarnation, (403, BadSignature.code)),
        (township, (403, NotAChild.code)),
        (net[COUNTY].incarnation, (403, NotAChild.code)),
    ):
        token = wait_token(key, network_id, sender, township, 1, 0)
        answer = client.get("/sync/v1/wait", query_string={"token": token})
        assert code((answer.status_code, answer.data)) == expected
    assert client.get("/sync/v1/wait").status_code == 400
    assert client.get("/").status_code == 404


class Held:
    """A casebook that holds every message until it is let go."""

    def __init__(self, live: Live) -> None:
        self.inside, self.go_on = threading.Semaphore(0), threading.Event()
        receive = live.member.casebook.receive

        def slow(*arguments: object, **named: object) -> object:
            self.inside.release()
            assert self.go_on.wait(10.0)
            return receive(*arguments, **named)  # type: ignore[arg-type]

        live.member.casebook.receive = slow  # type: ignore[method-assign,assignment]


def test_a_heavy_child_does_not_starve_a_light_one(net: Network) -> None:
    """With one exchange in flight, the same child's second is turned away; another child's is taken."""
    village, other = net[VILLAGE], net[SECOND_VILLAGE]
    held = Held(net[TOWNSHIP])
    heavy = threading.Thread(target=village.exchange)
    heavy.start()
    assert held.inside.acquire(timeout=5.0)
    light_results: list[bool] = []
    light = threading.Thread(target=lambda: light_results.append(other.exchange().ok))
    light.start()
    assert held.inside.acquire(timeout=5.0), "the light child is let in"
    second = net.wire_up(village.member)
    result = second.exchange()
    assert not result.ok and "正忙" in result.text
    assert net.wire.passed[-1].status == 429
    refusal = read_refusal(net.wire.passed[-1].reply)
    assert refusal is not None and refusal[0] == Busy.code
    held.go_on.set()
    heavy.join(5.0)
    light.join(5.0)
    assert light_results == [True]


def test_no_more_exchanges_are_worked_on_than_there_are_slots(net: Network) -> None:
    township = net[TOWNSHIP]
    township.downlink._answering._slots = threading.Semaphore(1)
    held = Held(township)
    first = threading.Thread(target=net[VILLAGE].exchange)
    first.start()
    assert held.inside.acquire(timeout=5.0)
    assert "正忙" in net[SECOND_VILLAGE].exchange().text
    held.go_on.set()
    first.join(5.0)
    assert net[SECOND_VILLAGE].exchange().ok, "the slot is free again"


def test_a_slot_is_given_back_whatever_happens_in_it(net: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    township = net[TOWNSHIP]
    township.downlink._answering._slots = threading.Semaphore(1)

    def full(*_arguments: object, **_named: object) -> None:
        raise NotSaved("磁盘已满，未保存", "the disk is full: nothing was saved")

    with monkeypatch.context() as broken:
        broken.setattr(township.member.casebook, "receive", full)
        for _ in range(3):
            assert "未保存" in net[VILLAGE].exchange().text
        assert net.wire.passed[-1].status == 503
    net.wire.change_request = lambda raw: raw[:-1]
    assert not net[VILLAGE].exchange().ok
    net.wire.calm()
    assert net[VILLAGE].exchange().ok


def test_everything_is_committed_before_the_reply_exists(net: Network) -> None:
    """Cut off right after the reply was made, the parent has all it acknowledged."""
    village, township = net[VILLAGE], net[TOWNSHIP]
    ref = village.member.file()
    seen: list[str] = []

    def look(raw: bytes) -> bytes:
        fresh = net.built.open(TOWNSHIP)
        seen.append(fresh.state(ref))
        fresh.store.close()
        return raw

    net.wire.change_reply = look
    assert village.exchange().ok
    assert seen == ["received"]
    assert village.peer(township).alarm == 0


def test_each_child_gets_only_what_it_follows(net: Network) -> None:
    refs = {code: net[code].member.file() for code in (VILLAGE, SECOND_VILLAGE)}
    net.settle()
    for code, other in ((VILLAGE, SECOND_VILLAGE), (SECOND_VILLAGE, VILLAGE)):
        assert net[code].member.state(refs[other]) == ""
        scopes = {point.scope for point in net[code].member.casebook.shared_points(COUNTY)}
        assert not any(scope.endswith(other) for scope in scopes)
    for passed in net.wire.passed:
        if TOWNSHIP in passed.url:
            assert net[SECOND_VILLAGE].incarnation not in passed.reply or net[VILLAGE].incarnation not in passed.reply
