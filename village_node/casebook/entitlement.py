"""What an act in an office's name needs beside the workflow: a delegation, a seal, that the applicant is no kin of who
acts, and that who decides has seen all there is.

The fold judges the level, and waits for the delegation that a decision names; who sits where is asked here.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final, NamedTuple

from sync_protocol import encoding
from sync_protocol.case import Case, Item, Position, bodies, delegations, documents, kinds, kinship, seals, workflow
from sync_protocol.case.delegations import Register
from sync_protocol.case.kinship import Kin
from sync_protocol.case.workdays import day_of
from sync_protocol.event import Dep, load_header
from sync_protocol.places import below
from village_node.casebook import manifests, registers
from village_node.casebook.ledger import Held
from village_node.casebook.office import Office
from village_node.store import Connection, doubts

DELEGATED: Final = {kinds.DECIDE: "decide", kinds.ISSUE: "issue"}
HOME_VISIT: Final = "入户"
_MOST_THROUGH: Final = 32
Words = tuple[str, str]


class Shown(NamedTuple):
    """What a page had of a case: the newest record of each stream, and the digest of all of them."""

    through: tuple[Position, ...]
    digest: str


@dataclass
class Backing:
    """What an act rests on: why it may not be done, what the node adds to its body, the records it relies on."""

    why_not: Words | None = None
    content: dict[int, Any] = field(default_factory=dict)
    deps: tuple[Dep, ...] = ()
    seal: str = ""


class Person(NamedTuple):
    """Who acts: staff number and roles."""

    actor: str
    roles: frozenset[str]


def backing(
    office: Office, connection: Connection, case: Case, kind: int, content: Mapping[int, Any], person: Person
) -> Backing:
    """What this person's act on a case rests on."""
    why = _why_not_kin(office, connection, case, kind, person.actor)
    item = office.catalogue.find(case.item_no, case.item_version)
    if why is not None or item is None:
        return Backing(why)
    if kind == kinds.COUNTERSIGNATURE:
        return _countersigned(office, connection, content[1], person.actor)
    made = Backing()
    if kind in DELEGATED:
        found = authority(office, connection, item, DELEGATED[kind], person)
        made.why_not = found.why_not or _why_not_settled(office, connection, found.relied_on)
        made.deps = _deps(office, found.relied_on)
    if kind == kinds.DECIDE and made.why_not is None:
        made.why_not = _why_not_visited(office, connection, case, item)
        made.why_not = made.why_not or manifests.why_not_decided(connection, case, item)
    if kind in seals.SEALED and made.why_not is None:
        kept = registers.seals_in(office, connection, office.identity.place)
        used = seals.use(kept, kind, item, person.actor, day_of(office.clock()))
        made.why_not, made.seal = used.why_not, used.number
        if used.number:
            made.content[_number(kind, seals.FIELD)] = used.number
    if kind in seals.NOTICES:
        made.seal = _seal_at_hand(office, connection, case, kind, content, person.actor, item)
        if made.seal:
            made.content[_number(kind, seals.FIELD)] = made.seal
    return made


def _seal_at_hand(
    office: Office, connection: Connection, case: Case, kind: int, content: Mapping[int, Any], actor: str, item: Item
) -> str:
    """The seal that a notice bears, where whoever acts keeps it: nobody is kept from giving notice for want of one."""
    level, said = office.identity.level, bodies.named(kind, content)
    ground = documents.ground_now(kind, said, level, item, docketed=case.docketed, at_home=True)
    # The receipt is given once: by who received the papers first, or took them over from who may not accept the item.
    at_home = office.roster_in(connection).places.level(case.home) in item.accept_levels
    ground = ground._replace(purpose=case.transit_purpose, receipted=kind == kinds.ACCEPT and at_home)
    sealed = (documents.seal_on(each, ground, level, item) for each in documents.borne(ground) if each.seal)
    return _kept_by(office, connection, next(sealed, ""), item, actor)


def receipt_seal(office: Office, connection: Connection, item: Item, actor: str) -> str:
    """The seal on the receipt of an application that is filed here, where whoever takes it in keeps one."""
    wanted = "acceptance" if office.identity.level in item.accept_levels else ""
    return _kept_by(office, connection, wanted, item, actor)


def letter_seal(office: Office, connection: Connection, case: Case, actor: str) -> str:
    """The seal on a letter of supervision, where whoever writes it keeps one."""
    item = office.catalogue.find(case.item_no, case.item_version)
    return _kept_by(office, connection, "decision", item, actor) if item is not None else ""


def office_seal(office: Office, connection: Connection, actor: str) -> str:
    """The seal of no department on what the place itself publishes, where whoever publishes it keeps one."""
    kept = registers.seals_in(office, connection, office.identity.place)
    return seals.of_no_department(kept, actor, day_of(office.clock()))


def _kept_by(office: Office, connection: Connection, wanted: str, item: Item, actor: str) -> str:
    if not wanted:
        return ""
    kept = registers.seals_in(office, connection, office.identity.place)
    return seals.at_hand(kept, wanted, item, actor, day_of(office.clock()))


def authority(office: Office, connection: Connection, item: Item, act: str, person: Person) -> delegations.Authority:
    """What the register of our place says of a person and an act on cases of an item, now."""
    now_ms, is_head = office.clock(), "head" in person.roles
    return _judged(
        registers.register_in(office, connection, office.identity.place),
        now_ms,
        lambda register: delegations.authority(register, item, act, person.actor, now_ms, is_head=is_head),
    )


def _judged(
    register: Register, now_ms: int, judge: Callable[[Register], delegations.Authority]
) -> delegations.Authority:
    """What a register says of an act now, by what will be asked when the act is checked again: the entries of a time
    up to now. Where a clock was set back there are others, and who sees a revocation does not act against it."""
    found = judge(register.as_of(now_ms))
    later = found if found.why_not else judge(register)
    return later if later.why_not else found


def checked_again(office: Office, connection: Connection, case: Case, held: Iterable[Held]) -> delegations.Authority:
    """What the register of the deciding place says of a decision that counts, by what had been entered when it was
    made; any node that holds both finds the same. One that names no delegation is taken for a head's own."""
    item = office.catalogue.find(case.item_no, case.item_version)
    made = case.decision
    if made is None or item is None:
        return delegations.Authority()
    register = registers.register_in(office, connection, made.place)
    event = next((each.event for each in held if each.event.position == made.position), None)
    is_head = event is None or not any(dep.scope == below(made.place) for dep in event.deps)
    at_ms = made.at_ms
    return delegations.authority(register.as_of(at_ms), item, "decide", made.actor, at_ms, is_head=is_head)


def _countersigned(office: Office, connection: Connection, member: str, actor: str) -> Backing:
    register = registers.register_in(office, connection, office.identity.place)
    now_ms = office.clock()
    found = _judged(register, now_ms, lambda known: delegations.countersigner(known, member, actor, now_ms))
    if found.delegation is None:
        return Backing(found.why_not)
    content = {_number(kinds.COUNTERSIGNATURE, "delegation"): found.delegation.text("document_no")}
    return Backing(_why_not_settled(office, connection, found.relied_on), content, _deps(office, found.relied_on))


def _deps(office: Office, positions: Iterable[Position]) -> tuple[Dep, ...]:
    scope = below(office.identity.place)
    newest: dict[bytes, int] = {}
    for incarnation, seq, _ in positions:
        newest[incarnation] = max(newest.get(incarnation, 0), seq)
    return tuple(Dep(incarnation, scope, seq) for incarnation, seq in sorted(newest.items()))


def _why_not_settled(office: Office, connection: Connection, positions: Iterable[Position]) -> Words | None:
    """An entry that a new life may still have to write again has no position yet that an act could name."""
    relied_on, scope = list(positions), below(office.identity.place)
    doubted = {each.row.incarnation: each.seq for each in doubts.held(connection) if each.row.scope == scope}
    moving = doubted and {**doubted, office.identity.incarnation: 0}
    if not any(seq > moving[incarnation] for incarnation, seq, _ in relied_on if incarnation in moving):
        return None
    return (
        "本机曾换新或恢复，委托登记尚待与下级各单位核对；请等同步完成，或由负责人办理",
        "this machine was replaced or restored, and its delegations are not settled with all below yet: wait for the "
        "exchange, or let the head act",
    )


def _number(kind: int, name: str) -> int:
    return bodies.TABLES[kind].number(name)


def kin_of_applicant(office: Office, connection: Connection, case: Case) -> list[Kin]:
    """Whose kin the applicant is, of what is declared at the places of the case's path that are held here."""
    id_no = kinship.plain_number(case.applicant.get("id_no", ""))
    places = office.roster_in(connection).places
    if not id_no or case.home not in places:
        return []
    return [kin for kin in registers.kin_now(office, connection, places.line_of(case.home)) if kin.id_no == id_no]


def _why_not_kin(office: Office, connection: Connection, case: Case, kind: int, actor: str) -> Words | None:
    return None if kind in kinship.PAPERS_ONLY else _own_kin(office, connection, case, actor)


def _own_kin(office: Office, connection: Connection, case: Case, actor: str) -> Words | None:
    id_no = kinship.plain_number(case.applicant.get("id_no", ""))
    if not id_no:
        return None
    for kin in registers.kin_now(office, connection, [office.identity.place]):
        if kin.staff_no == actor and kin.id_no == id_no:
            return (
                f"申请人是您登记的亲属（{kin.relation}），您须回避：只能转递材料，其他事项由他人办理",
                f"the applicant is your declared relative ({kin.relation}): you may only hand papers over",
            )
    return None


def hindrances(
    office: Office, connection: Connection, case: Case, offered: Iterable[int], person: Person
) -> dict[int, Words]:
    """Of what the workflow offers somebody: what they may not do all the same, and why."""
    own, found = _own_kin(office, connection, case, person.actor), {}
    for kind in offered:
        why = own if kind not in kinship.PAPERS_ONLY else None
        if why is None and kind == kinds.COUNTERSIGNATURE:
            made = {name: _countersigned(office, connection, name, person.actor).why_not for name in _members(case)}
            why = None if None in made.values() else next(iter(made.values()), None)
        elif why is None and kind in (*DELEGATED, *seals.SEALED):
            why = backing(office, connection, case, kind, {}, person).why_not
        if why is not None:
            found[kind] = why
    return found


def _members(case: Case) -> list[str]:
    return list(dict.fromkeys(member for entry in case.open for member in entry.members))


def _why_not_visited(office: Office, connection: Connection, case: Case, item: Item) -> Words | None:
    """A relative of staff who applies for what is given after a visit at home is visited, whoever decides."""
    if not any(HOME_VISIT in procedure for procedure in item.special_procedures):
        return None
    visited = any(each.what == "site_survey" and each.ended is not None for each in case.procedures.values())
    if visited or not kin_of_applicant(office, connection, case):
        return None
    return (
        "申请人是工作人员的亲属，须完成入户调查（现场核查程序）后才能作出决定",
        "the applicant is a relative of staff: a visit at home (site survey) comes before the decision",
    )


def shown_of(held: Iterable[Held]) -> Shown:
    """What the page of a case shows of its records, in a form that a decision can carry."""
    newest: dict[bytes, Position] = {}
    items = []
    for each in held:
        if each.stranger or each.row is None:
            continue
        position, header = each.event.position, load_header(each.row.header)
        if position.seq > newest.get(position.incarnation, position)[1] or position.incarnation not in newest:
            newest[position.incarnation] = position
        said = [header.kind, header.claimed, header.actor, header.inline or b"", header.commitment or b""]
        items.append(sha256(encoding.encode(said)).digest())
    digest = sha256(b"".join(sorted(items))).hexdigest()
    return Shown(tuple(sorted(newest.values()))[:_MOST_THROUGH], digest)


def grown_since(held: Iterable[Held], shown: Shown) -> list[Held]:
    """The records of a case that a page did not show."""
    known = {position.incarnation: position.seq for position in shown.through}
    return [
        each
        for each in held
        if not each.stranger and each.event.position.seq > known.get(each.event.position.incarnation, 0)
    ]


def words_of_growth(office: Office, connection: Connection, grown: Iterable[Held]) -> Words:
    """Say what is new in a case since the page was drawn."""
    places = office.roster_in(connection).places
    named = []
    for each in grown:
        zh, en = workflow.LABELS.get(each.event.kind, (kinds.name_of(each.event.kind),) * 2)
        name = places.name(each.event.place) if each.event.place in places else each.event.place
        named.append((f"{zh}（{name}）", f"{en} ({name})"))
    new_zh, new_en = "、".join(zh for zh, _ in named), ", ".join(en for _, en in named)
    return (
        f"您打开页面后，本案又有新记录：{new_zh or '记录有变化'}。请看过本页后再作决定",
        f"since the page was drawn there is something new: {new_en or 'records differ'}. Look at it, then decide",
    )
