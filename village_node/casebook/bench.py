"""Forks as people see them, and the ruling by which one above says what counts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sync_protocol import encoding, limits
from sync_protocol.case import bodies, kinds, powers
from sync_protocol.case import forks as rules
from sync_protocol.case.bodies import plain
from sync_protocol.case.forks import MOST_BRANCHES, MOST_CHOICES, REASON_MAX, Ruling, RulingBody, ruling_bytes
from sync_protocol.errors import ProtocolError
from sync_protocol.event import Position, mark
from sync_protocol.places import UnknownPlace
from sync_protocol.stream import Draft, append
from village_node.casebook import branches, freezing, ledger, once
from village_node.casebook.desk import Desk
from village_node.casebook.errors import BadBody, NotAllowed, NotFound, Stale
from village_node.casebook.growth import Growth
from village_node.casebook.ledger import Entry
from village_node.casebook.reading import Reading
from village_node.store import Connection, Overtaken, forks, streams
from village_node.store.forks import ForkRow
from village_node.store.requests import Request

_CLOCK_BITS: Final = 16


@dataclass(frozen=True, slots=True)
class BranchView:
    """One branch behind a split: its mark, the last position held, how many events and cases are on it."""

    mark: bytes
    upto: int
    events: int
    cases: Mapping[bytes, int]


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case behind a split: how many of its events each branch has, and its receipt number and applicant as they were
    written down, whether that counts or not."""

    case_id: bytes
    touched: Mapping[bytes, int]
    case_no: str
    applicant: str


@dataclass(frozen=True, slots=True)
class ForkView:
    """One split as a page shows it. ``ruling``: the one in force, and by whom; ``ours``: the incarnation is our own.
    ``shattered``: its stream has more arms than are kept, so that not all that it wrote is here."""

    incarnation: bytes
    scope: str
    split: int
    place: str
    found_ms: int
    ours: bool
    branches: tuple[BranchView, ...]
    cases: tuple[CaseView, ...]
    ruling: Ruling | None
    may_rule: bool
    shattered: bool = False

    @property
    def single(self) -> list[CaseView]:
        """The cases that only one branch touches; of a shattered stream nobody can say that of any."""
        return [case for case in self.cases if len(case.touched) == 1 and not self.shattered]

    @property
    def both(self) -> list[CaseView]:
        """The cases that more than one touches, or may touch: somebody must choose."""
        return [case for case in self.cases if len(case.touched) > 1 or self.shattered]

    @property
    def unruled(self) -> int:
        """Events behind the split that no ruling has looked at yet."""
        if self.ruling is None:
            return sum(branch.events for branch in self.branches)
        seen = self.ruling.body.branches
        return sum(min(branch.events, max(0, branch.upto - seen.get(branch.mark, 0))) for branch in self.branches)


@dataclass(frozen=True, slots=True)
class Choice:
    """What somebody ruling on a fork has chosen; ``seen``: mark -> the last position shown on the page."""

    take_all: bool
    choices: Mapping[bytes, bytes]
    otherwise: bytes | None
    reason: str
    seen: Mapping[bytes, int]


class Bench(Desk, Reading):
    """The part of the casebook that the pages about forks ask."""

    def forks(self) -> list[ForkView]:
        """Every split that is proven here, the newest first."""
        views = self.remembered("fork views", self._views)
        return list(views)

    def fork(self, incarnation: bytes, scope: str, split: int) -> ForkView | None:
        """One of them."""
        wanted = (incarnation, scope, split)
        return next((one for one in self.forks() if (one.incarnation, one.scope, one.split) == wanted), None)

    def fork_count(self) -> int:
        """How many forks are proven here: asked by pages that only say so."""
        return len({row[:3] for row in self.remembered("forks", forks.read)})

    def rule(
        self, actor: str, roles: Iterable[str], view: ForkView, choice: Choice, request: Request | None = None
    ) -> Ruling:
        """Write a ruling on a fork, which counts for what the page showed of each branch and for nothing later.

        ``request``: under which id a program asks for it. Raises AlreadyDone, IdTaken, NotAllowed, BadBody, NotFound,
        Stale, NotSaved.
        """
        if not powers.may(frozenset(roles), self.identity.level, kinds.FORK_RULING) or not view.may_rule:
            raise NotAllowed(
                "只有上级单位的负责人可以裁定", "only a head or chief representative of a place above may rule"
            )
        body = _body(view, choice)

        def act(connection: Connection) -> tuple[Ruling, set[str]]:
            key = (view.incarnation, view.scope)
            if self.roster_in(connection).node(self.identity.incarnation) is None:
                raise NotAllowed(
                    "本机的新编号尚未得到确认，确认后才能裁定；记录都已保留，不会丢失",
                    "this machine's new incarnation is not countersigned yet: it can rule once it is; nothing is lost",
                )
            if key not in {row.key for row in forks.read(connection)}:
                raise NotFound("本机没有这一分叉", "no such fork is known here")
            again = freezing.behind(connection, key, view.split)
            growth = self._locked_stream(connection, view.scope, sorted(again), [key])
            if freezing.behind(connection, key, view.split) != again:
                raise Overtaken(f"{view.scope}: more of the fork has arrived")
            now_ms = self.clock()
            hlc = max(now_ms << _CLOCK_BITS, growth.row.hlc + 1)
            draft = Draft(kinds.FORK_RULING, 1, None, hlc, now_ms, actor, ruling_bytes(body), apart=False)
            event = append(growth.row.stream_id, growth.head, draft, None)
            growth.events.append(event)
            entry = Entry(self.roster_in(connection), now_ms, {growth.row.key: growth}, refold=again)
            ledger.write(self, connection, entry)
            position = Position(growth.row.incarnation, event.header.seq, mark(event.hash))
            counted = self._ruling_on(connection, view.incarnation, view.scope, view.split, view.place)
            if counted is None:
                raise NotAllowed(
                    "本机在这里的记录自己也已分叉，不能裁定；请由上级单位裁定",
                    "this machine's own records here have forked too, so that it cannot rule: a higher place must",
                )
            if counted.position != position:
                raise NotAllowed(
                    "上级单位已有裁定，以其为准", "a higher place has ruled already, and its ruling is in force"
                )
            subject = f"{view.scope} {view.incarnation.hex()} {view.split}"
            self.note(connection, actor, "fork.rule", subject, take_all=choice.take_all)
            once.became(connection, request, (view.scope, view.incarnation))
            self.mark_news(connection, {view.scope})
            return counted, {view.scope}

        return self._act(act, request)

    def _views(self, connection: Connection) -> list[ForkView]:
        splits: dict[tuple[bytes, str, int], list[ForkRow]] = {}
        for row in forks.read(connection):
            splits.setdefault((row.incarnation, row.scope, row.split), []).append(row)
        arms: dict[tuple[bytes, str], set[tuple[int, bytes]]] = {}
        for row in forks.read(connection):
            arms.setdefault(row.key, set()).update(branches.arms_of([row]))
        views = [
            self._view(connection, *key, rows, shattered=len(arms[key[:2]]) > limits.FORK_ARMS)
            for key, rows in splits.items()
        ]
        return sorted(views, key=lambda view: (-view.found_ms, view.scope, view.incarnation, view.split))

    def _view(
        self,
        connection: Connection,
        incarnation: bytes,
        scope: str,
        split: int,
        proofs: list[ForkRow],
        *,
        shattered: bool,
    ) -> ForkView:
        roster = self.roster_in(connection)
        node = roster.node(incarnation)
        place = node.place if node is not None else ""
        shown = _branches(connection, incarnation, scope, split, proofs)
        touched: dict[bytes, dict[bytes, int]] = {}
        for branch in shown:
            for case_id, count in branch.cases.items():
                touched.setdefault(case_id, {})[branch.mark] = count
        words = _words(connection, scope, touched)
        listed = [CaseView(case_id, on, *words.get(case_id, ("", ""))) for case_id, on in touched.items()]
        me = self.identity
        return ForkView(
            incarnation,
            scope,
            split,
            place,
            min(row.found_ms for row in proofs),
            incarnation == me.incarnation,
            tuple(shown),
            tuple(sorted(listed, key=lambda case: (len(case.touched) < 2, case.case_no, case.case_id))),
            self._ruling_on(connection, incarnation, scope, split, place),
            scope.startswith("about:") and rules.may_rule(roster.places, me.place, me.incarnation, place, incarnation),
            shattered,
        )

    def _ruling_on(
        self, connection: Connection, incarnation: bytes, scope: str, split: int, place: str
    ) -> Ruling | None:
        roster = self.roster_in(connection)
        splits = {row.key: row.split for row in reversed(forks.read(connection))}
        held = freezing.rulings_of(connection, roster, [], scope, splits)
        try:
            return rules.in_force(held, incarnation, split, place, roster.places)
        except UnknownPlace:
            return None


def _words(connection: Connection, scope: str, case_ids: Iterable[bytes]) -> dict[bytes, tuple[str, str]]:
    """Case -> receipt number and applicant, from the events themselves: frozen ones set nothing in the lists."""
    found: dict[bytes, tuple[str, str]] = {}
    for row in streams.of_cases(connection, case_ids):
        event = row.event
        if row.scope != scope or event.body is None or event.case_id is None:
            continue
        if event.kind in (kinds.CREATE, kinds.RECEIVE):
            body = _checked_body(event.kind, event.body)
            number, name = found.get(event.case_id, ("", ""))
            if event.kind == kinds.CREATE:
                name = name or body.get(2, "")
            else:
                number = number or body.get(0, "")
            found[event.case_id] = (number, name)
    return found


def _checked_body(kind: int, raw: bytes) -> dict[int, Any]:
    """A body, or nothing where it does not fit its table."""
    try:
        body = encoding.decode(raw)
    except ProtocolError:
        return {}
    checked: dict[int, Any] = body if bodies.check(kind, body) is None else {}
    return checked


def _branches(
    connection: Connection, incarnation: bytes, scope: str, split: int, proofs: list[ForkRow]
) -> list[BranchView]:
    """What is held of each arm of a split, also where it has parted again further on."""
    key = (incarnation, scope)
    mains = {one: Growth(row) for one, row in streams.by_keys(connection, [key]).items()}
    forked = branches.read(connection, mains).get(key)
    paths = [(line, forked.path(connection, line)) for line in forked.lines] if forked else []
    shown = []
    for arm in sorted({arm for row in proofs for arm in (row.lower, row.upper)}):
        upto, events, counted = split - 1, 0, dict[bytes, int]()
        for line, path in paths:
            if (split, mark(arm)) not in path:
                continue
            upto = max(upto, line.row.head_seq)
            events += line.row.head_seq - max(split, line.row.since) + 1
            for case_id, count in forks.cases_from(connection, line.row.id, split).items():
                counted[case_id] = counted.get(case_id, 0) + count
        shown.append(BranchView(mark(arm), upto, events, counted))
    return shown


def _body(view: ForkView, choice: Choice) -> RulingBody:
    """The body of the ruling; raises BadBody naming the field, Stale where the page was of another fork."""
    marks = {branch.mark: branch.upto for branch in view.branches}
    upto = {one: min(seq, marks[one]) for one, seq in choice.seen.items() if one in marks and seq >= view.split}
    # A ruling has room for so many: of a shattered stream it names those on which most stands.
    most = sorted(view.branches, key=lambda branch: (-branch.events, branch.mark))
    named = {branch.mark for branch in [one for one in most if one.mark in upto][:MOST_BRANCHES]}
    upto = {one: seq for one, seq in upto.items() if one in named}
    if not upto:
        raise Stale("页面已过期，请重新查看", "the page is too old: look at it again")
    if not plain(choice.reason, 1, REASON_MAX):
        raise BadBody(
            "reason", f"请填写裁定理由，不超过 {REASON_MAX} 字", f"give the reason, at most {REASON_MAX} characters"
        )
    if len(choice.choices) > MOST_CHOICES:
        raise BadBody(
            "choices",
            f"一次最多逐件选择 {MOST_CHOICES} 件，其余请用统一选择",
            f"at most {MOST_CHOICES} cases one by one; choose one branch for the others",
        )
    if {*choice.choices.values(), *([choice.otherwise] if choice.otherwise else [])} - upto.keys():
        raise BadBody("choices", "所选的一支不存在", "no such branch")
    return RulingBody(
        view.incarnation, view.split, upto, choice.take_all, choice.choices, choice.otherwise, choice.reason
    )
