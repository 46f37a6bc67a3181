"""What must hold when all faults have ended: two virtual hours later everything is equal, counted, and can go on.

First the real loops run for these two hours, with nobody at work and no fault. Then every hop exchanges twice, and all
nodes must agree; the cases are brought to their end, and all must agree again. What a node holds is folded by the real
fold and by the second one that was written from CASE.md alone.
"""

import random
import sqlite3
from typing import TYPE_CHECKING, Any, Final

from sync_protocol import receipt
from sync_protocol.event import chain, item_hash
from sync_protocol.exchange import digest
from tests.simulation.people import FINISHED, People
from tests.simulation.truth import CaseKey, Violation, short
from tests.simulation.world import DEEPEST_FIRST
from tests.sync_protocol.case.second_fold import SecondFold
from village_node.casebook import checkpoints
from village_node.casebook.ledger import fold_held, held_events
from village_node.casebook.purged import GONE
from village_node.store import case_lists
from village_node.store import cases as case_rows
from village_node.verify_evidence import NONSENSE, Evidence, Rejected

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation
    from tests.simulation.station import Station

HEALED_S: Final = 2 * 3600.0
OFFERED_AGAIN_S: Final = 660.0
EXCHANGES_AT_REST: Final = 60  # of one hop, before we say that it never comes to rest
ANSWERING_ROUNDS: Final = 3  # what is answered at one place may have to be looked at in another
PROVEN_AT_EACH: Final = 2  # cases of each node, at the end: a thousand in forty stories
ROUNDS: Final = 16  # each brings every case one act further


def heal(sim: "Simulation") -> None:
    """End all faults, and judge what is left. Raises Violation."""
    sim.faults.end()
    for station in sim.stations.values():
        station.quicken()
    sim.loop.run(sim.loop.now_s + HEALED_S)
    _check_service(sim)
    _check_contact(sim)
    _check_healed(sim)
    _let_people_answer(sim)
    _exchange_everywhere(sim, 2)
    _check_contact(sim)
    judge(sim)
    _finish_every_case(sim)
    _exchange_everywhere(sim, 2)
    judge(sim)
    _check_evidence(sim)


def _let_people_answer(sim: "Simulation") -> None:
    """What waits for people is answered by them, until nothing is left: forks, and machines that ring."""
    if sim.truth.two_lives:
        for _ in range(ANSWERING_ROUNDS):
            for station in sim.stations.values():
                sim.heads.settle(station)
            _exchange_everywhere(sim, 1)


def judge(sim: "Simulation") -> None:
    """All that must hold between nodes at rest."""
    _check_purged(sim)
    _check_erased(sim)
    _check_agreement(sim)
    _check_acknowledged(sim)
    _check_books(sim)
    folded = {code: _check_node(station) for code, station in sim.stations.items()}
    _check_cases(sim, folded)


def _check_evidence(sim: "Simulation") -> None:
    """What a node says of a case to whoever asks for proof is verified by a program that knows no node."""
    chance = random.Random(f"{sim.seed} evidence")
    for code in sorted(sim.stations):
        book = sim.stations[code].casebook
        rows = book.work_list("all", page_size=1_000).rows
        for row in chance.sample(rows, min(len(rows), PROVEN_AT_EACH)):
            raw = book.evidence(row.case_no or "")
            if row.case_no and raw is None:
                raise Violation("proof of a case can be had", (code,), row.case_no)
            if raw is None:
                continue
            try:
                Evidence(raw)
            except (Rejected, *NONSENSE) as problem:
                detail = f"{row.case_no}: {problem}"
                raise Violation("what is shown as proof holds", (code,), detail) from problem
            sim.decided("evidence_verified")


def _check_service(sim: "Simulation") -> None:
    """Every machine runs again: nobody had to do anything."""
    for station in sim.stations.values():
        if not station.is_up():
            raise Violation("service comes back by itself", (station.code,), "it does not run hours later")


def _check_contact(sim: "Simulation") -> None:
    """Every line works again: the real loops retried by themselves. A parent may ring, or have begun a life that waits
    for others: then people have yet to say whether it is the one that is meant, or to answer for those."""
    for station in sim.stations.values():
        program, parent = station.program, sim.stations.get(station.place.parent or "")
        standing = parent.casebook.standing() if parent is not None else None
        if standing is not None and (standing.rings or standing.provisional):
            continue
        if program is not None and program.uplink is not None:
            status = program.uplink.status()
            if status["failures"]:
                raise Violation("retries never end", (station.code,), f"still failing: {status['last_error']}")


def _check_healed(sim: "Simulation") -> None:
    """The real loops alone have made the two ends of every hop equal. Of lives that were lived twice people have yet to
    say which goes on: before that a place holds back."""
    if sim.truth.two_lives:
        return
    _check_purged(sim)  # first, for what went too early makes them differ as well
    for station in sim.stations.values():
        parent = sim.stations.get(station.place.parent or "")
        if parent is None:
            continue
        if digest(station.casebook.shared_points(station.code)) != digest(parent.casebook.shared_points(station.code)):
            detail = f"they differ {HEALED_S / 3600:g} hours after the last fault"
            raise Violation("equal soon after the last fault", (station.code, parent.code), detail)


def _exchange_everywhere(sim: "Simulation", times: int) -> None:
    """Every hop exchanges until nothing is left to say, from the villages up, so often.

    What was refused or parked lately is offered again after a while: so a while passes first.
    """
    sim.loop.run(sim.loop.now_s + OFFERED_AGAIN_S)
    for _ in range(times):
        for code in DEEPEST_FIRST:
            _exchange(sim, sim.stations[code])
    for code in DEEPEST_FIRST:  # what was fetched in the second round is receipted in the next exchange
        _exchange(sim, sim.stations[code])


def _carry_on(sim: "Simulation") -> None:
    """Whatever one end of a hop lacks of the other crosses, up and down again; who lacks nothing says nothing."""
    sim.loop.run(sim.loop.now_s + OFFERED_AGAIN_S)
    for code in (*DEEPEST_FIRST, *DEEPEST_FIRST):
        station = sim.stations[code]
        parent = sim.stations.get(station.place.parent or "")
        if parent is not None and digest(station.casebook.shared_points(code)) != digest(
            parent.casebook.shared_points(code)
        ):
            _exchange(sim, station)


def _exchange(sim: "Simulation", station: "Station") -> None:
    uplink = station.program.uplink if station.program is not None else None
    if uplink is None:
        return
    # Whatever its own loop is just about goes on first; then it is held back, for there is one exchange at a time.
    while station.calling:
        sim.loop.run(sim.loop.now_s + 1.0)
    station.calling = True

    def rest() -> None:
        for _ in range(EXCHANGES_AT_REST):
            result = uplink.exchange_once()
            if not result.ok:
                raise Violation("a sound line answers", (station.code,), result.text)
            sim.looked(station, "calls up")
            if not result.again and not uplink.owes_now():
                station.calling = False
                return
        raise Violation("exchanges come to rest", (station.code,), f"{EXCHANGES_AT_REST} and not yet at rest")

    sim.loop.spawn(rest)
    while station.calling:
        sim.loop.run(sim.loop.now_s + 1.0)
    station.plan_turn(0.2)


def _shown(sim: "Simulation", point: Any) -> str:
    """A point as a person reads it."""
    signers = " ".join(f"{sim.world.place_of[one]}:{seq}" for one, seq in sorted(point.receipts.items()))
    return f"{point.scope} of {sim.world.place_of[point.incarnation]} {point.seq} ({signers})"


def _check_agreement(sim: "Simulation") -> None:
    """The two ends of every hop hold the same streams, as far, with the same receipts; and all there is of them."""
    for station in sim.stations.values():
        parent = sim.stations.get(station.place.parent or "")
        if parent is None:
            continue
        mine, theirs = (one.casebook.shared_points(station.code) for one in (station, parent))
        if digest(mine) != digest(theirs):
            differing = [_shown(sim, point) for point in mine if point not in theirs]
            there = [_shown(sim, point) for point in theirs if point not in mine]
            detail = f"they hold {'; '.join(differing)} and {'; '.join(there)}"
            raise Violation("all nodes agree", (station.code, parent.code), detail)
    top = sim.stations[sim.world.tree.root]
    held = sim.watch.seen[top.code].heads
    for key, (seq, _) in sim.truth.longest.items():
        if key[0] not in sim.truth.two_lives and held.get(key, (0, 0))[1] != seq:
            raise Violation(
                "what is written arrives", (top.code,), f"{key[1]} of {short(key[0])}: {held.get(key)}/{seq}"
            )


def _check_acknowledged(sim: "Simulation") -> None:
    """Every act of which a person was told that it is saved is where it was done, and at the county."""
    for act in sim.truth.acknowledged:
        if act.incarnation in sim.truth.two_lives:
            continue
        for code in (act.place, sim.world.tree.root):
            book = sim.stations[code].casebook
            if book.hash_at(act.incarnation, act.scope, act.seq) != act.hash:
                raise Violation("what is acknowledged stays", (code,), f"{act.scope} {act.seq} is not there")


def _check_books(sim: "Simulation") -> None:
    """What was published and ordered says the same to everybody who keeps it as to who wrote it or whom it concerns."""
    tree = sim.world.tree
    for code, station in sim.stations.items():
        told = _bulletins_at(station)
        for place in tree.path_up(code)[1:]:
            above = sim.stations[place]
            if told.get(place) != _bulletins_at(above).get(place):
                raise Violation("all nodes agree", (code, place), "on what was published")
            if station.casebook.accounts_of(code) != _unliftable(above.casebook.accounts_of(code)):
                raise Violation("all nodes agree", (code, place), "on what was ordered and said of accounts")


def _bulletins_at(station: "Station") -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for each in (*station.casebook.bulletins(), *station.casebook.rules_published()):
        found.setdefault(each.place, []).append(each)
    return found


def _unliftable(accounts: list[Any]) -> list[Any]:
    """Accounts as the place itself sees them, which lifts no order from above."""
    return [each._replace(liftable=False) for each in accounts]


def _check_purged(sim: "Simulation") -> None:
    """Whatever body was dropped anywhere, the county has, of the very same event."""
    top = sim.watch.seen[sim.world.tree.root].connection
    joined = "FROM events JOIN streams ON streams.id = events.stream WHERE"
    for code in sim.stations:
        connection = sim.watch.seen[code].connection
        assert connection is not None and top is not None
        dropped = f"SELECT incarnation, scope, seq, hash {joined} body_state = 2"
        there = f"SELECT body_state {joined} incarnation = ? AND scope = ? AND seq = ? AND hash = ?"
        for event in connection.execute(dropped).fetchall():
            if top.execute(there, event).fetchall() != [(0,)]:
                raise Violation("what is purged is at the county", (code,), f"{event[1]} {event[2]}")


def _check_erased(sim: "Simulation") -> None:
    """What the county has ordered to be erased is nowhere any more: all have heard of it."""
    named = "SELECT DISTINCT incarnation, scope, seq, mark FROM erasures"
    held = (
        "SELECT count(*) FROM events JOIN streams ON streams.id = events.stream WHERE incarnation = ? AND scope = ?"
        " AND seq = ? AND substr(events.hash, 1, 8) = ? AND (body IS NOT NULL OR salt IS NOT NULL OR body_state <> 3)"
    )
    views = {code: sim.watch.seen[code].connection for code in sim.stations}
    ordered = {row for view in views.values() if view is not None for row in view.execute(named).fetchall()}
    for code, view in views.items():
        for row in ordered:
            if view is not None and view.execute(held, row).fetchone()[0]:
                raise Violation("what is erased is nowhere", (code,), f"{row[1]} {row[2]}")


def _check_node(station: "Station") -> dict[CaseKey, Any]:
    """One node's tables by themselves: chains, receipts, verdicts, rows, counters. The cases it folds."""
    sim = station.sim
    connection = sim.watch.seen[station.code].connection
    assert connection is not None
    _check_chains(station, connection)
    _check_receipts(station, connection)
    _check_words(station)
    _check_checkpoints(station)
    return _check_folds(station, connection)


def _check_chains(station: "Station", connection: sqlite3.Connection) -> None:
    """Every stream is gapless, each branch from where it parts, and its chain is what its headers make it."""
    words = "SELECT id, scope, stream_id, head_seq, head_hash, since, trunk FROM streams ORDER BY id"
    for number, scope, identifier, head, head_hash, since, trunk in connection.execute(words).fetchall():
        chain_hash, at = identifier, 0
        if since > 1:
            before = "SELECT hash FROM events WHERE stream = ? AND seq = ?"
            while (found := connection.execute(before, (trunk, since - 1)).fetchone()) is None:
                (trunk,) = connection.execute("SELECT trunk FROM streams WHERE id = ?", (trunk,)).fetchone()
            chain_hash, at = found[0], since - 1
        rows = connection.execute("SELECT seq, hash, header FROM events WHERE stream = ? ORDER BY seq", (number,))
        for seq, found, header in rows:
            chain_hash, at = chain(chain_hash, item_hash(header)), at + 1
            if seq != at or found != chain_hash:
                raise Violation("one chain", (station.code,), f"{scope} {seq} does not continue {at - 1}")
        if (at, chain_hash) != (head, head_hash):
            raise Violation("gapless", (station.code,), f"{scope} says {head} and holds {at}")


def _check_receipts(station: "Station", connection: sqlite3.Connection) -> None:
    """Every receipt verifies under the key of its signer, over what is held here."""
    built = station.sim.world.built
    words = (
        "SELECT scope, signer, receipts.seq, receipt, hash FROM receipts JOIN streams ON streams.id = receipts.stream"
        " JOIN events ON events.stream = receipts.stream AND events.seq = receipts.seq"
    )
    for scope, signer, seq, raw, chain_hash in connection.execute(words).fetchall():
        node, whole = station.casebook.roster.node(signer), receipt.from_bytes(raw)
        assert node is not None
        if (whole.seq, whole.hash, whole.signer) != (seq, chain_hash, signer):
            raise Violation("a receipt says what it is kept for", (station.code,), f"{scope} {seq}")
        receipt.check(whole, node.suite, node.public, built.roster.network_id)


def _check_words(station: "Station") -> None:
    """What the sync bar says is never more than what signed receipts say, and the county truly holds it."""
    sim = station.sim
    if station.place.parent is None:
        return
    said = sim.watch.check_words(station)
    if said:
        raise Violation("receipts come back", (station.code,), f"{said} events are still said not to be at the county")


def _check_checkpoints(station: "Station") -> None:
    """No line of the county's daily checkpoint contradicts what is held, but of what lives twice; where nobody does,
    all that it tells of has arrived. A county that was put back may have told of more than it holds now."""
    book, truth = station.casebook, station.sim.truth
    with book.store.reading() as view:
        standing = checkpoints.standing(book, view, book.roster_in(view))
    told = {key for key in (*standing.contradicted, *standing.went_back) if key[0] not in truth.two_lives}
    if station.sim.world.tree.root in station.sim.watch.doubled() or not (told or standing.not_arrived):
        return
    if told or not truth.two_lives:
        detail = f"{len(told)} streams contradict it, {standing.not_arrived} events have not arrived"
        raise Violation("what the county says it holds is so", (station.code,), detail)


def _check_folds(station: "Station", connection: sqlite3.Connection) -> dict[CaseKey, Any]:
    """Every case folds to what its rows say, by the second fold as well; its history is one legal path."""
    book = station.casebook
    rows = connection.execute("SELECT scope, case_id, state, holder, transit_to FROM cases").fetchall()
    keys = {(row[0], row[1]) for row in rows}
    stored: dict[tuple[int, int], tuple[int, str]] = {
        (row[0], row[1]): (row[2], row[3])
        for row in connection.execute("SELECT stream, seq, verdict, verdict_note FROM events WHERE case_id IS NOT NULL")
    }
    with book.store.reading() as view:
        roster = book.roster_in(view)
        held = held_events(book, view, roster, keys)
    folded: dict[CaseKey, Any] = {}
    states = [row[2] for row in rows if row[2]]
    for scope, case_id, *row in rows:
        events = held[scope, case_id]
        if not GONE.isdisjoint(each.event.body_state for each in events):
            folded[scope, case_id] = None  # its row and its verdicts are what they were before
            continue
        case = folded[scope, case_id] = fold_held(book, roster, (scope, case_id), events)
        if [case.listed_state or None, case.holder, case.transit_to] != row:
            raise Violation("rows say what the fold says", (station.code,), f"{short(case_id)}: {row}")
        for each in events:
            if each.row is None or each.stranger:
                continue
            verdict = case.verdicts[each.event.position]
            if stored[each.row.stream, each.row.seq] != (case_rows.VERDICT_NUMBERS[verdict.code], verdict.reason):
                raise Violation("verdicts are a function of the events", (station.code,), f"{short(case_id)}")
        if station.place.parent is None:
            _check_second_fold(station, scope, case_id, [each.event for each in events], case)
    counts = book.view_counts()
    sums = {"all": len(states), "decided": sum(state in case_lists.DECIDED for state in states)}
    if sum(book.case_counts().values()) != len(states) or any(counts[name] != number for name, number in sums.items()):
        raise Violation("counters add up", (station.code,), f"{counts}, but {sums}")
    return folded


def _check_second_fold(station: "Station", scope: str, case_id: bytes, events: list[Any], case: Any) -> None:
    book = station.casebook
    second = SecondFold(scope.partition(":")[2], case_id, events, book.roster.places, book.catalogue)
    if second.verdicts != case.verdicts or second.state != case.state:
        raise Violation("two folds agree", (station.code,), f"{short(case_id)}: {case.state}, {second.state}")
    decisions = sum(1 for event in second.effective if event.kind == 9)
    if decisions > 1:
        raise Violation("one decision", (station.code,), f"{short(case_id)}: {decisions}")


def _check_cases(sim: "Simulation", folded: dict[str, dict[CaseKey, Any]]) -> None:
    """Everybody who holds a case makes the same of it; each is held where it belongs and nowhere else, once."""
    top = folded[sim.world.tree.root]
    numbers: dict[str, CaseKey] = {}
    for code, cases in folded.items():
        for key, case in cases.items():
            if case is None:
                continue
            if key not in top or top[key] != case:
                raise Violation("all nodes agree", (code, sim.world.tree.root), f"case {short(key[1])}")
            wrong = {code for code, count in case.counts.items() if count and code != "effective"}
            if sim.watch.may_be_contested(key):
                wrong -= {"contested", "void"}
            if wrong and not _stopped(sim, key):
                raise Violation("no stuck case", (code,), f"{short(key[1])}: {case.counts}")
            if numbers.setdefault(case.case_no, key) != key:
                raise Violation("numbers are unique", (code,), case.case_no)
    for key, place in sim.truth.filed.items():
        if not (key in top and key in folded[place]):
            raise Violation("what is acknowledged stays", (place,), f"case {short(key[1])} is not there")


def _stopped(sim: "Simulation", key: CaseKey) -> bool:
    """Whether a newer node wrote into this case what nobody here understands."""
    return key in sim.truth.stopped_cases or key in sim.truth.beside_cases


def _finish_every_case(sim: "Simulation") -> None:
    """People bring every case to its end: none is stuck."""
    left: list[CaseKey] = []
    for _ in range(ROUNDS):
        for station in sim.stations.values():
            for key in sim.people.open_cases(station):
                if key not in sim.truth.stopped_cases:
                    sim.people.act(station, key, People.onward)
        _carry_on(sim)
        states = sim.watch.seen[sim.world.tree.root].cases
        left = [key for key, row in states.items() if row[0] not in FINISHED and key not in sim.truth.stopped_cases]
        if not left:
            return
    where = [
        f"{short(key[1])} {' '.join(map(str, sim.watch.seen[sim.world.tree.root].cases[key][:3]))}" for key in left
    ]
    raise Violation("no stuck case", (sim.world.tree.root,), f"never finished: {', '.join(where[:5])}")
