"""Merging two places below: one goes on with the cases of the other, and nothing of either is renamed or lost."""

from typing import NamedTuple

from sync_protocol import roster
from sync_protocol.errors import ProtocolError
from village_node.accounts import Person
from village_node.casebook import Casebook, CasebookError, NotAllowed
from village_node.store import Connection, cases

REASON = "两村合并 / the villages were merged"


class Merged(NamedTuple):
    """What came of it: whether the roster says so only now, the cases given to the place that goes on, and those that
    were not, with the reason in words."""

    new: bool
    given: list[str]
    left: list[tuple[str, str]]


def merge(casebook: Casebook, persons: tuple[Person, Person], place: str, successor: str) -> Merged:
    """Say that a place below is succeeded by another, and give that the cases that the first one holds as far as they
    are known here; said once more, those that have come meanwhile. Raises NotAllowed, NotSaved."""
    proposer, confirmer = persons
    if proposer.staff_no == confirmer.staff_no:
        raise NotAllowed("合并须由两人一起决定", "a merger takes two persons")
    new = _say(casebook, persons, place, successor)
    with casebook.store.reading() as connection:
        keys = cases.held_at(connection, place)
    given, left = [], []
    for key in keys:
        case = casebook.case(*key)
        number = case.case_no if case is not None and case.case_no else key[1].hex()
        try:
            casebook.propose(
                proposer.staff_no, proposer.roles, key, successor, REASON, case.last if case is not None else None
            )
            waiting = casebook.proposal_of(key)
            assert waiting is not None
            casebook.confirm(confirmer.staff_no, confirmer.roles, waiting.id)
            given.append(number)
        except CasebookError as problem:
            left.append((number, f"{problem.zh} / {problem.en}"))
    return Merged(new, given, left)


def _say(casebook: Casebook, persons: tuple[Person, Person], place: str, successor: str) -> bool:
    """Publish it; False where the roster says so already."""
    known = casebook.roster
    if place in known.places and known.places.successor(place) == successor:
        return False
    op = roster.succeed_op(place, successor)
    change = roster.publish(known, casebook.identity.place, [op], casebook.roster_keys(), casebook.clock())
    try:
        known.apply(change)
    except ProtocolError as problem:
        raise NotAllowed(
            f"不能把 {place} 并入 {successor}：两个都须是本单位下面的村（或都是代办点），上级相同，且都没有并入过别处",
            f"{place} cannot be merged into {successor}: {problem}",
        ) from None

    def told(connection: Connection) -> None:
        first, second = (person.staff_no for person in persons)
        casebook.note(connection, first, "roster.succeed", place, successor=successor, confirmed_by=second)

    casebook.enrol(change, told=told)
    return True
