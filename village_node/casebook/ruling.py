"""Forks of the roster as people see them, and the ruling by which the root's keys say what stands."""

from collections.abc import Sequence
from typing import NamedTuple

from sync_protocol import roster as rosters
from sync_protocol.roster import Change, Cut, Node, Op, Revoked, Roster, read_payload
from sync_protocol.roster.forks import from_bytes
from sync_protocol.suites import SigningKey, sha256
from village_node.casebook import equivocation
from village_node.casebook.errors import NotAllowed, NotFound
from village_node.casebook.rostering import Rostering
from village_node.store import roster_forks, streams


class NamedNode(NamedTuple):
    """A node that a change names. `standing`: "" where it stands, else why not: "waits", "struck" or "unknown"."""

    incarnation: bytes
    place: str
    standing: str


class KnownChange(NamedTuple):
    """A change behind a split. `followed`: it is of the chain that this node follows; `overruled`: it was once."""

    n: int
    hash: bytes
    time: int
    followed: bool
    overruled: bool
    places: tuple[tuple[str, str], ...]
    nodes: tuple[NamedNode, ...]


class RosterForkView(NamedTuple):
    """A proven fork of a part. `settled`: the root has ruled; `upto`: the number up to which it said what stands."""

    part: str
    split: int
    found_ms: int
    settled: bool
    upto: int
    changes: tuple[KnownChange, ...]


class StruckNode(NamedTuple):
    """A node that only overruled changes name, and how many events of it are held here."""

    incarnation: bytes
    place: str
    events: int


class RosterRuling(NamedTuple):
    """What is to be ruled: the last change of the chain that stands, which nodes of the other one stand all the same,
    and a new publishing key where the old one is not to be trusted."""

    part: str
    stands: bytes
    keep: frozenset[bytes]
    publisher: SigningKey | None = None


class RosterRulings(Rostering):
    """The part of the casebook that shows forks of the roster, and rules on them at the root place."""

    def changes_aside(self, part: str) -> list[Change]:
        """Changes of a forked part that are of another chain than ours, and not ruled on yet."""
        with self.store.reading() as connection:
            rows = roster_forks.aside(connection)
        return [equivocation.change_of(row) for row in rows if row.part == part and not row.overruled]

    def overruled_changes(self, place: str) -> list[Change]:
        """Changes that were overruled, of the parts that a node at a place keeps. The ruling need not have known them:
        whoever holds one tells it once, or whom it names would be known to him alone."""
        roster = self.roster
        parts = {part for part in roster.parts_for(place) if roster.rulings(part)}
        if not parts:
            return []
        rows = self.remembered("aside", roster_forks.aside)
        ended = (row for row in rows if row.part in parts and (row.overruled or row.part not in roster.forks))
        return [equivocation.change_of(row) for row in ended]

    @property
    def is_struck(self) -> bool:
        """Whether only changes that were overruled name this very machine; also where it has begun a new life since,
        which nobody will countersign for it."""
        roster = self.roster
        named = [node for node in map(roster.node, self.identity.lives) if node is not None]
        return bool(named) and all(node.struck for node in named)

    def struck_nodes(self) -> list[StruckNode]:
        """Every node that a ruling has struck, and what is held of it."""
        struck = self.roster.struck
        if not struck:
            return []
        with self.store.reading() as connection:
            rows = streams.in_scopes(connection)
        return [
            StruckNode(
                node.incarnation,
                node.place,
                sum(row.head_seq - max(row.since - 1, 0) for row in rows if row.incarnation == node.incarnation),
            )
            for node in struck
        ]

    def roster_forks(self) -> list[RosterForkView]:
        """Every proven fork of the roster that this node knows of, those that were ruled on too."""
        with self.store.reading() as connection:
            roster = self.roster_in(connection)
            proven = roster_forks.proven(connection)
            aside = roster_forks.aside(connection) if proven else []
        views = []
        for row in proven:
            ruled = roster.settled_by(row.part, row.split)
            upto = max(ruled.upto, row.split) if ruled is not None else 0  # its own number is above what it names
            overruled = {one.hash: one.overruled for one in aside if one.part == row.part}
            beside = [equivocation.change_of(one) for one in aside if one.part == row.part and one.n >= row.split]
            arms = from_bytes(row.proof)
            kept = {sha256(change.payload): change for change in (arms.lower, arms.upper, *beside)}
            ours = roster.changes(row.part)[row.split - 1 : upto or None]
            followed = {sha256(change.payload): change for change in ours}
            listed = sorted(
                (kept | followed).items(), key=lambda one: (one[0] not in followed, read_payload(one[1]).n, one[0])
            )
            changes = tuple(
                _known(roster, change, each, each in followed, overruled.get(each, False)) for each, change in listed
            )
            views.append(RosterForkView(row.part, row.split, row.found_ms, ruled is not None, upto, changes))
        return views

    def rule_on_roster(
        self, actor: str, ruling: RosterRuling, keys: Sequence[SigningKey], *, agreed: bool = False
    ) -> Change:
        """Rule on a fork with the root's keys; the change that says so. Everybody follows it, whatever he had.

        Raises NotFound where there is no such fork or change, NotAllowed where this place may not or other changes of
        it must be heard first (`agreed`: the operator answers for those), a ProtocolError that says why it does not
        hold, NotSaved.
        """
        with self._publishing:
            if self.identity.place != self.roster.county:
                raise NotAllowed("只有县级能裁定名册分叉", "only the root place rules on forks of the roster")
            self.check_heard(agreed=agreed)
            roster = self.roster
            fork = roster.forks.get(ruling.part)
            if fork is None:
                raise NotFound("这部分名册没有待裁定的分叉", "this part of the roster has no fork to be ruled on")
            known = [*roster.changes(ruling.part)[fork.split - 1 :], *self.changes_aside(ruling.part)]
            standing = _chain_up_to(known, ruling.stands, fork.split)
            made = roster.before(ruling.part, fork.split)
            for change in standing:
                made = made.apply(change)
            beside = [change for change in known if change not in standing]
            said = _ops(made, ruling, fork.split, standing, beside)
            change = rosters.publish(made, roster.county, said, keys, self.clock())
            given = [*standing, change] if ruling.part == roster.county else [change, *standing]
            epoch = read_payload(change).epoch
            if ruling.part == roster.county and any(read_payload(each).epoch >= epoch for each in beside):
                raise NotAllowed(
                    "另一支名册上已换过根密钥或作过裁定，持有那一支的机器不会接受这项裁定；请以那一支为准",
                    "the other chain holds a later root or ruling: who has it would not take this; let that one stand",
                )
            if equivocation.take(roster, given, (), self.clock(), list).refused:
                made.apply(change)  # says why
            self.intend(change)
            self.witness_change(change)
            noted = {"stands": ruling.stands.hex(), "split": fork.split}
            self.apply_roster(
                given, told=lambda connection: self.note(connection, actor, "roster.rule", ruling.part, **noted)
            )
        return change


def _chain_up_to(known: Sequence[Change], stands: bytes, split: int) -> list[Change]:
    """The changes from a split up to the one with this hash. Raises NotFound."""
    by_hash = {sha256(change.payload): change for change in known}
    chain: list[Change] = []
    while stands in by_hash:
        chain.insert(0, by_hash[stands])
        payload = read_payload(chain[0])
        if payload.n == split:
            return chain
        stands = payload.prev
    raise NotFound("没有这一条名册变更", "no change behind the split has this hash")


def _ops(
    made: Roster, ruling: RosterRuling, split: int, standing: Sequence[Change], beside: Sequence[Change]
) -> list[Op]:
    """What a ruling says: what stands, then the publishing key if it is a new one, all places of the chain that does
    not stand (nothing that was filed there may lose its home), those of its nodes that stand all the same, and whom it
    has shut out: no ruling lets a thief in again."""
    ops = sorted(
        ((payload.n, op) for change in beside for payload in (read_payload(change),) for op in payload.ops),
        key=lambda one: one[0],
    )
    tree, named = made.places, []
    nodes: dict[bytes, Op] = {}
    for _, op in ops:
        if op[0] == rosters.PLACE and op[1] not in tree and op[3] in tree:
            tree = tree.grown([(op[1], op[2], op[3], op[4])])
            named.append(op[1])
        elif op[0] == rosters.NODE and made.node(op[1]) is None:
            nodes.setdefault(op[1], op)
    struck = [[op[1], op[2], op[3], op[4]] for name, op in nodes.items() if name not in ruling.keep]
    kept = [op for name, op in nodes.items() if name in ruling.keep]
    unknown = ruling.keep - nodes.keys()
    if unknown:
        raise NotFound(
            f"没有这些待定的机器：{'、'.join(each.hex() for each in sorted(unknown))}",
            f"no such node is in question: {', '.join(each.hex() for each in sorted(unknown))}",
        )
    publisher = ruling.publisher
    key = [rosters.publisher_op((publisher.suite, publisher.public))] if publisher is not None else []
    named += [op[2] for op in kept if op[2] in tree]
    places = {op[1]: op for code in named for op in rosters.places_down_to(tree, code)}
    hashes = [sha256(change.payload) for change in standing]
    return [
        rosters.ruling_op(ruling.part, split, hashes, struck),
        *key,
        *places.values(),
        *kept,
        *_still_revoked(made, ruling.part, ops),
    ]


def _still_revoked(made: Roster, part: str, ops: Sequence[tuple[int, Op]]) -> list[Op]:
    """The revocations that would be undone since nothing that stands says them: all that any of them lets stand."""
    said: dict[bytes, Revoked] = {}
    for _, op in ops:
        if op[0] != rosters.REVOKE:
            continue
        by_part = made.revoked_by(op[1])
        before = said.get(op[1]) or by_part.get(made.county) or by_part.get(part)
        one = Revoked(tuple(Cut(*cut) for cut in op[2]), op[3])
        said[op[1]] = one if before is None else before.joined(one)
    return [
        rosters.revoke_op(incarnation, each.cuts, each.upto)
        for incarnation, each in said.items()
        if each not in made.revoked_by(incarnation).values()
    ]


def _known(roster: Roster, change: Change, each: bytes, followed: bool, overruled: bool) -> KnownChange:
    payload = read_payload(change)
    places = tuple((op[1], op[4]) for op in payload.ops if op[0] == rosters.PLACE)
    nodes = tuple(
        NamedNode(op[1], op[2], _standing(roster, roster.node(op[1]), payload.part))
        for op in payload.ops
        if op[0] == rosters.NODE
    )
    return KnownChange(payload.n, each, payload.time, followed, overruled, places, nodes)


def _standing(roster: Roster, node: Node | None, part: str) -> str:
    if part in roster.forks:
        return "waits"
    if node is None:
        return "unknown"
    return "struck" if node.struck else ""
