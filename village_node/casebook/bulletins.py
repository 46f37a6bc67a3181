"""The part of the casebook about bulletins: what was published of which period, by whom, by which rules of scoring.

A bulletin is made of the figures as they stand when somebody publishes it, and stays so. What arrives later is told by
the next one of its kind.
"""

from collections.abc import Iterable
from typing import Final

from sync_protocol.case import bulletin_bodies, kinds, periods, powers, standings
from sync_protocol.case import bulletins as said_by
from sync_protocol.case.bulletins import Bulletin, Published, Rules
from sync_protocol.case.workdays import day_of
from sync_protocol.places import below
from village_node.casebook import entitlement, once
from village_node.casebook.desk import SEAL_USE
from village_node.casebook.errors import BadBody, NotAllowed
from village_node.casebook.figures import Figures, sample_rules
from village_node.store import Connection
from village_node.store.requests import Request

MARK: Final = "通报"
_RUNNING: Final = "among the last for months running"
_FIELDS: Final[dict[str, tuple[str, str]]] = {
    "kind": ("请选择月度、季度或年度", "choose a month, a quarter or a year"),
    "period": ("期间须写成 2026-10、2026-Q4 或 2026", "write the period as 2026-10, 2026-Q4 or 2026"),
    "document_no": ("请填写文号，不超过 80 字", "give the document number, at most 80 characters"),
    "since": ("请填写施行日期", "give the day from which the rules hold"),
    "points": (
        "基础分须为 1 至 1000，扣分须为 0 至 1000，红旗和末位名额须为 0 至 100 的整数",
        "the base is from 1 to 1000, what is taken off from 0 to 1000, flags and last places from 0 to 100",
    ),
    "places": ("只能通报本单位和下级单位", "a bulletin is of the place that publishes it and of those below it"),
    "size": ("单位和事项过多，一期通报容纳不下", "too many places and items for one bulletin"),
}
_OVER_LONG: Final = "size"


class Bulletins(Figures):
    """Bulletins and the rules of their scores."""

    def bulletins(self) -> list[Published]:
        """Every bulletin that counts here: of this place, of those above it and of those below, the newest first."""
        return said_by.counting(self._told())

    def rules_published(self) -> list[Published]:
        """Every set of rules that a county above published, the one that holds last first."""
        found = [each for each in self._told() if isinstance(each.said, Rules)]
        return sorted(found, key=lambda each: (getattr(each.said, "since", ""), each.at_ms), reverse=True)

    def rules_for(self, kind: str, period: str) -> Rules:
        """The rules in force at the end of a period: the sample where none was published."""
        found = said_by.rules_for(self._told(), periods.days_of(kind, period)[1])
        return found.said if found is not None and isinstance(found.said, Rules) else sample_rules()

    def streaks(self, published: Published) -> dict[tuple[str, str], int]:
        """Who is among the last of a month's bulletin, and for how many months running."""
        return standings.streaks(self.bulletins(), published)

    def running(self) -> list[tuple[str, str, str, int]]:
        """(publisher, group, name, months) of who is among the last by the newest bulletin of a month that this place
        and each one above it has published, who is so for longest first; worked out again only after a change."""
        return self.remembered(_RUNNING, self._last_for_months)

    def _last_for_months(self, connection: Connection) -> list[tuple[str, str, str, int]]:
        found, every = list[tuple[str, str, str, int]](), said_by.counting(self._read(connection))
        places, here = self.roster_in(connection).places, self.identity.place
        for publisher in places.path_up(here) if here in places else ():
            months = (each for each in every if each.place == publisher and getattr(each.said, "kind", "") == "month")
            newest = next(months, None)
            if newest is not None:
                last = standings.streaks(every, newest)
                found += [(publisher, *key, last[key]) for key in sorted(last, key=lambda key: (-last[key], key))]
        return found

    def may_publish_bulletins(self, roles: Iterable[str]) -> bool:
        """Whether somebody with these roles publishes bulletins here."""
        return powers.may(frozenset(roles), self.identity.level, kinds.BULLETIN)

    def may_set_rules(self, roles: Iterable[str]) -> bool:
        """Whether somebody with these roles says by which rules scores are worked out."""
        return self.identity.level == "county" and self.may_publish_bulletins(roles)

    def why_not_publish(self, kind: str, period: str) -> tuple[str, str] | None:
        """Why no bulletin of this period can be published now; None where one can."""
        if self.left_to_fold():
            return (
                "升级后案件还在重新计算，算完才能通报",
                "after the upgrade cases are still being counted: publish when that is over",
            )
        if periods.days_of(kind, period)[1] >= day_of(self.clock()):
            return "本期尚未结束，结束后才能通报", "the period is not over yet: publish it afterwards"
        told = [each.said for each in self._own() if isinstance(each.said, Bulletin)]
        own = [said.period for said in self._over(told) if said.kind == kind]
        if any((said.kind, said.period) == (kind, period) for said in told):
            return (
                "本期已经通报，不能更改；后到的件在下期列为补报",
                "published already: what comes later is told by the next",
            )
        if own and period < max(own):
            return "以后的期间已经通报，不能倒补", "a later period was published already"
        return None

    def publish_bulletin(
        self, actor: str, roles: Iterable[str], kind: str, period: str, request: Request | None = None
    ) -> Published:
        """Publish the figures of a period that is over, for good, under a number drawn here.

        Raises AlreadyDone, IdTaken, BadBody naming the field, NotAllowed, NotSaved.
        """
        if not self.may_publish_bulletins(roles):
            raise NotAllowed("只有督查或站长可以发布通报", "supervision or the head of a station publishes bulletins")
        check_period(kind, period)
        self._check_open(kind, period)
        made = self.figures(kind, period, rules=self.rules_for(kind, period))._replace(late=self._late(kind, period))
        with self.store.reading() as connection:
            if not said_by.within(made, self.identity.place, self.roster_in(connection).places):
                raise BadBody("places", *_FIELDS["places"])

        def act(connection: Connection) -> tuple[None, set[str]]:
            self._locked_stream(connection, below(self.identity.place))
            self._check_open(kind, period, connection)
            number = self._letter_number(connection, MARK)
            seal = entitlement.office_seal(self, connection, actor)
            for raw in _bodies(made._replace(number=number, seal=seal)):
                scope = self._write_entry(connection, actor, kinds.BULLETIN, raw)
            once.became(connection, request, (scope, b""))
            self.note(connection, actor, "bulletin.publish", number, period=period)
            if seal:
                self.note(connection, actor, SEAL_USE, number, seal=seal, act=kinds.BULLETIN, document=number)
            self.mark_news(connection, {scope})
            return None, {scope}

        self._act(act, request)
        return self.bulletin(kind, period)

    def bulletin(self, kind: str, period: str) -> Published:
        """The bulletin that this place published of a period. KeyError where there is none."""
        for each in said_by.counting(self._own()):
            assert isinstance(each.said, Bulletin)
            if (each.said.kind, each.said.period) == (kind, period):
                return each
        raise KeyError(period)

    def set_rules(self, actor: str, roles: Iterable[str], said: Rules, request: Request | None = None) -> None:
        """Publish rules that hold from a day on. Raises AlreadyDone, IdTaken, BadBody naming the field, NotAllowed,
        NotSaved."""
        if not self.may_set_rules(roles):
            raise NotAllowed("评分规则由县督查科公布", "the rules are published by the county's supervision")
        (raw,) = _bodies(said)

        def act(connection: Connection) -> tuple[None, set[str]]:
            self._locked_stream(connection, below(self.identity.place))
            told = [each.said for each in self._own(connection) if isinstance(each.said, Bulletin)]
            ends = [periods.days_of(each.kind, each.period)[1].isoformat() for each in self._over(told)]
            if ends and said.since <= max(ends):
                raise BadBody(
                    "since", f"{max(ends)} 以前已经通报，新规则须从其后施行",
                    f"what is before {max(ends)} was published by other rules: these hold from later on",
                )  # fmt: skip
            scope = self._write_entry(connection, actor, kinds.BULLETIN, raw)
            once.became(connection, request, (scope, b""))
            self.note(connection, actor, "bulletin.rules", said.document_no, since=said.since)
            self.mark_news(connection, {scope})
            return None, {scope}

        self._act(act, request)

    def _over(self, told: Iterable[Bulletin]) -> list[Bulletin]:
        """Those of periods that are over: what a clock had published that ran ahead bars nothing of today."""
        return [said for said in told if periods.days_of(said.kind, said.period)[1] < day_of(self.clock())]

    def _check_open(self, kind: str, period: str, connection: Connection | None = None) -> None:
        if connection is None:
            refused = self.why_not_publish(kind, period)
            if refused is not None:
                raise NotAllowed(*refused)
            return
        for each in self._own(connection):  # another worker may have been faster
            if isinstance(each.said, Bulletin) and (each.said.kind, each.said.period) == (kind, period):
                raise NotAllowed("本期已经通报，不能更改", "published already")

    def _late(self, kind: str, period: str) -> tuple[int, int, int]:
        """What has come of the periods published before and was told by none of their bulletins nor by a later one."""
        told = [each.said for each in said_by.counting(self._own()) if isinstance(each.said, Bulletin)]
        earlier = [said for said in told if said.kind == kind and said.period < period]
        now = self.came(periods.days_of(kind, said.period) for said in earlier)
        whole = [(said.whole.received, said.whole.accepted, said.whole.settled) for said in earlier]
        known = [sum(each) for each in zip((0, 0, 0), *whole, *(said.late for said in earlier), strict=True)]
        return now[0] - known[0], now[1] - known[1], now[2] - known[2]


def check_period(kind: str, period: str) -> None:
    """Raises BadBody naming what is no period."""
    if kind not in periods.PERIODS:
        raise BadBody("kind", *_FIELDS["kind"])
    try:
        periods.days_of(kind, period)
    except ValueError:
        raise BadBody("period", *_FIELDS["period"]) from None


def _bodies(said: Bulletin | Rules) -> list[bytes]:
    """The bodies of the events that say it. Raises BadBody."""
    try:
        return bulletin_bodies.bodies_of(said)
    except ValueError as wrong:
        field = str(wrong)
        raise BadBody(field, *_FIELDS.get(field, _FIELDS[_OVER_LONG])) from None
