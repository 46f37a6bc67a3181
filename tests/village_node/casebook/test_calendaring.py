"""The county publishes its calendar and every node counts by it; lists know when the grades of a case begin."""

from datetime import date

import pytest

from sync_protocol import encoding
from sync_protocol.case import kinds
from sync_protocol.case.calendars import Announcement
from sync_protocol.case.workdays import Calendar, Span, Year, day_of_year, unannounced
from sync_protocol.places import below
from sync_protocol.stream import Draft, append
from tests.builders import COUNTY, TOWNSHIP, VILLAGE, Member, Network, settle
from tests.sync_protocol.case.year_2026 import CALENDAR, YEAR_2026, YEAR_2027
from village_node.casebook import BadBody, CaseRef, NotAllowed, NotFound, Stale, ledger
from village_node.casebook.calendaring import digest_of
from village_node.casebook.ledger import Entry
from village_node.store import Connection

HEAD = frozenset({"head"})
DAY_MS = 86_400_000


def nine(month: int, day: int, year: int = 2026) -> int:
    return (date(year, month, day) - date(1970, 1, 1)).days * DAY_MS + 3_600_000


def everywhere(net: Network) -> None:
    """All three nodes hold the same."""
    for _ in range(2):
        settle(net.members[VILLAGE], net.members[TOWNSHIP])
        settle(net.members[TOWNSHIP], net.members[COUNTY])


def closing(*days: date, name: str = "防汛停工") -> Announcement:
    """The year with days off beside the holidays."""
    numbers = [day_of_year(day) for day in days]
    spans = [Span(number, number, name, "庆政办发〔2026〕31号") for number in numbers]
    year = YEAR_2026._replace(off=YEAR_2026.off.union(numbers), spans=(*YEAR_2026.spans, *spans))
    return Announcement(2026, year, "防汛，全县停工")


def docketed(net: Network, month: int, day: int) -> CaseRef:
    """A case of item 001 filed, handed on and accepted for processing on one day."""
    net.clock.now_ms = nine(month, day)
    village, township = net.members[VILLAGE], net.members[TOWNSHIP]
    ref = village.file()
    village.act(ref, kinds.HANDOFF, {"to": TOWNSHIP, "purpose": "accept"})
    everywhere(net)
    township.act(ref, kinds.ACCEPT)
    township.act(ref, kinds.DOCKET, {"promised_days": 5})
    everywhere(net)
    return ref


def due(member: Member, ref: CaseRef) -> date:
    """What the case's own page says."""
    clock = member.casebook.clock_of((ref.scope, ref.case_id))
    assert clock is not None and clock.clocks.leading is not None
    return clock.clocks.leading.due


def test_what_the_county_knows_is_published_once_and_every_node_counts_by_it(net: Network) -> None:
    county = net.members[COUNTY].casebook
    county.own_calendar = CALENDAR
    assert county.publish_known_years() == [2026]  # nothing is announced of 2027
    assert county.publish_known_years() == []
    everywhere(net)
    seen = {member.casebook.calendar().version for member in net.members.values()}
    assert len(seen) == 1 and seen.pop().startswith("2026-")
    assert net.members[VILLAGE].casebook.calendar().year(2026) == YEAR_2026
    assert net.members[VILLAGE].casebook.publish_known_years() == []


def test_a_village_that_has_heard_none_counts_by_its_own(net: Network) -> None:
    village = net.members[VILLAGE].casebook
    village.own_calendar = Calendar("holidays-0", {2026: YEAR_2026})
    village.calendar_kept = None
    assert village.calendar().version == "holidays-0"
    computed = Calendar("holidays-1", {2026: YEAR_2026, 2027: YEAR_2027})
    village.own_calendar, village.calendar_kept = computed, None
    assert village.calendar().year(2027) == unannounced(2027), (
        "what one version computes of a year to come another may not"
    )
    # What arrives takes its place at once.
    county = net.members[COUNTY].casebook
    county.own_calendar = CALENDAR
    county.announce("0001", HEAD, Announcement(2027, YEAR_2027, "预计"))
    everywhere(net)
    assert village.calendar().year(2027) == YEAR_2027


def test_a_year_that_is_announced_at_last_is_published_over_what_was_computed(net: Network) -> None:
    county = net.members[COUNTY].casebook
    county.own_calendar = CALENDAR
    county.announce("0001", HEAD, Announcement(2026, YEAR_2026, "按通知"))
    county.announce("0001", HEAD, Announcement(2027, YEAR_2027, "预计"))
    announced = Year.of_days([date(2027, 1, 1)], [date(2027, 1, 3)], "国办发明电〔2026〕8号")
    county.own_calendar = Calendar("newer", {2026: Year(), 2027: announced})
    assert county.publish_known_years() == [2027]
    assert county.calendar().year(2027) == announced
    assert county.calendar().year(2026) == YEAR_2026  # what was published as announced stays


def test_a_closure_to_come_moves_the_due_date_on_every_node(net: Network) -> None:
    ref = docketed(net, 9, 28)
    county = net.members[COUNTY].casebook
    county.announce("0001", HEAD, Announcement(2026, YEAR_2026, "按通知"))
    everywhere(net)
    # Tue 29, Wed 30 are 1, 2; the holiday; Thu 8, Fri 9, Sat 10 (make-up) October are 3, 4, 5.
    assert {due(member, ref) for member in net.members.values()} == {date(2026, 10, 10)}
    assert county.announce("0001", HEAD, closing(date(2026, 10, 9)))
    everywhere(net)
    assert {due(member, ref) for member in net.members.values()} == {date(2026, 10, 12)}
    clock = net.members[VILLAGE].casebook.clock_of((ref.scope, ref.case_id))
    assert clock is not None
    net.clock.now_ms = nine(10, 12)
    lines = {line.day.day: line for line in net.members[VILLAGE].casebook.clock_of(ref[:2]).lines}  # type: ignore[union-attr]
    assert (lines[date(2026, 10, 9)].day.name, lines[date(2026, 10, 9)].day.document_no) == (
        "防汛停工",
        "庆政办发〔2026〕31号",
    )


def test_a_day_gone_by_is_closed_only_by_two_persons(net: Network) -> None:
    county = net.members[COUNTY].casebook
    net.clock.now_ms = nine(9, 28)
    county.announce("0001", HEAD, Announcement(2026, YEAR_2026, "按通知"))
    said = closing(date(2026, 9, 22))
    assert not county.announce("0001", HEAD, said)
    assert county.calendar().year(2026) == YEAR_2026
    assert county.calendar_proposed() == ("0001", said)
    with pytest.raises(NotAllowed, match="who proposed"):
        county.answer_calendar("0001", HEAD, confirmed=True)
    with pytest.raises(Stale):
        county.answer_calendar("0002", HEAD, confirmed=True, shown=digest_of(closing(date(2026, 9, 23))))
    county.answer_calendar("0002", HEAD, confirmed=True, shown=digest_of(said))
    held = county.calendars_in_force()[2026].said
    assert (held.year, held.proposer, held.confirmer) == (said.year, "0001", "0002")
    with pytest.raises(NotFound):
        county.answer_calendar("0002", HEAD, confirmed=True)
    assert not county.announce("0001", HEAD, closing(date(2026, 9, 23)))
    county.answer_calendar("0001", HEAD, confirmed=False)
    assert county.calendar_proposed() is None and county.calendar().year(2026) == said.year


def test_who_may_publish_and_what_a_form_must_say(net: Network) -> None:
    said = Announcement(2026, YEAR_2026, "按通知")
    with pytest.raises(NotAllowed, match="business section"):
        net.members[TOWNSHIP].casebook.announce("0001", HEAD, said)
    with pytest.raises(NotAllowed, match="business section"):
        net.members[COUNTY].casebook.announce("0001", frozenset({"window"}), said)
    with pytest.raises(BadBody) as wrong:
        net.members[COUNTY].casebook.announce("0001", HEAD, said._replace(reason=""))
    assert wrong.value.field == "reason"


def test_a_calendar_that_cannot_be_read_is_kept_and_says_nothing(net: Network) -> None:
    county = net.members[COUNTY].casebook
    county.announce("0001", HEAD, Announcement(2026, YEAR_2026, "按通知"))
    before = county.calendar().version
    body, said = encoding.encode({0: 2026}), Announcement(2026, YEAR_2026, "按通知")
    county._act(lambda connection: (None, county._publish_year(connection, "0001", body, "calendar.publish", said)))

    def act(connection: Connection) -> tuple[None, set[str]]:
        scope = below(COUNTY)
        growth = county._locked_stream(connection, scope)
        draft = Draft(kinds.CALENDAR, 9, None, growth.row.hlc + 1, 0, "", encoding.encode({}), apart=False)
        growth.events.append(append(growth.row.stream_id, growth.head, draft, None))
        ledger.write(county, connection, Entry(county.roster_in(connection), 0, {growth.row.key: growth}))
        return None, {scope}

    county._act(act)
    everywhere(net)
    assert {member.casebook.calendar().version for member in net.members.values()} == {before}


def test_the_list_of_what_is_to_be_done_puts_the_most_pressing_first(net: Network) -> None:
    net.members[TOWNSHIP].casebook.own_calendar = CALENDAR
    early, late = docketed(net, 9, 21), docketed(net, 9, 28)
    township = net.members[TOWNSHIP].casebook
    order = [row.case_id for row in township.work_list("mine").rows]
    assert order == [early.case_id, late.case_id]
    # Of the promised 5 days: Mon 21 is not counted; 22 to 24 are 3, Mon 28 is 4 (yellow), Tue 29 is 5, Wed 30 is 6.
    grades = {}
    for day in (28, 29, 30):
        net.clock.now_ms = nine(9, day)
        grades[day] = [row.grade_on(date(2026, 9, day)) for row in township.work_list("mine").rows]
        assert township.graded() == {grade: grades[day].count(grade) for grade in grades[day] if grade}
    assert grades == {28: ["yellow", ""], 29: ["yellow", ""], 30: ["red", ""]}
    # A longer list of everything has the newest first.
    assert [row.case_id for row in township.work_list("all").rows] == [late.case_id, early.case_id]


def test_rows_made_by_another_calendar_are_made_again(net: Network) -> None:
    ref = docketed(net, 9, 28)
    township, county = net.members[TOWNSHIP].casebook, net.members[COUNTY].casebook

    def due_day() -> int | None:
        row = township.case_row(ref.scope, ref.case_id)
        assert row is not None
        return row.due_day

    assert due_day() == (date(2026, 10, 7) - date(1970, 1, 1)).days  # 1 and 2 October are off by law
    township.follow_calendar()
    county.announce("0001", HEAD, Announcement(2026, YEAR_2026, "按通知"))
    everywhere(net)
    assert township.follow_calendar() == 1
    assert due_day() == (date(2026, 10, 10) - date(1970, 1, 1)).days
    assert township.follow_calendar() == 0


def test_closed_cases_are_counted_by_another_calendar_where_it_moves_a_day_of_theirs(net: Network) -> None:
    member = net.members[COUNTY]
    county = member.casebook
    county.announce("0001", HEAD, Announcement(2026, YEAR_2026, "按通知"))
    everywhere(net)
    ref = docketed(net, 9, 21)
    township = net.members[TOWNSHIP]
    township.act(ref, kinds.REVIEW, {"opinion": "agree"})
    township.act(ref, kinds.HANDOFF, {"to": COUNTY, "purpose": "decide"})
    everywhere(net)
    net.clock.now_ms = nine(9, 28)
    member.act(ref, kinds.ACCEPT)
    member.act(ref, kinds.DECIDE, {"outcome": "approve", "reasons": "符合条件"})
    member.act(ref, kinds.DELIVERED, {"to": "张秀兰", "how": "in_person"})
    case = county.case(ref.scope, ref.case_id)
    assert case is not None
    member.act(ref, kinds.ARCHIVE, {"delivery": list(case.deliveries[0].position), "volume": "2026-1"})
    county.follow_calendar()

    def days() -> tuple[int | None, int | None, int | None]:
        row = county.case_row(ref.scope, ref.case_id)
        assert row is not None and row.state == "archived"
        return row.settled_used, row.transfer_days, row.owed_day

    def since_1970(day: int) -> int:
        return (date(2026, 9, day) - date(1970, 1, 1)).days

    # Of the promised 5 days the 22nd to the 24th and the 28th are used, the 25th is off; the 29th was left.
    assert days() == (4, 4, since_1970(29))
    county.announce("0001", HEAD, Announcement(2027, YEAR_2027, "按通知"))
    assert county.follow_calendar() == 0, "no day of it lies in that year"
    county.announce("0001", HEAD, closing(date(2026, 9, 23)))
    proposed = county.calendar_proposed()
    assert proposed is not None
    county.answer_calendar("0002", HEAD, confirmed=True, shown=digest_of(proposed[1]))
    assert county.follow_calendar() == 1
    assert (county.left_to_fold(), days()) == (1, (4, 4, since_1970(29))), "nobody waits for it"
    assert county.fold_slice() == 1
    assert (county.left_to_fold(), days()) == (0, (3, 3, since_1970(30)))


def test_every_row_agrees_with_the_clock_of_its_case(net: Network) -> None:
    ref = docketed(net, 9, 21)
    township = net.members[TOWNSHIP]
    township.act(ref, kinds.RETURN_FOR_CORRECTION, {"marks": [["身份证", "不清楚"]]})
    for day in range(21, 31):
        net.clock.now_ms = nine(9, day)
        row, clock = township.casebook.case_row(*ref[:2]), township.casebook.clock_of(ref[:2])
        assert row is not None and clock is not None
        assert row.grade_on(date(2026, 9, day)) == clock.clocks.grade
