"""The bytes of a bulletin, of a part of a long one and of rules, and what fits their form."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

from sync_protocol import encoding, limits
from sync_protocol.case import bulletins, periods
from sync_protocol.case.bodies import is_date, is_int, is_place, plain
from sync_protocol.case.bulletins import RULES, Bulletin, Deduction, ItemLine, Part, PlaceLine, Published, Rules
from sync_protocol.case.publications import age, body_of
from sync_protocol.case.tallies import Tally

PART: Final = 24_000  # bytes of a long bulletin in one event
MOST_PARTS: Final = 8
_COUNT: Final = 2**53 - 1
_CASE_ID: Final = 16


def joined(published: Iterable[Published]) -> list[Published]:
    """What was published with every bulletin whole: one that came in parts stands where its first part does, and one
    of which a part is missing says nothing yet. Of two parts alike the first counts."""
    whole: list[Published] = []
    parts: dict[tuple[str, str, int], dict[int, Published]] = {}
    for each in sorted(published, key=age):
        if isinstance(each.said, Part):
            held = parts.setdefault((each.place, each.said.number, each.said.of), {})
            held.setdefault(each.said.at, each)
        else:
            whole.append(each)
    for (_, number, of), held in parts.items():
        said = _from_parts([held[index] for index in sorted(held)]) if len(held) == of else None
        if said is not None and said.number == number:
            whole.append(held[0]._replace(said=said))
    return whole


def _from_parts(parts: Iterable[Published]) -> Bulletin | None:
    said = from_bytes(b"".join(each.said.raw for each in parts if isinstance(each.said, Part)))
    return said if isinstance(said, Bulletin) else None


def bodies_of(said: Bulletin | Rules) -> list[bytes]:
    """The bodies of the events that say it: one, or several parts of a long bulletin. Raises ValueError naming the
    first field that does not fit, or ``size``."""
    body = _rules_body(said) if isinstance(said, Rules) else _bulletin_body(said)
    wrong = _first_wrong(body)
    if wrong is not None:
        raise ValueError(wrong)
    raw = encoding.encode(body)
    if len(raw) <= limits.BODY_APART:
        return [raw]
    cut = [raw[start : start + PART] for start in range(0, len(raw), PART)]
    if len(cut) > MOST_PARTS:
        raise ValueError("size")
    return [encoding.encode({0: "part", 1: body[1], 2: at, 3: len(cut), 4: piece}) for at, piece in enumerate(cut)]


def _rules_body(said: Rules) -> dict[int, Any]:
    return {0: "rules", 1: said.document_no, 2: said.since, 3: [said.base, *said.points, said.flags, said.bottom]}


def _bulletin_body(said: Bulletin) -> dict[int, Any]:
    rules = said.rules
    return {
        0: "bulletin",
        1: said.number,
        2: said.kind,
        3: said.period,
        4: [rules.document_no, rules.since, rules.base, *rules.points, rules.flags, rules.bottom],
        5: [[each.place, each.level, each.parent, _short(each.tally)] for each in said.places],
        6: [[name, _short(tally)] for name, tally in said.departments],
        7: [[each.item_no, each.department, _short(each.tally)] for each in said.items],
        8: [list(each) for each in said.deductions],
        9: [list(each) for each in said.services],
        10: list(said.late),
        11: said.seal,
    }


def _short(tally: Tally) -> list[int]:
    """The numbers without the noughts at the end."""
    numbers = list(tally)
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return numbers


def from_bytes(raw: bytes) -> Bulletin | Rules | Part | None:
    """What a body says; None where it does not fit its form, and then it says nothing."""
    body = body_of(raw, _first_wrong)
    if body is None:
        return None
    if body[0] == "part":
        return Part(*(body[field] for field in range(1, 5)))
    if body[0] == "rules":
        return _rules([body[1], body[2], *body[3]])
    return Bulletin(
        body[1],
        body[2],
        body[3],
        _rules(body[4]),
        tuple(PlaceLine(place, level, parent, Tally(*numbers)) for place, level, parent, numbers in body[5]),
        tuple((name, Tally(*numbers)) for name, numbers in body[6]),
        tuple(ItemLine(item_no, department, Tally(*numbers)) for item_no, department, numbers in body[7]),
        tuple(Deduction(*each) for each in body[8]),
        tuple((place, what, times) for place, what, times in body[9]),
        tuple(body[10]),
        body[11],
    )


def _rules(said: Sequence[Any]) -> Rules:
    document_no, since, base, *points, flags, bottom = said
    return Rules(base, tuple(points), flags, bottom, document_no, since)


def _first_wrong(body: Mapping[int, Any]) -> str | None:
    """The name of the first field that does not fit; None if all do."""
    if body.get(0) == "rules":
        return _wrong_rules(body)
    if body.get(0) == "part":
        return _wrong_part(body)
    if body.get(0) != "bulletin":
        return "what"
    if not plain(body.get(1), 1, bulletins.DOCUMENT_MAX):
        return "number"
    kind, period = body.get(2), body.get(3)
    if kind not in periods.PERIODS:
        return "kind"
    if type(period) is not str or not _is_period(kind, period):
        return "period"
    return _wrong_lines(body)


def _wrong_part(body: Mapping[int, Any]) -> str | None:
    if not plain(body.get(1), 1, bulletins.DOCUMENT_MAX):
        return "number"
    if not is_int(body.get(3), 2, MOST_PARTS):
        return "of"
    if not is_int(body.get(2), 0, body[3] - 1):
        return "at"
    raw = body.get(4)
    return None if type(raw) is bytes and 1 <= len(raw) <= PART else "raw"


def _wrong_rules(body: Mapping[int, Any]) -> str | None:
    if not plain(body.get(1), 1, bulletins.DOCUMENT_MAX):
        return "document_no"
    if not is_date(body.get(2)):
        return "since"
    return None if _are_points(body.get(3)) else "points"


def _are_points(value: object) -> bool:
    """Whether these are base, points by rule, flags and bottom."""
    if type(value) is not list or len(value) != len(RULES) + 3:
        return False
    *points, flags, bottom = value
    return (
        all(is_int(each, 0, bulletins.MOST_POINTS) for each in points)
        and points[0] > 0
        and is_int(flags, 0, bulletins.MOST_MARKED)
        and is_int(bottom, 0, bulletins.MOST_MARKED)
    )


def _is_period(kind: str, period: str) -> bool:
    try:
        periods.days_of(kind, period)
    except ValueError:
        return False
    return True


def _wrong_lines(body: Mapping[int, Any]) -> str | None:
    rules = body.get(4)
    if type(rules) is not list or len(rules) < 2 or not plain(rules[0], 0, bulletins.DOCUMENT_MAX):
        return "rules"
    if (rules[1] != "" or rules[0] != "") and not (is_date(rules[1]) and rules[0]):
        return "rules"
    if not _are_points(rules[2:]):
        return "rules"
    if not _are(body.get(5), bulletins.MOST_PLACES, _is_place_line) or not _sorted(body[5]) or not body[5]:
        return "places"
    if not all(each[2] < 0 or (each[2] < len(body[5]) and body[5][each[2]][1] < each[1]) for each in body[5]):
        return "places"  # whose parent stands no higher: they might stand in a circle
    if not _are(body.get(6), bulletins.MOST_DEPARTMENTS, _is_department) or not _sorted(body[6]):
        return "departments"
    if not _are(body.get(7), bulletins.MOST_ITEMS, _is_item_line) or not _sorted(body[7]):
        return "items"
    if not all(each[1] < len(body[6]) for each in body[7]):
        return "items"
    if not _are(body.get(8), bulletins.MOST_DEDUCTIONS, _is_deduction):
        return "deductions"
    if not all(each[2] < len(body[6]) for each in body[8]):
        return "deductions"
    if not _are(body.get(9), bulletins.MOST_SERVICES, _is_service):
        return "services"
    late = body.get(10)
    if type(late) is not list or len(late) != 3 or not all(is_int(each, -_COUNT, _COUNT) for each in late):
        return "late"
    return None if plain(body.get(11), 0, bulletins.SEAL_MAX) else "seal"


def _are(value: object, most: int, fits: Any) -> bool:
    return type(value) is list and len(value) <= most and all(type(each) is list and fits(each) for each in value)


def _sorted(lines: list[list[Any]]) -> bool:
    """Whether the lines stand in the order of their names, none of them twice."""
    return all(one[0] < other[0] for one, other in pairwise(lines))


def _is_tally(value: object) -> bool:
    if type(value) is not list or len(value) > len(Tally._fields):
        return False
    return all(
        is_int(each, -_COUNT if name == "left" else 0, _COUNT) for name, each in zip(Tally._fields, value, strict=False)
    )


def _is_place_line(each: list[Any]) -> bool:
    if len(each) != 4 or not is_place(each[0]) or not is_int(each[1], 0, 2):
        return False
    return is_int(each[2], -1, bulletins.MOST_PLACES) and _is_tally(each[3])


def _is_department(each: list[Any]) -> bool:
    return len(each) == 2 and plain(each[0], 1, bulletins.NAME_MAX) and _is_tally(each[1])


def _is_item_line(each: list[Any]) -> bool:
    if len(each) != 3 or not plain(each[0], 1, 32):
        return False
    return is_int(each[1], 0, bulletins.MOST_DEPARTMENTS) and _is_tally(each[2])


def _is_deduction(each: list[Any]) -> bool:
    if len(each) != 6 or not is_int(each[0], 0, len(RULES) - 1) or not is_place(each[1]) or not is_place(each[3]):
        return False
    if not is_int(each[2], -1, bulletins.MOST_DEPARTMENTS) or type(each[4]) is not bytes or len(each[4]) != _CASE_ID:
        return False
    return is_int(each[5], 0, 10**6)


def _is_service(each: list[Any]) -> bool:
    return len(each) == 3 and is_place(each[0]) and plain(each[1], 1, 32) and is_int(each[2], 1, _COUNT)
