"""Cases walked to their end over a network, and days that pass with the county's word on each: for tests of purging."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sync_protocol.case import kinds, legal_moves
from tests.network import COUNTY, TOWNSHIP, VILLAGE, Network, network
from village_node.casebook import CaseRef
from village_node.store import streams

DAY_MS = 86_400_000
_ONWARD = (kinds.ACCEPT, kinds.DOCKET, kinds.DECIDE, kinds.HANDOFF, kinds.REVIEW, kinds.DELIVERED)


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Network]:
    """A county, a township and a village that have met."""
    made = network(tmp_path, COUNTY, TOWNSHIP, VILLAGE)
    made.settle()
    yield made
    made.close()


@pytest.fixture
def closed(net: Network) -> CaseRef:
    """A case that went all the way and was delivered; the county has said so."""
    ref = net[VILLAGE].member.file()
    close_case(net, ref)
    checkpoint_day(net, days=0)
    return ref


def close_case(net: Network, ref: CaseRef) -> None:
    """Walk a case on, wherever it is, until it is delivered, with exchanges in between."""
    for _ in range(20):
        if all(live.member.state(ref) == "delivered" for live in net.nodes.values() if live.member.state(ref)):
            return
        for live in net.nodes.values():
            step(live.member, ref)
        net.settle()
    raise AssertionError("the case never came to its end")


def step(member: Any, ref: CaseRef) -> None:
    """The next move of a case at this node, if it is offered one."""
    case = member.casebook.case(ref.scope, ref.case_id)
    if case is None or case.state == "delivered":
        return
    roster, catalogue = member.casebook.roster, member.casebook.catalogue
    offers = legal_moves(case, member.place, member.roles, catalogue, roster.places)
    offer = min((one for one in offers if one.kind in _ONWARD), key=lambda one: _ONWARD.index(one.kind), default=None)
    if offer is None:
        return
    forms: dict[int, dict[str, Any]] = {
        kinds.HANDOFF: {"to": offer.to, "purpose": offer.purpose},
        kinds.REVIEW: {"opinion": "agree"},
        kinds.DECIDE: {"outcome": "approve", "reasons": "符合条件"},
        kinds.DELIVERED: {"to": "本人", "how": "in_person"},
    }
    member.act(ref, offer.kind, forms.get(offer.kind, {}))


def checkpoint_day(net: Network, days: int = 1) -> None:
    """Days pass; on the last one the county writes a checkpoint, and all exchange until nothing is left to say."""
    net.built.clock.now_ms += days * DAY_MS
    net[COUNTY].member.casebook.write_checkpoint()
    settle_lines(net)


def settle_lines(net: Network) -> None:
    """Exchange until every node has the lines of the newest checkpoint."""
    for _ in range(20):
        net.settle()
        if all(live.member.casebook.lines_wanted() is None for live in net.nodes.values()):
            return
    raise AssertionError("the lines of the checkpoint never came")


def bodies(net: Network, code: str, ref: CaseRef) -> dict[tuple[str, int], tuple[int, bool]]:
    """(author's place, seq) -> (state of the body, whether body and salt are there), of a case's events apart."""
    member = net[code].member
    roster = member.casebook.roster
    found = {}
    with member.store.reading() as connection:
        for row in streams.of_cases(connection, [ref.case_id]):
            node = roster.node(row.incarnation)
            assert node is not None
            if row.scope == ref.scope and row.event.kind in APART:
                there = row.event.body is not None or row.event.salt is not None
                found[node.place, row.event.seq] = (row.event.body_state, there)
    return found


APART = frozenset(kind.number for kind in kinds.TABLE if kind.holding == "apart")
