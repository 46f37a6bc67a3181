"""An order of a place above shuts an account below: by line and by stick, once, whatever is put back or comes twice."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sync_protocol.case import accounts, kinds
from tests.builders import COUNTY, OTHER_VILLAGE, TOWNSHIP, VILLAGE, Member
from tests.faults.images import image_of, restore
from tests.network import Network, network
from tests.village_node.casebook.staffed import PASSWORD, staff_of, told
from tests.village_node.courier.sticks import hand, introduce
from village_node.accounts import Accounts, SignedIn, SignInRefused, StaffTrouble
from village_node.casebook import BadBody, NotAllowed, NotFound
from village_node.store import streams

WHY = "已调离"


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Network]:
    """A county, a township and a village that have met."""
    (tmp_path / "nodes").mkdir()
    made = network(tmp_path / "nodes")
    made.settle()
    yield made
    made.close()


@pytest.fixture
def village(net: Network) -> Accounts:
    """The village's people: two who can sign in."""
    return staff_of(net[VILLAGE].member, "0001", "0002")


def order(net: Network, code: str, what: str = "disable", account: str = "0001", reason: str = WHY) -> None:
    net[code].member.casebook.order_account("0009", VILLAGE, account, what, reason)


def lives(accounts: Accounts, session: SignedIn) -> bool:
    return accounts.person(session.cookie) is not None


def shut(accounts: Accounts, account: str = "0001") -> bool:
    row = accounts.rows.staff(account)
    assert row is not None
    return row.disabled


def reported(net: Network, code: str, place: str = VILLAGE) -> list[tuple[str, str, bool]]:
    found = net[code].member.casebook.accounts_of(place)
    return [(each.account, each.state, each.by_order) for each in found]


def written(member: Member, kind: int) -> int:
    """How many events of a kind stand about the village, as one node holds them."""
    with member.store.reading() as connection:
        return len(streams.beside_cases(connection, f"about:{VILLAGE}", kind))


def test_an_order_shuts_the_account_at_once_and_its_lifting_opens_it(net: Network, village: Accounts) -> None:
    session, other, unseen = (village.sign_in(number, PASSWORD, "here") for number in ("0001", "0002", "0001"))
    order(net, TOWNSHIP)
    assert lives(village, session)
    net.settle()
    assert shut(village) and not lives(village, session) and lives(village, other)
    with pytest.raises(SignInRefused):
        village.sign_in("0001", PASSWORD, "here")
    net.settle()
    by = f"{TOWNSHIP} 0009"
    once = [("node", "staff.disable", {"ordered_by": by, "reason": WHY})]
    assert told(village, "0001") == once
    for code in (TOWNSHIP, COUNTY):
        assert reported(net, code) == [("0001", "disabled", True)]
    net[VILLAGE].member.casebook.obey_account_orders()
    net.start(VILLAGE)
    village = staff_of(net[VILLAGE].member)
    assert told(village, "0001") == once and written(net[VILLAGE].member, kinds.ACCOUNT_STATE) == 1
    order(net, TOWNSHIP, "lift")
    net.settle()
    assert not shut(village) and lives(village, village.sign_in("0001", PASSWORD, "here"))
    assert [each[1] for each in told(village, "0001")] == ["staff.disable", "staff.enable"]
    assert not lives(village, unseen), "nor does a session of before come back, that nobody has looked at since"
    net.settle()
    assert reported(net, COUNTY) == [("0001", "enabled", False)]


def test_nobody_below_undoes_it_and_a_lifting_undoes_nothing_that_they_did(net: Network, village: Accounts) -> None:
    order(net, COUNTY)
    net.settle()
    with pytest.raises(StaffTrouble, match=f"{COUNTY}.*0009") as refused:
        village.disable("0001", False, by="0008")
    assert "由上级停用" in refused.value.zh and shut(village)
    village.disable("0001", True, by="0008")
    with pytest.raises(NotAllowed, match="which lifts it"):
        order(net, TOWNSHIP, "lift")
    order(net, COUNTY, "lift")
    net.settle()
    assert shut(village), "its own people keep it shut"
    assert [each[1] for each in told(village, "0001")] == ["staff.disable", "staff.disable", "staff.ordered"]
    village.disable("0001", False, by="0008")
    assert not shut(village)
    net.settle()
    assert reported(net, TOWNSHIP) == [("0001", "enabled", False)]
    assert written(net[COUNTY].member, kinds.ACCOUNT_STATE) == 2, "shut once, open once"


def test_what_its_own_people_had_shut_before_stays_shut(net: Network, village: Accounts) -> None:
    village.disable("0001", True, by="0008")
    order(net, TOWNSHIP)
    net.settle()
    order(net, TOWNSHIP, "lift")
    net.settle()
    assert shut(village) and [each[1] for each in told(village, "0001")] == [
        "staff.disable",
        "staff.ordered",
        "staff.ordered",
    ]
    net.settle()
    assert written(net[TOWNSHIP].member, kinds.ACCOUNT_STATE) == 1, "it was shut all the time"


def test_each_place_above_lifts_what_it_ordered_and_what_those_under_it_did(net: Network, village: Accounts) -> None:
    order(net, TOWNSHIP)
    order(net, COUNTY)
    net.settle()
    order(net, TOWNSHIP, "lift")
    net.settle()
    assert shut(village), "the county's order stands"
    order(net, TOWNSHIP)
    net.settle()
    with pytest.raises(NotAllowed, match="ordered that already"):
        order(net, TOWNSHIP)
    order(net, COUNTY, "lift")
    net.settle()
    assert not shut(village)
    with pytest.raises(NotAllowed, match="no order keeps"):
        order(net, COUNTY, "lift")


def test_a_lifting_of_what_was_seen_leaves_an_order_that_was_not(net: Network, village: Accounts) -> None:
    order(net, TOWNSHIP)
    net.settle()
    net.wire.down.add(COUNTY)
    order(net, COUNTY, "lift")
    order(net, TOWNSHIP, "lift")
    order(net, TOWNSHIP, reason="又来了")
    net.wire.calm()
    net.settle()
    assert shut(village), "the county has not seen the second one"


def test_it_comes_by_stick_as_well_and_a_stick_that_comes_twice_does_nothing_twice(
    net: Network, village: Accounts, tmp_path: Path
) -> None:
    net.wire.down.add(TOWNSHIP)
    township, below = hand(net.built, TOWNSHIP), hand(net.built, VILLAGE)
    introduce(township, below, tmp_path)
    session = village.sign_in("0001", PASSWORD, "here")
    order(net, TOWNSHIP)
    township.write(tmp_path / "down", VILLAGE)
    below.take(tmp_path / "down")
    assert shut(village) and not lives(village, session)
    below.take(tmp_path / "down")
    assert len(told(village, "0001")) == 1
    below.write(tmp_path / "up", TOWNSHIP)
    township.take(tmp_path / "up")
    assert reported(net, TOWNSHIP) == [("0001", "disabled", True)]


def test_an_account_that_is_made_later_is_shut_from_its_first_moment(net: Network, village: Accounts) -> None:
    order(net, TOWNSHIP, account="0077")
    net.settle()
    book = net[VILLAGE].member.casebook
    assert list(book.ordered_shut()) == ["0077"] and village.rows.staff("0077") is None
    code = village.create_invitation("0077", "某某", ["agent"])
    assert shut(village, "0077")
    with pytest.raises(SignInRefused):
        village.set_password("0077", code, PASSWORD, "here")
    net.settle()
    assert reported(net, TOWNSHIP) == [("0077", "disabled", True)]
    order(net, TOWNSHIP, "lift", "0077")
    net.settle()
    assert lives(village, village.set_password("0077", code, PASSWORD, "here"))


@pytest.mark.parametrize("whole", [True, False])
def test_a_village_whose_database_was_put_back_obeys_again(
    net: Network, village: Accounts, tmp_path: Path, whole: bool
) -> None:
    net.settle()
    image = image_of(net, VILLAGE, tmp_path)
    order(net, TOWNSHIP)
    net.settle()
    assert shut(village)
    net.settle()
    restored = staff_of(restore(net, VILLAGE, image, whole=whole).member)
    session = restored.sign_in("0001", PASSWORD, "here")
    assert not shut(restored), "of before the order"
    net.settle()
    net.settle()
    assert shut(restored) and not lives(restored, session) and len(told(restored, "0001")) == 1
    order(net, TOWNSHIP, "lift")
    net.settle()
    assert not shut(restored) and reported(net, COUNTY)[-1][:2] == ("0001", "enabled")


def test_an_older_order_that_was_lifted_undoes_nothing_in_a_database_put_back(
    net: Network, village: Accounts, tmp_path: Path
) -> None:
    order(net, TOWNSHIP)
    net.settle()
    net.settle()
    image = image_of(net, VILLAGE, tmp_path)
    order(net, TOWNSHIP, "lift")
    net.settle()
    village.disable("0002", True, by="0008")
    net.settle()
    restored = staff_of(restore(net, VILLAGE, image, whole=False).member)
    assert shut(restored)
    net.settle()
    net.settle()
    assert not shut(restored) and not shut(restored, "0002"), "what its own people did is theirs to do again"


def test_only_a_place_above_orders_and_every_field_is_asked(net: Network) -> None:
    book = net[TOWNSHIP].member.casebook
    for place in (TOWNSHIP, COUNTY, OTHER_VILLAGE, "nowhere"):
        with pytest.raises(NotFound):
            book.order_account("0009", place, "0001", "disable", WHY)
    for field, account, reason in (
        ("account", "", WHY), ("account", "0" * 33, WHY), ("account", "00 01", WHY), ("account", "00\u200b01", WHY),
        ("reason", "0001", ""),
    ):  # fmt: skip
        with pytest.raises(BadBody) as wrong:
            book.order_account("0009", VILLAGE, account, "disable", reason)
        assert wrong.value.field == field
    assert written(net[TOWNSHIP].member, kinds.ACCOUNT_ORDER) == 0


def test_a_patched_township_lifts_nothing_that_the_county_has_ordered(net: Network, village: Accounts) -> None:
    order(net, COUNTY)
    net.settle()
    township = net[TOWNSHIP].member
    (listed,) = township.casebook.accounts_of(VILLAGE)
    said = {"account": "0001", "what": "lift", "reason": WHY, "lifts": [list(each.position) for each in listed.orders]}
    raw = accounts.to_bytes(kinds.ACCOUNT_ORDER, said)
    with township.store.writing() as connection:
        township.casebook.write_record(connection, f"about:{VILLAGE}", kinds.ACCOUNT_ORDER, "0009", raw)
    township.casebook.tell({f"about:{VILLAGE}"})
    net.settle()
    assert written(net[VILLAGE].member, kinds.ACCOUNT_ORDER) == 2 and shut(village)


def test_what_a_village_writes_about_its_neighbour_or_its_own_accounts_orders_nothing(
    net: Network, village: Accounts
) -> None:
    """A patched node may write the event into its own stream; it is no place above itself."""
    book = net[VILLAGE].member.casebook
    raw = accounts.to_bytes(kinds.ACCOUNT_ORDER, {"account": "0001", "what": "disable", "reason": WHY})
    with net[VILLAGE].member.store.writing() as connection:
        book.write_record(connection, f"about:{VILLAGE}", kinds.ACCOUNT_ORDER, "0001", raw)
    book.obey_account_orders()
    net.settle()
    assert not shut(village) and net[TOWNSHIP].member.casebook.accounts_of(VILLAGE) == []
