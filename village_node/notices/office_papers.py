"""The sheet of a paper that an office sends in its own name: head, number, day, seal and foot around its facts."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from sync_protocol.event import Position
from village_node.notices import seal
from village_node.notices.source import SealUsed, day, local


class Sent(NamedTuple):
    """A paper as it was signed: ``clerk``: who wrote it; ``sealed``: the seal that its event names; ``effects``: what
    it says of itself with a seal and without one."""

    title: str
    number: str
    authority: str
    to: str
    clerk: str
    at_ms: int
    position: Position
    sealed: SealUsed | None
    effects: tuple[str, str]


def given_for(sent: Sent, facts: Mapping[str, Any], as_of_ms: int) -> dict[str, Any]:
    """What the template is handed."""
    at, sealed = local(sent.at_ms), sent.sealed
    return {
        "paper": "a4",
        "draft": False,
        "title": sent.title,
        "number": sent.number,
        "authority": sent.authority,
        "signer": sent.authority,
        "to": sent.to,
        "issued": day(sent.at_ms),
        "day": [at.year, at.month, at.day],
        "clerk": sent.clerk,
        "seal": seal.drawn(sealed.owner, "decision", sealed.mark) if sealed is not None else "",
        "codes": [],
        "remedy": None,
        "effect": sent.effects[sealed is None],
        "event": f"{sent.position.mark.hex()}（第 {sent.position.seq} 条）",
        "as_of": day(as_of_ms),
        "facts": facts,
    }
