"""The tables of CASE.md as the code has them: `python -m tests.sync_protocol.case.documented` writes them into it."""

from collections.abc import Callable, Iterable
from pathlib import Path

from sync_protocol.case import (
    accounts,
    bodies,
    complaints,
    consultations,
    documents,
    exclusions,
    kinds,
    powers,
    registers,
    slips,
    voices,
    workflow,
)
from sync_protocol.case.clock import thresholds
from sync_protocol.case.events import REASONS
from sync_protocol.case.exclusions import CLOCKS, EXCLUSIONS
from sync_protocol.case.fields import Field, Table
from sync_protocol.case.voices import TERMS

PATH = Path(__file__).parents[3] / "sync_protocol" / "CASE.md"


def table(head: tuple[str, ...], rows: list[tuple[object, ...]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def registry() -> str:
    known = [(k.number, k.name, k.role, k.holding, k.version) for k in kinds.TABLE]
    reserved = [(number, name, kinds.role_of(number), "", "reserved") for number, name in kinds.RESERVED.items()]
    return table(("number", "kind", "role", "body", "newest version"), [*known, *reserved])


def body_tables() -> str:
    return tables_of(bodies.TABLES.values())


def register_tables() -> str:
    return tables_of(registers.TABLES.values())


def tables_of(tables: Iterable[Table], titles: tuple[str, ...] = ()) -> str:
    parts = []
    for number, body in enumerate(tables):
        title = titles[number] if titles else f"{body.kind} {kinds.name_of(body.kind)}"
        parts.append(f"**{title}**{rules_of(body)}\n")
        rows = [(f.number, f.name, type_of(f), required(body, f), f.zh, f.en) for f in body.fields]
        parts.append(table(("no.", "field", "type", "required", "标签", "label"), list(rows)))
    return "\n".join(parts)


def rules_of(body: Table) -> str:
    if body.any_of:
        return ": at least one of the fields " + ", ".join(map(str, body.any_of))
    if body.differ:
        *others, last = body.differ
        return f": fields {', '.join(map(str, others))} and {last} differ"
    if body.manifest:
        return ": what belongs together is there together (section 8, Papers)"
    return ": the five dates follow the date rule" if body.dates else ""


def required(body: Table, field: Field) -> str:
    if field.required_if is not None:
        other, values = field.required_if
        wanted = " or ".join("false" if value is False else str(value) for value in values)
        return f"if field {other} is {wanted}"
    return "yes" if field.required else "no"


def type_of(field: Field) -> str:
    if field.type in ("text", "int"):
        return f"{field.type} {field.low}..{field.high if field.high != bodies.MAX_MS else '2^53 - 1'}"
    if field.type == "choice":
        return " / ".join(f"`{choice}`" for choice in field.choices)
    if field.type in ("answers", "materials", "marks", "positions", "names", "bytes", "heads"):
        return f"{field.type} {field.low}..{field.high}"
    return field.type


def states() -> str:
    return table(
        ("state", "状态", "in English", "closed", "terminal"),
        [
            (s.code, s.zh, s.en, "yes" if s.closed else "", "yes" if s.terminal else "")
            for s in workflow.STATES.values()
        ],
    )


def moves() -> str:
    grouped: dict[tuple[int, workflow.Move], list[str]] = {}
    for (state, kind), move in workflow.MOVES.items():
        grouped.setdefault((kind, move), []).append(state)
    rows = [
        (
            kinds.name_of(kind),
            ", ".join(from_states),
            ", ".join((move.guard, *move.also)),
            move.target.replace("_", " "),
        )
        for (kind, move), from_states in sorted(grouped.items(), key=lambda entry: entry[0][0])
    ]
    return table(("event", "in state", "guards", "leads to"), list(rows))


def branches() -> str:
    rows = [(name.replace("_", " "), label, to) for name, ways in workflow.BRANCHES.items() for label, to in ways]
    return table(("target", "if", "state"), list(rows))


def reasons() -> str:
    rows = [(code, zh, en) for code, (zh, en) in (*REASONS.items(), *workflow.GUARDS.items())]
    return table(("reason", "说明", "in English"), list(rows))


def may() -> str:
    rows = [
        (
            level,
            f"{role} {'/'.join(powers.ROLES[role, level])}",
            ", ".join(kinds.name_of(kind) for kind in sorted(allowed)),
        )
        for (role, level), allowed in powers.MAY.items()
    ]
    return table(("level", "role", "may author"), list(rows))


def document_types() -> str:
    rows = [
        (
            row.code,
            row.mark,
            f"{row.zh} {row.en}",
            "; ".join(map(rest_of, row.rests_on)) or "no event of this version",
            "yes" if row.numbered else "",
            row.seal,
            "yes" if row.delivered else "",
            row.issuer,
            row.effect + (", adverse" if row.adverse else ""),
            " ".join(row.stands_for),
        )
        for row in documents.TYPES.values()
    ]
    head = ("code", "mark", "document", "rests on", "own number", "seal", "delivery signed for", "issued by", "effect")
    return table((*head, "stands for"), list(rows))


def rest_of(rest: documents.Rest) -> str:
    asked = [f"{name} {({True: 'yes', False: 'no'}).get(wanted, wanted)}" for name, wanted in rest.when]  # type: ignore[call-overload]
    return kinds.name_of(rest.kind) + (f" ({', '.join(asked)})" if asked else "")


def clocks() -> str:
    return table(("clock", "时限", "in English"), [(code, zh, en) for code, (zh, en) in CLOCKS.items()])


def holders() -> str:
    return table(("holder", "归属", "in English"), [(code, zh, en) for code, (zh, en) in exclusions.BUCKETS.items()])


def exclusion_table() -> str:
    rows = []
    for kind, rule in EXCLUSIONS.items():
        for clock, stop in rule.stops.items() or {"": None}.items():
            effect = "stops, if the item says so" if stop and stop.effect == "item" else stop.effect if stop else ""
            basis = (f"{stop.zh} / {stop.en}",) if stop else ("",)
            rows.append((kind, f"{rule.zh} / {rule.en}", rule.bucket or "the holder", clock or "none", effect, *basis))
    return table(("kind", "means", "whose days", "clock", "effect", "basis"), list(rows))


def grades() -> str:
    limits = (0, 1, 2, 3, 5, 10, 20, 30)
    of_limit = [(limit, *(word(one) for one in thresholds(limit, "promised"))) for limit in limits]
    of_step = [(f"{limit} (a step)", *(word(one) for one in thresholds(limit, "village"))) for limit in (0, 1, 5)]
    return table(("limit", "notice from", "yellow from", "red from"), [*of_limit, *of_step])


def word(days: int | None) -> str:
    return "never" if days is None else str(days)


def flags() -> str:
    return table(("flag", "说明", "in English"), [(code, zh, en) for code, (zh, en) in exclusions.FLAGS.items()])


def slip_tables() -> str:
    return tables_of([*slips.TABLES.values(), consultations.TABLE])


def account_tables() -> str:
    return tables_of(accounts.TABLES.values())


def complaint_tables() -> str:
    content = tables_of(
        [complaints.SAID, complaints.ANSWERED],
        ("said: the content of a complaint", "answered: the content of an answer"),
    )
    return tables_of(complaints.TABLES.values()) + "\n" + content


def voice_terms() -> str:
    rows = [(code, term.zh, term.en, str(term.days), "yes" if voices.SAMPLE else "") for code, term in TERMS.items()]
    return table(("clock", "时限", "in English", "days", "sample"), list(rows))


def diagram() -> str:
    return f"```mermaid\n{workflow.mermaid()}```\n"


BLOCKS: dict[str, Callable[[], str]] = {
    "registry": registry,
    "bodies": body_tables,
    "states": states,
    "moves": moves,
    "branches": branches,
    "reasons": reasons,
    "may": may,
    "registers": register_tables,
    "diagram": diagram,
    "documents": document_types,
    "clocks": clocks,
    "holders": holders,
    "exclusions": exclusion_table,
    "grades": grades,
    "flags": flags,
    "voices": voice_terms,
    "complaints": complaint_tables,
    "slips": slip_tables,
    "accounts": account_tables,
}


def marks(name: str) -> tuple[str, str]:
    return f"<!-- from the code: {name} -->\n", f"<!-- end of {name} -->"


def written_in(text: str, name: str) -> str:
    """What stands between the marks of a block; ValueError if they are not there."""
    begin, end = marks(name)
    start = text.index(begin) + len(begin)
    return text[start : text.index(end, start)]


def main() -> None:
    """Write every block into CASE.md."""
    text = PATH.read_text("utf-8")
    for name, block in BLOCKS.items():
        begin, end = marks(name)
        old = begin + written_in(text, name) + end
        text = text.replace(old, begin + "\n" + block() + "\n" + end)
    PATH.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
