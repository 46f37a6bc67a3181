"""Positive controls: breaks planted into the running product, each of which the simulator must find.

A rig that finds nothing has shown nothing before it has found what is known to be there. These run first.
"""

import random
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from unittest.mock import patch

from sync_protocol import admission, retry
from sync_protocol.admission import Parked, Refused, Stored
from sync_protocol.case import case
from sync_protocol.errors import Fork
from sync_protocol.event import Head
from sync_protocol.places import PlaceTree, followed_scopes
from sync_protocol.stream import stream_id
from sync_protocol.wire import Segment, rebuild
from tests.simulation import faults
from tests.simulation.faults import FAULTS
from tests.simulation.hostile import EQUIVOCATION
from tests.simulation.people import People
from tests.simulation.truth import CaseKey
from village_node.casebook import dispatch, intake, plan, purging
from village_node.casebook.incarnations import Incarnations
from village_node.casebook.intake import Intake
from village_node.store import cases, forks, purges, streams
from village_node.uplink import calling

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation

UNSYNCED_S: Final = 1800.0
DROPPED_OF: Final = 10_000
DROPPED_FIRST: Final = 300
LIED_S: Final = 3 * 86_400.0
# Nobody lives twice but for the reason that a control is about: much is not held against who does.
NO_SECOND_PAST: Final = {
    kind: (0.0, FAULTS[kind][1]) for kind in ("restore", "lying_disk", "clone", "hostile_equivocation")
}


class Control(NamedTuple):
    """A break, how many days it takes to show, and the seeds it may take."""

    name: str
    plant: Callable[["Simulation"], AbstractContextManager[None]]
    days: int
    seeds: int


@contextmanager
def drops_an_event(sim: "Simulation") -> Iterator[None]:
    """One event in 10,000 is silently not stored."""
    real, number = streams.add_events, 0

    def add(connection: Any, new: list[Any]) -> None:
        nonlocal number
        kept = []
        for row in new:
            number += 1
            if number % DROPPED_OF != DROPPED_FIRST:
                kept.append(row)
        real(connection, kept)

    with patch.object(streams, "add_events", add):
        yield


@contextmanager
def acknowledges_before_commit(sim: "Simulation") -> Iterator[None]:
    """What a message brought is receipted at once, and reaches the disk half an hour later, if the power stays."""
    real = Intake.receive
    pending: dict[str, tuple[float, dict[str, bytes]]] = {}

    def receive(book: Intake, *arguments: Any, **named: Any) -> Any:
        station = sim.stations[book.identity.place]
        held = pending.get(station.code)
        if held is None or sim.loop.now_s - held[0] > UNSYNCED_S:
            pending[station.code] = (sim.loop.now_s, station.disk.image())
        return real(book, *arguments, **named)

    def lose(code: str) -> None:
        held = pending.pop(code, None)
        if held is not None and sim.loop.now_s - held[0] <= UNSYNCED_S:
            sim.stations[code].disk.put_back(held[1])

    for code, station in sim.stations.items():
        station.disk.on_cut = partial(lose, code)
    with patch.object(Intake, "receive", receive):
        yield


@contextmanager
def skips_the_prefix_comparison(sim: "Simulation") -> Iterator[None]:
    """Whatever begins at or before the head is accepted, though another event is held there."""
    real = admission.admit

    def admit(segment: Segment, **around: Any) -> Stored | Parked | Refused:
        verdict = real(segment, **around)
        if not isinstance(verdict, Refused) or verdict.code != Fork.code:
            return verdict
        node = around["roster"].node(segment.incarnation)
        identifier = stream_id(around["roster"].network_id, segment.incarnation, segment.scope, node.suite)
        head = around["head"] or Head(0, identifier)
        before = admission._held(segment.first_seq - 1, head, identifier, around["hash_at"])
        events = rebuild(segment, identifier, before)
        held = min(segment.last_seq, head.seq) - segment.first_seq + 1
        new_head = Head(segment.last_seq, events[-1].hash) if segment.last_seq > head.seq else head
        return Stored(events[held:], events[:held], segment.signature, new_head)

    often = {"hostile_equivocation": (6.0, EQUIVOCATION)}
    with patch.object(intake, "admit", admit), patch.dict(FAULTS, often):
        yield


@contextmanager
def folds_by_arrival(sim: "Simulation") -> Iterator[None]:
    """Side events count in the order in which they arrived here."""
    with patch.object(case, "_display_order", lambda event: 0):
        yield


@contextmanager
def serves_the_wrong_village(sim: "Simulation") -> Iterator[None]:
    """A child is given what concerns its neighbours under the same parent."""

    def scopes(tree: PlaceTree, place: str) -> frozenset[str]:
        return followed_scopes(tree, tree.parent(place) or place)

    with patch.object(dispatch, "followed_scopes", scopes):
        yield


@contextmanager
def checks_no_seal(sim: "Simulation") -> Iterator[None]:
    """Whoever sent it: no seal is verified."""
    with patch.object(admission, "check", lambda *arguments: None):
        yield


@contextmanager
def refuses_silently(sim: "Simulation") -> Iterator[None]:
    """What is parked or refused is not answered."""
    with patch.object(plan.Plan, "answer", lambda *arguments: None):
        yield


@contextmanager
def gives_up(sim: "Simulation") -> Iterator[None]:
    """After six failures in a row nobody tries again for a year."""
    real = retry.backoff

    def backoff(failures: int, *arguments: Any) -> float:
        return 31_536_000.0 if failures > 6 else real(failures, *arguments)

    with patch.object(calling, "backoff", backoff):
        yield


@contextmanager
def syncs_nothing(sim: "Simulation") -> Iterator[None]:
    """What is committed is written and not synced: where the power goes, the end of the log is torn off."""

    def tear(code: str) -> None:
        disk = sim.stations[code].disk
        image = disk.image()
        if "-wal" in image:
            image["-wal"] = image["-wal"][: len(image["-wal"]) * 9 // 10]
            disk.put_back(image)

    for code, station in sim.stations.items():
        station.disk.on_cut = partial(tear, code)
    with patch.dict(FAULTS, NO_SECOND_PAST):
        yield


@contextmanager
def goes_on_after_a_disk_that_lied(sim: "Simulation") -> Iterator[None]:
    """A node that finds less on its disk than it wrote begins no new life: it goes on where it stands."""
    often = {**NO_SECOND_PAST, "lying_disk": (2.0, FAULTS["lying_disk"][1])}
    with (
        patch.object(Incarnations, "begin_again", lambda *arguments, **named: None),
        patch.object(faults, "LIES_S", LIED_S),
        patch.dict(FAULTS, often),
    ):
        yield


@contextmanager
def proves_no_fork(sim: "Simulation") -> Iterator[None]:
    """Of two pasts under true seals no proof is kept."""
    often = {**NO_SECOND_PAST, "hostile_equivocation": (6.0, FAULTS["hostile_equivocation"][1])}
    with patch.object(forks, "add", lambda *arguments: None), patch.dict(FAULTS, often):
        yield


@contextmanager
def purges_what_has_not_arrived(sim: "Simulation") -> Iterator[None]:
    """The bodies of a closed case go when the day's work is done, whoever has them. Not of one that was refused: people
    may come back to it."""
    real, closed = People._session, purges.closed

    def session(people: People, code: str) -> None:
        real(people, code)
        sim.heads.purge(sim.stations[code])

    def finished(connection: Any) -> list[CaseKey]:
        rows = {key: cases.get(connection, key) for key in closed(connection)}
        return [key for key, row in rows.items() if row is not None and row.state != "refused"]

    with (
        patch.object(purges, "closed", finished),
        patch.object(purging, "_may_go", lambda *arguments: True),
        patch.object(People, "_session", session),
        patch.dict(FAULTS, NO_SECOND_PAST),
    ):
        yield


CONTROLS: Final = (
    Control("drops 1 event in 10,000", drops_an_event, 12, 3),
    Control("acknowledges before the commit", acknowledges_before_commit, 8, 4),
    Control("skips the prefix comparison", skips_the_prefix_comparison, 5, 4),
    Control("folds by arrival", folds_by_arrival, 3, 6),
    Control("serves a scope to the wrong village", serves_the_wrong_village, 2, 3),
    Control("checks no seal", checks_no_seal, 8, 3),
    Control("refuses silently", refuses_silently, 8, 3),
    Control("gives up after six failures", gives_up, 3, 4),
    Control("syncs nothing", syncs_nothing, 4, 3),
    Control("goes on after a disk that lied", goes_on_after_a_disk_that_lied, 8, 6),
    Control("proves no fork", proves_no_fork, 5, 4),
    Control("purges what has not arrived", purges_what_has_not_arrived, 8, 4),
)


def seeds_of(control: Control) -> list[int]:
    """The seeds a control may take, its own for each."""
    return random.Random(control.name).sample(range(1, 10_000), control.seeds)
