"""The roster as it stands after the changes held so far, and the one way to take in the next."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from sync_protocol import limits
from sync_protocol.encoding import encode
from sync_protocol.errors import (
    BadRoster,
    BadSignature,
    NeedsUpdate,
    NotEntitled,
    ProtocolError,
    RosterForked,
    RosterRollback,
    UnknownIncarnation,
)
from sync_protocol.roster.change import (
    NO_PREVIOUS,
    NODE,
    PLACE,
    PUBLISHER,
    REVOKE,
    ROOT,
    RULING,
    Change,
    Key,
    Op,
    Payload,
    is_known,
    key_id,
    keys_named,
    read_payload,
    sign_change,
)
from sync_protocol.roster.forks import RosterFork, prove
from sync_protocol.roster.standing import Judging, Node, Standing
from sync_protocol.suites import SigningKey, sha256, verify

_STEPS_EPOCH: Final = (ROOT, RULING)


class _Held(NamedTuple):
    epoch: int
    hash: bytes
    change: Change


class _Part(NamedTuple):
    """A part's chain, n = 1 first. Only the first `applied` of them have taken effect: the next is not understood."""

    held: tuple[_Held, ...] = ()
    applied: int = 0


class Roster(Standing):
    """What all changes held so far amount to. Never changes; `apply` gives the next one."""

    __slots__ = (
        "_forks",
        "_kept",
        "_named",
        "_parts",
    )

    def __init__(self, network_id: bytes | None = None) -> None:
        """No change yet. With a network id, only the change that founded that network will do as the first."""
        super().__init__(network_id)
        self._parts: dict[str, _Part] = {}
        self._kept: dict[str, tuple[str, ...]] = {}  # place -> its parts, once somebody asked
        self._forks: dict[str, RosterFork] = {}  # part -> the lowest proven fork that no ruling has settled
        self._named: dict[bytes, tuple[Node, ...]] | None = None  # first bytes of an incarnation -> nodes, likewise

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

    @property
    def forks(self) -> Mapping[str, RosterFork]:
        """Part -> its proven fork, as long as the root has not ruled on it."""
        return self._forks

    def name_of(self, incarnation: bytes) -> bytes:
        """The first bytes of an incarnation where they name it alone here, else the whole: it may be one that the
        roster does not know, and a node that is struck here need not be known to who holds the same changes."""
        name = incarnation[: limits.NAME]
        nodes = self.named(name)
        alone = len(nodes) == 1 and nodes[0].incarnation == incarnation and not nodes[0].struck
        return name if alone else incarnation

    def meant_by(self, name: bytes) -> bytes:
        """The incarnation that begins with these bytes. Raises UnknownIncarnation where it is none here, or several."""
        nodes = self.named(name)
        if len(nodes) != 1:
            raise UnknownIncarnation(f"{name.hex()}: {len(nodes)} nodes in the roster here begin so: name it whole")
        return nodes[0].incarnation

    def named(self, name: bytes) -> tuple[Node, ...]:
        """The nodes whose incarnation begins with these 4 bytes: one, unless chance or somebody's work made it more."""
        if self._named is None:
            named: dict[bytes, tuple[Node, ...]] = {}
            for node in self._nodes.values():
                first = node.incarnation[: limits.NAME]
                named[first] = (*named.get(first, ()), node)
            self._named = named
        return self._named.get(name, ())

    def heads(self) -> dict[str, tuple[int, int, bytes]]:
        """For each part held: (epoch, n, H(payload)) of its newest change."""
        return {name: (part.held[-1].epoch, len(part.held), part.held[-1].hash) for name, part in self._parts.items()}

    def length(self, part: str) -> int:
        """How many changes of a part are held."""
        return len(self._parts.get(part, _Part()).held)

    def hash_at(self, part: str, n: int) -> bytes:
        """H(payload) of the change held at a number of a part."""
        return self._parts[part].held[n - 1].hash

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
            code for code in self._mapped.below_or_self(self._county) if self._mapped.level(code) == "township"
        ]
        kept = (code for code in townships if self._mapped.covers(code, place) or self._mapped.covers(place, code))
        return [self._county, *(code for code in kept if code != self._county)]

    def apply(self, change: Change) -> "Roster":
        """The roster with this change; itself where it holds the change already.

        A change with an op that this program does not know is kept and not applied, nor is what follows it in that
        part: see `needs_update`. Raises Malformed, TooLarge, BadRoster, WeakKey, RosterRollback, NotEntitled; also
        RosterForked behind a fork that is known, and NeedsUpdate for a change that cannot even be kept: its signer came
        in by one that is not understood.
        """
        payload = read_payload(change)
        part = self._parts.get(payload.part, _Part())
        digest = sha256(change.payload)
        if payload.n <= len(part.held):
            if part.held[payload.n - 1].hash == digest:
                return self
            raise RosterRollback(f"roster {payload.part}: another change is held at {payload.n}")
        self._check_link(part, payload, digest)
        new = self._copy()
        new._parts[payload.part] = part._replace(held=(*part.held, _Held(payload.epoch, digest, change)))
        if not self._parts:
            new._found(payload)
        rules = payload.ops[0][0] == RULING
        if payload.part in self._forks and not _rules_on(payload, payload.part):
            raise RosterForked(f"roster {payload.part}: forked at {self._forks[payload.part].split}, not ruled on yet")
        blocked = part.applied < len(part.held)
        judging = Judging(payload, 0, new._signers(change, payload, blocked))
        if blocked or not all(map(is_known, payload.ops)):
            new._check_entitled(judging)
            return new
        if _rules_on(payload, new._county):
            new._check_follows(payload)
        for index, op in enumerate(payload.ops):
            new._take(op, judging._replace(entry=index))
        new._parts[payload.part] = new._parts[payload.part]._replace(applied=payload.n)
        new = new._conforming(payload.ops[0][1]) if rules else new
        return new._without_revoked(payload)

    def fork_by(self, change: Change) -> RosterFork | None:
        """The proof that a change makes with the one held under its number; None where they follow different ones."""
        payload = read_payload(change)
        held = self._parts.get(payload.part, _Part()).held
        if not 1 <= payload.n <= len(held) or held[payload.n - 1].hash == sha256(change.payload):
            return None
        prev = held[payload.n - 2].hash if payload.n > 1 else NO_PREVIOUS
        return prove(held[payload.n - 1].change, change) if payload.prev == prev else None

    def forked(self, fork: RosterFork) -> "Roster":
        """The roster that knows of a fork; itself where a lower one of that part is known, or a ruling settles it.

        Raises RosterForked while what both changes follow is not held here, and what `apply` raises for either.
        """
        payload = fork.payload
        known = self._forks.get(payload.part)
        if (known is not None and known.split <= payload.n) or self.is_settled(payload.part, payload.n):
            return self
        held = self._parts.get(payload.part, _Part()).held
        if payload.n > len(held) + 1 or (held[payload.n - 2].hash if payload.n > 1 else NO_PREVIOUS) != payload.prev:
            raise RosterForked(f"roster {payload.part}: what both changes of {payload.n} follow is not held")
        for change in (fork.lower, fork.upper):
            self.check_plausible(change, payload.part)
        before = self.before(payload.part, payload.n)
        for change in (fork.lower, fork.upper):
            before.apply(change)
        new = self._copy()
        new._forks[payload.part] = fork
        return new

    def check_plausible(self, change: Change, part: str, *, beside: Iterable[Change] = ()) -> None:
        """See that somebody has signed who may have been entitled once, before anything is worked out at length: a
        neighbour may send what he likes as often as he likes. `beside`: changes that were found to hold on another
        chain, which the key may have come in by. Raises BadRoster, NotEntitled."""
        if part == self._county or not self._county:
            ops = (op for each in beside for op in read_payload(each).ops if op[0] in (ROOT, PUBLISHER))
            may = self._ever.union(*map(keys_named, ops))
        else:
            may = frozenset((node.suite, node.public) for node in self.nodes_of(part))
        known = {key_id(public): (suite, public) for suite, public in may}
        for name, signature in change.signatures:
            if name in known:
                try:
                    verify(*known[name], "roster", self._network_id, change.payload, signature)
                except BadSignature as error:
                    raise BadRoster(f"roster {part}: {error}") from None
                return
        if self._county:
            strange = all(name not in self._keys for name, _ in change.signatures)
            wrong = BadRoster if strange else NotEntitled
            raise wrong(f"roster {part}: not signed by whom this part belongs to")

    def before(self, part: str, n: int) -> "Roster":
        """The roster as it would stand without the changes of a part from n on."""
        return rebuilt(self._network_id, (one for one in self._all() if not _is_from(one, part, n)))

    def unruled(self, part: str) -> "Roster":
        """The same as if nothing had been ruled about a part: by that a change is judged which a ruling excludes."""
        new = self._copy()
        new._rulings.pop(part, None)
        return new

    def led_over(self, part: str, chain: Sequence[Change]) -> "Roster":
        """Take changes of a township's part, of which the last is one that a ruling names, in place of what is held
        from where they differ: its hash tells all that lead to it. Raises what `apply` raises."""
        first, last = read_payload(chain[0]), read_payload(chain[-1])
        kept = [one for one in self._all() if not _is_from(one, part, first.n)]
        made = rebuilt(self._network_id, [*kept, *chain])
        if not made._holds(last, chain[-1]):
            raise BadRoster(f"roster {part} {last.n}: the changes up to the one that was ruled on do not hold")
        return made._after(self)

    def turned(self, changes: Sequence[Change]) -> "Roster":
        """Take changes of the county part that run up to a ruling of the root about it in place of what is held from
        where they differ; itself where they hold no ruling that goes beyond what is held.

        The root as it stood before they differ has signed the ruling too. Raises what `apply` raises.
        """
        part = self._parts.get(self._county, _Part())
        given = [(read_payload(change), change) for change in changes]
        new = [(payload, change) for payload, change in given if not self._holds(payload, change)]
        own_epoch = part.held[-1].epoch if part.held else 0
        last = max(
            (at for at, (said, _) in enumerate(new) if _rules_on(said, self._county) and said.epoch > own_epoch),
            default=None,
        )
        if last is None:
            return self
        first, (said, ruling) = new[0][0].n, new[last]
        self.check_plausible(ruling, self._county)
        before = self.before(self._county, first)
        kept = [one for one in self._all() if not _is_from(one, self._county, first)]
        made = rebuilt(self._network_id, [*kept, *(change for _, change in new[: last + 1])])
        if made.heads()[self._county] != (said.epoch, said.n, sha256(ruling.payload)):
            raise BadRoster(f"roster {self._county} {said.n}: the changes up to this ruling do not hold")
        if before._threshold and not before._root_signed(made._signers(ruling, said, blocked=True)):
            raise NotEntitled(f"roster {self._county} {said.n}: the root that stood before the fork has not signed it")
        return made._after(self)

    def _holds(self, payload: Payload, change: Change) -> bool:
        held = self._parts.get(payload.part, _Part()).held
        return payload.n <= len(held) and held[payload.n - 1].hash == sha256(change.payload)

    def overruled_by(self, new: "Roster") -> list[Change]:
        """The changes held here that a newer roster does not hold any more."""
        gone = []
        for name, part in self._parts.items():
            there = new._parts.get(name, _Part()).held
            gone += [one.change for n, one in enumerate(part.held) if n >= len(there) or there[n].hash != one.hash]
        return gone

    def striking(self, overruled: Iterable[Change]) -> "Roster":
        """With what only these overruled changes name: their places stay on the map, their nodes are struck."""
        new = self._copy()
        ops = [op for change in overruled for op in read_payload(change).ops]
        new._leave_on_map((op[1], op[2], op[3], op[4]) for op in ops if op[0] == PLACE and is_known(op))
        for op in ops:
            if op[0] == NODE:
                new._strike(op[1], op[2], op[3], op[4])
        return new

    def _all(self) -> list[Change]:
        """Every change held, the county's first."""
        names = sorted(self._parts, key=lambda name: name != self._county)
        return [one.change for name in names for one in self._parts[name].held]

    def _conforming(self, part: str) -> "Roster":
        """Without what is held of a part against a ruling just taken."""
        held = self._parts.get(part, _Part()).held
        ruled = self._rulings[part][-1]
        if all(ruled.allows(n, one.hash, one.epoch) for n, one in enumerate(held, start=1)):
            self._settle()
            return self
        return rebuilt(self._network_id, self._all())._after(self)

    def _without_revoked(self, payload: Payload) -> "Roster":
        """Without what those whom a change revokes have signed of their part beyond the number up to which it holds."""
        beyond, revokes = False, any(op[0] == REVOKE for op in payload.ops)
        for op in payload.ops if revokes else ():
            node = self.node(op[1]) if op[0] == REVOKE else None
            if node is not None and node.revoked is not None and node.place != self._county:
                beyond = beyond or self.length(node.place) > node.revoked.upto
        if beyond:
            return rebuilt(self._network_id, self._all())._after(self)
        if revokes:
            self._settle()
        return self

    def _after(self, before: "Roster") -> "Roster":
        """A roster made anew, with what was known of forks and what it leaves behind."""
        new = self.striking(before.overruled_by(self))
        new._leave_on_map(before._left.values())
        for node in before.struck:
            new._strike(node.incarnation, node.place, node.suite, node.public)
        new._forks = {**before._forks}
        new._settle()
        return new

    def _settle(self) -> None:
        self._forks = {
            part: fork
            for part, fork in self._forks.items()
            if not self.is_settled(part, fork.split) and not self._ended_by_revocation(fork)
        }

    def _ended_by_revocation(self, fork: RosterFork) -> bool:
        """Whether one of the two changes holds no more, since who signed it is revoked."""
        if fork.part == self._county or all(node.serves for node in self.nodes_of(fork.part)):
            return False
        before = self.before(fork.part, fork.split)
        try:
            for change in (fork.lower, fork.upper):
                before.apply(change)
        except ProtocolError:
            return True
        return False

    def _copy(self) -> "Roster":
        new = Roster(self._network_id)
        new._county, new._threshold, new._root = self._county, self._threshold, self._root
        new._publisher, new._places, new._ever = self._publisher, self._places, self._ever
        new._nodes, new._at, new._named_by = dict(self._nodes), dict(self._at), dict(self._named_by)
        new._left, new._mapped = self._left, self._mapped
        new._keys, new._parts = dict(self._keys), dict(self._parts)
        new._forks, new._rulings, new._revoked = dict(self._forks), dict(self._rulings), dict(self._revoked)
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

    def _check_link(self, part: _Part, payload: Payload, digest: bytes) -> None:
        where = f"roster {payload.part} {payload.n}"
        if payload.n != len(part.held) + 1:
            raise BadRoster(f"{where}: the next one here is {len(part.held) + 1}")
        if payload.prev != (part.held[-1].hash if part.held else NO_PREVIOUS):
            raise BadRoster(f"{where}: does not follow the change held before it")
        if not all(ruled.allows(payload.n, digest, payload.epoch) for ruled in self.rulings(payload.part)):
            raise RosterRollback(f"{where}: a ruling of the root says that another change stands")
        if self._county and payload.part != self._county:
            if payload.part not in self._places or self._places.level(payload.part) != "township":
                raise BadRoster(f"{where}: the part is no township known here")
            if payload.epoch < (part.held[-1].epoch if part.held else 1):
                raise BadRoster(f"{where}: its epoch goes down")
        else:
            later_root = bool(part.held) and payload.ops[0][0] in _STEPS_EPOCH
            if payload.epoch != (part.held[-1].epoch if part.held else 1) + later_root:
                raise BadRoster(f"{where}: its epoch must be 1 at first and one more with each later root or ruling")

    def _check_follows(self, payload: Payload) -> None:
        """A ruling about the county part follows the very changes that it says stand."""
        _, part, split, hashes, _ = payload.ops[0]
        if hashes != [one.hash for one in self._parts[part].held[split - 1 : payload.n - 1]]:
            raise BadRoster("ruling about the county part: must follow the changes that it says stand")

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


def rebuilt(network_id: bytes | None, changes: Iterable[Change]) -> Roster:
    """The roster of all these changes that hold, whatever order they are given in; the others are left out."""
    roster, waiting = Roster(network_id), list(changes)
    while waiting:
        left = []
        for change in waiting:
            try:
                roster = roster.apply(change)
            except ProtocolError:
                left.append(change)
        if len(left) == len(waiting):
            break
        waiting = left
    return roster


def _is_from(change: Change, part: str, n: int) -> bool:
    payload = read_payload(change)
    return payload.part == part and payload.n >= n


def _rules_on(payload: Payload, part: str) -> bool:
    return payload.part == part and payload.ops[0][0] == RULING and payload.ops[0][1] == part


def publish(roster: Roster, part: str, ops: list[Op], keys: Iterable[SigningKey], time: int) -> Change:
    """The next change of a part, ready for `apply`, which judges it. `time`: ms since 1970. Raises TooLarge."""
    epoch, n, prev = roster.heads().get(part, (1, 0, NO_PREVIOUS))
    county_epoch = roster.heads()[roster.county][0]
    epoch = max(epoch, county_epoch) if part != roster.county else epoch + (ops[0][0] in _STEPS_EPOCH)
    return sign_change(roster.network_id, Payload(part, epoch, n + 1, prev, time, ops), keys)
