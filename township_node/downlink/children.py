"""Which node below it is that asks, by the roster."""

from contextlib import suppress
from typing import Final

from sync_protocol.errors import BadSignature, NotAChild, ProtocolError, Revoked, UnknownNode
from sync_protocol.exchange import Request, check_request
from sync_protocol.exchange.message import EXCHANGE
from sync_protocol.roster import Node, Roster
from village_node.identity import Identity

_UNKNOWN: Final = "this node is not in the roster here: enrol it, or wait until the roster has come up"


def child_node(roster: Roster, place: str, incarnation: bytes, *, struck: bool = False) -> Node:
    """The node of that incarnation, if it lies under `place`. `struck`: also one that a ruling of the root has struck,
    or that is revoked, which is told of the roster and of nothing else. Raises UnknownNode, NotAChild, Revoked."""
    node = roster.node(incarnation)
    if node is None or (node.struck and not struck) or node.place not in roster.places:
        raise UnknownNode(_UNKNOWN)
    if node.place == place or not roster.places.covers(place, node.place):
        raise NotAChild(f"{node.place} does not lie under {place}")
    if node.revoked is not None and not struck:
        raise Revoked(f"this machine of {node.place} was revoked: its place goes on under another one")
    return node


def child_nodes(roster: Roster, place: str, name: bytes) -> list[Node]:
    """The nodes under `place` whose incarnation begins with these bytes: one, unless chance or somebody's work made it
    more, and then the signature tells; one that is struck among them. Raises UnknownNode, NotAChild."""
    found: list[Node] = []
    wrong: ProtocolError = UnknownNode(_UNKNOWN)
    for node in roster.named(name):
        try:
            found.append(child_node(roster, place, node.incarnation, struck=True))
        except (UnknownNode, NotAChild) as error:
            wrong = error
    if not found:
        raise wrong
    return found


def addressed(
    me: Identity, network_id: bytes, roster: Roster, request: Request, label: str = EXCHANGE
) -> tuple[Node, Identity]:
    """Who has sent a request, and the life of ours that it is for: a child that has not heard of the present one asks
    the one before, and learns of it from the roster changes in the reply. Raises UnknownNode, NotAChild, BadSignature.
    """
    for node in child_nodes(roster, me.place, request.sender):
        for incarnation in reversed(me.lives):
            with suppress(BadSignature):
                check_request(request, node.suite, node.public, network_id, node.incarnation, incarnation, label)
                return node, me.in_life(incarnation)
    raise BadSignature(f"{label}: not signed by whom it names, or for another node")
