"""An item version as the county publishes it: one event of kind 66, and which of several under one number counts.

A published version never changes: a new one has a new number, and a case goes on under the one it names. All here is a
function of the events held: no clock, no order of arrival.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any, Final, NamedTuple

from sync_protocol import encoding, limits
from sync_protocol.case import fees, forms
from sync_protocol.case.bodies import is_date, is_int, plain
from sync_protocol.case.catalogue import (
    APPLICANTS,
    CASE_KINDS,
    DAYS_ARE,
    DECIDE_LEVELS,
    LEVELS,
    PUBLICITY_UNITS,
    VILLAGE_MODES,
    Catalogue,
    Item,
    Rate,
)
from sync_protocol.case.forms import Paper, Question, Rule
from sync_protocol.case.publications import Publication, age, body_of
from sync_protocol.case.themes import DEPARTMENT_MAX, MOST_PARTIES, Party

VERSION: Final = 1
REASON_MAX: Final = 200
NOTE_MAX: Final = 400
GUIDE_MAX: Final = 1_000
MOST_FEN: Final = 10**12
MOST_DAYS: Final = 999
MOST_MEMBERS: Final = 16
NONE: Final = -1  # of a number of days that an item does not have


class Edition(NamedTuple):
    """One published version of an item, and why it was published."""

    item: Item
    reason: str


def _texts(value: object, low: int, most: int, longest: int) -> bool:
    """Whether this is an array of texts, no text twice."""
    if type(value) is not list or not low <= len(value) <= most:
        return False
    return all(plain(each, 1, longest) for each in value) and len(set(value)) == len(value)


def _rows(value: object, most: int, fits: Callable[[list[Any]], bool], width: int) -> bool:
    """Whether this is an array of rows of one width that all fit."""
    if type(value) is not list or len(value) > most:
        return False
    return all(type(row) is list and len(row) == width and fits(row) for row in value)


def _are_levels(value: object) -> bool:
    if type(value) is not list or len(value) not in (4, 5):
        return False
    accept, review, decide, deliver, *who = value
    some = all(_texts(each, 1, len(LEVELS), 20) and set(each) <= set(LEVELS) for each in (accept, deliver))
    known = all(_texts(each, 1, len(APPLICANTS), 20) and set(each) <= set(APPLICANTS) for each in who)
    return some and known and review in ("", *LEVELS) and decide in DECIDE_LEVELS


def _are_days(value: object) -> bool:
    if type(value) is not list or len(value) != 6:
        return False
    return all(is_int(each, 0 if place < 2 else NONE, MOST_DAYS) for place, each in enumerate(value))


def _is_publicity(value: object) -> bool:
    if type(value) is not list or len(value) != 3:
        return False
    return is_int(value[0], 0, MOST_DAYS) and value[1] in PUBLICITY_UNITS and type(value[2]) is bool


def _is_paper(row: list[Any]) -> bool:
    name, copies, original, condition, tolerable, source, trust = row
    said = plain(name, 1, 100) and is_int(copies, 0, 99) and plain(condition, 0, 200)
    return said and type(original) is type(tolerable) is bool and source in forms.SOURCES and trust in forms.TRUST


def _is_question(row: list[Any]) -> bool:
    name, zh, en, kind, required, choices, hint = row
    said = forms.is_name(name) and plain(zh, 1, 60) and plain(en, 1, 100) and plain(hint, 0, 200)
    known = isinstance(kind, str) and kind in forms.KINDS
    chosen = _texts(choices, 0, 32, 60) and bool(choices) == (kind == "choice")
    return said and known and type(required) is bool and chosen


def _is_rule(row: list[Any]) -> bool:
    sides = all(_texts(side, 1, forms.MOST_NAMES, 30) and all(map(forms.is_name, side)) for side in row[:2])
    return sides and plain(row[2], 1, 200) and plain(row[3], 1, 200)


def _is_fee(value: object) -> bool:
    if type(value) is not list or len(value) not in (2, 3) or not plain(value[0], 1, 100):
        return False
    if len(value) == 3 and not fees.is_value(value[2]):
        return False

    def fits(row: list[Any]) -> bool:
        return plain(row[0], 1, 60) and is_int(row[1], 0, MOST_FEN) and plain(row[2], 1, 30)

    return _rows(value[1], 32, fits, 3)


def _are_members(value: object) -> bool:
    """Whether these are the items of a theme; with their versions, and who takes part, they are told together."""
    if type(value) is not list:
        return False
    if not any(type(each) is list for each in value):
        return _texts(value, 0, MOST_MEMBERS, 32)

    def is_member(row: list[Any]) -> bool:
        return plain(row[0], 1, 32) and is_int(row[1], 1, 65_535)

    def is_party(row: list[Any]) -> bool:
        return plain(row[0], 1, DEPARTMENT_MAX) and is_int(row[1], 1, MOST_DAYS)

    if len(value) != 2 or not _rows(value[0], MOST_MEMBERS, is_member, 2):
        return False
    known = [each for part in value for each in part] if _rows(value[1], MOST_PARTIES, is_party, 2) else []
    named = [{row[0] for row in part} for part in value] if known else []
    return bool(known) and all(len(names) == len(part) for names, part in zip(named, value, strict=True))


def _is_reason(value: object) -> bool:
    return type(value) is list and len(value) == 2 and plain(value[0], 1, REASON_MAX) and plain(value[1], 0, NOTE_MAX)


# Number, name, whether a value fits; every field but 20 must be there.
FIELDS: Final[tuple[tuple[int, str, Callable[[Any], bool]], ...]] = (
    (0, "item_no", lambda value: plain(value, 1, 32)),
    (1, "version", lambda value: is_int(value, 1, 65_535)),
    (2, "name", lambda value: plain(value, 1, 100)),
    (3, "name_en", lambda value: plain(value, 1, 100)),
    (4, "department", lambda value: plain(value, 1, 30)),
    (5, "kind", lambda value: value in CASE_KINDS),
    (6, "village_mode", lambda value: value in VILLAGE_MODES),
    (7, "levels", _are_levels),
    (8, "days", _are_days),
    (9, "publicity", _is_publicity),
    (10, "special_procedures", lambda value: _texts(value, 0, 16, 40)),
    (11, "papers", lambda value: _rows(value, forms.MOST_PAPERS, _is_paper, 7)),
    (12, "form", lambda value: _rows(value, forms.MOST_QUESTIONS, _is_question, 7)),
    (13, "rules", lambda value: _rows(value, forms.MOST_RULES, _is_rule, 4)),
    (14, "fee", _is_fee),
    (15, "delegable", lambda value: _rows([value], 1, lambda row: type(row[0]) is bool and plain(row[1], 0, 80), 2)),
    (16, "commitment", lambda value: type(value) is bool),
    (17, "guide", lambda value: _rows(value, 16, lambda row: plain(row[0], 1, 30) and plain(row[1], 1, GUIDE_MAX), 2)),
    (18, "members", _are_members),
    (19, "begins", is_date),
    (20, "ends", lambda value: value is None or is_date(value)),
    (21, "in_force", lambda value: type(value) is bool),
    (22, "days_are", lambda value: value in DAYS_ARE),
    (23, "reason", _is_reason),
)


def to_bytes(said: Edition) -> bytes:
    """The body of the event. Raises ValueError naming the field that does not fit its form."""
    item = said.item
    days = (
        item.fallback_days,
        item.budget_village_days,
        item.budget_township_days,
        item.budget_county_days,
    )
    body: dict[int, Any] = {
        0: item.item_no,
        1: item.version,
        2: item.name,
        3: item.name_en,
        4: item.department,
        5: item.kind,
        6: item.village_mode,
        7: [list(item.accept_levels), item.review_level, item.decide_level, list(item.deliver_levels)],
        8: [item.statutory_days, item.promised_days, *(NONE if each is None else each for each in days)],
        9: [item.publicity_days, item.publicity_unit, item.publicity_excluded],
        10: list(item.special_procedures),
        11: [list(paper) for paper in item.papers],
        12: [[*row[:5], list(row.choices), row.hint] for row in item.form],
        13: [[list(row.least), list(row.most), row.zh, row.en] for row in item.rules],
        14: [item.fee, [list(rate) for rate in item.rates]],
        15: [item.delegable, item.delegable_basis],
        16: item.commitment,
        17: [list(part) for part in item.guide],
        18: list(item.members),
        19: item.begins.isoformat() if item.begins else "",
        21: item.in_force,
        22: item.days_are,
        23: [said.reason, item.note],
    }
    if item.ends is not None:
        body[20] = item.ends.isoformat()
    if item.applicants:
        body[7].append(list(item.applicants))
    if item.member_versions or item.parties:
        if len(item.members) != len(item.member_versions):
            raise ValueError("members")
        pinned = zip(item.members, item.member_versions, strict=True)
        body[18] = [[list(each) for each in pinned], [list(party) for party in item.parties]]
    if item.fee_rule is not None:
        body[14].append(fees.to_value(item.fee_rule))
    wrong = _first_wrong(body)
    if wrong is not None:
        raise ValueError(wrong)
    raw = encoding.encode(body)
    if len(raw) > limits.BODY_APART:
        raise ValueError("size")
    return raw


def from_bytes(raw: bytes) -> Edition | None:
    """What a body says; None where it does not fit its form, and then it says nothing."""
    body = body_of(raw, _first_wrong)
    if body is None:
        return None
    accept, review, decide, deliver, *who = body[7]
    statutory, promised, *others = body[8]
    fallback, village, township, county = (None if day == NONE else day for day in others)
    members, versions, parties = _members(body[18])
    item = Item(
        item_no=body[0],
        version=body[1],
        name=body[2],
        name_en=body[3],
        department=body[4],
        kind=body[5],
        village_mode=body[6],
        accept_levels=tuple(accept),
        review_level=review,
        decide_level=decide,
        deliver_levels=tuple(deliver),
        delegable=body[15][0],
        statutory_days=statutory,
        promised_days=promised,
        days_are=body[22],
        fallback_days=fallback,
        budget_village_days=village,
        budget_township_days=township,
        budget_county_days=county,
        papers=tuple(Paper(*row) for row in body[11]),
        special_procedures=tuple(body[10]),
        publicity_days=body[9][0],
        publicity_excluded=body[9][2],
        fee=body[14][0],
        in_force=body[21],
        note=body[23][1],
        form=tuple(_question(row) for row in body[12]),
        rules=tuple(Rule(tuple(row[0]), tuple(row[1]), *row[2:]) for row in body[13]),
        publicity_unit=body[9][1],
        delegable_basis=body[15][1],
        commitment=body[16],
        rates=tuple(Rate(*row) for row in body[14][1]),
        guide=tuple((key, text) for key, text in body[17]),
        members=members,
        begins=date.fromisoformat(body[19]),
        ends=date.fromisoformat(body[20]) if 20 in body else None,
        applicants=tuple(*who),
        member_versions=versions,
        parties=parties,
        fee_rule=fees.from_value(body[14][2]) if len(body[14]) == 3 else None,
    )
    return Edition(item, body[23][0])


def _members(value: list[Any]) -> tuple[tuple[str, ...], tuple[int, ...], tuple[Party, ...]]:
    """The items of a theme, their versions, and the departments that take part."""
    if not any(type(each) is list for each in value):
        return tuple(value), (), ()
    pinned, parties = value
    return tuple(row[0] for row in pinned), tuple(row[1] for row in pinned), tuple(Party(*row) for row in parties)


def _question(row: list[Any]) -> Question:
    name, zh, en, kind, required, choices, hint = row
    return Question(name, zh, en, kind, required, tuple(choices), hint)


def _first_wrong(body: Mapping[int, Any]) -> str | None:
    """The name of the first field that does not fit; None if all do."""
    for number, name, fits in FIELDS:
        value = body.get(number)
        if not fits(value):
            return name
    if 20 in body and (body[20] is None or body[20] < body[19]):
        return "ends"
    if any(len({row[place] for row in body[12]}) != len(body[12]) for place in (0, 1)):
        return "form"
    counted = {row[0] for row in body[12] if row[3] in ("amount", "number")}
    if any(not counted.issuperset([*row[0], *row[1]]) for row in body[13]):
        return "rules"
    if len(body[14]) == 3 and not fees.is_sound(fees.from_value(body[14][2]), map(_question, body[12])):
        return "fee_rule"
    return None


def counting(
    publications: Iterable[Publication[Edition]], starter: Catalogue
) -> dict[tuple[str, int], Publication[Edition]]:
    """Which publication counts under each number and version: of the highest place the first. One under a number and
    version of the starter catalogue does not count, for what a case names never changes."""
    found: dict[tuple[str, int], Publication[Edition]] = {}
    for each in sorted(publications, key=lambda one: (one.rank, age(one))):
        key = each.said.item.key
        if starter.find(*key) is None:
            found.setdefault(key, each)
    return found


def catalogue_of(publications: Iterable[Publication[Edition]], starter: Catalogue) -> Catalogue:
    """The catalogue of a node: what a network begins with, and all that was published."""
    found = counting(publications, starter)
    return Catalogue([*starter.items(), *(each.said.item for each in found.values())]) if found else starter
