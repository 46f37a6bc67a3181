"""What heads and operators do beside casework: assign over heads, rule on forks, answer alarms, purge and recall."""

import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from sync_protocol.case import kinds, legal_moves
from tests.builders import ROLES
from tests.simulation.disk import SOUND, PowerCut
from tests.simulation.people import FINISHED
from tests.simulation.truth import CaseKey, Violation
from village_node.casebook import CasebookError, Choice, ForkView, Reason
from village_node.store import StoreError, erasures, purges

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation
    from tests.simulation.station import Station

PROPOSER, CONFIRMER = "0001", "0002"
CONFIRMED_S: Final = 6 * 3600.0  # within so long another person looks at a proposal
ASSIGNS: Final = 0.15  # of the sessions above the villages
REJECTED: Final = 0.2  # of the proposals
GOES_ON: Final = 0.5  # of the sessions on a machine that rings
RECALLS: Final = 0.1  # of the sessions where something was purged
ERASURES_A_DAY: Final = 0.1
RETENTION_MS: Final = 6 * 86_400_000


class Heads:
    """Those at each place who may do more than work on cases."""

    def __init__(self, sim: "Simulation", chance: random.Random) -> None:
        self._sim = sim
        self._chance = chance

    def session(self, station: "Station") -> None:
        """What a head looks at when the day's work begins."""
        self._rule_on_forks(station)
        if station.is_up() and self._chance.random() < GOES_ON:
            self._answer_alarms(station)
        if station.is_up() and self._chance.random() < RECALLS:
            self._recall(station)
        if station.is_up() and station.place.level != "village" and self._chance.random() < ASSIGNS:
            self._propose(station)

    def _propose(self, station: "Station") -> None:
        """One person proposes to take a case from its holder; another one looks at it later."""
        seen = self._sim.watch.seen[station.code].cases
        keys = [key for key, (state, *_) in seen.items() if state and state not in FINISHED]
        if not keys:
            return
        key = self._chance.choice(keys)

        def do() -> None:
            book, roles = station.casebook, ROLES[station.place.level]
            case = book.case(*key)
            if case is None or key in self._sim.truth.stopped_cases or book.proposal_of(key) is not None:
                return
            offers = legal_moves(case, station.code, roles, book.catalogue, book.roster.places)
            places = [offer.to for offer in offers if offer.kind == kinds.FORCE_ASSIGN and offer.to is not None]
            if not places:
                return
            # From here on the holder and those above may act on the same case without knowing of each other.
            self._sim.truth.assigned.add(key)
            to = self._chance.choice(places)
            book.propose(PROPOSER, roles, key, to, "久未办理", case.last)
            self._sim.say(station, f"proposes to assign {key[1].hex()[:8]} to {to}")
            later_s = self._chance.uniform(60.0, CONFIRMED_S)
            self._sim.loop.after(later_s, lambda: self._second_person(station, key))

        self._try(station, "proposes to assign a case", do)

    def _second_person(self, station: "Station", key: CaseKey) -> None:
        def do() -> None:
            book = station.casebook
            row = book.proposal_of(key)
            if row is None:
                return
            if self._chance.random() < REJECTED:
                book.reject(CONFIRMER, ROLES[station.place.level], row.id, "不必改派")
            else:
                book.confirm(CONFIRMER, ROLES[station.place.level], row.id)
                self._sim.decided("assigned_over_head")
            self._sim.say(station, f"answers the proposal about {key[1].hex()[:8]}")

        self._try(station, "answers a proposal", do, may_be_late=True)

    def settle(self, station: "Station") -> None:
        """Answer all that waits for a head or an operator."""
        self._answer_alarms(station)
        self._rule_on_forks(station)

    def _rule_on_forks(self, station: "Station") -> None:
        """Rule on every fork that may be ruled on here and has events nobody looked at."""

        def do() -> None:
            for view in station.casebook.forks():
                if view.may_rule and view.unruled:
                    station.casebook.rule(PROPOSER, ROLES[station.place.level], view, self._choice(view))
                    self._sim.decided("fork_ruling")
                    self._sim.say(station, f"rules on the fork in {view.scope} at {view.split}")

        self._try(station, "rules on forks", do, may_be_late=True)

    def _choice(self, view: ForkView) -> Choice:
        marks = sorted(branch.mark for branch in view.branches)
        both = {case.case_id: self._chance.choice(marks) for case in view.both}
        seen = {branch.mark: branch.upto for branch in view.branches}
        return Choice(True, both, self._chance.choice(marks), "经核实", seen)

    def _answer_alarms(self, station: "Station") -> None:
        """The operator of a machine that rings lets it go on under a new life; those above settle what rang below."""

        def do() -> None:
            book = station.casebook
            standing = book.standing()
            if standing.rings and self._sim.watch.may_ring(station):
                self._sim.decided("operator_goes_on")
                if station.code not in self._sim.watch.doubled():
                    self._sim.lives_twice(station, "alarm")
                book.begin_again(Reason.OPERATOR, actor=PROPOSER)
            for place in standing.alarms_below:
                book.settle_alarm(PROPOSER, place)
            if standing.provisional:
                self._answer_for_others(station)

        self._try(station, "answers alarms", do)

    def _answer_for_others(self, station: "Station") -> None:
        """A new life waits for a place further down that spoke with this one once, when its own parent was away. It
        does not by itself any more: people ring it up, and it reads off its screen that its roster goes no further."""
        book, tree = station.casebook, self._sim.world.tree
        held = book.roster.heads().get(station.code, (0, 0))
        for place in book.waits_for():
            other = self._sim.stations[place]
            if tree.parent(place) != station.code and other.sound():
                heads = other.casebook.roster.heads()
                if heads.get(station.code, (0, 0))[:2] <= held[:2]:
                    self._sim.decided("answers_for_another")
                    book.answer_for(PROPOSER, place)

    def purge(self, station: "Station") -> None:
        """The daily job: what the county has and vouches for goes when its term is over."""

        def do() -> None:
            run = station.casebook.purge(RETENTION_MS)
            if run.bodies:
                self._sim.decided("purge")
                self._sim.say(station, f"purges {run.bodies} bodies of {run.cases} cases")

        self._try(station, "purges", do)

    def erase(self, county: "Station") -> None:
        """Now and then somebody's right to have it erased is granted: a closed case, by two people of the county."""

        def do() -> None:
            book = county.casebook
            with book.store.reading() as view:
                closed = [key for key in purges.closed(view) if not erasures.of_case(view, key)]
            if closed:
                bodies = book.erase(PROPOSER, CONFIRMER, self._chance.choice(closed), "申请人要求删除")
                self._sim.decided("erasure")
                self._sim.say(county, f"orders {bodies} bodies to be erased")

        if county.place.parent is None and county.sound() and self._chance.random() < ERASURES_A_DAY:
            self._try(county, "orders an erasure", do, may_be_late=True)

    def _recall(self, station: "Station") -> None:
        """Somebody wants to see a case again whose bodies have gone."""

        def do() -> None:
            book = station.casebook
            gone = [key for key in sorted(self._sim.watch.seen[station.code].cases) if book.purge_of(*key) is not None]
            if gone:
                book.recall(PROPOSER, *self._chance.choice(gone))
                self._sim.decided("recall")

        self._try(station, "recalls a case", do)

    def _try(self, station: "Station", what: str, act: Callable[[], None], *, may_be_late: bool = False) -> None:
        """Let somebody do something. `may_be_late`: others may have been faster, and the node says so."""
        if not station.is_up():
            return
        try:
            act()
        except PowerCut:
            station.cut()
            return
        except StoreError as problem:
            if station.disk.state == SOUND:
                raise Violation("a sound disk saves", (station.code,), f"{what}: {problem.en}") from problem
        except CasebookError as problem:
            if not may_be_late:
                detail = f"{what}: {problem.en}"
                raise Violation("what is offered can be done", (station.code,), detail) from problem
            self._sim.say(station, f"{what}: {problem.en}")
        self._sim.looked(station, what)
