"""The part of the casebook about working days: the calendar in force, the clock of a case, and the county's hand that
publishes a year."""

from collections.abc import Iterable
from datetime import date
from hashlib import sha256
from typing import Final, NamedTuple

from sync_protocol import encoding
from sync_protocol.case import calendars as rules
from sync_protocol.case import clock, kinds, legal_dates, powers
from sync_protocol.case.attribution import LedgerLine
from sync_protocol.case.calendars import Announcement
from sync_protocol.case.clock import Clocks
from sync_protocol.case.publications import Publication
from sync_protocol.case.watching import Watched
from sync_protocol.case.workdays import Calendar, Year, day_of
from village_node.casebook import once, purged, terms
from village_node.casebook.calendars import calendar_in, publications
from village_node.casebook.conditions import Words
from village_node.casebook.errors import BadBody, NotAllowed, NotFound, Stale
from village_node.casebook.ledger import fold_held, held_events
from village_node.casebook.publishing import Publishing
from village_node.casebook.standstills import Standstill, standstills_of
from village_node.store import Connection, case_lists, cases, peers, rates
from village_node.store.locks import CaseKey
from village_node.store.requests import Request

_PROPOSED: Final = "calendar_proposed"  # what one person has proposed and nobody confirmed yet
_FOLLOWED: Final = "calendar_followed"  # by which calendar the rows of cases were made
# What a program's request about a calendar came to.
PUBLISHED: Final = "calendar:published"
PROPOSED: Final = "calendar:proposed"
DROPPED: Final = "calendar:dropped"
_FIELDS: Final[dict[str, tuple[str, str]]] = {
    "year": ("年份须在 1970 至 2199 之间", "the year must be from 1970 to 2199"),
    "off": ("休息日须是该年的周一至周五，最多 120 天", "days off are weekdays of that year, 120 at most"),
    "on": ("调休上班日须是该年的周六或周日，最多 30 天", "days worked are weekend days of that year, 30 at most"),
    "document_no": ("请填写文号，不超过 80 字", "give the document number, at most 80 characters"),
    "spans": (
        "假日名称不超过 40 字，最多 12 段",
        "a holiday's name has at most 40 characters, and there are 12 at most",
    ),
    "reason": ("请填写理由，不超过 100 字", "give the reason, at most 100 characters"),
    "confirmer": ("确认人不能是提议人", "who confirms cannot be who proposed"),
}


class CaseClock(NamedTuple):
    """The clocks of a case as of today, its life day by day, why it is listed for supervision, and the procedures that
    are open in it."""

    clocks: Clocks
    lines: list[LedgerLine]
    watched: list[Watched]
    standstills: tuple[Standstill, ...]


class Calendaring(Publishing):
    """Working days and what hangs on them."""

    def calendar(self) -> Calendar:
        """The calendar in force here."""
        return self.remembered("calendar", lambda connection: calendar_in(self, connection))

    def calendars_in_force(self) -> dict[int, Publication[Announcement]]:
        """Year -> the publication in force, for the years that were published."""
        return dict(self.remembered("calendars", lambda view: rules.in_force(publications(self, view))))

    def clock_of(self, key: CaseKey) -> CaseClock | None:
        """The clock of a case as of today; None if nothing of it is held."""
        with self.store.reading() as connection:
            roster = self.roster_in(connection)
            held = held_events(self, connection, roster, {key})[key]
            if not held:
                return None
            case = fold_held(self, roster, key, held)
            if not purged.GONE.isdisjoint(each.event.body_state for each in held):
                case = purged.case_kept(cases.get(connection, key), case)
            events = [each.event for each in held if not each.stranger]
            facts = legal_dates.facts_of(case, events, roster.places, self.catalogue)
            calendar, today = calendar_in(self, connection), day_of(self.clock())
            listed = [each for each in clock.watched(facts, calendar) if each.since <= today]
            still = standstills_of(case, facts, calendar, today)
            return CaseClock(clock.read(facts, calendar, today), clock.explain(facts, calendar, today), listed, still)

    def standstills_on(self, keys: Iterable[CaseKey]) -> dict[CaseKey, tuple[Standstill, ...]]:
        """The procedures that are open in cases of a list. Those alone are folded in which one was ever opened."""
        found: dict[CaseKey, tuple[Standstill, ...]] = {}
        with self.store.reading() as connection:
            suspended = cases.among_with_kind(connection, set(keys), kinds.SUSPEND)
            if not suspended:
                return found
            roster, today = self.roster_in(connection), day_of(self.clock())
            calendar = calendar_in(self, connection)
            for key, held in held_events(self, connection, roster, suspended).items():
                case = fold_held(self, roster, key, held)
                events = [each.event for each in held if not each.stranger]
                facts = legal_dates.facts_of(case, events, roster.places, self.catalogue)
                found[key] = standstills_of(case, facts, calendar, today)
        return found

    def why_too_late(self, key: CaseKey, kind: int) -> Words | None:
        """Say why a limit that has passed leaves no room for this act; None if it does."""
        held = self.clock_of(key) if kind in terms.TIMED else None
        return None if held is None else terms.why_too_late(kind, held.clocks)

    def graded(self) -> dict[str, int]:
        """How many of the cases to be done here have which grade today."""
        today = day_of(self.clock())

        def count(connection: Connection) -> tuple[date, dict[str, int]]:
            found = case_lists.graded(connection, self.identity.place, today)
            return today, {str(grade): number for grade, number in found.items()}

        made = self.remembered("graded", count)
        if made[0] != today:  # nothing has changed but the day
            with self.store.reading() as connection:
                made = count(connection)
        return dict(made[1])

    def may_publish(self, roles: Iterable[str]) -> bool:
        """Whether somebody with these roles may publish a calendar here."""
        return self._is_publisher(roles, kinds.CALENDAR)

    def may_confirm_calendar(self, roles: Iterable[str]) -> bool:
        """Whether somebody with these roles may be the second person, who confirms what another proposed."""
        return powers.may(frozenset(roles), self.identity.level, kinds.CALENDAR)

    def announce(self, actor: str, roles: Iterable[str], said: Announcement, request: Request | None = None) -> bool:
        """Publish a year. What moves days gone by waits for a second person: then False, and nothing counts yet.

        ``request``: under which id a program asks for it. Raises BadBody naming the field, AlreadyDone with PUBLISHED
        or PROPOSED as its scope, IdTaken, NotAllowed, NotSaved.
        """
        self._check_publisher(roles)
        raw = _body(said._replace(proposer="", confirmer=""))

        def act(connection: Connection) -> tuple[bool, set[str]]:
            if not self._moves_the_past(connection, said):
                once.became(connection, request, (PUBLISHED, b""))
                return True, self._publish_year(connection, actor, raw, "calendar.publish", said)
            once.became(connection, request, (PROPOSED, b""))
            peers.remember_bytes(connection, _PROPOSED, encoding.encode([actor, raw]))
            self.note(connection, actor, "calendar.propose", str(said.number), reason=said.reason)
            return False, set()

        return self._act(act, request)

    def calendar_proposed(self) -> tuple[str, Announcement] | None:
        """Who proposed what, and nobody has answered yet."""
        with self.store.reading() as connection:
            return _proposed(connection)

    def answer_calendar(
        self, actor: str, roles: Iterable[str], *, confirmed: bool, shown: str = "", request: Request | None = None
    ) -> None:
        """Confirm what another person proposed, and publish it; or drop it, which who proposed it may do as well.
        ``shown``: the digest of the proposal as its confirmer saw it.

        Raises NotFound where nothing waits, Stale where something else does, AlreadyDone with PUBLISHED or DROPPED as
        its scope, IdTaken, NotAllowed, NotSaved.
        """
        if not self.may_confirm_calendar(roles):
            self._check_publisher(roles)

        def act(connection: Connection) -> tuple[None, set[str]]:
            waiting = _proposed(connection)
            if waiting is None:
                raise NotFound("没有待确认的日历", "no calendar waits for an answer")
            proposer, said = waiting
            if confirmed and proposer == actor:
                raise NotAllowed(*_FIELDS["confirmer"])
            if confirmed and shown != digest_of(said):
                raise Stale("提议已更改，请重新查看后再确认", "the proposal is another one now: look at it again")
            once.became(connection, request, (PUBLISHED if confirmed else DROPPED, b""))
            peers.remember_bytes(connection, _PROPOSED, b"")
            if confirmed:
                raw = _body(said._replace(proposer=proposer, confirmer=actor))
                return None, self._publish_year(connection, actor, raw, "calendar.confirm", said)
            self.note(connection, actor, "calendar.drop", str(said.number), reason=said.reason)
            return None, set()

        self._act(act, request)

    def publish_known_years(self) -> list[int]:
        """Publish what this program knows to be announced of last year, this one and the next, where nothing better was
        published; the years that were. Only a county's node has anything to publish. Raises NotSaved."""
        if self.identity.level != "county" or self.identity.place not in self.roster.places:
            return []
        held, this_year = self.calendars_in_force(), day_of(self.clock()).year
        years: list[Announcement] = []
        for number in range(this_year - 1, this_year + 2):
            known = self.own_calendar.years.get(number)
            published = held.get(number)
            if (
                known is None
                or not known.announced
                or (published is not None and not _is_better(known, published.said.year))
            ):
                continue
            said = Announcement(number, known, "按国家节假日安排，系统自动公布")
            if published is None or not rules.changes_the_past(published.said, said, day_of(self.clock())):
                years.append(said)

        def act(connection: Connection) -> tuple[list[int], set[str]]:
            scopes = set[str]()
            for said in years:
                scopes |= self._publish_year(connection, "", _body(said), "calendar.publish", said)
            return [said.number for said in years], scopes

        return self._act(act) if years else []

    def follow_calendar(self) -> int:
        """Look at every unfinished case again when another calendar is in force than their rows were made by, and have
        every other that is counted by a day from which on it may differ looked at by and by; how many there are. Raises
        NotSaved."""

        def counted(connection: Connection, before: bytes) -> Iterable[CaseKey]:
            first = rules.moved_from(before.decode(), calendar_in(self, connection))
            return rates.since(connection, cases.day_number(first))

        return self._follow(
            _FOLLOWED,
            lambda connection: calendar_in(self, connection).version.encode(),
            lambda connection, _: cases.unfinished(connection),
            counted,
        )

    def _check_publisher(self, roles: Iterable[str]) -> None:
        if not self.may_publish(roles):
            raise NotAllowed(
                "工作日历由县级业务科公布；没有业务科人员在岗时，由部门负责人或首席代表代行",
                "a calendar is published by the county's business section; a head or a chief representative does it "
                "only where nobody of the section is there",
            )

    def _moves_the_past(self, connection: Connection, said: Announcement) -> bool:
        held = rules.in_force(publications(self, connection)).get(said.number)
        if held is None or held.place != self.identity.place:
            return False
        return rules.changes_the_past(held.said, said, day_of(self.clock()))

    def _publish_year(
        self, connection: Connection, actor: str, raw: bytes, action: str, said: Announcement
    ) -> set[str]:
        """Write one publication, and its line into the audit trail; the scope it is in."""
        scopes = self._publish(connection, actor, kinds.CALENDAR, [raw])
        self.note(connection, actor or "node", action, str(said.number), reason=said.reason)
        self.mark_news(connection, scopes)
        return scopes


def digest_of(said: Announcement) -> str:
    """The SHA-256 of what is proposed: who confirms it names what they saw."""
    return sha256(_body(said._replace(proposer="", confirmer=""))).hexdigest()


def _proposed(connection: Connection) -> tuple[str, Announcement] | None:
    """Who proposed what, and nobody has answered yet."""
    raw = peers.bytes_of(connection, _PROPOSED)
    if not raw:
        return None
    proposer, body = encoding.decode(raw)
    said = rules.from_bytes(body)
    return (proposer, said) if said is not None else None


def _body(said: Announcement) -> bytes:
    try:
        return rules.to_bytes(said)
    except ValueError as wrong:
        field = str(wrong)
        raise BadBody(field, *_FIELDS.get(field, ("日历内容有误", "the calendar does not fit its form"))) from None


def _is_better(known: Year, published: Year) -> bool:
    """Whether what this program knows may take the place of what was published: only an arrangement that has been
    announced, where it had not been."""
    return known.announced and not published.announced
