"""Revoking a machine that was stolen or lost: one person asks, another confirms, and the roster shuts it out.

What stands of it is what we hold at that moment, stream by stream: nothing that anybody has built on is undone. What
comes later lies behind the cut, is kept, shown and adoptable; two persons may also let all of it stand.
"""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from sync_protocol import roster as rosters
from sync_protocol.roster import Change, Cut, Node, Roster, read_payload
from sync_protocol.suites import SigningKey
from village_node.casebook.errors import BadBody, NotAllowed, NotFound, Stale
from village_node.casebook.rostering import Rostering
from village_node.identity import NoIdentity
from village_node.store import revocations, streams
from village_node.store.revocations import CONFIRMED, REJECTED, Asked
from village_node.store.streams import StreamRow

LONGEST_REASON: Final = 200
MOST_LISTED: Final = 50
_SHORTEST: Final = 8  # digits of a machine's number


class Machine(NamedTuple):
    """A node as people see it who may revoke it. ``events``: held here; ``behind``: those behind the cut; ``asked``:
    what waits about it for a second person; ``ours``: it was this place that has revoked it; ``besides``: so many other
    numbers of its place are in force, which may be other lives of the very same machine."""

    node: Node
    events: int
    behind: int
    asked: Asked | None
    ours: bool
    besides: int


class Revoking(Rostering):
    """The part of the casebook by which a county or a township shuts out a machine under it."""

    _roster_keys: Callable[[], Sequence[SigningKey]] | None = None

    def sign_roster_with(self, keys: Callable[[], Sequence[SigningKey]]) -> None:
        """What signs our part of the roster, where it is not our own key."""
        self._roster_keys = keys

    def roster_keys(self) -> list[SigningKey]:
        """What signs our part of the roster. Raises NotAllowed where it cannot be read."""
        try:
            return list(self._roster_keys()) if self._roster_keys is not None else [self.speaker.key]
        except NoIdentity as problem:
            raise NotAllowed(
                f"签发名册的密钥读不出来：{problem}", f"the publishing key cannot be read: {problem}"
            ) from None

    def may_revoke(self, node: Node) -> bool:
        """Whether this place shuts that node out: the county any number but that of
        this machine now, a township those under it."""
        roster, who = self.roster, self.identity
        if node.struck or node.incarnation == who.incarnation or node.place not in roster.places:
            return False
        if who.place == roster.county:
            return True
        under = node.place != who.place and roster.places.covers(who.place, node.place)
        return who.level == "township" and under

    def machines(self) -> list[Machine]:
        """Every machine that this place may revoke, those that are revoked among them."""
        with self.store.reading() as connection:
            roster, held = self.roster_in(connection), streams.in_scopes(connection)
            waiting = {row.incarnation: row for row in revocations.newest(connection, MOST_LISTED) if not row.state}
        found = []
        for node in sorted(roster.nodes(), key=lambda node: (node.place, node.order)):
            if self.may_revoke(node):
                own = [row for row in held if row.incarnation == node.incarnation]
                ours = self.identity.place in roster.revoked_by(node.incarnation)
                besides = sum(one.incarnation != node.incarnation for one in roster.serving(node.place))
                found.append(Machine(node, *_counted(node, own), waiting.get(node.incarnation), ours, besides))
        return found

    def revocations(self) -> list[Asked]:
        """What was asked for here and what became of it: what waits first, then the newest."""
        with self.store.reading() as connection:
            return revocations.newest(connection, MOST_LISTED)

    def revocations_waiting(self) -> list[list[Asked]]:
        """What waits for a second person, that together which was asked for at once."""
        together: dict[tuple[str, str, int, int], list[Asked]] = {}
        for each in sorted(self.revocations(), key=lambda each: each.id):
            if not each.state:
                together.setdefault((each.place, each.asker, each.asked_ms, each.again), []).append(each)
        return list(together.values())

    def ask_revocation(self, actor: str, machine: str, reason: str, *, again: bool = False, alone: bool = False) -> int:
        """Ask for a machine to be shut out; the number that a second person confirms. ``machine``: its number, or the
        beginning of it. ``again``: it is revoked already, and what came of it since is to stand too. ``alone``: this
        number only; else with it every number of its place that is in force, since one machine may have had several
        and keeps the keys of all.

        Raises NotFound, NotAllowed, BadBody for the reason, Stale where the same waits already, NotSaved.
        """
        if not reason.strip() or len(reason) > LONGEST_REASON:
            words = f"请写明理由（{LONGEST_REASON} 字以内）", f"say why, in {LONGEST_REASON} characters"
            raise BadBody("reason", *words)
        node = self._revocable(machine, again=again)
        with self.store.writing() as connection:
            if revocations.pending(connection, node.incarnation) is not None:
                raise Stale("已有人提出，等待另一人确认", "somebody has asked for it already: another person confirms")
            others = [] if again or alone else self.roster_in(connection).serving(node.place)
            numbers, now_ms = [], self.clock()
            for one in (node, *(other for other in others if other.incarnation != node.incarnation)):
                if one is not node and (
                    not self.may_revoke(one) or revocations.pending(connection, one.incarnation) is not None
                ):
                    continue
                numbers.append(
                    revocations.add(
                        connection, one.incarnation, one.place,
                        again=again, reason=reason.strip(), asker=actor, now_ms=now_ms,
                    )
                )  # fmt: skip
                told = {"node": one.incarnation.hex(), "reason": reason.strip(), "again": again}
                self.note(connection, actor, "roster.revoke.ask", one.place, **told)
            self.mark_news(connection, {"roster"})
        self.tell({"roster"})
        return numbers[0]

    def confirm_revocation(self, actor: str, number: int) -> Change:
        """Do what another person has asked for, all that he asked for at once; the change of the roster that says so.
        Where that went out already, and only the record was cut short, the record is completed.

        Raises NotFound, NotAllowed for the same person and where nothing can be published, Stale where somebody was
        faster, a ProtocolError that says why it does not hold, NotSaved.
        """
        with self._publishing:
            asked = self._asked_for(number)
            if asked.asker == actor:
                raise NotAllowed("提出人和确认人须为两人", "who asks and who confirms are two persons")
            together = self._asked_with(asked)
            gone = {each.id: self._went_out(each) for each in together}
            nodes = [
                self._revocable(each.incarnation.hex(), again=bool(each.again))
                for each in together
                if not gone[each.id]
            ]
            change = gone[asked.id]
            if nodes:
                self.check_publishable()
                made = self._published(nodes)
                self.publish_own(made)
                change = change or made
            assert change is not None, "it went out before, or just now"
            self._answer_to(together, actor, CONFIRMED, "roster.revoke")
        return change

    def reject_revocation(self, actor: str, number: int, words: str = "") -> None:
        """Leave it, or take back what one has asked for oneself, with all that was asked for at once. Raises NotFound,
        Stale, NotAllowed where the roster says so already, NotSaved."""
        with self._publishing:
            together = self._asked_with(self._asked_for(number))
            if any(self._went_out(each) for each in together):
                raise NotAllowed(
                    "名册变更已经发出，不能再退回：请由另一人确认，补齐这条记录",
                    "the roster says so already and nothing takes it back: let another person confirm, for the record",
                )
            self._answer_to(together, actor, REJECTED, "roster.revoke.reject", words[:LONGEST_REASON])

    def _went_out(self, asked: Asked) -> Change | None:
        """The change of our part that says already what is asked for: the record of it was cut short."""
        roster, here = self.roster, self.identity.place
        if here not in roster.revoked_by(asked.incarnation):
            return None
        for change in reversed(roster.changes(here)):
            payload = read_payload(change)
            said = any(op[0] == rosters.REVOKE and op[1] == asked.incarnation for op in payload.ops)
            if said and (not asked.again or payload.time > asked.asked_ms):
                return change
        return None

    def _published(self, nodes: Sequence[Node]) -> Change:
        with self.store.reading() as connection:
            roster, held = self.roster_in(connection), streams.in_scopes(connection)
        here, ops = self.identity.place, []
        for node in nodes:
            own = [row for row in held if row.incarnation == node.incarnation]
            before = roster.revoked_by(node.incarnation).get(here)
            if before is not None:
                upto = before.upto  # changes that it has signed since, or will, name nobody
            else:
                upto = roster.length(node.place) if here == roster.county and node.place != here else 0
            ops.append(rosters.revoke_op(node.incarnation, _cuts(roster, node, own), upto))
        return rosters.publish(roster, here, ops, self.roster_keys(), self.clock())

    def _revocable(self, machine: str, *, again: bool) -> Node:
        """The one node whose number begins so, which this place may revoke. Raises NotFound, NotAllowed."""
        digits = machine.strip().lower()
        known = self.roster.nodes() if len(digits) >= _SHORTEST else ()
        found = [node for node in known if node.incarnation.hex().startswith(digits)]
        if len(found) != 1:
            raise NotFound(
                f"没有编号以“{machine}”开头的机器，或不止一台；请写至少 {_SHORTEST} 位",
                f"none or several have a number that begins with {machine!r}: write at least {_SHORTEST} digits",
            )
        (node,) = found
        if not self.may_revoke(node):
            raise NotAllowed(
                "只有县级能吊销本县各单位的机器，乡镇能吊销所辖村、站的机器；本机不能吊销自己",
                "the county revokes any machine but its own, a township those of the places under it",
            )
        mine = self.identity.place in self.roster.revoked_by(node.incarnation)
        if mine and not again:
            raise NotAllowed("这台机器已被吊销", "this machine is revoked already")
        if again and not mine:
            raise NotAllowed("这台机器不是本单位吊销的", "this place has not revoked that machine")
        return node

    def _asked_for(self, number: int) -> Asked:
        with self.store.reading() as connection:
            asked = revocations.get(connection, number)
        if asked is None:
            raise NotFound("没有这一条吊销申请", "nobody has asked for this revocation")
        if asked.state:
            raise _answered()
        return asked

    def _asked_with(self, asked: Asked) -> list[Asked]:
        """What was asked for at once with it, itself among that."""
        with self.store.reading() as connection:
            return revocations.asked_with(connection, asked)

    def _answer_to(self, together: Sequence[Asked], actor: str, state: int, action: str, words: str = "") -> None:
        with self.store.writing() as connection:
            for asked in together:
                if not revocations.answer(connection, asked.id, state, actor, self.clock(), words):
                    raise _answered()
                self.note(connection, actor, action, asked.place, node=asked.incarnation.hex(), asked_by=asked.asker)
            self.mark_news(connection, {"roster"})
        self.tell({"roster"})


def _answered() -> Stale:
    return Stale("这一条已有人处理", "somebody has answered this already")


def _cuts(roster: Roster, node: Node, held: Sequence[StreamRow]) -> list[Cut]:
    """Everything held of a node's streams, of a forked one as far as its longest branch: which of them counts rulings
    say. No less than stood by what was said of it before, here or by a township that holds more."""
    said = [cut for revoked in roster.revoked_by(node.incarnation).values() for cut in revoked.cuts]
    ends: dict[str, Cut] = {}
    for cut in [*said, *(Cut(row.scope, row.head_seq, row.head_hash) for row in held if row.head_seq)]:
        if cut.scope not in ends or cut.seq > ends[cut.scope].seq:
            ends[cut.scope] = cut
    return list(ends.values())


def _counted(node: Node, held: Sequence[StreamRow]) -> tuple[int, int]:
    events = behind = 0
    for row in held:
        first = max(row.since, 1)
        events += max(row.head_seq - first + 1, 0)
        if node.revoked is not None:
            cut = node.revoked.at(row.scope)
            behind += max(row.head_seq - max(first - 1, cut.seq if cut else 0), 0)
    return events, behind
