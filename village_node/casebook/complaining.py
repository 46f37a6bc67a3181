"""The part of the casebook that takes complaints, seals them to who may hear them, and answers those sealed to us.

What is sealed is opened with a key of this place, or with the code that the complainant holds; nothing of it is kept in
the clear, neither in the database nor in memory beyond one request (complaint_index.py keeps what a record says to
everybody). So a node that only carries a complaint, that of the person complained of among them, knows its number, who
hears it, and whether it was answered.
"""

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, Final, NamedTuple

from sync_protocol import encoding
from sync_protocol.case import complaints as rules
from sync_protocol.case import kinds, numbers, powers
from sync_protocol.case.beside import Record
from sync_protocol.case.complaints import Complaint
from sync_protocol.case.voices import Span, span
from sync_protocol.case.workdays import day_of
from sync_protocol.errors import WeakKey
from sync_protocol.places import about, below
from sync_protocol.suites import NONCE_BYTES, NotOpened, lock, seal_to, sealing_suite, unlock
from village_node.casebook import once
from village_node.casebook import registers as held
from village_node.casebook.beside import Beside
from village_node.casebook.calendars import calendar_in
from village_node.casebook.complaint_index import ComplaintIndex, whole
from village_node.casebook.conditions import day_in_county
from village_node.casebook.desk import COUNTER
from village_node.casebook.errors import BadBody, NotAllowed, NotFound
from village_node.casebook.incarnations import Incarnations
from village_node.casebook.reading import Reading
from village_node.identity import NoIdentity
from village_node.store import Connection, NotSaved, peers
from village_node.store.requests import Request

_SUITE_NUMBERS: Final = {"s1": 1, "s1q": 2}
_WRONG: Final = {field.name: (field.zh, field.en) for table in (rules.SAID, rules.ANSWERED) for field in table.fields}


class Slip(NamedTuple):
    """What the complainant takes home: number and code, and who will answer; empty: nobody here may."""

    number: str
    code: str
    handler: str


class Heard(NamedTuple):
    """A complaint that is to be heard here, or that a place below hears: ``said``: what it says, ``answered``: what was
    answered; None where it is not for us to read."""

    complaint: Complaint
    clock: Span
    said: Mapping[str, Any] | None
    answered: Mapping[str, Any] | None


def _sealed_info(network_id: bytes, number: str, handler: str) -> bytes:
    return encoding.encode(["sanji/1/sealed", network_id, number, handler])


def _own_info(network_id: bytes, number: str, what: str) -> bytes:
    return encoding.encode(["sanji/1/own", network_id, number, what])


class Complaining(Beside, Incarnations, Reading):
    """Complaints, at every node: taking them, finding one by number and code, and hearing those that are ours."""

    @cached_property
    def _known_complaints(self) -> ComplaintIndex:
        return ComplaintIndex()

    def complaints_open(self) -> bool:
        """Whether this place has published a key that it can open with: then complaints can be sealed to it."""
        with self.store.reading() as connection:
            public = self._published_key(connection)
        return public is not None and any(each.public == public for each in self._opening_keys())

    def open_complaints(self, actor: str, roles: Iterable[str]) -> None:
        """Publish a key of this place, under which complaints are sealed to it. Raises NotAllowed, NotSaved."""
        self.refuse_unless(roles, kinds.PLACE_KEY)
        if self.lives is None:
            raise NotAllowed("本机不能保管密钥", "this machine keeps no keys")
        if self.complaints_open():
            return
        try:
            key = self.lives.keep_opening_key(self.randomness(32))
        except OSError as problem:
            raise NotSaved("未保存：密钥没有写入磁盘", "not saved: the key could not be written") from problem

        def act(connection: Connection) -> tuple[None, set[str]]:
            return None, self._publish_key(connection, actor, key.public, "complaints.open")

        self._act(act)

    def _published_key(self, connection: Connection) -> bytes | None:
        """The key of this place under which complaints are sealed to it; None where it hears none."""
        key = rules.key_in_force(self._keys(connection).get(self.identity.place, ()))
        return key.said["public"] if key is not None else None

    def _publish_key(self, connection: Connection, actor: str, public: bytes, action: str) -> set[str]:
        """Write that complaints are sealed to this key from now on, and why into the audit trail; the scope it is in.
        What was sealed to one before opens with that."""
        scope, suite = below(self.identity.place), sealing_suite(public)
        raw = encoding.encode({0: _SUITE_NUMBERS[suite], 1: public})
        self.write_record(connection, scope, kinds.PLACE_KEY, actor, raw)
        self.note(connection, actor, action, self.identity.place, suite=suite)
        return {scope}

    def who_hears(self, place: str, *, higher: bool) -> str:
        """Who would hear a complaint about somebody at a place that is taken here; empty where nobody here may."""
        with self.store.reading() as connection:
            return self._who_hears(connection, place, higher=higher)

    def unheard(self, places: Iterable[str]) -> list[str]:
        """Those of these places about whose people nobody in this network could hear a complaint that is taken here."""
        with self.store.reading() as connection:
            tree, able = self.roster_in(connection).places, self._keys(connection)
        here = self.identity.place
        return [
            place
            for place in places
            if place not in tree or not rules.heard_by(tree, here, place, higher=False, able=able)
        ]

    def _who_hears(self, connection: Connection, place: str, *, higher: bool) -> str:
        places = self.roster_in(connection).places
        if place not in places:
            raise BadBody("place", "没有这个单位，请从所列单位中选择", "there is no such place: choose one of the list")
        return rules.heard_by(places, self.identity.place, place, higher=higher, able=self._keys(connection))

    def complain(
        self, actor: str, roles: Iterable[str], said: Mapping[str, Any], request: Request | None = None
    ) -> Slip:
        """Take a complaint: number and code are drawn here, and it is sealed before it is written.

        ``request``: under which id a program asks for it. Raises BadBody naming the field, AlreadyDone, IdTaken,
        NotAllowed, NotSaved.
        """
        self.refuse_unless(roles, kinds.COMPLAINT)
        return self._complain(actor, said, request)

    def complain_oneself(self, case_no: str, said: Mapping[str, Any], request: Request | None = None) -> Slip:
        """Take the complaint of somebody who has shown number and code of a case, at a page and without a counter.

        Who calls has looked at the code. Raises BadBody naming the field, AlreadyDone, IdTaken, NotAllowed, NotSaved.
        """
        return self._complain(rules.ONESELF, {**said, "case_no": case_no}, request)

    def _complain(self, actor: str, said: Mapping[str, Any], request: Request | None) -> Slip:
        self.store.refuse_intake_without_room()
        code = numbers.make_query_code(int.from_bytes(self.randomness(9)) >> (72 - numbers.QUERY_CODE_BITS))
        content = _content(rules.SAID, {**said, "code": code})
        nonce = self.randomness(NONCE_BYTES)

        def act(connection: Connection) -> tuple[Slip, set[str]]:
            handler = self._who_hears(connection, said["place"], higher=bool(said.get("higher")))
            places = self.roster_in(connection).places
            scope = about(rules.scope_for(places, self.identity.place, handler))
            self._locked_stream(connection, scope)  # before the number, as who files does
            drawn = peers.count_up(connection, COUNTER, 1)
            day = day_in_county(self.clock())
            number = numbers.make_case_number(self.identity.place, day, self._number_tag(), drawn)
            own = lock(code.encode(), _own_info(self.network_id, number, "complaint"), nonce, content)
            body = {0: number, 4: own, **self._sealed_for(connection, handler, number, content)}
            self.write_record(connection, scope, kinds.COMPLAINT, actor, encoding.encode(body))
            self.note(connection, actor, "complaint.take", number)
            once.became(connection, request, (number, b""))
            return Slip(number, code, handler), {scope}

        return self._act(act, request)

    def _sealed_for(self, connection: Connection, handler: str, number: str, content: bytes) -> dict[int, Any]:
        """The fields of a complaint that only its handler can read; none where nobody here may hear it."""
        if not handler:
            return {}
        key = rules.key_in_force(self._keys(connection)[handler])
        assert key is not None, "who may hear a complaint has a key"
        try:
            sealed = seal_to(key.said["public"], _sealed_info(self.network_id, number, handler), content)
        except WeakKey as problem:
            raise NotAllowed("受理单位的密钥不能用，请联系其管理员", "the key there cannot be used") from problem
        return {1: handler, 2: list(key.position), 3: sealed}

    def complaint_of(self, number: str, code: str) -> Heard | None:
        """The complaint with this number, opened with its whole code; None where number and code do not fit."""
        with self.store.reading() as connection:
            found = next((each for each in self._complaints(connection) if each.number == number), None)
            if found is None:
                return None
            found = whole(connection, found)
            said = self._unlocked(code, found, "complaint", found.record.said["own"])
            if said is None:
                return None
            answer = found.answer.said["own"] if found.answer is not None else None
            answered = self._unlocked(code, found, "answer", answer) if answer is not None else None
            return Heard(found, self._clock_of(connection, found), said, answered)

    def complaints(self, roles: Iterable[str]) -> list[Heard]:
        """What is to be heard here, opened, for who hears it; and what places below hear, which is not for us to read.
        Empty for everybody else: whoever is complained of finds nothing."""
        if not powers.may(frozenset(roles), self.identity.level, kinds.COMPLAINT_ANSWER):
            return []
        with self.store.reading() as connection:
            here, places = self.identity.place, self.roster_in(connection).places
            found = []
            for each in self._complaints(connection):
                below_us = each.handler in places and places.covers(here, each.handler)
                if each.handler == here or below_us:
                    found.append(self._opened_here(connection, each))
            return found

    def complaints_waiting(self) -> int:
        """How many complaints wait for an answer of this place; counted again only after something has changed."""

        def count(connection: Connection) -> int:
            here = self.identity.place
            return sum(each.handler == here and each.answer is None for each in self._complaints(connection))

        return self.remembered("complaints", count)

    def complaint_at(self, roles: Iterable[str], number: str) -> Heard:
        """The complaint with this number, which is to be heard here. Raises NotFound."""
        if powers.may(frozenset(roles), self.identity.level, kinds.COMPLAINT_ANSWER):
            with self.store.reading() as connection:
                found = next((each for each in self._complaints(connection) if each.number == number), None)
                heard = self._opened_here(connection, found) if found is not None else None
                if heard is not None and heard.said is not None:
                    return heard
        raise NotFound("没有由本单位受理的这一投诉", "there is no such complaint to be heard here")

    def answer_complaint(
        self,
        actor: str,
        roles: Iterable[str],
        number: str,
        said: Mapping[str, Any],
        names: Iterable[str] = (),
        request: Request | None = None,
    ) -> None:
        """Answer a complaint; ``names``: how the person in front is called; ``request``: under which id a program asks
        for it. Raises BadBody, AlreadyDone, IdTaken, NotAllowed, NotFound, NotSaved."""
        content = _content(rules.ANSWERED, said)
        nonce = self.randomness(NONCE_BYTES)

        def act(connection: Connection) -> tuple[None, set[str]]:
            each, told = self._mine(connection, roles, number)
            self._refuse_the_person(connection, actor, names, told)
            own = lock(told["code"].encode(), _own_info(self.network_id, number, "answer"), nonce, content)
            raw = encoding.encode({0: list(each.record.position), 1: own})
            self.write_record(connection, each.record.scope, kinds.COMPLAINT_ANSWER, actor, raw)
            self.note(connection, actor, "complaint.answer", number)
            once.became(connection, request, (number, b""))
            return None, {each.record.scope}

        self._act(act, request)

    def pass_on_complaint(self, actor: str, roles: Iterable[str], number: str, request: Request | None = None) -> str:
        """Hand a complaint to the next level that may hear it: whoever heads this place, or their kin, is meant. Who
        hears it now; empty where nobody here may. Raises NotAllowed, NotFound, NotSaved."""

        def act(connection: Connection) -> tuple[str, set[str]]:
            each, told = self._mine(connection, roles, number)
            places = self.roster_in(connection).places
            higher = places.path_up(self.identity.place)[1:]
            able = self._keys(connection)
            handler = next((place for place in higher if place in able), "")
            content = _content(rules.SAID, told)
            sealed = self._sealed_for(connection, handler, number, content)
            body = {0: number, 4: each.record.said["own"], 5: list(each.record.position), **sealed}
            self.write_record(connection, each.record.scope, kinds.COMPLAINT, actor, encoding.encode(body))
            self.note(connection, actor, "complaint.pass_on", number, to=handler)
            once.became(connection, request, (number, b""))
            return handler, {each.record.scope}

        return self._act(act, request)

    def _mine(self, connection: Connection, roles: Iterable[str], number: str) -> tuple[Complaint, Mapping[str, Any]]:
        self.refuse_unless(roles, kinds.COMPLAINT_ANSWER)
        for each in self._complaints(connection):
            if each.number == number and each.handler == self.identity.place:
                each = whole(connection, each)
                told = self._opened_here(connection, each).said
                if told is None:
                    raise NotAllowed(
                        "本机没有打开这一投诉的密钥，请从备份恢复密钥文件",
                        "the key that opens it is not on this machine: restore its file",
                    )
                if each.answer is not None:
                    raise NotAllowed("这一投诉已经答复", "this complaint is answered already")
                return each, told
        raise NotFound("没有由本单位受理的这一投诉", "there is no such complaint to be heard here")

    def _refuse_the_person(
        self, connection: Connection, actor: str, names: Iterable[str], told: Mapping[str, Any]
    ) -> None:
        """Nobody answers a complaint about themselves or their kin. Raises NotAllowed."""
        if self._is_about(connection, actor, names, told):
            raise NotAllowed(
                "被投诉的是您本人或您登记的亲属，不能由您答复，请由其他负责人答复或转送上一级",
                "it is about you or your kin: let another head answer it, or pass it on",
            )

    def _is_about(self, connection: Connection, actor: str, names: Iterable[str], told: Mapping[str, Any]) -> bool:
        """Whether a complaint is about somebody who works here, or about their kin."""
        kin = [each.name for each in held.kin_now(self, connection, [self.identity.place]) if each.staff_no == actor]
        return any(name and name in told["who"] for name in (actor, *names, *kin))

    def _opened_here(self, connection: Connection, each: Complaint) -> Heard:
        clock = self._clock_of(connection, each)
        if each.handler != self.identity.place:
            return Heard(each, clock, None, None)
        each = whole(connection, each)
        info = _sealed_info(self.network_id, each.number, each.handler)
        for key in self._opening_keys():
            try:
                said = rules.content_of(rules.SAID, key.open(info, each.record.said["sealed"]))
            except NotOpened:
                continue
            answer = each.answer.said["own"] if each.answer is not None else None
            answered = self._unlocked(said["code"], each, "answer", answer) if said and answer is not None else None
            return Heard(each, clock, said, answered)
        return Heard(each, clock, None, None)

    def _unlocked(self, code: str, each: Complaint, what: str, locked: bytes) -> dict[str, Any] | None:
        try:
            raw = unlock(code.encode(), _own_info(self.network_id, each.number, what), locked)
        except NotOpened:
            return None
        return rules.content_of(rules.SAID if what == "complaint" else rules.ANSWERED, raw)

    def _clock_of(self, connection: Connection, each: Complaint) -> Span:
        answered = day_of(each.answer.claimed_ms) if each.answer is not None else None
        today = day_of(self.clock())
        return span("complaint", day_of(each.at_ms), answered, calendar_in(self, connection), today)

    def _opening_keys(self) -> list[Any]:
        try:
            return self.lives.opening_keys() if self.lives is not None else []
        except NoIdentity as damaged:
            raise NotAllowed(f"密钥文件读不出来：{damaged}", str(damaged)) from damaged

    def _complaints(self, connection: Connection) -> list[Complaint]:
        """Every complaint held, without what is sealed in it."""
        made = self._known_complaints.records(self, connection, kinds.COMPLAINT)
        answers = self._known_complaints.records(self, connection, kinds.COMPLAINT_ANSWER)
        return rules.complaints_of((each for each in made if each.scope.startswith("about:")), answers)

    def _keys(self, connection: Connection) -> dict[str, list[Record]]:
        """Place -> the keys it has published, but for those of machines that are shut out: who has such a machine reads
        what is sealed to it."""
        found: dict[str, list[Record]] = {}
        roster = self.roster_in(connection)
        for each in self._known_complaints.records(self, connection, kinds.PLACE_KEY):
            author = roster.node(each.position.incarnation)
            if each.scope == below(each.place) and (author is None or author.serves):
                found.setdefault(each.place, []).append(each)
        return found


def _content(table: Any, said: Mapping[str, Any]) -> bytes:
    """What is to be sealed. Raises BadBody naming the field."""
    try:
        return rules.content_bytes(table, said)
    except ValueError as wrong:
        name = str(wrong)
        zh, en = _WRONG.get(name, ("内容", "content"))
        raise BadBody(name, f"“{zh}”缺少或不符合要求，请改正", f"{en}: missing or not as required; mend it") from None
