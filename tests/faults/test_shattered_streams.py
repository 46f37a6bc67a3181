"""A key that signs more branches than are kept: whoever met which of them first, all come to rest, and to the same."""

import random
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from sync_protocol import evidence, limits
from sync_protocol.case import kinds
from sync_protocol.event import mark
from sync_protocol.exchange import SHATTERED
from tests.builders import Member
from tests.network import COUNTY, OTHER_TOWNSHIP, SECOND_VILLAGE, TOWNSHIP, VILLAGE, Network, network
from tests.village_node.casebook.messages import events_of, frame
from tests.village_node.casebook.test_branches import HOME, give_all, life_of
from village_node.casebook.bench import Choice
from village_node.store import forks

LIVES = 5
NODES = (COUNTY, TOWNSHIP, VILLAGE)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only two arms are kept, so that five lives are more than enough."""
    monkeypatch.setattr(limits, "FORK_ARMS", 2)


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Network]:
    """A county, a township and two villages that have met."""
    (tmp_path / "nodes").mkdir()
    made = network(tmp_path / "nodes", COUNTY, TOWNSHIP, VILLAGE, SECOND_VILLAGE, OTHER_TOWNSHIP)
    made.settle()
    yield made
    made.close()


def made_up(net: Network, folder: Path, stack: ExitStack, count: int = LIVES) -> list[Member]:
    """So many lives of the village's one key, each with a case of its own at the same position."""
    lives = [stack.enter_context(life_of(net.built, folder, f"life {number}")) for number in range(count)]
    for number, life in enumerate(lives):
        for _ in range(1 + number % 2):
            life.file()
    net.built.members[VILLAGE] = net[VILLAGE].member
    return lives


def refused(net: Network) -> int:
    """How often something was refused anywhere."""
    return sum(int(net[code].member.casebook.counts()["refused"]) for code in NODES)


def assert_at_rest(net: Network) -> None:
    """All say the same of the stream, none has more to say, and nothing is refused again and again."""
    for code in NODES:
        points = net[code].member.casebook.shared_points(VILLAGE)
        assert [point.seq for point in points if point.path == SHATTERED] == [0], code
        with net[code].member.store.reading() as connection:
            proofs = [evidence.from_bytes(row.proof) for row in forks.read(connection)]
        arms = {(proof.split, arm) for proof in proofs for arm in proof.hashes}
        assert limits.FORK_ARMS < len(arms) <= limits.FORK_ARMS + 2, code
        assert net[code].member.casebook.forks()[0].shattered
    before = refused(net)
    net.settle()
    for code in (VILLAGE, TOWNSHIP):
        assert net.equal(code)
        assert net[code].sync() <= 2, "nobody owes anything"
    assert refused(net) == before


@pytest.mark.parametrize("seed", range(6))
def test_in_whatever_order_the_branches_come_all_nodes_agree(
    net: Network, tmp_path: Path, few: None, seed: int
) -> None:
    chance = random.Random(seed)
    with ExitStack() as stack:
        lives = made_up(net, tmp_path, stack)
        for code in NODES:
            order = chance.sample(lives, chance.randint(0 if code == VILLAGE else 3, LIVES))
            for life in order:
                give_all(net[code].member, life)
            if chance.random() < 0.5:
                net.sync()
        net.settle()
        net.settle()
        assert_at_rest(net)
        for life in chance.sample(lives, LIVES):  # and what comes late changes nothing of that
            give_all(net[chance.choice(NODES)].member, life)
        net.settle()
        assert_at_rest(net)


def test_two_that_have_no_branch_in_common_agree_too(net: Network, tmp_path: Path, few: None) -> None:
    with ExitStack() as stack:
        lives = made_up(net, tmp_path, stack, 6)
        for code, some in ((COUNTY, lives[:3]), (TOWNSHIP, lives[3:])):
            for life in some:
                give_all(net[code].member, life)
        net.settle()
        net.settle()
        assert_at_rest(net)


def test_with_the_limit_in_force(net: Network, tmp_path: Path) -> None:
    with ExitStack() as stack:
        lives = made_up(net, tmp_path, stack, limits.FORK_ARMS + 3)
        for life in lives:
            give_all(net[COUNTY].member, life)
        for life in reversed(lives[-limits.FORK_ARMS :]):
            give_all(net[TOWNSHIP].member, life)
        net.settle()
        net.settle()
        assert_at_rest(net)


def test_what_was_written_before_the_splits_reaches_who_never_heard_of_the_stream(net: Network, tmp_path: Path) -> None:
    """A township that lacks the stream learns that it is shattered first: that is no reason to be told nothing more."""
    (tmp_path / "shared").mkdir()
    with ExitStack() as stack:
        first = stack.enter_context(life_of(net.built, tmp_path, "first", None))
        honest = [first.file() for _ in range(2)]
        disk = tmp_path / "first"
        first.store.close()
        for n in range(limits.FORK_ARMS + 2):
            copy = stack.enter_context(life_of(net.built, tmp_path, f"copy{n}", disk))
            for _ in range(1 + n % 2):
                copy.file()
            give_all(net[COUNTY].member, copy)
        net.built.members[VILLAGE] = net[VILLAGE].member
        for _ in range(4):
            net[TOWNSHIP].sync()
        key = (first.identity.incarnation, HOME)
        for code in (COUNTY, TOWNSHIP):
            points = [each for each in net[code].member.casebook.shared_points(VILLAGE) if each.stream == key]
            assert any(each.path == SHATTERED for each in points), code
            assert [net[code].member.state(ref) for ref in honest] == ["received"] * 2, code


@pytest.mark.parametrize("chosen", [False, True], ids=["take all", "a choice"])
def test_who_holds_other_branches_finds_the_same_verdicts_on_what_both_hold(
    net: Network, tmp_path: Path, few: None, chosen: bool
) -> None:
    """One case, written on by six lives. The county rules on what it holds; the township holds one of these branches
    only, and others. Which one touches the case "alone" is not the same there and here."""
    with ExitStack() as stack:
        first = stack.enter_context(life_of(net.built, tmp_path, "first", None))
        case = first.file()
        first.store.close()
        lives = []
        for n in range(6):
            life = stack.enter_context(life_of(net.built, tmp_path, f"copy{n}", tmp_path / "first"))
            life.act(case, kinds.NOTE, {"text": f"第 {n} 支"})
            lives.append(life)
        for code, some in ((COUNTY, lives[:3]), (TOWNSHIP, [lives[0], *lives[3:]])):
            for life in some:
                give_all(net[code].member, life)
        net.built.members[VILLAGE] = net[VILLAGE].member
        county, township = net[COUNTY].member.casebook, net[TOWNSHIP].member.casebook
        (view,) = county.forks()
        assert view.shattered and not view.single and len(view.both) == 1
        mark_of_first = mark(events_of(lives[0], (lives[0].identity.incarnation, HOME))[view.split - 1].hash)
        choices = {case.case_id: mark_of_first} if chosen else {}
        seen = {branch.mark: branch.upto for branch in view.branches}
        county.rule("1", {"head"}, view, Choice(True, choices, None, "核查", seen))
        net.settle()
        net.settle()
    seen_there, seen_here = county.case(*case[:2]), township.case(*case[:2])
    assert seen_there is not None and seen_here is not None
    verdicts = [seen_there.verdicts, seen_here.verdicts]
    both = verdicts[0].keys() & verdicts[1].keys()
    assert verdicts[0].keys() != verdicts[1].keys() and len(both) > 2
    assert [verdicts[0][each] for each in both] == [verdicts[1][each] for each in both]
    counting = {each for each in both if each.seq >= view.split and verdicts[0][each].code == "effective"}
    assert {each.mark for each in counting} == ({mark_of_first} if chosen else set())


def test_what_is_held_of_a_shattered_stream_stays_held_and_others_go_on(
    net: Network, tmp_path: Path, few: None
) -> None:
    ref = net[SECOND_VILLAGE].member.file()
    with ExitStack() as stack:
        lives = made_up(net, tmp_path, stack)
        key = (lives[0].identity.incarnation, HOME)
        first = events_of(lives[0], key)
        for life in lives:
            net[COUNTY].member.casebook.receive(key[0], frame(life, key, events_of(life, key)), peer_update={})
        net.settle()
    assert events_of(net[COUNTY].member, key)[: len(first)] == first
    assert net[COUNTY].member.state(ref) == "received", "nobody else is held up"
