"""What was told before a power cut, and how each thing told is looked for afterwards.

A thing told once and changed later may be found changed already: the change may have been on its way when the power
went.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from sync_protocol.event import mark
from tests.crash.reopened import Fault, Node
from village_node.store.streams import PURGED

Values = list[dict[str, Any]]


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


def kept(node: Node, said: Sequence[tuple[str, str, Values]]) -> Iterator[Fault]:
    """What was told and does not hold."""
    yield from _looked_for(LOOKS, node, said)


def not_undone(node: Node, said: Sequence[tuple[str, str, Values]]) -> Iterator[Fault]:
    """What was told and does not hold any more now that the node has gone on."""
    yield from _looked_for(AFTERWARDS, node, said)


def _looked_for(
    looks: Mapping[str, Callable[[Node, str, Values], str]], node: Node, said: Sequence[tuple[str, str, Values]]
) -> Iterator[Fault]:
    for kind, key, values in said:
        look = looks.get(kind)
        wrong = look(node, key, values) if look else ""
        if wrong:
            yield Fault("lost", f"{kind} {key}: told {values[0]}, {wrong}")


def _case(node: Node, key: str, values: Values) -> str:
    scope, _, case_id = key.partition(" ")
    case = node.member.casebook.case(scope, bytes.fromhex(case_id))
    if case is None:
        return "there is no such case"
    listed = node.ask("SELECT state FROM cases WHERE case_no = ?", values[0]["no"])
    if listed != [(case.listed_state,)]:
        return f"its row says {listed}, its events {case.listed_state}"
    found = {"no": case.case_no, "code": case.query_code, "state": case.state, "holder": case.holder}
    return "" if found in values else f"found {found}"


def _batch(node: Node, _key: str, values: Values) -> str:
    gone = set(values[0]["numbers"]) - {no for (no,) in node.ask("SELECT case_no FROM cases")}
    return f"{len(gone)} are gone" if gone else ""


def _held(node: Node, key: str, values: Values) -> str:
    incarnation, _, scope = key.partition(" ")
    author, seq = bytes.fromhex(incarnation), values[0]["seq"]
    found = node.ask("SELECT body_seq FROM streams WHERE incarnation = ? AND scope = ?", author, scope)
    if not found or found[0][0] < seq:
        return f"held to {found}"
    chain_hash = node.member.casebook.hash_at(author, scope, seq) or b""
    return "another event stands there" if mark(chain_hash).hex() != values[0]["mark"] else ""


def _left(node: Node, key: str, values: Values) -> str:
    """What has left in the present life stands in the witness file: else a copy put back later would not be known."""
    incarnation, _, scope = key.partition(" ")
    author, lives = bytes.fromhex(incarnation), node.member.casebook.lives
    if lives is None or author != node.member.casebook.identity.incarnation:
        return ""
    known = lives.witness.streams.get((author, scope), (0, b""))[0]
    return "" if known >= values[0]["seq"] else f"the witness file knows of {known}"


def _receipt(node: Node, key: str, values: Values) -> str:
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


def _spoke(node: Node, place: str, values: Values) -> str:
    """A challenge that was used is used with the same nonce, or a newer one is: else we look like a clone."""
    row = _peer(node, place)
    if row is None or row[2] is None:
        return "the challenge is forgotten"
    later = {each["challenge"]: each["nonce"] for each in values}
    if row[2].hex() in later:
        return "" if row[3].hex() == later[row[2].hex()] else "the same challenge has another nonce"
    return "" if int.from_bytes(row[2][:4], "big") > int(values[-1]["challenge"][:8], 16) else "an older challenge"


def _answered(node: Node, place: str, values: Values) -> str:
    """A challenge that was answered stays used, by the one who used it."""
    row = _peer(node, place)
    if row is None or row[0] < values[0]["used"]:
        return f"used: {row and row[0]}"
    same = [each for each in values if each["used"] == row[0]]
    return "" if not same or (row[1] or b"").hex() == same[0]["nonce"] else "another nonce"


def _failed(node: Node, place: str, values: Values) -> str:
    row = _peer(node, place)
    return (
        "" if row is not None and (row[4] in [each["failures"] for each in values] or row[4] == 0) else f"found {row}"
    )


def _roster(node: Node, part: str, values: Values) -> str:
    epoch, n, _ = node.member.casebook.roster.heads().get(part, (0, 0, b""))
    return "" if (epoch, n) >= (values[0]["epoch"], values[0]["n"]) else f"found {epoch}.{n}"


def _audit(node: Node, n: str, values: Values) -> str:
    found = node.ask("SELECT hash FROM audit WHERE n = ?", int(n))
    return "" if found == [(bytes.fromhex(values[0]["hash"]),)] else f"found {found}"


def _staff(node: Node, staff_no: str, values: Values) -> str:
    row = node.accounts.rows.staff(staff_no)
    found = row and {"password_hash": row.password_hash, "disabled": row.disabled}
    return "" if found in values else f"found {found}"


def _draft(node: Node, draft_id: str, values: Values) -> str:
    row = node.accounts.drafts.draft(draft_id, "1001")
    return "" if {"fields": row.fields if row else None} in values else f"found {row}"


def _incarnation(node: Node, _place: str, values: Values) -> str:
    identity, told = node.member.casebook.identity, values[0]
    if identity.incarnation.hex() == told["incarnation"]:
        return ""
    last = identity.former[-1]
    if told["but_for"] and (last.incarnation.hex(), last.reason) == (told["incarnation"], told["but_for"]):
        return ""
    return f"a new life began without need: {identity.incarnation.hex()}, {last.reason}"


def _purged(node: Node, key: str, values: Values) -> str:
    """Bodies that were dropped stay dropped; those that came back stay."""
    scope, _, case_id = key.partition(" ")
    words = (
        "SELECT count(*) FROM events JOIN streams ON streams.id = events.stream"
        " WHERE scope = ? AND case_id = ? AND body_state = ?"
    )
    found = node.ask(words, scope, bytes.fromhex(case_id), PURGED)[0][0]
    told = [each["gone"] for each in values]
    return "" if min(told) <= found <= max(told) else f"found {found}"


def _proposal(node: Node, number: str, values: Values) -> str:
    found = {
        "state": next((state for (state,) in node.ask("SELECT state FROM proposals WHERE id = ?", int(number))), "")
    }
    return "" if found in values else f"found {found}"


def _branch(node: Node, key: str, values: Values) -> str:
    """What others hold of a life that is over: nothing else may ever stand in its place."""
    incarnation, _, scope = key.partition(" ")
    for seq, told in values[-1]["marks"].items():
        held = node.member.casebook.hash_at(bytes.fromhex(incarnation), scope, int(seq))
        if held is not None and mark(held).hex() != told:
            return f"another event stands at {seq}: a fork"
    return ""


LOOKS: Final[dict[str, Callable[[Node, str, list[dict[str, Any]]], str]]] = {
    "case": _case,
    "batch": _batch,
    "held": _held,
    "left": _left,
    "receipt": _receipt,
    "spoke": _spoke,
    "answered": _answered,
    "failed": _failed,
    "roster": _roster,
    "audit": _audit,
    "staff": _staff,
    "draft": _draft,
    "incarnation": _incarnation,
    "purged": _purged,
    "proposal": _proposal,
}
# What is looked for once the node has gone on.
AFTERWARDS: Final[dict[str, Callable[[Node, str, Values], str]]] = {"branch": _branch}
