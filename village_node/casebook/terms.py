"""What the calendar says to somebody about to act: when a term ends, that a limit has passed, what may be promised."""

from collections.abc import Iterable
from datetime import date
from typing import Any, Final

from sync_protocol.case import Case, clock, kinds, legal_dates, promises
from sync_protocol.case.clock import Clocks
from sync_protocol.case.workdays import day_of
from sync_protocol.roster import Roster
from village_node.casebook import conditions
from village_node.casebook.calendars import calendar_in
from village_node.casebook.conditions import Words
from village_node.casebook.errors import BadBody
from village_node.casebook.ledger import Held, held_events
from village_node.casebook.office import Office
from village_node.store import Connection, peers
from village_node.store.locks import CaseKey

_CLOCK_BITS: Final = 16
# Acts that come too late once a clock has run out.
TIMED: Final = frozenset({kinds.REFUSE, kinds.EXTEND})


def clocks_in(office: Office, connection: Connection, roster: Roster, key: CaseKey, case: Case) -> Clocks:
    """The clocks of a folded case as of today."""
    events = [each.event for each in held_events(office, connection, roster, {key})[key] if not each.stranger]
    facts = legal_dates.facts_of(case, events, roster.places, office.catalogue)
    return clock.read(facts, calendar_in(office, connection), day_of(office.clock()))


def last_day_in(office: Office, connection: Connection, roster: Roster, key: CaseKey, case: Case) -> str:
    """The last day of the term that the applicant was given, as a body has it; empty where none runs."""
    events = [each.event for each in held_events(office, connection, roster, {key})[key] if not each.stranger]
    day = legal_dates.last_day(case, events, calendar_in(office, connection))
    return "" if day is None else day.isoformat()


def why_not_lapsed(
    office: Office, connection: Connection, roster: Roster, key: CaseKey, case: Case, body: dict[int, Any]
) -> Words | None:
    """Say why a case does not lapse yet; None if it may. Raises BadBody for another day than that of its term."""
    check_last_day(body, last_day_in(office, connection, roster, key, case))
    since = conditions.end_of_day_ms(date.fromisoformat(body[0]))
    below = conditions.places_that_take_papers(case, roster.places, office.identity.place)
    labels = _labels(held_events(office, connection, roster, {key})[key])
    heard = conditions.heard_since(peers.peers(connection), labels, since)
    silent = [roster.places.name(place) for place in below if place not in heard]
    return conditions.why_not_lapsed(case, body, silent, office.clock(), calendar_in(office, connection))


def why_not_lapsed_now(
    office: Office, connection: Connection, roster: Roster, key: CaseKey, case: Case
) -> Words | None:
    """The same before anything is typed, for who would say that a place was not heard; None also where no term runs."""
    last = last_day_in(office, connection, roster, key, case)
    return why_not_lapsed(office, connection, roster, key, case, {0: last, 2: True}) if last else None


def _labels(held: Iterable[Held]) -> dict[str, int]:
    """The newest clock label, in milliseconds, of what each place wrote about a case: never beyond its arrival, so that
    a clock that runs ahead does not speak for a place that is silent."""
    found: dict[str, int] = {}
    for each in held:
        arrived_ms = each.row.arrived_ms if each.row is not None else 0
        label_ms = min(each.event.hlc >> _CLOCK_BITS, arrived_ms)
        found[each.event.place] = max(found.get(each.event.place, 0), label_ms)
    return found


def why_too_late(kind: int, clocks: Clocks) -> Words | None:
    """Say why a limit that has passed leaves no room for this act; None if it does."""
    if kind == kinds.REFUSE and clocks.deemed is not None:
        since = clocks.deemed.isoformat()
        return (
            f"收到材料后逾期未答复，自 {since} 起已视为受理，不能再不予受理，请办理受理",
            f"nobody answered in time: it counts as accepted from {since} and cannot be refused any more; accept it",
        )
    if kind == kinds.EXTEND:
        limit = clocks.of("statutory") or clocks.of("promised")
        if limit is not None and limit.used > limit.limit:
            return "法定期限已过，不能再延长", "the statutory limit has passed: it cannot be extended any more"
    return None


def check_promise(office: Office, case: Case, content: dict[int, Any]) -> dict[int, Any]:
    """The body of an acceptance with the days it promises. Raises BadBody for more than the statute or the item's own
    promise allows, and for none where nobody can decide."""
    item = office.catalogue.find(case.item_no, case.item_version)
    if item is None:
        return content
    level = office.identity.level
    usual = promises.promise_at(item, level)
    days = content.get(0, usual)
    if item.statutory_days and days > item.statutory_days:
        raise BadBody(
            "promised_days",
            f"承诺时限不能超过法定时限 {item.statutory_days} 个工作日",
            f"no more can be promised than the {item.statutory_days} working days of the statute",
        )
    if 0 < usual < days:
        raise BadBody(
            "promised_days",
            f"本事项公开承诺 {usual} 个工作日，不能承诺得更长",
            f"the item promises {usual} working days in public: no more can be promised",
        )
    if days == 0 and level != item.deciding_level and (usual or promises.kind_at(item, level) != item.kind):
        raise BadBody(
            "promised_days",
            "本级不作决定，不能当场办结，请填写承诺的工作日",
            "this level does not decide, so it is not done at once: say how many working days are promised",
        )
    return {**content, 0: days}


def check_last_day(content: dict[int, Any], last: str) -> None:
    """Raises BadBody where a case is to be ended by another day than that of its term."""
    if not last or content[0] != last:
        raise BadBody(
            "limit_day",
            f"期限最后一日由系统按工作日历计算，应为 {last}" if last else "没有正在等候申请人补交材料或缴费的期限",
            f"the last day is counted by the calendar: {last}" if last else "the applicant has been given no term",
        )
