"""Wrong clocks: the same work comes to the same result, every page still opens, and people are told in plain words."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from stdnum.cn import ric

from sync_protocol.case import kinds, numbers
from sync_protocol.errors import BadSeal
from sync_protocol.exchange import REFUSED, Answer, Content
from sync_protocol.places import about
from tests import builders
from tests.builders import START_MS
from tests.network import COUNTY, TOWNSHIP, VILLAGE, Network, network
from tests.village_node.web.counter import Counter, open_counter
from township_node import web as township_pages
from township_node.downlink.answering import _Child
from village_node.casebook import CaseRef

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
YEAR_MS = 365 * DAY_MS
Y1970, Y2038, Y9999 = 0, 2_147_558_400_000, 253_402_300_800_000
NODES = (VILLAGE, TOWNSHIP, COUNTY)

# Where the clock of each node stands when work begins, and how far it jumps with each act.
CLOCKS: dict[str, tuple[dict[str, int], tuple[int, ...]]] = {
    "ten_years_behind": (dict.fromkeys(NODES, START_MS - 10 * YEAR_MS), (0,)),
    "ten_years_ahead": (dict.fromkeys(NODES, START_MS + 10 * YEAR_MS), (0,)),
    "village_in_1970": ({VILLAGE: Y1970}, (1,)),
    "county_in_1970": ({COUNTY: Y1970}, (1,)),
    "everybody_in_2038": (dict.fromkeys(NODES, Y2038), (HOUR_MS,)),
    "township_after_9999": ({TOWNSHIP: Y9999 + YEAR_MS}, (DAY_MS,)),
    "county_before_1970": ({COUNTY: -20 * YEAR_MS}, (-DAY_MS,)),
    "jumping_back_and_forth": ({}, (-HOUR_MS, 3 * DAY_MS)),
    "back_to_1970_every_day": ({VILLAGE: Y1970, TOWNSHIP: Y1970}, (DAY_MS, -DAY_MS)),
    "always_running_backward": ({}, (-HOUR_MS,)),
    "twenty_years_apart": ({VILLAGE: START_MS - 10 * YEAR_MS, COUNTY: START_MS + 10 * YEAR_MS}, (60_000,)),
}


def walk(net: Network, tick: Callable[[], None]) -> CaseRef:
    """One application from the village up to the county's decision and back, with corrections on the way."""
    village, township, county = (net[code].member for code in NODES)
    ref = village.file()

    def act(member: builders.Member, kind: int, body: dict[str, Any] | None = None) -> None:
        tick()
        member.act(ref, kind, body)
        tick()

    def hand(member: builders.Member, to: str, purpose: str) -> None:
        act(member, kinds.HANDOFF, {"to": to, "purpose": purpose})
        net.settle()

    hand(village, TOWNSHIP, "accept")
    act(township, kinds.ACCEPT)
    act(township, kinds.RETURN_FOR_CORRECTION, {"marks": [["applicant_phone", "空号"]], "reason": "电话不通"})
    net.settle()
    act(village, kinds.SUPPLY, {"answers": {"applicant_phone": "13900005678"}})
    net.settle()
    case = township.casebook.case(ref.scope, ref.case_id)
    assert case is not None
    supplied = [list(note.position) for note in case.open_supplies]
    act(township, kinds.TAKE, {"supplies": supplied})
    act(township, kinds.DOCKET, {"promised_days": 20})
    act(township, kinds.REVIEW, {"opinion": "agree", "text": "属实"})
    hand(township, COUNTY, "decide")
    act(county, kinds.ACCEPT)
    act(county, kinds.DECIDE, {"outcome": "approve"})
    hand(county, VILLAGE, "deliver")
    act(village, kinds.ACCEPT)
    act(village, kinds.DELIVERED, {"to": "张秀兰", "how": "in_person"})
    net.settle()
    return ref


def outcome(net: Network, ref: CaseRef) -> dict[str, Any]:
    """What every node makes of the case and holds receipts for, without times and without the hashes they go into."""
    places = {net[code].incarnation: code for code in NODES}
    told: dict[str, Any] = {}
    for code in NODES:
        book = net[code].member.casebook
        case = book.case(ref.scope, ref.case_id)
        assert case is not None
        where = {position: (places[position.incarnation], position.seq) for position in case.verdicts}
        told[code] = {
            "state": (case.state, case.holder, case.docketed, case.reviewed, case.returns, case.filed_disputed),
            "words": (case.applicant, case.answers, case.decision.outcome if case.decision else None),
            "path": [where[position] for position in case.path],
            "verdicts": sorted((where[position], verdict.code) for position, verdict in case.verdicts.items()),
            # Where an event beside the path stands in the timeline is the one thing a label is for.
            "timeline": sorted((entry.kind, entry.place) for entry in book.timeline(ref.scope, ref.case_id)),
            "receipts": sorted(
                (
                    places[point.incarnation],
                    point.scope,
                    point.seq,
                    *sorted((places[signer], seq) for signer, seq in point.receipts.items()),
                )
                for point in book.shared_points(VILLAGE)
            ),
            "trouble": {name: book.counts()[name] for name in ("waiting", "void", "contested", "refused", "parked")},
            "views": book.view_counts(),
        }
    return told


def walked(folder: Path, begin: dict[str, int], jumps: tuple[int, ...]) -> tuple[Network, CaseRef]:
    """A network whose clocks are as told while the case is walked through it."""
    net = network(folder, own_clocks=True)
    net.settle()
    for code, now_ms in begin.items():
        net[code].member.clock.now_ms = now_ms
    steps = 0

    def tick() -> None:
        nonlocal steps
        for code in NODES:
            net[code].member.clock.now_ms += jumps[steps % len(jumps)]
        steps += 1

    return net, walk(net, tick)


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What comes of it where every clock is right."""
    net, ref = walked(tmp_path_factory.mktemp("right"), {}, (60_000,))
    told = outcome(net, ref)
    net.close()
    return told


@pytest.mark.parametrize("clocks", CLOCKS)
def test_wrong_clocks_come_to_the_same_result(right: dict[str, Any], tmp_path: Path, clocks: str) -> None:
    net, ref = walked(tmp_path, *CLOCKS[clocks])
    assert outcome(net, ref) == right
    assert right[COUNTY]["state"][0] == "delivered" and not any(right[COUNTY]["trouble"].values())
    net.close()


def counters(net: Network, folder: Path) -> dict[str, Counter]:
    """The pages of all three nodes."""
    return {
        code: open_counter(
            net[code].member, folder, more=township_pages.register if code != VILLAGE else lambda app: None
        )
        for code in NODES
    }


ROLES = {VILLAGE: ("agent",), TOWNSHIP: ("clerk", "admin"), COUNTY: ("officer", "admin")}


@pytest.mark.parametrize("now_ms", [-(1 << 60), -YEAR_MS, Y1970, Y2038, Y9999, 1 << 62])
def test_every_page_opens_at_any_time_of_the_clock(tmp_path: Path, now_ms: int) -> None:
    net = network(tmp_path, own_clocks=True)
    net.settle()
    ref = net[VILLAGE].member.file()
    net.settle()
    for code in NODES:
        net[code].member.clock.now_ms = now_ms
    net.settle()
    place = ref.scope.partition(":")[2]
    case = f"/cases/{place}/{ref.case_id.hex()}"
    for code, counter in counters(net, tmp_path).items():
        visitor = counter.sign_in("0001", *ROLES[code])
        pages = ["/work", "/items", "/items/001", "/health", "/sync-bar", "/query", case, f"{case}/receipt"]
        pages += ["/staff", "/audit", "/children"] if code != VILLAGE else ["/file/001"]
        assert counter.visitor().open("/").status_code == 200
        for page in pages:
            answer = visitor.open(page)
            assert answer.status_code == 200, (code, page, answer.text[:300])
    village = counters(net, tmp_path)[VILLAGE].sign_in("0002", "agent", name="李梅")
    filed = village.file()
    assert village.open(filed).status_code == 200
    net.settle()
    net.close()


def test_the_day_in_a_number_is_a_day_whatever_the_clock_says(tmp_path: Path) -> None:
    net = network(tmp_path)
    days = []
    for now_ms in (-(1 << 60), Y1970, Y2038, Y9999, 1 << 62):
        net.built.clock.now_ms = now_ms
        days.append(numbers.parse_case_number(net[VILLAGE].member.file().case_no).day)
    assert days == ["700101", "700101", "380120", "991231", "991231"]
    net.close()


def card(digits: str) -> str:
    """A resident identity number with its check character."""
    return digits + str(ric.calc_check_digit(digits + "0"))


def test_whoever_was_born_since_the_clock_stopped_can_still_apply(tmp_path: Path) -> None:
    net = network(tmp_path, own_clocks=True)
    clock = net[VILLAGE].member.clock
    clock.now_ms = Y1970
    agent = counters(net, tmp_path)[VILLAGE].sign_in("0001", "agent")
    agent.file(applicant_id_no=card("62282520260901004"))
    # Of later years this node knows from the clock of the place above.
    for code in (TOWNSHIP, COUNTY):
        net[code].member.clock.now_ms = START_MS + 10 * YEAR_MS
    net.settle()
    agent.file(applicant_id_no=card("62282520350901004"))
    net.close()


def test_a_clock_set_back_does_not_stretch_the_wait_of_what_a_child_refused(tmp_path: Path) -> None:
    net = network(tmp_path)
    answering, child, clock = net[TOWNSHIP].downlink._answering, _Child(), net.built.clock
    stream = (net[COUNTY].incarnation, about(VILLAGE))
    refused = Content(answers=[Answer(*stream, 1, REFUSED, BadSeal.code)])
    assert answering._held_back(child, refused) == {stream}
    clock.now_ms += 599_000
    assert answering._held_back(child, Content()) == {stream}
    clock.now_ms -= 10 * YEAR_MS
    assert not answering._held_back(child, Content())
    net.close()


def test_a_wrong_clock_is_shown_at_both_ends_and_blocks_nothing(tmp_path: Path) -> None:
    net = network(tmp_path, own_clocks=True)
    net.settle()
    clock = net[VILLAGE].member.clock
    pages = counters(net, tmp_path)
    agent, clerk = pages[VILLAGE].sign_in("0001", "agent"), pages[TOWNSHIP].sign_in("0101", "clerk")
    assert "请校准" not in agent.open("/work").text and "请核对校准" not in clerk.open("/health").text
    clock.now_ms -= 3 * DAY_MS + 4 * HOUR_MS + 59_000
    agent.counter.accounts.rows.end_sessions_of("0001")
    agent = pages[VILLAGE].sign_in("0002", "agent")
    agent.file()
    net[VILLAGE].sync()
    for page in ("/work", "/health"):
        assert "本机时钟比驿马镇慢 3 天 4 小时，请校准" in agent.open(page).text
    assert "时钟比本机慢 3 天 4 小时" in clerk.open("/health").text
    assert "时钟比本机慢 3 天 4 小时" in clerk.open("/children").text
    assert net[TOWNSHIP].member.casebook.view_counts()["all"] == 1, "it arrived all the same"
    clock.now_ms = net[TOWNSHIP].member.clock.now_ms + 10 * YEAR_MS + 2 * DAY_MS
    net[VILLAGE].sync()
    net[TOWNSHIP].member.clock.now_ms += 1_000
    assert "时钟比本机快 10 年 2 天" in clerk.open("/health").text
    clock.now_ms = net[TOWNSHIP].member.clock.now_ms - 9 * 60_000
    net[VILLAGE].sync()
    assert "时钟比" not in clerk.open("/health").text
    net.close()
