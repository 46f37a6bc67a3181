"""The places of a benchmark: a county, its townships, their villages; their keys, their roster, their data directories.

Keys and incarnations come from fixed seeds, so that two runs differ in nothing but the machine's mood.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from sync_protocol import roster as rosters
from sync_protocol.roster import Change, Op, Roster
from sync_protocol.suites import SigningKey
from village_node import app, config, identity
from village_node.casebook import Casebook
from village_node.identity import Identity
from village_node.store import open_store
from village_node.witness import WITNESS_FILE

COUNTY: Final = "621021000000"
TOWNSHIP_CODES: Final = 621021101  # the first, without the three digits of the village


@dataclass(frozen=True, slots=True)
class Seat:
    """One node before it runs: who it is, the roster changes it starts from, and where its data lie."""

    identity: Identity
    changes: tuple[Change, ...]
    data: Path

    @property
    def scope(self) -> str:
        """The scope of the cases filed here."""
        return f"about:{self.identity.place}"


@dataclass(frozen=True, slots=True)
class Network:
    """The seats of all three levels."""

    county: Seat
    townships: tuple[Seat, ...]
    villages: tuple[Seat, ...]

    @property
    def township(self) -> Seat:
        """The first one, which most benchmarks have alone."""
        return self.townships[0]


def found(folder: Path, villages: int, townships: int = 1) -> Network:
    """A network of one county, so many townships, and so many villages shared out among them, each node with the roster
    of its own line. Nothing is written yet."""
    root, publisher = _key("root"), _key("publisher")
    first = rosters.found(root, publisher, COUNTY, "庆城县", 0)
    network_id = Roster().apply(first).network_id
    county = _member("county", COUNTY, "庆城县", network_id, None)
    stations = [
        _member("township", f"{TOWNSHIP_CODES + number}000", _township_name(number), network_id, county.incarnation)
        for number in range(townships)
    ]
    under = [
        [
            _member("village", f"{station.place[:9]}{code}", f"{code}村", network_id, station.incarnation)
            for code in range(201, 201 + villages // townships + (number < villages % townships))
        ]
        for number, station in enumerate(stations)
    ]
    roster = Roster().apply(first)
    for part, signer, ops in (
        (COUNTY, publisher, [_node(county)]),
        (COUNTY, publisher, [op for station in stations for op in _admitted(station, COUNTY)]),
        *(
            (station.place, station.key, [op for member in members for op in _admitted(member, station.place)])
            for station, members in zip(stations, under, strict=True)
        ),
    ):
        roster = roster.apply(rosters.publish(roster, part, ops, [signer], 0))

    def seat(member: Identity) -> Seat:
        changes = tuple(change for part in roster.parts_for(member.place) for change in roster.changes(part))
        return Seat(member, changes, folder / member.place)

    return Network(
        seat(county),
        tuple(seat(station) for station in stations),
        tuple(seat(member) for members in under for member in members),
    )


@contextmanager
def opened(seat: Seat, database: str = "", *, furnished: bool = False) -> Iterator[Casebook]:
    """The casebook of a seat in this process, on SQLite in its data directory unless another database is named, which
    has no witness file unless it is the one that the seat is furnished with."""
    seat.data.mkdir(mode=0o700, exist_ok=True)
    store = open_store(database or f"sqlite:///{seat.data / 'node.db'}")
    try:
        fresh = not (seat.data / WITNESS_FILE).exists()
        lives = app.lives_of(seat.data, fresh=fresh) if furnished or not database else None
        casebook = Casebook(store, seat.identity, app.wall_clock, identity.random_bytes, app.starter_catalogue(), lives)
        casebook.apply_roster(seat.changes)
        yield casebook
    finally:
        store.close()


def furnish(seat: Seat, settings: config.Config) -> None:
    """Write a seat's data directory as `init` and `enrol` would, so that a process can serve it."""
    with opened(seat, settings.database_url, furnished=True):
        pass
    identity.write_secret(seat.data / identity.KEY_FILE, _seed(seat.identity.place))
    identity.save(seat.data, seat.identity)
    config.write(settings)


def _seed(name: str) -> bytes:
    return sha256(f"benchmark key of {name}".encode()).digest()


def _key(name: str) -> SigningKey:
    return SigningKey.from_seed(identity.SUITE, _seed(name))


def _member(level: str, place: str, name: str, network_id: bytes, parent: bytes | None) -> Identity:
    incarnation = sha256(f"benchmark incarnation of {place}".encode()).digest()[:16]
    return Identity(place, level, name, incarnation, _key(place), network_id, parent)


def _township_name(number: int) -> str:
    return f"第{number}镇" if number else "驿马镇"


def _node(member: Identity) -> Op:
    return _admitted(member, COUNTY)[-1]


def _admitted(member: Identity, parent: str) -> Sequence[Op]:
    """The place and its node, as a parent names them in its part."""
    request = rosters.read_request(app.enrol_request(member))
    node: Op = [rosters.NODE, member.incarnation, member.place, request.suite, request.public, request.proof]
    return [rosters.place_op(member.place, member.level, parent, member.name), node]
