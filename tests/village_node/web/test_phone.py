"""Papers by telephone: one case, one code, nothing of the case shown, and no paper before a person has taken it."""

import io
import logging
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pypdf
import pytest
from werkzeug.test import TestResponse

from sync_protocol.case.papers import current
from tests.builders import COUNTY, TOWNSHIP, VILLAGE, Network
from tests.closing import DAY_MS, checkpoint_day, close_case
from tests.network import Network as Net
from tests.network import network as network_of
from tests.village_node.web.counter import CARD, Counter, Visitor, open_counter, problems
from tests.village_node.web.test_filing import held
from tests.village_node.web.test_papers import photo, positions
from tests.village_node.web.test_sign_in import plain
from village_node import uploads
from village_node.accounts.passes import IDLE_MS, LIFE_MS, token_of
from village_node.accounts.sessions import id_of
from village_node.casebook import CaseRef, NotFound, phoning
from village_node.partials import PIECE_LEAST, UploadKey
from village_node.store.audit import AuditRow
from village_node.web import unlogged
from village_node.web.phone_desk import why_no_telephone

LAN: dict[str, Any] = {"host": "0.0.0.0", "public_url": "http://192.168.1.10:8700"}


@pytest.fixture
def village(network: Network, folder: Path) -> Counter:
    """The village's pages, on the office's network."""
    return open_counter(network.members[VILLAGE], folder, **LAN)


def opened(agent: Visitor, case: str) -> str:
    """The clerk opens a code for a case: the address that it holds."""
    answer = agent.send(f"{case}/papers/phone", {})
    assert answer.status_code == 303, problems(answer.text)
    assert "<svg" in agent.open(f"{case}/papers/phone").text
    row = agent.counter.accounts.passes._rows.of_session(id_of(cookie_of(agent)), key_of(agent, case))
    assert row is not None
    return f"/phone/{token_of(cookie_of(agent), row.id)}"


def cookie_of(visitor: Visitor) -> str:
    found = visitor.client.get_cookie(f"sanji-{visitor.counter.member.place}")
    assert found is not None
    return found.value


def key_of(visitor: Visitor, case: str) -> tuple[str, bytes]:
    found = held(visitor.counter, case)
    return f"about:{found.home}", found.case_id


def sent(telephone: Visitor, address: str, *files: bytes, material: str = "身份证", **headers: str) -> TestResponse:
    chosen = [(io.BytesIO(raw), f"IMG_{n}.jpg") for n, raw in enumerate(files)]
    return telephone.client.post(
        address,
        data={"material": material, "files": chosen, "token": telephone.token(address)},
        headers=headers,
    )


def names(agent: Visitor, case: str) -> list[str]:
    return re.findall(r"/papers/phone/([0-9a-f]{32})/take", agent.open(f"{case}/papers/phone").text)


def trail(counter: Counter) -> list[AuditRow]:
    return counter.accounts.rows.audit_lines(30)


def test_what_a_telephone_sends_is_a_paper_when_the_clerk_has_taken_it(
    village: Counter, agent: Visitor, folder: Path
) -> None:
    case = agent.file()
    address, telephone, before = opened(agent, case), village.visitor(), held(village, case)
    page = telephone.open(address)
    assert "身份证" in page.text and page.headers["Referrer-Policy"] == "no-referrer"
    secrets = (before.case_no, before.query_code, CARD, "张秀兰", "13800001234", before.case_id.hex())
    assert not any(each in page.text for each in secrets)

    assert sent(telephone, address, photo(), photo("blue")).status_code == 303
    shown = telephone.open(address).text
    assert shown.count("<strong>已传到，等窗口确认</strong>") == 2 and not any(each in shown for each in secrets)
    assert held(village, case).last == before.last and not current(held(village, case)), "no event before"
    assert "手机传来 2 个文件" in plain(agent.open(f"{case}/papers").text)
    assert "待您确认的文件：2 个" in plain(agent.open(f"{case}/papers/phone/news").text)
    lying = [path.read_bytes() for path in folder.rglob("blobs/*")]
    assert len(lying) == 2 and not any(photo()[:64] in each for each in lying)
    assert not any(b"JFIF" in each.preview for each in village.member.casebook.phone_files(key_of(agent, case)))

    first, second = names(agent, case)
    drawn = agent.open(f"{case}/papers/phone/{first}/preview")
    assert drawn.headers["Content-Type"] == "image/jpeg" and drawn.data.startswith(b"\xff\xd8")
    assert agent.send(f"{case}/papers/phone/{first}/take", {"material": ""}).status_code == 422
    assert agent.send(f"{case}/papers/phone/{first}/take", {"material": "身份证"}).status_code == 303
    assert agent.send(f"{case}/papers/phone/{first}/take", {"material": "身份证"}).status_code == 409, "once"
    assert agent.send(f"{case}/papers/phone/{second}/discard", {}).status_code == 303
    (paper,) = current(held(village, case))
    assert paper.material == "身份证" and paper.note.actor == "0001"
    assert names(agent, case) == []
    told = plain(telephone.open(address).text)
    assert "窗口已采用" in told and "窗口没有采用" in told
    (position,) = positions(agent.open(f"{case}/papers").text)
    given = agent.send(f"{case}/papers/{position}/original", {"reason": "核对身份证"})
    assert given.data == photo()
    assert {"phone.open", "phone.take", "phone.discard"} <= {line.action for line in trail(village)}

    # A photo taken again replaces the one that is there.
    sent(telephone, address, photo("green"))
    (third,) = names(agent, case)
    assert (
        agent.send(f"{case}/papers/phone/{third}/take", {"material": "身份证", "replaces": position}).status_code == 303
    )
    assert len(current(held(village, case))) == 1


def test_a_wrong_an_ended_and_an_unknown_code_are_answered_alike(
    network: Network, village: Counter, agent: Visitor
) -> None:
    case = agent.file()
    telephone = village.visitor()
    token = telephone.token()
    ways = {}

    def asked(address: str) -> tuple[int, str, int]:
        read, told = telephone.open(address), telephone.client.post(address, data={"token": token})
        return read.status_code, re.sub(r"/phone/[\w-]+", "", read.text), told.status_code

    first = opened(agent, case)
    assert telephone.open(first).status_code == 200
    second = opened(agent, case)
    ways["another was opened"] = asked(first)
    assert telephone.open(second).status_code == 200
    agent.send(f"{case}/papers/phone/end", {})
    ways["the clerk closed it"] = asked(second)
    ways["nobody ever had it"] = asked("/phone/" + "A" * 43)
    ways["it is far too long"] = asked("/phone/" + "A" * 300)
    third = opened(agent, case)
    agent.send("/sign-out", {})
    ways["the clerk signed out"] = asked(third)
    assert {each[0] for each in ways.values()} == {404} and {each[2] for each in ways.values()} == {404}
    assert len(set(ways.values())) == 1, ways


def test_a_code_ends_by_itself(network: Network, village: Counter, agent: Visitor) -> None:
    case = agent.file()
    address, telephone = opened(agent, case), village.visitor()
    network.clock.now_ms += IDLE_MS - 1
    agent.open(case)
    assert telephone.open(address).status_code == 200
    network.clock.now_ms += IDLE_MS - 1
    agent.open(case)
    assert telephone.open(address).status_code == 200, "whoever uses it keeps it"
    network.clock.now_ms += IDLE_MS - 1
    agent.open(case)
    assert telephone.open(address).status_code == 200
    network.clock.now_ms += LIFE_MS - 3 * (IDLE_MS - 1)
    agent.open(case)
    assert telephone.open(address).status_code == 404, "but not for longer than its life"
    again = opened(agent, case)
    network.clock.now_ms += IDLE_MS // 2
    agent.open(case)
    network.clock.now_ms += IDLE_MS // 2
    agent.open(case)
    assert telephone.open(again).status_code == 404, "nor when nobody uses it"


def test_guesses_are_slowed_down_and_keep_no_right_code_out(village: Counter, agent: Visitor) -> None:
    case = agent.file()
    address, telephone = opened(agent, case), village.visitor()
    answers = [telephone.open("/phone/" + f"{n:043d}") for n in range(30)]
    assert answers[0].status_code == 404 and answers[-1].status_code == 429
    assert int(answers[-1].headers["Retry-After"]) > 0
    assert telephone.open(address).status_code == 200


def test_what_is_no_photo_is_refused_and_told_to_a_script_as_words(village: Counter, agent: Visitor) -> None:
    case = agent.file()
    address, telephone = opened(agent, case), village.visitor()
    wrong = sent(telephone, address, b"<html>", photo())
    assert wrong.status_code == 422 and "已传到 1 个" in plain(wrong.text) and "第 1 个文件" in plain(wrong.text)
    told = sent(telephone, address, photo()[:600], Accept="application/json")
    assert told.status_code == 422 and told.json is not None and "文件打不开" in told.json["problems"][0]
    again = sent(telephone, address, photo(), Accept="application/json")
    assert again.json == {"kept": 1, "problems": []} and len(names(agent, case)) == 1, "the very same file is there"
    free = sent(telephone, address, photo("blue"), material="张秀兰的病历", Accept="application/json")
    assert free.status_code == 200
    kept = [each.material for each in village.member.casebook.phone_files(key_of(agent, case))]
    assert kept == ["身份证", ""], "only names of the item's list"


def test_there_is_an_end_to_what_may_wait(village: Counter, agent: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    case = agent.file()
    address, telephone = opened(agent, case), village.visitor()
    colours = iter(("red", "blue", "green", "white", "black"))

    def refused(**most: int) -> str:
        for name, value in most.items():
            monkeypatch.setattr(phoning, name, value)
        told = sent(telephone, address, photo(next(colours)), Accept="application/json")
        monkeypatch.undo()
        assert told.json is not None
        return " ".join(told.json["problems"])

    assert refused() == ""
    assert "最多传 1 个文件" in refused(FILES_A_PASS=1)
    assert "MB" in refused(BYTES_A_PASS=len(photo()) + 1000)
    assert "等待确认的文件太多" in refused(BYTES_WAITING=len(photo()) + 1000)
    assert len(names(agent, case)) == 1


def test_what_nobody_decides_on_goes_after_a_day(
    network: Network, village: Counter, agent: Visitor, folder: Path
) -> None:
    case = agent.file()
    sent(village.visitor(), opened(agent, case), photo())
    (name,), key = names(agent, case), key_of(agent, case)
    book, shelf = village.member.casebook, village.member.casebook._shelf
    assert shelf is not None
    network.clock.now_ms += phoning.KEPT_MS // 2
    (lying,) = folder.rglob("blobs/*")
    os.utime(lying, (0, 0))
    book.sweep_strays()
    assert book.forget_phone_files() == 0 and name in shelf.names(float("inf"))
    network.clock.now_ms += phoning.KEPT_MS // 2 + 1
    assert book.forget_phone_files() == 1 and name not in shelf.names(float("inf"))
    assert book.phone_files(key) == []
    assert any(line.action == "phone.lapse" for line in trail(village))


def test_where_no_telephone_reaches_the_node_it_says_what_to_set(network: Network, folder: Path) -> None:
    alone = open_counter(network.members[VILLAGE], folder)
    agent = alone.sign_in("0001", "agent")
    case = agent.file()
    page = agent.open(f"{case}/papers/phone").text
    assert "public_url" in page and "0.0.0.0" in page and "打开二维码" not in page
    assert agent.send(f"{case}/papers/phone", {}).status_code == 409
    told: tuple[tuple[dict[str, Any], bool], ...] = (
        ({"host": "0.0.0.0"}, False),
        ({"host": "0.0.0.0", "public_url": "http://127.0.0.1:8700"}, False),
        ({"host": "192.168.1.10"}, True),
        ({"public_url": "https://cunwei.example", "behind_tls": True}, True),
        ({"public_url": "http://192.168.1.10:8700"}, False),
        (LAN, True),
    )
    for settings, reached in told:
        config = open_counter(network.members[VILLAGE], folder, **settings).config
        assert (why_no_telephone(config) is None) is reached, settings


def test_no_log_holds_what_opens_something(village: Counter, agent: Visitor, caplog: pytest.LogCaptureFixture) -> None:
    case = agent.file()
    address = opened(agent, case)
    token = address.rpartition("/")[2]
    village.app.testing = False

    def broken(token: str) -> str:
        raise ZeroDivisionError

    village.app.view_functions["phone"] = broken
    assert village.visitor().open(address).status_code == 500
    logging.getLogger(unlogged.SERVER).warning("Client disconnected while serving %s", address)
    logging.getLogger(unlogged.SERVER).warning("Client disconnected while serving %s", "/q/0123456789ABC?x=1")
    assert "Exception on /phone/…" in caplog.text and "serving /q/…?x=1" in caplog.text
    assert token not in caplog.text and "0123456789ABC" not in caplog.text
    assert not any(token in line.detail + line.subject for line in trail(village))


def test_no_audit_line_holds_what_opens_something(network: Network, village: Counter, agent: Visitor) -> None:
    for address in ("/q/K7M2XP4RT9WQ3", "/phone/abcDEF123-_x"):
        network.clock.now_ms += 61_000  # one line a minute
        assert agent.open(address).status_code == 404
    refused = [line.detail for line in trail(village) if line.action == "object.refuse"]
    assert sorted(refused) == ['{"path":"/phone/…"}', '{"path":"/q/…"}']


HOUR_MS = 3_600_000


def a_day(network: Network, village: Counter) -> None:
    """Eight hours of the office with a look each, sixteen of night with the machine off, a look in the morning."""
    book = village.member.casebook
    for hours in (1,) * 8 + (16,):
        network.clock.now_ms += hours * HOUR_MS
        book.forget_requests()
        book.forget_phone_files()


def test_the_day_of_a_photo_is_counted_in_the_time_that_its_end_is_told_by(
    network: Network, village: Counter, agent: Visitor
) -> None:
    book, real_ms = village.member.casebook, network.clock.now_ms
    book.forget_requests()

    def wait_for(clock_ms: int) -> int:
        """How many days of the office a photo lies here that came at this time by the clock, then set right."""
        network.clock.now_ms = clock_ms
        clerk = village.sign_in(f"{next(numbers):04d}", "agent")
        case = clerk.file()
        assert sent(village.visitor(), opened(clerk, case), photo()).status_code == 303
        network.clock.now_ms += 60_000
        assert book.forget_phone_files() == 0, "not at once"
        network.clock.now_ms = max(network.clock.now_ms, right_ms) if clock_ms == right_ms else right_ms + HOUR_MS
        for days in range(40):
            if not book.phone_files(key_of(clerk, case)):
                return days
            a_day(network, village)
        raise AssertionError("it lies here for good")

    numbers = iter(range(11, 20))
    for _ in range(20):
        a_day(network, village)
    right_ms = network.clock.now_ms
    assert right_ms > real_ms and 1 <= wait_for(right_ms) <= 3
    right_ms = network.clock.now_ms
    assert 1 <= wait_for(2**31 * 1000) <= 3, "the year 2038, and then right again"
    right_ms = network.clock.now_ms
    assert 1 <= wait_for(8 * HOUR_MS) <= 3, "the year 1970"


def test_each_file_that_is_looked_at_counts_and_none_is_looked_at_in_vain(
    village: Counter, agent: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = agent.file()
    address, telephone = opened(agent, case), village.visitor()
    looked: list[bytes] = []

    def refuse(raw: bytes) -> uploads.Upload:
        looked.append(raw)
        raise uploads.NotAccepted("broken")

    monkeypatch.setattr(uploads, "inspect", refuse)
    for each in range(5):
        told = sent(telephone, address, *(b"%%PDF-%d-%d" % (each, n) for n in range(20)), Accept="application/json")
    assert len(looked) == phoning.TRIES_A_PASS and told.status_code == 422
    assert "次数太多" in told.text
    address = opened(agent, case)
    monkeypatch.setattr(phoning, "BYTES_WAITING", 10)
    sent(telephone, address, photo())
    assert len(looked) == phoning.TRIES_A_PASS, "where there is no room nobody looks"


def test_one_code_sends_one_form_at_a_time_and_a_busy_machine_says_so(
    village: Counter, agent: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = agent.file()
    address, telephone = opened(agent, case), village.visitor()
    inner: list[TestResponse] = []
    inspect = uploads.inspect

    def meanwhile(raw: bytes) -> uploads.Upload:
        inner.append(sent(village.visitor(), address, photo("blue")))
        return inspect(raw)

    monkeypatch.setattr(uploads, "inspect", meanwhile)
    assert sent(telephone, address, photo()).status_code == 303
    assert [each.status_code for each in inner] == [429] and inner[0].headers["Retry-After"]
    monkeypatch.setattr(uploads, "inspect", inspect)
    monkeypatch.setattr(uploads, "BUSY_S", 0.0)
    with uploads._AT_ONCE, uploads._AT_ONCE:
        told = sent(telephone, address, photo("green"), Accept="application/json")
    assert told.status_code == 429 and told.json is not None and "正在处理别的文件" in told.json["problems"][0]
    assert sent(telephone, address, photo("green")).status_code == 303, "and then it is taken"


@pytest.mark.parametrize("other", ["discards", "takes"])
def test_of_two_who_decide_at_once_one_does(
    village: Counter, agent: Visitor, monkeypatch: pytest.MonkeyPatch, other: str
) -> None:
    case = agent.file()
    sent(village.visitor(), opened(agent, case), photo())
    (name,), key, book = names(agent, case), key_of(agent, case), village.member.casebook
    add, first = type(book).add_paper, [True]

    def meanwhile(self: Any, actor: str, roles: Any, *rest: Any, **more: Any) -> Any:
        if first.pop() if first else False:
            if other == "discards":
                self.discard_phone_file("0002", key, name)
            else:
                self.take_phone_file("0002", roles, key, name, "户口簿")
        return add(self, actor, roles, *rest, **more)

    monkeypatch.setattr(type(book), "add_paper", meanwhile)
    assert agent.send(f"{case}/papers/phone/{name}/take", {"material": "身份证"}).status_code == 409
    kept = [paper.material for paper in current(held(village, case))]
    assert kept == ([] if other == "discards" else ["户口簿"])
    actions = [line.action for line in trail(village) if line.action in ("phone.take", "phone.discard")]
    assert actions == ["phone.discard" if other == "discards" else "phone.take"]
    sent(village.visitor(), opened(agent, case), photo("blue"))
    (name,) = names(agent, case)

    def there(self: Any, *asked: Any) -> bool:
        self.discard_phone_file("0003", key, name)
        return True

    monkeypatch.setattr(type(book), "has_paper", there)
    assert agent.send(f"{case}/papers/phone/{name}/take", {"material": "身份证"}).status_code == 409


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Net]:
    """A county, a township and a village that have met."""
    made = network_of(tmp_path, COUNTY, TOWNSHIP, VILLAGE)
    made.settle()
    yield made
    made.close()


@pytest.mark.parametrize("how", ["erased", "handed over", "purged"])
def test_a_case_that_takes_no_papers_gets_none_by_telephone(net: Net, folder: Path, how: str) -> None:
    village = open_counter(net[VILLAGE].member, folder, **LAN)
    agent, book = village.sign_in("0001", "agent"), village.member.casebook
    case = agent.file()
    net.settle()
    address, telephone, key = opened(agent, case), village.visitor(), key_of(agent, case)
    assert sent(telephone, address, photo()).status_code == 303
    (row,), token = book.phone_files(key), telephone.token(address)
    ref, way = CaseRef(*key, "", ""), UploadKey(key, "staff 0001", bytes(32))
    book.begin_upload(way, 40_000)
    book.append_piece(way, 0, bytes(PIECE_LEAST))
    close_case(net, ref)
    if how == "erased":
        net[COUNTY].member.casebook.erase("0009", "0010", key, "当事人申请")
        net.settle()
    if how == "purged":
        checkpoint_day(net, days=0)
        checkpoint_day(net, days=30)
        assert book.purge(30 * DAY_MS).cases == 1
    assert (
        telephone.open(address).status_code == telephone.client.post(address, data={"token": token}).status_code == 404
    )
    if how == "handed over":
        page = agent.open(f"{case}/papers/phone").text
        assert "收起二维码" in page and "<svg" in page and "/take" not in page, "it can be closed"
        assert agent.send(f"{case}/papers/phone/end", {}).status_code == 303
        assert "收起二维码" not in agent.open(f"{case}/papers/phone").text
    else:
        assert book.phone_files(key) == []
        assert [each.key + each.preview for each in book.phone_sent(row.pass_id)] == [b""]
    if how != "handed over":
        with pytest.raises(NotFound):
            book.upload(way)
        assert book._shelf is not None and row.name not in book._shelf.names(float("inf"))


def test_files_that_are_too_large_together_are_told_so(village: Counter, agent: Visitor) -> None:
    case = agent.file()
    address, telephone = opened(agent, case), village.visitor()
    told = sent(telephone, address, bytes(7 << 20), bytes(7 << 20))
    assert told.status_code == 413 and "12 MB" in told.text and "1 MB" not in told.text.replace("12 MB", "")


def test_who_takes_a_pdf_is_told_that_one_page_is_seen(village: Counter, agent: Visitor) -> None:
    case = agent.file()
    address, telephone = opened(agent, case), village.visitor()
    sent(telephone, address, photo())
    assert "第 1 页" not in agent.open(f"{case}/papers/phone").text
    writer = pypdf.PdfWriter()
    for _ in range(3):
        writer.add_blank_page(300, 300)
    raw = io.BytesIO()
    writer.write(raw)
    sent(telephone, address, raw.getvalue())
    assert agent.open(f"{case}/papers/phone").text.count("只能看到 PDF 的第 1 页") == 1


def test_the_strip_tells_a_page_whose_session_has_ended(village: Counter, agent: Visitor) -> None:
    case = agent.file()
    opened(agent, case)
    assert "data-person" in agent.open(f"{case}/papers/phone/news").text
    agent.send("/sign-out", {})
    ended = agent.open(f"{case}/papers/phone/news")
    assert ended.status_code == 200 and "data-refresh" in ended.text and "data-person" not in ended.text


def test_a_page_that_is_out_of_date_has_words_for_it(village: Counter, agent: Visitor) -> None:
    assert "这个页面已失效" in village.visitor().open(opened(agent, agent.file())).text
