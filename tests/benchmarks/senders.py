"""The villages of a benchmark, all in one process: their casebooks, and their uplinks to the township."""

import shutil
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.benchmarks import casework
from tests.benchmarks.documents import Document, documents
from tests.benchmarks.network import Network, Seat, found, opened
from village_node import app, identity
from village_node.casebook import Casebook
from village_node.store import open_store
from village_node.uplink import Ancestor, Settings, Uplink

# Two villages in turn keep both cores busy; more only wait for one another at the township.
AT_ONCE: Final = 2
_STOPPED_AT_ONCE: Final = 32


@dataclass(frozen=True, slots=True)
class Sender:
    """One village."""

    seat: Seat
    casebook: Casebook
    uplink: Uplink


@contextmanager
def sending(folder: Path, villages: int, township_url: str, wait_url: str = "") -> Iterator[list[Sender]]:
    """All villages of the network in this folder, in touch with the township at this address."""
    network = found(folder, villages)
    with connected(network, [Ancestor(township_url, wait_url)]) as senders:
        yield senders


@contextmanager
def connected(network: Network, doors: Sequence[Ancestor]) -> Iterator[list[Sender]]:
    """All villages of a network, each in touch with its township; `doors`: of the townships, in their order."""
    door_of = {township.identity.incarnation: door for township, door in zip(network.townships, doors, strict=True)}
    with ExitStack() as stack:
        _lay_out(network.villages)
        senders = []
        for seat in network.villages:
            assert seat.identity.parent is not None, "every village lies under a township"
            settings = Settings(ancestors=(door_of[seat.identity.parent],))
            casebook = stack.enter_context(opened(seat))
            uplink = Uplink(casebook, seat.identity, settings, app.wall_clock, time.monotonic, identity.random_bytes)
            senders.append(Sender(seat, casebook, uplink))
        app.spare_the_collector()  # as a village's own process does
        try:
            yield senders
        finally:
            with ThreadPoolExecutor(_STOPPED_AT_ONCE) as pool:
                list(pool.map(lambda each: each.uplink.stop(), senders))


def _lay_out(seats: Sequence[Seat]) -> None:
    """Give each seat a database with its tables: made once and copied, since hundreds of migrations take minutes."""
    blank = seats[0].data.with_name("blank.db")
    open_store(f"sqlite:///{blank}").close()
    for seat in seats:
        seat.data.mkdir(mode=0o700, exist_ok=True)
        shutil.copyfile(blank, seat.data / "node.db")


def share(senders: Sequence[Sender], count: int, first: int = 0) -> list[list[Document]]:
    """Documents `first` to `first + count` of the sequence, dealt out to the villages in turn."""
    dealt = list(documents(first + count))[first:]
    return [dealt[number :: len(senders)] for number in range(len(senders))]


def file_bulk(senders: list[Sender], count: int, first: int = 0) -> None:
    """File so many documents in bulk, an equal share at each village."""
    for sender, filed in zip(senders, share(senders, count, first), strict=True):
        casework.file_all(sender.casebook, filed)


def file_mix(senders: list[Sender], count: int, first: int = 0) -> None:
    """Carry so many documents through the mix, an equal share at each village."""
    for sender, filed in zip(senders, share(senders, count, first), strict=True):
        casework.mix(sender.casebook, filed)


def push(senders: list[Sender]) -> None:
    """Exchange at every village, some at a time, until the township holds all that it has."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for sender, done in zip(senders, pool.map(lambda each: each.uplink.sync_now(), senders), strict=True):
            if not done["ok"]:
                raise RuntimeError(f"{sender.seat.identity.place}: {done['error']}")


def start_waiting(senders: list[Sender]) -> None:
    """From now on every village lives as it does in the field: nudged by its own news, woken by its waiting call."""
    for sender in senders:
        sender.uplink.start()


def events_held(senders: list[Sender]) -> int:
    """All events the villages have written; what the county has published meanwhile came down, and is none of them."""
    return sum(
        point.seq
        for sender in senders
        for point in sender.casebook.shared_points(sender.seat.identity.place)
        if point.incarnation == sender.seat.identity.incarnation
    )
