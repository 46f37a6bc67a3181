"""kill -9: people file cases on the village's pages while its process, the township's or the county's is killed.

After each start of the village every case whose receipt somebody has seen is there, and in the state they saw; after
the last one the county holds all of them, none twice, and every level holds the same events.
"""

import random
import tempfile
import threading
import time
import urllib.error
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from http.client import HTTPException
from pathlib import Path
from typing import Any, Final

from center_node.demo import walk
from center_node.demo.visitor import NotThere
from center_node.demo.walk import Filed, WalkFailed, Worker
from tests import postgresql
from tests.crash.killed import Target, network
from village_node import control

AGENTS: Final = 2
WEIGHTS: Final = {"village": 6, "township": 3, "county": 2}
LONGEST_S: Final = 0.6
HEALED_S: Final = 120.0
LOOK_EVERY_S: Final = 0.2
PLANTED_KILLS: Final = 40  # at most: the first one that shows something ends it
NEWS_S: Final = 20.0  # how long to wait for a case to be shown before a kill that wants one
PLANT: Final = "commits_gathered"
ON_POSTGRESQL: Final = 5  # one kill in so many has the county on PostgreSQL, where there is one
# What a killed server looks like from a browser; a page that shows less than it should is looked at by the checks.
CUT_OFF: Final = (urllib.error.URLError, HTTPException, OSError, NotThere, WalkFailed)
_EVENTS: Final = "SELECT scope, seq, hash FROM events JOIN streams ON streams.id = events.stream ORDER BY scope, seq"
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
    planted = _kill(PLANTED_KILLS, seed, say, only="village", plant=PLANT)
    say(f"planted: {PLANT}: {sum(planted['by_level'].values())} kills, {planted['wrong'][:1] or 'nothing found'}")
    if not planted["wrong"]:
        return {"wrong": [f"kills did not find the planted defect {PLANT}"]}
    programs = postgresql.binaries()
    on_postgresql = count // ON_POSTGRESQL if programs else 0
    killed_from = time.monotonic()
    parts = [_kill(count - on_postgresql, seed, say)]
    if on_postgresql and programs and not parts[0]["wrong"]:
        cluster = postgresql.Cluster(programs)
        try:
            parts.append(_kill(on_postgresql, seed + 1, say, database_url=cluster.database()))
        finally:
            cluster.stop()
    seconds = time.monotonic() - killed_from
    by_level: Counter[str] = Counter()
    for part in parts:
        by_level.update(part["by_level"])
    return {
        "kills": sum(by_level.values()),
        "by_level": dict(by_level),
        "county_on_postgresql": on_postgresql,
        "cases_acknowledged": sum(part["cases"] for part in parts),
        "kills_per_minute": round(60 * sum(by_level.values()) / seconds, 1),
        "planted": {PLANT: len(planted["wrong"])},
        "seconds": round(time.monotonic() - began, 1),
        "wrong": [words for part in parts for words in part["wrong"]],
    }


def _kill(
    count: int, seed: int, say: Callable[[str], None], *, only: str = "", plant: str = "", database_url: str = ""
) -> dict[str, Any]:
    """One network, so many kills."""
    chance = random.Random(seed)
    wrong: list[str] = []
    seen: dict[str, tuple[str, Filed]] = {}
    weights: Mapping[str, int] = {only: 1} if only else WEIGHTS
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sanji-kill-")))
        targets = stack.enter_context(network(folder, plant=plant, county_database=database_url))
        agents = stack.enter_context(_counters(targets["village"], chance))
        for number in range(1, count + 1):
            level = chance.choices(list(weights), list(weights.values()))[0]
            if plant or chance.random() < 0.5:  # else it may be killed before it has done anything
                _await_news(agents, len(seen))
            targets[level].kill_after(chance.random() * LONGEST_S)
            seen = _all_seen(agents)
            targets[level].start()
            wrong += _missing(targets["village"], seen, after=f"kill {number} ({level})")
            if wrong:
                break
            if number % 50 == 0:
                say(f"{number} kills, {len(seen)} cases acknowledged")
        for agent in agents:
            agent.stop()
        seen = _all_seen(agents)
        if not wrong:
            wrong += _healed(targets, seen)
        by_level = {name: target.kills for name, target in targets.items()}
    return {"wrong": wrong, "cases": len(seen), "by_level": by_level}


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


def _await_news(agents: list[Agent], known: int) -> None:
    """Wait until one case more has been shown to somebody."""
    deadline = time.monotonic() + NEWS_S
    while len(_all_seen(agents)) <= known and time.monotonic() < deadline:
        threading.Event().wait(LOOK_EVERY_S / 10)


def _all_seen(agents: list[Agent]) -> dict[str, tuple[str, Filed]]:
    return {no: seen for agent in agents for no, seen in agent.seen().items()}


def _missing(holder: Target, seen: Mapping[str, tuple[str, Filed]], after: str) -> list[str]:
    """What somebody has seen and this node does not hold."""
    held = {no: state for no, _, state in holder.rows(_CASES)}
    later = {"received": {"received", "in_transit"}, "in_transit": {"in_transit"}}
    gone = [no for no, (state, _) in seen.items() if held.get(no) not in later[state]]
    return [f"{holder.node.level}, after {after}: {len(gone)} of {len(seen)} lost: {gone[:3]}"] if gone else []


def _healed(targets: Mapping[str, Target], seen: Mapping[str, tuple[str, Filed]]) -> list[str]:
    """Wait until the county holds what the village holds, and compare."""
    village, county = targets["village"], targets["county"]
    deadline = time.monotonic() + HEALED_S
    while time.monotonic() < deadline:
        for name in ("village", "township"):
            with suppress(control.CommandRefused):
                control.ask(targets[name].node.data, dict, "sync")
        events = {
            name: [(scope, seq, bytes(raw)) for scope, seq, raw in t.rows(_EVENTS)] for name, t in targets.items()
        }
        if events["village"] == events["township"] == events["county"]:
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


def _plain(value: Any) -> Any:
    """A value as both databases would give it."""
    return bytes(value) if isinstance(value, memoryview) else value
