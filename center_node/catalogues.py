"""The items of the county as one file at the command line: written, and another county's looked at or published."""

from base64 import b64decode
from datetime import date
from hashlib import sha256
from typing import Any

from township_node.vouching import vouched
from village_node.app import Node
from village_node.casebook import NotAllowed
from village_node.control import CommandRefused
from village_node.web import catalogue_file, catalogue_plan
from village_node.web.catalogue_file import FILE_MOST
from village_node.web.catalogue_plan import Row

__all__ = ["FILE_MOST", "export", "take"]


def export(node: Node) -> dict[str, Any]:
    """The file, as text, and how many versions it has."""
    book, place = node.casebook, node.config.place
    lines = catalogue_file.lines_of(book.catalogue, catalogue_plan.today_of(book))
    name = book.roster.places.name(place) if place in book.roster.places else place
    return {"file": catalogue_file.write(lines, place, name, book.clock()).decode(), "versions": len(lines)}


def take(node: Node, arguments: dict[str, Any]) -> dict[str, Any]:
    """What a file, in base64, would change; with ``publish`` it is published by who shows a password and may.

    Raises CommandRefused where the file or an item of it cannot be taken, NotAllowed, BadBody, NotSaved.
    """
    book, raw = node.casebook, b64decode(arguments["file"])
    today = catalogue_plan.today_of(book)
    try:
        file = catalogue_file.read(raw, today)
        begins = date.fromisoformat(arguments["begins"]) if arguments["begins"] else today
    except catalogue_file.BadFile as bad:
        where = f"{bad.where}: " if bad.where else ""
        raise CommandRefused(f"{where}{bad.zh} ({bad.en})") from None
    except ValueError:
        raise CommandRefused("--begins: YYYY-MM-DD") from None
    reason = arguments["reason"] or f"自{file.name}（{file.county}）的目录导入"
    plan = catalogue_plan.plan(book, file, begins, reason, arguments["take"])
    told = {
        "from": f"{file.name} {file.county}",
        "counts": {code: plan.count(code) for code in catalogue_plan.STANDINGS},
        "beside": plan.beside,
        "items": [_told(row) for row in plan.rows if row.standing != "same"],
        "published": 0,
    }
    if not arguments["publish"]:
        return told
    person = vouched(node, *arguments["by"])
    if not book.may_publish_items(person.roles):
        raise NotAllowed(
            f"{person.staff_no} 的岗位不能公布事项",
            f"{person.staff_no} may not publish items: the business section does",
        )
    if unknown := plan.unknown(arguments["take"]):
        raise CommandRefused("--take: {} ({})".format(*catalogue_plan.not_as_seen(unknown)))
    wrong = [f"{row.item_no} {row.wrong.field}: {row.wrong.zh} ({row.wrong.en})" for row in plan.rows if row.wrong]
    if wrong:
        raise CommandRefused("什么也没有公布 / nothing was published: " + "; ".join(wrong))
    digest = sha256(raw).hexdigest()
    return {**told, "published": book.publish_items(person.staff_no, person.roles, plan.editions, digest=digest)}


def _told(row: Row) -> dict[str, Any]:
    fields = [f"{change.field} {change.begins}".strip() for change in row.changes]
    changes = {field: [change.before, change.after] for field, change in zip(fields, row.changes, strict=True)}
    told: dict[str, Any] = {"item": row.item_no, "standing": row.standing, "here": row.here, "file": row.version}
    refused = {"refused": f"{row.wrong.field}: {row.wrong.zh} ({row.wrong.en})"} if row.wrong else {}
    beside: dict[str, Any] = {"changes": changes, "considered": [f"{zh} ({en})" for zh, en in row.considered]}
    beside |= {"again": row.again, "left_out": row.left_out}
    return {**told, **{name: said for name, said in beside.items() if said}, **refused}
