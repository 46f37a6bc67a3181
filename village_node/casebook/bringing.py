"""The part of the casebook for what is handed in at a place that the case never passes, and for what people ask."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from hmac import compare_digest
from typing import Any, Final, NamedTuple

from sync_protocol.case import consultations, kinds, numbers, slips
from sync_protocol.case.consultations import Consultation
from sync_protocol.case.fields import Table
from sync_protocol.case.slips import BECOMES, PROOF_BYTES, Slip
from sync_protocol.places import PlaceTree, about
from sync_protocol.suites import sha256
from village_node.casebook import once
from village_node.casebook.acts import Act
from village_node.casebook.beside import Beside
from village_node.casebook.conditions import day_in_county
from village_node.casebook.desk import COUNTER, checked
from village_node.casebook.errors import BadBody, NotAllowed, NotFound
from village_node.casebook.reading import Reading
from village_node.store import Connection, cases, peers
from village_node.store.cases import CaseRow
from village_node.store.requests import Request

_SLIPS: Final = "slips"
_CONSULTATIONS: Final = "consultations"


class Brought(NamedTuple):
    """A slip as this place sees it. ``meets``: the place that attaches it; ``case``: the row of its case, where it is
    held here; ``proof``: whether who came held the query code, None where nobody can tell."""

    slip: Slip
    meets: str
    case: CaseRow | None
    proof: bool | None


class Bringing(Beside, Reading):
    """Slips and consultations, at every node."""

    def bring(
        self, actor: str, roles: Iterable[str], said: Mapping[str, Any], code: str = "", request: Request | None = None
    ) -> str:
        """Take in what somebody hands in about a case that never passes here; the number of the slip, drawn here.

        ``said`` by field name, without the number and the proof; ``code``: the query code, where whoever came has it.
        Raises BadBody naming the field, AlreadyDone, IdTaken, NotAllowed, NotSaved.
        """
        self.refuse_unless(roles, kinds.SLIP)
        self.store.refuse_intake_without_room()
        case_no = _case_number(str(said.get("case_no") or ""))
        proof = self._proof(case_no, _query_code(code)) if code.strip() else None
        full = {**said, "case_no": case_no, "proof": proof, "slip_no": None}

        def act(connection: Connection) -> tuple[str, set[str]]:
            if not slips.meeting_place(self.roster_in(connection).places, self.identity.place, case_no):
                raise _not_elsewhere(self.roster_in(connection).places, case_no)
            scope = about(self.identity.place)
            self._locked_stream(connection, scope)
            full["slip_no"] = self._next_number(connection)
            raw = raw_body(slips.SLIP, partial(slips.to_bytes, kinds.SLIP), full)
            self.write_record(connection, scope, kinds.SLIP, actor, raw)
            self.note(connection, actor, "slip.take", full["slip_no"], case=case_no)
            once.became(connection, request, (full["slip_no"], b""))
            return full["slip_no"], {scope}

        return self._act(act, request)

    def brought(self) -> list[Brought]:
        """Every slip that can be read here: those taken here, those to be attached here, and those of places below."""
        return self.remembered(_SLIPS, self._brought)

    def brought_waiting(self) -> int:
        """How many slips wait for this place to attach them."""
        return sum(each.meets == self.identity.place and each.slip.answer is None for each in self.brought())

    def attach(self, actor: str, roles: Iterable[str], number: str, request: Request | None = None) -> CaseRow:
        """Write what a slip says beside its case, as an act of this place, and tell the place that took it; the row of
        the case. Raises AlreadyDone, IdTaken, NotAllowed, NotFound, NotSaved."""
        allowed = frozenset(roles)

        def act(connection: Connection) -> tuple[CaseRow, set[str]]:
            one = self._to_answer(connection, allowed, number)
            if one.case is None:
                raise NotAllowed(
                    "本机没有这个编号的件：等下级同步后再试，或写明原因不予附入",
                    "no case of that number is here: wait for the places below, or decline with the reason",
                )
            if one.proof is False:
                raise NotAllowed(
                    "查询码与案件不符：请核实来人身份，或写明原因不予附入",
                    "the query code is not that of the case: ask who came, or decline with the reason",
                )
            kind, content = _as_act(one.slip, self.roster_in(connection).places)
            key = (one.case.scope, one.case.case_id)
            self._do(connection, Act(actor, allowed, key, kind, checked(kind, content)))
            self._answer(connection, actor, one.slip, {"outcome": "attached"})
            once.became(connection, request, key)
            return one.case, {one.slip.record.scope, one.case.scope}

        return self._act(act, request)

    def decline(self, actor: str, roles: Iterable[str], number: str, text: str, request: Request | None = None) -> None:
        """Say why a slip is not attached; the place that took it tells whoever came. Raises BadBody, AlreadyDone,
        IdTaken, NotAllowed, NotFound, NotSaved."""
        allowed = frozenset(roles)

        def act(connection: Connection) -> tuple[None, set[str]]:
            one = self._to_answer(connection, allowed, number)
            self._answer(connection, actor, one.slip, {"outcome": "declined", "text": text})
            once.became(connection, request, (number, b""))
            return None, {one.slip.record.scope}

        self._act(act, request)

    def consult(self, actor: str, roles: Iterable[str], said: Mapping[str, Any], request: Request | None = None) -> str:
        """Record what somebody asked; its number, drawn here. Whoever records it is the person first asked, and stays
        responsible until it has come to its end. Raises BadBody, AlreadyDone, IdTaken, NotAllowed, NotSaved."""
        self.refuse_unless(roles, kinds.CONSULTATION)
        if not said.get("question"):
            raise BadBody("question", "请写明咨询的内容", "say what was asked")

        def act(connection: Connection) -> tuple[str, set[str]]:
            self._locked_stream(connection, about(self.identity.place))
            number = self._next_number(connection)
            self._write_consultation(connection, actor, {**said, "consultation_no": number})
            once.became(connection, request, (number, b""))
            return number, {about(self.identity.place)}

        return self._act(act, request)

    def follow_consultation(
        self,
        actor: str,
        roles: Iterable[str],
        number: str,
        said: Mapping[str, Any],
        request: Request | None = None,
    ) -> None:
        """Record what came of a consultation. Raises BadBody, AlreadyDone, IdTaken, NotAllowed, NotFound, NotSaved."""
        self.refuse_unless(roles, kinds.CONSULTATION)

        def act(connection: Connection) -> tuple[None, set[str]]:
            self._locked_stream(connection, about(self.identity.place))
            found = next((each for each in self._consultations(connection) if each.number == number), None)
            if found is None:
                raise NotFound("本单位没有这次咨询", "no such consultation was taken here")
            if found.outcome in consultations.ENDS:
                raise NotAllowed("这次咨询已经办结", "this consultation has come to its end")
            told = {name: value for name, value in said.items() if name != "question"}
            self._write_consultation(connection, actor, {**told, "consultation_no": number})
            once.became(connection, request, (number, b""))
            return None, {about(self.identity.place)}

        self._act(act, request)

    def consultations(self) -> list[Consultation]:
        """What was asked at this place, the newest first."""
        return self.remembered(_CONSULTATIONS, self._consultations)

    def consultations_open(self) -> int:
        """How many still wait to be led to their end."""
        return sum(each.outcome == "open" for each in self.consultations())

    def _brought(self, connection: Connection) -> list[Brought]:
        places = self.roster_in(connection).places
        made = self.records(connection, kinds.SLIP, partial(slips.read, kinds.SLIP))
        answers = self.records(connection, kinds.SLIP_ANSWER, partial(slips.read, kinds.SLIP_ANSWER))
        return [self._seen(connection, places, slip) for slip in slips.slips_of(places, made, answers)]

    def _seen(self, connection: Connection, places: PlaceTree, slip: Slip) -> Brought:
        meets = slips.meeting_place(places, slip.record.place, slip.case_no)
        row = cases.by_number(connection, slip.case_no)
        given = slip.record.said.get("proof")
        proof = None
        if given is not None and row is not None and row.query_code:
            proof = compare_digest(given, self._proof(slip.case_no, row.query_code))
        return Brought(slip, meets, row, proof)

    def _to_answer(self, connection: Connection, roles: frozenset[str], number: str) -> Brought:
        """A slip that this place, and no other, is to answer and that nobody has answered, with its stream held."""
        self.refuse_unless(roles, kinds.SLIP_ANSWER)
        one = next((each for each in self._brought(connection) if each.slip.number == number), None)
        if one is None or one.meets != self.identity.place:
            raise NotFound("没有由本单位附入的这份代收单", "there is no such slip to be attached here")
        self._locked_stream(connection, one.slip.record.scope)
        again = next(each for each in self._brought(connection) if each.slip.number == number)
        if again.slip.answer is not None:
            raise NotAllowed("这份代收单已经处理", "this slip is answered already")
        return again

    def _answer(self, connection: Connection, actor: str, slip: Slip, said: Mapping[str, Any]) -> None:
        raw = raw_body(slips.ANSWER, partial(slips.to_bytes, kinds.SLIP_ANSWER), {**said, "slip_no": slip.number})
        self.write_record(connection, slip.record.scope, kinds.SLIP_ANSWER, actor, raw)
        self.note(connection, actor, f"slip.{said['outcome']}", slip.number, case=slip.case_no)

    def _consultations(self, connection: Connection) -> list[Consultation]:
        here = about(self.identity.place)
        return consultations.consultations_of(self.records(connection, kinds.CONSULTATION, consultations.read, here))

    def _write_consultation(self, connection: Connection, actor: str, said: Mapping[str, Any]) -> None:
        full = dict(said)
        if full.get("item_no") and self.items_in(connection).catalogue.newest(str(full["item_no"])) is None:
            raise BadBody("item_no", "没有这个事项", "there is no such item")
        if full.get("case_no"):
            full["case_no"] = _case_number(str(full["case_no"]))
        raw = raw_body(consultations.TABLE, consultations.to_bytes, full)
        self.write_record(connection, about(self.identity.place), kinds.CONSULTATION, actor, raw)
        self.note(connection, actor, f"consultation.{full.get('outcome', '')}", full["consultation_no"])

    def _next_number(self, connection: Connection) -> str:
        drawn = peers.count_up(connection, COUNTER, 1)
        return numbers.make_case_number(self.identity.place, day_in_county(self.clock()), self._number_tag(), drawn)

    def _proof(self, case_no: str, code: str) -> bytes:
        return sha256(slips.proved(self.network_id, case_no, code))[:PROOF_BYTES]


def _as_act(slip: Slip, places: PlaceTree) -> tuple[int, dict[int, Any]]:
    """The act that a slip becomes; its words say where it was handed in, and under which number."""
    said, kind = slip.record.said, BECOMES[slip.record.said["what"]]
    came = f"{places.name(slip.record.place)}代收（{slip.number}）"
    text = f"{came}：{said['text']}" if said.get("text") else came
    if kind == kinds.SUPPLY:
        return kind, {1: said["materials"], 2: text}
    if kind == kinds.WITHDRAWAL_REQUEST:
        return kind, {0: text, 1: said["by"]}
    if kind == kinds.RATING:
        return kind, {0: said["grade"], 1: said["stage"], 2: text, 3: "paper"}
    return kind, {0: text}


def raw_body(table: Table, to_bytes: Callable[[Mapping[str, Any]], bytes], said: Mapping[str, Any]) -> bytes:
    try:
        return to_bytes(said)
    except ValueError as wrong:
        field = next(field for field in table.fields if field.name == str(wrong))
        raise BadBody(
            field.name,
            f"“{field.zh}”缺少或不符合要求，请改正",
            f"{field.en}: missing or not as required; mend it",
        ) from None


def _case_number(typed: str) -> str:
    try:
        return "-".join(map(str, numbers.parse_case_number(typed)))
    except numbers.NumberError as wrong:
        raise BadBody("case_no", wrong.zh, wrong.en) from None


def _query_code(typed: str) -> str:
    try:
        code = numbers.normalise_query_code(typed)
    except numbers.NumberError as wrong:
        raise BadBody("code", wrong.zh, wrong.en) from None
    if len(code) == numbers.SHORT_CODE_LENGTH:
        raise BadBody("code", "请输入完整的 13 位查询码", "type all 13 characters of the code")
    return code


def _not_elsewhere(places: PlaceTree, case_no: str) -> BadBody:
    home = numbers.parse_case_number(case_no).place
    if home not in places:
        return BadBody(
            "case_no", "编号的第一段不是本县的单位，请核对", "its first part names no place of this network: compare it"
        )
    return BadBody(
        "case_no",
        "这件在本单位或本单位的下级申请，请打开案件直接办理，不用代收",
        "the case was filed here or below: open it and act on it, no slip is needed",
    )
