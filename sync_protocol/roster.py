"""The roster: signed chains of changes that say which places and nodes there are, with which keys; and enrolment."""

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from sync_protocol import limits
from sync_protocol.encoding import decode, encode
from sync_protocol.errors import BadRoster, BadSignature, Malformed, NeedsUpdate, NotEntitled, RosterRollback, TooLarge
from sync_protocol.event import check_bytes, check_ext, check_int
from sync_protocol.places import LEVELS, PlaceTree, valid_code
from sync_protocol.suites import PUBLIC_KEY_BYTES, S1, SIGNATURE_BYTES, SigningKey, check_public, sha256, verify

ROOT: Final = 1
PUBLISHER: Final = 2
PLACE: Final = 3
NODE: Final = 4

_NO_PREVIOUS: Final = bytes(limits.HASH)
_KEY_ID: Final = 8
_ENTRY_STEP: Final = 1000

Key = tuple[int, bytes]  # suite, public key
Op = list[Any]


class Node(NamedTuple):
    """One place and one incarnation, with its key. `order` is its order of entry: the older one weighs more."""

    incarnation: bytes
    place: str
    suite: int
    public: bytes
    order: int


class Change(NamedTuple):
    """One signed link of a part's chain. Each signature comes with the id of its key."""

    payload: bytes
    signatures: tuple[tuple[bytes, bytes], ...]


class Payload(NamedTuple):
    """What a change says."""

    part: str
    epoch: int
    n: int
    prev: bytes
    time: int
    ops: list[Op]


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


def key_id(public: bytes) -> bytes:
    """The 8 bytes by which a signature names its key."""
    return sha256(public)[:_KEY_ID]


class Roster:
    """What all changes held so far amount to. Never changes; `apply` gives the next one."""

    __slots__ = (
        "_at",
        "_county",
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
        if blocked or not all(map(_is_known, payload.ops)):
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
        if payload.prev != (part.held[-1].hash if part.held else _NO_PREVIOUS):
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
        named = [key for op in payload.ops for key in _keys_named(op)]
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
        signed = _enrolment(place, self._places.level(place), self._places.name(place), suite, incarnation, public)
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


def _is_known(op: Op) -> bool:
    """Whether this program understands the op and the extensions it insists on."""
    return op[0] in (ROOT, PUBLISHER, NODE) or (op[0] == PLACE and not any(key < 0 for key in op[5]))


def _keys_named(op: Op) -> list[Key]:
    if op[0] == ROOT:
        return [(suite, public) for suite, public in op[2]]
    if op[0] == PUBLISHER:
        return [(op[1], op[2])]
    return [(op[3], op[4])] if op[0] == NODE else []


def read_payload(change: Change) -> Payload:
    """What a change says, shape checked, nothing judged. Raises Malformed, TooLarge."""
    value = decode(change.payload, limit=limits.ROSTER_CHANGE)
    if type(value) is not list or len(value) != 6:
        raise Malformed("roster payload: must be [part, epoch, n, prev, time, ops]")
    payload = Payload(*value)
    if type(payload.part) is not str or not valid_code(payload.part):
        raise Malformed("roster part: must be a place code")
    check_int("roster epoch", payload.epoch, 1, limits.INT_MAX)
    check_int("roster n", payload.n, 1, limits.INT_MAX)
    check_bytes("roster prev", payload.prev, limits.HASH)
    check_int("roster time", payload.time, limits.INT_MIN, limits.INT_MAX)
    if type(payload.ops) is not list or not payload.ops:
        raise Malformed("roster ops: must be an array of at least one")
    if len(payload.ops) > limits.ROSTER_OPS:
        raise TooLarge(f"roster ops: {len(payload.ops)}, at most {limits.ROSTER_OPS}")
    for op in payload.ops:
        _check_op(op)
    return payload


def _check_op(op: Any) -> None:
    if type(op) is not list or not op or type(op[0]) is not int:
        raise Malformed("roster op: must be an array that begins with its number")
    form = {ROOT: (int, list), PUBLISHER: (int, bytes), PLACE: (str, str, (str, type(None)), str, dict)}
    form[NODE] = (bytes, str, int, bytes, bytes)
    types = form.get(op[0])
    if types is None:
        return
    if len(op) != len(types) + 1 or not all(
        isinstance(value, kind) and type(value) is not bool for value, kind in zip(op[1:], types, strict=True)
    ):
        raise Malformed(f"roster op {op[0]}: not of its form")
    if op[0] == ROOT:
        if len(op[2]) > limits.ROOT_KEYS:
            raise TooLarge(f"root: {len(op[2])} keys, at most {limits.ROOT_KEYS}")
        for key in op[2]:
            if type(key) is not list or [type(part) for part in key] != [int, bytes]:
                raise Malformed("root: each key must be [suite, public key]")
    elif op[0] == PLACE:
        check_ext(op[5])
    elif op[0] == NODE:
        check_bytes("node incarnation", op[1], limits.INCARNATION)


def change_values(change: Change) -> list[Any]:
    """The change as it travels: [payload, [[key id, signature], ...]]."""
    return [change.payload, [list(signature) for signature in change.signatures]]


def read_change(value: Any) -> Change:
    """A change from the values it travelled as. Raises Malformed, TooLarge."""
    if type(value) is not list or len(value) != 2 or type(value[0]) is not bytes or type(value[1]) is not list:
        raise Malformed("roster change: must be [payload, [[key id, signature], ...]]")
    if len(value[0]) > limits.ROSTER_CHANGE or len(value[1]) > limits.ROSTER_SIGNATURES:
        raise TooLarge("roster change: beyond its bytes or its signatures")
    for signature in value[1]:
        if type(signature) is not list or len(signature) != 2:
            raise Malformed("roster signature: must be [key id, signature]")
        check_bytes("roster key id", signature[0], _KEY_ID)
        check_bytes("roster signature", signature[1], SIGNATURE_BYTES)
    return Change(value[0], tuple((name, signature) for name, signature in value[1]))


def root_op(threshold: int, keys: Sequence[Key]) -> Op:
    """Who may replace the publisher, and how many of them it takes."""
    return [ROOT, threshold, [list(key) for key in keys]]


def publisher_op(key: Key) -> Op:
    """Whose signature names places and nodes in the county part."""
    return [PUBLISHER, *key]


def place_op(code: str, level: str, parent: str | None, name: str) -> Op:
    """A place, or a new name for one."""
    return [PLACE, code, level, parent, name, {}]


def sign_change(network_id: bytes, payload: Payload, keys: Iterable[SigningKey]) -> Change:
    """The change that says this, signed by all these keys."""
    raw = encode(list(payload))
    if len(raw) > limits.ROSTER_CHANGE or len(payload.ops) > limits.ROSTER_OPS:
        raise TooLarge("roster change: publish it in several")
    return Change(raw, tuple((key_id(key.public), key.sign("roster", network_id, raw)) for key in keys))


def found(root_key: SigningKey, publisher_key: SigningKey, county_code: str, county_name: str, time: int) -> Change:
    """Change 1 of a new network: its root, its publishing key, its county. `time`: ms since 1970."""
    root = root_op(1, [(root_key.suite, root_key.public)])
    ops = [
        root,
        publisher_op((publisher_key.suite, publisher_key.public)),
        place_op(county_code, "county", None, county_name),
    ]
    payload = Payload(county_code, 1, 1, _NO_PREVIOUS, time, ops)
    return sign_change(sha256(encode(root)), payload, [root_key])


def publish(roster: Roster, part: str, ops: list[Op], keys: Iterable[SigningKey], time: int) -> Change:
    """The next change of a part, ready for `apply`, which judges it. `time`: ms since 1970. Raises TooLarge."""
    epoch, n, prev = roster.heads().get(part, (1, 0, _NO_PREVIOUS))
    county_epoch = roster.heads()[roster.county][0]
    epoch = max(epoch, county_epoch) if part != roster.county else epoch + (ops[0][0] == ROOT)
    return sign_change(roster.network_id, Payload(part, epoch, n + 1, prev, time, ops), keys)


class EnrolRequest(NamedTuple):
    """Who wants in. `proof` shows that he has the private key, and becomes part of the node's op."""

    place: str
    level: str
    name: str
    suite: int
    incarnation: bytes
    public: bytes
    proof: bytes


class EnrolAnswer(NamedTuple):
    """What a new node starts from."""

    network_id: bytes
    roster: Roster
    changes: tuple[Change, ...]
    parent: Node


def _enrolment(place: str, level: str, name: str, suite: int, incarnation: bytes, public: bytes) -> bytes:
    return encode([1, place, level, name, suite, incarnation, public])


def enrol_request(key: SigningKey, place: str, level: str, name: str, incarnation: bytes) -> bytes:
    """The request file of a new node."""
    proof = key.sign("enrol", None, _enrolment(place, level, name, key.suite, incarnation, key.public))
    return encode([1, place, level, name, key.suite, incarnation, key.public, proof])


def read_request(raw: bytes) -> EnrolRequest:
    """A request whose proof holds and whose key is fit. Raises Malformed, TooLarge, WeakKey, BadSignature."""
    value = decode(raw, limit=limits.HEADER, maps=False)
    if type(value) is not list or len(value) != 8 or type(value[0]) is not int or value[0] != 1:
        raise Malformed("enrolment request: must be [1, place, level, name, suite, incarnation, key, signature]")
    request = EnrolRequest(*value[1:])
    if type(request.place) is not str or not valid_code(request.place):
        raise Malformed("enrolment place: must be a place code")
    if type(request.level) is not str or request.level not in LEVELS:
        raise Malformed(f"enrolment level: must be one of {', '.join(LEVELS)}")
    if type(request.name) is not str:
        raise Malformed("enrolment name: must be a text")
    check_int("enrolment suite", request.suite, S1, S1)
    check_bytes("enrolment incarnation", request.incarnation, limits.INCARNATION)
    check_bytes("enrolment key", request.public, PUBLIC_KEY_BYTES)
    check_bytes("enrolment signature", request.proof, SIGNATURE_BYTES)
    check_public(request.suite, request.public)
    verify(request.suite, request.public, "enrol", None, _enrolment(*request[:-1]), request.proof)
    return request


def admit_request(roster: Roster, request: EnrolRequest, signer_place: str, parent: str | None = None) -> list[Op]:
    """The ops that let this node in; none when it is in already. `parent`: of a new place, when it is not the signer's.

    Raises NotEntitled when that signer may not, BadRoster when the request disagrees with the roster.
    """
    places = roster.places
    held = roster.node(request.incarnation)
    if held is not None:
        if (held.place, held.suite, held.public) != (request.place, request.suite, request.public):
            raise BadRoster("this incarnation is named already, with another place or key")
        return []
    known = request.place in places
    above = places.parent(request.place) if known else parent or signer_place
    if signer_place == roster.county:
        may = request.place == signer_place or (above == signer_place and request.level in ("township", "station"))
    else:
        under = above is not None and above in places and places.covers(signer_place, above)
        may = under and places.level(signer_place) == "township" and request.level in ("village", "station")
    if not may:
        raise NotEntitled(f"{signer_place} may not enrol {request.level} {request.place}")
    if known and places.level(request.place) != request.level:
        raise BadRoster(f"{request.place} is a {places.level(request.place)} in the roster, not a {request.level}")
    node = [NODE, request.incarnation, request.place, request.suite, request.public, request.proof]
    if known and places.name(request.place) == request.name:
        return [node]
    return [place_op(request.place, request.level, above, request.name), node]


def answer(roster: Roster, place: str, parent: bytes) -> bytes:
    """The answer file for a new node at `place`: every change it needs, and the incarnation it reports to."""
    changes = [change_values(change) for part in roster.parts_for(place) for change in roster.changes(part)]
    return encode([1, roster.network_id, changes, parent])


def read_answer(raw: bytes, request: EnrolRequest) -> EnrolAnswer:
    """An answer that lets this request in, every change verified.

    Raises Malformed, TooLarge, whatever `Roster.apply` raises, and NotEntitled when the node is not in it.
    """
    value = decode(raw, maps=False)
    if type(value) is not list or len(value) != 4 or value[0] != 1 or type(value[2]) is not list:
        raise Malformed("enrolment answer: must be [1, network id, [change, ...], parent incarnation]")
    check_bytes("enrolment network id", value[1], limits.HASH)
    check_bytes("enrolment parent", value[3], limits.INCARNATION)
    changes = tuple(read_change(change) for change in value[2])
    roster = Roster(value[1])
    for change in changes:
        roster = roster.apply(change)
    node, parent = roster.node(request.incarnation), roster.node(value[3])
    if node is None or (node.place, node.suite, node.public) != (request.place, request.suite, request.public):
        raise NotEntitled("the answer does not name this node with its place and key")
    if parent is None or not roster.places.covers(parent.place, node.place):
        raise NotEntitled("the answer names no node above this one as its parent")
    return EnrolAnswer(value[1], roster, changes, parent)
