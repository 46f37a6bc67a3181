"""The part of the casebook about windows (窗口): which there are at this place and at those above and below it, which
are open on a day, and who waits for one that is to be closed."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final, NamedTuple

from sync_protocol.case import Item, kinds
from sync_protocol.case import windows as rules
from sync_protocol.case.beside import Record
from sync_protocol.case.windows import CLOSE, HEAD, Window
from sync_protocol.case.workdays import day_of
from sync_protocol.places import below
from village_node.casebook import once
from village_node.casebook.beside import Beside
from village_node.casebook.errors import BadBody, NotAllowed
from village_node.casebook.reception import Reception
from village_node.store import Connection, claims, reception
from village_node.store.reception import Ticket
from village_node.store.requests import Request

STATES: Final[dict[str, tuple[str, str]]] = {
    "open": ("今天开放", "open today"),
    "shut": ("今天不开放", "not open today"),
    "planned": ("未开设", "not begun"),
    "ended": ("已撤销", "closed for good"),
}
_WORDS: Final[dict[str, tuple[str, str]]] = {
    "window": ("请填写窗口名称，不超过 20 字，中间没有空格", "name the window: at most 20 characters, no blanks"),
    "what": ("请选择开设、调整或撤销", "open, change or close"),
    "first": ("请填写日期，如 2026-11-21", "give the day, such as 2026-11-21"),
    "document_no": ("请填写依据文号，不超过 80 字", "give the document number, at most 80 characters"),
    "reason": ("请填写理由，不超过 100 字", "give the reason, at most 100 characters"),
    "sort": ("请选择窗口类型", "choose the kind of window"),
    "department": ("部门不超过 40 字", "a department has at most 40 characters"),
    "items": ("事项编号不重复，最多 128 个", "item numbers, none twice, at most 128"),
    "last": ("截止日期不能早于开始日期", "the last day lies before the first"),
    "season": ("季节窗口要填每年起止的月日，如 12-15 和 02-20；其他窗口不填",
               "a seasonal window has the first and last day of its season, such as 12-15 and 02-20; others have none"),
    "days": ("流动窗口要填星期几在哪里，每处不超过 60 字；其他窗口不填",
             "a mobile window says on which weekday it stands where (60 characters); others do not"),
    "tasks": ("请选择办理内容，至少一项", "choose at least one thing that it does"),
}  # fmt: skip


class Known(NamedTuple):
    """A window as this node knows it: whose it is, and what was said of it, by the day from which it holds."""

    place: str
    name: str
    history: tuple[Record, ...]

    def held(self, day: date) -> Window:
        """What holds on a day; before the first day what is to come."""
        record = rules.holding(self.history, day) or self.history[0]
        said: Window = record.said["said"]
        return said

    def state(self, day: date) -> str:
        """How it stands on a day: a key of ``STATES``."""
        said = self.held(day)
        if said.is_open(day):
            return "open"
        if said.stands(day):
            return "shut"
        return "planned" if said.first > day.isoformat() else "ended"

    def next_open(self, day: date) -> date | None:
        """The next day on which it is open, within a year."""
        return rules.next_open(self.history, day)


class Spot(NamedTuple):
    """A window of this room that is open on a day. ``said``: what the register says of it; None for one that only the
    room's own list names: that one does everything, whenever the room is open."""

    name: str
    department: str
    staff_no: str
    where: str
    said: Window | None

    @property
    def is_head(self) -> bool:
        """Whether it is the head desk, at which everybody may wait."""
        return self.said is not None and self.said.sort == HEAD

    def serves(self, purpose: str, item: Item | None) -> bool:
        """Whether somebody who comes for that may be sent here; without an item, for what is not known yet."""
        if self.said is None or self.is_head:
            return True
        if purpose not in self.said.tasks:
            return False
        return purpose != "accept" or item is None or self.said.takes(item.item_no, item.department)


class Leaving(NamedTuple):
    """Who and what would be left without a window if one were closed or changed from a day on. ``waiting``: today's
    numbers for it; ``claimed``: cases that who sits there has taken up; ``items``: what no window here takes then;
    ``booked``: how many have an appointment for such an item from then on."""

    waiting: tuple[Ticket, ...] = ()
    claimed: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    booked: int = 0

    @property
    def nobody(self) -> bool:
        """Whether nothing would be left."""
        return not (self.waiting or self.claimed or self.items or self.booked)


class Windows(Reception, Beside):
    """The register of windows."""

    def windows(self) -> list[Known]:
        """Every window known here, of this place and of those above and below it, by place and name."""
        return self.remembered("windows", self._windows)

    def _windows(self, connection: Connection) -> list[Known]:
        found = rules.histories(self.records(connection, kinds.WINDOW, rules.read))
        return [Known(*key, tuple(history)) for key, history in sorted(found.items())]

    def windows_here(self) -> list[Known]:
        """The windows that the register of this place has."""
        return [each for each in self.windows() if each.place == self.identity.place]

    def window(self, place: str, name: str) -> Known:
        """One window. KeyError where none of that name is known here."""
        for each in self.windows():
            if (each.place, each.name) == (place, name):
                return each
        raise KeyError(name)

    def windows_open(self, day: date) -> list[tuple[Known, Window]]:
        """The windows open on a day at any place known here, each with what holds then."""
        held = ((each, each.held(day)) for each in self.windows())
        return [(each, said) for each, said in held if said.is_open(day)]

    def spots(self, day: date) -> list[Spot]:
        """The windows of this room that are open on a day, head desks first."""
        return self._spots(self.windows_here(), day)

    def _spots(self, known: Iterable[Known], day: date) -> list[Spot]:
        listed = {each.name: each for each in self.room().windows}
        registered, found = set(), []
        for each in known:
            registered.add(each.name)
            said = each.held(day)
            if said.is_open(day):
                staff_no = listed[each.name].staff_no if each.name in listed else ""
                found.append(Spot(each.name, said.department, staff_no, said.where(day), said))
        found += [
            Spot(each.name, each.department, each.staff_no, "", None)
            for each in listed.values()
            if each.name not in registered
        ]
        return sorted(found, key=lambda each: not each.is_head)

    def idle_candidates(self, since: date) -> tuple[str, ...]:
        """The windows of this room that might have had somebody from a day on until today: not those that are closed,
        have begun since, or have not had a day of their season or week in that time."""
        today, found = day_of(self.clock()), [each.name for each in self.spots(since) if each.said is None]
        for each in self.windows_here():
            begun = rules.holding(each.history, since) is not None and each.held(since).stands(since)
            opened = each.next_open(since)
            if begun and each.held(today).stands(today) and opened is not None and opened <= today:
                found.append(each.name)
        return tuple(found)

    def may_say_windows(self, roles: Iterable[str]) -> bool:
        """Whether somebody with these roles opens, changes and closes windows here."""
        return self.may_keep(frozenset(roles), kinds.WINDOW)

    def leaving(self, name: str, first: date, then: Window | None = None) -> Leaving:
        """What would be left without a window if this one of ours were closed from a day on, or ``then`` held."""
        with self.store.reading() as connection:
            return self._leaving(connection, self._windows(connection), name, first, then)

    def _leaving(
        self, connection: Connection, known: Iterable[Known], name: str, first: date, then: Window | None
    ) -> Leaving:
        ours = [each for each in known if each.place == self.identity.place]
        before = next(each for each in ours if each.name == name).held(first)
        others = [each for each in ours if each.name != name]
        today = day_of(self.clock())
        left = self._untaken(first, before, then, others)
        if then is not None and then.last and (not before.last or then.last < before.last):
            left += self._untaken(date.fromisoformat(then.last) + timedelta(days=1), then, None, others)
        goes = then is None or (first <= today and not then.is_open(today))
        waiting = [each for each in reception.tickets(connection, today.isoformat()) if each.at_window == name]
        sits = next((each.staff_no for each in self.room().windows if each.name == name), "")
        return Leaving(
            tuple(each for each in waiting if goes and each.state in (reception.WAITING, reception.CALLED)),
            tuple(claims.taken_up(connection, sits)) if sits and then is None else (),
            tuple(dict.fromkeys(left)),
            self._stranded(connection, max(first, today), before, then, others),
        )

    def _stranded(
        self, connection: Connection, since: date, before: Window, then: Window | None, others: Iterable[Known]
    ) -> int:
        """How many have an appointment from a day on for an item that a window takes, and that neither it nor another
        here is open for on that day: it may be out of its season then, or elsewhere that weekday."""
        departments = {item.item_no: item.department for item in self.catalogue.offered(since)}
        mine = [item_no for item_no, department in departments.items() if before.takes(item_no, department)]
        count = 0
        for day, item_no, times in reception.booked_from(connection, since.isoformat(), mine):
            on = date.fromisoformat(day)
            taking = [each.held(on) for each in others] + ([then] if then is not None else [])
            served = any(each.is_open(on) and each.takes(item_no, departments[item_no]) for each in taking)
            count += 0 if served else times
        return count

    def _untaken(self, day: date, before: Window, then: Window | None, others: Iterable[Known]) -> list[str]:
        """The items that a window took before, and that neither it nor another here takes on a day."""
        held = [each.held(day) for each in others] + ([then] if then is not None else [])
        taking = [each for each in held if each.stands(day)]
        return [
            item.item_no
            for item in self.catalogue.offered(day)
            if before.takes(item.item_no, item.department)
            and not any(each.takes(item.item_no, item.department) for each in taking)
        ]

    def say_window(
        self, actor: str, roles: Iterable[str], said: Window, seen: bool = False, request: Request | None = None
    ) -> None:
        """Open, change or close a window of this place. ``seen``: who closes or changes it knows whom that leaves
        without one. Raises AlreadyDone, IdTaken, BadBody naming the field, NotAllowed, NotSaved."""
        self.refuse_unless(roles, kinds.WINDOW)
        raw = self._checked(said)

        def act(connection: Connection) -> tuple[None, set[str]]:
            scope = below(self.identity.place)
            self._locked_stream(connection, scope)
            known = self._windows(connection)
            self._check_fits(known, said)
            if said.what != "open" and not seen:
                then = None if said.what == CLOSE else said
                left = self._leaving(connection, known, said.window, date.fromisoformat(said.first), then)
                if not left.nobody:
                    zh, en = "还有人或事等这个窗口，请先看清下列内容再勾选", "somebody still waits for it"
                    named = "、".join(left.items[:20])
                    raise BadBody("seen", *((f"{zh}：{named}", f"{en}: {named}") if named else (zh, en)))
            self.write_record(connection, scope, kinds.WINDOW, actor, raw)
            once.became(connection, request, (scope, said.window.encode()))
            self.note(connection, actor, f"window.{said.what}", said.window, document=said.document_no)
            self.mark_news(connection, {scope})
            return None, {scope}

        self._act(act, request)

    def _checked(self, said: Window) -> bytes:
        try:
            raw = rules.to_bytes(said)
        except ValueError as wrong:
            raise BadBody(str(wrong), *_WORDS[str(wrong)]) from None
        for item_no in said.items:
            there = self.catalogue.newest(item_no) is not None
            _check(there, "items", f"没有事项 {item_no}", f"there is no item {item_no}")
        today = day_of(self.clock()).isoformat()
        soon = said.what == "open" or said.first >= today
        _check(soon, "first", "调整和撤销只能从今天起", "a window is changed or closed from today on")
        return raw

    def _check_fits(self, known: Iterable[Known], said: Window) -> None:
        """That what is opened is not there yet, and what is changed or closed is. Raises BadBody."""
        first = date.fromisoformat(said.first)
        ours = (each for each in known if (each.place, each.name) == (self.identity.place, said.window))
        found = next(ours, None)
        stands = found is not None and found.held(first).stands(first)
        if said.what == "open":
            to_come = found is not None and found.held(first).first > said.first
            _check(not (stands or to_come), "window", "已有这个窗口，请用“调整”", "there is one already: change it")
        elif not stands:
            raise NotAllowed("这一天没有这个窗口，或已经撤销", "there is no such window on that day")


def _check(sound: bool, field: str, zh: str, en: str) -> None:
    if not sound:
        raise BadBody(field, zh, en)
