"""What must hold of a node's data directory after a power cut: it opens by itself, nothing told is untrue, it goes on.

It is opened by the node's own code, as a start of its program does. What was told is read from the notary's marks. A
thing told once and changed later may be found changed already: the change may have been on its way when the power went.
"""

import contextlib
import functools
import io
import json
import random
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, NamedTuple
from unittest import mock

from sqlalchemy.exc import SQLAlchemyError

from center_node import app as county_app
from center_node import cli as county_cli
from sync_protocol import receipt
from sync_protocol.errors import ProtocolError
from sync_protocol.event import chain, item_hash, mark
from tests import builders
from tests.builders import Member
from tests.crash import scenarios
from tests.crash.scenarios import Scenario
from tests.crash.stage import applicant
from village_node import app, config, identity
from village_node import cli as village_cli
from village_node.accounts import Accounts
from village_node.accounts.passwords import Hasher
from village_node.casebook import Casebook, CasebookError
from village_node.store import Connection, StoreError, open_store
from village_node.store.accounts import AccountRows
from village_node.store.audit import NO_LINE_BEFORE

COMMANDS: Final = ("village", "county")
LATER_MS: Final = builders.START_MS + 60_000
CATALOGUE: Final = app.starter_catalogue()
HASHER: Final = Hasher(bytes)  # nobody signs in here, and a hash takes as long as twenty states
MAKERS: Final = {"village": app.create_node, "county": county_app.create_node}
# What a node says of a data directory that it cannot use; anything else it raises is as bad, and worse to read.
REFUSALS: Final = (StoreError, SQLAlchemyError, identity.NoIdentity, config.BadSettings, ProtocolError, OSError)
# What code raises that meets a row which cannot be.
NONSENSE: Final = (ValueError, KeyError, IndexError, TypeError, AttributeError, AssertionError)


class Fault(NamedTuple):
    """What does not hold: `lost`, `unopenable`, `corrupt`, `beyond`, `stuck`; and where."""

    kind: str
    words: str


@dataclass
class Node:
    """A node as its start leaves it, without pages and uplink."""

    data: Path
    member: Member
    accounts: Accounts

    def ask(self, words: str, *values: Any) -> list[Any]:
        """Rows, as tuples."""
        with self.member.store.reading() as connection:
            return rows_of(connection, words, values)


def rows_of(connection: Connection, words: str, values: Sequence[Any]) -> list[Any]:
    """Rows as the driver gives them: most of the time of a check would else go into dressing them up."""
    driver: Any = connection.connection.driver_connection
    return list(driver.execute(words, values))


class Told:
    """The marks of a log: what had been told at each, and what was told of the same thing later."""

    def __init__(self, marks: Sequence[str]) -> None:
        self._histories: dict[tuple[str, str], list[tuple[int, dict[str, Any]]]] = {}
        for number, words in enumerate(marks, start=1):
            kind, key, told = json.loads(words)
            self._histories.setdefault((kind, key), []).append((number, told))

    def until(self, marks: int) -> Iterator[tuple[str, str, list[dict[str, Any]]]]:
        """(kind, key, the last thing told of it among the first `marks`, then all that came later)."""
        for (kind, key), history in self._histories.items():
            before = sum(1 for number, _ in history if number <= marks)
            if before:
                yield kind, key, [told for _, told in history[before - 1 :]]


def check(data: Path, told: Told, marks: int, scenario: Scenario, *, number: int = 0) -> list[Fault]:
    """Everything that is wrong with this data directory. `number`: another one gives other random bytes."""
    begun = scenario.begun
    said = list(told.until(marks))
    faults = [
        Fault("lost", words) for kind, key, values in said if kind == "file" for words in _file(data, key, values)
    ]
    finished = not begun or any(kind == scenarios.ENROLLED for kind, _, _ in said)
    if begun in COMMANDS and not finished:
        faults += _begun_again(data, begun)
    if faults:
        return faults
    try:
        with wired(data) if scenario.wired else opened(data, life=number) as node:
            return [*_sound(node), *_kept(node, said), *_goes_on(node, may_file=finished or begun in COMMANDS)]
    except (*REFUSALS, sqlite3.Error, *NONSENSE) as problem:
        kind = "unopenable" if isinstance(problem, REFUSALS) and "malformed" not in str(problem) else "corrupt"
        return [Fault(kind, f"{type(problem).__name__}: {problem}")]


@contextmanager
def wired(data: Path) -> Iterator[Node]:
    """The node in this directory with all that its program gives it."""
    chosen = config.load(data)
    with mock.patch.object(app, "Accounts", functools.partial(Accounts, hasher=HASHER)):
        node = MAKERS[chosen.level](chosen)
    try:
        yield Node(data, Member(node.identity, node.store, node.casebook, builders.Clock()), node.accounts)
    finally:
        node.close()


@contextmanager
def opened(data: Path, life: int = 0) -> Iterator[Node]:
    """The node in this directory, store, casebook and accounts: what a start opens, in a tenth of the time."""
    chosen = config.load(data)
    who = app.member(data)
    store = open_store(chosen.database)
    try:
        chance = random.Random(f"after {life}").randbytes
        clock = builders.Clock(LATER_MS)
        book = Casebook(store, who, clock, chance, CATALOGUE)
        yield Node(
            data, Member(who, store, book, clock), Accounts(AccountRows(store), who.level, clock, chance, HASHER)
        )
    finally:
        store.close()


def _file(data: Path, name: str, values: list[dict[str, Any]]) -> Iterator[str]:
    """A file that was there must be there, whole."""
    path = data / name
    if not path.exists():
        yield f"{name} is gone"
    elif sha256(path.read_bytes()).hexdigest() not in [each["sha256"] for each in values]:
        yield f"{name} is not what was written: {path.read_bytes()[:60]!r}"


def _begun_again(data: Path, begun: str) -> list[Fault]:
    """A command that was cut short is given again, as a person would."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said), tempfile.TemporaryDirectory() as beside:
        done = _is_member(data)  # all was done and only its word had not been said
        code = 0
        if begun == "county":
            code = 0 if done else county_cli.main(scenarios.found_line(data))
        else:
            code = 0 if done else village_cli.main(scenarios.init_line(data))
            if code == 0:
                answer = scenarios.answer_for(data, Path(beside))
                code = village_cli.main(["init", "--data", str(data), "--answer", str(answer)])
    return [Fault("stuck", f"the command given again: {said.getvalue().strip()}")] if code else []


def _is_member(data: Path) -> bool:
    try:
        app.member(data)
    except identity.NoIdentity:
        return False
    return True


def _sound(node: Node) -> Iterator[Fault]:
    """The database is whole; every chain is; own receipts cover no more than what is held."""
    with node.member.store.reading() as connection:

        def ask(words: str, *values: Any) -> list[Any]:
            return rows_of(connection, words, values)

        for (answer,) in ask("PRAGMA integrity_check"):
            if answer != "ok":
                yield Fault("corrupt", f"integrity_check: {answer}")
        for row in ask("PRAGMA foreign_key_check"):
            yield Fault("corrupt", f"foreign_key_check: {tuple(row)}")
        held: dict[int, list[bytes]] = {}
        missing: dict[int, int] = {}
        for number, seq, chain_hash, header, body_state in ask(
            "SELECT stream, seq, hash, header, body_state FROM events ORDER BY stream, seq"
        ):
            hashes = held.setdefault(number, [_stream_id(ask, number)])
            if seq != len(hashes) or chain_hash != chain(hashes[-1], item_hash(header)):
                yield Fault("corrupt", f"stream {number}: the chain breaks at {seq}")
                break
            hashes.append(chain_hash)
            if body_state == 1:
                missing.setdefault(number, seq)
        for number, stream_id, head, head_hash, body, body_hash in ask(
            "SELECT id, stream_id, head_seq, head_hash, body_seq, body_hash FROM streams"
        ):
            hashes = held.get(number, [stream_id])
            if len(hashes) != head + 1 or hashes[-1] != head_hash:
                yield Fault("corrupt", f"stream {number}: its head is {head}, {len(hashes) - 1} are held")
            elif not 0 <= body <= head or hashes[body] != body_hash or body >= missing.get(number, body + 1):
                yield Fault("beyond", f"stream {number}: {body} are called complete")
        yield from _receipts(node, ask, held)
        yield from _audit_chain(ask)


def _audit_chain(ask: Callable[..., list[Any]]) -> Iterator[Fault]:
    before = NO_LINE_BEFORE
    words = "SELECT n, at_ms, actor, action, subject, detail, hash FROM audit ORDER BY n"
    for number, (n, at_ms, actor, action, subject, detail, line_hash) in enumerate(ask(words), start=1):
        text = [n, at_ms, actor, action, subject, json.loads(detail)]
        packed = json.dumps(text, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
        if n != number or line_hash != sha256(before + packed).digest():
            yield Fault("corrupt", f"the audit chain breaks at {n}")
        before = line_hash


def _stream_id(ask: Callable[..., list[Any]], number: int) -> bytes:
    found = ask("SELECT stream_id FROM streams WHERE id = ?", number)
    return bytes(found[0][0]) if found else b""


def _receipts(node: Node, ask: Callable[..., list[Any]], held: dict[int, list[bytes]]) -> Iterator[Fault]:
    """What this node signed for lies here, and its receipts verify."""
    me, roster = node.member.identity, node.member.casebook.roster
    for number, signer, seq, raw, complete in ask(
        "SELECT stream, signer, seq, receipt, body_seq FROM receipts JOIN streams ON streams.id = receipts.stream"
    ):
        one = receipt.from_bytes(raw)
        hashes = held.get(number, [])
        if seq >= len(hashes) or hashes[seq] != one.hash or (signer == me.incarnation and seq > complete):
            yield Fault("beyond", f"stream {number}: {signer.hex()} signed for {seq}, which is not held here")
        author = roster.node(signer)
        try:
            if author is None:
                yield Fault("corrupt", f"stream {number}: a receipt by nobody")
            else:
                receipt.check(one, author.suite, author.public, node.member.casebook.network_id)
        except ProtocolError as problem:
            yield Fault("corrupt", f"stream {number}: {problem}")


def _kept(node: Node, said: Sequence[tuple[str, str, list[dict[str, Any]]]]) -> Iterator[Fault]:
    for kind, key, values in said:
        look = LOOKS.get(kind)
        wrong = look(node, key, values) if look else ""
        if wrong:
            yield Fault("lost", f"{kind} {key}: told {values[0]}, {wrong}")


def _case(node: Node, key: str, values: list[dict[str, Any]]) -> str:
    scope, _, case_id = key.partition(" ")
    case = node.member.casebook.case(scope, bytes.fromhex(case_id))
    if case is None:
        return "there is no such case"
    listed = node.ask("SELECT state FROM cases WHERE case_no = ?", values[0]["no"])
    if listed != [(case.state,)]:
        return f"its row says {listed}, its events {case.state}"
    found = {"no": case.case_no, "code": case.query_code, "state": case.state}
    return "" if found in values else f"found {found}"


def _batch(node: Node, _key: str, values: list[dict[str, Any]]) -> str:
    gone = set(values[0]["numbers"]) - {no for (no,) in node.ask("SELECT case_no FROM cases")}
    return f"{len(gone)} are gone" if gone else ""


def _held(node: Node, key: str, values: list[dict[str, Any]]) -> str:
    incarnation, _, scope = key.partition(" ")
    author, seq = bytes.fromhex(incarnation), values[0]["seq"]
    found = node.ask("SELECT body_seq FROM streams WHERE incarnation = ? AND scope = ?", author, scope)
    if not found or found[0][0] < seq:
        return f"held to {found}"
    chain_hash = node.member.casebook.hash_at(author, scope, seq) or b""
    return "another event stands there" if mark(chain_hash).hex() != values[0]["mark"] else ""


def _receipt(node: Node, key: str, values: list[dict[str, Any]]) -> str:
    incarnation, _, scope = key.partition(" ")
    words = (
        "SELECT receipts.seq, body_seq FROM receipts JOIN streams ON streams.id = receipts.stream"
        " WHERE incarnation = ? AND scope = ? AND signer = ?"
    )
    found = node.ask(words, bytes.fromhex(incarnation), scope, node.member.identity.incarnation)
    return "" if found and min(found[0]) >= values[0]["seq"] else f"receipt, held to: {found}"


def _peer(node: Node, place: str) -> Any:
    words = "SELECT issued, issued_nonce, challenge, nonce, failures FROM peers WHERE place = ?"
    return next(iter(node.ask(words, place)), None)


def _spoke(node: Node, place: str, values: list[dict[str, Any]]) -> str:
    """A challenge that was used is used with the same nonce, or a newer one is: else we look like a clone."""
    row = _peer(node, place)
    if row is None or row[2] is None:
        return "the challenge is forgotten"
    later = {each["challenge"]: each["nonce"] for each in values}
    if row[2].hex() in later:
        return "" if row[3].hex() == later[row[2].hex()] else "the same challenge has another nonce"
    return "" if int.from_bytes(row[2][:8], "big") > int(values[-1]["challenge"][:16], 16) else "an older challenge"


def _answered(node: Node, place: str, values: list[dict[str, Any]]) -> str:
    """A challenge that was answered stays used, by the one who used it."""
    row = _peer(node, place)
    if row is None or row[0] < values[0]["used"]:
        return f"used: {row and row[0]}"
    same = [each for each in values if each["used"] == row[0]]
    return "" if not same or (row[1] or b"").hex() == same[0]["nonce"] else "another nonce"


def _failed(node: Node, place: str, values: list[dict[str, Any]]) -> str:
    row = _peer(node, place)
    return (
        "" if row is not None and (row[4] in [each["failures"] for each in values] or row[4] == 0) else f"found {row}"
    )


def _roster(node: Node, part: str, values: list[dict[str, Any]]) -> str:
    epoch, n, _ = node.member.casebook.roster.heads().get(part, (0, 0, b""))
    return "" if (epoch, n) >= (values[0]["epoch"], values[0]["n"]) else f"found {epoch}.{n}"


def _audit(node: Node, n: str, values: list[dict[str, Any]]) -> str:
    found = node.ask("SELECT hash FROM audit WHERE n = ?", int(n))
    return "" if found == [(bytes.fromhex(values[0]["hash"]),)] else f"found {found}"


def _staff(node: Node, staff_no: str, values: list[dict[str, Any]]) -> str:
    row = node.accounts.rows.staff(staff_no)
    found = row and {"password_hash": row.password_hash, "disabled": row.disabled}
    return "" if found in values else f"found {found}"


def _draft(node: Node, draft_id: str, values: list[dict[str, Any]]) -> str:
    row = node.accounts.rows.draft(draft_id, "1001")
    return "" if {"fields": row.fields if row else None} in values else f"found {row}"


def _incarnation(node: Node, _place: str, values: list[dict[str, Any]]) -> str:
    found = node.member.identity.incarnation.hex()
    return "" if found == values[0]["incarnation"] else f"a new life began without need: {found}"


LOOKS: Final[dict[str, Callable[[Node, str, list[dict[str, Any]]], str]]] = {
    "case": _case,
    "batch": _batch,
    "held": _held,
    "receipt": _receipt,
    "spoke": _spoke,
    "answered": _answered,
    "failed": _failed,
    "roster": _roster,
    "audit": _audit,
    "staff": _staff,
    "draft": _draft,
    "incarnation": _incarnation,
}


def _goes_on(node: Node, *, may_file: bool) -> Iterator[Fault]:
    """One more act works: a case is filed (where cases are filed), and a line of the audit trail written."""
    before = node.ask("SELECT count(*) FROM audit")[0][0]
    try:
        if may_file and node.member.identity.level == "village":
            ref = node.member.file(**applicant(99))
            if node.member.state(ref) != "received":
                yield Fault("stuck", f"a case filed afterwards is {node.member.state(ref)!r}")
            if node.ask("SELECT count(*) FROM cases WHERE case_no = ?", ref.case_no) != [(1,)]:
                yield Fault("stuck", "a case filed afterwards has the number of another, or none")
        line = node.accounts.audit("node", "node.start", "", {})
    except (*REFUSALS, sqlite3.Error, CasebookError) as problem:
        yield Fault("stuck", f"{type(problem).__name__}: {problem}")
        return
    if line.n != before + 1:
        yield Fault("corrupt", f"the next line of the audit trail is {line.n}, after {before}")
