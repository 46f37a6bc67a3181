"""One node of the simulated county: the real casebook, store, uplink and downlink on a simulated machine."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, NamedTuple

import flask

from tests.builders import START_MS
from tests.simulation.disk import SOUND, Disk, PowerCut
from tests.simulation.loop import Loop
from tests.simulation.truth import Violation
from tests.simulation.wire import SimulatedSession
from tests.simulation.world import PLACES, Place
from township_node.downlink import Downlink
from village_node.casebook import Casebook
from village_node.identity import KEY_FILE, Identity, load, save, write_secret
from village_node.rebirth import Lives, Reason
from village_node.store import Store, StoreError
from village_node.uplink import Ancestor, Settings, Uplink
from village_node.uplink.road import NoAnswer

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation

HOUR_S: Final = 3600.0
ANCESTOR_AFTER_S: Final = 4 * HOUR_S
REST_S: Final = 0.2  # from a commit to the turn of the uplink that it wakes
START_AGAIN_S: Final = 600.0  # when a disk did not let the program start
FOUND_OUT_S: Final = 2 * HOUR_S  # after a cut by which a disk forgot: then it runs again
TORN: Final = 0.3  # of the power cuts
MOST_TURNS: Final = 300  # exchanges in a row, before we say that they never end
MOST_CALLS_HOME: Final = 30  # waiting calls answered with "come" to who names the same tide each time


class Pace(NamedTuple):
    """How often a node calls up when it owes nothing, and how long receipts alone gather first."""

    sync_every_s: float
    receipts_after_s: float


# A node as it comes calls up each minute: in a month of thirteen nodes half a million times, to say nothing. So a story
# is played at the pace of a metered line, and only its end, where all must become equal in time, at a quicker one.
SPARING: Final = Pace(24 * HOUR_S, 4 * HOUR_S)
QUICK: Final = Pace(HOUR_S / 2, Settings(()).receipts_after_s)


class NodeClock:
    """What a machine believes the time to be, in ms since 1970."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._offset_ms = 0
        self._rate = 0.0
        self._since_s = 0.0

    def __call__(self) -> int:
        passed_s = self._loop.now_s - self._since_s
        return START_MS + int(self._loop.now_s * 1000) + self._offset_ms + int(self._rate * passed_s * 1000)

    def jump(self, by_ms: int) -> None:
        """Forward or back, and on from there."""
        self._offset_ms += by_ms

    def drift(self, rate: float) -> None:
        """Run too fast from here on by this share, or too slow."""
        self._offset_ms = self() - START_MS - int(self._loop.now_s * 1000)
        self._rate, self._since_s = rate, self._loop.now_s

    def die(self) -> None:
        """The battery is empty: it is 1970 again."""
        self.drift(0.0)
        self.jump(-self())

    def mend(self) -> None:
        """Somebody sets it right."""
        self._offset_ms, self._rate = 0, 0.0


@dataclass
class Program:
    """What runs while the machine is up."""

    store: Store
    casebook: Casebook
    downlink: Downlink | None
    uplink: Uplink | None
    app: flask.Flask | None = None
    waiting_app: flask.Flask | None = None


class Station:
    """A machine at a place: it runs, stops, loses its power, and starts again."""

    def __init__(self, sim: "Simulation", code: str, disk: Disk, chance: random.Random) -> None:
        self.sim = sim
        self.place: Place = PLACES[code]
        self.disk = disk
        self.chance = chance
        self.clock = NodeClock(sim.loop)
        self.life = 0
        self.begun = 0  # how many new lives began here by themselves
        self.program: Program | None = None
        self._pace = SPARING
        self.metered = chance.random() < 0.3  # no waiting call on a metered line
        self.news = False
        self.calling = False
        self._waiting = False
        self._told_to_come = Counter[tuple[int, int]]()  # in this life of the program, by the tide it had
        self._planned = 0

    @property
    def identity(self) -> Identity:
        """Who this node is in its present life: known once it is enrolled."""
        return self.sim.world.built.identities[self.code]

    def _begun(self, reason: Reason) -> None:
        """A new life has begun. Raises Violation where it did so by itself, and nothing has happened that could be a
        reason: of two machines each may be shown what the other did, once for each time that it is switched on."""
        truth = self.sim.truth
        before, now = self.identity, self.casebook_opened.identity
        ended = {before.incarnation, *(each.incarnation for each in now.former[-1:])}
        if now.incarnation != before.incarnation and reason is not Reason.OPERATOR:
            self.begun += 1
            reasons = truth.turns.get(self.code, 0) + 1
            if (ended.isdisjoint(truth.two_lives) and self.code not in truth.turns) or self.begun > reasons:
                raise Violation("no new life without a reason", (self.code,), reason.value)
        if self.code in truth.turns:  # what ended is written again, as the life of a disk that was copied is
            for one in ended - {now.incarnation}:
                truth.two_lives.setdefault(one, "clone")
        self._is(now)
        self.sim.say(self, f"begins a new life: {reason.value}")

    def _is(self, identity: Identity) -> None:
        """Who the node at this place is now."""
        self.sim.world.built.identities[self.code] = identity
        self.sim.world.place_of[identity.incarnation] = self.code

    @property
    def enrolled(self) -> bool:
        """Whether it belongs to the network yet."""
        return self.code in self.sim.world.built.identities

    @property
    def code(self) -> str:
        """The place."""
        return self.place.code

    def is_up(self) -> bool:
        """Whether the program runs."""
        return self.program is not None

    @property
    def casebook(self) -> Casebook:
        """The casebook of a running program."""
        assert self.program is not None
        return self.program.casebook

    # Starting and stopping

    def start(self) -> None:
        """Start the program, if it does not run; where the disk does not let it, again after a while."""
        if self.is_up() or not self.enrolled:
            return
        self.life += 1
        sim = self.sim
        sim.quiet.touch(self.code)
        try:
            store = self.disk.open()
        except StoreError as problem:
            sim.trace.say(sim.loop.now_s, self.code, f"cannot start: {problem.en}")
            sim.loop.after(START_AGAIN_S, self.start)
            return
        try:
            data, fresh = self.disk.data, not (self.disk.data / KEY_FILE).exists()
            if fresh:
                write_secret(data / KEY_FILE, sim.world.built.seeds[self.identity.key.public])
                save(data, self.identity)
            lives = Lives(data, self.disk.machine, self.chance.randbytes, fresh=fresh)
            book = Casebook(store, load(data), self.clock, self.chance.randbytes, sim.world.built.catalogue, lives)
            self.casebook_opened = book
            self._is(book.identity)  # a twin's may be another one than before, and so may that of a life cut short
            book.on_begun(self._begun)
            if fresh:
                book.apply_roster(sim.world.changes_for(self.code))
        except StoreError as problem:
            store.close()
            sim.trace.say(sim.loop.now_s, self.code, f"cannot start: {problem.en}")
            sim.loop.after(START_AGAIN_S, self.start)
            return
        self.program = self._wire_up(store, book)
        book.on_news(self._hear)
        sim.watch.opened(self)
        sim.looked(self, "starts")
        self.plan_turn(REST_S)
        for child in sim.children(self.code):
            sim.loop.after(REST_S, child.wait_for_news)

    def _wire_up(self, store: Store, book: Casebook) -> Program:
        sim = self.sim
        program = Program(store, book, None, None)
        if self.place.level != "village":
            publisher = (lambda: [sim.world.built.publisher_key]) if self.place.parent is None else None
            program.downlink = Downlink(
                book,
                book.identity,
                self.clock,
                self.chance.randbytes,
                steady=lambda: sim.loop.now_s,
                wait_s=0.0,
                keys=publisher,
            )
            program.app = flask.Flask(f"node {self.code}", static_folder=None)
            program.app.register_blueprint(program.downlink.blueprint())
            program.waiting_app = program.downlink.waiting_app()
        above = sim.world.tree.path_up(self.code)[1:]
        if above:
            ancestors = tuple(
                Ancestor(f"http://{code}", f"http://wait-{code}" if step == 1 else "", step)
                for step, code in enumerate(above, start=1)
            )
            settings = Settings(
                ancestors,
                ancestor_after_s=ANCESTOR_AFTER_S,
                **self._pace._asdict(),
            )
            program.uplink = Uplink(
                book,
                book.identity,
                settings,
                self.clock,
                lambda: sim.loop.now_s,
                self.chance.randbytes,
                lambda: SimulatedSession(sim.wire, self),
            )
        return program

    def stop(self) -> None:
        """End the program in good order."""
        if self.program is None:
            return
        self.sim.quiet.touch(self.code)
        program, self.program = self.program, None
        self.life += 1
        self.calling = self._waiting = False
        self.disk.cut_back = None
        self.disk.cut_before_commit = self.disk.cut_after_commit = 0
        if program.downlink is not None:
            program.downlink.close()
        self.sim.watch.closed(self)
        program.store.close()

    def cut(self, restart_s: float | None = None) -> None:
        """The power goes. What was not committed is lost; the rest is found again by SQLite's own recovery."""
        if self.program is None:
            return
        image = self.disk.image()
        lost = self.disk.cut_back
        if lost is not None:
            image = lost
        elif "-wal" in image and self.chance.random() < TORN:
            # What was being written: a part of it reached the disk, in whatever order.
            image["-wal"] += self.chance.randbytes(self.chance.randrange(1, 5000))
            self.sim.happened("torn_write")
        self.stop()
        self.disk.put_back(image)
        if lost is not None:
            self.sim.watch.forget(self)
            self.sim.loop.after(FOUND_OUT_S, lambda: self.sim.forget_lost(self))
        self.disk.on_cut()
        self.sim.trace.say(self.sim.loop.now_s, self.code, "loses its power")
        self.sim.loop.after(self.chance.uniform(60.0, HOUR_S / 2) if restart_s is None else restart_s, self.start)

    # Calling up

    def _hear(self, scopes: set[str]) -> None:
        self.news = True

    def plan_turn(self, seconds: float) -> None:
        """Let the uplink have its next turn after so long; an earlier plan is given up."""
        self._planned += 1
        number = self._planned

        def turn() -> None:
            if number == self._planned:
                self._call_up()

        self.sim.loop.after(seconds, turn)

    def quicken(self) -> None:
        """From now on call up at the quicker pace."""
        self._pace = QUICK
        uplink = self.program.uplink if self.program is not None else None
        if uplink is None:
            return
        uplink._settings = replace(uplink._settings, **QUICK._asdict())
        for line in uplink._lines:
            line.due_at = min(line.due_at, uplink._monotonic() + self.chance.uniform(0.0, QUICK.sync_every_s))
        self.plan_turn(uplink.idle_s())

    def _call_up(self) -> None:
        program = self.program
        if program is None or program.uplink is None or self.calling:
            return
        self.calling = True
        self._in_task(lambda: self._turns(program.uplink))

    def _in_task(self, act: Callable[[], None]) -> None:
        """Do something that may wait, and that ends with this life of the program."""
        life = self.life

        def guarded() -> None:
            try:
                act()
            except PowerCut:
                if self.life == life:
                    self.cut()

        self.sim.loop.spawn(guarded)

    def _turns(self, uplink: Uplink | None) -> None:
        assert uplink is not None
        for _ in range(MOST_TURNS):
            uplink.turn()
            self.sim.looked(self, "calls up")
            idle_s = uplink.idle_s()
            if idle_s > 0.0:
                break
        else:
            raise Violation("exchanges come to rest", (self.code,), f"{MOST_TURNS} turns without a pause")
        self.calling = False
        self.plan_turn(idle_s)
        self.wait_for_news()

    def wait_for_news(self) -> None:
        """The waiting call: stands while the parent has nothing new, comes back at once when it has."""
        program = self.program
        if program is None or program.uplink is None or self._waiting or self.metered:
            return
        uplink = program.uplink
        line = uplink._lines[0]
        parent = self.sim.stations[self.place.parent or ""]
        conversation = line.conversation
        if not uplink._may_wait(line) or conversation is None or parent.program is None:
            return
        if not self.sim.wire.passable(self, parent):
            return  # tried again when the road is open
        tide, node = conversation.tide, parent.casebook.roster.node(self.casebook.speaker.incarnation)
        assert tide is not None and parent.program.downlink is not None
        if node is not None and parent.program.downlink._tides.of(node) == tide:
            return  # the call stands, and is answered when something comes

        def wait() -> None:
            try:
                came = uplink._wait_once(line, conversation, tide)
            except NoAnswer:
                self._waiting = False
                # Of two machines above the one that is on may be the other one, for days: each minute shows no more.
                longer = 10.0 if parent.code in self.sim.watch.doubled() else 1.0
                self.sim.loop.after(self.chance.uniform(2.0, 60.0) * longer, self.wait_for_news)
                return
            self._waiting = False
            if came and conversation.tide == tide:
                # Who rings is told nothing until people have chosen, and is called all the same, less and less.
                self._told_to_come[self.life, tide] += not conversation.alarm
                if self._told_to_come[self.life, tide] > MOST_CALLS_HOME:
                    raise Violation("whoever is told to come is told why", (self.code,), f"{MOST_CALLS_HOME} times")
                line.due_at = uplink._monotonic()
                self.plan_turn(600.0 if conversation.alarm else 0.0)
            else:
                self.wait_for_news()

        self._waiting = True
        self._in_task(wait)

    def sound(self) -> bool:
        """Whether neither disk nor power is in trouble just now."""
        return self.is_up() and self.disk.state == SOUND
