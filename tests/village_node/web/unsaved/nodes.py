"""Forms about other nodes, their lives and their streams, and what is carried to them."""

from functools import partial
from typing import Final

import pytest

from sync_protocol.exchange import ANOTHER_NONCE
from tests.builders import TOWNSHIP, VILLAGE, Member
from tests.faults.test_restored_roots import restored_county
from tests.village_node.web.counter import (
    Counter,
    hidden_of,
    open_counter,
)
from tests.village_node.web.errands import newcomer
from tests.village_node.web.test_forks import address as address_of_fork
from tests.village_node.web.test_forks import seen_in
from tests.village_node.web.test_lives import ring
from tests.village_node.web.unsaved.form import TYPED, OpenedAgain, Ready, State
from village_node.courier import Courier
from village_node.store import parking


def _ringing(request: pytest.FixtureRequest, place: str, address: str) -> Ready:
    """An identity that lives twice, at its own place or at the place above."""
    ring(request.getfixturevalue("network"), ANOTHER_NONCE)
    return Ready(request.getfixturevalue(place).sign_in("0002", "head"), address, {"text": TYPED})


def _key(request: pytest.FixtureRequest) -> Ready:
    """A village that is in the roster and about which nothing rings."""
    return Ready(request.getfixturevalue("village").sign_in("0002", "head"), "/lives/rekey", {"text": TYPED})


def _newcomer(request: pytest.FixtureRequest) -> Ready:
    """A township that a new machine has asked."""
    township = request.getfixturevalue("township")
    newcomer(request.getfixturevalue("network"), TOWNSHIP, VILLAGE)
    return Ready(township.sign_in("0103", "head"), "/newcomers/1/reject", {"spoken": TYPED})


def _waited_for(request: pytest.FixtureRequest) -> Ready:
    """A restored county that has not heard its townships yet."""
    folder = request.getfixturevalue("tmp_path")
    root = restored_county(request.getfixturevalue("restorable"), folder)
    head = open_counter(root.member, folder).sign_in("0009", "head")
    return Ready(head, f"/lives/answer-for/{TOWNSHIP}", {"text": TYPED})


def _too_many_lives(request: pytest.FixtureRequest) -> Ready:
    township = request.getfixturevalue("township")
    township.member.casebook.note_refused_life(VILLAGE, refused=True)
    return Ready(township.sign_in("0103", "head"), f"/children/{VILLAGE}/allow-lives", {"text": TYPED})


def _account_below(request: pytest.FixtureRequest) -> Ready:
    """An account at the village, which the township orders to be shut."""
    township = request.getfixturevalue("township")
    fields = {"what": "disable", "account": "0007", "reason": TYPED}
    return Ready(township.sign_in("0103", "head"), f"/children/{VILLAGE}/accounts", fields)


def _dead_township(request: pytest.FixtureRequest, address: str) -> Ready:
    """A township that is not heard; for the second form the county stands in for it."""
    county = request.getfixturevalue("county")
    if address == "end-stand-in":
        county.member.casebook.stand_in_for("0009", TOWNSHIP)
    return Ready(county.sign_in("0203", "head"), f"/children/{TOWNSHIP}/{address}", {"text": TYPED})


def _lost_machine(request: pytest.FixtureRequest, asked: bool) -> Ready:
    """The village's machine was stolen; for the second form somebody has asked for it to be shut out."""
    township = request.getfixturevalue("township")
    machine = request.getfixturevalue("network").members[VILLAGE].identity.incarnation.hex()
    head = township.sign_in("0103", "head")
    if not asked:
        return Ready(head, "/revocations", {"machine": machine, "reason": TYPED})
    number = township.member.casebook.ask_revocation("0109", machine, "电脑被盗")
    return Ready(head, f"/revocations/{number}/reject", {"reason": TYPED})


def _fork(request: pytest.FixtureRequest) -> Ready:
    request.getfixturevalue("forked")
    township = request.getfixturevalue("township")
    head, path = township.sign_in("0103", "head"), address_of_fork(township.member)
    return Ready(head, path, {"seen": seen_in(head.open(path).text)[0], "take_all": "yes", "reason": TYPED})


def _sample(request: pytest.FixtureRequest) -> Ready:
    township = request.getfixturevalue("township")
    with township.member.store.writing() as connection:
        row = parking.RefusedRow(bytes(16), bytes(16), f"about:{VILLAGE}", 7, 3, "", 1, 5, b"its bytes")
        parking.refuse(connection, row)
        (line,) = parking.listed_refused(connection, 1)
    head, path = township.sign_in("0103", "head"), f"/health/left/{line.id}"
    return Ready(head, path, hidden_of(head.send(path, {"reason": TYPED}).text, path))


def _stick(request: pytest.FixtureRequest, *, taken: bool) -> Ready:
    """A bundle of the township, and the village's form that takes it in; or the form that saves one."""
    village: Counter = request.getfixturevalue("village")
    agent = village.sign_in("0001", "agent")
    if not taken:
        return Ready(agent, "/courier/save", {"place": TOWNSHIP, "text": TYPED})
    township: Member = request.getfixturevalue("network").members[TOWNSHIP]
    _, raw = Courier(township.casebook, township.clock, township.casebook.randomness).fold("0101", VILLAGE)
    return Ready(agent, "/courier/take", {"bundle": (OpenedAgain(raw), "a.sanji"), "do": "take", "text": TYPED})


STATES: Final[dict[str, State]] = {
    "go_on": partial(_ringing, place="village", address="/lives/go-on"),
    "retire": partial(_ringing, place="village", address="/lives/retire"),
    "rekey": _key,
    "settle_alarm": partial(_ringing, place="township", address=f"/children/{VILLAGE}/settle"),
    "answer_for": _waited_for,
    "allow_lives": _too_many_lives,
    "order_account": _account_below,
    "stand_in": partial(_dead_township, address="stand-in"),
    "end_stand_in": partial(_dead_township, address="end-stand-in"),
    "answer_newcomer": _newcomer,
    "ask_revocation": partial(_lost_machine, asked=False),
    "answer_revocation": partial(_lost_machine, asked=True),
    "rule_on_fork": _fork,
    "refused_sample": _sample,
    "save_bundle": partial(_stick, taken=False),
    "take_bundle": partial(_stick, taken=True),
}
