"""The schemas of forms and API and the checkers of the apply path come from one table and must not part."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

import pytest
from marshmallow import ValidationError

from sync_protocol.case import bodies, kinds
from sync_protocol.case.fields import Field
from tests.sync_protocol.case.body_samples import samples
from village_node.web import schemas

ENTRY_NAMES: Final = {
    "materials": ("name", "copies", "original"),
    "marks": ("field", "what"),
    "actions": ("what", "who", "due"),
}


def by_name(kind: int, body: Mapping[int, Any]) -> dict[str, Any]:
    """Give a body's values by field name as forms and API speak of them; what has a wrong shape is left as it is."""
    return {
        field.name: unpacked(field, body[field.number]) for field in bodies.TABLES[kind].fields if field.number in body
    }


def unpacked(field: Field, value: Any) -> Any:
    if field.type == "position":
        return text_of(value)
    if field.type == "bytes" and type(value) is bytes:
        return value.hex()
    if type(value) is not list:
        return value
    if field.type == "positions":
        return [text_of(entry) for entry in value]
    names = ENTRY_NAMES.get(field.type, ())
    return [
        dict(zip(names, entry, strict=True)) if type(entry) is list and len(entry) == len(names) else entry
        for entry in value
    ]


def text_of(value: Any) -> Any:
    sound = type(value) is list and [type(part) for part in value] == [bytes, int, bytes]
    return schemas.position_text(value) if sound else value


def errors_of(kind: int, body: dict[int, Any]) -> dict[str, Any]:
    try:
        schemas.load(kind, by_name(kind, body))
    except ValidationError as error:
        assert isinstance(error.messages, dict)
        return error.messages
    return {}


@pytest.mark.slow
def test_schema_and_checker_give_the_same_verdict_on_thirty_thousand_bodies() -> None:
    seen: Counter[tuple[str, bool]] = Counter()
    for kind, body in samples(30_000):
        wrong = bodies.check(kind, body)
        errors = errors_of(kind, body)
        assert (wrong is None) == (not errors), (kinds.name_of(kind), wrong, errors, body)
        if wrong is not None:
            assert wrong in errors, (kinds.name_of(kind), wrong, errors)
        seen[kinds.name_of(kind), wrong is None] += 1
    for table in bodies.TABLES.values():
        # The comparison is worth something only where both verdicts occurred often.
        assert min(seen[kinds.name_of(table.kind), True], seen[kinds.name_of(table.kind), False]) > 60, seen


def test_every_sound_body_comes_back_unchanged_through_its_form_values() -> None:
    for kind, body in samples(2_000):
        if bodies.check(kind, body) is None:
            known = {number: value for number, value in body.items() if number != 23}
            assert schemas.load(kind, by_name(kind, body)) == known


def test_messages_are_chinese_and_stand_at_their_field() -> None:
    errors = errors_of(kinds.DECIDE, {0: "refuse"})
    assert errors == {"reasons": ["请填写此项"]}
    errors = errors_of(kinds.CREATE, {0: "001", 1: 1, 2: "张三", 3: "stone", 4: "x" * 41})
    assert errors == {"applicant_id_kind": ["请从所列选项中选择"], "applicant_id_no": ["应为 1 至 40 字"]}


def test_every_message_a_bad_body_can_cause_is_chinese() -> None:
    for kind, body in samples(3_000, seed=7):
        for message in flat(errors_of(kind, body)):
            assert any("\u4e00" <= letter <= "\u9fff" for letter in message), (kinds.name_of(kind), message)


def flat(messages: Any) -> list[str]:
    if isinstance(messages, str):
        return [messages]
    parts = messages.values() if isinstance(messages, dict) else messages
    return [message for part in parts for message in flat(part)]


def test_a_field_the_table_does_not_know_is_refused_by_name() -> None:
    with pytest.raises(ValidationError) as refused:
        schemas.load(kinds.NOTE, {"text": "x", "colour": "red"})
    assert refused.value.messages == {"colour": ["没有这一项"]}


def test_a_position_that_is_none_is_told_and_not_raised() -> None:
    for text in ("", "00.1.00", f"{'0' * 32}.0.{'0' * 16}", f"{'0' * 32}.9999999999999999.{'0' * 16}"):
        with pytest.raises(ValidationError):
            schemas.parse_position(text)
    assert schemas.parse_position(schemas.position_text([b"i" * 16, 3, b"m" * 8])) == [b"i" * 16, 3, b"m" * 8]


def test_what_is_no_map_is_refused_and_not_raised_through() -> None:
    for values in (None, "text", [1], 3):
        with pytest.raises(ValidationError):
            schemas.load(kinds.NOTE, values)
