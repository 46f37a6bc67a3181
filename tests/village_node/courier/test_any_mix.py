"""Random days of two villages, their township and the county: lines that come and go, and careless couriers."""

import random
from pathlib import Path

import pytest

from sync_protocol.case import kinds
from tests import builders
from tests.builders import COUNTY, SECOND_VILLAGE, TOWNSHIP, VILLAGE
from tests.village_node.courier.sticks import Hand, equal, hand
from village_node.casebook import CaseRef
from village_node.courier import Trouble
from village_node.uploads import Upload

PLACES = (COUNTY, TOWNSHIP, VILLAGE, SECOND_VILLAGE)
HOPS = ((VILLAGE, TOWNSHIP), (SECOND_VILLAGE, TOWNSHIP), (TOWNSHIP, COUNTY))
WALKS = (*HOPS, (VILLAGE, COUNTY))
STEPS = 90


class Days:
    """What happens, one thing after another, as the chance says."""

    def __init__(self, hands: dict[str, Hand], seed: int) -> None:
        self.hands = hands
        self.chance = random.Random(seed)
        self.sticks: list[bytes] = []
        self.refs: list[CaseRef] = []
        self.papers: list[tuple[CaseRef, bytes]] = []
        self.happened: set[str] = set()

    def work(self) -> None:
        """Somebody files, or hands a case of the own village over."""
        place = self.chance.choice((VILLAGE, SECOND_VILLAGE))
        member = self.hands[place].member
        mine = [ref for ref in self.refs if ref.scope == f"about:{place}" and member.state(ref) == "received"]
        if mine and self.chance.random() < 0.4:
            ref = self.chance.choice(mine)
            case = member.casebook.case(*ref[:2])
            if case is not None and case.holder == place:
                member.act(ref, kinds.HANDOFF, {"to": TOWNSHIP, "purpose": "accept"})
                return
        self.refs.append(member.file())
        if self.chance.random() < 0.3:
            raw, ref = self.chance.randbytes(self.chance.randrange(1, 150_000)), self.refs[-1]
            upload = Upload(raw, "image/jpeg", raw[:100])
            member.casebook.add_paper("0001", member.roles, ref[:2], "身份证", upload)
            self.papers.append((ref, raw))

    def accept(self) -> None:
        """The township accepts what it has been handed."""
        township = self.hands[TOWNSHIP].member
        for ref in self.refs:
            case = township.casebook.case(*ref[:2])
            if case is not None and case.transit_to == TOWNSHIP:
                township.act(ref, kinds.ACCEPT)

    def line(self) -> None:
        """A line is there for one frame in each direction."""
        child, parent = (self.hands[code].member for code in self.chance.choice(HOPS))
        builders.hand(child, parent, child.place, 20_000)
        builders.hand(parent, child, child.place, 20_000)

    def save(self) -> None:
        """A bundle is written; the stick may be copied, spoilt or lost."""
        one, other = self.chance.choice(WALKS)
        sender, place = (one, other) if self.chance.random() < 0.6 else (other, one)
        _, raw = self.hands[sender].courier.fold("0001", place)
        what = self.chance.choice(("sound", "sound", "sound", "copied", "spoilt", "lost"))
        self.happened.add(what)
        if what == "spoilt":
            at = self.chance.randrange(len(raw))
            raw = raw[:at] + bytes([raw[at] ^ 64]) + raw[at + 1 :]
        self.sticks += [raw] * {"copied": 2, "lost": 0}.get(what, 1)

    def take(self) -> None:
        """Any stick of those under way is taken in anywhere, the newest or one that was forgotten in a drawer."""
        if not self.sticks:
            return
        raw = self.sticks.pop(self.chance.randrange(len(self.sticks)))
        place = self.chance.choice(PLACES)
        try:
            outcome = self.hands[place].courier.unfold("0001", "x", raw)
        except Trouble:
            return
        if outcome.refused is not None:
            self.happened.add("at the wrong door")
            self.sticks.append(raw)  # and goes on its way

    def run(self, *, lines: bool) -> None:
        """All of it."""
        acts = (self.work, self.work, self.accept, self.save, self.save, self.take, self.take, self.take)
        for _ in range(STEPS):
            self.chance.choice((*acts, self.line) if lines else acts)()

    def calm(self, *, lines: bool) -> None:
        """In the end every road is good for once."""
        for _ in range(3):
            for child, parent in HOPS:
                if lines:
                    builders.settle(self.hands[child].member, self.hands[parent].member)
            for sender, place in () if lines else (*HOPS, *((parent, child) for child, parent in reversed(HOPS))):
                name, raw = self.hands[sender].courier.fold("0001", place)
                assert self.hands[place].courier.unfold("0001", name.name, raw).whole


@pytest.mark.parametrize(("seed", "lines"), [(1, True), (2, True), (3, True), (4, False), (5, False)])
def test_any_mix_of_lines_and_careless_couriers_ends_in_the_same(tmp_path: Path, seed: int, lines: bool) -> None:
    """Also where there is no line at all, and nothing but sticks walks."""
    net = builders.network(tmp_path, *PLACES, seed=seed)
    days = Days({code: hand(net, code) for code in PLACES}, seed)
    days.run(lines=lines)
    assert len(days.happened) >= 4 and len(days.refs) > 8
    days.calm(lines=lines)
    for child, parent in HOPS:
        assert equal(net.members[child], net.members[parent], child)
    for ref in days.refs:
        village = net.members[ref.scope.removeprefix("about:")]
        states = {member.state(ref) for member in net.members.values() if member.casebook.case(*ref[:2]) is not None}
        assert states == {village.state(ref)}
        holders = [code for code in PLACES if net.members[code].casebook.case(*ref[:2]) is not None]
        assert holders == [COUNTY, TOWNSHIP, village.place], "everybody it concerns, and nobody else"
    assert days.papers
    for ref, raw in () if lines else days.papers:  # the line of these days carries no files
        _whole_everywhere(net, ref, raw)
    for member in net.members.values():
        counts = member.casebook.counts()
        assert [counts[name] for name in ("waiting", "void", "contested", "parked", "refused", "forks")] == [0] * 6
    net.close()


def _whole_everywhere(net: builders.Network, ref: CaseRef, raw: bytes) -> None:
    """A paper is at everybody above, byte for byte, and its village has the word of all of them."""
    village = ref.scope.removeprefix("about:")
    for code in (village, TOWNSHIP, COUNTY):
        book = net.members[code].casebook
        case = book.case(*ref[:2])
        assert case is not None
        (view,) = book.papers(case)
        assert book.original_of("0003", case, view.paper, "核对原件") == raw
        if code == village:
            assert {place for place, _ in view.receipts} == {TOWNSHIP, COUNTY}
