"""The door for our own people: filing an application, and every act on a case, each asked of the workflow first."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final, TypeVar

from sync_protocol import limits
from sync_protocol.case import (
    Case,
    Position,
    UnknownItem,
    bodies,
    explain,
    forms,
    kinds,
    legal_bodies,
    numbers,
    powers,
    why_not,
    why_not_filed,
)
from sync_protocol.case.complaints import ONESELF
from sync_protocol.case.routes import CasePath
from sync_protocol.event import Dep
from sync_protocol.places import UnknownPlace, about, below, parse_scope
from sync_protocol.roster import Roster
from sync_protocol.stream import OPENS
from village_node.casebook import (
    appeals,
    asking,
    conditions,
    entitlement,
    hearing_rights,
    inviting,
    lanes,
    ledger,
    linking,
    named_days,
    numbering,
    once,
    orders,
    outages,
    procedures,
    promises,
    proxies,
    purged,
    serving,
    skews,
    terms,
)
from village_node.casebook.acts import Act, Application, CaseRef, CheckedIn, stale
from village_node.casebook.calendars import calendar_in
from village_node.casebook.charging import with_rule
from village_node.casebook.conditions import day_in_county
from village_node.casebook.entitlement import Backing, Person, Shown
from village_node.casebook.errors import BadBody, Grown, NotAllowed, NotFound
from village_node.casebook.growth import Growth
from village_node.casebook.intake import ATTEMPTS, too_busy
from village_node.casebook.ledger import Entry
from village_node.casebook.moving import staying
from village_node.casebook.once import Once
from village_node.casebook.pen import Pen
from village_node.casebook.reading import folded
from village_node.casebook.relying import relied_on
from village_node.store import Connection, Overtaken, RoomMade, claims, peers, streams
from village_node.store.locks import CaseKey, StreamKey
from village_node.store.requests import Request

COUNTER: Final = "case_number"
SEAL_USE: Final = "seal.use"
# Acts by which people overrule what others wrote stand in the audit trail as well.
_AUDITED: Final = {
    kinds.FORCE_ASSIGN: "case.assign.confirm",
    kinds.ADOPT: "case.adopt",
    kinds.DISMISS: "case.dismiss",
}
# What of a case only some may bring about, also by adopting it: its name in the record, the kinds that say who may.
_JUDGED: Final = {
    "review": (kinds.REVIEW, kinds.DECIDE),
    "decision": (kinds.REVIEW, kinds.DECIDE),
    "refusal": (kinds.REFUSE,),
    "review_answers": (kinds.REVIEW_DECISION,),
    "procedures": (kinds.SUSPEND,),
    "extended": (kinds.EXTEND,),
    "certificate": (kinds.ISSUE,),
}
_T = TypeVar("_T")


class Desk(Once):
    """The part of the casebook that the pages hand their forms to, and programs their requests."""

    _tag = ""

    def file(
        self,
        actor: str,
        roles: Iterable[str],
        create_body: Mapping[Any, Any],
        receive_channel: str = "counter",
        request: Request | None = None,
        authority: Mapping[str, Any] | None = None,
        service: Mapping[str, Any] | None = None,
    ) -> CaseRef:
        """File an application of a resident of this place, and receive it: number and query code are drawn here.

        ``authority``: by which somebody acts for the applicant, ``service``: where documents are served, by field name.
        ``request``: under which id a program asks for it. Raises AlreadyDone, IdTaken, NotAllowed, BadBody, NotSaved.
        """
        self._check_may(roles, kinds.CREATE)
        self._check_may(roles, kinds.RECEIVE)
        return self.record_many([Application(actor, create_body, receive_channel, authority, service)], request)[0]

    def record_many(
        self,
        applications: Sequence[Application],
        request: Request | None = None,
        beside: Callable[[Connection, list[CaseRef]], None] = lambda *_: None,
    ) -> list[CaseRef]:
        """File many applications in one transaction (an import): all of them or none.

        ``request``: under which id a program asks for the one it files; ``beside``: what is noted of them in the same
        transaction. Raises BadBody for the first that does not fit, AlreadyDone, IdTaken, NotAllowed, NotSaved.
        """
        self.store.refuse_intake_without_room()
        scope = about(self.identity.place)
        roster = self.roster
        filed = [self._checked_application(each, roster) for each in applications]

        def act(connection: Connection) -> tuple[list[CaseRef], set[str]]:
            growth = self._locked_stream(connection, scope)
            last = peers.count_up(connection, COUNTER, len(filed))
            pen = Pen(self, growth)
            refs = []
            sealed: dict[tuple[str, int, str], str] = {}
            for number, checked_in in enumerate(filed, start=last - len(filed) + 1):
                deps = staying(self, connection, checked_in.deps)
                using = (checked_in.create[0], checked_in.create[1], checked_in.actor)
                if using not in sealed:
                    item = self.catalogue.item(*using[:2])
                    sealed[using] = entitlement.receipt_seal(self, connection, item, checked_in.actor)
                ref = self._open_case(pen, scope, checked_in._replace(deps=deps), number, sealed[using])
                self._note_seal(connection, checked_in.actor, ref, kinds.RECEIVE, sealed[using])
                refs.append(ref)
            entry = Entry(self.roster_in(connection), pen.now_ms, {growth.row.key: growth}, looked_at=True)
            # The cases are new: nobody can hold or wait for them, and their rows are inserted in one order.
            written = ledger.write(self, connection, entry)
            for ref in refs:
                self._refuse_unless_effective(written.cases[ref.scope, ref.case_id], None)
                once.became(connection, request, (ref.scope, ref.case_id))
            beside(connection, refs)
            self.mark_news(connection, {scope})
            return refs, {scope}

        return self._act(act, request)

    def record(
        self,
        actor: str,
        roles: Iterable[str],
        scope: str,
        case_id: bytes,
        kind: int,
        body: Mapping[Any, Any],
        seen: Position | None = None,
        request: Request | None = None,
        shown: Shown | None = None,
        beside: Callable[[Connection], None] = lambda _: None,
        *,
        clock_confirmed: bool = False,
    ) -> CaseRef:
        """Do one act on a case: a stage move, or a side event. ``body`` by field name or number.

        ``seen`` is the last stage event the page was drawn from; a stage move needs it. ``request``: under which id a
        program asks for it. ``shown``: all that the page of a decision showed; the decision carries it, and is refused
        where the case has grown since. ``beside``: what is written in the same transaction. ``clock_confirmed``: a
        person has confirmed the time of a clock that is off. Raises ClockOff where nobody has; Stale when the case
        has moved on, AlreadyDone, IdTaken, NotAllowed, NotFound, BadBody, NotSaved.
        """
        if kind == kinds.FORCE_ASSIGN:
            raise NotAllowed("强制改派须由一人提议、另一人确认", "to assign a case takes two persons")
        if kind == kinds.SUSPEND and _numbered(kind, body).get(0) in legal_bodies.SPECIAL:
            raise NotAllowed("特别程序须由审查人提出、另一人批准", "a special procedure takes two persons: propose it")
        content = checked(kind, self._with_what_the_node_knows(kind, body, actor, (scope, case_id)))
        numbering.refuse_typed(kind, content)
        outages.refuse_typed(kind, content)
        act = Act(actor, frozenset(roles), (scope, case_id), kind, content, seen, shown, clock_confirmed)

        def do(connection: Connection) -> tuple[CaseRef, set[str]]:
            once.became(connection, request, act.key)
            done = self._do(connection, act)
            beside(connection)
            return done, {scope}

        return self._act(do, request)

    def _do(self, connection: Connection, act: Act) -> CaseRef:
        """Do one act whose body is checked, in the caller's transaction, which is rolled back where this raises."""
        key, kind = act.key, act.kind
        scope, case_id = key
        roster = self.roster_in(connection)
        deps = relied_on(kind, act.content, scope, self.identity.incarnation)
        growth = self._locked_stream(connection, scope, [key], {dep[:2] for dep in deps})
        case, newest_hlc = folded(self, connection, roster, key)
        if case is None:
            raise NotFound("本机没有这一案件", "no such case is held here")
        purged.refuse_purged(connection, key)
        if kind in kinds.STAGE_KINDS and case.last != act.seen:
            raise stale()
        wrong = why_not(case, kind, self.identity.place, act.roles, self.items_in(connection).catalogue, roster.places)
        wrong = wrong or self._why_not_as_written(connection, act, case, roster)
        if wrong is not None:
            raise NotAllowed(*wrong)
        backing = self._backing(connection, act, case, roster)
        if kind == kinds.DISMISS and not {Position(*each) for each in act.content[0]}.issubset(case.open_oddities):
            raise stale()
        pen = Pen(self, growth, newest_hlc)
        after = case.last if kind in kinds.STAGE_KINDS else None
        content = serving.completed(case, kind, {**act.content, **backing.content})
        if kind == kinds.DOCKET:
            content = outages.with_evidence(self, connection, case, terms.check_promise(self, case, content))
        content = with_rule(self, connection, case, content) if kind == kinds.FEE_NOTICE else content
        content = numbering.with_number(self, connection, case, kind, content, day_in_county(pen.now_ms).year)
        told = skews.confirmed(self, connection, kind, by_person=act.clock_confirmed)
        event = pen.write(kind, case_id, act.actor, content, after, (*backing.deps, *deps)[: limits.DEPS], told)
        entry = Entry(roster, pen.now_ms, {growth.row.key: growth}, looked_at=True)
        claimed_by = self._colleague(connection, act)  # what is written may end the claim
        written = ledger.write(self, connection, entry).cases[key]
        self._refuse_unless_effective(written, pen.position(event))
        if kind == kinds.ADOPT:
            self._check_may_adopt(connection, act, case, written)
        ref = CaseRef(scope, case_id, written.case_no, written.query_code)
        if claimed_by:
            subject, name = case.case_no or case_id.hex(), kinds.name_of(kind)
            self.note(connection, act.actor, "case.claim.beside", subject, of=claimed_by, act=name)
        self._note_seal(connection, act.actor, ref, kind, backing.seal, numbering.number_in(kind, content))
        if kind in _AUDITED:
            self.note(connection, act.actor, _AUDITED[kind], written.case_no or case_id.hex(), **_told(act))
        self.mark_news(connection, {scope})
        return ref

    def _colleague(self, connection: Connection, act: Act) -> str:
        """Who has taken the case up where somebody else acts on it, who may do so, and it stands in the audit trail;
        the applicant, who rates by himself, is nobody's colleague."""
        claim = claims.of(connection, [act.key]).get(act.key)
        return claim.staff_no if claim is not None and act.actor not in (claim.staff_no, ONESELF) else ""

    def _note_seal(
        self, connection: Connection, actor: str, ref: CaseRef, kind: int, seal: str, document: str = ""
    ) -> None:
        """Every use of a seal stands in the audit trail as well."""
        if seal:
            home, case = parse_scope(ref.scope)[1], ref.case_id.hex()
            self.note(
                connection, actor, SEAL_USE, ref.case_no, seal=seal, act=kind, document=document, home=home, case=case
            )

    def _backing(self, connection: Connection, act: Act, case: Case, roster: Roster) -> Backing:
        """What the act rests on. Raises NotAllowed, also where its page showed less than there is by now."""
        person = Person(act.actor, act.roles)
        backing = entitlement.backing(self, connection, case, act.kind, act.content, person)
        if backing.why_not is not None:
            raise NotAllowed(*backing.why_not)
        if act.kind == kinds.DECIDE and act.shown is not None:
            held = ledger.held_events(self, connection, roster, {act.key})[act.key]
            if entitlement.shown_of(held) != act.shown:
                grown = entitlement.grown_since(held, act.shown)
                raise Grown(*entitlement.words_of_growth(self, connection, grown))
            backing.content |= {5: [list(each) for each in act.shown.through], 6: act.shown.digest}
        return backing

    def _why_not_as_written(
        self, connection: Connection, act: Act, case: Case, roster: Roster
    ) -> tuple[str, str] | None:
        """Ask of persons, days and contacts what the workflow does not."""
        here, body, today = self.identity.place, dict(act.content), day_in_county(self.clock())
        calendar = calendar_in(self, connection)
        if again := conditions.why_not_asked_oneself(case, act.kind, act.actor):
            return again
        asking.check(case, act.kind, body)
        proxies.check(case, act.kind, body, today)
        serving.check(case, act.kind, body, today)
        hearing_rights.check(case, act.kind, body, here, today)
        inviting.check(act.kind, body, calendar, today)
        skew = skews.skew_in(self, connection)
        named_days.check(act.kind, body, day_in_county(self.clock() + max(skew.ms if skew else 0, 0)))
        if act.kind in terms.TIMED:
            late = terms.why_too_late(act.kind, terms.clocks_in(self, connection, roster, act.key, case))
            if late is not None:
                return late
        if act.kind == kinds.LAPSE:
            return terms.why_not_lapsed(self, connection, roster, act.key, case, body)
        if act.kind == kinds.FEE_SETTLED:
            return conditions.why_not_paid_in_time(case, body)
        if act.kind == kinds.COMMITMENT:
            return promises.why_not_due(self, connection, roster, act.key, case, date.fromisoformat(body[3]))
        if act.kind in orders.ASKED:
            written = [each.event for each in ledger.held_events(self, connection, roster, {act.key})[act.key]]
            if act.kind == kinds.RATING_APPEAL:
                who = Person(act.actor, act.roles)
                return appeals.why_not(self, connection, case, body, roster.places, written, who)
            return orders.why_not(case, act.kind, body, here, roster.places, written, act.actor)
        if upon := linking.why_not_decided(self, connection, roster, act.key, case, act.kind, body):
            return upon
        if act.kind == kinds.LANE and 5 in body and (before := lanes.why_not_before(connection, case, body[5])):
            return before
        item = self.items_in(connection).catalogue.find(case.item_no, case.item_version)
        if act.kind == kinds.SUPPLY and item is not None and body.get(0):
            wrong = forms.troubles(item.form, item.rules, {**case.answers, **body[0]})
            if wrong:
                return next(iter(wrong.values()))
        procedures.check(act.kind, body, item)
        if unheard := hearing_rights.why_not_decided(case, act.kind, item, body, calendar, today):
            return unheard
        if act.kind == kinds.DECIDE and (over := conditions.why_not_over_members(case, item, body)):
            return over
        person, level = (act.actor, act.roles), self.identity.level
        joint = item is not None and item.joint
        decides = item is None or item.deciding_level == level
        return conditions.why_not_approved(case, act.kind, body, person, here, level, joint=joint, decides=decides)

    def _check_may_adopt(self, connection: Connection, act: Act, before: Case, after: Case) -> None:
        """An opinion, a decision or the like is made to count by somebody who may give one."""
        roles, item = act.roles, self.catalogue.find(after.item_no, after.item_version)
        if before.decision != after.decision and item is not None:
            outcome = after.decision.outcome if after.decision is not None else ""
            if over := conditions.why_not_over_members(after, item, {0: outcome}):
                raise NotAllowed(*over)
            found = entitlement.authority(self, connection, item, "decide", Person(act.actor, roles))
            if found.why_not is not None:
                raise NotAllowed(*found.why_not)
        for name, able in _JUDGED.items():
            changed = getattr(before, name) != getattr(after, name)
            if changed and not any(powers.may(roles, self.identity.level, kind) for kind in able):
                raise NotAllowed(
                    "其中有须由有相应权限的人员作出的意见或决定，须由有此权限的人员采纳",
                    "it holds an opinion or a decision: somebody who may give one must adopt it",
                )

    def refuse_retired(self) -> None:
        """Raises NotAllowed where another machine has taken the place of this one."""
        if self.retired:
            raise NotAllowed("本机已停用，请到正在使用的机器上办理", "this machine is retired: work on the one in use")

    def _act(self, act: Callable[[Connection], tuple[_T, set[str]]], request: Request | None = None) -> _T:
        """Run one transaction, again where another worker was faster, and tell the news."""
        self.refuse_retired()
        for _ in range(ATTEMPTS):
            try:
                with self.store.writing() as connection:
                    once.claim(self, connection, request)
                    done, scopes = act(connection)
            except (Overtaken, RoomMade):
                continue
            self.tell(scopes)
            return done
        raise too_busy()

    def _locked_stream(
        self, connection: Connection, scope: str, keys: Sequence[CaseKey] = (), others: Iterable[StreamKey] = ()
    ) -> Growth:
        """Our own stream in a scope, held to the end of the transaction together with these cases and other streams."""
        growth = self._own_stream(connection, scope)
        if self.store.dialect == "sqlite":  # nobody else writes since this transaction began
            return growth
        self.store.exclusive(connection, keys, sorted({growth.row.key, *others}))
        return self._own_stream(connection, scope)

    def _own_stream(self, connection: Connection, scope: str) -> Growth:
        """Our own stream in a scope as it stands; made where there is none yet."""
        self.hold_life_to_write(connection)
        key: StreamKey = (self.identity.incarnation, scope)
        row = streams.by_keys(connection, [key]).get(key)
        if row is None:
            node = self.author(self.roster_in(connection), self.identity.incarnation)
            if node is None:
                raise NotAllowed(
                    "本机尚未列入名册，请先完成登记", "this node is not in the roster yet: complete its enrolment first"
                )
            with self.store.apart(connection) as own:
                streams.add(own, [ledger.new_stream(self, node, scope)])
            row = streams.by_keys(connection, [key])[key]
        return Growth(row)

    def _checked_application(self, application: Application, roster: Roster) -> CheckedIn:
        """Check a create body, that its item can be filed here, and what the item's own form asks."""
        body = _numbered(kinds.CREATE, application.body)
        newest = self.catalogue.newest(str(body.get(0)))
        body.setdefault(1, newest.version if newest is not None else 1)
        content = checked(kinds.CREATE, body)
        _checked_field(application.channel in bodies.CHANNELS, "channel", "收件方式", "channel")
        try:
            item = self.catalogue.item(body[0], body[1])
            path = CasePath(self.identity.place, roster.places)
        except UnknownItem:
            raise BadBody(
                "item_no",
                f"没有编号为 {body[0]} 的事项，或没有它的第 {body[1]} 版",
                f"there is no item {body[0]}, or no version {body[1]} of it",
            ) from None
        except UnknownPlace:
            raise NotAllowed("本地尚未列入名册", "this place is not in the roster yet") from None
        wrong = why_not_filed(item, self.identity.place, path)
        if wrong is not None:
            raise NotAllowed(*wrong)
        for name, words in forms.troubles(item.form, item.rules, body.get(11, {})).items():
            raise BadBody(name, *words)
        linking.check_filed(self, roster, content, item)
        found = self.items.published.get(item.key)
        deps = (Dep(found.position.incarnation, below(found.place), found.position.seq),) if found is not None else ()
        told = ((kinds.PROXY_AUTHORITY, application.authority), (kinds.SERVICE_ADDRESS, application.service))
        beside = tuple((kind, checked(kind, _numbered(kind, said))) for kind, said in told if said)
        return CheckedIn(application.actor, content, application.channel, deps, beside)

    def _open_case(self, pen: "Pen", scope: str, filed: CheckedIn, number: int, seal: str = "") -> CaseRef:
        """Write the two events that open a case: the application, which relies on the item version it names, and its
        receipt number with the query code."""
        content = self._receipt(pen.now_ms, number, filed.channel) | ({3: seal} if seal else {})
        opened, case_id = self._open_draft(pen, filed)
        pen.write(kinds.RECEIVE, case_id, filed.actor, content, opened)
        return CaseRef(scope, case_id, content[0], content[1])

    def _open_draft(self, pen: "Pen", filed: CheckedIn) -> tuple[Position, bytes]:
        """Write the application itself; where it stands, and the case it opens."""
        opened = pen.write(kinds.CREATE, OPENS, filed.actor, filed.create, None, filed.deps)
        case_id = opened.header.case_id
        assert case_id is not None
        for kind, said in filed.beside:
            pen.write(kind, case_id, filed.actor, said, None)
        return pen.position(opened), case_id

    def _receipt(self, now_ms: int, number: int, channel: str) -> dict[int, Any]:
        """What a receipt says: the number of the case, drawn from our own count, and the applicant's query code."""
        case_no = numbers.make_case_number(self.identity.place, day_in_county(now_ms), self._number_tag(), number)
        code = numbers.make_query_code(int.from_bytes(self.randomness(9)) >> (72 - numbers.QUERY_CODE_BITS))
        return {0: case_no, 1: code, 2: channel}

    def _number_tag(self) -> str:
        """Four characters drawn once in the life of a process: two clones of a database give different numbers."""
        if not self._tag:
            self._tag = numbers.tag_from_bits(int.from_bytes(self.randomness(3)) >> 4)
        return self._tag

    def _check_may(self, roles: Iterable[str], kind: int) -> None:
        if not powers.may(frozenset(roles), self.identity.level, kind):
            raise NotAllowed("您的岗位没有此项权限", "your role at this place may not do this")

    def last_day(self, scope: str, case_id: bytes) -> str:
        """The last day of the term that the applicant was given, after which the case may lapse; empty where none
        runs."""
        with self.store.reading() as connection:
            roster, key = self.roster_in(connection), (scope, case_id)
            case, _ = folded(self, connection, roster, key)
            return terms.last_day_in(self, connection, roster, key, case) if case is not None else ""

    def _with_what_the_node_knows(self, kind: int, body: Mapping[Any, Any], actor: str, key: CaseKey) -> dict[int, Any]:
        content = conditions.approved_by(kind, _numbered(kind, body), actor)
        if kind == kinds.LAPSE and 0 not in content:
            content[0] = self.last_day(*key)
            terms.check_last_day(content, content[0])
        if kind == kinds.HANDOFF and not content.get(0):
            raise BadBody("to", "请选择移交的接收单位", "choose the place to hand the case to")
        return content

    def _refuse_unless_effective(self, case: Case, position: Position | None) -> None:
        """The fold has the last word: an act that would not count is not written (the transaction is rolled back)."""
        for each, verdict in case.verdicts.items():
            if (position is None or each == position) and verdict.code != "effective":
                raise NotAllowed(*explain(verdict))


def _numbered(kind: int, body: Mapping[Any, Any]) -> dict[int, Any]:
    """A body by field number, from one by name or by number."""
    if all(type(key) is int for key in body):
        return dict(body)
    return bodies.numbered(kind, body)


def checked(kind: int, content: dict[int, Any]) -> dict[int, Any]:
    """The body, if it fits its table. Raises BadBody naming the field, KeyError for an unknown kind."""
    wrong = bodies.check(kind, content)
    if wrong is not None:
        labels = {field.name: (field.zh, field.en) for field in bodies.TABLES[kind].fields}
        _checked_field(False, wrong, *labels.get(wrong, ("内容", "content")))
    return content


def _checked_field(sound: bool, field: str, zh: str, en: str) -> None:
    if not sound:
        raise BadBody(field, f"“{zh}”缺少或不符合要求，请改正", f"{en}: missing or not as required; mend it")


def _told(act: Act) -> dict[str, object]:
    """What the audit line of an act says beside the case: the records that were answered."""
    if act.kind == kinds.FORCE_ASSIGN:
        return {}
    return {"records": [f"{Position(*each).incarnation.hex()} {Position(*each).seq}" for each in act.content[0]]}
