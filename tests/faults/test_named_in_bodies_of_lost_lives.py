"""What a body names in another scope than its own follows into a new life: the sample of a check, the key of a
complaint."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sync_protocol.case import kinds
from sync_protocol.case.workdays import day_of
from tests.builders import Member
from tests.faults.test_decisions_of_lost_lives import begun_anew
from tests.network import COUNTY, TOWNSHIP, Network, network
from village_node.casebook import CaseRef, NotAllowed

ABLE = frozenset({"supervisor", "head", "window"})


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Network]:
    """A county and a township that have met, and a case of the township that both hold."""
    (tmp_path / "nodes").mkdir()
    made = network(tmp_path / "nodes", COUNTY, TOWNSHIP)
    made.settle()
    made.built.hand_out_roster = False
    yield made
    made.close()


def check(county: Member, ref: CaseRef) -> None:
    """The case of the sample is in order."""
    said: dict[str, Any] = {"what": "check", "outcome": "sound", "sample": list(county.casebook.samples()[0].position)}
    county.casebook.oversee("0301", ABLE, ref[:2], kinds.SPOT_CHECK, said)


@pytest.mark.parametrize("written", ["before", "after"])
def test_a_check_names_its_sample_where_the_new_life_has_written_it(net: Network, written: str) -> None:
    ref = net[TOWNSHIP].member.file(item_no="036")
    net.settle()
    today = day_of(net.built.clock()).isoformat()
    net[COUNTY].member.casebook.draw("0301", ABLE, "running", today, today, 1, ["签字"])
    if written == "before":
        check(net[COUNTY].member, ref)
    root = begun_anew(net)
    if written == "after":
        with pytest.raises(NotAllowed, match="not settled with all below"):
            check(root.member, ref)
    net.settle()
    net.settle()
    if written == "after":
        check(root.member, ref)
        net.settle()
    (drawn,) = root.member.casebook.samples()
    assert drawn.position.incarnation == root.incarnation
    for live in (root, net[TOWNSHIP]):
        (note,) = live.member.casebook.overseen(ref[:2])
        assert note.body["sample"] == list(drawn.position), live.place


def test_a_complaint_names_the_key_where_the_new_life_has_written_it(net: Network) -> None:
    casebook = net[COUNTY].member.casebook
    casebook.open_complaints("0301", ABLE)
    said = {"text": "等了一上午没人理", "place": TOWNSHIP, "who": "3号窗口"}
    slip = casebook.complain("0102", ABLE, said)
    assert slip.handler == COUNTY
    root = begun_anew(net)
    net.settle()
    net.settle()
    casebook = root.member.casebook
    heard = casebook.complaint_of(slip.number, slip.code)
    assert heard is not None and heard.complaint.record.position.incarnation == root.incarnation
    with root.member.store.reading() as connection:
        (key,) = casebook._keys(connection)[COUNTY]
    assert key.position.incarnation == root.incarnation
    assert heard.complaint.record.said["key"] == list(key.position)
