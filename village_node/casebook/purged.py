"""Cases whose bodies were dropped here: what their rows and pages keep showing, and how the bodies come back."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from sync_protocol.case import Case, CaseEvent, Position, Verdict, kinds
from sync_protocol.case.records import Link
from sync_protocol.exchange import Want
from sync_protocol.places import UnknownPlace, follows
from sync_protocol.roster import Roster
from village_node.casebook.errors import NotAllowed
from village_node.casebook.office import Office
from village_node.store import Connection, erasures, purges, streams
from village_node.store.cases import FINISHED, VERDICT_NUMBERS, CaseRow
from village_node.store.locks import CaseKey
from village_node.store.streams import MISSING, PURGED, EventRow

# What the fold reads from bodies, and a list goes on showing without them. The applicant is not among it.
_KEPT: Final = ("case_no", "query_code", "item_no", "item_version", "filed_ms", "decided_ms", "delivered_ms")
_DAYS: Final = ("due_day", "notice_day", "yellow_day", "red_day", "red_plus_day")
_SETTLED: Final = ("settled_day", "settled_used", "settled_limit", "settled_kind", "settled_extension")
_LINK: Final = ("acts_on", "earlier_no", "kind", "outcome")
_COUNTED: Final = ("received_day", "accepted_day", "done_day", "done_as", "corrections", "yellow_at", "red_at")
GONE: Final = frozenset({"purged", "erased"})  # bodies that were here, or may never be
_CLOSED: Final = ("state", "holder", "transit_to")


def link_of(case: Case) -> dict[str, Any]:
    """What the row of a case keeps of the decision it acts upon, and of its own, for when the words are cleared."""
    link, made = case.acts_on, case.decision
    return {
        "acts_on": link.act if link else None,
        "earlier_no": link.earlier if link else None,
        "outcome": (made.outcome or None) if made else None,
    }


def row_kept(before: CaseRow | None, folded: CaseRow) -> CaseRow:
    """The row of a case folded without some of its bodies: what they said stays, and a closed case stays closed."""
    if before is None:
        return folded
    kept = {name: getattr(before, name) for name in (*_KEPT, *_LINK) if getattr(folded, name) is None}
    if before.state in FINISHED:
        kept |= {name: getattr(before, name) for name in (*_CLOSED, *_DAYS, *_COUNTED)}
        if before.settled_day is not None:
            kept |= {name: getattr(before, name) for name in _SETTLED}
        if not folded.rating:
            kept |= {name: getattr(before, name) for name in ("rating", "calls", "reached")}
    return folded._replace(**kept)


def case_kept(row: CaseRow | None, folded: Case) -> Case:
    """The case as its page shows it, folded without some bodies: what its row has kept stands for what is gone."""
    if row is None:
        return folded
    kept: dict[str, Any] = {
        name: getattr(row, name) for name in _KEPT if not getattr(folded, name) and getattr(row, name)
    }
    if folded.acts_on is None and row.acts_on and row.earlier_no:
        kept["acts_on"] = Link(row.acts_on, row.earlier_no)
    if row.state in FINISHED:
        kept |= {name: getattr(row, name) for name in _CLOSED}
    return replace(folded, **kept)


def known_void(held: Iterable[tuple[CaseEvent, EventRow | None]]) -> dict[Position, Verdict]:
    """Of a case some of whose bodies were dropped: the events that were void with them, and what was said of each.

    Without the bodies they might pass for sound. A void event stops nobody, so the fold makes the same of the others
    without it.
    """
    known = list(held)
    if GONE.isdisjoint(event.body_state for event, _ in known):
        return {}
    void = VERDICT_NUMBERS["void"]
    return {event.position: Verdict("void", row.verdict_note) for event, row in known if row and row.verdict == void}


def keep_void(case: Case, void: Mapping[Position, Verdict]) -> None:
    """Add to a folded case the verdicts on events that the fold did not see."""
    case.verdicts.update(void)
    case.counts["void"] += len(void)


def is_wanted(connection: Connection, scope: str, event: EventRow) -> bool:
    """Whether a body may be put in its place: it never came, or it was dropped and has been asked for again."""
    if event.body_state != PURGED or event.case_id is None:
        return event.body_state == MISSING
    noted = purges.get(connection, (scope, event.case_id))
    return noted is not None and noted.recalled_ms is not None


def recall_late(connection: Connection, key: CaseKey, new_kinds: Iterable[int], now_ms: int) -> None:
    """A move that reaches a closed case after its bodies were dropped cannot be judged without them: fetch them."""
    if not kinds.STAGE_KINDS.isdisjoint(new_kinds):
        purges.recall(connection, key, now_ms)


def recall_for(
    office: Office, connection: Connection, roster: Roster, peer: bytes, wants: Iterable[Want], now_ms: int
) -> set[str]:
    """A node under us asks for bodies that were dropped here as well: fetch them from above. The scopes concerned."""
    node = roster.node(peer)
    if node is None or not roster.places.covers(office.identity.place, node.place):
        return set()
    found: set[str] = set()
    wanted = list(wants)
    held = streams.by_keys(connection, {(want.incarnation, want.scope) for want in wanted})
    for want in wanted:
        row = held.get((want.incarnation, want.scope))
        event = streams.event_at(connection, row.id, want.seq) if row is not None else None
        if event is None or event.case_id is None or event.body_state != PURGED:
            continue
        try:
            theirs = follows(roster.places, node.place, want.scope)
        except UnknownPlace:
            continue
        if theirs and purges.recall(connection, (want.scope, event.case_id), now_ms):
            found.add(want.scope)
    return found


def refuse_purged(connection: Connection, key: CaseKey) -> None:
    """Nobody acts on a case whose bodies are not here. Raises NotAllowed."""
    if purges.purged_bodies(connection, key):
        raise NotAllowed(
            "本案正文已按期清除，请先向县里取回再办理",
            "the contents of this case were cleared after their term: fetch them from the county first",
        )
    if erasures.of_case(connection, key):
        raise NotAllowed(
            "本案正文已依县级删除令删除，不能再办理",
            "the contents of this case were erased by order of the county: nothing more can be done in it",
        )
