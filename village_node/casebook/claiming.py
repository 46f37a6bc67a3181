"""Who of several people at one place works on a case: it is taken up, put back, or given to a colleague.

A claim is this node's own record, and no lock: whoever stands at the counter when the applicant comes may go on with
the case, sees who has it, and leaves a line in the audit trail. It ends when the case leaves the place or is settled,
and when whoever has it is away or has no account any more.
"""

from collections.abc import Collection, Iterable
from datetime import date
from typing import Final

from sync_protocol.case.powers import STANDS_IN
from sync_protocol.case.workdays import day_of
from village_node.casebook import once
from village_node.casebook import registers as held
from village_node.casebook.claimed import is_here
from village_node.casebook.desk import Desk
from village_node.casebook.errors import BadBody, NotAllowed, NotFound
from village_node.store import Connection, cases, claims
from village_node.store.cases import CaseRow
from village_node.store.claims import Absence, Claim, Colleague
from village_node.store.locks import CaseKey
from village_node.store.requests import Request

# Who works on no case: one reads all of them, one must not see them, others take its fee or file its volume.
_APART: Final = frozenset({"supervisor", "admin", "", *STANDS_IN})
_SHARES_OUT: Final = frozenset({"head", "leader"})  # who says who does what at the place
REASON_SHORTEST: Final = 4


def shares_out(roles: Iterable[str]) -> bool:
    """Whether somebody with these roles may give a case that a colleague has to another one, or put it back."""
    return not _SHARES_OUT.isdisjoint(roles)


def can_have(colleague: Colleague) -> bool:
    """Whether somebody can be given a case now."""
    return is_in(colleague) and bool(colleague.roles - _APART)


def is_in(colleague: Colleague) -> bool:
    """Whether somebody has an account in use, and is not away or out."""
    return not (colleague.disabled or colleague.away or colleague.out)


class Claiming(Desk):
    """The part of the casebook that knows who has taken up what."""

    def claim(self, actor: str, key: CaseKey, reason: str = "", request: Request | None = None) -> CaseKey:
        """Take a case up. From a colleague who has it only with a reason.

        Raises AlreadyDone, IdTaken, NotAllowed, NotFound, BadBody, NotSaved.
        """

        def act(connection: Connection) -> tuple[CaseKey, set[str]]:
            row, had = self._taken_here(connection, key)
            self._able(connection, actor, "staff_no")
            if had is not None and had.staff_no == actor:
                raise NotAllowed("本件已由您认领", "you have this case already")
            if had is not None and len(reason) < REASON_SHORTEST:
                raise BadBody(
                    "reason",
                    f"本件已由工号 {had.staff_no} 认领；要接手，请写明理由，至少 {REASON_SHORTEST} 个字",
                    f"staff {had.staff_no} has this case: to take it over, say why, in {REASON_SHORTEST} characters",
                )
            self._give(connection, row, Claim(*key, actor, self.clock(), ""), request)
            told = {} if had is None else {"from": had.staff_no, "reason": reason[:200]}
            self.note(connection, actor, "case.claim", row.case_no or key[1].hex(), **told)
            return key, {key[0]}

        return self._act(act, request)

    def release(self, actor: str, roles: Iterable[str], key: CaseKey, request: Request | None = None) -> CaseKey:
        """Put a case back that one has, or, for who shares the work out, that anybody has.

        Raises AlreadyDone, IdTaken, NotAllowed, NotFound, NotSaved.
        """
        may = shares_out(roles)

        def act(connection: Connection) -> tuple[CaseKey, set[str]]:
            row, had = self._taken_here(connection, key)
            if had is None:
                raise NotAllowed("本件没有人认领", "nobody has this case")
            if had.staff_no != actor and not may:
                raise NotAllowed("只有认领人或负责人可以放回", "only who has it, or the head, puts it back")
            claims.drop(connection, [key])
            once.became(connection, request, key)
            self.note(connection, actor, "case.claim.release", row.case_no or key[1].hex(), of=had.staff_no)
            return key, {key[0]}

        return self._act(act, request)

    def give(self, actor: str, roles: Iterable[str], key: CaseKey, to: str, request: Request | None = None) -> CaseKey:
        """Give a case that one has to a colleague; who shares the work out gives any case to anybody.

        Raises AlreadyDone, IdTaken, NotAllowed, NotFound, BadBody naming ``to``, NotSaved.
        """
        may = shares_out(roles)

        def act(connection: Connection) -> tuple[CaseKey, set[str]]:
            row, had = self._taken_here(connection, key)
            if not may and (had is None or had.staff_no != actor):
                raise NotAllowed("只有认领人或负责人可以转给别人", "only who has it, or the head, gives it away")
            if had is not None and had.staff_no == to:
                raise BadBody("to", f"本件已由工号 {to} 认领", f"staff {to} has this case already")
            self._able(connection, to, "to")
            self._give(connection, row, Claim(*key, to, self.clock(), actor), request)
            told = {"from": had.staff_no} if had is not None else {}
            self.note(connection, actor, "case.claim.give", row.case_no or key[1].hex(), to=to, **told)
            return key, {key[0]}

        return self._act(act, request)

    def claims_on(self, listed: Collection[CaseKey]) -> dict[CaseKey, Claim]:
        """Who has taken up which of these cases; asked once for all of them."""
        with self.store.reading() as connection:
            return claims.of(connection, listed)

    def colleagues(self) -> list[Colleague]:
        """Everybody with an account here, until when they are away, and whether they are out."""
        with self.store.reading() as connection:
            return self._colleagues(connection)

    def note_absence(self, actor: str, staff_no: str, until: date) -> int:
        """Note that somebody is away to the end of a day: what they had taken up falls back. How many cases did.

        Raises NotFound, BadBody naming ``until``, NotSaved.
        """
        if until < self._today():
            raise BadBody("until", "缺勤日期已经过去，请填今天或以后的日期", "this day is over: give a later one")

        def act(connection: Connection) -> tuple[int, set[str]]:
            self._account(connection, staff_no)
            claims.note_absence(connection, Absence(staff_no, until.isoformat(), actor, self.clock()))
            freed = claims.take_all(connection, staff_no)
            self.note(connection, actor, "staff.absent", staff_no, until=until.isoformat())
            claims.note_freed(connection, freed, staff_no, "absent", self.clock(), actor)
            return len(freed), set()

        return self._act(act)

    def end_absence(self, actor: str, staff_no: str) -> None:
        """Somebody is back. Raises NotFound, NotSaved."""

        def act(connection: Connection) -> tuple[None, set[str]]:
            self._account(connection, staff_no)
            if claims.end_absence(connection, staff_no):
                self.note(connection, actor, "staff.back", staff_no)
            return None, set()

        self._act(act)

    def free_who_is_out(self) -> int:
        """Have fall back what whoever is out has taken up, where the register of representatives had them out from a
        day to come, and that day is here. How many cases did. Raises NotSaved."""
        with self.store.reading() as connection:
            register = held.register_in(self, connection, self.identity.place)
            out = [each for each in claims.holders(connection) if register.absence(each, self.clock())]

        def act(connection: Connection) -> tuple[int, set[str]]:
            freed = [(each, claims.take_all(connection, each)) for each in out]
            for staff_no, cases_freed in freed:
                claims.note_freed(connection, cases_freed, staff_no, "absent", self.clock(), "node")
            return sum(len(cases_freed) for _, cases_freed in freed), set()

        return self._act(act) if out else 0

    def _colleagues(self, connection: Connection, staff_no: str | None = None) -> list[Colleague]:
        """Everybody with an account, or one of them, and whether the register of representatives has them out now."""
        found = claims.colleagues(connection, self._today().isoformat(), staff_no)
        register = held.register_in(self, connection, self.identity.place)
        return [each._replace(out=register.absence(each.staff_no, self.clock()) is not None) for each in found]

    def _today(self) -> date:
        return day_of(self.clock())

    def _taken_here(self, connection: Connection, key: CaseKey) -> tuple[CaseRow, Claim | None]:
        """A case that is here, held to the end of the transaction, and who has taken it up."""
        self.store.exclusive(connection, [key], [])
        row = cases.get(connection, key)
        if row is None or row.state is None:
            raise NotFound("本机没有这一案件", "no such case is held here")
        if not is_here(row, self.identity.place):
            raise NotAllowed("本件不在本单位，或已办结，不能认领", "the case is not at this place, or is settled")
        return row, claims.of(connection, [key]).get(key)

    def _account(self, connection: Connection, staff_no: str) -> Colleague:
        found = claims.colleagues(connection, self._today().isoformat(), staff_no)
        if not found:
            raise NotFound(f"没有工号 {staff_no}", f"there is no staff number {staff_no}")
        return found[0]

    def _able(self, connection: Connection, staff_no: str, field: str) -> None:
        """Raises BadBody where somebody cannot have a case now."""
        found = next(iter(self._colleagues(connection, staff_no)), None)
        if found is None or found.disabled or not found.roles - _APART:
            raise BadBody(field, "本机没有这个经办人员，请选择在用的工号", "nobody here who handles cases has it")
        if found.away:
            raise BadBody(
                field,
                f"{found.name}登记为缺勤至 {found.away}，请选别人，或请管理员在“人员”页销假",
                f"{found.name} is away until {found.away}: choose another, or have it ended on the page of staff",
            )
        if found.out:
            raise BadBody(
                field,
                f"{found.name}在首席代表登记中为外出，请选别人；已经回来的，请先在“授权登记”页登记返岗",
                f"{found.name} is out by the register of representatives: choose another, or enter there that they are "
                "back",
            )

    def _give(self, connection: Connection, row: CaseRow, claim: Claim, request: Request | None) -> None:
        claims.put(connection, claim)
        once.became(connection, request, (row.scope, row.case_id))
