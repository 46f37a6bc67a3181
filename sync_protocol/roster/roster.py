"""The roster as it stands after the changes held so far, and the one way to take in the next."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from sync_protocol.encoding import encode
from sync_protocol.errors import BadRoster, BadSignature, Malformed, NeedsUpdate, NotEntitled, RosterRollback
from sync_protocol.places import PlaceTree
from sync_protocol.roster.change import (
    NO_PREVIOUS,
    PLACE,
    PUBLISHER,
    ROOT,
    Change,
    Key,
    Op,
    Payload,
    enrolment_payload,
    is_known,
    key_id,
    keys_named,
    read_payload,
    sign_change,
)
from sync_protocol.suites import S1, SigningKey, check_public, sha256, verify

_ENTRY_STEP: Final = 1000


class Node(NamedTuple):
    """One place and one incarnation, with its key. `order` is its order of entry: the older one weighs more."""

    incarnation: bytes
    place: str
    suite: int
    public: bytes
    order: int


class _Held(NamedTuple):
    epoch: int
    hash: bytes
    change: Change


class _Part(NamedTuple):
    """A part's chain, n = 1 first. Only the first `applied` of them have taken effect: the next is not understood."""

    held: tuple[_Held, ...] = ()
    applied: int = 0


class _Judging(NamedTuple):
    """What an op is judged by, beside what stands already."""

    payload: Payload
    entry: int
    signers: frozenset[Key]


class Roster:
    """What all changes held so far amount to. Never changes; `apply` gives the next one."""

    __slots__ = (
        "_at",
        "_county",
        "_kept",
        "_keys",
        "_network_id",
        "_nodes",
        "_parts",
        "_places",
        "_publisher",
        "_root",
        "_threshold",
    )

    def __init__(self, network_id: bytes | None = None) -> None:
        """No change yet. With a network id, only the change that founded that network will do as the first."""
        self._network_id = network_id
        self._county = ""
        self._threshold = 0
        self._root: frozenset[Key] = frozenset()
        self._publisher: Key | None = None
        self._places = PlaceTree()
        self._nodes: dict[bytes, Node] = {}
        self._at: dict[str, tuple[Node, ...]] = {}
        self._keys: dict[bytes, Key] = {}
        self._parts: dict[str, _Part] = {}
        self._kept: dict[str, tuple[str, ...]] = {}  # place -> its parts, once somebody asked

    @property
    def places(self) -> PlaceTree:
        """All places of the parts held here."""
        return self._places

    @property
    def network_id(self) -> bytes:
        """The network id of a roster that has its first change. Raises ValueError before."""
        if self._network_id is None:
            raise ValueError("this roster has no first change yet")
        return self._network_id

    @property
    def county(self) -> str:
        """The name of the county part, which is the code of the root place; empty before the first change."""
        return self._county

    @property
    def needs_update(self) -> frozenset[str]:
        """The parts that hold changes this program does not understand: they are kept, and relayed, but not applied."""
        return frozenset(name for name, part in self._parts.items() if part.applied < len(part.held))

    def node(self, incarnation: bytes) -> Node | None:
        """The node with this incarnation, None where the roster here does not know it."""
        return self._nodes.get(incarnation)

    def nodes(self) -> tuple[Node, ...]:
        """Every node, in the order the changes were applied here."""
        return tuple(self._nodes.values())

    def nodes_of(self, place: str) -> tuple[Node, ...]:
        """The nodes of one place, oldest first."""
        return self._at.get(place, ())

    def heads(self) -> dict[str, tuple[int, int, bytes]]:
        """For each part held: (epoch, n, H(payload)) of its newest change."""
        return {name: (part.held[-1].epoch, len(part.held), part.held[-1].hash) for name, part in self._parts.items()}

    def changes(self, part: str) -> tuple[Change, ...]:
        """All changes held of a part, n = 1 first."""
        return tuple(held.change for held in self._parts.get(part, _Part()).held)

    def changes_after(self, part: str, epoch: int, n: int) -> list[Change]:
        """What somebody lacks whose newest change of this part is (epoch, n); (0, 0) for one who has none."""
        held = self._parts.get(part, _Part()).held
        if held and held[-1].epoch < epoch:
            return []
        return [one.change for one in held[n:]]

    def parts_for(self, place: str) -> list[str]:
        """The parts a node at this place keeps, the county's first: its own and its ancestors', and all below it."""
        if place not in self._kept:
            self._kept[place] = tuple(self._parts_of(place))
        return list(self._kept[place])

    def _parts_of(self, place: str) -> list[str]:
        townships = [
            code for code in self._places.below_or_self(self._county) if self._places.level(code) == "township"
        ]
        kept = (code for code in townships if self._places.covers(code, place) or self._places.covers(place, code))
        return [self._county, *(code for code in kept if code != self._county)]

    def apply(self, change: Change) -> "Roster":
        """The roster with this change; itself where it holds the change already.

        A change with an op that this program does not know is kept and not applied, nor is what follows it in that
        part: see `needs_update`. Raises Malformed, TooLarge, BadRoster, WeakKey, RosterRollback, NotEntitled; and
        NeedsUpdate for a change that cannot even be kept, its signer having come in by one that is not understood.
        """
        payload = read_payload(change)
        part = self._parts.get(payload.part, _Part())
        digest = sha256(change.payload)
        if payload.n <= len(part.held):
            if part.held[payload.n - 1].hash == digest:
                return self
            raise RosterRollback(f"roster {payload.part}: another change is held at {payload.n}")
        self._check_link(part, payload)
        new = self._copy()
        new._parts[payload.part] = part._replace(held=(*part.held, _Held(payload.epoch, digest, change)))
        if not self._parts:
            new._found(payload)
        blocked = part.applied < len(part.held)
        judging = _Judging(payload, 0, new._signers(change, payload, blocked))
        if blocked or not all(map(is_known, payload.ops)):
            new._check_entitled(judging)
            return new
        for index, op in enumerate(payload.ops):
            new._take(op, judging._replace(entry=index))
        new._parts[payload.part] = new._parts[payload.part]._replace(applied=payload.n)
        return new

    def _copy(self) -> "Roster":
        new = Roster(self._network_id)
        new._county, new._threshold, new._root = self._county, self._threshold, self._root
        new._publisher, new._places = self._publisher, self._places
        new._nodes, new._at = dict(self._nodes), dict(self._at)
        new._keys, new._parts = dict(self._keys), dict(self._parts)
        return new

    def _found(self, payload: Payload) -> None:
        """The network begins with the root op that its id is the hash of."""
        if payload.ops[0][0] != ROOT:
            raise BadRoster("the first change of a network must begin with its root")
        network_id = sha256(encode(payload.ops[0]))
        if self._network_id not in (None, network_id):
            raise BadRoster("this root founded another network")
        self._network_id = network_id
        self._county = payload.part

    def _check_link(self, part: _Part, payload: Payload) -> None:
        where = f"roster {payload.part} {payload.n}"
        if payload.n != len(part.held) + 1:
            raise BadRoster(f"{where}: the next one here is {len(part.held) + 1}")
        if payload.prev != (part.held[-1].hash if part.held else NO_PREVIOUS):
            raise BadRoster(f"{where}: does not follow the change held before it")
        if self._county and payload.part != self._county:
            if payload.part not in self._places or self._places.level(payload.part) != "township":
                raise BadRoster(f"{where}: the part is no township known here")
            if payload.epoch < (part.held[-1].epoch if part.held else 1):
                raise BadRoster(f"{where}: its epoch goes down")
        else:
            later_root = bool(part.held) and payload.ops[0][0] == ROOT
            if payload.epoch != (part.held[-1].epoch if part.held else 1) + later_root:
                raise BadRoster(f"{where}: its epoch must be 1 at first and one more with each later root")

    def _signers(self, change: Change, payload: Payload, blocked: bool) -> frozenset[Key]:
        """The keys that signed. Every signature listed must verify under a key held, or named in this change."""
        named = [key for op in payload.ops for key in keys_named(op)]
        known = self._keys | {key_id(public): (suite, public) for suite, public in named}
        signers = set()
        for name, signature in change.signatures:
            key = known.get(name)
            if key is None:
                complaint = f"roster {payload.part} {payload.n}: signed by a key that is not known here"
                raise NeedsUpdate(complaint) if blocked else BadRoster(complaint)
            try:
                verify(*key, "roster", self._network_id, change.payload, signature)
            except BadSignature as error:
                raise BadRoster(f"roster {payload.part} {payload.n}: {error}") from None
            signers.add(key)
        if len(signers) != len(change.signatures):
            raise BadRoster(f"roster {payload.part} {payload.n}: one key signed twice")
        return frozenset(signers)

    def _root_signed(self, signers: frozenset[Key]) -> bool:
        return 0 < self._threshold <= len(self._root & signers)

    def _check_entitled(self, judging: _Judging) -> None:
        """Whoever may name places and nodes in this part has signed."""
        part, signers = judging.payload.part, judging.signers
        if part == self._county:
            entitled = self._root_signed(signers) or self._publisher in signers
        else:
            entitled = any((node.suite, node.public) in signers for node in self.nodes_of(part))
        if not entitled:
            raise NotEntitled(f"roster {part} {judging.payload.n}: not signed by whom this part belongs to")

    def _take(self, op: Op, judging: _Judging) -> None:
        """Judge one op by what stands now, and let it take effect."""
        if op[0] == ROOT:
            self._take_root(op, judging)
        elif op[0] == PUBLISHER:
            self._take_publisher(op, judging)
        else:
            self._check_entitled(judging)
            if op[0] == PLACE:
                self._take_place(op, judging.payload.part)
            else:
                self._take_node(op, judging)

    def _take_root(self, op: Op, judging: _Judging) -> None:
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
        self._threshold, self._root = threshold, new
        self._learn(new)

    def _take_publisher(self, op: Op, judging: _Judging) -> None:
        if judging.payload.part != self._county or not self._root_signed(judging.signers):
            raise NotEntitled("publisher: must be signed by the threshold of the root, in the county part")
        key = (op[1], op[2])
        _check_key(key)
        self._publisher = key
        self._learn([key])

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

    def _take_node(self, op: Op, judging: _Judging) -> None:
        _, incarnation, place, suite, public, proof = op
        part = judging.payload.part
        if place not in self._places or incarnation in self._nodes:
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
        node = Node(incarnation, place, suite, public, judging.payload.n * _ENTRY_STEP + judging.entry)
        self._nodes[incarnation] = node
        self._at[place] = tuple(sorted((*self._at.get(place, ()), node), key=lambda one: one.order))
        self._learn([(suite, public)])

    def _learn(self, keys: Iterable[Key]) -> None:
        for suite, public in keys:
            self._keys[key_id(public)] = (suite, public)


def _check_key(key: Key) -> None:
    if key[0] != S1:
        raise BadRoster(f"key of suite {key[0]}: only suite 1 is known here")
    check_public(*key)


def publish(roster: Roster, part: str, ops: list[Op], keys: Iterable[SigningKey], time: int) -> Change:
    """The next change of a part, ready for `apply`, which judges it. `time`: ms since 1970. Raises TooLarge."""
    epoch, n, prev = roster.heads().get(part, (1, 0, NO_PREVIOUS))
    county_epoch = roster.heads()[roster.county][0]
    epoch = max(epoch, county_epoch) if part != roster.county else epoch + (ops[0][0] == ROOT)
    return sign_change(roster.network_id, Payload(part, epoch, n + 1, prev, time, ops), keys)
