"""Enrolment: how a new node asks to be let in, who may let it in, and what it starts from."""

from typing import Final, NamedTuple

from sync_protocol import limits
from sync_protocol.encoding import decode, encode
from sync_protocol.errors import BadRoster, Malformed, NotEntitled
from sync_protocol.event import check_bytes, check_int
from sync_protocol.places import LEVELS, PlaceTree, valid_code
from sync_protocol.roster.change import (
    NODE,
    Change,
    Op,
    change_values,
    enrolment_payload,
    place_op,
    read_change,
)
from sync_protocol.roster.roster import Roster
from sync_protocol.roster.standing import Node
from sync_protocol.suites import PUBLIC_KEY_BYTES, S1, SIGNATURE_BYTES, SigningKey, check_public, sha256, verify

_DIGITS: Final = 16  # of what people read to each other


class EnrolRequest(NamedTuple):
    """Who wants in. `proof` shows that he has the private key, and becomes part of the node's op."""

    place: str
    level: str
    name: str
    suite: int
    incarnation: bytes
    public: bytes
    proof: bytes


class EnrolAnswer(NamedTuple):
    """What a new node starts from."""

    network_id: bytes
    roster: Roster
    changes: tuple[Change, ...]
    parent: Node


def enrol_request(key: SigningKey, place: str, level: str, name: str, incarnation: bytes) -> bytes:
    """The request file of a new node."""
    proof = key.sign("enrol", None, enrolment_payload(place, level, name, key.suite, incarnation, key.public))
    return encode([1, place, level, name, key.suite, incarnation, key.public, proof])


def read_request(raw: bytes) -> EnrolRequest:
    """A request whose proof holds and whose key is fit. Raises Malformed, TooLarge, WeakKey, BadSignature."""
    value = decode(raw, limit=limits.HEADER, maps=False)
    if type(value) is not list or len(value) != 8 or type(value[0]) is not int or value[0] != 1:
        raise Malformed("enrolment request: must be [1, place, level, name, suite, incarnation, key, signature]")
    request = EnrolRequest(*value[1:])
    if type(request.place) is not str or not valid_code(request.place):
        raise Malformed("enrolment place: must be a place code")
    if type(request.level) is not str or request.level not in LEVELS:
        raise Malformed(f"enrolment level: must be one of {', '.join(LEVELS)}")
    if type(request.name) is not str:
        raise Malformed("enrolment name: must be a text")
    check_int("enrolment suite", request.suite, S1, S1)
    check_bytes("enrolment incarnation", request.incarnation, limits.INCARNATION)
    check_bytes("enrolment key", request.public, PUBLIC_KEY_BYTES)
    check_bytes("enrolment signature", request.proof, SIGNATURE_BYTES)
    check_public(request.suite, request.public)
    verify(request.suite, request.public, "enrol", None, enrolment_payload(*request[:-1]), request.proof)
    return request


def confirmation_code(request: bytes) -> str:
    """What people read to each other by telephone to know a request: 16 digits, in groups of four."""
    return _spoken(b"sanji/enrol/1", request)


def network_code(network_id: bytes) -> str:
    """The same of a network: what the people of a new node compare with those of the place above."""
    return _spoken(b"sanji/network/1", network_id)


def _spoken(label: bytes, said: bytes) -> str:
    number = int.from_bytes(sha256(label + said)[:8], "big") % 10**_DIGITS
    digits = f"{number:0{_DIGITS}d}"
    return " ".join(digits[at : at + 4] for at in range(0, _DIGITS, 4))


def admit_request(
    roster: Roster, request: EnrolRequest, signer_place: str, parent: str | None = None, *, in_stead: bool = False
) -> list[Op]:
    """The ops that let this node in; none when it is in already. `parent`: of a new place, when it is not the signer's.
    `in_stead`: the root place signs a further life of a place for the township between, whose machine is gone.

    Raises NotEntitled when that signer may not, BadRoster when the request disagrees with the roster.
    """
    places = roster.places
    held = roster.node(request.incarnation)
    if held is not None and not held.struck:
        if (held.place, held.suite, held.public) != (request.place, request.suite, request.public):
            raise BadRoster("this incarnation is named already, with another place or key")
        return []
    known = request.place in places
    above = places.parent(request.place) if known else parent or signer_place
    if signer_place == roster.county:
        may = request.place == signer_place or (above == signer_place and request.level in ("township", "station"))
        may = may or (in_stead and bool(roster.nodes_of(request.place)) and places.name(request.place) == request.name)
    else:
        under = above is not None and above in places and places.covers(signer_place, above)
        may = under and places.level(signer_place) == "township" and request.level in ("village", "station")
    if not may:
        raise NotEntitled(f"{signer_place} may not enrol {request.level} {request.place}")
    if known and places.level(request.place) != request.level:
        raise BadRoster(f"{request.place} is a {places.level(request.place)} in the roster, not a {request.level}")
    node = [NODE, request.incarnation, request.place, request.suite, request.public, request.proof]
    if in_stead and signer_place == roster.county:
        return [*places_down_to(places, request.place), node]
    if roster.names(request.place) and places.name(request.place) == request.name:
        return [node]
    # What is on our map by overruled changes alone is not on that of others: it is named again, and what lies above it.
    unnamed = [code for code in reversed(places.path_up(above)) if not roster.names(code)] if above else []
    again = [place_op(code, places.level(code), places.parent(code), places.name(code)) for code in unnamed]
    return [*again, place_op(request.place, request.level, above, request.name), node]


def places_down_to(places: PlaceTree, place: str) -> list[Op]:
    """The ops that name a place and all above it under its township: what the county's part says of a node under a
    township is read by those too who do not keep that township's part."""
    path = places.path_up(place)
    below = [code for code in reversed(path) if places.level(code) in ("village", "station") or code == place]
    return [place_op(code, places.level(code), places.parent(code), places.name(code)) for code in below]


def answer(roster: Roster, place: str, parent: bytes) -> bytes:
    """The answer file for a new node at `place`: every change it needs, and the incarnation it reports to."""
    changes = [change_values(change) for part in roster.parts_for(place) for change in roster.changes(part)]
    return encode([1, roster.network_id, changes, parent])


def read_answer(raw: bytes, request: EnrolRequest) -> EnrolAnswer:
    """An answer that lets this request in, every change verified.

    Raises Malformed, TooLarge, whatever `Roster.apply` raises, and NotEntitled when the node is not in it.
    """
    value = decode(raw, maps=False)
    if type(value) is not list or len(value) != 4 or value[0] != 1 or type(value[2]) is not list:
        raise Malformed("enrolment answer: must be [1, network id, [change, ...], parent incarnation]")
    check_bytes("enrolment network id", value[1], limits.HASH)
    check_bytes("enrolment parent", value[3], limits.INCARNATION)
    changes = tuple(read_change(change) for change in value[2])
    roster = Roster(value[1])
    for change in changes:
        roster = roster.apply(change)
    node, parent = roster.node(request.incarnation), roster.node(value[3])
    if node is None or (node.place, node.suite, node.public) != (request.place, request.suite, request.public):
        raise NotEntitled("the answer does not name this node with its place and key")
    if parent is None or not roster.places.covers(parent.place, node.place):
        raise NotEntitled("the answer names no node above this one as its parent")
    return EnrolAnswer(value[1], roster, changes, parent)
