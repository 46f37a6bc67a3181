"""What is erased beside the cases is found by whose it is, and gone everywhere once it has ended."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sync_protocol.case import kinds, matters
from sync_protocol.case.events import Position
from tests.builders import COUNTY, SECOND_VILLAGE, TOWNSHIP, VILLAGE, Member
from tests.network import Network, network
from tests.postgresql import Cluster
from tests.village_node.casebook import contender
from tests.village_node.casebook.test_erasing import _write_order
from village_node.casebook import BadBody, Found, NotAllowed, NotFound
from village_node.store import reception, streams
from village_node.store.reception import Appointment
from village_node.store.streams import ERASED, HERE

NAME, PHONE, CARD = "欧阳删删", "13800004321", "11010519491231002X"
BASIS = "当事人申请，依个人信息保护法第四十七条"
HEADS = frozenset({"head", "leader"})
EVERY = (COUNTY, TOWNSHIP, VILLAGE, SECOND_VILLAGE)
DAY_MS = 86_400_000


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Network]:
    """A county, a township and two villages that have met; the township and the county hear complaints."""
    made = network(tmp_path, *EVERY)
    made.settle()
    made[TOWNSHIP].member.casebook.open_complaints("0101", {"head"})
    made[COUNTY].member.casebook.open_complaints("1101", {"supervisor"})
    made.settle()
    yield made
    made.close()


def consult(net: Network, outcome: str = "answered") -> str:
    told = {"told": f"请{NAME}带户口簿"} if outcome == "answered" else {}
    said = {"question": "低保怎么申请", "outcome": outcome, "by": NAME, "contact": PHONE, **told}
    return net[VILLAGE].member.casebook.consult("0001", {"agent"}, said)


def bring(net: Network) -> str:
    ref = net[SECOND_VILLAGE].member.file()
    said = {"case_no": ref.case_no, "what": "note", "by": NAME, "contact": PHONE, "text": "想补一句话"}
    return net[VILLAGE].member.casebook.bring("0001", {"agent"}, said)


def complain(net: Network, place: str = VILLAGE, who: str = "窗口的小王") -> str:
    said = {"text": "推诿", "place": place, "who": who, "by": NAME, "contact": PHONE}
    return net[SECOND_VILLAGE].member.casebook.complain("0001", {"agent"}, said).number


def declare(net: Network, **more: object) -> str:
    said = {"staff_no": "0001", "kin_name": NAME, "kin_id_no": CARD, "relation": "表亲", **more}
    net[VILLAGE].member.casebook.enter("0009", {"head"}, kinds.KIN, said)
    return CARD


def found(net: Network, typed: str = NAME, roles: frozenset[str] = HEADS, code: str = COUNTY) -> list[Found]:
    return net[code].member.casebook.found_of(roles, typed)


def erase(net: Network, key: str, by: str = "0009", approver: str = "0010") -> Found:
    return net[COUNTY].member.casebook.erase_matter(by, approver, key, BASIS)


def states(member: Member) -> dict[int, int]:
    """How many bodies of what is held beside the cases are in which state."""
    made: dict[int, int] = {}
    with member.store.reading() as connection:
        for kind in matters.KINDS:
            for row in streams.of_no_case(connection, kind):
                assert (row.event.salt is None) == (row.event.body is None) == (row.event.body_state != HERE)
                made[row.event.body_state] = made.get(row.event.body_state, 0) + 1
    return made


def no_name_is_left(net: Network) -> None:
    for live in net.nodes.values():
        assert live.member.store.scrub()
    files = [path for path in net.built.folder.rglob("*") if path.is_file()]
    for word in (NAME, PHONE, CARD):
        assert [path for path in files if word.encode() in path.read_bytes()] == [], word


def answer_slip(net: Network, number: str) -> None:
    net[TOWNSHIP].member.casebook.decline("0101", {"clerk"}, number, f"{NAME}已经交过")


def test_everything_of_a_person_is_found_and_gone_at_every_node(net: Network) -> None:
    numbers = {consult(net), bring(net)}
    declare(net)
    declare(net, withdrawn=True)
    net.settle()
    for number in [each.number for each in found(net) if each.what == "slip"]:
        answer_slip(net, number)
    net.settle()
    every = found(net)
    assert [(each.what, each.bodies, each.runs) for each in sorted(every)] == [
        ("consultation", 1, False), ("kin", 2, False), ("slip", 2, False),
    ]  # fmt: skip
    assert {each.number for each in every if each.what != "kin"} == numbers
    assert {each.place for each in every} == {VILLAGE} and {each.by for each in every} == {NAME}
    assert all(states(net[code].member) == {HERE: 5} for code in (COUNTY, TOWNSHIP, VILLAGE))
    before = net[VILLAGE].member.casebook.brought(), net[VILLAGE].member.casebook.consultations()
    assert [len(each) for each in before] == [1, 1]
    for each in every:
        assert erase(net, each.key) == each
    net.settle()
    for code in (COUNTY, TOWNSHIP, VILLAGE):
        book = net[code].member.casebook
        assert states(net[code].member) == {ERASED: 5}, code
        assert found(net, code=code) == [] and book.brought() == [] and book.consultations() == []
        assert book.counts()["void"] == 0
    no_name_is_left(net)
    assert net.points(COUNTY, TOWNSHIP) == net.points(TOWNSHIP, TOWNSHIP)
    with pytest.raises(NotFound, match="erased already"):
        erase(net, every[0].key)


@pytest.mark.parametrize(
    ("typed", "what"),
    [
        ("欧阳 删删", {"consultation", "kin"}),
        ("138 0000-4321", {"consultation"}),
        ("１３８００００４３２１", {"consultation"}),
        ("110105 19491231002x", {"kin"}),
        ("诸葛", set()),
        ("13900000000", set()),
    ],
)
def test_a_person_is_found_by_name_telephone_and_card_however_they_are_spelled(
    net: Network, typed: str, what: set[str]
) -> None:
    consult(net)
    declare(net)
    net.settle()
    assert {each.what for each in found(net, typed)} == what
    (number,) = [each.number for each in found(net) if each.what == "consultation"]
    assert [each.number for each in found(net, number.lower())] == [number]


@pytest.mark.parametrize("typed", ["", "删", "12345", " - "])
def test_a_word_that_would_find_everybody_is_refused(net: Network, typed: str) -> None:
    with pytest.raises(BadBody) as refused:
        found(net, typed)
    assert refused.value.field == "text"


@pytest.mark.parametrize("what", ["consultation", "slip", "complaint", "kin"])
def test_what_still_runs_is_not_erased_and_the_reason_says_what_is_to_be_done(net: Network, what: str) -> None:
    number = {
        "consultation": lambda: consult(net, "open"),
        "slip": lambda: bring(net),
        "complaint": lambda: complain(net, TOWNSHIP),
        "kin": lambda: declare(net, last="2027-01-01"),
    }[what]()
    net.settle()
    (each,) = found(net, number)
    assert each.what == what and each.runs
    with pytest.raises(NotAllowed, match="first"):
        erase(net, each.key)
    assert ERASED not in states(net[COUNTY].member)
    end: dict[str, Callable[[], object]] = {
        "consultation": lambda: net[VILLAGE].member.casebook.follow_consultation(
            "0001", {"agent"}, number, {"outcome": "led", "to": "县医保局"}
        ),
        "slip": lambda: answer_slip(net, number),
        "complaint": lambda: net[COUNTY].member.casebook.answer_complaint(
            "1101", {"supervisor"}, number, {"outcome": "upheld", "text": "已责成改正"}
        ),
        "kin": lambda: setattr(net.built.clock, "now_ms", net.built.clock.now_ms + 400 * DAY_MS),
    }
    end[what]()
    net.settle()
    assert not erase(net, each.key).runs
    net.settle()
    for code in (COUNTY, TOWNSHIP):
        assert states(net[code].member).keys() == {ERASED}, code


def test_a_complaint_is_found_by_its_number_and_by_its_words_only_for_who_hears_it(net: Network) -> None:
    number = complain(net, TOWNSHIP)
    net.settle()
    assert found(net) == [], "a head might be the one complained of"
    (each,) = found(net, number)
    assert (each.what, each.by, each.contact) == ("complaint", "", "")
    assert [one.number for one in found(net, roles=frozenset({"head", "supervisor"}))] == [number]
    assert found(net, roles=frozenset({"supervisor"}), code=TOWNSHIP) == [], "it is sealed to the county"


def test_nobody_has_a_complaint_about_themselves_erased(net: Network) -> None:
    number = complain(net, TOWNSHIP, "工号 0010 的人")
    net.settle()
    net[COUNTY].member.casebook.answer_complaint(
        "1101", {"supervisor"}, number, {"outcome": "partly", "text": "已谈话"}
    )
    (each,) = found(net, number)
    for by, approver in (("0009", "0010"), ("0010", "0009")):
        with pytest.raises(NotAllowed, match="about one of you"):
            erase(net, each.key, by, approver)
    assert erase(net, each.key, "0009", "0011").bodies == 2


def test_only_two_people_of_the_county_order_it_and_say_on_what_basis(net: Network) -> None:
    consult(net)
    net.settle()
    (each,) = found(net)
    with pytest.raises(NotAllowed, match="two people"):
        erase(net, each.key, "0009", "0009")
    with pytest.raises(NotAllowed, match="root place"):
        net[TOWNSHIP].member.casebook.erase_matter("0009", "0010", each.key, BASIS)
    with pytest.raises(BadBody) as refused:
        net[COUNTY].member.casebook.erase_matter("0009", "0010", each.key, "")
    assert refused.value.field == "basis"
    for key in ("", "slip", each.key.replace("consultation", "slip"), each.key[:-1], "booking:x:y", "kin:51:zz"):
        with pytest.raises(NotFound):
            erase(net, key)
    assert ERASED not in states(net[COUNTY].member)


def test_a_number_from_the_paper_is_enough_for_the_command_line(net: Network) -> None:
    number = consult(net)
    net.settle()
    book = net[COUNTY].member.casebook
    (each,) = found(net)
    assert book.key_of_number(number.lower()) == book.key_of_number(each.key) == each.key
    for typed in (number[:-1], re.sub("^6", "7", number), "删删"):
        with pytest.raises(NotFound):
            book.key_of_number(typed)


def test_more_records_than_one_order_names_go_with_several(net: Network) -> None:
    number = consult(net, "open")
    village = net[VILLAGE].member.casebook
    for _ in range(41):
        village.follow_consultation("0001", {"agent"}, number, {"outcome": "open", "told": f"{NAME}，还在问"})
    village.follow_consultation("0001", {"agent"}, number, {"outcome": "led", "to": "县医保局"})
    net.settle()
    (each,) = found(net)
    assert erase(net, each.key).bodies == 43
    net.settle()
    for code in (COUNTY, TOWNSHIP, VILLAGE):
        assert states(net[code].member) == {ERASED: 43}
    no_name_is_left(net)


def test_calls_about_it_go_with_it_and_what_belongs_to_another_stays(net: Network) -> None:
    village = net[VILLAGE].member.casebook
    number, other = consult(net, "open"), consult(net)
    village.follow_consultation("0001", {"agent"}, number, {"outcome": "answered", "told": "可以"})
    village.call_back("0002", {"agent"}, number, {"reached": True, "text": f"{NAME}说知道了"})
    net.settle()
    mine = next(each for each in found(net) if each.number == number)
    assert mine.bodies == 3
    erase(net, mine.key)
    net.settle()
    for code in (COUNTY, TOWNSHIP, VILLAGE):
        assert states(net[code].member) == {ERASED: 3, HERE: 1}
    assert [each.number for each in found(net)] == [other] == [each.number for each in village.consultations()]


def test_a_call_that_comes_after_the_order_is_found_and_erased_as_well(net: Network) -> None:
    village = net[VILLAGE].member.casebook
    number, slip = consult(net, "open"), bring(net)
    village.follow_consultation("0001", {"agent"}, number, {"outcome": "answered", "told": "可以"})
    net.settle()
    answer_slip(net, slip)
    village.call_back("0002", {"agent"}, number, {"reached": True, "text": f"{NAME}说知道了"})
    for each in found(net):
        if each.what == "consultation":
            assert erase(net, each.key).bodies == 2
    net.settle()
    (late,) = [each for each in found(net) if each.what == "call"]
    assert (late.number, late.place, late.runs, late.bodies) == (number, VILLAGE, False, 1)
    assert net[COUNTY].member.casebook.key_of_number(number) == late.key
    assert erase(net, late.key) == late
    for each in found(net):
        erase(net, each.key)
    net.settle()
    assert found(net) == []
    for code in (COUNTY, TOWNSHIP, VILLAGE):
        assert states(net[code].member).keys() == {ERASED}, code
    no_name_is_left(net)


@pytest.mark.parametrize(
    ("typed", "many"), [("13900004321", 1), ("+86 139 0000 4321", 1), ("110105199004321", 0), ("054321", 0)]
)
def test_a_booking_is_found_by_the_end_of_a_telephone_and_of_no_other_number(
    net: Network, typed: str, many: int
) -> None:
    county = net[COUNTY].member
    with county.store.writing() as connection:
        row = Appointment(0, "2026-09-22", "09:00", NAME, "001", "4321", "0001", county.clock(), reception.BOOKED)
        reception.book(connection, row)
    assert [each.what for each in found(net, typed)] == ["booking"] * many


@pytest.mark.parametrize("typed", [NAME, PHONE])
def test_a_booking_of_the_county_s_own_room_loses_its_name_once_its_time_is_past(net: Network, typed: str) -> None:
    county = net[COUNTY].member
    book, day = county.casebook, "2026-09-22"
    with county.store.writing() as connection:
        for state in (reception.BOOKED, reception.CANCELLED, reception.GONE):
            row = Appointment(0, day, "09:00", NAME, "001", PHONE[-4:], "0001", county.clock(), state)
            reception.book(connection, row)
    booked, cancelled, gone = found(net, typed)
    assert [each.what for each in (booked, cancelled, gone)] == ["booking"] * 3
    assert [each.runs for each in (booked, cancelled, gone)] == [True, False, False]
    with pytest.raises(NotAllowed, match="to come"):
        erase(net, booked.key)
    with pytest.raises(NotAllowed, match="two people"):
        erase(net, cancelled.key, "0009", "0009")
    assert erase(net, cancelled.key) == cancelled and found(net, typed) == [booked, gone]
    net.built.clock.now_ms += 3 * DAY_MS
    erase(net, booked.key)
    erase(net, gone.key)
    assert found(net, typed) == [] and [each.slot for each in book.appointments(day)] == ["09:00", "09:00"]
    with pytest.raises(NotFound):
        erase(net, booked.key)
    no_name_is_left(net)


def test_an_order_that_came_before_what_it_names_takes_the_body_as_it_comes(net: Network) -> None:
    """The consultation is on its way up while a county that knew of it before writes the order."""
    consult(net)
    village, county = net[VILLAGE].member, net[COUNTY].member
    with village.store.reading() as connection:
        (row,) = streams.of_no_case(connection, kinds.CONSULTATION)
    _write_order(county, row.scope, (Position(row.incarnation, row.event.seq, row.event.hash[:8]),))
    net[TOWNSHIP].sync()
    net.settle()
    for code in (VILLAGE, TOWNSHIP, COUNTY):
        assert states(net[code].member) == {ERASED: 1}, code
        assert net[code].member.casebook.wanted(TOWNSHIP) == []
    no_name_is_left(net)


@pytest.mark.postgres
def test_what_one_worker_has_erased_is_not_found_by_another(cluster: Cluster, tmp_path: Path) -> None:
    url = cluster.database()
    one, other = contender.county(tmp_path, url, 1), contender.county(tmp_path, url, 2)
    try:
        said = {"question": "低保怎么申请", "outcome": "answered", "by": NAME, "contact": PHONE, "told": "带户口簿"}
        number = one.casebook.consult("0001", {"window"}, said)
        (found,) = other.casebook.found_of(HEADS, PHONE)
        assert [each.number for each in other.casebook.consultations()] == [number] == [found.number]
        assert one.casebook.erase_matter("0009", "0010", found.key, BASIS) == found
        assert other.casebook.found_of(HEADS, PHONE) == [] and other.casebook.consultations() == []
        assert states(other) == {ERASED: 1} and [each.bodies for each in other.casebook.orders_given(5)] == [1]
    finally:
        for each in (one, other):
            each.store.close()
