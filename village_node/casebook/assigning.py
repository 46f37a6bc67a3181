"""Assigning a case over the head of its holder: one person proposes, another at the same place confirms or rejects.

The proposal is this node's own record. Only the confirmation writes an event, and it carries both persons.
"""

from collections.abc import Iterable

from sync_protocol.case import Position, kinds, powers, why_not, workflow
from village_node.casebook import once
from village_node.casebook.acts import Act, CaseRef, stale
from village_node.casebook.desk import Desk, checked
from village_node.casebook.errors import NotAllowed, NotFound
from village_node.casebook.reading import folded
from village_node.store import Connection, proposals
from village_node.store.locks import CaseKey
from village_node.store.proposals import Proposal
from village_node.store.requests import Request

MOST_LISTED = 50


class Assigning(Desk):
    """The part of the casebook behind the page of assignments."""

    def propose(
        self,
        actor: str,
        roles: Iterable[str],
        key: CaseKey,
        to: str,
        reason: str,
        seen: Position | None,
        request: Request | None = None,
    ) -> None:
        """Propose to give a case to another place of its path. One proposal a case waits at a time.

        Raises Stale, AlreadyDone, IdTaken, NotAllowed, NotFound, BadBody, NotSaved.
        """
        if not powers.may_propose(frozenset(roles), self.identity.level):
            raise NotAllowed("您的岗位没有此项权限", "your role at this place may not do this")
        # A second person is needed for a sound body; who it will be is not known yet.
        checked(kinds.FORCE_ASSIGN, {0: to, 1: reason, 2: actor, 3: f"{actor}?"[-32:]})

        def act(connection: Connection) -> tuple[None, set[str]]:
            self.store.exclusive(connection, [key], [])
            roster = self.roster_in(connection)
            case, _ = folded(self, connection, roster, key)
            if case is None:
                raise NotFound("本机没有这一案件", "no such case is held here")
            if case.last is None or case.last != seen:
                raise stale()
            able = powers.roles_at(self.identity.level)
            wrong = why_not(
                case, kinds.FORCE_ASSIGN, self.identity.place, able, self.items_in(connection).catalogue, roster.places
            )
            if wrong is None and (to == case.holder or to not in roster.places.line_of(case.home)):
                wrong = workflow.GUARDS["assign"]
            if wrong is None and proposals.of_case(connection, key) is not None:
                wrong = "本案已有一项待确认的改派", "an assignment of this case waits already"
            if wrong is not None:
                raise NotAllowed(*wrong)
            incarnation, seq, mark = case.last
            row = Proposal(
                0, *key, to, reason, incarnation, seq, mark, actor, self.clock(), proposals.PENDING, "", None, ""
            )
            proposals.add(connection, row)
            once.became(connection, request, key)
            subject = case.case_no or key[1].hex()
            self.note(connection, actor, "case.assign.propose", subject, to=to, reason=reason[:200])
            self.mark_news(connection, {key[0]})
            return None, {key[0]}

        self._act(act, request)

    def confirm(self, actor: str, roles: Iterable[str], number: int, request: Request | None = None) -> CaseRef:
        """Confirm another person's proposal: the case is assigned in the same transaction.

        Raises Stale where the case has moved on since it was proposed, AlreadyDone, IdTaken, NotAllowed, NotFound,
        NotSaved.
        """
        allowed = frozenset(roles)

        def act(connection: Connection) -> tuple[CaseRef, set[str]]:
            row = self._waiting(connection, number)
            if row.proposer == actor:
                raise NotAllowed(
                    "提议人不能确认自己的提议，须由另一人确认", "who proposed it cannot confirm it as well"
                )
            content = checked(kinds.FORCE_ASSIGN, {0: row.to_place, 1: row.reason, 2: row.proposer, 3: actor})
            seen = Position(row.last_incarnation, row.last_seq, row.last_mark)
            once.became(connection, request, (row.scope, row.case_id))
            done = self._do(
                connection, Act(actor, allowed, (row.scope, row.case_id), kinds.FORCE_ASSIGN, content, seen)
            )
            if not proposals.answer(connection, number, proposals.CONFIRMED, actor, self.clock()):
                raise _answered()
            return done, {row.scope}

        return self._act(act, request)

    def reject(
        self, actor: str, roles: Iterable[str], number: int, words: str, request: Request | None = None
    ) -> CaseKey:
        """Reject a proposal, or take one's own back; the case that it was about.

        Raises AlreadyDone, IdTaken, NotAllowed, NotFound, NotSaved.
        """
        may = powers.may(frozenset(roles), self.identity.level, kinds.FORCE_ASSIGN)

        def act(connection: Connection) -> tuple[CaseKey, set[str]]:
            row = self._waiting(connection, number)
            if not may and row.proposer != actor:
                raise NotAllowed("您的岗位没有此项权限", "your role at this place may not do this")
            if not proposals.answer(connection, number, proposals.REJECTED, actor, self.clock(), words[:400]):
                raise _answered()
            once.became(connection, request, (row.scope, row.case_id))
            self.note(connection, actor, "case.assign.reject", str(number), answer=words[:200])
            self.mark_news(connection, {row.scope})
            return (row.scope, row.case_id), {row.scope}

        return self._act(act, request)

    def proposals(self) -> list[Proposal]:
        """The proposals that wait for an answer, then the newest that have one."""
        with self.store.reading() as connection:
            return proposals.newest(connection, MOST_LISTED)

    def proposal_of(self, key: CaseKey) -> Proposal | None:
        """The proposal about this case that waits for an answer."""
        with self.store.reading() as connection:
            return proposals.of_case(connection, key)

    def _waiting(self, connection: Connection, number: int) -> Proposal:
        row = proposals.get(connection, number)
        if row is None:
            raise NotFound("没有这项提议", "there is no such proposal")
        if not row.pending:
            raise _answered()
        return row


def _answered() -> NotAllowed:
    return NotAllowed("这项提议已经有人处理过了", "somebody has answered this proposal already")
