"""Pre-review (网上预审): a draft goes to who may accept it before anybody receives it, and becomes a case as it is."""

from collections.abc import Iterable, Mapping
from typing import Any

from sync_protocol.case import Position, baton, bodies, kinds
from sync_protocol.case.routes import CasePath
from sync_protocol.places import about
from village_node.casebook import ledger, once
from village_node.casebook.acts import Act, Application, CaseRef
from village_node.casebook.desk import COUNTER, Desk, checked
from village_node.casebook.errors import BadBody
from village_node.casebook.ledger import Entry
from village_node.casebook.moving import staying
from village_node.casebook.pen import Pen
from village_node.store import Connection, peers
from village_node.store.locks import CaseKey
from village_node.store.requests import Request


class Previewing(Desk):
    """The part of the casebook that sends drafts to be looked at, and receives them."""

    def ask_preview(
        self,
        actor: str,
        roles: Iterable[str],
        create_body: Mapping[Any, Any],
        request: Request | None = None,
        authority: Mapping[str, Any] | None = None,
        service: Mapping[str, Any] | None = None,
    ) -> CaseRef:
        """Write a draft and send it to the nearest place that may accept it: here, where this one may.

        It has no number yet. Raises AlreadyDone, IdTaken, NotAllowed, BadBody, NotSaved.
        """
        self._check_may(roles, kinds.CREATE)
        self._check_may(roles, kinds.PREREVIEW)
        self.store.refuse_intake_without_room()
        scope, roster = about(self.identity.place), self.roster
        draft = self._checked_application(Application(actor, create_body, authority=authority, service=service), roster)
        here = self.identity.place
        item = self.catalogue.item(draft.create[0], draft.create[1])
        to = baton.preview_places(item, here, CasePath(here, roster.places))[0]

        def act(connection: Connection) -> tuple[CaseRef, set[str]]:
            growth = self._locked_stream(connection, scope)
            pen = Pen(self, growth)
            deps = staying(self, connection, draft.deps)
            opened, case_id = self._open_draft(pen, draft._replace(deps=deps))
            pen.write(kinds.PREREVIEW, case_id, actor, checked(kinds.PREREVIEW, {0: to}), opened)
            entry = Entry(self.roster_in(connection), pen.now_ms, {growth.row.key: growth}, looked_at=True)
            written = ledger.write(self, connection, entry)
            self._refuse_unless_effective(written.cases[scope, case_id], None)
            once.became(connection, request, (scope, case_id))
            self.mark_news(connection, {scope})
            return CaseRef(scope, case_id, "", ""), {scope}

        return self._act(act, request)

    def receive_draft(
        self,
        actor: str,
        roles: Iterable[str],
        key: CaseKey,
        channel: str,
        seen: Position | None,
        request: Request | None = None,
    ) -> CaseRef:
        """Receive a draft that is held here: number and query code are drawn here, and nothing is typed again.

        Raises Stale, AlreadyDone, IdTaken, NotAllowed, NotFound, BadBody, NotSaved.
        """
        if channel not in bodies.CHANNELS:
            raise BadBody("channel", "“收件方式”请从所列选项中选择", "channel: choose from the list")
        allowed = frozenset(roles)

        def act(connection: Connection) -> tuple[CaseRef, set[str]]:
            self._locked_stream(connection, key[0], [key])  # before the number, as who files does
            number = peers.count_up(connection, COUNTER)
            content = checked(kinds.RECEIVE, self._receipt(self.clock(), number, channel))
            once.became(connection, request, key)
            return self._do(connection, Act(actor, allowed, key, kinds.RECEIVE, content, seen)), {key[0]}

        return self._act(act, request)
