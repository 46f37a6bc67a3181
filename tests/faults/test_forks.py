"""Two lives of one identity that both sent: both sets arrive, the fork is proven and told, and only it is frozen."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest

from sync_protocol import evidence, limits
from sync_protocol.case import Position, Verdict, kinds
from sync_protocol.event import chain, mark
from sync_protocol.exchange import Content, ForkTalk
from sync_protocol.seal import seal
from sync_protocol.stream import Head
from tests.builders import hand
from tests.network import COUNTY, SECOND_VILLAGE, TOWNSHIP, VILLAGE, Live, Network, network
from village_node.casebook import BadBody, CaseRef, Choice, NotAllowed, Reason, Stale
from village_node.store import forks, streams

DAY_MS = 86_400_000


def disk_of(net: Network, code: str, name: str) -> Path:
    """A copy of a node's disk, taken while it stands still."""
    net[code].downlink.close()
    net[code].member.store.close()
    folder = net.built.folder / name
    folder.mkdir()
    for file in net.built.folder.glob(f"{code}.db*"):
        shutil.copy(file, folder / file.name)
    return folder


def start_on(net: Network, code: str, disk: Path, life: int) -> Live:
    """A second machine with the same identity, on a copied disk: it takes the address of the first on the wire."""
    first = net.built.folder
    net.built.folder = disk
    try:
        return net.wire_up(net.built.open(code, life=life))
    finally:
        net.built.folder = first


def twins(net: Network, code: str = VILLAGE) -> tuple[Live, Live]:
    """Two machines made from one disk before the first contact; each introduced itself, unnoticed."""
    net[code].member.file()
    disk = disk_of(net, code, "twin")
    one = net.start(code)
    other = start_on(net, code, disk, life=7)
    for live in (one, other):
        for _ in range(3):
            assert live.exchange().ok
    return one, other


def week(net: Network, live: Live, cases: int) -> list[CaseRef]:
    """A week offline: some cases a day."""
    refs = []
    for _ in range(7):
        net.built.clock.now_ms += DAY_MS
        refs += [live.member.file(applicant_name=f"{live.member.identity.place}的张三") for _ in range(cases)]
    return refs


def heads(live: Live, child: str) -> set[tuple[bytes, str, int, bytes]]:
    """Every branch head held, whichever came first here."""
    return {(*point.stream, point.seq, mark(point.hash)) for point in live.member.casebook.shared_points(child)}


def proofs(live: Live) -> list[evidence.ForkProof]:
    with live.member.store.reading() as connection:
        return [evidence.from_bytes(row.proof) for row in forks.read(connection)]


def events_of(live: Live) -> int:
    with live.member.store.reading() as connection:
        rows = streams.in_scopes(connection)
        return sum(len(streams.events_between(connection, row.id, 0, 1 << 60, 10_000)) for row in rows)


def drive(net: Network, *lives: Live, rounds: int = 12) -> None:
    """Exchanges of these machines, and of everybody above them, until all has been said that can be said."""
    for _ in range(rounds):
        for live in lives:
            live.exchange()
        net[TOWNSHIP].sync()


def verdicts(live: Live, refs: list[CaseRef]) -> list[tuple[str, dict[Position, Verdict]]]:
    """State and verdicts of these cases as one node sees them."""
    found = []
    for ref in refs:
        case = live.member.casebook.case(ref.scope, ref.case_id)
        assert case is not None
        found.append((case.state, dict(case.verdicts)))
    return found


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Network]:
    """A county, a township and two villages that have exchanged nothing."""
    net = network(tmp_path, COUNTY, TOWNSHIP, VILLAGE, SECOND_VILLAGE)
    yield net
    net.close()


def test_a_cloned_disk_and_a_week_offline_on_both_lose_nothing_and_ring(
    fresh: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    """T24: both sets arrive, in many frames, the fork is proven and shown, nothing is overwritten silently."""
    monkeypatch.setattr(limits, "FRAME_FIRST", 2_048)
    monkeypatch.setattr(limits, "FRAME_LARGEST", 2_048)
    one, other = twins(fresh)
    first, second = week(fresh, one, 3), week(fresh, other, 3)
    drive(fresh, one, other, rounds=20)
    township, county = fresh[TOWNSHIP], fresh[COUNTY]
    for above in (township, county):
        for ref in (*first, *second):
            assert above.member.casebook.timeline(ref.scope, ref.case_id), "every case of both machines is there"
        assert len(proofs(above)) == 1
    assert len({ref.case_id for ref in (*first, *second)}) == len(first) + len(second), "no two share a case id"
    assert events_of(township) == events_of(county) == 2 + 2 * len(first) + 2 * len(second)
    assert township.peer(one).alarm, "the alarm of the clone rings above"
    # Equal above, and what the two machines know of each other: the proof of what they did.
    assert heads(township, VILLAGE) == heads(county, VILLAGE)
    assert {proof.split for live in (one, other, township, county) for proof in proofs(live)} == {3}
    for live in (one, other):
        assert live.member.casebook.peer(township.incarnation) is not None and len(proofs(live)) == 1
        # The proof alone asks its people which machine goes on; a new life is asked nothing.
        live.member.casebook.update_peer(township.incarnation, alarm=0)
        forked = live.member.casebook.identity.incarnation in {proof.incarnation for proof in proofs(live)}
        assert live.member.casebook.standing().rings == forked
        assert forked or live is not one
    rule(township, take_all=True)
    assert {state for state, _ in agree(fresh, [*first, *second])} == {"received"}


def parted(net: Network, ours: int, theirs: int) -> tuple[Live, Live, list[CaseRef], list[CaseRef]]:
    """The township holds what one twin wrote, the county what the other gave it on another road."""
    one, other = twins(net)
    net.settle_above()
    first, second = week(net, one, ours), week(net, other, theirs)
    for _ in range(4):
        one.exchange()
    hand(other.member, net[COUNTY].member, VILLAGE)
    # Nobody remembers what the other held before: the two know each other's heads by their vectors alone.
    net.start(TOWNSHIP), net.start(COUNTY)
    return one, other, first, second


def meet(net: Network) -> int:
    """Exchanges of the township with the county until both hold the same."""
    for count in range(1, 40):
        net[TOWNSHIP].exchange()
        if net.equal(TOWNSHIP) and len(proofs(net[COUNTY])) == 1:
            return count
    raise AssertionError("township and county never came to hold the same")


@pytest.mark.parametrize(("ours", "theirs"), [(1, 1), (3, 1), (1, 3), (30, 20)])
def test_two_nodes_whose_heads_disagree_find_the_split_in_a_few_rounds(fresh: Network, ours: int, theirs: int) -> None:
    """Two live clones, each heard by another ancestor."""
    parted(fresh, ours, theirs)
    before = events_of(fresh[TOWNSHIP])
    rounds = meet(fresh)
    assert rounds <= 12, rounds
    (proof,) = proofs(fresh[TOWNSHIP])
    assert proof == proofs(fresh[COUNTY])[0] and proof.split == 3
    evidence.check(proof, fresh.built.roster)
    assert heads(fresh[TOWNSHIP], TOWNSHIP) == heads(fresh[COUNTY], TOWNSHIP)
    assert events_of(fresh[TOWNSHIP]) == events_of(fresh[COUNTY]) == before + 14 * theirs


def test_the_search_goes_on_where_the_road_broke_it_off(fresh: Network) -> None:
    parted(fresh, 30, 20)
    for number in range(12):
        fresh.wire.change_reply = (lambda raw: raw[:-1]) if number % 2 else bytes
        fresh[TOWNSHIP].exchange()
    fresh.wire.calm()
    assert meet(fresh) <= 12
    assert heads(fresh[TOWNSHIP], TOWNSHIP) == heads(fresh[COUNTY], TOWNSHIP)


def test_an_equivocating_insider_is_proven_and_nobody_else_is_touched(fresh: Network) -> None:
    """One station signs two different histories, one for its township and one for the county."""
    innocent = fresh[SECOND_VILLAGE]
    calm = [innocent.member.file() for _ in range(3)]
    for _ in range(3):
        innocent.sync()
    old = fresh[VILLAGE].member.file()
    _, _, first, second = parted(fresh, 1, 2)
    meet(fresh)
    for above in (fresh[TOWNSHIP], fresh[COUNTY]):
        assert verdicts(above, calm) == verdicts(innocent, calm)
        assert all(state == "received" for state, _ in verdicts(above, [old, *calm])), "what came before it stays"
        for state, given in verdicts(above, [*first, *second]):
            assert state == "" and {(one.code, one.reason) for one in given.values()} <= {
                ("contested", "not_entitled"), ("contested", "after_not_entitled"),
            }  # fmt: skip
    assert verdicts(fresh[TOWNSHIP], [*first, *second]) == verdicts(fresh[COUNTY], [*first, *second])
    more = innocent.member.file()
    assert innocent.member.state(more) == "received"


def test_what_an_ancestor_has_built_on_stays_in_force(fresh: Network) -> None:
    one, other = twins(fresh)
    built_on = one.member.file()
    one.member.act(built_on, kinds.HANDOFF, {"to": TOWNSHIP, "purpose": "accept"})
    left = one.member.file()
    for _ in range(4):
        one.exchange()
    fresh[TOWNSHIP].member.act(built_on, kinds.ACCEPT)
    fresh.built.clock.now_ms += DAY_MS
    other.member.file()
    drive(fresh, other)
    assert proofs(fresh[COUNTY])
    for above in (fresh[TOWNSHIP], fresh[COUNTY]):
        assert above.member.state(built_on) == "received"
        case = above.member.casebook.case(built_on.scope, built_on.case_id)
        assert case is not None and case.holder == TOWNSHIP
        assert above.member.state(left) == ""
        row = above.member.casebook.case_row(left.scope, left.case_id)
        assert row is not None and row.state is None and row.n_contested == 2, "the lists know it as well"


def new_machine(net: Network, code: str) -> Live:
    """A new incarnation of a place on an empty disk, enrolled by its township."""
    level, name = net[code].member.identity.level, net[code].member.identity.name
    net.built.enrol_place(code, level, net.built.roster.places.parent(code), name)
    net[TOWNSHIP].member.casebook.apply_roster(net.built.changes)
    disk = net.built.folder / "new"
    disk.mkdir()
    return start_on(net, code, disk, life=9)


def test_the_station_works_on_with_a_new_incarnation(fresh: Network) -> None:
    old = fresh[VILLAGE].member.file()
    _, _, first, second = parted(fresh, 1, 1)
    meet(fresh)
    station = new_machine(fresh, VILLAGE)
    for _ in range(3):
        station.sync()
        fresh[TOWNSHIP].sync()
    assert heads(station, VILLAGE) == heads(fresh[TOWNSHIP], VILLAGE)
    assert len(proofs(station)) == 1, "who joins later is told as well"
    assert verdicts(station, [old, *first, *second]) == verdicts(fresh[COUNTY], [old, *first, *second])
    fresh_case = station.member.file()
    station.member.act(old, kinds.HANDOFF, {"to": TOWNSHIP, "purpose": "accept"})
    station.sync()
    fresh[TOWNSHIP].sync()
    assert fresh[COUNTY].member.state(fresh_case) == "received"
    assert fresh[COUNTY].member.state(old) == "in_transit"


def test_a_frozen_incarnation_is_told_that_it_can_write_no_more(fresh: Network) -> None:
    one, other = twins(fresh)
    week(fresh, one, 1), week(fresh, other, 1)
    drive(fresh, one, other)
    assert proofs(one)
    with pytest.raises(NotAllowed, match="frozen or revoked"):
        one.member.file()


def rule(
    live: Live, *, take_all: bool, choices: dict[bytes, bytes] | None = None, otherwise: bytes | None = None
) -> None:
    """Let the head of a place rule on the one fork known there, on all that is shown."""
    book = live.member.casebook
    (view,) = book.forks()
    seen = {branch.mark: branch.upto for branch in view.branches}
    book.rule("0009", live.member.roles, view, Choice(take_all, choices or {}, otherwise, "两台机器各自收件", seen))


def agree(net: Network, refs: list[CaseRef]) -> list[tuple[str, dict[Position, Verdict]]]:
    net[TOWNSHIP].sync()
    found = verdicts(net[TOWNSHIP], refs)
    assert found == verdicts(net[COUNTY], refs)
    for ref, (state, _) in zip(refs, found, strict=True):
        for live in (net[TOWNSHIP], net[COUNTY]):
            row = live.member.casebook.case_row(ref.scope, ref.case_id)
            assert row is not None and (row.state or "") == state, "what is listed is what is folded"
    return found


def test_take_all_lets_the_cases_of_both_machines_count(fresh: Network) -> None:
    _, _, first, second = parted(fresh, 1, 2)
    meet(fresh)
    assert {state for state, _ in agree(fresh, [*first, *second])} == {""}
    rule(fresh[TOWNSHIP], take_all=True)
    assert {state for state, _ in agree(fresh, [*first, *second])} == {"received"}
    station = new_machine(fresh, VILLAGE)
    for _ in range(3):
        station.sync()
        fresh[TOWNSHIP].sync()
    assert verdicts(station, [*first, *second]) == verdicts(fresh[COUNTY], [*first, *second])


def test_a_case_that_both_touched_counts_as_the_ruling_chooses(fresh: Network) -> None:
    one, other = twins(fresh)
    row = one.member.casebook.work_list("all").rows[0]
    shared = CaseRef(row.scope, row.case_id, row.case_no or "", row.query_code or "")
    one.member.act(shared, kinds.HANDOFF, {"to": TOWNSHIP, "purpose": "accept"})
    other.member.act(shared, kinds.HANDOFF, {"to": TOWNSHIP, "purpose": "accept", "note": "第二台机器"})
    alone = other.member.file()
    drive(fresh, one, other)
    township = fresh[TOWNSHIP]
    (view,) = township.member.casebook.forks()
    assert [case.case_id for case in view.both] == [shared.case_id]
    assert [case.case_id for case in view.single] == [alone.case_id]
    assert township.member.state(shared) == "received"
    rule(township, take_all=True)
    assert township.member.state(shared) == "received" and township.member.state(alone) == "received"
    for branch in view.branches:
        rule(township, take_all=True, choices={shared.case_id: branch.mark})
        assert [state for state, _ in agree(fresh, [shared, alone])] == ["in_transit", "received"]
        case = township.member.casebook.case(*shared[:2])
        assert case is not None and case.last is not None and case.last.mark == branch.mark, "the first of its branch"
    rule(fresh[COUNTY], take_all=False, otherwise=view.branches[0].mark)
    assert [state for state, _ in agree(fresh, [shared, alone])] == ["in_transit", ""]
    case = township.member.casebook.case(*shared[:2])
    assert case is not None and case.last is not None and case.last.mark == view.branches[0].mark
    with pytest.raises(NotAllowed, match="higher place"):
        rule(township, take_all=True)


def test_what_a_twin_writes_after_the_ruling_stays_frozen_until_there_is_another(fresh: Network) -> None:
    one, other = twins(fresh)
    early = [one.member.file(), other.member.file()]
    drive(fresh, one, other)
    rule(fresh[TOWNSHIP], take_all=True)
    # A machine that has not heard of it, or does not care, writes on.
    late = unaware(one)
    drive(fresh, one)
    assert [state for state, _ in agree(fresh, [*early, late])] == ["received", "received", ""]
    (view,) = fresh[TOWNSHIP].member.casebook.forks()
    assert view.unruled == 2
    rule(fresh[TOWNSHIP], take_all=True)
    assert [state for state, _ in agree(fresh, [*early, late])] == ["received", "received", "received"]


def test_a_date_before_the_cut_brings_nothing_before_it(fresh: Network) -> None:
    """T07, as far as a fork cuts: what a frozen machine writes on under an old date is behind the cut all the same, and
    what it had written before stays in force."""
    one, other = twins(fresh)
    early = [one.member.file(), other.member.file()]
    drive(fresh, one, other)
    rule(fresh[TOWNSHIP], take_all=True)
    fresh.built.clock.now_ms -= 30 * DAY_MS
    late = unaware(one)
    fresh.built.clock.now_ms += 30 * DAY_MS
    drive(fresh, one)
    for above in (fresh[TOWNSHIP], fresh[COUNTY]):
        (filed, *_) = above.member.casebook.timeline(late.scope, late.case_id)
        (before, *_) = above.member.casebook.timeline(early[0].scope, early[0].case_id)
        assert filed.claimed_ms < before.claimed_ms and filed.verdict.code == "contested"
        assert [above.member.state(ref) for ref in (*early, late)] == ["received", "received", ""]


def unaware(live: Live) -> CaseRef:
    """File a case at a machine as if it had not been told of the fork."""
    book = live.member.casebook
    with mock.patch.object(book, "_refuse_unless_effective", lambda case, position: None):
        return live.member.file()


def test_only_a_head_above_may_rule(fresh: Network) -> None:
    one, other = twins(fresh)
    one.member.file(), other.member.file()
    drive(fresh, one, other)
    book = fresh[TOWNSHIP].member.casebook
    (view,) = book.forks()
    seen = {branch.mark: branch.upto for branch in view.branches}
    with pytest.raises(NotAllowed):
        book.rule("0001", {"clerk"}, view, Choice(True, {}, None, "理由", seen))
    with pytest.raises(BadBody):
        book.rule("0001", {"head"}, view, Choice(True, {}, None, " " * 0, seen))
    with pytest.raises(Stale):
        book.rule("0001", {"head"}, view, Choice(True, {}, None, "理由", {b"nothing!": 9}))
    with pytest.raises(BadBody):
        book.rule("0001", {"head"}, view, Choice(True, {}, b"nothing!", "理由", seen))
    (at_home,) = one.member.casebook.forks()
    assert not at_home.may_rule and at_home.ours
    with pytest.raises(NotAllowed):
        one.member.casebook.rule("0001", {"head"}, at_home, Choice(True, {}, None, "理由", seen))


def test_the_health_figures_count_the_fork_at_its_stream(fresh: Network) -> None:
    one, other = twins(fresh)
    one.member.file(), other.member.file()
    drive(fresh, one, other)
    for live in (one, other, fresh[TOWNSHIP], fresh[COUNTY]):
        counts = live.member.casebook.counts()
        assert counts["forks"] == 1 == live.member.casebook.fork_count()
        assert next(row["forks"] for row in counts["streams"] if row["incarnation"] == one.incarnation.hex()) == 1
    assert fresh[SECOND_VILLAGE].member.casebook.counts()["forks"] == 0


def test_who_goes_on_after_a_fork_with_a_new_life_is_heard_again(fresh: Network) -> None:
    """Both branches stay; what the new life files leaves at once: nothing of a proven fork is in doubt."""
    one, other = twins(fresh)
    first, second = week(fresh, one, 1), week(fresh, other, 1)
    drive(fresh, one, other)
    assert proofs(one) and proofs(other)
    for live, life in ((one, 1), (other, 2)):
        live.member.casebook.begin_again(Reason.OPERATOR)
        later = live.member.file()
        drive(fresh, live)
        assert fresh[COUNTY].member.state(later) == "received", life
    rule(fresh[TOWNSHIP], take_all=True)
    assert {state for state, _ in agree(fresh, [*first, *second])} == {"received"}


def test_a_proof_that_comes_after_the_new_life_began_ends_the_doubt_and_writes_nothing_twice(fresh: Network) -> None:
    _, other, first, second = parted(fresh, 1, 2)
    other.member.casebook.begin_again(Reason.OPERATOR)
    later = other.member.file()
    meet(fresh)
    drive(fresh, other)
    rule(fresh[TOWNSHIP], take_all=True)
    assert {state for state, _ in agree(fresh, [*first, *second, later])} == {"received"}
    for ref in (*first, *second, later):
        assert len(fresh[COUNTY].member.casebook.timeline(ref.scope, ref.case_id)) == 2


def test_an_ended_life_shows_its_arm_under_its_own_seal(fresh: Network) -> None:
    village = fresh[VILLAGE]
    ref = village.member.file()
    ended = village.incarnation
    village.member.casebook.begin_again(Reason.OPERATOR)
    shown = village.member.casebook.arm_shown((ended, ref.scope, ()), 1)
    assert shown is not None and village.incarnation != ended
    evidence.check_arm(fresh.built.roster, *shown)


def test_a_fork_below_makes_nobody_doubt_the_county(fresh: Network) -> None:
    """Its line stays on the branch that came first at the county, and holds where any branch has it."""
    one, other = twins(fresh)
    week(fresh, one, 2), week(fresh, other, 1)
    drive(fresh, one)
    fresh[COUNTY].member.casebook.write_checkpoint()
    drive(fresh, one)
    drive(fresh, one, other)
    assert proofs(fresh[COUNTY])
    for _ in range(2):
        fresh.built.clock.now_ms += DAY_MS
        fresh[COUNTY].member.casebook.write_checkpoint()
        drive(fresh, one, other)
        standing = fresh[TOWNSHIP].member.casebook.county_standing()
        assert standing.complete and (standing.alarms, standing.not_arrived) == (0, 0), standing


def test_a_ruling_counts_no_more_once_its_author_is_proven_to_have_forked_before_it(fresh: Network) -> None:
    """Whichever of the two comes first: what is listed is what is folded."""
    one, other = twins(fresh)
    first, second = week(fresh, one, 1), week(fresh, other, 1)
    drive(fresh, one, other)
    township, county = fresh[TOWNSHIP], fresh[COUNTY]
    rule(township, take_all=True)
    assert {state for state, _ in agree(fresh, [*first, *second])} == {"received"}
    me, scope = township.member.identity, first[0].scope
    ours = county.member.casebook.arm_shown((me.incarnation, scope, ()), 1)
    assert ours is not None
    item = b"another event at 1".ljust(32)
    head = Head(1, chain(ours.base, item))
    theirs = evidence.Arm((item,), seal(me.key, fresh.built.roster.network_id, ours.base, head))
    proof = evidence.prove(me.incarnation, scope, 1, ours.base, ours.arm, theirs)
    county.member.casebook.receive(township.incarnation, Content(forks=ForkTalk(proofs=[proof])), peer_update={})
    for ref in (*first, *second):
        row = county.member.casebook.case_row(ref.scope, ref.case_id)
        assert county.member.state(ref) == "" and row is not None and row.state is None
