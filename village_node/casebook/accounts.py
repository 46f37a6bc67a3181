"""The part of the casebook for accounts: orders of places above, and what is said upward where one is shut or opened.

Theory of operation. An account is shut here while an order of a place above stands, whoever wrote it and whenever it
came (`sync_protocol.case.accounts.standing`), or while our own people keep it shut. The row of the account says both.
What is done is the difference between the orders held and the rows: so it is done once, after a restart, a replay or an
older database put back as well, and an order about an account that is not there waits for it. Each transaction that
changes accounts ends with it; it follows at once what admits an order, and each start.
"""

import unicodedata
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Final, NamedTuple

from sync_protocol.case import accounts, kinds
from sync_protocol.case.beside import Record
from sync_protocol.case.fields import STAFF_MAX
from sync_protocol.event import Position
from sync_protocol.places import PlaceTree, about
from village_node.casebook import once
from village_node.casebook.beside import Beside
from village_node.casebook.errors import BadBody, NotAllowed, NotFound
from village_node.casebook.office import ANYTHING, ROSTER
from village_node.casebook.reading import Reading
from village_node.store import Connection, peers, streams
from village_node.store import accounts as rows
from village_node.store.accounts import Say, StaffRow
from village_node.store.audit import Line
from village_node.store.requests import Request
from village_node.store.reserve import with_the_reserve

NODE: Final = "node"
_WRONG: Final = {
    "account": (
        f"请填写工号，1 至 {STAFF_MAX} 字，中间没有空格",
        f"give the staff number: 1 to {STAFF_MAX} characters, no blanks",
    ),
    "reason": (
        f"请写明理由，1 至 {accounts.REASON_MAX} 字",
        f"give the reason: 1 to {accounts.REASON_MAX} characters",
    ),
}


class Account(NamedTuple):
    """An account of a place below, as far as that place or an order has named it. ``state``: as the place said last,
    with ``since_ms`` by its clock; empty where it has said nothing. ``orders``: those that keep it shut; ``liftable``:
    whether this place may lift any of them."""

    account: str
    state: str
    since_ms: int | None
    by_order: bool
    orders: list[Record]
    liftable: bool


class AccountOrders(Beside, Reading):
    """What this place orders about accounts below, what it was ordered about its own, and what it says of them."""

    @contextmanager
    def shutting(self) -> Iterator[tuple[Connection, Say]]:
        """A transaction in which accounts are made, shut or opened: (its connection, what says that one was shut or
        opened). At its end orders are obeyed, and the places above are told with it what has changed."""
        scope, said = about(self.identity.place), list[tuple[str, bool, str]]()
        with self.store.writing() as connection:
            speaks = self._speaks(connection)
            if speaks:
                self._locked_stream(connection, scope)
            else:
                self.hold_life(connection)
            peers.count_up(connection, "staff")
            yield connection, lambda account, disabled, by: said.append((account, disabled, by))
            standing = self._standing(connection, self.identity.place)
            for row, orders in _unobeyed(rows.everybody(connection), standing):
                said += self._obey(connection, row, orders)
            for account, disabled, by in said if speaks else ():
                order = standing[account][-1].position if disabled and account in standing else None
                self._say_state(connection, scope, account, disabled=disabled, by=by, order=order)
        if said:
            self.tell({scope})

    def _speaks(self, connection: Connection) -> bool:
        """Whether what we wrote now would count anywhere. Where not, an account is shut all the same."""
        roster = self.roster_in(connection)
        return self._revoked_by(roster) is None and self.author(roster, self.identity.incarnation) is not None

    @with_the_reserve
    def obey_account_orders(self) -> None:
        """Shut what orders from above shut, and open what they kept shut and do no more. Raises NotSaved."""
        with self.store.reading() as connection:
            standing = self._standing(connection, self.identity.place)
            if not _unobeyed(rows.everybody(connection), standing):
                return
        with self.shutting():
            pass

    @with_the_reserve
    def say_who_is_shut(self) -> None:
        """Say upward of the accounts that are shut and of which nothing was ever said: they were shut by a program that
        did not say it. Raises NotSaved."""
        with self.store.reading() as connection:
            if not self._unsaid(connection):
                return
        with self.shutting() as (connection, say):
            for account in self._unsaid(connection):
                say(account, True, NODE)

    def _unsaid(self, connection: Connection) -> list[str]:
        shut = [row.staff_no for row in rows.everybody(connection) if row.disabled]
        if not shut:
            return []
        place = self.identity.place
        said = self.records(connection, kinds.ACCOUNT_STATE, _reads(kinds.ACCOUNT_STATE), about(place))
        known = accounts.reports_of(place, said)
        return [account for account in shut if account not in known]

    def look_at_orders(self, scopes: Collection[str]) -> None:
        """Something has come: it may be an order, or a change of the roster by which one counts no more."""
        if not {about(self.identity.place), ROSTER, ANYTHING}.isdisjoint(scopes):
            self.obey_account_orders()

    def refuse_not_below(self, place: str, places: PlaceTree) -> None:
        """Raises NotFound for what is no place below this one."""
        here = self.identity.place
        if place == here or place not in places or not places.covers(here, place):
            raise NotFound("不是本单位的下级", f"{place} is no place below this one")

    def order_account(
        self, actor: str, place: str, account: str, what: str, reason: str, request: Request | None = None
    ) -> str:
        """Order that an account of a place below be shut (``disable``), or that it be no more (``lift``); its number as
        it is kept there. An order that stands is lifted whatever number it names.

        Raises NotFound for a place that is not below, BadBody naming the field, NotAllowed where there is nothing to
        order or lift, AlreadyDone, IdTaken, NotSaved.
        """
        typed, account = account, _as_kept(account)
        if what == "disable" and not (account.isprintable() and account == "".join(account.split())):
            raise BadBody("account", *_WRONG["account"])

        def act(connection: Connection) -> tuple[str, set[str]]:
            places, here = self.roster_in(connection).places, self.identity.place
            self.refuse_not_below(place, places)
            scope = about(place)
            self._locked_stream(connection, scope)
            standing = self._standing(connection, place)
            number = _standing_as(standing, typed) if what == "lift" else account
            orders = standing.get(number, [])
            said: dict[str, Any] = {"account": number, "what": what, "reason": reason}
            if what == "lift":
                said["lifts"] = [list(each.position) for each in _to_lift(places, here, orders)]
            elif any(each.place == here for each in orders):
                raise NotAllowed("本单位已经命令停用这个账号", "this place has ordered that already")
            try:
                raw = accounts.to_bytes(kinds.ACCOUNT_ORDER, said)
            except ValueError as wrong:
                raise BadBody(str(wrong), *_WRONG[str(wrong)]) from None
            self.write_record(connection, scope, kinds.ACCOUNT_ORDER, actor, raw)
            self.note(connection, actor, f"account.order.{what}", f"{place} {number}", reason=reason)
            once.became(connection, request, (place, number.encode()))
            return number, {scope}

        return self._act(act, request)

    def accounts_of(self, place: str) -> list[Account]:
        """The accounts of a place that it has reported, or that are ordered to be shut there; by number."""
        with self.store.reading() as connection:
            places = self.roster_in(connection).places
            standing = self._standing(connection, place)
            states = self.records(connection, kinds.ACCOUNT_STATE, _reads(kinds.ACCOUNT_STATE), about(place))
        last = {account: each[-1] for account, each in accounts.reports_of(place, states).items()}
        found = []
        for account in sorted(last.keys() | standing.keys()):
            said, orders = last.get(account), standing.get(account, [])
            state, by_order = (said.said["state"], "by_order" in said.said) if said else ("", False)
            liftable = bool(orders) and bool(accounts.liftable(places, self.identity.place, orders))
            found.append(Account(account, state, said.claimed_ms if said else None, by_order, orders, liftable))
        return found

    def ordered_shut(self) -> dict[str, list[Record]]:
        """Account -> the orders from above that keep it shut here, whether we have such an account or not."""
        with self.store.reading() as connection:
            return self._standing(connection, self.identity.place)

    def _standing(self, connection: Connection, place: str) -> dict[str, list[Record]]:
        held = self.records(connection, kinds.ACCOUNT_ORDER, _reads(kinds.ACCOUNT_ORDER), about(place))
        return accounts.standing(self.roster_in(connection).places, place, held) if held else {}

    def _obey(self, connection: Connection, row: StaffRow, orders: list[Record]) -> list[tuple[str, bool, str]]:
        """Do to an account what the orders that stand want, with its line of the audit trail; what is to be said."""
        by, shut = _by(orders), bool(row.shut_here) if row.ordered_by is not None else row.disabled
        if by is None:
            columns: dict[str, Any] = {"ordered_by": None, "shut_here": None, "disabled": shut}
        else:
            columns = {"ordered_by": by, "shut_here": shut, "disabled": True}
        detail = {"ordered_by": by or row.ordered_by, "reason": orders[-1].said["reason"] if orders else "lifted"}
        changes = columns["disabled"] != row.disabled
        action = ("staff.disable" if columns["disabled"] else "staff.enable") if changes else "staff.ordered"
        rows.put(connection, row, columns, Line(self.clock(), NODE, action, row.staff_no, detail))
        return [(row.staff_no, columns["disabled"], NODE)] if changes else []

    def _say_state(
        self, connection: Connection, scope: str, account: str, *, disabled: bool, by: str, order: Position | None
    ) -> None:
        """Write upward that an account is shut or opened now, and how far we have written elsewhere by now."""
        me = self.identity.incarnation
        own = [row for row in streams.in_scopes(connection) if row.incarnation == me and row.scope != scope]
        ends = sorted((row for row in own if row.head_seq and not row.since), key=lambda row: (-row.hlc, row.scope))
        said = {
            "account": account,
            "state": accounts.STATES[0 if disabled else 1],
            "by_order": list(order) if order is not None else None,
            "heads": [[me, row.scope, row.head_seq] for row in ends[: accounts.MOST_HEADS]],
            "more": len(ends) > accounts.MOST_HEADS,
        }
        self.write_record(connection, scope, kinds.ACCOUNT_STATE, by, accounts.to_bytes(kinds.ACCOUNT_STATE, said))


def _reads(kind: int) -> Any:
    return partial(accounts.read, kind)


def _by(orders: list[Record]) -> str | None:
    """Who keeps an account shut, as its row names it: place and staff number."""
    return f"{orders[-1].place} {orders[-1].actor}" if orders else None


def _unobeyed(people: list[StaffRow], standing: dict[str, list[Record]]) -> list[tuple[StaffRow, list[Record]]]:
    """The accounts whose rows do not say what the orders want, with the orders that stand about each."""
    told = [(row, standing.get(row.staff_no, [])) for row in people]
    return [(row, orders) for row, orders in told if row.ordered_by != _by(orders)]


def _as_kept(account: str) -> str:
    """A staff number as a place keeps it."""
    return unicodedata.normalize("NFC", account).strip()


def _standing_as(standing: Iterable[str], typed: str) -> str:
    """Under which number an order stands that somebody wants lifted: the very one, or one that is kept as the same;
    orders are compared character by character, and whoever gave one need not have composed it."""
    same = sorted(each for each in standing if _as_kept(each) == _as_kept(typed))
    return typed if typed in same else next(iter(same), _as_kept(typed))


def _to_lift(places: PlaceTree, here: str, orders: list[Record]) -> list[Record]:
    """What a place lifts of the orders that stand. Raises NotAllowed where it may lift none."""
    able = accounts.liftable(places, here, orders)
    if not orders:
        raise NotAllowed("没有停用这个账号的命令", "no order keeps this account shut")
    if not able:
        names = "、".join(sorted({places.name(each.place) for each in orders}))
        raise NotAllowed(
            f"停用命令是上级下达的（{names}），由其解除", f"the order is of the level above ({names}), which lifts it"
        )
    return able[: accounts.MOST_LIFTED]
