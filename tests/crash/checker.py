"""What must hold of a node's data directory after a power cut: it opens by itself, nothing told is untrue, it goes on.

It is opened by the node's own code, as a start of its program does. What was told is read from the notary's marks.
"""

import contextlib
import io
import json
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from sqlalchemy.exc import SQLAlchemyError

from center_node import cli as county_cli
from sync_protocol import receipt
from sync_protocol.errors import ProtocolError
from sync_protocol.event import chain, item_hash
from tests.crash import scenarios
from tests.crash.reopened import Fault, Node, opened, rows_of, wired
from tests.crash.scenarios import Scenario
from tests.crash.stage import applicant
from tests.crash.told import Told, kept, not_undone
from village_node import app, config, identity
from village_node import cli as village_cli
from village_node.casebook import CasebookError
from village_node.store import StoreError
from village_node.store.audit import NO_LINE_BEFORE

COMMANDS: Final = ("village", "county")
# What a node says of a data directory that it cannot use; anything else it raises is as bad, and worse to read.
REFUSALS: Final = (StoreError, SQLAlchemyError, identity.NoIdentity, config.BadSettings, ProtocolError, OSError)
# What code raises that meets a row which cannot be.
NONSENSE: Final = (ValueError, KeyError, IndexError, TypeError, AttributeError, AssertionError)


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
            faults = [*_sound(node), *kept(node, said), *_goes_on(node, may_file=finished or begun in COMMANDS)]
            return [*faults, *not_undone(node, said)]
    except (*REFUSALS, sqlite3.Error, *NONSENSE) as problem:
        kind = "unopenable" if isinstance(problem, REFUSALS) and "malformed" not in str(problem) else "corrupt"
        return [Fault(kind, f"{type(problem).__name__}: {problem}")]


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
        yield from _halves(ask)


def _audit_chain(ask: Callable[..., list[Any]]) -> Iterator[Fault]:
    before = NO_LINE_BEFORE
    words = "SELECT n, at_ms, actor, action, subject, detail, hash FROM audit ORDER BY n"
    for number, (n, at_ms, actor, action, subject, detail, line_hash) in enumerate(ask(words), start=1):
        text = [n, at_ms, actor, action, subject, json.loads(detail)]
        packed = json.dumps(text, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
        if n != number or line_hash != sha256(before + packed).digest():
            yield Fault("corrupt", f"the audit chain breaks at {n}")
        before = line_hash


def _halves(ask: Callable[..., list[Any]]) -> Iterator[Fault]:
    """What is done in one step is done as a whole: bodies of a case are dropped, a proposal becomes an assignment."""
    gone = {
        (scope, case_id): count
        for scope, case_id, count in ask(
            "SELECT scope, case_id, count(*) FROM events JOIN streams ON streams.id = events.stream"
            " WHERE body_state = 2 AND case_id IS NOT NULL GROUP BY scope, case_id"
        )
    }
    noted = {tuple(row[:2]): row[2:] for row in ask("SELECT scope, case_id, bodies, recalled_ms FROM case_purges")}
    for key in gone.keys() | noted.keys():
        bodies, recalled_ms = noted.get(key, (0, None))
        count = gone.get(key, 0)
        if count > bodies or (recalled_ms is None and count < bodies):
            yield Fault("corrupt", f"{key[0]} {key[1].hex()}: {count} bodies dropped, {bodies} noted")
    for number, holder in ask(
        "SELECT proposals.id, holder FROM proposals JOIN cases"
        " ON cases.scope = proposals.scope AND cases.case_id = proposals.case_id"
        " WHERE proposals.state = 0 AND holder = to_place"
    ):
        yield Fault("corrupt", f"proposal {number} waits, and {holder} holds the case already")


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
