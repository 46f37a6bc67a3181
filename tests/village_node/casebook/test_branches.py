"""What a node keeps of a forked stream: every branch, its bodies and receipts, and nothing that is not proven."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sync_protocol import encoding, evidence, limits
from sync_protocol.case import kinds
from sync_protocol.errors import BadSeal, Fork
from sync_protocol.event import Dep, mark
from sync_protocol.exchange import Body, Content, ForkTalk
from sync_protocol.places import about
from sync_protocol.stream import Draft, Head, append, stream_id
from tests.builders import COUNTY, OTHER_TOWNSHIP, TOWNSHIP, VILLAGE, Member, Network, hand, network
from tests.journeys.proof import check
from tests.village_node.casebook.messages import events_of, frame
from tests.village_node.casebook.trio import Trio
from village_node.casebook import CaseRef, Choice, NotAllowed, Reason, freezing
from village_node.store import forks, parking, rows, streams

HOME = about(VILLAGE)


@contextmanager
def life_of(net: Network, folder: Path, name: str, disk: Path | None = None) -> Iterator[Member]:
    """Another life of the village: on an empty disk, or on a copy of another one's."""
    place = folder / name
    place.mkdir()
    for file in disk.glob(f"{VILLAGE}.db*") if disk is not None else ():
        shutil.copy(file, place / file.name)
    before, net.folder = net.folder, place
    member = net.open(VILLAGE, life=sum(name.encode()))
    net.folder = before
    try:
        yield member
    finally:
        member.store.close()


def give_all(receiver: Member, giver: Member) -> None:
    """Hand over all that a life of the village has written, as to somebody who holds nothing of it."""
    key = (giver.identity.incarnation, HOME)
    receiver.casebook.receive(giver.identity.incarnation, frame(giver, key, events_of(giver, key)), peer_update={})


def known(member: Member) -> list[tuple[int, bytes, bytes]]:
    with member.store.reading() as connection:
        return [(row.split, row.lower, row.upper) for row in forks.read(connection)]


def proofs(member: Member) -> list[evidence.ForkProof]:
    with member.store.reading() as connection:
        return [evidence.from_bytes(row.proof) for row in forks.read(connection)]


def heads(member: Member) -> set[tuple[int, bytes]]:
    return {(point.seq, mark(point.hash)) for point in member.casebook.shared_points(VILLAGE)}


def head_of(member: Member) -> tuple[int, bytes]:
    last = events_of(member, (member.identity.incarnation, HOME))[-1]
    return last.header.seq, mark(last.hash)


def state(member: Member, ref: CaseRef) -> str:
    case = member.casebook.case(ref.scope, ref.case_id)
    return case.state if case else "nothing"


def test_a_fork_is_proven_by_the_segment_that_shows_it_and_both_branches_are_kept(trio: Trio, folder: Path) -> None:
    trio.give(frame(trio.village, trio.key, trio.events))
    with life_of(trio.net, folder, "twin") as twin:
        ref = twin.file()
        received = trio.give(frame(twin, trio.key, events_of(twin, trio.key)))
        assert received.answers == [] and received.stored == 2
        assert events_of(trio.county, trio.key) == trio.events
        assert heads(trio.county) == {head_of(trio.village), head_of(twin)}
        assert [split for split, _, _ in known(trio.county)] == [1]
        # The same again stores nothing new.
        assert trio.give(frame(twin, trio.key, events_of(twin, trio.key))).stored == 0
    assert [state(trio.county, one) for one in (*trio.refs, ref)] == [""] * 4, "all of it lies behind the split"
    (view,) = trio.county.casebook.forks()
    seen = {branch.mark: branch.upto for branch in view.branches}
    trio.county.casebook.rule("0009", {"head"}, view, Choice(True, {}, None, "两台机器", seen))
    assert [state(trio.county, one) for one in (*trio.refs, ref)] == ["received"] * 4


def test_an_application_is_proven_on_whichever_branch_it_was_filed(trio: Trio, folder: Path) -> None:
    """Both numbers and both chains hold for a stranger: a branch goes on from the other's events before the split."""
    book = trio.county.casebook
    trio.give(frame(trio.village, trio.key, trio.events))
    with life_of(trio.net, folder, "twin") as twin:
        refs = [*trio.refs, twin.file(), twin.file()]
        trio.give(frame(twin, trio.key, events_of(twin, trio.key)))
    (view,) = book.forks()
    assert [book.proof(ref.case_no) for ref in refs] == [None] * 5, "nothing behind the split counts yet"
    seen = {branch.mark: branch.upto for branch in view.branches}
    book.rule("0009", {"head"}, view, Choice(True, {}, None, "两台机器", seen))
    proven = [book.proof(ref.case_no) for ref in refs]
    for ref, printed in zip(refs, proven, strict=True):
        assert printed is not None and check(printed)["case_id"] == ref.case_id


def test_an_application_from_before_the_split_is_proven_by_either_branch(tmp_path: Path) -> None:
    """The root has signed beyond the split on the branch that came second alone."""
    net = network(tmp_path, COUNTY, TOWNSHIP, VILLAGE)
    first = net.members[VILLAGE]
    ref = first.file()
    first.store.close()
    county = net.members[COUNTY]
    with life_of(net, tmp_path, "a", tmp_path) as one, life_of(net, tmp_path, "b", tmp_path) as other:
        late = [one.file(), other.file()]
        give_all(county, one)
        give_all(county, other)
        (view,) = county.casebook.forks()
        seen = {branch.mark: branch.upto for branch in view.branches}
        county.casebook.rule("0009", {"head"}, view, Choice(True, {}, None, "两台机器", seen))
        with county.store.writing() as connection:
            (main,) = streams.by_keys(connection, [(one.identity.incarnation, HOME)]).values()
            before = county.casebook.proof(ref.case_no)
            rows.do(connection, "DELETE FROM receipts WHERE stream = ?", (main.id,))
        for each in (ref, late[1]):
            printed = county.casebook.proof(each.case_no)
            assert printed is not None and check(printed)["case_id"] == each.case_id
            assert before is not None and printed["receipt"] != before["receipt"]
        assert county.casebook.proof(late[0].case_no) is None, "nobody has signed for that branch"
    net.close()


def test_what_was_refused_as_a_fork_is_taken_once_the_fork_is_proven(trio: Trio, folder: Path) -> None:
    trio.give(frame(trio.village, trio.key, trio.events))
    with life_of(trio.net, folder, "twin") as twin:
        twin.file()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("village_node.casebook.branches.prove_from", lambda *_: None)
            received = trio.give(frame(twin, trio.key, events_of(twin, trio.key)))
        assert [answer.code for answer in received.answers] == [Fork.code] and not received.stored
        assert trio.county.casebook.counts()["refused"] == 1
        assert trio.give(frame(twin, trio.key, events_of(twin, trio.key))).stored == 2
    assert trio.county.casebook.counts()["refused"] == 0


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (2, 0, 1), (2, 1, 0)])
def test_three_lives_that_parted_at_two_points_come_to_the_same_in_any_order(
    tmp_path: Path, order: tuple[int, ...]
) -> None:
    net = network(tmp_path, COUNTY, TOWNSHIP, VILLAGE)
    first = net.members[VILLAGE]
    first.file()
    first.store.close()
    with life_of(net, tmp_path, "a", tmp_path) as one, life_of(net, tmp_path, "b", tmp_path) as other:
        one.file(), other.file(), other.file()
        one.store.close()
        with (
            life_of(net, tmp_path, "c", tmp_path / "a") as third,
            life_of(net, tmp_path, "d", tmp_path / "a") as fourth,
        ):
            lives = (other, third, fourth)
            refs = [third.file(), fourth.file(), fourth.file()]
            county, township = net.members[COUNTY], net.members[TOWNSHIP]
            for receiver, turn in ((county, (0, 1, 2)), (township, order)):
                for number in turn:
                    give_all(receiver, lives[number])
            for giver, receiver in ((township, county), (county, township)):
                talk = ForkTalk(proofs=giver.casebook.proofs_owed(TOWNSHIP, []))
                receiver.casebook.receive(giver.identity.incarnation, Content(forks=talk), peer_update={})
                for life in lives:
                    give_all(receiver, life)
            for node in (county, township):
                assert heads(node) == {head_of(life) for life in lives}
                assert sorted({split for split, _, _ in known(node)}) == [3, 5]
            assert _facts(county) == _facts(township)
            for ref in refs:
                assert county.casebook.case(ref.scope, ref.case_id) == township.casebook.case(ref.scope, ref.case_id)
    net.close()


def _facts(member: Member) -> set[tuple[object, ...]]:
    """What a vector says of the village's stream, receipts left out: each node has its own of them."""
    return {(point.seq, mark(point.hash), point.path) for point in member.casebook.shared_points(VILLAGE)}


def test_more_branches_than_are_kept_stay_refused_and_are_counted(
    trio: Trio, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "FORK_ARMS", 2)
    trio.give(frame(trio.village, trio.key, trio.events))
    answers = []
    for name in ("second", "third", "fourth"):
        with life_of(trio.net, folder, name) as life:
            life.file()
            answers.append(trio.give(frame(life, trio.key, events_of(life, trio.key))).answers)
    assert [[answer.code for answer in each] for each in answers] == [[], [], [Fork.code]]
    assert len(heads(trio.county)) == 3 + 1, "the third shows that there are more than two, and that is shown too"
    with trio.county.store.reading() as connection:
        assert [row.code for row in parking.refused(connection, 9)] == [Fork.code]
    (view, *_) = trio.county.casebook.forks()
    assert view.shattered


def test_a_body_that_is_missing_on_a_branch_is_filled_by_its_commitment(trio: Trio, folder: Path) -> None:
    trio.give(frame(trio.village, trio.key, trio.events))
    with life_of(trio.net, folder, "twin") as twin:
        twin.file()
        written = events_of(twin, trio.key)
        bare = [one._replace(salt=None, body=None) for one in written]
        trio.give(frame(twin, trio.key, bare))
    assert (2, mark(written[-1].hash)) not in heads(trio.county), "a vector never passes a missing body"
    assert {want.seq for want in trio.county.casebook.wanted(VILLAGE)} == {1, 2}
    given = [Body(*trio.key, one.header.seq, one.salt or b"", one.body or b"") for one in written]
    wrong = [one._replace(body=b"another") for one in given]
    trio.give(Content(bodies=wrong))
    assert trio.county.casebook.wanted(VILLAGE) and trio.county.casebook.counts()["refused"] == 2
    trio.give(Content(bodies=given))
    assert not trio.county.casebook.wanted(VILLAGE)
    assert (2, mark(written[-1].hash)) in heads(trio.county)
    asked = trio.county.casebook.wanted_bodies([(*trio.key, 1)], VILLAGE, 1 << 20)
    assert {one.body for one in asked} == {written[0].body, trio.events[0].body}, "of each branch its own"


def test_each_branch_has_receipts_of_its_own_and_a_receipt_finds_its_branch(trio: Trio, folder: Path) -> None:
    trio.give(frame(trio.village, trio.key, trio.events))
    with life_of(trio.net, folder, "twin") as twin:
        twin.file()
        signed = trio.give(frame(twin, trio.key, events_of(twin, trio.key))).signed
        assert [owed.seq for owed in signed] == [2]
        me = trio.county.identity.incarnation
        shown = {point.seq: point.receipts[me] for point in trio.county.casebook.shared_points(VILLAGE)}
        assert shown == {6: 6, 2: 2}
        # The twin holds its own branch as the first one; the county's receipt for it is taken there.
        talk = ForkTalk(proofs=proofs(trio.county))
        twin.casebook.receive(me, Content(forks=talk), peer_update={})
        hand(trio.county, twin, VILLAGE)
        mine = {point.seq: dict(point.receipts) for point in twin.casebook.shared_points(VILLAGE)}
        assert mine == {6: {me: 6}, 2: {me: 2}}
        assert twin.casebook.counts()["not_left"]["events"] == 0
        assert twin.casebook.counts()["refused"] == 0


def test_a_proof_that_does_not_hold_is_refused_and_one_of_a_foreign_scope_passed_over(
    trio: Trio, folder: Path, tmp_path: Path
) -> None:
    trio.give(frame(trio.village, trio.key, trio.events))
    with life_of(trio.net, folder, "twin") as twin:
        twin.file()
        trio.give(frame(twin, trio.key, events_of(twin, trio.key)))
    (proof,) = proofs(trio.county)
    bent = proof._replace(lower=proof.lower._replace(signature=proof.upper.signature))
    me = trio.county.identity.incarnation
    trio.township.casebook.receive(me, Content(forks=ForkTalk(proofs=[bent])), peer_update={})
    assert known(trio.township) == [] and trio.township.casebook.counts()["refused"] == 1
    with trio.township.store.reading() as connection:
        assert parking.refused(connection, 9)[0].code == BadSeal.code
    trio.township.casebook.receive(me, Content(forks=ForkTalk(proofs=[proof])), peer_update={})
    assert known(trio.township) == known(trio.county)
    trio.net.enrol(OTHER_TOWNSHIP)
    other = trio.net.open(OTHER_TOWNSHIP)
    other.casebook.apply_roster(trio.net.changes)
    other.casebook.receive(me, Content(forks=ForkTalk(proofs=[proof])), peer_update={})
    assert known(other) == [] and other.casebook.counts()["refused"] == 0
    assert trio.county.casebook.proofs_owed(OTHER_TOWNSHIP, []) == []
    assert trio.county.casebook.proofs_owed(VILLAGE, []) == [proof]


def test_a_proof_that_comes_before_any_event_waits_for_both_branches(trio: Trio, folder: Path) -> None:
    with life_of(trio.net, folder, "twin") as twin:
        twin.file()
        trio.give(frame(trio.village, trio.key, trio.events))
        trio.give(frame(twin, trio.key, events_of(twin, trio.key)))
        me = trio.county.identity.incarnation
        trio.township.casebook.receive(me, Content(forks=ForkTalk(proofs=proofs(trio.county))), peer_update={})
        points = trio.township.casebook.shared_points(VILLAGE)
        assert [point.seq for point in points] == [0, 0] and all(point.is_stub for point in points)
        for _ in range(4):
            hand(trio.county, trio.township, TOWNSHIP)
    assert heads(trio.township) == heads(trio.county)
    for ref in trio.refs:
        assert state(trio.township, ref) == state(trio.county, ref) == ""


def test_no_receipt_is_given_for_a_branch_whose_trunk_misses_a_body(tmp_path: Path) -> None:
    net = network(tmp_path, COUNTY, TOWNSHIP, VILLAGE)
    first = net.members[VILLAGE]
    first.file()
    first.store.close()
    county, key = net.members[COUNTY], (first.identity.incarnation, HOME)
    with life_of(net, tmp_path, "a", tmp_path) as one, life_of(net, tmp_path, "b", tmp_path) as other:
        one.file(), other.file()
        shared, own = events_of(one, key)[:2], events_of(one, key)[2:]
        bare = [event._replace(salt=None, body=None) for event in shared]
        county.casebook.receive(key[0], frame(one, key, bare), peer_update={})
        county.casebook.receive(key[0], frame(one, key, own), peer_update={})
        signed = county.casebook.receive(key[0], frame(other, key, events_of(other, key)[2:]), peer_update={}).signed
        assert signed == [], "that branch begins behind the gap and could not even be proven"
        signed = county.casebook.receive(
            key[0], frame(other, key, [*bare, *events_of(other, key)[2:]]), peer_update={}
        ).signed
        assert signed == [] and len(known(county)) == 1
        assert all(point.is_stub and point.seq == 0 for point in county.casebook.shared_points(VILLAGE))
        given = [Body(*key, one.header.seq, one.salt or b"", one.body or b"") for one in shared]
        county.casebook.receive(key[0], Content(bodies=given), peer_update={})
        assert heads(county) == {head_of(one), head_of(other)}
    net.close()


def test_what_relies_on_the_longer_branch_is_not_missing_whichever_came_first(trio: Trio, folder: Path) -> None:
    with life_of(trio.net, folder, "twin") as twin:
        twin.file()
        for life in (twin, trio.village):
            give_all(trio.county, life)
    ref = trio.township.file()
    author = (trio.township.identity.incarnation, ref.scope)
    written = events_of(trio.township, author)
    draft = Draft(
        kinds.NOTE, 1, ref.case_id, 1, 1, "0001", encoding.encode({0: "见另案"}), True, None, (Dep(*trio.key, 6),)
    )
    head = Head(written[-1].header.seq, written[-1].hash)
    note = append(stream_id(trio.township.casebook.network_id, *author, 1), head, draft, bytes(16))
    trio.county.casebook.receive(author[0], frame(trio.township, author, [*written, note]), peer_update={})
    case = trio.county.casebook.case(ref.scope, ref.case_id)
    assert case is not None and len(case.verdicts) == 3
    assert {verdict.code for verdict in case.verdicts.values()} == {"effective"}


def test_a_ruling_from_behind_a_split_of_its_authors_own_rules_nothing(trio: Trio, folder: Path) -> None:
    trio.give(frame(trio.village, trio.key, trio.events))
    with life_of(trio.net, folder, "twin") as twin:
        twin.file()
        trio.give(frame(twin, trio.key, events_of(twin, trio.key)))
    book = trio.county.casebook
    (view,) = book.forks()
    seen = {branch.mark: branch.upto for branch in view.branches}
    ruling = book.rule("0009", {"head"}, view, Choice(True, {}, None, "两台机器", seen))
    author = (trio.county.identity.incarnation, HOME)
    with trio.county.store.reading() as connection:
        for split, counted in ((ruling.position.seq + 1, [ruling]), (ruling.position.seq, [])):
            assert freezing.rulings_of(connection, book.roster, [], HOME, {author: split}) == counted


def test_a_life_that_is_not_countersigned_is_told_so_when_it_rules(trio: Trio, folder: Path) -> None:
    """Nobody has ruled before it: what is missing is its own place in the roster."""
    trio.give(frame(trio.village, trio.key, trio.events))
    with life_of(trio.net, folder, "twin") as twin:
        twin.file()
        trio.give(frame(twin, trio.key, events_of(twin, trio.key)))
    book = trio.county.casebook
    book.begin_again(Reason.OPERATOR)
    (view,) = book.forks()
    seen = {branch.mark: branch.upto for branch in view.branches}
    with pytest.raises(NotAllowed, match="not countersigned yet"):
        book.rule("0009", {"head"}, view, Choice(True, {}, None, "两台机器", seen))
    assert all(row["incarnation"] != book.identity.incarnation.hex() for row in book.counts()["streams"])


def test_who_has_forked_himself_is_told_so_when_he_rules(trio: Trio, folder: Path, monkeypatch) -> None:
    trio.give(frame(trio.village, trio.key, trio.events))
    with life_of(trio.net, folder, "twin") as twin:
        twin.file()
        trio.give(frame(twin, trio.key, events_of(twin, trio.key)))
    book = trio.county.casebook
    (view,) = book.forks()
    seen = {branch.mark: branch.upto for branch in view.branches}
    monkeypatch.setattr(freezing, "rulings_of", lambda *_: [])
    with pytest.raises(NotAllowed, match="have forked too"):
        book.rule("0009", {"head"}, view, Choice(True, {}, None, "两台机器", seen))
