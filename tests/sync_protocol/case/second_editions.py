"""A second reading of which publication counts of several: CASE.md alone, sections 12.1 and 13."""

from datetime import date
from functools import lru_cache

from tests.sync_protocol.case.second_bodies import CALENDAR, CATALOGUE, Body, read_calendar, read_item
from tests.sync_protocol.case.second_registers import Entry, day_of

DAY = 86_400_000
Way = list[tuple[str, str]]  # the places from the root down to a place, each with its level


def published(entries: list[Entry], kind: int, way: Way) -> list[tuple[int, Entry, Body]]:
    """What was published to a place, by the rank of who published it and then in the order."""
    ranks = {place: rank for rank, (place, level) in enumerate(way) if level == "county"}
    found = []
    for entry in entries:
        if entry.place not in ranks or entry.kind != kind or entry.kind_version != 1 or entry.critical:
            continue
        body = None if entry.body is None else _read(kind, entry.body)
        if body is not None:
            found.append((ranks[entry.place], entry, body))
    return sorted(found, key=lambda each: (each[0], each[1].rank))


@lru_cache(maxsize=64)  # every year of a calendar asks for them again
def _read(kind: int, raw: bytes) -> Body | None:
    return read_item(raw) if kind == CATALOGUE else read_calendar(raw)


def items(entries: list[Entry], way: Way, brought: frozenset[tuple[str, int]]) -> dict[tuple[str, int], Entry]:
    """Of each number and version the event that counts."""
    counting: dict[tuple[str, int], Entry] = {}
    for _, entry, body in published(entries, CATALOGUE, way):
        if (body[0], body[1]) not in brought:
            counting.setdefault((body[0], body[1]), entry)
    return counting


def offered(entries: list[Entry], way: Way, brought: frozenset[tuple[str, int]], number: str, clock: int) -> int | None:
    """The version of an item in force on the day of a clock, or None."""
    counting = items(entries, way, brought)
    bodies = {key: read_item(entry.body or b"") or {} for key, entry in counting.items() if key[0] == number}
    day = day_of(clock)
    slow = clock < max((entry.claimed for entry in counting.values()), default=clock) - DAY
    versions = {version for one, version in brought if one == number} | {
        version for (_, version), body in bodies.items() if slow or body[19] <= day.isoformat()
    }
    if not versions:
        return None
    newest = max(versions)
    body = bodies.get((number, newest), {})
    gone = not slow and 20 in body and body[20] < day.isoformat()
    return None if gone or body.get(21) is False else newest


def calendar(entries: list[Entry], way: Way, year: int) -> Entry | None:
    """The calendar in force for a year, or None."""
    standing: tuple[int, Entry, Body] | None = None
    for rank, entry, body in published(entries, CALENDAR, way):
        if body[0] != year or (standing is not None and rank > standing[0]):
            continue
        if 7 in body or standing is None or not rewrites(body, standing[2], day_of(entry.claimed)):
            standing = rank, entry, body
    return standing[1] if standing else None


def rewrites(body: Body, before: Body, claimed: date) -> bool:
    """Whether a calendar changes a day gone by."""
    changed = set(body[1]) ^ set(before[1]) | set(body[2]) ^ set(before[2])
    if body[0] != claimed.year:
        return body[0] < claimed.year and bool(changed)
    return any(number <= claimed.timetuple().tm_yday for number in changed)


def version(entries: list[Entry], way: Way) -> str:
    """The version of the calendar."""
    in_force = [(year, calendar(entries, way, year)) for year in range(1970, 2200)]
    return "·".join(f"{year}-{entry.position[2][:2].hex()}" for year, entry in in_force if entry is not None)
