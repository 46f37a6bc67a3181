"""What is told of a bundle without opening it: who wrote it, for whom it is, and which of its roster changes hold."""

from typing import Final, NamedTuple

from sync_protocol import bundle
from sync_protocol.bundle import BLOBS, EVENTS, Head
from sync_protocol.errors import BadSignature, NoSuchVersion, NotAChild, ProtocolError, UnknownNode
from sync_protocol.roster import Change, Node
from village_node.casebook import Casebook, lower_of
from village_node.courier.outcome import Outcome, PartState, words_of
from village_node.courier.stick import Source

_STRUCK: Final = (
    "县里裁定名册分叉时，没有保留写它的那台机器的登记，不能接收；请上级用原登记请求重新登记那台机器，再请对方重新拷出",
    "by the county's ruling on the roster the machine that wrote it is not enrolled: nothing is taken from it until its"
    " enrolment request is granted anew",
)


class Judged(NamedTuple):
    """A bundle whose head was looked at. ``head`` and ``node`` (its sender) are None where ``outcome.refused`` says why
    nothing of it is to be read; ``sound``: its roster changes that hold or prove a fork, and none of a revoked one."""

    outcome: Outcome
    head: Head | None
    node: Node | None
    sound: list[Change]


def judge(casebook: Casebook, source: Source) -> Judged:
    """Look at a head. Nothing is kept, and nothing of it is believed that its sender has not signed."""
    outcome, here, sound = Outcome(source.name), casebook.identity.place, list[Change]()
    try:
        head = bundle.read_head(source.head)
        outcome.bundle_id, outcome.time_ms = head.bundle_id, head.time
        outcome.events = sum(part.events for part in head.parts)
        if head.network_id != casebook.network_id:
            outcome.refused = ("是另一个网络的拷盘，不属于本县", "it belongs to another network")
            return Judged(outcome, None, None, sound)
        taking = casebook.judged(head.changes)
        roster, sound = taking.roster, taking.sound(head.changes)
        outcome.odd_changes = len(taking.refused)
        node = roster.node(head.sender)
        if node is None:
            raise UnknownNode(head.sender.hex())
        outcome.ours = node.incarnation in casebook.identity.lives
        outcome.for_us = not outcome.ours and here in head.recipients
        if not outcome.ours and not lower_of(roster, here, node.place):
            raise NotAChild(f"{node.place} lies neither above nor below {here}")
        bundle.check_head(head, node.suite, node.public)
        outcome.place = node.place
        outcome.revoked = node.revoked is not None
        if not node.serves:
            sound = []  # of what a revoked machine brings only what stands in streams is taken
        if node.struck and not outcome.ours:
            outcome.refused = _STRUCK
            return Judged(outcome, None, None, sound)
        if head.exchange not in (bundle.SLICES, bundle.SLICES_MIXED):
            raise NoSuchVersion(f"slices of version {head.exchange}, {bundle.SLICES_MIXED} here")
    except (ProtocolError, BadSignature) as refusal:
        outcome.refused = words_of(refusal)
        return Judged(outcome, None, None, sound)
    return Judged(outcome, head, node, sound)


def part_of(source: Source, head: Head, number: int) -> tuple[bytes | None, PartState]:
    """The bytes of a part where they are as the head names them, and else why not."""
    if head.parts[number - 1].kind not in (EVENTS, BLOBS):
        return None, PartState.NEEDS_UPDATE
    raw, there = source.part(head, number)
    if raw is None:
        return None, PartState.DAMAGED if there else PartState.MISSING
    return raw, PartState.SOUND


def not_for_us(outcome: Outcome, name: str) -> tuple[str, str]:
    """Why a bundle that is sound is not taken in here. `name`: of the place that it is for."""
    if outcome.ours:
        return (
            f"这是本机自己拷出的，请带到{name}导入",
            f"this was written by this node: take it to {name}",
        )
    return (f"不是给本单位的，请交给{name}", f"it is not for this place but for {name}")
