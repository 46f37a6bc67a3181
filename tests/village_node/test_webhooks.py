"""News of cases for other systems: once it is noted it arrives, in order and signed, whatever the receiver does."""

import base64
import hashlib
import hmac
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from sync_protocol.case import kinds
from tests import builders
from tests.builders import COUNTY, TOWNSHIP, VILLAGE, Member, Network
from tests.served import until
from tests.village_node.receiver import LOST, SLOW, Receiver, receiver
from village_node.accounts.webhooks import LIVING_MOST, TOLD, Webhooks, WebhookTrouble
from village_node.store import NotReadable, NotSaved
from village_node.store.webhooks import WebhookRows
from village_node.webhooks import Sender, post, sender

pytestmark = pytest.mark.sockets
KEY = b"k" * 32
URL = "http://127.0.0.1:8700"
AWAY = {"to": TOWNSHIP, "purpose": "accept"}


def registry(member: Member, *hosts: str, key: bytes = KEY) -> Webhooks:
    """The webhooks of a node whose settings name these hosts."""
    return Webhooks(WebhookRows(member.store), hosts, member.clock, member.casebook.randomness, lambda _in_use: key)


class Steady:
    """Seconds that pass only when told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Told:
    """A member with a sender, and one webhook to a receiver, driven turn by turn."""

    def __init__(self, member: Member, there: Receiver, **narrowed: str) -> None:
        self.member, self.there = member, there
        self.hooks = registry(member, f"http://{there.host}")
        wanted = {"item_no": "", "place": "", **narrowed}
        self.secret = self.hooks.register("县一体化平台", there.url, TOLD, by="0009", **wanted)
        self.steady = Steady()
        self.begin()

    def begin(self) -> None:
        """Start the sender anew, as after a power cut."""
        self.sender = Sender(self.hooks, URL, self.member.clock, self.steady, lambda count: b"\x80" + bytes(count - 1))

    def turn(self) -> float | None:
        return self.sender.turn(1)

    def later(self, seconds: float) -> float | None:
        """A turn so much later."""
        self.steady.now += seconds
        self.member.clock.now_ms += int(seconds * 1000)
        return self.turn()

    @property
    def row(self) -> Any:
        row = self.hooks.rows.get(1)
        assert row is not None
        return row

    def data(self) -> list[dict[str, Any]]:
        return [json.loads(each.body)["data"] for each in self.there.taken]


@pytest.fixture
def village(folder: Path) -> Iterator[Member]:
    made = builders.network(folder)
    yield made.members[VILLAGE]
    made.close()


@pytest.fixture
def there() -> Iterator[Receiver]:
    with receiver() as made:
        yield made


@pytest.fixture
def told(village: Member, there: Receiver) -> Told:
    return Told(village, there)


def test_a_message_says_what_changed_and_nothing_of_a_person_and_its_signature_fits(told: Told) -> None:
    ref = told.member.file()
    assert told.turn() == 0.0 and told.turn() == sender.LOOK_AGAIN_S
    ((path, headers, body),) = told.there.taken
    assert path == "/hook" and headers["Content-Type"] == "application/json"
    said = json.loads(body)
    assert said["type"] == "case.received"
    assert said["data"] == {
        "case_no": ref.case_no,
        "item_no": "001",
        "place": VILLAGE,
        "state_before": None,
        "state": "received",
        "at_ms": told.member.clock.now_ms,
        "seq": told.member.clock.now_ms,
        "dropped": 0,
        "url": f"{URL}/api/v1/cases/{VILLAGE}/{ref.case_id.hex()}",
    }
    for typed in (value for value in builders.APPLICATION.values() if isinstance(value, str) and len(value) > 3):
        assert typed not in body.decode()
    # As API.md has a receiver check it, with what the page has shown once.
    secret = base64.b64decode(told.secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    right = base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{right}"
    assert int(headers["webhook-timestamp"]) == told.member.clock.now_ms // 1000
    assert (told.row.failures, told.row.delivered_ms) == (0, told.member.clock.now_ms)


def test_the_receiver_that_the_text_shows_takes_what_is_sent_and_nothing_that_was_changed(told: Told) -> None:
    text = resources.files("village_node.web.api").joinpath("API.md").read_text(encoding="utf-8")
    (sample,) = re.findall(r"```python\n(import base64, .*?)```", text, re.DOTALL)
    shown: dict[str, Any] = {}
    exec(sample, shown)
    told.member.clock.now_ms = time.time_ns() // 1_000_000
    told.member.file()
    told.turn()
    ((_, headers, body),) = told.there.taken
    assert shown["is_sound"](told.secret, headers, body)
    assert not shown["is_sound"](told.secret, headers, body.replace(b"received", b"accepted"))
    late = {**headers, "webhook-timestamp": str(int(headers["webhook-timestamp"]) - 600)}
    assert not shown["is_sound"](told.secret, late, body)


def test_states_of_a_case_arrive_in_their_order_each_once(told: Told) -> None:
    ref = told.member.file()
    told.member.clock.now_ms -= 86_400_000  # a clock set back changes no order
    ref = told.member.act(ref, kinds.HANDOFF, AWAY)
    told.member.act(ref, kinds.NOTE, {"text": "问过了"})  # changes no state
    while told.turn() == 0.0:
        pass
    said = told.data()
    assert [(each["state_before"], each["state"]) for each in said] == [(None, "received"), ("received", "in_transit")]
    assert said[0]["seq"] < said[1]["seq"]
    assert told.hooks.rows.waiting() == {}


@pytest.mark.parametrize(("answer", "words"), [(500, "500"), (302, "302"), (404, "404"), (LOST, "没有收到答复")])
def test_what_was_not_taken_comes_again_under_the_same_id(told: Told, answer: int | str, words: str) -> None:
    told.member.file()
    told.there.answers.append(answer)
    told.turn()
    assert words in told.row.last_error and told.row.failures == 1
    assert told.row.next_attempt_ms == told.member.clock.now_ms + 5_000
    assert told.turn() == sender.LOOK_AGAIN_S and len(told.there.taken) == 1, "not before the pause is over"
    assert told.later(10.0) == 0.0
    first, second = told.there.taken
    assert first.headers["webhook-id"] == second.headers["webhook-id"] and first.body == second.body
    assert second.path == "/hook", "no redirect is followed"
    assert (told.row.failures, told.row.last_error, told.hooks.rows.waiting()) == (0, None, {})


def test_pauses_grow_and_are_bounded_and_a_restart_goes_on_with_them(told: Told) -> None:
    told.member.file()
    told.there.close()
    pauses = []
    for _ in range(12):
        told.later(sender.BACKOFF_CAP_S)
        pauses.append((told.row.next_attempt_ms - told.member.clock.now_ms) / 1000)
    assert pauses[:4] == [5.0, 10.0, 20.0, 40.0] and pauses[-1] == sender.BACKOFF_CAP_S / 2
    assert "连不上" in told.row.last_error and told.hooks.rows.waiting() == {1: 1}
    told.begin()
    told.turn()
    assert told.row.failures == 12, "a crowd of restarts is still a crowd"
    told.member.clock.now_ms -= 10 * 365 * 86_400_000  # and a clock set back makes no pause longer than the longest
    told.begin()
    told.turn()
    told.later(sender.BACKOFF_CAP_S)
    assert told.row.failures == 13


def test_resend_now_tries_at_once(told: Told) -> None:
    told.member.file()
    told.there.answers.append(503)
    told.turn()
    told.turn()
    assert len(told.there.taken) == 1
    assert told.hooks.resend(1, "0009")
    told.turn()
    assert len(told.there.taken) == 2 and told.hooks.rows.waiting() == {}


def test_a_receiver_that_wants_no_more_is_left_alone_until_somebody_says_so(told: Told) -> None:
    told.member.file()
    told.there.answers.append(410)
    told.turn()
    assert told.row.gone and "410" in told.row.last_error
    told.later(100 * sender.BACKOFF_CAP_S)
    assert len(told.there.taken) == 1 and told.hooks.rows.waiting() == {1: 1}
    told.hooks.resend(1, "0009")
    told.turn()
    assert not told.row.gone and len(told.there.taken) == 2 and told.hooks.rows.waiting() == {}


def test_one_that_answers_slowly_or_drips_is_not_waited_for_longer_than_it_may(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    told.member.file()
    monkeypatch.setattr(post, "READ_S", 0.05)
    told.there.answers.append(SLOW)
    began = time.monotonic()
    told.turn()
    assert "超时" in told.row.last_error and time.monotonic() - began < 5.0
    monkeypatch.setattr(post, "READ_S", 5.0)
    monkeypatch.setattr(post, "TOTAL_S", 0.05)
    told.there.answers.append(SLOW)
    told.later(10.0)
    assert "0.05" in told.row.last_error and told.row.failures == 2


def test_what_was_taken_and_could_not_be_noted_is_not_sent_again_while_the_node_runs(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    told.member.file()

    def full(*_: object) -> None:
        raise NotSaved("磁盘已满", "the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(told.hooks.rows, "delivered", full)
        assert told.turn() == 5.0 and told.turn() == 10.0
    assert len(told.there.taken) == 1 and told.hooks.rows.waiting() == {1: 1}
    told.turn()
    assert len(told.there.taken) == 1 and told.hooks.rows.waiting() == {}
    told.member.file()
    with monkeypatch.context() as patched:
        patched.setattr(told.hooks.rows, "delivered", full)
        told.turn()
    told.begin()
    told.turn()
    assert len(told.there.taken) == 3, "after a restart it comes twice"
    assert told.there.taken[1].headers["webhook-id"] == told.there.taken[2].headers["webhook-id"]


def test_a_backlog_is_bounded_and_both_sides_hear_what_was_dropped(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender, "WAITING_MOST", 2)
    refs = [told.member.file() for _ in range(5)]
    told.turn()
    assert told.data()[0]["dropped"] == 3 and told.data()[0]["case_no"] == refs[3].case_no
    told.turn()
    assert told.data()[1]["dropped"] == 0, "that is said once"
    assert (told.row.dropped, told.row.dropped_ms) == (3, told.member.clock.now_ms)


def test_a_host_that_the_settings_name_no_more_is_sent_nothing(told: Told) -> None:
    told.member.file()
    told.hooks.hosts = ()
    told.turn()
    assert told.there.taken == [] and "webhook_hosts" in told.row.last_error
    told.hooks.hosts = (f"http://{told.there.host}",)
    told.later(10.0)
    assert len(told.there.taken) == 1


def test_without_its_key_nothing_is_sent_unsigned_and_with_it_all_of_it_goes_on(told: Told) -> None:
    told.member.file()
    whole = told.hooks
    told.hooks = registry(told.member, f"http://{told.there.host}", key=b"x" * 32)
    told.begin()
    told.turn()
    assert told.there.taken == [] and "files.key" in told.row.last_error
    told.hooks = whole
    told.begin()
    told.later(10.0)
    assert len(told.there.taken) == 1
    assert base64.b64decode(told.secret.removeprefix("whsec_")) not in told.row.secret, "it lies there encrypted"


def test_news_is_narrowed_to_an_item_a_place_and_states(village: Member, there: Receiver) -> None:
    hooks = registry(village, f"http://{there.host}")
    for item_no, place, states in (
        ("001", "", ["received"]),
        ("002", "", TOLD),
        ("", TOWNSHIP, TOLD),
        ("", COUNTY, ["in_transit"]),
        ("", "62100700", TOLD),
    ):
        hooks.register("x", there.url, states, item_no, place, "0009")
    village.act(village.file(), kinds.HANDOFF, AWAY)
    assert hooks.rows.waiting() == {1: 1, 3: 2, 4: 1}


def test_a_case_that_comes_from_below_is_news_at_the_county(net: Network) -> None:
    """On either database, in the transaction that takes it in."""
    county = net.members[COUNTY]
    hooks = registry(county, "oa.example.gov.cn")
    hooks.register("x", "https://oa.example.gov.cn/hook", TOLD, "", "", "0009")
    ref = net.members[VILLAGE].file()
    builders.settle(net.members[VILLAGE], net.members[TOWNSHIP])
    builders.settle(net.members[TOWNSHIP], county)
    news = hooks.rows.next(1)
    assert news is not None and (news.case_no, news.state_before, news.state) == (ref.case_no, None, "received")
    assert hooks.rows.waiting() == {1: 1}
    builders.settle(net.members[TOWNSHIP], county)
    assert hooks.rows.waiting() == {1: 1}, "what brings nothing new is no news"
    assert hooks.rows.trim(1, 0, county.clock.now_ms) == 1
    assert hooks.end(1, "0009") and not hooks.end(1, "0009") and not hooks.resend(1, "0009")
    net.members[VILLAGE].file()
    builders.settle(net.members[VILLAGE], net.members[TOWNSHIP])
    builders.settle(net.members[TOWNSHIP], county)
    assert hooks.rows.waiting() == {} and [row.secret for row in hooks.rows.all()] == [b""] and not hooks.rows.living()


def test_news_is_kept_with_the_act_or_neither_is(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:

        def gone(*_: object) -> None:
            raise NotSaved("断电", "the power went")

        patched.setattr("village_node.store.cases.put", gone)
        with pytest.raises(NotSaved):
            told.member.file()
    assert told.hooks.rows.waiting() == {}


@pytest.mark.parametrize(
    ("hosts", "url", "fits"),
    [
        ((), "https://oa.example.gov.cn/hook", False),
        (("oa.example.gov.cn",), "https://oa.example.gov.cn/hook", True),
        (("oa.example.gov.cn",), "https://OA.Example.gov.cn:443/hook", True),
        (("oa.example.gov.cn",), "https://oa.example.gov.cn:8443/hook", False),
        (("oa.example.gov.cn:8443",), "https://oa.example.gov.cn:8443/hook", True),
        (("oa.example.gov.cn",), "http://oa.example.gov.cn/hook", False),
        (("http://oa.example.gov.cn",), "http://oa.example.gov.cn/hook", True),
        (("http://oa.example.gov.cn:8080",), "http://oa.example.gov.cn:8080/hook", True),
        (("oa.example.gov.cn",), "https://oa.example.gov.cn.evil.example/hook", False),
        (("oa.example.gov.cn",), "https://oa.example.gov.cn@evil.example/hook", False),
        (("oa.example.gov.cn",), "https://u:p@oa.example.gov.cn/hook", False),
        (("oa.example.gov.cn",), "https://evil.example#oa.example.gov.cn", False),
        (("oa.example.gov.cn",), "ftp://oa.example.gov.cn/hook", False),
        (("oa.example.gov.cn:8443",), "ftp://oa.example.gov.cn:8443/hook", False),
        (("oa.example.gov.cn:8443",), "htps://oa.example.gov.cn:8443/hook", False),
        (("oa.example.gov.cn:443",), "//oa.example.gov.cn:443/hook", False),
        (("oa.example.gov.cn",), "https://oa.example.gov.cn:0x/hook", False),
        (("oa.example.gov.cn",), "https://[oa.example.gov.cn/hook", False),
        (("[fd00::1]:8443",), "https://[fd00::1]:8443/hook", True),
        (("oa.example.gov.cn",), "https://oa.example.gov.cn/a b", False),
        (("oa.example.gov.cn",), "https://oa.example.gov.cn/" + "a" * 300, False),
    ],
)
def test_an_address_is_taken_only_where_the_settings_name_its_host(
    village: Member, hosts: tuple[str, ...], url: str, fits: bool
) -> None:
    hooks = registry(village, *hosts)
    if fits:
        hooks.check(url)
        return
    with pytest.raises(WebhookTrouble) as trouble:
        hooks.check(url)
    assert trouble.value.field == "url"


def test_there_are_so_many_at_most(village: Member) -> None:
    hooks = registry(village, "oa.example.gov.cn")

    def one_more() -> str:
        return hooks.register("x", "https://oa.example.gov.cn/hook", ["issued"], "", "", "0009")

    assert len({one_more() for _ in range(LIVING_MOST)}) == LIVING_MOST
    with pytest.raises(WebhookTrouble):
        one_more()
    hooks.end(1, "0009")
    one_more()


def test_one_that_hangs_holds_up_neither_the_others_nor_the_node_nor_its_end(
    village: Member, there: Receiver, running: Callable[[Member, Webhooks], Sender]
) -> None:
    with receiver() as other:
        hooks = registry(village, f"http://{there.host}", f"http://{other.host}")
        for each in (there, other):
            hooks.register("x", each.url, TOLD, "", "", "0009")
        at_work = running(village, hooks)
        there.answers.append(SLOW)
        refs = [village.file() for _ in range(3)]
        until(lambda: len(other.taken) == 3, village)
        assert [json.loads(each.body)["data"]["case_no"] for each in other.taken] == [ref.case_no for ref in refs]
        until(lambda: len(there.taken) == 1, village)
        until(lambda: hooks.rows.waiting() == {1: 3}, village)
        began = time.monotonic()
        at_work.stop()
        assert time.monotonic() - began < 4.0
        assert [row.failures for row in hooks.rows.living()] == [0, 0], "we hung up ourselves"


def test_threads_come_and_go_with_the_webhooks(
    village: Member, there: Receiver, running: Callable[[Member, Webhooks], Sender]
) -> None:
    hooks = registry(village, f"http://{there.host}")
    at_work = running(village, hooks)
    names = {"webhook-1"}
    assert names.isdisjoint(each.name for each in threading.enumerate())
    hooks.register("x", there.url, TOLD, "", "", "0009")
    at_work.keep_running()
    village.file()
    assert there.came.acquire(timeout=10.0)
    (thread,) = (each for each in threading.enumerate() if each.name in names)
    hooks.end(1, "0009")
    village.file()
    thread.join(10.0)
    assert not thread.is_alive() and len(there.taken) == 1
    at_work.keep_running()
    assert names.isdisjoint(each.name for each in threading.enumerate())


def test_a_node_starts_while_its_database_is_away_and_sends_once_it_is_back(
    village: Member,
    there: Receiver,
    running: Callable[[Member, Webhooks], Sender],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hooks = registry(village, f"http://{there.host}")
    hooks.register("x", there.url, TOLD, "", "", "0009")

    def away(_rows: WebhookRows) -> list[Any]:
        raise NotReadable("数据库暂时无法读取", "the database cannot be read at the moment")

    with monkeypatch.context() as patch:
        patch.setattr(WebhookRows, "living", away)
        at_work = running(village, hooks)
    village.file()
    at_work.keep_running()
    assert there.came.acquire(timeout=10.0)


@pytest.fixture
def running() -> Iterator[Callable[[Member, Webhooks], Sender]]:
    """A maker of senders with their threads, on real time; each is stopped at the end."""
    made: list[Sender] = []

    def start(member: Member, hooks: Webhooks) -> Sender:
        one = Sender(hooks, URL, member.clock, time.monotonic, lambda count: b"\x01" * count)
        member.casebook.on_news(one.on_news)
        made.append(one)
        one.start()
        return one

    yield start
    for each in made:
        each.stop()


def test_however_many_hang_the_node_ends_in_the_time_that_one_takes(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_work, go_on, joined = told.sender, threading.Event(), list[float]()
    threads = [threading.Thread(target=go_on.wait, args=(10.0,), daemon=True) for _ in range(6)]
    for number, thread in enumerate(threads, start=100):
        thread.start()
        at_work._line(number).thread = thread
    with monkeypatch.context() as hung:
        hung.setattr(sender, "STOP_TRIES", 5)
        hung.setattr(threading.Thread, "join", lambda _thread, timeout=None: joined.append(timeout or 0.0))
        at_work.stop()
    go_on.set()
    assert len(joined) == 5, "not five for each"
