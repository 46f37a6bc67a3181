"""The service room: which services it gives, when it is open, who is on duty, who comes when, whose turn it is.

All of it is this node's own: no other node knows of it, and no event says it.
"""

import re
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

from sync_protocol import encoding
from sync_protocol.case import kinds, powers
from sync_protocol.case.bodies import is_date, plain
from sync_protocol.case.workdays import Calendar, day_of
from village_node.casebook import booking_labels, once
from village_node.casebook.booking_labels import Booked
from village_node.casebook.calendars import calendar_in
from village_node.casebook.errors import AlreadyDone, BadBody, NotAllowed
from village_node.casebook.overseeing import Overseeing, notes_of, span_ms
from village_node.store import Connection, board, cases, peers, reception
from village_node.store import oversight as beside
from village_node.store.locks import CaseKey
from village_node.store.reception import Appointment, Duty, Taken
from village_node.store.requests import Request

_ROOM: Final = "service_room"
# The five classes of services that a village room gives.
CLASSES: Final[dict[str, tuple[str, str]]] = {
    "agency": ("证照代办", "certificates by agency"),
    "advice": ("咨询服务", "advice"),
    "welfare": ("公益事业", "public welfare"),
    "prosperity": ("致富发展", "earning a living"),
    "mediation": ("民事纠纷调解", "mediation of disputes"),
}
POSTS: Final = ("A", "B")
SLOT: Final = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]", re.ASCII)
MOST_SLOTS: Final = 40
MOST_WINDOWS: Final = 60
MOST_A_SLOT: Final = 50
FARTHEST_DAYS: Final = 60
OWN_DAYS: Final = 14  # so far ahead residents book by themselves
ONESELF: Final = ""  # who has booked: nobody at the counter
BOARD_DAYS: Final = 30
BOARD_LINES: Final = 12
NAMED_DAYS: Final = 30  # so long after its day an appointment says whose it was
_NOBODY: Final = Taken(0, 0, 0)
_CHINA_MINUTES: Final = 8 * 60  # by which it is later there than in the time of the clock
_TAIL: Final = re.compile(r"[0-9]{4}", re.ASCII)


class Window(NamedTuple):
    """A window of the room: its name, as numbers are called to it; and where it is said, whose it is, who is there."""

    name: str
    department: str = ""
    staff_no: str = ""


class Room(NamedTuple):
    """What the service room says of itself. ``hours``: of Monday to Sunday, empty where it is closed; ``slots``: the
    times one can come by appointment, each for ``a_slot`` people; ``windows``: where numbers are called to, anywhere
    where there are none."""

    classes: tuple[str, ...] = ()
    hours: tuple[str, ...] = ("",) * 7
    address: str = ""
    phone: str = ""
    slots: tuple[str, ...] = ()
    a_slot: int = 1
    windows: tuple[Window, ...] = ()


class Served(NamedTuple):
    """How often a kind of service was given at a place in a period, and how often of these on days off."""

    place: str
    what: str
    times: int
    days_off: int


class Filed(NamedTuple):
    """How many cases a place took in in a period, and how many of these on days off."""

    place: str
    cases: int
    days_off: int


class Reception(Overseeing):
    """The part of the casebook behind the service room's pages."""

    def room(self) -> Room:
        """What the room says of itself; nothing but closed days before anybody has said more."""

        def read(connection: Connection) -> Room:
            raw = peers.bytes_of(connection, _ROOM)
            if not raw:
                return Room()
            said = encoding.decode(raw)
            windows = tuple(Window(*each) for each in (said[6] if len(said) > 6 else ()))
            return Room(tuple(said[0]), tuple(said[1]), said[2], said[3], tuple(said[4]), said[5], windows)

        return self.remembered(_ROOM, read)

    def may_keep_room(self, roles: Iterable[str]) -> bool:
        """Whether somebody with these roles says how the room is open and who is on duty."""
        return not frozenset(roles).isdisjoint(("head", "admin", "business"))

    def say_room(self, actor: str, roles: Iterable[str], room: Room, request: Request | None = None) -> None:
        """Say anew what the room is. Raises AlreadyDone, IdTaken, BadBody naming the field, NotAllowed, NotSaved."""
        self._check_keeper(roles)
        _check_room(room)

        def act(connection: Connection) -> tuple[None, set[str]]:
            body = [list(room.classes), list(room.hours), room.address, room.phone, list(room.slots), room.a_slot]
            body.append([list(each) for each in room.windows])
            peers.remember_bytes(connection, _ROOM, encoding.encode(body))
            once.became(connection, request, self._room_key())
            return None, self._noted(connection, actor, "room.say", self.identity.place)

        self._act(act, request)

    def duty(self, first: str, last: str) -> list[Duty]:
        """Who is on duty from one day to another."""
        with self.store.reading() as connection:
            return reception.duty(connection, first, last)

    def set_duty(self, actor: str, roles: Iterable[str], row: Duty, request: Request | None = None) -> None:
        """Enter who is on duty at a post on a day; without a person nobody is. Raises AlreadyDone, IdTaken, BadBody,
        NotAllowed, NotSaved."""
        self._check_keeper(roles)
        _check(is_date(row.day), "day", "请填写日期", "give the day")
        _check(row.post in POSTS, "post", "岗位须是 A 或 B", "the post is A or B")
        _check(plain(row.note, 0, 60), "note", "说明不超过 60 字", "the note has at most 60 characters")

        def act(connection: Connection) -> tuple[None, set[str]]:
            if row.staff_no:
                for other in reception.duty(connection, row.day, row.day):
                    if other.post != row.post and other.staff_no == row.staff_no:
                        raise BadBody("staff_no", "A岗和B岗须是两个人", "posts A and B are two persons")
                reception.put_duty(connection, row)
            else:
                reception.drop_duty(connection, row.day, row.post)
            once.became(connection, request, self._room_key())
            return None, self._noted(connection, actor, "room.duty", f"{row.day} {row.post}", staff=row.staff_no)

        self._act(act, request)

    def served(self, first: str, last: str) -> list[Served]:
        """How often each kind of service was given at each place in a period. Raises BadBody."""
        span_ms(first, last)
        with self.store.reading() as connection:
            calendar = calendar_in(self, connection)
            notes = notes_of(self, connection, beside.services(connection))
        counted: dict[tuple[str, str], list[int]] = {}
        for listed in notes.values():
            for _, note in listed:
                day = str(note.body.get("day") or day_of(note.at_ms).isoformat())
                if first <= day <= last:
                    sums = counted.setdefault((note.place, str(note.body["what"])), [0, 0])
                    sums[0] += 1
                    sums[1] += not calendar.is_working(date.fromisoformat(day))
        return [Served(*key, *sums) for key, sums in sorted(counted.items())]

    def filed(self, first: str, last: str) -> list[Filed]:
        """How many cases each place took in in a period, and how many on days off. Raises BadBody."""
        from_ms, to_ms = span_ms(first, last)
        with self.store.reading() as connection:
            calendar = calendar_in(self, connection)
            found = beside.filed_days(connection, from_ms, to_ms)
        counted: dict[str, list[int]] = {}
        for scope, day_number, number in found:
            sums = counted.setdefault(scope.partition(":")[2], [0, 0])
            sums[0] += number
            if not calendar.is_working(date.fromordinal(day_number + _EPOCH)):
                sums[1] += number
        return [Filed(place, *sums) for place, sums in sorted(counted.items())]

    def results(self) -> dict[str, tuple[int, int]]:
        """Item number -> how many cases this node knows to be taken in this year, and how many of these decided."""
        year = day_of(self.clock()).year
        from_ms, _ = span_ms(f"{year}-01-01", f"{year}-12-31")
        return self.remembered(f"results {year}", lambda connection: beside.results(connection, from_ms))

    def board(self) -> tuple[list[board.Entry], list[board.Entry]]:
        """What hangs on the wall: the cases filed and those settled last, of a month, without a word about persons."""
        first = day_of(self.clock()) - timedelta(BOARD_DAYS)
        from_ms, _ = span_ms(first.isoformat(), first.isoformat())

        def read(connection: Connection) -> tuple[list[board.Entry], list[board.Entry]]:
            since = cases.day_number(first)
            return board.newest(connection, from_ms, BOARD_LINES), board.settled(connection, since, BOARD_LINES)

        return self.remembered(f"board {first}", read)

    def slots(self, day: str) -> list[tuple[str, int]]:
        """The slots of a day and how many places each has left; none on a day the room is closed."""
        room = self.room()
        if not is_date(day) or not self._open_on(day, room):
            return []
        with self.store.reading() as connection:
            taken = reception.taken(connection, day, day)
        return [(slot, max(room.a_slot - taken.get((day, slot), _NOBODY).every, 0)) for slot in room.slots]

    def own_slots(self) -> list[tuple[str, list[tuple[str, int]]]]:
        """The open days that residents book by themselves, each with the slots still to come, and how many places each
        of these has left for them."""
        room, today = self.room(), day_of(self.clock())
        days = [(today + timedelta(number)).isoformat() for number in range(OWN_DAYS + 1)]
        with self.store.reading() as connection:
            taken = reception.taken(connection, days[0], days[-1])
        return [
            (
                day,
                [
                    (slot, _own_left(room, taken.get((day, slot), _NOBODY)))
                    for slot in room.slots
                    if not self._is_past(day, slot)
                ],
            )
            for day in days
            if self._open_on(day, room)
        ]

    def appointments(self, day: str) -> list[Appointment]:
        """Who comes on a day."""
        with self.store.reading() as connection:
            return reception.appointments(connection, day)

    def book(
        self,
        actor: str,
        roles: Iterable[str],
        day: str,
        slot: str,
        name: str,
        item_no: str,
        tail: str,
        request: Request | None = None,
    ) -> Booked:
        """Book a slot for somebody, and give number and code to be told. ``request``: under which id it is asked for:
        under the same id the same. Raises IdTaken, BadBody naming the field, NotAllowed, NotSaved."""
        self._check_counter(roles)
        return self._book(actor, day, slot, name, item_no, tail, request)

    def book_oneself(self, day: str, slot: str, name: str, item_no: str, tail: str, request: Request | None) -> Booked:
        """Book a slot for oneself, at the public page: one for a day, and some days ahead. Who has one that day gets no
        second, and is not told so: whoever tries a name there must not learn who comes, so that what they are given is
        looked up, moved and called off like any other. Raises IdTaken, BadBody naming the field, NotSaved."""
        last = day_of(self.clock()) + timedelta(OWN_DAYS)
        _check(
            not is_date(day) or date.fromisoformat(day) <= last,
            "day",
            f"只能预约今天起 {OWN_DAYS} 天内",
            f"book within {OWN_DAYS} days",
        )
        return self._book(ONESELF, day, slot, name, item_no, tail, request)

    def _book(
        self, actor: str, day: str, slot: str, name: str, item_no: str, tail: str, request: Request | None
    ) -> Booked:
        today = day_of(self.clock())
        _check(is_date(day), "day", "请填写日期", "give the day")
        wanted = date.fromisoformat(day)
        _check(
            today <= wanted <= today + timedelta(FARTHEST_DAYS),
            "day",
            f"只能预约今天起 {FARTHEST_DAYS} 天内",
            f"book within {FARTHEST_DAYS} days",
        )
        _check(plain(name, 1, 60), "name", "请填写姓名", "give the name")
        _check(self.catalogue.newest(item_no) is not None, "item_no", "没有这个事项", "there is no such item")
        _check(bool(_TAIL.fullmatch(tail)), "phone_tail", "请填写电话后四位", "give the last four digits of the phone")

        labels = booking_labels.labels_of(self.randomness(booking_labels.DRAWN))

        def act(connection: Connection) -> tuple[Booked, set[str]]:
            self._one_at_a_time(connection)
            self._check_left(connection, day, slot, own=actor == ONESELF)
            state = self._state_of(connection, actor, day, name, tail)
            row = Appointment(0, day, slot, name, item_no, tail, actor, self.clock(), state, *labels)
            reception.book(connection, row)
            once.became(connection, request, (self._room_key()[0], labels.number.encode()))
            if state == reception.DOUBLE:
                return labels, set()
            return labels, self._noted(connection, actor, "room.book", f"{day} {slot}")

        try:
            return self._act(act, request)
        except AlreadyDone as before:
            return self.labels_again(before.case_id.decode())

    def labels_again(self, number: str) -> Booked:
        """Number and code of a booking, for who has asked for it and is told once more; without the code where it is
        a month past."""
        with self.store.reading() as connection:
            held = reception.by_label(connection, number)
        return Booked(number, held.code if held is not None else "")

    def _check_left(self, connection: Connection, day: str, slot: str, *, own: bool) -> None:
        """That a slot has a place left; ``own``: for who books by themselves. Raises BadBody naming the field."""
        room = self.room()
        _check(self._open_on(day, room), "day", "这一天不开放", "the room is closed that day")
        _check(slot in room.slots, "slot", "没有这个时段", "there is no such slot")
        taken = reception.taken(connection, day, day).get((day, slot), _NOBODY)
        left = room.a_slot - taken.every
        if own:
            _check(not self._is_past(day, slot), "slot", "这个时段已经过了，请选别的时段", "that slot is past")
            left = _own_left(room, taken)
        _check(left > 0, "slot", "这个时段已约满，请选别的时段", "that slot is full: choose another")

    def _state_of(self, connection: Connection, actor: str, day: str, name: str, tail: str) -> int:
        """What a booking is from its start: who books by themselves and comes that day already has no second place."""
        comes = actor == ONESELF and _comes(reception.appointments(connection, day), name, tail)
        return reception.DOUBLE if comes else reception.BOOKED

    def forget_appointments(self) -> int:
        """Take the names off appointments of days long past, and drop those of years that no figures are drawn from any
        more; of how many. By the time of requests, which a clock that is months ahead does not take along. Raises
        NotSaved."""
        with self.store.writing() as connection:
            today = day_of(once.time_of(connection, self.clock())[0])
            named, kept = today - timedelta(NAMED_DAYS), date(today.year - 1, 1, 1)
            return reception.forget(connection, named.isoformat(), kept.isoformat())

    def _room_key(self, number: int = 0) -> CaseKey:
        """Under what a request about the room is kept: the number it came to, if any."""
        return f"room:{self.identity.place}", str(number).encode()

    def _one_at_a_time(self, connection: Connection) -> None:
        """Let nobody else give out slots and numbers until this transaction ends."""
        if self.store.dialect != "sqlite":  # there nobody else writes meanwhile
            peers.count_up(connection, "service_room_turn")

    def _open_on(self, day: str, room: Room) -> bool:
        """Whether the room is open on a day: by its hours on a working day, on others if somebody is on duty."""
        wanted = date.fromisoformat(day)
        calendar: Calendar = self.remembered("calendar", lambda connection: calendar_in(self, connection))
        if calendar.is_working(wanted):
            return bool(room.hours[wanted.weekday()]) or wanted.weekday() > 4
        return bool(self.duty(day, day))

    def _is_past(self, day: str, slot: str) -> bool:
        """Whether a slot of today has begun, by the time in China."""
        minute = (self.clock() // 60_000 + _CHINA_MINUTES) % (24 * 60)
        return day == day_of(self.clock()).isoformat() and slot <= f"{minute // 60:02}:{minute % 60:02}"

    def _noted(self, connection: Connection, actor: str, action: str, subject: str, **detail: Any) -> set[str]:
        self.note(connection, actor, action, subject, **detail)
        scopes = {f"room:{self.identity.place}"}
        self.mark_news(connection, scopes)
        return scopes

    def _check_keeper(self, roles: Iterable[str]) -> None:
        if not self.may_keep_room(roles):
            raise NotAllowed("由负责人或管理员登记", "a head or an administrator enters this")

    def _check_counter(self, roles: Iterable[str]) -> None:
        if not powers.may(frozenset(roles), self.identity.level, kinds.CREATE):
            raise NotAllowed("由窗口人员办理", "the people of the counter do this")


_EPOCH: Final = date(1970, 1, 1).toordinal()


def _check(sound: bool, field: str, zh: str, en: str) -> None:
    if not sound:
        raise BadBody(field, zh, en)


def _own_left(room: Room, taken: Taken) -> int:
    """How many places of a slot residents may still take by themselves: half of it, so that the book cannot be filled
    from outside. A double counts here like any other, or whoever tries a name would see by the places left who comes.
    """
    return max(min(room.a_slot - taken.every, (room.a_slot + 1) // 2 - taken.own) - taken.doubles, 0)


def _comes(booked: Iterable[Appointment], name: str, tail: str) -> bool:
    """Whether somebody is among those who are still to come."""
    return any((each.name, each.phone_tail, each.state) == (name, tail, reception.BOOKED) for each in booked)


def _is_window(window: Window) -> bool:
    name, department, staff_no = window
    in_one = not any(each.isspace() for each in "".join(window))  # a blank is what parts the three in the form
    return in_one and plain(name, 1, 20) and plain(department, 0, 60) and plain(staff_no, 0, 32)


def _check_room(room: Room) -> None:
    known = set(room.classes) <= CLASSES.keys() and len(set(room.classes)) == len(room.classes)
    _check(known, "classes", "请从所列类别中选择", "choose from the list")
    fits = len(room.hours) == 7 and all(plain(each, 0, 40) for each in room.hours)
    _check(fits, "hours", "每天的时间不超过 40 字", "the hours of a day have at most 40 characters")
    _check(plain(room.address, 0, 100), "address", "地址不超过 100 字", "the address has at most 100 characters")
    _check(plain(room.phone, 0, 40), "phone", "电话不超过 40 字", "the phone has at most 40 characters")
    sound = len(room.slots) <= MOST_SLOTS and all(SLOT.fullmatch(slot) for slot in room.slots)
    _check(
        sound and list(room.slots) == sorted(set(room.slots)),
        "slots",
        f"时段写成 09:00，从早到晚，不重复，最多 {MOST_SLOTS} 个",
        f"slots as 09:00, in their order, none twice, at most {MOST_SLOTS}",
    )
    names = [each.name for each in room.windows]
    sound = len(names) <= MOST_WINDOWS and len(set(names)) == len(names) and all(map(_is_window, room.windows))
    _check(
        sound,
        "windows",
        f"窗口一行一个：窗口（不超过 20 字，不重复）、部门、工号，各项中间不留空格，用空格隔开，最多 {MOST_WINDOWS} 个",
        f"a window a line: name (20 characters, none twice), department, staff number; {MOST_WINDOWS} at most",
    )
    few = 1 <= room.a_slot <= MOST_A_SLOT
    _check(few, "a_slot", f"每时段人数须为 1 至 {MOST_A_SLOT}", f"from 1 to {MOST_A_SLOT} people a slot")
