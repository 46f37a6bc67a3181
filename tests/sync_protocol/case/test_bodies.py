"""Field tables and their checkers: bounds, types, conditions; and that numbers on the wire never move."""

from typing import Any

import pytest

from sync_protocol import encoding, limits
from sync_protocol.case import bodies, kinds
from sync_protocol.case.fields import Field, Table
from tests.sync_protocol.case.body_samples import samples

CREATE: dict[int, Any] = {0: "001", 1: 1, 2: "张三", 3: "resident_id", 4: "6210"}
HEARING: dict[int, Any] = {0: "hearing", 2: "条例第五条", 3: 15, 4: "1", 5: "2"}
TEXT_KEY: dict[Any, Any] = {"a": 1, **CREATE}
BOOLEAN_KEY: dict[Any, Any] = {True: 1, **{key: CREATE[key] for key in CREATE if key != 1}}
POSITION = [b"i" * 16, 1, b"m" * 8]

# Field numbers as they were frozen: a row may be added at the end, never changed.
FROZEN = {
    "create": "item_no item_version applicant_name applicant_id_kind applicant_id_no applicant_phone applicant_address "
    "proxy_name proxy_relation proxy_phone proxy_authorisation answers materials window_note legal_representative "
    "acts_on earlier",
    "receive": "case_no query_code channel",
    "handoff": "to purpose note",
    "accept": "note claimed_ms not_before_ms not_after_ms used_ms disputed",
    "docket": "promised_days note document_no seal unheard_since_ms",
    "review": "opinion text",
    "return_for_correction": "marks reason due_days document_no",
    "take": "supplies note",
    "decide": "outcome reasons document_no conditions seal through shown",
    "answer": "request granted reason",
    "note": "text",
    "supply": "answers materials text",
    "withdrawal_request": "reason by",
    "delivered": "to how at witnesses refusal where proof published",
    "please_return": "reason",
    "force_assign": "to reason proposer confirmer",
    "adopt": "named note",
    "dismiss": "named reason",
    "refuse": "reasons legal_basis document_no seal",
    "lapse": "limit_day reasons unheard document_no",
    "suspend": "what marks basis planned_days proposer approver higher_body document_no reason",
    "resume": "opened result supplies outcome document_no document_day document_hash",
    "extend": "days reason approver document_no",
    "fee_notice": "amount_fen basis due_days document_no",
    "fee_settled": "how receipt_no decision_no note",
    "issue": "certificate_no valid_from valid_to seal",
    "archive": "delivery volume keep_years",
    "review_decision": "request outcome reasons document_no seal",
    "countersign_open": "members note",
    "countersign_close": "opened signatures without_reason",
    "countersignature": "opened member opinion text delegation",
    "rating": "grade stage text channel",
    "review_request": "reason by",
    "service_act": "what where text day",
    "contact_change": "applicant_phone applicant_address by",
    "collection_notice": "how day",
    "supervision_letter": "to rule grade answer_by text document_no paper seal",
    "supervision_answer": "of text done_by",
    "alert_answer": "grade text",
    "spot_check": "what outcome of sample answers text to due",
    "rectification": "order text",
    "follow_up": "rectification grade text channel",
    "call_back": "reached text grade number",
    "rating_appeal": "of what text",
    "meeting": "day present decisions actions",
    "action_done": "meeting number result",
    "commitment": "what materials text due signed_by",
    "commitment_kept": "opened result supplies",
    "lane": "lane reason supervisor approver on_holidays ahead_of consent",
    "prereview": "to note",
    "prereview_reply": "outcome marks text document_no",
    "proxy_authority": "what proxy_name proxy_relation proxy_phone scope until marked note reason by",
    "service_address": "what recipient address phone post electronic electronic_to by reason",
    "hearing_right": "what intended basis day by document_no seal",
    "paper": "what material hash size media chunks preview preview_size replaces reason",
}
NUMBERS = {
    "create": 1, "receive": 2, "handoff": 3, "accept": 4, "docket": 5, "review": 6, "return_for_correction": 7,
    "take": 8, "decide": 9, "answer": 10, "note": 32, "supply": 33, "withdrawal_request": 34, "delivered": 35,
    "please_return": 36, "dismiss": 37, "force_assign": 16, "adopt": 17, "checkpoint": 64, "notice": 65,
    "catalogue": 66, "fork_ruling": 67, "erasure": 68, "calendar": 69, "authority": 70,
    "seal": 71, "kin": 72, "service_address": 73, "sample": 74, "call_back": 75, "rating_appeal": 76,
    "proxy_authority": 77, "hearing_right": 78, "account_order": 79, "account_state": 80, "audit_head": 81,
    "bulletin": 82,
    "day_end": 83,
    "window": 84,
    "refuse": 11, "lapse": 12, "suspend": 13, "resume": 14,
    "extend": 15, "fee_notice": 18, "fee_settled": 19, "issue": 20, "archive": 21, "review_decision": 22,
    "countersign_open": 23, "countersign_close": 24, "countersignature": 38, "rating": 39, "complaint": 40,
    "review_request": 41, "service_act": 42, "contact_change": 43, "collection_notice": 47,
    "commitment": 25, "commitment_kept": 26, "lane": 27, "prereview": 30, "prereview_reply": 31,
    "supervision_letter": 54, "supervision_answer": 55, "alert_answer": 56, "spot_check": 57,
    "rectification": 45, "follow_up": 48,
    "complaint_answer": 44, "place_key": 49, "consultation": 46, "slip": 52, "slip_answer": 53,
    "meeting": 50, "action_done": 51, "paper": 60,
}  # fmt: skip


def test_numbers_on_the_wire_are_the_frozen_ones() -> None:
    assert {**{kind.name: kind.number for kind in kinds.TABLE}, **{n: k for k, n in kinds.RESERVED.items()}} == NUMBERS
    for name, fields in FROZEN.items():
        table = bodies.TABLES[NUMBERS[name]]
        assert [field.name for field in table.fields][: len(fields.split())] == fields.split()
        assert [field.number for field in table.fields] == list(range(len(table.fields)))
        assert table.fields[-1].number <= limits.KEY_MAX
    assert {kinds.name_of(kind) for kind in bodies.TABLES} == set(FROZEN)


def test_the_registry_says_where_each_body_is_held_and_what_an_unknown_number_is() -> None:
    inline = {kind.name for kind in kinds.TABLE if kind.holding == "inline"}
    moving = {"handoff", "accept", "docket", "take", "answer", "force_assign", "adopt", "prereview"}
    moving |= {"resume", "archive", "review_decision", "countersign_open", "countersign_close", "commitment_kept"}
    assert inline == moving | {
        "please_return",
        "dismiss",
        "collection_notice",
        "checkpoint",
        "fork_ruling",
        "erasure",
        "calendar",
        "authority",
        "seal",
        "place_key",
        "audit_head",
    }
    bands = {0: "other", 1: "stage", 31: "stage", 32: "side", 63: "side", 64: "other", 74: "other", 9_999: "other"}
    bands |= dict.fromkeys(range(75, 79), "side") | dict.fromkeys(range(79, 84), "other")
    assert {number: kinds.role_of(number) for number in bands} == bands
    assert all(kinds.role_of(kind.number) == kind.role for kind in kinds.TABLE)
    assert kinds.name_of(68) == "erasure" and kinds.name_of(99) == "kind-99" and kinds.name_of(9) == "decide"
    assert kinds.understood(9, 1) and not kinds.understood(9, 2) and not kinds.understood(9, 0)
    assert not kinds.understood(0, 1) and not kinds.understood(63, 1)


@pytest.mark.parametrize(
    ("kind", "body", "wrong"),
    [
        (kinds.CREATE, CREATE, None),
        (kinds.CREATE, {**CREATE, 23: "newer"}, None),
        (kinds.CREATE, {**CREATE, -1: "critical"}, "body"),
        (kinds.CREATE, TEXT_KEY, "body"),
        (kinds.CREATE, BOOLEAN_KEY, "body"),
        (kinds.CREATE, [], "body"),
        (kinds.CREATE, None, "body"),
        (kinds.CREATE, {**CREATE, 1: 0}, "item_version"),
        (kinds.CREATE, {**CREATE, 1: True}, "item_version"),
        (kinds.CREATE, {**CREATE, 2: "x" * 60}, None),
        (kinds.CREATE, {**CREATE, 2: "x" * 61}, "applicant_name"),
        (kinds.CREATE, {**CREATE, 2: "\u202e三张"}, "applicant_name"),
        (kinds.CREATE, {**CREATE, 5: None}, "applicant_phone"),
        (kinds.CREATE, {**CREATE, 13: "第一行\n第二行\t"}, None),
        (kinds.CREATE, {**CREATE, 13: "\r\n"}, "window_note"),
        (kinds.CREATE, {**CREATE, 12: [["身份证", 1, 1]]}, "materials"),
        (kinds.SUSPEND, {**HEARING, 12: "3"}, None),
        (kinds.SUSPEND, {**HEARING, 12: "1"}, "presider"),
        (kinds.SUSPEND, {**HEARING, 12: "2"}, "presider"),
        (kinds.SUSPEND, {**HEARING, 5: "1", 12: "1"}, "approver"),
        (kinds.CREATE, {**CREATE, 15: "renew", 16: "621021101001-261121-7K3M-12-L"}, None),
        (kinds.CREATE, {**CREATE, 15: "renew"}, "earlier"),
        (kinds.CREATE, {**CREATE, 15: "extend", 16: "621021101001-261121-7K3M-12-L"}, "acts_on"),
        (kinds.CREATE, {**CREATE, 15: "revoke", 16: "民政行审11号"}, "earlier"),
        (kinds.DECIDE, {0: "approve"}, None),
        (kinds.DECIDE, {0: "refuse"}, "reasons"),
        (kinds.REVIEW, {0: "disagree"}, "text"),
        (kinds.ANSWER, {0: POSITION, 1: False}, "reason"),
        (kinds.ANSWER, {0: POSITION, 1: True}, None),
        (kinds.ANSWER, {0: tuple(POSITION), 1: True}, "request"),
        (kinds.TAKE, {0: []}, "supplies"),
        (kinds.TAKE, {0: [POSITION] * 33}, "supplies"),
        (kinds.FORCE_ASSIGN, {0: "621021101000", 1: "失联", 2: "0001", 3: "0002"}, None),
        (kinds.FORCE_ASSIGN, {0: "621021101000", 1: "失联", 2: "0001", 3: "0001"}, "confirmer"),
        (kinds.FORCE_ASSIGN, {0: "621021101000", 1: "失联", 2: "0001"}, "confirmer"),
        (kinds.ADOPT, {0: []}, "named"),
        (kinds.DISMISS, {0: [POSITION]}, "reason"),
        (kinds.SUSPEND, {0: "supplement", 2: "依据"}, "marks"),
        (kinds.SUSPEND, {0: "testing", 2: "依据", 3: 5, 4: "0001", 5: "0002"}, None),
        (kinds.SUSPEND, {0: "testing", 2: "依据", 3: 5, 4: "0001", 5: "0001"}, "approver"),
        (kinds.SUSPEND, {0: "testing", 2: "依据", 3: 5, 5: "0001"}, "proposer"),
        (kinds.SUSPEND, {0: "reported_up", 2: "依据"}, "higher_body"),
        (kinds.SUSPEND, {0: "publicity", 2: "依据"}, None),
        (kinds.RESUME, {0: POSITION}, "result"),
        (kinds.RESUME, {0: POSITION, 3: "approve", 4: "1", 5: "2026-11-25"}, "document_hash"),
        (kinds.RESUME, {0: POSITION, 3: "approve", 4: "1", 5: "2026-11-25", 6: "0" * 63}, "document_hash"),
        (kinds.RESUME, {0: POSITION, 3: "approve", 4: "1", 5: "2026-11-25", 6: "0" * 64}, None),
        (kinds.FEE_SETTLED, {0: "waived", 1: "1"}, "decision_no"),
        (kinds.COUNTERSIGN_OPEN, {0: ["国土所", "国土所"]}, "members"),
        (kinds.COUNTERSIGN_OPEN, {0: ["国土所", "建设所"]}, None),
        (kinds.COUNTERSIGN_OPEN, {0: ["x" * 31]}, "members"),
        (kinds.MEETING, {0: "2026-11-20", 1: ["张三"], 2: "办", 3: [["踏勘", "李四", "11月25日"]]}, "actions"),
        (kinds.MEETING, {0: "2026-11-20", 1: ["张三"], 2: "办", 3: [["踏勘", "", "2026-11-25"]]}, "actions"),
        (kinds.MEETING, {0: "2026-11-20", 1: ["张三"], 2: "办", 3: []}, "actions"),
        (kinds.SUPPLY, {}, "answers"),
        (kinds.SUPPLY, {0: {}}, "answers"),
        (kinds.SUPPLY, {2: "x"}, None),
        (kinds.DELIVERED, {0: "张三", 1: "post", 2: "2026-02-29"}, "at"),
        (kinds.ACCEPT, {}, None),
        (kinds.ACCEPT, {1: 5, 2: 3, 3: 9, 4: 5, 5: False}, None),
        (kinds.ACCEPT, {1: 1, 2: 3, 3: 9, 4: 3, 5: True}, None),
        (kinds.ACCEPT, {1: 10, 2: 3, 3: 9, 4: 9, 5: True}, None),
        (kinds.ACCEPT, {1: 10, 2: 3, 3: 9, 4: 10, 5: False}, "used_ms"),
        (kinds.ACCEPT, {1: 5, 2: 3, 3: 9, 4: 5, 5: True}, "disputed"),
        (kinds.ACCEPT, {1: 5, 2: 9, 3: 3, 4: 5, 5: False}, "not_after_ms"),
        (kinds.ACCEPT, {1: 5, 2: 3, 3: 9, 4: 5}, "disputed"),
        (kinds.ACCEPT, {4: 5}, "claimed_ms"),
    ],
)
def test_the_checker_names_the_first_field_that_is_wrong(kind: int, body: Any, wrong: str | None) -> None:
    assert bodies.check(kind, body) == wrong


def test_every_sound_body_survives_the_encoding_and_its_names() -> None:
    for kind, body in samples(3_000, seed=3):
        if bodies.check(kind, body) is None:
            assert encoding.decode(encoding.encode(body)) == body
            known = {number: value for number, value in body.items() if number != 23}
            assert bodies.numbered(kind, bodies.named(kind, body)) == known


def test_the_largest_body_that_is_held_inline_fits_into_its_header() -> None:
    widest = "\U00020bb7"  # four bytes of UTF-8
    for kind in kinds.TABLE:
        if kind.holding == "apart" or kind.role == "other":
            continue
        body: dict[int, Any] = {}
        for field in bodies.TABLES[kind.number].fields:
            count = min(field.high, bodies.MAX_TEXT)
            longest: dict[str, Any] = {
                "text": widest * count,
                "int": field.high,
                "bool": True,
                "choice": max(field.choices, key=len, default=""),
                "place": "a" * 16 + "-bbbbbbbb" * 3,
                "position": [b"i" * 16, bodies.MAX_MS, b"m" * 8],
                "positions": [[b"i" * 16, bodies.MAX_MS, b"m" * 8]] * count,
                "names": [widest * bodies.NAME_MAX] * count,
                "date": "2026-11-25",
                "hash": "0" * 64,
            }
            body[field.number] = longest[field.type]
        assert len(encoding.encode(body)) <= limits.INLINE_BODY, kind.name


def test_a_table_gives_the_number_of_a_name() -> None:
    assert bodies.DECIDE.number("reasons") == 1
    with pytest.raises(KeyError, match="decide has no field colour"):
        bodies.DECIDE.number("colour")


def test_checkers_are_compiled_from_the_tables_and_not_written_by_hand() -> None:
    table = Table(kinds.NOTE, (Field(0, "colour", "choice", True, 0, 0, "颜色", "colour", ("red",)),))
    checker = bodies.compile_checker(table)
    assert checker({0: "red"}) is None and checker({0: "blue"}) == "colour" and checker({}) == "colour"


def test_no_length_that_is_typed_has_more_days_than_a_calendar_can_count() -> None:
    lengths = [
        (kind, field)
        for kind, table in bodies.TABLES.items()
        for field in table.fields
        if field.name.endswith("days") and field.type != "bool"
    ]
    assert {field.name for _, field in lengths} >= {"promised_days", "planned_days", "due_days", "days"}
    for kind, field in lengths:
        assert field.type == "int" and field.high <= 999, (kind, field.name)
    planned = {0: "testing", 2: "依据", 3: 10**9, 4: "one", 5: "two"}
    assert bodies.check(kinds.SUSPEND, planned) == "planned_days"
    assert bodies.check(kinds.DOCKET, {0: 10**9}) == "promised_days"
