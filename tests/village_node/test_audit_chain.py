"""The watch over the audit chain: whoever changes, drops, swaps or adds a line in the database is found, by number."""

import json
from pathlib import Path

import pytest

from center_node import cli
from center_node.app import create_node
from tests.builders import COUNTY
from tests.village_node.web.conftest import network, village
from tests.village_node.web.counter import Counter
from village_node import config
from village_node.accounts import chain
from village_node.accounts.chain import ChainWatch
from village_node.accounts.marks import MARK_FILE, MarkFile
from village_node.accounts.throttle import DAY_MS
from village_node.store import Store, audit, open_store, peers
from village_node.store.accounts import AccountRows
from village_node.store.audit import Line
from village_node.store.tables.audit import AUDIT

__all__ = ["network", "village"]

BREAKS = {
    "another word": ("UPDATE audit SET subject = 'other' WHERE n = 7", 7),
    "another person": ("UPDATE audit SET actor = '0002' WHERE n = 1", 1),
    "another time": ("UPDATE audit SET at_ms = at_ms + 1 WHERE n = 12", 12),
    "another detail": ('UPDATE audit SET detail = \'{"reason":"别的"}\' WHERE n = 5', 5),
    "the same detail in other signs": ("UPDATE audit SET detail = detail || ' ' WHERE n = 5", 5),
    "one dropped": ("DELETE FROM audit WHERE n = 6", 6),
    "the first dropped": ("DELETE FROM audit WHERE n = 1", 1),
    "the last dropped": ("DELETE FROM audit WHERE n = 12", 12),
    "the last three dropped": ("DELETE FROM audit WHERE n > 9", 10),
    "all dropped": ("DELETE FROM audit", 1),
}


@pytest.fixture
def rows(store: Store) -> AccountRows:
    made = AccountRows(store)
    for number in range(1, 13):
        made.append_audit(Line(number, "0001", "case.unmask", "案件", {"reason": "核对", "n": number}))
    return made


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slices of three lines, so that twelve are four."""
    monkeypatch.setattr(chain, "SLICE", 3)


def plant(store: Store, words: str) -> None:
    with store.writing() as connection:
        connection.exec_driver_sql(words)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("kind", BREAKS)
def test_the_first_line_that_is_broken_is_named(store: Store, rows: AccountRows, kind: str) -> None:
    watch = ChainWatch(rows, lambda: 99, lambda: 0)
    sound = watch.run()
    assert (sound.at_ms, sound.lines, sound.broken, sound.hash) == (99, 12, 0, rows.audit_lines(1)[0].hash.hex())
    words, broken = BREAKS[kind]
    plant(store, words)
    found = watch.run()
    assert (found.lines, found.broken) == (broken - 1, broken)
    assert rows.audit_checked() == found
    [line] = [line for line in rows.audit_lines(20) if line.action == "audit.broken"]
    assert (line.actor, line.subject) == ("node", str(broken))
    assert watch.run().broken == broken
    assert len([line for line in rows.audit_lines(20) if line.action == "audit.broken"]) == 1, "told once"


@pytest.mark.usefixtures("small")
def test_what_is_broken_later_is_told_as_well(store: Store, rows: AccountRows) -> None:
    watch = ChainWatch(rows, lambda: 99, lambda: 0)
    plant(store, "UPDATE audit SET subject = 'other' WHERE n = 2")
    assert watch.run()[3:6] == (2, 1, 2)
    plant(store, "UPDATE audit SET actor = '0002' WHERE n = 9")
    assert watch.run()[3:6] == (2, 2, 9)
    plant(store, "DELETE FROM audit WHERE n IN (5, 6)")
    found = watch.run()
    assert (found.lines, found[3:6]) == (1, (2, 3, 9)) and rows.audit_checked() == found
    told = [json.loads(line.detail) for line in rows.audit_lines(20) if line.action == "audit.broken"]
    assert [(each["breaks"], each["newest"]) for each in told] == [(3, 9), (2, 9), (1, 2)]
    assert watch.run() == found
    assert len([line for line in rows.audit_lines(20) if line.action == "audit.broken"]) == 3, "and told once each"


def anew(store: Store, first: int) -> None:
    """Change one line, and compute it and all after it anew, as whoever has the database and the program can."""
    with store.writing() as connection:
        connection.exec_driver_sql(f"UPDATE audit SET subject = 'other' WHERE n = {first}")
        before = audit.NO_LINE_BEFORE
        for row in audit.newest(connection, 1_000)[::-1]:
            before = audit._hash(before, tuple(row[:6]))
            connection.execute(AUDIT.update().where(AUDIT.c.n == row.n).values(hash=before))


@pytest.mark.usefixtures("small")
def test_a_chain_that_was_computed_anew_is_not_the_one_that_was_looked_at(store: Store, rows: AccountRows) -> None:
    watch = ChainWatch(rows, lambda: 99, lambda: 0)
    assert watch.run().broken == 0
    rows.append_audit(Line(13, "0001", "case.unmask", "案件", {}))
    anew(store, 4)
    for _ in range(3):
        found = watch.run()
        assert (found.lines, found.broken, found.breaks) == (11, 12, 1), "and it does not become right by waiting"
    assert len([line for line in rows.audit_lines(20) if line.action == "audit.broken"]) == 1


@pytest.mark.usefixtures("small")
def test_nor_where_the_database_was_told_so_as_well(store: Store, rows: AccountRows, tmp_path: Path) -> None:
    beside = MarkFile(tmp_path / MARK_FILE)
    watch = ChainWatch(rows, lambda: 99, lambda: 0, beside)
    assert watch.run().broken == 0
    anew(store, 4)
    plant(store, "DELETE FROM meta WHERE name IN ('audit.checked', 'audit.mark')")
    assert (watch.run().broken, watch.run().broken) == (12, 12)
    # The last ones gone without a trace in the database: only what lies beside it knows of them.
    plant(store, "DELETE FROM audit WHERE n > 5")
    plant(store, "UPDATE meta SET number = 5 WHERE name = 'audit'")
    assert watch.run()[3:6] == (12, 1, 12)
    # A later life of the node does not answer for an older copy of its database.
    with store.writing() as connection:
        peers.remember_bytes(connection, peers.INCARNATION, bytes([1, 2]))
    plant(store, "DELETE FROM meta WHERE name IN ('audit.checked', 'audit.mark')")
    assert watch.run().broken == 0
    kept = beside.read(bytes([1, 2]))
    assert kept == (5, rows.audit_lines(1)[0].hash), "and is the one that counts from now on"
    for damaged in (b"", b"[1, 2", b'["zz", 1, "00"]', b"{}"):
        (tmp_path / MARK_FILE).write_bytes(damaged)
        assert beside.read(bytes([1, 2])) is None


@pytest.mark.usefixtures("small")
def test_it_runs_at_the_start_and_daily_a_slice_at_a_time(store: Store, rows: AccountRows) -> None:
    now = [1000]
    watch = ChainWatch(rows, lambda: now[0], lambda: now[0])
    for _ in range(4):
        assert rows.audit_checked() is None
        watch.tick()
    watch.tick()
    first = rows.audit_checked()
    assert first is not None and (first.lines, first.broken) == (12, 0)
    plant(store, BREAKS["another word"][0])
    now[0] += DAY_MS - 1
    watch.tick()
    assert rows.audit_checked() == first, "not due yet"
    now[0] += 1
    for _ in range(5):
        watch.tick()
    assert (found := rows.audit_checked()) is not None and found.broken == 7


@pytest.mark.usefixtures("small")
def test_what_is_written_while_it_runs_is_no_break(rows: AccountRows) -> None:
    watch = ChainWatch(rows, lambda: 1, lambda: 1)
    for number in range(4):
        watch.tick()
        rows.append_audit(Line(number, "0001", "case.unmask", "案件", {}))
    for _ in range(4):
        watch.tick()
    assert (found := rows.audit_checked()) is not None and found.broken == 0 and found.lines >= 12


def test_the_health_page_says_what_was_found(village: Counter) -> None:
    head = village.sign_in("0002", "head")
    assert "还没有核对" in head.open("/health").text
    village.accounts.chain.run()
    page = head.open("/health").text
    lines = len(village.accounts.rows.audit_lines(100))
    assert f"核对时完整，共 {lines} 行" in page and "对不上" not in page and "之后新增" not in page
    for number in range(3):
        village.accounts.rows.append_audit(Line(number, "0001", "case.unmask", "案件", {}))
    page = head.open("/health").text
    assert f"核对时完整，共 {lines} 行" in page and "，之后新增 3 行，下次一并核对（启动时核对，以后每天一次）" in page
    plant(village.member.store, "UPDATE audit SET actor = '0009' WHERE n = 1")
    village.accounts.chain.run()
    page = head.open("/health").text
    assert "第 1 行被改动或缺失" in page and "审计记录从第 1 行起对不上" in page


@pytest.mark.slow
def test_a_command_names_the_broken_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = str(tmp_path / "county")
    assert cli.main(["init", "--data", data, "--place", COUNTY, "--name", "庆城县"]) == 0
    invite = ["invite", "--data", data, "--staff-no", "1001", "--staff-name", "孙宁", "--role", "admin"]
    assert cli.main(invite) == 0
    capsys.readouterr()
    assert cli.main(["audit", "verify", "--data", data]) == 0
    assert "审计记录完整，共 1 行" in capsys.readouterr().out
    line = capsys.readouterr()
    database = open_store(f"sqlite:///{next((tmp_path / 'county').glob('*.db'))}")
    with database.reading() as connection:
        head = audit.head(connection)
    assert head is not None and line.err == ""
    for given, ends, words in (
        (f"1:{head.hash.hex()}", 0, "与上级保存的一致"),
        (f"1:{head.hash.hex()[:16].upper()}", 0, "与上级保存的一致"),
        (f"1:{bytes(32).hex()}", 1, "与上级保存的不一致"),
        (f"2:{head.hash.hex()}", 1, "与上级保存的不一致"),
        ("1:abc", 1, "16 digits at least"),
    ):
        assert cli.main(["audit", "verify", "--data", data, "--head", given]) == ends
        said = capsys.readouterr()
        assert words in said.out + said.err
    plant(database, "UPDATE audit SET subject = '1002'")
    database.close()
    assert cli.main(["audit", "verify", "--data", data]) == 1
    assert "审计记录第 1 行被改动或缺失" in capsys.readouterr().out
    node = create_node(config.load(Path(data)))
    [job] = [job for job in node.scheduler._jobs if job.name == "audit chain"]
    job.run()
    told = node.status()["audit"]
    node.close()
    assert (told["broken"], job.every_s) == (1, 1.0), "a running node looks by itself"
