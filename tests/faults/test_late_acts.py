"""What was signed after an account was disabled is found by position, at every place above, whatever came first."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sync_protocol.case import kinds
from sync_protocol.event import Position
from sync_protocol.exchange import PeerView
from tests import builders
from tests.builders import COUNTY, SECOND_VILLAGE, TOWNSHIP, VILLAGE, delegate
from tests.faults.images import image_of, restore
from tests.network import Network, network
from tests.village_node.casebook.staffed import staff_of
from tests.village_node.courier.sticks import hand
from village_node.accounts import Accounts
from village_node.casebook import Narrowed
from village_node.casebook import late_acts as late_acts_of
from village_node.casebook.rewriting import named_elsewhere
from village_node.store import late_acts as late_acts_rows
from village_node.store import streams


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Network]:
    """A county, a township and two villages that have met."""
    (tmp_path / "nodes").mkdir()
    made = network(tmp_path / "nodes", COUNTY, TOWNSHIP, VILLAGE, SECOND_VILLAGE)
    made.settle()
    yield made
    made.close()


@pytest.fixture
def village(net: Network) -> Accounts:
    return staff_of(net[VILLAGE].member, "0001", "0002")


def late(net: Network, code: str) -> list[tuple[str, str, str, int]]:
    """(place, account, scope, kind) of what is shown at a place, in an order of its own."""
    book = net[code].member.casebook
    while book.find_late_acts():
        pass
    found = book.late_acts().acts
    return sorted((each.place, each.account, each.scope, each.event.kind) for each in found)


FILED = [(VILLAGE, "0001", f"about:{VILLAGE}", kind) for kind in (kinds.CREATE, kinds.RECEIVE)]


def test_what_was_signed_after_it_is_shown_above_and_loses_nothing(net: Network, village: Accounts) -> None:
    before = net[VILLAGE].member.file()
    village.disable("0001", True, by="0008")
    after = net[VILLAGE].member.file()
    net.settle()
    for code in (TOWNSHIP, COUNTY):
        assert late(net, code) == FILED
        cases = [net[code].member.casebook.case(*ref[:2]) for ref in (before, after)]
        assert [case.state for case in cases if case is not None] == ["received", "received"], "both count"
    assert late(net, VILLAGE) == [], "those above ask; the place itself knows"


def test_what_came_first_makes_no_difference(net: Network, village: Accounts) -> None:
    """The acts are in another stream than the word: either may come first."""
    member = net[TOWNSHIP].member
    township = staff_of(member, "0009", role="head")
    delegate(member, "测试所")
    township.disable("0009", True, by="0008")
    delegate(member, "另一所")
    county = net[COUNTY].member.casebook
    for first in ("below:", "about:"):
        content = builders.message(member, TOWNSHIP, PeerView(county.shared_points(TOWNSHIP)).points)
        content.segments = [each for each in content.segments if each.scope.startswith(first)]
        county.receive(member.identity.incarnation, content, peer_update={})
    assert late(net, COUNTY) == [(TOWNSHIP, "0009", f"below:{TOWNSHIP}", kinds.AUTHORITY)]
    with net[COUNTY].member.store.writing() as connection:
        connection.exec_driver_sql("DELETE FROM late_acts")
    net[COUNTY].member.casebook.look_for_late_acts()
    net.start(COUNTY)
    assert late(net, COUNTY) == [(TOWNSHIP, "0009", f"below:{TOWNSHIP}", kinds.AUTHORITY)], "after an upgrade as well"


def test_only_what_lies_between_the_two_words_is_late(net: Network, village: Accounts) -> None:
    village.disable("0001", True, by="0008")
    net.settle()
    net[VILLAGE].member.file()
    village.disable("0001", False, by="0008")
    net[VILLAGE].member.file()
    net.settle()
    assert late(net, TOWNSHIP) == FILED, "what was signed while it was shut stays told"


def test_a_long_history_is_looked_through_in_slices_and_once_for_many_words(
    net: Network, village: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(late_acts_of, "_SLICE", 3)
    read: list[int] = []
    events_between = streams.events_between

    def counted(*asked: Any) -> list[streams.EventRow]:
        found = events_between(*asked)
        read.append(len(found))
        return found

    net[VILLAGE].member.file()
    for account in ("0001", "0002"):
        village.disable(account, True, by="0008")
    for _ in range(3):
        net[VILLAGE].member.file()
    monkeypatch.setattr(streams, "events_between", counted)
    net.settle()
    book = net[TOWNSHIP].member.casebook
    shown = book.late_acts().acts
    assert len(shown) == 6, "what came with the word or after it is found as it comes"
    book.look_for_late_acts()
    del read[:]
    assert sum(iter(book.find_late_acts, False)) > 2 and max(read) <= 3
    assert book.late_acts().acts == shown, "the same, found anew"
    with net[TOWNSHIP].member.store.writing() as connection:
        connection.exec_driver_sql("DELETE FROM late_acts")
        streams_of = [row.id for row in streams.in_scopes(connection)]
        late_acts_rows.add(connection, VILLAGE, [late_acts_rows.LateKey("0001", streams_of[0], 1, b"x" * 32)])
    book.look_for_late_acts()
    while book.find_late_acts():
        pass
    assert [each.event.hash for each in book.late_acts().acts] == [each.event.hash for each in shown]
    with net[TOWNSHIP].member.store.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM late_acts").scalar() == 6


def test_late_acts_do_not_outlive_the_word_they_rest_on(net: Network, village: Accounts) -> None:
    """The machine is revoked up to before it had spoken: what it said of the account says nothing any more."""
    member, township, county = (net[code].member for code in (VILLAGE, TOWNSHIP, COUNTY))
    village.disable("0001", True, by="0008")
    member.file()
    builders.settle(member, township)
    assert late(net, TOWNSHIP) == FILED
    book = county.casebook  # which has not heard of it yet
    book.sign_roster_with(lambda: [net.built.publisher_key])
    asked = book.ask_revocation("0009", member.identity.incarnation.hex(), "被盗")
    township.casebook.apply_roster([book.confirm_revocation("0008", asked)])
    assert late(net, TOWNSHIP) == []


def test_what_was_shut_before_anybody_said_so_is_said_once(net: Network, village: Accounts) -> None:
    member = net[VILLAGE].member
    with member.store.writing() as connection:  # as a program before did
        connection.exec_driver_sql("UPDATE staff SET disabled = true WHERE staff_no = '0001'")
    for _ in range(2):
        net.start(VILLAGE)
    net.settle()
    (one,) = net[TOWNSHIP].member.casebook.accounts_of(VILLAGE)
    assert (one.account, one.state) == ("0001", "disabled")
    with net[VILLAGE].member.store.reading() as connection:
        assert len(streams.beside_cases(connection, f"about:{VILLAGE}", kinds.ACCOUNT_STATE)) == 1


def test_the_namesake_of_another_place_is_somebody_else(net: Network, village: Accounts) -> None:
    net[SECOND_VILLAGE].member.file()
    net.settle()
    village.disable("0001", True, by="0008")
    net.settle()
    net[SECOND_VILLAGE].member.file()
    net.settle()
    assert late(net, COUNTY) == []


def test_what_a_new_life_signs_is_after_all_that_the_lives_before_have_said(
    net: Network, village: Accounts, tmp_path: Path
) -> None:
    """It was put back to before the disabling, so its own people can sign in with the account again."""
    net.settle()
    image = image_of(net, VILLAGE, tmp_path)
    village.disable("0001", True, by="0008")
    net.settle()
    restored = restore(net, VILLAGE, image, whole=True)
    net.settle()
    restored.member.file()
    net.settle()
    net.settle()
    assert late(net, COUNTY) == FILED


def test_a_word_that_is_written_again_names_the_streams_where_they_stand_then(
    net: Network, village: Accounts, tmp_path: Path
) -> None:
    """Acts and disabling had never left when the database was put back: the new life writes both again."""
    member = net[VILLAGE].member
    delegate(member, "测试所", head="0001")
    member.file()
    village.disable("0001", True, by="0008")
    before = word(net)
    image = image_of(net, VILLAGE, tmp_path)
    member.file()
    hand(net.built, VILLAGE).write(tmp_path / "lost stick", TOWNSHIP)
    restored = restore(net, VILLAGE, image, whole=False)
    net.settle()
    net.settle()
    assert len(restored.member.casebook.identity.lives) == 2
    (scope, end), (same, was) = word(net), before
    assert scope == same == f"below:{VILLAGE}"
    assert (end.incarnation, was.incarnation) == tuple(reversed(restored.member.casebook.identity.lives))
    assert late(net, COUNTY) == [], "what it had signed before is still before"
    restored.member.file()
    net.settle()
    assert late(net, COUNTY) == FILED


def word(net: Network) -> tuple[str, Position]:
    """The one stream that the one word about an account names, and how far."""
    with net[VILLAGE].member.store.reading() as connection:
        (held,) = streams.beside_cases(connection, f"about:{VILLAGE}", kinds.ACCOUNT_STATE)
    (named,) = named_elsewhere(held.event, VILLAGE)
    return named


def test_they_are_shown_page_by_page_and_narrowed_to_a_place_and_an_account(
    net: Network, village: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(late_acts_of, "PAGE_SIZE", 5)
    for account in ("0001", "0002"):
        village.disable(account, True, by="0008")
    for _ in range(4):
        net[VILLAGE].member.file()
    net.settle()
    assert len(late(net, TOWNSHIP)) == 5
    book = net[TOWNSHIP].member.casebook
    found = [book.late_acts(page=number) for number in (1, 2, 3)]
    assert [(each.page, len(each.acts), each.total, each.pages) for each in found] == [
        (1, 5, 8, 2),
        (2, 3, 8, 2),
        (2, 3, 8, 2),
    ]
    shown = [(act.scope, act.event.seq) for each in found[:2] for act in each.acts]
    assert len(set(shown)) == 8 and book.late_places() == {VILLAGE: 8}
    for narrowed, total in (
        (Narrowed(VILLAGE), 8), (Narrowed(TOWNSHIP), 0), (Narrowed("", "001"), 8), (Narrowed(VILLAGE, "0002"), 0),
        (Narrowed("", "%"), 0), (Narrowed("", "_"), 0), (Narrowed("", "!"), 0),
    ):  # fmt: skip
        assert book.late_acts(narrowed).total == total, narrowed
