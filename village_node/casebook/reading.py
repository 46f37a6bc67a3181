"""What the pages read: a case, its timeline, lists and counts, the proof that the root holds an application."""

import hmac
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeVar

from sync_protocol.case import LABELS, Case, Catalogue, Position, Verdict, bodies, explain, kinds
from sync_protocol.case.exclusions import Grade
from sync_protocol.case.workdays import day_of
from sync_protocol.case.workflow import OVERSIGHT_LABELS
from sync_protocol.encoding import decode
from sync_protocol.errors import ProtocolError
from sync_protocol.roster import Roster
from village_node.casebook import cards, contacts, proving, purged
from village_node.casebook import checkpoints as lines
from village_node.casebook.checkpoints import Standing
from village_node.casebook.ledger import Held, fold_held, held_events
from village_node.casebook.office import Office
from village_node.casebook.skews import Skew, skew_in
from village_node.identity import Identity
from village_node.store import (
    Connection,
    Store,
    case_lists,
    cases,
    claims,
    forks,
    parking,
    peers,
    receipts,
    refolding,
    streams,
)
from village_node.store.case_lists import Page
from village_node.store.cases import CaseRow
from village_node.store.locks import CaseKey, StreamKey
from village_node.store.peers import PeerRow

PAGE_SIZE: Final = 50
_T = TypeVar("_T")


class Public(NamedTuple):
    """A case with an open public notice, and where its events stand, in the order of its timeline."""

    case: Case
    positions: tuple[Position, ...]


class HopReceipt(NamedTuple):
    """A place that has signed for an event, and since when (by its clock) it holds it."""

    place: str
    time_ms: int


class TimelineEntry(NamedTuple):
    """One event of a case as people see it. ``body`` by field name, None where it is not here or cannot be read.
    ``skew_ms``: how far its author has confirmed their clock to be behind the one above."""

    position: Position
    kind: int
    zh: str
    en: str
    place: str
    actor: str
    claimed_ms: int
    arrived_ms: int
    verdict: Verdict
    note_zh: str
    note_en: str
    body: dict[str, Any] | None
    receipts: tuple[HopReceipt, ...]
    skew_ms: int | None = None


ANSWERS_MOST: Final = 256  # that are kept of one state of the database; some are named by days that somebody chooses


class Reading(Office):
    """The part of the casebook that pages read. Every answer is of one consistent moment."""

    def __init__(
        self,
        store: Store,
        identity: Identity,
        clock: Callable[[], int],
        randomness: Callable[[int], bytes],
        catalogue: Catalogue,
    ) -> None:
        super().__init__(store, identity, clock, randomness, catalogue)
        self._answers: dict[str, tuple[int, Any]] = {}
        self._answers_lock = threading.Lock()

    def case(self, scope: str, case_id: bytes) -> Case | None:
        """One case folded; None if nothing of it is held."""
        with self.store.reading() as connection:
            return folded(self, connection, self.roster_in(connection), (scope, case_id))[0]

    def case_row(self, scope: str, case_id: bytes) -> CaseRow | None:
        """One case's row in the lists."""
        with self.store.reading() as connection:
            return cases.get(connection, (scope, case_id))

    def timeline(self, scope: str, case_id: bytes) -> list[TimelineEntry]:
        """Everything held of a case, in the order it was written as far as anybody can know; empty if nothing is."""
        key = (scope, case_id)
        with self.store.reading() as connection:
            roster = self.roster_in(connection)
            events = held_events(self, connection, roster, {key})[key]
            return timeline_of(connection, roster, fold_held(self, roster, key, events), events)

    def find_by_number(self, case_no: str) -> CaseRow | None:
        """The case with this receipt number, as printed."""
        with self.store.reading() as connection:
            return cases.by_number(connection, case_no)

    def cards_of_number(self, case_no: str) -> tuple[CaseRow | None, list[str]]:
        """The case with this receipt number, and the identity numbers that its papers name: see ``cards``. One that is
        not here makes as much work: the papers of another are read for it, so that nobody tells by the time it takes
        which numbers there are."""
        with self.store.reading() as connection:
            row, other = cases.by_number(connection, case_no), cases.any_one(connection)
            taken = row or other
            return row, cards.named_in(connection, (taken.scope, taken.case_id)) if taken is not None else []

    def find_by_query_code(self, code: str) -> CaseRow | None:
        """The case with this full query code of 13 characters; None as well where more than one bears it."""
        with self.store.reading() as connection:
            return cases.by_query_code(connection, code)

    def numbers_with_code(self, code: str) -> list[str]:
        """The receipt numbers of the cases with this full query code: two where there are more than one."""
        with self.store.reading() as connection:
            return cases.numbers_with_code(connection, code)

    def heard_below_ms(self, scope: str, case_id: bytes, place: str) -> int:
        """Up to when it is known what a place below has done with a case: see ``contacts``."""
        with self.store.reading() as connection:
            return contacts.heard_below_ms(self, connection, self.roster_in(connection), (scope, case_id), place)

    def find_event(self, who: int, seq: int, mark: bytes) -> tuple[str, bytes, Position] | None:
        """The (scope, case, position) of the event that a check token names: the first 35 bits of its incarnation, its
        seq, its mark. None where it is not held."""
        low, high = who << 93, (who + 1 << 93) - 1
        with self.store.reading() as connection:
            found = streams.at_seq(connection, low.to_bytes(16), high.to_bytes(16), seq)
        for scope, incarnation, case_id, chain_hash in found:
            if case_id is not None and hmac.compare_digest(chain_hash[: len(mark)], mark):
                return scope, case_id, Position(incarnation, seq, mark)
        return None

    def work_list(
        self,
        view: str,
        filters: Mapping[str, str] | None = None,
        page: int = 1,
        page_size: int = PAGE_SIZE,
        who: str = "",
        *,
        whole_name: bool = False,
    ) -> Page:
        """One page of a view (see store.case_lists.view), the most pressing or the newest first.

        ``filters``: text, item_no, state, place, kind, department. ``who``: whose list it is, where it is a
        person's. ``whole_name``: the text finds a name by the whole of it alone.

        KeyError for an unknown view, TypeError for an unknown filter.
        """
        with self.store.reading() as connection:
            left_behind = self._not_left(connection)[0] if view == "not_left" else []
            here, today, chosen = self.identity.place, day_of(self.clock()), self._filters(filters or {}, view)
            chosen["whole_name"] = whole_name
            return case_lists.listed(connection, view, here, left_behind, chosen, page, page_size, today, who)

    def cases_after(
        self,
        view: str,
        filters: Mapping[str, str],
        last: tuple[int, bytes, str] | None,
        size: int,
        who: str = "",
        *,
        whole_name: bool = False,
    ) -> list[CaseRow]:
        """So many rows of a view, the newest first, after the one that was ``last``: for who reads a list through.
        ``whole_name`` as in ``work_list``.

        KeyError for an unknown view, TypeError for an unknown filter.
        """
        with self.store.reading() as connection:
            left_behind = self._not_left(connection)[0] if view == "not_left" else []
            condition = case_lists.view(view, self.identity.place, left_behind, who)
            condition &= case_lists.matching(**self._filters(filters, view), whole_name=whole_name)
            return case_lists.after(connection, condition, last, size)

    def _filters(self, asked: Mapping[str, str], view: str) -> dict[str, Any]:
        """Filters as the store has them: a department stands for the versions of its items, and of the list of fees
        it is those that have one."""
        kept: dict[str, Any] = {name: value for name, value in asked.items() if name != "department"}
        department = asked.get("department")
        if department or view == "fees":
            items = [item for item in self.catalogue.items() if department in (None, "", item.department)]
            kept["items"] = [(item.item_no, item.version) for item in items if view != "fees" or item.has_fee]
        return kept

    def hop_receipts(self, listed: Sequence[CaseRow]) -> dict[CaseKey, list[HopReceipt]]:
        """Who has signed for the last step of the cases of a list, the first one first; asked once for all of them."""
        found: dict[CaseKey, dict[str, int]] = {}
        with self.store.reading() as connection:
            roster = self.roster_in(connection)
            for key, signer, time_ms in receipts.of_last_steps(
                connection, [(row.scope, row.case_id) for row in listed]
            ):
                node = roster.node(signer)
                if node is not None and not node.struck:
                    since = found.setdefault(key, {})
                    since[node.place] = min(since.get(node.place, time_ms), time_ms)
        return {
            key: [HopReceipt(*each) for each in sorted(since.items(), key=lambda item: item[1])]
            for key, since in found.items()
        }

    def view_counts(self, who: str = "") -> dict[str, int]:
        """How many cases each view has; computed again only after something has changed. What ``who`` and others have
        taken up is asked each time: it changes without a case changing."""
        counts = dict(self._counted())
        with self.store.reading() as connection:
            counts["claimed"] = claims.count(connection, who)
            counts["unclaimed"] = counts["mine"] - case_lists.claimed_to_do(connection, self.identity.place)
        return counts

    def _counted(self) -> dict[str, int]:
        """How many cases each view has that is nobody's own."""

        def count(connection: Connection) -> dict[str, int]:
            return {
                **case_lists.totals(connection, self.identity.place),
                "not_left": len(self._not_left(connection)[0]),
                **{view: self._at_desk(connection, view) for view in ("fees", "to_file")},
            }

        return self.remembered("views", count)

    def _at_desk(self, connection: Connection, view: str) -> int:
        condition = case_lists.view(view, self.identity.place) & case_lists.matching(**self._filters({}, view))
        return case_lists.count(connection, condition)

    def made_public(self) -> list[Public]:
        """This place's own unfinished cases with a public notice that is open; folded again only after a change."""

        def ask(connection: Connection) -> list[Public]:
            roster, own = self.roster_in(connection), f"about:{self.identity.place}"
            keys = set(cases.with_kind(connection, own, kinds.SUSPEND))
            held = held_events(self, connection, roster, keys)
            folded_now = [(fold_held(self, roster, key, held[key]), held[key]) for key in sorted(keys)]
            return [Public(case, _positions(case, events)) for case, events in folded_now if _is_public(case)]

        return list(self.remembered("public", ask))

    def kind_counts(self) -> dict[str, int]:
        """How many cases are of each of the six kinds now; counted again only after something has changed."""
        return dict(self.remembered("kinds", case_lists.by_kind))

    def held_by_grade(self) -> dict[str, dict[Grade, int]]:
        """Place -> how many of the unfinished cases that it holds, as far as is known here, have each grade today."""
        with self.store.reading() as connection:
            return case_lists.held_by_grade(connection, day_of(self.clock()))

    def case_counts(self) -> dict[str, int]:
        """Scope -> how many cases have their home there; counted again only after something has changed."""
        return dict(self.remembered("homes", cases.by_scope))

    def sync_state(self) -> dict[str, Any]:
        """What the sync bar says: when the parent was last heard, and what of ours no signed receipt covers yet.

        ``not_left``: cases and events without a receipt of any place above; ``not_at_county``: without one of the
        root. Both are zero at the root. ``peer``: the parent's row, None at the root or before the first attempt.
        """

        def compute(connection: Connection) -> dict[str, Any]:
            left_behind, events = self._not_left(connection)
            below_root, root_events = self._uncovered(connection, self._root_nodes(connection))
            return {
                "not_left": {"cases": len(left_behind), "events": events},
                "not_at_county": {"cases": len(below_root), "events": root_events},
            }

        state = dict(self.remembered("sync", compute))
        row = None
        if self.identity.parent:
            # The parent may have begun another life since we were enrolled.
            node = self.roster.node(self.identity.parent)
            row = next((one for one in self.peers_up() if node is not None and one.place == node.place), None)
        return {
            **state,
            "peer": row,
            "last_contact_ms": row.last_contact_ms if row else None,
            "failures": row.failures if row else 0,
            "last_error": row.last_error if row else None,
            "last_error_ms": row.last_error_ms if row else None,
            "next_attempt_ms": row.next_attempt_ms if row else None,
            "skew_ms": row.skew_ms if row else None,
            "alarm": row.alarm if row else 0,
        }

    def skew(self) -> Skew | None:
        """How far our clock is off, as far as it is known."""
        with self.store.reading() as connection:
            return skew_in(self, connection)

    def county_standing(self) -> Standing:
        """What the county's newest checkpoint shows beside what is held here."""
        return self.remembered("standing", lambda view: lines.standing(self, view, self.roster_in(view)))

    def peers(self) -> list[PeerRow]:
        """What is remembered of every peer."""
        with self.store.reading() as connection:
            return peers.peers(connection)

    def update_peer(self, incarnation: bytes, **columns: Any) -> PeerRow:
        """Set columns of a peer's row; a new one needs ``place`` and ``direction``. Raises NotSaved."""
        with self.store.writing() as connection:
            return peers.change_peer(connection, incarnation, columns)

    def peers_up(self) -> list[PeerRow]:
        """What is remembered of every ancestor's node, the one heard last first."""
        known = (row for row in self.peers() if row.direction == "up")
        return sorted(known, key=lambda row: row.last_contact_ms or 0, reverse=True)

    def counts(self) -> dict[str, Any]:
        """What the health page and `status --json` say of every stream: how far it is held, and what did not come to
        effect. ``refused_there`` and ``parked_there`` are what peers answered about ours; ``oddities``: of what is void
        or contested, how much waits for an answer of the holder, and how much was adopted or dismissed."""
        with self.store.reading() as connection:
            roster = self.roster_in(connection)
            verdicts = streams.verdict_counts(connection)
            refused, parked = parking.refused_counts(connection), parking.parked_counts(connection)
            answers = parking.answers(connection)
            odd = cases.oddity_sums(connection)
            rows = streams.in_scopes(connection)
            proven = Counter(key for key, _ in {(row.key, row.split) for row in forks.read(connection)})
        answered: dict[StreamKey, list[int]] = {}
        for answer in answers:
            answered.setdefault((answer.incarnation, answer.scope), []).append(answer.disposition)
        listed: list[dict[str, Any]] = []
        for row in sorted(rows, key=lambda one: (one.scope, one.incarnation, one.since, one.branch)):
            node = self.author(roster, row.incarnation)
            by_verdict = verdicts.get(row.id, {})
            there = answered.get(row.key, [])
            listed.append(
                {
                    "scope": row.scope,
                    "place": node.place if node else "",
                    "incarnation": row.incarnation.hex(),
                    "own": bool(row.own),
                    "head": row.head_seq,
                    "contiguous": row.body_seq,
                    "since": row.since,
                    "forks": 0 if row.since else proven[row.key],
                    "alarm": row.alarm,
                    **{code: by_verdict.get(number, 0) for code, number in _SHOWN.items()},
                    "refused": refused.pop(row.key, 0),
                    "parked": parked.pop(row.key, 0),
                    "parked_there": there.count(1),
                    "refused_there": there.count(2),
                }
            )
        # What was parked or refused of streams of which nothing is held.
        for incarnation, scope in sorted(refused.keys() | parked.keys()):
            held_back = (refused.get((incarnation, scope), 0), parked.get((incarnation, scope), 0))
            listed.append(_nothing_held(incarnation, scope, *held_back))
        summed = (*_SHOWN, "refused", "parked", "parked_there", "refused_there", "forks")
        state = self.sync_state()
        return {
            "streams": listed,
            **{name: sum(row[name] for row in listed) for name in summed},
            "oddities": odd,
            "not_left": state["not_left"],
            "not_at_county": state["not_at_county"],
            "checkpoint": _told(self.county_standing()),
        }

    def proof(self, case_no: str) -> dict[str, Any] | None:
        """What a third party needs to check that the root holds this application; None while there is no receipt."""
        with self.store.reading() as connection:
            found = cases.by_number(connection, case_no)
            return proving.proof(self, connection, self.roster_in(connection), found) if found is not None else None

    def left_to_fold(self) -> int:
        """How many cases' rows do not say everything yet."""
        return self.remembered("left to fold", refolding.left)

    def remembered(self, name: str, compute: Callable[[Connection], _T]) -> _T:
        """An answer computed once for each state of the database. Not to be changed by who gets it."""
        # The version is read before the view is opened: an answer may be newer than its version says, never older.
        version = self.news_version()
        with self._answers_lock:
            known = self._answers.get(name)
        if known is not None and known[0] == version:
            answer: _T = known[1]
            return answer
        with self.store.reading() as connection:
            answer = compute(connection)
        with self._answers_lock:
            if name not in self._answers or self._answers[name][0] <= version:
                # What is of an older state is computed again in any case; of one state nobody asks for ever more.
                kept = [(key, known) for key, known in self._answers.items() if known[0] >= version and key != name]
                self._answers = {**dict(kept[-ANSWERS_MOST + 1 :]), name: (version, answer)}
        return answer

    def _root_nodes(self, connection: Connection) -> list[bytes]:
        places = self.roster_in(connection).places
        return self._nodes_at(connection, [places.root] if len(places) else [])

    def _nodes_at(self, connection: Connection, places: Iterable[str]) -> list[bytes]:
        roster = self.roster_in(connection)
        return [node.incarnation for place in places for node in roster.serving(place)]

    def _not_left(self, connection: Connection) -> tuple[list[CaseKey], int]:
        """Our cases, and how many of our events, that no place above has signed for."""
        places = self.roster_in(connection).places
        above = places.path_up(self.identity.place)[1:] if self.identity.place in places else ()
        return self._uncovered(connection, self._nodes_at(connection, above))

    def _uncovered(self, connection: Connection, signers: list[bytes]) -> tuple[list[CaseKey], int]:
        if self.identity.parent is None:
            return [], 0
        rows = receipts.uncovered(connection, signers)
        return [(scope, case_id) for scope, case_id, _ in rows if case_id is not None], sum(row[2] for row in rows)


def _told(standing: Standing) -> dict[str, Any] | None:
    """The newest checkpoint and what its lines show, as `status --json` says it; None where none is held."""
    about = standing.newest
    if about is None:
        return None
    return {
        "author": about.author.hex(),
        "seq": about.seq,
        "streams": about.count,
        "time_ms": about.time,
        "complete": standing.complete,
        "not_arrived": standing.not_arrived,
        "contradicted": [scope for _, scope in standing.contradicted],
        "went_back": [scope for _, scope in standing.went_back],
    }


_SHOWN: Final = {code: cases.VERDICT_NUMBERS[code] for code in ("waiting", "void", "contested", "needs_update")}


def _nothing_held(incarnation: bytes, scope: str, refused: int, parked: int) -> dict[str, Any]:
    """What the health page says of a stream of which nothing could be stored."""
    zero = ("head", "contiguous", "since", "forks", "alarm", *_SHOWN, "parked_there", "refused_there")
    named = {"scope": scope, "place": "", "incarnation": incarnation.hex(), "own": False}
    return {**named, **dict.fromkeys(zero, 0), "refused": refused, "parked": parked}


def _is_public(case: Case) -> bool:
    return any(each.what == "publicity" and each.ended is None for each in case.procedures.values())


def _positions(case: Case, events: list[Held]) -> tuple[Position, ...]:
    return tuple(each.event.position for each in _as_written(case, [each for each in events if not each.stranger]))


def folded(office: Office, connection: Connection, roster: Roster, key: CaseKey) -> tuple[Case | None, int]:
    """A case as this transaction sees it, and the highest logical clock in it; None if nothing of it is held."""
    events = held_events(office, connection, roster, {key})[key]
    if not events:
        return None, 0
    case = fold_held(office, roster, key, events)
    if not purged.GONE.isdisjoint(each.event.body_state for each in events):
        case = purged.case_kept(cases.get(connection, key), case)
    return case, max(each.event.hlc for each in events)


def timeline_of(connection: Connection, roster: Roster, case: Case, events: list[Held]) -> list[TimelineEntry]:
    """The events of a folded case in the order of its timeline."""
    times = receipts.times_of(connection, {each.row.stream for each in events if each.row})
    own = _as_written(case, [each for each in events if not each.stranger])
    return [_entry(roster, each, case.verdicts[each.event.position], times) for each in own]


def _as_written(case: Case, events: list[Held]) -> list[Held]:
    """The order of a timeline: the effective path in its own order, everything else beside it where its label says.

    Labels are claims; along the path each counts for no less than the one before it.
    """
    labels = {each.event.position: each.event.hlc for each in events}
    order: dict[Position, tuple[int, int]] = {}
    latest = 0
    for index, position in enumerate(case.path):
        latest = max(latest, labels[position])
        order[position] = (latest, index)
    beside = len(case.path)
    return sorted(
        events, key=lambda each: (order.get(each.event.position, (each.event.hlc, beside)), each.event.position)
    )


def _entry(roster: Roster, each: Held, verdict: Verdict, times: list[tuple[int, bytes, int, int]]) -> TimelineEntry:
    event, row = each.event, each.row
    assert row is not None
    since: dict[str, int] = {}
    for stream, signer, seq, time_ms in times:
        node = roster.node(signer)
        if stream == row.stream and seq >= event.position.seq and node is not None and not node.struck:
            since[node.place] = min(since.get(node.place, time_ms), time_ms)
    named = LABELS.get(event.kind) or OVERSIGHT_LABELS.get(event.kind)
    zh, en = named or (kinds.name_of(event.kind), kinds.name_of(event.kind))
    return TimelineEntry(
        event.position,
        event.kind,
        zh,
        en,
        event.place,
        event.actor,
        event.claimed_ms,
        row.arrived_ms,
        verdict,
        *explain(verdict),
        _named_body(event.kind, event.body),
        tuple(HopReceipt(place, time_ms) for place, time_ms in sorted(since.items(), key=lambda item: item[1])),
        event.skew_ms if type(event.skew_ms) is int else None,
    )


def _named_body(kind: int, raw: bytes | None) -> dict[str, Any] | None:
    if raw is None or kind not in bodies.TABLES:
        return None
    try:
        body = decode(raw)
    except ProtocolError:
        return None
    return bodies.named(kind, body) if bodies.check(kind, body) is None else None
