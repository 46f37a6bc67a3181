"""A whole county comes back at once: `crowd`, 29 townships and 320 villages with a week of cases each, in one minute.

The county serves in a process of its own, so does each township; the villages share one. Nobody is told when to
exchange: each place is only let back at a moment of its own, drawn from a fixed seed, and its uplink does the rest. A
township that is not back yet is not there for its villages either: what they call then is refused by the machine.
"""

import queue
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from statistics import median, quantiles
from typing import Final, NamedTuple

import flask
import requests

from center_node.demo.network import free_ports
from tests.benchmarks import casework
from tests.benchmarks.documents import documents
from tests.benchmarks.network import Network, found, furnish
from tests.benchmarks.postgresql import cluster
from tests.benchmarks.processes import Worker, made, together, up
from tests.benchmarks.report import Figure, Spent, publish, say
from tests.benchmarks.running import NeverSettled, settings
from tests.benchmarks.senders import Sender, connected
from village_node.app import Node
from village_node.store import Store
from village_node.uplink import Ancestor

CASES: Final = 9_600
VILLAGES: Final = 320
TOWNSHIPS: Final = 29
WITHIN_S: Final = 60.0
BAR_S: Final = 120.0
PAGE_BAR_MS: Final = 800

LIGHT_OF: Final = 10  # every tenth village has a single case to bring
_CHILDREN_MAX: Final = 64  # threads for waiting children, as a township gets them unless told otherwise
_SEED: Final = 320
_AFTER_S: Final = 660.0  # after the last one is back: one longest back-off, and a minute to say everything
_LOOK_EVERY_S: Final = 0.05
_HEAD_START_S: Final = 0.5  # for all processes to hear when it begins
_PAGES: Final = ("/sign-in", "/query")
_ASK_EVERY_S: Final = 0.25
_ASKED_AT_ONCE: Final = 8
_PAGE_DEADLINE_S: Final = 60.0
_TOO_MANY: Final = 429

_HELD = "SELECT coalesce(sum(body_seq), 0) FROM streams WHERE NOT own"
_HEADS = "SELECT incarnation, scope, body_seq, body_hash FROM streams WHERE head_seq > 0"
_FOLDED = "SELECT count(*), count(DISTINCT case_no), min(n_events), max(n_events) FROM cases"


@dataclass(frozen=True, slots=True)
class Moments:
    """When it begins, on the clock of all processes; and after how many seconds each place is back."""

    begin_at: float
    townships: tuple[float, ...]
    villages: tuple[float, ...]

    @property
    def deadline_s(self) -> float:
        """After so many seconds everything is over, or failed."""
        return max(*self.townships, *self.villages) + _AFTER_S

    def now_s(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self.begin_at


@dataclass(slots=True)
class Station:
    """The county or a township in this process: it serves once it is back, and notes how its door answers."""

    node: Node
    stack: ExitStack
    statuses: list[int] = field(default_factory=list)

    def note(self, response: flask.Response) -> flask.Response:
        """Note an answer to another node."""
        if flask.request.path.startswith("/sync/"):
            self.statuses.append(response.status_code)
        return response


@contextmanager
def standing_by(level: str, data: Path) -> Iterator[Station]:
    """A node that is there, and out of everybody's reach until it comes back."""
    with closing(made(level, data)) as node, ExitStack() as stack:
        station = Station(node, stack)
        node.web.after_request(station.note)
        yield station


def come_back(station: Station, at: float) -> None:
    """Serve from that moment on."""
    time.sleep(max(at - time.monotonic(), 0.0))
    station.stack.enter_context(up(station.node))


class Answered(NamedTuple):
    """How often a door was knocked at, and how often somebody was sent away since too many came at once."""

    exchanges: int
    refused: int


def answered(station: Station) -> Answered:
    """How the door of this station has answered so far."""
    return Answered(len(station.statuses), station.statuses.count(_TOO_MANY))


def events_held(station: Station) -> int:
    """The events of others that this station holds whole."""
    with station.node.store.reading() as connection:
        return int(connection.exec_driver_sql(_HELD).scalar_one())


def heads_held(station: Station) -> set[tuple[bytes, str, int, bytes]]:
    """How far this station holds each stream, and the hash of all that it holds of it."""
    return _heads(station.node.store)


def folded(station: Station) -> tuple[int, ...]:
    """Cases, case numbers, the least and the most events of a case."""
    with station.node.store.reading() as connection:
        return tuple(connection.exec_driver_sql(_FOLDED).one())


def sound(station: Station) -> bool:
    """Whether every event held there counts, and nothing was refused or parked."""
    return casework.sound(station.node.casebook)


def _heads(store: Store) -> set[tuple[bytes, str, int, bytes]]:
    with store.reading() as connection:
        return {(row[0], row[1], row[2], row[3]) for row in connection.exec_driver_sql(_HEADS)}


@contextmanager
def away(folder: Path, villages: int, doors: Sequence[Ancestor]) -> Iterator[list[Sender]]:
    """The villages of the network in this folder, none of them in touch with its township yet."""
    with connected(found(folder, villages, len(doors)), doors) as senders:
        yield senders


class Return(NamedTuple):
    """After how many seconds a village first held something from above again, and the county's receipts for all."""

    heard_s: float
    settled_s: float


def is_light(number: int) -> bool:
    """Whether this village has only a single case to bring."""
    return number % LIGHT_OF == 0


def file_week(villages: list[Sender], cases: int) -> int:
    """File what came in while the line was down: one case at each light village, an equal share of the others at the
    rest. Events written."""
    light = [village for number, village in enumerate(villages) if is_light(number)]
    heavy = [village for number, village in enumerate(villages) if not is_light(number)]
    filed = list(documents(cases))
    for number, village in enumerate(light):
        casework.file_all(village.casebook, filed[number : number + 1])
    for number, village in enumerate(heavy):
        casework.file_all(village.casebook, filed[len(light) + number :: len(heavy)])
    return sum(head[2] for village in villages for head in _heads(village.casebook.store))


def return_all(villages: list[Sender], moments: Moments) -> list[Return]:
    """Let each village back in its moment, and wait until each holds the county's receipts. Raises NeverSettled."""
    news: queue.SimpleQueue[tuple[int, float]] = queue.SimpleQueue()

    def note(number: int, _scopes: set[str]) -> None:
        news.put((number, moments.now_s()))

    for number, village in enumerate(villages):
        village.casebook.on_news(partial(note, number))
    coming = sorted(range(len(villages)), key=lambda number: moments.villages[number], reverse=True)
    heard: dict[int, float] = {}
    settled: dict[int, float] = {}
    while len(settled) < len(villages):
        now = moments.now_s()
        if now > moments.deadline_s:
            waiting = [each.seat.identity.place for number, each in enumerate(villages) if number not in settled]
            raise NeverSettled(
                f"{len(waiting)} villages without the county's receipts at last, {waiting[0]} among them"
            )
        while coming and moments.villages[coming[-1]] <= now:
            villages[coming.pop()].uplink.start()
        patience = min(moments.villages[coming[-1]] - now, _LOOK_EVERY_S) if coming else _LOOK_EVERY_S
        try:
            number, at = news.get(timeout=patience)
        except queue.Empty:
            continue
        heard.setdefault(number, at)
        if number not in settled and villages[number].casebook.sync_state()["not_at_county"]["events"] == 0:
            settled[number] = moments.now_s()  # not earlier than it was seen: news may have queued up here
    return [Return(heard[number], settled[number]) for number in range(len(villages))]


def heads_written(villages: list[Sender]) -> set[tuple[bytes, str, int, bytes]]:
    """How far the villages wrote, each its own."""
    return {head for village in villages for head in _heads(village.casebook.store)}


def unsound(villages: list[Sender]) -> list[str]:
    """The villages at which something does not count, or of which something was refused or parked."""
    return [each.seat.identity.place for each in villages if not casework.sound(each.casebook)]


class Visitors:
    """People who ask the county for a page, one every quarter of a second, whether the one before has it or not."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._took: list[Future[float]] = []
        self._gone = threading.Event()
        self._thread = threading.Thread(target=self._ask, name="visitors")

    def __enter__(self) -> "Visitors":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._gone.set()
        self._thread.join()

    def took_ms(self) -> list[float]:
        """How long each waited. Raises what went wrong with any of them."""
        return [each.result() * 1000 for each in self._took]

    def _ask(self) -> None:
        with ThreadPoolExecutor(_ASKED_AT_ONCE) as pool:
            due = time.monotonic()
            while True:
                self._took.append(pool.submit(self._visit, _PAGES[len(self._took) % len(_PAGES)], due))
                due += _ASK_EVERY_S
                if self._gone.wait(max(due - time.monotonic(), 0.0)):
                    return

    def _visit(self, page: str, due: float) -> float:
        requests.get(self._url + page, timeout=_PAGE_DEADLINE_S).raise_for_status()
        return time.monotonic() - due  # what it waited for its turn here is waiting too


@dataclass(frozen=True, slots=True)
class Crowd:
    """All processes of the network."""

    network: Network
    county: Worker
    townships: list[Worker]
    villages: Worker
    url: str

    def cpu_s(self) -> float:
        """Seconds of CPU that all nodes have used."""
        return sum(each.cpu_s() for each in (self.county, *self.townships, self.villages))

    def until_held(self, events: int, moments: Moments) -> float:
        """After how many seconds the county holds so many events. Raises NeverSettled."""
        while (held := self.county.do(events_held)) < events:
            if moments.now_s() > moments.deadline_s:
                raise NeverSettled(f"the county holds {held} of {events} events at last")
            time.sleep(_LOOK_EVERY_S)
        return moments.now_s()

    def refuse_unsound(self, cases: int) -> None:
        """Raise AssertionError unless every case is held at the county, once, as it was written, and all is sound."""
        if not all(each.do(sound) for each in (self.county, *self.townships)):
            raise AssertionError("something was refused, parked or does not count at the county or a township")
        if wrong := self.villages.do(unsound):
            raise AssertionError(f"something was refused, parked or does not count at {', '.join(wrong)}")
        if (there := self.county.do(folded)) != (cases, cases, *[casework.EVENTS_OF_A_FILING] * 2):
            raise AssertionError(
                f"the county folded {there}, not {cases} cases of {casework.EVENTS_OF_A_FILING} events"
            )
        if self.county.do(heads_held) != self.villages.do(heads_written):
            raise AssertionError("the county holds other streams than the villages wrote")


@contextmanager
def gathered(villages: int, townships: int, database: str = "") -> Iterator[Crowd]:
    """Every process of the network; the county serves, everybody else is away."""
    with tempfile.TemporaryDirectory(prefix="sanji-bench-") as name:
        folder = Path(name)
        network = found(folder, villages, townships)
        ports = free_ports(2 * (1 + townships))
        doors = [_door(ports[first : first + 2]) for first in range(0, len(ports), 2)]
        _furnish(network, ports, doors[0], database)
        county = Worker(standing_by, "county", network.county.data)
        stations = [Worker(standing_by, "township", seat.data) for seat in network.townships]
        leaves = Worker(away, folder, villages, doors[1:])
        with together([county, *stations, leaves]):
            county.do(come_back, 0.0)
            yield Crowd(network, county, stations, leaves, doors[0].url)


def _door(ports: Sequence[int]) -> Ancestor:
    url, wait_url = (f"http://127.0.0.1:{port}" for port in ports)
    return Ancestor(url, wait_url)


def _furnish(network: Network, ports: Sequence[int], county_door: Ancestor, database: str) -> None:
    furnish(network.county, settings(network.county, ports[:2], None, _CHILDREN_MAX, database))
    for number, seat in enumerate(network.townships, start=1):
        furnish(seat, settings(seat, ports[2 * number : 2 * number + 2], county_door, _CHILDREN_MAX))


def crowd(
    cases: int = CASES,
    villages: int = VILLAGES,
    townships: int = TOWNSHIPS,
    within_s: float = WITHIN_S,
    *,
    on_postgresql: bool = False,
) -> None:
    """Seconds from the first return until the county holds every event; beside it who waited how long for what."""
    say(f"crowd: {villages} villages and {townships} townships come back within {within_s:g} s with {cases} cases ...")
    random = Random(_SEED)
    back = [tuple(random.uniform(0.0, within_s) for _ in range(count)) for count in (townships, villages)]
    with cluster() if on_postgresql else nullcontext("") as database, gathered(villages, townships, database) as all_of:
        events = all_of.villages.do(file_week, cases)
        cpu, before_mb = all_of.cpu_s(), all_of.county.memory_mb()
        with Visitors(all_of.url) as visitors:
            moments = Moments(time.monotonic() + _HEAD_START_S, *back)
            all_of.villages.start(return_all, moments)
            for station, after in zip(all_of.townships, moments.townships, strict=True):
                station.start(come_back, moments.begin_at + after)
            held_s = all_of.until_held(events, moments)
            returns: list[Return] = all_of.villages.finish()
            for station in all_of.townships:
                station.finish()
        first = min(*moments.townships, *moments.villages)
        settled_s = max(each.settled_s for each in returns) - first
        spent = Spent(settled_s, all_of.cpu_s() - cpu)
        all_of.refuse_unsound(cases)
        stations = tuple(_at_the_doors(all_of))
    pages = visitors.took_ms()
    publish(
        Figure(
            "crowd",
            held_s - first,
            "s",
            cases,
            spent,
            most=BAR_S,
            more=(
                ("county", "postgresql" if on_postgresql else "sqlite"),
                ("villages", villages),
                ("townships", townships),
                ("back_within_s", within_s),
                ("events", events),
                ("last_receipts_s", settled_s),
                *_waits(all_of.network, moments, returns),
                ("county_mb_before", before_mb),
                *stations,
                ("pages", len(pages)),
                ("page_p95_ms", _percentile(pages, 95)),
                ("page_p99_ms", _percentile(pages, 99)),
                ("page_p99_bar_ms", PAGE_BAR_MS),
            ),
        )
    )


def _at_the_doors(all_of: Crowd) -> Iterator[tuple[str, float]]:
    """How many came to the county and to the townships, how many were sent away, and what memory that took at most."""
    doors = {"county": [all_of.county], "townships": all_of.townships}
    told = {name: [each.do(answered) for each in stations] for name, stations in doors.items()}
    yield from ((f"exchanges_at_{name}", sum(each.exchanges for each in answers)) for name, answers in told.items())
    yield from ((f"refused_at_{name}", sum(each.refused for each in answers)) for name, answers in told.items())
    yield "county_mb_after", all_of.county.memory_mb()
    yield "county_peak_mb", all_of.county.peak_memory_mb()
    yield "township_peak_mb", max(each.peak_memory_mb() for each in all_of.townships)


def _waits(network: Network, moments: Moments, returns: Sequence[Return]) -> Iterator[tuple[str, float]]:
    """How long the villages were not heard though they and their township were back: what the back-off costs. And, from
    then on, how long light and heavy ones waited for the last receipt of the county: what the crowd costs."""
    back_of = {seat.identity.incarnation: at for seat, at in zip(network.townships, moments.townships, strict=True)}
    above = [back_of[seat.identity.parent or b""] for seat in network.villages]
    unheard = [each.heard_s - max(pair) for each, *pair in zip(returns, moments.villages, above, strict=True)]
    yield from (("unheard_s", median(unheard)), ("unheard_p95_s", _percentile(unheard, 95)))
    yield "unheard_worst_s", max(unheard)
    for name, wanted in (("light", True), ("heavy", False)):
        waits = [each.settled_s - each.heard_s for number, each in enumerate(returns) if is_light(number) is wanted]
        yield from ((f"{name}_wait_s", median(waits)), (f"{name}_wait_p95_s", _percentile(waits, 95)))
        yield f"{name}_wait_worst_s", max(waits)


def _percentile(values: Sequence[float], percent: int) -> float:
    return quantiles(values, n=100, method="inclusive")[percent - 1] if len(values) > 1 else values[0]
