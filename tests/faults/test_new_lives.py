"""A database put back, a disk put back whole, a machine exchanged: a new life begins by itself, and nothing is lost."""

from pathlib import Path

import pytest

from sync_protocol import roster as rosters
from sync_protocol.case import kinds
from sync_protocol.exchange import NO_ALARM, NONCE_BYTES, Content
from sync_protocol.places import about
from tests.faults.images import image_of, restore
from tests.faults.speech import heard, speak
from tests.network import COUNTY, SECOND_VILLAGE, TOWNSHIP, VILLAGE, Live, Network
from village_node.casebook import CaseRef, Reason

DAY_MS = 86_400_000


def reasons(live: Live) -> list[str]:
    """Why each life of a node ended."""
    return [each.reason for each in live.member.casebook.identity.former]


def assert_nothing_lost_or_doubled(net: Network, refs: list[CaseRef], events: int = 2) -> None:
    """Every case is everywhere the same, with as many events as were written into it, all of them effective."""
    assert len({ref.case_no for ref in refs}) == len(refs)
    for live in net.nodes.values():
        counts = live.member.casebook.counts()
        assert [counts[name] for name in ("waiting", "void", "contested", "needs_update", "parked")] == [0] * 5
        for ref in refs:
            row = live.member.casebook.find_by_number(ref.case_no)
            assert row is not None, (live.place, ref.case_no)
            assert (row.query_code, row.state) == (ref.query_code, "received")
            assert row.n_events == len(live.member.casebook.timeline(row.scope, row.case_id)) == events, live.place
    village = net[VILLAGE].member.casebook.counts()
    assert village["not_left"] == {"cases": 0, "events": 0}
    assert village["not_at_county"] == {"cases": 0, "events": 0}


@pytest.mark.parametrize("whole", [False, True], ids=["the database", "the whole disk"])
@pytest.mark.parametrize("days", [1, 30])
def test_a_village_restored_from_a_backup_works_on_and_syncs(
    net: Network, tmp_path: Path, days: int, whole: bool
) -> None:
    """T23: its earlier events return, what it wrote since leaves under a new life; nothing is lost, nothing doubled."""
    village = net[VILLAGE]
    refs = [village.member.file() for _ in range(3)]
    net.settle()
    unsent = [net[VILLAGE].member.file() for _ in range(2)]  # in the backup, and on their way only after it
    image = image_of(net, VILLAGE, tmp_path)
    forgotten = []
    for _ in range(days):
        net.built.clock.now_ms += DAY_MS
        forgotten += [net[VILLAGE].member.file() for _ in range(2)]
        net.settle()
    before = net[VILLAGE].incarnation
    restored = restore(net, VILLAGE, image, whole=whole)
    assert reasons(restored) == ([] if whole else [Reason.AHEAD])
    since = [restored.member.file() for _ in range(3)]  # off line
    net.settle()
    assert reasons(restored) == ([Reason.OLDER] if whole else [Reason.AHEAD]), "by itself, once"
    assert restored.incarnation != before
    assert not restored.member.casebook.provisional
    assert_nothing_lost_or_doubled(net, [*refs, *unsent, *forgotten, *since])
    assert restored.peer(net[TOWNSHIP]).alarm == NO_ALARM


@pytest.mark.parametrize("whole", [False, True], ids=["the database", "the whole disk"])
def test_what_never_left_is_written_again_with_its_cases_and_numbers(net: Network, tmp_path: Path, whole: bool) -> None:
    """The backup holds events that the lost life never sent: they leave once, under the new life."""
    village = net[VILLAGE]
    sent = village.member.file()
    net.settle()
    never_sent = [net[VILLAGE].member.file() for _ in range(3)]
    net[VILLAGE].member.act(never_sent[0], kinds.NOTE, {"text": "入户核实"})
    image = image_of(net, VILLAGE, tmp_path)
    # The lost life wrote something else after the backup, sent it, and took what stood before along.
    net.wire.down.add(TOWNSHIP)
    lost = [] if not whole else [net[VILLAGE].member.file()]
    net.wire.calm()
    if not whole:
        (net.built.folder / f"{VILLAGE}.data" / "witness.log").unlink()
    else:
        net.settle()
    old = net[VILLAGE].incarnation
    restored = restore(net, VILLAGE, image, whole=whole)
    restored.member.act(never_sent[1], kinds.NOTE, {"text": "恢复以后写的"})
    net.settle()
    assert_nothing_lost_or_doubled(net, [sent, never_sent[2], *lost])
    assert_nothing_lost_or_doubled(net, never_sent[:2], events=3)
    held = {
        point.incarnation: point.seq
        for point in net[TOWNSHIP].member.casebook.shared_points(VILLAGE)
        if point.scope == about(VILLAGE)
    }
    assert held[old] == (11 if whole else 2)
    assert held[restored.incarnation] == (1 if whole else 8)


def test_a_restored_village_that_wrote_over_what_the_lost_life_had_sent(net: Network, tmp_path: Path) -> None:
    """A whole disk put back, and written on off line: both lives hold other events at the same positions."""
    village = net[VILLAGE]
    first = village.member.file()
    net.settle()
    common = net[VILLAGE].member.file()
    image = image_of(net, VILLAGE, tmp_path)
    sent = [net[VILLAGE].member.file() for _ in range(60)]
    net.settle()
    restored = restore(net, VILLAGE, image, whole=True)
    net.built.clock.now_ms += 60_000
    over = [restored.member.file() for _ in range(70)]
    net.settle()
    assert reasons(restored) == [Reason.OLDER]
    assert_nothing_lost_or_doubled(net, [first, common, *sent, *over])


def test_a_machine_without_a_witness_file_begins_a_new_life(net: Network) -> None:
    village = net[VILLAGE]
    ref = village.member.file()
    net.settle()
    (net.built.folder / f"{VILLAGE}.data" / "witness.log").unlink()
    again = net.start(VILLAGE)
    assert reasons(again) == [Reason.NO_WITNESS]
    assert again.member.casebook.standing().provisional
    other = again.member.file()
    net.settle()
    assert not again.member.casebook.standing().provisional
    assert reasons(net.start(VILLAGE)) == [Reason.NO_WITNESS], "once"
    assert_nothing_lost_or_doubled(net, [ref, other])


def test_a_disk_in_another_machine_begins_a_new_life(net: Network) -> None:
    net.settle()
    net.built.machine = b"another machine."
    assert reasons(net.start(VILLAGE)) == [Reason.OTHER_MACHINE]
    assert reasons(net.start(VILLAGE)) == [Reason.OTHER_MACHINE]


def test_a_sound_start_goes_on_as_before(net: Network) -> None:
    refs = [net[VILLAGE].member.file()]
    net.settle()
    for _ in range(3):
        village = net.start(VILLAGE)
        refs.append(village.member.file())
        net.settle()
    assert reasons(net[VILLAGE]) == []
    assert_nothing_lost_or_doubled(net, refs)


def test_off_line_the_new_life_works_on_under_its_own_name(net: Network, tmp_path: Path) -> None:
    """The holder is the place: what was begun goes on at once, and all of it counts here before anybody has said so."""
    ref = net[VILLAGE].member.file()
    net.settle()
    never_sent = net[VILLAGE].member.file()
    (net.built.folder / f"{VILLAGE}.data" / "witness.log").unlink()
    village = net.start(VILLAGE)
    net.wire.down.add(TOWNSHIP)
    for each in (ref, never_sent):
        village.member.act(each, kinds.HANDOFF, {"to": TOWNSHIP, "purpose": "accept"})
        case = village.member.casebook.case(each.scope, each.case_id)
        assert case is not None and case.transit_to == TOWNSHIP
        assert case.counts["contested"] == case.counts["void"] == case.counts["waiting"] == 0
    assert not village.exchange().ok
    net.wire.calm()
    net.settle()
    for each in (ref, never_sent):
        net[TOWNSHIP].member.act(each, kinds.ACCEPT)
    net.settle()
    for live in net.nodes.values():
        for each in (ref, never_sent):
            case = live.member.casebook.case(each.scope, each.case_id)
            assert case is not None and case.holder == TOWNSHIP
            assert case.counts["contested"] == case.counts["void"] == case.counts["waiting"] == 0


def test_what_is_not_countersigned_weighs_less_than_what_is(net: Network) -> None:
    """Two lives of one place follow the same event: the one in the roster comes first, whatever it wrote and when."""
    net.settle()
    (net.built.folder / f"{VILLAGE}.data" / "witness.log").unlink()
    casebook = net.start(VILLAGE).member.casebook
    roster = casebook.roster
    me = casebook.author(roster, casebook.identity.incarnation)
    assert me is not None and me.place == VILLAGE
    assert me.order > max(node.order for node in roster.nodes())
    net.settle()
    countersigned = casebook.author(casebook.roster, casebook.identity.incarnation)
    assert countersigned is not None and countersigned.order < me.order


def test_what_is_written_again_names_what_was_moved_by_its_new_position(net: Network) -> None:
    """A body that speaks of another event of the same tail speaks of it where it stands now."""
    village = net[VILLAGE]
    ref = village.member.file()
    net.settle()
    village.member.act(ref, kinds.WITHDRAWAL_REQUEST, {"reason": "不办了", "by": "张秀兰"})
    case = village.member.casebook.case(ref.scope, ref.case_id)
    assert case is not None
    (asked,) = case.open_withdrawals
    village.member.act(ref, kinds.ANSWER, {"request": list(asked.position), "granted": False, "reason": "已受理"})
    (net.built.folder / f"{VILLAGE}.data" / "witness.log").unlink()
    restored = net.start(VILLAGE)
    net.settle()
    for live in net.nodes.values():
        case = live.member.casebook.case(ref.scope, ref.case_id)
        assert case is not None and not case.open_withdrawals
        assert case.counts["void"] == case.counts["waiting"] == case.counts["contested"] == 0
        (answer,) = (one for one in live.member.casebook.timeline(ref.scope, ref.case_id) if one.kind == kinds.ANSWER)
        assert answer.position.incarnation == restored.incarnation
        assert answer.body is not None and answer.body["request"][0] == restored.incarnation


@pytest.mark.parametrize("whole", [False, True], ids=["the database", "the whole disk"])
def test_a_village_may_be_restored_again_and_again(net: Network, tmp_path: Path, whole: bool) -> None:
    """The same old image three times, each time worked on off line and synced: as many lives, and nothing lost."""
    refs = [net[VILLAGE].member.file() for _ in range(2)]
    net.settle()
    refs.append(net[VILLAGE].member.file())
    image = image_of(net, VILLAGE, tmp_path)
    for _ in range(3):
        refs += [net[VILLAGE].member.file() for _ in range(2)]
        net.settle()
        net.built.clock.now_ms += DAY_MS
        restored = restore(net, VILLAGE, image, whole=whole)
        refs.append(restored.member.file())
        net.settle()
        assert not restored.member.casebook.standing().provisional
    assert_nothing_lost_or_doubled(net, refs)
    lives = [node.incarnation for node in net[TOWNSHIP].member.casebook.roster.nodes_of(VILLAGE)]
    assert len(lives) == 4


def test_an_image_of_a_life_that_was_not_countersigned_yet(net: Network, tmp_path: Path) -> None:
    refs = [net[VILLAGE].member.file()]
    net.settle()
    refs.append(net[VILLAGE].member.file())
    (net.built.folder / f"{VILLAGE}.data" / "witness.log").unlink()
    refs.append(net.start(VILLAGE).member.file())
    image = image_of(net, VILLAGE, tmp_path)  # provisional, and nothing of it has left
    net.settle()
    refs += [net[VILLAGE].member.file() for _ in range(3)]
    net.settle()
    restored = restore(net, VILLAGE, image, whole=True)
    assert restored.member.casebook.standing().provisional
    net.built.clock.now_ms += DAY_MS
    refs.append(restored.member.file())
    net.settle()
    assert_nothing_lost_or_doubled(net, refs)
    assert len(reasons(restored)) == 2


def test_power_fails_between_the_new_identity_and_the_database(net: Network) -> None:
    """The files say that a new life has begun, the database does not know of it: another one begins, complete."""
    ref = net[VILLAGE].member.file()
    net.settle()
    casebook = net[VILLAGE].member.casebook
    assert casebook.lives is not None
    casebook.lives.begin(casebook.identity, Reason.OPERATOR, 0, casebook.lives.witness.database)
    village = net.start(VILLAGE)
    assert reasons(village) == [Reason.OPERATOR, Reason.AHEAD]
    other = village.member.file()
    net.settle()
    assert_nothing_lost_or_doubled(net, [ref, other])


def test_a_lost_reply_to_the_request_for_countersigning_costs_one_more_exchange(net: Network) -> None:
    net.settle()
    (net.built.folder / f"{VILLAGE}.data" / "witness.log").unlink()
    village = net.start(VILLAGE)
    ref = village.member.file()
    net.wire.change_reply = lambda raw: raw[:-1]
    for _ in range(4):
        assert not village.exchange().ok
    net.wire.calm()
    net.settle()
    nodes = net[TOWNSHIP].member.casebook.roster.nodes_of(VILLAGE)
    assert len(nodes) == 2, "countersigned once"
    assert_nothing_lost_or_doubled(net, [ref])


def test_nobody_has_a_life_of_another_place_countersigned(net: Network) -> None:
    """A request that travels in an exchange is for the place whose key has signed the exchange, under its own name."""
    net.settle()
    village, township = net[VILLAGE], net[TOWNSHIP]
    key = net.built.key()
    for place, level, name in (
        (SECOND_VILLAGE, "village", "下关村"),
        (TOWNSHIP, "township", "驿马镇"),
        (VILLAGE, "village", "改了名"),
    ):
        asked = rosters.enrol_request(key, place, level, name, b"n" * 16)
        said = heard(net, village, township, *speak(net, village, township, Content(renewal=asked)))
        village.member.casebook.update_peer(township.incarnation, challenge=said.next, nonce=asked[-NONCE_BYTES:])
        assert township.member.casebook.roster.node(b"n" * 16) is None, place
    speak(net, village, township, Content(renewal=b"nonsense"))


def test_a_village_in_a_new_life_whose_township_is_dead_hears_the_county_and_keeps_what_it_writes(net: Network) -> None:
    """Only the township may countersign it. The county answers the life before meanwhile, and nothing is lost."""
    early = net[VILLAGE].member.file()
    net.settle()
    net.wire.down.add(TOWNSHIP)
    (net.built.folder / f"{VILLAGE}.data" / "witness.log").unlink()
    village, county = net.start(VILLAGE), net[COUNTY]
    late = village.member.file()
    county.member.act(early, kinds.NOTE, {"text": "请补充"})
    assert not village.exchange().ok
    net.monotonic.now_s += 3_601.0
    for _ in range(6):
        assert village.exchange().ok
    assert len(village.member.casebook.timeline(early.scope, early.case_id)) == 3, "what comes down arrives"
    assert village.member.casebook.standing().provisional and county.member.state(late) == ""
    assert village.member.casebook.counts()["not_left"]["cases"] == 1, "and it is said that it has not left"
    net.wire.calm()
    net.monotonic.now_s += 3_601.0
    net.start(VILLAGE)
    net.settle()
    assert not net[VILLAGE].member.casebook.standing().provisional
    assert county.member.state(late) == "received"
