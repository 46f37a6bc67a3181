"""Rows of staff, sessions and the audit chain, on both databases."""

import json
from hashlib import sha256
from pathlib import Path

import pytest

from tests.builders import empty_database
from village_node.store import Connection, Overtaken, Store, audit, open_store
from village_node.store.accounts import AccountRows, SessionRow, StaffRow
from village_node.store.audit import Line, Wanted
from village_node.store.exports import ExportRow, ExportRows
from village_node.store.rows import ask

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


def test_an_export_that_is_overtaken_is_kept_once_all_the_same(store: Store) -> None:
    exports, asked = ExportRows(store), list[str]()

    def keep(_: Connection, number: str) -> None:
        asked.append(number)
        if len(asked) < 3:
            raise Overtaken("what was claimed has been forgotten just now")

    row = ExportRow(0, "0001", 1, "cases", "csv", "", None, 5, reason="检查")
    told = Line(1, "0001", "list.export.ask", "cases", {})
    assert exports.add(row, told, 100, (1, 1), keep) == 1 and asked == ["1"] * 3
    assert [each.number for each in exports.asked()] == [1]
    with store.reading() as connection:
        assert [json.loads(line.detail)["number"] for line in audit.newest(connection, 9)] == [1]


def test_lines_of_certain_acts_come_newest_first_whatever_stands_between(rows: AccountRows) -> None:
    for number in range(30):
        acted = ("staff.invite", "case.read", "staff.change", "case.read", "seal.use")[number % 5]
        rows.append_audit(Line(number, "0001", acted, str(number), {}))
    given = Wanted(actions=("staff.invite", "staff.change"))
    assert [line.subject for line in rows.audit_lines(5, wanted=given)] == ["27", "25", "22", "20", "17"]
    later = rows.audit_lines(4, 24, given._replace(since_ms=10))
    assert [line.subject for line in later] == ["22", "20", "17", "15"]
    assert [line.subject for line in rows.audit_lines(3, wanted=given._replace(text="Change"))] == ["27", "22", "17"]
    assert [line.subject for line in rows.audit_lines(3, wanted=Wanted(until_ms=9))] == ["8", "7", "6"]


def test_for_the_lines_of_an_act_the_rest_of_the_trail_is_not_read(folder: Path) -> None:
    path = folder / "plan.db"
    path.write_bytes(empty_database())
    store = open_store(f"sqlite:///{path}")
    with store.reading() as connection:
        for before in (None, 9):
            query = audit.lines_of("staff.change", 20, before, Wanted(since_ms=1))
            words = query.compile(connection.engine, compile_kwargs={"literal_binds": True})
            plan = [str(row[-1]) for row in ask(connection, f"EXPLAIN QUERY PLAN {words}", ())]
            reads = "(action=? AND n<?)" if before else "(action=?)"
            assert plan == [f"SEARCH audit USING INDEX ix_audit_action_n {reads}"], "nor is anything sorted"
    store.close()
