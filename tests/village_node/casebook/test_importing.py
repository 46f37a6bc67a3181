"""Many versions of items published at once: one look at what stands, one write, and what is dropped of a kept file."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from sync_protocol.case.editions import Edition
from sync_protocol.case.workdays import day_of
from tests.builders import COUNTY, Network
from village_node.casebook import BadBody, Casebook, ledger
from village_node.store import audit

BUSINESS = frozenset({"business"})


def editions(net: Network, count: int) -> list[Edition]:
    """So many new items, in force from today."""
    county = net.members[COUNTY].casebook
    newest = county.catalogue.newest("001")
    assert newest is not None
    made = replace(newest, version=1, begins=day_of(net.clock()))
    return [Edition(replace(made, item_no=f"{9000 + number}"), "启用") for number in range(count)]


def actions(net: Network) -> list[str]:
    with net.members[COUNTY].casebook.store.reading() as connection:
        return list(connection.exec_driver_sql("SELECT action FROM audit ORDER BY n").scalars())


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is done at length, by name, as often as it is done."""
    done: list[str] = []

    def count(owner: Any, name: str) -> None:
        known: Callable[..., Any] = getattr(owner, name)

        def counting(*args: Any, **named: Any) -> Any:
            done.append(name)
            return known(*args, **named)

        monkeypatch.setattr(owner, name, counting)

    count(Casebook, "publications")
    count(ledger, "write")
    return done


def test_hundreds_are_written_as_one_and_looked_up_once(net: Network, counted: list[str]) -> None:
    county, said = net.members[COUNTY].casebook, editions(net, 30)
    assert county.next_version("001") == 2
    counted.clear()
    assert county.publish_items("2001", BUSINESS, said[:1]) == 1
    once = counted.copy()
    counted.clear()
    assert county.publish_items("2001", BUSINESS, said[1:]) == 29
    assert counted == once and counted.count("write") == 1, "no more is done for many than for one"
    assert [item.item_no for item in county.catalogue.items()][-30:] == [each.item.item_no for each in said]
    assert actions(net).count("catalogue.publish") == 30
    with county.store.reading() as connection:
        assert audit.verify(connection, 0, audit.NO_LINE_BEFORE, 1_000).broken == ()
    published = sorted(county.items.published.values(), key=lambda each: each.position.seq)
    assert [each.said.item.item_no for each in published] == [each.item.item_no for each in said], "in their order"


def test_what_another_has_published_meanwhile_is_seen_inside(net: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    county, said = net.members[COUNTY].casebook, editions(net, 3)
    county.publish_item("2001", BUSINESS, said[1])
    monkeypatch.setattr(Casebook, "check_items", lambda *_: [])  # as if it had gone out behind the look
    with pytest.raises(BadBody) as wrong:
        county.publish_items("2002", BUSINESS, said)
    assert wrong.value.field == "version"
    assert county.catalogue.newest("9000") is None and county.catalogue.newest("9002") is None


def test_a_file_that_waits_goes_only_with_its_own_items(net: Network) -> None:
    county, said = net.members[COUNTY].casebook, editions(net, 2)
    county.keep_catalogue_file("2001", BUSINESS, b"one")
    county.publish_items("2002", BUSINESS, said[:1])
    kept = county.catalogue_file()
    assert kept is not None and kept.raw == b"one" and "catalogue.file.publish" not in actions(net)
    county.publish_items("2002", BUSINESS, said[1:], digest=kept.digest)
    assert county.catalogue_file() is None and actions(net)[-1] == "catalogue.file.publish"
