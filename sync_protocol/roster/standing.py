"""What the ops of a roster amount to: who the root is, who publishes, which places and nodes there are."""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from sync_protocol.errors import BadRoster, BadSignature, Malformed, NotEntitled
from sync_protocol.places import PlaceTree
from sync_protocol.roster.change import (
    PLACE,
    PUBLISHER,
    REVOKE,
    ROOT,
    RULING,
    SUCCEED,
    Key,
    Op,
    Payload,
    enrolment_payload,
    key_id,
)
from sync_protocol.roster.forks import Ruled
from sync_protocol.suites import S1, check_public, verify

_ENTRY_STEP: Final = 1000
_STRUCK_ORDER: Final = 2**62  # a node that does not stand weighs less than any that does


class Cut(NamedTuple):
    """Up to where a stream of a revoked incarnation stands."""

    scope: str
    seq: int
    hash: bytes


class Revoked(NamedTuple):
    """What stands of a revoked incarnation: its streams up to their cuts, the others not at all; and of the part of its
    place what it has signed up to the number `upto`."""

    cuts: tuple[Cut, ...]
    upto: int

    def at(self, scope: str) -> Cut | None:
        """The cut of a stream; None where nothing of it stands."""
        return next((cut for cut in self.cuts if cut.scope == scope), None)

    def reaches(self, other: "Revoked") -> bool:
        """Whether all that stands by another revocation stands by this one too."""
        return self.upto >= other.upto and all(
            (here := self.at(cut.scope)) is not None and (here.seq > cut.seq or here == cut) for cut in other.cuts
        )

    def joined(self, other: "Revoked") -> "Revoked":
        """All that stands by either; of two hashes at one position this one's."""
        ends = {cut.scope: cut for cut in self.cuts}
        for cut in other.cuts:
            if cut.scope not in ends or cut.seq > ends[cut.scope].seq:
                ends[cut.scope] = cut
        return Revoked(tuple(ends[scope] for scope in sorted(ends)), max(self.upto, other.upto))


class Node(NamedTuple):
    """One place and one incarnation, with its key. `order` is its order of entry: the older one weighs more. `struck`:
    only changes that a ruling of the root has overruled name it; what it wrote is kept, and entitled to nothing.
    `revoked`: it is shut out, and this much of it stands."""

    incarnation: bytes
    place: str
    suite: int
    public: bytes
    order: int
    struck: bool = False
    revoked: Revoked | None = None

    @property
    def serves(self) -> bool:
        """Whether it may speak now: ask and be asked, give receipts, name others."""
        return not self.struck and self.revoked is None

    def stands(self, scope: str, seq: int) -> bool:
        """Whether what it wrote at a position of a stream is entitled to anything, by the roster alone."""
        if self.revoked is None:
            return not self.struck
        cut = self.revoked.at(scope)
        return not self.struck and cut is not None and seq <= cut.seq

    def named_others(self, n: int) -> bool:
        """Whether its signature made change n of the part of its place hold."""
        return not self.struck and (self.revoked is None or n <= self.revoked.upto)


class Judging(NamedTuple):
    """What an op is judged by, beside what stands already."""

    payload: Payload
    entry: int
    signers: frozenset[Key]


class Standing:
    """What stands after some ops. The ops are judged here one by one; who may call that is the roster."""

    __slots__ = (
        "_at",
        "_county",
        "_ever",
        "_keys",
        "_left",
        "_mapped",
        "_named_by",
        "_network_id",
        "_nodes",
        "_places",
        "_publisher",
        "_revoked",
        "_root",
        "_rulings",
        "_threshold",
    )

    def __init__(self, network_id: bytes | None) -> None:
        """Nothing stands yet."""
        self._network_id = network_id
        self._county = ""
        self._threshold = 0
        self._root: frozenset[Key] = frozenset()
        self._publisher: Key | None = None
        self._ever: frozenset[Key] = frozenset()  # every key that was a root's, or published in the county part
        self._places = PlaceTree()  # what changes held here name: what others hold too
        self._left: dict[str, tuple[str, str, str | None, str]] = {}  # rows that overruled changes have named
        self._mapped = self._places  # both together
        self._nodes: dict[bytes, Node] = {}
        self._at: dict[str, tuple[Node, ...]] = {}
        self._named_by: dict[bytes, frozenset[str]] = {}  # incarnation -> the parts that name it
        self._keys: dict[bytes, Key] = {}
        self._rulings: dict[str, tuple[Ruled, ...]] = {}
        self._revoked: dict[bytes, dict[str, Revoked]] = {}  # incarnation -> part -> what that leaves standing

    @property
    def places(self) -> PlaceTree:
        """All places of the parts held here; those too that only overruled changes name, as far as they fit."""
        return self._mapped

    def names(self, place: str) -> bool:
        """Whether a change held here names this place, so that others can take a change about it."""
        return place in self._places

    def node(self, incarnation: bytes) -> Node | None:
        """The node with this incarnation, None where the roster here does not know it."""
        return self._nodes.get(incarnation)

    def nodes(self) -> tuple[Node, ...]:
        """Every node, in the order the changes were applied here."""
        return tuple(node for node in self._nodes.values() if not node.struck)

    @property
    def struck(self) -> tuple[Node, ...]:
        """Every node that only overruled changes name."""
        return tuple(node for node in self._nodes.values() if node.struck)

    def nodes_of(self, place: str) -> tuple[Node, ...]:
        """The nodes of one place, oldest first."""
        return self._at.get(place, ())

    @property
    def publisher(self) -> Key | None:
        """The key in force that publishes in the county's part."""
        return self._publisher

    @property
    def root(self) -> tuple[int, int]:
        """How many keys of the root must sign together, and how many there are."""
        return self._threshold, len(self._root)

    @property
    def root_keys(self) -> frozenset[Key]:
        """The keys of the root."""
        return self._root

    def serving(self, place: str) -> tuple[Node, ...]:
        """The nodes of one place that are not revoked, oldest first."""
        nodes = self.nodes_of(place)
        return tuple(node for node in nodes if node.serves) if self._revoked else nodes

    @property
    def has_revoked(self) -> bool:
        """Whether anybody is revoked at all."""
        return bool(self._revoked)

    def revoked_by(self, incarnation: bytes) -> Mapping[str, Revoked]:
        """Part -> what that lets stand of an incarnation, for each part in which it is revoked."""
        return self._revoked.get(incarnation, {})

    def rulings(self, part: str) -> tuple[Ruled, ...]:
        """What the root has ruled about a part, in its order."""
        return self._rulings.get(part, ())

    def settled_by(self, part: str, n: int) -> Ruled | None:
        """The first ruling of the root that says what stands at this number of a part: in the county's also at its own.
        None where there is none."""
        return next((ruled for ruled in self.rulings(part) if ruled.upto + (part == self._county) >= n), None)

    def is_settled(self, part: str, n: int) -> bool:
        """Whether a ruling of the root says what stands at this number of a part."""
        return self.settled_by(part, n) is not None

    def _root_signed(self, signers: frozenset[Key]) -> bool:
        return 0 < self._threshold <= len(self._root & signers)

    def _check_entitled(self, judging: Judging) -> None:
        """Whoever may name places and nodes in this part has signed."""
        part, signers = judging.payload.part, judging.signers
        if part == self._county:
            entitled = self._root_signed(signers) or self._publisher in signers
        else:
            n = judging.payload.n
            entitled = any(
                (node.suite, node.public) in signers and node.named_others(n) for node in self.nodes_of(part)
            )
        if not entitled:
            raise NotEntitled(f"roster {part} {judging.payload.n}: not signed by whom this part belongs to")

    def _take(self, op: Op, judging: Judging) -> None:
        """Judge one op by what stands now, and let it take effect."""
        if op[0] == ROOT:
            self._take_root(op, judging)
        elif op[0] == PUBLISHER:
            self._take_publisher(op, judging)
        elif op[0] == RULING:
            self._take_ruling(op, judging)
        else:
            self._check_entitled(judging)
            if op[0] == PLACE:
                self._take_place(op, judging.payload.part)
            elif op[0] == REVOKE:
                self._take_revocation(op, judging.payload.part)
            elif op[0] == SUCCEED:
                self._take_succession(op, judging.payload.part)
            else:
                self._take_node(op, judging)

    def _take_root(self, op: Op, judging: Judging) -> None:
        _, threshold, keys = op
        if judging.entry or judging.payload.part != self._county:
            raise BadRoster("a root stands first in a change of the county part")
        new = frozenset((suite, public) for suite, public in keys)
        if len(new) != len(keys) or not 1 <= threshold <= len(new):
            raise BadRoster("root: threshold must be from 1 to the number of keys, each named once")
        for key in new:
            _check_key(key)
        if len(new & judging.signers) < threshold or (self._threshold and not self._root_signed(judging.signers)):
            raise NotEntitled("root: must be signed by the threshold of its keys, and of the keys before it")
        self._threshold, self._root, self._ever = threshold, new, self._ever | new
        self._learn(new)

    def _take_publisher(self, op: Op, judging: Judging) -> None:
        if judging.payload.part != self._county or not self._root_signed(judging.signers):
            raise NotEntitled("publisher: must be signed by the threshold of the root, in the county part")
        key = (op[1], op[2])
        _check_key(key)
        self._publisher, self._ever = key, self._ever | {key}
        self._learn([key])

    def _take_ruling(self, op: Op, judging: Judging) -> None:
        _, part, split, hashes, struck = op
        payload, ruled = judging.payload, Ruled(split, tuple(hashes), judging.payload.epoch)
        if judging.entry or payload.part != self._county:
            raise BadRoster("a ruling stands first in a change of the county part")
        if not self._root_signed(judging.signers):
            raise NotEntitled("ruling: must be signed by the threshold of the root")
        if part != self._county and (part not in self._places or self._places.level(part) != "township"):
            raise BadRoster(f"ruling: {part} is no part of this roster")
        self._rulings[part] = (*self.rulings(part), ruled)
        for row in struck:
            self._strike(*row)

    def _take_place(self, op: Op, part: str) -> None:
        _, code, level, parent, name, _ = op
        if parent is None and (part != self._county or code != part):
            raise BadRoster(f"place {code}: only the place that the county part is named by has no parent")
        if part != self._county and (parent not in self._places or not self._places.covers(part, parent)):
            raise BadRoster(f"place {code}: does not lie under {part}")
        try:
            self._places = self._places.grown([(code, level, parent, name)])
        except Malformed as error:
            raise BadRoster(str(error)) from None
        self._map()

    def _take_succession(self, op: Op, part: str) -> None:
        _, code, successor = op
        above = self._places.path_up(code)[1:] if code in self._places else ()
        said_in = next((place for place in above if self._places.level(place) == "township"), self._county)
        if part != said_in:
            raise BadRoster(f"succession of {code}: is said in the part of {said_in}, and in no other")
        try:
            self._places = self._places.succeeded(code, successor)
        except Malformed as error:
            raise BadRoster(str(error)) from None
        self._map()

    def _leave_on_map(self, rows: Iterable[tuple[str, str, str | None, str]]) -> None:
        self._left = {**self._left, **{row[0]: row for row in rows}}
        self._map()

    def _map(self) -> None:
        """Draw the map anew: what stands comes first, and what was overruled where it fits into that."""
        self._mapped = self._places
        left = [row for row in self._left.values() if row[0] not in self._places]
        while left:
            waiting = []
            for row in left:
                try:
                    self._mapped = self._mapped.grown([row])
                except Malformed:
                    waiting.append(row)  # its parent was overruled later than it, or fits no more
            if len(waiting) == len(left):
                return
            left = waiting

    def _take_node(self, op: Op, judging: Judging) -> None:
        _, incarnation, place, suite, public, proof = op
        part = judging.payload.part
        held = self._nodes.get(incarnation)
        if place not in self._places or (held is not None and not self._may_name_again(held, op, part)):
            raise BadRoster(f"node at {place}: the place is not known, or the incarnation is named already")
        if part != self._county and (place == part or not self._places.covers(part, place)):
            raise BadRoster(f"node at {place}: does not lie under {part}")
        _check_key((suite, public))
        signed = enrolment_payload(
            place, self._places.level(place), self._places.name(place), suite, incarnation, public
        )
        try:
            verify(suite, public, "enrol", None, signed, proof)
        except BadSignature as error:
            raise BadRoster(f"node at {place}: {error}") from None
        order = judging.payload.n * _ENTRY_STEP + judging.entry
        entry = min(order, held.order) if held is not None else order
        node = Node(incarnation, place, suite, public, entry, revoked=self._revocation_of(incarnation))
        self._named_by[incarnation] = self._named_by.get(incarnation, frozenset()) | {part}
        self._put(node)
        self._learn([(suite, public)])

    def _put(self, node: Node) -> None:
        others = [one for one in self._at.get(node.place, ()) if one.incarnation != node.incarnation]
        self._nodes[node.incarnation] = node
        self._at[node.place] = tuple(sorted((*others, node), key=lambda one: one.order))

    def _take_revocation(self, op: Op, part: str) -> None:
        _, incarnation, cuts, upto = op
        said = Revoked(tuple(Cut(*cut) for cut in cuts), upto)
        node = self._nodes.get(incarnation)
        if part != self._county and (node is None or node.place == part or not self._lies_under(part, node.place)):
            raise BadRoster(f"revocation of {incarnation.hex()}: no node under {part}")
        before = self._revoked.get(incarnation, {})
        if part in before and not said.reaches(before[part]):
            raise BadRoster(f"revocation of {incarnation.hex()}: less stands by it than by the one before")
        self._revoked[incarnation] = {**before, part: said}
        if node is not None and not node.struck:
            self._put(node._replace(revoked=self._revocation_of(incarnation)))

    def _lies_under(self, part: str, place: str) -> bool:
        return place in self._places and self._places.covers(part, place)

    def _revocation_of(self, incarnation: bytes) -> Revoked | None:
        """What stands of an incarnation that is revoked: the county's word comes before a township's."""
        said = self._revoked.get(incarnation)
        return (said.get(self._county) or next(iter(said.values()))) if said else None

    def _may_name_again(self, held: Node, op: Op, part: str) -> bool:
        """Whether an incarnation that is known may be named: one that was struck stands again, and an ancestor that
        stands in for a dead one may have named what that has named too. Never as another one."""
        again = held.struck or part not in self._named_by.get(held.incarnation, frozenset())
        return again and (held.place, held.suite, held.public) == (op[2], op[3], op[4])

    def _learn(self, keys: Iterable[Key]) -> None:
        for suite, public in keys:
            self._keys[key_id(public)] = (suite, public)

    def _strike(self, incarnation: bytes, place: str, suite: int, public: bytes) -> None:
        if incarnation not in self._nodes:
            self._nodes[incarnation] = Node(incarnation, place, suite, public, _STRUCK_ORDER, struck=True)


def _check_key(key: Key) -> None:
    if key[0] != S1:
        raise BadRoster(f"key of suite {key[0]}: only suite 1 is known here")
    check_public(*key)
