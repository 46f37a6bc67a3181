"""The numbers of the room (叫号): drawn, called to a window that is open that day, ended, and passed on.

Where a head desk (总服务台) is open, who names no window waits for it: it takes enquiries, applications and settlements
alike, settles what it can and passes the number on to the window that does the rest; every step is remembered.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from sync_protocol.case import Item
from sync_protocol.case.bodies import plain
from sync_protocol.case.windows import TASKS
from sync_protocol.case.workdays import day_of
from sync_protocol.places import about
from village_node.casebook import once
from village_node.casebook.errors import AlreadyDone, BadBody, NotAllowed, NotFound, Stale
from village_node.casebook.overseeing import span_ms
from village_node.casebook.windows import Spot, Windows
from village_node.store import Connection, cases, reception
from village_node.store.reception import Passed, Ticket
from village_node.store.requests import Request

ACCEPT: Final = "accept"
NOTE_MAX: Final = 60


class Ending(NamedTuple):
    """What comes of a number: ``done`` (with the case filed from it, if there is one), ``skip``, ``again``, or
    ``transfer`` to another window, with a note for who sits there."""

    what: str
    window: str = ""
    case_no: str = ""
    note: str = ""


class Queue(Windows):
    """Numbers and whose turn it is."""

    def end_booking(
        self, actor: str, roles: Iterable[str], number: int, what: str, request: Request | None = None
    ) -> int:
        """Somebody with an appointment comes, and draws a number; or does not come. The number drawn, 0 for none.
        Raises AlreadyDone, IdTaken, NotAllowed, NotFound, Stale, NotSaved."""
        self._check_counter(roles)
        state = {"came": reception.CAME, "missed": reception.MISSED}[what]

        def act(connection: Connection) -> tuple[int, set[str]]:
            held = reception.appointment(connection, number)
            if held is None:
                raise NotFound("没有这个预约", "there is no such appointment")
            today = day_of(self.clock()).isoformat()
            if state == reception.CAME and held.day != today:
                raise NotAllowed("预约不是今天的", "the appointment is for another day")
            if not reception.set_booking(connection, number, state):
                raise _moved_on()
            drawn = self._draw(connection, held.item_no, "", held.id, ACCEPT) if state == reception.CAME else 0
            once.became(connection, request, self._room_key(drawn))
            return drawn, self._noted(connection, actor, f"room.{what}", f"{held.day} {held.slot}")

        return self._act(act, request)

    def tickets(self, day: str) -> list[Ticket]:
        """The numbers drawn on a day."""
        with self.store.reading() as connection:
            return reception.tickets(connection, day)

    def tickets_between(self, first: str, last: str) -> list[Ticket]:
        """The numbers drawn from one day to another. Raises BadBody."""
        span_ms(first, last)
        with self.store.reading() as connection:
            return reception.tickets_between(connection, first, last)

    def passes(self, first: str, last: str) -> list[Passed]:
        """Every number that was passed on from one day to another, in the order in which that was done. Raises
        BadBody."""
        span_ms(first, last)
        with self.store.reading() as connection:
            return reception.passes(connection, first, last)

    def draw_ticket(
        self,
        actor: str,
        roles: Iterable[str],
        item_no: str,
        window: str,
        request: Request | None = None,
        purpose: str = ACCEPT,
    ) -> int:
        """Draw a number for who walks in; the one drawn before, where that was asked for under the same id. Raises
        IdTaken, BadBody, NotAllowed, NotSaved."""
        self._check_counter(roles)
        item = self.catalogue.newest(item_no) if item_no else None
        _check(not item_no or item is not None, "item_no", "没有这个事项", "there is no such item")
        _check(purpose in TASKS, "purpose", "请选择来办什么", "choose what they come for")
        _check(plain(window, 0, 20), "window", "窗口不超过 20 字", "a window has at most 20 characters")
        waits_at = self._waits_at(window, purpose, item)

        def act(connection: Connection) -> tuple[int, set[str]]:
            drawn = self._draw(connection, item_no, waits_at, None, purpose)
            once.became(connection, request, self._room_key(drawn))
            return drawn, self._noted(connection, actor, "room.draw", str(drawn))

        try:
            return self._act(act, request)
        except AlreadyDone as before:
            return int(before.case_id)

    def _draw(self, connection: Connection, item_no: str, window: str, booking: int | None, purpose: str) -> int:
        self._one_at_a_time(connection)
        day, now_ms = day_of(self.clock()).isoformat(), self.clock()
        row = Ticket(day, 0, item_no, window, booking, now_ms, reception.WAITING, None, "", None, "", None, purpose)
        return reception.draw(connection, row)

    def _waits_at(self, window: str, purpose: str, item: Item | None) -> str:
        """The window that a new number waits for: the one that is named, else the head desk if one is open, else any
        that does it. Raises BadBody where none that is open today does."""
        if window:
            self._check_window(window, purpose, item)
            return window
        spots = self.spots(day_of(self.clock()))
        if spots and spots[0].is_head:
            return spots[0].name
        if self.windows_here() and not any(each.serves(purpose, item) for each in spots):
            field = "item_no" if item is not None else "window"
            raise BadBody(
                field, f"今天没有开放的窗口办这件事{self._when(item)}", "no window that is open today does this"
            )
        return ""

    def _when(self, item: Item | None) -> str:
        """On which day something of ours next takes an item, in words; empty where nothing does within a year."""
        today = day_of(self.clock())
        days = [
            day
            for each in self.windows_here()
            if (day := each.next_open(today)) is not None
            and (item is None or each.held(day).takes(item.item_no, item.department))
        ]
        return f"，最近开放：{min(days).isoformat()}" if days else ""

    def _check_window(self, window: str, purpose: str = "", item: Item | None = None, field: str = "window") -> None:
        """That a number may wait for a window: where the room has windows it is one of those that are open today, and
        does what somebody comes for, if that is given. Raises BadBody."""
        today = day_of(self.clock())
        spots, registered = self.spots(today), {each.name: each for each in self.windows_here()}
        spot = next((each for each in spots if each.name == window), None)
        if spot is None and window in registered:
            known = registered[window]
            next_day, over = known.next_open(today), known.state(today) == "ended"
            zh = f"{window}{'已经撤销' if over else '今天不开放'}" + (f"，下次开放 {next_day}" if next_day else "")
            raise BadBody(field, zh, f"{window} is not open today" + (f", next on {next_day}" if next_day else ""))
        there = spot is not None or not (spots or registered)
        words = "窗口名册里没有这个窗口，请从中选择", "no such window in the register: choose one of it"
        _check(there, field, *words)
        if spot is not None and purpose and not spot.serves(purpose, item):
            does = "、".join(each.name for each in spots if each.serves(purpose, item)) or "今天没有"
            raise BadBody(
                field, f"{window}不办这件事；可以办的窗口：{does}", f"{window} does not do this; {does} would"
            )

    def call_next(self, actor: str, roles: Iterable[str], window: str, request: Request | None = None) -> Ticket:
        """Call who is next at a window. ``request``: under which id it is asked for. Raises AlreadyDone, IdTaken,
        BadBody, NotAllowed (also where nobody waits for it), NotSaved."""
        self._check_counter(roles)
        _check(plain(window, 1, 20), "window", "请填写窗口", "name the window")
        self._check_window(window)

        def act(connection: Connection) -> tuple[Ticket, set[str]]:
            spots = self.spots(day_of(self.clock()))
            waiting = reception.waiting(connection, day_of(self.clock()).isoformat())
            found = next((row for row in waiting if self._is_for(row, window, spots)), None)
            if found is None:
                raise NotAllowed("现在没有人等这个窗口", "nobody waits for this window now")
            now_ms = self.clock()
            after = found._replace(state=reception.CALLED, at_window=window, called_ms=now_ms, called_by=actor)
            if not reception.change_ticket(connection, found, after):
                raise _moved_on()
            once.became(connection, request, self._room_key(after.number))
            return after, self._noted(connection, actor, "room.call", f"{found.day} {found.number}", window=window)

        return self._act(act, request)

    def _is_for(self, row: Ticket, window: str, spots: list[Spot]) -> bool:
        """Whether a number that waits may be called to a window: it waits for it, or for any, or for one that is not
        there any more, where windows are; and then for one that does it, or for whichever, where none does."""
        if row.at_window == window:
            return True
        if row.at_window and (not spots or any(each.name == row.at_window for each in spots)):
            return False
        item = self.catalogue.newest(row.item_no) if row.item_no else None
        serving = [each.name for each in spots if each.serves(row.purpose, item)]
        return not serving or window in serving

    def end_ticket(
        self, actor: str, roles: Iterable[str], number: int, ending: Ending, request: Request | None = None
    ) -> None:
        """What comes of a number of today. Raises AlreadyDone, IdTaken, BadBody, NotAllowed, NotFound, Stale,
        NotSaved."""
        self._check_counter(roles)

        def act(connection: Connection) -> tuple[None, set[str]]:
            held = reception.ticket(connection, day_of(self.clock()).isoformat(), number)
            if held is None:
                raise NotFound("今天没有这个号", "there is no such number today")
            after = self._after(connection, held, ending)
            if not reception.change_ticket(connection, held, after):
                raise _moved_on()
            if ending.what == "transfer":
                at = held.at_window, ending.window
                passed = Passed(held.day, held.number, 0, self.clock(), *at, actor, ending.note)
                reception.note_pass(connection, passed)
            once.became(connection, request, self._room_key(number))
            return None, self._noted(connection, actor, f"room.{ending.what}", f"{held.day} {held.number}")

        self._act(act, request)

    def _after(self, connection: Connection, held: Ticket, ending: Ending) -> Ticket:
        if ending.what == "transfer":
            _check(plain(ending.window, 1, 20), "window", "请填写转到哪个窗口", "name the window it goes to")
            _check(plain(ending.note, 0, NOTE_MAX), "note", "说明不超过 60 字", "the note has at most 60 characters")
            item = self.catalogue.newest(held.item_no) if held.item_no else None
            self._check_window(ending.window, held.purpose, item)
            wrong = held.state == reception.DONE or held.at_window == ending.window
            after = held._replace(state=reception.WAITING, at_window=ending.window, called_ms=None, called_by="")
        elif ending.what == "again":
            wrong = held.state != reception.SKIPPED
            after = held._replace(state=reception.WAITING)
        elif ending.what == "skip":
            wrong = held.state != reception.CALLED
            after = held._replace(state=reception.SKIPPED)
        else:
            wrong = held.state != reception.CALLED
            after = held._replace(state=reception.DONE, ended_ms=self.clock())
            if ending.case_no:
                row = cases.by_number(connection, ending.case_no)
                there = row is not None and row.scope == about(self.identity.place)
                _check(there, "case_no", "本单位没有这个编号的件", "no case of this place has that number")
                assert row is not None
                after = after._replace(scope=row.scope, case_id=row.case_id)
        if wrong:
            raise _moved_on()
        return after


def _check(sound: bool, field: str, zh: str, en: str) -> None:
    if not sound:
        raise BadBody(field, zh, en)


def _moved_on() -> Stale:
    return Stale("已有人处理过，请重新查看", "somebody has dealt with it: look again")
