"""Registers, publications and promises: what is stored stays so, and a second reading from the text finds the same."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_protocol.case import kinship
from tests.sync_protocol.case import drawn_bodies, register_vectors, second_bodies, second_editions, second_registers
from tests.sync_protocol.case.drawn_entries import BROUGHT, PLACE, WAY
from tests.sync_protocol.case.register_vectors import (
    BODIES,
    PERSONS,
    PUBLICATIONS,
    REGISTERS,
    asked_in,
    by_publications,
    by_register,
    drawn_publications,
    drawn_register,
    entry_in,
    fits,
    written,
)
from tests.sync_protocol.case.second_registers import Entry, Item, day_of

STORED = {path: json.loads(path.read_text("utf-8"))["cases"] for path in (BODIES, REGISTERS, PUBLICATIONS)}
SEEDS = st.integers(0, 2**32)


def registered(entries: list[Entry], level: str, moment: int, item: Item) -> dict[str, Any]:
    """The answers of the second reading."""
    register, day = second_registers.Register(entries, PLACE, level, moment), day_of(moment).isoformat()
    found: dict[str, Any] = {}
    for act, kind in (("decide", second_registers.DECIDE), ("issue", second_registers.ISSUE)):
        judged = [register.may(who, head, kind, item) for who, head in PERSONS]
        found[act] = [None if each is None else list(map(written, each)) for each in judged]
    signing = [register.may_countersign(who, item.department) for who, _ in PERSONS]
    found["countersign"] = [None if each is None else [each[0], *map(written, each[1])] for each in signing]
    for name, kind in (("docket", second_registers.DOCKET), ("issue_seal", second_registers.ISSUE)):
        found[name] = [
            second_registers.seal(entries, PLACE, who, kind, item.department, day) for who, _ in PERSONS[1:5]
        ]
    return {**found, "kin": [list(both) for both in second_registers.kin_of(entries, PLACE)]}


def published(entries: list[Entry], clock: int) -> dict[str, Any]:
    """The answers of the second reading."""
    counting = second_editions.items(entries, WAY, BROUGHT)
    numbers = sorted({number for number, _ in [*counting, *BROUGHT]})
    offers = {number: second_editions.offered(entries, WAY, BROUGHT, number, clock) for number in numbers}
    calendars = {year: second_editions.calendar(entries, WAY, year) for year in range(1970, 2200)}
    return {
        "counting": {f"{key[0]} {key[1]}": written(each.position) for key, each in sorted(counting.items())},
        "offered": {number: version for number, version in offers.items() if version is not None},
        "calendars": {str(year): written(each.position) for year, each in calendars.items() if each is not None},
        "version": second_editions.version(entries, WAY),
    }


@pytest.mark.parametrize("kind", drawn_bodies.KINDS)
def test_a_stored_body_fits_or_not_for_both(kind: int) -> None:
    rows = [(bytes.fromhex(row["body"]), row["fits"]) for row in STORED[BODIES] if row["kind"] == kind]
    assert {sound for _, sound in rows} == {True, False} and len(rows) > 20
    assert [fits(kind, raw) for raw, _ in rows] == [sound for _, sound in rows]
    assert [second_bodies.read(kind, raw) is not None for raw, _ in rows] == [sound for _, sound in rows]


@pytest.mark.parametrize("number", range(len(STORED[REGISTERS])))
def test_a_stored_register_empowers_the_same_people_for_both(number: int) -> None:
    row = STORED[REGISTERS][number]
    entries, asked = [entry_in(each) for each in row["entries"]], (row["level"], row["moment"], asked_in(row["item"]))
    assert by_register(entries, *asked) == row["expected"]
    assert registered(entries, *asked) == row["expected"]


@pytest.mark.parametrize("number", range(len(STORED[PUBLICATIONS])))
def test_of_stored_publications_the_same_count_for_both(number: int) -> None:
    row = STORED[PUBLICATIONS][number]
    entries = [entry_in(each) for each in row["entries"]]
    assert by_publications(entries, row["clock"]) == row["expected"]
    assert published(entries, row["clock"]) == row["expected"]


@pytest.mark.parametrize("path", STORED)
def test_the_files_are_small_and_hold_what_is_asked(path: Path) -> None:
    assert path.stat().st_size < 200_000
    expected = [row["expected"] for row in STORED[path] if "expected" in row]
    if path == REGISTERS:
        relied = [each for row in expected for act in ("decide", "issue") for each in row[act]]
        assert {len(each) for each in relied if each is not None} == {0, 1, 2} and None in relied
        assert {type(each) for row in expected for each in row["issue_seal"]} == {str, type(None)}
    if path == PUBLICATIONS:
        assert any("·" in row["version"] for row in expected)


@given(SEEDS, st.sampled_from(drawn_bodies.KINDS))
def test_both_find_the_same_bodies_malformed(seed: int, kind: int) -> None:
    chance = random.Random(seed)
    assert fits(kind, drawn_bodies.drawn(chance, kind))
    for _ in range(4):
        how, raw = drawn_bodies.damaged(chance, kind)
        assert fits(kind, raw) == (second_bodies.read(kind, raw) is not None), (how, raw.hex())


@given(SEEDS)
def test_both_find_the_same_power_in_a_register(seed: int) -> None:
    drawn = drawn_register(seed)
    assert by_register(*drawn) == registered(*drawn)


@given(SEEDS)
def test_both_find_the_same_publications_in_force(seed: int) -> None:
    drawn = drawn_publications(seed)
    assert by_publications(*drawn) == published(*drawn)


def test_both_let_a_relative_do_the_same_and_read_the_same_kinds() -> None:
    assert second_registers.HANDS_OVER == kinship.PAPERS_ONLY
    assert {*drawn_bodies.KINDS} == {*second_bodies.TABLES, second_bodies.CATALOGUE, second_bodies.CALENDAR}
    assert register_vectors.MOST.keys() == STORED.keys()
