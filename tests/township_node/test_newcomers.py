"""A new village asks over the line, its people read the code out, a clerk types it, and the village is in."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from sync_protocol import limits
from sync_protocol import roster as rosters
from sync_protocol.encoding import encode
from sync_protocol.errors import BadSignature, Busy, Declined, NotEntitled, Revoked, TooLarge, WeakKey
from sync_protocol.exchange import read_refusal
from sync_protocol.suites import SigningKey
from tests.network import COUNTY, OTHER_TOWNSHIP, TOWNSHIP, VILLAGE, Network, network
from tests.village_node.web.counter import Counter, Visitor, open_counter
from township_node import newcomers
from township_node import web as township_pages
from township_node.enrolment import EnrolmentRefused
from township_node.newcomers import digits_of
from village_node import app, identity
from village_node.casebook import NotFound
from village_node.casebook.incarnations import INTENDED
from village_node.config import Config
from village_node.joining import Joining, Stage
from village_node.keyring import PLAIN
from village_node.store import peers
from village_node.store.newcomers import WAITING

MINUTE_MS = 60_000
NAME = "上关村"


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Network]:
    """A county and two townships; no village yet."""
    (tmp_path / "nodes").mkdir()
    made = network(tmp_path / "nodes", COUNTY, TOWNSHIP, OTHER_TOWNSHIP)
    made.settle_above()
    yield made
    made.close()


def new_village(net: Network, folder: Path, above: str = TOWNSHIP, place: str = VILLAGE) -> Joining:
    """A machine that has just been set up."""
    folder.mkdir()
    identity.create(folder, place, "village", NAME)
    return Joining(Config(folder, place, NAME, "village", parent_url=f"http://{above}"), PLAIN, net.session())


def pages_of(net: Network, place: str, folder: Path) -> Counter:
    return open_counter(net[place].member, folder, more=township_pages.register)


def ask(net: Network, raw: bytes, place: str = TOWNSHIP, kind: str = "") -> tuple[int, int]:
    """Status and error code with which a request is answered."""
    request = requests.Request("POST", f"http://{place}/sync/v1/enrol", data=raw, headers={"Content-Type": kind})
    status, body, _ = net.wire.carry(request.prepare())
    refusal = read_refusal(body)
    return status, refusal[0] if refusal else 0


def request(net: Network, place: str, *, level: str = "village", key: SigningKey | None = None) -> bytes:
    return rosters.enrol_request(key or net.built.key(), place, level, NAME, net.built.chance.randbytes(16))


def stage_of(joining: Joining) -> str:
    """How far a new node is by now."""
    return joining.stage.value


def typed(visitor: Visitor, what: str, number: int = 1, **fields: str) -> int:
    return visitor.send(f"/newcomers/{number}/{what}", fields).status_code


def test_a_village_is_in_as_soon_as_the_clerk_has_typed_what_its_people_read_out(net: Network, tmp_path: Path) -> None:
    village = new_village(net, tmp_path / "village")
    page = village.pages(threading.Event()).test_client()
    assert village.code in page.get("/").text and "正在联系上级" in page.get("/").text
    assert not village.ask() and stage_of(village) == "waiting"
    assert "等对方确认" in page.get("/").text
    counter = pages_of(net, TOWNSHIP, tmp_path)
    clerk = counter.sign_in("0101", "clerk")
    assert "新机器入网（1）" in clerk.open("/children").text
    waiting = clerk.open("/newcomers").text
    assert VILLAGE in waiting and village.code not in waiting, "who could read it here would not ask for it"
    wrong = clerk.send("/newcomers/1/confirm", {"spoken": "1234 5678 9012 3456"})
    assert wrong.status_code == 422 and "确认码对不上" in wrong.text
    assert not village.ask() and net[TOWNSHIP].member.casebook.roster.nodes_of(VILLAGE) == ()
    spoken = village.code.translate(str.maketrans("0123456789 ", "０１２３４５６７８９-"))
    done = clerk.send("/newcomers/1/confirm", {"spoken": spoken})
    assert done.status_code == 303
    told = clerk.open(done.headers["Location"]).text
    assert village.ask() and stage_of(village) == "in"
    assert village.network in told and village.network in page.get("/").text
    with pytest.raises(identity.NoIdentity, match="nobody has compared"):
        app.member(tmp_path / "village")
    identity.compared(tmp_path / "village")
    member = app.member(tmp_path / "village")
    (node,) = net[TOWNSHIP].member.casebook.roster.nodes_of(VILLAGE)
    assert (node.incarnation, node.public) == (member.incarnation, member.key.public)
    assert member.parent == net[TOWNSHIP].incarnation
    line = next(line for line in counter.accounts.rows.audit_lines(20) if line.action == "newcomers.take")
    assert (line.actor, line.subject) == ("0101", VILLAGE)
    assert typed(clerk, "confirm", spoken=village.code) == 422, "it was answered already"


def test_who_asks_under_the_name_of_a_village_is_not_let_in_by_the_village_s_code(net: Network, tmp_path: Path) -> None:
    stranger, village = new_village(net, tmp_path / "stranger"), new_village(net, tmp_path / "village")
    stranger.ask()
    village.ask()
    head = pages_of(net, TOWNSHIP, tmp_path).sign_in("0103", "head")
    assert typed(head, "confirm", 1, spoken=village.code) == 422
    assert typed(head, "confirm", 2, spoken=village.code) == 303
    assert village.ask() and not stranger.ask()
    assert typed(head, "reject", 1) == 303
    assert not stranger.ask() and stranger.stage is Stage.DECLINED
    assert "没有同意" in stranger.pages(threading.Event()).test_client().get("/").text
    assert ask(net, stranger.request) == (403, Declined.code)
    assert len(net[TOWNSHIP].member.casebook.roster.nodes_of(VILLAGE)) == 1


def test_a_place_whose_digits_differ_takes_one_more_look_and_the_file_road_answers_here_too(
    net: Network, tmp_path: Path
) -> None:
    merged = new_village(net, tmp_path / "merged", place="621021999201")
    merged.ask()
    head = pages_of(net, TOWNSHIP, tmp_path).sign_in("0103", "head")
    refused = head.send("/newcomers/1/confirm", {"spoken": merged.code})
    assert refused.status_code == 422 and 'name="digits_agreed"' in refused.text
    assert typed(head, "confirm", 1, spoken=merged.code, digits_agreed="yes") == 303 and merged.ask()
    by_file = new_village(net, tmp_path / "by file", place="621021101209")
    by_file.ask()
    casebook = net[TOWNSHIP].member.casebook
    ops = rosters.admit_request(casebook.roster, rosters.read_request(by_file.request), TOWNSHIP)
    casebook.enrol(rosters.publish(casebook.roster, TOWNSHIP, ops, casebook.roster_keys(), 0))
    assert by_file.ask(), "whoever has let it in, and by whatever road"


def test_what_cannot_be_let_in_is_refused_before_anything_is_kept(net: Network) -> None:
    good = request(net, VILLAGE)
    value = rosters.read_request(good)
    assert ask(net, good, kind="text/plain")[0] == 400
    assert ask(net, good + bytes(limits.HEADER)) == (413, TooLarge.code)
    assert ask(net, good[:-1] + bytes([good[-1] ^ 1])) == (403, BadSignature.code)
    weak = encode([1, VILLAGE, "village", NAME, 1, value.incarnation, bytes([1, *bytes(31)]), value.proof])
    assert ask(net, weak) == (400, WeakKey.code)
    assert ask(net, good, COUNTY) == (403, NotEntitled.code), "the county lets in its townships alone"
    assert ask(net, request(net, OTHER_TOWNSHIP, level="township")) == (403, NotEntitled.code)
    assert net[TOWNSHIP].member.casebook.newcomers() == ([], [])
    assert ask(net, request(net, "621021103000", level="township"), COUNTY) == (204, 0)


def test_strangers_who_ask_fill_neither_the_disk_nor_the_page_for_long(net: Network) -> None:
    casebook, clock = net[TOWNSHIP].member.casebook, net.built.clock
    mine = [request(net, VILLAGE) for _ in range(limits.NEWCOMERS_A_PLACE)]
    assert [ask(net, raw)[0] for raw in mine] == [204] * limits.NEWCOMERS_A_PLACE
    assert ask(net, mine[0]) == (204, 0), "the same again is no other one"
    more = [request(net, f"6210211012{number:02}") for number in range(30, 99)]
    free = limits.NEWCOMERS_A_MINUTE - limits.NEWCOMERS_A_PLACE
    assert [ask(net, raw)[0] for raw in more[: free + 1]] == [204] * free + [429]
    for raw in more[free:]:
        clock.now_ms += MINUTE_MS
        ask(net, raw)
    assert len(casebook.newcomers()[0]) == limits.NEWCOMERS
    assert ask(net, request(net, "621021101299")) == (429, Busy.code)
    clock.now_ms += limits.NEWCOMERS_MS
    assert casebook.newcomers()[0] == [] and ask(net, mine[-1]) == (204, 0)
    assert len(casebook.newcomers()[0]) == 1


def test_who_finds_no_room_neither_waits_for_the_writer_nor_takes_the_threads_of_the_pages(
    net: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    casebook = net[TOWNSHIP].member.casebook
    raws = [request(net, f"6210211012{number:02}") for number in range(30, 30 + limits.NEWCOMERS_A_MINUTE + 1)]
    assert [ask(net, raw)[0] for raw in raws] == [204] * limits.NEWCOMERS_A_MINUTE + [429]
    with monkeypatch.context() as patch:
        patch.setattr(casebook.store, "writing", lambda: pytest.fail("a stranger took the writer"))
        assert ask(net, raws[-1]) == (429, Busy.code) and ask(net, raws[0]) == (204, 0)
    answers: list[tuple[int, int]] = []

    def while_it_is_worked_on(*_given: object) -> None:
        answers.append(ask(net, raws[0]))

    with monkeypatch.context() as patch:
        patch.setattr(newcomers, "ask", while_it_is_worked_on)
        ask(net, raws[0])
    assert answers == [(429, Busy.code), (204, 0)], "each asks another; the third at once is one too many"
    assert ask(net, raws[0]) == (204, 0), "the places are free again"


def test_a_revoked_machine_that_asks_again_hears_so_and_one_that_was_overruled_waits_once_more(net: Network) -> None:
    casebook, raw, other = net[TOWNSHIP].member.casebook, request(net, VILLAGE), request(net, VILLAGE)
    assert ask(net, raw) == ask(net, other) == (204, 0)
    newcomers.take(casebook, "0103", 1, rosters.confirmation_code(raw))
    assert ask(net, raw) == (200, 0)
    machine = rosters.read_request(raw).incarnation.hex()
    casebook.confirm_revocation("0103", casebook.ask_revocation("0102", machine, "被盗"))
    assert ask(net, raw) == (403, Revoked.code)
    assert [row.request for row in casebook.newcomers()[0]] == [other]
    casebook.answer_newcomer("0103", casebook.waiting_newcomer(2), taken=True)  # as if that change had been overruled
    assert ask(net, other) == (204, 0)
    assert [(row.request, row.state) for row in casebook.newcomers()[0]] == [(other, WAITING)]


def test_who_declines_while_another_takes_leaves_one_answer_and_a_roster_that_agrees(
    net: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    casebook, raw = net[TOWNSHIP].member.casebook, request(net, VILLAGE)
    ask(net, raw)
    row, keys = casebook.waiting_newcomer(1), casebook.roster_keys()

    def meanwhile() -> list[SigningKey]:
        casebook.answer_newcomer("0102", row, taken=False)
        return keys

    with monkeypatch.context() as patch:
        patch.setattr(casebook, "roster_keys", meanwhile)
        with pytest.raises(EnrolmentRefused, match="已经有人办过了"):
            newcomers.take(casebook, "0103", 1, rosters.confirmation_code(raw))
    assert casebook.roster.nodes_of(VILLAGE) == () and ask(net, raw) == (403, Declined.code)
    with casebook.store.reading() as connection:
        assert not peers.bytes_of(connection, INTENDED), "a start would finish what was taken back"
    again = request(net, VILLAGE)
    ask(net, again)
    newcomers.take(casebook, "0103", 2, rosters.confirmation_code(again))
    assert ask(net, again) == (200, 0) and len(casebook.roster.nodes_of(VILLAGE)) == 1


def test_at_the_window_a_place_is_given_its_first_machine_and_whatever_weighs_more_is_for_the_head(
    net: Network, tmp_path: Path
) -> None:
    casebook = net[TOWNSHIP].member.casebook
    counter = pages_of(net, TOWNSHIP, tmp_path)
    clerk, head = counter.sign_in("0101", "clerk"), counter.sign_in("0103", "head")
    first, second = request(net, VILLAGE), request(net, VILLAGE)
    ask(net, first), ask(net, second)
    assert typed(clerk, "confirm", 1, spoken=rosters.confirmation_code(first)) == 303
    assert (
        'name="spoken"' not in clerk.open("/newcomers").text and "只能由负责人或管理员" in clerk.open("/newcomers").text
    )
    assert 'name="spoken"' in head.open("/newcomers").text
    assert typed(clerk, "confirm", 2, spoken=rosters.confirmation_code(second)) == 403
    assert len(casebook.roster.serving(VILLAGE)) == 1
    assert typed(head, "confirm", 2, spoken=rosters.confirmation_code(second)) == 303
    for node in casebook.roster.serving(VILLAGE):
        casebook.confirm_revocation("2", casebook.ask_revocation("1", node.incarnation.hex(), "被盗", alone=True))
    third = request(net, VILLAGE)
    renamed = rosters.enrol_request(net.built.key(), VILLAGE, "village", "别的村", net.built.chance.randbytes(16))
    ask(net, third), ask(net, renamed)
    assert typed(clerk, "confirm", 4, spoken=rosters.confirmation_code(renamed)) == 403
    assert typed(clerk, "reject", 4) == 303
    assert typed(clerk, "confirm", 3, spoken=rosters.confirmation_code(third)) == 303, "it has no machine any more"


def test_at_the_county_s_window_nobody_lets_a_further_machine_of_the_county_in(net: Network, tmp_path: Path) -> None:
    mine = request(net, COUNTY, level="county")
    assert ask(net, mine, COUNTY) == (204, 0)
    business = pages_of(net, COUNTY, tmp_path).sign_in("0001", "business")
    assert typed(business, "confirm", 1, spoken=rosters.confirmation_code(mine)) == 403
    assert len(net[COUNTY].member.casebook.roster.serving(COUNTY)) == 1


def test_nobody_who_asks_under_the_name_of_a_village_shuts_its_machine_out_for_long(net: Network) -> None:
    casebook, clock = net[TOWNSHIP].member.casebook, net.built.clock
    first, *strange = (request(net, VILLAGE) for _ in range(limits.NEWCOMERS_A_PLACE + 1))
    assert [ask(net, raw)[0] for raw in (first, *strange)] == [204] * (limits.NEWCOMERS_A_PLACE + 1)
    real = request(net, VILLAGE)
    assert ask(net, real) == (204, 0)
    waiting = [row.request for row in casebook.newcomers()[0]]
    assert waiting == [*strange[1:], real], "the oldest ones make way"
    with pytest.raises(NotFound):
        casebook.waiting_newcomer(1)
    assert ask(net, first) == ask(net, request(net, VILLAGE)) == (429, Busy.code), "what made way counts too"
    clock.now_ms += MINUTE_MS
    assert ask(net, first) == (204, 0)
    newest = [row for row in casebook.newcomers()[0] if row.request == real]
    newcomers.take(casebook, "0103", newest[0].id, rosters.confirmation_code(real))
    for _ in range(limits.NEWCOMERS_A_PLACE):
        ask(net, request(net, VILLAGE))
    assert ask(net, real) == (200, 0) and [row.request for row in casebook.newcomers()[1]] == [real]


def test_a_line_that_is_down_says_so_and_the_same_code_stands_after_a_restart(net: Network, tmp_path: Path) -> None:
    net.wire.down.add(TOWNSHIP)
    village = new_village(net, tmp_path / "village")
    assert not village.ask() and village.stage is Stage.ASKING and village.problem
    again = Joining(village.config, PLAIN, net.session())
    assert (again.code, again.request) == (village.code, village.request)
    net.wire.calm()
    elsewhere = new_village(net, tmp_path / "elsewhere", above=COUNTY)
    assert not elsewhere.ask() and elsewhere.stage is Stage.REFUSED


def test_a_roster_is_trusted_when_a_person_has_compared_the_code_and_not_before(net: Network, tmp_path: Path) -> None:
    """Whoever sits on the road may answer with a network of his own: no time and no restart makes it ours."""
    village, folder = new_village(net, tmp_path / "village"), tmp_path / "village"
    village.ask()
    newcomers.take(net[TOWNSHIP].member.casebook, "0103", 1, village.code)
    assert village.ask()
    after, compared = Joining(village.config, PLAIN, net.session()), threading.Event()
    assert after.stage is Stage.IN and after.ask_until(threading.Event()), "it asks nobody again"
    page = after.pages(compared).test_client()
    shown = page.get("/").text
    assert after.network == village.network and after.network in shown and f'value="{after.token}"' in shown
    assert page.get("/", headers={"Host": "strange.example"}).status_code == 400
    strange = {"Host": "strange.example"}
    assert page.post("/compared", data={"token": after.token}, headers=strange).status_code == 400
    for form in ({}, {"token": "x" * 32}, {"token": village.token}, {"token": "码"}):
        assert page.post("/compared", data=form).status_code == 403
    assert not compared.is_set() and not identity.is_compared(folder)
    once = after.token
    assert page.post("/compared", data={"token": once}).status_code == 303
    assert compared.is_set() and app.member(folder).incarnation == after.identity.incarnation
    assert page.post("/compared", data={"token": once}).status_code == 403


def test_a_code_is_read_whatever_stands_between_its_digits() -> None:
    assert digits_of(" 1234-５６７８，90 12 ") == "123456789012"
