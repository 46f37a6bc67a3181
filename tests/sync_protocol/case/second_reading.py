"""How the second fold reads an event, and what it keeps of a case along one path; CASE.md, sections 1 to 3 and 6."""

from dataclasses import dataclass
from typing import Any

from sync_protocol import encoding, errors
from sync_protocol.case import CaseEvent, Position, Verdict, bodies, kinds
from sync_protocol.case.catalogue import Item
from sync_protocol.case.legal_bodies import SPECIAL


@dataclass(frozen=True)
class Flow:
    item: Item | None
    state: str
    holder: str | None
    before: str = ""
    to: str | None = None
    purpose: str = ""
    docketed: bool = False
    reviewed: bool = False
    answered: frozenset[Any] = frozenset()
    adopted: frozenset[Any] = frozenset()
    extended: bool = False
    fee_settled: bool = False
    higher: str = ""
    previewed: bool = False
    open: tuple[tuple[Position, str, frozenset[str]], ...] = ()
    heard: frozenset[str] = frozenset()


def unknown(event: CaseEvent) -> bool:
    known = kinds.BY_NUMBER.get(event.kind)
    return event.critical_ext or known is None or not 1 <= event.kind_version <= known.version


def why_unknown(event: CaseEvent) -> str:
    return "critical_field" if event.critical_ext else "unknown_kind"


def named_in(event: CaseEvent) -> list[Position]:
    body = None if unknown(event) else read(event)
    return [Position(*entry) for entry in body[0]] if isinstance(body, dict) else []


def lacking(event: CaseEvent) -> Verdict | None:
    if event.deps_missing:
        return Verdict("waiting", "dep")
    return Verdict("waiting", "body", event.position) if event.body is None and not deleted(event) else None


def deleted(event: CaseEvent) -> bool:
    return event.body_state in ("purged", "erased") and kinds.BY_NUMBER[event.kind].holding == "apart"


def read(event: CaseEvent) -> dict[int, Any] | str | None:
    kept, keeps = event.kept, {13: (0, 3), 15: (0,), 19: (4,), 35: (2,), 38: (0, 1)}.get(event.kind, ())
    if event.body is None:
        return kept if fits(event.kind, kept, keeps) else None
    try:
        body: dict[int, Any] = encoding.decode(event.body)
    except errors.ProtocolError:
        return "malformed: body"
    wrong = bodies.check(event.kind, body)
    if wrong is None and event.kind == 35 and event.kind_version == 1 and body[1] == "public_notice":
        wrong = "how"
    if wrong is None and keeps and kept is not None:
        agrees = fits(event.kind, kept, keeps) and kept == {n: body[n] for n in keeps if n in body}
        wrong = None if agrees else "kept"
    return body if wrong is None else f"malformed: {wrong}"


def fits(kind: int, kept: Any, keeps: tuple[int, ...]) -> bool:
    """What a header says of a body: some of the fields that may be kept, each of the form of its table."""
    if not isinstance(kept, dict) or not kept or not set(kept) <= set(keeps) or (kind == 13 and 0 not in kept):
        return False
    if kind == 13 and kept[0] in SPECIAL and 3 not in kept:
        return False
    whole = {
        13: {0: "publicity", 2: "x", 4: "a", 5: "b", 6: "c", 1: [["a", "b"]], **kept},
        15: {1: "x", 2: "a", **kept},
        19: {0: "paid", 1: "x", **kept},
        35: {0: "x", 1: "post", **kept},
        38: {2: "agree", **kept},
    }
    return bodies.check(kind, whole[kind]) is None


def ledger_holds(guard: str, flow: Flow, body: dict[int, Any] | None) -> bool:
    """The guards about open procedures."""
    if guard == "room":
        return len(flow.open) < 16
    if guard == "nothing_open":
        return {what for _, what, _ in flow.open} <= {"commitment"}
    if guard == "supplement_open":
        return any(what in ("supplement", "commitment", "") for _, what, _ in flow.open)
    assert body is not None  # inline: nothing that ends a procedure is ever deleted
    named = [what for opened, what, _ in flow.open if opened == Position(*body[0])]
    if guard == "higher_answer":
        return not named or named[0] == "" or (named[0] == "reported_up") == (3 in body)
    if guard == "countersigning":
        return named == ["countersigning"]
    return bool(named) and named[0] not in ("countersigning", "commitment")


def promise_holds(guard: str, flow: Flow, body: dict[int, Any] | None) -> bool:
    """The guards about what the applicant committed to."""
    promised = [opened for opened, what, _ in flow.open if what == "commitment"]
    if guard == "commitment":
        return body is not None and Position(*body[0]) in promised
    if guard == "kept":
        return not promised or flow.state != "decided_approved"
    if guard == "commitment_open":
        return bool(promised)
    if flow.item is None or body is None:
        return True
    if body[0] == "declaration":
        return flow.item.commitment
    return {name for name, _, _ in body[1]} <= {paper.name for paper in flow.item.papers if paper.tolerable}
