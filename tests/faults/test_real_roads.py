"""The same over real TCP, where bytes matter: cuts, slow drips, floods, redirects, a crowd of calls at once."""

import random
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import flask
import pytest
import requests

from tests import builders
from tests.badlink import BadLink, Faults
from tests.builders import COUNTY, TOWNSHIP, VILLAGE, Member
from tests.served import Served, call, serve, until
from village_node import app
from village_node.uplink import Ancestor, Result, Timeouts, Uplink
from village_node.uplink.conversation import Conversation

pytestmark = pytest.mark.sockets
HASTY = Timeouts(1.0, 2.0, 4.0)
IMPATIENT = Timeouts(1.0, 1.0, 2.0)


class Hop:
    """A village, its township, and a bad line between them."""

    def __init__(self, folder: Path) -> None:
        self.built = builders.network(folder, COUNTY, TOWNSHIP, VILLAGE)
        self.village, self.township = (self.built.members[code] for code in (VILLAGE, TOWNSHIP))
        self.served: Served = serve(self.township, self.built.chance.randbytes)
        self.link = BadLink(self.served.exchange.port)
        self.uplink: Uplink = self.calling(self.link.url)

    def calling(self, url: str, **changes: object) -> Uplink:
        """The village's uplink, over this address."""
        return call(self.village, self.built.chance.randbytes, Ancestor(url), **{"timeouts": HASTY, **changes})

    def sync(self) -> None:
        """Exchange until both are equal."""
        answer = self.uplink.sync_now()
        assert answer["ok"], answer
        points = [member.casebook.shared_points(VILLAGE) for member in (self.village, self.township)]
        assert sorted(map(str, points[0])) == sorted(map(str, points[1]))

    def close(self) -> None:
        self.uplink.stop()
        self.link.close()
        self.served.close()
        self.built.close()


@pytest.fixture
def hop(tmp_path: Path) -> Iterator[Hop]:
    """A village and a township that have met over TCP."""
    made = Hop(tmp_path)
    made.sync()
    yield made
    made.close()


def file_many(member: Member, count: int) -> None:
    """File applications whose texts do not compress into nothing."""
    chance = random.Random(count)
    for n in range(count):
        member.file(answers={"家庭人口": str(n), "申请理由": chance.randbytes(300).hex()})


def test_an_idle_exchange_and_one_case_cost_few_bytes(hop: Hop) -> None:
    hop.uplink.exchange_once()
    before = hop.link.bytes_up, hop.link.bytes_down
    assert hop.uplink.exchange_once().ok
    up, down = hop.link.bytes_up - before[0], hop.link.bytes_down - before[1]
    assert up + down <= 600, (up, down)
    hop.village.file()
    before = hop.link.bytes_up, hop.link.bytes_down
    assert hop.uplink.exchange_once().ok
    up, down = hop.link.bytes_up - before[0], hop.link.bytes_down - before[1]
    assert up + down <= 790, (up, down)
    assert hop.link.connections == 1, "the connection is kept alive"


def test_who_asks_for_an_exchange_waits_for_nothing_on_a_slow_line(hop: Hop) -> None:
    hop.village.file()
    hop.link.faults = Faults(latency_s=0.4)
    hop.link.hang_up()
    before = hop.uplink._lines[0].begun
    hop.uplink.sync_soon()
    hop.uplink.sync_soon()
    assert hop.uplink.status()["exchanging"], "nobody waited for the line, and the very next page says so"
    until(lambda: not hop.uplink.status()["exchanging"], hop.village)
    assert hop.uplink._lines[0].begun - before <= 2, "asked for twice, it was done once: what is owed, and its receipts"
    assert hop.village.casebook.sync_state()["not_left"]["cases"] == 0
    hop.link.faults = Faults(latency_s=3.0)
    hop.link.hang_up()
    hop.uplink.sync_soon()
    hop.uplink.stop()
    assert not hop.uplink.status()["exchanging"], "what was asked for ends with the node"
    hop.uplink.sync_soon()
    assert not hop.uplink.status()["exchanging"], "and nothing begins after it"


@pytest.mark.slow
def test_a_large_exchange_cut_at_random_bytes_heals(hop: Hop) -> None:
    chance = random.Random(7)
    file_many(hop.village, 60)
    for _ in range(12):
        up = chance.random() < 0.5
        at = chance.randrange(1, 40_000 if up else 600)
        hop.link.faults = Faults(cut_up_at=at) if up else Faults(cut_down_at=at)
        hop.uplink.exchange_once()
        hop.link.hang_up()
    hop.link.faults = Faults()
    hop.sync()
    assert len(hop.township.casebook.shared_points(VILLAGE)) == 1


def test_an_exchange_that_stalls_at_any_byte_ends_in_time_and_heals(hop: Hop) -> None:
    hop.uplink = hop.calling(hop.link.url, timeouts=IMPATIENT)
    hop.sync()
    for faults in (
        Faults(stall_up_at=1), Faults(stall_up_at=150), Faults(stall_up_at=1_000),
        Faults(stall_down_at=1), Faults(stall_down_at=120),
    ):  # fmt: skip
        file_many(hop.village, 3)
        hop.link.faults = faults
        hop.link.hang_up()
        before = hop.link.bytes_up, hop.link.bytes_down, time.monotonic()
        told = hop.uplink.exchange_once()
        assert not told.ok and told.text, "silence is no answer, and no end of the line that anybody would be told of"
        assert time.monotonic() - before[2] < 10.0
        passed = hop.link.bytes_up - before[0], hop.link.bytes_down - before[1]
        assert passed[0] <= (faults.stall_up_at or 1 << 20) and passed[1] <= (faults.stall_down_at or 1 << 20)
        hop.link.faults = Faults()
        hop.link.hang_up()
        hop.sync()


def test_lost_replies_and_duplicates_on_the_line_ring_no_alarm(hop: Hop) -> None:
    for faults in (Faults(lose_replies=True), Faults(duplicate=True), Faults(lose_replies=True, duplicate=True)):
        hop.link.faults = faults
        hop.link.hang_up()
        file_many(hop.village, 2)
        for _ in range(3):
            hop.uplink.exchange_once()
        hop.link.faults = Faults()
        hop.link.hang_up()
        hop.uplink.exchange_once()
        hop.sync()
    village, township = hop.village.identity.incarnation, hop.township.identity.incarnation
    there, here = hop.township.casebook.peer(village), hop.village.casebook.peer(township)
    assert there is not None and here is not None and there.alarm == here.alarm == 0


def test_a_slow_and_distant_line_still_carries(hop: Hop) -> None:
    hop.link.faults = Faults(bytes_per_s=20_000, latency_s=0.05)
    file_many(hop.village, 3)
    hop.sync()


@contextmanager
def half_open(port: int, count: int, said: bytes) -> Iterator[None]:
    """So many connections to a door that say this much and then neither go on nor end."""
    with ExitStack() as lines:
        for _ in range(count):
            line = lines.enter_context(socket.create_connection(("127.0.0.1", port)))
            line.sendall(said)
        yield


@pytest.mark.parametrize(
    "said",
    [b"", b"POST /sync/v1/exch", b"POST /sync/v1/exchange HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\nabc"],
    ids=["nothing", "half a head", "half a body"],
)
def test_half_open_lines_to_a_parent_keep_no_child_waiting(hop: Hop, said: bytes) -> None:
    """Lines whose other end is gone without a word, many more than a node has threads, at the door as it is served."""
    pages = flask.Flask("township")
    pages.register_blueprint(hop.served.downlink.blueprint())
    port = int(nobody().rpartition(":")[2])
    with app.served([app.Listener(pages, "127.0.0.1", port, 4)], edge=""), half_open(port, 250, said):
        file_many(hop.village, 2)
        assert hop.calling(f"http://127.0.0.1:{port}").exchange_once().ok


@pytest.mark.parametrize("said", [b"", b"POST /sync/v1/exch"], ids=["nothing", "half a head"])
def test_more_dead_lines_than_a_door_has_do_not_close_it(
    hop: Hop, said: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All from one address: the quietest of them makes way, at once and each time."""
    monkeypatch.setattr(app, "LINES_MAX", 40)
    pages = flask.Flask("township")
    pages.register_blueprint(hop.served.downlink.blueprint())
    port = int(nobody().rpartition(":")[2])
    with app.served([app.Listener(pages, "127.0.0.1", port, 4)], edge=""), half_open(port, 60, said):
        calling = hop.calling(f"http://127.0.0.1:{port}", timeouts=Timeouts(2.0, 5.0, 5.0))
        for _ in range(3):
            file_many(hop.village, 1)
            assert calling.exchange_once().ok
            with half_open(port, 40, said):
                pass


@contextmanager
def answering(reply: bytes, *, drip_s: float = 0.0, endless: bool = False, silent: bool = False) -> Iterator[str]:
    """Something that listens and answers every request with these bytes, perhaps a byte at a time, without end, or in
    silence: the line stays open."""
    listener = socket.create_server(("127.0.0.1", 0))
    ended = threading.Event()

    def serve_one(line: socket.socket) -> None:
        with line, suppress(OSError):
            line.recv(65_536)
            if drip_s:
                for at in range(len(reply)):
                    line.sendall(reply[at : at + 1])
                    if ended.wait(drip_s):
                        return
            else:
                line.sendall(reply)
                while endless and not ended.is_set():
                    line.sendall(bytes(65_536))
                if silent:
                    ended.wait()

    def accept() -> None:
        while not ended.is_set():
            try:
                line, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve_one, args=(line,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        ended.set()
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()


@pytest.mark.parametrize(
    "head",
    [b"", b"HTTP/1.1 200 OK\r\nContent-Type: application/cbor\r\nContent-Length: 1000\r\n\r\n"],
    ids=["in the head", "in the body"],
)
def test_a_peer_that_drips_cannot_hold_an_exchange_for_ever(hop: Hop, head: bytes) -> None:
    reply = head + b"HTTP/1.1 200 OK\r\n" * 60
    with answering(reply, drip_s=0.05) as url:
        uplink = hop.calling(url, timeouts=Timeouts(0.5, 0.5, 0.8))
        result = uplink.exchange_once()
    assert not result.ok and "0.8" in result.text
    assert hop.uplink.exchange_once().ok


def test_a_half_open_line_ends_the_call_and_people_go_on_filing(hop: Hop) -> None:
    """It is open, takes what is sent, and never answers: the call ends by itself, and no page waited for it."""
    with answering(b"", silent=True) as url:
        uplink = hop.calling(url, timeouts=Timeouts(0.5, 0.5, 0.8))
        results: list[Result] = []
        call_under_way = threading.Thread(target=lambda: results.append(uplink.exchange_once()))
        call_under_way.start()
        file_many(hop.village, 2)
        assert not results, "the pages did not wait for the end of the call"
        call_under_way.join(5.0)
    assert [result.ok for result in results] == [False]
    assert uplink.status()["last_error"], "people are told"
    hop.sync()


@pytest.mark.parametrize("head", [b"Content-Length: 1050625\r\n\r\n", b"\r\n"], ids=["that says so", "without end"])
def test_a_reply_that_is_too_large_is_not_read(hop: Hop, head: bytes) -> None:
    with answering(b"HTTP/1.1 200 OK\r\n" + head, endless=True) as url:
        result = hop.calling(url).exchange_once()
    assert not result.ok and "1050624" in result.text


def nobody() -> str:
    """An address of this machine where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as gone:
        return f"http://127.0.0.1:{gone.getsockname()[1]}"


def longest_wait(uplink: Uplink, calls: int) -> float:
    """The longest back-off of so many calls in a row, each made before its time."""
    waits = []
    for _ in range(calls):
        assert not uplink.exchange_once().ok
        waits.append(uplink.status()["next_attempt_s"])
    return float(max(waits))


def test_who_reaches_nobody_is_back_within_a_minute_of_the_line(hop: Hop) -> None:
    """With the longest back-off a village would wait ten minutes after the line is back."""
    assert longest_wait(hop.calling(nobody()), 24) <= 60.0


def test_who_is_heard_and_not_answered_leaves_more_and_more_time(hop: Hop) -> None:
    with answering(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n") as url:
        assert longest_wait(hop.calling(url), 24) > 60.0


def test_a_redirect_is_refused_and_not_followed(hop: Hop) -> None:
    with answering(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") as elsewhere:
        head = f"HTTP/1.1 307 Temporary Redirect\r\nLocation: {elsewhere}/\r\nContent-Length: 0\r\n\r\n"
        with answering(head.encode()) as url:
            result = hop.calling(url).exchange_once()
    assert not result.ok and "307" in result.text


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"garbage\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 500 Oops\r\nContent-Length: 4\r\n\r\noops",
        b"HTTP/1.1 204 No Content\r\n\r\n",
    ],
)
def test_whatever_answers_nothing_but_the_back_off_changes(hop: Hop, reply: bytes) -> None:
    township = hop.township.identity.incarnation
    before = hop.village.casebook.peer(township)
    assert before is not None
    with answering(reply) as url:
        result = hop.calling(url).exchange_once()
    assert not result.ok and result.text
    after = hop.village.casebook.peer(township)
    assert after is not None and after.last_error == result.text
    assert (after.challenge, after.nonce, after.alarm) == (before.challenge, before.nonce, before.alarm)
    assert after.failures == 1


def test_no_environment_variable_sends_an_exchange_elsewhere(hop: Hop, monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy)
        assert hop.calling(hop.link.url).exchange_once().ok


def test_a_bare_request_carries_no_header_that_is_not_needed(hop: Hop) -> None:
    seen: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def hear() -> None:
        line, _ = listener.accept()
        with line:
            seen.append(line.recv(65_536))

    thread = threading.Thread(target=hear, daemon=True)
    thread.start()
    hop.calling(f"http://127.0.0.1:{listener.getsockname()[1]}").exchange_once()
    thread.join(5.0)
    listener.close()
    names = [line.split(b":")[0].lower() for line in seen[0].split(b"\r\n\r\n")[0].split(b"\r\n")[1:]]
    assert sorted(names) == [b"content-length", b"host"]


def test_an_announced_flood_is_refused_before_it_comes(hop: Hop) -> None:
    head = "POST /sync/v1/exchange HTTP/1.1\r\nHost: x\r\nContent-Type: application/cbor\r\n"
    with socket.create_connection(("127.0.0.1", hop.served.exchange.port)) as line:
        line.settimeout(5.0)
        line.sendall(f"{head}Content-Length: 99999999\r\n\r\n".encode() + bytes(100_000))
        assert b" 413 " in line.recv(4096).split(b"\r\n")[0]


def test_a_child_with_an_exchange_in_flight_is_told_to_come_back(hop: Hop) -> None:
    """Its second call gets 429; another child's does not."""
    inside, go_on = threading.Event(), threading.Event()
    receive = hop.township.casebook.receive

    def slow_receive(*arguments: object, **named: object) -> object:
        inside.set()
        assert go_on.wait(5.0)
        return receive(*arguments, **named)  # type: ignore[arg-type]

    hop.township.casebook.receive = slow_receive  # type: ignore[method-assign,assignment]
    first = threading.Thread(target=hop.uplink.exchange_once)
    first.start()
    assert inside.wait(5.0)
    second = hop.calling(hop.link.url)
    result = second.exchange_once()
    go_on.set()
    first.join(5.0)
    assert not result.ok and "正忙" in result.text
    assert second.status()["next_attempt_s"] <= 0.3, "who is only busy has time again in a moment"


def test_the_waiting_listener_asks_no_database(hop: Hop) -> None:
    hop.township.store.close()
    answer = requests.get(hop.served.wait.url + "/sync/v1/wait", params={"token": "x"}, timeout=5)
    assert answer.status_code == 400
    hop.township.store.close()


def test_a_line_that_stays_down_is_tried_by_bare_connections_until_somebody_is_there(
    hop: Hop, monkeypatch: pytest.MonkeyPatch
) -> None:
    door = socket.socket()
    door.bind(("127.0.0.1", 0))  # bound, and nobody listens
    uplink = hop.calling(f"http://127.0.0.1:{door.getsockname()[1]}")
    uplink.exchange_once()
    asked, written = [], []
    casebook = hop.village.casebook
    with monkeypatch.context() as patch:
        patch.setattr(Conversation, "ask", lambda *_: asked.append(1))
        patch.setattr(casebook, "update_peer", lambda *_, **columns: written.append(columns["failures"]))
        for _ in range(40):
            assert not uplink.exchange_once().ok
    assert (asked, written) == ([], [2, 4, 8, 16, 32])
    assert uplink.status()["failures"] == 41
    with ThreadPoolExecutor(1) as above:
        door.listen()
        tried = above.submit(uplink.exchange_once)
        knocking, calling = door.accept()[0], door.accept()[0]
        assert knocking.recv(4) == b""
        assert calling.recv(4) == b"POST"
        for line in (knocking, calling, door):
            line.close()
        assert not tried.result().ok
    uplink.stop()
