"""A parent put back from an old copy: noticed with the first exchange, given back by its children, no number twice."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sync_protocol import limits, roster
from sync_protocol.case import kinds
from sync_protocol.exchange import NO_ALARM, Content, ReceiptLine, pack_receipt
from sync_protocol.places import about
from tests.builders import OTHER_TOWNSHIP, OTHER_VILLAGE
from tests.faults.images import image_of, restore
from tests.faults.speech import heard, speak
from tests.network import COUNTY, SECOND_VILLAGE, TOWNSHIP, VILLAGE, Live, Network, network
from township_node.enrolment import EnrolmentRefused, enrol
from village_node.casebook import CaseRef, Reason

ALL = (COUNTY, TOWNSHIP, VILLAGE, SECOND_VILLAGE, OTHER_TOWNSHIP, OTHER_VILLAGE)


@pytest.fixture
def county(tmp_path: Path) -> Iterator[Network]:
    """Two townships with three villages."""
    (tmp_path / "nodes").mkdir()
    made = network(tmp_path / "nodes", *ALL)
    made.settle()
    made.built.hand_out_roster = False
    yield made
    made.close()


def reasons(live: Live) -> list[str]:
    """Why each life of a node ended."""
    return [each.reason for each in live.member.casebook.identity.former]


def enrol_again(net: Network, code: str, *, agreed: bool = False) -> int:
    """Have the township take a new machine of a village into its part of the roster; the number of the change."""
    township = net[TOWNSHIP].member.casebook
    name = township.roster.places.name(code)
    asked = roster.enrol_request(net.built.key(), code, "village", name, net.built.chance.randbytes(16))
    enrol(township, asked, [township.speaker.key], net.built.clock(), roster_agreed=agreed)
    return township.roster.heads()[TOWNSHIP][1]


@pytest.mark.parametrize("whole", [False, True], ids=["the database", "the whole disk"])
@pytest.mark.parametrize("place", [TOWNSHIP, COUNTY])
def test_a_parent_restored_from_yesterday_gets_everything_back(
    county: Network, tmp_path: Path, place: str, whole: bool
) -> None:
    net = county
    early = net[VILLAGE].member.file()
    net.settle()
    image = image_of(net, place, tmp_path)
    refs = [net[code].member.file() for code in (VILLAGE, SECOND_VILLAGE, OTHER_VILLAGE) for _ in range(3)]
    net[VILLAGE].member.act(early, kinds.HANDOFF, {"to": TOWNSHIP, "purpose": "accept"})
    net.settle()
    net[TOWNSHIP].member.act(early, kinds.ACCEPT)
    net.settle()
    if place == COUNTY:
        net[COUNTY].member.act(early, kinds.NOTE, {"text": "已阅"})
        net.settle()
    before = net[place].incarnation
    restored = restore(net, place, image, whole=whole)
    child = net[VILLAGE if place == TOWNSHIP else TOWNSHIP]
    for _ in range(3):
        child.exchange()
    assert restored.incarnation != before, "noticed within one exchange"
    assert len(reasons(restored)) == 1
    net.settle()
    assert not restored.member.casebook.standing().provisional
    assert len(reasons(restored)) == 1
    for live in net.nodes.values():
        followed = [ref for ref in [early, *refs] if net.built.roster.places.covers(live.place, ref.scope[6:])]
        for ref in followed:
            row = live.member.casebook.case_row(ref.scope, ref.case_id)
            assert row is not None, (live.place, ref.case_no)
            assert row.holder == (TOWNSHIP if ref is early else ref.scope[6:]), (live.place, row)
            assert (row.n_contested, row.n_void, row.n_waiting) == (0, 0, 0)
            if ref is early:
                assert row.n_events == (5 if place == COUNTY else 4)
        assert all(row.alarm == NO_ALARM for row in live.member.casebook.peers()), "nobody below was accused"
        counts = live.member.casebook.counts()
        assert counts["not_at_county"]["events"] == 0, live.place


@pytest.mark.parametrize("whole", [False, True], ids=["the database", "the whole disk"])
def test_a_restored_publisher_never_gives_a_number_twice(county: Network, tmp_path: Path, whole: bool) -> None:
    net = county
    image = image_of(net, TOWNSHIP, tmp_path)
    n = enrol_again(net, SECOND_VILLAGE)
    net[VILLAGE].sync()  # one village has heard of it; the county and the other village have not
    there = net[VILLAGE].member.casebook.roster.changes(TOWNSHIP)
    restored = restore(net, TOWNSHIP, image, whole=whole)
    if whole:
        net[VILLAGE].sync()  # nothing but what others hold can tell
    assert len(reasons(restored)) == 1
    with pytest.raises(EnrolmentRefused):
        enrol_again(net, VILLAGE)
    net[SECOND_VILLAGE].sync()
    restored.sync()
    if not whole:
        with pytest.raises(EnrolmentRefused, match=VILLAGE):
            enrol_again(net, VILLAGE)
        net[VILLAGE].sync()
    assert enrol_again(net, VILLAGE) > n
    assert restored.member.casebook.roster.changes(TOWNSHIP)[:n] == there[:n]
    net.settle()
    held = restored.member.casebook.roster.changes(TOWNSHIP)
    for code in (VILLAGE, SECOND_VILLAGE, COUNTY):
        assert net[code].member.casebook.roster.changes(TOWNSHIP) == held
    assert reasons(net.start(TOWNSHIP)) == reasons(restored), "settled: a start finds nothing more"


def told_a_village_only(net: Network, folder: Path) -> tuple[Live, CaseRef]:
    """A township put back to just after its last act, of which a village has heard since, and the county has not."""
    ref = net[VILLAGE].member.file()
    net.settle()
    net.wire.down.add(COUNTY)
    net[TOWNSHIP].member.act(ref, kinds.NOTE, {"text": "已核实"})
    image = image_of(net, TOWNSHIP, folder)
    net[VILLAGE].sync()
    (net.built.folder / f"{TOWNSHIP}.data" / "witness.log").unlink()
    township = restore(net, TOWNSHIP, image, whole=False)
    assert reasons(township) == [Reason.NO_WITNESS]
    net.wire.calm()
    return township, ref


def test_a_restored_township_hears_its_villages_before_it_writes_anything_again(
    county: Network, tmp_path: Path
) -> None:
    """The county knows nothing of the act: that does not say that nobody does. Written again it would stand twice."""
    net = county
    township, ref = told_a_village_only(net, tmp_path)
    for _ in range(3):
        assert township.exchange().ok
    assert township.member.casebook.life()["waits_for"] == [VILLAGE, SECOND_VILLAGE]
    net.settle()
    net.settle()
    assert township.member.casebook.life()["waits_for"] == []
    for code in (COUNTY, TOWNSHIP, VILLAGE):
        assert len(net[code].member.casebook.timeline(ref.scope, ref.case_id)) == 3, code
        assert net[code].member.casebook.counts()["not_at_county"]["events"] == 0, code


def test_for_a_village_that_is_gone_people_at_its_township_answer_and_what_it_wrote_leaves(
    county: Network, tmp_path: Path
) -> None:
    net = county
    township, ref = told_a_village_only(net, tmp_path)
    net[SECOND_VILLAGE].sync()
    for _ in range(3):
        assert township.exchange().ok
    assert len(net[COUNTY].member.casebook.timeline(ref.scope, ref.case_id)) == 2
    assert township.member.casebook.life()["waits_for"] == [VILLAGE]
    township.member.casebook.answer_for("0009", VILLAGE)
    net.settle_above()
    assert len(net[COUNTY].member.casebook.timeline(ref.scope, ref.case_id)) == 3


def test_an_operator_may_answer_for_children_that_are_gone(county: Network, tmp_path: Path) -> None:
    net = county
    image = image_of(net, TOWNSHIP, tmp_path)
    n = enrol_again(net, SECOND_VILLAGE)
    net.settle()
    restore(net, TOWNSHIP, image, whole=False)
    net[VILLAGE].sync()
    with pytest.raises(EnrolmentRefused, match=SECOND_VILLAGE):
        enrol_again(net, VILLAGE)
    assert enrol_again(net, VILLAGE, agreed=True) > n


def test_a_change_that_was_noted_and_never_kept_is_no_reason_for_ever(county: Network) -> None:
    """Power fails between the witness and the commit: one new life, and the number is free once all have been heard."""
    net = county
    casebook = net[TOWNSHIP].member.casebook
    name = casebook.roster.places.name(VILLAGE)
    asked = roster.read_request(roster.enrol_request(net.built.key(), VILLAGE, "village", name, b"n" * 16))
    ops = roster.admit_request(casebook.roster, asked, TOWNSHIP)
    casebook.witness_change(roster.publish(casebook.roster, TOWNSHIP, ops, [casebook.speaker.key], 0))
    held = casebook.roster.heads()[TOWNSHIP][1]
    township = net.start(TOWNSHIP)
    assert reasons(township) == [Reason.AHEAD]
    net.settle()
    net.settle()
    assert not township.member.casebook.untold()
    assert enrol_again(net, VILLAGE) == held + 1
    assert reasons(net.start(TOWNSHIP)) == [Reason.AHEAD]


@pytest.mark.parametrize("at", ["intend", "witness_change", "apply_roster"])
def test_a_power_cut_during_an_enrolment_costs_no_life(
    county: Network, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    """Before the witness file names the change nothing was done; after that it is kept by the next start."""
    net = county
    casebook = net[TOWNSHIP].member.casebook
    held = casebook.roster.heads()[TOWNSHIP][1]
    with monkeypatch.context() as cut:
        cut.setattr(casebook, at, power_fails)
        with pytest.raises(PowerCut):
            enrol_again(net, VILLAGE)
    township = net.start(TOWNSHIP)
    assert reasons(township) == []
    kept = held + (at == "apply_roster")
    assert township.member.casebook.roster.heads()[TOWNSHIP][1] == kept
    assert enrol_again(net, VILLAGE) == kept + 1
    assert reasons(net.start(TOWNSHIP)) == []
    net.settle()
    assert net[COUNTY].member.casebook.roster.heads()[TOWNSHIP][1] == kept + 1


class PowerCut(Exception):
    """Nothing more is done by this process."""


def power_fails(*_arguments: object, **_named: object) -> None:
    """The power goes before this is done."""
    raise PowerCut


def test_the_root_publishes_its_own_new_life_when_its_children_have_been_heard(county: Network) -> None:
    net = county
    (net.built.folder / f"{COUNTY}.data" / "witness.log").unlink()
    root = net.start(COUNTY)
    assert root.member.casebook.standing().provisional
    net[TOWNSHIP].sync()
    assert root.member.casebook.standing().provisional, "the other township may hold a forgotten change"
    ref = net[VILLAGE].member.file()
    net.settle()
    assert not root.member.casebook.standing().provisional
    assert root.member.state(ref) == "received"
    net.sync()
    assert net[TOWNSHIP].peer(root).place == COUNTY, "and the township speaks with it"


def test_a_new_life_of_a_parent_is_reached_by_children_that_have_not_heard_of_it(county: Network) -> None:
    """The old key still answers until the roster has come down; then the child speaks with the new life."""
    net = county
    (net.built.folder / f"{TOWNSHIP}.data" / "witness.log").unlink()
    township = net.start(TOWNSHIP)
    township.sync()
    assert not township.member.casebook.standing().provisional
    ref = net[VILLAGE].member.file()
    assert net[VILLAGE].exchange().ok
    net.settle()
    assert township.member.state(ref) == "received"
    assert net[VILLAGE].peer(township).place == TOWNSHIP


def test_a_receipt_of_our_own_that_we_do_not_know_is_believed_only_when_it_is_ours(
    county: Network, tmp_path: Path
) -> None:
    """A child cannot talk its parent into a new life: the receipt must verify over the chain that the parent holds."""
    net = county
    village, township = net[VILLAGE], net[TOWNSHIP]
    village.member.file()
    scope = about(VILLAGE)
    content = Content()
    line = ReceiptLine(village.incarnation, scope, 2, township.incarnation, 1, 1, 0, (), b"s" * 64)
    content.packed_receipts = [pack_receipt(line, content.tables)]
    said = heard(net, village, township, *speak(net, village, township, content))
    village.member.casebook.update_peer(township.incarnation, challenge=said.next, nonce=b"1234")
    net.settle()
    assert reasons(township) == []
    # Its own, verified: the township forgets what it signed, and what it signed for.
    net.wire.down.add(COUNTY)
    image = image_of(net, TOWNSHIP, tmp_path)
    ref = village.member.file()
    village.sync()
    restored = restore(net, TOWNSHIP, image, whole=True)
    assert restored.member.state(ref) == ""
    for _ in range(3):  # the ratchet is found too old, the child asks anew, and says what it holds
        village.exchange()
    assert reasons(restored) == [Reason.OWN_SIGNATURE]
    assert restored.member.state(ref) == "received", "and what the child holds has been given back"


def test_made_up_receipts_of_one_child_hide_no_true_one_of_another(county: Network) -> None:
    """What is kept in mind is bounded: a child that names streams which do not exist, or are not its own to hear of,
    shall not use that up."""
    net = county
    township, casebook = net[TOWNSHIP], net[TOWNSHIP].member.casebook
    mine = township.incarnation
    made_up = [(number.to_bytes(16), about(VILLAGE)) for number in range(limits.RECEIPTS_A_MESSAGE - 1)]
    made_up.append((net[SECOND_VILLAGE].incarnation, about(SECOND_VILLAGE)))
    lines = [ReceiptLine(*stream, 1 << 40, mine, 1, 1, 0, (), b"s" * 64) for stream in made_up]
    casebook.receive(net[VILLAGE].incarnation, Content(receipts=lines), peer_update={})
    assert not casebook._forgotten
    one = lines[-1]
    casebook.receive(net[SECOND_VILLAGE].incarnation, Content(receipts=[one]), peer_update={})
    assert list(casebook._forgotten.values()) == [one]
