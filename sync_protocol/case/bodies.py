"""What stands in the body of each kind of event: one field table a kind, and the checkers compiled from it.

A body is a CBOR map from small field numbers to values. The tables are the only definition: the checkers here, the
forms and API schemas of the nodes and the tables in CASE.md are all made from them. Unknown field numbers (integers
from 0 up) are left alone, so that an older reader keeps what a newer one wrote.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final

from sync_protocol.case import kinds, legal_bodies, oversight_bodies, paper_bodies
from sync_protocol.case.fields import Field, FieldType, Table
from sync_protocol.places import valid_code

MAX_MS: Final = 2**53 - 1
MAX_LIST: Final = 64
MAX_TEXT: Final = 4_000
MAX_TAKEN: Final = 32  # so that the largest body held inline fits into a header

# Control characters and the marks that reorder text on a screen: they hide what a person signs, and PostgreSQL
# cannot hold NUL. Line feed and tab are text.
FORBIDDEN_TEXT: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
CASE_NO_SHAPE: Final = re.compile(
    r"[0-9A-Z]{1,16}(?:-[0-9A-Z]{1,8}){0,3}-[0-9]{6}-[0-9A-HJKMNP-TV-Z]{4}-[1-9][0-9]{0,8}-[0-9A-Z]", re.ASCII
)
QUERY_CODE_SHAPE: Final = re.compile(r"[0-9A-HJKMNP-TV-Z]{13}", re.ASCII)
HASH_SHAPE: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
DATE_SHAPE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


ID_KINDS: Final = ("resident_id", "household_book", "passport", "credit_code", "other")
CHANNELS: Final = ("counter", "door", "online", "phone")
PURPOSES: Final = ("accept", "review", "decide", "deliver")
OPINIONS: Final = ("agree", "disagree")
OUTCOMES: Final = ("approve", "refuse")
# What became of a public notice on the wall, as who answers for the place there confirms it.
FINDINGS: Final = ("posted", "no_objection", "objection")
# What a linked case does with what an earlier one decided.
CHANGES: Final = ("change", "renew", "revoke")
DELIVERY_WAYS: Final = ("in_person", "proxy", "post", "electronic", "left_with_witness", "public_notice")

# Field numbers are frozen like kind numbers.
CREATE: Final = Table(kinds.CREATE, (
    Field(0, "item_no", "text", True, 1, 32, "事项编号", "item number"),
    Field(1, "item_version", "int", True, 1, 65_535, "事项版本", "item version"),
    Field(2, "applicant_name", "text", True, 1, 60, "申请人", "applicant"),
    Field(3, "applicant_id_kind", "choice", True, 0, 0, "证件类型", "kind of identity document", ID_KINDS),
    Field(4, "applicant_id_no", "text", True, 1, 40, "证件号码", "identity number"),
    Field(5, "applicant_phone", "text", False, 1, 30, "联系电话", "phone"),
    Field(6, "applicant_address", "text", False, 1, 200, "联系地址", "address"),
    Field(7, "proxy_name", "text", False, 1, 60, "受托人", "proxy"),
    Field(8, "proxy_relation", "text", False, 1, 40, "与申请人关系", "relation to the applicant"),
    Field(9, "proxy_phone", "text", False, 1, 30, "受托人电话", "proxy's phone"),
    Field(10, "proxy_authorisation", "text", False, 1, 200, "委托说明", "note of authorisation"),
    Field(11, "answers", "answers", False, 0, MAX_LIST, "申请内容", "answers"),
    Field(12, "materials", "materials", False, 0, MAX_LIST, "申请材料", "materials"),
    Field(13, "window_note", "text", False, 1, 500, "窗口备注", "window note"),
    Field(14, "legal_representative", "text", False, 1, 60, "法定代表人（负责人）", "legal representative"),
    Field(15, "acts_on", "choice", False, 0, 0, "对原决定的办理（变更、延续、撤销）",
          "what is done with the earlier decision", CHANGES),
    Field(16, "earlier", "case_no", False, 0, 0, "原件的收件编号", "receipt number of the earlier case",
          required_if=(15, CHANGES)),
))  # fmt: skip
RECEIVE: Final = Table(kinds.RECEIVE, (
    Field(0, "case_no", "case_no", True, 0, 0, "收件编号", "receipt number"),
    Field(1, "query_code", "query_code", True, 0, 0, "查询码", "query code"),
    Field(2, "channel", "choice", False, 0, 0, "收件方式", "channel", CHANNELS),
    Field(3, "seal", "text", False, 1, 40, "用印", "seal used"),
))  # fmt: skip
HANDOFF: Final = Table(kinds.HANDOFF, (
    Field(0, "to", "place", True, 0, 0, "移交至", "handed to"),
    Field(1, "purpose", "choice", True, 0, 0, "移交事由", "purpose", PURPOSES),
    Field(2, "note", "text", False, 1, 200, "移交说明", "note"),
))  # fmt: skip
ACCEPT: Final = Table(kinds.ACCEPT, (
    Field(0, "note", "text", False, 1, 200, "接收说明", "note"),
    Field(1, "claimed_ms", "int", False, 0, MAX_MS, "申报时间", "time claimed by the origin"),
    Field(2, "not_before_ms", "int", False, 0, MAX_MS, "不早于", "not before"),
    Field(3, "not_after_ms", "int", False, 0, MAX_MS, "不晚于", "not after"),
    Field(4, "used_ms", "int", False, 0, MAX_MS, "采用时间", "time used"),
    Field(5, "disputed", "bool", False, 0, 0, "时间有争议", "disputed"),
    Field(6, "seal", "text", False, 1, 40, "用印", "seal used"),
), dates=True)  # fmt: skip
DOCKET: Final = Table(kinds.DOCKET, (
    Field(0, "promised_days", "int", False, 0, 999, "承诺工作日", "promised working days"),
    Field(1, "note", "text", False, 1, 200, "受理说明", "note"),
    Field(2, "document_no", "text", False, 1, 80, "文号", "document number"),
    Field(3, "seal", "text", False, 1, 40, "用印", "seal used"),
    Field(4, "unheard_since_ms", "int", False, 0, MAX_MS, "上次与上级联系的时间", "last contact with the level above"),
))  # fmt: skip
REVIEW: Final = Table(kinds.REVIEW, (
    Field(0, "opinion", "choice", True, 0, 0, "初审意见", "opinion", OPINIONS),
    Field(1, "text", "text", False, 1, 2_000, "意见说明", "reasons", required_if=(0, ("disagree",))),
))  # fmt: skip
RETURN_FOR_CORRECTION: Final = Table(kinds.RETURN_FOR_CORRECTION, (
    Field(0, "marks", "marks", True, 1, 32, "需补正之处", "what must be corrected"),
    Field(1, "reason", "text", False, 1, 1_000, "补正理由", "reason"),
    Field(2, "due_days", "int", False, 1, 365, "补正期限（工作日）", "days to supply"),
    Field(3, "document_no", "text", False, 1, 80, "文号", "document number"),
    Field(4, "seal", "text", False, 1, 40, "用印", "seal used"),
))  # fmt: skip
TAKE: Final = Table(kinds.TAKE, (
    Field(0, "supplies", "positions", True, 1, MAX_TAKEN, "采纳的补正", "supplies that count"),
    Field(1, "note", "text", False, 1, 200, "说明", "note"),
))  # fmt: skip
DECIDE: Final = Table(kinds.DECIDE, (
    Field(0, "outcome", "choice", True, 0, 0, "审批结果", "outcome", OUTCOMES),
    Field(1, "reasons", "text", False, 1, 4_000, "理由", "reasons", required_if=(0, ("refuse",))),
    Field(2, "document_no", "text", False, 1, 80, "文号", "document number"),
    Field(3, "conditions", "text", False, 1, 2_000, "附加条件", "conditions"),
    Field(4, "seal", "text", False, 1, 40, "用印", "seal used"),
    Field(5, "through", "positions", False, 1, 32, "所见的记录", "records shown"),
    Field(6, "shown", "hash", False, 64, 64, "所见内容的摘要（SHA-256）", "SHA-256 of what was shown"),
))  # fmt: skip
ANSWER: Final = Table(kinds.ANSWER, (
    Field(0, "request", "position", True, 0, 0, "所答复的撤回申请", "request answered"),
    Field(1, "granted", "bool", True, 0, 0, "同意撤回", "granted"),
    Field(2, "reason", "text", False, 1, 400, "理由", "reason", required_if=(1, (False,))),
    Field(3, "seal", "text", False, 1, 40, "用印", "seal used"),
))  # fmt: skip
# A note may say, for who answers for the place where a public notice hangs, what became of it; who does not know the
# fields reads the words.
NOTE: Final = Table(kinds.NOTE, (
    Field(0, "text", "text", True, 1, 2_000, "备注", "note"),
    Field(1, "finding", "choice", False, 0, 0, "公示核实", "what became of the public notice", FINDINGS),
    Field(2, "notice", "position", False, 0, 0, "所核实的公示", "public notice it is about", required_if=(1, FINDINGS)),
))  # fmt: skip
SUPPLY: Final = Table(kinds.SUPPLY, (
    Field(0, "answers", "answers", False, 1, MAX_LIST, "更正内容", "corrected answers"),
    Field(1, "materials", "materials", False, 1, MAX_LIST, "补交材料", "papers supplied"),
    Field(2, "text", "text", False, 1, 2_000, "补正说明", "explanation"),
    Field(3, "seal", "text", False, 1, 40, "用印", "seal used"),
), any_of=(0, 1, 2))  # fmt: skip
# Inline, so that no erasure can take away who holds the case, or what was answered about a record that does not count.
FORCE_ASSIGN: Final = Table(kinds.FORCE_ASSIGN, (
    Field(0, "to", "place", True, 0, 0, "改派至", "assigned to"),
    Field(1, "reason", "text", True, 1, 400, "改派理由", "reason"),
    Field(2, "proposer", "text", True, 1, 32, "提议人", "proposed by"),
    Field(3, "confirmer", "text", True, 1, 32, "确认人", "confirmed by"),
), differ=(2, 3))  # fmt: skip
ADOPT: Final = Table(kinds.ADOPT, (
    Field(0, "named", "positions", True, 1, MAX_TAKEN, "采纳的记录", "records adopted"),
    Field(1, "note", "text", False, 1, 200, "采纳说明", "note"),
))  # fmt: skip
DISMISS: Final = Table(kinds.DISMISS, (
    Field(0, "named", "positions", True, 1, MAX_TAKEN, "不予采纳的记录", "records not adopted"),
    Field(1, "reason", "text", True, 1, 200, "不予采纳的理由", "reason"),
))  # fmt: skip
WITHDRAWAL_REQUEST: Final = Table(kinds.WITHDRAWAL_REQUEST, (
    Field(0, "reason", "text", True, 1, 500, "撤回理由", "reason"),
    Field(1, "by", "text", False, 1, 60, "提出人", "who asks"),
))  # fmt: skip
DELIVERED: Final = Table(kinds.DELIVERED, (
    Field(0, "to", "text", True, 1, 60, "领取人", "collected by"),
    Field(1, "how", "choice", True, 0, 0, "送达方式", "way of delivery", DELIVERY_WAYS),
    Field(2, "at", "date", False, 0, 0, "送达日期", "day of delivery"),
    Field(3, "witnesses", "names", False, 2, 2, "见证人（留置送达须二人，一行一个）", "two witnesses, one a line"),
    Field(4, "refusal", "text", False, 1, 300, "拒收事由，或无法送达的经过", "why not signed for, or not served"),
    Field(5, "where", "text", False, 1, 200, "送达地点、号码或公告载体", "place, number, or where made public"),
    Field(6, "proof", "text", False, 1, 80, "邮件号或发送记录号", "number of the mail, or of the record of sending"),
    Field(7, "published", "date", False, 0, 0, "公告日期", "day it was made public"),
))  # fmt: skip
PLEASE_RETURN: Final = Table(kinds.PLEASE_RETURN, (
    Field(0, "reason", "text", True, 1, 400, "请求退回的理由", "reason"),
))  # fmt: skip

TABLES: Final[dict[int, Table]] = {
    table.kind: table
    for table in (
        CREATE, RECEIVE, HANDOFF, ACCEPT, DOCKET, REVIEW, RETURN_FOR_CORRECTION, TAKE, DECIDE, ANSWER,
        FORCE_ASSIGN, ADOPT, *legal_bodies.STAGE_TABLES,
        NOTE, SUPPLY, WITHDRAWAL_REQUEST, DELIVERED, PLEASE_RETURN, DISMISS, *legal_bodies.SIDE_TABLES,
        *oversight_bodies.TABLES, paper_bodies.PAPER,
    )
}  # fmt: skip

MATERIAL_NAME_MAX: Final = 100
COPIES_MAX: Final = 99
ANSWER_NAME_MAX: Final = 64
ANSWER_TEXT_MAX: Final = 2_000
MARK_TEXT_MAX: Final = 500
NAME_MAX: Final = 30
ACTION_MAX: Final = 200
DOER_MAX: Final = 60


def plain(value: object, low: int, high: int) -> bool:
    """Tell whether value is text of low to high characters without control or reordering characters."""
    if type(value) is not str or not low <= len(value) <= high:
        return False
    # isprintable() is only a shortcut: nothing printable is forbidden, whatever the Unicode version of the reader.
    return value.isprintable() or FORBIDDEN_TEXT.search(value) is None


def is_int(value: object, low: int, high: int) -> bool:
    """Tell whether value is an integer (not a bool) from low to high."""
    return type(value) is int and low <= value <= high


def is_date(value: object) -> bool:
    """Tell whether value is a calendar day written yyyy-mm-dd."""
    if type(value) is not str or DATE_SHAPE.fullmatch(value) is None:
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def is_place(value: object) -> bool:
    """Tell whether value has the shape of a place code."""
    return type(value) is str and valid_code(value)


def is_case_no(value: object) -> bool:
    """Tell whether value has the shape of a receipt number (the check character is for people, not judged here)."""
    return type(value) is str and CASE_NO_SHAPE.fullmatch(value) is not None


def is_query_code(value: object) -> bool:
    """Tell whether value is a normalised query code of 13 characters."""
    return type(value) is str and QUERY_CODE_SHAPE.fullmatch(value) is not None


def is_answers(value: object, low: int, high: int) -> bool:
    """Tell whether value maps low to high field names to texts."""
    if type(value) is not dict or not low <= len(value) <= high:
        return False
    for name, text in value.items():  # without a call for each: it stands on the apply path
        if type(name) is not str or type(text) is not str:
            return False
        if not 1 <= len(name) <= ANSWER_NAME_MAX or len(text) > ANSWER_TEXT_MAX:
            return False
        if not (name.isprintable() and text.isprintable()) and FORBIDDEN_TEXT.search(name + text) is not None:
            return False
    return True


def is_materials(value: object, low: int, high: int) -> bool:
    """Tell whether value is a list of low to high entries [name, copies, original]."""
    if type(value) is not list or not low <= len(value) <= high:
        return False
    for entry in value:
        if type(entry) is not list or len(entry) != 3 or not plain(entry[0], 1, MATERIAL_NAME_MAX):
            return False
        if not is_int(entry[1], 0, COPIES_MAX) or type(entry[2]) is not bool:
            return False
    return True


def is_marks(value: object, low: int, high: int) -> bool:
    """Tell whether value is a list of low to high entries [field, what is wrong]."""
    if type(value) is not list or not low <= len(value) <= high:
        return False
    for entry in value:
        if type(entry) is not list or len(entry) != 2:
            return False
        if not plain(entry[0], 1, MATERIAL_NAME_MAX) or not plain(entry[1], 1, MARK_TEXT_MAX):
            return False
    return True


def is_position(value: object) -> bool:
    """Tell whether value is [incarnation of 16 bytes, seq from 1 up, mark of 8 bytes]."""
    return (
        type(value) is list
        and len(value) == 3
        and type(value[0]) is bytes
        and len(value[0]) == 16
        and is_int(value[1], 1, MAX_MS)
        and type(value[2]) is bytes
        and len(value[2]) == 8
    )


def is_positions(value: object, low: int, high: int) -> bool:
    """Tell whether value is a list of low to high positions."""
    return type(value) is list and low <= len(value) <= high and all(is_position(entry) for entry in value)


def is_names(value: object, low: int, high: int) -> bool:
    """Tell whether value is a list of low to high names, no name twice."""
    if type(value) is not list or not low <= len(value) <= high:
        return False
    return all(plain(entry, 1, NAME_MAX) for entry in value) and len(set(value)) == len(value)


def is_actions(value: object, low: int, high: int) -> bool:
    """Tell whether value is a list of low to high entries [what is to be done, who does it, by which day]."""
    if type(value) is not list or not low <= len(value) <= high:
        return False
    for entry in value:
        if type(entry) is not list or len(entry) != 3 or not is_date(entry[2]):
            return False
        if not plain(entry[0], 1, ACTION_MAX) or not plain(entry[1], 1, DOER_MAX):
            return False
    return True


def is_heads(value: object, low: int, high: int) -> bool:
    """Tell whether value is a list of low to high entries [incarnation of 16 bytes, scope, seq from 1 up], no stream
    twice."""
    if type(value) is not list or not low <= len(value) <= high:
        return False
    for entry in value:
        if type(entry) is not list or len(entry) != 3 or type(entry[0]) is not bytes or len(entry[0]) != 16:
            return False
        if not is_scope(entry[1]) or not is_int(entry[2], 1, MAX_MS):
            return False
    return len({(entry[0], entry[1]) for entry in value}) == len(value)


def is_scope(value: object) -> bool:
    """Tell whether value names a scope (PROTOCOL.md, section 2.1)."""
    return type(value) is str and value[:6] in ("about:", "below:") and valid_code(value[6:])


def is_hash(value: object) -> bool:
    """Tell whether value is a SHA-256 in 64 lower-case hex digits."""
    return type(value) is str and HASH_SHAPE.fullmatch(value) is not None


def dates_disagree(body: Mapping[Any, Any]) -> str | None:
    """Check the legal dates of an ``accept`` (PROTOCOL.md, "Time"); return the first field that is wrong.

    All five are there or none. not_before <= not_after; used = the claim if between them, else the nearer bound, and
    disputed says that the claim was not used.
    """
    there = [number in body for number in (1, 2, 3, 4, 5)]
    if not any(there):
        return None
    if not all(there):
        return ("claimed_ms", "not_before_ms", "not_after_ms", "used_ms", "disputed")[there.index(False)]
    claimed, not_before, not_after = body[1], body[2], body[3]
    if not_before > not_after:
        return "not_after_ms"
    used = min(max(claimed, not_before), not_after)
    if body[4] != used:
        return "used_ms"
    return None if body[5] == (used != claimed) else "disputed"


_TESTS: Final[dict[FieldType, str]] = {
    "text": "(type(v) is not str or not {low} <= len(v) <= {high} or not (v.isprintable() or search(v) is None))",
    "int": "(type(v) is not int or not {low} <= v <= {high})",
    "bool": "type(v) is not bool",
    "date": "not is_date(v)",
    "choice": "(type(v) is not str or v not in {choices!r})",
    "place": "not is_place(v)",
    "case_no": "not is_case_no(v)",
    "query_code": "not is_query_code(v)",
    "answers": "not is_answers(v, {low}, {high})",
    "materials": "not is_materials(v, {low}, {high})",
    "marks": "not is_marks(v, {low}, {high})",
    "position": "not is_position(v)",
    "positions": "not is_positions(v, {low}, {high})",
    "names": "not is_names(v, {low}, {high})",
    "hash": "not is_hash(v)",
    "bytes": "(type(v) is not bytes or not {low} <= len(v) <= {high})",
    "actions": "not is_actions(v, {low}, {high})",
    "heads": "not is_heads(v, {low}, {high})",
}

Checker = Callable[[object], str | None]


def source_of(table: Table) -> str:
    """Write the source of the checker of one table: straight code, because it stands on the apply path."""
    lines = ["def check(b):", "    if type(b) is not dict: return 'body'"]
    lines.append("    for k in b:")
    lines.append("        if type(k) is not int or k < 0: return 'body'")
    for field in table.fields:
        test = _TESTS[field.type].format(low=field.low, high=field.high, choices=field.choices)
        lines.append(f"    if {field.number} in b:")
        lines.append(f"        v = b[{field.number}]")
        lines.append(f"        if {test}: return {field.name!r}")
        if field.required:
            lines.append(f"    else: return {field.name!r}")
        elif field.required_if is not None:
            other, values = field.required_if
            lines.append(f"    elif b.get({other}) in {values!r}: return {field.name!r}")
    if table.any_of:
        absent = " and ".join(f"{number} not in b" for number in table.any_of)
        first = next(field.name for field in table.fields if field.number == table.any_of[0])
        lines.append(f"    if {absent}: return {first!r}")
    if table.differ is not None:
        for at, other in enumerate(table.differ[1:], start=1):
            name = next(field.name for field in table.fields if field.number == other)
            same = " or ".join(f"b.get({one}) == b[{other}]" for one in table.differ[:at])
            lines.append(f"    if {other} in b and ({same}): return {name!r}")
    whole = "manifest_disagrees(b)" if table.manifest else "dates_disagree(b)" if table.dates else "None"
    lines.append(f"    return {whole}")
    return "\n".join(lines)


def compile_checker(table: Table) -> Checker:
    """Compile the checker of one table: it takes a decoded body and returns None or the first offending field's name.

    ``"body"`` stands for a body that is no map, or has a key that is not an integer from 0 up.
    """
    names: dict[str, Any] = {
        "search": FORBIDDEN_TEXT.search,
        "is_date": is_date,
        "is_place": is_place,
        "is_case_no": is_case_no,
        "is_query_code": is_query_code,
        "is_answers": is_answers,
        "is_materials": is_materials,
        "is_marks": is_marks,
        "is_position": is_position,
        "is_positions": is_positions,
        "is_names": is_names,
        "is_hash": is_hash,
        "is_actions": is_actions,
        "is_heads": is_heads,
        "dates_disagree": dates_disagree,
        "manifest_disagrees": paper_bodies.manifest_disagrees,
    }
    exec(source_of(table), names)
    checker: Checker = names["check"]
    return checker


CHECKERS: Final[dict[int, Checker]] = {kind: compile_checker(table) for kind, table in TABLES.items()}


def check(kind: int, body: object) -> str | None:
    """Check a decoded body against the table of its kind: None, or the name of the first field that is wrong.

    KeyError for a kind without a table: ask ``kinds.understood`` first.
    """
    return CHECKERS[kind](body)


def named(kind: int, body: Mapping[int, Any]) -> dict[str, Any]:
    """Turn a checked body into a dict by field name, leaving out numbers the table does not know."""
    return {field.name: body[field.number] for field in TABLES[kind].fields if field.number in body}


# A choice that came later -> the kind_version from which an event may say it.
_LATER_CHOICES: Final[dict[int, tuple[int, dict[str, int]]]] = {kinds.DELIVERED: (1, {"public_notice": 2})}


def version_of(kind: int, body: Mapping[int, Any]) -> int:
    """The kind_version under which a body is written: the oldest whose readers understand all of it."""
    if kind not in _LATER_CHOICES:
        return kinds.BY_NUMBER[kind].version
    number, since = _LATER_CHOICES[kind]
    return since.get(body.get(number, ""), 1)


def too_late_a_choice(kind: int, version: int, body: Mapping[int, Any]) -> str | None:
    """The name of a field whose choice came later than the kind_version that an event says; None where none did."""
    number, since = _LATER_CHOICES.get(kind, (0, {}))
    return TABLES[kind].fields[number].name if since and since.get(body.get(number, ""), 1) > version else None


def numbered(kind: int, values: Mapping[str, Any]) -> dict[int, Any]:
    """Turn values by field name into a body; None and unknown names are left out."""
    return {field.number: values[field.name] for field in TABLES[kind].fields if values.get(field.name) is not None}


# What the clock and the flow ask of a body that is held apart is said in the header as well, under key 0 of its
# extensions: so it outlives the body. Nothing of it names a person.
KEPT: Final[dict[int, tuple[int, ...]]] = {
    kinds.SUSPEND: (0, 3), kinds.EXTEND: (0,), kinds.FEE_SETTLED: (4,), kinds.DELIVERED: (2,),
    kinds.COUNTERSIGNATURE: (0, 1),
}  # fmt: skip
KEPT_KEY: Final = 0
SKEW_KEY: Final = 1  # how far its author has confirmed their clock to be off
_KEPT_CHECKERS: Final[dict[int, Checker]] = {
    kind: compile_checker(Table(kind, tuple(field for field in TABLES[kind].fields if field.number in numbers)))
    for kind, numbers in KEPT.items()
}


def kept_of(kind: int, body: Mapping[int, Any]) -> dict[int, Any]:
    """What of a body its header says as well; empty for a kind of which nothing is kept."""
    return {number: body[number] for number in KEPT.get(kind, ()) if number in body}


def is_kept(kind: int, value: object) -> bool:
    """Tell whether a header says of its body what may be said there, in the form of the body's own table."""
    if type(value) is not dict or not value.keys() <= set(KEPT.get(kind, ())):
        return False
    return bool(value) and _KEPT_CHECKERS[kind](value) is None
