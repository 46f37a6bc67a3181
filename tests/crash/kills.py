"""kill -9: people file cases on the village's pages while its process, the township's, the county's or the county's
database server is killed, one alone or several at once, at work or on the way up.

After each start every case whose receipt somebody has seen is at the village, in the state they saw, and every node
holds what it has signed receipts for; after the last one the county holds all of them, none twice, and every level
holds the same events.
"""

import random
import tempfile
import threading
import time
import urllib.error
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any, Final

from center_node.demo import walk
from center_node.demo.visitor import NotThere
from center_node.demo.walk import Filed, WalkFailed, Worker
from tests import postgresql
from tests.crash.killed import Target, network, start_all
from tests.crash.server import Server
from village_node import control

AGENTS: Final = 2
WEIGHTS: Final = {"village": 6, "township": 3, "county": 2}
LONGEST_S: Final = 0.5
HEALED_S: Final = 120.0
LOOK_EVERY_S: Final = 0.2
PLANTED_KILLS: Final = 40  # at most: the first one that shows something ends it
NEWS_S: Final = 20.0  # how long to wait for a case to be shown before a kill that wants one
ON_POSTGRESQL: Final = 3  # one kill in so many has the county on PostgreSQL, where there is one
SERVER: Final = "postgresql"
WITH_SERVER: Final = {"village": 2, "township": 2, "county": 3, SERVER: 6}
MOST_AT_ONCE: Final = 3
STARTING_SHARE: Final = 0.3  # of the rounds in which one of those killed is killed again on its way up
STARTING_S: Final = 0.4
# What a killed server looks like from a browser; a page that shows less than it should is looked at by the checks.
CUT_OFF: Final = (urllib.error.URLError, HTTPException, OSError, NotThere, WalkFailed)
_EVENTS: Final = "SELECT scope, seq, hash FROM events JOIN streams ON streams.id = events.stream ORDER BY scope, seq"
Events = set[tuple[str, int, bytes]]
_RECEIPTS: Final = (
    "SELECT signer, incarnation, scope, receipts.seq FROM receipts JOIN streams ON streams.id = receipts.stream"
)
_HELD: Final = "SELECT incarnation, scope, body_seq FROM streams"
_CASES: Final = "SELECT case_no, applicant_name, state FROM cases"


class Agent(threading.Thread):
    """One agent at the village's counter, who files one case after the other and remembers what the pages said."""

    def __init__(self, worker: Worker, name: str, chance: random.Random) -> None:
        super().__init__(name=name, daemon=True)
        self._worker, self._chance = worker, chance
        self._stop_now = threading.Event()
        self._lock = threading.Lock()
        self._seen: dict[str, tuple[str, Filed]] = {}
        self._tried = 0

    def run(self) -> None:
        while not self._stop_now.is_set():
            self._tried += 1
            try:
                filed = walk.file(self._worker, applicant_name=f"{self.name}{self._tried}")
                self._remember(filed, "received")
                if self._chance.random() < 0.3:
                    self._worker.act(filed, "handoff")
                    self._remember(filed, "in_transit")
            except CUT_OFF:
                self._stop_now.wait(0.05)  # it is down

    def stop(self) -> None:
        """Finish what is under way."""
        self._stop_now.set()
        self.join(walk.ARRIVAL_DEADLINE_S + 10.0)

    def seen(self) -> dict[str, tuple[str, Filed]]:
        """Receipt number -> the state that a page has shown last, and the case."""
        with self._lock:
            return dict(self._seen)

    def _remember(self, filed: Filed, state: str) -> None:
        with self._lock:
            self._seen[filed.case_no] = (state, filed)


def run(count: int, seed: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Kill so many processes; what came of it, with `wrong` empty where all held."""
    began = time.monotonic()
    planted: dict[str, int] = {}
    parts: list[dict[str, Any]] = []
    with ExitStack() as stack:
        cluster = None
        programs = postgresql.binaries()
        if programs:
            cluster = postgresql.Cluster(programs)
            stack.callback(cluster.stop)
        on_server = count // ON_POSTGRESQL if cluster else 0
        for name, shown in controls(cluster, seed):
            planted[name] = len(shown)
            say(f"planted: {name}: {shown[:1] or 'nothing found'}")
            if not shown:
                return {"wrong": [f"kills did not find the planted defect {name}"]}
        killed_from = time.monotonic()
        parts.append(kill(count - on_server, seed, say))
        if on_server and cluster and not parts[0]["wrong"]:
            parts.append(kill(on_server, seed + 1, say, cluster=cluster))
    seconds = time.monotonic() - killed_from
    killed: Counter[str] = Counter()
    for part in parts:
        killed.update(part["killed"])
    return {
        "kills": sum(killed.values()),
        "killed": dict(killed),
        "while_starting": sum(part["while_starting"] for part in parts),
        "with_county_on_postgresql": on_server,
        "cases_acknowledged": sum(part["cases"] for part in parts),
        "kills_per_minute": round(60 * sum(killed.values()) / seconds, 1),
        "planted": planted,
        "seconds": round(time.monotonic() - began, 1),
        "wrong": [words for part in parts for words in part["wrong"]],
    }


def controls(cluster: postgresql.Cluster | None, seed: int) -> Iterator[tuple[str, list[str]]]:
    """Each planted defect, and what the kills showed of it."""
    yield "a village shows what it has not committed", shown_of_village(seed)
    if cluster:
        yield "a county signs for what its server has not synced", shown_of_county(cluster, seed)


def shown_of_village(seed: int) -> list[str]:
    """What kills show of a village with its planted defect."""
    return list(kill(PLANTED_KILLS, seed, _nobody, weights={"village": 1}, planted="village")["wrong"])


def shown_of_county(cluster: postgresql.Cluster, seed: int) -> list[str]:
    """What kills of its server show of a county with its planted defect."""
    return list(kill(PLANTED_KILLS, seed, _nobody, weights={SERVER: 1}, planted="county", cluster=cluster)["wrong"])


def _nobody(words: str) -> None:
    """Nobody watches."""


def kill(
    count: int,
    seed: int,
    say: Callable[[str], None],
    *,
    weights: Mapping[str, int] = {},
    planted: str = "",
    cluster: postgresql.Cluster | None = None,
) -> dict[str, Any]:
    """One network, so many kills, in rounds: some of its processes are killed, started side by side, and looked at.

    `planted`: the level whose program has its defect; the first thing it shows ends this.
    """
    chance = random.Random(seed)
    wrong: list[str] = []
    likely = weights or (WITH_SERVER if cluster else WEIGHTS)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sanji-kill-")))
        url = cluster.database() if cluster else ""
        targets = stack.enter_context(network(folder, planted=planted, county_database=url))
        server = Server(cluster, url, chance) if cluster else None
        network_of = Round(targets, server, stack.enter_context(_counters(targets["village"], chance)), chance)
        while network_of.kills() < count and not wrong:
            before = network_of.kills()
            wrong = network_of.play(likely, count - before, patient=bool(planted))
            if network_of.kills() // 50 > before // 50:
                say(f"{network_of.kills()} kills, {len(network_of.seen())} cases acknowledged")
        for agent in network_of.agents:
            agent.stop()
        seen = network_of.seen()
        wrong = wrong or _healed(targets, seen)
        killed = {name: target.kills for name, target in network_of.all().items() if target.kills}
    return {"wrong": wrong, "cases": len(seen), "killed": killed, "while_starting": network_of.while_starting}


@dataclass
class Round:
    """What is killed, and who looks on."""

    targets: Mapping[str, Target]
    server: Server | None
    agents: list[Agent]
    chance: random.Random
    while_starting: int = 0

    def all(self) -> dict[str, Target | Server]:
        """Everything that can be killed, by its name."""
        return {**self.targets, **({SERVER: self.server} if self.server else {})}

    def kills(self) -> int:
        """How many there were."""
        return sum(each.kills for each in self.all().values())

    def seen(self) -> dict[str, tuple[str, Filed]]:
        """What somebody was shown."""
        return _all_seen(self.agents)

    def play(self, likely: Mapping[str, int], most: int, *, patient: bool) -> list[str]:
        """Kill some, start them again, and say what is wrong. `patient`: only once something new was shown."""
        drawn = self.chance.choices(list(likely), list(likely.values()), k=self.chance.randint(1, MOST_AT_ONCE))
        names = list(dict.fromkeys(drawn))[:most]
        if patient or self.chance.random() < 0.5:  # else they may be killed before they have done anything
            self._await_news(names)
        for name in names:
            self.all()[name].kill_after(self.chance.random() * LONGEST_S / len(names))
        # What the county has lost with its server, its children give back within a moment: it must not be up by then.
        if SERVER in names and "county" not in names and (patient or self.chance.random() < 0.5):
            names.append("county")
            self.targets["county"].kill_after(0.0)
        seen, after = self.seen(), f"{self.kills()} kills ({' '.join(names)})"
        if self.server is not None and SERVER in names:
            self.server.start()
        killed = [name for name in names if name != SERVER]
        wrong = _promised(self.targets, killed, after)
        if killed and self.chance.random() < STARTING_SHARE:
            self.targets[killed[0]].begin()
            self.targets[killed[0]].kill_after(self.chance.random() * STARTING_S)
            self.while_starting += 1
        start_all(self.targets[name] for name in killed)
        return wrong + _missing(self.targets["village"], seen, after)

    def _await_news(self, names: Collection[str]) -> None:
        """Wait until one case more has been shown to somebody; or, if the county is to be killed or its server, until
        it has signed for something more."""
        county = self.targets["county"]
        signed = SERVER in names or county.node.level in names

        def known() -> int:
            if not signed:
                return len(self.seen())
            _exchange(self.targets)
            me = county.incarnation()
            return max((seq for by, _, _, seq in self.targets["township"].rows(_RECEIPTS) if by == me), default=0)

        before, deadline = known(), time.monotonic() + NEWS_S
        while known() <= before and time.monotonic() < deadline:
            threading.Event().wait(LOOK_EVERY_S / 10)


@contextmanager
def _counters(village: Target, chance: random.Random) -> Iterator[list[Agent]]:
    agents = [
        Agent(walk.hire(village.node, f"agent-{n}", "代办员", "agent"), f"申请人{name}", random.Random(chance.random()))
        for n, name in enumerate("甲乙"[:AGENTS])
    ]
    for agent in agents:
        agent.start()
    try:
        yield agents
    finally:
        for agent in agents:
            agent.stop()


def _all_seen(agents: list[Agent]) -> dict[str, tuple[str, Filed]]:
    return {no: seen for agent in agents for no, seen in agent.seen().items()}


def _missing(holder: Target, seen: Mapping[str, tuple[str, Filed]], after: str) -> list[str]:
    """What somebody has seen and this node does not hold."""
    held = {no: state for no, _, state in holder.rows(_CASES)}
    later = {"received": {"received", "in_transit"}, "in_transit": {"in_transit"}}
    gone = [no for no, (state, _) in seen.items() if held.get(no) not in later[state]]
    return [f"{holder.node.level}, after {after}: {len(gone)} of {len(seen)} lost: {gone[:3]}"] if gone else []


def _promised(targets: Mapping[str, Target], signers: Iterable[str], after: str) -> list[str]:
    """Receipts by these nodes, wherever they lie, for more than the signer holds."""
    promised = {name: target.rows(_RECEIPTS) for name, target in targets.items()}
    wrong = []
    for name in signers:
        target = targets[name]
        me = target.incarnation()
        held = {(bytes(author), scope): upto for author, scope, upto in target.rows(_HELD)}
        for holder, lines in promised.items():
            for signer, author, scope, seq in lines:
                upto = held.get((bytes(author), scope), 0)
                if bytes(signer) == me and upto < seq:
                    wrong.append(f"after {after}: {name} signed for {scope} to {seq}, holds {upto} ({holder} has it)")
    return wrong


def _exchange(targets: Mapping[str, Target]) -> None:
    """Have the village and the township ask those above them at once: they may be waiting for a node to come back."""
    for name in ("village", "township"):
        with suppress(control.CommandRefused):
            control.ask(targets[name].node.data, dict, "sync")


def _held_above(below: Events, above: Events) -> bool:
    """Whether two nodes hold the same of what the one below may hold; each says of itself besides, to those above."""
    scopes = {scope for scope, _, _ in below}
    return below == {each for each in above if each[0] in scopes}


def _healed(targets: Mapping[str, Target], seen: Mapping[str, tuple[str, Filed]]) -> list[str]:
    """Wait until the county holds what the village holds, and compare."""
    village, county = targets["village"], targets["county"]
    deadline = time.monotonic() + HEALED_S
    while time.monotonic() < deadline:
        _exchange(targets)
        events = {
            name: {(scope, seq, bytes(raw)) for scope, seq, raw in t.rows(_EVENTS)} for name, t in targets.items()
        }
        if _held_above(events["village"], events["township"]) and _held_above(events["township"], events["county"]):
            break
        threading.Event().wait(LOOK_EVERY_S)
    else:
        return [f"not healed after {HEALED_S:g} s: { ({name: len(each) for name, each in events.items()}) } events"]
    wrong = [words for target in targets.values() for words in _missing(target, seen, after="healing")]
    rows = county.rows(_CASES)
    for what, twice in (("number", Counter(row[0] for row in rows)), ("applicant", Counter(row[1] for row in rows))):
        doubled = [key for key, times in twice.items() if times > 1]
        if doubled:
            wrong.append(f"the same {what} in more than one case at the county: {doubled[:3]}")
    for no, (_, filed) in list(seen.items())[:: max(1, len(seen) // 10)]:
        for target in (village, county):
            try:
                walk.ask_as_resident(target.node, filed)
            except (WalkFailed, NotThere) as problem:
                wrong.append(f"{target.node.level} does not show {no} to its resident: {problem}")
    return wrong
