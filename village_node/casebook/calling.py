"""The part of the casebook about calling back (回访): who is told later what came of a question or a slip, and how far
the applicants were asked whose result was given."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

from sync_protocol.case import calls, kinds, powers
from sync_protocol.case.calls import Callee
from sync_protocol.case.legal_bodies import CALL_BACK
from sync_protocol.event import load_header
from sync_protocol.places import about
from village_node.casebook import once, orders
from village_node.casebook.bringing import Bringing, raw_body
from village_node.casebook.conditions import CHINA
from village_node.casebook.errors import NotAllowed, NotFound
from village_node.store import Connection, case_lists, streams
from village_node.store.calls import Calls, calls_made
from village_node.store.requests import Request

_CALLEES: Final = "callees"
_HANDLERS: Final = "handlers of what is unrated"
_LOOKED_AT: Final = 200  # cases, of which it is looked up who handled them


class Calling(Bringing):
    """Calls about what stands beside the cases, and the sums of all calls."""

    def callees(self) -> list[Callee]:
        """Whom this place was or is to call about its consultations and slips, the longest answered first."""
        return self.remembered(_CALLEES, self._callees)

    def callees_for(self, actor: str, roles: Iterable[str]) -> list[Callee]:
        """Those of them still to be called whom this person may call: who handled it does not."""
        if not powers.may(frozenset(roles), self.identity.level, kinds.CALL_BACK):
            return []
        return [each for each in self.callees() if each.waits and actor not in each.handlers]

    def results_for(self, actor: str, roles: Iterable[str]) -> int:
        """About how many results that nobody has rated this person may call. Of a long list, which is one of many
        people, the whole is counted, as the lists have it; of a short one it is read once for everybody who handled
        what, and by the heads of the events alone."""
        if not powers.may(frozenset(roles), self.identity.level, kinds.CALL_BACK):
            return 0
        total = self._counted()["unrated"]
        if total > _LOOKED_AT:
            return total
        return sum(actor not in handlers for handlers in self.remembered(_HANDLERS, self._handlers))

    def _handlers(self, connection: Connection) -> list[set[str]]:
        """Who handled here each of the results that nobody has rated."""
        here, roster = self.identity.place, self.roster_in(connection)
        listed = case_lists.page(connection, case_lists.view("unrated", here), 1, _LOOKED_AT)
        found = {(row.scope, row.case_id): set[str]() for row in listed.rows}
        for key, incarnation, header in streams.headers_of(connection, found.keys(), orders.HANDLES):
            author = self.author(roster, incarnation)
            if author is not None and author.place == here:
                found[key].add(load_header(header).actor)
        return list(found.values())

    def call_back(
        self, actor: str, roles: Iterable[str], number: str, said: Mapping[str, Any], request: Request | None = None
    ) -> None:
        """Record a call about a consultation or a slip, by somebody who did not handle it. ``said``: reached and text.
        Raises BadBody naming the field, AlreadyDone, IdTaken, NotAllowed, NotFound, NotSaved."""
        self.refuse_unless(roles, kinds.CALL_BACK)
        scope = about(self.identity.place)
        raw = raw_body(CALL_BACK, calls.to_bytes, {**said, "number": number})

        def act(connection: Connection) -> tuple[None, set[str]]:
            self._locked_stream(connection, scope)
            callee = next((each for each in self._callees(connection) if each.number == number), None)
            if callee is None:
                raise NotFound(
                    "本单位没有要回访的这一编号", "no consultation or slip of this number is to be called about"
                )
            if not callee.waits:
                raise NotAllowed("已经回访过，不用再打", "a call has reached them, or was tried often enough")
            if actor in callee.handlers:
                raise NotAllowed("经办人不能登记自己的回访", "who handled it does not record the call about it")
            self.write_record(connection, scope, kinds.CALL_BACK, actor, raw)
            self.note(connection, actor, "call_back", number, reached=bool(said.get("reached")))
            once.became(connection, request, (number, b""))
            return None, {scope}

        self._act(act, request)

    def calls_made(self, first: date, last: date) -> Calls:
        """How far the applicants were asked whose result was given from one day to another, both counted."""
        starts = [datetime(day.year, day.month, day.day, tzinfo=CHINA) for day in (first, last + timedelta(1))]
        with self.store.reading() as connection:
            return calls_made(connection, *(int(start.timestamp() * 1000) for start in starts))

    def _callees(self, connection: Connection) -> list[Callee]:
        here = self.identity.place
        made = self.records(connection, kinds.CALL_BACK, calls.read, about(here))
        brought = [each.slip for each in self._brought(connection)]
        return calls.callees_of(here, self._consultations(connection), brought, made)
