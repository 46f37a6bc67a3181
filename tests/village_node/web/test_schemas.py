"""The schemas of forms and API and the checkers of the apply path come from one table and must not part."""

from collections import Counter
from typing import Any

import pytest
from marshmallow import ValidationError

from sync_protocol.case import bodies, kinds
from tests.sync_protocol.case.body_samples import samples
from village_node.web import schemas


def errors_of(kind: int, body: dict[int, Any]) -> dict[str, Any]:
    try:
        schemas.load(kind, schemas.by_name(kind, body))
    except ValidationError as error:
        assert isinstance(error.messages, dict)
        return error.messages
    return {}


def test_schema_and_checker_give_the_same_verdict_on_ten_thousand_bodies() -> None:
    seen: Counter[tuple[str, bool]] = Counter()
    for kind, body in samples(10_000):
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
            assert schemas.load(kind, schemas.by_name(kind, body)) == known


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


def test_a_filled_in_form_becomes_the_body_it_means() -> None:
    pairs = [
        ("csrf_token", "abc"),
        ("item_no", "001"),
        ("item_version", "1"),
        ("applicant_name", " 张三 "),
        ("applicant_id_kind", "resident_id"),
        ("applicant_id_no", "621021199001011234"),
        ("applicant_phone", ""),
        ("answers.家庭人口", "4"),
        ("answers.说明", "第一行\r\n第二行"),
        ("materials.0.name", "身份证"),
        ("materials.0.copies", "2"),
        ("materials.0.original", "yes"),
        ("materials.3.name", "申请表"),
    ]
    assert schemas.load(kinds.CREATE, schemas.from_form(kinds.CREATE, pairs)) == {
        0: "001",
        1: 1,
        2: "张三",
        3: "resident_id",
        4: "621021199001011234",
        11: {"家庭人口": "4", "说明": "第一行\n第二行"},
        12: [["身份证", 2, True], ["申请表", 1, False]],
    }
    answer = [("request", f"{'0' * 32}.1.{'0' * 16}"), ("granted", "no"), ("reason", "已在审批")]
    assert schemas.load(kinds.ANSWER, schemas.from_form(kinds.ANSWER, answer))[1] is False
    take = [("supplies", f"{'0' * 32}.{seq}.{'0' * 16}") for seq in (1, 2)]
    assert [entry[1] for entry in schemas.load(kinds.TAKE, schemas.from_form(kinds.TAKE, take))[0]] == [1, 2]


def test_a_number_that_does_not_read_as_one_is_told_at_its_field() -> None:
    with pytest.raises(ValidationError) as refused:
        schemas.load(kinds.DOCKET, schemas.from_form(kinds.DOCKET, [("promised_days", "ten")]))
    assert refused.value.messages == {"promised_days": ["应为整数"]}
