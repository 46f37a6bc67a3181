"""Who keeps the books beside the cases: days are closed, bulletins and rules of scores published, accounts ordered shut
and opened again, and the trail's end said upward, each evening at each place that is open."""

import random
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final

from sync_protocol.case import kinds, periods, powers
from sync_protocol.case.workdays import FIRST_DAY, day_of
from sync_protocol.places import about, below
from tests.builders import ROLES
from village_node.casebook.figures import sample_rules
from village_node.store.accounts import AccountRows, StaffRow
from village_node.store.audit import Line

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation
    from tests.simulation.station import Station

ACTOR: Final = "0001"
MOVED_AWAY: Final = "0009"  # whose account is shut now and then, here or from above
PUBLISHERS: Final = {"county": frozenset({"supervisor"}), "township": frozenset({"head"})}
FROM_S, UNTIL_S = 17.5 * 3600, 19.0 * 3600
CLOSES: Final = 0.6  # of the evenings of a place
PUBLISHES: Final = 0.4
SETS_RULES: Final = 0.1
ORDERS: Final = 0.3
SHUTS: Final = 0.1


class Bookkeepers:
    """One at each place."""

    def __init__(self, sim: "Simulation", chance: random.Random) -> None:
        self._sim = sim
        self._chance = chance

    def plan_day(self, day: int) -> None:
        """Plan when the books of each place are kept on one day."""
        for code in sorted(self._sim.stations):
            at_s = day * 86_400 + self._chance.uniform(FROM_S, UNTIL_S)
            self._sim.loop.after(at_s - self._sim.loop.now_s, partial(self._evening, code))

    def _evening(self, code: str) -> None:
        station = self._sim.stations[code]
        self._now(station, 1.0, self.look_at_accounts)
        self._now(station, CLOSES, self.close_day)
        if station.place.level in PUBLISHERS:
            self._now(station, SETS_RULES, self.set_rules)
            self._now(station, PUBLISHES, self.publish)
            self._now(station, ORDERS, self.order)

    def _now(self, station: "Station", often: float, act: Callable[["Station"], None]) -> None:
        if station.is_up() and self._chance.random() < often:
            act(station)

    def close_day(self, station: "Station") -> None:
        """The day of the room is closed; whatever is left over waits for the line."""
        roles = ROLES[station.place.level]
        if not powers.may(roles, station.place.level, kinds.DAY_END):
            return

        def do() -> None:
            today = day_of(station.casebook.clock()).isoformat()
            station.casebook.close_day(ACTOR, roles, today, "", {}, ("network", ""))
            self._sim.decided("day_end")

        self._sim.people.try_to(station, about(station.code), "closes a day", do)

    def publish(self, station: "Station") -> None:
        """The figures of a period that is over, where none was published yet."""
        kind = self._chance.choice(periods.PERIODS)

        def do() -> None:
            book = station.casebook
            now = periods.period_of(kind, day_of(book.clock()))
            if periods.days_of(kind, now)[0] <= FIRST_DAY:
                return  # a clock that went back to its beginning
            period = periods.before(kind, now)
            if book.why_not_publish(kind, period) is None:
                book.publish_bulletin(ACTOR, PUBLISHERS[station.place.level], kind, period)
                self._sim.decided("bulletin")

        self._sim.people.try_to(station, below(station.code), "publishes", do)

    def set_rules(self, station: "Station") -> None:
        """The county says by which rules scores are worked out from a day far behind all bulletins."""
        if station.place.parent is not None:
            return
        rules = sample_rules()._replace(document_no=f"督〔{self._chance.randrange(9)}〕号", since="2199-01-01")

        def do() -> None:
            station.casebook.set_rules(ACTOR, PUBLISHERS["county"], rules)
            self._sim.decided("rules")

        self._sim.people.try_to(station, below(station.code), "sets rules", do)

    def order(self, station: "Station") -> None:
        """An account at a place below is ordered shut; where it is by our order, that is lifted."""

        def do() -> None:
            book = station.casebook
            orders = [one for one in book.accounts_of(place) if one.account == MOVED_AWAY and one.orders]
            if orders and not orders[0].liftable:
                return
            book.order_account(ACTOR, place, MOVED_AWAY, "lift" if orders else "disable", "调离")
            self._sim.decided("account_order")

        under = station.casebook.roster.places.below_or_self(station.code)[1:]
        if under:
            place = self._chance.choice(under)
            self._sim.people.try_to(station, about(place), f"orders about an account of {place}", do)

    def look_at_accounts(self, station: "Station") -> None:
        """What was ordered is obeyed; now and then an account is shut or opened here; the trail's end is said."""
        for what, act in (
            ("enters an account", self._enter),
            ("obeys orders", lambda here: here.casebook.obey_account_orders()),
            *([("shuts or opens an account", self._shut)] if self._chance.random() < SHUTS else []),
            ("says where its trail ends", self._say_audit_head),
        ):
            if station.is_up():  # each is saved by itself
                self._sim.people.try_to(station, about(station.code), what, partial(act, station))

    def _enter(self, station: "Station") -> None:
        accounts, now_ms = AccountRows(station.casebook.store, station.casebook.shutting), station.casebook.clock()
        if accounts.staff(MOVED_AWAY) is None:
            row = StaffRow(MOVED_AWAY, "调离的人", ("agent",), None, None, None, False, now_ms, None, None)
            accounts.add_staff(row, Line(now_ms, ACTOR, "staff.add", MOVED_AWAY, {}))

    def _shut(self, station: "Station") -> None:
        accounts, now_ms = AccountRows(station.casebook.store, station.casebook.shutting), station.casebook.clock()
        held = accounts.staff(MOVED_AWAY)
        if held is not None and held.ordered_by is None:
            action = "staff.enable" if held.disabled else "staff.disable"
            accounts.disable(MOVED_AWAY, not held.disabled, Line(now_ms, ACTOR, action, MOVED_AWAY, {}), "")
            self._sim.decided("account_state")

    def _say_audit_head(self, station: "Station") -> None:
        if station.casebook.say_audit_head():
            self._sim.decided("audit_head")
