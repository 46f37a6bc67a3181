"""What a node says upward of its audit trail, and who holds it against the trail then."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sync_protocol.case import kinds
from tests.builders import COUNTY, TOWNSHIP, VILLAGE
from tests.network import Network, network
from tests.village_node.casebook.staffed import staff_of
from tests.village_node.test_audit_chain import anew, plant
from village_node.accounts.throttle import DAY_MS
from village_node.store import streams


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Network]:
    """A county, a township and a village that have met."""
    (tmp_path / "nodes").mkdir()
    made = network(tmp_path / "nodes")
    made.settle()
    yield made
    made.close()


def said(net: Network) -> int:
    with net[VILLAGE].member.store.reading() as connection:
        return len(streams.beside_cases(connection, f"about:{VILLAGE}", kinds.AUDIT_HEAD))


def test_it_is_said_once_a_day_if_it_changed_or_when_somebody_asks(net: Network) -> None:
    book = net[VILLAGE].member.casebook
    assert not book.say_audit_head() and said(net) == 0, "there is no line yet"
    accounts = staff_of(net[VILLAGE].member, "0001")
    assert book.say_audit_head() and not book.say_audit_head(at_once=True)
    accounts.disable("0001", True, by="0008")
    assert not book.say_audit_head() and said(net) == 1
    net.built.clock.now_ms += DAY_MS
    assert book.say_audit_head() and not book.say_audit_head()
    accounts.disable("0001", False, by="0008")
    assert book.say_audit_head(at_once=True) and said(net) == 3
    net.settle()
    newest = accounts.rows.audit_lines(1)[0]
    for code in (TOWNSHIP, COUNTY):
        head = net[code].member.casebook.audit_head_of(VILLAGE)
        assert head is not None and head == (newest.n, newest.hash, net.built.clock.now_ms, False)
        assert net[code].member.casebook.audit_head_of(TOWNSHIP) is None


def test_a_trail_computed_anew_is_not_the_one_that_was_signed(net: Network) -> None:
    """The marks in the database were forged with it, and there is no file beside it: the signed word is left."""
    member = net[VILLAGE].member
    accounts = staff_of(member, "0001", "0002")
    member.casebook.say_audit_head()
    lines = len(accounts.rows.audit_lines(100))
    found = accounts.chain.run()
    assert (found.broken, found.signed) == (0, lines)
    anew(member.store, 1)
    plant(member.store, "DELETE FROM meta WHERE name IN ('audit.checked', 'audit.mark')")
    found = accounts.chain.run()
    assert (found.lines, found.broken) == (lines - 1, lines)


def test_a_trail_that_went_back_is_told_above(net: Network) -> None:
    member = net[VILLAGE].member
    staff_of(member, "0001", "0002")
    member.casebook.say_audit_head()
    plant(member.store, "DELETE FROM audit WHERE n > 1")
    member.casebook.say_audit_head(at_once=True)
    net.settle()
    head = net[TOWNSHIP].member.casebook.audit_head_of(VILLAGE)
    assert head is not None and head.lines == 1 and head.went_back
    for more in ("0003", "0004", "0005"):
        staff_of(member, more)
        member.casebook.say_audit_head(at_once=True)
        net.settle()
        head = net[TOWNSHIP].member.casebook.audit_head_of(VILLAGE)
        assert head is not None and head.went_back, "nor does it grow over that"
