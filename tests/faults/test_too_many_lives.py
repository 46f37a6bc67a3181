"""A child that begins one life after another: bounded, said at both ends, never locked out for good."""

from sync_protocol import limits
from sync_protocol import roster as rosters
from sync_protocol.errors import NotEntitled, TooManyLives
from sync_protocol.exchange import NONCE_BYTES, Content
from sync_protocol.suites import SigningKey
from tests.faults.speech import heard, speak
from tests.network import SECOND_VILLAGE, TOWNSHIP, VILLAGE, Network
from village_node.casebook import Reason

DAY_MS = 86_400_000


def ask(net: Network, incarnation: bytes) -> Content:
    """The village asks for a life by hand; the reply."""
    village, township = net[VILLAGE], net[TOWNSHIP]
    key = SigningKey.from_seed(1, incarnation * 2)
    asked = rosters.enrol_request(key, VILLAGE, "village", "上关村", incarnation)
    said = heard(net, village, township, *speak(net, village, township, Content(renewal=asked)))
    village.member.casebook.update_peer(township.incarnation, challenge=said.next, nonce=incarnation[:NONCE_BYTES])
    return said


def lives(net: Network) -> int:
    """How many lives of the village are in the roster."""
    return len(net[TOWNSHIP].member.casebook.roster.nodes_of(VILLAGE))


def refused(net: Network) -> list[str]:
    """Of whom the township's page says that too many lives were begun."""
    return list(net[TOWNSHIP].member.casebook.lives_refused())


def test_a_hostile_child_cannot_grow_the_roster_at_will(net: Network) -> None:
    net.settle()
    net.built.clock.now_ms += limits.NEW_LIVES_MS  # its enrolment is long ago
    said = [ask(net, bytes([n]) * 16).renewal_refused for n in range(1, 31)]
    assert said == [None] * limits.NEW_LIVES + [TooManyLives.code] * (30 - limits.NEW_LIVES)
    assert lives(net) == 1 + limits.NEW_LIVES
    assert refused(net) == [VILLAGE]
    assert ask(net, b"\1" * 16).renewal_refused is None, "what is in the roster is never refused"


def test_the_days_that_pass_let_one_after_another_in(net: Network) -> None:
    net.settle()
    before = lives(net)
    for n in range(1, 101):
        net.built.clock.now_ms += DAY_MS // 4
        ask(net, bytes([n]) * 16)
    days = 25
    assert lives(net) - before <= limits.NEW_LIVES + days
    assert lives(net) - before >= days, "one a day, whatever was refused meanwhile"


def test_a_clock_set_back_by_years_locks_nobody_out(net: Network) -> None:
    net.settle()
    for n in range(1, 12):
        ask(net, bytes([n]) * 16)
    net.built.clock.now_ms -= 3_650 * DAY_MS
    assert ask(net, b"x" * 16).renewal_refused is None


def test_only_that_place_is_held_up(wide_net: Network) -> None:
    net = wide_net
    net.settle()
    for n in range(1, 12):
        ask(net, bytes([n]) * 16)
    (net.built.folder / f"{SECOND_VILLAGE}.data" / "witness.log").unlink()
    other = net.start(SECOND_VILLAGE)
    other.sync()
    assert not other.member.casebook.standing().provisional
    assert refused(net) == [VILLAGE]


def test_a_really_restored_village_keeps_everything_and_goes_on_when_a_person_allows_it(net: Network) -> None:
    net.settle()
    for n in range(1, 12):
        ask(net, bytes([n]) * 16)
    village, township = net[VILLAGE].member, net[TOWNSHIP].member
    village.casebook.begin_again(Reason.OPERATOR)
    ref = village.file()
    net.settle()
    assert village.casebook.life()["refused"] == TooManyLives.code and village.casebook.standing().provisional
    assert village.state(ref) == "received" and township.state(ref) == ""
    township.casebook.allow_lives("0009", VILLAGE)
    assert refused(net) == []
    net.settle()
    assert not village.casebook.standing().provisional and village.casebook.life()["refused"] == 0
    assert township.state(ref) == "received"
    village.casebook.begin_again(Reason.OPERATOR)
    net.settle()
    assert not village.casebook.standing().provisional, "what a person allows is not one life alone"


def test_other_refusals_are_answered_with_their_own_code(net: Network) -> None:
    net.settle()
    village, township = net[VILLAGE], net[TOWNSHIP]
    asked = rosters.enrol_request(net.built.key(), VILLAGE, "village", "改了名", b"n" * 16)
    said = heard(net, village, township, *speak(net, village, township, Content(renewal=asked)))
    assert said.renewal_refused == NotEntitled.code
    assert refused(net) == []
