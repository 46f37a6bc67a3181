"""Each department of a joint case is a record with its own days and grade; an action is open until it is done."""

from datetime import date

from sync_protocol.case import Case, Position, kinds
from sync_protocol.case.facts import Exclusion
from sync_protocol.case.joint import Member, members, refusing, unsigned
from sync_protocol.case.meetings import actions, grade_of, open_actions
from tests.sync_protocol.case.histories import catalogue
from tests.sync_protocol.case.script import TOWNSHIP, Script
from tests.sync_protocol.case.test_legal_dates import at, on, relayed, told
from tests.sync_protocol.case.year_2026 import CALENDAR

LAND, FARM, OTHER = "自然资源所", "农业综合服务中心", "派出所"


def asked(*departments: str) -> tuple[Script, Position]:
    """Asked on Wednesday 11 March; each of the item's own departments has five working days."""
    script = relayed("007")
    script.review(TOWNSHIP, claimed_ms=at(3, 10))
    opened = script.write(TOWNSHIP, kinds.COUNTERSIGN_OPEN, {0: [*departments]}, claimed_ms=at(3, 11))
    return script, opened


def sign(script: Script, opened: Position, member: str, day: int, opinion: str = "agree") -> Position:
    body = {0: list(opened), 1: member, 2: opinion, 3: "说明"}
    return script.write(TOWNSHIP, kinds.COUNTERSIGNATURE, body, claimed_ms=at(3, day))


def close(script: Script, opened: Position, *signed: Position, day: int) -> None:
    body = {0: list(opened), 1: [list(each) for each in signed], 2: "未答复"}
    script.write(TOWNSHIP, kinds.COUNTERSIGN_CLOSE, body, after=opened, claimed_ms=at(3, day))


def found(script: Script, day: date) -> dict[str, Member]:
    return {each.department: each for each in members(script.fold(), catalogue().item("007"), CALENDAR, day)}


def test_a_department_has_the_days_of_the_item_from_when_it_was_asked() -> None:
    script, opened = asked(LAND, FARM, OTHER)
    first = found(script, on(3, 11))[LAND]
    assert (first.opened, first.since, first.limit, first.used, first.due, first.grade) == (
        opened, on(3, 11), 5, 0, on(3, 18), "",
    )  # fmt: skip
    # Notice at half of its days, yellow beyond them, and never red.
    grades = [(found(script, on(3, day))[LAND].used, found(script, on(3, day))[LAND].grade) for day in range(12, 20)]
    assert grades == [(1, ""), (2, ""), (2, ""), (2, ""), (3, "notice"), (4, "notice"), (5, "notice"), (6, "yellow")]
    assert found(script, on(6, 30))[LAND].grade == "yellow"
    # Whom the item does not name has no days of its own, and no grade.
    other = found(script, on(6, 30))[OTHER]
    assert (other.limit, other.due, other.grade) == (None, None, "") and other.waits


def test_what_was_signed_stops_the_days_and_the_card_stays() -> None:
    script, opened = asked(LAND, FARM)
    early = sign(script, opened, LAND, 16)
    assert unsigned(script.fold()) == [FARM]
    late = sign(script, opened, FARM, 20, "disagree")
    assert unsigned(script.fold()) == []
    seen = found(script, on(4, 30))
    assert (seen[LAND].used, seen[LAND].grade, seen[LAND].signed, seen[LAND].waits) == (3, "", on(3, 16), False)
    assert (seen[FARM].used, seen[FARM].grade, seen[FARM].signed) == (7, "yellow", on(3, 20))
    word = seen[LAND].note
    assert word is not None and word.position == early
    assert refusing(script.fold()) == []  # nothing has been ended yet
    close(script, opened, early, late, day=23)
    assert found(script, on(4, 30))[FARM].over and refusing(script.fold()) == [FARM]


def test_the_end_without_a_department_ends_its_days() -> None:
    script, opened = asked(LAND, FARM)
    close(script, opened, sign(script, opened, LAND, 12), day=13)
    last = found(script, on(4, 30))[FARM]
    assert (last.used, last.grade, last.signed, last.note, last.waits) == (2, "", None, None, False)
    assert unsigned(script.fold()) == []
    # A word that comes after the end is shown, and counts for nothing.
    sign(script, opened, FARM, 30, "disagree")
    assert (found(script, on(4, 30))[FARM].used, found(script, on(4, 30))[FARM].note) == (2, None)
    assert refusing(script.fold()) == []


def test_of_two_words_the_first_stops_the_days_and_the_one_that_the_end_names_counts() -> None:
    script, opened = asked(LAND)
    sign(script, opened, LAND, 12, "disagree")
    second = sign(script, opened, LAND, 16)
    assert found(script, on(3, 20))[LAND].signed == on(3, 12)
    assert found(script, on(3, 20))[LAND].note is not None
    close(script, opened, second, day=17)
    assert refusing(script.fold()) == []


def test_the_days_of_one_that_ends_without_all_are_the_members_until_its_end() -> None:
    script, opened = asked(LAND, FARM)
    close(script, opened, sign(script, opened, LAND, 12), day=17)
    sign(script, opened, FARM, 18)
    assert told(script).exclusions == (Exclusion("countersign", on(3, 11), on(3, 17)),)


def met(*due: str) -> tuple[Script, Position]:
    script = relayed("007")
    todo = [[f"第{number}件事", "李四", day] for number, day in enumerate(due, start=1)]
    body = {0: "2026-03-11", 1: ["张三", "李四"], 2: "加快办理", **({3: todo} if todo else {})}
    return script, script.write(TOWNSHIP, kinds.MEETING, body, claimed_ms=at(3, 11))


def done(script: Script, meeting: Position, number: int, result: str) -> Position:
    return script.write(TOWNSHIP, kinds.ACTION_DONE, {0: list(meeting), 1: number, 2: result}, claimed_ms=at(3, 13))


def test_an_action_is_open_until_somebody_says_what_came_of_it() -> None:
    script, meeting = met("2026-03-25", "2026-03-18")
    assert [(each.number, each.due) for each in open_actions(script.fold())] == [(2, on(3, 18)), (1, on(3, 25))]
    done(script, meeting, 2, "已踏勘")
    done(script, meeting, 2, "又说一遍")
    done(script, meeting, 9, "没有这一项")
    case: Case = script.fold()
    assert [each.number for each in open_actions(case)] == [1]
    assert [each.done.body["result"] if each.done else None for each in actions(case)] == [None, "已踏勘"]
    assert all(verdict.code == "effective" for verdict in case.verdicts.values())


def test_an_action_has_a_notice_at_half_its_days_and_a_yellow_card_when_its_day_has_passed() -> None:
    script, meeting = met("2026-03-18")
    action = open_actions(script.fold())[0]
    grades = [grade_of(action, CALENDAR, on(3, day)) for day in (11, 13, 16, 18, 19)]
    assert grades == ["", "", "notice", "notice", "yellow"]
    assert grade_of(action, CALENDAR, on(6, 30)) == "yellow"
    done(script, meeting, 1, "已踏勘")
    assert grade_of(actions(script.fold())[0], CALENDAR, on(6, 30)) == ""


def test_minutes_may_give_nobody_anything_to_do() -> None:
    script, _ = met()
    assert actions(script.fold()) == [] and len(script.fold().meetings) == 1
