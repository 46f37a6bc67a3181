"""A pen: appends events of cases to one of our own streams, each with its label, seal salt and place in the chain."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from sync_protocol import encoding, limits
from sync_protocol.case import Position, bodies, kinds
from sync_protocol.errors import Malformed, TooLarge
from sync_protocol.event import Dep, Event
from sync_protocol.stream import Draft, Opens, append
from village_node.casebook.errors import BadBody
from village_node.casebook.growth import Growth
from village_node.casebook.office import Office

_CLOCK_BITS: Final = 16
_FARTHEST_AHEAD_MS: Final = 86_400_000
# What a label can hold and count on from: a clock beyond (the year 4199) is wrong, and its claim says so.
_LATEST_LABEL_MS: Final = 1 << 46


class Pen:
    """Appends events to one of our own streams, with labels that never run backward in it.

    A label follows our clock, and the newest one of the case where that lies no more than a day ahead of our clock: so
    nobody whose clock is years ahead drags others along, and a case reads in order where clocks are nearly right.
    """

    def __init__(self, office: Office, growth: Growth, newest_hlc: int = 0) -> None:
        self._office = office
        self._growth = growth
        self.now_ms = office.clock()
        self._label_ms = min(max(self.now_ms, 0), _LATEST_LABEL_MS)
        sane = newest_hlc if newest_hlc >> _CLOCK_BITS <= self._label_ms + _FARTHEST_AHEAD_MS else 0
        self._hlc = max(growth.row.hlc, sane)

    def write(
        self,
        kind: int,
        case_id: bytes | Opens,
        actor: str,
        content: Mapping[int, Any],
        after: Position | None,
        deps: tuple[Dep, ...] = (),
        told: Mapping[int, Any] = MappingProxyType({}),
    ) -> Event:
        """Append one event of a case. ``told``: what its header says beside, by the key of its extensions."""
        known = kinds.BY_NUMBER[kind]
        apart = known.holding == "apart"
        self._hlc = max(self._label_ms << _CLOCK_BITS, self._hlc + 1)
        draft = Draft(
            kind,
            bodies.version_of(kind, content),
            case_id,
            self._hlc,
            self.now_ms,
            actor,
            encoding.encode(content),
            apart,
            after,
            deps,
            {**({bodies.KEPT_KEY: kept} if (kept := bodies.kept_of(kind, content)) else {}), **told},
        )
        salt = self._office.randomness(limits.SALT) if apart else None
        try:
            event = append(self._growth.row.stream_id, self._growth.head, draft, salt)
        except (Malformed, TooLarge) as error:
            raise BadBody("body", "内容过长，请分几次提交或缩短", f"too long: shorten it ({error})") from error
        self._growth.events.append(event)
        return event

    def position(self, event: Event) -> Position:
        """How other events name this one."""
        return Position(self._growth.row.incarnation, event.header.seq, event.hash[: limits.MARK])
