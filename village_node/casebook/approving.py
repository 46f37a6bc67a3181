"""Special procedures: an examiner proposes one from an account of their own, and who may approve it does from another.

The proposal is this node's own record. Only the approval writes an event, and it carries both persons.
"""

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any, Final

from sync_protocol import encoding
from sync_protocol.case import Position, kinds, legal_bodies, powers, why_not
from village_node.casebook import conditions, entitlement, inviting, once, procedures
from village_node.casebook.acts import Act, CaseRef, stale
from village_node.casebook.calendars import calendar_in
from village_node.casebook.conditions import day_in_county
from village_node.casebook.desk import Desk, checked
from village_node.casebook.entitlement import Person
from village_node.casebook.errors import BadBody, NotAllowed, NotFound, Stale
from village_node.casebook.reading import folded
from village_node.store import Connection, asked
from village_node.store.asked import Asked
from village_node.store.locks import CaseKey
from village_node.store.requests import Request

_WHAT, _PROPOSER, _APPROVER, _PRESIDER = 0, 4, 5, 12
_LONGEST_ANSWER: Final = 200
MOST_LISTED: Final = 50


class Approving(Desk):
    """The part of the casebook by which two persons open a special procedure."""

    def ask_procedure(
        self,
        actor: str,
        roles: Iterable[str],
        key: CaseKey,
        body: Mapping[int, Any],
        seen: Position | None,
        request: Request | None = None,
    ) -> None:
        """Propose a special procedure as its examiner; it takes the place of a proposal before.

        Raises Stale, AlreadyDone, IdTaken, NotAllowed, NotFound, BadBody, NotSaved.
        """
        # A second person is needed for a sound body; who it will be is not known yet.
        content = checked(kinds.SUSPEND, {**body, _PROPOSER: actor, _APPROVER: f"{actor}?"[-32:]})
        if content[_WHAT] not in legal_bodies.SPECIAL:
            raise BadBody("what", "只有特别程序须由两人办理", "only a special procedure takes two persons")
        person = Person(actor, frozenset(roles))

        def act(connection: Connection) -> tuple[None, set[str]]:
            self.store.exclusive(connection, [key], [])
            roster = self.roster_in(connection)
            case, _ = folded(self, connection, roster, key)
            if case is None:
                raise NotFound("本机没有这一案件", "no such case is held here")
            if case.last is None or case.last != seen:
                raise stale()
            place = self.identity.place
            wrong = why_not(case, kinds.SUSPEND, place, person.roles, self.catalogue, roster.places)
            wrong = wrong or entitlement.backing(self, connection, case, kinds.SUSPEND, content, person).why_not
            wrong = wrong or conditions.why_not_presiding(case, content, place)
            if wrong is not None:
                raise NotAllowed(*wrong)
            procedures.check(kinds.SUSPEND, content, self.catalogue.find(case.item_no, case.item_version))
            inviting.check(kinds.SUSPEND, content, calendar_in(self, connection), day_in_county(self.clock()))
            kept = {number: value for number, value in content.items() if number not in (_PROPOSER, _APPROVER)}
            last = case.last
            row = Asked(*key, encoding.encode(kept), last.incarnation, last.seq, last.mark, actor, self.clock())
            asked.put(connection, row)
            once.became(connection, request, key)
            self.note(connection, actor, "case.procedure.propose", case.case_no or key[1].hex(), what=content[_WHAT])
            self.mark_news(connection, {key[0]})
            return None, {key[0]}

        self._act(act, request)

    def approve_procedure(
        self,
        actor: str,
        roles: Iterable[str],
        key: CaseKey,
        shown: str | None = None,
        request: Request | None = None,
        *,
        clock_confirmed: bool = False,
    ) -> CaseRef:
        """Approve what another person has proposed: the procedure is opened in the same transaction. ``shown``: the
        digest of the proposal as its approver saw it.

        Raises Stale where the case has moved on since it was proposed, or another proposal waits than the one shown;
        AlreadyDone, IdTaken, NotAllowed, NotFound, NotSaved. ``clock_confirmed``: as ``record`` has it.
        """
        allowed = frozenset(roles)

        def act(connection: Connection) -> tuple[CaseRef, set[str]]:
            row = _waiting(connection, key)
            content = {**encoding.decode(row.body), _PROPOSER: row.proposer, _APPROVER: actor}
            if row.proposer == actor:
                raise NotAllowed(
                    "提出程序的审查人和批准人须为两人", "who proposes a procedure and who approves it are two persons"
                )
            if actor == content.get(_PRESIDER):
                raise NotAllowed(*conditions.NOT_PRESIDING)
            if shown is not None and shown != digest_of(row):
                raise Stale("提议已更改，请重新查看后再批准", "the proposal is another one now: look at it again")
            once.became(connection, request, key)
            seen = Position(row.last_incarnation, row.last_seq, row.last_mark)
            try:
                sound = checked(kinds.SUSPEND, content)
                approved = Act(actor, allowed, key, kinds.SUSPEND, sound, seen, clock_confirmed=clock_confirmed)
                done = self._do(connection, approved)
            except Stale:
                words = "提出后案件已有新的进展，请审查人重新提出", "the case has moved on since: propose it again"
                raise Stale(*words) from None
            except BadBody as wrong:  # in time when it was proposed, and not any more
                words = f"{wrong.zh}；请审查人重新提出", f"{wrong.en}: propose it again"
                raise NotAllowed(*words) from None
            asked.take_away(connection, key)
            return done, {key[0]}

        return self._act(act, request)

    def reject_procedure(
        self, actor: str, roles: Iterable[str], key: CaseKey, words: str, request: Request | None = None
    ) -> None:
        """Reject a proposal, or take one's own back. Raises AlreadyDone, IdTaken, NotAllowed, NotFound, NotSaved."""
        may = powers.may_approve(frozenset(roles), self.identity.level)

        def act(connection: Connection) -> tuple[None, set[str]]:
            row = _waiting(connection, key)
            if not may and row.proposer != actor:
                raise NotAllowed("您的岗位没有此项权限", "your role at this place may not do this")
            once.became(connection, request, key)
            asked.take_away(connection, key)
            self.note(connection, actor, "case.procedure.reject", key[1].hex(), answer=words[:_LONGEST_ANSWER])
            self.mark_news(connection, {key[0]})
            return None, {key[0]}

        self._act(act, request)

    def asked_procedure(self, key: CaseKey) -> Asked | None:
        """The procedure proposed for a case that nobody has answered yet."""
        with self.store.reading() as connection:
            return asked.of_case(connection, key)

    def asked_procedures(self, actor: str, roles: Iterable[str]) -> list[Asked]:
        """The procedures that wait for the approval of this person, the newest first."""
        if not powers.may_approve(frozenset(roles), self.identity.level):
            return []
        with self.store.reading() as connection:
            return [row for row in asked.newest(connection, MOST_LISTED) if row.proposer != actor]


def digest_of(row: Asked) -> str:
    """The SHA-256 of what is proposed, by whom and on which state of the case: who approves it names what they saw."""
    seen = [row.last_incarnation, row.last_seq, row.last_mark]
    return sha256(encoding.encode([row.body, seen, row.proposer, row.proposed_ms])).hexdigest()


def _waiting(connection: Connection, key: CaseKey) -> Asked:
    row = asked.of_case(connection, key)
    if row is None:
        raise NotFound("没有待批准的程序", "no procedure waits for an approval")
    return row
