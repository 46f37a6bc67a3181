"""Merging two places below: one goes on with what was the other's, and nothing of either is renamed or lost."""

from sync_protocol import roster
from sync_protocol.errors import ProtocolError
from village_node.casebook import Casebook, NotAllowed
from village_node.store import Connection


def succeed(casebook: Casebook, actor: str, place: str, successor: str) -> roster.Change:
    """Publish that a place below is succeeded by another; the change. Raises NotAllowed, NotSaved."""
    here = casebook.identity.place
    known = casebook.roster
    change = roster.publish(
        known, here, [roster.succeed_op(place, successor)], casebook.roster_keys(), casebook.clock()
    )
    if place in known.places and known.places.successor(place) == successor:
        raise NotAllowed(f"{place} 已经并入 {successor}", f"{place} has been merged into {successor} already")
    try:
        known.apply(change)
    except ProtocolError as problem:
        raise NotAllowed(
            f"不能把 {place} 并入 {successor}：两个都须是本单位下面的村（或都是代办点），上级相同，且都没有并入过别处",
            f"{place} cannot be merged into {successor}: {problem}",
        ) from None

    def told(connection: Connection) -> None:
        casebook.note(connection, actor, "roster.succeed", place, successor=successor)

    casebook.enrol(change, told=told)
    return change
