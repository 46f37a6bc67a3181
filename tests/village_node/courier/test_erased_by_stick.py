"""What the county had erased comes back by no stick that was written before, whoever has it in a drawer."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders import COUNTY, TOWNSHIP, VILLAGE
from tests.closing import close_case, step
from tests.faults.images import image_of, restore
from tests.network import Network, network
from tests.village_node.casebook.test_erasing import bodies, order
from tests.village_node.casebook.test_erasing_matters import states
from tests.village_node.casebook.test_papers import add, on_disk
from tests.village_node.courier.sticks import hand, introduce
from village_node.casebook import CaseRef
from village_node.store.streams import ERASED, HERE

NAME = "欧阳删删"


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Network]:
    """A county, a township and a village that have met; the village knows the keys of both."""
    (tmp_path / "nodes").mkdir()
    made = network(tmp_path / "nodes")
    made.settle()
    introduce(hand(made.built, COUNTY), hand(made.built, VILLAGE), tmp_path / "keys")
    yield made
    made.close()


def on_sticks(net: Network, folder: Path) -> CaseRef:
    """A case with a paper, of which three sticks that nobody has brought yet hold what there was of it then."""
    village, township = hand(net.built, VILLAGE), hand(net.built, TOWNSHIP)
    ref = village.member.file(applicant_name=NAME)
    add(net, ref)
    village.write(folder / TOWNSHIP, TOWNSHIP)
    village.write(folder / COUNTY, COUNTY)
    net.settle()
    step(village.member, ref)
    net.settle()
    step(township.member, ref)
    township.write(folder / VILLAGE, VILLAGE)
    return ref


def is_gone(net: Network, ref: CaseRef, code: str) -> None:
    """Nothing of the case's words is held there: no body, no salt, no file, and no name in any database."""
    member = net[code].member
    assert bodies(member, ref).keys() == {ERASED} and on_disk(net, code) == []
    row = member.casebook.case_row(*ref[:2])
    assert row is not None and row.applicant_name is None
    assert member.store.scrub()
    folder = net.built.folder
    files = [folder / f"{code}.db", *(path for path in (folder / f"{code}.data").rglob("*") if path.is_file())]
    assert [path for path in files if NAME.encode() in path.read_bytes()] == []


def test_a_stick_from_before_the_order_brings_nothing_of_it_back(net: Network, tmp_path: Path) -> None:
    ref = on_sticks(net, tmp_path)
    close_case(net, ref)
    net.settle()
    assert all(bodies(net[code].member, ref).keys() == {HERE} for code in (COUNTY, TOWNSHIP, VILLAGE))
    order(net, ref)
    net.settle()
    for code in (COUNTY, TOWNSHIP, VILLAGE):
        is_gone(net, ref, code)
        hand(net.built, code).take(tmp_path / code)
        is_gone(net, ref, code)
    net.settle()
    for code in (COUNTY, TOWNSHIP, VILLAGE):
        is_gone(net, ref, code)
        counts = net[code].member.casebook.counts()
        assert [counts[name] for name in ("refused", "parked", "void", "contested", "forks")] == [0] * 5


def test_what_the_stick_gives_back_to_a_restored_township_is_erased_again(net: Network, tmp_path: Path) -> None:
    """Its disk is of before the case and of before the order; the stick knows the one and not the other."""
    image = image_of(net, TOWNSHIP, tmp_path)
    ref = on_sticks(net, tmp_path)
    close_case(net, ref)
    order(net, ref)
    net.settle()
    is_gone(net, ref, TOWNSHIP)
    net.wire.down.update((COUNTY, TOWNSHIP))
    restored = restore(net, TOWNSHIP, image, whole=False)
    hand(net.built, TOWNSHIP).take(tmp_path / TOWNSHIP)
    assert HERE in bodies(restored.member, ref), "nobody has told it of the order yet"
    net.wire.calm()
    net.settle()
    for code in (COUNTY, TOWNSHIP, VILLAGE):
        is_gone(net, ref, code)


def beside_the_cases(net: Network, folder: Path) -> str:
    """A consultation of which three sticks that nobody has brought yet hold what was said; its number."""
    village, township = hand(net.built, VILLAGE), hand(net.built, TOWNSHIP)
    said = {"question": "低保怎么申请", "outcome": "answered", "by": NAME, "contact": "13800004321", "told": "带户口簿"}
    number = village.member.casebook.consult("0001", {"agent"}, said)
    village.write(folder / TOWNSHIP, TOWNSHIP)
    village.write(folder / COUNTY, COUNTY)
    net.settle()
    second = village.member.casebook.consult("0001", {"agent"}, {**said, "question": "还要带什么"})
    net.settle()
    township.write(folder / VILLAGE, VILLAGE)
    assert number != second
    return number


def order_all(net: Network) -> int:
    county = net[COUNTY].member.casebook
    every = county.found_of({"head"}, NAME)
    for each in every:
        county.erase_matter("0009", "0010", each.key, "当事人申请")
    return len(every)


def is_forgotten(net: Network, code: str) -> None:
    """No consultation has a body there, and no database the name."""
    member = net[code].member
    assert states(member).keys() == {ERASED} and member.casebook.found_of({"head"}, NAME) == []
    assert member.store.scrub()
    folder = net.built.folder
    files = [folder / f"{code}.db", *(path for path in (folder / f"{code}.data").rglob("*") if path.is_file())]
    assert [path for path in files if NAME.encode() in path.read_bytes()] == []


def test_a_stick_from_before_the_order_brings_back_nothing_said_beside_the_cases(net: Network, tmp_path: Path) -> None:
    beside_the_cases(net, tmp_path)
    assert order_all(net) == 2
    net.settle()
    for code in (COUNTY, TOWNSHIP, VILLAGE):
        is_forgotten(net, code)
        hand(net.built, code).take(tmp_path / code)
        is_forgotten(net, code)
    net.settle()
    for code in (COUNTY, TOWNSHIP, VILLAGE):
        is_forgotten(net, code)
        counts = net[code].member.casebook.counts()
        assert [counts[name] for name in ("refused", "parked", "void", "contested", "forks")] == [0] * 5


def test_an_order_beside_the_cases_travels_by_stick_as_well(net: Network, tmp_path: Path) -> None:
    beside_the_cases(net, tmp_path)
    net.wire.down.update((COUNTY, TOWNSHIP))
    order_all(net)
    hand(net.built, COUNTY).write(tmp_path / "down", VILLAGE)
    assert states(net[VILLAGE].member).keys() == {HERE}
    hand(net.built, VILLAGE).take(tmp_path / "down")
    is_forgotten(net, VILLAGE)


@pytest.mark.parametrize("code", [TOWNSHIP, VILLAGE])
def test_a_backup_put_back_from_before_the_order_hears_of_it_and_forgets_again(
    net: Network, tmp_path: Path, code: str
) -> None:
    beside_the_cases(net, tmp_path)
    image = image_of(net, code, tmp_path)
    order_all(net)
    net.settle()
    is_forgotten(net, code)
    restored = restore(net, code, image, whole=False)
    assert states(restored.member).keys() == {HERE}, "the backup has them"
    net.settle()
    for each in (COUNTY, TOWNSHIP, VILLAGE):
        is_forgotten(net, each)


def test_a_county_put_back_from_before_its_order_gets_it_back_from_below_and_obeys_it(
    net: Network, tmp_path: Path
) -> None:
    beside_the_cases(net, tmp_path)
    image = image_of(net, COUNTY, tmp_path)
    order_all(net)
    net.settle()
    restored = restore(net, COUNTY, image, whole=False)
    assert states(restored.member).keys() == {HERE}, "the backup has them"
    net.settle()
    for code in (COUNTY, TOWNSHIP, VILLAGE):
        is_forgotten(net, code)
