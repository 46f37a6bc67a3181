"""The row of a folded case: what lists are drawn from, and the days that figures count it by."""

from collections.abc import Sequence
from typing import Final

from sync_protocol.case import Case, CaseEvent, clock, joint, legal_dates, meetings
from sync_protocol.case.catalogue import Catalogue
from sync_protocol.case.workdays import Calendar
from sync_protocol.places import PlaceTree
from village_node.casebook import blame, deciding, purged, rate_facts, rated, settlements
from village_node.store import cases
from village_node.store.cases import CaseRow
from village_node.store.locks import CaseKey

_NO_ORDERS: Final = (None, None, None)


def folded(
    key: CaseKey, case: Case, n_events: int, updated_ms: int, turned: clock.Turns, places: PlaceTree,
    catalogue: Catalogue,
) -> CaseRow:  # fmt: skip
    """The row of a folded case. ``turned``: when its grades begin."""
    incarnation, seq, chain_mark = case.last or (None, None, None)
    counts = case.counts
    return CaseRow(
        key[0],
        key[1],
        case.case_no or None,
        case.query_code or None,
        case.item_no or None,
        case.item_version or None,
        case.listed_state or None,
        case.holder,
        case.transit_to,
        case.applicant.get("name"),
        case.filed_ms if case.filed_ms is not None else case.created_ms,
        case.decided_ms,
        case.delivered_ms,
        updated_ms,
        incarnation,
        seq,
        chain_mark,
        n_events,
        counts["waiting"],
        counts["void"],
        counts["contested"],
        counts["needs_update"],
        len(case.open_supplies),
        len(case.open_withdrawals) + len(case.open_reviews),
        len(case.open_oddities),
        cases.day_number(turned.due),
        cases.day_number(turned.notice),
        cases.day_number(turned.yellow),
        cases.day_number(turned.red),
        cases.day_number(turned.red_plus),
        cases.day_number(min(case.commitments_due, default=None)) if case.open else None,
        cases.LANES.get(case.lane.lane) if case.lane else None,
        case.lane.said.get("ahead_of") if case.lane and case.lane.lane == "ahead" else None,
        rated.grade_of(case) if case.ratings else 0,
        *(rated.orders_of(case, places) if case.orders else _NO_ORDERS),
        "\n".join(joint.unsigned(case)) or None if case.open and case.state not in cases.FINISHED else None,
        _first_due(case) if case.meetings else None,
        watched_day=cases.day_number(turned.watched),
        kind=settlements.kind_number(case, catalogue, places),
        **(rated.voices_of(case, places) if case.calls or case.orders else {}),
    )._replace(**purged.link_of(case))


def counted(
    row: CaseRow, case: Case, events: Sequence[CaseEvent], places: PlaceTree, catalogue: Catalogue, calendar: Calendar,
    *, settling: bool, before: CaseRow | None,
) -> CaseRow:  # fmt: skip
    """The row with the days that the case is counted by; of one that something may have settled (``settling``), with
    who decided it and how it stood to its promise then. ``before``: its row with the bodies, of one without some."""
    facts = legal_dates.facts_of(case, events, places, catalogue)
    row = blame.counted(row, case, facts)
    if settling:
        row = settlements.noted(deciding.noted(row, case, events), case, facts, catalogue, calendar, places)
    return rate_facts.noted(purged.row_kept(before, row), case, facts, events, catalogue, calendar)


def _first_due(case: Case) -> int | None:
    """By when the first action of a meeting that is still open is to be done."""
    waiting = meetings.open_actions(case)
    return cases.day_number(waiting[0].due) if waiting else None
