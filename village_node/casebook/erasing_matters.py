"""The part of the casebook with which the root place finds what is held of a person beside the cases, and orders that
to be erased: consultations, slips, complaints, declared kin, and the bookings of its own service room.

Finding reads every body there is of these kinds and looks in all of what it says. What is sealed in a complaint is
opened for nobody here but who hears complaints: whoever is complained of finds nothing. A complaint is found by the
number on the complainant's slip.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any, Final, NamedTuple

from sync_protocol.case import consultations, kinds, kinship, matters, numbers, powers, slips
from sync_protocol.case.events import Position
from sync_protocol.case.matters import Matter, Said
from sync_protocol.case.workdays import day_of
from sync_protocol.errors import ProtocolError
from sync_protocol.event import load_header, mark
from sync_protocol.places import about, parse_scope
from village_node.casebook import erased
from village_node.casebook.bookings import Bookings
from village_node.casebook.calling import Calling
from village_node.casebook.complaining import Complaining
from village_node.casebook.erasing import Erasing, Ordered
from village_node.casebook.errors import BadBody, NotAllowed, NotFound
from village_node.casebook.registers import entries
from village_node.store import Connection, erasures, reception, streams
from village_node.store.reception import Appointment
from village_node.store.streams import CaseEventRow

FEWEST_SIGNS: Final = 2  # of a name; of a number
FEWEST_DIGITS: Final = 6
BOOKING: Final = "booking"
_TELEPHONE: Final = re.compile(r"(?:\+?86)?\d{11}", re.ASCII)  # without blanks and dashes
_BLANKS: Final = dict.fromkeys(map(ord, " -\t\n\u3000"))
# Why what is found may not be erased yet.
RUNS: Final[dict[str, tuple[str, str]]] = {
    "consultation": ("咨询还没有结果，登记结果后才能删除", "the consultation is open: record what came of it first"),
    "slip": ("代收单还没有附入或退回，处理后才能删除", "the slip is not answered yet: attach or decline it first"),
    "complaint": ("投诉还没有答复，答复后才能删除", "the complaint is not answered yet: answer it first"),
    "kin": ("亲属登记还有效，撤销或到期后才能删除", "the declaration stands: withdraw it first, or let it end"),
    BOOKING: (
        "预约的时间还没到，办完或取消后才能删除",
        "it is to come: let it pass, or call it off first",
    ),
}


class Found(NamedTuple):
    """What is held of somebody. ``key``: by which it is erased; ``by``, ``contact``: whose it is, where that may be
    read here; ``runs``: it has not ended; ``bodies``: how many there are to be erased."""

    key: str
    what: str
    number: str
    place: str
    at_ms: int
    by: str
    contact: str
    runs: bool
    bodies: int


class Given(NamedTuple):
    """One order that was given and stands: when, by whom, on what basis, about which place, how many bodies."""

    at_ms: int
    actor: str
    approver: str
    basis: str
    place: str
    bodies: int


class _Held(NamedTuple):
    scope: str
    matter: Matter


class ErasingMatters(Bookings, Calling, Complaining, Erasing):
    """What the root place may order to be erased beside the cases."""

    def found_of(self, roles: Iterable[str], typed: str) -> list[Found]:
        """Everything held beside the cases in which a name, telephone, identity or receipt number stands, by place and
        time. ``roles``: of who looks, since complaints are opened for who hears them alone. Raises BadBody."""
        wanted = _plain(typed)
        fewest = FEWEST_DIGITS if wanted.isascii() else FEWEST_SIGNS
        if len(wanted) < fewest:
            raise BadBody(
                "text",
                f"请写全姓名（至少 {FEWEST_SIGNS} 个字），或电话、证件、单据编号（至少 {FEWEST_DIGITS} 位）",
                f"a whole name of {FEWEST_SIGNS} signs or more, or a number of {FEWEST_DIGITS} digits or more",
            )
        with self.store.reading() as connection:
            scopes = {row.scope for row in _rows(connection) if _says(row, wanted)}
            heard = self._heard_of(connection, frozenset(roles), wanted)
            scopes.update(scope for scope, _ in heard)
            found = []
            for scope in sorted(scopes):
                running = self._running(connection, scope)
                for matter in matters.matters_of(_said(connection, scope)):
                    if (scope, matter.number) in heard or any(_mentions(each.said, wanted) for each in matter.records):
                        found.append(_found(_Held(scope, matter), running))
            booked = [each for each in reception.named(connection) if _booked_by(each, wanted)]
            return found + [self._found_booking(each) for each in booked]

    def erase_matter(self, actor: str, approver: str, key: str, basis: str, names: Iterable[str] = ()) -> Found:
        """Order all bodies of what was found to be erased everywhere, and say what it was. ``names``: how the two are
        called. Raises NotFound, NotAllowed (not the root; it runs; it is a complaint about one of them), BadBody,
        NotSaved."""
        what, _, _ = key.partition(":")
        if what == BOOKING:
            return self._erase_booking(actor, approver, key, basis)
        told: list[Found] = []

        def act(connection: Connection) -> tuple[tuple[int, list[str]], set[str]]:
            held = self._held_as(connection, key)
            others = {(each.position.incarnation, held.scope) for each in held.matter.records}
            growth = self._locked_stream(connection, held.scope, (), others)
            held = self._held_as(connection, key)
            found = _found(held, self._running(connection, held.scope))
            if found.runs:
                raise NotAllowed(*RUNS[found.what])
            self._refuse_about_them(connection, held, (actor, approver), names)
            named = [each.position for each in held.matter.records]
            self._write_order(connection, Ordered(actor, approver, basis, named), growth, others, set())
            told.append(found)
            self.note(
                connection, actor, "matter.erase", found.number,
                what=found.what, approver=approver, basis=basis, bodies=len(named),
            )  # fmt: skip
            return (len(named), []), self._news_of_order(connection, held.scope)

        self._by_two(actor, approver, act)
        return told[-1]

    def orders_given(self, most: int) -> list[Given]:
        """The newest orders held that stand, those about cases among them, the newest first."""
        with self.store.reading() as connection:
            roster, given = self.roster_in(connection), []
            for incarnation, scope, raw in erasures.orders(connection):
                header = load_header(raw)
                body = erased.standing(roster, incarnation, scope, header)
                if body is not None:
                    place, bodies = parse_scope(scope)[1], len(body.events)
                    given.append(Given(header.claimed, header.actor, body.approver, body.basis, place, bodies))
        return sorted(given, reverse=True)[:most]

    def key_of_number(self, typed: str) -> str:
        """Under which key what bears a number is erased; a key is one already. Raises NotFound."""
        if ":" in typed:
            return typed
        try:
            number = "-".join(map(str, numbers.parse_case_number(typed)))
        except numbers.NumberError as wrong:
            raise NotFound(wrong.zh, wrong.en) from None
        found = next((each for each in self.found_of((), number) if each.number == number), None)
        if found is None:
            raise _not_here()
        return found.key

    def _running(self, connection: Connection, scope: str) -> set[tuple[str, ...]]:
        """What of a scope has not ended, as `_name_of` names it. What does not count is nobody's to end."""
        place, today = parse_scope(scope)[1], day_of(self.clock()).isoformat()
        asked = self.records(connection, kinds.CONSULTATION, consultations.read, scope)
        made = self.records(connection, kinds.SLIP, partial(slips.read, kinds.SLIP), scope)
        answers = self.records(connection, kinds.SLIP_ANSWER, partial(slips.read, kinds.SLIP_ANSWER), scope)
        taken = slips.slips_of(self.roster_in(connection).places, made, answers)
        declared = kinship.kin_of(place, entries(self, connection, kinds.KIN, place))
        complained = [each for each in self._complaints(connection) if each.handler and each.answer is None]
        return {
            *(
                ("consultation", each.number)
                for each in consultations.consultations_of(asked)
                if each.outcome not in consultations.ENDS
            ),
            *(("slip", each.number) for each in taken if each.answer is None),
            *(("complaint", each.number) for each in complained if each.record.scope == scope),
            *(("kin", kin.staff_no, kin.id_no) for kin in declared if (kin.last or "9999-12-31") >= today),
        }

    def _held_as(self, connection: Connection, key: str) -> _Held:
        """What is held under a key. Raises NotFound."""
        what, _, rest = key.partition(":")
        place, _, number = rest.rpartition(":")
        for matter in matters.matters_of(_said(connection, about(place))):
            if (matter.what, matter.number) == (what, number):
                return _Held(about(place), matter)
        raise _not_here()

    def _heard_of(self, connection: Connection, roles: frozenset[str], wanted: str) -> set[tuple[str, str]]:
        """(scope, number) of the complaints that say something of somebody, for who hears them here."""
        if not powers.may(roles, self.identity.level, kinds.COMPLAINT_ANSWER):
            return set()
        found = set()
        for each in self._complaints(connection):
            told = self._opened_here(connection, each).said if each.handler == self.identity.place else None
            if told is not None and _mentions(told, wanted):
                found.add((each.record.scope, each.number))
        return found

    def _refuse_about_them(
        self, connection: Connection, held: _Held, people: tuple[str, str], names: Iterable[str]
    ) -> None:
        """Nobody has a complaint about themselves erased. Raises NotAllowed."""
        if held.matter.what != "complaint":
            return
        called = list(names)
        for each in self._complaints(connection):
            if each.number != held.matter.number or each.handler != self.identity.place:
                continue
            told = self._opened_here(connection, each).said
            if told is not None and any(self._is_about(connection, actor, called, told) for actor in people):
                raise NotAllowed(
                    "被投诉的是你们中的一位或其登记的亲属，须由另外两位负责人办理",
                    "it is about one of you, or kin: two others must order it",
                )

    def _found_booking(self, each: Appointment) -> Found:
        return Found(
            f"{BOOKING}:{self.identity.place}:{each.id}", BOOKING, each.number or str(each.id), self.identity.place,
            each.booked_ms, each.name, each.phone_tail, self._is_to_come(each), 1,
        )  # fmt: skip

    def _is_to_come(self, each: Appointment) -> bool:
        if each.state not in (reception.BOOKED, reception.DOUBLE) or self._is_past(each.day, each.slot):
            return False
        return each.day >= day_of(self.clock()).isoformat()

    def _erase_booking(self, actor: str, approver: str, key: str, basis: str) -> Found:
        """Take the name off a booking of this place's own book, which no other node has."""
        number = key.rpartition(":")[2]
        held = self.appointment(int(number)) if number.isascii() and number.isdecimal() and len(number) < 10 else None
        if held is None or not held.name:
            raise _not_here()
        found = self._found_booking(held)
        if found.runs:
            raise NotAllowed(*RUNS[BOOKING])

        def act(connection: Connection) -> tuple[tuple[int, list[str]], set[str]]:
            reception.forget_one(connection, held.id)
            scopes = self._noted(
                connection, actor, "matter.erase", f"{held.day} {held.slot}",
                what=BOOKING, approver=approver, basis=basis, bodies=1,
            )  # fmt: skip
            return (1, []), scopes

        self._by_two(actor, approver, act)
        return found


def why_runs(found: Found) -> tuple[str, str]:
    """Why what was found may not be erased yet, in both languages; empty where it may."""
    return RUNS[found.what] if found.runs else ("", "")


def _rows(connection: Connection) -> Iterator[CaseEventRow]:
    """Every event of these kinds that is about no case and whose body is here."""
    for kind in sorted(matters.KINDS):
        yield from (row for row in streams.of_no_case(connection, kind) if row.event.body is not None)


def _said(connection: Connection, scope: str) -> Iterator[Said]:
    """What the records of a scope say, those that count and those that do not."""
    for kind in matters.KINDS:
        for row in streams.of_no_case(connection, kind, scope):
            said = matters.read(kind, row.event.body) if row.event.body is not None else None
            try:
                header = load_header(row.event.header)
            except ProtocolError:
                continue
            if said is not None:
                position = Position(row.incarnation, row.event.seq, mark(row.event.hash))
                yield Said(position, kind, header.claimed, said)


def _plain(text: str) -> str:
    """A text as two spellings of it are compared: narrow signs, capitals, without blanks and dashes."""
    return unicodedata.normalize("NFKC", text).upper().translate(_BLANKS)


def _says(row: CaseEventRow, wanted: str) -> bool:
    """Whether the bytes of a body have it: texts stand in them as they are."""
    return wanted in _plain((row.event.body or b"").decode("utf-8", "ignore"))


def _mentions(said: Any, wanted: str) -> bool:
    """Whether something stands in any text of what a record says."""
    if isinstance(said, str):
        return wanted in _plain(said)
    if isinstance(said, dict):
        return any(_mentions(each, wanted) for each in said.values())
    return isinstance(said, list | tuple) and any(_mentions(each, wanted) for each in said)


def _found(held: _Held, running: set[tuple[str, ...]]) -> Found:
    what, number, records = held.matter
    said = {**held.matter.first}
    for each in records:  # a contact that was left with a later record
        said |= {name: each.said[name] for name in ("by", "contact") if each.said.get(name)}
    by, contact = said.get("by", said.get("kin_name", "")), said.get("contact", said.get("kin_id_no", ""))
    place, runs = parse_scope(held.scope)[1], _name_of(held.matter) in running
    return Found(f"{what}:{place}:{number}", what, number, place, records[0].at_ms, by, contact, runs, len(records))


def _name_of(matter: Matter) -> tuple[str, ...]:
    first = matter.first
    if matter.what == "kin":
        return matter.what, first["staff_no"], kinship.plain_number(first["kin_id_no"])
    return matter.what, matter.number


def _booked_by(each: Appointment, wanted: str) -> bool:
    tail = _TELEPHONE.fullmatch(wanted) is not None and wanted[-4:] == each.phone_tail
    return tail or wanted in _plain(each.name) or (bool(each.number) and wanted == _plain(each.number))


def _not_here() -> NotFound:
    return NotFound("没有查到这一项，或者已经删除", "nothing of the kind is held here, or it is erased already")
