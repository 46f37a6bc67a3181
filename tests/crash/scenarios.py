"""What a node does while its disk is recorded: one function each, and what must be possible afterwards.

Each function sets its stage, says `settled`, and then does what is to be interrupted. It ends without closing anything,
unless closing is what it is about: a power cut asks nobody.
"""

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from alembic import command

from center_node import cli as county_cli
from sync_protocol import roster
from sync_protocol.case import kinds
from tests import builders
from tests.builders import COUNTY, OTHER_TOWNSHIP, SECOND_VILLAGE, TOWNSHIP, VILLAGE, Member
from tests.crash import upkeep
from tests.crash.stage import KeptKeys, Stage, accounts_of, applicant, set_up, spoken, tell_given
from township_node import enrolment
from village_node import app, config, identity
from village_node import cli as village_cli
from village_node.casebook import Application
from village_node.store import migrations, sqlite
from village_node.store.audit import AuditRow
from village_node.store.drafts import DraftRow
from village_node.witness import WITNESS_FILE

ENROLLED: Final = "enrolled"
FIRST_TABLES: Final = min(migrations.known())
PASSWORD: Final = "correct horse battery staple"


class Scenario(NamedTuple):
    """`act` plays it. `exhaustive`: short enough that every state is tried. `each_write`: cut at each write of an
    enrolment, before states are drawn. `begun`: what is still to come before
    `enrolled` is told: the `init` of a `village` or a `county`, given again after a cut; or the `roster` alone.
    `wired`: to be opened with everything that its program gives it, not as store and casebook alone."""

    act: Callable[[Stage], None]
    exhaustive: bool = False
    begun: str = ""
    wired: bool = False
    each_write: bool = False


def init_line(data: Path) -> list[str]:
    """The command that begins a village's data directory."""
    named = ["--place", VILLAGE, "--name", "上关村委会", "--parent-url", "http://127.0.0.1:9"]
    return ["init", "--data", str(data), *named]


def found_line(data: Path) -> list[str]:
    """The command that founds a county."""
    return ["init", "--data", str(data), "--place", COUNTY, "--name", "庆城县"]


def answer_for(data: Path, beside: Path) -> Path:
    """The answer of a township that lets the node of this data directory in; the same for the same request."""
    keys = _those_above()
    asked = roster.read_request((data / app.REQUEST_FILE).read_bytes())
    ops = roster.admit_request(keys.roster, asked, TOWNSHIP)
    grown = keys.roster.apply(
        roster.publish(keys.roster, TOWNSHIP, ops, [keys.identities[TOWNSHIP].key], builders.START_MS)
    )
    answer = beside / "answer.cbor"
    answer.write_bytes(roster.answer(grown, VILLAGE, keys.identities[TOWNSHIP].incarnation))
    return answer


@cache
def _those_above() -> KeptKeys:
    keys = KeptKeys(Path())  # none of them is ever opened
    keys.enrol(COUNTY, TOWNSHIP)
    return keys


def must(code: int) -> None:
    """A command has to end well."""
    if code:
        raise RuntimeError(f"the command ended with {code}")


def init(stage: Stage) -> None:
    """A new village's keys, identity, settings and request: files only, the shortest scenario."""
    stage.settled()
    must(village_cli.main(init_line(stage.data)))
    for name in (identity.KEY_FILE, identity.IDENTITY_FILE, config.SETTINGS_FILE, app.REQUEST_FILE):
        stage.tell_file(name)


def first_start(stage: Stage) -> None:
    """The parent's answer comes: the database is made, the roster kept, the first case filed."""
    must(village_cli.main(init_line(stage.data)))
    stage.settled()
    must(village_cli.main(["init", "--data", str(stage.data), "--answer", str(answer_for(stage.data, stage.beside))]))
    stage.tell(ENROLLED, VILLAGE)
    node = app.create_node(config.load(stage.data))
    member = Member(node.identity, node.store, node.casebook, builders.Clock())
    stage.tell_case(member, member.file(**applicant(1)))


def founding(stage: Stage) -> None:
    """A county is founded: root key, publishing key, roster, database."""
    stage.settled()
    must(county_cli.main(found_line(stage.data)))
    stage.tell(ENROLLED, COUNTY)
    for name in (identity.KEY_FILE, "county-root.key", "publisher.key", config.SETTINGS_FILE):
        stage.tell_file(name)


def migrate(stage: Stage) -> None:
    """A database of the first version with cases in it is brought up to date; where there is no later version, an empty
    one is."""
    keys = KeptKeys(stage.beside, stage.seed)
    keys.enrol(COUNTY, TOWNSHIP, VILLAGE)
    today = keys.open(VILLAGE)
    refs = [today.file(**applicant(number)) for number in range(3)]
    today.store.close()
    keys.furnish(stage.data, VILLAGE)
    shutil.copy(stage.beside / f"{VILLAGE}.data" / WITNESS_FILE, stage.data / WITNESS_FILE)
    if FIRST_TABLES != migrations.NEWEST:
        write_in_first_tables(keys.urls[VILLAGE], stage.beside / f"{VILLAGE}.db")
    stage.settled()
    member = keys.open(VILLAGE, life=1)
    stage.tell(ENROLLED, VILLAGE)
    for ref in refs if FIRST_TABLES != migrations.NEWEST else [member.file(**applicant(1))]:
        stage.tell_case(member, ref)


def write_in_first_tables(url: str, today: Path) -> None:
    """A database as the first version of the program would have left it, with the rows of one of today."""
    database = sqlite.SqliteDatabase(url)
    settings = migrations.config()
    with database.writing() as connection:
        settings.attributes["connection"] = connection
        command.upgrade(settings, FIRST_TABLES)
    with database.writing() as connection, closing(sqlite3.connect(today)) as rows:
        for (table,) in connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'").all():
            old = [row[1] for row in connection.exec_driver_sql(f"PRAGMA table_info({table})")]
            new = {row[1] for row in rows.execute(f"PRAGMA table_info({table})")}
            names = ", ".join(name for name in old if name in new)
            if table != "alembic_version":
                for row in rows.execute(f"SELECT {names} FROM {table}"):
                    places = ", ".join("?" * len(row))
                    connection.exec_driver_sql(f"INSERT INTO {table} ({names}) VALUES ({places})", row)
    database.close()


def one_filing(stage: Stage) -> None:
    """One case is filed in a database that lies quite closed: every state up to the bound is tried."""
    keys = set_up(stage, VILLAGE, TOWNSHIP, COUNTY)
    keys.members[VILLAGE].file(**applicant(0))
    keys.members[VILLAGE].store.close()
    member = keys.open(VILLAGE, life=1)
    stage.settled()
    stage.tell_case(member, member.file(**applicant(1)))


def filing(stage: Stage) -> None:
    """One by one at the counter, with notes between."""
    member = set_up(stage, VILLAGE, TOWNSHIP, COUNTY).members[VILLAGE]
    stage.settled()
    for number in range(8):
        ref = member.file(**applicant(number))
        stage.tell_case(member, ref)
        if number % 3 == 2:
            member.act(ref, kinds.HANDOFF, {"to": TOWNSHIP, "purpose": "accept"})
            stage.tell_case(member, ref)


def bulk_import(stage: Stage) -> None:
    """Many in one transaction: all of a batch or nothing of it."""
    member = set_up(stage, VILLAGE, TOWNSHIP, COUNTY).members[VILLAGE]
    stage.settled()
    for batch in range(3):
        each = [
            Application("0001", {**builders.APPLICATION, **applicant(n)}) for n in range(batch * 20, batch * 20 + 20)
        ]
        refs = member.casebook.record_many(each)
        stage.tell("batch", str(batch), numbers=[ref.case_no for ref in refs])
        stage.tell_case(member, refs[-1])


def sending(stage: Stage) -> None:
    """A village's uplink: challenge and nonce, what left, receipts that come back, a line that breaks."""
    keys = set_up(stage, VILLAGE, TOWNSHIP, COUNTY)
    net = spoken(stage, keys, VILLAGE)
    stage.settled()
    village = net[VILLAGE]
    for number in range(5):
        stage.tell_case(village.member, village.member.file(**applicant(number)))
        if number == 2:
            net.wire.down.add(TOWNSHIP)
            for _ in range(2):
                assert not village.exchange().ok
                stage.tell("failed", TOWNSHIP, failures=village.peer(net[TOWNSHIP]).failures)
            net.wire.down.clear()
        net.sync()


def receiving(stage: Stage) -> None:
    """A township: takes in what two villages send, gives receipts, carries all of it on to the county."""
    keys = set_up(stage, TOWNSHIP, COUNTY, VILLAGE, SECOND_VILLAGE)
    net = spoken(stage, keys, TOWNSHIP)
    stage.settled()
    for number in range(4):
        for code in (VILLAGE, SECOND_VILLAGE):
            net[code].member.file(**applicant(number))
        net.sync()
        if number == 1:
            net.start(TOWNSHIP)


def decision(stage: Stage) -> None:
    """A county decides, and its decision goes down."""
    keys = set_up(stage, COUNTY, TOWNSHIP, VILLAGE)
    net = spoken(stage, keys, COUNTY)
    net.settle()
    village, township, county = (net[code].member for code in (VILLAGE, TOWNSHIP, COUNTY))
    refs = [village.file(**applicant(number)) for number in range(3)]
    for ref in refs:
        village.act(ref, kinds.HANDOFF, {"to": TOWNSHIP, "purpose": "accept"})
    net.settle()
    for ref in refs:
        for kind, body in upkeep.ON_TO_THE_COUNTY:
            township.act(ref, kind, body)
    stage.settled()
    net.settle()
    for number, ref in enumerate(refs):
        for kind, body in (
            (kinds.ACCEPT, {}),
            (kinds.DECIDE, {"outcome": "refuse" if number == 1 else "approve", "reasons": "经审查"}),
            (kinds.HANDOFF, {"to": VILLAGE, "purpose": "deliver"}),
        ):
            county.act(ref, kind, body)
            stage.tell_case(county, ref)
        net.sync()


def roster_change(stage: Stage) -> None:
    """A county lets a new township and a new node in, and answers each; a cut at any point leaves it in its life."""
    keys = set_up(stage, COUNTY)
    county = keys.members[COUNTY]
    stage.settled()
    for code, name in ((TOWNSHIP, "驿马镇"), (OTHER_TOWNSHIP, "三十里铺镇"), (TOWNSHIP, "驿马镇")):
        request = roster.enrol_request(keys.key(), code, "township", name, keys.chance.randbytes(16))
        enrolment.enrol(county.casebook, request, [keys.publisher_key], builders.START_MS)
        for part, (epoch, n, _) in county.casebook.roster.heads().items():
            stage.tell("roster", part, epoch=epoch, n=n)


def accounts(stage: Stage) -> None:
    """Invited, signed in, wrong guesses, disabled: each with its line in the audit trail."""
    keys = set_up(stage, VILLAGE, TOWNSHIP, COUNTY)
    staff = accounts_of(keys.members[VILLAGE], keys)
    stage.settled()
    for number in ("1001", "1002"):
        code = staff.create_invitation(number, "吴代办", ["agent"])
        stage.tell_staff(staff, number)
        stage.tell_last_audit(staff)
        opened = staff.set_password(number, code, PASSWORD, "127.0.0.1")
        stage.tell_staff(staff, number)
        stage.tell_last_audit(staff)
        staff.sign_out(opened.cookie, number)
        stage.tell_last_audit(staff)
    staff.disable("1001", True)
    stage.tell_staff(staff, "1001")
    stage.tell_last_audit(staff)
    for n in range(6):
        line: AuditRow = staff.audit("1002", "case.read", str(n), {})
        stage.tell_audit(line)


def drafts(stage: Stage) -> None:
    """已保存 at the counter: kept, changed, thrown away."""
    keys = set_up(stage, VILLAGE, TOWNSHIP, COUNTY)
    rows = accounts_of(keys.members[VILLAGE], keys).drafts
    stage.settled()
    for number in range(4):
        draft = DraftRow(f"d{number}", "1001", "001", 1, "{}", 1, 1)
        for version in range(3):
            draft = draft._replace(fields=f'{{"request": "{"申请" * version}"}}', updated_ms=version)
            rows.save_draft(draft)
            stage.tell_draft(draft.draft_id, draft)
        if number % 2:
            rows.delete_draft(draft)
            stage.tell_draft(draft.draft_id, None)


def checkpoints(stage: Stage) -> None:
    """The log is carried over into the database every few pages, at each close, and begun again from its start."""
    sqlite.SETTINGS = tuple(  # type: ignore[misc, assignment]
        "PRAGMA wal_autocheckpoint = 30" if "wal_autocheckpoint" in each else each for each in sqlite.SETTINGS
    )
    keys = set_up(stage, VILLAGE, TOWNSHIP, COUNTY)
    stage.settled()
    for life in range(3):
        member = keys.members[VILLAGE]
        for number in range(4):
            stage.tell_case(member, member.file(**applicant(4 * life + number)))
        member.store.close()
        keys.open(VILLAGE, life=life + 1)


def restart(stage: Stage) -> None:
    """Processes that end without closing, one after the other: each begins with what the last one left."""
    keys = set_up(stage, VILLAGE, TOWNSHIP, COUNTY)
    keys.members[VILLAGE].store.close()
    stage.settled()
    for life in range(1, 5):
        child = os.fork()
        if child == 0:
            member = keys.open(VILLAGE, life=life)
            for number in range(2):
                stage.tell_case(member, member.file(**applicant(2 * life + number)))
            os._exit(0)
        must(os.waitpid(child, 0)[1])


def whole_node(stage: Stage) -> None:
    """A node as its program wires it, with whatever it keeps outside its database: sealed events leave it, it is closed
    and started again, and it is still in the same life. A power cut is no reason to begin another."""
    must(village_cli.main(init_line(stage.data)))
    must(village_cli.main(["init", "--data", str(stage.data), "--answer", str(answer_for(stage.data, stage.beside))]))
    stage.tell("incarnation", VILLAGE, incarnation=identity.load(stage.data).incarnation.hex(), but_for="")
    stage.settled()
    for life in range(2):
        node = app.create_node(config.load(stage.data))
        member = Member(node.identity, node.store, node.casebook, builders.Clock())
        for number in range(3):
            stage.tell_case(member, member.file(**applicant(3 * life + number)))
            left = builders.message(member, VILLAGE, [])
            tell_given(stage, node.casebook, left)
        node.close()


ALL: Final[dict[str, Scenario]] = {
    "init": Scenario(init, exhaustive=True, begun="village", wired=True),
    "one_filing": Scenario(one_filing, exhaustive=True),
    "first_start": Scenario(first_start, begun="village", wired=True, each_write=True),
    "founding": Scenario(founding, begun="county", wired=True, each_write=True),
    "migrate": Scenario(migrate, begun="roster" if FIRST_TABLES == migrations.NEWEST else ""),
    "filing": Scenario(filing),
    "bulk_import": Scenario(bulk_import),
    "sending": Scenario(sending),
    "receiving": Scenario(receiving),
    "decision": Scenario(decision),
    "roster_change": Scenario(roster_change, each_write=True),
    "accounts": Scenario(accounts),
    "drafts": Scenario(drafts),
    "checkpoints": Scenario(checkpoints),
    "restart": Scenario(restart),
    "whole_node": Scenario(whole_node, wired=True),
    "purge": Scenario(upkeep.purge),
    "restored_village": Scenario(upkeep.restored_village),
    "restored_township": Scenario(upkeep.restored_township),
    "restored_county": Scenario(upkeep.restored_county),
    "taken_over": Scenario(upkeep.taken_over),
}
