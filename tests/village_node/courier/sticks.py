"""What tests of couriers share: a network, a courier for each of its nodes, a stick, and what a stranger does to it."""

from dataclasses import dataclass
from pathlib import Path

from sync_protocol.exchange import digest
from tests.builders import Member, Network
from village_node.courier import Courier, Outcome, Written


@dataclass
class Hand:
    """A node, and who writes and reads bundles there."""

    member: Member
    courier: Courier

    def write(self, stick: Path, place: str = "") -> Written:
        """A bundle on the stick."""
        stick.mkdir(parents=True, exist_ok=True)
        return self.courier.write("0001", stick, place)

    def read(self, stick: Path) -> list[Outcome]:
        """Everything on the stick."""
        return self.courier.read("0001", stick)

    def take(self, stick: Path) -> Outcome:
        """The one bundle on the stick, which is for this place and sound."""
        (outcome,) = self.read(stick)
        assert outcome.whole, outcome.words
        return outcome


def hand(net: Network, code: str) -> Hand:
    """The courier of a node."""
    member = net.members[code]
    return Hand(member, Courier(member.casebook, member.clock, net.chance.randbytes))


def introduce(above: Hand, below: Hand, sticks: Path) -> None:
    """Both have the other's key: the walk on which a village takes its answer home, and the first one back."""
    above.write(sticks / "key down", below.member.place)
    below.take(sticks / "key down")
    below.write(sticks / "key up", above.member.place)
    above.take(sticks / "key up")


def equal(one: Member, other: Member, child_place: str) -> bool:
    """Whether two nodes hold the same of all they share, receipts included."""
    return points(one, child_place) == points(other, child_place)


def points(member: Member, child_place: str) -> bytes:
    """The digest of what a node holds of the streams that another shares with those above."""
    return digest(member.casebook.shared_points(child_place))


def held(member: Member) -> int:
    """How many events a node holds."""
    return sum(row["head"] for row in member.casebook.counts()["streams"])


def bundle_files(stick: Path) -> list[Path]:
    """Every file of the one bundle on a stick, the head last."""
    return sorted(
        (path for path in stick.rglob("*") if path.is_file()), key=lambda path: (path.name == "head.sanji", path)
    )
