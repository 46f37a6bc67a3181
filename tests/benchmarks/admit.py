"""What a node takes in: `admit_sqlite`, `admit_postgres`, and `growth`, the same with more and more cases stored.

The events come from a township that got them from twenty villages, where people recorded them one by one. Each message
is unpacked, every segment checked, every case folded, rows and verdicts written, receipts signed, all of it committed.
"""

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from sync_protocol.event import Event
from sync_protocol.exchange import read_content
from sync_protocol.stream import stream_id
from sync_protocol.wire import rebuild, unpack_body
from tests.benchmarks import casework
from tests.benchmarks.documents import documents
from tests.benchmarks.frames import frames, stock, take
from tests.benchmarks.network import Network, Seat, found, opened
from tests.benchmarks.postgresql import NoPostgresql, cluster
from tests.benchmarks.references import VALID_ROWS_PER_S, Row, disk_sync_ms, ed25519_per_s, sqlite_rows_per_s
from tests.benchmarks.report import Figure, measured, publish, say
from village_node.casebook import Casebook

CASES: Final = 1_600
VILLAGES: Final = 20
STOCK_VILLAGES: Final = 20
SIZES: Final = (1_000, 10_000, 100_000)
BAR_SQLITE: Final = 8_000
BAR_SQLITE_RATIO: Final = 0.08
BAR_POSTGRESQL: Final = 5_000


@dataclass(frozen=True, slots=True)
class Casework:
    """Messages to a county from its township, in as many groups as figures need, and the bytes of their events."""

    groups: tuple[tuple[bytes, ...], ...]
    rows: tuple[Row, ...]

    @property
    def messages(self) -> list[bytes]:
        """Those of all groups."""
        return [message for group in self.groups for message in group]


def network_of(folder: Path) -> Network:
    """The network all of these come from: villages with casework, and as many again whose cases are there already."""
    return found(folder, VILLAGES + STOCK_VILLAGES)


@cache
def mixed(cases: int, groups: int) -> Casework:
    """The mix, recorded at the villages, taken in by the township, and packed there for the county."""
    say(f"recording {cases} cases of {casework.EVENTS_OF_A_MIX} events at {VILLAGES} villages ...")
    packed = []
    rows: list[Row] = []
    dealt = list(documents(cases))
    with tempfile.TemporaryDirectory(prefix="sanji-bench-") as folder:
        network = network_of(Path(folder))
        for group in range(groups):
            members = network.villages[group:VILLAGES:groups]
            with opened(network.township, f"sqlite:///{folder}/township-{group}.db") as township:
                for number, seat in enumerate(members):
                    with opened(seat) as village:
                        casework.mix(village, dealt[group + number * groups :: VILLAGES])
                        for body in frames(village, seat.identity.place):
                            take(township, seat, body)
                packed.append(tuple(frames(township, network.township.identity.place)))
        for message in (message for group in packed for message in group):
            rows += rows_of(message, network.county)
    return Casework(tuple(packed), tuple(rows))


def rows_of(message: bytes, anybody: Seat) -> list[Row]:
    """The same bytes as plain rows, for the reference: stream number, seq, hash, header with salt and body."""
    content = read_content(unpack_body(message), reply=False)
    network_id = anybody.identity.network_id
    assert network_id is not None
    rows: list[Row] = []
    heads: dict[tuple[bytes, str], bytes] = {}
    for segment in content.segments:
        key = (segment.incarnation, segment.scope)
        identifier = stream_id(network_id, *key, 1)
        events = rebuild(segment, identifier, heads.get(key, identifier))
        heads[key] = events[-1].hash
        number = int.from_bytes(identifier[:3], "big")
        rows += [(number, event.header.seq, event.hash, _bytes_of(event)) for event in events]
    return rows


def _bytes_of(event: Event) -> bytes:
    return event.header_bytes + (event.salt or b"") + (event.body or b"")


def admit_sqlite(cases: int = CASES, groups: int = len(SIZES)) -> None:
    """Events a second admitted, folded and shown as rows at the county, one thread, SQLite."""
    recorded = mixed(cases, groups)
    with tempfile.TemporaryDirectory(prefix="sanji-bench-") as folder:
        reference = sqlite_rows_per_s(recorded.rows, Path(folder))
        _, verified_per_s = ed25519_per_s()
        network = network_of(Path(folder))
        with opened(network.county) as county:
            figure = _admit("admit_sqlite", county, network.township, recorded, BAR_SQLITE)
        more = (
            ("reference_of", "raw SQLite rows/s"),
            ("reference_valid", reference >= VALID_ROWS_PER_S),
            ("ratio_bar", BAR_SQLITE_RATIO),
            ("ratio_reached", figure.value >= BAR_SQLITE_RATIO * reference),
            ("ed25519_verifications_per_s", verified_per_s),
            ("disk_sync_ms", disk_sync_ms(Path(folder))),
        )
    publish(figure.beside(reference, *more))


def admit_postgres(cases: int = CASES, groups: int = len(SIZES)) -> None:
    """The same at a county on PostgreSQL, one worker; the server's own CPU is not in `cpu_s`."""
    recorded = mixed(cases, groups)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sanji-bench-")))
        try:
            url = stack.enter_context(cluster())
        except NoPostgresql as problem:
            say(f"admit_postgres left out: {problem}")
            return
        reference = sqlite_rows_per_s(recorded.rows, folder)
        network = network_of(folder)
        county = stack.enter_context(opened(network.county, url))
        figure = _admit("admit_postgres", county, network.township, recorded, BAR_POSTGRESQL)
    publish(figure.beside(reference, ("reference_of", "raw SQLite rows/s")))


def _admit(bench: str, county: Casebook, township: Seat, recorded: Casework, least: float) -> Figure:
    say(f"{bench}: {len(recorded.rows)} events ...")
    with measured() as spent:
        stored = sum(take(county, township, message) for message in recorded.messages)
    _check(county, stored, len(recorded.rows))
    return Figure(bench, stored / spent.wall_s, "events/s", stored, spent, least=least)


def _check(county: Casebook, stored: int, wanted: int) -> None:
    if stored != wanted or not casework.sound(county):
        raise AssertionError(f"{stored} of {wanted} events stored; counts: {county.counts()}")


def growth(cases: int = CASES, sizes: Sequence[int] = SIZES) -> None:
    """Events a second admitted with 1,000, 10,000, 100,000 cases stored before; value: the last over the first."""
    recorded = mixed(cases, len(sizes))
    rates: list[float] = []
    cpu_us: list[float] = []
    with tempfile.TemporaryDirectory(prefix="sanji-bench-") as folder:
        network = network_of(Path(folder))
        old = iter(stock(network.villages[VILLAGES:], documents(sizes[-1], seed=1), sizes[-1]))
        with opened(network.county) as county, measured() as spent:
            held = 0
            for size, group in zip(sizes, recorded.groups, strict=True):
                say(f"growth: filling up to {size} cases ...")
                while held < size and (message := next(old, None)) is not None:
                    held += take(county, network.township, message) // casework.EVENTS_OF_A_FILING
                with measured() as admitted:
                    stored = sum(take(county, network.township, message) for message in group)
                rates.append(stored / admitted.wall_s)
                cpu_us.append(admitted.cpu_s * 1e6 / stored)
    more = (
        ("events_per_s", {str(size): round(rate) for size, rate in zip(sizes, rates, strict=True)}),
        ("cpu_us_per_event", {str(size): round(cpu, 1) for size, cpu in zip(sizes, cpu_us, strict=True)}),
    )
    publish(Figure("growth", rates[-1] / rates[0], "of the first rate", sizes[-1], spent, more=more))
