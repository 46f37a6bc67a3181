"""A booking is called off or moved: by whoever made it, with its number and code, or at the counter, with a reason.

A place that is given up is free again at once: only what is still booked, and who came, is counted. Where the same
person has a double that day, that stands from then on: they were told that they have it.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final

from sync_protocol.case.bodies import is_date, plain
from sync_protocol.case.workdays import day_of
from village_node.casebook import once
from village_node.casebook.errors import BadBody, NotAllowed, NotFound, Stale
from village_node.casebook.reception import FARTHEST_DAYS, ONESELF, OWN_DAYS, Reception
from village_node.store import Connection, reception
from village_node.store.reception import Appointment
from village_node.store.requests import Request

_REASON_MAX: Final = 100


class Bookings(Reception):
    """The part of the casebook that changes bookings."""

    def appointment(self, number: int) -> Appointment | None:
        """One booking by the number of its row."""
        with self.store.reading() as connection:
            return reception.appointment(connection, number)

    def booked_under(self, number: str, code: str) -> Appointment:
        """What was booked under a number and its code. Raises NotFound, which says the same of whatever was wrong."""
        with self.store.reading() as connection:
            found = reception.by_label(connection, number)
        if found is None or found.code != code:
            raise NotFound(
                "预约号或取消码不对，或预约已过去一个月；请核对后重填",
                "no such number with that code, or it is more than a month ago: look again",
            )
        return found

    def call_off_oneself(self, number: str, code: str, request: Request | None = None) -> None:
        """Who made a booking calls it off. Raises AlreadyDone, IdTaken, NotFound, NotAllowed, Stale, NotSaved."""
        held = self.booked_under(number, code)
        self._check_to_come(held)
        self._end(held, reception.CANCELLED, ONESELF, "", request)

    def move_oneself(self, number: str, code: str, day: str, slot: str, request: Request | None = None) -> None:
        """Who made a booking moves it to a slot that residents may take. Raises AlreadyDone, IdTaken, BadBody naming
        the field, NotFound, NotAllowed, Stale, NotSaved."""
        held = self.booked_under(number, code)
        self._check_to_come(held)
        self._move(held, ONESELF, day, slot, "", request)

    def call_off(
        self, actor: str, roles: Iterable[str], number: int, reason: str, request: Request | None = None
    ) -> None:
        """The counter calls a booking off, and says why. Raises AlreadyDone, IdTaken, BadBody naming the field,
        NotAllowed, NotFound, Stale, NotSaved."""
        self._check_counter(roles)
        _check_reason(reason)
        self._end(self._held(number), reception.CANCELLED, actor, reason, request)

    def move(
        self,
        actor: str,
        roles: Iterable[str],
        number: int,
        day: str,
        slot: str,
        reason: str,
        request: Request | None = None,
    ) -> None:
        """The counter moves a booking to another slot, and says why. Raises AlreadyDone, IdTaken, BadBody naming the
        field, NotAllowed, NotFound, Stale, NotSaved."""
        self._check_counter(roles)
        _check_reason(reason)
        self._move(self._held(number), actor, day, slot, reason, request)

    def _held(self, number: int) -> Appointment:
        found = self.appointment(number)
        if found is None or found.state in (reception.DOUBLE, reception.GONE):
            raise NotFound("没有这个预约", "there is no such appointment")
        return found

    def _check_to_come(self, held: Appointment) -> None:
        """Who booked changes what is still to come; what has begun is for the counter."""
        if held.day < day_of(self.clock()).isoformat() or self._is_past(held.day, held.slot):
            raise NotAllowed("约好的时间已到或已过，请到窗口办理", "its time has come or is past: ask at the counter")

    def _end(self, held: Appointment, state: int, actor: str, reason: str, request: Request | None) -> None:
        def act(connection: Connection) -> tuple[None, set[str]]:
            self._one_at_a_time(connection)
            double = held.state == reception.DOUBLE  # it never stood in the book, and stands in it no more now
            if not reception.change_booking(connection, held, reception.GONE if double else state, actor, reason):
                raise _ended()
            once.became(connection, request, self._room_key())
            if double:
                return None, set()
            self._promote(connection, held)
            return None, self._noted(connection, actor, "room.cancelled", f"{held.day} {held.slot}", reason=reason)

        self._act(act, request)

    def _promote(self, connection: Connection, given_up: Appointment) -> None:
        """Let a double of who gives a booking up stand in its place, where its own slot has a place left."""
        day, room = given_up.day, self.room()
        if day < day_of(self.clock()).isoformat():
            return
        for each in reception.doubles(connection, day, given_up.name, given_up.phone_tail):
            taken = reception.taken(connection, day, day)[day, each.slot]
            if taken.every < room.a_slot and not self._is_past(day, each.slot):
                reception.promote(connection, each.id)
                return

    def _move(self, held: Appointment, actor: str, day: str, slot: str, reason: str, request: Request | None) -> None:
        today = day_of(self.clock())
        most = OWN_DAYS if actor == ONESELF else FARTHEST_DAYS
        if not is_date(day) or not today <= date.fromisoformat(day) <= today + timedelta(most):
            raise BadBody("day", f"请选今天起 {most} 天内的日期", f"choose a day within {most} days")
        if (day, slot) == (held.day, held.slot):
            raise BadBody("slot", "就是原来约的时间，请选别的时间", "that is the time it is booked for: choose another")

        def act(connection: Connection) -> tuple[None, set[str]]:
            self._one_at_a_time(connection)
            # What is given up counts for what is asked for, and nobody is in their own way.
            if not reception.change_booking(connection, held, reception.MOVED, actor, reason):
                raise _ended()
            self._check_left(connection, day, slot, own=actor == ONESELF)
            state = self._state_of(connection, actor, day, held.name, held.phone_tail)
            before = f"{held.day} {held.slot}"
            row = held._replace(id=0, day=day, slot=slot, state=state, moved_from=before, ended_by=actor, reason=reason)
            reception.book(connection, row)
            if held.state == reception.DOUBLE:  # it never stood in the book
                reception.drop(connection, held.id)
            elif held.day != day:
                self._promote(connection, held)
            once.became(connection, request, self._room_key())
            told = f"{held.day} {held.slot} → {day} {slot}"
            return None, self._noted(connection, actor, "room.moved", told, reason=reason)

        self._act(act, request)


def _check_reason(reason: str) -> None:
    if not plain(reason, 1, _REASON_MAX):
        raise BadBody("reason", f"请写明原因（不超过 {_REASON_MAX} 字），并告诉预约人", "say why, and tell who booked")


def _ended() -> Stale:
    return Stale("这个预约已经取消、改期或办理，请重新查看", "it was called off, moved or dealt with: look again")
