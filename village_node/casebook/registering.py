"""The part of the casebook that keeps the registers of our own place: delegations, absences, seals, declared kin."""

from calendar import monthrange
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, Final

from sync_protocol import limits
from sync_protocol.case import Case, Position, bodies, delegations, kinds, powers, registers
from sync_protocol.case.delegations import Authority, Delegation, Register
from sync_protocol.case.fields import Field
from sync_protocol.case.kinship import Kin, plain_number
from sync_protocol.case.registers import Entry
from sync_protocol.case.seals import Seal
from sync_protocol.case.workdays import day_of
from sync_protocol.places import about
from sync_protocol.stream import Draft, append
from village_node.casebook import appeals, entitlement, ledger, once, orders, terms
from village_node.casebook import registers as held
from village_node.casebook.conditions import CHINA
from village_node.casebook.desk import SEAL_USE, Desk
from village_node.casebook.entitlement import Person, Shown, Words
from village_node.casebook.errors import BadBody, NotAllowed
from village_node.casebook.ledger import held_events
from village_node.casebook.reading import Reading, folded
from village_node.store import Connection, audit, claims
from village_node.store.audit import AuditRow
from village_node.store.locks import CaseKey
from village_node.store.requests import Request

_CLOCK_BITS: Final = 16
MOST_USES: Final = 500
CONSENTER: Final = "business"
_ACTIONS: Final = {kinds.AUTHORITY: "authority", kinds.SEAL: "seal", kinds.KIN: "kin"}


class Registering(Desk, Reading):
    """The registers of the place, and what they say of a person and a case."""

    def register(self, place: str = "") -> Register:
        """Who may act in whose name here, or at another place as far as we hold its register."""
        with self.store.reading() as connection:
            return held.register_in(self, connection, place or self.identity.place)

    def seals(self, place: str = "") -> list[Seal]:
        """The seals of our place, or of another."""
        with self.store.reading() as connection:
            return held.seals_in(self, connection, place or self.identity.place)

    def kin(self) -> list[Kin]:
        """What is declared at our place."""
        with self.store.reading() as connection:
            return held.kin_in(self, connection, [self.identity.place])

    def kin_of_applicant(self, case: Case) -> list[Kin]:
        """Whose kin the applicant of a case is, as far as it is declared at places we hold that of."""
        with self.store.reading() as connection:
            return entitlement.kin_of_applicant(self, connection, case)

    def hindrances(self, case: Case, offered: Iterable[int], actor: str, roles: Iterable[str]) -> dict[int, Words]:
        """Of what the workflow offers somebody on a case: what they may not do all the same, and why."""
        person, kinds_offered = Person(actor, frozenset(roles)), frozenset(offered)
        with self.store.reading() as connection:
            found = entitlement.hindrances(self, connection, case, kinds_offered, person)
            roster, key = self.roster_in(connection), (about(case.home), case.case_id)
            if kinds.LAPSE in kinds_offered and (
                early := terms.why_not_lapsed_now(self, connection, roster, key, case)
            ):
                found.setdefault(kinds.LAPSE, early)
            if not kinds_offered.isdisjoint(appeals.ONES_OWN | orders.RATED):
                written = [each.event for each in held_events(self, connection, roster, {key})[key]]
                own = orders.why_not_recorded(self.identity.place, written, actor)
                found |= {kind: own for kind in kinds_offered & orders.RATED if own is not None and kind not in found}
                found |= appeals.hindrances(self, case, kinds_offered, roster.places, written, person)
            return found

    def decision_checked(self, case: Case) -> Authority:
        """What the register of the place that decided a case says of its decision."""
        key = about(case.home), case.case_id
        with self.store.reading() as connection:
            events = held_events(self, connection, self.roster_in(connection), {key})[key]
            return entitlement.checked_again(self, connection, case, events)

    def shown(self, key: CaseKey) -> Shown:
        """What a page drawn now shows of a case, to be handed back with the decision."""
        with self.store.reading() as connection:
            return entitlement.shown_of(held_events(self, connection, self.roster_in(connection), {key})[key])

    def case_shown(self, key: CaseKey) -> tuple[Case | None, Shown]:
        """A case, and what is shown of it by who shows that. The records are read first: nothing is bound that the
        case does not hold."""
        with self.store.reading() as connection:
            roster = self.roster_in(connection)
            shown = entitlement.shown_of(held_events(self, connection, roster, {key})[key])
            return folded(self, connection, roster, key)[0], shown

    def seal_uses(self) -> list[AuditRow]:
        """The newest uses of seals here, as the audit trail has them."""
        with self.store.reading() as connection:
            return audit.newest(connection, MOST_USES, action=SEAL_USE)

    def may_keep(self, roles: Iterable[str], kind: int) -> bool:
        """Whether somebody with these roles keeps a register here."""
        return powers.may(frozenset(roles), self.identity.level, kind)

    def enter(
        self, actor: str, roles: Iterable[str], kind: int, said: Mapping[str, Any], request: Request | None = None
    ) -> None:
        """Make an entry in a register of our place. ``request``: under which id it is asked for. Raises AlreadyDone,
        IdTaken, BadBody naming the field, NotAllowed, NotSaved."""
        allowed = frozenset(roles)
        raw = _body(kind, said)

        def act(connection: Connection) -> tuple[None, set[str]]:
            if kind == kinds.AUTHORITY:
                self._check_authority(connection, actor, allowed, said)
            elif not self.may_keep(allowed, kind):
                raise NotAllowed("您的岗位不能登记这一事项", "your post does not keep this register")
            scope = self._write_entry(connection, actor, kind, raw)
            subject = str(said.get("department") or said.get("seal_no") or said.get("staff_no") or "")
            detail = {} if kind == kinds.KIN else {"document": str(said.get("document_no", ""))}
            action = str(said.get("what") or ("withdraw" if said.get("withdrawn") else "enter"))
            person, today = str(said.get("person", "")), day_of(self.clock()).isoformat()
            out = action == "absent" and str(said["first"]) <= today <= str(said.get("last") or today)
            freed = claims.take_all(connection, person) if out else []
            once.became(connection, request, (scope, b""))
            self.note(connection, actor, f"{_ACTIONS[kind]}.{action}", subject, **detail)
            claims.note_freed(connection, freed, person, "absent", self.clock(), actor)
            self.mark_news(connection, {scope})
            return None, {scope}

        self._act(act, request)

    def _write_entry(self, connection: Connection, actor: str, kind: int, raw: bytes) -> str:
        """Write one entry into our own stream; the scope it is in, of which the news is told last."""
        scope = held.scope_of(kind, self.identity.place)
        growth = self._locked_stream(connection, scope)
        now_ms = self.clock()
        hlc = max(now_ms << _CLOCK_BITS, growth.row.hlc + 1)
        known = kinds.BY_NUMBER[kind]
        apart = known.holding == "apart"
        draft = Draft(kind, known.version, None, hlc, now_ms, actor, raw, apart=apart)
        salt = self.randomness(limits.SALT) if apart else None
        growth.events.append(append(growth.row.stream_id, growth.head, draft, salt))
        ledger.write(self, connection, ledger.Entry(self.roster_in(connection), now_ms, {growth.row.key: growth}))
        return scope

    def _check_authority(
        self, connection: Connection, actor: str, roles: frozenset[str], said: Mapping[str, Any]
    ) -> None:
        register = held.register_in(self, connection, self.identity.place)
        what, keeps = said["what"], self.may_keep(roles, kinds.AUTHORITY)
        if what == "delegate":
            _check_head(roles, register, str(said["department"]), actor, self.clock())
            self._check_lists(said)
            _check_change(register, said, day_of(self.clock()))
        elif what == "revoke":
            named = _delegation(register, said)
            _check_head(roles, register, named.text("department"), actor, self.clock())
            if named.revoked is not None:
                raise NotAllowed("这份委托书已经撤销", "this delegation is revoked already")
        elif what == "consent":
            _check_consent(roles, register, _delegation(register, said), actor)
        else:
            person = str(said["person"]) if what == "absent" else _absence(register, said).said["person"]
            if not keeps and person != actor:
                raise NotAllowed("只能登记本人外出，或由负责人登记", "enter your own absence, or let the head do it")
            if what == "absent" and not _is_representative(register, person):
                raise BadBody("person", "此人不是首席代表", "this person is no chief representative")

    def _check_lists(self, said: Mapping[str, Any]) -> None:
        newest = {item.item_no: item for item in self.catalogue.items()}
        for name in ("full", "limited"):
            for number in said.get(name, ()):
                item = newest.get(number)
                if item is None or item.department != said["department"]:
                    raise BadBody(
                        name, f"事项 {number} 不属于“{said['department']}”", f"item {number} is not that department's"
                    )
                if name == "full" and not delegations.may_be_delegated(item):
                    raise BadBody(
                        name,
                        f"事项 {number}（{item.name}）须公示或经特别程序，不得全权委托，请列入第二栏",
                        f"item {number} is made public or judged in a special procedure: list it in the second list",
                    )
        # A department without an item of its own takes part in joint cases: its representative countersigns.
        its_own = any(item.department == said["department"] for item in newest.values())
        if its_own and not said.get("full") and not said.get("limited"):
            raise BadBody("full", "请至少委托一个事项", "delegate one item at least")
        if set(said.get("full", ())) & set(said.get("limited", ())):
            raise BadBody("limited", "同一事项不能同时列入两栏", "an item stands in one of the two lists")


def _check_head(roles: frozenset[str], register: Register, department: str, actor: str, now_ms: int) -> None:
    if "head" not in roles:
        raise NotAllowed("只有部门负责人可以委托或撤销", "only a department head delegates or revokes")
    in_force = register.in_force(department, now_ms)
    if in_force is not None and in_force.text("head") != actor:
        name = in_force.text("head_name")
        raise NotAllowed(f"“{department}”的负责人是{name}", f"the head of {department} is {name}")


def _check_change(register: Register, said: Mapping[str, Any], today: date) -> None:
    """See that who takes the place of a delegation that runs on is proposed a month ahead, or that it says what the
    emergency is. Until its first day the earlier one holds. Raises BadBody."""
    first = said.get("first")
    if said.get("reason") or not bodies.is_date(first):  # what is no date is told when the body is read
        return
    held = register.in_force(str(said["department"]), noon_ms(max(date.fromisoformat(str(first)), today)))
    soonest = month_later(today)
    if held is not None and str(first) < soonest.isoformat():
        number = held.text("document_no")
        raise BadBody(
            "first",
            f"现有委托书（{number}）仍有效，变更首席代表须提前一个月：请从 {soonest} 或以后开始；情况紧急的请写明理由",
            f"the delegation {number} still holds: a change starts a month ahead, on {soonest} or later, unless the "
            "emergency is written down",
        )


def month_later(day: date) -> date:
    """The same day of the next month, or its last one."""
    first = date(day.year + day.month // 12, day.month % 12 + 1, 1)
    return first.replace(day=min(day.day, monthrange(first.year, first.month)[1]))


def noon_ms(day: date) -> int:
    """Noon of a day in China."""
    return int(datetime(day.year, day.month, day.day, 12, tzinfo=CHINA).timestamp() * 1000)


def _check_consent(roles: frozenset[str], register: Register, named: Delegation, actor: str) -> None:
    if not register.by_two:
        raise NotAllowed("本级的委托书不需要中心同意", "delegations of this level need no consent")
    if CONSENTER not in roles:
        raise NotAllowed("由中心业务科同意", "the centre's business section consents")
    if named.entry.actor == actor:
        raise NotAllowed("提出委托的人不能代表中心同意", "who delegates does not consent for the centre")
    if named.consent is not None or named.revoked is not None:
        raise NotAllowed("这份委托书已经同意或已经撤销", "this delegation has its consent, or is revoked")


def _delegation(register: Register, said: Mapping[str, Any]) -> Delegation:
    wanted = Position(*said["of"])
    for each in register.delegations:
        if each.position == wanted:
            return each
    raise BadBody("of", "没有这份委托书", "there is no such delegation")


def _absence(register: Register, said: Mapping[str, Any]) -> Entry:
    wanted = Position(*said["of"])
    for entry, back in register.absences:
        if entry.position == wanted and back is None:
            return entry
    raise BadBody("of", "没有这条尚未结束的外出登记", "there is no such absence that has not ended")


def _is_representative(register: Register, person: str) -> bool:
    return any(person in (each.text("a"), each.text("b")) for each in register.delegations)


def _body(kind: int, said: Mapping[str, Any]) -> bytes:
    said = {**said, "kin_id_no": plain_number(said["kin_id_no"])} if said.get("kin_id_no") else said
    try:
        return registers.to_bytes(kind, said)
    except ValueError as wrong:
        name = str(wrong)
        found = next((row for row in registers.TABLES[kind].fields if row.name == name), None)
        raise BadBody(name, *_what_is_wrong(found, said)) from None


def _what_is_wrong(field: Field | None, said: Mapping[str, Any]) -> Words:
    """What to mend in a field that does not fit."""
    if field is None:
        return "“内容”不符合要求，请改正", "content: not as required"
    zh, en, value = field.zh, field.en, said.get(field.name)
    if value in (None, "", []):
        return f"请填写“{zh}”", f"fill in: {en}"
    if field.type == "text" and len(str(value)) > field.high:
        return (
            f"“{zh}”最多 {field.high} 个字，现有 {len(str(value))} 个字",
            f"{en}: at most {field.high} characters, and there are {len(str(value))}",
        )
    if field.name == "last" and str(value) < str(said.get("first", "")):
        return f"“{zh}”不能早于开始的日期", f"{en}: not before the first day"
    return f"“{zh}”不符合要求，请改正", f"{en}: not as required"
