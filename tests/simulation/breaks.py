"""What the watch knows, and for each of it one thing that must not be: shown to it in a county at rest.

The campaign's controls break the running product, and take days of it to show. These say of every single invariant that
it is looked at: a disk is shown as it would be, a node answers as it should not, and the invariant must be named.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, Final, NamedTuple, NoReturn
from unittest.mock import patch

from sync_protocol import limits
from tests.simulation import disk, healing, hostile
from tests.simulation.controls import refuses_silently, serves_the_wrong_village
from tests.simulation.people import People
from tests.simulation.simulation import Simulation
from tests.simulation.station import Station
from tests.simulation.watch import Seen
from tests.simulation.wire import EXCHANGE
from tests.simulation.world import TOWNSHIPS, VILLAGES
from tests.sync_protocol.case.second_fold import SecondFold
from township_node.downlink.answering import Answering
from township_node.downlink.unsealing import Unsealing
from village_node.casebook import Casebook, NotAllowed, checkpoints
from village_node.courier import Courier, PartState
from village_node.courier.outcome import Outcome
from village_node.rebirth import Reason
from village_node.store import NotSaved, forks
from village_node.store.parking import SAMPLES
from village_node.uplink import Uplink
from village_node.uplink.calling import Result

VILLAGE: Final = VILLAGES[0]
TOWNSHIP: Final = TOWNSHIPS[0]
ACTS: Final = 5  # of each case, one after the other


class Break(NamedTuple):
    """`show` must raise a Violation of this name. `alone`: the county is not what it was afterwards."""

    show: Callable[[Simulation], object]
    alone: bool = False


BREAKS: Final[dict[str, Break]] = {}


def breaks(invariant: str, *, alone: bool = False) -> Callable[[Callable[[Simulation], object]], object]:
    """Enter a function as what shows that this invariant is looked at."""

    def enter(show: Callable[[Simulation], object]) -> object:
        BREAKS[invariant] = Break(show, alone)
        return show

    return enter


def at_rest(sim: Simulation) -> None:
    """A county without faults whose villages have filed, whose cases have gone some way, and where all is equal."""
    sim.wire.rates = {}
    for station in sim.stations.values():
        station.start()
    sim.loop.run(1800.0)
    sim.join()
    sim.loop.run(3600.0)
    for code in VILLAGES[:3] * 2:
        sim.people.file(sim.stations[code])
    for _ in range(ACTS):
        for station in sim.stations.values():
            for key in sim.people.open_cases(station):
                sim.people.act(station, key, People.onward)
        sim.loop.run(sim.loop.now_s + 600.0)
    sim._checkpoint()
    healing._exchange_everywhere(sim, 2)


@contextmanager
def shown(sim: Simulation, code: str, *words: str, again: bool = False) -> Iterator[Station]:
    """The watch is shown a node's disk as it would be after these statements. `again`: as if it saw it first."""
    seen = sim.watch.seen[code]
    assert seen.connection is not None
    other = sqlite3.connect(":memory:", isolation_level=None)
    seen.connection.backup(other)
    for each in words:
        other.execute(each)
    streams, heads = ({}, {}) if again else (dict(seen.streams), dict(seen.heads))
    sim.watch.seen[code] = replace(
        seen, connection=other, commits=-1, stream_rows=[], receipt_rows=[], streams=streams, heads=heads, receipts={},
        cases=dict(seen.cases),
    )  # fmt: skip
    try:
        yield sim.stations[code]
    finally:
        sim.watch.seen[code] = seen
        other.close()


def seen_after(code: str, words: str, *, again: bool = False) -> Callable[[Simulation], object]:
    """Look at a disk after a statement; ``OWN`` in it is the number of the village's own stream there."""

    def show(sim: Simulation) -> None:
        with shown(sim, code, words.replace("OWN", str(own(sim, code)[0])), again=again) as station:
            sim.watch.look(station)

    return show


def judged_after(judge: Callable[..., object], code: str, words: str) -> Callable[[Simulation], object]:
    """Judge at rest what a disk holds after a statement."""

    def show(sim: Simulation) -> None:
        with shown(sim, code, words) as station:
            judge(station, sim.watch.seen[code].connection)

    return show


def own(sim: Simulation, code: str) -> tuple[Any, ...]:
    """The stream in which the village files, as a node holds it."""
    village = sim.stations[VILLAGE].identity.incarnation
    rows = sim.watch.seen[code].streams.values()
    return next(row for row in rows if row[1:3] == (village, f"about:{VILLAGE}"))


_REFUSED: Final = "INSERT INTO refused VALUES (1, x'01', x'02', 'about:1', 5, 1, '', 1, 0, NULL)"
_PARKED: Final = f"INSERT INTO parked VALUES (1, x'01', x'02', 's', 1, 1, 1, {limits.STAGED + 1}, 0, x'')"
_NO_EVENT: Final = "DELETE FROM events WHERE stream = OWN AND seq = 1"
_NEXT: Final = "(SELECT hash FROM events WHERE stream = OWN AND seq = 2)"
_BOTH: Final = (
    "INSERT INTO answers SELECT signer, incarnation, scope, receipts.seq, 2, 1, 0"
    " FROM receipts JOIN streams ON streams.id = receipts.stream"
)

# What each step's look must see.
for name, show in {
    "gapless": seen_after(TOWNSHIP, _NO_EVENT, again=True),
    "one chain": seen_after(TOWNSHIP, f"UPDATE events SET hash = {_NEXT} WHERE stream = OWN AND seq = 1", again=True),
    "signed by its author": seen_after(
        TOWNSHIP, "UPDATE events SET hash = zeroblob(32) WHERE stream = OWN AND seq = 1", again=True
    ),
    "what is acknowledged stays": seen_after(TOWNSHIP, "UPDATE streams SET head_seq = head_seq - 1 WHERE id = OWN"),
    "scopes it follows only": seen_after(VILLAGE, f"UPDATE streams SET scope = 'about:{VILLAGES[3]}' WHERE id = OWN"),
    "a receipt never covers what is not held": seen_after(VILLAGE, "UPDATE receipts SET seq = seq + 1000"),
    "nothing honest is refused": seen_after(TOWNSHIP, _REFUSED),
    "staging is bounded": seen_after(TOWNSHIP, _PARKED),
    "none is refused and held at once": seen_after(VILLAGE, _BOTH),
    "no event of a case is lost": seen_after(VILLAGE, "UPDATE cases SET n_events = n_events - 1", again=True),
    "an honest act counts": seen_after(VILLAGE, "UPDATE cases SET n_contested = 1", again=True),
    # and what must be seen at rest
    "a receipt says what it is kept for": judged_after(
        healing._check_receipts, VILLAGE, "UPDATE receipts SET seq = seq - 1 WHERE seq > 1"
    ),
    "rows say what the fold says": judged_after(healing._check_folds, VILLAGE, "UPDATE cases SET state = 'archived'"),
    "verdicts are a function of the events": judged_after(
        healing._check_folds, VILLAGE, "UPDATE events SET verdict = verdict + 1 WHERE case_id IS NOT NULL"
    ),
}.items():
    breaks(name)(show)


@breaks("quarantine is bounded")
def _too_many_samples(sim: Simulation) -> None:
    most = SAMPLES * len(sim.stations) + 1
    words = (
        f"INSERT INTO refused WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {most})"
        " SELECT i, x'01', x'02', 's', i, 1, '', 1, 0, NULL FROM n"
    )
    provoked = {(TOWNSHIP, b"\x02", "s", number) for number in range(most + 1)}
    with shown(sim, TOWNSHIP, words) as station, patch.object(sim.watch, "provoked", provoked):
        sim.watch.look(station)


@breaks("no decision is undone")
def _undecided(sim: Simulation) -> None:
    top = sim.world.tree.root
    with shown(sim, top, "UPDATE cases SET decided_ms = NULL", again=True) as station:
        cases = sim.watch.seen[top].cases
        key = next(iter(cases))
        cases[key] = (*cases[key][:-1], 5)
        with patch.object(sim.watch, "decided_here", {key}):
            sim.watch.look(station)


@breaks("status words never claim more")
def _all_is_there(sim: Simulation) -> None:
    with patch.dict(sim.watch.seen, {sim.world.tree.root: Seen()}):
        sim.watch.check_words(sim.stations[VILLAGE])


@breaks("nothing at a wrong village", alone=True)
def _neighbours_too(sim: Simulation) -> None:
    with serves_the_wrong_village(sim):
        sim.people.file(sim.stations[VILLAGES[1]])
        sim.loop.run(sim.loop.now_s + 600.0)


@breaks("no new life without a reason")
def _begins_again(sim: Simulation) -> None:
    station = sim.stations[VILLAGE]
    begun = SimpleNamespace(identity=SimpleNamespace(incarnation=bytes(16), former=()))
    with patch.object(station, "casebook_opened", begun):
        station._begun(Reason.AHEAD)


@breaks("numbers are unique")
def _number_given_again(sim: Simulation) -> None:
    sim.truth.opened((f"about:{VILLAGE}", bytes(16)), VILLAGE, next(iter(sim.truth.case_numbers)))


def _raising(problem: Exception) -> Callable[..., NoReturn]:
    def answer(*_arguments: object, **_named: object) -> NoReturn:
        raise problem

    return answer


@breaks("what is offered can be done")
def _not_allowed(sim: Simulation) -> None:
    with patch.object(Casebook, "file", _raising(NotAllowed("不可", "not so"))):
        sim.people.file(sim.stations[VILLAGE])


@breaks("a sound disk saves")
def _refuses(sim: Simulation) -> None:
    with patch.object(Casebook, "file", _raising(NotSaved("未保存", "not saved"))):
        sim.people.file(sim.stations[VILLAGE])


@breaks("not saved is not saved", alone=True)
def _saves_and_denies_it(sim: Simulation) -> None:
    station, real = sim.stations[VILLAGE], Casebook.file

    def file(book: Casebook, *arguments: Any, **named: Any) -> NoReturn:
        real(book, *arguments, **named)
        station.disk.state = disk.FAILING
        raise NotSaved("未保存", "not saved")

    with patch.object(Casebook, "file", file):
        sim.people.file(station)


@breaks("a fork is proven", alone=True)
def _no_proof_is_kept(sim: Simulation) -> None:
    with patch.object(forks, "add", lambda *_: None):
        for _ in range(60):
            if hostile.FAULTS["hostile_equivocation"][1](sim.faults):
                return


@breaks("nothing is dropped silently", alone=True)
def _no_answer(sim: Simulation) -> None:
    with refuses_silently(sim):
        for _ in range(60):
            hostile.FAULTS["hostile_forged"][1](sim.faults)


@breaks("bad bytes are refused")
def _takes_anything(sim: Simulation) -> None:
    with patch.object(sim.wire, "deliver", lambda *_: (200, {}, b"")):
        hostile._garbage(sim.faults)


@breaks("no error nobody foresaw")
def _falls_over(sim: Simulation) -> None:
    with patch.object(Unsealing, "answer", _raising(RuntimeError("nobody foresaw this"))):
        sim.wire.deliver(sim.stations[TOWNSHIP], "POST", EXCHANGE, "", b"x")


@breaks("exchanges come to rest")
def _never_rests(sim: Simulation) -> None:
    station = sim.stations[VILLAGE]
    with patch.object(Uplink, "turn", lambda _: None), patch.object(Uplink, "idle_s", lambda _: 0.0):
        station._turns(station.program.uplink if station.program else None)


@breaks("whoever is told to come is told why", alone=True)
def _comes_for_nothing(sim: Simulation) -> None:
    with patch.object(Answering, "_tell_tide", lambda *_, **__: None):
        sim.people.file(
            next(station for station in sim.stations.values() if not station.metered and station.code in VILLAGES)
        )
        sim.loop.run(sim.loop.now_s + 3600.0)


@breaks("a sound line answers", alone=True)
def _line_fails(sim: Simulation) -> None:
    with patch.object(Uplink, "exchange_once", lambda _: Result(False, text="no")):
        healing._exchange(sim, sim.stations[VILLAGE])


def hours(sim: Simulation, number: int) -> None:
    """Let so many go by, with the look at every road that each brings."""
    for _ in range(number):
        sim.loop.run(sim.loop.now_s + 3600.0)
        sim.quiet.look()


@breaks("nothing of a spoilt part gets in")
def _takes_in_what_is_spoilt(sim: Simulation) -> None:
    spoilt = Outcome("", states=[PartState.DAMAGED], stored=1)
    with patch.object(Courier, "unfold", lambda *_: spoilt), patch.object(sim.faults, "over", False):
        sim.couriers._bring(b"", VILLAGE, "", 0)


@breaks("receipts come soon")
def _signs_for_nothing(sim: Simulation) -> None:
    with patch.object(sim.watch.seen[VILLAGE], "receipts", {}):
        hours(sim, 8)


@breaks("equal after quiet hours")
def _falls_behind(sim: Simulation) -> None:
    hours(sim, 31)
    with patch.object(sim.watch.seen[TOWNSHIP], "heads", {}):
        sim.quiet.look()


@breaks("retries never end")
def _fails_for_ever(sim: Simulation) -> None:
    with patch.object(Uplink, "status", lambda _: {"failures": 7, "last_error": "no answer"}):
        healing._check_contact(sim)


@breaks("service comes back by itself")
def _stays_down(sim: Simulation) -> None:
    with patch.object(sim.stations[VILLAGE], "program", None):
        healing._check_service(sim)


@contextmanager
def _township_holds_less() -> Iterator[None]:
    real = Casebook.shared_points

    def points(book: Casebook, child: str) -> Any:
        return real(book, child)[: -1 if book.identity.place == TOWNSHIP else None]

    with patch.object(Casebook, "shared_points", points):
        yield


@breaks("all nodes agree")
def _holds_less(sim: Simulation) -> None:
    with _township_holds_less():
        healing._check_agreement(sim)


@breaks("equal soon after the last fault")
def _is_slow(sim: Simulation) -> None:
    with _township_holds_less():
        healing._check_healed(sim)


@breaks("what is written arrives")
def _wrote_more(sim: Simulation) -> None:
    key = (sim.stations[VILLAGE].identity.incarnation, f"about:{VILLAGE}")
    with patch.dict(sim.truth.longest, {key: (sim.truth.longest[key][0] + 1, b"")}):
        healing._check_agreement(sim)


@breaks("what is purged is at the county")
def _purged_too_early(sim: Simulation) -> None:
    gone, missing = (f"UPDATE events SET body_state = {state}, body = NULL, salt = NULL" for state in (2, 1))
    with shown(sim, VILLAGE, gone), shown(sim, sim.world.tree.root, missing):
        healing._check_purged(sim)


@breaks("what is erased is nowhere")
def _still_there(sim: Simulation) -> None:
    ordered = (
        "INSERT INTO erasures SELECT incarnation, scope, seq, substr(events.hash, 1, 8), incarnation, 1 FROM events"
        " JOIN streams ON streams.id = events.stream WHERE body IS NOT NULL LIMIT 1"
    )
    with shown(sim, VILLAGE, ordered):
        healing._check_erased(sim)


@breaks("receipts come back")
def _not_signed_for(sim: Simulation) -> None:
    with patch.object(Casebook, "sync_state", lambda _: {"not_at_county": {"events": 3}}):
        healing._check_words(sim.stations[VILLAGE])


@breaks("what the county says it holds is so")
def _says_it_holds_more(sim: Simulation) -> None:
    with patch.object(checkpoints, "standing", lambda *_: checkpoints.Standing(not_arrived=2)):
        healing._check_checkpoints(sim.stations[VILLAGE])


@breaks("counters add up")
def _counts_nothing(sim: Simulation) -> None:
    with patch.object(Casebook, "case_counts", lambda _: {}):
        healing._check_folds(sim.stations[VILLAGE], connection(sim, VILLAGE))


def connection(sim: Simulation, code: str) -> sqlite3.Connection:
    """Through which the watch reads a node's disk."""
    found = sim.watch.seen[code].connection
    assert found is not None
    return found


def _second_fold(**wrong: Any) -> Callable[..., SimpleNamespace]:
    def fold(*arguments: Any) -> SimpleNamespace:
        made = SecondFold(*arguments)
        right = {"verdicts": made.verdicts, "state": made.state, "effective": made.effective}
        return SimpleNamespace(**{**right, **wrong})

    return fold


@breaks("two folds agree")
def _other_fold(sim: Simulation) -> None:
    top = sim.world.tree.root
    with patch.object(healing, "SecondFold", _second_fold(state="elsewhere")):
        healing._check_folds(sim.stations[top], connection(sim, top))


@breaks("one decision")
def _decided_twice(sim: Simulation) -> None:
    top, twice = sim.world.tree.root, [SimpleNamespace(kind=9), SimpleNamespace(kind=9)]
    with patch.object(healing, "SecondFold", _second_fold(effective=twice)):
        healing._check_folds(sim.stations[top], connection(sim, top))


@breaks("no stuck case")
def _waits_for_ever(sim: Simulation) -> None:
    top = sim.world.tree.root
    cases = healing._check_folds(sim.stations[top], connection(sim, top))
    for case in cases.values():
        case.counts["waiting"] = 1
    healing._check_cases(sim, {top: cases})


@breaks("proof of a case can be had")
def _no_evidence(sim: Simulation) -> None:
    with patch.object(Casebook, "evidence", lambda *_: None):
        healing._check_evidence(sim)


@breaks("what is shown as proof holds")
def _evidence_without_receipts(sim: Simulation) -> None:
    real = Casebook.evidence
    with patch.object(Casebook, "evidence", lambda book, number: (real(book, number) or b"")[:-1]):
        healing._check_evidence(sim)
