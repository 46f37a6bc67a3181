"""Rows of staff, sessions, throttles, the audit chain and drafts, on both databases."""

import json
import threading
from hashlib import sha256
from typing import Any

import pytest

from village_node.store import NotSaved, Overtaken, Store
from village_node.store import rows as written
from village_node.store.accounts import AccountRows, DraftRow, SessionRow, StaffRow, ThrottleRow
from village_node.store.audit import Line

AGENT = StaffRow("0001", "王小梅", ("agent", "head"), None, b"i" * 32, 99, False, 1, None, None)


@pytest.fixture
def rows(store: Store) -> AccountRows:
    made = AccountRows(store)
    assert made.add_staff(AGENT)
    return made


def test_staff_come_back_as_they_were_put_in(rows: AccountRows) -> None:
    assert rows.staff("0001") == AGENT
    assert not rows.add_staff(AGENT._replace(name="somebody else"))
    assert rows.all_staff() == [AGENT]
    assert rows.change_staff("0001", roles=("head", "agent"), disabled=True)
    assert rows.staff("0001") == AGENT._replace(disabled=True)
    assert not rows.change_staff("0002", name="nobody")


def test_an_invitation_is_taken_once(rows: AccountRows) -> None:
    assert not rows.take_invitation("0001", b"x" * 32, "hash", 5)
    assert rows.take_invitation("0001", b"i" * 32, "hash", 5)
    assert not rows.take_invitation("0001", b"i" * 32, "other", 6)
    taken = rows.staff("0001")
    assert taken is not None
    assert (taken.password_hash, taken.password_set_ms, taken.invitation_hash) == ("hash", 5, None)


def test_sessions_begin_are_touched_and_end(rows: AccountRows) -> None:
    for number in range(3):
        rows.add_session(SessionRow(bytes([number]) * 32, "0001", number, number, "127.0.0.1"))
    found = rows.session(bytes(32))
    assert found == (SessionRow(bytes(32), "0001", 0, 0, "127.0.0.1"), AGENT)
    rows.touch_session(bytes(32), 50)
    assert rows.purge_sessions(2, 0, 60, {b"\2" * 32}) == 1  # the second has not been seen since
    rows.add_session(SessionRow(b"\3" * 32, "0001", 9, 61, "127.0.0.1"))
    assert rows.purge_sessions(2, 0, 60, ()) == 1  # nobody can have been seen in a time to come
    rows.end_session(b"\2" * 32)
    assert rows.session(b"\2" * 32) is None
    assert rows.end_sessions_of("0001") == 1
    assert rows.session(bytes(32)) is None


def test_failures_are_counted_one_by_one_by_many_hands(rows: AccountRows) -> None:
    def fail() -> None:
        for _ in range(20):
            rows.change_throttle(
                "account:0001", lambda row: ThrottleRow("account:0001", row.failures + 1 if row else 1, 1, 2)
            )

    hands = [threading.Thread(target=fail) for _ in range(4)]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join()
    assert rows.throttle("account:0001") == ThrottleRow("account:0001", 80, 1, 2)
    assert rows.change_throttle("account:0001", lambda row: None) is None
    assert rows.throttle("account:0001") is None
    rows.change_throttle("source:1", lambda row: ThrottleRow("source:1", 1, 5, 0))
    assert rows.purge_throttle(6) == 1


def test_the_audit_chain_has_no_gap_and_each_line_covers_the_one_before(rows: AccountRows) -> None:
    with pytest.raises(TypeError):
        rows.append_audit(Line(1, "0001", "unmask", "case", {"what": object()}))
    for number in range(5):
        rows.append_audit(Line(number, "0001", "unmask", "案件", {"reason": "核对", "n": number}))
    lines = rows.audit_lines(10)
    assert [line.n for line in lines] == [5, 4, 3, 2, 1]
    assert rows.audit_lines(2, before=4) == lines[2:4]
    before = bytes(32)
    for line in reversed(lines):
        words = [line.n, line.at_ms, line.actor, line.action, line.subject, json.loads(line.detail)]
        text = json.dumps(words, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        before = sha256(before + text.encode()).digest()
        assert line.hash == before


def test_a_draft_is_its_owner_s_alone(rows: AccountRows) -> None:
    draft = DraftRow("d" * 32, "0001", "001", 1, '{"applicant_name": "张"}', 1, 2)
    assert rows.save_draft(draft)
    assert rows.save_draft(draft._replace(fields="{}", updated_ms=3))
    assert not rows.save_draft(draft._replace(staff_no="0002"))
    assert rows.draft(draft.draft_id, "0001") == draft._replace(fields="{}", updated_ms=3)
    assert rows.draft(draft.draft_id, "0002") is None
    assert [one.draft_id for one in rows.drafts("0001")] == [draft.draft_id]
    assert not rows.delete_draft(draft.draft_id, "0002")
    assert rows.delete_draft(draft.draft_id, "0001")
    assert rows.drafts("0001") == []


def test_who_is_thrown_out_of_a_ring_of_workers_writes_again_and_is_told_where_it_never_ends(
    rows: AccountRows, monkeypatch: pytest.MonkeyPatch
) -> None:
    rings = [1]
    put = written.put

    def thrown_out(*said: Any, **named: Any) -> None:
        put(*said, **named)
        if rings:
            rings.pop()
            raise Overtaken("a ring")

    monkeypatch.setattr(written, "put", thrown_out)
    draft = DraftRow("d" * 32, "0001", "001", 1, "{}", 1, 2)
    assert rows.save_draft(draft)
    assert rows.draft(draft.draft_id, "0001") == draft
    rings.extend([1] * 9)
    with pytest.raises(NotSaved):
        rows.save_draft(draft._replace(fields='{"a": "b"}'))
    assert rows.draft(draft.draft_id, "0001") == draft
