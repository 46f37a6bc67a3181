"""Marshmallow schemas for forms and API, generated from the field tables of the case half, with Chinese messages.

The tables in ``sync_protocol.case.bodies`` say what a body may hold; the schemas here speak of the same fields by name
and tell people what is wrong. A test holds both to the same verdict.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any, Final

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from sync_protocol.case import bodies, kinds, paper_bodies
from sync_protocol.case.fields import Field, Table

POSITION_TEXT: Final = re.compile(r"([0-9a-f]{32})\.([1-9][0-9]{0,15})\.([0-9a-f]{16})", re.ASCII)
REQUIRED: Final = {"required": "请填写此项", "null": "请填写此项"}
WHOLE: Final = {"unknown": "没有这一项", "type": "格式不对"}


def _length(low: int, high: int, unit: str) -> Callable[[Any], Any]:
    if low == 0:
        return validate.Length(max=high, error=f"最多 {high} {unit}")
    return validate.Length(min=low, max=high, error=f"应为 {low} 至 {high} {unit}")


def _no_control(text: str) -> None:
    if bodies.FORBIDDEN_TEXT.search(text) is not None:
        raise ValidationError("含有不可见的控制字符，请重新输入")


class Text(fields.String):
    """A text of bounded length without control characters; nothing is turned into a text on the way."""

    def __init__(self, low: int, high: int, **options: Any) -> None:
        super().__init__(
            validate=[_length(low, high, "字"), _no_control],
            error_messages={**REQUIRED, "invalid": "应为文字", "invalid_utf8": "应为文字"},
            **options,
        )

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        if type(value) is not str:
            raise self.make_error("invalid")
        return value


class Whole(fields.Integer):
    """A whole number from low to high; neither true/false nor a text that looks like a number."""

    def __init__(self, low: int, high: int, **options: Any) -> None:
        range_told = f"应为 {low} 至 {high} 的整数"
        super().__init__(
            validate=validate.Range(low, high, error=range_told),
            error_messages={**REQUIRED, "invalid": range_told, "too_large": range_told},
            **options,
        )

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> int:
        if type(value) is not int:
            raise self.make_error("invalid")
        return value


class YesNo(fields.Boolean):
    """True or false, and nothing that might stand for them."""

    def __init__(self, **options: Any) -> None:
        super().__init__(error_messages={**REQUIRED, "invalid": "应为是或否"}, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> bool:
        if type(value) is not bool:
            raise self.make_error("invalid")
        return value


class MaterialSchema(Schema):
    """One paper: its name, how many copies, whether it is the original."""

    error_messages = WHOLE
    name = Text(1, bodies.MATERIAL_NAME_MAX, required=True)
    copies = Whole(0, bodies.COPIES_MAX, required=True)
    original = YesNo(required=True)


class MarkSchema(Schema):
    """One thing to be corrected: the field or paper, and what is wrong with it."""

    error_messages = WHOLE
    field = Text(1, bodies.MATERIAL_NAME_MAX, required=True)
    what = Text(1, bodies.MARK_TEXT_MAX, required=True)


class ActionSchema(Schema):
    """One thing to be done: what, who does it, and by which day."""

    error_messages = WHOLE
    what = Text(1, bodies.ACTION_MAX, required=True)
    who = Text(1, bodies.DOER_MAX, required=True)
    due = Text(1, 10, required=True)

    @validates_schema(skip_on_field_errors=True)
    def _due(self, values: Mapping[str, Any], **kwargs: Any) -> None:
        try:
            _day(values["due"])
        except ValidationError as wrong:
            raise ValidationError(wrong.messages, "due") from None


def _day(text: str) -> None:
    wrong = ValidationError("应为日期，如 2026-11-21")
    if bodies.DATE_SHAPE.fullmatch(text) is None:
        raise wrong
    try:
        date.fromisoformat(text)
    except ValueError:
        raise wrong from None


def _shape(judge: Callable[[object], bool], message: str) -> Callable[[str], None]:
    def check(text: str) -> None:
        if not judge(text):
            raise ValidationError(message)

    return check


def _checked_text(check: Callable[[str], None], **options: Any) -> fields.Field[Any]:
    field = Text(0, bodies.MAX_TEXT, **options)
    field.validators.append(check)
    return field


def _list_of(entry: fields.Field[Any], field: Field, **options: Any) -> fields.Field[Any]:
    return fields.List(
        entry,
        validate=_length(field.low, field.high, "项"),
        error_messages={**REQUIRED, "invalid": "应为列表"},
        **options,
    )


def _names(field: Field, **options: Any) -> fields.Field[Any]:
    listed = _list_of(Text(1, bodies.NAME_MAX), field, **options)

    def distinct(names: Sequence[str]) -> None:
        if len(set(names)) != len(names):
            raise ValidationError("同一名称写了两次")

    listed.validators.append(distinct)
    return listed


def _nested(schema: type[Schema]) -> fields.Field[Any]:
    return fields.Nested(schema, error_messages={**REQUIRED, "type": "格式不对"})


def _answers(field: Field, **options: Any) -> fields.Field[Any]:
    return fields.Dict(
        keys=Text(1, bodies.ANSWER_NAME_MAX),
        values=Text(0, bodies.ANSWER_TEXT_MAX),
        validate=_length(field.low, field.high, "项"),
        error_messages={**REQUIRED, "invalid": "格式不对"},
        **options,
    )


def _position_text(text: str) -> None:
    if POSITION_TEXT.fullmatch(text) is None or int(text.split(".")[1]) > bodies.MAX_MS:
        raise ValidationError("所指的记录不存在，请刷新页面后重试")


def _bytes_text(low: int, high: int) -> Callable[[str], None]:
    def check(text: str) -> None:
        if re.fullmatch(r"(?:[0-9a-f]{2})*", text, re.ASCII) is None or not 2 * low <= len(text) <= 2 * high:
            raise ValidationError("应为小写十六进制")

    return check


_CHECKS: Final[dict[str, Callable[[str], None]]] = {
    "date": _day,
    "place": _shape(bodies.is_place, "应为地区代码"),
    "case_no": _shape(bodies.is_case_no, "应为收件编号"),
    "query_code": _shape(bodies.is_query_code, "应为 13 位查询码"),
    "position": _position_text,
    "hash": _shape(bodies.is_hash, "应为 64 位小写十六进制的 SHA-256 摘要"),
}


def field_for(field: Field) -> fields.Field[Any]:
    """Make the marshmallow field of one row of a field table."""
    options: dict[str, Any] = {"required": field.required, "metadata": {"zh": field.zh, "en": field.en}}
    if field.type == "text":
        return Text(field.low, field.high, **options)
    if field.type == "int":
        return Whole(field.low, field.high, **options)
    if field.type == "bool":
        return YesNo(**options)
    if field.type == "choice":
        return _checked_text(validate.OneOf(field.choices, error="请从所列选项中选择"), **options)
    if field.type == "answers":
        return _answers(field, **options)
    if field.type == "materials":
        return _list_of(_nested(MaterialSchema), field, **options)
    if field.type == "marks":
        return _list_of(_nested(MarkSchema), field, **options)
    if field.type == "actions":
        return _list_of(_nested(ActionSchema), field, **options)
    if field.type == "positions":
        return _list_of(_checked_text(_position_text), field, **options)
    if field.type == "names":
        return _names(field, **options)
    if field.type == "bytes":
        longer = Text(0, 2 * field.high, **options)
        longer.validators.append(_bytes_text(field.low, field.high))
        return longer
    return _checked_text(_CHECKS[field.type], **options)


class BodySchema(Schema):
    """What the schemas of all kinds share: the rules of a table that look at more than one field."""

    error_messages = WHOLE
    table: Table

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def _whole_body(self, values: Mapping[str, Any], typed: Mapping[str, Any], **kwargs: Any) -> None:
        # ``values`` holds the fields that are sound by themselves, ``typed`` what was handed in.
        names = {field.number: field.name for field in self.table.fields}
        for field in self.table.fields:
            if field.required_if is not None and field.name not in typed:
                other, wanted = field.required_if
                if values.get(names[other]) in wanted:
                    raise ValidationError("请填写此项", field.name)
        if self.table.any_of and not any(names[number] in typed for number in self.table.any_of):
            raise ValidationError("至少填写一项", names[self.table.any_of[0]])
        if self.table.differ is not None:
            before = []
            for name in (names[number] for number in self.table.differ):
                if name in typed and typed[name] in before:
                    raise ValidationError("须为另一人", name)
                before.append(typed.get(name))
        if self.table.dates and all(name in values for name in typed):
            wrong = bodies.dates_disagree(bodies.numbered(self.table.kind, values))
            if wrong is not None:
                raise ValidationError("各时间须同时给出且前后一致", wrong)
        if self.table.manifest and "what" in values and all(name in values for name in typed):
            sound = {row.number: _pack(row, values[row.name]) for row in self.table.fields if row.name in values}
            wrong = paper_bodies.manifest_disagrees(sound)
            if wrong is not None:
                raise ValidationError("清单各项须前后一致", wrong)


@cache
def schema_for(kind: int) -> type[Schema]:
    """Generate the schema of one kind of event: fields by name. KeyError for a kind without a table."""
    table = bodies.TABLES[kind]
    members: dict[str, Any] = {field.name: field_for(field) for field in table.fields}
    members["table"] = table
    return type(f"{kinds.name_of(kind).title().replace('_', '')}Schema", (BodySchema,), members)


def load(kind: int, values: object) -> dict[int, Any]:
    """Check values by field name and give the body of the event; ValidationError names each wrong field in Chinese."""
    if not isinstance(values, Mapping):
        raise ValidationError(WHOLE["type"])
    loaded = schema_for(kind)().load(values)
    packed = {
        field.name: _pack(field, loaded[field.name]) for field in bodies.TABLES[kind].fields if field.name in loaded
    }
    return bodies.numbered(kind, packed)


_ENTRY_NAMES: Final = {
    "materials": ("name", "copies", "original"),
    "marks": ("field", "what"),
    "actions": ("what", "who", "due"),
}


def _pack(field: Field, value: Any) -> Any:
    if field.type == "position":
        return parse_position(value)
    if field.type == "bytes":
        return bytes.fromhex(value)
    if field.type == "positions":
        return [parse_position(text) for text in value]
    names = _ENTRY_NAMES.get(field.type)
    return value if names is None else [[entry[name] for name in names] for entry in value]


@cache
def form_schema(kind: int, rows: tuple[Field, ...]) -> type[Schema]:
    """Generate the schema of some fields of one kind, each judged by itself: what a program may send. The rules about
    several fields are asked by ``load``."""
    members: dict[str, Any] = {field.name: field_for(field) for field in rows}
    members["error_messages"] = WHOLE
    return type(f"{kinds.name_of(kind).title().replace('_', '')}Form", (Schema,), members)


def messages_of(error: ValidationError) -> dict[str, str]:
    """The first message about each wrong field, out of the nests of lists and maps that marshmallow gives."""
    found: dict[str, str] = {}
    for name, messages in error.messages_dict.items():
        while not isinstance(messages, str):
            messages = next(iter(messages.values() if isinstance(messages, dict) else messages))
        found[str(name)] = messages
    return found


_ENGLISH: Final = {
    "请填写此项": "Please give this.",
    "没有这一项": "There is no such field.",
    "格式不对": "This is not of the right form.",
    "含有不可见的控制字符，请重新输入": "It holds control characters that cannot be seen; type it again.",
    "应为文字": "This must be a text.",
    "应为整数": "This must be a whole number.",
    "应为是或否": "This must be true or false.",
    "应为列表": "This must be a list.",
    "应为日期，如 2026-11-21": "This must be a date, as in 2026-11-21.",
    "应为地区代码": "This must be the code of a place.",
    "应为收件编号": "This must be a receipt number.",
    "应为 13 位查询码": "This must be a query code of 13 characters.",
    "应为 64 位小写十六进制的 SHA-256 摘要": "This must be a SHA-256 digest in 64 small hexadecimal digits.",
    "同一名称写了两次": "One name stands there twice.",
    "所指的记录不存在，请刷新页面后重试": "There is no such record; read the case again.",
    "请从所列选项中选择": "Choose from the list.",
    "至少填写一项": "Give at least one of these.",
    "应为小写十六进制": "This must be hexadecimal, in small digits.",
    "清单各项须前后一致": "The manifest must agree with itself.",
    "须为另一人": "This must be another person.",
    "各时间须同时给出且前后一致": "The times must be given together and agree with each other.",
}
_ENGLISH_SHAPES: Final = (
    (re.compile(r"最多 (\d+) [字项]"), r"\1 at most."),
    (re.compile(r"应为 (\d+) 至 (\d+) 字"), r"\1 to \2 characters."),
    (re.compile(r"应为 (\d+) 至 (\d+) 项"), r"\1 to \2 entries."),
    (re.compile(r"应为 (\d+) 至 (\d+) 的整数"), r"A whole number from \1 to \2."),
)


def english(message: str) -> str:
    """The English sentence for a message of these schemas."""
    for shape, words in _ENGLISH_SHAPES:
        found = shape.fullmatch(message)
        if found is not None:
            return found.expand(words)
    return _ENGLISH.get(message, "Please check this field.")


def position_text(position: Sequence[Any]) -> str:
    """Write a position as ``<incarnation hex>.<seq>.<mark hex>``."""
    incarnation, seq, mark = position
    return f"{incarnation.hex()}.{seq}.{mark.hex()}"


def parse_position(text: str) -> list[Any]:
    """Read a position written by ``position_text`` as a body holds it. Raises ValidationError."""
    _position_text(text)
    incarnation, seq, mark = text.split(".")
    return [bytes.fromhex(incarnation), int(seq), bytes.fromhex(mark)]
