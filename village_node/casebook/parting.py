"""What two nodes say to each other about forks: proofs that one lacks, and the search for where a stream parts.

The child searches, its ancestor answers: who sees heads that disagree tells marks of his own or asks for some, until
the first position that differs is known; the child then shows what it holds from there on, and the ancestor, who holds
the other half, makes the proof. It goes back in the reply, and from then on to everybody who follows the scope.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from sync_protocol import evidence, limits
from sync_protocol.event import mark
from sync_protocol.evidence import ForkProof, Search
from sync_protocol.exchange import SHATTERED, ArmShown, ForkTalk, Marks, Path, Probe, StreamPoint, proofs_known
from sync_protocol.places import PlaceTree, UnknownPlace, follows
from village_node.casebook import branches
from village_node.casebook.branches import Forked
from village_node.casebook.dispatch import Dispatch
from village_node.casebook.growth import Growth
from village_node.store import Connection, forks, streams
from village_node.store.locks import StreamKey

Branch = tuple[bytes, str, Path]
_MOST: Final = limits.FORK_ROWS_A_MESSAGE


class Parting(Dispatch):
    """The part of the casebook that uplink and downlink ask about forks."""

    def proofs_owed(self, place: str, theirs: Iterable[StreamPoint]) -> list[ForkProof]:
        """Proofs that a peer at ``place`` may have and does not know of by its vector."""
        proofs = self.remembered("forks", forks.read)
        if not proofs:
            return []
        known = proofs_known(theirs)
        places = self.roster.places
        owed = []
        for row in proofs:
            shown = known.get(row.key, set())
            if SHATTERED[0] in shown:
                continue  # it knows of more arms than it keeps, and takes no further one
            lacking = {(row.split, mark(row.lower)), (row.split, mark(row.upper))} - shown
            if lacking and _may_know(places, place, row.scope):
                owed.append(evidence.from_bytes(row.proof))
        return owed[:_MOST]

    def proofs_about(self, incarnation: bytes) -> list[ForkProof]:
        """Proofs of forks of one incarnation's own streams."""
        proofs = self.remembered("forks", forks.read)
        return [evidence.from_bytes(row.proof) for row in proofs if row.incarnation == incarnation][:_MOST]

    def answer_probes(self, place: str, talk: ForkTalk, parted: Sequence[tuple[bytes, str, Path, int]]) -> list[Marks]:
        """What is held where a peer at ``place`` asks, and where its heads were seen to disagree with ours."""
        asked = [(probe[:3], list(probe.seqs)) for probe in talk.probes]
        asked += [((*one[:3],), [*Search(0, one[3]).asks(), one[3]]) for one in parted]
        told = []
        if asked:
            places = self.roster.places
            with self.store.reading() as connection:
                for branch, seqs in asked[:_MOST]:
                    if _may_know(places, place, branch[1]):
                        told.append(Marks(*branch, _marks(connection, branch, seqs)))
        return told

    def marks(self, branch: Branch, seqs: Iterable[int]) -> dict[int, bytes]:
        """The marks held at these positions of a branch."""
        with self.store.reading() as connection:
            return _marks(connection, branch, seqs)

    def arm_shown(self, branch: Branch, split: int) -> ArmShown | None:
        """What is held from a position on, for who holds another event there."""
        with self.store.reading() as connection:
            found = _line(connection, branch)
            if found is None:
                return None
            forked, line = found
            arm = branches.arm_on(self, connection, forked, line, split)
            base = forked.hash_at(connection, line, split - 1)
            return ArmShown(*branch[:2], split, base, arm) if arm is not None and base is not None else None


class Searching:
    """A child's memory of the searches under way with one ancestor. Begun again after a start: it takes few rounds."""

    def __init__(self, casebook: Parting) -> None:
        """Nothing is sought."""
        self._casebook = casebook
        self._searches: dict[Branch, Search] = {}

    def notice(self, parted: Iterable[tuple[bytes, str, Path, int]]) -> None:
        """Begin where a head of the ancestor's disagrees with ours."""
        for incarnation, scope, path, seq in parted:
            self._searches.setdefault((incarnation, scope, path), Search(0, seq))

    def hear(self, told: Iterable[Marks], withheld: Iterable[StreamKey]) -> None:
        """Narrow the searches by what the ancestor holds, and begin one where that disagrees with ours."""
        closed = set(withheld)
        for marks in told:
            branch = (marks.incarnation, marks.scope, marks.path)
            if branch[:2] in closed:
                continue
            ours = self._casebook.marks(branch, marks.marks)
            differs = min((seq for seq, one in ours.items() if one != marks.marks[seq]), default=None)
            search = self._searches.get(branch)
            if search is None and differs is not None:
                search = Search(0, differs)
            if search is not None:
                self._searches[branch] = search.told(ours, marks.marks)

    def settled(self, proofs: Iterable[ForkProof]) -> None:
        """What was sought has been proven."""
        proven = {proof.stream for proof in proofs}
        self._searches = {branch: search for branch, search in self._searches.items() if branch[:2] not in proven}

    def ask(self) -> tuple[list[Probe], list[ArmShown]]:
        """The next probes, and what we hold from each split that was found: as many as a message has room for, those
        that have waited longest first. One that comes to nothing holds up no other."""
        probes, arms = [], []
        turn = list(self._searches.items())[:_MOST]
        for branch, search in turn:
            self._searches[branch] = self._searches.pop(branch)
            if not search.found:
                probes.append(Probe(*branch, tuple(search.asks())))
                continue
            shown = self._casebook.arm_shown(branch, search.differs)
            if shown is not None:
                arms.append(shown)
        return probes, arms

    def __bool__(self) -> bool:
        return bool(self._searches)


def _line(connection: Connection, branch: Branch) -> tuple[Forked, Growth] | None:
    """The branch that runs over these arms; the first one where a stream has no fork that is known here."""
    key = branch[:2]
    row = streams.by_keys(connection, [key]).get(key)
    if row is None:
        return None
    main = Growth(row)
    forked = branches.read(connection, {key: main}).get(key) or Forked(main)
    line = forked.line_of(connection, branch[2])
    return (forked, line) if line is not None else None


def _marks(connection: Connection, branch: Branch, seqs: Iterable[int]) -> dict[int, bytes]:
    found = _line(connection, branch)
    if found is None:
        return {}
    forked, line = found
    held = {seq: forked.hash_at(connection, line, seq) for seq in seqs}
    return {seq: mark(one) for seq, one in held.items() if one is not None}


def _may_know(places: PlaceTree, place: str, scope: str) -> bool:
    try:
        return follows(places, place, scope)
    except UnknownPlace:
        return False
